"""bad_input.py -- what no client should send, and what strangers do send.

Each test ends by showing that the server still serves.
"""
import base64
import os
import re
import select
import socket
import time
import unittest

import support
from harness import Raw, memory_kb
from processes import wait_for

MIB = 1024


class BadInput(support.ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.new_user()

    def setUp(self):
        self.pid = self.server.process.pid

    def tearDown(self):
        good = Raw(self.server.imaps_port).login(self.user)
        self.assertIn(b" OK", good.run(b"SELECT INBOX")[-1])
        good.close()

    def assert_grown(self, before, most_kb):
        """The sanitizers' own memory says nothing; the tests run with the
        release build too, and there the bound is checked."""
        if not self.server.is_sanitized():
            self.assertLess(memory_kb(self.pid) - before, most_kb)

    def flood(self, raw, data, times):
        """Sends as long as the server takes it; it may hang up."""
        try:
            for _ in range(times):
                raw.send(data)
        except OSError:
            pass

    def test_what_the_log_has(self):
        """behaviour 199: no passwords, and a session by one name."""
        password = "a hush-hush one"
        user = "logged@example.org"
        self.server.add_user(user, password)
        plain = base64.b64encode(("\0%s\0%s" % (user, password)).encode())
        raw = Raw(self.server.imaps_port)
        raw.line()
        raw.run(b'LOGIN %s "%s?"' % (user.encode(), password.encode()))
        raw.run(b'LOGIN %s "%s" x' % (user.encode(), password.encode()))
        self.assertIn(b" OK", raw.run(b"AUTHENTICATE PLAIN " + plain)[-1])
        raw.run(b"LOGOUT")
        raw.close()
        ended = "event=imap_end user=%s " % user
        while ended not in (log := self.server.log()):
            time.sleep(0.05)
        self.assertNotIn("hush", log)
        self.assertNotIn(plain.decode(), log)
        names = re.findall(r"user=%s .*session=(\w+)" % user, log)
        self.assertEqual((3, 1), (len(names), len(set(names))), names)

    def test_what_the_log_has_of_a_delivery(self):
        """behaviour 199: of all recipients of a message, by one name, which no
        other has; and where it came from."""
        users = [self.new_user() for _ in range(2)]
        text = b"Subject: x\r\n\r\nhush-hush, too\r\n"
        for _ in range(2):
            with self.server.lmtp() as mta:
                peer = "127.0.0.1:%d" % mta.sock.getsockname()[1]
                self.assertEqual({}, mta.sendmail("a@example.net", users, text))
                self.assertEqual(250, mta.getreply()[0])    # the second's
        names = [re.findall(r"event=delivered session=(\w+) user=%s " % user,
                            self.server.log()) for user in users]
        self.assertEqual(4, sum(map(len, names)))
        self.assertEqual(2, len(set(names[0])), names)
        self.assertEqual(*names)
        for user, by_two in zip(users, names):
            self.assertIn("event=delivered session=%s user=%s peer=%s from=" %
                          (by_two[1], user, peer), self.server.log())
        self.assertNotIn("hush-hush, too", self.server.log())

    def test_a_million_parentheses_before_login(self):
        """behaviour 13"""
        raw = Raw(self.server.imaps_port)
        raw.line()
        before = memory_kb(self.pid)
        self.flood(raw, b"a NOOP " + b"(" * 65536, 16)
        self.assert_grown(before, 2 * MIB)
        raw.close()

    def test_a_million_parentheses_after_login(self):
        raw = Raw(self.server.imaps_port).login(self.user)
        raw.run(b"SELECT INBOX")
        before = memory_kb(self.pid)
        self.flood(raw, b"(" * 65536, 16)
        self.flood(raw, b"\r\n", 1)
        self.assertIn(b"BAD", raw.line())
        self.assert_grown(before, 4 * MIB)
        self.assertIn(b" OK", raw.run(b"NOOP")[-1])
        raw.close()

    def test_nested_search_keys(self):
        """behaviour 41"""
        raw = Raw(self.server.imaps_port).login(self.user)
        raw.run(b"SELECT INBOX")
        for key in (b"(" * 10000 + b"ALL" + b")" * 10000,
                    b"NOT " * 10000 + b"ALL", b"OR ALL " * 8000 + b"ALL"):
            last = raw.run(b"SEARCH " + key)[-1]
            self.assertRegex(last, rb" (BAD|NO|OK) ")
        raw.close()

    def test_huge_literal_before_login(self):
        """behaviour 14"""
        raw = Raw(self.server.imaps_port)
        raw.line()
        before = memory_kb(self.pid)
        raw.send(b"a LOGIN {4294967295}\r\n")
        self.assertNotEqual(raw.line()[:1], b"+")
        self.assert_grown(before, MIB)
        raw.close()

    def test_huge_literal_after_login(self):
        """behaviour 27"""
        raw = Raw(self.server.imaps_port).login(self.user)
        for size in (b"4294967295", b"99999999999999999999", b"2147483648"):
            raw.send(b"a APPEND INBOX {%s}\r\n" % size)
            self.assertRegex(raw.until(b"a ")[-1], rb"a (NO|BAD)")
        raw.close()

    def test_over_long_line_costs_one_bad(self):
        """behaviour 25"""
        raw = Raw(self.server.imaps_port).login(self.user)
        raw.send(b"a NOOP " + b"x" * 1000000 + b"\r\nb NOOP\r\n")
        lines = raw.until(b"b ")
        self.assertEqual(sum(b"BAD" in x for x in lines), 1)
        self.assertIn(b"b OK", lines[-1])
        raw.close()

    def test_nul_and_every_other_byte(self):
        raw = Raw(self.server.imaps_port).login(self.user)
        bad = 0
        for byte in [0] + list(range(1, 256, 17)):
            c = bytes([byte])
            if c in b"\r\n{":
                continue
            raw.send(b"a SELECT \"" + c + b"\x00\"\r\n")
            bad += b" BAD " in raw.line()
            raw.run(b"NOOP")
        self.assertGreater(bad, 10)
        raw.close()

    def test_half_open_connections(self):
        """Handshakes never begun do not keep others out."""
        def comes_in_beside_them():
            idle = [socket.create_connection(("127.0.0.1",
                                              self.server.imaps_port))
                    for _ in range(15)]
            Raw(self.server.imaps_port).login(self.user).close()
            gone = select.select(idle, [], [], 0)[0]
            for s in idle:
                s.close()
            return not gone
        self.assertTrue(wait_for(comes_in_beside_them))

    def append(self, raw, text):
        raw.send(b"z APPEND INBOX {%d}\r\n" % len(text))
        raw.until(b"+")
        raw.send(text + b"\r\n")
        last = raw.until(b"z ")[-1]
        self.assertIn(b"z OK", last)

    def broken_mime(self, text):
        """Goes in, comes out the same, can be described; memory bounded."""
        raw = Raw(self.server.imaps_port).login(self.user)
        raw.run(b"CREATE bad")
        raw.run(b"SELECT bad")
        before = memory_kb(self.pid)
        raw.send(b"z APPEND bad {%d}\r\n" % len(text))
        raw.until(b"+")
        raw.send(text + b"\r\n")
        self.assertIn(b"z OK", raw.until(b"z ")[-1])
        lines = raw.run(b"FETCH * (RFC822.SIZE ENVELOPE BODYSTRUCTURE)")
        self.assertIn(b" OK", lines[-1])
        self.assertIn(b"RFC822.SIZE %d" % len(text), b"".join(lines))
        lines = raw.run(b"FETCH * BODY.PEEK[]")
        self.assertIn(text, lines)
        self.assertIn(b" OK", raw.run(b"SEARCH TEXT nothing-like-it")[-1])
        self.assert_grown(before, 64 * MIB)
        raw.close()

    def test_ten_thousand_parts(self):
        """behaviour 121"""
        part = b"--b\r\n\r\nx\r\n"
        self.broken_mime(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                         + part * 12000 + b"--b--\r\n")

    def test_a_thousand_levels(self):
        """behaviour 121"""
        text = b""
        for n in range(1500):
            text += (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n"
                     b"--b%d\r\n" % (n, n))
        self.broken_mime(text)

    def test_nested_messages(self):
        self.broken_mime(b"Content-Type: message/rfc822\r\n\r\n" * 2000)

    def test_header_of_20_megabytes(self):
        """behaviour 127"""
        self.broken_mime(b"X-Long: " + b"y" * 70 + b"\r\n" +
                         b"X-More: z\r\n" * 2000000 + b"\r\nbody\r\n")

    def test_a_hundred_thousand_addresses(self):
        """behaviour 127"""
        self.broken_mime(b"To: " + b",\r\n ".join(
            b"Name %d <a%d@example.org>" % (n, n) for n in range(100000))
            + b"\r\n\r\nbody\r\n")

    def test_nul_in_a_message(self):
        """behaviour 29"""
        raw = Raw(self.server.imaps_port).login(self.user)
        raw.run(b"SELECT INBOX")
        text = b"Subject: nul\r\n\r\na\x00b\r\n"
        self.append(raw, text)
        body = raw.run(b"FETCH * BODY.PEEK[]")
        whole = b"\r\n".join(body)
        self.assertNotIn(b"\x00", whole)
        self.assertIn(b"BODY[] {%d}" % len(text), whole)
        raw.close()

    def test_slow_readers(self):
        """behaviour 65"""
        writer = Raw(self.server.imaps_port).login(self.user)
        writer.run(b"CREATE slow")
        text = b"Subject: big\r\n\r\n" + os.urandom(3 << 20).hex().encode()
        writer.send(b"z APPEND slow {%d}\r\n" % len(text))
        writer.until(b"+")
        writer.send(text + b"\r\n")
        self.assertIn(b"z OK", writer.until(b"z ")[-1])
        before = memory_kb(self.pid)
        slow = []
        for _ in range(10):
            raw = Raw(self.server.imaps_port).login(self.user)
            raw.run(b"SELECT slow")
            raw.send(b"a FETCH 1 BODY.PEEK[]\r\n")
            slow.append(raw)
        time.sleep(1)
        self.assert_grown(before, len(slow) * MIB)
        self.assertIn(b" OK", writer.run(b"NOOP")[-1])
        for raw in slow:
            raw.close()


if __name__ == "__main__":
    unittest.main()
