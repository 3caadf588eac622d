"""compare_mailboxes.py -- CREATE, LIST, LSUB, STATUS, SELECT and RENAME."""
import unittest

import messages
from peers import CompareTest

CREATE = [b"a", b"a/b", b"a/b/c", b"deep", b"deep/er", b"deep/er/est",
          b"Work", b"work2", b'"with space"', b"&AOk-t&AOk-", b"a.b", b"list",
          b"list/sub", b"inbox/child", b"Z-", b"&Jjo-", b"tree", b"tree/one",
          b"tree/two", b"tree/two/x"]
REFERENCES = [b'""', b"a", b'"a/"', b"tree/", b"none/"]
PATTERNS = [b'""', b"*", b"%", b"a", b"A", b"a*", b"a/%", b"a/*", b"%/%",
            b"%/%/%", b"*/c", b"*c", b"%b", b"inbox", b"INBOX", b"InBoX",
            b"in%", b"IN*", b"INBOX/%", b"inbox/*", b"*o*", b"%o%", b"tree",
            b"tree/", b"tree/%", b"deep", b"deep/%", b"deep/er/%", b"none",
            b"none/*", b"&AOk-*", b"*&AOk-", b'"with*"', b'"with space"',
            b"%%", b"**", b"*%", b"%*", b"x*", b"a.%", b"list", b"list/%",
            b"/", b"/%", b"(a b)", b'("a%" "tree*")', b'"w%"', b"%/two",
            b"b", b"c"]
EXTENDED = [b'LIST (SUBSCRIBED) "" *', b'LIST (SUBSCRIBED) "" %',
            b'LIST (SUBSCRIBED RECURSIVEMATCH) "" %',
            b'LIST "" % RETURN (SUBSCRIBED)', b'LIST "" * RETURN (CHILDREN)',
            b'LIST "" (a tree) RETURN (CHILDREN SUBSCRIBED)',
            b'LIST "" * RETURN ()', b'LIST () "" *',
            b'LIST (RECURSIVEMATCH) "" *', b'LIST (FOO) "" *',
            b'LIST "" * RETURN (FOO)',
            b'LIST "" a RETURN (STATUS (MESSAGES UNSEEN))',
            b'LIST "" % RETURN (STATUS (MESSAGES UIDNEXT UNSEEN SIZE))',
            b'LIST "" tree* RETURN (CHILDREN STATUS (MESSAGES))',
            b'LIST (SUBSCRIBED) "" * RETURN (STATUS (MESSAGES) CHILDREN)',
            b'LIST "" (a* tree/%) RETURN (SUBSCRIBED STATUS (UNSEEN))',
            b'LIST "" none RETURN (STATUS (MESSAGES))',
            b'LIST "" * RETURN (STATUS)', b'LIST "" * RETURN (STATUS (NONE))',
            b'LIST (REMOTE) "" *', b'LIST (SUBSCRIBED REMOTE) "" %',
            b'LIST (RECURSIVEMATCH SUBSCRIBED) "" *',
            b'LIST (SUBSCRIBED RECURSIVEMATCH) "" (% tree/%)',
            b'LIST (SUBSCRIBED RECURSIVEMATCH) "" a RETURN (SUBSCRIBED)',
            b'LIST (SUBSCRIBED) "" (none %) RETURN (CHILDREN)',
            b'LIST (SUBSCRIBED) a/ % RETURN (SUBSCRIBED)',
            b'LIST "" ()', b'LIST (SUBSCRIBED) ""', b'LIST () "" * RETURN',
            b'LIST (SPECIAL-USE) "" *', b'LIST "" * RETURN (SPECIAL-USE)']
STATUS = [b"MESSAGES", b"UIDNEXT", b"UNSEEN", b"RECENT", b"SIZE",
          b"MESSAGES UIDNEXT UNSEEN", b"MESSAGES MESSAGES"]
# Special-use mailboxes are roost's own; names of users are theirs.
OWN = {b"Archive", b"Drafts", b"Junk", b"Sent", b"Trash"}
# Codes of extensions that this Dovecot has not, or keeps for who asks.
EXTENSIONS = {"HIGHESTMODSEQ", "MAILBOXID"}
UNALIKE = {"UIDVALIDITY", "HIGHESTMODSEQ", "MAILBOXID"}


def shown(answer):
    """LIST and LSUB answers without roost's own mailboxes, in any order; the
    names of STATUS in lower case, however they were written.
    """
    out = [x for x in answer.untagged
           if x[0] in ("LIST", "LSUB") and x[3] not in OWN]
    for _, name, items in answer.named("STATUS"):
        name = name if isinstance(name, bytes) else name.encode()
        if name.title() not in OWN:
            out.append(("STATUS", name.lower(), items))
    return sorted(out, key=repr)


class Mailboxes(CompareTest):
    def setUp(self):
        super().setUp()
        self.both = self.pair(self.new_user())

    def tearDown(self):
        self.both.close()
        super().tearDown()

    def status(self, command):
        a, b = self.both.ask(command)
        self.check("status of %r" % command, a.status, b.status)
        return a, b

    def tree(self):
        for name in CREATE:
            self.both.ask(b"CREATE " + name)
        for name in (b"INBOX", b"a/b", b"tree/two/x", b"Work", b"deep/er"):
            self.both.need(b"SUBSCRIBE " + name)
        for what in (b"CREATE gone", b"CREATE gone/x", b"SUBSCRIBE gone/x",
                     b"DELETE gone/x"):
            self.both.need(what)

    def listed(self, command, after=""):
        a, b = self.status(command)
        self.check("answer of %r%s" % (command, after), shown(a), shown(b))

    def change(self, command):
        """And what is there afterwards."""
        self.status(command)
        for ask in (b'LIST "" *', b'LSUB "" *'):
            self.listed(ask, " after " + command.decode())

    def test_list(self):
        self.tree()
        for reference in REFERENCES:
            for pattern in PATTERNS:
                self.listed(b"LIST %s %s" % (reference, pattern))

    def test_lsub(self):
        self.tree()
        for reference in REFERENCES:
            for pattern in PATTERNS:
                if not pattern.startswith(b"("):
                    self.listed(b"LSUB %s %s" % (reference, pattern))

    def test_list_extended(self):
        self.tree()
        for command in EXTENDED:
            self.listed(command)

    def test_create(self):
        for name in CREATE + [b"a", b"INBOX", b"inbox", b"a/", b"a//b", b"/a",
                              b'""', b"/", b"a/../b", b"a/./b", b"..", b"a*",
                              b"a%b", b"&", b"&-", b"&AOk", b"&-&-", b"&!-",
                              b"x" * 200, b"/".join([b"d"] * 30),
                              b"&AGE-", b"~x", b"#x", b"implicit/parent",
                              b"slashed/"]:
            self.status(b"CREATE " + name)
        for pattern in (b"a/*", b"list*", b"implicit*", b"slashed*"):
            self.listed(b'LIST "" ' + pattern)

    def test_delete(self):
        self.tree()
        for name in (b"a", b"a", b"a/b", b"a/b/c", b"none", b"INBOX", b"deep",
                     b"deep/er/est", b"deep/er", b"tree/two/x", b"Work/"):
            self.change(b"DELETE " + name)

    def test_rename(self):
        self.tree()
        for names in (b"a z", b"z/b z/y", b"tree tree2", b"none x",
                      b"Work work2", b"Work Work", b"z z/inner", b"list new",
                      b"deep/er new/er"):
            self.change(b"RENAME " + names)

    def test_rename_unlike(self):
        """One tree each: afterwards they differ."""
        for names in (b"INBOX old", b"work2 INBOX", b"deep/er moved/er"):
            self.both.close()
            self.both = self.pair(self.new_user())
            self.tree()
            self.change(b"RENAME " + names)

    def test_subscribe(self):
        for name in (b"INBOX", b"none", b"none/deeper", b"inbox", b'""',
                     b"a*", b"INBOX"):
            self.status(b"SUBSCRIBE " + name)
            self.listed(b'LSUB "" *')
        for name in (b"none", b"none", b"INBOX", b"other"):
            self.status(b"UNSUBSCRIBE " + name)
            self.listed(b'LSUB "" *')

    def items(self, answer):
        """STATUS answers as (name, {item: value})."""
        out = []
        for x in answer.named("STATUS"):
            items = dict(zip(x[2][::2], x[2][1::2]))
            out.append((str(x[1]).upper(), {k: v for k, v in items.items()
                                            if k not in UNALIKE}))
        return out

    def test_status(self):
        self.both.need(b"CREATE box")
        for n, (_, text) in enumerate(messages.sample()):
            self.both.append(b"box", text, b"(\\Seen)" if n % 3 else b"()")
        self.both.need(b"SELECT INBOX")
        for box in (b"box", b"INBOX", b"inbox", b"none", b'"box"'):
            for items in STATUS + [b"UIDVALIDITY", b"FOO", b"", b"MESSAGES "]:
                command = b"STATUS %s (%s)" % (box, items)
                a, b = self.status(command)
                self.check("answer of %r" % command, self.items(a),
                           self.items(b))
        self.both.need(b"SELECT box")
        self.both.append(b"box", b"Subject: x\r\n\r\n")
        self.status(b"STATUS box (MESSAGES UIDNEXT UNSEEN)")

    def selected(self, command):
        """Which responses and codes come; EXISTS, FLAGS and the like as they
        are."""
        for n, answer in enumerate(self.both.ask(command)):
            codes = [x[1] for x in answer.untagged if x[0] == "OK" and
                     x[1:] and x[1] not in EXTENSIONS]
            numbers = [x for x in answer.untagged if x[0] == "OK" and
                       x[1:] and x[1] in ("UNSEEN", "UIDNEXT")]
            permanent = [x[2:] for x in answer.untagged
                         if x[:2] == ("OK", "PERMANENTFLAGS")]
            lists = answer.named("LIST")
            yield {"status": answer.status, "code": answer.code,
                   "codes": sorted(set(codes)), "numbers": sorted(numbers),
                   "permanent": permanent, "list": len(lists),
                   "exists": answer.named("EXISTS", "RECENT"),
                   "flags": [sorted(x[1]) for x in answer.named("FLAGS")]}

    def test_select(self):
        self.both.need(b"CREATE box")
        for n, (_, text) in enumerate(messages.sample()):
            self.both.append(b"box", text, b"(\\Seen)" if n < 7 else
                             b"(\\Draft $Key)")
        for command in (b"SELECT INBOX", b"EXAMINE INBOX", b"SELECT box",
                        b"EXAMINE box", b"SELECT none", b"SELECT inbox",
                        b"SELECT box (CONDSTORE)", b"SELECT"):
            a, b = self.selected(command)
            for key in a:
                self.check("%s of %r" % (key, command), a[key], b[key])


if __name__ == "__main__":
    unittest.main()
