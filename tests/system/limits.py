"""limits.py -- every bound of src/base/limits.h: at it, beyond it, and never
finished. behaviour 198

A row of LIMITS takes a limit to n, which works, and to n + 1, which gets the
named answer; UNFINISHED has what is begun on many connections and never
ended, and what each of them may cost the server meanwhile. A limit that
needs no wire is proved by the test that ELSEWHERE names. test_the_table
fails when a constant is in none of them. What a message may cost its parser
(parse_memory, parse_time) is no number of octets: hostile_mail.py has what
stays below it and what goes beyond; the frames are LIMIT_FRAME's.
"""
import contextlib
import json
import os
import re
import unittest

import support
from harness import ROOT, Raw, cpu_s, memory_kb
from processes import wait_for

HEADER = os.path.join(ROOT, "src", "base", "limits.h")


def constants():
    """{name: value}; the values are products and shifts of numbers."""
    with open(HEADER) as f:
        found = re.findall(r"\b(LIMIT_\w+) = ([\d <*]+),", f.read())
    return {name: eval(value) for name, value in found}


L = constants()


# -- what is sent --

def words(n, size):
    """n different atoms of so many octets, and spaces between them."""
    return b" ".join(b"%0*d" % (size, i) for i in range(n))


def id_pairs(n, key=4, value=4):
    pairs = [b'"%s" "%s"' % (b"k" * key, b"v" * value)] * n
    return b"a ID (" + b" ".join(pairs) + b")\r\n"


def id_of(size):
    """An ID command of exactly so many octets."""
    n = min(L["LIMIT_ID_PAIRS"], 1 + size // 1000)
    rest = size - len(id_pairs(n, 1, 0))
    values = [rest // n + (i < rest % n) for i in range(n)]
    return (b"a ID (" + b" ".join(b'"k" "%s"' % (b"v" * v) for v in values)
            + b")\r\n")


def padded(start, end, size):
    """So many octets in all, before the line's end."""
    return start + b"x" * (size - len(start) - len(end)) + end + b"\r\n"


def appended(n, size):
    """MULTIAPPEND of n messages of so many octets in all."""
    sizes = [size // n + (i < size % n) for i in range(n)]
    return (b"a APPEND INBOX" + b"".join(
        b" {%d+}\r\n" % s + b"A: b\r\n\r\n".ljust(s, b"x") for s in sizes)
        + b"\r\n")


def literals(size):
    """A SEARCH of so many octets, its line end apart."""
    out = b"a SEARCH"
    most = L["LIMIT_LITERAL"]
    while size - len(out) > most + 100:
        out += b" NOT TEXT {%d+}\r\n" % (most - 100) + b"x" * (most - 100)
    rest = size - len(out) - len(b" NOT TEXT {00000+}\r\n")
    return out + b" NOT TEXT {%05d+}\r\n" % rest + b"x" * rest + b"\r\n"


def context_of(n):
    """A search of so many keys whose result is kept."""
    return b"a SEARCH RETURN (UPDATE COUNT)" + b" ALL" * n + b"\r\n"


def acl_of(n):
    return b"".join(b"a SETACL INBOX user%d lr\r\n" % i for i in range(n))


OK = rb"(?m)^a OK"
NO = rb"(?m)^a NO"
BAD = rb"(?m)^a BAD"
BYE = rb"(?m)^\* BYE"
LIMIT = rb"(?m)^a NO \[LIMIT\]"

# name, who sends, n -> what is sent, the answer to n, the answer to n + 1
LIMITS = [
    ("LIMIT_TAG", "stranger", lambda n: b"a" * n + b" NOOP\r\n",
     rb"(?m)^a+ OK", rb"(?m)^\* BAD"),
    ("LIMIT_PREAUTH_LINE", "stranger", id_of, OK, rb"(?m)^(a|\*) BAD"),
    ("LIMIT_PREAUTH_LITERAL", "stranger",
     lambda n: b"a LOGIN {%d}\r\n" % n, rb"^\+ ", LIMIT),
    ("LIMIT_PREAUTH_INPUT", "stranger",
     lambda n: id_of(8000) * 8 + id_of(n - 64000),
     rb"((\*[^\n]*\n)?a OK[^\n]*\n){9}", BYE),
    ("LIMIT_PREAUTH_COMMANDS", "stranger",
     lambda n: b"a NOOP\r\n" * n, rb"(a OK[^*]*){20}", BYE),
    ("LIMIT_PREAUTH_BAD", "stranger",
     lambda n: b"a X\r\n" * (n - 1) + b"a NOOP\r\n", OK, BYE),
    ("LIMIT_LOGIN_FAILURES", "stranger",
     lambda n: b"a LOGIN x y\r\n" * (n - 1) + b"a NOOP\r\n", OK, BYE),
    ("LIMIT_ID_PAIRS", "stranger", id_pairs, OK, BAD),
    ("LIMIT_ID_KEY", "stranger", lambda n: id_pairs(1, key=n), OK, BAD),
    ("LIMIT_ID_VALUE", "stranger", lambda n: id_pairs(1, value=n), OK, BAD),
    ("LIMIT_SASL_LINE", "stranger",
     lambda n: b"a AUTHENTICATE PLAIN\r\n" + b"A" * n + b"\r\n",
     rb"(?m)^a (NO|BAD)(?!.*too long)", rb"(?m)^a BAD .*too long"),

    ("LIMIT_LINE", "user",
     lambda n: padded(b'a SEARCH TEXT "', b'"', n - 1), OK, BAD),
    ("LIMIT_LITERAL", "user",
     lambda n: b"a SEARCH TEXT {%d}\r\n" % n, rb"^\+ ", LIMIT),
    ("LIMIT_COMMAND", "user", lambda n: literals(n - 1), OK, BAD),
    # the search program itself is one level
    ("LIMIT_DEPTH", "user",
     lambda n: b"a SEARCH " + b"(" * (n - 1) + b"ALL" + b")" * (n - 1)
     + b"\r\n", OK, BAD),
    # an OR is a key itself, and two more
    ("LIMIT_SEARCH_KEYS", "user",
     lambda n: b"a SEARCH" + b" ALL" * (n - 3) + b" OR SEEN DELETED\r\n",
     OK, LIMIT),
    ("LIMIT_FETCH_ITEMS", "user",
     lambda n: b"a FETCH 1 (" + b" ".join([b"BODY[]"] * n) + b")\r\n",
     OK, LIMIT),
    ("LIMIT_UIDBATCHES", "user",
     lambda n: b"a UIDBATCHES 500 1:%d\r\n" % n, OK, rb"(?m)^a NO \[TOOMANY\]"),
    ("LIMIT_BAD", "user",
     lambda n: b"a X\r\n" * (n - 1) + b"a NOOP\r\n", OK, BYE),
    ("LIMIT_SOURCES", "user",
     lambda n: b"a ESEARCH IN (mailboxes (" + words(n, 4)
     + b")) ALL\r\n", OK, LIMIT),
    ("LIMIT_LIST_PATTERNS", "user",
     lambda n: b'a LIST "" (' + words(n, 4) + b")\r\n", OK, LIMIT),
    ("LIMIT_LIST_PATTERN", "user",
     lambda n: b'a LIST "" ' + b"x" * n + b"\r\n", OK, LIMIT),
    ("LIMIT_NAME", "user",
     lambda n: b"a CREATE " + b"/".join([b"n" * 199] * 4)
     + b"/" + b"n" * (n - 800) + b"\r\n", OK, NO),
    ("LIMIT_NAME_LEVEL", "user",
     lambda n: b"a CREATE " + b"m" * n + b"\r\n", OK, NO),
    ("LIMIT_NAME_LEVELS", "user",
     lambda n: b"a CREATE " + b"/".join([b"l"] * n) + b"\r\n", OK, NO),
    ("LIMIT_KEYWORD", "user",
     lambda n: b"a STORE 1 +FLAGS (" + b"k" * n + b")\r\n", OK, NO),
    ("LIMIT_KEYWORDS", "user",
     lambda n: b"a STORE 1 FLAGS (" + words(n, 9) + b")\r\n", OK, LIMIT),
    ("LIMIT_ACL_IDENTIFIER", "user",
     lambda n: b"a SETACL INBOX " + b"n" * n + b" lr\r\n", OK, LIMIT),
    ("LIMIT_METADATA_NAME", "user",
     lambda n: b"a SETMETADATA INBOX (/shared/" + b"n" * (n - 8)
     + b' "x")\r\n', OK, LIMIT),
    ("LIMIT_METADATA_VALUE", "user",
     lambda n: b"a SETMETADATA INBOX (/shared/x {%d+}\r\n" % n + b"x" * n
     + b")\r\n", OK, rb"(?m)^a NO \[METADATA MAXSIZE 32768\]"),
    ("LIMIT_METADATA_ENTRIES", "user",
     lambda n: b"a GETMETADATA INBOX (" + b" ".join([b"/shared/x"] * n)
     + b")\r\n", OK, LIMIT),
    ("LIMIT_APPEND_MESSAGES", "user",
     lambda n: appended(n, 20 * n), OK, LIMIT),
    ("LIMIT_CATENATE_URLS", "user",
     lambda n: b"a APPEND INBOX CATENATE (" + b" ".join(
         [b"URL /INBOX/;UID=1/;SECTION=1"] * n) + b")\r\n", OK, LIMIT),
    ("LIMIT_APPEND_BYTES", "user", lambda n: appended(2, n), OK, LIMIT),

    ("LIMIT_LMTP_LINE", "lmtp",
     lambda n: padded(b"NOOP ", b"", n - 1), rb"^250", rb"^500"),
    ("LIMIT_LMTP_PATH", "lmtp",
     lambda n: b"MAIL FROM:<" + b"a" * (n - 12) + b"@example.org>\r\n",
     rb"^250", rb"^5\d\d"),
    ("LIMIT_LMTP_RECIPIENTS", "lmtp",
     lambda n: b"MAIL FROM:<>\r\n" + b"".join(
         b"RCPT TO:<{user}+%d@example.org>\r\n" % i for i in range(n)),
     rb"^(250[^\n]*\n){1001}", rb"(?m)^452"),
]

# what is begun and never ended, by whom, and KiB that each may cost
UNFINISHED = [
    ("stranger", b"a NOOP " + b"x" * L["LIMIT_PREAUTH_LINE"], 64),
    ("stranger", b"a NOOP " + b"(" * L["LIMIT_PREAUTH_LINE"], 64),
    ("stranger", id_of(L["LIMIT_PREAUTH_LINE"])[:-2], 64),
    ("stranger", b"a LOGIN {%d}\r\n" % L["LIMIT_PREAUTH_LITERAL"]
     + b"x" * (L["LIMIT_PREAUTH_LITERAL"] - 1), 64),
    ("stranger", b"a AUTHENTICATE PLAIN\r\n" + b"A" * L["LIMIT_SASL_LINE"],
     64),
    ("user", b"a SEARCH " + b"(" * L["LIMIT_LINE"], 256),
    ("user", b"a SEARCH " + b"(" * 1000000, 256),
    ("user", literals(L["LIMIT_COMMAND"])[:-2], 768),
    ("user", b"a SEARCH" + b" ALL" * (2 * L["LIMIT_SEARCH_KEYS"]), 256),
    ("user", b"a FETCH 1 (" + b"BODY[] " * (2 * L["LIMIT_FETCH_ITEMS"]), 256),
    ("user", b'a LIST "" (' + words(10000, 6), 256),
    ("user", appended(L["LIMIT_APPEND_MESSAGES"],
                      20 * L["LIMIT_APPEND_MESSAGES"])[:-2], 2048),
    ("user", appended(1, 1 << 20)[:-4], 1024),
    ("user", b"a ESEARCH IN (mailboxes (" + words(2 * L["LIMIT_SOURCES"], 6),
     64),
    ("user", b"a NOTIFY SET" + b" (INBOXES (MessageNew MessageExpunge))"
     * (2 * L["LIMIT_NOTIFY_GROUPS"]), 64),
    ("user", b"a NOTIFY SET (MAILBOXES ("
     + words(2 * L["LIMIT_NOTIFY_NAMES"], 6), 256),
    ("user", b"a SEARCH RETURN (UPDATE COUNT) NOT SUBJECT "
     + b"x" * (2 * L["LIMIT_CONTEXT_TEXT"]), 256),
    ("user", context_of(L["LIMIT_SEARCH_KEYS"] // 2 - 20)
     * L["LIMIT_CONTEXTS"] + context_of(L["LIMIT_SEARCH_KEYS"])[:-2], 1280),
    ("user", acl_of(L["LIMIT_ACL_ENTRIES"] + 1)[:-2], 64),
    ("user", b"a SETACL INBOX " + b"n" * 100000, 256),
    ("user", b"a SETMETADATA INBOX (" + b" ".join(
        b'/shared/%d "x"' % i for i in range(
            2 * L["LIMIT_METADATA_ENTRIES"])), 64),
    ("user", b"a SETMETADATA INBOX (/shared/x {%d+}\r\n"
     % (L["LIMIT_METADATA_VALUE"] + 1) + b"x" * L["LIMIT_METADATA_VALUE"],
     256),
    ("lmtp", b"NOOP " + b"x" * L["LIMIT_LMTP_LINE"], 64),
    ("lmtp", b"NOOP " + b"x" * 1000000, 64),
]
CONNECTIONS = 15

# by a test of its own below
OWN = ["LIMIT_MAILBOXES", "LIMIT_CLIENT_ID"]

# proved without a wire, by a test that has the constant's name in it
ELSEWHERE = {
    "tests/unit/gate/gate_test.c": ["LIMIT_TLS_SECONDS", "LIMIT_KEY_UPDATES"],
    "tests/unit/gate/proxy_test.c": ["LIMIT_PROXY"],
    "tests/system/balancer.py": ["LIMIT_PROXY_SECONDS"],
    "tests/system/client_certificates.py": [
        "LIMIT_CLIENT_CHAIN", "LIMIT_CERTIFICATES"],
    "tests/unit/mailbox/vanished.c": ["LIMIT_EXPUNGE_LOG"],
    "tests/unit/mailbox/acl.c": ["LIMIT_ACL_ENTRIES"],
    "tests/unit/mailbox/metadata.c": ["LIMIT_METADATA_ACCOUNT"],
    "tests/unit/imap/grammar_test.c": ["LIMIT_COMMAND_ARENA"],
    "tests/unit/imap/session_test.c": [
        "LIMIT_NOTIFY_GROUPS", "LIMIT_NOTIFY_NAMES", "LIMIT_NOTIFY_ENTRIES",
        "LIMIT_NOTIFY_NEWS", "LIMIT_CONTEXTS", "LIMIT_CONTEXT_TEXT",
        "LIMIT_CONTEXT_ARENA", "LIMIT_CONTEXT_RANGES",
        "LIMIT_CONTEXT_SORTED"],
    "tests/unit/imap/conn_test.c": [
        "LIMIT_AUTOLOGOUT_SECONDS", "LIMIT_DISMISS_MS"],
    "tests/unit/gate/lmtp_test.c": ["LIMIT_LMTP_SECONDS"],
    "tests/unit/mailbox/tree.c": ["LIMIT_SUBSCRIPTIONS"],
    "tests/unit/mailbox/thread.c": ["LIMIT_THREAD_IDS"],
    "tests/bars/f10": ["LIMIT_UNREAD", "LIMIT_UNSENT"],
    "tests/unit/directory/name_test.c": ["LIMIT_USER_NAME"],
    "tests/unit/directory/policy_test.c": ["LIMIT_POLICY"],
    "tests/unit/guard/limit_test.c": ["LIMIT_LOGINS", "LIMIT_LOGINS_MANY"],
    "tests/unit/auth/dovecot_test.c": ["LIMIT_AUTH_LINE"],
    "tests/unit/auth/credentials_test.c": [
        "LIMIT_APP_PASSWORDS", "LIMIT_APP_PASSWORD_NAME"],
    "tests/unit/auth/control_test.c": [
        "LIMIT_PASSWORD", "LIMIT_CAPABILITY", "LIMIT_HIDDEN",
        "LIMIT_GROUPS", "LIMIT_GROUP_NAME"],
    "tests/unit/imap/visit_test.c": [
        "LIMIT_VISITS", "LIMIT_VISIT_LINE", "LIMIT_OWNERS",
        "LIMIT_WATCHES"],
    "tests/unit/task/stream_test.c": ["LIMIT_OUTPUT", "LIMIT_WRITE_SECONDS"],
    "tests/unit/ipc/frame_test.c": ["LIMIT_FRAME"],
    "tests/unit/mime/digest_test.c": [
        "LIMIT_MIME_DEPTH", "LIMIT_MIME_PARTS", "LIMIT_HEADER_BYTES",
        "LIMIT_HEADER_FIELDS", "LIMIT_ADDRESSES", "LIMIT_PARAMETERS",
        "LIMIT_PARAMETERS_ALL", "LIMIT_REFERENCES"],
    "tests/unit/mime/digest_check_test.c": ["LIMIT_DIGEST"],
}


class Limits(support.ServerTest):
    boxes = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.new_user()

    def connect(self, who):
        """A user has a mailbox of its own selected, with one message."""
        if who == "lmtp":
            raw = Raw(self.server.lmtp_port, tls=False)
            raw.line()
            raw.send(b"LHLO here\r\n")
            raw.until(b"250 ")
        else:
            raw = Raw(self.server.imaps_port)
        self.addCleanup(raw.close)
        if who == "stranger":
            raw.line()
        if who == "user":
            raw.login(self.user)
            Limits.boxes += 1
            name = b"box%d" % Limits.boxes
            for command in (b"CREATE " + name,
                            b"APPEND " + name + b" {3+}\r\nx\r\n",
                            b"SELECT " + name):
                self.assertIn(b" OK", raw.run(command)[-1])
        return raw

    def answer(self, raw, data, want):
        """What comes until it is as wanted, or nothing more comes."""
        local = self.user.split("@")[0].encode()
        got = b""
        with contextlib.suppress(OSError):      # it may have been closed
            raw.send(data.replace(b"{user}", local))
        try:
            while not re.search(want, got):
                more = raw.sock.recv(65536)
                if not more:
                    break
                got += more
        except OSError:
            pass
        return got

    def test_at_and_beyond(self):
        for name, who, make, at, beyond in LIMITS:
            for n, want in ((L[name], at), (L[name] + 1, beyond)):
                with self.subTest(limit=name, n=n):
                    raw = self.connect(who)
                    got = self.answer(raw, make(n), want)
                    raw.close()
                    self.assertTrue(re.search(want, got), got[-300:])

    def test_mailboxes(self):
        """A CREATE that would make too many makes none at all."""
        raw = Raw(self.server.imaps_port).login(self.new_user())

        def have():
            return len(raw.run(b'LIST "" *')) - 1
        made = 0
        for levels in (L["LIMIT_NAME_LEVELS"], 1):
            last = b" OK"
            while b" OK" in last:
                made += 1
                name = b"/".join([b"%d" % made] * levels)
                last = raw.run(b"CREATE " + name)[-1]
            self.assertIn(b" NO [LIMIT]", last)
        self.assertEqual(L["LIMIT_MAILBOXES"], have())
        self.assertIn(b" OK", raw.run(b"DELETE %d" % (made - 1))[-1])
        self.assertIn(b" OK", raw.run(b"CREATE again")[-1])
        self.assertIn(b" NO [LIMIT]", raw.run(b"CREATE oncemore")[-1])
        raw.close()

    def test_never_finished(self):
        """Many hold what they began; the server goes on serving others."""
        for who, begun, most_kb in UNFINISHED:
            with self.subTest(who=who, begun=begun[:30]):
                held = [self.connect(who) for _ in range(CONNECTIONS)]
                before = memory_kb(self.server.process.pid)
                for raw in held:
                    try:
                        raw.send(begun)
                    except OSError:
                        pass    # hung up on: that costs nothing either
                self.connect("user").close()
                grown = memory_kb(self.server.process.pid) - before
                for raw in held:
                    raw.close()
                if not self.server.is_sanitized():
                    self.assertLess(grown / CONNECTIONS, most_kb)

    def known_as(self, octets):
        """What `who` shows of an ID of so many octets, said before log-in."""
        raw = Raw(self.server.imaps_port)
        self.addCleanup(raw.close)
        raw.line()
        raw.run(b'ID ("name" "%s" "version" "2")' % (b"x" * (octets - 2)))
        raw.run(b"LOGIN %s secret" % self.user.encode())
        rows = json.loads(self.server.roost("who", self.user, "--json").stdout)
        raw.run(b"LOGOUT")
        return max((row["client"] for row in rows), key=len)

    def test_client_id(self):
        """Beyond LIMIT_CLIENT_ID it is not known, rather than cut."""
        most = L["LIMIT_CLIENT_ID"]
        self.assertTrue(self.known_as(most).startswith("xxx"))
        # the session before may still be there
        self.assertTrue(wait_for(lambda: self.known_as(most + 1) == ""))

    def test_the_table(self):
        """Each limit has a row; no row is of a limit that is gone."""
        rows = [row[0] for row in LIMITS] + OWN
        for path, names in ELSEWHERE.items():
            with open(os.path.join(ROOT, path)) as f:
                text = f.read()
            for name in names:
                self.assertIn(name, text, path)
            rows += names
        self.assertEqual(sorted(L), sorted(rows))


class CommandMessages(support.ServerTest):
    """command_messages: as many at once, and one more; RFC 9738."""
    MOST = 20
    MESSAGE = b"A: b\r\n\r\n".ljust(100000, b"x")
    HELD_KB = 512   # of one that asks for more, and takes no answer
    conf = "command_messages = %d\n" % MOST

    def logged_in(self, user):
        raw = Raw(self.server.imaps_port).login(user)
        self.addCleanup(raw.close)
        return raw

    def filled(self):
        user = self.new_user()
        raw = self.logged_in(user)
        for _ in range(self.MOST + 1):
            raw.run(b"APPEND INBOX {%d+}\r\n" % len(self.MESSAGE)
                    + self.MESSAGE)
        return user, raw

    def test_at_and_beyond(self):
        _, raw = self.filled()
        raw.run(b"CREATE Work")
        raw.run(b"SELECT INBOX")
        for ask in (b"FETCH %d:%d (UID)", b"STORE %d:%d +FLAGS (\\Seen)",
                    b"UID SEARCH UID %d:%d", b"UID FETCH %d:%d (FLAGS)"):
            with self.subTest(ask=ask):
                last = raw.run(ask % (1, self.MOST))[-1]
                self.assertIn(b" OK ", last)
                self.assertNotIn(b"MESSAGELIMIT", last)
                self.assertIn(b" OK [MESSAGELIMIT %d 2]" % self.MOST,
                              raw.run(ask % (1, self.MOST + 1))[-1])
        self.assertIn(b" NO [MESSAGELIMIT %d" % self.MOST, raw.run(
            b"COPY 1:%d Work" % (self.MOST + 1))[-1])
        self.assertIn(b" OK [COPYUID", raw.run(
            b"COPY 1:%d Work" % self.MOST)[-1])

    def test_never_finished(self):
        user, _ = self.filled()
        held = [self.logged_in(user) for _ in range(CONNECTIONS)]
        for raw in held:
            raw.run(b"EXAMINE INBOX")
        before = memory_kb(self.server.process.pid)
        for raw in held:
            raw.send(b"a FETCH 1:* (BODY.PEEK[])\r\n"
                     b"b FETCH %s" % b",".join([b"1:*"] * 1000))
        self.logged_in(user).run(b"SELECT INBOX")
        grown = memory_kb(self.server.process.pid) - before
        if not self.server.is_sanitized():
            self.assertLess(grown / CONNECTIONS, self.HELD_KB)


class CommandTime(support.ServerTest):
    """What a command may use of a processor, and what it may not."""
    conf = "command_time = 1\n"

    # what it asks n times of each message
    ASKED = [
        ("SEARCH", lambda n: b"SEARCH" + b" NOT BODY qzqzqz" * n + b" ALL"),
        ("SEARCH HEADER", lambda n: b"SEARCH" + b" NOT HEADER X-a qzqzqz" * n
         + b" ALL"),
        ("FETCH", lambda n: b"FETCH 1:* (" + b" ".join(
            [b"BINARY.SIZE[1]"] * n) + b")"),
        ("SORT", lambda n: b"SORT (SUBJECT) UTF-8" + b" NOT BODY qzqzqz" * n
         + b" ALL"),
        ("THREAD", lambda n: b"THREAD REFS UTF-8" + b" NOT BODY qzqzqz" * n
         + b" ALL"),
    ]

    MESSAGE = (b"".join(b"X-a: =?utf-8?q?%040d?=\r\n" % i
                        for i in range(15000))
               + b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
               + b"".join(b"%070d\r\n" % i for i in range(40000)))

    def logged_in(self):
        message = self.MESSAGE
        raw = Raw(self.server.imaps_port).login(self.new_user())
        for _ in range(5):
            raw.run(b"APPEND INBOX {%d+}\r\n" % len(message) + message)
        raw.run(b"SELECT INBOX")
        return raw

    def test_beyond(self):
        raw = self.logged_in()
        for name, make in self.ASKED:
            with self.subTest(command=name):
                self.assertIn(b" OK ", raw.run(make(1))[-1])
                before = cpu_s(self.server.process.pid)
                self.assertIn(b" NO [LIMIT] ", raw.run(make(450))[-1])
                spent = cpu_s(self.server.process.pid) - before
                self.assertGreater(spent, 0.9)
                if not self.server.is_sanitized():
                    self.assertLess(spent, 2)
                self.assertIn(b" OK ", raw.run(make(1))[-1])
        raw.close()


if __name__ == "__main__":
    unittest.main()
