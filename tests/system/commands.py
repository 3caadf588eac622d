"""commands.py -- what an administrator does with the `roost` command."""
import fcntl
import json
import mailbox
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import time

import support
from harness import PATIENCE_S, Raw
from processes import wait_for

SAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "..", "..", "sample")


def mailboxes(imap):
    """Names as on the wire, and which of them are subscribed."""
    def names(lines):
        return {re.search(rb'(?:"((?:[^"\\]|\\.)*)"|(\S+))$', line)
                .group(0).strip(b'"').decode() for line in lines if line}
    return names(imap.list()[1]), names(imap.lsub()[1])


def messages(imap, name):
    """[uid, flags, date, bytes] of each message, and UIDVALIDITY, UIDNEXT."""
    imap.select('"%s"' % name, readonly=True)
    numbers = imap.status('"%s"' % name, "(UIDVALIDITY UIDNEXT)")[1][0]
    found = []
    _, data = imap.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])")
    for item in data:
        if not isinstance(item, tuple):
            continue
        head = item[0].decode()
        flags = re.search(r"FLAGS \(([^)]*)\)", head)[1].split()
        found.append([int(re.search(r"UID (\d+)", head)[1]), sorted(flags),
                      re.search(r'INTERNALDATE "([^"]*)"', head)[1], item[1]])
    return found, re.search(rb"\((.*)\)", numbers)[1].decode()


def everything(imap):
    names, subscribed = mailboxes(imap)
    return {name: messages(imap, name) for name in names}, subscribed


def as_a_shell():
    """Even if the tests run in the background, where both are ignored."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """The `roost` command as the only job of a terminal."""
    def __init__(self, server, args):
        self.seen = b""
        self.at = 0     # what is before has been waited for
        self.master, self.slave = pty.openpty()
        self.process = subprocess.Popen(
            [os.path.join(server.build, "roost"), "-c", server.conf, *args],
            stdin=self.slave, stdout=self.slave, stderr=self.slave,
            start_new_session=True, preexec_fn=as_a_shell)

    def read(self):
        ready = select.select([self.master], [], [], 0.1)[0]
        self.seen += os.read(self.master, 4096) if ready else b""
        return ready

    def answer(self, prompt, keys):
        end = time.monotonic() + PATIENCE_S
        while prompt not in self.seen[self.at:]:
            assert time.monotonic() < end, self.seen
            self.read()
        self.at = self.seen.index(prompt, self.at) + len(prompt)
        while b"Password" in self.seen and self.echoes():
            assert time.monotonic() < end, "it still echoes"
            time.sleep(0.01)    # it is asking, and about to turn it off
        os.write(self.master, keys)

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def status(self):
        status = self.process.wait(PATIENCE_S)
        while self.read():
            pass
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class Accounts(support.ServerTest):
    def roost(self, *args, stdin=""):
        return self.server.roost(*args, stdin=stdin, check=False)

    def can_log_in(self, user, password):
        try:
            self.server.imap(user, password).logout()
            return True
        except Exception:
            return False

    def test_init_takes_only_the_name_of_a_host(self):
        place = os.path.join(self.server.top, "another")
        for name in ("a b", "", "x" * 254, "a/b", "\u00e4.example"):
            done = self.server.roost("init", place, "--hostname", name,
                                     conf=False, check=False)
            self.assertEqual(done.returncode, 64, name)
            self.assertFalse(os.path.exists(place), name)

    def test_the_life_of_an_account(self):
        self.assertEqual(0, self.roost("user", "add", "life@example.org",
                                       stdin="one\n").returncode)
        self.assertEqual(73, self.roost("user", "add", "life@example.org",
                                        stdin="one\n").returncode)
        self.assertTrue(self.can_log_in("life@example.org", "one"))
        self.assertEqual(0, self.roost("user", "password", "life@example.org",
                                       stdin="two").returncode)
        self.assertFalse(self.can_log_in("life@example.org", "one"))
        self.assertTrue(self.can_log_in("life@example.org", "two"))
        self.assertEqual(0, self.roost("user", "disable",
                                       "life@example.org").returncode)
        self.assertFalse(self.can_log_in("life@example.org", "two"))
        self.assertEqual(0, self.roost("user", "enable",
                                       "life@example.org").returncode)
        self.assertTrue(self.can_log_in("life@example.org", "two"))
        self.assertEqual(64, self.roost("user", "remove",
                                        "life@example.org").returncode)
        self.assertEqual(0, self.roost("user", "remove", "--yes",
                                       "life@example.org").returncode)
        self.assertFalse(self.can_log_in("life@example.org", "two"))
        self.assertEqual(67, self.roost("user", "show",
                                        "life@example.org").returncode)

    def at_terminal(self, *args):
        """The command, at a terminal of its own."""
        terminal = Terminal(self.server, args)
        self.addCleanup(terminal.close)
        return terminal

    def test_a_person_says_no(self):
        user = self.new_user()
        for answer in (b"n\n", b"\n", b"\x04"):
            t = self.at_terminal("user", "remove", user)
            t.answer(b"[y/N] ", answer)
            self.assertEqual(1, t.status())
            self.assertIn(b"%s: not removed" % user.encode(), t.seen)
        t = self.at_terminal("user", "remove", user)
        t.answer(b"[y/N] ", b"y\n")
        self.assertEqual(0, t.status())

    def test_passwords_at_a_terminal(self):
        name = "typed@example.org"
        t = self.at_terminal("user", "add", name)
        t.answer(b"Password of typed@example.org: ", b"one\n")
        t.answer(b"The same again: ", b"two\n")
        self.assertEqual(65, t.status())
        t = self.at_terminal("user", "add", name)
        t.answer(b": ", b"unseen\n")
        t.answer(b"again: ", b"unseen\n")
        self.assertEqual(0, t.status())
        self.assertNotIn(b"unseen", t.seen)
        self.assertTrue(self.can_log_in(name, "unseen"))

    def test_a_password_interrupted(self):
        """The echo is back, and the shell sees what happened."""
        for key, number in ((b"\x03", signal.SIGINT),
                            (b"\x1c", signal.SIGQUIT)):
            t = self.at_terminal("user", "add", "stopped@example.org")
            t.answer(b": ", b"half" + key)
            self.assertEqual(-number, t.status())
            self.assertTrue(t.echoes())
            self.assertTrue(t.seen.endswith(b"\r\n"), t.seen)
        self.assertEqual(67, self.roost("user", "show",
                                        "stopped@example.org").returncode)

    def test_a_password_put_off(self):
        """After ^Z (which does not stop the only job) it is asked again."""
        t = self.at_terminal("user", "add", "later@example.org")
        t.answer(b": ", b"half\x1a")
        t.answer(b"later@example.org: ", b"whole\n")
        t.answer(b"again: ", b"whole\n")
        self.assertEqual(0, t.status())
        self.assertTrue(self.can_log_in("later@example.org", "whole"))

    def test_passwords_that_are_none(self):
        for password in ["", "\n", "x" * 1025 + "\n", "a\0b\n"]:
            done = self.roost("user", "add", "none@example.org",
                              stdin=password)
            self.assertEqual(65, done.returncode, repr(password[:9]))
        self.assertEqual(67, self.roost("user", "show",
                                        "none@example.org").returncode)

    def test_tables(self):
        user = self.new_user()
        table = self.roost("user", "list").stdout.splitlines()
        self.assertEqual("name", table[0].split()[0])
        self.assertIn(user, [line.split()[0] for line in table[1:]])
        rows = json.loads(self.roost("user", "list", "--json").stdout)
        row, = [row for row in rows if row["name"] == user]
        self.assertEqual("enabled", row["state"])
        self.assertRegex(row["created"], r"^\d{4}-\d\d-\d\dT[\d:]+Z$")
        self.assertIsNone(row["last_login"])
        self.server.imap(user).logout()
        show = lambda: json.loads(self.roost("user", "show", user,
                                             "--json").stdout)
        # they are written some seconds later
        self.assertTrue(wait_for(lambda: show()[0]["last_login"] is not None))
        row, = show()
        self.assertEqual("ARGON2ID", row["scheme"])

    def test_delivery_to_nobody_who_listens(self):
        """One that a caller may try again, and that says where it was."""
        conf = os.path.join(self.server.top, "nobody.conf")
        for options, text in (
                ("listen_lmtp =\n", "neither lmtp_socket nor listen_lmtp"),
                ("listen_lmtp = 127.0.0.1:1\n", "deliver: 127.0.0.1:1: "),
                ("lmtp_socket = /nowhere/lmtp\n",
                 "deliver: /nowhere/lmtp: No such file")):
            with open(conf, "w") as f:
                f.write(options)
            done = self.server.roost("-c", conf, "deliver", "-d", "a@b.org",
                                     stdin="x\n", conf=False, check=False)
            self.assertEqual(75, done.returncode)
            self.assertIn(text, done.stderr)

    def test_errors_name_what_is_wrong(self):
        """and say what would be right."""
        user = self.new_user()
        made = ("app-password", "add", user, "x")
        self.server.roost("app-password", "add", user, "there")
        for status, text, args in (
                (65, "%s %s %s x: --protocol: imap, smtp" % made[:3],
                 (*made, "--protocol", "pop3")),
                (65, "x: --network: addresses or networks, as 192.0.2.0/24",
                 (*made, "--network", "192.0.2.300")),
                (65, "x: --expires: that is too far away",
                 (*made, "--expires", "100y")),
                (64, "--expires: a number with s, m, h, d, w or y behind it",
                 (*made, "--expires", "90")),
                (65, "NAME: 1 to 64 octets",
                 ("app-password", "add", user, "x" * 65)),
                (73, "add %s there: there is an app password" % user,
                 ("app-password", "add", user, "there")),
                (67, "revoke no@example.org x: no such account",
                 ("app-password", "revoke", "no@example.org", "x")),
                (67, "policy set no@example.org imap off: no such account",
                 ("policy", "set", "no@example.org", "imap", "off")),
                (65, "group add st aff %s: that can't be a group" % user,
                 ("group", "add", "st aff", user)),
                (67, "acl set %s Nobox anyone lr: no such mailbox" % user,
                 ("acl", "set", user, "Nobox", "anyone", "lr")),
                (67, "acl show %s Nobox: no such mailbox" % user,
                 ("acl", "show", user, "Nobox")),
                (65, "user list %s: not a domain" % user,
                 ("user", "list", user)),
                (64, "--storage: a number, with K, M or G behind it",
                 ("user", "quota", user, "--storage", "5T")),
                (64, "--last: a number", ("history", user, "--last", "x")),
                (65, "--until: a time to come, as 2026-12-31",
                 ("alert", "silence", user, "travel", "--until", "soon")),
                (65, "--until: a time to come",
                 ("alert", "silence", user, "travel", "--until", "never")),
                (65, "--until: a time to come",
                 ("alert", "silence", user, "travel", "--until",
                  "2020-12-31"))):
            with self.subTest(args):
                done = self.roost(*args)
                self.assertEqual((status, ""), (done.returncode, done.stdout))
                self.assertIn(text, done.stderr)

    def test_where_the_configuration_is(self):
        roost = os.path.join(self.server.build, "roost")
        env = {k: v for k, v in os.environ.items() if k != "ROOST_CONF"}
        for before, after in ((("--config", self.server.conf), ()),
                              ((), ("--config=" + self.server.conf,))):
            subprocess.run([roost, *before, "user", "list", *after],
                           check=True, capture_output=True)
        for args, text in ((("-c",), "a value is missing after -c"),
                           (("user", "list"), "-c FILE says where it is"),
                           (("config", "check"), "-c FILE says where it is")):
            done = subprocess.run([roost, *args], capture_output=True,
                                  text=True, check=False, cwd=self.server.top,
                                  env=dict(env, ROOST_CONF="/nowhere/conf"))
            self.assertNotEqual(0, done.returncode)
            self.assertIn(text, done.stderr)

    def test_status(self):
        rows = json.loads(self.roost("status", "--json").stdout)
        self.assertIn("auth", {row["process"] for row in rows})
        self.assertIn("mail/0", {row["process"] for row in rows})

    def capabilities(self, user):
        """After log-in."""
        imap = self.server.imap(user)
        names = imap.capability()[1][-1]
        imap.logout()
        return names.split()

    def test_capability(self):
        """behaviour 187: one that clients can't cope with is not told of."""
        user, other = self.new_user(), self.new_user()
        hide = ("capability", "hide")
        self.assertIn(b"UIDPLUS", self.capabilities(user))
        self.server.roost(*hide, "uidplus", "--user", user)
        self.server.roost(*hide, "IMAP4rev2", "--domain", "example.org")
        self.assertEqual(
            [{"capability": "IMAP4rev2", "user": "",
              "domain": "example.org"},
             {"capability": "UIDPLUS", "user": user, "domain": ""}],
            json.loads(self.roost("capability", "list", "--json").stdout))
        self.assertNotIn(b"UIDPLUS", self.capabilities(user))
        self.assertIn(b"UIDPLUS", self.capabilities(other))
        self.assertNotIn(b"IMAP4rev2", self.capabilities(other))
        imap = self.server.imap(user)
        imap.enable("IMAP4rev2")
        self.assertEqual([b""], imap.response("ENABLED")[1])
        imap.logout()
        for args, status in ((("hide", "NOSUCH"), 65),
                             (("hide", "IMAP4rev1"), 65),
                             (("hide", "MOVE", "--user", "no@x.org"), 67),
                             (("hide", "MOVE", "--domain", "x.org"), 67),
                             (("offer", "MOVE"), 67),
                             (("offer", "UIDPLUS", "-u", user), 0),
                             (("offer", "imap4REV2", "-d", "example.org"),
                              0)):
            self.assertEqual(status,
                             self.roost("capability", *args).returncode, args)
        self.assertIn(b"UIDPLUS", self.capabilities(user))

    def test_capability_hidden_from_all(self):
        """behaviour 187: whoever it is, and after a restart, too; from the next
        log-in on, and what is hidden is not done either."""
        user, other = self.new_user(), self.new_user()
        there = self.server.imap(user)
        self.server.roost("capability", "hide", "UIDONLY")
        self.addCleanup(self.roost, "capability", "offer", "UIDONLY")
        self.assertIn(b"UIDONLY", there.capability()[1][-1].split())
        there.logout()
        self.server.stop()
        self.server.start()
        self.assertIn({"capability": "UIDONLY", "user": "", "domain": ""},
                      json.loads(self.roost("capability", "list",
                                            "--json").stdout))
        for name in (user, other):
            self.assertNotIn(b"UIDONLY", self.capabilities(name))
        raw = self.open(user)
        self.assertEqual(b"* ENABLED", raw.run(b"ENABLE UIDONLY")[0])
        self.ok(raw, b"SELECT INBOX")
        self.ok(raw, b"SEARCH ALL")     # which UIDONLY would refuse
        self.server.roost("capability", "offer", "UIDONLY")
        self.assertIn(b"UIDONLY", self.capabilities(other))

    def announced(self):
        """By greetings, so that every gate was asked, and by CAPABILITY."""
        out = []
        for _ in range(8):
            raw = Raw(self.server.imaps_port)
            out += [raw.line(), raw.run(b"CAPABILITY")[0]]
            raw.close()
        return [set(re.findall(rb"[\w+=-]+", line)) for line in out]

    def test_capability_hidden_before_log_in(self):
        """behaviour 187: from all, but not from some: who it is isn't known.
        Gates hear of it in their own time."""
        user = self.new_user()
        names = {b"IMAP4rev2", b"ID", b"LITERAL-", b"ENABLE"}
        for name in ("IMAP4rev2", "ID", "LITERAL+", "ENABLE"):
            self.server.roost("capability", "hide", name, "--user", user)
        for each in self.announced():
            self.assertLess(names, each)
        for name in ("IMAP4rev2", "ID", "LITERAL+", "ENABLE"):
            self.addCleanup(self.roost, "capability", "offer", name)
            self.server.roost("capability", "hide", name)
        self.assertTrue(wait_for(lambda: not any(
            names & each for each in self.announced())))
        for each in self.announced():
            self.assertLess({b"IMAP4rev1", b"SASL-IR"}, each)
        self.server.stop()
        self.server.start()
        self.assertTrue(wait_for(lambda: not any(
            names & each for each in self.announced())))
        self.server.roost("capability", "offer", "ID")
        self.assertTrue(wait_for(lambda: all(
            names & each == {b"ID"} for each in self.announced())))

    def test_quota(self):
        """A limit holds from the next command on, in running sessions too."""
        user = self.new_user()
        imap = self.server.imap(user)
        self.assertEqual(0, self.roost("user", "quota", user, "--storage",
                                       "1M", "--messages=1").returncode)
        self.assertEqual(("OK", [b'"" (STORAGE 0 1024 MESSAGE 0 1)']),
                         imap.getquota('""'))
        self.assertEqual("OK", imap.append("INBOX", "", "", b"x")[0])
        status, text = imap.append("INBOX", "", "", b"x")
        self.assertEqual("NO", status)
        self.assertTrue(text[0].startswith(b"[OVERQUOTA]"), text)
        done = self.roost("user", "quota", user, "--messages", "0", "--json")
        self.assertEqual(
            [{"resource": "storage", "used": 1, "limit": 1 << 20},
             {"resource": "messages", "used": 1, "limit": None},
             {"resource": "mailboxes", "used": 6, "limit": None},
             {"resource": "annotations", "used": 0, "limit": None}],
            json.loads(done.stdout))
        self.assertEqual("OK", imap.append("INBOX", "", "", b"x")[0])
        imap.logout()
        for args, status in (((user, "--storage", "x"), 64),
                             ((user, "--messages", "1K"), 64),
                             (("no@example.org",), 67)):
            self.assertEqual(status,
                             self.roost("user", "quota", *args).returncode)

    def test_who_and_kick(self):
        user = self.new_user()
        one, two = self.server.imap(user), self.server.imap(user)
        one.select("INBOX")
        rows = json.loads(self.roost("who", user, "--json").stdout)
        self.assertEqual(2, len(rows))
        self.assertEqual({"INBOX", ""}, {row["mailbox"] for row in rows})
        self.assertTrue(all(row["tls"] for row in rows))
        selected, = [r for r in rows if r["mailbox"] == "INBOX"]
        done = self.roost("kick", selected["session"])
        self.assertEqual((0, "1\n"), (done.returncode, done.stdout))
        self.assertRaises(Exception, one.noop)
        self.assertEqual("OK", two.noop()[0])
        self.assertEqual(0, self.roost("kick", user).returncode)
        self.assertRaises(Exception, two.noop)
        self.assertTrue(wait_for(
            lambda: self.roost("kick", user).returncode == 67))

    def test_delivery_by_command(self):
        user = self.new_user()
        message = "Subject: by command\n\n.\nFrom here\n"
        codes = [
            (0, ["-d", user]),
            (0, ["-d", user, "-f", "a@example.net", "-m", "Trash"]),
            (0, ["-d", user, "-m", "no such mailbox"]),
            (67, ["-d", "nobody@example.org"]),
            (64, []),
            (64, ["-d", "a>\r\nRCPT TO:<b"]),
        ]
        for status, args in codes:
            done = self.roost("deliver", *args, stdin=message)
            self.assertEqual(status, done.returncode, (args, done.stderr))
        imap = self.server.imap(user)
        self.assertEqual(2, len(messages(imap, "INBOX")[0]))
        (_, _, _, text), = messages(imap, "Trash")[0]
        self.assertTrue(text.startswith(b"Return-Path: <a@example.net>\r\n"))
        self.assertTrue(text.endswith(b"\r\n\r\n.\r\nFrom here\r\n"))


class Moving(support.ServerTest):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="roost-moving-")
        self.addCleanup(shutil.rmtree, self.top)

    def path(self, name):
        return os.path.join(self.top, name)

    def move(self, verb, kind, user, path, *more, status=0):
        done = self.server.roost(verb, kind, "--user", user, path, *more,
                                 check=False)
        self.assertEqual(status, done.returncode, done.stderr)
        return done

    def contents(self, user):
        return everything(self.server.imap(user))

    def fill(self, user):
        """Every sample message, with flags, in several mailboxes."""
        imap = self.server.imap(user)
        for name in ["Lists/roost", "Entw&APw-rfe", "v1.2", "Empty"]:
            imap.create('"%s"' % name)
        imap.subscribe("Lists/roost")
        imap.subscribe("never-made")
        boxes = ["INBOX", "Lists/roost", "Entw&APw-rfe", '"v1.2"']
        flags = ["", "\\Seen", "\\Flagged \\Answered $Label1",
                 "\\Draft \\Deleted Work $Forwarded"]
        for n, name in enumerate(sorted(os.listdir(SAMPLE))):
            if not name.endswith(".eml"):
                continue
            with open(os.path.join(SAMPLE, name), "rb") as f:
                text = re.sub(rb"(?<!\r)\n", b"\r\n", f.read())
            date = '"%02d-Feb-2024 12:34:%02d +0000"' % (1 + n % 28, n)
            imap._simple_command("NOOP")
            done = imap.append(boxes[n % 4], flags[n // 4 % 4], date, text)
            self.assertEqual("OK", done[0], (name, done))
        imap.select("INBOX")                # gaps between UIDs
        imap.store("3:5", "+FLAGS", "\\Deleted")
        imap.expunge()
        imap.store("*", "+FLAGS", "\\Deleted")
        imap.expunge()                      # and behind the last
        imap.logout()

    def test_maildir_there_and_back(self):
        one, two = self.new_user(), self.new_user()
        self.fill(one)
        self.move("export", "maildir", one, self.path("out"))
        self.move("import", "maildir", two, self.path("out"))
        self.assertEqual(self.contents(one), self.contents(two))
        self.move("export", "maildir", one, self.path("out"), status=73)

    def test_a_second_import_gives_new_uids(self):
        one, two = self.new_user(), self.new_user()
        self.fill(one)
        self.move("export", "maildir", one, self.path("out"))
        self.move("import", "maildir", two, self.path("out"))
        done = self.move("import", "maildir", two, self.path("out"))
        self.assertIn("get new UIDs", done.stderr)
        imap = self.server.imap(two)
        found, _ = messages(imap, "INBOX")
        uids = [m[0] for m in found]
        self.assertEqual(sorted(set(uids)), uids)
        self.assertEqual(2 * len(messages(self.server.imap(one),
                                          "INBOX")[0]), len(uids))

    def test_mbox_there_and_back(self):
        """All but UIDs, the zone of a date, and mbox's own fields."""
        one, two = self.new_user(), self.new_user()
        self.fill(one)
        self.move("export", "mbox", one, self.path("out"))
        self.move("import", "mbox", two, self.path("out"))
        boxes, subscribed = self.contents(one)
        again, subscribed_again = self.contents(two)
        self.assertEqual(subscribed, subscribed_again)
        self.assertEqual(set(boxes), set(again))
        for name in boxes:
            pairs = zip(boxes[name][0], again[name][0])
            self.assertEqual(len(boxes[name][0]), len(again[name][0]))
            for before, after in pairs:
                self.assertEqual(before[1:3], after[1:3])
                if not before[3].endswith(b"\r\n"):
                    before[3] += b"\r\n"
                self.assertEqual(before[3], after[3])

    def test_as_many_keywords_as_there_can_be(self):
        one, two = self.new_user(), self.new_user()
        words = {"%0128d" % n for n in range(512)}
        with open(self.path("box"), "w") as f:
            f.write("From a@example.net Thu Feb  1 00:00:00 2024\n"
                    "X-Keywords: %s\nSubject: k\n\nk\n"
                    % " ".join(sorted(words)))
        self.move("import", "mbox", one, self.path("box"))
        self.move("export", "mbox", one, self.path("out"))
        self.move("import", "mbox", two, self.path("out"))
        (_, flags, _, text), = messages(self.server.imap(two), "INBOX")[0]
        self.assertEqual(words, set(flags))
        self.assertEqual(b"Subject: k\r\n\r\nk\r\n", text)

    def fill_oddly(self, user):
        """Mailboxes whose names no file can have, or two could."""
        accents = "&%s-" % ("AOkA6QDp" * 33)     # 99 of them
        names = ["x" * 255, "x" * 254 + "y", "/".join([accents] * 3),
                 "a", "a.mbox/b", "subscriptions/c"]
        imap = self.server.imap(user)
        for number, name in enumerate(names):
            quoted = '"%s"' % name
            done = imap.create(quoted)
            self.assertEqual("OK", done[0], (name, done))
            imap.subscribe(quoted)
            imap.append(quoted, None, None, b"Subject: %d\r\n\r\n" % number)
        imap.logout()

    def test_names_that_no_file_can_have(self):
        """Each is exported, each by itself, and comes back as one."""
        for kind, renamed in ("maildir", 5), ("mbox", 4):
            one, two = self.new_user(), self.new_user()
            self.fill_oddly(one)
            out = self.path(kind)
            done = self.move("export", kind, one, out)
            self.assertEqual(renamed, done.stderr.count("warning:"), done)
            self.move("import", kind, two, out)
            before, subscribed = self.contents(one)
            after, subscribed_too = self.contents(two)
            self.assertEqual(len(subscribed), len(subscribed_too))
            self.assertEqual(*[sorted(m[3] for box, _ in boxes.values()
                                      for m in box)
                               for boxes in (before, after)])
            self.assertEqual(renamed, len(set(before) - set(after)))

    def test_python_reads_what_was_exported(self):
        user = self.new_user()
        self.fill(user)
        self.move("export", "maildir", user, self.path("maildir"))
        self.move("export", "mbox", user, self.path("mbox"))
        found, _ = messages(self.server.imap(user), "Lists/roost")
        maildir = mailbox.Maildir(self.path("maildir"), create=False)
        self.assertEqual(len(found), len(maildir.get_folder("Lists.roost")))
        mbox = mailbox.mbox(self.path("mbox/Lists/roost.mbox"))
        self.assertEqual(len(found), len(mbox))
        self.assertEqual(sum("\\Seen" in m[1] for m in found),
                         sum("R" in m.get_flags() for m in mbox))

    def test_what_python_wrote_is_read(self):
        user = self.new_user()
        box = mailbox.mbox(self.path("box"))
        for n in range(30):
            message = mailbox.mboxMessage("Subject: %d\n\nFrom me\n" % n)
            message.set_from("a@example.net", (2024, 2, 1, 0, 0, n, 0, 0, 0))
            message.set_flags("RAF" if n % 2 else "")
            box.add(message)
        box.flush()
        self.move("import", "mbox", user, self.path("box"),
                  "--mailbox", "Old/Box")
        found, _ = messages(self.server.imap(user), "Old/Box")
        self.assertEqual(30, len(found))
        self.assertEqual(["\\Answered", "\\Flagged", "\\Seen"], found[1][1])
        self.assertEqual("1-Feb-2024 00:00:07 +0000", found[7][2].strip())
        self.assertEqual(b"Subject: 7\r\n\r\nFrom me\r\n", found[7][3])

    def make_dovecot_maildir(self):
        root = self.path("dovecot")
        for folder in [".", ".Lists.caf&AOk-"]:
            for sub in ["cur", "new", "tmp"]:
                os.makedirs(os.path.join(root, folder, sub))

        def put(name, text, date):
            with open(os.path.join(root, name), "w") as f:
                f.write(text)
            os.utime(os.path.join(root, name), (date, date))
        put("cur/2.M1P1.host,S=99999,W=3:2,FSab", "Subject: two\n\n2\n",
            1700000002)
        put("cur/1.M1P1.host,S=1:2,RT", "Subject: one\n\n1\n", 1700000001)
        put("new/3.M1P1.host", "Subject: three\n\n3\n", 1700000003)
        put("cur/odd", "Subject: odd\n\n4\n", 1700000004)
        put("tmp/9.M1P1.host", "Subject: half", 1700000009)
        put("dovecot-uidlist", "3 V1275660208 N900 Gabcdef\n"
            "17 :1.M1P1.host,S=1\n800 W3 :2.M1P1.host,S=99999,W=3:2,S\n"
            "20 :gone.M1P1.host\nrubbish\n", 0)
        put("dovecot-keywords", "0 $Label1\n1 NonJunk\nrubbish\n", 0)
        put("subscriptions", "V\t2\n\nINBOX\nLists\tcaf&AOk-\n", 0)
        put(".Lists.caf&AOk-/cur/1.x:2,S", "Subject: c\n\nc\n", 1700000000)
        return root

    def test_what_dovecot_wrote_is_read(self):
        user = self.new_user()
        self.move("import", "maildir", user, self.make_dovecot_maildir())
        imap = self.server.imap(user)
        found, numbers = messages(imap, "INBOX")
        self.assertIn("UIDVALIDITY 1275660208", numbers)
        self.assertEqual([17, 800, 900, 901], [m[0] for m in found])
        self.assertEqual(["\\Answered", "\\Deleted"], found[0][1])
        self.assertEqual(["$Label1", "NonJunk", "\\Flagged", "\\Seen"],
                         found[1][1])
        self.assertEqual("14-Nov-2023 22:13:22 +0000", found[1][2])
        self.assertEqual(b"Subject: two\r\n\r\n2\r\n", found[1][3])
        self.assertEqual(1, len(messages(imap, "Lists/caf&AOk-")[0]))
        self.assertIn("Lists/caf&AOk-", mailboxes(imap)[1])

    def test_links_are_not_followed(self):
        user = self.new_user()
        root = self.make_dovecot_maildir()
        os.symlink("/etc/hostname", os.path.join(root, "cur/link:2,"))
        os.mkfifo(os.path.join(root, "cur/fifo:2,"))
        done = self.move("import", "maildir", user, root)
        self.assertIn("link:2,: left out", done.stderr)
        self.assertIn("fifo:2,: left out", done.stderr)
        self.assertEqual(4, len(messages(self.server.imap(user),
                                         "INBOX")[0]))

    def test_what_is_no_mbox(self):
        user = self.new_user()
        good = "From a@example.net Thu Feb  1 00:00:00 2024\nA: b\n\nc\n"
        files = {"eml": "Subject: a\n\nFrom here\n", "empty": "",
                 "tree/Good.mbox": good, "tree/Bad.mbox": "x\n",
                 "tree/Empty.mbox": "\n"}
        os.mkdir(self.path("tree"))
        for name, text in files.items():
            with open(self.path(name), "w") as f:
                f.write(text)
        done = self.move("import", "mbox", user, self.path("eml"),
                         "--mailbox", "Eml", status=65)
        self.assertIn("no mbox", done.stderr)
        done = self.move("import", "mbox", user, self.path("empty"),
                         "--mailbox", "Empty")
        self.assertEqual("0 messages\n", done.stdout)
        done = self.move("import", "mbox", user, self.path("tree"), status=65)
        self.assertEqual("1 messages\n", done.stdout)
        self.assertIn("Bad.mbox", done.stderr)
        names, _ = mailboxes(self.server.imap(user))
        self.assertTrue({"Empty", "Good"} <= names)
        self.assertFalse({"Eml", "Bad"} & names)

    def test_what_is_not_there(self):
        user = self.new_user()
        self.move("import", "maildir", user, self.path("none"), status=66)
        self.move("import", "mbox", user, self.path("none"), status=66)
        self.move("import", "maildir", user, self.top, status=66)
        self.move("import", "maildir", "nobody@example.org",
                  self.make_dovecot_maildir(), status=67)
        self.move("export", "mbox", "nobody@example.org", self.path("o"),
                  status=67)
        self.move("export", "mbox", user, "/nowhere/out", status=73)
