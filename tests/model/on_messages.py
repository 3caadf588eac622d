"""on_messages.py -- the commands of session.py that are about messages."""
import messages
from account import No, SYSTEM_FLAGS, canonical
from answer import Rules
from on_search import page
from resync import check_vanished
from rights import settable
from syntax_mailboxes import Known
from syntax_messages import Section
from view import Wrong, demand, expand, label, lower


class MessageCommands:
    # -- messages come --

    def do_append(self, command, answer):
        name, box = self.mailbox(command, "TRYCREATE")
        first = box.uidnext
        found = [self.message(x) for x in command.messages]
        self.account.take_messages([len(x.raw) for _, _, x in found])
        for flags, date, content in found:
            box.add(content, date, settable(flags, self.rights(box)),
                    self.home)
        if not self.is_told_uids(box):
            yield Rules()
            return
        yield Rules(code="APPENDUID")
        validity, uids = answer.status.value.split()
        demand(self.account.learn_validity(name, int(validity)),
               "UIDVALIDITY %s, not %s > %s", validity, box.uidvalidity,
               box.above)
        demand(expand(uids) == list(range(first, box.uidnext)),
               "APPENDUID %s, not %d:%d", uids, first, box.uidnext - 1)
        demand(len(command.messages) > 1 or ":" not in uids, "%s", uids)

    def is_told_uids(self, box):
        """RFC 9051 section 6.3.12: who may open it."""
        return "r" in self.rights(box)

    def message(self, given):
        """(flags, date, Message) of what APPEND or REPLACE has."""
        flags, date, parts = given
        raw = b"".join(x if isinstance(x, bytes) else self.octets(x)
                       for x in parts)
        if raw not in messages.known:
            raise No()
        return storable(flags), date, messages.known[raw]

    def octets(self, url):
        """What a URL of CATENATE names."""
        name = canonical(url.mailbox)
        box = self.account.mailboxes.get(name)
        copies = [x for x in box.messages if x.uid == url.uid] if box else []
        if box and "r" not in self.rights(box):
            raise No("BADURL", "NOPERM", "OVERQUOTA")
        if not copies or url.uidvalidity not in (None, box.uidvalidity):
            raise No("BADURL", "OVERQUOTA")
        section = url.section
        value = copies[0].content.section(section.path, section.text)
        if value is None:
            raise No("BADURL", "OVERQUOTA")
        start, count = url.partial or (0, len(value))
        return value[start:start + count]

    def do_replace(self, command, answer):
        """RFC 8508: APPEND and EXPUNGE in one."""
        copies = self.resolve(command)
        if self.current.readonly or not copies or copies[0].gone:
            raise No()
        if copies[0] not in self.view and answer.status.word == "NO":
            raise No()              # refused before EXISTS could tell of it
        name, box = self.mailbox(command, "TRYCREATE")
        flags, date, content = self.message(command.messages[0])
        self.account.take("STORAGE", max(0, len(content.raw) -
                                         len(copies[0].content.raw)))
        new = box.add(content, date, settable(flags, self.rights(box)),
                    self.home)
        self.current.box.remove(copies)
        yield Rules()
        if not self.is_told_uids(box):
            demand("APPENDUID" not in answer.codes, "APPENDUID")
            return
        validity, uid = answer.codes["APPENDUID"].split()
        demand(self.account.learn_validity(name, int(validity)) and
               int(uid) == new.uid, "APPENDUID %s of %r", answer.codes, new)

    def do_copy(self, command, answer):
        copies = self.resolve(command)
        move = command.name == "MOVE"
        if move and self.current.readonly:
            raise No()
        if self.too_many(copies) and not move:
            raise No("MESSAGELIMIT", "EXPUNGEISSUED", "TRYCREATE", "CANNOT",
                     *["NONEXISTENT", "NOPERM"] * self.crosses())
        copies = self.limited(copies, answer)
        zombies = any(x.gone for x in copies)
        living = [x for x in copies if not x.gone]
        if not living and answer.status.word == "NO":
            raise No()
        if zombies and not command.uid:     # all or nothing
            raise No("EXPUNGEISSUED", "TRYCREATE", "CANNOT", "OVERQUOTA",
                     *["NONEXISTENT", "NOPERM"] * self.crosses())
        if not living and self.crosses():   # nobody has been asked
            yield Rules()
            return
        name, box = self.mailbox(command, "TRYCREATE")
        first = box.uidnext
        if not move or self.crosses():
            self.account.take_messages([len(x.content.raw) for x in living])
        for x in living:
            box.copy(x, self.rights(box), self.home)
        if move:
            self.current.box.remove(living)
        yield Rules()
        self.check_copyuid(name, living, first, answer, move)

    do_move = do_copy

    def crosses(self):
        """From an account to another."""
        return self.current.box.account is not self.account

    def check_copyuid(self, name, living, first, answer, move):
        text = answer.codes.get("COPYUID") if move else \
            answer.status.value if answer.status.code == "COPYUID" else None
        box = self.account.mailboxes[name]
        told = bool(living) and self.is_told_uids(box)
        demand(bool(text) == told, "COPYUID %s for %r", text, living)
        if not told:
            return
        validity, sources, targets = text.split()
        demand(self.account.learn_validity(name, int(validity)),
               "UIDVALIDITY %s, not %s > %s", validity, box.uidvalidity,
               box.above)
        demand(expand(sources) == [x.uid for x in living],
               "COPYUID from %s, not %r", sources, living)
        demand(expand(targets) == list(range(first, box.uidnext)),
               "COPYUID to %s, not %d:%d", targets, first, box.uidnext - 1)

    # -- messages change --

    def do_expunge(self, command, answer):
        view = self.current
        if view.readonly:
            raise No()
        chosen = self.resolve(command) if command.uid else view.box.messages
        if command.uid and self.too_many(chosen):
            chosen = self.limited([x for x in chosen if "\\deleted" in x.flags
                                   and not x.gone], answer)
        view.box.remove([x for x in chosen if "\\deleted" in x.flags])
        yield Rules()

    def do_store(self, command, answer):
        copies = self.resolve(command)
        if self.current.readonly:
            raise No()
        copies = self.limited(copies, answer)
        zombies = any(x.gone for x in copies) and not command.uid
        self.may_store(command)
        living = [x for x in copies if not x.gone]
        failed = self.unchanged(command, living, answer)
        living = [x for x in living if x not in failed]
        view = self.current
        before = {x: (x.flags_of(self.home), x.tick) for x in living}
        surprised = [x for x in living
                     if view.changes.get(x, 0) != x.changes]
        for x in living:
            view.box.set_flags(x, self.stored(
                x.flags_of(self.home), command), self.home)
            if command.silent and x in view.told:
                # what the client can work out for itself
                view.told[x] = frozenset(self.stored(view.told[x], command))
                view.changes[x] += 1
        yield Rules(expunge=command.uid, before=before, zombies=zombies)
        self.check_modified(command, failed, zombies, answer)
        for x in living:
            heard = answer.fetched.get(x, [])
            if command.silent:
                changed = before[x][0] != x.flags_of(self.home)
                demand(not heard or x in surprised or x in self.joining or
                       command.since is not None or
                       changed and self.condstore is not False,
                       "%r told in vain", x)
                demand(not changed or not self.condstore or
                       "MODSEQ" in heard, "MODSEQ of %r is missing", x)
            else:
                demand("FLAGS" in heard, "FETCH of %r is missing", x)
                demand("UID" in heard or not command.uid, "UID is missing")

    def may_store(self, command):
        """At least one of the flags, RFC 4314 section 4."""
        flags = storable(command.flags)
        if command.how and flags and not settable(
                flags, self.rights(self.current.box)):
            raise No("NOPERM")

    def stored(self, flags, command):
        """Those that may not be changed stay."""
        may = self.rights(self.current.box)
        new = settable(storable(command.flags), may)
        if command.how == "+":
            return flags | new
        if command.how == "-":
            return flags - new
        return new | (flags - settable(flags, may))

    def unchanged(self, command, living, answer):
        """Those that UNCHANGEDSINCE excludes; if what was told does not say
        it, MODIFIED does.
        """
        if command.since is None:
            return []
        named = self.modified(answer)
        numbers = {x: n for n, x in enumerate(self.sight(command.uid), 1)}
        out = []
        for x in living:
            after = self.current.box.modseqs.after(x, command.since)
            if after is None:
                after = (x.uid if command.uid else numbers[x]) in named
            if after:
                out.append(x)
        self.failed_numbers = {x.uid if command.uid else numbers[x]
                               for x in out}
        self.gone_numbers = {x.uid if command.uid else n
                             for x, n in numbers.items() if x.gone}
        return out

    def modified(self, answer):
        return set(expand(answer.status.value)) \
            if answer.status.code == "MODIFIED" else set()

    def check_modified(self, command, failed, zombies, answer):
        if command.since is None or not failed and not zombies:
            demand(answer.status.code != "MODIFIED", "%s", answer.status)
            return
        named = self.modified(answer)
        demand(named - self.gone_numbers == self.failed_numbers,
               "MODIFIED %r, not %r", named, self.failed_numbers)

    def do_fetch(self, command, answer):
        copies = self.resolve(command)
        if command.partial and self.too_many(
                range(command.partial[1], command.partial[2] + 1)):
            raise No("MESSAGELIMIT")
        narrowed = command.partial or command.since is not None
        if not narrowed:
            copies = self.limited(copies, answer)
        living, maybe = self.chosen(command, copies)
        if command.since is not None and not command.partial:
            lowest = answer.limit() or 0
            living = [x for x in living if x.uid >= lowest]
            maybe = [x for x in maybe if x.uid >= lowest]
        zombies = any(x.gone for x in copies) and not command.uid
        before = {x: (x.flags_of(self.home), x.tick)
                  for x in living + maybe}
        if not self.current.readonly and any(map(sees, command.items)) and \
                "s" in self.rights(self.current.box):
            for x in living:        # generate.py asks for no maybe here
                self.current.box.set_flags(
                    x, x.flags_of(self.home) | {"\\seen"}, self.home)
        box, sight = self.current.box, self.sight(True)
        rules = Rules(command.items, before, command.uid, zombies=zombies,
                      earlier=command.vanished)
        yield rules
        if command.vanished:
            self.check_earlier(command, box, sight, answer)
        wanted = {label(x) for x in command.items}
        wanted |= {"UID"} if command.uid else set()
        for x in living:
            heard = answer.fetched.get(x, [])
            for each in wanted:
                demand(each in heard, "%s of %r is missing", each, x)
                # of what joins a result UPDATE tells it once more
                demand(each in ("UID", "FLAGS", "MODSEQ") or
                       x in self.joining or heard.count(each) <=
                       len(rules.asked[each]), "%s of %r again", each, x)

    def chosen(self, command, copies):
        """Those that the modifiers leave, and those of which what was told
        does not say it.
        """
        living = [x for x in copies if not x.gone]
        if command.partial and len(living) != len(copies):
            return [], living
        living, maybe = page(command, living), []
        if command.since is not None:   # of the page, RFC 9394 section 3.4
            after = {x: self.current.box.modseqs.after(x, command.since)
                     for x in living}
            maybe = [x for x in living if after[x] is None]
            living = [x for x in living if after[x]]
        return living, maybe

    def check_earlier(self, command, box, sight, answer):
        """"*" may be the last message, or the last there has ever been."""
        if command.set is None:         # "$" has only what is there
            return
        for last in (sight[-1].uid if sight else 0, box.uidnext - 1):
            known = Known(command.since, [
                (low or last, high or last) for low, high in command.set])
            try:
                check_vanished(box, known, answer,
                               {x.uid for x in sight if x.gone})
                return
            except Wrong as wrong:
                why = wrong
        raise why


def storable(flags):
    """Without system flags that nobody knows (VIOLATIONS.md)."""
    return {x for x in lower(flags)
            if x in SYSTEM_FLAGS or not x.startswith("\\")}


def sees(item):
    """Whether FETCH of it sets \\Seen."""
    if isinstance(item, Section):
        return item.kind in ("BODY", "BINARY")
    return item in ("RFC822", "RFC822.TEXT")
