"""unauthenticate.py -- a connection that logs in again, as somebody else, over
TLS and in clear.  RFC 8437"""
import json
import os
import subprocess
import unittest
import zlib

import support
from harness import Raw
from processes import wait_for


class Unauthenticate(support.ServerTest):
    conf = "trusted_networks = 127.0.0.1\n"

    def setUp(self):
        self.ann, self.bob = self.new_user(), self.new_user()

    def open(self, tls=True):
        port = self.server.imaps_port if tls else self.server.imap_port
        raw = Raw(port, tls).login(self.ann)
        self.addCleanup(raw.close)
        return raw

    def login(self, raw, user, password="secret"):
        return raw.run(b"LOGIN %s %s" % (user.encode(),
                                         password.encode()))[-1]

    def who(self, user):
        return json.loads(self.server.roost("who", user, "--json").stdout)

    def leave(self, raw):
        self.assertEqual([b"r%d OK no longer logged in" % (raw.tags + 1)],
                         raw.run(b"UNAUTHENTICATE"))

    def test_another_account(self):
        for tls in (True, False):
            raw = self.open(tls)
            self.assertIn(b"OK", raw.run(b"CREATE ann")[-1])
            for user in (self.bob, self.ann, self.bob):
                self.leave(raw)
                self.assertIn(b"BAD", raw.run(b"SELECT INBOX")[-1])
                self.assertIn(b" AUTH=PLAIN", raw.run(b"CAPABILITY")[0])
                self.assertIn(b" OK [CAPABILITY", self.login(raw, user))
                self.assertEqual(user == self.ann, any(
                    b"ann" in line for line in raw.run(b"LIST \"\" *")))
            self.assertEqual(1, len(self.who(self.bob)))
            self.assertEqual([], self.who(self.ann))
            self.assertIn(b"DELETE completed" if user == self.ann else b"NO",
                          raw.run(b"DELETE ann")[-1])
            raw.run(b"LOGOUT")
            raw = self.open(tls)
            raw.run(b"DELETE ann")
            raw.run(b"LOGOUT")

    def test_nothing_stays(self):
        raw = self.open()
        raw.run(b"ENABLE IMAP4rev2 QRESYNC UTF8=ACCEPT")
        raw.run(b"SELECT INBOX")
        raw.run(b"UID SEARCH RETURN (SAVE) ALL")
        self.leave(raw)
        self.assertIn(b"OK", self.login(raw, self.ann))
        self.assertIn(b"BAD", raw.run(b"FETCH $ FLAGS")[-1])
        selected = raw.run(b"SELECT INBOX")
        self.assertIn(b"* 0 RECENT", selected)      # it is IMAP4rev1
        self.assertIn(b"* ENABLED QRESYNC", raw.run(b"ENABLE QRESYNC"))

    def test_hidden(self):
        """It is BAD where the operator has taken it away: a proxy would relay
        what another log-in is refused.  Section 8."""
        args = ("UNAUTHENTICATE", "--user", self.ann)
        self.server.roost("capability", "hide", *args)
        raw = self.open()
        self.assertNotIn(b"UNAUTHENTICATE", raw.run(b"CAPABILITY")[0])
        self.assertIn(b" BAD ", raw.run(b"UNAUTHENTICATE")[-1])
        self.assertIn(b" OK ", raw.run(b"SELECT INBOX")[-1])
        self.server.roost("capability", "offer", *args)
        raw = self.open()
        self.leave(raw)

    def test_pipelined(self):
        """One round trip; what is behind the log-in is the other's."""
        for tls in (True, False):
            raw = self.open(tls)
            raw.send(b"a UNAUTHENTICATE\r\nb LOGIN %s secret\r\n"
                     b"c CREATE bob\r\nd UNAUTHENTICATE\r\n"
                     b"e LOGIN %s secret\r\nf LIST \"\" *\r\n"
                     % (self.bob.encode(), self.ann.encode()))
            self.assertEqual(b"a OK no longer logged in", raw.line())
            self.assertIn(b"b OK [CAPABILITY", raw.line())
            self.assertIn(b"c ", raw.line())
            self.assertEqual(b"d OK no longer logged in", raw.line())
            self.assertIn(b"e OK [CAPABILITY", raw.line())
            self.assertNotIn(b"bob", b"".join(raw.until(b"f OK")))

    def test_too_much_behind(self):
        for tls in (True, False):
            raw = self.open(tls)
            raw.send(b"a UNAUTHENTICATE\r\n" + b"b NOOP\r\n" * 3500)
            lines = raw.until(b"* BYE")
            self.assertEqual(b"a OK no longer logged in", lines[0])

    def test_limits_are_those_of_a_stranger(self):
        raw = self.open()
        self.leave(raw)
        for _ in range(3):
            self.assertIn(b"NO [AUTHENTICATIONFAILED]",
                          self.login(raw, self.ann, "wrong"))
        self.assertIn(b"* BYE too many failed", raw.line())

    def test_starttls_behind_it(self):
        raw = self.open(False)
        raw.send(b"a UNAUTHENTICATE\r\nb STARTTLS\r\nc NOOP\r\n")
        self.assertIn(b"a OK", raw.line())
        self.assertIn(b"b BAD bytes behind", raw.line())
        raw = self.open(False)
        self.leave(raw)
        self.assertIn(b"OK", raw.run(b"STARTTLS")[-1])
        raw.sock = self.server.tls().wrap_socket(raw.sock)
        self.assertIn(b"OK", self.login(raw, self.bob))

    def packed(self, deflate, text, end):
        return deflate.compress(text) + deflate.flush(end)

    def test_compression_ends(self):
        """With the OK, and for the client with the command."""
        for tls in (True, False):
            for end in (zlib.Z_SYNC_FLUSH, zlib.Z_FINISH):
                raw = self.open(tls)
                self.assertIn(b"OK", raw.run(b"COMPRESS DEFLATE")[-1])
                deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
                inflate = zlib.decompressobj(-15)
                raw.send(self.packed(deflate, b"a UNAUTHENTICATE\r\n", end)
                         + b"b LOGIN %s secret\r\n" % self.bob.encode())
                told = b""
                while not told.endswith(b"\r\n"):
                    told += inflate.decompress(raw.exactly(1))
                self.assertEqual(b"a OK no longer logged in\r\n", told)
                # behind what is left of the flush
                self.assertIn(b"b OK [CAPABILITY", raw.line())
                self.assertIn(b"OK", raw.run(b"NOOP")[-1])
                self.assertIn(b"OK", raw.run(b"COMPRESS DEFLATE")[-1])

    def test_trace_and_kick(self):
        """Nobody looks on at another account's log-in."""
        raw = self.open()
        lines = self.traced(raw)
        self.assertIn("a UNAUTHENTICATE", lines)
        self.assertNotIn(self.bob, lines)
        self.assertNotIn("NOOP", lines)
        self.server.roost("kick", self.ann, check=False)
        self.assertIn(b"OK", raw.run(b"NOOP")[-1])
        self.server.roost("kick", self.bob)
        self.assertIn(b"* BYE disconnected", raw.line())

    def traced(self, raw):
        path = os.path.join(self.server.dir, "trace")
        with open(path, "w+") as out:
            trace = subprocess.Popen(
                [os.path.join(self.server.build, "roost"), "-c",
                 self.server.conf, "trace", self.ann], stdout=out)
            self.assertTrue(wait_for(
                lambda: "event=trace" in self.server.log()))
            raw.send(b"a UNAUTHENTICATE\r\nb LOGIN %s secret\r\nc NOOP\r\n"
                     % self.bob.encode())
            raw.until(b"c OK")
            self.assertTrue(wait_for(lambda: "no longer" in
                                     open(path).read()))
            trace.terminate()
            trace.wait()
            out.seek(0)
            return out.read()


if __name__ == "__main__":
    unittest.main()
