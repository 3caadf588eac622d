"""with_imapflow.py -- imapflow, the IMAP client of Node's web mailers, which
speaks IMAP4rev2 unless it is told not to.
"""
import os
import unittest

from client import HERE, NPM, PASSWORD, ClientTest

SCENARIOS = ("connect list tree append structure download search flags move "
             "idle resync quota").split()


class ImapFlow(ClientTest):
    def scenario(self, name, secure=True, rev1=False):
        port = self.server.imaps_port if secure else self.server.imap_port
        self.program(
            "env", "NPM=" + NPM, "PORT=%d" % port,
            "SECURE=" + ("yes" if secure else "no"),
            "REV1=" + ("yes" if rev1 else "no"),
            "IMAP_USER=" + self.user, "IMAP_PASSWORD=" + PASSWORD,
            "CERTIFICATE=" + self.certificate,
            "node", os.path.join(HERE, "imapflow.mjs"), name)

    def test_starttls(self):
        self.scenario("append", secure=False)

    def test_speaks_rev2(self):
        trace = self.trace()
        self.scenario("search")
        text = trace.text()
        self.assertRegex(text, r"(?m)^C: \w+ ENABLE .*\bIMAP4REV2\b")
        self.assertRegex(text, r"(?m)^S: \* ENABLED .*\bIMAP4rev2\b")
        self.assertRegex(text, r"C: (\w+) SEARCH FLAGGED\n"
                               r'S: \* ESEARCH \(TAG "\1"\) ALL 2\n')
        self.assertNotRegex(text, r"(?m)^S: \* (SEARCH|\d+ RECENT)")

    def test_speaks_rev1(self):
        trace = self.trace()
        self.scenario("search", rev1=True)
        text = trace.text()
        self.assertRegex(text, r"(?m)^C: \w+ ENABLE .*\bQRESYNC\b")
        self.assertNotRegex(text, r"(?mi)^(C: \w+ ENABLE|S: \* ENABLED)"
                                  r" .*IMAP4rev2")
        self.assertRegex(text, r"C: (\w+) SEARCH FLAGGED\n"
                               r"S: \* SEARCH 2\n")
        self.assertRegex(text, r"(?m)^S: \* \d+ RECENT")
        self.assertNotIn("ESEARCH (", text)


def add_scenario(name):
    def test(self):
        self.scenario(name)

    def test_rev1(self):
        self.scenario(name, rev1=True)
    setattr(ImapFlow, "test_" + name, test)
    setattr(ImapFlow, "test_%s_rev1" % name, test_rev1)


for scenario in SCENARIOS:
    add_scenario(scenario)

if __name__ == "__main__":
    unittest.main()
