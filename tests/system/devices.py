"""devices.py -- every device of an account sees the same mailbox at once."""
import select
import time
import unittest

import support
from harness import Raw
from processes import wait_for

MESSAGE = b"Subject: %s\r\nFrom: a@example.org\r\n\r\nbody\r\n"


class Devices(support.ServerTest):
    """Two sessions of one account, one of them idling."""

    def setUp(self):
        self.user = self.new_user()
        self.a = Raw(self.server.imaps_port).login(self.user)
        self.b = Raw(self.server.imaps_port).login(self.user)

    def tearDown(self):
        self.a.close()
        self.b.close()

    def append(self, raw, box=b"INBOX", subject=b"hello"):
        text = MESSAGE % subject
        raw.tags += 1
        raw.send(b"r%d APPEND %s {%d+}\r\n%s\r\n" % (
            raw.tags, box, len(text), text))
        last = raw.until(b"r%d " % raw.tags)[-1]
        self.assertIn(b" OK [APPENDUID", last)

    def idle(self, raw):
        raw.send(b"i IDLE\r\n")
        raw.until(b"+")

    def done(self, raw):
        raw.send(b"DONE\r\n")
        return raw.until(b"i ")

    def reaches(self, action, raw, want):
        """action() makes raw see a line with `want`."""
        action()
        line = raw.line()
        while want not in line:
            self.assertNotEqual(b"", line)
            line = raw.line()

    def test_append_reaches_idle(self):
        """behaviour 183"""
        self.a.run(b"SELECT INBOX")
        self.idle(self.a)
        self.reaches(lambda: self.append(self.b), self.a, b"EXISTS")
        self.assertIn(b" OK", self.done(self.a)[-1])

    def test_lmtp_reaches_idle(self):
        self.a.run(b"SELECT INBOX")
        self.idle(self.a)
        lmtp = self.server.lmtp()
        self.reaches(
            lambda: lmtp.sendmail("x@example.org", [self.user],
                                  MESSAGE % b"by lmtp"), self.a, b"EXISTS")
        lmtp.quit()

    def test_flags_reach_idle(self):
        self.append(self.b)
        self.a.run(b"SELECT INBOX")
        self.b.run(b"SELECT INBOX")
        self.idle(self.a)
        flip = [b"+", b"-"]

        def store():
            flip.reverse()
            self.b.run(b"STORE 1 %sFLAGS (\\Flagged)" % flip[1])
        self.reaches(store, self.a, b"1 FETCH")

    def test_expunge_waits_for_a_command_that_may_tell(self):
        """behaviours 47, 62, 63"""
        for n in range(3):
            self.append(self.b, subject=b"%d" % n)
        self.a.run(b"SELECT INBOX")
        self.b.run(b"SELECT INBOX")
        self.b.run(b"STORE 2 +FLAGS (\\Deleted)")
        self.b.run(b"EXPUNGE")
        lines = self.a.run(b"FETCH 1:3 (UID FLAGS)")
        self.assertFalse([x for x in lines if x.endswith(b" EXPUNGE")])
        lines = self.a.run(b"NOOP")
        self.assertIn(b"* 2 EXPUNGE", lines)
        left = [x for x in self.a.run(b"FETCH 1:* (UID)")
                if b" FETCH (" in x]
        self.assertEqual(len(left), 2)

    def test_move_between_sessions(self):
        """behaviours 61, 147"""
        self.append(self.b)
        self.a.run(b"SELECT Archive")
        self.b.run(b"SELECT INBOX")
        lines = self.b.run(b"UID MOVE 1 Archive")
        code = next(i for i, x in enumerate(lines) if b"COPYUID" in x)
        gone = next(i for i, x in enumerate(lines) if b"EXPUNGE" in x)
        self.assertLess(code, gone)
        lines = self.a.run(b"NOOP")
        self.assertTrue([x for x in lines if x.endswith(b"EXISTS")])

    def test_flags_of_both_are_kept(self):
        """behaviour 64"""
        self.append(self.b)
        self.a.run(b"SELECT INBOX")
        self.b.run(b"SELECT INBOX")
        self.a.send(b"x STORE 1 +FLAGS (\\Seen)\r\n")
        self.b.send(b"x STORE 1 +FLAGS (\\Flagged)\r\n")
        self.a.until(b"x ")
        self.b.until(b"x ")
        self.a.run(b"NOOP")
        line = next(x for x in self.a.run(b"FETCH 1 FLAGS") if b"FETCH" in x)
        self.assertIn(b"\\Seen", line)
        self.assertIn(b"\\Flagged", line)

    def test_idle_stays_quiet_and_done_may_be_pipelined(self):
        """behaviour 52"""
        self.a.run(b"SELECT INBOX")
        self.idle(self.a)
        quiet = select.select([self.a.sock], [], [], 0.3)[0]
        self.assertEqual(quiet, [])
        self.a.send(b"DONE\r\nn NOOP\r\n")
        self.a.until(b"i OK")
        self.a.until(b"n OK")

    def test_ten_sessions_agree(self):
        """behaviour 184"""
        idlers = [Raw(self.server.imaps_port).login(self.user)
                  for _ in range(10)]
        for r in idlers:
            r.run(b"SELECT INBOX")
            self.idle(r)
        self.append(self.b)
        for r in idlers:
            r.until(b"* 1 EXISTS")
            r.close()

    def test_client_gone_expunges_nothing(self):
        """behaviour 104: whoever is gone without a word has not said CLOSE."""
        self.append(self.b)
        raw = Raw(self.server.imaps_port).login(self.user)
        raw.run(b"SELECT INBOX")
        raw.run(b"STORE 1 +FLAGS (\\Deleted)")
        ended = self.server.log().count("event=imap_end user=" + self.user)
        raw.close()
        self.assertTrue(wait_for(lambda: self.server.log().count(
            "event=imap_end user=" + self.user) > ended))
        self.assertIn(b"* STATUS INBOX (MESSAGES 1 DELETED 1)",
                      self.a.run(b"STATUS INBOX (MESSAGES DELETED)"))

    def test_client_gone_amid_copy(self):
        """behaviour 150: all of it is there, or nothing."""
        for _ in range(50):
            self.append(self.a)
        self.a.run(b"CREATE Copies")
        for command in (b"COPY", b"UID COPY"):
            raw = Raw(self.server.imaps_port).login(self.user)
            raw.run(b"SELECT INBOX")
            raw.send(b"gone %s 1:* Copies\r\n" % command)
            raw.close()
        raw = Raw(self.server.imaps_port).login(self.user)
        raw.run(b"SELECT INBOX")
        raw.send(b"gone COPY 1:50 Cop")         # half a command is none
        raw.close()
        time.sleep(1)
        status = self.a.run(b"STATUS Copies (MESSAGES UIDNEXT)")[0]
        self.assertIn(status, [
            b"* STATUS Copies (MESSAGES %d UIDNEXT %d)" % (n, n + 1)
            for n in (0, 50, 100)])
        self.server.roost("store", "check", "--deep")

    def test_more_than_4_gib(self):
        """behaviour 38: a mailbox's size passes 32 bits; what one message
        may have does not (message_limit)"""
        text = MESSAGE % b"large" + b"x" * 99 * 10000
        self.a.run(b"CREATE large")
        self.a.run(b"APPEND large {%d+}\r\n%s" % (len(text), text))
        self.a.run(b"SELECT large")
        for _ in range(13):
            self.a.run(b"COPY 1:* large")
        want = b"STATUS large (MESSAGES 8192 SIZE %d)" % (8192 * len(text))
        self.assertGreater(8192 * len(text), 1 << 32)
        self.assertIn(want, b"".join(
            self.b.run(b"STATUS large (MESSAGES SIZE)")))


if __name__ == "__main__":
    unittest.main()
