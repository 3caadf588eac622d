"""with_imapflow.py -- imapflow, the IMAP client of Node's web mailers."""
import os
import unittest

from client import HERE, NPM, PASSWORD, ClientTest

SCENARIOS = ("connect list tree append structure download search flags move "
             "idle quota").split()


class ImapFlow(ClientTest):
    def scenario(self, name, secure=True):
        port = self.server.imaps_port if secure else self.server.imap_port
        self.program(
            "env", "NPM=" + NPM, "PORT=%d" % port,
            "SECURE=" + ("yes" if secure else "no"),
            "IMAP_USER=" + self.user, "IMAP_PASSWORD=" + PASSWORD,
            "CERTIFICATE=" + self.certificate,
            "node", os.path.join(HERE, "imapflow.mjs"), name)

    def test_starttls(self):
        self.scenario("append", secure=False)


def add_scenario(name):
    def test(self):
        self.scenario(name)
    setattr(ImapFlow, "test_" + name, test)


for scenario in SCENARIOS:
    add_scenario(scenario)

if __name__ == "__main__":
    unittest.main()
