"""resumption.py -- every gate goes on with every TLS session, whichever gate
began it, also when the certificate was read again or a gate has died."""
import os
import signal
import socket
import ssl
import unittest

import support
from processes import can_log_in, wait_for

TIMES = 50


class Resumption(support.ServerTest):
    conf = "gates = 3\n"

    def connect(self, context, session=None):
        """The session to go on with, and whether this one did."""
        with socket.create_connection(
                ("127.0.0.1", self.server.imaps_port), 20) as tcp:
            tls = context.wrap_socket(tcp, server_hostname="localhost",
                                      session=session)
            tls.recv(4096)      # a TLS 1.3 ticket comes before the greeting
            reused, session = tls.session_reused, tls.session
            tls.sendall(b"a LOGOUT\r\n")
            while tls.recv(4096):
                pass
            tls.unwrap()
            return session, reused

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
            lambda: len(self.server.child("gate")) == len(old)
            and can_log_in(self.server, self.user)))
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


if __name__ == "__main__":
    unittest.main()
