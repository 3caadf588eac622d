"""durable.py -- an OK waits for the disk, whatever it is an OK to.

While every sync of the server fails (tests/crash/fault_syncs.c, put before it
with LD_PRELOAD) nothing that changes something may succeed; when they work
again it does, without a restart. Each row of the table of IMAP commands and
each verb of `roost` is in one list here or in the other: of a new one somebody
has to say which.
"""
import os
import re
import shutil
import subprocess
import sys
import time
import unittest

import support
from harness import PATIENCE_S, ROOT, Raw

sys.path.insert(0, os.path.join(ROOT, "tests", "crash"))
import faults  # noqa: E402
from calls import Calls  # noqa: E402
from credentials import totp  # noqa: E402

SYNC_LOST, FOR_EVER = 8, 0xffffffff     # fault.h

MESSAGE = b"Subject: m\r\n\r\nx\r\n"
LITERAL = b"{%d+}\r\n%s" % (len(MESSAGE), MESSAGE)

# name, what goes before it while all is well, the command; Box is selected
COMMANDS = [
    ("CREATE", [], b"CREATE New"),
    ("SUBSCRIBE", [], b"SUBSCRIBE New"),
    ("APPEND", [], b"APPEND Box " + LITERAL),
    ("STORE", [], b"STORE 1 +FLAGS (\\Flagged)"),
    ("FETCH", [], b"FETCH 1 BODY[]"),       # it sets \Seen
    ("COPY", [], b"COPY 1 New"),
    ("REPLACE", [], b"REPLACE 1 New " + LITERAL),
    ("MOVE", [b"APPEND Box " + LITERAL], b"MOVE 1 New"),
    ("EXPUNGE", [b"APPEND Box " + LITERAL, b"STORE 1 +FLAGS (\\Deleted)"],
     b"EXPUNGE"),
    ("CLOSE", [b"APPEND Box " + LITERAL, b"STORE 1 +FLAGS (\\Deleted)"],
     b"CLOSE"),
    ("SETACL", [], b"SETACL New bob@example.org lr"),
    ("DELETEACL", [], b"DELETEACL New bob@example.org"),
    ("SETMETADATA", [], b'SETMETADATA New (/private/comment "x")'),
    ("SETQUOTA", [], b'SETQUOTA "" (MESSAGE 1000)'),
    ("RENAME", [], b"RENAME New Newer"),
    ("DELETE", [], b"DELETE Newer"),
    ("UNSUBSCRIBE", [], b"UNSUBSCRIBE New"),
]
# what they change is the session's, or nothing
HARMLESS = """AUTHENTICATE CANCELUPDATE CAPABILITY CHECK COMPRESS ENABLE ESEARCH
EXAMINE GETACL GETMETADATA GETQUOTA GETQUOTAROOT ID IDLE LIST LISTRIGHTS LOGIN
LOGOUT LSUB MYRIGHTS NAMESPACE NOOP NOTIFY SEARCH SELECT SORT STARTTLS STATUS
THREAD UIDBATCHES UNAUTHENTICATE UNSELECT XLIST"""
# a part of MOVE and REPLACE to another account: tests/crash/power has those
WITHIN = "REMOVE"

FINGERPRINT = "ab" * 32
# verb, its words ({u}: an account, {new}: another), its input
VERBS = [
    ("user add", "{new}", "secret\n"),
    ("user password", "{u}", "secret\n"),
    ("user disable", "{u}", ""),
    ("user enable", "{u}", ""),
    ("user promote", "{u}", ""),
    ("user demote", "{u}", ""),
    ("user quota", "{u} --messages 1000", ""),
    ("user stale", "--days 1 --disable", ""),
    ("acl set", "{u} INBOX {new} lr", ""),
    ("alert silence", "{u} travel", ""),
    ("alert resume", "{u} travel", ""),
    ("app-password add", "{u} phone", ""),
    ("app-password revoke", "{u} phone", ""),
    ("capability hide", "IDLE --user {u}", ""),
    ("capability offer", "IDLE --user {u}", ""),
    ("certificate add", "{u} " + FINGERPRINT, ""),
    ("certificate remove", "{u} " + FINGERPRINT, ""),
    ("group add", "desk {u}", ""),
    ("group remove", "desk {u}", ""),
    ("policy set", "{u} read-only on", ""),
    ("policy unset", "{u} read-only", ""),
    ("totp enable", "{u}", ""),
    ("totp confirm", "{u} {code}", ""),
    ("totp recovery", "{u}", ""),
    ("totp check", "{u} {recovery}", ""),
    ("totp disable", "{u}", ""),
    ("lockout clear", "", ""),
    ("import mbox", "{mbox} -u {u}", ""),
    ("import maildir", "{maildir} -u {u}", ""),
    ("deliver", "-d {u}", "Subject: x\n\nx\n"),
    ("user remove", "--yes {new}", ""),
]
# by tests of their own below: they ask no server
ALONE = ["init", "store salvage"]
LOOKS = [
    "config check", "config show", "user list", "user show", "acl show",
    "alert list", "alert test", "app-password list", "audit show",
    "audit verify", "auth test", "capability list", "doctor",
    "certificate list", "group list", "mailbox list", "policy show",
    "totp status", "history", "lockout list", "export maildir",
    "export mbox", "status", "who", "kick", "trace", "store check",
]


def names_in(path, form):
    with open(os.path.join(ROOT, path)) as f:
        return sorted(re.findall(form, f.read()))


class Durable(support.ServerTest):
    conf = "password_memory = 1M\npassword_passes = 1\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.stop()
        top = cls.server.top
        state = os.path.join(top, "state")
        cls.calls = Calls(state)
        cls.calls.clear()
        cls.server.daemon_env = {
            "LD_PRELOAD": faults.build_preload(top, "fault.c",
                                               "fault_syncs.c"),
            "FAULT_STATE": state,
            "ASAN_OPTIONS": "verify_asan_link_order=0"}
        cls.server.start()
        cls.user = cls.new_user()

    def setUp(self):
        self.addCleanup(self.calls.clear)

    def break_syncs(self):
        self.calls.set("", SYNC_LOST, 1, FOR_EVER)

    def heal(self):
        """One at least must have been wanted."""
        self.assertGreater(self.calls.clear()[1], 0)

    # -- the lists --

    def test_every_command(self):
        rows = names_in("src/imap/commands.c", r'(?m)^\t\{ N\("(\w+)"\)')
        self.assertEqual(rows, sorted(
            [c[0] for c in COMMANDS] + HARMLESS.split() + [WITHIN]))
        says_so = names_in("src/imap/commands.c",
                           r'(?m)^\t\{ N\("(\w+)"\).*CMD_CHANGES')
        self.assertEqual(set(says_so) - {c[0] for c in COMMANDS}, {WITHIN})

    def test_every_verb(self):
        rows = names_in("src/cli/verbs.c", r'(?m)^\t\{ "([a-z-]+(?: [a-z]+)?)"')
        self.assertEqual(rows, sorted([v[0] for v in VERBS] + ALONE + LOOKS))

    # -- commands --

    def test_commands(self):
        self.server.roost("user", "promote", self.user)
        raw = self.open(self.user)
        self.ok(raw, b"CREATE Box")
        for name, before, command in COMMANDS:
            with self.subTest(command=name):
                for each in [b"SELECT Box"] + before:
                    self.assertIn(b" OK", raw.run(each)[-1], each)
                self.break_syncs()
                last = raw.run(command)[-1]
                self.assertRegex(last, rb"^\w+ NO \[(UNAVAILABLE|SERVERBUG)")
                self.heal()
                raw.run(b"SELECT Box")
                self.assertIn(b" OK", raw.run(command)[-1])

    def test_delivery(self):
        with self.server.lmtp() as lmtp:
            self.break_syncs()
            with self.assertRaises(Exception) as caught:
                lmtp.sendmail("a@example.com", [self.user], MESSAGE.decode())
            self.assertIn("45", str(caught.exception))
            self.heal()
            lmtp.sendmail("a@example.com", [self.user], MESSAGE.decode())

    # -- verbs --

    def words(self, text):
        return text.format(**self.names).split()

    def learn(self, verb, said):
        """What a later one asks for."""
        if verb == "totp enable":
            self.names["code"] = totp(re.search(r"^key (\S+)$", said, re.M)[1])
        if verb == "totp recovery":
            first = said.split("\n")[0]
            self.names["recovery"] = first.replace(" ", "")

    def make_mail(self):
        top = self.server.top
        mbox, maildir = (os.path.join(top, n) for n in ("mbox", "maildir"))
        with open(mbox, "w") as f:
            f.write("From a Thu Jan  1 00:00:00 2026\nSubject: x\n\nx\n")
        for part in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(maildir, part))
        with open(os.path.join(maildir, "cur", "1.x.y:2,S"), "w") as f:
            f.write("Subject: x\n\nx\n")
        return mbox, maildir

    def lock_out(self):
        """So that there is something to clear."""
        for _ in range(3):
            raw = Raw(self.server.imaps_port)
            raw.line()
            raw.run(b"LOGIN %s wrong" % self.user.encode())
            raw.close()

    def make_stale(self):
        old = self.new_user()
        with self.server.database("accounts") as db:
            db.execute("UPDATE accounts SET created = 1 WHERE name = ?",
                       (old,))

    def test_verbs(self):
        mbox, maildir = self.make_mail()
        self.make_stale()
        self.names = {"u": self.new_user(), "new": "new@example.org",
                      "mbox": mbox, "maildir": maildir}
        for verb, text, stdin in VERBS:
            if verb == "lockout clear":
                self.lock_out()
            call = verb.split() + self.words(text)
            with self.subTest(verb=verb):
                self.break_syncs()
                done = self.server.roost(*call, stdin=stdin, check=False)
                self.assertNotEqual(done.returncode, 0, done.stdout)
                self.heal()
                self.learn(verb, self.again(call, stdin))

    def again(self, call, stdin):
        """At once, or when the store has opened its index anew."""
        end = time.time() + PATIENCE_S
        while True:
            done = self.server.roost(*call, stdin=stdin, check=False)
            if done.returncode == 0:
                return done.stdout
            self.assertLess(time.time(), end, done.stderr)

    def alone(self, *words):
        """The command itself has the calls that fail."""
        server = self.server
        return subprocess.run(
            [os.path.join(server.build, "roost"), *words], text=True,
            capture_output=True, env=dict(server.env, **server.daemon_env))

    def test_init(self):
        top = self.server.top
        place = os.path.join(top, "one")
        self.break_syncs()
        done = self.alone("init", place)
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse(os.path.exists(os.path.join(place, "roost.conf")))
        self.heal()
        done = self.alone("init", place)
        self.assertEqual(done.returncode, 73, done.stderr)
        self.do_as_it_says(done.stderr)
        done = self.alone("init", place)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.alone("init", place)
        self.assertEqual(done.returncode, 73)
        self.assertIn("is not empty", done.stderr)

    def do_as_it_says(self, error):
        """An error that has a command in it, for a shell."""
        command = re.search(r"\((rm -r [^)]*)\), and try again", error)
        self.assertIsNotNone(command, error)
        subprocess.run(command[1], shell=True, check=True)

    def test_salvage(self):
        """One that was refused has left the store as it was."""
        self.server.stop()
        self.addCleanup(self.server.start)
        self.break_syncs()
        done = self.alone("-c", self.server.conf, "store", "salvage")
        self.assertNotEqual(done.returncode, 0)
        self.heal()
        self.server.roost("store", "check")
        done = self.salvage()
        self.assertEqual(done.returncode, 73)
        self.do_as_it_says(done.stderr)
        done = self.salvage()
        self.assertEqual(done.returncode, 0, done.stderr)
        store = os.path.join(self.server.dir, "partition")
        for kept in os.listdir(store):
            if kept.endswith(".before-salvage"):
                shutil.rmtree(os.path.join(store, kept))

    def test_salvage_at_its_last_step(self):
        """The old one is out of the way, and the power fails."""
        self.server.stop()
        self.addCleanup(self.server.start)
        store = os.path.join(self.server.dir, "partition", "1")
        kept = store + ".before-salvage"
        self.assertEqual(self.salvage("--partition", "1").returncode, 0)
        done = self.salvage("--partition", "1")
        self.assertEqual(done.returncode, 73)
        self.assertIn("%s is there, from a salvage before" % kept, done.stderr)
        os.rename(store, store + ".new")
        done = self.salvage("--partition", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("is finished; the old one is " + kept, done.stdout)
        self.server.roost("store", "check")
        shutil.rmtree(kept)

    def salvage(self, *more):
        return self.alone("-c", self.server.conf, "store", "salvage", *more)


if __name__ == "__main__":
    unittest.main()
