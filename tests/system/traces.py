"""traces.py -- what `roost trace` shows of an account's sessions, and what it
never shows: credentials, and without --text what messages say."""
import base64
import contextlib
import os
import re
import subprocess
import unittest
import zlib

import support
from processes import wait_for

TEXT = b"From: a@example.org\r\n\r\nthe words of a message\r\n"
WORDS = "words of"      # in what PREVIEW shows of it, too
LITERAL = b"{%d+}\r\n%s" % (len(TEXT), TEXT)
PASSWORD = "swordfish"
BASE64 = base64.b64encode(b"\0ann\0" + PASSWORD.encode())

# What brings a message's text, or asks for it; INBOX is selected.
WITH_TEXT = (
    b"APPEND INBOX " + LITERAL,
    b"APPEND INBOX (\\Seen) " + LITERAL + b" (\\Draft) " + LITERAL,
    b"APPEND INBOX ~" + LITERAL,
    b"APPEND INBOX CATENATE (TEXT " + LITERAL + b" URL \";UID=1\")",
    b"REPLACE 1 INBOX (\\Draft) " + LITERAL,
    b"UID FETCH 1:* (BODY.PEEK[] BODY.PEEK[1]<4.20> RFC822.TEXT)",
    b"FETCH 1:* (BINARY.PEEK[1] BINARY.PEEK[] PREVIEW UID)",
    b"FETCH 1:* PREVIEW (LAZY)",
)

# What somebody types who takes the session for one that waits for a log-in.
WITH_PASSWORD = (
    b"LOGIN ann %s" % PASSWORD.encode(),
    b"LOGIN ann \"%s\"" % PASSWORD.encode(),
    b"LOGIN {3+}\r\nann {%d+}\r\n%s" % (len(PASSWORD), PASSWORD.encode()),
    b" LOGIN ann %s" % PASSWORD.encode(),
    b"AUTHENTICATE PLAIN " + BASE64,
    b"AUTHENTICATE PLAIN\r\n" + BASE64,
)


class Compressed:
    """A session that goes on compressed."""
    def __init__(self, test, raw):
        test.ok(raw, b"COMPRESS DEFLATE")
        self.raw = raw
        self.deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        self.inflate = zlib.decompressobj(-15)

    def run(self, command):
        self.raw.send(self.deflate.compress(b"z " + command + b"\r\n")
                      + self.deflate.flush(zlib.Z_SYNC_FLUSH))
        got = b""
        while not re.search(rb"(?m)^z .*\r\n", got):
            got += self.inflate.decompress(self.raw.sock.recv(65536))
        return got.splitlines()


class Traces(support.ServerTest):
    def logged(self):
        return self.server.log().count("event=trace")

    @contextlib.contextmanager
    def tracing(self, user, *args):
        """A function that says what there is until a session has said that
        word, which must be there."""
        path = os.path.join(self.server.dir, "trace-" + user)
        logged = self.logged()
        with open(path, "w") as out:
            trace = subprocess.Popen(
                [os.path.join(self.server.build, "roost"), "-c",
                 self.server.conf, "trace", user, *args], stdout=out)

        def said(word):
            def text():
                with open(path) as f:
                    return f.read()
            self.assertTrue(wait_for(lambda: word in text()), text())
            return text()
        try:
            self.assertTrue(wait_for(lambda: self.logged() > logged))
            yield said
        finally:
            trace.terminate()
            trace.wait()
        self.assertTrue(wait_for(lambda: self.logged() > logged + 1))

    def test_sessions(self):
        """One that was there before it, and one that came later."""
        user = self.new_user()
        old = self.open(user)
        with self.tracing(user) as said:
            new = self.open(user)
            support.append(new, TEXT)
            self.ok(new, b"LOGOUT")
            self.ok(old, b"NOOP")
            said("LOGOUT completed")
            text = said("NOOP completed")
        self.assertEqual(2, len(re.findall("(?m)^# session [0-9a-f]{16}$",
                                           text)))
        self.assertRegex(text, r"(?m)^C: \w+ APPEND INBOX \{%d\}\n"
                               r"S: \+ OK\n# %d octets\nC: \n"
                               r"S: \w+ OK \[APPENDUID " % ((len(TEXT),) * 2))
        self.assertRegex(text, r"(?m)^C: (\w+) NOOP\n(S: \*.*\n)*S: \1 OK ")
        self.assertNotIn("secret", text)

    def test_arguments(self):
        user = self.new_user()
        for status, *args in ((0, user, "--for", "1"),
                              (67, "no@example.org"),
                              (64, user, "--for", "x")):
            done = self.server.roost("trace", *args, check=False)
            self.assertEqual(status, done.returncode)

    def say_all(self, raw, inbox=b"INBOX"):
        """Each command of WITH_TEXT, of which none may fail."""
        self.ok(raw, b"APPEND " + inbox + b" " + LITERAL)
        self.ok(raw, b"SELECT " + inbox)
        for command in WITH_TEXT:
            self.ok(raw, command.replace(b"INBOX", inbox))

    def check_text(self, raw, user, inbox=b"INBOX"):
        with self.tracing(user) as said:
            self.say_all(raw, inbox)
            self.ok(raw, b"LIST \"\" end-of-it")
            text = said("end-of-it")
        self.assertNotIn(WORDS, text)
        self.assertIn("# %d octets" % len(TEXT), text)
        self.assertIn('PREVIEW "..."', text)
        self.assertIn("UID FETCH 1:* (BODY.PEEK[]", text)

    def test_text(self):
        """Whichever command brings it."""
        user = self.new_user()
        self.check_text(self.open(user), user)

    def test_text_asked_for(self):
        user = self.new_user()
        with self.tracing(user, "--text") as said:
            raw = self.open(user)
            self.say_all(raw)
            self.ok(raw, b"LIST \"\" end-of-it")
            text = said("end-of-it")
        self.assertNotRegex(text, r"# \d+ octets")
        lines = "From: a@example.org\nC: \nC: the words of a message\nC: "
        self.assertEqual(1 + 5 + 1, text.count(lines))
        self.assertIn('PREVIEW "the words of a message"', text)

    def test_text_of_others(self):
        """Neither a visitor's session shows it, nor the one that it has with
        the account that he visits."""
        for apart in (False, True):
            ann, bob = self.pair(apart)
            raw = self.open(ann)
            self.ok(raw, b"SETACL INBOX %s lrswite" % bob.encode())
            with self.tracing(ann) as hers:
                with self.subTest(apart=apart):
                    self.check_text(self.open(bob), bob,
                                    b'"Other Users/%s/INBOX"' % ann.encode())
                self.ok(raw, b"LIST \"\" end-of-hers")
                self.assertNotIn(WORDS, hers("end-of-hers"))

    def check_credentials(self, raw, user):
        with self.tracing(user, "--text") as said:
            for command in WITH_PASSWORD:
                self.assertIn(b" BAD ", raw.run(command)[-1])
            self.assertIn(b" OK ", raw.run(b"LIST \"\" end-of-it")[-1])
            text = said("end-of-it")
        self.assertNotIn(PASSWORD, text)
        self.assertNotIn(BASE64.decode(), text)
        self.assertEqual(4, len(re.findall(r"(?m)^C: \w+ +LOGIN\.\.\.$",
                                           text)))
        self.assertEqual(2, len(re.findall(
            r"(?m)^C: \w+ AUTHENTICATE\.\.\.$", text)))

    def test_credentials(self):
        """Not even with --text."""
        user = self.new_user()
        self.check_credentials(self.open(user), user)

    def test_compressed(self):
        """It is read before it is compressed, and after."""
        user = self.new_user()
        raw = Compressed(self, self.open(user))
        self.check_text(raw, user)
        self.check_credentials(raw, user)


if __name__ == "__main__":
    unittest.main()
