"""on_account.py -- the commands of session.py about annotations and quotas.

RFC 5464 (METADATA, METADATA-SERVER) and RFC 9208 (QUOTA).
"""
from account import No
from answer import Rules
from view import demand

ENTRIES = 128           # of a mailbox, src/base/limits.h


class AccountCommands:
    # -- annotations --

    def annotations(self, name):
        """{entry: value} of a mailbox, or of the server."""
        if not name:
            return self.account.annotations
        return self.account.find(self.name_of(name)).annotations

    def do_getmetadata(self, command, answer):
        there = dict(self.annotations(command.mailbox))
        if command.mailbox:         # RFC 6154 section 5.4
            name = self.name_of(command.mailbox)
            uses = self.account.mailboxes[name].uses
            if uses:
                there["/private/specialuse"] = b" ".join(
                    x[:2].upper().encode() + x[2:].encode()
                    for x in sorted(uses))
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
        there.clear()
        there.update(after)
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


def size(annotations):
    return sum(len(k) + len(v) for k, v in annotations.items())
