"""with_postfix_doctor.py -- roost doctor and Postfix are of one mind: what is
well for the one works for the other, and what shuts Postfix out is told."""
import json
import os
import shutil
import smtplib
import ssl
import tempfile
import time
import unittest

import client
import postfix
from client import HOST, PASSWORD, ClientTest, message
from harness import PATIENCE_S


class WithPostfixDoctor(ClientTest):
    @classmethod
    def setUpClass(cls):
        cls.sockets = tempfile.mkdtemp(prefix="roost-doctor-")
        cls.addClassCleanup(shutil.rmtree, cls.sockets)
        shutil.chown(cls.sockets, "postfix")
        cls.lmtp, cls.auth = (os.path.join(cls.sockets, name)
                              for name in ("lmtp", "auth"))
        cls.conf = ("lmtp_socket = %s\nlmtp_socket_user = postfix\n"
                    "auth_socket = %s\nauth_socket_user = postfix\n"
                    % (cls.lmtp, cls.auth))
        super().setUpClass()
        cls.port = client.support.harness.free_ports(1)[0]
        cls.postfix = postfix.Postfix(
            {"example.org": "lmtp:unix:" + cls.lmtp},
            {"auth": cls.auth, "port": cls.port, "certificate": os.path.join(
                cls.server.dir, "certificate.pem")})
        cls.addClassCleanup(cls.postfix.stop)
        cls.postfix.start()

    def findings(self):
        """Of the sockets: what is not well, by check and place."""
        done = self.server.roost("doctor", "--json", check=False)
        rows = [r for r in json.loads(done.stdout)
                if r["layer"] == "transfer"
                and r["subject"].startswith(self.sockets)]
        self.assertEqual({self.lmtp, self.auth},
                         {r["subject"] for r in rows})
        return {(r["check"], r["subject"]) for r in rows
                if r["severity"] != "ok"}

    def log_in(self):
        smtp = smtplib.SMTP(HOST, self.port, timeout=PATIENCE_S)
        self.addCleanup(smtp.close)
        smtp.starttls(context=ssl._create_unverified_context())
        smtp.login(self.user, PASSWORD)

    def wait_for(self, holds, what):
        end = time.time() + PATIENCE_S
        while not holds():
            self.assertLess(time.time(), end,
                            what + self.postfix.log()[-2000:])
            time.sleep(0.1)

    def test_of_one_mind(self):
        self.assertEqual(set(), self.findings())
        self.log_in()
        self.postfix.send("ann@example.org", [self.user], message("Well"))
        self.wait_for(self.held, "no mail")

        os.chown(self.sockets, 0, 0)    # both are in there
        self.assertEqual({("lmtp_reach", self.lmtp),
                          ("auth_reach", self.auth)}, self.findings())
        with self.assertRaises((smtplib.SMTPException, OSError)):
            self.log_in()
        self.postfix.send("ann@example.org", [self.user], message("Out"))
        self.wait_for(lambda: all(path in self.denied() for path in
                                  (self.lmtp, self.auth)),
                      "nobody was shut out")

    def denied(self):
        """What Postfix says of places that it can't open."""
        return "".join(line for line in self.postfix.log().splitlines()
                       if "Permission denied" in line)


if __name__ == "__main__":
    unittest.main()
