"""with_postfix_auth.py -- Postfix asks roost who may send (SMTP AUTH)."""
import base64
import os
import shutil
import smtplib
import ssl
import tempfile
import threading
import time
import unittest

import client
import postfix
from client import HOST, PASSWORD, ClientTest, message, plain
from credentials import code_of     # both of tests/system
from harness import PATIENCE_S
from issuer import AUDIENCE, Issuer, oauthbearer, xoauth2
from processes import wait_for

ISSUER = "https://id.example.org"


def b64(octets):
    return base64.b64encode(octets).decode()


class WithPostfixAuth(ClientTest):
    @classmethod
    def setUpClass(cls):
        cls.sockets = tempfile.mkdtemp(prefix="roost-auth-")
        cls.addClassCleanup(shutil.rmtree, cls.sockets)
        os.chmod(cls.sockets, 0o755)
        auth = os.path.join(cls.sockets, "auth")
        cls.conf = ("auth_socket = %s\nauth_socket_user = postfix\n"
                    "refusal_time = 2s\n"
                    "issuers = %s audience=%s keys=one.jwks\n"
                    % (auth, ISSUER, AUDIENCE))
        super().setUpClass()
        cls.issuer = Issuer(ISSUER, cls.server.top)
        with open(os.path.join(cls.server.dir, "auth", "one.jwks"),
                  "w") as f:
            f.write(cls.issuer.keys())
        cls.port = client.support.harness.free_ports(1)[0]
        cls.postfix = postfix.Postfix(
            {"example.org": "lmtp:[%s]:%d" % (HOST, cls.server.lmtp_port)},
            {"auth": auth, "port": cls.port, "certificate": os.path.join(
                cls.server.dir, "certificate.pem")})
        cls.addClassCleanup(cls.postfix.stop)
        cls.postfix.start()

    def smtp(self):
        smtp = smtplib.SMTP(HOST, self.port, timeout=PATIENCE_S)
        self.addCleanup(smtp.close)
        smtp.ehlo()
        return smtp

    def starttls(self):
        smtp = self.smtp()
        smtp.starttls(context=ssl._create_unverified_context())
        smtp.ehlo()
        return smtp

    def assert_refused(self, user, secret):
        """And so long after it was tried."""
        began = time.monotonic()
        status, text = self.smtp().docmd("AUTH PLAIN " + plain(user, secret))
        self.assertEqual(status, 535, text)
        self.assertIn(b"Authentication failed", text)
        self.assertGreaterEqual(time.monotonic() - began, 2)

    def assert_logged(self, event, user, mechanism, more=""):
        self.assertRegex(
            self.server.log(), "event=%s user=%s method=%s rip=127.0.0.1 .* "
            "service=smtp%s\n" % (event, user, mechanism, more))

    def send(self, smtp):
        """What it says is delivered by LMTP, under the name of who sent."""
        text = message("Sent after AUTH")
        smtp.sendmail(self.user, [self.user], text)
        self.assertTrue(wait_for(self.held), self.postfix.log()[-2000:])
        self.assertIn(b"(Authenticated sender: %s)" % self.user.encode(),
                      self.held()[0].text)

    def test_offer(self):
        smtp = self.smtp()
        self.assertEqual(set(smtp.esmtp_features["auth"].split()),
                         {"SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2", "PLAIN",
                          "LOGIN"})

    def test_plain(self):
        smtp = self.starttls()
        smtp.user, smtp.password = self.user, PASSWORD
        smtp.auth("PLAIN", smtp.auth_plain)
        self.send(smtp)
        self.assert_logged("login", self.user, "PLAIN")

    def test_plain_in_two_steps(self):
        smtp = self.smtp()
        self.assertEqual(smtp.docmd("AUTH PLAIN"), (334, b""))
        self.assertEqual(smtp.docmd(plain(self.user, PASSWORD))[0], 235)

    def test_login(self):
        smtp = self.smtp()
        smtp.user, smtp.password = self.user.upper(), PASSWORD
        smtp.auth("LOGIN", smtp.auth_login, initial_response_ok=False)
        self.send(smtp)
        self.assert_logged("login", self.user, "LOGIN")

    def test_curl(self):
        path = self.write("message", message("By curl"))
        for options in ([], ["--login-options", "AUTH=LOGIN"]):
            self.program("curl", "-sS", "smtp://%s:%d" % (HOST, self.port),
                         "--ssl-reqd", "-k", "-u", self.user + ":" + PASSWORD,
                         "--mail-from", self.user, "--mail-rcpt", self.user,
                         "-T", path, *options)
        for mechanism in ("PLAIN", "LOGIN"):
            self.assert_logged("login", self.user, mechanism)

    def test_scram(self):
        self.program("gsasl", "--smtp", "--no-starttls", "--no-cb", "-m",
                     "SCRAM-SHA-256", "-a", self.user, "-z", self.user, "-p",
                     PASSWORD, "--connect", "%s:%d" % (HOST, self.port),
                     input=b"")
        self.assert_logged("login", self.user, "SCRAM-SHA-256")

    def auth(self, mechanism, message):
        smtp = self.smtp()
        status, text = smtp.docmd("AUTH %s %s" % (mechanism, b64(message)))
        if status != 334:
            return status, text
        return smtp.docmd(b64(b"\1"))

    def test_tokens(self):
        token = self.issuer.token(self.user)
        self.assertEqual(self.auth("OAUTHBEARER", oauthbearer(token))[0], 235)
        self.assert_logged("login", self.user, "OAUTHBEARER")
        self.assertEqual(self.auth("XOAUTH2", xoauth2(token, self.user))[0],
                         235)
        self.assertEqual(self.auth("XOAUTH2", xoauth2("wrong", self.user))[0],
                         535)

    def test_a_large_token(self):
        token = self.issuer.token(self.user, groups=["x" * 38] * 150)
        self.assertTrue(8500 < len(token) < 9150, len(token))
        smtp = self.smtp()
        self.assertEqual(smtp.docmd("AUTH OAUTHBEARER")[0], 334)
        self.assertEqual(smtp.docmd(b64(oauthbearer(token)))[0], 235)

    def test_app_passwords(self):
        for protocol, status, said in (("smtp", 235, b""),
                                       ("imap", 535, b"another service")):
            secret = self.server.roost(
                "app-password", "add", self.user, protocol, "--protocol",
                protocol).stdout.strip()
            answer = self.smtp().docmd("AUTH PLAIN "
                                       + plain(self.user, secret))
            self.assertEqual(answer[0], status, answer)
            self.assertIn(said, answer[1])

    def test_second_factor(self):
        out = self.server.roost("totp", "enable", self.user).stdout
        key = out.split("\nkey ")[1].split()[0]
        self.server.roost("totp", "confirm", self.user, code_of(key))
        answer = self.smtp().docmd("AUTH PLAIN " + plain(self.user, PASSWORD))
        self.assertEqual(answer[0], 535)
        self.assertIn(b"needs an app password", answer[1])

    def test_wrong_password(self):
        self.assert_refused(self.user, "wrong")
        self.assert_logged("login_failed", self.user, "PLAIN",
                           ' reason="wrong password"')

    def test_unknown_user(self):
        self.assert_refused("nobody@example.org", PASSWORD)
        self.assert_logged("login_failed", "nobody@example.org", "PLAIN",
                           ' reason="no such user"')

    def test_given_up(self):
        """Postfix does not tell: the next attempt is not disturbed."""
        smtp = self.smtp()
        self.assertEqual(smtp.docmd("AUTH LOGIN")[0], 334)
        self.assertEqual(smtp.docmd("*")[0], 501)
        smtp.user, smtp.password = self.user, PASSWORD
        self.assertEqual(smtp.auth("PLAIN", smtp.auth_plain)[0], 235)

    def test_no_base64(self):
        self.assertEqual(self.smtp().docmd("AUTH PLAIN ====")[0], 535)

    def test_two_at_once(self):
        """One that is refused holds nobody up."""
        good = "AUTH PLAIN " + plain(self.user, PASSWORD)
        self.assertEqual(self.smtp().docmd(good)[0], 235)   # hashed
        smtp = self.smtp()
        refused = threading.Thread(target=self.assert_refused,
                                   args=(self.user, "wrong"))
        refused.start()
        status, _ = smtp.docmd(good)
        was_first = refused.is_alive()
        refused.join()
        self.assertEqual(status, 235)
        self.assertTrue(was_first)

    def test_restart(self):
        """The same connection to Postfix, and roost anew behind it; while it
        is away nobody is told that the password was wrong."""
        smtp = self.smtp()
        before = self.smtp()
        self.assertEqual(smtp.docmd("AUTH PLAIN "
                                    + plain(self.user, "wrong"))[0], 535)
        self.server.stop()
        status, text = before.docmd("AUTH PLAIN " + plain(self.user, PASSWORD))
        self.assertEqual(status, 454, text)
        self.server.start()
        status, text = smtp.docmd("AUTH PLAIN " + plain(self.user, PASSWORD))
        self.assertEqual(status, 235, text)


if __name__ == "__main__":
    unittest.main()
