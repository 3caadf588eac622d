"""told.py -- an intrusion from the first guess to whoever is told of it; whom
an alert reaches who may not come in; a webhook that has another's
certificate."""
import base64
import os
import socket
import unittest

import alerts
from alerts import AT, CHEAP, DE
from processes import wait_for

ADMINISTRATOR = "postmaster@example.org"
MANY = 12   # five, and more where two have the same hash


class Told(alerts.AlertTest):
    places = "owner, %s, HOOK" % ADMINISTRATOR
    more = "auth_socket = TOP/auth\n" + CHEAP
    passwords = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.add_user(ADMINISTRATOR)
        cls.hook.start()

    def setUp(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.sock.close)
        self.sock.connect(os.path.join(self.top, "auth"))
        self.sock.sendall(b"VERSION\t1\t2\nCPID\t1\n")
        self.number = 0

    def tries(self, user, password, address):
        """As a mail transfer agent asks, which has to wait for no refusal."""
        self.number += 1
        verdict = " event=login%s user=%s method=PLAIN rip=%s "
        count = lambda: [self.server.log().count(verdict % (how, user, address))
                         for how in ("", "_failed")]
        before = count()
        said = base64.b64encode(("\0%s\0%s" % (user, password)).encode())
        self.sock.sendall(
            b"AUTH\t%d\tPLAIN\tservice=smtp\trip=%s\tresp=%s\n"
            % (self.number, address.encode(), said))
        self.assertTrue(wait_for(lambda: count() != before))
        return count()[0] != before[0]

    def posted(self, user):
        return [p for p in self.hook.of("intrusion") if p["user"] == user]

    def to_administrator(self, user):
        """To whom the administrator's mails about that account are."""
        return sorted(m["To"] for m in self.mail(ADMINISTRATOR)
                      if user in m.get_content())

    def mail_of(self, user):
        """The owner's; the password that is tried on many is no way in."""
        self.server.roost("user", "password", user, stdin="fresh\n")
        return self.mail(user, "fresh")

    def account(self):
        """A new one with a password that nobody else has."""
        Told.passwords += 1
        user, password = "told%d@example.org" % self.passwords, \
            "Summer-%d" % self.passwords
        self.server.add_user(user, password)
        return user, password

    def is_tried_on_many(self, password):
        """From as many places; nobody is there where it was right."""
        for i in range(MANY):
            self.assertFalse(self.tries("nobody%d@example.org" % i, password,
                                        "203.0.%d.1" % (113 + i)))

    # -- intrusion --

    def test_where_others_are_tried(self):
        """She comes in where she does, and where somebody tries many others:
        is that she?"""
        ann, password = self.account()
        self.assertTrue(self.tries(ann, password, AT))
        for i in range(MANY):
            self.assertFalse(self.tries("no%d@example.org" % i, "x%d" % i, AT))
        # behind the line of the last one
        self.assertTrue(wait_for(
            lambda: "event=spraying what=address" in self.server.log()))
        self.assertEqual([], self.alerts("intrusion", ann))
        self.assertTrue(self.tries(ann, password, AT))
        self.assertTrue(wait_for(lambda: self.posted(ann)))
        self.assertIn("event=login_while_spraying what=address user=" + ann,
                      self.server.log())
        line, = self.alerts("intrusion", ann)
        for part in ("level=warn", "rip=" + AT, "network=131.130.1.0/24",
                     "service=smtp", "method=PLAIN"):
            self.assertIn(part, line)
        mail, = self.wait_mail(ann, password=password)
        self.assertEqual("auto-generated", mail["Auto-Submitted"])
        self.assertIn(AT, mail.get_content())
        self.assertIn("roost user password " + ann, mail.get_content())
        self.assertTrue(wait_for(lambda: self.to_administrator(ann)))
        post, = self.posted(ann)
        self.assertEqual((AT, "131.130.1.0/24", "smtp", "localhost"), tuple(
            post[k] for k in ("rip", "network", "service", "server")))
        # once
        self.assertTrue(self.tries(ann, password, AT))
        self.settled()
        self.assertEqual(1, len(self.alerts("intrusion", ann)))

    def test_a_password_of_many(self):
        """It has let somebody in before anybody knew."""
        bob, password = self.account()
        self.assertTrue(self.tries(bob, password, DE))
        self.is_tried_on_many(password)
        self.assertTrue(wait_for(lambda: self.posted(bob)))
        self.assertIn("event=login_while_spraying what=password user=" + bob,
                      self.server.log())
        line, = self.alerts("intrusion", bob)
        self.assertIn('what="its password is tried on many accounts"', line)
        self.assertTrue(wait_for(lambda: self.to_administrator(bob)))
        self.assertTrue(wait_for(lambda: self.mail_of(bob)))
        mail, = self.mail_of(bob)
        self.assertIn("tried on many", mail.get_content())
        self.assertNotIn(password, self.server.log())
        self.assertNotIn(password, str(self.posted(bob)))

    # -- owners who may not come in --

    def test_whose_mail_comes_in(self):
        """Suspended, disabled, expired: it waits for them, as other mail
        does."""
        for stop, go in (
                (("policy", "set", "{}", "suspended", "deliver"),
                 ("policy", "unset", "{}", "suspended")),
                (("policy", "set", "{}", "expires", "2001-02-03"),
                 ("policy", "unset", "{}", "expires")),
                (("user", "disable", "{}"), ("user", "enable", "{}"))):
            user, password = self.account()
            run = lambda words: self.server.roost(
                *(word.format(user) for word in words))
            self.assertTrue(self.tries(user, password, DE))
            run(stop)
            self.is_tried_on_many(password)
            self.assertTrue(wait_for(lambda: self.posted(user)))
            self.assertTrue(wait_for(lambda: self.to_administrator(user)))
            run(go)
            self.assertTrue(wait_for(lambda: self.mail_of(user)))
            self.assertEqual([ADMINISTRATOR], self.to_administrator(user))

    def test_whose_mail_is_to_wait(self):
        """Administrators get it, once, and what is theirs anyway."""
        user, password = self.account()
        self.assertTrue(self.tries(user, password, DE))
        self.server.roost("policy", "set", user, "suspended", "defer")
        self.is_tried_on_many(password)
        self.assertTrue(wait_for(lambda: self.to_administrator(user) == sorted(
            [ADMINISTRATOR, user])))
        self.assertTrue(wait_for(lambda: self.posted(user)))
        self.assertIn('event=alert_not_delivered to=%s error="it is '
                      'suspended"' % user, self.server.log())
        self.server.roost("policy", "unset", user, "suspended")
        self.assertEqual([], self.mail_of(user))

    # -- a webhook --

    def test_the_certificate_of_another(self):
        """It is told nothing; who has the right one is, when it is back."""
        user, password = self.account()
        self.assertTrue(self.tries(user, password, DE))
        self.hook.stop()
        self.hook.start(alerts.certificate(os.path.join(self.top,
                                                        "other.pem")))
        failed = "event=alert_posted site=https://localhost:%d error=" \
            % self.hook.port
        before, posts = self.server.log().count(failed), len(self.hook.posts)
        self.is_tried_on_many(password)
        self.assertTrue(wait_for(
            lambda: self.server.log().count(failed) > before))
        line = [l for l in self.server.log().splitlines() if failed in l][-1]
        self.assertIn("self-signed certificate", line)
        self.assertEqual(posts, len(self.hook.posts))
        self.hook.stop()
        self.hook.start()       # it is tried again by itself
        self.assertTrue(wait_for(lambda: self.posted(user)))
        for secret in ("SeCrEt", "hidden", password):
            self.assertNotIn(secret, self.server.log())


if __name__ == "__main__":
    unittest.main()
