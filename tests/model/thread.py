"""thread.py -- threads of messages. RFC 5256 section 3 (ORDEREDSUBJECT,
REFERENCES) and draft-ietf-morg-inthread section 4 (REFS).

A thread as THREAD writes it: [number, number, [...], [...]], in which each
message answers the one before it and lists are several answers to one.
"""
from sort import base_subject, casemap, sent


class Node:
    """A message of a tree, or a place for one that nobody has."""

    def __init__(self, copy=None):
        self.copy = copy
        self.asked = False          # its own references were looked at
        self.parent = None
        self.children = []

    def adopt(self, child):
        child.leave()
        child.parent = self
        self.children.append(child)

    def leave(self):
        if self.parent:
            self.parent.children.remove(self)
        self.parent = None

    def is_below(self, other):
        node = self
        while node:
            if node is other:
                return True
            node = node.parent
        return False

    def first(self):
        """Itself; of a place that nobody has the first child."""
        return self if self.copy else self.children[0]

    def everything(self):
        todo, out = [self], []
        while todo:
            node = todo.pop()
            todo += node.children
            if node.copy:
                out.append(node.copy)
        return out


def ordered_subject(copies, number):
    threads = {}
    for copy in sorted(copies, key=lambda x: (sent(x), number[x])):
        threads.setdefault(casemap(base_subject(copy.content.subject)[0]),
                           []).append(str(number[copy]))
    return [x if len(x) < 3 else x[:1] + [[y] for y in x[1:]]
            for x in threads.values()]


def references(copies, number):
    root = by_references(copies)
    order = Order(number)
    order.sort(root)
    merge_subjects(root)
    order.sort_all(root)
    return [shape(x, number) for x in root.children]


def refs(copies, number):
    root = by_references(copies)
    Order(number).sort_all(root)    # which stands where arrivals agree
    root.children.sort(key=lambda x: max(
        y.came.low for y in x.everything()))
    return [shape(x, number) for x in root.children]


ALGORITHMS = {"ORDEREDSUBJECT": ordered_subject, "REFERENCES": references,
              "REFS": refs}


# -- steps (1) to (3) --

def by_references(copies):
    """The root of a tree of all copies, which are by number."""
    nodes, own = {}, []
    for copy in copies:
        ident = copy.content.ident
        node = Node(copy)
        own.append(node)
        if ident and ident not in nodes:    # of two the first has it
            nodes[ident] = node
    for node in own:
        last = None
        for ident in node.copy.content.references:
            found = nodes.setdefault(ident, Node())
            if last and found.parent is None and not waits(found) and \
                    not last.is_below(found):
                last.adopt(found)
            last = found
        node.asked = True
        node.leave()
        if last and not last.is_below(node):
            last.adopt(node)
    root = Node()
    for node in own + list(nodes.values()):
        if node.parent is None:
            root.adopt(node)
    for node in list(root.children):
        prune(node, root)
    return root


def waits(node):
    """Others' references do not link it yet (VIOLATIONS.md)."""
    return node.copy is not None and not node.asked


def prune(top, root):
    """Takes away the places that nobody has below top, and top itself."""
    todo, order = [top], []
    while todo:
        order.append(todo.pop())
        todo += order[-1].children
    for node in reversed(order):            # children first
        if node.copy:
            continue
        if len(node.children) > 1 and node.parent is root:
            continue
        parent = node.parent
        node.leave()
        for child in list(node.children):
            parent.adopt(child)


class Order:
    """Siblings by when they were sent, then by number."""

    def __init__(self, number):
        self.number = number

    def key(self, node):
        copy = node.first().copy
        return sent(copy), self.number[copy]

    def sort(self, root):
        """The top, step (4)."""
        for node in root.children:
            if not node.copy:
                node.children.sort(key=self.key)
        root.children.sort(key=self.key)

    def sort_all(self, root):
        """Step (6), from the bottom up."""
        todo, order = [root], []
        while todo:
            order.append(todo.pop())
            todo += order[-1].children
        for node in reversed(order):
            node.children.sort(key=self.key)


# -- step (5) --

def subject(node):
    return casemap(base_subject(node.first().copy.content.subject)[0])


def is_reply(node):
    return node.copy is not None and \
        base_subject(node.copy.content.subject)[1]


def merge_subjects(root):
    table = {}
    for node in root.children:
        name = subject(node)
        if not name:
            continue
        there = table.setdefault(name, node)
        if there.copy and (not node.copy or
                           is_reply(there) and not is_reply(node)):
            table[name] = node
    for node in list(root.children):
        name = subject(node)
        if not name or table[name] is node:
            continue
        there = table[name]
        if not there.copy and not node.copy:
            for child in list(node.children):
                there.adopt(child)
            node.leave()
        elif not there.copy or is_reply(node) and not is_reply(there):
            there.adopt(node)
        else:
            both = Node()
            root.adopt(both)
            both.adopt(there)
            both.adopt(node)
            table[name] = both


# -- writing --

def shape(node, number):
    """What stands between a thread's parentheses."""
    out = [str(number[node.copy])] if node.copy else []
    while len(node.children) == 1:
        node = node.children[0]
        out.append(str(number[node.copy]))
    return out + [shape(x, number) for x in node.children]
