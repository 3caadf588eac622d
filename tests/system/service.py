"""service.py -- roostd as systemd runs it: what the unit takes away, and that
the server does not miss it."""
import fcntl
import glob
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest

import support  # noqa: F401 (where harness is)
import harness

UNIT = os.path.join(harness.ROOT, "conf", "roostd.service")
HERE = os.path.dirname(os.path.abspath(__file__))
EXPOSURE_MOST = 2.0
MOVED_FROM = 20      # descriptors, before they are 3 and up

# Each thing a server asks of the kernel is asked for by one of these.
TESTS = ["commands", "resumption", "bad_days", "processes.Limits",
         "processes.Stop", "processes.Users", "hostile_mail",
         "processes.Children.test_each_that_dies_is_started_again",
         "processes.Children.test_all_at_once",
         "processes.Children.test_nobody_has_more_than_he_needs"]

CONFINED = """#!/bin/sh
exec python3 %s %s "$2" %s "$@"
"""


class Service(unittest.TestCase):
    def test_exposure(self):
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--no-pager",
             UNIT], capture_output=True, text=True)
        score = re.search(r"exposure level .*: ([0-9.]+)", done.stdout)
        self.assertLessEqual(float(score[1]), EXPOSURE_MOST, done.stdout)

    def test_units_are_understood(self):
        """apart from what is not installed here"""
        units = [UNIT] + glob.glob(os.path.join(harness.ROOT, "conf",
                                                "*.socket"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no",
                               *units], capture_output=True, text=True)
        lines = [line for line in done.stderr.splitlines()
                 if "is not executable" not in line]
        self.assertEqual(lines, [])

    def run_confined(self, command):
        """Its last line, with a build whose roostd is confined."""
        build = os.path.join(harness.ROOT, os.environ["ROOST_BUILD"])
        with tempfile.TemporaryDirectory(prefix="roost-service-") as top:
            os.symlink(os.path.join(build, "roost"),
                       os.path.join(top, "roost"))
            # ProtectHome may hide where it was built
            os.mkdir(os.path.join(top, "sbin"))
            confined = shutil.copy(os.path.join(build, "roostd"),
                                   os.path.join(top, "sbin", "roostd"))
            shutil.copy(os.path.join(build, "roost-metrics"),
                        os.path.join(top, "sbin"))
            roostd = os.path.join(top, "roostd")
            with open(roostd, "w") as f:
                f.write(CONFINED % (os.path.join(HERE, "confine.py"), UNIT,
                                    confined))
            os.chmod(roostd, 0o755)
            done = subprocess.run(
                command, env=dict(os.environ, ROOST_BUILD=top), text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:])
        return done.stdout.splitlines()[-1]

    def test_its_own_tests_pass(self):
        last = self.run_confined([os.path.join(HERE, "run"), *TESTS])
        self.assertRegex(last, r"^[1-9]\d+ passed, 0 failed$")

    def test_transcripts_pass(self):
        """with charsets, for which iconv loads libraries"""
        transcripts = os.path.join(harness.ROOT, "tests", "transcripts")
        last = self.run_confined(
            [os.path.join(transcripts, "over_tls.py"),
             *glob.glob(os.path.join(transcripts, "search", "*.imap"))])
        self.assertRegex(last, r"^[1-9]\d+ passed, 0 failed$")


class Started(unittest.TestCase):
    """As systemd starts it, without systemd: its sockets are open before it,
    its certificate is a credential, and it says when it serves."""

    NAMES = ["imap", "imaps", "lmtp"]

    def setUp(self):
        self.server = harness.Server()
        self.addCleanup(self.server.__exit__, None, None, None)
        top = self.server.top
        self.credentials = os.path.join(top, "credentials")
        os.mkdir(self.credentials, 0o700)
        os.rename(os.path.join(self.server.dir, "certificate.pem"),
                  os.path.join(self.credentials, "certificate.pem"))
        with open(self.server.conf, "a") as f:
            f.write("certificate = %s/certificate.pem\n" % self.credentials)
        self.lmtp = os.path.join(top, "lmtp")
        self.sockets = [self.open(socket.AF_INET, ("127.0.0.1", 0)),
                        self.open(socket.AF_INET, ("127.0.0.1", 0)),
                        self.open(socket.AF_UNIX, self.lmtp)]
        self.server.imap_port, self.server.imaps_port = [
            s.getsockname()[1] for s in self.sockets[:2]]
        self.notify = self.open(socket.AF_UNIX, os.path.join(top, "notify"),
                                socket.SOCK_DGRAM)

    def open(self, family, address, kind=socket.SOCK_STREAM):
        s = socket.socket(family, kind)
        self.addCleanup(s.close)
        s.bind(address)
        s.settimeout(harness.PATIENCE_S)
        if kind == socket.SOCK_STREAM:
            s.listen()
        return s

    def start(self):
        """What it says when it is ready."""
        # out of the way of where they go
        copies = [fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, MOVED_FROM)
                  for s in self.sockets]
        moves = " ".join("%d<&%d" % (3 + n, fd)
                         for n, fd in enumerate(copies))
        with open(self.server.log_path, "a") as log:
            # bash becomes roostd, so that the id is right
            self.server.process = subprocess.Popen(
                ["bash", "-c", "exec %s; LISTEN_PID=$$ exec %s -F -c %s" % (
                    moves, os.path.join(self.server.build, "roostd"),
                    self.server.conf)],
                pass_fds=copies, stderr=log,
                env=dict(os.environ, LISTEN_FDS=str(len(self.sockets)),
                         LISTEN_FDNAMES=":".join(self.NAMES),
                         CREDENTIALS_DIRECTORY=self.credentials,
                         NOTIFY_SOCKET=self.notify.getsockname()))
        for fd in copies:
            os.close(fd)
        return self.told()

    def told(self):
        return dict(line.split("=", 1) for line in
                    self.notify.recv(4096).decode().splitlines())

    def test_sockets_credential_and_notice(self):
        early = harness.Raw(self.server.imap_port, tls=False)
        ready = self.start()
        self.assertEqual(ready["READY"], "1")
        self.assertEqual(ready["MAINPID"], str(self.server.process.pid))
        self.assertTrue(early.line().startswith(b"* OK"))
        early.close()
        self.server.add_user("ann@example.org")
        self.server.imap("ann@example.org").logout()
        self.assertEqual(
            harness.Raw(self.server.imaps_port).sock.getpeercert(True),
            self.certificate())
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(harness.PATIENCE_S)
            s.connect(self.lmtp)
            self.assertTrue(s.recv(4096).startswith(b"220 "))
        self.server.process.terminate()
        self.assertEqual(self.told(), {"STOPPING": "1"})
        self.assertEqual(self.server.stop(), 0)

    def certificate(self):
        with open(os.path.join(self.credentials, "certificate.pem")) as f:
            text = f.read()
        found = re.search("-----BEGIN CERTIFICATE-----.*?"
                          "-----END CERTIFICATE-----", text, re.S)
        return ssl.PEM_cert_to_DER_cert(found.group(0))

    def test_nobody_is_refused_between_two(self):
        self.assertEqual(self.start()["READY"], "1")
        self.assertEqual(self.server.stop(), 0)
        waiting = harness.Raw(self.server.imap_port, tls=False)
        self.assertEqual(self.told(), {"STOPPING": "1"})
        self.assertEqual(self.start()["READY"], "1")
        self.assertTrue(waiting.line().startswith(b"* OK"))
        waiting.close()


if __name__ == "__main__":
    unittest.main()
