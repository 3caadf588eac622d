"""with_openssl.py -- TLS as openssl s_client sees it."""
import unittest

from client import HOST, ClientTest
from harness import Raw

SESSION = b"a LOGIN %s secret\r\nb LOGOUT\r\n"


class OpenSsl(ClientTest):
    def connect(self, *options, starttls=False, status=0):
        """A whole session through s_client; what the server said."""
        port = self.server.imap_port if starttls else self.server.imaps_port
        more = ["-starttls", "imap"] if starttls else []
        return self.program(
            "openssl", "s_client", "-ign_eof", "-verify_return_error",
            "-verify_ip", HOST, "-CAfile", self.certificate,
            "-connect", "%s:%d" % (HOST, port), *more, *options,
            input=SESSION % self.user.encode(), status=status)

    def assert_session(self, output):
        self.assertRegex(output, rb"(?m)^a OK ")
        self.assertRegex(output, rb"(?m)^b OK ")

    def test_tls_1_2_and_1_3(self):
        for version in ("-tls1_2", "-tls1_3"):
            for starttls in (False, True):
                with self.subTest(version=version, starttls=starttls):
                    self.assert_session(self.connect(version,
                                                     starttls=starttls))

    def test_older_versions_are_refused(self):
        # at its lowest security level OpenSSL would speak them
        for version in ("-tls1", "-tls1_1"):
            for starttls in (False, True):
                with self.subTest(version=version, starttls=starttls):
                    output = self.connect(
                        version, "-cipher", "DEFAULT@SECLEVEL=0",
                        starttls=starttls, status=1)
                    self.assertNotIn(b"a OK", output)

    def test_session_resumption(self):
        """Whichever gate the client meets."""
        ticket = self.path("ticket")
        for version in ("-tls1_2", "-tls1_3"):
            self.assert_session(self.connect(version, "-sess_out", ticket))
            for _ in range(10):
                output = self.connect(version, "-sess_in", ticket,
                                      "-sess_out", ticket)
                self.assert_session(output)
                self.assertIn(b"Reused, TLS", output)

    def test_no_log_in_without_tls(self):
        """behaviour 5"""
        raw = Raw(self.server.imap_port, tls=False)
        greeting = raw.line()
        self.assertIn(b"LOGINDISABLED", greeting)
        self.assertNotIn(b"AUTH=", greeting)
        for command in (b"LOGIN %s secret" % self.user.encode(),
                        b"AUTHENTICATE PLAIN AGFAZXhhbXBsZS5vcmcAc2VjcmV0"):
            self.assertIn(b" NO [PRIVACYREQUIRED]", raw.run(command)[-1])
        raw.close()
        self.assertNotIn("secret", self.server.log())

    def test_nothing_may_follow_starttls_before_tls(self):
        """behaviour 3"""
        raw = Raw(self.server.imap_port, tls=False)
        raw.line()
        raw.send(b"s STARTTLS\r\nx NOOP\r\n")
        self.assertIn(b"s BAD", raw.line())
        raw.close()


if __name__ == "__main__":
    unittest.main()
