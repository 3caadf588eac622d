"""deletions.py -- what owners change, and (where a policy asks for it) what they
delete, move or expunge, is in the audit log before they are told that it is
done; so is whose mail an administrator has looked at."""
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import support
from full_disk import Ballast, Mount
from harness import Raw, Server
from processes import wait_for

MAIL = b"Subject: m\r\n\r\nbody\r\n"
ENTRY = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)')


def append(raw, box=b"INBOX", n=1):
    for _ in range(n):
        assert b" OK" in raw.run(b"APPEND %s {%d+}\r\n%s" % (
            box, len(MAIL), MAIL))[-1]


def entries(server):
    """Each line of the audit log, as a dictionary."""
    with open(os.path.join(server.dir, "auth", "audit.log")) as f:
        return [{k: v.strip('"') for k, v in ENTRY.findall(line)}
                for line in f]


def uids(text):
    """Of a set, as the log has it."""
    out = set()
    for part in text.split(","):
        first, _, last = part.partition(":")
        out.update(range(int(first), int(last or first) + 1))
    return out


def use_up(test, raw):
    """The room that the log has on a full disk; where a policy asks for it,
    what can't be done has two entries."""
    for _ in range(2000):
        answer = raw.run(b"DELETE INBOX")[-1]
        if b"[UNAVAILABLE]" in answer:
            return
    test.fail(answer)


def on_small_disk(test):
    """A server whose audit log tells of deletions, a session there, and what
    can fill the disk; the server's own log is elsewhere."""
    mount = Mount("tmpfs", 160)
    test.addCleanup(mount.close)
    logs = tempfile.mkdtemp(prefix="roost-small-disk-")
    test.addCleanup(shutil.rmtree, logs)
    server = Server(directory=mount.top)
    server.log_path = os.path.join(logs, "log")
    server.start()
    test.addCleanup(server.stop)
    server.add_user("ann@example.org")
    server.roost("policy", "set", "server", "audit", "deletions")
    raw = Raw(server.imaps_port).login("ann@example.org")
    test.addCleanup(raw.close)
    return server, raw, Ballast(mount.top)


class Recorded(support.ServerTest):
    conf = "log_level = debug\n"

    def about(self, user):
        """Without what administrators did through auth."""
        return [e for e in entries(self.server)
                if e.get("user") == user and "session" in e]

    def watch(self, scope):
        self.server.roost("policy", "set", scope, "audit", "deletions")

    def test_each_deletion(self):
        user = self.new_user()
        self.watch(user)
        raw = self.open(user)
        for box in (b"Old", b"Old2", b"Other"):
            self.ok(raw, b"CREATE " + box)
        append(raw, n=12)
        self.ok(raw, b"SELECT INBOX")
        self.assertEqual(self.about(user), [])
        cases = [
            (b"DELETE Old2", dict(mailbox="Old2")),
            (b"RENAME Old New", dict(mailbox="Old", to="New")),
            (b"MOVE 1:2 Other", dict(mailbox="INBOX", to="Other", uids="1:2",
                                     messages="2")),
            (b"UID MOVE 3 Other", dict(uids="3", to="Other")),
            (b"REPLACE 1 INBOX {%d+}\r\n%s" % (len(MAIL), MAIL),
             dict(mailbox="INBOX", uids="4", to="INBOX", messages="1")),
            (b"EXPUNGE", dict(uids="5,7", messages="2")),
            (b"UID EXPUNGE 1:9", dict(uids="8:9", messages="2")),
            (b"CLOSE", dict(uids="10", messages="1")),
        ]
        marks = {b"EXPUNGE": b"5,7", b"UID EXPUNGE 1:9": b"8:10",
                 b"CLOSE": None}
        for command, wanted in cases:
            with self.subTest(command):
                if marks.get(command):
                    self.ok(raw, b"UID STORE %s +FLAGS (\\Deleted)" %
                            marks[command])
                before = len(self.about(user))
                self.ok(raw, command)
                new, = self.about(user)[before:]
                name = [w for w in command.split() if w != b"UID"][0]
                self.assertEqual(new["event"], "imap_" + name.decode().lower())
                for key, value in wanted.items():
                    self.assertEqual(new.get(key), value, new)
                self.assertEqual((new["by"], new["user"]), (user, user))
                self.assertRegex(new["mailboxid"], "^F[0-9a-f]{16}$")
                self.assertRegex(new["session"], "^[0-9a-f]{16}$")
                self.assertRegex(new["peer"], r"^127\.0\.0\.1:\d+$")
                self.assertNotIn("refused", new)
        for command in (b"SELECT INBOX", b"COPY 1 Other", b"EXPUNGE",
                        b"STORE 1 +FLAGS (\\Seen)", b"CREATE More", b"CLOSE"):
            before = len(self.about(user))
            self.ok(raw, command)
            self.assertEqual(len(self.about(user)), before, command)

    def test_without_the_policy(self):
        user = self.new_user()
        raw = self.open(user)
        self.ok(raw, b"CREATE Old")
        append(raw, n=2)
        self.ok(raw, b"SELECT INBOX")
        self.ok(raw, b"STORE 1 +FLAGS (\\Deleted)")
        for command in (b"EXPUNGE", b"MOVE 1 Old", b"DELETE Old"):
            self.ok(raw, command)
        self.assertEqual(self.about(user), [])

    def test_what_others_see_always_is(self):
        user, bob = self.new_user(), self.new_user()
        raw = self.open(user)
        for command, event, change in (
                (b"SETACL INBOX %s lr" % bob.encode(), "imap_setacl",
                 bob + " lr"),
                (b"DELETEACL INBOX " + bob.encode(), "imap_deleteacl",
                 bob + " none"),
                (b'SETMETADATA INBOX (/shared/comment "a secret")',
                 "imap_setmetadata", "/shared/comment")):
            self.ok(raw, command)
            last = self.about(user)[-1]
            self.assertEqual((last["event"], last["change"], last["mailbox"]),
                             (event, change, "INBOX"))
        before = len(self.about(user))
        self.ok(raw, b'SETMETADATA INBOX (/private/comment "x")')
        self.assertEqual(len(self.about(user)), before)
        with open(os.path.join(self.server.dir, "auth", "audit.log")) as f:
            self.assertNotIn("a secret", f.read())

    def test_limits(self):
        boss, user = self.new_user(), self.new_user()
        self.server.roost("user", "promote", boss)
        raw = self.open(boss)
        self.ok(raw, b'SETQUOTA "Other Users/%s/" (STORAGE 4096)' %
                user.encode())
        last = self.about(user)[-1]
        self.assertEqual((last["event"], last["by"]), ("imap_setquota", boss))
        self.assertIn("(STORAGE 4096)", last["change"])

    def test_refused(self):
        user = self.new_user()
        self.watch(user)
        raw = self.open(user)
        self.assertIn(b" NO", raw.run(b"DELETE INBOX")[-1])
        asked, refused = self.about(user)
        self.assertNotIn("refused", asked)
        self.assertEqual(refused["mailbox"], "INBOX")
        self.assertIn("refused", refused)

    def test_a_visitor(self):
        """The owner's policy, or the visitor's; one session id for both."""
        for watched in (0, 1):
            both = owner, bob = self.new_user(), self.new_user()
            self.watch(both[watched])
            raw = self.open(owner)
            append(raw, n=3)
            self.ok(raw, b"SETACL INBOX %s lrste" % bob.encode())
            visitor = self.open(bob)
            self.ok(visitor, b"CREATE Mine")
            self.ok(visitor, b'SELECT "Other Users/%s/INBOX"' %
                    owner.encode())
            self.ok(visitor, b"STORE 1 +FLAGS (\\Deleted)")
            self.ok(visitor, b"EXPUNGE")
            self.ok(visitor, b"MOVE 1 Mine")
            login = re.search(r"event=login user=%s .*session=(\w+)" %
                              re.escape(bob), self.server.log())[1]
            for entry, event, number in zip(
                    self.about(owner)[-2:], ("imap_expunge", "imap_remove"),
                    "12"):
                self.assertEqual((entry["event"], entry["by"], entry["uids"]),
                                 (event, bob, number))
                self.assertEqual(entry["session"], login)
                self.assertRegex(entry["peer"], r"^127\.0\.0\.1:\d+$")

    def test_who_is_there_already(self):
        """Comes back, and is recorded from then on."""
        user = self.new_user()
        raw = self.open(user)
        append(raw)
        self.watch(user)
        self.assertTrue(raw.until(b"* BYE"))
        raw = self.open(user)
        self.ok(raw, b"SELECT INBOX")
        self.ok(raw, b"STORE 1 +FLAGS (\\Deleted)")
        self.ok(raw, b"EXPUNGE")
        self.assertEqual(self.about(user)[-1]["uids"], "1")

    def test_many_messages(self):
        user = self.new_user()
        self.watch("@example.org")
        self.addCleanup(self.server.roost, "policy", "unset", "@example.org",
                        "audit")
        raw = self.open(user)
        append(raw, n=600)
        self.ok(raw, b"SELECT INBOX")
        self.ok(raw, b"STORE %s +FLAGS.SILENT (\\Deleted)" %
                b",".join(b"%d" % n for n in range(1, 600, 2)))
        self.ok(raw, b"EXPUNGE")
        last = self.about(user)[-1]
        self.assertEqual(last["messages"], "300")
        self.assertRegex(last["uids"], r"^1,3,5,.*,\d+,\.\.\.$")

    def test_administrators(self):
        user = self.new_user()
        raw = self.open(user)
        append(raw)
        top = tempfile.mkdtemp(prefix="roost-deletions-")
        self.addCleanup(shutil.rmtree, top)
        out = os.path.join(top, "out")
        for args, event in (
                (("mailbox", "list", user), "mailbox_list"),
                (("export", "maildir", out, "-u", user), "export"),
                (("import", "maildir", out, "-u", user, "-m", "In"), "import"),
                (("acl", "set", user, "INBOX", "anyone", "lr"), "acl"),
                (("user", "quota", user, "--messages", "9000"), "quota"),
                (("trace", user, "--for", "1"), "trace"),
                (("kick", user), "kick")):
            with self.subTest(event):
                before = len(entries(self.server))
                self.server.roost(*args)
                new = [e for e in entries(self.server)[before:]
                       if e["event"] == event]
                self.assertEqual(len(new), 1)
                self.assertEqual((new[0]["by"], new[0]["uid"]),
                                 ("administrator", str(os.getuid())))
                self.assertEqual(new[0].get("user" if event != "kick"
                                            else "change"), user)
        self.assertEqual(self.server.roost("audit", "verify").returncode, 0)
        shown = self.server.roost("audit", "show", user).stdout
        self.assertIn("event=export", shown)

    def lines(self, user, event):
        """Of the log, once there is one."""
        def found():
            return [dict(ENTRY.findall(line))
                    for line in self.server.log().splitlines()
                    if " event=%s " % event in line and
                    " user=%s " % user in line]
        self.assertTrue(wait_for(found), event)
        return found()

    @contextlib.contextmanager
    def traced(self, user):
        """A function that says what `roost trace` has printed."""
        path = os.path.join(self.server.dir, "trace")
        begun = self.server.log().count(" event=trace ")
        with open(path, "w") as out:
            trace = subprocess.Popen(
                [os.path.join(self.server.build, "roost"), "-c",
                 self.server.conf, "trace", user], stdout=out)
            self.assertTrue(wait_for(lambda: self.server.log().count(
                " event=trace ") > begun))
            yield lambda: pathlib.Path(path).read_text()
            trace.terminate()
            trace.wait()

    def test_one_session_id(self):
        """Of the log-in, the commands and what is traced of them, the
        entries, `roost who`, the history, and the end, which counts."""
        user = self.new_user()
        self.watch(user)
        raw = self.open(user)
        for box in b"Old", b"Other":
            self.ok(raw, b"CREATE " + box)
        self.ok(raw, b"DELETE Old")
        append(raw, n=3)
        with self.traced(user) as trace:
            self.ok(raw, b"SELECT INBOX")
            self.assertTrue(wait_for(lambda: "SELECT completed" in trace()))
            ids = set(re.findall("(?m)^# session (\\w+)$", trace()))
        self.ok(raw, b"STORE 1:2 +FLAGS.SILENT (\\Deleted \\Seen)")
        self.ok(raw, b"STORE 3 FLAGS (\\Seen)")
        self.ok(raw, b"STORE 3 -FLAGS (\\Deleted \\Seen)")
        self.ok(raw, b"FETCH 1:3 (BODY.PEEK[HEADER] BODYSTRUCTURE)")
        self.ok(raw, b"FETCH 1:2 (FLAGS BODY[])")
        self.ok(raw, b"EXPUNGE")
        self.ok(raw, b"MOVE 1 Other")
        who, = json.loads(self.server.roost("who", user, "--json").stdout)
        self.ok(raw, b"LOGOUT")
        end, = self.lines(user, "imap_end")
        row, = json.loads(self.server.roost("history", user, "--json").stdout)
        one, = ids | {end["session"], self.lines(user, "login")[0]["session"],
                      self.lines(user, "imap_start")[0]["session"],
                      who["session"], row["session"],
                      *(e["session"] for e in self.about(user))}
        self.assertRegex(one, "^[0-9a-f]{16}$")
        said = [dict(ENTRY.findall(line))["command"]
                for line in self.server.log().splitlines()
                if "event=imap_command session=%s " % one in line]
        self.assertEqual(said[:2] + said[-2:],
                         ["CREATE", "CREATE", "MOVE", "LOGOUT"])
        self.assertEqual(end["commands"], str(len(said)))
        for count in "in", "out":
            self.assertGreater(int(end[count]), 0)
        self.assertEqual([end[c] for c in ("deleted", "expunged",
                                           "body_count")], ["2", "3", "2"])
        octets = int(end["body_bytes"]) - 2 * len(MAIL)
        self.assertTrue(0 <= octets <= 2 * len("{22}\r\n"), octets)

    def test_a_visit_has_its_visitors_id(self):
        """And counts what he did there."""
        ann, bob = self.new_user(), self.new_user()
        hers = self.open(ann)
        append(hers, n=2)
        self.ok(hers, b"SETACL INBOX %s lrte" % bob.encode())
        his = self.open(bob)
        self.ok(his, b"SELECT \"Other Users/%s/INBOX\"" % ann.encode())
        self.ok(his, b"STORE 1:2 +FLAGS (\\Deleted)")
        self.ok(his, b"EXPUNGE")
        self.ok(his, b"LOGOUT")
        self.assertTrue(wait_for(lambda: len(self.lines(bob,
                                                        "imap_end")) == 2))
        visit, = [e for e in self.lines(bob, "imap_end") if "owner" in e]
        self.assertEqual(visit["owner"], ann)
        self.assertEqual({e["session"] for e in self.lines(bob, "imap_end")},
                         {self.lines(bob, "login")[0]["session"]})
        self.assertEqual((visit["deleted"], visit["expunged"]), ("2", "2"))

    def test_auth_is_away(self):
        """What can't be recorded is not done."""
        user = self.new_user()
        self.watch(user)
        raw = self.open(user)
        append(raw)
        self.ok(raw, b"SELECT INBOX")
        self.ok(raw, b"STORE 1 +FLAGS (\\Deleted)")
        auth, = self.server.child("auth")
        os.kill(auth, 9)
        answer = raw.run(b"EXPUNGE")
        if b" NO" in answer[-1]:
            self.assertIn(b"[UNAVAILABLE]", answer[-1])
            self.assertIn(b"* SEARCH 1", self.ok(raw, b"SEARCH ALL"))
        self.assertTrue(wait_for(
            lambda: b" OK" in raw.run(b"EXPUNGE")[-1]))
        self.assertEqual(self.about(user)[-1]["uids"], "1")


class Killed(unittest.TestCase):
    """At any moment: whatever has gone has an entry."""

    ROUNDS, MESSAGES = 6, 60

    def expunge_until_it_ends(self, user):
        try:
            raw = Raw(self.server.imaps_port).login(user)
            raw.run(b"SELECT INBOX")
            for n in range(1, self.MESSAGES):
                raw.run(b"STORE 1 +FLAGS.SILENT (\\Deleted)")
                raw.run(b"EXPUNGE" if n % 2 else b"MOVE 1 Other")
                self.begun.set()
        except (EOFError, OSError, AssertionError):
            pass
        finally:
            self.begun.set()

    def test_kills(self):
        self.server = Server()
        self.addCleanup(self.server.__exit__, None, None, None)
        self.server.start()
        self.server.roost("policy", "set", "server", "audit", "deletions")
        seen = 0
        for n in range(self.ROUNDS):
            user = "user%d@example.org" % n
            self.server.add_user(user)
            raw = Raw(self.server.imaps_port).login(user)
            raw.run(b"CREATE Other")
            append(raw, n=self.MESSAGES)
            raw.close()
            client = threading.Thread(target=self.expunge_until_it_ends,
                                      args=(user,))
            self.begun = threading.Event()
            client.start()
            self.begun.wait()
            time.sleep(random.uniform(0, 0.5))
            self.server.kill()
            client.join()
            self.server.start()
            raw = Raw(self.server.imaps_port).login(user)
            raw.run(b"SELECT INBOX")
            there = raw.run(b"UID SEARCH ALL")
            raw.close()
            left = {int(x) for line in there if line.startswith(b"* SEARCH")
                    for x in line.split()[2:]}
            told = set().union(*(uids(e["uids"])
                                 for e in entries(self.server)
                                 if e.get("user") == user and "uids" in e))
            gone = set(range(1, self.MESSAGES + 1)) - left
            self.assertLessEqual(gone, told)
            # an entry without its change: only the last one
            self.assertLessEqual(len(told - gone), 1)
            seen += len(gone)
        self.assertGreaterEqual(seen, self.ROUNDS)
        self.assertEqual(self.server.roost("audit", "verify").returncode, 0)


@unittest.skipIf(os.getuid() != 0, "mounting a small disk needs root")
class FullDisk(unittest.TestCase):
    def test_what_makes_room_is_recorded(self):
        """Out of the log's own room; without any it is not done."""
        server, raw, ballast = on_small_disk(self)
        append(raw, n=20)
        ballast.fill()
        raw.run(b"SELECT INBOX")
        for n in range(1, 11):
            raw.run(b"STORE 1 +FLAGS.SILENT (\\Deleted)")
            self.assertIn(b" OK", raw.run(b"EXPUNGE")[-1])
            self.assertEqual(entries(server)[-1]["uids"], str(n))
        raw.run(b"STORE 1 +FLAGS.SILENT (\\Deleted)")
        use_up(self, raw)
        self.assertIn("event=audit_lost", server.log())
        self.assertIn(b" NO [UNAVAILABLE]", raw.run(b"EXPUNGE")[-1])
        self.assertEqual(len(raw.run(b"UID SEARCH ALL")[0].split()), 2 + 10)
        ballast.remove()
        self.assertIn(b" OK", raw.run(b"EXPUNGE")[-1])
        *_, lost, last = entries(server)
        self.assertEqual(lost["event"], "lost")
        self.assertGreater(int(lost["lines"]), 0)
        self.assertEqual(last["uids"], "11")
        self.assertEqual(server.roost("audit", "verify").returncode, 0)


if __name__ == "__main__":
    unittest.main()
