"""on_context.py -- results that are kept up to date. RFC 5267 section 4.3

A context is what the client has been told of a result: by ADDTO and
REMOVEFROM, each by the numbers of its moment. When a command is done it must
be what a search would find now.
"""
import sort
from answer import Rules
from cursor import Bad
from view import demand, expand, label

MOST = 8                    # src/base/limits.h, LIMIT_CONTEXTS


class Context:
    def __init__(self, command, key, listed):
        self.command = command
        self.key = key              # None: that nobody can be sure of
        self.listed = listed        # Copies, in the order of SORT
        self.criteria = getattr(command, "criteria", None)
        self.items = {label(x): [x] for x in command.items}
        self.placed = key is not None and (
            self.criteria is None or sort.is_sure(listed, self.criteria))


class ContextCommands:
    def context_begins(self, command):
        if not updates(command):
            return
        if command.tag in self.current.contexts:
            raise Bad("tag reuse")
        command.frozen = frozen(command.key, self.numbers(command)[0])

    def keep(self, command, hits, sure, answer):
        """Of a SEARCH or SORT with UPDATE; before its answer is heard, for
        updates may stand there already.
        """
        if not updates(command):
            return
        contexts = self.current.contexts
        refused = next((x.value for x in answer.untagged if
                        getattr(x, "code", None) == "NOUPDATE"), None)
        demand((refused is not None) == (len(contexts) >= MOST or
                                         answer.limit() is not None),
               "NOUPDATE %r with %d", refused, len(contexts))
        if refused is None:     # what is gone may be in it, and has a place
            sure = sure and not any(x.gone for x in hits)
            contexts[command.tag] = Context(
                command, command.frozen if sure else None,
                [x for x in hits if not x.gone])

    def do_cancelupdate(self, command, _answer):
        contexts = self.current.contexts
        if set(command.tags) - set(contexts):
            raise Bad("no such context")
        yield Rules(expunge=False)
        for tag in command.tags:        # until then they are kept
            contexts.pop(tag, None)

    def hear_update(self, x):
        """ESEARCH with ADDTO or REMOVEFROM; whether it is one."""
        correlator, *items = x[1:]
        uid = items[:1] == ["UID"]
        if not {"ADDTO", "REMOVEFROM"} & set(items[uid::2]):
            return False
        context = self.current.contexts.get(correlator[1])
        demand(context and correlator[0] == "TAG", "update of %r", correlator)
        demand(uid == context.command.uid, "UID in %r", x)
        for what, pairs in zip(items[uid::2], items[uid + 1::2]):
            for at, numbers in zip(pairs[::2], pairs[1::2]):
                copies = [self.numbered(n, uid) for n in expand(numbers)]
                self.change_list(context, what, int(at), copies)
        return True

    def numbered(self, n, uid):
        return self.current.by_uid(n) if uid else self.current.at(
            n, "an update")

    def change_list(self, context, what, at, copies):
        listed = context.listed
        demand((at > 0) == (context.criteria is not None), "position %d", at)
        for n, copy in enumerate(copies):
            if what == "ADDTO":
                demand(copy not in self.joining or
                       set(context.items) <= self.joining[copy] | {"UID"},
                       "%r joins with %r only", copy, self.joining.get(copy))
                demand(copy not in listed or context.key is None,
                       "%r is in it", copy)
                listed.insert(at - 1 + n if at else len(listed), copy)
            elif copy in listed or not copy.gone and context.key is not None:
                demand(copy in listed and (
                    not at or listed.index(copy) == at - 1 or
                    not context.placed),
                    "%r is not at %d of %r", copy, at, listed)
                listed.remove(copy)

    def check_contexts(self):
        for tag, context in self.current.contexts.items():
            if context.key is None:
                continue
            hits, sure = self.found_by(context, self.view)
            listed = [x for x in context.listed if not x.gone]
            hits = [x for x in hits if not x.gone]
            demand(not sure or set(hits) == set(listed),
                   "what %r has is %r, not %r", tag, listed, hits)
            if sure and context.criteria is not None and \
                    sort.is_sure(hits, context.criteria):
                demand(listed == sort.ordered(hits, context.criteria),
                       "the order of %r is %r", tag, listed)


def updates(command):
    return "UPDATE" in (getattr(command, "returns", None) or ())


def frozen(key, numbers):
    """Message numbers as the UIDs that they are now; None if the result may
    change by what is no change of a message.
    """
    if key[0] in ("AND", "OR", "NOT"):
        parts = key[1] if key[0] == "AND" else key[1:]
        parts = [frozen(x, numbers) for x in parts]
        if None in parts:
            return None
        return ("AND", parts) if key[0] == "AND" else (key[0], *parts)
    if key[0] == "SET" and key[1] is not None:
        last = len(numbers)
        named = {x.uid for n, x in enumerate(numbers, 1) if any(
            min(a or last, b or last) <= n <= max(a or last, b or last)
            for a, b in key[1])}
        return ("UIDS", named)
    if key[0] in ("SET", "UID", "OLDER", "YOUNGER", "MODSEQ"):
        return None if key[0] != "UID" or key[1] is None or any(
            0 in x for x in key[1]) else key
    return key
