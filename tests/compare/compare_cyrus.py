"""compare_cyrus.py -- what Dovecot has not, or not so: beside Cyrus.

Rights (RFC 4314) with a visitor, annotations (RFC 5464), object ids, SAVEDATE,
PREVIEW and WITHIN (RFC 8474, 8514, 8970, 5032), CATENATE (RFC 4469), special
uses (RFC 6154), and of the other files what asks about LIST-EXTENDED, SORT and
THREAD, CONDSTORE and QRESYNC, METADATA and QUOTA.
"""
import re
import unittest

import compare_account
import compare_mailboxes
import compare_sort
import compare_sync
from peers import PASSWORD, CompareTest
from wire import Peer

SETTINGS = """
conversations: yes
conversations_max_guidinfolder: 1000
autocreate_inbox_folders: Sent
specialuse_extra: \\\\Important
"""
# What a visitor with some rights tries, each time in a mailbox made anew.
TRIES = [
    b"MYRIGHTS %s", b"STATUS %s (MESSAGES UNSEEN)", b"GETACL %s",
    b"LISTRIGHTS %s fred", b"SETACL %s fred l", b"DELETEACL %s fred",
    b"CREATE %s/below", b"GETMETADATA %s /shared/comment",
    b'SETMETADATA %s (/shared/comment "x")',
    b'SETMETADATA %s (/private/comment "x")', b"SUBSCRIBE %s",
    b"UNSUBSCRIBE %s", b"EXAMINE %s", b"SELECT %s", b"FETCH 1 FLAGS",
    b"STORE 1 +FLAGS (\\Seen)", b"STORE 1 +FLAGS (\\Deleted)",
    b"STORE 1 +FLAGS (\\Flagged)", b"STORE 1 +FLAGS (word)",
    b"STORE 2 +FLAGS (\\Seen \\Flagged \\Deleted)",
    b"STORE 2 FLAGS (\\Answered)", b"STORE 2 FLAGS ()",
    b"STORE 2 -FLAGS (\\Flagged)", b"FETCH 1:* FLAGS", b"SEARCH ALL",
    b"FETCH 3 BODY[TEXT]", b"FETCH 3 FLAGS", b"COPY 1 INBOX",
    b"STORE 1 +FLAGS.SILENT (\\Deleted)", b"EXPUNGE", b"CLOSE",
    b"COPY 1 %s", b"SELECT INBOX", b"COPY 1 %s",
    [b"APPEND %s (\\Seen \\Flagged word) {14}", b"Subject: x\r\n\r\n"],
    b"STATUS %s (MESSAGES)", b"DELETE %s", b"RENAME %s %s2"]
RIGHTS = ["", "l", "r", "lr", "lrs", "lrw", "lrt", "lrte", "lre", "lri",
          "lrsi", "lrswi", "lrk", "lrx", "lra", "la", "lrswipkxte",
          "lrswipkxtea", "lrc", "lrd", "i", "lk"]
OWN = [b"MYRIGHTS box", b"GETACL box", b"SETACL box fred lr", b"GETACL box",
       b"SETACL box fred +sw", b"GETACL box", b"SETACL box fred -r",
       b"GETACL box", b"SETACL box fred lrq", b"SETACL box fred LR",
       b"SETACL box fred", b"SETACL box", b"SETACL none fred lr",
       b"SETACL box -fred w", b"GETACL box", b"SETACL box anyone l",
       b"GETACL box", b"DELETEACL box fred", b"GETACL box",
       b"DELETEACL box -fred", b"DELETEACL box anyone", b"GETACL box",
       b"DELETEACL box nobody", b"GETACL none", b"MYRIGHTS none",
       b"LISTRIGHTS box fred", b"LISTRIGHTS box", b"GETACL",
       b"SETACL box fred \"\"", b"GETACL box", b"CREATE box/below",
       b"SETACL box fred lrs", b"CREATE box/later", b"GETACL box/below",
       b"GETACL box/later", b"RENAME box/later moved", b"GETACL moved",
       b"DELETE moved", b"CREATE moved", b"GETACL moved",
       b"LIST \"\" box RETURN (MYRIGHTS)",
       b"LIST \"\" (box none) RETURN (MYRIGHTS STATUS (MESSAGES))",
       b"LIST (SUBSCRIBED) \"\" * RETURN (MYRIGHTS)"]
ANNOTATIONS = [
    b"GETMETADATA INBOX /private/comment",
    b"SETMETADATA INBOX (/private/comment \"mine\")",
    b"GETMETADATA INBOX /private/comment",
    b"GETMETADATA INBOX (/private/comment /shared/comment)",
    b"SETMETADATA INBOX (/shared/comment \"ours\")",
    b"GETMETADATA INBOX (/shared/comment /private/comment)",
    b"GETMETADATA (MAXSIZE 2) INBOX (/private/comment /shared/comment)",
    b"SETMETADATA INBOX (/private/comment NIL)",
    b"GETMETADATA INBOX /private/comment",
    b"GETMETADATA none /private/comment",
    b"SETMETADATA none (/private/comment \"x\")",
    b"SETMETADATA INBOX ()", b"SETMETADATA INBOX (/private/comment)",
    b"GETMETADATA INBOX", b"GETMETADATA",
    b"GETMETADATA (DEPTH 2) INBOX /private/comment",
    b"SETMETADATA INBOX (/private/specialuse \"\\\\Nosuch\")",
    b"SETMETADATA box (/private/specialuse \"\\\\Junk\")",
    b"GETMETADATA box /private/specialuse",
    b"LIST (SPECIAL-USE) \"\" box", b"LIST \"\" box RETURN (SPECIAL-USE)",
    b"SETMETADATA box (/private/specialuse NIL)",
    b"LIST (SPECIAL-USE) \"\" box",
    b"CREATE special (USE (\\Archive))", b"LIST \"\" special",
    b"CREATE odd (USE (\\Nosuch))", b"CREATE two (USE (\\Drafts \\All))",
    b"LIST \"\" box RETURN (METADATA (/shared/comment))"]
LATE = [b"FETCH 1 (EMAILID THREADID)", b"SEARCH YOUNGER 3600",
        b"SEARCH OLDER 3600", b"SEARCH OLDER 0", b"SEARCH YOUNGER x",
        b"SEARCH SAVEDSINCE 1-Jan-2020", b"SEARCH SAVEDBEFORE 1-Jan-2020",
        b"SEARCH SAVEDON 1-Jan-2020", b"SEARCH SAVEDATESUPPORTED",
        b"FETCH 1 SAVEDATE", b"FETCH 1 PREVIEW", b"FETCH 1 (PREVIEW (LAZY))",
        b"FETCH 1 PREVIEW (FOO)", b"SEARCH EMAILID none",
        b"SEARCH THREADID none", b"STATUS INBOX (MAILBOXID)",
        b"STATUS INBOX (SIZE)", b"FETCH 1 BINARY[1]",
        b"FETCH 1 BINARY.SIZE[1]", b"FETCH 1 BINARY.PEEK[1]<2.3>",
        b"FETCH 1 BINARY[TEXT]", b"FETCH 1 BINARY[9]",
        b"SEARCH RETURN (MIN MAX) ALL", b"SEARCH RETURN () ALL",
        b"SEARCH RETURN (COUNT) NOT ALL", b"SEARCH RETURN (ALL) 1:*",
        b"SEARCH RETURN (MIN COUNT MAX ALL) SEEN",
        b"UID SEARCH RETURN (ALL) 2:*", b"SEARCH RETURN (FOO) ALL",
        [b"APPEND INBOX CATENATE (TEXT {14}", b"Subject: x\r\n\r\n TEXT {3}",
         b"abc)"], b"FETCH * (RFC822.SIZE BODY.PEEK[])",
        [b"APPEND INBOX CATENATE (URL \"/INBOX/;UID=1/;SECTION=HEADER\" TEXT"
         b" {3}", b"new)"], b"FETCH * BODY.PEEK[]",
        b"APPEND INBOX CATENATE (URL \"/INBOX/;UID=99\")",
        b"APPEND INBOX CATENATE (URL \"/none/;UID=1\")"]
MAIL = [b"Date: Mon, 2 Jan 2023 10:00:00 +0000\r\nSubject: %d\r\n"
        b"Message-ID: <%d@example.org>\r\n\r\nThis is %d.\r\n" % (n, n, n)
        for n in range(1, 6)]


ODD_SUBJECT = re.compile(rb"(?im)^subject:.*(=\?|[\x80-\xff])")
ODD_LETTERS = [(b"zoe", b"zebra"), (b"_u", b"apple"),
               (b"bob", b"=?utf-8?q?=C3=84rger?="), (b"ann", b"lunch"),
               (b"chi", b"=?utf-8?b?5YyX5Lqs?="),
               (b"kim", b"=?utf-8?b?7ISc7Jq4?=")]


class Cyrus(CompareTest):
    peer = "cyrus"
    more = SETTINGS

    def setUp(self):
        super().setUp()
        self.user = self.new_user()
        self.both = self.pair(self.user)
        self.both.need(b"CREATE box")

    def tearDown(self):
        self.both.close()
        super().tearDown()

    def asked(self, both, command, what=None):
        """Status, code and untagged answers."""
        a, b = both.ask(command)
        what = what or "%r" % (command,)
        self.check("status of " + what, a.status, b.status)
        self.check("code of " + what, a.code[:1], b.code[:1])
        return a, b

    def same(self, command):
        a, b = self.asked(self.both, command)
        self.check("answer of %r" % (command,), told(a), told(b))


class OneUser(Cyrus):
    def test_rights(self):
        for command in OWN:
            self.same(command)

    def test_annotations(self):
        for command in ANNOTATIONS:
            self.same(command)

    def test_late_extensions(self):
        for text in MAIL:
            self.both.append(b"INBOX", text)
        self.both.need(b"SELECT INBOX")
        for command in LATE:
            self.same(command)


class Visitor(Cyrus):
    """The owner gives, the visitor tries."""

    def names(self):
        """Both servers' names for the owner's mailboxes."""
        return b"Other Users/%s/" % self.user.encode(), \
            b"Other Users/%s/" % self.user.partition("@")[0].encode()

    def test_each_right(self):
        visitor = self.new_user()
        guest = self.pair(visitor)
        guest.append(b"INBOX", MAIL[0])
        for n, rights in enumerate(RIGHTS):
            box = b"box%d" % n
            self.both.need(b"CREATE " + box)
            for text in MAIL:
                self.both.append(box, text)
            self.both.need(b'SETACL %s %s "%s"' % (
                box, visitor.encode(), rights.encode()))
            guest.need(b"SELECT INBOX")
            for command in TRIES:
                self.tried(guest, rights, box, command)

    def tried(self, guest, rights, box, command):
        pair = []
        for peer, prefix in zip((guest.ours, guest.theirs), self.names()):
            peer.start(put(command, b'"%s%s"' % (prefix, box), prefix))
        for peer, prefix in zip((guest.ours, guest.theirs), self.names()):
            pair.append((peer.finish(), prefix))
        what = "%r with %r" % (command, rights)
        (a, x), (b, y) = pair
        self.check("status of " + what, a.status, b.status)
        if command != b"SELECT INBOX":      # where differences add up
            self.check("answer of " + what, plain(told(a), x),
                       plain(told(b), y))


def put(command, name, prefix):
    if isinstance(command, list):
        return [put(command[0], name, prefix)] + command[1:]
    command = command.replace(b"%s2", b'"%snew"' % prefix)
    return command.replace(b"%s/below", name[:-1] + b'/below"').replace(
        b"%s", name)


def told(answer):
    """Untagged answers but for what has values of its own, in any order."""
    out = []
    for x in answer.untagged:
        if x[0] == "OK":
            continue
        if x[0] in ("LIST", "LSUB"):
            x = (x[0], tuple(sorted(set(x[1]) - {
                "\\HASCHILDREN", "\\HASNOCHILDREN", "\\UNMARKED"})), *x[2:])
        if x[1:] == ("RECENT",):
            continue
        if x[0] == "FLAGS":
            x = (x[0], tuple(sorted(x[1])))
        if x[0] == "ESEARCH":
            x = (*x[:2], *sorted(map(repr, zip(x[2::2], x[3::2]))))
        if x[0] == "METADATA":
            x = (*x[:2], tuple(map(entry, x[2])))
        if x[0] in ("ACL", "LISTRIGHTS", "MYRIGHTS"):
            x = (*x[:2], *rights(x))
        if x[1:2] == ("FETCH",):
            items = [without_recent(y) for y in x[2]]
            if items[0] == "FLAGS" and re.search(
                    r"'(BODY\[TEXT|BINARY\[)", repr(answer)):
                items = items[2:]   # \\Seen comes in the same FETCH or not
            if not items:
                continue
            x = (*x[:2], tuple(items))
        out.append(x)
    return sorted(out, key=repr)


def entry(value):
    """An annotation's name, however it is written."""
    return value.lower().encode() if isinstance(value, str) else value


def rights(x):
    """Without n (RFC 5257), c and d, which RFC 4314 section 2.1.1 leaves to
    the server, digits, and entries without rights: they may stay or go.
    """
    words = [str(y.decode() if isinstance(y, bytes) else y) for y in x[2:]]
    if x[0] == "LISTRIGHTS":
        return words[0], "".join(sorted(set("".join(words[1:])) -
                                        set("CDN0123456789")))
    if x[0] == "MYRIGHTS":
        return ["".join(sorted(set(words[0]) - set("CDN")))]
    return sorted((who, "".join(sorted(set(letters) - set("CDN"))))
                  for who, letters in zip(words[::2], words[1::2]) if letters)


def without_recent(value):
    """Flags in any order."""
    if not isinstance(value, tuple) or \
            not all(isinstance(x, str) for x in value):
        return value
    return tuple(sorted(x for x in value if x != "\\RECENT"))


def plain(value, prefix):
    """With the same name of the mailbox in it."""
    return re.sub(re.escape(prefix.decode()), "P/", repr(value))


class Lists(compare_mailboxes.Mailboxes):
    """Of what Cyrus has in common; names that it takes differ too much."""
    peer = "cyrus"
    test_create = test_delete = test_rename = test_rename_unlike = None
    test_subscribe = test_lsub = test_select = test_status = None


class Sync(compare_sync.Sync):
    peer = "cyrus"


class Account(compare_account.Account):
    """An administrator sets the quota."""
    peer = "cyrus"
    more = "annotation_allow_undefined: yes\n"
    used = b"GETQUOTAROOT INBOX"

    def limit(self, user):
        admin = Peer(self.other.port + 1)
        self.addCleanup(admin.close)
        admin.login("cyrus", PASSWORD)
        self.assertEqual("OK", admin.ask(
            b"SETQUOTA user/%s (STORAGE 20 MESSAGE 9)" % user.encode()).status)


class Sort(compare_sort.Sort):
    """Of messages that Cyrus takes and letters that it knows how to sort;
    test_odd_letters has the others. It has no PARTIAL."""
    peer = "cyrus"
    people = [x for x in compare_sort.PEOPLE if not x.startswith(b"_")]
    topics = [x for x in compare_sort.TOPICS if not x.startswith(b"=")]
    returns = [x for x in compare_sort.RETURNS if b"PARTIAL" not in x]
    every = 6

    @classmethod
    def takes(cls, both, text):
        both.theirs.ask(b"CREATE trial")
        return not ODD_SUBJECT.search(text.partition(b"\r\n\r\n")[0]) and \
            both.theirs.append(b"trial", text).status == "OK"

    def test_odd_letters(self):
        both = self.pair(self.new_user())
        both.names = {}
        for n, (who, what) in enumerate(ODD_LETTERS, 1):
            both.append(b"INBOX", b"From: %s@example.org\r\nSubject: %s\r\n"
                        b"\r\nx\r\n" % (who, what))
            both.names[n] = who
        both.need(b"SELECT INBOX")
        for command in (b"SORT (FROM) UTF-8 ALL", b"SORT (SUBJECT) UTF-8 ALL",
                        b"THREAD ORDEREDSUBJECT UTF-8 ALL"):
            a, b = (self.shown(both, x) for x in both.need(command))
            self.check("odd letters: %r" % command, a, b)


if __name__ == "__main__":
    unittest.main()
