"""balancer.py -- behind a real haproxy: the client counts, not the balancer,
with both versions of the PROXY protocol, and nobody else may say who he is."""
import os
import re
import smtplib
import socket
import struct
import subprocess
import time
import unittest

import support
from support import harness
from processes import wait_for

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
HAPROXY = """
defaults
    mode tcp
    timeout connect 300s
    timeout client 300s
    timeout server 300s
%s
"""
ROUTE = """
listen %(name)s
    bind 127.0.0.1:%(front)d %(bind)s
    server roost 127.0.0.1:%(back)d %(send)s source 127.0.0.2
"""


def version_2(source, port, command=0x21, fields=b""):
    body = socket.inet_aton(source) + socket.inet_aton("192.0.2.1") + \
        struct.pack(">HH", port, 143) + fields
    return SIGNATURE + bytes([command, 0x11]) + \
        struct.pack(">H", len(body)) + body


class Balancer(support.ServerTest):
    """haproxy connects from 127.0.0.2; in front of it are addresses of
    127/8, which are as good as any."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server()
        ports = harness.free_ports(10)
        cls.imap, cls.imaps, cls.lmtp = ports[:3]
        cls.front = dict(zip(("v1", "v2", "v1s", "v2s", "lmtp", "tls", "lmtp1"),
                             ports[3:]))
        with open(cls.server.conf, "a") as f:
            f.write("listen_imap = 127.0.0.1:%d, 127.0.0.1:%d proxy\n"
                    "listen_imaps = 127.0.0.1:%d, 127.0.0.1:%d proxy\n"
                    "listen_lmtp = 127.0.0.1:%d, 127.0.0.1:%d proxy\n"
                    "proxy_networks = 127.0.0.2\nproxy_tls = yes\n"
                    "trusted_networks = 127.0.0.9\ngates = 1\n"
                    "connections_per_host = 5\nconnections_per_site = 5\n"
                    % (cls.server.imap_port, cls.imap, cls.server.imaps_port,
                       cls.imaps, cls.server.lmtp_port, cls.lmtp))
        cls.once(cls.server.conf)
        cls.server.start()
        cls.start_haproxy()

    @staticmethod
    def once(path):
        """An option may stand there once; the last one is what counts."""
        with open(path) as f:
            lines = f.readlines()
        last = {line.split("=")[0].strip(): i for i, line in enumerate(lines)
                if "=" in line and not line.startswith("#")}
        with open(path, "w") as f:
            f.writelines(line for i, line in enumerate(lines)
                         if i in last.values() or line.startswith("#"))

    @classmethod
    def start_haproxy(cls):
        path = os.path.join(cls.server.top, "haproxy.cfg")
        pem = os.path.join(cls.server.dir, "certificate.pem")
        routes = [("v1", cls.imap, "", "send-proxy"),
                  ("v2", cls.imap, "", "send-proxy-v2"),
                  ("v1s", cls.imaps, "", "send-proxy"),
                  ("v2s", cls.imaps, "",
                   "send-proxy-v2 proxy-v2-options crc32c,unique-id check"
                   " inter 1s fall 1000"),
                  ("lmtp", cls.lmtp, "", "send-proxy-v2"),
                  ("lmtp1", cls.lmtp, "", "send-proxy"),
                  ("tls", cls.imap, "ssl crt " + pem, "send-proxy-v2-ssl-cn")]
        with open(path, "w") as f:
            f.write(HAPROXY % "".join(
                ROUTE % {"name": name, "front": cls.front[name], "bind": bind,
                         "back": back, "send": send}
                for name, back, bind, send in routes))
        cls.haproxy = subprocess.Popen(["haproxy", "-q", "-db", "-f", path],
                                       stdin=subprocess.DEVNULL,
                                       env=dict(os.environ,
                                                PATH=os.environ["PATH"] +
                                                ":/usr/sbin"))
        assert wait_for(lambda: cls.answers(cls.front["tls"]))

    @staticmethod
    def answers(port):
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
            return True
        except OSError:
            return False

    @classmethod
    def tearDownClass(cls):
        cls.haproxy.kill()
        cls.haproxy.wait()
        super().tearDownClass()

    def setUp(self):
        self.user = self.new_user()

    def peer(self):
        """What the log of the account's last log-in says."""
        found = []
        self.assertTrue(wait_for(lambda: found.extend(re.findall(
            r"event=login user=%s .*rip=(\S+) .*tls=(\S+)" % self.user,
            self.server.log())) or found))
        return found[-1]

    def test_both_versions_name_the_client(self):
        for i, (name, tls) in enumerate((("v1s", True), ("v2s", True))):
            source = "127.0.1.%d" % (i + 1)
            raw = harness.Raw(self.front[name], tls, source=source)
            raw.login(self.user)
            self.assertEqual(self.peer(), (source, "yes"))
            self.assertIn(source, self.server.roost("who", self.user).stdout)
            raw.close()

    def test_trust_is_the_clients(self):
        """127.0.0.9 needs no TLS; others do, and the balancer's own address
        is nothing to them."""
        for name in ("v1", "v2"):
            raw = harness.Raw(self.front[name], False, source="127.0.0.9")
            raw.login(self.user)
            self.assertEqual(self.peer(), ("127.0.0.9", "no"))
            raw.close()
            raw = harness.Raw(self.front[name], False, source="127.0.0.8")
            self.assertIn(b"LOGINDISABLED", raw.line())
            raw.close()

    def test_unauthenticate_keeps_the_client(self):
        for name, tls in (("v2", False), ("v2s", True)):
            raw = harness.Raw(self.front[name], tls, source="127.0.0.9")
            raw.login(self.user)
            self.assertIn(b" OK", raw.run(b"UNAUTHENTICATE")[-1])
            last = raw.run(b"LOGIN %s secret" % self.user.encode())[-1]
            self.assertIn(b" OK", last)
            self.assertEqual(self.peer()[0], "127.0.0.9")
            raw.close()

    def test_tls_of_the_balancer(self):
        raw = harness.Raw(self.front["tls"], True, source="127.0.0.7")
        raw.login(self.user)
        self.assertEqual(self.peer(), ("127.0.0.7", "yes"))
        raw.close()

    def test_delivery(self):
        """By both versions, as the log says; without a header there is none."""
        for name in ("lmtp", "lmtp1"):
            with smtplib.LMTP("127.0.0.1", self.front[name],
                              source_address=("127.0.0.8", 0)) as lmtp:
                self.assertEqual({}, lmtp.sendmail(
                    "x@example.org", [self.user], "Subject: x\r\n\r\nx\r\n"))
                self.assertIn("user=%s peer=127.0.0.8:%d from=" % (
                    self.user, lmtp.sock.getsockname()[1]), self.server.log())
        raw = self.raw(self.lmtp)
        raw.send(b"LHLO localhost\r\n")
        self.assertTrue(self.is_over(raw))
        raw.close()
        imap = self.server.imap(self.user)
        self.assertEqual([b"2"], imap.select("INBOX")[1])
        imap.logout()

    def test_limits_count_the_client(self):
        """Of six from one address the first has to go, of six addresses
        nobody."""
        many = [harness.Raw(self.front["v2"], False, source="127.0.3.%d" % i)
                for i in range(1, 7)]
        for raw in many:
            self.assertTrue(raw.line().startswith(b"* OK"))
            self.assertIn(b" OK", raw.run(b"NOOP")[-1])
        same = []
        for _ in range(6):      # haproxy might bring two the other way round
            same.append(harness.Raw(self.front["v2"], False,
                                    source="127.0.4.1"))
            same[-1].line()
        self.assertEqual(same[0].line(), b"")
        self.assertIn(b" OK", same[1].run(b"NOOP")[-1])
        for raw in many + same:
            raw.close()

    def raw(self, port, source="127.0.0.2"):
        return harness.Raw(port, False, source=source)

    def test_a_strangers_header_is_bad_bytes(self):
        for header in (b"PROXY TCP4 127.0.0.9 192.0.2.1 1 143\r\n",
                       version_2("127.0.0.9", 1)):
            for port in (self.imap, self.server.imap_port):
                raw = self.raw(port, "127.0.0.5")
                self.assertTrue(raw.line().startswith(b"* OK"))
                raw.send(header + b"\r\na LOGIN %s secret\r\nb LOGOUT\r\n"
                         % self.user.encode())
                lines = list(iter(raw.line, b""))
                self.assertIn(b" BAD ", lines[0])
                self.assertFalse([x for x in lines if b"a OK" in x])
                raw.close()
        # and to a listener that is not marked a balancer's is, too
        raw = self.raw(self.server.imap_port)
        self.assertTrue(raw.line().startswith(b"* OK"))
        raw.close()

    def test_cut_anywhere(self):
        for header in (b"PROXY TCP4 127.0.0.9 192.0.2.1 1 143\r\n",
                       version_2("127.0.0.9", 1, fields=b"\4\0\1x")):
            raw = self.raw(self.imap)
            raw.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for octet in header:
                raw.send(bytes([octet]))
                time.sleep(0.001)
            raw.login(self.user)
            raw.close()

    def test_what_follows_is_the_clients(self):
        raw = self.raw(self.imap)
        raw.send(version_2("127.0.0.9", 1) +
                 b"a LOGIN %s secret\r\nb NOOP\r\n" % self.user.encode())
        self.assertTrue(raw.until(b"b ")[-1].startswith(b"b OK"))
        raw.close()

    def test_its_own_look_at_us(self):
        """LOCAL is the balancer's: no stranger's trust comes with it."""
        raw = self.raw(self.imap)
        raw.send(version_2("127.0.0.9", 1, command=0x20))
        self.assertIn(b"LOGINDISABLED", raw.line())
        raw.close()

    @staticmethod
    def is_over(raw):
        try:
            return raw.sock.recv(100) == b""
        except ConnectionResetError:
            return True

    def test_no_header_no_service(self):
        for begin in (b"a CAPABILITY\r\n", b"PROXY TCP4 nonsense\r\n"):
            raw = self.raw(self.imap)
            raw.send(begin)
            self.assertTrue(self.is_over(raw))
            raw.close()
        self.assertIn("event=proxy_refused balancer=127.0.0.2",
                      self.server.log())

    def test_its_time_is_bounded(self):
        """LIMIT_PROXY_SECONDS, however the header trickles in"""
        began = time.monotonic()
        raw = self.raw(self.imap)
        raw.send(b"PROXY ")
        self.assertTrue(self.is_over(raw))
        self.assertGreater(time.monotonic() - began, 4)
        raw.close()


class Listeners(unittest.TestCase):
    """One port is enough, whichever it is."""

    def serve(self, off):
        server = harness.Server()
        with open(server.conf) as f:
            text = f.read()
        with open(server.conf, "w") as f:
            f.write(re.sub(r"(?m)^#? *%s = .*$" % off, off + " =", text))
        server.spawn()
        return server

    def check(self, off, port, other, tls):
        server = self.serve(off)
        try:
            self.assertTrue(wait_for(lambda: Balancer.answers(
                getattr(server, port))))
            raw = harness.Raw(getattr(server, port), tls)
            self.assertTrue(raw.line().startswith(b"* OK"))
            self.assertFalse(Balancer.answers(getattr(server, other)))
            raw.close()
        finally:
            server.__exit__(None, None, None)

    def test_993_only(self):
        self.check("listen_imap", "imaps_port", "imap_port", True)

    def test_143_only(self):
        self.check("listen_imaps", "imap_port", "imaps_port", False)


if __name__ == "__main__":
    unittest.main()
