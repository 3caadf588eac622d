"""with_exim.py -- Exim asks roost who may send, and delivers by LMTP."""
import os
import shutil
import smtplib
import tempfile
import unittest

import exim
from client import HOST, PASSWORD, ClientTest, message, plain
from harness import PATIENCE_S
from processes import wait_for


class WithExim(ClientTest):
    @classmethod
    def setUpClass(cls):
        cls.sockets = tempfile.mkdtemp(prefix="roost-auth-")
        cls.addClassCleanup(shutil.rmtree, cls.sockets)
        os.chmod(cls.sockets, 0o755)
        auth = os.path.join(cls.sockets, "auth")
        lmtp = os.path.join(cls.sockets, "lmtp")
        cls.conf = ("auth_socket = %s\nauth_socket_user = Debian-exim\n"
                    "lmtp_socket = %s\nlmtp_socket_user = Debian-exim\n"
                    "refusal_time = 1s\n" % (auth, lmtp))
        super().setUpClass()
        cls.exim = exim.Exim(auth, lmtp)
        cls.addClassCleanup(cls.exim.stop)
        cls.exim.start()

    def smtp(self):
        smtp = smtplib.SMTP(HOST, self.exim.port, timeout=PATIENCE_S)
        self.addCleanup(smtp.close)
        smtp.ehlo()
        return smtp

    def send(self, smtp):
        """What it says is delivered by LMTP."""
        text = message("Sent after AUTH", "by Exim\r\n.\r\n..\r\n")
        smtp.sendmail(self.user, [self.user], text)
        self.assertTrue(wait_for(self.held), self.exim.log()[-2000:])
        held = self.held()
        self.assertIn(text.partition(b"\r\n\r\n")[2], held[0].text)
        self.assertIn(b"with esmtpa (Exim", held[0].text)

    def refusal(self, user, secret):
        return self.smtp().docmd("AUTH PLAIN " + plain(user, secret))[0]

    def test_plain(self):
        smtp = self.smtp()
        smtp.user, smtp.password = self.user, PASSWORD
        smtp.auth("PLAIN", smtp.auth_plain)
        self.send(smtp)
        self.assertRegex(self.server.log(), "event=login user=%s method=PLAIN "
                         "rip=127.0.0.1 .* service=smtp\n" % self.user)
        self.assertIn("A=plain:" + self.user, self.exim.log())

    def test_plain_in_two_steps(self):
        smtp = self.smtp()
        self.assertEqual(smtp.docmd("AUTH PLAIN")[0], 334)
        self.assertEqual(smtp.docmd(plain(self.user, PASSWORD))[0], 235)

    def test_login(self):
        smtp = self.smtp()
        smtp.user, smtp.password = self.user, PASSWORD
        smtp.auth("LOGIN", smtp.auth_login, initial_response_ok=False)
        self.send(smtp)
        self.assertIn("A=login:" + self.user, self.exim.log())

    def test_refused(self):
        self.assertEqual(self.refusal(self.user, "wrong"), 535)
        self.assertEqual(self.refusal("nobody@example.org", PASSWORD), 535)

    def test_restart(self):
        """While roost is away nobody is told that the password was wrong."""
        self.server.stop()
        self.assertEqual(self.refusal(self.user, PASSWORD), 435)
        self.server.start()
        self.assertEqual(self.refusal(self.user, PASSWORD), 235)


if __name__ == "__main__":
    unittest.main()
