"""mechanisms.py -- SCRAM-SHA-1 is there for whoever asks for it by name in
the configuration, and for nobody else."""
import unittest

import support
from harness import Raw
from sources import scram

OLD = b"SCRAM-SHA-1"


class Mechanisms(support.ServerTest):
    def offered(self):
        """SASL mechanisms: of the greeting, by CAPABILITY, behind STARTTLS."""
        raw = Raw(self.server.imaps_port)
        self.addCleanup(raw.close)
        greeting, asked = raw.line(), b" ".join(raw.run(b"CAPABILITY"))
        clear = Raw(self.server.imap_port, tls=False)
        self.addCleanup(clear.close)
        clear.line()
        self.assertIn(b" OK", clear.run(b"STARTTLS")[-1])
        clear.sock = Raw.context.wrap_socket(clear.sock)
        behind = b" ".join(clear.run(b"CAPABILITY"))
        lists = [{w.strip(b"]")[5:] for w in said.split()
                  if w.startswith(b"AUTH=")}
                 for said in (greeting, asked, behind)]
        self.assertEqual([lists[0]] * 3, lists)
        self.assertIn(b"SCRAM-SHA-256", lists[0])
        return lists[0]

    def log_in(self, user, password, name, digest):
        return scram(self.server, user, password, name, digest)


class ByDefault(Mechanisms):
    def test_none(self):
        user = self.new_user()
        self.assertEqual(set(), {m for m in self.offered() if OLD in m})
        for name in (OLD, OLD + b"-PLUS"):
            raw = Raw(self.server.imaps_port)
            self.addCleanup(raw.close)
            raw.line()
            # before anything is said of the user, with and without a response
            for response in (b"", b" biwsbj11c2VyLHI9YWJj"):
                said = raw.run(b"AUTHENTICATE " + name + response)[-1]
                self.assertRegex(said, rb"^r\d NO \[CANNOT\]")
            self.assertIn(b" OK", raw.run(b"LOGIN %s secret"
                                         % user.encode())[-1])
        self.assertIn(b" OK", self.log_in(user, "secret", b"SCRAM-SHA-256",
                                          "sha256"))


class ForOldClients(Mechanisms):
    conf = ("mechanisms = SCRAM-SHA-256-PLUS, SCRAM-SHA-256,"
            " SCRAM-SHA-1-PLUS, SCRAM-SHA-1, PLAIN\nrefusal_time = 1s\n")

    def test_there(self):
        user = self.new_user()
        self.assertLessEqual({OLD, OLD + b"-PLUS"}, self.offered())
        self.assertIn(b" OK", self.log_in(user, "secret", OLD, "sha1"))
        self.assertIn("event=login user=%s method=SCRAM-SHA-1 " % user,
                      self.server.log())
        for name, password in ((user, "other"), ("x@example.org", "secret")):
            self.assertIn(b"NO [AUTHENTICATIONFAILED]", self.log_in(
                name, password, OLD, "sha1"))
        self.assertIn(b" OK", self.log_in(user, "secret", b"SCRAM-SHA-256",
                                          "sha256"))

    def test_not_in_clear(self):
        raw = Raw(self.server.imap_port, tls=False)
        self.addCleanup(raw.close)
        self.assertNotIn(OLD, raw.line())
        self.assertIn(b"NO [PRIVACYREQUIRED]", raw.run(
            b"AUTHENTICATE " + OLD)[-1])


if __name__ == "__main__":
    unittest.main()
