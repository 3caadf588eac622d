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
