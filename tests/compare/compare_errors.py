"""compare_errors.py -- commands that are slightly wrong: OK, NO or BAD?"""
import unittest

from peers import CompareTest

NOT_AUTHENTICATED = """CAPABILITY
NOOP
SELECT INBOX
FETCH 1 FLAGS
STATUS INBOX (MESSAGES)
LOGIN
LOGIN a
LOGIN a b c
LOGIN (a) b
AUTHENTICATE
AUTHENTICATE FOO
ENABLE CONDSTORE
FOO
UID
CLOSE""".encode().split(b"\n")

AUTHENTICATED = """CAPABILITY x
NOOP x
NOOP\x20
LOGIN a b
FETCH 1 FLAGS
SEARCH ALL
STORE 1 FLAGS ()
COPY 1 x
EXPUNGE
CLOSE
UNSELECT
CHECK
UID FETCH 1 FLAGS
FOO
SELECT
SELECT\x20
SELECT INBOX x
SELECT (INBOX)
SELECT none
SELECT "INBOX
SELECT IN"BOX
SELECT  INBOX
EXAMINE none
CREATE
CREATE a b
CREATE INBOX
DELETE INBOX
DELETE none
DELETE
RENAME a
RENAME none other
RENAME a b c
SUBSCRIBE
SUBSCRIBE a b
UNSUBSCRIBE none
LIST
LIST ""
LIST "" a b
LIST "" (
LIST "" ()
LIST () "" *
LIST (FOO) "" *
LSUB ""
STATUS
STATUS INBOX
STATUS INBOX ()
STATUS INBOX (FOO)
STATUS INBOX (MESSAGES
STATUS INBOX MESSAGES
STATUS none (MESSAGES)
APPEND
APPEND INBOX
APPEND INBOX ()
APPEND INBOX "x"
NAMESPACE x
NAMESPACE
ENABLE
ENABLE FOO
ENABLE CONDSTORE
ID
ID NIL
ID ()
ID ("a")
ID ("a" "b")
ID ("a" "b" "c")
ID (a b)
IDLE x
STARTTLS x
AUTHENTICATE PLAIN
GETQUOTAROOT INBOX
LOGOUT x""".encode().split(b"\n")

SELECTED = """FETCH
FETCH 1
FETCH 1 ()
FETCH 1 FOO
FETCH 1 (FLAGS
FETCH 1 FLAGS)
FETCH 1 (FLAGS,UID)
FETCH 1 FLAGS UID
FETCH  1 FLAGS
FETCH 1  FLAGS
FETCH a FLAGS
FETCH 0 FLAGS
FETCH 1:0 FLAGS
FETCH -1 FLAGS
FETCH 1- FLAGS
FETCH 1: FLAGS
FETCH :1 FLAGS
FETCH 1,, FLAGS
FETCH 1;2 FLAGS
FETCH 01 FLAGS
FETCH 4294967295 FLAGS
FETCH 4294967296 FLAGS
FETCH 99999999999999999999 FLAGS
FETCH $ FLAGS
FETCH 1 (ALL)
FETCH 1 ALL
FETCH 1 (FAST FLAGS)
FETCH 1 BODY[
FETCH 1 BODY[]<
FETCH 1 BODY[]<0
FETCH 1 BODY[]<0>
FETCH 1 BODY[]<0.0>
FETCH 1 BODY[]<0.1>
FETCH 1 BODY[]<1.0>
FETCH 1 BODY[]<-1.5>
FETCH 1 BODY[]<4294967296.1>
FETCH 1 BODY[]<0.4294967296>
FETCH 1 BODY[0]
FETCH 1 BODY[1.0]
FETCH 1 BODY[01]
FETCH 1 BODY[1.]
FETCH 1 BODY[.1]
FETCH 1 BODY[1..1]
FETCH 1 BODY[MIME]
FETCH 1 BODY[1.MIME]
FETCH 1 BODY[FOO]
FETCH 1 BODY[HEADER.FIELDS]
FETCH 1 BODY[HEADER.FIELDS ()]
FETCH 1 BODY[HEADER.FIELDS (]
FETCH 1 BODY[HEADER.FIELDS (a:b)]
FETCH 1 BODY[HEADER.FIELDS (Subject) ]
FETCH 1 BODY[HEADER.FIELDS Subject]
FETCH 1 BODY[HEADER ]
FETCH 1 BODY[1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1]
FETCH 1 body[header]
FETCH 1 Rfc822.Size
FETCH 1 RFC822.PEEK
FETCH 1 BODY.PEEK
FETCH 1 BINARY[]
FETCH 1 BINARY[HEADER]
FETCH 1 BINARY.SIZE[1]<0.1>
UID FETCH 1
UID FETCH
UID FOO 1
UID
UID EXPUNGE
UID EXPUNGE x
UID NOOP
STORE 1 FLAGS
STORE 1 (\\Seen)
STORE 1 FOO (\\Seen)
STORE 1 FLAGS (\\Foo)
STORE 1 FLAGS (\\)
STORE 1 FLAGS (\\Recent)
STORE 1 +FLAGS (\\Recent)
STORE 1 FLAGS (\\Seen
STORE 1 FLAGS \\Seen)
STORE 1 FLAGS ((\\Seen))
STORE 1 FLAGS (a"b)
STORE 1 FLAGS ("a")
STORE 1 FLAGS (a*b)
STORE 1 FLAGS (a]b)
STORE 1 ++FLAGS (a)
STORE 1 FLAGS.LOUD (a)
STORE 1 FLAGS () x
STORE 1 FLAGS \\*
STORE 99 FLAGS (a)
UID STORE 99 FLAGS (a)
COPY 1
COPY 1 none
COPY 99 INBOX
COPY INBOX 1
COPY 1 INBOX x
MOVE 1 none
MOVE 1
UID COPY 99 INBOX
UID MOVE 99 INBOX
SEARCH
SEARCH FOO
SEARCH ()
SEARCH (ALL
SEARCH ALL)
SEARCH NOT
SEARCH OR ALL
SEARCH OR
SEARCH KEYWORD
SEARCH KEYWORD \\Seen
SEARCH HEADER Subject
SEARCH SUBJECT
SEARCH SUBJECT (a)
SEARCH SUBJECT a*
SEARCH SUBJECT a]
SEARCH BEFORE 32-Jan-2024
SEARCH BEFORE 30-Feb-2024
SEARCH BEFORE 1-Foo-2024
SEARCH BEFORE 2024-01-01
SEARCH BEFORE 1-Jan-24
SEARCH BEFORE "1-Jan-2024
SEARCH BEFORE 0-Jan-2024
SEARCH LARGER
SEARCH LARGER x
SEARCH LARGER -1
SEARCH LARGER 4294967296
SEARCH UID
SEARCH UID x
SEARCH UID 0
SEARCH 0
SEARCH 99
SEARCH CHARSET
SEARCH CHARSET UTF-8
SEARCH CHARSET FOO ALL
SEARCH CHARSET "UTF-8" ALL
SEARCH ALL CHARSET UTF-8
SEARCH RETURN
SEARCH RETURN (FOO) ALL
SEARCH RETURN (MIN
SEARCH RETURN (MIN)
SEARCH  ALL
EXPUNGE x
CLOSE x
CHECK x
UNSELECT x
SELECT none
NOOP""".encode().split(b"\n")

# Bytes of whole commands, literals and all.
LITERALS = [[b"APPEND INBOX {0}", b""], [b"APPEND INBOX {5}", b"a: b\r"],
            [b"APPEND INBOX (\\Foo) {2}", b"\r\n"],
            [b"APPEND INBOX (\\Recent) {2}", b"\r\n"],
            [b'APPEND INBOX "1-Jan-2024 10:00:00 +0000" {2}', b"\r\n"],
            [b'APPEND INBOX "01-Jan-2024 10:00:00 +0000" {2}', b"\r\n"],
            [b'APPEND INBOX "32-Jan-2024 10:00:00 +0000" {2}', b"\r\n"],
            [b'APPEND INBOX "01-Jan-2024 25:00:00 +0000" {2}', b"\r\n"],
            [b'APPEND INBOX "01-Jan-2024 10:00:00" {2}', b"\r\n"],
            [b'APPEND INBOX " 1-jan-2024 10:00:00 +0000" {2}', b"\r\n"],
            [b"APPEND none {2}", b"\r\n"],
            [b"APPEND INBOX {2}", b"\r\n x"],
            [b"STATUS {5}", b"INBOX (MESSAGES)"],
            [b"STATUS {5}", b"INBOX(MESSAGES)"],
            [b"SEARCH SUBJECT {1}", b"x"], [b"SEARCH SUBJECT {0}", b""],
            [b"SEARCH CHARSET UTF-8 SUBJECT {2}", b"\xc3\x28"],
            [b"SEARCH CHARSET UTF-8 SUBJECT {2}", b"\xff\xfe"]]


# A server may hang up on who makes too many mistakes, sooner without a user.
MISTAKES = 8
MISTAKES_AS_NOBODY = 2


class Errors(CompareTest):
    def ask(self, both, command):
        """Whether both said the same."""
        a, b = both.ask(command)
        what = "".join(map(repr, [command] if isinstance(command, bytes)
                           else command))
        self.check("status of " + what, a.status, b.status)
        if a.status == b.status == "NO":
            self.check("code of " + what, a.code, b.code)
        return a.status == b.status

    def ask_all(self, user, commands, first=None):
        both = None
        most = MISTAKES if user else MISTAKES_AS_NOBODY
        for n, command in enumerate(commands):
            if both is None:
                both = self.pair(user)
            if first:
                both.need(first)
            if not self.ask(both, command) or n % most == most - 1:
                both.close()
                both = None

    def test_not_authenticated(self):
        self.ask_all(None, NOT_AUTHENTICATED)

    def test_authenticated(self):
        self.ask_all(self.new_user(), AUTHENTICATED)

    def selected(self, commands):
        user = self.new_user()
        both = self.pair(user)
        for n in range(3):
            both.append(b"INBOX", b"Subject: %d\r\n\r\nbody\r\n" % n)
        both.close()
        self.ask_all(user, commands, b"SELECT INBOX")

    def test_selected(self):
        self.selected(SELECTED)

    def test_literals(self):
        self.selected(LITERALS)


if __name__ == "__main__":
    unittest.main()
