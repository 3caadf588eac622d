"""with_gsasl.py -- GNU SASL's own client: SCRAM, bound to TLS and not."""
import unittest

from client import HOST, PASSWORD, ClientTest


class GnuSasl(ClientTest):
    def log_in(self, mechanism, *options, password=PASSWORD, user=None,
               status=0):
        return self.program(
            "gsasl", "--imap", "--connect=%s:%d" % (HOST,
                                                    self.server.imap_port),
            "--mechanism=" + mechanism, "--starttls",
            "--x509-ca-file=" + self.certificate, "--authorization-id=",
            "--authentication-id=" + (user or self.user),
            "--password=" + password, *options, input=b"", status=status)

    def assert_scram(self, mechanism, *options):
        self.log_in(mechanism, *options)
        self.assertRegex(self.server.log(), "event=login user=%s method=%s " %
                         (self.user, mechanism))
        self.log_in(mechanism, *options, password="wrong", status=1)
        self.assertRegex(
            self.server.log(), "event=login_failed user=%s method=%s .*"
            'reason="wrong password"' % (self.user, mechanism))

    def test_scram(self):
        self.assert_scram("SCRAM-SHA-256", "--no-cb")

    def test_scram_bound_to_tls(self):
        """behaviour 10"""
        self.assert_scram("SCRAM-SHA-256-PLUS")

    def test_nobody(self):
        self.log_in("SCRAM-SHA-256-PLUS", user="nobody@example.org", status=1)
        self.assertIn('reason="no such user"', self.server.log())

    def test_passwords_in_tls(self):
        self.log_in("PLAIN")
        self.log_in("LOGIN")


if __name__ == "__main__":
    unittest.main()
