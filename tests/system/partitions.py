"""partitions.py -- one that is missing, or whose index has been damaged: it is
told, its partition stays away, the others serve. And an account that is made
anew, which may lie in another one."""
import json
import os
import random
import signal
import time
import unittest

import support  # noqa: F401
import harness
from processes import wait_for

PAGE = 4096
FIRST = 2 * PAGE  # behind the meta pages
NOISE = random.Random(1)


def zeros(f, size):
    f.seek(FIRST)
    f.write(bytes(size - FIRST))


def noise(f, size):
    f.seek(FIRST)
    f.write(NOISE.randbytes(size - FIRST))


def heads(f, size):
    """Pages that are the right ones, with nodes that lie anywhere."""
    for at in range(FIRST, size, PAGE):
        f.seek(at + 12)
        f.write(b"\xf0\x0f\xf2\x0f" + NOISE.randbytes(64))


def cut(f, _size):
    f.truncate(FIRST)


class Again(unittest.TestCase):
    """An account is removed, and another one made of its name."""

    def test_no_uidvalidity_comes_again(self):
        """though it has given out more than a second each, the other one is
        of another partition, and the server has been killed meanwhile"""
        with harness.Server() as s:
            seen, homes = [], set()
            while len(seen) < 8 or len(homes) == 1:
                s.add_user("again@example.org")
                seen.append(self.uidvalidities(s))
                homes.add(self.home(s))
                s.roost("user", "remove", "--yes", "again@example.org")
                if len(seen) % 3 == 0:
                    s.kill()
                    s.start()
            for before, now in zip(seen, seen[1:]):
                self.assertGreater(min(now), max(before))

    def uidvalidities(self, server):
        client = server.imap("again@example.org")
        names = ["INBOX"] + ["Box%d" % n for n in range(20)]
        out = []
        for name in names:
            client.create(name)
            said = client.status(name, "(UIDVALIDITY)")[1][0]
            out.append(int(said.rsplit(b" ", 1)[1].strip(b")")))
        client.logout()
        return out

    def home(self, server):
        shown = server.roost("user", "show", "--json", "again@example.org")
        return json.loads(shown.stdout)[0]["partition"]


class Partitions(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server()

    def tearDown(self):
        self.server.__exit__(None, None, None)

    def test_a_missing_partition_is_not_made_anew(self):
        """and the others serve meanwhile"""
        (user, gone), (other, _) = self.deliver_to_two_partitions()
        there = os.path.join(self.server.dir, "partition", gone)
        os.rename(there, there + ".away")
        self.server.start()
        self.assert_one_message(other)
        self.assert_kept_out(user)
        self.assertTrue(wait_for(
            lambda: "child_died" in self.server.log()))
        self.assertIn("/partition/%s: No such file" % gone,
                      self.server.log())
        self.assertIn("event=partition_failed", self.server.log())
        time.sleep(3)
        deaths = self.server.log().count("child_died")
        self.assertTrue(1 <= deaths <= 8, deaths)
        self.assertFalse(os.path.exists(there))
        os.rename(there + ".away", there)
        self.server.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.process.wait(harness.PATIENCE_S), 0)

    def partitions_with(self, text):
        """Of which packs hold it (zstd keeps a short text as it is)."""
        top = os.path.join(self.server.dir, "partition")
        found = []
        for number in sorted(os.listdir(top)):
            pack = os.path.join(top, number, "pack", "00000001")
            if os.path.exists(pack):
                with open(pack, "rb") as f:
                    if text in f.read():
                        found.append(number)
        return found

    def deliver_to_two_partitions(self):
        """(user, partition) of two users that have mail, and no partition
        in common."""
        self.server.start()
        homes = {}
        for n in range(50):
            user = "u%d@example.org" % n
            self.server.add_user(user)
            self.server.roost("deliver", "-d", user, stdin="Subject: m\n\nm\n")
            home, = self.partitions_with(user.encode())
            homes[home] = user
            if len(homes) == 2:
                break
        self.assertEqual(self.server.stop(), 0)
        return [(user, home) for home, user in homes.items()]

    def assert_one_message(self, user):
        raw = harness.Raw(self.server.imaps_port).login(user)
        self.assertIn(b"* 1 EXISTS", raw.run(b"SELECT INBOX"))
        raw.close()

    def assert_kept_out(self, user):
        """from mail that isn't there; what comes for them is to wait"""
        raw = harness.Raw(self.server.imaps_port)
        raw.line()
        raw.send(b"a LOGIN %s secret\r\n" % user.encode())
        self.assertIn(b"a NO [UNAVAILABLE]", raw.until(b"a ")[-1])
        raw.close()
        done = self.server.roost("deliver", "-d", user, check=False,
                                 stdin="Subject: m\n\nm\n")
        self.assertEqual(done.returncode, 75, done)

    def test_an_index_that_was_cut_off(self):
        """it is told, its partition stays away, the others serve"""
        (user, home), (other, _) = self.deliver_to_two_partitions()
        index = os.path.join(self.server.dir, "partition", home, "index.lmdb")
        with open(index, "rb") as f:
            whole = f.read()
        for size in 0, 8192, len(whole) // 2:
            with self.subTest(size=size):
                self.cut_and_serve(index, size, user, other)
                with open(index, "wb") as f:
                    f.write(whole)
        done = self.server.roost("store", "check", "--deep")
        self.assertEqual(done.returncode, 0)
        self.server.start()
        self.assert_one_message(user)
        self.assertEqual(self.server.stop(), 0)

    def cut_and_serve(self, index, size, user, other):
        os.truncate(index, size)
        done = self.server.roost("store", "check", check=False)
        self.assertEqual(done.returncode, 65, done)
        self.assertIn(os.path.dirname(index) + ": the index ", done.stderr)
        begins = len(self.server.log())
        self.server.start()
        self.assert_one_message(other)
        self.assert_kept_out(user)
        self.assertTrue(wait_for(
            lambda: "event=child_died" in self.server.log()[begins:]))
        time.sleep(2)
        log = self.server.log()[begins:]
        self.assertEqual(os.path.getsize(index), size)
        self.assertEqual(self.server.stop(), 0)
        failed = [line for line in log.splitlines()
                  if "event=partition_failed" in line]
        self.assertTrue(failed and all("index" in l for l in failed), log)
        deaths = log.count("event=child_died")
        self.assertTrue(1 <= deaths <= 8, deaths)
        self.assertNotIn("signal=", log)

    def damage_and_serve(self, damages, serve):
        (user, home), (other, _) = self.deliver_to_two_partitions()
        index = os.path.join(self.server.dir, "partition", home, "index.lmdb")
        with open(index, "rb") as f:
            whole = f.read()
        for damage in damages:
            with self.subTest(damage=damage.__name__):
                try:
                    serve(index, damage, user, other)
                finally:
                    status = self.server.stop()
                self.assertEqual(status, 0)
            with open(index, "wb") as f:
                f.write(whole)
        self.server.start()
        self.assert_one_message(user)
        self.assertEqual(self.server.stop(), 0)

    def damage(self, index, damage):
        """Where the log ends by then."""
        with open(index, "r+b") as f:
            damage(f, os.path.getsize(index))
        return len(self.server.log())

    def assert_told(self, index, begins):
        """by the log, once it has been looked at, and by who asks"""
        self.assertTrue(wait_for(
            lambda: "event=partition_failed" in self.server.log()[begins:]),
            self.server.log()[begins:])
        failed, *_ = [line for line in self.server.log()[begins:].splitlines()
                      if "event=partition_failed" in line]
        self.assertRegex(failed, '%s error="the index (is damaged|has been cut'
                         ' off).*: restore it, or rebuild it from the packs"'
                         % os.path.dirname(index))
        for verb in ["store", "check"], ["status"]:
            done = self.server.roost(*verb, check=False)
            self.assertEqual(done.returncode, 65, done)
            self.assertIn(": restore it, or rebuild it", done.stderr)
            self.assertGreater(len(done.stdout.splitlines()), 2, done)

    def assert_stays_away(self, begins):
        """it is tried again, with longer and longer waits, and that is all"""
        def failures():
            return self.server.log()[begins:].count("event=partition_failed")
        self.assertTrue(wait_for(lambda: failures() >= 4))
        log = self.server.log()[begins:]
        odd = log.count("signal=") + log.count("status=1 ")
        self.assertLessEqual(odd, 1, log)

    def test_an_index_that_is_damaged(self):
        """before the start"""
        def serve(index, damage, user, other):
            begins = self.damage(index, damage)
            self.server.start()
            self.assert_one_message(other)
            self.assert_told(index, begins)
            self.assert_kept_out(user)
            self.assert_stays_away(begins)
        self.damage_and_serve([zeros, noise, heads], serve)

    def test_an_index_that_is_damaged_in_service(self):
        """sessions of other partitions go on"""
        def serve(index, damage, user, other):
            self.server.start()
            self.assert_one_message(user)
            stays = harness.Raw(self.server.imaps_port).login(other)
            begins = self.damage(index, damage)
            self.try_to_use(user)
            self.assert_told(index, begins)
            self.assert_kept_out(user)
            self.assertIn(b"* 1 EXISTS", stays.run(b"SELECT INBOX"))
            stays.close()
        self.damage_and_serve([zeros, cut], serve)

    def try_to_use(self, user):
        """Until the mail process has come upon it."""
        def meets():
            try:
                raw = harness.Raw(self.server.imaps_port).login(user)
                raw.run(b"SELECT INBOX")
                raw.run(b"STORE 1 FLAGS (\\Seen)")
                raw.close()
                return False
            except (AssertionError, EOFError, OSError):
                return True
        self.assertTrue(wait_for(meets))
