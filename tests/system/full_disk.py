"""full_disk.py -- not one octet is left, and mail can still be read, marked,
expunged and deleted; service returns by itself when there is room.

On a file system of the test's own, which takes root: in memory, and ext4 in
a file. The log is written elsewhere, or it would have no room either.
"""
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

import metrics
import support
import harness
from harness import Raw
from processes import wait_for
from support import append, message

USER = "ann@example.org"
# so long after there is room all is taken again; the bar has less
BACK_S = float(os.environ.get("BACK_S", 3 * harness.PATIENCE_S))
MESSAGES = 40


class Ballast:
    """Fills a file system to the last block; whole or in part given back."""

    def __init__(self, top):
        self.top = top
        self.path = os.path.join(top, "ballast")

    def fill(self):
        with open(self.path, "ab", buffering=0) as f:
            chunk = bytes(1 << 20)
            while chunk:
                try:
                    f.write(chunk)
                except OSError:
                    chunk = chunk[:len(chunk) // 2]
            os.fsync(f.fileno())

    def free(self):
        s = os.statvfs(self.top)
        return s.f_bavail * s.f_bsize

    def remove(self):
        os.unlink(self.path)


class Mount:
    """A directory on a file system of its own."""

    def __init__(self, kind, size_mb):
        self.top = tempfile.mkdtemp(prefix="roost-full-")
        self.image = None
        what, options = "none", "size=%dm" % size_mb
        if kind == "ext4":
            self.image = what = self.top + ".img"
            with open(self.image, "wb") as f:
                f.truncate(size_mb << 20)
            subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", what],
                           check=True)
            options = "loop"
        subprocess.run(["mount", "-t", kind, "-o", options, what, self.top],
                       check=True)

    def close(self):
        subprocess.run(["umount", self.top], check=True)
        os.rmdir(self.top)
        if self.image is not None:
            os.unlink(self.image)


class FullDisk:
    """What is tried on either file system."""

    kind = None
    size_mb = 160       # what four partitions set aside, and some mail

    def setUp(self):
        self.mount = Mount(self.kind, self.size_mb)
        self.addCleanup(self.mount.close)
        self.logs = tempfile.mkdtemp(prefix="roost-full-log-")
        self.addCleanup(shutil.rmtree, self.logs)
        self.server = harness.Server(directory=self.mount.top)
        self.server.log_path = os.path.join(self.logs, "log")
        self.addCleanup(self.end)
        self.server.start()
        self.server.add_user(USER)
        self.ballast = Ballast(self.mount.top)

    def end(self):
        if self.server.process is not None:
            self.server.stop()
        self.assertEqual(support.FAULT.findall(self.server.log()), [])

    def login(self):
        raw = Raw(self.server.imaps_port).login(USER)
        self.addCleanup(raw.close)
        return raw

    def ok(self, raw, command):
        lines = raw.run(command)
        self.assertIn(b" OK", lines[-1], command)
        return lines

    def no(self, line):
        self.assertRegex(line, rb"^\w+ NO \[UNAVAILABLE\] ")

    def fill_mailbox(self, raw):
        self.ok(raw, b"CREATE Old")
        self.ok(raw, b"CREATE Old/Sub")
        for box in (b"INBOX", b"Old"):
            for _ in range(MESSAGES):
                self.assertIn(b"z OK", append(raw, message(3000), box))
        self.ok(raw, b"SELECT INBOX")

    def deliver(self):
        """The reply after DATA."""
        lmtp = self.server.lmtp()
        lmtp.ehlo()
        lmtp.mail("a@example.org")
        lmtp.rcpt(USER)
        reply = lmtp.data(message(2000))
        lmtp.close()
        return reply

    def must_be_refused(self, raw):
        self.no(append(raw, message(3000)))
        self.no(append(raw, message(300 << 10)))
        self.no(raw.run(b"COPY 1:3 Old")[-1])
        code, text = self.deliver()
        self.assertEqual(code, 452)
        self.assertRegex(text, rb"^4\.3\.1 ")

    def must_work(self, raw):
        """All that needs nothing more than what is there."""
        n = self.exists(raw)
        self.assertEqual(n, sum(b" FETCH (" in x for x in self.ok(
            raw, b"FETCH 1:* (FLAGS RFC822.SIZE ENVELOPE)")))
        self.ok(raw, b"FETCH 1 BODY.PEEK[]")
        self.ok(raw, b"SEARCH TEXT Subject")
        self.ok(raw, b"STATUS Old (MESSAGES UNSEEN)")
        self.ok(raw, b'LIST "" *')
        self.ok(raw, b"STORE 1:3 +FLAGS (\\Deleted)")
        self.ok(raw, b"EXPUNGE")
        self.ok(raw, b"STORE 1 +FLAGS (\\Deleted \\Seen)")
        self.ok(raw, b"CLOSE")
        self.assertEqual(self.exists(raw), n - 4)

    def exists(self, raw):
        lines = self.ok(raw, b"SELECT INBOX")
        return int(next(x for x in lines if b" EXISTS" in x).split()[1])

    def figures(self, figure):
        rows = json.loads(self.server.roost("status", "--json").stdout)
        return [r["value"] for r in rows if r["figure"] == figure]

    def must_return(self, raw):
        """By itself."""
        began = time.monotonic()
        self.assertTrue(wait_for(
            lambda: b"z OK" in append(raw, message(3000))))
        self.ok(raw, b"CREATE New")
        self.assertEqual(self.deliver()[0], 250)
        self.assertLess(time.monotonic() - began, BACK_S)

    def check(self):
        checked = self.server.roost("store", "check", "--deep", check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout)

    # -- the tests --

    def test_nothing_left(self):
        raw = self.login()
        self.fill_mailbox(raw)
        self.assert_ready(r"ok\n")
        self.ballast.fill()
        self.assertEqual(self.ballast.free(), 0)
        self.must_be_refused(raw)
        self.take_the_rest(raw)
        for _ in range(5):
            self.must_work(raw)
        self.ok(raw, b"UNSUBSCRIBE Archive")
        self.ok(raw, b"DELETE Old/Sub")
        self.ok(raw, b"DELETE Old")
        self.ok(raw, b"LOGOUT")
        raw.close()
        raw = self.login()
        self.ok(raw, b"SELECT INBOX")
        self.no(append(raw, message(100)))
        self.assertEqual(self.ballast.free(), 0)
        self.assertIn(1, self.figures("disk_full"))
        self.assertRegex(self.server.log(), r"proc=mail/\d event=disk_full ")
        self.assert_ready(r"ok\n(mail/\d: the disk is full\n)+")
        self.assertTrue(wait_for(
            lambda: " event=alert kind=disk " in self.server.log()))
        self.ballast.remove()
        self.must_return(raw)

        def is_told():      # by what is stored some time later
            self.assertIn(b"z OK", append(raw, message(3000)))
            return 1 not in self.figures("disk_full")
        self.assertTrue(wait_for(is_told))
        self.assertRegex(self.server.log(), "event=disk_has_room")
        self.assert_ready(r"ok\n")
        self.check()

    def assert_ready(self, text):
        """Clients may be sent here, whatever is said of the disk."""
        for path, want in (("/healthz/ready", text),
                           ("/healthz/live", r"ok\n")):
            end = time.monotonic() + harness.PATIENCE_S
            while True:
                status, _, said = metrics.ask(self.server.metrics_port, path)
                if status == 200 and re.fullmatch(want, said):
                    break
                self.assertLess(time.monotonic(), end, said)
                time.sleep(0.1)

    def take_the_rest(self, raw):
        """Up to what is in reserve."""
        for n in range(5000):
            line = raw.run(b"CREATE Rest%d%s" % (n, b"x" * 200))[-1]
            if b" OK" not in line:
                return self.no(line)
        self.fail("there is no end of mailboxes")

    def test_expunging_a_whole_mailbox(self):
        """Message by message, each a commit of its own."""
        raw = self.login()
        self.fill_mailbox(raw)
        self.ballast.fill()
        for _ in range(MESSAGES):
            self.ok(raw, b"STORE 1 +FLAGS.SILENT (\\Deleted)")
            self.ok(raw, b"EXPUNGE")
        self.assertEqual(self.exists(raw), 0)
        self.ok(raw, b"DELETE Old")
        self.ballast.remove()
        self.must_return(raw)
        self.check()

    def test_who_must_be_shut_out_is(self):
        self.server.add_user("eve@example.org")
        raw = Raw(self.server.imaps_port).login("eve@example.org")
        self.ballast.fill()
        for _ in range(5):
            self.server.roost("user", "disable", "eve@example.org")
            refused = Raw(self.server.imaps_port)
            self.assertRaises(AssertionError, refused.login,
                              "eve@example.org")
            refused.close()
            self.server.roost("user", "enable", "eve@example.org")
        self.server.roost("user", "password", "eve@example.org",
                          stdin="other\n")
        raw.close()
        raw = Raw(self.server.imaps_port).login("eve@example.org", "other")
        raw.close()
        self.server.roost("user", "remove", "--yes", "eve@example.org")
        self.ballast.remove()
        self.server.add_user("eve@example.org")
        Raw(self.server.imaps_port).login("eve@example.org").close()

    def test_a_start(self):
        """Killed or stopped in an orderly way: it comes back on a disk that
        is as full, and mail can be read and expunged."""
        raw = self.login()
        self.fill_mailbox(raw)
        self.ballast.fill()
        raw.close()
        for end in 2 * (self.server.kill, self.server.stop):
            end()
            self.ballast.fill()
            self.assertEqual(self.ballast.free(), 0)
            self.server.start()
            raw = self.login()
            self.ok(raw, b"SELECT INBOX")
            self.must_work(raw)
            self.no(append(raw, message(100)))
            self.server.roost("user", "disable", USER)
            self.server.roost("user", "enable", USER)
        raw = self.login()
        self.ok(raw, b"SELECT INBOX")
        self.ballast.remove()
        self.must_return(raw)
        self.check()

    def test_an_account_is_made_whole_or_not_at_all(self):
        """Or says what to do."""
        self.ballast.fill()
        done = self.server.roost("user", "add", "bob@example.org",
                                 stdin="x\n", check=False)
        state = self.server.roost("user", "show", "bob@example.org",
                                  check=False)
        if done.returncode != 0:
            self.assertIn(done.returncode, (74, 75), done.stderr)
            self.assertRegex(done.stderr, "disk|room|add it again")
            self.assertTrue(state.returncode == 67 or
                            "adding" in state.stdout, state.stdout)
        self.ballast.remove()
        if done.returncode != 0:
            self.server.add_user("bob@example.org", "x")
        self.server.imap("bob@example.org", "x").logout()

    def test_full_of_mail(self):
        """It is mail that has filled it, and expunging it makes room."""
        raw = self.login()
        self.ok(raw, b"SELECT INBOX")
        kept, last = 0, b""
        while b"z NO" not in last:
            last = append(raw, message(1 << 20))
            kept += b"z OK" in last
            self.assertLess(kept, 2 * self.size_mb)
        self.no(last)
        self.assertGreater(kept, 20)
        self.assertEqual(self.exists(raw), kept)
        self.ok(raw, b"FETCH %d BODY.PEEK[]" % kept)
        self.ok(raw, b"STORE 1:* +FLAGS (\\Deleted)")
        self.ok(raw, b"EXPUNGE")
        self.assertIn("event=disk_full", self.server.log())
        self.check()


@unittest.skipIf(os.getuid() != 0, "mounting a small disk needs root")
class InMemory(FullDisk, unittest.TestCase):
    kind = "tmpfs"


@unittest.skipIf(os.getuid() != 0, "mounting a small disk needs root")
class Ext4(FullDisk, unittest.TestCase):
    kind = "ext4"


if __name__ == "__main__":
    unittest.main()
