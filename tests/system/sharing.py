"""sharing.py -- one's mailboxes in another's session, whatever partitions the
two live in; accounts that nobody logs in to, groups, and what ends."""
import contextlib
import itertools
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import threading
import time
import unittest

import support
from processes import wait_for

OTHERS = b'"Other Users/%s/%s"'


class Sharing(support.ServerTest):
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
            self.ok(a, b"SETACL Plans %s +te" % bob.encode())
            self.ok(b, b"SELECT " + plans)
            answer = b"".join(self.ok(b, b"REPLACE 1 INBOX {5+}\r\nhello"))
            self.assertIn(b"APPENDUID", answer)
            self.assertIn(b"* 1 EXPUNGE", answer)
            self.ok(a, b"SETACL Plans %s \"\"" % bob.encode())
            self.assertIn(b"NONEXISTENT", self.no(b, b"SELECT " + plans))

    def test_catenate(self):
        """Parts of another's messages by URLs of every form; what may not be
        looked up is named by none.  RFC 4469"""
        text = b"Subject: parts\r\n\r\n0123456789\r\n"
        for a, b, ann, bob in self.both():
            plans = OTHERS % (ann.encode(), b"Plans")
            path = b"/Other%%20Users/%s/" % ann.encode()
            server = b"imap://%s@localhost" % bob.replace("@", "%40").encode()
            for name in (b"Plans", b"Secret"):
                self.ok(a, b"CREATE " + name)
                self.append(a, name, text)
            self.ok(a, b"SETACL Plans %s lr" % bob.encode())
            status = b"".join(self.ok(a, b"STATUS Plans (UIDVALIDITY)"))
            validity = b";UIDVALIDITY=" + re.search(
                rb"UIDVALIDITY (\d+)", status)[1]
            self.ok(b, b"EXAMINE " + plans)
            for n, (url, part) in enumerate((
                    (path + b"Plans/;UID=1", text),
                    (path + b"Plans" + validity + b"/;UID=1/;SECTION=TEXT",
                     b"0123456789\r\n"),
                    (server + path + b"Plans" + validity +
                     b"/;UID=1/;SECTION=TEXT/;PARTIAL=2.3", b"234"),
                    (server + path + b"Plans/;UID=1/;PARTIAL=25", text[25:]),
                    (b";UID=1/;SECTION=HEADER", text[:18]),
                    (b"Plans" + validity + b"/;UID=1/;SECTION=1/;PARTIAL=8.9",
                     b"89\r\n")), 1):
                self.ok(b, b'APPEND INBOX CATENATE (URL "%s" TEXT {1+}\r\n.)'
                        % url)
                self.ok(b, b"SELECT INBOX")
                got = self.ok(b, b"FETCH %d BODY.PEEK[]" % n)
                self.assertEqual(part + b".", got[1], url)
                self.ok(b, b"EXAMINE " + plans)
            nobody = b"/Other%20Users/nobody@example.org/INBOX"
            self.assertEqual({b"NO [BADURL %s] It names nothing here"}, {
                self.no(b, b'APPEND INBOX CATENATE (URL "%s")' % url).partition(
                    b" ")[2].replace(url, b"%s")
                for url in (path + b"Secret/;UID=1", path + b"Nothing/;UID=1",
                            path + b"Plans;UIDVALIDITY=1/;UID=1",
                            path + b"Plans/;UID=2", nobody + b"/;UID=1",
                            b"Secret/;UID=1", b"Nothing/;UID=1",
                            server.replace(b"imap://", b"imap://x") + path +
                            b"Plans/;UID=1",
                            b"imap://elsewhere.example" + path +
                            b"Plans/;UID=1")})

    def slower(self, raw, command, names, pairs=60):
        """How often the answer about the first name came later than that about
        the second, of pairs asked in either order; the answers are alike."""
        count, heard = 0, set()
        for _ in range(pairs):
            took = {}
            for name in random.sample(names, 2):
                begin = time.perf_counter()
                answer = raw.run(command % name)
                took[name] = time.perf_counter() - begin
                heard.add(tuple(x.partition(b" ")[2].replace(name, b"NAME")
                                for x in answer))
            count += took[names[0]] > took[names[1]]
        self.assertEqual(1, len(heard), heard)
        return count / pairs

    def test_takes_as_long(self):
        """behaviour 190: what may not be looked up, beside what was never there;
        who shares nothing, beside nobody. Of pairs of the same half are slower;
        a machine that has too much else to do makes it no more."""
        for a, b, ann, bob in self.both():
            eve = self.new_user()
            for command in (b"CREATE Plans", b"CREATE Secret",
                            b"SETACL Plans %s lr" % bob.encode()):
                self.ok(a, command)
            self.append(a, b"Secret", b"Subject: x\r\n\r\nx\r\n")
            for command, names in itertools.product(
                    (b"SELECT %s", b"STATUS %s (MESSAGES)", b"MYRIGHTS %s",
                     b"SUBSCRIBE %s",
                     b"NOTIFY SET (MAILBOXES %s (MessageNew MessageExpunge))"),
                    ([OTHERS % (ann.encode(), b"Secret"),
                      OTHERS % (ann.encode(), b"Nosuch")],
                     [OTHERS % (eve.encode(), b"INBOX"),
                      OTHERS % (b"no" + eve.encode(), b"INBOX")])):
                for _ in range(3):    # what is real is there each time
                    share = self.slower(b, command, names)
                    if abs(share - 0.5) < 0.25:
                        break
                self.assertLess(abs(share - 0.5), 0.25, (command, names))

    def test_idle(self):
        for a, b, ann, bob in self.both():
            self.ok(a, b"SETACL INBOX %s lr" % bob.encode())
            self.ok(b, b"EXAMINE " + OTHERS % (ann.encode(), b"INBOX"))
            b.send(b"i IDLE\r\n")
            b.until(b"+ ")
            self.append(a, b"INBOX", b"Subject: x\r\n\r\nnews\r\n")
            self.assertEqual(b"* 1 EXISTS", b.until(b"* 1 EXISTS")[-1])
            # no right to read any more: told at once, and nothing more
            self.ok(a, b"DELETEACL INBOX %s" % bob.encode())
            self.assertIn(b"* OK [CLOSED]", b.until(b"* ")[-1])
            self.append(a, b"INBOX", b"Subject: x\r\n\r\nnews\r\n")
            b.send(b"DONE\r\n")
            self.assertIn(b"i OK", b.until(b"")[-1])

    def test_esearch(self):
        for a, b, ann, bob in self.both():
            everywhere = (b'ESEARCH IN (personal subtree "Other Users") '
                          b"RETURN (COUNT) SUBJECT x")
            for mailbox in (b"Plans", b"Secret"):
                self.ok(a, b"CREATE " + mailbox)
                self.append(a, mailbox, b"Subject: x\r\n\r\n")
            self.append(b, b"INBOX", b"Subject: x\r\n\r\n")
            self.assertEqual(2, len(self.ok(b, everywhere)))
            self.ok(a, b"SETACL Plans %s lr" % bob.encode())
            own, hers, _ = self.ok(b, everywhere)
            self.assertIn(b" MAILBOX INBOX UIDVALIDITY ", own)
            self.assertIn(b" MAILBOX %s UIDVALIDITY " %
                          (OTHERS % (ann.encode(), b"Plans")), hers)
            self.ok(a, b"DELETEACL Plans %s" % bob.encode())
            self.assertEqual(2, len(self.ok(b, everywhere)))

    def test_notify(self):
        """Told from the moment on that the first right is given."""
        for a, b, ann, bob in self.both():
            plans = OTHERS % (ann.encode(), b"Plans")
            for mailbox in (b"Plans", b"Secret"):
                self.ok(a, b"CREATE " + mailbox)
            self.ok(b, b'NOTIFY SET (SUBTREE "Other Users" (MessageNew '
                       b"MessageExpunge MailboxName))")
            self.append(a, b"Plans", b"Subject: x\r\n\r\n")
            self.ok(a, b"SETACL Plans %s lr" % bob.encode())
            self.assertIn(plans, b.until(b"* LIST")[-1])
            self.append(a, b"Secret", b"Subject: x\r\n\r\n")
            self.append(a, b"Plans", b"Subject: x\r\n\r\n")
            self.assertIn(plans + b" (MESSAGES 2 ", b.until(b"* ")[-1])
            self.ok(a, b"DELETEACL Plans %s" % bob.encode())
            self.assertIn(b"* LIST (\\NonExistent \\NoAccess",
                          b.until(b"* ")[-1])
            self.append(a, b"Plans", b"Subject: x\r\n\r\n")
            self.ok(a, b"SETACL Plans %s lr" % bob.encode())
            self.assertIn(b"* LIST (\\HasNoChildren) ", b.until(b"* ")[-1])
            self.assertEqual(1, len(self.ok(b, b"NOOP")))

    def test_notify_ends(self):
        """What has missed something says so: the owner's process is killed,
        the visitor is in another group."""
        ann, bob = self.pair(True)
        name = OTHERS % (ann.encode(), b"INBOX")
        notify = b"NOTIFY SET (MAILBOXES %s (MessageNew MessageExpunge))" % name
        a, b = self.open(ann), self.open(bob)
        self.ok(a, b"SETACL INBOX %s lr" % bob.encode())
        self.ok(b, notify)
        index = self.partition(ann)
        old = self.server.child("mail/%d" % index)
        os.kill(old[0], signal.SIGKILL)
        self.assertIn(b"NOTIFICATIONOVERFLOW", b.until(b"* ")[-1])
        self.assertTrue(wait_for(
            lambda: self.server.child("mail/%d" % index) not in ([], old)))
        self.assertTrue(wait_for(lambda: b" OK" in b.run(notify)[-1]))
        self.append(self.open(ann), b"INBOX", b"Subject: x\r\n\r\n")
        self.assertIn(name + b" (MESSAGES 1 ", b.until(b"* ")[-1])
        self.server.roost("group", "add", "crew", bob)
        self.assertIn(b"NOTIFICATIONOVERFLOW", b.until(b"* ")[-1])
        self.assertEqual(1, len(self.ok(b, b"NOOP")))
        self.server.roost("group", "remove", "crew", bob)

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

    def who(self, user):
        rows = self.server.roost("who", "--json").stdout
        return [(row["account"], row["mailbox"], row["visits"])
                for row in json.loads(rows) if user in row["account"]]

    def test_who_and_kick(self):
        for a, b, ann, bob in self.both():
            name = OTHERS % (ann.encode(), b"INBOX")
            self.ok(a, b"SETACL INBOX %s lr" % bob.encode())
            self.ok(a, b"SELECT INBOX")
            self.ok(b, b"STATUS %s (MESSAGES)" % name)
            self.assertEqual([(bob, "", ann)], self.who(bob))
            self.ok(b, b"SELECT " + name)
            self.assertEqual([(bob, name.decode().strip('"'), ann)],
                             self.who(bob))
            self.assertEqual([(ann, "INBOX", "")], self.who(ann))
            # of the owner: her sessions, and the visits there
            done = self.server.roost("kick", ann)
            self.assertEqual(2, sum(map(int, done.stdout.split())))
            self.assertIn(b"* BYE", a.until(b"* BYE")[-1])
            while not any(b"[CLOSED]" in line for line in b.run(b"NOOP")):
                pass
            self.assertEqual([(bob, "", "")], self.who(bob))
            # of the visitor: his session, and with it his visits
            self.ok(b, b"SELECT " + name)
            self.server.roost("kick", bob)
            self.assertIn(b"* BYE", b.until(b"* BYE")[-1])
            self.assertTrue(wait_for(lambda: self.server.roost(
                "kick", ann, check=False).returncode == 67))

    def test_trace(self):
        """Of the visitor: what he says and hears, once. Of the owner: nothing
        that a visitor says or is told."""
        for a, b, ann, bob in self.both():
            name = OTHERS % (ann.encode(), b"INBOX")
            self.append(a, b"INBOX", b"Subject: hers\r\n\r\nx\r\n")
            self.ok(a, b"SETACL INBOX %s lr" % bob.encode())
            with self.tracing(ann) as hers, self.tracing(bob) as his:
                self.ok(b, b"EXAMINE " + name)
                self.ok(b, b"SEARCH SUBJECT wanted-by-bob")
                self.ok(a, b"SELECT INBOX")
                self.assertTrue(wait_for(lambda: "SEARCH completed" in his()
                                         and "SELECT completed" in hers()))
            self.assertEqual(1, his().count("SUBJECT wanted-by-bob"))
            self.assertEqual(1, his().count("EXAMINE completed"))
            self.assertNotIn("wanted-by-bob", hers())
            self.assertNotIn(bob, hers())
            self.assertNotIn("EXAMINE", hers())

    @contextlib.contextmanager
    def tracing(self, user):
        """Gives a function that says what `roost trace` has printed."""
        path = os.path.join(self.server.dir, "trace-" + user)
        begun = self.server.log().count("event=trace")
        with open(path, "w") as out:
            trace = subprocess.Popen(
                [os.path.join(self.server.build, "roost"), "-c",
                 self.server.conf, "trace", user], stdout=out)
            self.assertTrue(wait_for(lambda: self.server.log().count(
                "event=trace") > begun))
            yield pathlib.Path(path).read_text
            trace.terminate()
            trace.wait()

    def test_administrator(self):
        for a, b, ann, bob in self.both():
            root = b'"Other Users/%s/"' % ann.encode()
            told = b"* QUOTA %s (MESSAGE 0 7)" % root
            self.assertIn(b"NONEXISTENT", self.no(
                b, b"SETQUOTA %s (MESSAGE 7)" % root))
            self.assertIn(b"NOPERM", self.no(b, b'SETQUOTA "" (MESSAGE 7)'))
            self.server.roost("user", "promote", bob)
            self.assertIn(told, self.ok(
                b, b"SETQUOTA %s (MESSAGE 7)" % root))
            self.assertIn(b'* QUOTA "" (MESSAGE 0 7)',
                          self.ok(a, b'GETQUOTA ""'))
            self.assertEqual(7, self.limits(ann)["messages"])
            self.assertIn(b"NOPERM", self.no(a, b'SETQUOTA "" (MESSAGE 9)'))
            # nothing else of his is there
            self.assertIn(b"NONEXISTENT", self.no(
                b, b"SELECT " + OTHERS % (ann.encode(), b"INBOX")))
            self.assertEqual(1, len(self.ok(
                b, b'LIST "" "Other Users/%s/*"' % ann.encode())))
            # what was said is on the disk
            old = self.server.child("mail/%d" % self.partition(ann))
            os.kill(old[0], signal.SIGKILL)
            self.assertTrue(wait_for(lambda: self.limits(ann, False)
                                     .get("messages") == 7))
            # no longer: at the next command, of a session that goes on
            b = self.open(bob)
            self.ok(b, b"GETQUOTA " + root)
            self.server.roost("user", "demote", bob)
            self.assertIn(b"NONEXISTENT", self.no(
                b, b"SETQUOTA %s (MESSAGE 8)" % root))
            self.assertIn(b"NOPERM", self.no(b, b'SETQUOTA "" (MESSAGE 8)'))
            self.ok(self.open(ann), b"SETACL INBOX %s lr" % bob.encode())
            self.assertIn(b"NOPERM", self.no(
                b, b"SETQUOTA %s (MESSAGE 8)" % root))

    def limits(self, user, check=True):
        shown = self.server.roost("user", "quota", user, "--json", check=check)
        rows = json.loads(shown.stdout) if shown.returncode == 0 else []
        return {row["resource"]: row["limit"] for row in rows}

    def test_administrator_elsewhere(self):
        ann = self.new_user()
        eve = "eve-%s" % ann.replace("example.org", "example.com")
        self.server.add_user(eve)
        self.server.roost("user", "promote", eve)
        self.ok(self.open(ann), b"SETACL INBOX anyone lr")
        e = self.open(eve)
        self.ok(e, b'SETQUOTA "" (MESSAGE 7)')
        self.assertIn(b"NONEXISTENT", self.no(
            e, b'SETQUOTA "Other Users/%s/" (MESSAGE 7)' % ann.encode()))

    def test_administrators_at_once(self):
        """All limits that one command sets, or none of them; what is stored
        meanwhile stays within the highest."""
        ann, bob = self.pair(True)
        for user in (ann, bob):
            self.server.roost("user", "promote", user)
        root = {ann: b'""', bob: b'"Other Users/%s/"' % ann.encode()}
        told = re.compile(rb"MESSAGE \d+ (\d+) MAILBOX \d+ (\d+)")
        wrong = []

        def set_limits(user, first):
            raw = self.open(user)
            for n in range(first, first + 40):
                answer = self.ok(raw, b"SETQUOTA %s (MESSAGE %d MAILBOX %d)" %
                                 (root[user], n, n))
                found = told.search(answer[0])
                if found is None or found[1] != found[2]:
                    wrong.append(answer)

        def add(_):
            raw = self.open(ann)
            for _ in range(60):
                last = support.append(raw, b"Subject: x\r\n\r\n")
                if b" OK" not in last and b"OVERQUOTA" not in last:
                    wrong.append(last)

        self.ok(self.open(ann), b'SETQUOTA "" (MESSAGE 10 MAILBOX 10)')
        jobs = [(set_limits, ann, 10), (set_limits, bob, 20),
                (set_limits, bob, 30), (add, None), (add, None)]
        threads = [threading.Thread(target=job[0], args=job[1:])
                   for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([], wrong)
        a = self.open(ann)
        self.ok(a, b"SELECT INBOX")
        count = len(self.ok(a, b"SEARCH ALL")[0].split()) - 2
        self.assertLessEqual(count, 69)
        self.assertGreaterEqual(count, 10)
        limits = self.limits(ann)
        self.assertEqual(limits["messages"], limits["mailboxes"])

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
