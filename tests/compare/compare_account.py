"""compare_account.py -- METADATA and QUOTA. RFC 5464, RFC 9208 (2087)"""
import unittest

from peers import CompareTest

SETTINGS = """
mail_plugins = quota
mail_attribute_dict = file:%h/attributes
protocol imap {
  mail_plugins = quota imap_quota
  imap_metadata = yes
}
plugin {
  quota = count:
  quota_vsizes = yes
  quota_rule = *:storage=20K:messages=9
}
"""
ANNOTATIONS = [
    b"GETMETADATA INBOX /private/comment",
    b"SETMETADATA INBOX (/private/comment \"mine\")",
    b"GETMETADATA INBOX /private/comment",
    b"GETMETADATA INBOX (/private/comment /shared/comment)",
    b"SETMETADATA INBOX (/private/a/b \"1\" /private/a/c \"22\")",
    b"SETMETADATA INBOX (/private/a \"\" /private/A/d \"NIL\")",
    b"GETMETADATA INBOX /PRIVATE/A", b"GETMETADATA INBOX /private/a/d",
    b"GETMETADATA (DEPTH 1) INBOX /private/a",
    b"GETMETADATA (DEPTH infinity) INBOX /private/a",
    b"GETMETADATA (DEPTH 0) INBOX (/private/a /private/none)",
    b"GETMETADATA (MAXSIZE 1) INBOX (/private/a/b /private/a/c)",
    b"GETMETADATA (MAXSIZE 1 DEPTH 1) INBOX /private/a",
    b"SETMETADATA INBOX (/private/a/b NIL)",
    b"SETMETADATA INBOX (/private/a/b NIL /private/none NIL)",
    b"GETMETADATA (DEPTH 1) INBOX /private/a",
    b"SETMETADATA box (/shared/comment \"ours\")",
    b"GETMETADATA box /shared/comment",
    b"GETMETADATA none /shared/comment",
    b"SETMETADATA none (/shared/comment \"x\")",
    b"SETMETADATA \"\" (/private/comment \"of the account\")",
    b"GETMETADATA \"\" /private/comment",
    [b"SETMETADATA INBOX (/private/long {9}", b"two\r\nline)"],
    b"GETMETADATA INBOX /private/long",
    b"RENAME box moved", b"GETMETADATA moved /shared/comment",
    b"DELETE moved", b"CREATE moved", b"GETMETADATA moved /shared/comment",
    b"SETMETADATA INBOX (/comment \"x\")", b"SETMETADATA INBOX ()",
    b"SETMETADATA INBOX (/private/comment)", b"GETMETADATA INBOX",
    b"SETMETADATA INBOX (/private/x* \"x\")", b"GETMETADATA INBOX /none",
    b"SETMETADATA INBOX (/private//x \"x\")",
    b"SETMETADATA INBOX (/private/x/ \"x\")", b"GETMETADATA",
    b"GETMETADATA (DEPTH 2) INBOX /private/a",
    b"GETMETADATA (NONE 1) INBOX /private/a"]
QUOTA = [b"GETQUOTAROOT INBOX", b"GETQUOTAROOT box", b"GETQUOTAROOT none",
         b"GETQUOTA \"\"", b"GETQUOTA none", b"GETQUOTA",
         b"SETQUOTA \"\" (STORAGE 5)", b"SETQUOTA \"\" ()",
         b"SETQUOTA \"\" (STORAGE x)"]
# Each changes what is used.
CHANGES = [b"COPY 1 box", b"COPY 1:2 box", b"STORE 1 +FLAGS.SILENT (\\Deleted)",
           b"EXPUNGE", b"MOVE 1 box", b"COPY 1:2 box", b"DELETE box",
           b"CREATE box", b"COPY 1:2 box", b"COPY 1:2 box", b"COPY 1:2 box",
           b"COPY 1:2 INBOX", b"MOVE 1 box"]


def entries(answer):
    """Annotations by mailbox; a name may come as an atom or a string."""
    def entry(name):
        return name.lower().encode() if isinstance(name, str) else name

    return sorted((x[1], *sorted(zip(map(entry, x[2][::2]), x[2][1::2]),
                                 key=repr))
                  for x in answer.named("METADATA"))


class Account(CompareTest):
    more = SETTINGS
    used = b"GETQUOTA \"\""

    def setUp(self):
        super().setUp()
        user = self.new_user()
        self.server.roost("user", "quota", user, "--storage", "20K",
                          "--messages", "9")
        self.both = self.pair(user)
        self.both.need(b"CREATE box")
        self.limit(user)

    def limit(self, user):
        """The same at the peer, unless its settings say so."""

    def tearDown(self):
        self.both.close()
        super().tearDown()

    def ask(self, command):
        a, b = self.both.ask(command)
        what = "%r" % command
        self.check("status of " + what, a.status, b.status)
        return a, b, what

    def test_metadata(self):
        for n, command in enumerate(ANNOTATIONS):
            a, b, what = self.ask(command)
            self.check("code of " + what, a.code, b.code)
            self.check("answer %d of %s" % (n, what), entries(a), entries(b))

    def quota(self, command):
        a, b, what = self.ask(command)
        self.check("answer of " + what, *(
            [sorted(zip(x[2][::3], x[2][1::3], x[2][2::3]))
             for x in y.named("QUOTA")] for y in (a, b)))
        self.check("roots of " + what, *(
            [x[1:2] for x in y.named("QUOTAROOT")] for y in (a, b)))

    def test_quota(self):
        for n in range(5):
            self.both.append(b"INBOX", b"Subject: %d\r\n\r\n%s\r\n" % (
                n, b"x" * 70 * n))
        self.both.need(b"SELECT INBOX")
        for command in QUOTA:
            self.quota(command)
        for command in CHANGES:
            a, b, what = self.ask(command)
            self.check("code of " + what, a.code[:1], b.code[:1])
            self.quota(self.used)
        for size in (5000, 12000, 100):
            a, b = self.both.append(b"box", b"Subject: x\r\n\r\n" +
                                    b"y" * size + b"\r\n")
            self.check("status of APPEND of %d" % size, (a.status, a.code[:1]),
                       (b.status, b.code[:1]))
            self.quota(self.used)


if __name__ == "__main__":
    unittest.main()
