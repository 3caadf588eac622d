"""shut_out.py -- when a command that shuts somebody out has ended, nothing of
his is accepted any more: no session of before begins a command, and none is let
in. Many sessions work while it happens."""
import os
import signal
import subprocess
import threading
import time
import unittest

import support
from harness import PATIENCE_S, Raw
from processes import wait_for

SESSIONS = 12


class Worker(threading.Thread):
    """A session that sends one command after the other, until its end; when
    the last one that was accepted was sent."""

    def __init__(self, raw, idles=False, command=b"NOOP"):
        super().__init__()
        self.raw, self.idles, self.command = raw, idles, command
        self.accepted, self.last = 0, 0.0

    def one(self, n):
        sent = time.monotonic()
        if not self.idles:
            self.raw.send(b"n%d %s\r\n" % (n, self.command))
            if b" OK" not in self.raw.until(b"n%d " % n)[-1]:
                raise EOFError
        else:
            self.raw.send(b"i%d IDLE\r\n" % n)
            self.raw.until(b"+ ")
        self.accepted, self.last = self.accepted + 1, sent
        if self.idles:
            self.raw.send(b"DONE\r\n")
            self.raw.until(b"i%d OK" % n)

    def run(self):
        try:
            while True:
                self.one(self.accepted)
        except (EOFError, OSError):
            pass


class Knocker(threading.Thread):
    """Logs in again and again, until it is told to stop."""

    def __init__(self, port, user, password):
        super().__init__()
        self.to, self.last = (port, user.encode(), password.encode()), 0.0
        self.over = threading.Event()

    def run(self):
        port, user, password = self.to
        while not self.over.is_set():
            raw = Raw(port)
            try:
                raw.line()
                sent = time.monotonic()
                raw.send(b"a LOGIN %s %s\r\n" % (user, password))
                if b"a OK" in raw.until(b"a ")[-1]:
                    raw.send(b"b NOOP\r\n")
                    raw.until(b"b OK")
                    self.last = sent
            except (EOFError, OSError):
                pass
            finally:
                raw.close()


class ShutOut(support.ServerTest):
    conf = ("refusal_time = 1s\nfailures_per_address = 0\nspray_accounts = 0\n"
            "failures_per_network = 0\nfailures_per_account = 0\n")

    def verbs(self, user):
        """Each, and how it is undone."""
        return [(("user", "disable", user), ("user", "enable", user)),
                (("policy", "set", user, "suspended", "defer"),
                 ("policy", "unset", user, "suspended")),
                (("policy", "set", "@example.org", "imap", "off"),
                 ("policy", "unset", "@example.org", "imap")),
                (("policy", "set", "server", "networks", "::1"),
                 ("policy", "unset", "server", "networks"))]

    def work(self, user, password="secret", n=SESSIONS):
        workers = []
        for i in range(n):
            raw = Raw(self.server.imaps_port).login(user, password)
            self.addCleanup(raw.close)
            workers.append(Worker(raw, idles=i % 2))
        for w in workers:
            w.start()
        self.assertTrue(wait_for(lambda: all(w.accepted > 2
                                             for w in workers)))
        return workers

    def assert_over(self, workers, since):
        for w in workers:
            w.join(PATIENCE_S)
            self.assertFalse(w.is_alive())
            self.assertLess(w.last, since)

    def shut_out(self, workers, *verb, stdin=""):
        self.server.roost(*verb, stdin=stdin)
        self.assert_over(workers, time.monotonic())

    def test_sessions(self):
        user = self.new_user()
        for verb, undo in self.verbs(user):
            with self.subTest(verb=verb):
                workers = self.work(user)
                self.addCleanup(self.server.roost, *undo, check=False)
                self.shut_out(workers, *verb)
                self.server.roost(*undo)

    def test_kicked(self):
        user = self.new_user()
        workers = self.work(user)
        self.shut_out(workers, "kick", user)
        self.open(user)

    def test_a_new_password(self):
        user = self.new_user()
        workers = self.work(user)
        self.shut_out(workers, "user", "password", user, stdin="other\n")

    def test_a_group(self):
        """What it let in is refused."""
        owner, user = self.new_user(), self.new_user()
        self.server.roost("group", "add", "team", user)
        self.open(owner).run(b"SETACL INBOX $team lr")
        command = b'STATUS "Other Users/%s/INBOX" (MESSAGES)' % owner.encode()
        workers = [Worker(self.open(user), command=command)
                   for _ in range(SESSIONS)]
        for w in workers:
            w.start()
        self.assertTrue(wait_for(lambda: all(w.accepted > 2
                                             for w in workers)))
        self.shut_out(workers, "group", "remove", "team", user)

    def test_one_app_password(self):
        user = self.new_user()
        made = ["".join(self.server.roost("app-password", "add", user,
                                          name).stdout.split())
                for name in ("phone", "laptop")]
        gone = self.work(user, made[0], SESSIONS // 2)
        stays = self.work(user, made[1], 2)
        self.shut_out(gone, "app-password", "revoke", user, "phone")
        before = [w.accepted for w in stays]
        self.assertTrue(wait_for(lambda: all(
            w.accepted > n for w, n in zip(stays, before))))
        self.shut_out(stays, "user", "disable", user)

    def test_log_ins(self):
        """Those that were under way are let in before, or not at all."""
        user = self.new_user()
        for verb, undo in self.verbs(user):
            knockers = [Knocker(self.server.imaps_port, user, "secret")
                        for _ in range(4)]
            try:
                for k in knockers:
                    k.start()
                self.assertTrue(wait_for(lambda: all(k.last
                                                     for k in knockers)))
                self.server.roost(*verb)
                since = time.monotonic()
                self.server.roost("user", "list")
            finally:
                for k in knockers:
                    k.over.set()
                for k in knockers:
                    k.join(PATIENCE_S)
            for k in knockers:
                self.assertLess(k.last, since, verb)
            self.server.roost(*undo)

    def begin(self, *verb):
        done = subprocess.Popen(
            [os.path.join(self.server.build, "roost"), "-c", self.server.conf,
             *verb], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env=self.server.env)
        self.addCleanup(done.stderr.close)
        return done

    def stopped_partition(self, user):
        """The process that has the user's mail."""
        before = self.server.log().count("event=login user=%s " % user)
        self.assertEqual(1, before)
        out = []
        for pid in self.server.child("mail"):
            os.kill(pid, signal.SIGSTOP)
            out.append(pid)
        return out

    def test_it_waits_for_the_partition(self):
        """However long that needs; another command is done meanwhile."""
        for i, (verb, undo) in enumerate(self.verbs(self.new_user())):
            user = self.new_user()
            verb = [user if "@" in w[1:] else w for w in verb]
            with self.subTest(verb=verb):
                raw = self.open(user)
                stopped = self.stopped_partition(user)
                try:
                    count = self.server.log().count
                    event = "user_disabled" if not i else "policy_set"
                    before = count("event=" + event)
                    done = self.begin(*verb)
                    self.assertTrue(wait_for(lambda: self.server.log().count(
                        "event=" + event) > before))
                    self.server.roost("user", "list")
                    self.server.roost("lockout", "list")
                    self.assertIsNone(done.poll())
                finally:
                    for pid in stopped:
                        os.kill(pid, signal.SIGCONT)
                self.assertEqual(0, done.wait(PATIENCE_S))
                raw.send(b"z NOOP\r\n")
                self.assertTrue(raw.until(b"* BYE"))
                self.server.roost(*(user if "@" in w[1:] else w
                                    for w in undo))

    def test_its_partition_dies_meanwhile(self):
        """It has no sessions then."""
        user = self.new_user()
        self.open(user)
        stopped = self.stopped_partition(user)
        before = self.server.log().count("event=user_disabled")
        done = self.begin("user", "disable", user)
        self.assertTrue(wait_for(lambda: self.server.log().count(
            "event=user_disabled") > before))
        for pid in stopped:
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(0, done.wait(PATIENCE_S))


if __name__ == "__main__":
    unittest.main()
