"""hostile_mail.py -- messages that their parser does not survive: each is
delivered all the same, the others do not notice, and somebody is told."""
import os
import resource
import signal
import smtplib
import threading
import time
import unittest

import support
import harness
from processes import status_of, wait_for


def deliver(server, user, message, timeout=120):
    """One message by LMTP; the reply to its end."""
    with smtplib.LMTP("127.0.0.1", server.lmtp_port, timeout=timeout) as l:
        l.ehlo()
        l.mail("sender@example.org")
        code, text = l.rcpt(user)
        if code != 250:
            raise AssertionError((code, text))
        l.putcmd("data")
        l.getreply()
        l.send(smtplib._quote_periods(message) + b".\r\n")
        return l.getreply()


def ordinary(n):
    return (b"Subject: ordinary %d\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            b"--b\r\n\r\ntext\r\n--b\r\nContent-Type: image/png\r\n\r\n"
            b"%s\r\n--b--\r\n" % (n, b"x" * 70))


def many_parts(n):
    return (b"Subject: many\r\nContent-Type: multipart/mixed; boundary=b\r\n"
            b"\r\n" + b"--b\r\nContent-Type: a/b; c=d\r\n\r\nx\r\n" * n
            + b"--b--\r\n")


def large(megabytes):
    line = b"x" * 70 + b"\r\n"
    return b"Subject: large\r\n\r\n" + line * (megabytes * (1 << 20) // 72)


class HostileMail(support.ServerTest):
    conf = ("parsers = 1\nparse_time = 12\n"
            "trusted_networks = 127.0.0.1\n")

    def setUp(self):
        self.user = self.new_user()

    def parser(self):
        self.assertTrue(wait_for(lambda: self.server.child("parse")))
        return self.server.child("parse")[0]

    def fetch(self, items):
        """What the mailbox has, by sequence number."""
        imap = self.server.imap(self.user)
        imap.select("INBOX")
        _, data = imap.fetch("1:*", items)
        imap.logout()
        return data

    def message(self, seq):
        imap = self.server.imap(self.user)
        imap.select("INBOX")
        _, data = imap.fetch(str(seq), "(BODY.PEEK[])")
        imap.logout()
        return data[0][1]

    def unparsed(self):
        """The log's lines about messages of this test's user."""
        return [l for l in self.server.log().splitlines()
                if "event=unparsed" in l and self.user in l]

    def assert_opaque(self, message, end=b""):
        """The only message there is: whole, described as plain text, and
        reported once."""
        got = self.message(1)
        self.assertTrue(got.endswith(message))
        data = b" ".join(x if isinstance(x, bytes) else b" ".join(x) for x in
                         self.fetch("(ENVELOPE BODYSTRUCTURE RFC822.SIZE "
                                    "BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))
        self.assertTrue(b'BODYSTRUCTURE ("text" "plain" ("charset" "us-ascii")'
                        b' NIL NIL "8bit"' in data, data[:1000])
        self.assertIn(b"ENVELOPE (NIL NIL", data)
        self.assertIn(b"RFC822.SIZE %d" % len(got), data)
        self.assertIn(message.split(b"\r\n")[0], data)
        lines = self.unparsed()
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], "mailbox=INBOX uid=1 size=%d sha256=[0-9a-f]"
                         "{64}$" % len(got))

    def assert_serves_again(self):
        deliver(self.server, self.user, ordinary(1))
        data = self.fetch("(BODYSTRUCTURE)")
        self.assertIn(b'"image" "png"', data[-1])

    def eats_time(self):
        """A message that takes more than its 12 ms to read, by far."""
        return many_parts(400000)

    def test_it_takes_too_long(self):
        message = self.eats_time()
        code, _ = deliver(self.server, self.user, message)
        self.assertEqual(code, 250)
        self.assertTrue(wait_for(
            lambda: "signal=PROF" in self.server.log()))
        self.assert_opaque(message)
        self.assert_serves_again()

    def test_it_takes_too_much_memory(self):
        pid = self.parser()
        size = int(status_of(pid)["VmSize"].split()[0]) * 1024
        resource.prlimit(pid, resource.RLIMIT_AS, (size, size))
        message = many_parts(9000)
        code, _ = deliver(self.server, self.user, message)
        self.assertEqual(code, 250)
        # mail knows at once; the parent is to notice it, too
        self.assertTrue(wait_for(
            lambda: not os.path.exists("/proc/%d" % pid)))
        self.assert_opaque(message)
        self.assert_serves_again()

    def test_it_is_appended(self):
        message = self.eats_time()
        imap = self.server.imap(self.user)
        self.assertEqual(imap.append("INBOX", None, None, message)[0], "OK")
        imap.logout()
        self.assert_opaque(message)

    def test_it_is_imported(self):
        message = self.eats_time()
        path = os.path.join(self.server.top, "hostile.mbox")
        with open(path, "wb") as f:
            f.write(b"From a Thu Jan  1 00:00:00 2026\n"
                    + message.replace(b"\r\n", b"\n") + b"\n")
        self.server.roost("import", "mbox", "--user", self.user, path)
        self.assert_opaque(message)

    def test_the_parser_is_killed_before_it_has_looked(self):
        """The message is innocent, and tried again."""
        os.kill(self.parser(), signal.SIGSTOP)
        stopped = self.parser()
        results = []
        message = large(1)
        thread = threading.Thread(target=lambda: results.append(
            deliver(self.server, self.user, message)))
        thread.start()
        time.sleep(1)
        self.assertEqual(results, [])
        os.kill(stopped, signal.SIGKILL)
        thread.join(harness.PATIENCE_S)
        self.assertEqual(results[0][0], 250)
        self.assertIn(b'"7bit"', self.fetch("(BODYSTRUCTURE)")[0])
        self.assertEqual(self.unparsed(), [])

    def test_the_parser_hangs(self):
        """and is killed for it"""
        stopped = self.parser()
        os.kill(stopped, signal.SIGSTOP)
        code, _ = deliver(self.server, self.user, ordinary(1))
        self.assertEqual(code, 250)
        self.assertFalse(os.path.exists("/proc/%d" % stopped))
        self.assertIn('why="it hangs"', self.server.log())
        self.assertIn(b'"image" "png"', self.fetch("(BODYSTRUCTURE)")[0])
        self.assertEqual(self.unparsed(), [])

    def test_others_in_flight(self):
        """Twenty arrive with one that is fatal: they are what they are."""
        fatal = self.eats_time()
        others = self.new_user()
        threads = [threading.Thread(target=deliver, args=(
            self.server, self.user, fatal))]
        threads += [threading.Thread(target=deliver, args=(
            self.server, others, ordinary(n))) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        self.assert_opaque(fatal)
        self.user = others
        data = self.fetch("(BODYSTRUCTURE)")
        self.assertEqual(len(data), 20)
        for one in data:
            self.assertIn(b'"image" "png"', one)
        self.assertEqual(self.unparsed(), [])

    def test_it_owns_nothing(self):
        self.assert_serves_again()      # it has all that it will have
        pid = self.parser()
        kinds = [os.readlink("/proc/%d/fd/%s" % (pid, fd))
                 for fd in os.listdir("/proc/%d/fd" % pid)]
        for kind in kinds:
            self.assertRegex(kind, r"^(/dev/null|socket:.*|pipe:.*|"
                             r"anon_inode:\[event(fd|poll)\])$")
        # one from each mail process, one from the parent
        sockets = [k for k in kinds if k.startswith("socket:")]
        self.assertEqual(len(sockets), len(self.server.child("mail")) + 1)
        with open("/proc/%d/limits" % pid) as f:
            limits = f.read()
        self.assertRegex(limits, r"Max file size +0 +0 ")
        self.assertNotRegex(limits, r"Max address space +unlimited")
        self.assertNotRegex(limits, r"Max data size +unlimited")

    def test_status(self):
        rows = self.server.roost("status").stdout
        self.assertRegex(rows, r"parse/0 +serving +yes")


# beyond each limit on what is described, and by far
TO_THE_LIMITS = [
    many_parts(20000),
    many_parts(400000),
    b"To: " + b"a <b@example.org>, " * 100000 + b"c@example.org\r\n\r\n",
    (b"X: " + b"y" * 70 + b"\r\n") * 100000 + b"\r\n",
    b"Subject: " + b"x" * (8 << 20) + b"\r\n\r\n",
    b"References: " + b"<%s@b> " % (b"a" * 100) * 50000 + b"\r\n\r\n",
    b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
             % (n, n) for n in range(1000)),
    b"".join(b"Content-Type: message/rfc822\r\n\r\n" for n in range(1000)),
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + (b"--b\r\nContent-Type: a/b%s\r\n\r\nx\r\n"
       % b"".join(b"; c%d*0*=%%41" % n for n in range(200))) * 5000,
    large(24),
]


class Enough(support.ServerTest):
    """parse_memory and parse_time are for mistakes: what the limits of
    src/base/limits.h let through takes less than a quarter of either."""
    conf = "parsers = 1\nparse_memory = 16M\nparse_time = 1250\n"

    def test_whatever_the_limits_allow(self):
        if self.server.is_sanitized():
            return      # which needs memory of its own
        user = self.new_user()
        parser = self.server.child("parse")
        for message in TO_THE_LIMITS:
            code, text = deliver(self.server, user, message)
            self.assertEqual(code, 250, (message[:100], text))
            self.assertNotIn("event=unparsed", self.server.log(),
                             message[:100])
        self.assertEqual(self.server.child("parse"), parser)


class NoParser(unittest.TestCase):
    """No process can be had at all: nothing is taken, nothing is lost."""

    def test_answers_later(self):
        conf = "parsers = 1\nparse_memory = 1M\n"
        with harness.Server(conf=conf) as server:
            server.add_user("ann@example.org")
            os.kill(server.process.pid, signal.SIGSTOP)     # no more forks
            for pid in server.child("parse"):
                os.kill(pid, signal.SIGKILL)
            code, text = deliver(server, "ann@example.org", ordinary(1))
            self.assertEqual((code, text[:5]), (451, b"4.3.0"))
            os.kill(server.process.pid, signal.SIGCONT)
            self.assertTrue(wait_for(lambda: server.child("parse")))
            code, _ = deliver(server, "ann@example.org", ordinary(1))
            self.assertEqual(code, 250)


if __name__ == "__main__":
    unittest.main()
