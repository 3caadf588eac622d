"""operations.py -- what docs/operating.md says of starting, stopping and
asking roostd where systemd runs it."""
import contextlib
import os
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import time
import unittest

from installed import (ANN, CONF, IMAP, IMAPS, LMTP, METRICS, PATIENCE_S,
                       SOCKETS, Raw, acting_as, configure, install, is_active, journal,
                       main_pid, processes, sh, shown, status, wait_for)

MESSAGE = "Subject: a word\r\n\r\nthat is in no other\r\n"


def setUpModule():
    install()


class Operations(unittest.TestCase):
    def setUp(self):
        sh("systemctl start roostd")
        self.began = time.time()

    def keep(self, path):
        """It is as it was when the test has ended."""
        shutil.copy2(path, path + ".kept")
        self.addCleanup(os.rename, path + ".kept", path)

    def log_in(self):
        session = Raw(IMAPS).login(ANN)
        self.addCleanup(session.close)
        return session

    def greeting(self):
        with contextlib.closing(Raw(IMAPS)) as raw:
            return raw.line()

    def curl(self, url, *options):
        return subprocess.run(
            ["curl", "-sk", "--user", ANN + ":secret", url, *options],
            check=True, capture_output=True, text=True).stdout

    # -- starting and stopping --

    def test_all_is_enabled_and_runs(self):
        for unit in ["roostd.service", *SOCKETS]:
            self.assertTrue(is_active(unit), unit)
            self.assertEqual(status("systemctl is-enabled " + unit), 0, unit)
        sh("systemctl restart roostd")
        sh("roost status")      # at once: it had said that it is ready

    def test_the_first_who_connects_starts_it(self):
        for connect in (lambda: Raw(IMAP, tls=False).line(),
                        lambda: Raw(IMAPS).line(),
                        lambda: sh("curl -s localhost:%d/healthz/live"
                                   % METRICS)):
            sh("systemctl stop roostd")
            self.assertFalse(is_active())
            self.assertTrue(connect())
            wait_for(is_active)

    def test_what_is_to_stay_stopped(self):
        sh("systemctl stop 'roostd*'")
        for port in (IMAP, IMAPS, METRICS):
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port))
        self.assertFalse(is_active())
        sh("systemctl start roostd")
        for unit in SOCKETS:
            self.assertTrue(is_active(unit), unit)

    def test_a_socket_that_is_enabled_later(self):
        sh("systemctl stop 'roostd*'; systemctl disable roostd-lmtp.socket")
        sh("systemctl start roostd")
        self.assertFalse(is_active("roostd-lmtp.socket"))
        sh("systemctl enable roostd-lmtp.socket; systemctl restart roostd")
        self.assertTrue(is_active("roostd-lmtp.socket"))
        self.assertEqual(self.deliver_as("postfix"), {})

    def test_restart_says_goodbye(self):
        session = self.log_in()
        before = main_pid()
        sh("systemctl restart roostd")
        self.assertTrue(session.line().startswith(b"* BYE"))
        self.assertNotEqual(main_pid(), before)
        self.assertTrue(journal(self.began, "event=stopping"))

    def test_it_comes_back_each_time(self):
        """oftener than systemd would try if it were not told to, and nobody
        is refused meanwhile"""
        for _ in range(7):
            before = main_pid()
            old = processes()
            os.kill(before, signal.SIGKILL)
            wait_for(lambda: main_pid() != before)
            with contextlib.closing(Raw(IMAP, tls=False)) as waiting:
                self.assertTrue(waiting.line().startswith(b"* OK"))
            wait_for(is_active)
            self.assertFalse(set(old) & set(processes()))
        self.log_in()

    # -- configuration --

    def test_reload(self):
        session = self.log_in()
        self.keep(CONF)
        configure("mechanisms = LOGIN")
        sh("systemctl reload roostd")
        wait_for(lambda: b"AUTH=PLAIN" not in self.greeting())
        session.run(b"NOOP")

    def test_reload_of_a_mistake(self):
        session = self.log_in()
        before = main_pid()
        self.keep(CONF)
        configure("nonsense = 1")
        sh("systemctl reload roostd")
        wait_for(lambda: journal(self.began, "nonsense is no option"))
        session.run(b"NOOP")
        self.assertEqual((is_active(), main_pid()), (True, before))

    def test_a_mistake_that_is_mended(self):
        """Who has connected meanwhile is served then."""
        self.keep(CONF)
        configure("nonsense = 1")
        self.assertNotEqual(status("systemctl restart roostd"), 0)
        waiting = Raw(IMAP, tls=False)
        self.addCleanup(waiting.close)
        wait_for(lambda: int(shown("NRestarts")) >= 6)
        shutil.copy2(CONF + ".kept", CONF)
        self.assertTrue(waiting.line().startswith(b"* OK"))

    def test_certificate(self):
        """A credential is read when the service is started."""
        self.addCleanup(sh, "systemctl restart roostd")
        path = "/etc/roost/certificate.pem"
        self.keep(path)
        before = self.certificate()
        sh("openssl req -x509 -nodes -newkey ec -subj /CN=other -days 9"
           " -pkeyopt ec_paramgen_curve:P-256 -keyout /run/key -out /run/new;"
           " cat /run/new /run/key >%s; systemctl reload roostd" % path)
        wait_for(lambda: journal(self.began, "event=reloaded"))
        self.assertEqual(self.certificate(), before)
        sh("systemctl restart roostd")
        with open("/run/new") as f:
            self.assertEqual(self.certificate(),
                             ssl.PEM_cert_to_DER_cert(f.read()))

    def certificate(self):
        with contextlib.closing(Raw(IMAPS)) as raw:
            return raw.sock.getpeercert(True)

    # -- mail --

    def test_curl(self):
        url = "imaps://localhost/INBOX"
        with open("/run/message", "w") as f:
            f.write(MESSAGE)
        self.curl(url, "-T", "/run/message")
        found = self.curl(url, "-X", 'SEARCH TEXT "in no other"').split()
        self.assertEqual(
            self.curl(url + ";MAILINDEX=" + found[-1]).splitlines(),
            MESSAGE.splitlines())

    def deliver_as(self, user):
        """What was refused."""
        lmtp = smtplib.LMTP(timeout=PATIENCE_S)
        with acting_as(user):
            lmtp.connect(LMTP)
        with lmtp:
            return lmtp.sendmail("someone@example.net", [ANN], MESSAGE)

    def test_who_may_deliver(self):
        self.assertEqual(self.deliver_as("postfix"), {})
        with self.assertRaises(PermissionError):
            self.deliver_as("nobody")

    def test_delivery(self):
        self.addCleanup(sh, "systemctl restart roostd")
        self.keep(CONF)
        configure("lmtp_socket = " + LMTP)
        sh("systemctl restart roostd")
        sh("roost deliver -d %s -f someone@example.net" % ANN, stdin=MESSAGE)
        self.assertTrue(journal(self.began,
                                "event=delivered .*user=%s" % ANN))

    def test_log_in_of_senders(self):
        with acting_as("postfix"), socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE_S)
            s.connect("/var/spool/postfix/private/auth")
            s.sendall(b"VERSION\t1\t0\nCPID\t1\n")
            self.assertTrue(s.recv(4096).startswith(b"VERSION\t1"))

    # -- from outside of what confines it --

    def test_verbs(self):
        session = self.log_in()
        self.assertIn(ANN, sh("roost who"))
        sh("roost kick " + ANN)
        self.assertTrue(session.line().startswith(b"* BYE"))
        sh("roost policy set server audit deletions;"
           "roost policy unset server audit; roost audit verify")
        sh("roost store check --deep; roost config check")
        sh("roost export mbox --user %s /run/mbox" % ANN)
        self.assertEqual(sh("curl -s localhost:%d/healthz/ready" % METRICS),
                         "ok\n")

    def test_journal(self):
        self.log_in()
        lines = journal(self.began, "user=" + ANN)
        self.assertTrue(any("event=login " in line for line in lines), lines)
        errors = "journalctl -q -u roostd -p err -o cat --since=@%f" % (
            self.began)
        self.assertEqual(sh(errors), "")
        gate, = (p for p, name in processes().items() if name == "gate/0")
        os.kill(gate, signal.SIGKILL)
        wait_for(lambda: "level=error proc=roostd event=child_died" in
                 sh(errors))
        self.assertTrue(sh(errors).startswith("ts="))


if __name__ == "__main__":
    unittest.main()
