"""bad_days.py -- no descriptors, dead processes, signals."""
import glob
import json
import os
import re
import resource
import shutil
import signal
import socket
import time
import unittest

import support
import harness
from harness import Raw, cpu_s
from processes import can_log_in, wait_for
from support import append, message


class Signals(support.ServerTest):
    def test_sigterm_says_bye_and_loses_nothing(self):
        """behaviour 22"""
        user = self.new_user()
        raw = Raw(self.server.imaps_port).login(user)
        raw.run(b"SELECT INBOX")
        self.assertIn(b"OK", append(raw, message(5000)))
        raw.send(b"i IDLE\r\n")
        raw.until(b"+")
        self.server.process.terminate()
        raw.until(b"* BYE")
        raw.close()
        self.assertEqual(self.server.process.wait(harness.PATIENCE_S), 0)
        self.server.start()
        raw = Raw(self.server.imaps_port).login(user)
        self.assertIn(b"* 1 EXISTS", raw.run(b"SELECT INBOX"))
        raw.close()

    def test_sighup_swaps_the_certificate_and_drops_nobody(self):
        user = self.new_user()
        raw = Raw(self.server.imaps_port).login(user)
        old = raw.sock.getpeercert(True)
        names = [os.path.join(root, f) for root, _, files in
                 os.walk(self.server.dir) for f in files
                 if f.endswith(".pem")]
        self.assertTrue(names)
        other = harness.Server(self.server.build)
        for name in names:
            shutil.copy(os.path.join(other.dir, os.path.relpath(
                name, self.server.dir)), name)
        shutil.rmtree(other.top)
        self.server.process.send_signal(signal.SIGHUP)

        def served():
            new = Raw(self.server.imaps_port)
            certificate = new.sock.getpeercert(True)
            new.close()
            return certificate
        # by each gate
        self.assertTrue(wait_for(lambda: old not in {
            served() for _ in range(20)}))
        self.assertIn(b" OK", raw.run(b"NOOP")[-1])
        raw.close()

    def test_sighup_again_and_again(self):
        raw = Raw(self.server.imaps_port).login(self.new_user())
        before = self.server.child("gate")
        for n in range(4):
            seen = self.server.log().count("event=reloaded")
            self.server.process.send_signal(signal.SIGHUP)
            self.assertTrue(wait_for(
                lambda: self.server.log().count("event=reloaded") > seen))
            self.assertIn(b" OK", raw.run(b"NOOP")[-1])
        self.assertEqual(sorted(before), sorted(self.server.child("gate")))
        raw.close()

    def test_sighup_with_a_bad_certificate_keeps_the_one_before(self):
        raw = Raw(self.server.imaps_port).login(self.new_user())
        path = os.path.join(self.server.dir, "certificate.pem")
        with open(path) as f:
            good = f.read()
        with open(path, "w") as f:
            f.write("no certificate\n")
        self.server.process.send_signal(signal.SIGHUP)
        self.assertTrue(wait_for(
            lambda: "there is no certificate in it" in self.server.log()))
        new = Raw(self.server.imaps_port)
        self.assertEqual(raw.sock.getpeercert(True),
                         new.sock.getpeercert(True))
        self.assertIn(b" OK", raw.run(b"NOOP")[-1])
        with open(path, "w") as f:
            f.write(good)
        new.close()
        raw.close()

    def test_sighup_with_a_broken_configuration_changes_nothing(self):
        """What `roost config check` refuses, and each error is logged."""
        with open(self.server.conf) as f:
            good = f.read()
        self.addCleanup(self.configure, good)
        reloaded = self.server.log().count("event=reloaded")
        for broken, errors in (
                ("no_such_option = 1\n", ["no_such_option"]),
                ("hostname = a b\ncertificate = none.pem\n",
                 ["hostname is no name of a host",
                  "none.pem: No such file or directory"]),
                ("listen_imap = " + ", ".join(
                    "127.0.0.1:%d" % p for p in range(20000, 20063)) + "\n",
                 ["listen_imap makes more than 62 addresses"])):
            names = [line.split(" =")[0] for line in broken.splitlines()]
            kept = "".join(line for line in good.splitlines(True)
                           if line.split(" =")[0] not in names)
            self.configure(kept + "\nlog_level = error\n" + broken)
            self.server.process.send_signal(signal.SIGHUP)
            self.assertTrue(wait_for(
                lambda: errors[-1] in self.server.log()))
            for error in errors:
                self.assertIn(error, self.server.log())
        self.assertEqual(reloaded, self.server.log().count("event=reloaded"))
        self.configure(good)
        self.server.process.send_signal(signal.SIGHUP)
        self.assertTrue(wait_for(
            lambda: self.server.log().count("event=reloaded") > reloaded))
        # at log_level = error it would not be said
        self.assertEqual(reloaded + 1,
                         self.server.log().count("event=reloaded"))

    def configure(self, text):
        with open(self.server.conf, "w") as f:
            f.write(text)

    def sessions(self, process):
        rows = json.loads(self.server.roost("status", "--json").stdout)
        return next(row["value"] for row in rows
                    if (row["process"], row["figure"]) ==
                    (process, "sessions"))

    def test_a_dead_mail_process_costs_only_its_sessions(self):
        raws, users = [], []
        while not self.sessions("mail/0") or \
                self.sessions("mail/0") == len(raws):
            self.assertLess(len(users), 64)
            users.append(self.new_user())
            raws.append(Raw(self.server.imaps_port).login(users[-1]))
            raws[-1].run(b"SELECT INBOX")
        hurt = self.sessions("mail/0")
        os.kill(self.server.child("mail/0")[0], signal.SIGKILL)
        alive = 0
        for raw in raws:
            try:
                alive += b" OK" in raw.run(b"NOOP")[-1]
            except (OSError, EOFError):
                pass
        self.assertEqual(alive, len(raws) - hurt)
        for user in users:      # "unavailable" until it has been started again
            self.assertTrue(wait_for(lambda: can_log_in(self.server, user)))
            raw = Raw(self.server.imaps_port).login(user)
            self.assertIn(b" OK", raw.run(b"SELECT INBOX")[-1])
            raw.close()


class Lasting(unittest.TestCase):
    """What a mailbox has been, after the worst."""

    def setUp(self):
        self.server = self.enterContext(harness.Server())
        self.user = "ann@example.org"
        self.server.add_user(self.user)

    def open(self):
        """INBOX; the codes of SELECT that have a number."""
        raw = Raw(self.server.imaps_port).login(self.user)
        self.addCleanup(raw.close)
        lines = b"\n".join(raw.run(b"SELECT INBOX (CONDSTORE)"))
        return raw, {name.decode(): int(n) for name, n in
                     re.findall(rb"\[([A-Z]+) (\d+)\]", lines)}

    def modseqs(self, raw):
        lines = b"\n".join(raw.run(b"UID FETCH 1:* (MODSEQ)"))
        return [int(x) for x in re.findall(rb"MODSEQ \((\d+)\)", lines)]

    def expunge(self, raw):
        """The second message; the HIGHESTMODSEQ that this gives."""
        raw.run(b"STORE 2 +FLAGS.SILENT (\\Deleted)")
        raw.run(b"EXPUNGE")
        lines = b"\n".join(raw.run(b"STATUS INBOX (HIGHESTMODSEQ)"))
        return int(re.search(rb"HIGHESTMODSEQ (\d+)", lines)[1])

    def test_highestmodseq(self):
        """behaviour 176: it is no lower than any MODSEQ and grows by EXPUNGE,
        also after the server was killed, and after its index was made anew."""
        raw, _ = self.open()
        for _ in range(6):
            append(raw, message(100))
        seen = self.expunge(raw)
        self.assertGreater(seen, max(self.modseqs(raw)))
        self.server.kill()
        self.server.start()
        raw, codes = self.open()
        self.assertGreaterEqual(codes["HIGHESTMODSEQ"], seen)
        self.assertGreater(self.expunge(raw), codes["HIGHESTMODSEQ"])
        self.server.stop()
        # which was a number of seconds, as the next will be
        while time.time() < codes["UIDVALIDITY"] + 1:
            time.sleep(0.05)
        self.server.roost("store", "salvage")
        self.server.start()
        raw, after = self.open()
        self.assertGreater(after["UIDVALIDITY"], codes["UIDVALIDITY"])
        self.assertGreaterEqual(after["HIGHESTMODSEQ"],
                                max(self.modseqs(raw)))
        self.assertGreater(self.expunge(raw), after["HIGHESTMODSEQ"])

    def test_a_pack_is_gone(self):
        """behaviour 134: with the file that a message was in."""
        raw, _ = self.open()
        append(raw, message(100))
        self.server.stop()
        packs = glob.glob(os.path.join(self.server.dir, "**", "pack", "*"),
                          recursive=True)
        self.assertEqual(1, sum(os.path.getsize(x) > 0 for x in packs), packs)
        for path in packs:
            os.unlink(path)
        self.server.start()
        raw, _ = self.open()
        append(raw, message(200))
        answer = raw.run(b"FETCH 1:2 (UID BODY.PEEK[])")
        self.assertIn(b"* 1 FETCH (UID 1 BODY[] NIL ", answer[0])
        self.assertIn(b"* 2 FETCH (UID 2 BODY[] {", answer[1])
        self.assertIn(b" NO ", answer[-1])
        # what is known of it without its octets
        self.assertIn(b" OK", raw.run(b"FETCH 1:2 (FLAGS ENVELOPE)")[-1])
        self.assertIn(b" OK", raw.run(b"STORE 1 +FLAGS (\\Deleted)")[-1])
        self.assertIn(b" OK", raw.run(b"EXPUNGE")[-1])
        self.assertIn(b" OK", raw.run(b"FETCH 1:* BODY.PEEK[]")[-1])


class NoDescriptors(unittest.TestCase):
    def test_emfile(self):
        """Accepting goes on when there is room again; no busy loop."""
        server = harness.Server()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        try:
            server.start()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        try:
            server.add_user("ann@example.org")
            crowd = []
            for _ in range(400):
                s = socket.create_connection(("127.0.0.1",
                                              server.imaps_port))
                crowd.append(s)

            def used_in_2_s():
                before = cpu_s(server.process.pid)
                time.sleep(2)
                return cpu_s(server.process.pid) - before
            # the first of them are still being taken in; who has not begun
            # with TLS is sent away later
            self.assertLess(min(used_in_2_s() for _ in range(3)), 0.4)
            for s in crowd:
                s.close()
            self.assertTrue(wait_for(
                lambda: can_log_in(server, "ann@example.org")))
            Raw(server.imaps_port).login("ann@example.org").close()
        finally:
            server.__exit__(None, None, None)


if __name__ == "__main__":
    unittest.main()
