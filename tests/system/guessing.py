"""guessing.py -- who tries passwords has to wait; whose they are does not."""
import datetime
import json
import re
import threading
import time
import unittest

import support
from harness import Raw
from processes import wait_for


class Guesser(support.ServerTest):
    def login(self, user, password="secret", source="127.0.0.1",
              mechanism=None):
        """The end of the answer: b"OK", b"AUTHENTICATIONFAILED", ..."""
        raw = Raw(self.server.imaps_port, source=source)
        try:
            raw.line()
            raw.send(b"a LOGIN %s %s\r\n" % (user.encode(),
                                             password.encode()))
            answer = raw.until(b"a ")[-1]
        finally:
            raw.close()
        if answer.startswith(b"a OK"):
            return "OK"
        return answer.split(b"[")[1].split(b"]")[0].decode()

    def reasons(self, user):
        return [line.split('reason="')[1].split('"')[0]
                for line in self.server.log().splitlines()
                if "event=login_failed user=%s " % user in line]


class Guessing(Guesser):
    conf = "refusal_time = 1s\nlockout_time = 1h\n"

    def guesses(self, user, n, sources, stem="wrong"):
        """n wrong passwords, in turn from the sources, at once."""
        answers = [None] * n

        def guess(i):
            answers[i] = self.login(user, "%s%d" % (stem, i),
                                    sources[i % len(sources)])
        threads = [threading.Thread(target=guess, args=(i,))
                   for i in range(n)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return answers

    def test_the_owner_gets_in_where_she_signs_in(self):
        ann = self.new_user()
        self.assertEqual("OK", self.login(ann, source="127.1.1.1"))
        self.guesses(ann, 12, ["127.2.%d.1" % i for i in range(12)])
        compared = self.reasons(ann).count("wrong password")
        self.assertLessEqual(compared, 10)
        self.assertIn("event=lockout what=account", self.server.log())
        # with the right password, too, but it is told to nobody
        self.assertEqual("AUTHENTICATIONFAILED",
                         self.login(ann, source="127.3.1.1"))
        self.assertEqual("OK", self.login(ann, source="127.1.1.1"))
        self.assertEqual("OK", self.login(ann, source="127.1.1.77"))
        # a restart forgets nothing
        self.assertEqual(0, self.server.stop())
        self.server.start()
        self.assertEqual("AUTHENTICATIONFAILED",
                         self.login(ann, source="127.3.2.1"))
        self.assertEqual("OK", self.login(ann, source="127.1.1.1"))

    def test_an_address(self):
        users = [self.new_user() for _ in range(3)]
        threads = [threading.Thread(target=self.guesses,
                                    args=(user, 4, ["127.4.1.1"]))
                   for user in users]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertRegex(self.server.log(), "event=lockout what=address "
                         r"user=\S+ rip=127\.4\.1\.1 ")
        self.assertEqual("UNAVAILABLE",
                         self.login(users[0], source="127.4.1.1"))
        self.assertEqual("OK", self.login(users[0], source="127.4.1.2"))

    def test_the_same_again(self):
        ann = self.new_user()
        self.assertEqual("OK", self.login(ann, source="127.5.1.1"))
        for _ in range(2):
            self.guesses(ann, 1, ["127.5.1.1"], "old")
        self.guesses(ann, 12, ["127.5.1.%d" % i for i in range(2, 14)])
        self.assertEqual(1, self.reasons(ann).count(
            "the same wrong password again"))
        self.assertEqual("AUTHENTICATIONFAILED",
                         self.login(ann, source="127.5.1.1"))
        self.assertEqual("OK", self.login(ann, source="127.5.2.1"))

    def test_right_all_the_while(self):
        """Whoever may not come in is told that the password is wrong; it isn't,
        once he may."""
        ann = self.new_user()
        self.assertEqual("OK", self.login(ann, source="127.11.1.1"))
        away = "127.11.%d.1"
        for i, (close, open_) in enumerate((
                (("user", "disable", ann), ("user", "enable", ann)),
                (("policy", "set", ann, "networks", "::1"),
                 ("policy", "unset", ann, "networks")),
                (("policy", "set", ann, "passwords", "off"),
                 ("policy", "unset", ann, "passwords")))):
            self.server.roost(*close)
            for source in ("127.11.1.1", away % (i + 2)):
                self.assertEqual("AUTHENTICATIONFAILED",
                                 self.login(ann, source=source))
            self.server.roost(*open_)
            for source in ("127.11.1.1", away % (i + 2)):
                self.assertEqual("OK", self.login(ann, source=source))

    def test_one_password_on_many(self):
        users = [self.new_user() for _ in range(12)]
        for i, user in enumerate(users):
            self.login(user, "Winter2026!", "127.6.%d.1" % i)
        found = sum(self.reasons(u) == ["the password is being tried on many"]
                    for u in users)
        # 64 bits tell accounts apart: of five, two may look like one
        self.assertGreaterEqual(found, 2)
        self.assertIn("event=spraying what=password", self.server.log())

    def test_commands(self):
        support.within(86400)       # a row is of a day
        ann = self.new_user()
        for i in range(3):
            self.login(ann, source="127.8.1.1")
        self.guesses(ann, 11, ["127.9.%d.1" % i for i in range(11)])
        self.assertEqual("AUTHENTICATIONFAILED",
                         self.login(ann, source="127.10.1.1"))
        listed = json.loads(self.server.roost("lockout", "list",
                                              "--json").stdout)
        self.assertEqual([10], [r["failures"] for r in listed
                                if (r["kind"], r["who"]) ==
                                ("account", ann)])
        self.assertTrue(all(r["since"] < r["until"] for r in listed))
        self.assertEqual(67, self.server.roost(
            "lockout", "clear", "192.0.2.1", check=False).returncode)
        self.server.roost("lockout", "clear", ann)
        self.assertEqual("OK", self.login(ann, source="127.10.1.1"))
        rows = json.loads(self.server.roost("history", ann,
                                            "--json").stdout)
        self.assertEqual(("ok", "127.10.1.1", "127.10.1.0/24", 1),
                         tuple(rows[0][k] for k in (
                             "result", "address", "network", "count")))
        self.assertEqual(("ok", "127.8.1.1", 3), tuple(
            rows[-1][k] for k in ("result", "address", "count")))
        self.assertEqual(10, sum(r["reason"] == "wrong password"
                                 for r in rows))
        self.assertEqual(2, len(json.loads(self.server.roost(
            "history", ann, "--last", "2", "--json").stdout)))
        self.server.roost("user", "remove", "--yes", ann)
        with self.server.database("history") as db:
            self.assertEqual([], db.execute(
                "SELECT id FROM sign_ins WHERE name = ? AND account != 0",
                [ann]).fetchall())

    def test_rows_of_history(self):
        support.within(86400)
        ann = self.new_user()
        for _ in range(3):
            self.login(ann, source="127.7.1.1")
            self.login(ann, "wrong", source="127.7.2.1")
        with self.server.database("history") as db:
            rows = db.execute(
                "SELECT granted, count, address, network, mechanism, tls,"
                " reason FROM sign_ins WHERE name = ? ORDER BY id",
                [ann]).fetchall()
        self.assertEqual((1, 3, "127.7.1.1", "127.7.1.0/24"), rows[0][:4])
        self.assertTrue(rows[0][5].startswith("TLSv1.3 "))
        self.assertEqual(["", "wrong password",
                          "the same wrong password again"],
                         [r[6] for r in rows])


class DelaysGrow(Guesser):
    """From the fourth failure on each answer is held back longer, by one
    time more each, five at most; also after a restart."""
    conf = ("refusal_time = 1s\nfailures_per_account = 100\n"
            "failures_per_address = 0\nfailures_per_network = 0\n"
            "spray_accounts = 0\n")

    def test_one_after_the_other(self):
        user = self.new_user()
        for n in range(1, 10):
            if n == 6:
                self.assertEqual(0, self.server.stop())
                self.server.start()
            began = time.monotonic()
            self.assertEqual("AUTHENTICATIONFAILED", self.login(
                user, "wrong%d" % n, "127.22.%d.1" % n))
            least = 1 + min(max(n - 3, 0), 5)
            self.assertGreaterEqual(time.monotonic() - began, least)
        # who is right is let in at once, or is not held up by a timer
        self.assertEqual("OK", self.login(user, source="127.23.1.1"))


class LockOutsGrow(Guesser):
    """Each lasts twice as long as the one before, up to an hour; a restart
    forgets neither how many there were nor until when."""
    conf = ("refusal_time = 1s\nlockout_time = 2s\nfailures_per_account = 2\n"
            "failures_per_address = 0\nfailures_per_network = 0\n"
            "spray_accounts = 0\n")
    tries = 0

    def wrong(self, user):
        """One that is looked at."""
        self.tries += 1
        before = self.reasons(user).count("wrong password")
        self.assertEqual("AUTHENTICATIONFAILED", self.login(
            user, "wrong%d" % self.tries, "127.20.%d.1" % self.tries))
        self.assertEqual(before + 1,
                         self.reasons(user).count("wrong password"))

    def listed(self, user):
        return [r for r in json.loads(self.server.roost(
            "lockout", "list", "--json").stdout) if r["who"] == user]

    def saved(self, sql, *values):
        """Of the server that has been stopped."""
        with self.server.database("history") as db:
            return db.execute(sql, values).fetchall()

    def assert_lasts(self, user, seconds):
        """From one failure on; the server is stopped then."""
        began = int(time.time())
        self.wrong(user)
        ended = time.time()
        self.assertEqual(0, self.server.stop())
        (until,), = self.saved("SELECT until FROM tallies WHERE label = ?",
                               user)
        self.assertLessEqual(began + seconds, until)
        self.assertLessEqual(until, ended + seconds)
        return until

    def test_twice_as_long(self):
        user = self.new_user()
        self.wrong(user)
        self.assertEqual([], self.listed(user))
        for seconds in (2, 4, 8):
            self.assert_lasts(user, seconds)
            self.server.start()
            self.assertTrue(wait_for(lambda: not self.listed(user)))
        self.assertEqual(0, self.server.stop())
        self.saved("UPDATE tallies SET failures = 11 WHERE label = ?", user)
        self.server.start()
        self.assert_lasts(user, 2048)
        self.saved("UPDATE tallies SET until = 1 WHERE label = ?", user)
        self.server.start()
        until = self.assert_lasts(user, 3600)
        self.server.start()
        self.assertEqual("AUTHENTICATIONFAILED",
                         self.login(user, source="127.21.1.1"))
        row, = self.listed(user)
        self.assertEqual(until, datetime.datetime.fromisoformat(
            row["until"].replace("Z", "+00:00")).timestamp())


class AsDovecot(support.ServerTest):
    """What filters for Dovecot look for, and what they must not find."""
    conf = "log_dovecot = yes\nrefusal_time = 1s\n"

    def test_lines(self):
        ann = self.new_user()
        for password in ("secret", "wrong", "wrong"):
            raw = Raw(self.server.imaps_port, source="127.1.1.1")
            raw.line()
            raw.send(b"a LOGIN %s %s\r\n" % (ann.encode(),
                                             password.encode()))
            raw.until(b"a ")
            raw.close()
        rest = r"user=<%s>, method=\S+, rip=127\.1\.1\.1, " \
               r"lip=127\.0\.0\.1, TLS, " \
               r"session=<\w{16}>$" % ann
        start = r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z " \
                r"dovecot: imap-login: "
        log = self.server.log()
        self.assertRegex(log, start + "Login: " + rest)
        # an old device's second try is none of theirs
        self.assertEqual(1, len(re.findall(
            start + r"Aborted login \(auth failed, 1 attempts in 2 secs\): "
            + rest, log)))
        self.assertIn('reason="the same wrong password again"', log)


if __name__ == "__main__":
    unittest.main()
