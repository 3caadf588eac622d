"""on_notify.py -- what a client asked to be told of at any time. RFC 5465

Of the selected mailbox it is told at once, or (SELECTED-DELAYED) of all but
expunges; of others a STATUS says what is true, of names a LIST. What must be
told is waited for after each command (stream.py).
"""
from answer import Rules
from view import demand, label


def is_other_case(x):
    """LIST to say how a name is written that the command had otherwise, RFC
    9051 section 6.3.9.7: OLDNAME differs only in INBOX.
    """
    return x[0] == "LIST" and len(x) > 4 and bytes_of(
        x[4][1][0]).lower() == bytes_of(x[3]).lower()


def bytes_of(value):
    return value if isinstance(value, bytes) else str(value).encode()


class NotifyCommands:
    groups = None               # NOTIFY was never said
    told_at = None              # Mailbox or name -> tick up to which it was told
    owed = ()                   # Copies whose items have not been shown
    joining = {}                # Copies that are news -> what is shown of them
    entries = ()                # {name: annotations that must be told of}
    changed = ()                # {name: those that may be}

    def do_notify(self, command, answer):
        for group in command.groups:
            group.names = [self.name_of(x) for x in group.names]
        self.groups, self.told_at, self.owed = command.groups, {}, set()
        self.entries, self.changed = {}, {}
        answer.statuses = {x for x in self.home.mailboxes if
                           self.of_messages(x)} if command.status else set()
        if command.groups:
            self.pass_over(self.home.mailboxes.values())
            self.pass_over(self.home.named)
        # NONE is for another's mailbox, too, which has its say on the way
        yield Rules(expunge=bool(command.groups) or self.is_visiting(),
                    held=not command.groups)
        demand(not answer.statuses, "no STATUS of %r", answer.statuses)

    def pass_over(self, things):
        for x in things:
            self.told_at[x] = self.home.clock.now

    # -- which groups --

    def selected_group(self):
        found = [x for x in self.groups or () if x.is_selected]
        return found[0] if found and found[0].events else None

    def is_visiting(self):
        return bool(self.current) and \
            self.current.box.account is not self.home

    def events(self, name):
        """Of all groups that a mailbox is in."""
        return set().union(*(x.events for x in self.groups or ()
                             if x.has(name, name in self.home.subscribed)))

    def of_messages(self, name):
        """Of one that is not the selected one."""
        box = self.home.mailboxes[name]
        if not box.selectable or self.selected_is(box) or \
                not {"l", "r"} <= set(self.home_rights(box)):
            return set()
        return self.events(name) & {"MESSAGENEW", "FLAGCHANGE"}

    def home_rights(self, box):
        here, self.account = self.account, self.home
        rights = self.rights(box)
        self.account = here
        return rights

    # -- what must be told --

    def forget_unasked(self):
        """It is not told later, either."""
        if self.groups:
            self.untold()

    def untold(self):
        """Names of which a STATUS or LIST must still tell."""
        out = []
        for name, box in self.home.mailboxes.items():
            events = self.of_messages(name)
            since = self.told_at.get(box, 0)
            if "MESSAGENEW" in events and box.came_or_went > since or \
                    "FLAGCHANGE" in events and box.flagged > since:
                out.append(name)
            else:
                self.pass_over([box])
        for name, (tick, event) in self.home.named.items():
            if event == "MAILBOXNAME" and self.is_renamed_above(name):
                self.pass_over([name])
            elif event in self.events(name) or event == "MAILBOXNAME" and \
                    event in self.events(self.home.was.get(name, name)) or \
                    event == "SUBSCRIPTIONCHANGE" \
                    and any(event in x.events for x in self.groups
                            if x.has(name, True)):
                if tick > self.told_at.get(name, 0):
                    out.append(name)
            else:
                self.pass_over([name])
        return out

    def is_renamed_above(self, name):
        """It went along with what was renamed, which is told instead."""
        top = self.home.along.get(name, name)
        return name in self.home.was and top != name and "MAILBOXNAME" in \
            self.events(top) | self.events(self.home.was.get(top, top))

    def tell_entries(self, name, entries):
        """SETMETADATA has been done, whatever it changed: to the sessions that
        want to hear of it.
        """
        for other in self.account.sessions:
            mine = entries if self.home is self.account else {
                x for x in entries if x.startswith("/shared/")}
            if mine and other.wants_entries(name):
                other.entries.setdefault(name, set()).update(mine)
                other.changed.setdefault(name, set()).update(mine)

    def wants_entries(self, name):
        if not name:
            return any("SERVERMETADATACHANGE" in x.events
                       for x in self.groups or ())
        return "MAILBOXMETADATACHANGE" in self.events(name) and \
            {"l", "r"} <= set(self.home_rights(self.home.mailboxes[name]))

    def untold_entries(self):
        """What is gone, or may not be read any more, need not be told."""
        self.entries = {k: v for k, v in (self.entries or {}).items() if v and (
            not k or k in self.home.mailboxes and self.wants_entries(k))}
        return self.entries

    def notified(self, idle):
        """Whether all has been told that is told without a command."""
        group = self.selected_group()
        view = self.current
        if group and view and not self.is_lost():
            if not view.knows_all(idle or group.kind == "SELECTED",
                                  "FLAGCHANGE" in group.events):
                return False
            if any(not x.gone for x in self.owed):
                return False
        return not self.groups or not (self.untold() or
                                       self.untold_entries())

    # -- what is told --

    def hear_notice(self, x, answer):
        """A STATUS or LIST that no command has asked for; whether it is one."""
        if not self.groups or x[0] in answer.asked or is_other_case(x):
            return False
        name = x[1] if x[0] == "STATUS" else x[3]
        here, self.prefix = self.prefix, ""
        name = self.heard_name(name)
        self.prefix = here
        if self.home.whose(name)[0] is not self.home:
            return True
        here, self.account = self.account, self.home
        if x[0] == "STATUS":
            self.hear_of_messages(name, x[2], answer)
        else:
            self.hear_of_name(name, x[1], len(x) > 4)
        self.account = here
        return True

    def hear_entries(self, x):
        """METADATA without values: a notice; whether it is one."""
        if len(x) < 3 or isinstance(x[2], list):
            return False
        here, self.prefix = self.prefix, ""
        name = self.heard_name(x[1]) if x[1] else ""
        self.prefix = here
        if name and self.home.whose(name)[0] is not self.home:
            return True
        heard = {bytes_of(y).decode() for y in x[2:]}
        demand(heard <= (self.changed or {}).get(name, set()),
               "METADATA of %r", x)
        self.entries[name] = self.entries.get(name, set()) - heard
        return True

    def hear_of_messages(self, name, items, answer):
        demand(self.of_messages(name) or answer.closing and
               self.selected_is(self.home.mailboxes[name]), "STATUS of %r",
               name)
        self.check_status(name, items[::2], items)
        demand({"MESSAGES", "UIDNEXT", "UIDVALIDITY"} <= set(items[::2]) and
               ("HIGHESTMODSEQ" in items[::2] or not self.condstore),
               "STATUS %r", items)
        self.pass_over([self.home.mailboxes[name]])
        answer.statuses.discard(name)

    def hear_of_name(self, name, attributes, renamed):
        """RENAME tells its own client, too, and less."""
        attributes = {x.lower() for x in attributes}
        demand("\\nonexistent" not in attributes or
               name not in self.home.mailboxes, "%r does not exist", name)
        demand(name in self.home.mailboxes or "\\noaccess" in attributes or
               "\\nonexistent" in attributes, "%r exists", name)
        asked = {"MAILBOXNAME", "SUBSCRIPTIONCHANGE"} & self.events(name)
        demand(("\\subscribed" in attributes) == (
            name in self.home.subscribed) or "\\noaccess" in attributes or
            renamed or not asked, "%r: %r", name, attributes)
        self.pass_over([name])

    def hear_new(self, copies):
        """They have just been told of, and are to be shown."""
        if self.group_items():
            self.owed |= set(copies)
        self.joining = {**self.joining, **{x: set() for x in copies}}

    def group_items(self):
        group = self.selected_group()
        return {label(x): [x] for x in group.items} if group else {}

    def items(self):
        """What may be shown of new messages; by UPDATE of those that join."""
        contexts = self.current.contexts.values() if self.current else ()
        return dict(pair for x in contexts for pair in x.items.items()) | \
            self.group_items()

    def shows_joining(self):
        return bool(self.current) and any(
            x.items for x in self.current.contexts.values())

    def hear_shown(self, copy, labels):
        if set(self.group_items()) <= set(labels):
            self.owed = set(self.owed) - {copy}
        if copy in self.joining:
            self.joining[copy] |= set(labels)

    def forget_new(self):
        """What joins a result from now on does so because it has changed; but
        a command that is none has told of messages, and not of results.
        """
        if self.settled:
            self.joining = {}

    def check_shown(self):
        demand(not any(not x.gone for x in self.owed), "%r are not shown",
               self.owed)
