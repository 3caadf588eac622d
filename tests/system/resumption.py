"""resumption.py -- every gate goes on with every TLS session, whichever gate
began it, also when the certificate was read again or a gate has died; as long
as the key of its ticket is there."""
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

import support
from processes import can_log_in, wait_for
from support import harness

sys.path.insert(0, os.path.join(harness.ROOT, "tests", "bars"))
from wall import Wall  # noqa: E402

TIMES = 50
KEY_S = 6 * 60 * 60     # RESUMPTION_KEY_MS


class WithTickets(support.ServerTest):
    conf = "gates = 3\n"

    def connect(self, context, session=None):
        """The session to go on with, and whether this one did."""
        with socket.create_connection(
                ("127.0.0.1", self.server.imaps_port),
                harness.PATIENCE_S) as tcp:
            tls = context.wrap_socket(tcp, server_hostname="localhost",
                                      session=session)
            tls.recv(4096)      # a TLS 1.3 ticket comes before the greeting
            reused, session = tls.session_reused, tls.session
            tls.sendall(b"a LOGOUT\r\n")
            while tls.recv(4096):
                pass
            tls.unwrap()
            return session, reused


class Resumption(WithTickets):
    def assert_resumed(self, context, session):
        """TIMES times, each with the ticket of the one before."""
        reused = []
        for _ in range(TIMES):
            session, again = self.connect(context, session)
            reused.append(again)
        self.assertEqual(reused, [True] * TIMES)
        return session

    def check(self, version):
        context = self.server.tls()
        context.maximum_version = version
        session, reused = self.connect(context)
        self.assertFalse(reused)
        session = self.assert_resumed(context, session)
        seen = self.server.log().count("reloaded")
        self.server.process.send_signal(signal.SIGHUP)
        self.assertTrue(wait_for(
            lambda: self.server.log().count("reloaded") > seen))
        session = self.assert_resumed(context, session)
        old = self.server.child("gate")
        for pid in old[:2]:
            os.kill(pid, signal.SIGKILL)
        self.assertTrue(wait_for(
            lambda: len(set(self.server.child("gate")) - set(old[:2]))
            == len(old) and can_log_in(self.server, self.user)))
        self.assert_resumed(context, session)

    def setUp(self):
        self.user = self.new_user()

    def test_tls_1_2(self):
        self.check(ssl.TLSVersion.TLSv1_2)

    def test_tls_1_3(self):
        self.check(ssl.TLSVersion.TLSv1_3)

    def test_a_new_server_knows_no_old_ticket(self):
        """the keys are nowhere but in memory"""
        context = self.server.tls()
        session, _ = self.connect(context)
        self.server.stop()
        self.server.start()
        _, reused = self.connect(context, session)
        self.assertFalse(reused)


class Rotation(WithTickets):
    """The server's clock says that hours have passed; nobody waits."""

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.TemporaryDirectory()
        cls.wall = Wall(cls.top.name)
        cls.server = harness.Server(conf=cls.conf)
        cls.server.daemon_env = cls.wall.env()
        if cls.server.is_sanitized():
            cls.server.daemon_env["ASAN_OPTIONS"] = ":".join(filter(None, (
                os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.top.cleanup()

    def key_names(self):
        """In clear before each ticket; of many, so that each gate gave some."""
        return {re.search(r"0000 - ((?:[0-9a-f]{2}[ -]){16})", subprocess.run(
            ["openssl", "s_client", "-tls1_2", "-connect", "127.0.0.1:%d"
             % self.server.imaps_port], input="", text=True,
            timeout=harness.PATIENCE_S,
            capture_output=True).stdout)[1] for _ in range(30)}

    def hours_pass(self):
        """Until all gates seal with one new key."""
        old = self.key_names()
        self.assertEqual(len(old), 1)
        self.wall.go_on(KEY_S + 60)
        self.server.process.send_signal(signal.SIGHUP)  # which wakes it
        self.assertTrue(wait_for(lambda: not self.key_names() & old))
        self.assertEqual(len(self.key_names()), 1)

    def resumed(self, context, session):
        """What each of several connections says that begin with it."""
        return {self.connect(context, session)[1] for _ in range(12)}

    def test_a_key_counts_twice_its_time(self):
        contexts = []
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            contexts.append(self.server.tls())
            contexts[-1].maximum_version = version
        first = [self.connect(c)[0] for c in contexts]
        self.hours_pass()
        for c, session in zip(contexts, first):
            self.assertEqual(self.resumed(c, session), {True})
        second = [self.connect(c, s)[0] for c, s in zip(contexts, first)]
        gone = self.server.child("gate")[0]
        os.kill(gone, signal.SIGKILL)
        self.assertTrue(wait_for(
            lambda: len(set(self.server.child("gate")) - {gone}) == 3))
        self.hours_pass()
        for c, old, new in zip(contexts, first, second):
            self.assertEqual(self.resumed(c, old), {False})
            self.assertEqual(self.resumed(c, new), {True})


if __name__ == "__main__":
    unittest.main()
