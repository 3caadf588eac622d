"""policies.py -- what is said of accounts counts at once: for whoever logs in,
for who is there already, and for what they may change."""
import datetime
import json
import os
import re
import shutil
import signal
import tempfile
import time
import unittest

import support
import harness
from harness import Raw
from processes import wait_for

OTHERS = b'"Other Users/%s/INBOX"'
MAIL = b"Subject: one\r\n\r\nbody\r\n"

# npm's; ./dev test installs it
NPM = os.environ.get("ROOST_NPM", os.path.join(harness.ROOT, "build", "npm"))
DATA = os.path.join(NPM, "node_modules", "@ip-location-db",
                    "geo-whois-asn-country-mmdb",
                    "geo-whois-asn-country.mmdb")

# What changes something, of a session with INBOX selected.
CHANGES = [
    b"APPEND INBOX {%d+}\r\n%s" % (len(MAIL), MAIL),
    b"COPY 1 INBOX", b"UID COPY 1 INBOX", b"MOVE 1 Other", b"UID MOVE 1 Other",
    b"CREATE New", b"DELETE Other", b"RENAME Other Else",
    b"REPLACE 1 INBOX {%d+}\r\n%s" % (len(MAIL), MAIL),
    b"SETACL INBOX anyone lr", b"DELETEACL INBOX anyone",
    b'SETMETADATA INBOX (/private/comment "x")', b"SETQUOTA \"\" (STORAGE 1)",
    b"STORE 1 +FLAGS (\\Flagged)", b"UID STORE 1 FLAGS.SILENT ()",
    b"EXPUNGE", b"UID EXPUNGE 1", b"SUBSCRIBE Other", b"UNSUBSCRIBE INBOX",
]


def utc(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


# So many log-ins are refused here that the address would be, too.
TRIES = ("refusal_time = 1s\nfailures_per_address = 0\nspray_accounts = 0\n"
         "failures_per_network = 0\nfailures_per_account = 0\n")


class PolicyTest(support.ServerTest):

    def set(self, scope, name, value):
        self.server.roost("policy", "set", scope, name, value)
        self.addCleanup(self.server.roost, "policy", "unset", scope, name,
                        check=False)

    def unset(self, scope, name):
        self.server.roost("policy", "unset", scope, name)

    def try_login(self, user, password="secret", source="127.0.0.1"):
        """The tagged line."""
        raw = Raw(self.server.imaps_port, source=source)
        self.addCleanup(raw.close)
        raw.line()
        return raw.run(b"LOGIN %s %s" % (user.encode(), password.encode()))[-1]

    def deliver(self, user):
        with self.server.lmtp() as lmtp:
            return lmtp.sendmail("x@example.org", [user], MAIL)

    def assert_ended(self, raw):
        """It has been sent away."""
        self.assertTrue(raw.until(b"* BYE")[-1].startswith(b"* BYE"))

    def assert_there(self, raw):
        self.ok(raw, b"NOOP")


class Policies(PolicyTest):
    """No address here is of a country."""
    conf = TRIES + "country_data = %s\n" % DATA

    def test_each(self):
        cases = [("imap", "off", b"NO [CONTACTADMIN]"),
                 ("passwords", "off", b"NO [AUTHENTICATIONFAILED]"),
                 ("networks", "127.0.0.2,10.0.0.0/8",
                  b"NO [AUTHENTICATIONFAILED]"),
                 ("countries", "AT", b"NO [AUTHENTICATIONFAILED]"),
                 ("suspended", "deliver", b"NO [CONTACTADMIN]"),
                 ("expires", "2001-02-03", b"NO [EXPIRED]")]
        user = self.new_user()
        for name, value, answer in cases:
            with self.subTest(policy=name):
                self.set(user, name, value)
                self.assertIn(answer, self.try_login(user))
                self.assertIn(b"NO [AUTHENTICATIONFAILED]",
                              self.try_login(user, "wrong"))
                self.assertFalse(self.deliver(user))
                self.unset(user, name)
        self.assertIn(b" OK", self.try_login(user))
        reasons = re.findall(r'event=login_failed user=%s .*reason="([^"]*)"' %
                             re.escape(user), self.server.log())
        for reason in ("imap is off", "log-in by password is off",
                       "not from a network that is allowed",
                       "not from a country that is allowed",
                       "the account is suspended", "the account has expired"):
            self.assertIn(reason, reasons)

    def test_the_nearest_counts(self):
        """What is said of the server, of the domain, of the account."""
        user, domain = "near@example.net", "@example.net"
        self.server.add_user(user)
        shut = [("imap", "off", "on"), ("passwords", "off", "on"),
                ("networks", "127.0.0.2", "any"), ("countries", "AT", "any"),
                ("suspended", "deliver", "no"),
                ("expires", "2001-02-03", "never")]
        for name, out, inside in shut:
            with self.subTest(policy=name):
                for scope, value in (("server", out), (domain, inside),
                                     (user, out), (domain, out),
                                     (user, inside)):
                    self.set(scope, name, value)
                    self.assertEqual(value == inside and scope != "server",
                                     b" OK" in self.try_login(user), scope)
                for scope in (user, domain, "server"):
                    self.unset(scope, name)
                    self.assertEqual(scope == "server",
                                     b" OK" in self.try_login(user), scope)

    def test_deferred(self):
        user = self.new_user()
        self.set(user, "suspended", "defer")
        with self.server.lmtp() as lmtp:
            lmtp.ehlo_or_helo_if_needed()
            lmtp.mail("x@example.org")
            self.assertEqual(lmtp.rcpt(user)[0], 450)
        self.set(user, "suspended", "no")
        self.assertFalse(self.deliver(user))

    # -- who is there --

    def test_sessions_end(self):
        cases = [("imap", "off"), ("networks", "127.0.0.2"),
                 ("countries", "AT"), ("suspended", "defer"),
                 ("expires", "2001-02-03"), ("read-only", "on")]
        user = self.new_user()
        for name, value in cases:
            for idle in (False, True):
                with self.subTest(policy=name, idle=idle):
                    raw = self.open(user)
                    self.ok(raw, b"SELECT INBOX")
                    if idle:
                        raw.send(b"i IDLE\r\n")
                        raw.until(b"+")
                    self.set(user, name, value)
                    self.assert_ended(raw)
                    self.unset(user, name)

    def test_others_stay(self):
        """Whoever would be let in is not disturbed."""
        here, there = self.new_user(), self.new_user()
        stays = self.open(here, source="127.0.0.2")
        goes = self.open(there)
        self.set("@example.org", "networks", "127.0.0.2,127.0.0.3")
        self.assert_ended(goes)
        self.assert_there(stays)
        self.set("@example.org", "passwords", "off")
        self.set("server", "main-password", "allowed")
        self.assert_there(stays)
        self.unset("@example.org", "networks")
        self.unset("@example.org", "passwords")
        self.assert_there(stays)

    def test_expires_while_open(self):
        user, other = self.new_user(), self.new_user()
        raw, stays = self.open(user), self.open(other)
        then = int(time.time()) + 2
        self.set(user, "expires", utc(then))
        raw.until(b"* BYE")
        self.assertGreaterEqual(time.time(), then)
        self.assert_there(stays)

    def test_auth_was_away(self):
        """What expires while auth isn't there ends when it is back."""
        user = self.new_user()
        raw = self.open(user)
        self.set(user, "expires", utc(time.time() + 1))
        os.kill(self.server.child("auth")[0], signal.SIGKILL)
        raw.until(b"* BYE")

    # -- read-only --

    def read_only_user(self):
        user = self.new_user()
        raw = self.open(user)
        self.ok(raw, b"CREATE Other")
        self.ok(raw, b"APPEND INBOX {%d+}\r\n%s" % (len(MAIL), MAIL))
        raw.close()
        self.set(user, "read-only", "on")
        return user

    def test_read_only(self):
        user = self.read_only_user()
        raw = self.open(user)
        answer = self.ok(raw, b"SELECT INBOX")
        self.assertIn(b"[READ-ONLY]", answer[-1])
        self.assertTrue(any(b"[PERMANENTFLAGS ()]" in a for a in answer))
        self.assertIn(b"body", b"".join(self.ok(raw, b"FETCH 1 (BODY[])")))
        self.assertIn(b"FLAGS ()", b"".join(self.ok(raw, b"FETCH 1 (FLAGS)")))
        self.assertIn(b"* MYRIGHTS INBOX lr", self.ok(raw, b"MYRIGHTS INBOX"))
        for command in CHANGES:
            answer = raw.run(command)[-1]
            self.assertIn(b"NO [NOPERM]", answer, command)
        raw.send(b"s APPEND INBOX {10}\r\n")
        self.assertIn(b"s NO [NOPERM]", raw.line())
        self.ok(raw, b"CLOSE")
        self.assertFalse(self.deliver(user))
        self.assertIn(b"MESSAGES 2 UNSEEN 2", b"".join(
            self.ok(raw, b"STATUS INBOX (MESSAGES UNSEEN)")))
        listed = b"".join(self.ok(raw, b'LIST "" *'))
        self.assertIn(b" Other", listed)
        self.assertNotIn(b" New", listed)
        self.unset(user, "read-only")
        self.assert_ended(raw)
        again = self.open(user)
        self.assertIn(b"[READ-WRITE]", self.ok(again, b"SELECT INBOX")[-1])

    def test_visits(self):
        """Neither he who can only read, nor anybody for him, changes what is
        another's."""
        ann, bob = self.new_user(), self.new_user()
        a, b = self.open(ann), self.open(bob)
        inbox = OTHERS % ann.encode()
        self.ok(a, b"APPEND INBOX {%d+}\r\n%s" % (len(MAIL), MAIL))
        self.ok(a, b"SETACL INBOX %s lrswite" % bob.encode())
        self.assertIn(b"[READ-WRITE]", self.ok(b, b"SELECT " + inbox)[-1])
        self.set(bob, "read-only", "on")
        self.assert_ended(b)
        b = self.open(bob)
        self.assertIn(b"[READ-ONLY]", self.ok(b, b"SELECT " + inbox)[-1])
        for command in (b"STORE 1 +FLAGS (\\Flagged)", b"EXPUNGE",
                        b"COPY 1 INBOX", b"COPY 1 " + inbox,
                        b"APPEND %s {%d+}\r\n%s" % (inbox, len(MAIL), MAIL)):
            self.assertIn(b"NO [NOPERM]", b.run(command)[-1])
        self.ok(b, b"FETCH 1 (BODY[])")
        self.assertIn(b"FLAGS ()", b"".join(self.ok(b, b"FETCH 1 (FLAGS)")))

        self.unset(bob, "read-only")
        self.assert_ended(b)
        b = self.open(bob)
        self.assertIn(b"[READ-WRITE]", self.ok(b, b"SELECT " + inbox)[-1])
        self.set(ann, "read-only", "on")
        self.assertTrue(wait_for(lambda: b" OK" not in b.run(
            b"STORE 1 +FLAGS (\\Flagged)")[-1]))
        self.assertIn(b"[READ-ONLY]", self.ok(b, b"SELECT " + inbox)[-1])
        self.assertIn(b"NO [NOPERM]", b.run(b"APPEND %s {%d+}\r\n%s" % (
            inbox, len(MAIL), MAIL))[-1])
        self.assertIn(b"NO [NOPERM]",
                      b.run(b"STORE 1 +FLAGS (\\Flagged)")[-1])
        # what others set changes nothing for who visits
        self.set("server", "passwords", "on")
        self.assertIn(b"NO [NOPERM]",
                      b.run(b"STORE 1 +FLAGS (\\Flagged)")[-1])
        # his own is his
        self.ok(b, b"COPY 1 INBOX")
        self.ok(b, b"SELECT INBOX")
        self.ok(b, b"STORE 1 +FLAGS (\\Flagged)")

        self.unset(ann, "read-only")
        self.assertTrue(wait_for(lambda: b"[READ-WRITE]" in b.run(
            b"SELECT " + inbox)[-1]))
        self.ok(b, b"STORE 1 +FLAGS (\\Flagged)")

    # -- the commands --

    def test_stale(self):
        self.set("server", "imap", "on")
        old, never, young, off = (self.new_user() for _ in range(4))
        self.open(old)
        self.server.roost("user", "disable", off)

        def age(user, days, used):
            """So old; used a day and a half later."""
            at = int(time.time()) - days * 86400
            with self.server.database("accounts") as db:
                db.execute("UPDATE accounts SET created = ? WHERE name = ?",
                           (at, user))
                db.execute("UPDATE credentials SET last_use = ? WHERE account"
                           " = (SELECT id FROM accounts WHERE name = ?)",
                           (at + 129600 if used else 0, user))

        def stale(*args):
            out = self.server.roost("user", "stale", *args, "--json").stdout
            return [r["name"] for r in json.loads(out)]

        self.assertEqual(stale("--days", "1"), [])
        age(old, 40, True)
        age(never, 40, False)
        age(off, 40, True)
        self.assertEqual(stale("--days", "38"), sorted([old, never]))
        self.assertEqual(stale("--days", "39"), [never])
        self.assertEqual(stale("--days", "41"), [])
        self.open(old)
        self.assertEqual(stale("--days", "38"), [never])
        raw = self.open(never)
        self.assertEqual(stale("--days", "38"), [])
        age(never, 40, True)    # as if it were idle since then
        self.assertEqual(stale("--days", "30", "--disable"), [never])
        self.assert_ended(raw)
        self.assertEqual(stale("--days", "30"), [])
        self.assertIn(b"NO [AUTHENTICATIONFAILED]", self.try_login(never))
        self.assertIn(b" OK", self.try_login(young))
        for days in ("0", "-1", "x", "36501"):
            self.assertNotEqual(0, self.server.roost(
                "user", "stale", "--days", days, check=False).returncode)

    def test_command(self):
        user = self.new_user()
        self.set("@example.org", "imap", "on")
        self.set(user, "networks", "127.0.0.0/8, ::1")
        shown = json.loads(self.server.roost("policy", "show", user,
                                             "--effective", "--json").stdout)
        self.assertIn({"policy": "networks", "value": "127.0.0.0/8, ::1/128",
                       "scope": user}, shown)
        self.assertIn({"policy": "imap", "value": "on",
                       "scope": "@example.org"}, shown)
        self.assertIn({"policy": "expires", "value": "never",
                       "scope": "default"}, shown)
        for args in (("set", user, "networks", "10.0.0.1/8"),
                     ("set", user, "pop3", "off"),
                     ("set", "nobody@example.org", "imap", "off"),
                     ("unset", user, "imap")):
            done = self.server.roost("policy", *args, check=False)
            self.assertNotEqual(done.returncode, 0, args)
            self.assertIn(args[2], done.stderr)
        done = self.server.roost("policy", "set", "example.org", "imap",
                                 "off", check=False)
        self.assertEqual(65, done.returncode)
        self.assertIn("a domain (@example.org)", done.stderr)


class Countries(PolicyTest):
    """Real data, of whoever the balancer says that it is."""
    HERE, THERE = "131.130.1.1", "2001:638:a000::1"     # AT, DE

    @classmethod
    def setUpClass(cls):
        cls.data = tempfile.mkdtemp(prefix="roost-test-")
        cls.file = os.path.join(cls.data, "country.mmdb")
        cls.put(b"no data of countries")
        cls.port, = harness.free_ports(1)
        cls.server = harness.Server()
        with open(cls.server.conf) as f:
            lines = [l for l in f if not l.startswith("listen_imap ")]
        with open(cls.server.conf, "w") as f:
            f.writelines(lines)
            f.write("listen_imap = 127.0.0.1:%d, 127.0.0.1:%d proxy\n"
                    "proxy_networks = 127.0.0.1\nproxy_tls = yes\n"
                    "trusted_networks = 0.0.0.0/0, ::/0\n"
                    "%scountry_data = %s\n"
                    % (cls.server.imap_port, cls.port, TRIES, cls.file))
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.data)

    @classmethod
    def put(cls, octets):
        with open(cls.file + ".new", "wb") as f:
            f.write(octets)
        os.rename(cls.file + ".new", cls.file)

    def from_address(self, address):
        raw = Raw(self.port, tls=False)
        self.addCleanup(raw.close)
        kind = "TCP6" if ":" in address else "TCP4"
        raw.send(b"PROXY %s %s %s 4711 143\r\n" % (
            kind.encode(), address.encode(),
            b"::1" if kind == "TCP6" else b"127.0.0.1"))
        return raw

    def comes_in(self, user, address):
        raw = self.from_address(address)
        raw.line()
        return b" OK" in raw.run(b"LOGIN %s secret" % user.encode())[-1]

    def test_countries(self):
        user = self.new_user()
        self.set(user, "countries", "AT")
        self.assertFalse(self.comes_in(user, self.HERE))    # nobody knows
        with open(DATA, "rb") as f:
            self.put(f.read())
        self.assertTrue(wait_for(lambda: self.comes_in(user, self.HERE)))
        self.assertFalse(self.comes_in(user, self.THERE))
        self.assertFalse(self.comes_in(user, "10.0.0.1"))
        self.put(b"no data of countries")       # what was there stays
        self.assertTrue(wait_for(
            lambda: self.server.log().count("event=country_data") >= 3))
        self.assertTrue(self.comes_in(user, self.HERE))
        self.assertFalse(self.comes_in(user, self.THERE))
        self.set(user, "countries", "DE,unknown")
        self.assertFalse(self.comes_in(user, self.HERE))
        self.assertTrue(self.comes_in(user, self.THERE))
        self.assertTrue(self.comes_in(user, "10.0.0.1"))

        here = self.from_address(self.THERE).login(user)
        self.set(user, "countries", "AT")
        self.assert_ended(here)

        rows = json.loads(self.server.roost("history", user, "--json").stdout)
        self.assertEqual(
            {(r["address"], r["country"]) for r in rows},
            {(self.HERE, ""), (self.HERE, "AT"), (self.THERE, "DE"),
             ("10.0.0.1", "")})


if __name__ == "__main__":
    unittest.main()
