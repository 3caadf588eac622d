"""compare_search.py -- generated SEARCH programs over the same mailbox."""
import random
import unittest

import messages
from peers import CompareTest

FLAGS = [b"()", b"(\\Seen)", b"(\\Answered \\Flagged)", b"(\\Deleted $Work)",
         b"(\\Draft \\Seen work)"]
DATES = [b" 1-Jul-2025 10:00:00 +0200", b"31-Dec-1999 23:59:59 +0000",
         b"29-Feb-2024 00:30:00 +0000", b" 1-Jan-2024 23:30:00 +0000"]

# One search key each; every key of RFC 9051 section 6.4.4 but \Recent's.
KEYS = """ALL
ANSWERED
UNANSWERED
DELETED
UNDELETED
DRAFT
UNDRAFT
FLAGGED
UNFLAGGED
SEEN
UNSEEN
KEYWORD $Work
KEYWORD WORK
UNKEYWORD work
KEYWORD none
LARGER 0
LARGER 500
SMALLER 500
SMALLER 1
LARGER 4294967295
BEFORE 1-Jan-2024
BEFORE 01-Jan-2024
ON 1-Jan-2024
ON 29-Feb-2024
SINCE 29-Feb-2024
SINCE "31-dec-1999"
BEFORE 31-Dec-1999
SENTBEFORE 1-Jan-2003
SENTON 21-Nov-2026
SENTON 22-Aug-2002
SENTSINCE 1-Sep-2002
SENTSINCE 1-Jan-2026
FROM example
FROM "Ada Example"
FROM Ada
FROM ada@EXAMPLE.com
FROM "<ada@"
TO demo
TO "demo@example.org"
CC example
CC ""
BCC h
SUBJECT re
SUBJECT "Re: "
SUBJECT =?utf
SUBJECT ""
SUBJECT "word1 word2"
HEADER Subject hard
HEADER subject ""
HEADER X-Spam ""
HEADER X-Mailer micro
HEADER Message-ID mail.example.com
HEADER Content-Type multipart
HEADER Content-Type boundary
HEADER Received ESMTP
HEADER X-None x
HEADER X-Long xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
BODY hello
BODY the
BODY inside
BODY "just text"
BODY boundary
BODY base64
BODY ""
TEXT example
TEXT inside
TEXT "Content-Type"
TEXT "one two"
TEXT unsubscribe
TEXT mortgage
BODY mortgage
BODY "lowest rates"
BODY =20
UID 1:*
UID 5,7,9:11
UID *
UID 999999
UID 999999:*
1
1:10
*
*:1
10:5
2,4,6,8:*
1:*""".encode().split(b"\n")

# Of what each part's BODYSTRUCTURE says. Debian's Dovecot has the key; in it no
# HEADER, BODY and TEXT, no size of a multipart, and it ends at a PARENT or at a
# part without a date.
PART_KEYS = """TYPE text
TYPE multipart
TYPE message
TYPE IMAGE
SUBTYPE html
SUBTYPE rfc822
(TYPE text SUBTYPE plain)
(TYPE text NOT SUBTYPE plain)
OR TYPE image TYPE application
ENCODING base64
ENCODING "quoted-printable"
DISPOSITION TYPE attachment
DISPOSITION TYPE inline
DISPOSITION PARAM filename ""
PARAM boundary ""
PARAM name ""
FILENAME CONTAINS "."
FILENAME CONTAINS "a"
FILENAME BEGINS "a"
(SIZE LARGER 100 NOT TYPE multipart)
(SIZE SMALLER 20 NOT TYPE multipart)
(TYPE text SIZE LARGER 500)
DEPTH 0
DEPTH 1
DEPTH 2
DEPTH MIN 2
DEPTH MIN 3
(DEPTH MAX 1 SUBTYPE html)
(DEPTH 1 INDEX 2)
(DEPTH 1 INDEX 3)
CHILD EXISTS
NOT CHILD EXISTS
PARENT EXISTS
(TYPE message CHILD TYPE text)
(TYPE multipart CHILD (TYPE text DEPTH 1))
(DEPTH 0 CHILD (DEPTH MIN 2 TYPE text))
SUBJECT ""
FROM "example"
TO example""".encode().split(b"\n")
# Their BODYSTRUCTURE is another there (known.py), or has RFC 2231 undecoded.
OTHER_PARTS = {"rfc822 base64", "global message", "type broken", "type empty",
               "type no subtype", "text after delimiter",
               "same boundary inside", "disposition only params",
               "param 2231", "param 2231 both", "param 2231 continued",
               "40-no-boundary.eml",
               "09-attachment-rfc2231.eml"}

# Beyond ASCII: (charset, key, text)
FOREIGN = [(charset, key, text) for key in (
    b"SUBJECT", b"FROM", b"BODY", b"TEXT", b"HEADER SUBJECT")
    for charset, text in (
        (b"UTF-8", "é".encode()), (b"UTF-8", "Grüße".encode()),
        (b"UTF-8", "GRÜSSE".encode()), (b"UTF-8", "grüße".encode()),
        (b"UTF-8", "Привет".encode()), (b"UTF-8", "привет".encode()),
        (b"UTF-8", "日本".encode()), (b"UTF-8", "Ελληνικ".encode()),
        (b"UTF-8", "Zürich".encode()), (b"UTF-8", "ZÜRICH".encode()),
        (b"UTF-8", "שלום".encode()), (b"UTF-8", "안녕".encode()),
        (b"UTF-8", "Ä".encode()), (b"UTF-8", "€".encode()),
        (b"ISO-8859-1", b"Gr\xfc\xdfe"), (b"ISO-8859-1", b"\xc4"),
        (b"US-ASCII", b"example"), (b"KOI8-R", b"\xf0\xd2\xc9"),
        (b"WINDOWS-1252", b"\x80"), (b"ISO-2022-JP", b"\x1b$BF|K\\\x1b(B"))]

RETURNS = [b"()", b"(ALL)", b"(COUNT)", b"(MIN)", b"(MAX)", b"(MIN MAX)",
           b"(MIN MAX COUNT ALL)", b"(COUNT MIN)", b"(SAVE)",
           b"(SAVE COUNT)", b"(MIN SAVE)"]


def program(rng, depth=0):
    """A search key, maybe of search keys."""
    kind = rng.randrange(6) if depth < 4 else 9
    if kind == 0:
        return b"NOT " + program(rng, depth + 1)
    if kind == 1:
        return b"OR %s %s" % (program(rng, depth + 1),
                              program(rng, depth + 1))
    if kind == 2:
        return b"(%s)" % b" ".join(program(rng, depth + 1)
                                   for _ in range(rng.randint(1, 3)))
    return rng.choice(KEYS)


def return_data(items):
    """What an ESEARCH response says, its items in any order."""
    uid = items[:1] == ("UID",)
    items = items[uid:]
    return [("UID", uid)] + sorted(zip(items[::2], items[1::2]), key=repr)


class Search(CompareTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        mail = list(messages.sample()) + list(messages.hard())
        cls.known = b"UID 1:%d" % len(mail)
        mail += list(messages.strangers())[::4]
        cls.both = cls.pair(cls.new_user())
        for n, (_, text) in enumerate(mail):
            cls.both.append(b"INBOX", text, FLAGS[n % len(FLAGS)],
                            DATES[n % len(DATES)])
        cls.both.need(b"SELECT INBOX")
        cls.both.need(b"STORE 3,30,33 +FLAGS.SILENT (\\Deleted)")
        cls.both.need(b"UID EXPUNGE 3,30,33")
        fetched = cls.both.ask(b"FETCH 1:* (UID)")[0].fetched()
        cls.names = {n: mail[x["UID"] - 1][0] for n, x in fetched.items()}
        cls.uid_names = {n: x[0] for n, x in enumerate(mail, 1)}

    def compare(self, command, but=()):
        a, b = self.both.ask(command)
        self.check("status of %r" % command, (a.status, a.code),
                   (b.status, b.code))
        what = b"".join(command) if isinstance(command, list) else command
        names = self.uid_names if what.startswith(b"UID") else self.names
        a, b = self.hits(a), self.hits(b)
        if isinstance(a, frozenset) and isinstance(b, frozenset):
            self.check("hits of %r" % what,
                       *(sorted({names[x] for x in y} - set(but))
                         for y in (a - b, b - a)))
        else:
            self.check("answer of %r" % what, a, b)

    @staticmethod
    def hits(answer):
        found = answer.named("SEARCH", "ESEARCH")
        if len(found) == 1 and found[0][0] == "SEARCH":
            return frozenset(found[0][1:])
        return [return_data(x[2:]) for x in found]

    def test_each_key(self):
        for key in KEYS:
            self.compare(b"SEARCH " + key)
            self.compare(b"SEARCH NOT " + key)
            self.compare(b"UID SEARCH " + key)

    def test_parts(self):
        for key in PART_KEYS:
            self.compare(b"SEARCH %s MIMEPART %s" % (self.known, key),
                         OTHER_PARTS)
            self.compare(b"UID SEARCH %s NOT MIMEPART %s" % (self.known, key),
                         OTHER_PARTS)

    def test_programs(self):
        rng = random.Random(3501)
        for _ in range(300):
            keys = [program(rng) for _ in range(rng.randint(1, 3))]
            self.compare(rng.choice([b"", b"UID "]) + b"SEARCH " +
                         b" ".join(keys))

    def test_charsets(self):
        for charset, key, text in FOREIGN:
            self.compare([b"SEARCH CHARSET %s %s {%d}" % (
                charset, key, len(text)), text])

    def test_return(self):
        rng = random.Random(4731)
        for n in range(80):
            self.compare(b"%sSEARCH RETURN %s %s" % (
                b"UID " * (n % 2), RETURNS[n % len(RETURNS)], program(rng)))

    def test_saved(self):
        self.compare(b"SEARCH RETURN (SAVE) SEEN")
        for command in (b"SEARCH $", b"SEARCH NOT $", b"UID SEARCH UID $",
                        b"SEARCH RETURN (COUNT) $ DRAFT", b"SEARCH OR $ 1"):
            self.compare(command)


if __name__ == "__main__":
    unittest.main()
