"""scanners.py -- our ports as those see them who look for faults, and as
people do who look whether somebody is there."""
import json
import os
import re
import subprocess
import unittest

import support
from processes import wait_for


def talk(*command, text=b""):
    """What it says until the other side ends, which may take its time."""
    with subprocess.Popen(command, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as child:
        child.stdin.write(text)
        child.stdin.flush()
        said = child.stdout.read()
        child.stdin.close()
    return said.decode(errors="replace")


def run(*command, text=b"", seconds=120):
    done = subprocess.run(command, input=text, capture_output=True,
                          timeout=seconds)
    return (done.stdout + done.stderr).decode(errors="replace")


class Scanners(support.ServerTest):
    conf = "connections_per_host = 1000\nconnections_per_network = 1000\n"

    def at(self, tls=True):
        return "127.0.0.1:%d" % (self.server.imaps_port if tls
                                 else self.server.imap_port)

    def port(self, tls=True):
        return str(self.server.imaps_port if tls else self.server.imap_port)

    def test_sslscan(self):
        for more in ([], ["--starttls-imap"]):
            found = run("sslscan", "--no-colour", "--timeout=100", *more,
                        self.at(not more), seconds=1200)
            for version in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"):
                self.assertRegex(found, version + r" +disabled")
            for version in ("TLSv1.2", "TLSv1.3"):
                self.assertRegex(found, version + r" +enabled")
            self.assertIn("renegotiation not supported", found)
            self.assertNotRegex(found, "(?<!not )vulnerable")
            suites = re.findall(r"(?m)^(?:Preferred|Accepted) +\S+ +\d+ bits"
                                r" +(\S+)", found)
            self.assertGreater(len(suites), 4)
            for suite in suites:
                self.assertRegex(suite, "^(TLS_|ECDHE-).*(GCM|POLY1305)")

    def found(self, starttls, *checks):
        """What it finds of any severity, LOW or above."""
        path = os.path.join(self.server.top, "found%d.json" % starttls)
        more = ["-t", "imap"] if starttls else []
        run("testssl", "--quiet", "--color", "0", "--warnings", "batch",
            "--severity", "LOW", "--jsonfile", path, *checks, *more,
            self.at(not starttls), seconds=1200)
        with open(path) as f:
            return [x for x in json.load(f)
                    if x["severity"] not in ("OK", "INFO", "DEBUG", "WARN")]

    def test_testssl(self):
        self.assertEqual(self.found(False, "-p", "-s", "-f", "-U"), [])

    def test_testssl_after_starttls(self):
        self.assertEqual(self.found(True, "-p", "-s", "-f", "-U"), [])

    def test_gnutls(self):
        """ALPN: imap, or no word of it."""
        for protocol, good in (("imap", True), (None, True), ("h2", False),
                               ("http/1.1", False)):
            more = ["--alpn=" + protocol] if protocol else []
            for tls in (True, False):
                start = [] if tls else ["--starttls-proto=imap"]
                said = talk("gnutls-cli", "--insecure", "-p", self.port(tls),
                            *start, *more, "127.0.0.1", text=b"a LOGOUT\r\n")
                self.assertEqual("a OK" in said, good, said)
                if not good:
                    self.assertIn("No supported application protocol", said)

    def test_nmap(self):
        def is_found():     # it gives nobody more than a few seconds
            found = run("nmap", "-Pn", "-sV", "-p",
                        self.port() + "," + self.port(False), "127.0.0.1")
            return all(re.search(r"(?m)^%s/tcp +open +(ssl/)?imap"
                                 % self.port(tls), found)
                       for tls in (True, False))
        self.assertTrue(wait_for(is_found))

    @staticmethod
    def curl(*words):
        return run("curl", "-skv", "--max-time", "100", *words)

    def test_people(self):
        greeting = "* OK [CAPABILITY IMAP4rev1"
        # nc goes on when the server has ended until its input has, too, and
        # telnet does not wait for the server when its input has ended
        said = run("nc", "127.0.0.1", self.port(False), text=b"a LOGOUT\r\n")
        self.assertIn(greeting, said)
        said = talk("telnet", "127.0.0.1", self.port(False),
                    text=b"a LOGOUT\n")     # of CR it makes CR NUL
        self.assertIn(greeting, said)
        self.assertIn("STARTTLS", self.curl("imap://" + self.at(False),
                                            "-X", "CAPABILITY"))
        said = self.curl("imaps://" + self.at(), "-X", "CAPABILITY")
        self.assertIn("AUTH=PLAIN", said)
        self.assertNotIn("STARTTLS", said)

    def test_browsers(self):
        """See who is there, and get no answer that a page could use."""
        said = self.curl("http://%s/" % self.at(False), "--http0.9")
        self.assertIn("* OK [CAPABILITY IMAP4rev1", said)
        self.assertNotIn("BAD", said)
        self.assertIn("alert no application protocol",
                      self.curl("https://%s/" % self.at()))


if __name__ == "__main__":
    unittest.main()
