"""sharing.py -- one's mailboxes in another's session, whatever partitions the
two live in; accounts that nobody logs in to, groups, and what ends."""
import json
import os
import signal
import unittest

import support
from harness import Raw
from processes import wait_for

OTHERS = b'"Other Users/%s/%s"'


class Sharing(support.ServerTest):
    def partition(self, user):
        shown = self.server.roost("user", "show", user, "--json").stdout
        return json.loads(shown)[0]["partition"]

    def pair(self, apart):
        """Two accounts, in one partition or in two."""
        ann = self.new_user()
        while True:
            bob = self.new_user()
            if (self.partition(ann) != self.partition(bob)) == apart:
                return ann, bob

    def open(self, user):
        raw = Raw(self.server.imaps_port).login(user)
        self.addCleanup(raw.close)
        return raw

    def ok(self, raw, command):
        answer = raw.run(command)
        self.assertIn(b" OK", answer[-1], (command, answer))
        return answer

    def no(self, raw, command):
        answer = raw.run(command)
        self.assertIn(b" NO", answer[-1], (command, answer))
        return answer[-1]

    def append(self, raw, mailbox, text):
        return self.ok(raw, b"APPEND %s (\\Seen) {%d+}\r\n%s" %
                       (mailbox, len(text), text))

    def both(self):
        for apart in (False, True):
            with self.subTest(apart=apart):
                ann, bob = self.pair(apart)
                yield self.open(ann), self.open(bob), ann, bob

    def test_share(self):
        for a, b, ann, bob in self.both():
            plans = OTHERS % (ann.encode(), b"Plans")
            self.ok(a, b"CREATE Plans")
            self.append(a, b"Plans", b"Subject: one\r\n\r\nbody\r\n")
            self.assertIn(b"NONEXISTENT", self.no(b, b"SELECT " + plans))
            self.ok(a, b"SETACL Plans %s lrswi" % bob.encode())
            self.assertIn(ann.encode(), b"".join(
                self.ok(b, b'LIST "" "Other Users/%"')))
            self.assertIn(plans, b"".join(
                self.ok(b, b'LIST "" "Other Users/*"')))
            self.ok(b, b"SELECT " + plans)
            self.assertIn(b"body", b"".join(
                self.ok(b, b"FETCH 1 (BODY.PEEK[TEXT])")))
            self.ok(b, b"COPY 1 INBOX")
            self.append(b, plans, b"Subject: two\r\n\r\nfrom bob\r\n")
            self.ok(b, b"SELECT INBOX")
            self.ok(b, b"MOVE 1 " + plans)
            self.ok(a, b"SELECT Plans")
            self.assertIn(b"* SEARCH 1 2 3", self.ok(a, b"SEARCH ALL"))
            self.ok(a, b"SETACL Plans %s \"\"" % bob.encode())
            self.assertIn(b"NONEXISTENT", self.no(b, b"SELECT " + plans))

    def test_idle(self):
        for a, b, ann, bob in self.both():
            self.ok(a, b"SETACL INBOX %s lr" % bob.encode())
            self.ok(b, b"EXAMINE " + OTHERS % (ann.encode(), b"INBOX"))
            b.send(b"i IDLE\r\n")
            b.until(b"+ ")
            self.append(a, b"INBOX", b"Subject: x\r\n\r\nnews\r\n")
            self.assertEqual(b"* 1 EXISTS", b.until(b"* 1 EXISTS")[-1])
            b.send(b"DONE\r\n")
            self.assertIn(b"i OK", b.until(b"i ")[-1])

    def test_shared_and_groups(self):
        ann, bob = self.pair(True)
        cyd = self.new_user()
        desk = "desk-" + ann
        self.server.roost("user", "add", "--shared", desk)
        refused = self.server.roost("user", "password", desk, stdin="x\n",
                                    check=False)
        self.assertNotEqual(0, refused.returncode)
        self.server.roost("group", "add", "staff", ann)
        self.server.roost("group", "add", "staff", bob)
        listed = json.loads(self.server.roost("group", "list", "--json").stdout)
        self.assertEqual([{"group": "staff", "user": ann},
                          {"group": "staff", "user": bob}],
                         sorted(listed, key=lambda row: row["user"]))
        name = b"Shared/%s/INBOX" % desk.encode()
        self.assertIn(b"NONEXISTENT",
                      self.no(self.open(ann), b"SELECT " + name))
        self.server.roost("acl", "set", desk, "INBOX", "$staff",
                          "lrswipkxte")
        a, b, c = self.open(ann), self.open(bob), self.open(cyd)
        self.append(a, name, b"Subject: x\r\n\r\nfor all\r\n")
        self.assertIn(name, b"".join(self.ok(b, b'LIST "" "Shared/*"')))
        self.ok(b, b"SELECT " + name)
        self.assertIn(b"NONEXISTENT", self.no(c, b"SELECT " + name))
        self.assertEqual(1, len(self.ok(c, b'LIST "" "Shared/*"')))
        # out of the group, the mailbox is gone, the session isn't
        self.server.roost("group", "remove", "staff", bob)
        while not any(b"[CLOSED]" in line for line in b.run(b"NOOP")):
            pass
        self.assertIn(b"NONEXISTENT", self.no(b, b"SELECT " + name))
        self.ok(a, b"SELECT " + name)

    def test_other_domain(self):
        ann = self.new_user()
        eve = "eve-%s" % ann.replace("example.org", "example.com")
        self.server.add_user(eve)
        a, e = self.open(ann), self.open(eve)
        self.ok(a, b"SETACL INBOX anyone lr")
        self.ok(a, b"SETACL INBOX %s lr" % eve.encode())
        self.assertIn(b"NONEXISTENT", self.no(
            e, b"SELECT " + OTHERS % (ann.encode(), b"INBOX")))
        self.assertEqual(1, len(self.ok(e, b'LIST "" "Other Users/*"')))

    def test_killed(self):
        """The owner's process, and auth, are killed amid a visit."""
        ann, bob = self.pair(True)
        name = OTHERS % (ann.encode(), b"INBOX")
        a, b = self.open(ann), self.open(bob)
        self.ok(a, b"SETACL INBOX %s lr" % bob.encode())
        self.ok(b, b"SELECT " + name)
        old = self.server.child("auth")
        os.kill(old[0], signal.SIGKILL)
        self.ok(b, b"SEARCH ALL")
        self.assertTrue(wait_for(
            lambda: self.server.child("auth") not in ([], old)))
        index = self.partition(ann)
        old = self.server.child("mail/%d" % index)
        os.kill(old[0], signal.SIGKILL)
        self.assertTrue(wait_for(
            lambda: self.server.child("mail/%d" % index) not in ([], old)))
        self.assertIn(b"[CLOSED]", b"".join(self.ok(b, b"NOOP")))
        self.assertTrue(wait_for(
            lambda: b" OK" in b.run(b"SELECT " + name)[-1]))

    def test_ends(self):
        """An owner's account that goes: the mailbox does, no session."""
        for a, b, ann, bob in self.both():
            name = OTHERS % (ann.encode(), b"INBOX")
            self.ok(a, b"SETACL INBOX %s lr" % bob.encode())
            self.ok(b, b"SELECT " + name)
            self.server.roost("user", "remove", ann, "--yes")
            while not any(b"[CLOSED]" in line for line in b.run(b"NOOP")):
                pass
            self.assertIn(b"NONEXISTENT", self.no(b, b"SELECT " + name))
            self.ok(b, b"SELECT INBOX")


if __name__ == "__main__":
    unittest.main()
