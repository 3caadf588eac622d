"""audit.py -- the audit log: a line before each change, and no other way.

Who changes, takes out or adds a line is found out; so is a log that was made
anew, by whoever kept a hash. On a full disk the server goes on, and the log
says how much it lacks.
"""
import os
import re
import unittest

import support  # noqa: F401 (where harness is)
from deletions import on_small_disk, use_up
from harness import Server
from processes import wait_for


class AuditTest(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)
        self.path = os.path.join(self.server.dir, "auth", "audit.log")

    def lines(self):
        with open(self.path) as f:
            return f.read().splitlines()

    def roost(self, *args, **more):
        return self.server.roost(*args, **more)

    def verify(self, *args):
        return self.roost("audit", "verify", *args, check=False)

    def assert_broken(self):
        done = self.verify()
        self.assertEqual(done.returncode, 65, done.stdout)
        self.assertIn("is not as it was written", done.stderr)

    def change_something(self):
        self.server.add_user("ann@example.org", "a secret of hers")
        self.roost("user", "disable", "ann@example.org")
        self.roost("user", "enable", "ann@example.org")
        self.roost("group", "add", "staff", "ann@example.org")
        self.roost("capability", "hide", "QRESYNC", "--domain", "example.org")

    def test_each_change_has_a_line(self):
        self.change_something()
        self.roost("user", "list")
        self.roost("status")
        lines = self.lines()
        self.assertEqual(
            [re.search(r" event=(\w+) by=administrator uid=%d " % os.getuid(),
                       l)[1] for l in lines],
            ["user_add", "user_disable", "user_enable", "group_add",
             "capability_hide"])
        self.assertIn(" group=staff user=ann@example.org chain=", lines[3])
        self.assertNotIn("secret", "".join(lines))
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)

    def test_what_is_refused_says_so(self):
        self.assertNotEqual(self.roost("user", "disable", "nobody@example.org",
                                       check=False).returncode, 0)
        asked, refused = self.lines()
        self.assertNotIn("refused=", asked)
        self.assertIn(' refused="', refused)

    def test_show(self):
        self.change_something()
        self.server.add_user("bo@example.org")
        self.server.add_user("ann@example.organisation")
        shown = self.roost("audit", "show", "ann@example.org").stdout
        self.assertEqual(len(shown.splitlines()), 4)
        self.assertEqual(self.roost("audit", "show").stdout.splitlines(),
                         self.lines())

    def test_verify(self):
        self.change_something()
        done = self.verify()
        self.assertEqual(done.returncode, 0, done.stderr)
        number, last = re.fullmatch(
            r"(\d+) lines, the last one's hash is ([0-9a-f]{64})\n",
            done.stdout).groups()
        self.assertEqual(int(number), 5)
        self.server.add_user("bo@example.org")
        self.assertEqual(self.verify("--seen", last).returncode, 0)
        self.assertEqual(self.verify("--seen", "0" * 64).returncode, 65)

    def test_tampering(self):
        self.change_something()
        self.server.stop()
        good = self.lines()
        for name, lines in (
                ("changed", [good[0].replace("ann", "bob")] + good[1:]),
                ("taken out", good[:2] + good[3:]),
                ("the first taken out", good[1:]),
                ("exchanged", [good[0], good[2], good[1]] + good[3:]),
                ("added", good + [good[-1]])):
            with self.subTest(name), open(self.path, "w") as f:
                f.write("\n".join(lines) + "\n")
                f.flush()
                if name == "the first taken out":
                    # by itself it is a log that goes on from another
                    self.assertEqual(self.verify().returncode, 0)
                    first = good[0].rsplit("chain=", 1)[1]
                    self.assertEqual(self.verify("--seen", first).returncode,
                                     65)
                else:
                    self.assert_broken()

    def test_it_goes_on_after_a_restart(self):
        self.change_something()
        self.server.stop()
        self.server.start()
        self.server.add_user("bo@example.org")
        self.assertEqual(len(self.lines()), 6)
        self.assertEqual(self.verify().returncode, 0)

    def test_a_line_torn_by_a_crash(self):
        self.change_something()
        self.server.stop()
        with open(self.path, "a") as f:
            f.write("seq=6 ts=2026-01-01T00:00:00.0")
        self.assert_broken()
        self.server.start()
        self.server.add_user("bo@example.org")
        self.assertEqual(self.verify().returncode, 0)
        self.assertEqual(len(self.lines()), 6)

    def test_lines_torn_by_a_power_cut(self):
        """of which the last is whole, and others never came to the disk"""
        self.change_something()
        self.server.stop()
        with open(self.path, "ab") as f:
            last = self.lines()[-1].encode()
            f.write(bytes(5000) + last.replace(b"seq=5", b"seq=9") + b"\n")
        self.assert_broken()
        self.server.start()
        self.server.add_user("bo@example.org")
        self.assertIn("event=audit_torn", self.server.log())
        self.assertEqual(self.verify().returncode, 0)
        self.assertEqual(len(self.lines()), 6)

    def test_a_new_file(self):
        """Renamed and reloaded, as programs that rotate logs do."""
        self.change_something()
        old = self.path + ".1"
        os.rename(self.path, old)
        self.server.process.send_signal(1)
        self.assertTrue(wait_for(lambda: os.path.exists(self.path)
                                 and self.lines()))
        self.assertRegex(self.lines()[0], "^seq=6 .* event=continued ")
        self.server.kill()      # before there is another line
        self.server.start()
        self.server.add_user("bo@example.org")
        self.assertEqual(self.verify().returncode, 0)
        self.assertIn("7 lines", self.verify(old).stdout)
        with open(old, "r+") as f:
            f.write("seq=1 ts=1")
        self.assertEqual(self.verify(old).returncode, 65)


class FullDisk(unittest.TestCase):
    def test_it_says_what_it_lacks(self):
        """The server goes on, and the log knows of the gap."""
        server, raw, ballast = on_small_disk(self)
        ballast.fill()
        use_up(self, raw)
        for verb in (("user", "disable"), ("mailbox", "list")):
            done = server.roost(*verb, "ann@example.org")
            self.assertIn("warning: the audit log can't be written, and lacks "
                          "this", done.stderr)
        self.assertIn("event=audit_lost", server.log())
        ballast.remove()
        done = server.roost("user", "enable", "ann@example.org")
        self.assertEqual("", done.stderr)
        with open(os.path.join(server.dir, "auth", "audit.log")) as f:
            lines = f.read().splitlines()
        self.assertRegex(lines[-2], r" event=lost lines=\d+ chain=")
        self.assertIn(" event=user_enable ", lines[-1])
        self.assertEqual(server.roost("audit", "verify").returncode, 0)


if __name__ == "__main__":
    unittest.main()
