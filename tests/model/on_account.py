"""on_account.py -- the commands of session.py about annotations and quotas.

RFC 5464 (METADATA, METADATA-SERVER) and RFC 9208 (QUOTA).
"""
from account import No, size
from answer import Rules
from view import demand

ENTRIES = 128           # of a mailbox, src/base/limits.h


class AccountCommands:
    # -- annotations --

    def annotations(self, name):
        """{entry: value} of a mailbox, or of the server; private ones are
        each visitor's own.
        """
        if not name:
            return self.account.annotations
        there = dict(self.annotations_of(
            self.account.find(self.name_of(name))))
        there.pop("/private/specialuse", None)
        return there

    def annotations_of(self, box):
        there = dict(box.annotations, **box.private.get(self.home, {}))
        if box.uses and box.account is self.home:   # RFC 6154 section 5.4
            there["/private/specialuse"] = b" ".join(
                x[:2].upper().encode() + x[2:].encode()
                for x in sorted(box.uses))
        return there

    def annotate(self, name, after):
        if not name:
            self.account.annotations = after
            return
        box = self.account.find(self.name_of(name))
        box.annotations = {k: v for k, v in after.items()
                           if k.startswith("/shared/")}
        box.private[self.home] = {k: v for k, v in after.items()
                                  if k.startswith("/private/")}

    def do_getmetadata(self, command, answer):
        there = self.annotations(command.mailbox)
        if command.mailbox:
            there = self.annotations_of(self.account.find(
                self.name_of(command.mailbox)))
        yield Rules()
        expected, longest = {}, 0
        for entry in command.entries:
            expected.update(below(there, entry, command.depth))
        if command.maxsize is not None:
            longest = max([len(x) for x in expected.values()
                           if x and len(x) > command.maxsize], default=0)
            expected = {k: v for k, v in expected.items()
                        if v is None or len(v) <= command.maxsize}
        self.check_metadata(command.mailbox, expected, answer)
        demand((answer.status.value if answer.status.code == "METADATA" else
                None) == ("LONGENTRIES %d" % longest if longest else None),
               "LONGENTRIES %d: %s", longest, answer.status)

    def check_metadata(self, mailbox, expected, answer):
        found = {}
        for name, entries in answer.rest.get("METADATA", []):
            demand(self.heard_name(name) ==
                   (self.name_of(mailbox) if mailbox else ""),
                   "METADATA %r", name)
            found.update(zip(map(text, entries[::2]), entries[1::2]))
        demand(found == expected, "METADATA %r, not %r", found, expected)

    def do_setmetadata(self, command, _answer):
        there = self.annotations(command.mailbox)
        if not command.mailbox and any(
                x.startswith("/shared/") for x, _ in command.values):
            raise No("NOPERM")
        after = dict(there)
        for entry, value in command.values:
            after[entry] = value
            if value is None:
                del after[entry]
        if len(after) > ENTRIES:
            raise No("METADATA")
        if size(after) > size(there):
            self.account.take("ANNOTATION-STORAGE", size(after) - size(there))
        self.annotate(command.mailbox, after)
        self.tell_entries(self.name_of(command.mailbox)
                          if command.mailbox else "",
                          {x for x, _ in command.values})
        if command.mailbox:         # RFC 7162 section 3.2
            box = self.account.find(self.name_of(command.mailbox))
            box.tick = box.clock.now
        yield Rules()

    # -- quotas --

    def do_getquota(self, command, answer):
        if command.root or not self.account.limits:
            raise No("NONEXISTENT")
        yield Rules()
        self.check_quota(answer)

    def check_quota(self, answer):
        heard, = answer.rest["QUOTA"]
        words = heard[1]
        found = {words[i]: (int(words[i + 1]), int(words[i + 2]))
                 for i in range(0, len(words), 3)}
        used = self.account.usage()
        expected = {}
        for name, limit in self.account.limits.items():
            unit = 1024 if name.endswith("STORAGE") else 1
            expected[name] = (-(-used[name] // unit), -(-limit // unit))
        demand(heard[0] == b"" and found == expected, "QUOTA %r, not %r",
               heard, expected)

    def do_getquotaroot(self, command, answer):
        name = self.name_of(command.mailbox)    # that may be there or not
        if name not in self.account.mailboxes:
            try:
                self.may_make(name)
            except No:
                raise No("NONEXISTENT") from None
        yield Rules()
        heard, = answer.rest["QUOTAROOT"]
        demand(self.heard_name(heard[0]) == name and list(heard[1:]) ==
               ([b""] if self.account.limits else []), "QUOTAROOT %r", heard)
        if self.account.limits:
            self.check_quota(answer)

    def do_setquota(self, _command, _answer):
        raise No("NOPERM")          # limits are the operator's
        yield


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def below(there, entry, depth):
    """What DEPTH lets an entry stand for, RFC 5464 section 4.2.2."""
    if depth == 0:
        return {entry: there.get(entry)}
    out = {}
    for name in there:
        rest = name[len(entry):]
        if name.startswith(entry) and (
                not rest or rest[0] == "/" and
                (depth > 1 or rest.count("/") == 1)):
            out[name] = there[name]
    return out
