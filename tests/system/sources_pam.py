"""sources_pam.py -- accounts of a real PAM: its authentication, then whether
the account may be used, which only the log shows."""
import os
import unittest

from sources import deliver, hashed, scram
from sources_servers import ROWS, Daemon, write

ACCOUNTS = "account required pam_permit.so\n"


class WithPam(Daemon):
    sources = "directory, pam:TOP/pam.d/roost"

    @classmethod
    def prepare(cls):
        os.makedirs(os.path.join(cls.top, "pam.d"))
        cls.passwords = os.path.join(cls.top, "users")
        write(cls.passwords, "".join("%s:%s\n" % (user, hashed(secret)[7:])
                                     for user, secret in ROWS), 0o644)
        cls.describe()

    @classmethod
    def describe(cls, accounts=ACCOUNTS):
        write(os.path.join(cls.top, "pam.d", "roost"),
              "auth required pam_pwdfile.so pwdfile=%s\n%s" % (
                  cls.passwords, accounts), 0o644)


class Pam(WithPam):
    def test_accounts(self):
        self.check_accounts()
        # it can't be asked who there is, and keeps whom it let in
        self.assertEqual(deliver(self.server, "bob@example.org"), 550)
        self.assert_login("OK", "bob@example.org", "bob")
        self.assertEqual(deliver(self.server, "bob@example.org"), 250)

    def test_doctor(self):
        """It is asked about nobody: is what verifies there, does that have
        what it needs, and does it let in only who it should?"""
        service = os.path.join(self.top, "pam.d", "roost")
        with open(service) as f:
            good = f.read()
        self.addCleanup(write, service, good, 0o644)
        self.check_doctor("ok", "it answers")
        for bad, text in (
                (good.replace("pam_pwdfile.so", "pam_none.so"), ""),
                (good.replace("=", "=/nowhere"), ""),
                ("auth required pam_permit.so\n"
                 "account required pam_permit.so\n", "lets in whoever")):
            with self.subTest(bad):
                write(service, bad, 0o644)
                self.check_doctor("error", text)


class Barred(WithPam):
    """By lines of "account", each as PAM has them; what is right is not
    remembered here, so that each log-in asks."""
    limits = WithPam.limits + "verdict_time = 0s\n"

    def setUp(self):
        self.addCleanup(self.describe)

    def reasons(self, user):
        return [line.split('reason="')[1].split('"')[0]
                for line in self.server.log().splitlines()
                if "event=login_failed user=%s " % user in line]

    def assert_barred(self, accounts, reason, user="ann@example.org"):
        """Behind the password, which still has to be right."""
        password = user.split("@")[0]
        self.describe()
        self.assert_login("OK", user, password)
        self.describe(accounts)
        before = len(self.reasons(user))
        self.assert_login("AUTHENTICATIONFAILED", user, password)
        self.assert_login("AUTHENTICATIONFAILED", user, "x")
        said = self.reasons(user)[before:]
        self.assertRegex(said[0], "^the account may not be used: " + reason)
        self.assertEqual(2, len(said))
        self.assertNotIn("account", said[1])
        self.describe()
        self.assert_login("OK", user, password)

    def test_denied(self):
        self.assert_barred("account required pam_deny.so\n", "Auth")

    def test_some(self):
        """Who is in a list, and who is called so."""
        out = os.path.join(self.top, "out")
        write(out, "ann@example.org\n", 0o644)
        for line in ("pam_listfile.so item=user sense=deny file=%s" % out,
                     "pam_succeed_if.so user != ann@example.org"):
            with self.subTest(line):
                self.assert_barred("account required %s\n" % line, "[AP]")
                self.describe("account required %s\n%s" % (line, ACCOUNTS))
                self.assert_login("OK", "bob@example.org", "bob")

    def test_each_answer(self):
        for what, reason in (("acct_expired", "User account has expired"),
                             ("authtok_expired", "Authentication token expired"),
                             ("new_authtok_reqd", "Authentication token is no longer"),
                             ("perm_denied", "Permission denied"),
                             ("user_unknown", "User not known")):
            with self.subTest(what):
                self.assert_barred("account required pam_debug.so acct=%s\n"
                                   % what, reason)

    def test_what_is_not_known(self):
        """of the account is no refusal: it may be tried again."""
        self.describe("account required pam_none.so\n")
        self.assert_login("UNAVAILABLE", "ann@example.org", "ann")

    def test_what_does_not_ask(self):
        """An app password, until it is revoked or the account disabled here.
        SCRAM has no keys."""
        ann = "ann@example.org"
        self.assert_login("OK", ann, "ann")
        made = "".join(self.server.roost("app-password", "add", ann, "phone")
                       .stdout.split())
        self.addCleanup(self.server.roost, "app-password", "revoke", ann,
                        "phone", check=False)
        self.describe("account required pam_deny.so\n")
        self.assert_login("OK", ann, made)
        self.assertIn(b"NO [AUTHENTICATIONFAILED]",
                      scram(self.server, ann, "ann"))
        self.server.roost("user", "disable", ann)
        self.addCleanup(self.server.roost, "user", "enable", ann)
        self.assert_login("AUTHENTICATIONFAILED", ann, made)

    def test_auth_test(self):
        """shows it, too."""
        self.describe("account required pam_debug.so acct=acct_expired\n")
        said = self.server.roost("auth", "test", "ann@example.org",
                                 stdin="ann\n", check=False)
        self.assertNotEqual(0, said.returncode)
        self.assertIn("User account has expired", said.stdout)


class Behind(WithPam):
    """With a source behind it that knows ann, too."""
    sources = WithPam.sources + ", passwd-file:TOP/behind"

    @classmethod
    def prepare(cls):
        super().prepare()
        write(os.path.join(cls.top, "behind"),
              "".join("%s@example.org:%s\n" % (name, hashed(name))
                      for name in ("ann", "dora")), 0o644)

    def test_who_is_barred_is_barred(self):
        """PAM knows whose the password is, and decides, though its lines of
        "account" know nobody of that name."""
        self.describe("account required pam_debug.so acct=user_unknown\n")
        self.addCleanup(self.describe)
        self.assert_login("AUTHENTICATIONFAILED", "ann@example.org", "ann")
        self.assertIn("the account may not be used: User not known",
                      self.server.log())
        # nor does its authentication know her: the next one is asked
        self.assert_login("OK", "dora@example.org", "dora")


if __name__ == "__main__":
    unittest.main()
