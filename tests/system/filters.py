"""filters.py -- what fail2ban makes of the log of a real run.

Its own filter for Dovecot, which Debian brings, with log_dovecot; ours
without. The servers are behind a balancer, so that addresses can be any: every
wrong try is counted for the address that it came from, and for no other,
whatever those who tried called themselves. (tests/clients/with_crowdsec.py has
the same of CrowdSec.)
"""
import base64
import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import support
from harness import ROOT, Raw, Server, free_ports

OWN = os.path.join(ROOT, "conf/fail2ban/filter.d/roost.conf")
DEBIANS = "/etc/fail2ban/filter.d"
NOBODY = "9.9.9.9"      # whom hostile names would have banned
ADDRESSES = ["192.0.2.7", "198.51.100.200", "2001:db8::7",
             "2001:db8:ffff:1:2:3:4:5"]
AS_DOVECOT = ("2026-11-22T00:00:00.000Z dovecot: imap-login: Aborted login "
              "(auth failed, 1 attempts in 2 secs): user=<b>, method=PLAIN, "
              "rip=%s, TLS, session=<aaaaaaaaaaaaaaaa>" % NOBODY)
AS_OURS = ("ts=2026-11-22T00:00:00.000Z level=info proc=auth "
           "event=login_failed user=b method=PLAIN rip=%s rport=1 tls=yes "
           'session=a service=imap reason="wrong password"' % NOBODY)
HOSTILE = ["a\r\n" + AS_DOVECOT, "a\n" + AS_OURS, AS_OURS, AS_DOVECOT,
           "rip=" + NOBODY, "a>, method=PLAIN, rip=%s, TLS, session=<a>"
           % NOBODY, 'a" rip=%s reason="no such user"' % NOBODY,
           'a\\" rip=%s' % NOBODY, "'; rip=%s --" % NOBODY, "a\tb\x1b[2J",
           "ümlaut@example.org", "user=<a>, rip=%s," % NOBODY,
           "a>, rip=%s, lip=%s" % (NOBODY, NOBODY)]


class Filtered(support.ServerTest):
    option = "no"

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.port, = free_ports(1)
        with open(cls.server.conf) as f:
            text = re.sub(r"(?m)^listen_imaps\b.*$", "listen_imaps = "
                          "127.0.0.1:%d, 127.0.0.1:%d proxy" % (
                              cls.server.imaps_port, cls.port), f.read())
        with open(cls.server.conf, "w") as f:
            f.write(text + "proxy_networks = 127.0.0.2\nlog_dovecot = %s\n"
                    "refusal_time = 1s\nfailures_per_account = 0\n"
                    "failures_per_address = 0\nfailures_per_network = 0\n"
                    "spray_accounts = 0\n" % cls.option)
        cls.server.start()
        cls.user = cls.new_user()

    def connect(self, address):
        """From there, as far as anybody can tell; TLS has begun."""
        raw = Raw(self.port, tls=False, source="127.0.0.2")
        family = "TCP6" if ":" in address else "TCP4"
        raw.send(b"PROXY %s %s %s 4711 993\r\n" % (
            family.encode(), address.encode(), address.encode()))
        raw.sock = self.server.tls().wrap_socket(raw.sock)
        self.assertIn(b"OK", raw.line())
        return raw

    def attempt(self, address, user, password):
        """The tagged line; the client calls itself something, too."""
        raw = self.connect(address)
        secret = b"\0%s\0%s" % (user.encode(), password.encode())
        raw.run(b'ID ("name" "rip=%s" "version" "%s")' % (
            NOBODY.encode(), AS_OURS.replace('"', '\\"').encode()))
        raw.send(b"a AUTHENTICATE PLAIN " + base64.b64encode(secret) +
                 b"\r\n")
        answer = raw.until(b"a ")[-1]
        raw.close()
        return answer

    def found(self, path, name):
        """How often the filter finds each address in the log."""
        done = subprocess.run(
            ["fail2ban-regex", "--usedns", "no", "-o", "<ip>", path, name],
            capture_output=True, text=True)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        return collections.Counter(done.stdout.split())

    def try_all(self):
        """How often each address tried something wrong."""
        tries = [(address, self.user, "wrong%d-%d" % (i, k))
                 for i, address in enumerate(ADDRESSES)
                 for k in range(i + 1)]
        tries += [(ADDRESSES[i % len(ADDRESSES)], user, "wrong%d" % i)
                  for i, user in enumerate(HOSTILE)]
        # each is told so a second later
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda t: self.attempt(*t), tries))
        for answer in answers:
            self.assertIn(b"AUTHENTICATIONFAILED", answer)
        self.assertIn(b" OK ", self.attempt("203.0.113.1", self.user,
                                            "secret"))
        wrong = collections.Counter(address for address, _, _ in tries)
        return wrong


class Dovecots(Filtered):
    option = "yes"

    def test_each_is_counted(self):
        wrong = self.try_all()
        self.assertEqual(wrong, self.found(
            self.server.log_path, os.path.join(DEBIANS, "dovecot.conf")))


class Ours(Filtered):
    def test_each_is_counted(self):
        wrong = self.try_all()
        top = tempfile.mkdtemp(prefix="roost-filters-")
        self.addCleanup(shutil.rmtree, top)
        shutil.copy(os.path.join(DEBIANS, "common.conf"), top)
        self.assertEqual(wrong, self.found(self.server.log_path,
                                           shutil.copy(OWN, top)))


if __name__ == "__main__":
    unittest.main()
