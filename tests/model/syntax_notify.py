"""syntax_notify.py -- what a client wants to be told of at any time. RFC 5465
section 8
"""
from cursor import Bad
from syntax_messages import fetch_item

FILTERS = {"SELECTED", "SELECTED-DELAYED", "INBOXES", "PERSONAL", "SUBSCRIBED",
           "SUBTREE", "MAILBOXES"}
OF_MESSAGES = {"MESSAGENEW", "MESSAGEEXPUNGE", "FLAGCHANGE"}
EVENTS = OF_MESSAGES | {"MAILBOXNAME", "SUBSCRIPTIONCHANGE",    # that we use
                        "MAILBOXMETADATACHANGE", "SERVERMETADATACHANGE"}


def notify(c, command):
    """"NOTIFY" SP ("SET" [SP "STATUS"] 1*(SP event-group) / "NONE")"""
    c.need(b" ")
    command.groups, command.status = [], False
    how = c.word()
    if how == "NONE":
        return
    if how != "SET":
        raise Bad("SET or NONE expected")
    if c.data[c.at:c.at + 7].upper() == b" STATUS":
        c.at += 7
        command.status = True
    while c.more() or not command.groups:
        c.need(b" ")
        command.groups.append(event_group(c))
    if sum(x.is_selected for x in command.groups) > 1:
        raise Bad("SELECTED twice")


def event_group(c):
    """"(" filter-mailboxes SP events ")" """
    names, items = [], []
    c.need(b"(")
    kind = c.word()
    if kind not in FILTERS:
        raise Bad("no filter")
    if kind in ("SUBTREE", "MAILBOXES"):
        c.need(b" ")
        names = c.list_of(c.astring) if c.peek(b"(") else [c.astring()]
    c.need(b" ")

    def event():
        name = c.word()
        if name not in EVENTS:
            raise Bad("no event that we use")
        if name == "MESSAGENEW" and c.peek(b" ("):
            c.at += 1
            items.extend(c.list_of(lambda: fetch_item(c, c.word())))
        return name
    if c.data[c.at:c.at + 4].upper() == b"NONE":
        c.at += 4
        events = set()
    else:
        events = set(c.list_of(event))
    c.need(b")")
    group = Group(kind, names, events, items)
    both = {"MESSAGENEW", "MESSAGEEXPUNGE"}
    if events & OF_MESSAGES and not both <= events or \
            group.is_selected and not events <= OF_MESSAGES or \
            not group.is_selected and items:
        raise Bad("these events do not go together")
    return group


class Group:
    """Mailboxes and what is told of them."""

    def __init__(self, kind, names, events, items):
        self.kind = kind            # SELECTED, PERSONAL ...
        self.is_selected = kind.startswith("SELECTED")
        self.names = names          # as the client wrote them
        self.events = events
        self.items = items          # of MessageNew

    def has(self, name, subscribed, mine):
        if self.kind == "SUBSCRIBED":
            return subscribed
        if self.kind in ("SUBTREE", "MAILBOXES"):
            return any(name == x or self.kind == "SUBTREE" and
                       (name.startswith(x + "/") if x else mine)
                       for x in self.names)
        return mine and not self.is_selected
