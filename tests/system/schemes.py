"""schemes.py -- passwords as another server has kept them, here a Dovecot:
each lets its owner in, and nobody else, and is one of ours from then on."""
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

import support
from harness import Raw
from processes import wait_for

TAKEN = ["ARGON2ID", "ARGON2I", "BLF-CRYPT", "SHA512-CRYPT", "SHA256-CRYPT",
         "CRYPT", "SSHA512", "SSHA256", "SSHA", "SHA512", "SHA256", "SHA",
         "PBKDF2", "SCRAM-SHA-1", "SCRAM-SHA-256", "SSHA512.HEX",
         "SHA256.HEX", "SHA512-CRYPT.B64"]
REFUSED = ["MD5-CRYPT", "CRAM-MD5", "SMD5", "LDAP-MD5", "PLAIN-MD5",
           "DES-CRYPT", "PLAIN", "CLEAR"]


def kept(scheme, password="secret"):
    """By Dovecot."""
    return subprocess.run(
        ["doveadm", "-c", "/dev/null", "-O", "pw", "-s", scheme, "-p",
         password], check=True, capture_output=True, text=True).stdout.strip()


class Schemes(support.ServerTest):
    conf = ("password_memory = 1M\npassword_passes = 1\nrefusal_time = 1s\n"
            "failures_per_address = 0\nfailures_per_network = 0\n")

    def answer(self, user, password):
        raw = Raw(self.server.imaps_port)
        raw.line()
        line = raw.run(b"LOGIN %s %s" % (user.encode(), password))[-1]
        raw.close()
        return line

    def stored(self, verb, user, text):
        return self.server.roost("user", verb, "--stored", user, check=False,
                                 stdin=text + "\n")

    def scheme(self, user):
        """As its row names it, and the form that it has."""
        row, = json.loads(self.server.roost("user", "show", user,
                                            "--json").stdout)
        return row["scheme"]

    def assert_taken(self, user, scheme):
        self.assertEqual(scheme.split(".")[0], self.scheme(user))
        self.assertIn(b"NO [AUTHENTICATIONFAILED]",
                      self.answer(user, b"Secret"))
        self.assertEqual(scheme.split(".")[0], self.scheme(user))
        self.assertIn(b" OK", self.answer(user, b"secret"))
        self.assertTrue(wait_for(lambda: self.scheme(user) == "ARGON2ID"))
        self.assertIn(b" OK", self.answer(user, b"secret"))

    def test_each_is_taken(self):
        for scheme in TAKEN:
            with self.subTest(scheme):
                user = "%s@example.org" % scheme.lower()
                done = self.stored("add", user, kept(scheme))
                self.assertEqual((0, ""), (done.returncode, done.stderr))
                self.assert_taken(user, scheme)

    def test_costs_are_ours_then(self):
        """One of Argon2id is made anew, too: the same scheme at our cost."""
        user = self.new_user()
        before = self.hash(user)
        self.assertIn("m=1024,t=1", before)
        self.assertEqual(0, self.stored("password", user,
                                        kept("ARGON2ID")).returncode)
        self.assertNotIn("m=1024,", self.hash(user))
        self.assertIn(b" OK", self.answer(user, b"secret"))
        self.assertTrue(wait_for(lambda: "m=1024,t=1" in self.hash(user)))

    def hash(self, user):
        """In a copy: auth shares its own with nobody."""
        path = os.path.join(self.server.dir, "auth", "accounts.sqlite")
        with tempfile.TemporaryDirectory() as top:
            for name in (path, path + "-wal"):
                shutil.copy(name, top)
            with contextlib.closing(sqlite3.connect(os.path.join(
                    top, "accounts.sqlite"))) as db:
                return db.execute(
                    "SELECT stored FROM credentials WHERE account = (SELECT"
                    " id FROM accounts WHERE name = ?)", [user]).fetchone()[0]

    def test_refused(self):
        """Nothing has changed then, and what was typed is told to nobody."""
        user = self.new_user()
        for text in [kept(scheme) for scheme in REFUSED] + [
                "hunter2", "{NONE}hunter2", "{SSHA512}hunter2",
                "{SOURCE}directory", "$6$", "{}"]:
            with self.subTest(text):
                for verb, name in (("add", "new@example.org"),
                                   ("password", user)):
                    done = self.stored(verb, name, text)
                    self.assertEqual(65, done.returncode, done.stderr)
                    self.assertNotIn(text, done.stderr)
        self.assertNotIn("new@example.org",
                         self.server.roost("user", "list").stdout)
        self.assertIn(b" OK", self.answer(user, b"secret"))
        self.assertNotIn("hunter2", self.server.log() +
                         self.server.roost("audit", "show").stdout)
        self.assertEqual(64, self.server.roost(
            "user", "add", "--stored", "--shared", "x@example.org",
            check=False, stdin="x\n").returncode)

    def test_a_new_one_ends_sessions(self):
        user = self.new_user()
        raw = self.open(user)
        self.stored("password", user, kept("SHA512-CRYPT", "other"))
        self.assertTrue(raw.until(b"* BYE"))
        self.assertIn(b"NO [AUTHENTICATIONFAILED]",
                      self.answer(user, b"secret"))
        self.assertIn(b" OK", self.answer(user, b"other"))


if __name__ == "__main__":
    unittest.main()
