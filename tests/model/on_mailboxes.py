"""on_mailboxes.py -- the commands of session.py that are about mailboxes."""
from account import No, SYSTEM_FLAGS, TAKEN, canonical, decode_name
from answer import Rules
from listing import (ask_others, list_names, lsub_names, others_names, pattern,
                     selected)
from on_account import text
from resync import check_changed, check_vanished
from rights import settable
from view import View, demand, lower
from wire import Status


class MailboxCommands:
    # -- mailboxes --

    def do_create(self, command, answer):
        name = self.name_of(command.mailbox)
        if command.uses and self.account is not self.home:
            raise No("USEATTR", "NONEXISTENT")
        if TAKEN.fullmatch(self.prefix + name) and \
                self.account is self.home:
            raise No("CANNOT", "NONEXISTENT")
        self.may_make(name)
        self.account.create(name, command.uses)
        yield Rules(code="MAILBOXID")
        self.check_mailboxid(name, answer.status.value)

    def check_mailboxid(self, name, value):
        box = self.account.mailboxes[name]
        demand(value[:1] + value[-1:] == "()" and
               self.account.identities.learn_mailboxid(box, value[1:-1]),
               "MAILBOXID %s of %r, not %s", value, name, box.objectid)

    def do_delete(self, command, answer):
        name = self.name_of(command.mailbox)
        if self.account is not self.home and \
                name not in self.account.mailboxes:
            raise No("NONEXISTENT")
        gone = self.account.delete(name)
        for other in self.account.sessions:     # visitors: look()
            if gone and other is not self and other.selected_is(gone):
                other.over = True
        mine = gone and self.selected_is(gone)
        yield Rules()
        demand(not mine or "CLOSED" in answer.codes, "CLOSED is missing")

    def selected_is(self, box):
        return self.current is not None and self.current.box is box

    def do_rename(self, command, _answer):
        name = self.name_of(command.mailbox)
        try:
            to = self.name_of(command.to)
        except No:
            raise No("CANNOT", "NONEXISTENT", "NOPERM") from None
        if self.home.whose(self.prefix + to)[0] is not self.account or \
                self.account is self.home and TAKEN.fullmatch(to):
            raise No("CANNOT", "NONEXISTENT", "NOPERM")
        if name in self.account.mailboxes:
            self.may_make(to)
        self.account.rename(name, to)
        yield Rules()

    def do_subscribe(self, command, _answer):
        name = self.whole(self.name_of(command.mailbox))
        if name not in self.account.subscribed:
            self.account.subscribed.add(name)
            self.note_subscription(name)
        yield Rules()

    def do_unsubscribe(self, command, _answer):
        name = self.whole(self.name_of(command.mailbox))
        if name in self.account.subscribed:
            self.account.subscribed.discard(name)
            self.note_subscription(name)
        yield Rules()

    def note_subscription(self, name):
        self.home.named[name] = (self.home.clock.now, "SUBSCRIPTIONCHANGE")
        for x in self.home.sessions:
            x.watch_again(self.home.whose(name)[0])

    def do_select(self, command, answer):
        if self.current:            # whatever comes of it
            demand("CLOSED" in [getattr(x, "code", None)
                                for x in answer.untagged] or not self.rev2,
                   "CLOSED is missing")
        name, box = self.mailbox(command)
        rights = self.rights(box)
        examine = command.name == "EXAMINE" or not set("ieswt") & rights
        self.opening, self.saved = View(box, examine, self.home), []
        yield Rules(code="READ-ONLY" if examine else "READ-WRITE",
                    earlier=command.known is not None)
        self.current, self.opening = self.opening, None
        self.check_select(name, box, answer)
        if command.known and command.uidvalidity == box.uidvalidity:
            check_vanished(box, command.known, answer)
            check_changed(box, command.known, answer)
        else:
            demand(not answer.earlier and not answer.fetched,
                   "a mailbox that was not known is brought up to date")

    do_examine = do_select

    def check_select(self, name, box, answer):
        codes = answer.codes
        demand(len(self.view) == len(box.messages), "EXISTS is missing")
        demand(self.account.learn_validity(name, int(codes["UIDVALIDITY"])),
               "UIDVALIDITY %s, not %s > %s", codes["UIDVALIDITY"],
               box.uidvalidity, box.above)
        demand(codes["UIDNEXT"] == str(box.uidnext), "UIDNEXT %s, not %d",
               codes["UIDNEXT"], box.uidnext)
        self.check_mailboxid(name, codes["MAILBOXID"])
        unseen = [n for n, x in enumerate(self.view, 1)
                  if "\\seen" not in x.flags_of(self.home)]
        if self.rev2 or self.uidonly or not unseen:
            demand("UNSEEN" not in codes, "UNSEEN %s", codes.get("UNSEEN"))
        else:
            demand(codes.get("UNSEEN") == str(unseen[0]), "UNSEEN %s, not %d",
                   codes.get("UNSEEN"), unseen[0])
        permanent = lower(codes["PERMANENTFLAGS"].strip("()").split())
        every = SYSTEM_FLAGS | self.current.keywords | {"\\*"}
        demand(permanent == (frozenset() if self.current.readonly else
                             settable(every, self.rights(box))),
               "PERMANENTFLAGS %r", permanent)
        if self.rev2:
            names = [self.heard_name(x[2]) for x in answer.rest["LIST"]]
            demand(names == [name], "LIST %r in SELECT", names)

    def do_unselect(self, _command, _answer):
        yield Rules()
        self.current = None

    def do_close(self, _command, answer):
        view = self.current
        if not view.readonly and "e" in self.rights(view.box):
            view.box.remove([x for x in view.box.messages
                             if "\\deleted" in x.flags])
        yield Rules(expunge=False)
        self.current = None

    # -- LIST, STATUS --

    def patterns(self, command):
        return [pattern(x) for x in self.pattern_texts(command)]

    def pattern_texts(self, command):
        if len(command.patterns) > 10:
            raise No("LIMIT")
        reference = self.pattern_text(command.reference)
        texts = [self.pattern_text(x) for x in command.patterns if x]
        return [canonical(reference + x) for x in texts
                if x is not None and reference is not None]

    def pattern_text(self, data):
        """None: it is no name's, and passed over."""
        try:
            return decode_name(data, self.utf8) if data else ""
        except No:
            return None

    def do_list(self, command, answer):
        root = command.patterns == [b""] and not command.extended
        patterns = None if root else self.patterns(command)
        yield Rules()
        heard = answer.rest.get("LIST", [])
        if root:
            demand(len(heard) == 1 and heard[0][:2] == (["\\Noselect"], b"/"),
                   "LIST %r", heard)
            return
        expected = self.listed(command, patterns)
        found = {}
        for flags, delim, name, *more in heard:
            name = self.heard_name(name)
            demand(name not in found and delim == b"/", "LIST %r", name)
            flags = lower(flags)
            if "\\nonexistent" in flags:
                flags -= {"\\haschildren", "\\hasnochildren"}
            found[name] = (flags, childinfo(more))
        for name in found.keys() & expected.keys():
            if not expected[name]:      # subscribed, and another's
                found[name] = None
        self.same_names("LIST", found, expected)
        # not of what is there for its children alone, RFC 5819
        chosen = {x for x in expected if expected[x] and self.is_chosen(
            x, command)}
        if command.items or "STATUS" in command.returns:
            self.check_statuses(command.items, chosen, answer)
        self.check_listed("MYRIGHTS", command, chosen, answer)
        self.check_listed("METADATA", command, chosen, answer)

    def listed(self, command, patterns):
        """{name: (attributes, what CHILDINFO must name)}"""
        out = list_names(self.home, command, patterns,
                         self.pattern_texts(command))
        ask_others(self, command, out)
        out.update(others_names(self, command, patterns,
                                self.pattern_texts(command)))
        if "STATUS" not in command.returns:
            return out
        for x in out:
            if out[x] and self.is_chosen(x, command) and \
                    not self.may_read(x):
                out[x] = (out[x][0] | {"\\noselect"}, out[x][1])
        return out

    def is_chosen(self, name, command):
        """A mailbox that is listed for its own sake."""
        return self.is_mailbox(name) and (
            not command.select or selected(self.home, name, command))

    def box_named(self, name):
        """One of anybody's, by its whole name."""
        account, inner = self.home.whose(name)
        return account.mailboxes.get(inner)

    def is_mailbox(self, name):
        box = self.box_named(name)
        return box is not None and box.selectable and self.sees(box)

    def may_read(self, name):
        return "r" in self.rights(self.box_named(name))

    def check_listed(self, option, command, names, answer):
        """What RFC 8440 and RFC 9590 let come behind a LIST response."""
        heard = answer.rest.get(option, [])
        if option == "METADATA":
            names = {x for x in names if self.may_read(x)}
        found = sorted(self.heard_name(x[0]) for x in heard)
        demand(found == sorted(names if option in command.returns else ()),
               "%s of %r, not %r", option, found, names)
        for name, value in heard:
            box = self.box_named(self.heard_name(name))
            if option == "MYRIGHTS":
                self.check_myrights(box, value)
            else:
                self.check_annotations(box, command.entries, value)

    def check_annotations(self, box, entries, heard):
        there = self.annotations_of(box)
        found = dict(zip(map(text, heard[::2]), heard[1::2]))
        demand(found == {x: there.get(x) for x in entries},
               "METADATA %r of %r", found, there)

    def same_names(self, what, found, expected):
        for name in sorted(set(found) | set(expected)):
            demand(found.get(name) == expected.get(name), "%s %r: %r, not %r",
                   what, name, found.get(name), expected.get(name))

    def check_statuses(self, items, names, answer):
        names = {x for x in names if self.may_read(x)}
        heard = answer.rest.get("STATUS", [])
        found = [self.heard_name(x[0]) for x in heard]
        demand(sorted(found) == sorted(names), "STATUS of %r, not %r", found,
               names)
        listed = []
        for x in answer.untagged:       # LIST before its STATUS
            if isinstance(x, Status):
                continue
            if x[0] == "LIST":
                listed.append(self.heard_name(x[3]))
            demand(x[0] != "STATUS" or self.heard_name(x[1]) in listed,
                   "STATUS of %r before its LIST", x[1])
        for x in heard:
            self.account, name = self.home.whose(self.heard_name(x[0]))
            self.check_status(name, items, x[1])
        self.account = self.home

    def check_status(self, name, items, heard):
        box = self.account.mailboxes[name]
        found = dict(zip(heard[::2], heard[1::2]))
        demand(set(found) == set(items), "items %r of STATUS", found)
        if "MAILBOXID" in found:
            self.check_mailboxid(name, "(%s)" % " ".join(
                found.pop("MAILBOXID")))
        for item, value in [(k, int(v)) for k, v in found.items()]:
            if item == "UIDVALIDITY":
                demand(self.account.learn_validity(name, value),
                       "UIDVALIDITY %d, not %s > %s", value, box.uidvalidity,
                       box.above)
            elif item == "HIGHESTMODSEQ":
                demand(box.modseqs.top(box.tick, value), "HIGHESTMODSEQ %d",
                       value)
            else:
                expected = box.status(item, self.home)
                demand(value == expected, "%s %d, not %d", item, value,
                       expected)

    def do_lsub(self, command, answer):
        patterns = self.patterns(command)
        yield Rules()
        percent = b"%" in command.reference + command.patterns[0]
        expected = lsub_names(self.account, patterns, percent)
        found = {self.heard_name(x[2]): "\\noselect" in lower(x[0])
                 for x in answer.rest.get("LSUB", [])}
        for name in found.keys() & expected.keys():
            if expected[name] is None:      # another's
                found[name] = None
        if command.patterns != [b""]:
            self.same_names("LSUB", found, expected)

    def do_xlist(self, command, answer):
        """LIST by an older name; what it says of each differs."""
        root = command.patterns == [b""]
        patterns = None if root else self.patterns(command)
        yield Rules()
        found = {self.heard_name(x[2]) for x in answer.rest.get("XLIST", [])}
        expected = {""} if root else set(self.listed(command, patterns))
        demand(found == expected, "XLIST %r, not %r", found, expected)

    def do_status(self, command, answer):
        name, _box = self.mailbox(command)
        yield Rules()
        heard, = answer.rest["STATUS"]
        demand(self.heard_name(heard[0]) == name, "STATUS %r", heard)
        self.check_status(name, command.items, heard[1])


def childinfo(extended):
    """The options that CHILDINFO names, in lower case."""
    if not extended:
        return frozenset()
    (name, options), = extended[0:1]
    if isinstance(name, bytes):
        name = name.decode()
    demand(name.upper() == "CHILDINFO", "%r", extended)
    return frozenset(x.decode().lower() for x in options)
