"""on_notify.py -- what a client asked to be told of at any time. RFC 5465

Of the selected mailbox it is told at once, or (SELECTED-DELAYED) of all but
expunges; of others a STATUS says what is true, of names a LIST. What must be
told is waited for after each command (stream.py).
"""
from answer import Rules
from on_notify_others import OthersNoticeCommands
from view import demand, label


def is_other_case(x):
    """LIST to say how a name is written that the command had otherwise, RFC
    9051 section 6.3.9.7: OLDNAME differs only in INBOX.
    """
    return x[0] == "LIST" and len(x) > 4 and bytes_of(
        x[4][1][0]).lower() == bytes_of(x[3]).lower()


def bytes_of(value):
    return value if isinstance(value, bytes) else str(value).encode()


class NotifyCommands(OthersNoticeCommands):
    groups = None               # NOTIFY was never said
    told_at = None              # Mailbox or name -> tick up to which it was told
    owed = ()                   # Copies whose items have not been shown
    joining = {}                # Copies that are news -> what is shown of them
    entries = ()                # {name: annotations that must be told of}
    changed = ()                # {name: those that may be}

    def do_notify(self, command, answer):
        for group in command.groups:
            group.names = ["" if group.kind == "SUBTREE" and not x
                           else self.whole_name(x) for x in group.names]
        self.groups, self.told_at, self.owed = command.groups, {}, set()
        self.entries, self.changed = {}, {}
        self.watch()
        answer.statuses = {x for x in self.mailboxes_told() if
                           self.of_messages(x)} if command.status else set()
        if command.groups:
            self.pass_over(self.mailboxes_told().values())
            self.pass_over(self.home.named)
        # NONE is for another's mailbox, too, which has its say on the way
        yield Rules(expunge=bool(command.groups) or self.is_visiting(),
                    held=not command.groups)
        demand(not answer.statuses, "no STATUS of %r", answer.statuses)
        demand(not self.owed_names, "no LIST of %r", self.owed_names)

    def mailboxes_told(self):
        """{whole name: Mailbox} of whoever tells."""
        out = dict(self.home.mailboxes)
        for account in self.watched:
            out.update((account.prefix + x, box)
                       for x, box in account.mailboxes.items())
        return out

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
        return set().union(*(x.events for x in self.groups or () if x.has(
            name, self.is_subscribed(name), self.is_mine(name))))

    def is_subscribed(self, name):
        return name in self.home.subscribed or not self.is_mine(name) and \
            name in map(self.whole, self.home.subscribed)

    def is_mine(self, name):
        return self.home.whose(name)[0] is self.home

    def of_messages(self, name):
        """Of one that is not the selected one."""
        box = self.box_named(name)
        if not box.selectable or self.selected_is(box) or \
                not {"l", "r"} <= self.rights(box):
            return set()
        return self.events(name) & {"MESSAGENEW", "FLAGCHANGE"}

    # -- what must be told --

    def forget_unasked(self):
        """It is not told later, either."""
        if self.groups:
            self.untold()

    def untold(self):
        """Names of which a STATUS or LIST must still tell."""
        out = []
        for name, box in self.mailboxes_told().items():
            events = self.of_messages(name)
            since = self.told_at.get(box, 0)
            if "MESSAGENEW" in events and box.came_or_went > since or \
                    "FLAGCHANGE" in events and \
                    box.flagged_for(self.home) > since:
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
                            if x.has(name, True, self.is_mine(name))):
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
        shared = {x for x in entries if x.startswith("/shared/")}
        for account in [self.account, *self.account.known.values()]:
            whole = name if account is self.account else \
                self.account.prefix + name
            mine = entries if account is self.home else shared
            for other in account.sessions if mine and (
                    name or account is self.account) else ():
                if other.wants_entries(whole):
                    other.owe_entries(whole, mine)

    def owe_entries(self, name, entries):
        self.changed.setdefault(name, set()).update(entries)
        if self.is_mine(name) or self.home.whose(name)[0] in self.watched:
            self.entries.setdefault(name, set()).update(entries)

    def wants_entries(self, name):
        if not name:
            return any("SERVERMETADATACHANGE" in x.events
                       for x in self.groups or ())
        return "MAILBOXMETADATACHANGE" in self.events(name) and \
            {"l", "r"} <= self.rights(self.box_named(name))

    def untold_entries(self):
        """What is gone, or may not be read any more, need not be told."""
        self.entries = {k: v for k, v in (self.entries or {}).items() if v and (
            not k or self.box_named(k) and self.wants_entries(k))}
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
        return not self.groups or not (
            self.untold() or self.untold_entries() or self.owed_names)

    # -- what is told --

    def hear_notice(self, x, answer):
        """A STATUS or LIST that no command has asked for; whether it is one."""
        if not self.groups or x[0] in answer.asked or is_other_case(x):
            return False
        name = x[1] if x[0] == "STATUS" else x[3]
        here, self.prefix = (self.account, self.prefix), ""
        name = self.heard_name(name)
        self.account = self.home.whose(name)[0]
        if x[0] == "STATUS":
            self.hear_of_messages(name, x[2], answer)
        elif self.account is self.home:
            self.hear_of_name(name, x[1], len(x) > 4)
        else:
            self.hear_of_others_name(name, x[1], x[4] if len(x) > 4 else None)
        self.account, self.prefix = here
        return True

    def hear_entries(self, x):
        """METADATA without values: a notice; whether it is one."""
        if len(x) < 3 or isinstance(x[2], list):
            return False
        here, self.prefix = self.prefix, ""
        name = self.heard_name(x[1]) if x[1] else ""
        self.prefix = here
        heard = {bytes_of(y).decode() for y in x[2:]}
        demand(heard <= (self.changed or {}).get(name, set()),
               "METADATA of %r", x)
        self.entries[name] = self.entries.get(name, set()) - heard
        return True

    def hear_of_messages(self, name, items, answer):
        box = self.box_named(name)
        mine = self.account is self.home
        if not mine and self.account not in self.watched and \
                self.concerns(self.account):
            return                  # nobody knows since when
        demand(self.of_messages(name) or answer.closing and
               self.selected_is(box), "STATUS of %r", name)
        self.check_status(self.home.whose(name)[1], items[::2], items)
        # another's hears of ENABLE when he has something to tell
        demand({"MESSAGES", "UIDNEXT", "UIDVALIDITY"} <= set(items[::2]) and
               ("HIGHESTMODSEQ" in items[::2] or not self.condstore or
                not mine), "STATUS %r", items)
        self.pass_over([box])
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
