"""counts.py -- what is counted is what happened: connections that are turned
away, log-ins that are held up or refused unseen, questions to others, the time
that messages take. Each count is held against what was done, no more and no
less; metrics.py has the page that they stand on."""
import base64
import contextlib
import http.server
import json
import os
import resource
import shutil
import signal
import socket
import tempfile
import threading
import unittest

import metrics
import sockets
import support
from harness import Raw
from metrics import total
from processes import wait_for
from sources import hashed


class Counted(support.ServerTest):
    def samples(self):
        return metrics.read(metrics.ask(self.server.metrics_port,
                                        "/metrics")[2])

    def setUp(self):
        # those of the test before are gone
        self.assertTrue(wait_for(lambda: not self.now(
            "roost_connections_unauthenticated")))
        self.before = self.samples()

    def rise(self, metric, **labels):
        """Since the test began."""
        return (total(self.samples(), metric, **labels)
                - total(self.before, metric, **labels))

    def settles_at(self, want, metric, **labels):
        """It becomes so; that it was more or less for a moment is no fault."""
        self.assertTrue(wait_for(
            lambda: self.rise(metric, **labels) == want),
            (metric, labels, want, self.rise(metric, **labels)))

    def now(self, gauge, **labels):
        return total(self.samples(), gauge, **labels)


TURNED_AWAY = "roost_connections_turned_away_total"


class TurnedAway(Counted):
    conf = ("gates = 1\nconnections_per_host = 3\nconnections_lmtp = 4\n"
            "refusal_time = 1s\n")

    def connect(self, source, port=None):
        """One that has been greeted, or b"" has come of it."""
        raw = Raw(port or self.server.imap_port, tls=False, source=source)
        self.addCleanup(raw.close)
        return raw

    def greeted(self, source):
        raw = self.connect(source)
        self.assertTrue(raw.line().startswith(b"* OK"))
        return raw

    def assert_closed(self, raw):
        with contextlib.suppress(ConnectionError):
            while raw.sock.recv(4096):
                pass

    def turned_away(self, full, pushed_out):
        self.settles_at(full, TURNED_AWAY, reason="full")
        self.settles_at(pushed_out, TURNED_AWAY, reason="pushed_out")

    def test_the_oldest_makes_room(self):
        # one after the other, or the younger may be accepted first
        first = self.greeted("127.1.1.1")
        others = [self.greeted("127.1.1.1") for _ in range(2)]
        elsewhere = self.greeted("127.1.1.2")
        self.turned_away(0, 0)
        more = [self.greeted("127.1.1.1") for _ in range(2)]
        for raw in (first, others[0]):
            self.assert_closed(raw)
        self.turned_away(0, 2)
        self.settles_at(6, "roost_connections_total", listener="imap")
        self.settles_at(4, "roost_connections_unauthenticated")
        for raw in more + others[1:] + [elsewhere]:
            raw.close()
        self.settles_at(0, "roost_connections_unauthenticated")
        self.turned_away(0, 2)

    def test_who_is_being_let_in_makes_none(self):
        """Nobody is pushed out while his password is looked at: there is no
        room, then."""
        user = self.new_user()
        auth, = self.server.child("auth")
        trying = [Raw(self.server.imaps_port, source="127.1.2.1")
                  for _ in range(3)]
        for raw in trying:
            self.addCleanup(raw.close)
            raw.line()
        os.kill(auth, signal.SIGSTOP)
        try:
            for raw in trying:
                raw.send(b"a LOGIN %s secret\r\n" % user.encode())

            sockets.wait_read(*(raw.sock for raw in trying))
            self.assert_closed(self.connect("127.1.2.1"))
            self.turned_away(1, 0)
        finally:
            os.kill(auth, signal.SIGCONT)
        for raw in trying:
            self.assertIn(b"a OK", raw.until(b"a ")[-1])
        self.turned_away(1, 0)
        self.settles_at(3, "roost_connections_total", listener="imaps")
        self.settles_at(1, "roost_connections_total", listener="imap")

    def test_deliveries(self):
        """Beyond the limit they are told to come again."""
        for _ in range(4):
            raw = self.connect("127.0.0.1", self.server.lmtp_port)
            self.assertTrue(raw.line().startswith(b"220 "))
        self.turned_away(0, 0)
        raw = self.connect("127.0.0.1", self.server.lmtp_port)
        raw.until(b"421 4.7.0 ")
        self.turned_away(1, 0)
        self.settles_at(5, "roost_connections_total", listener="lmtp")

    def test_no_descriptors(self):
        gate, = self.server.child("gate")
        limits = resource.prlimit(gate, resource.RLIMIT_NOFILE)
        most = max(int(n) for n in os.listdir("/proc/%d/fd" % gate)) + 1
        resource.prlimit(gate, resource.RLIMIT_NOFILE, (most, limits[1]))
        try:
            for n in range(1, 200):     # numbers below may be free
                if not self.connect("127.1.3.%d" % n).line():
                    break
        finally:
            resource.prlimit(gate, resource.RLIMIT_NOFILE, limits)
        self.turned_away(1, 0)
        self.settles_at(n, "roost_connections_total", listener="imap")
        raw = self.connect("127.1.3.1")
        self.assertTrue(raw.line().startswith(b"* OK"))
        self.turned_away(1, 0)


class Guesses(Counted):
    """At the auth socket, as mail transfer agents pass them on: they need not
    wait for each other. Nor does the test wait for the answers, which are held
    back: the log has what became of each."""

    def agent(self):
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.connect(os.path.join(self.server.dir, "run", "agents"))
        sock.sendall(b"VERSION\t1\t2\nCPID\t%d\n" % sock.fileno())
        return sock

    def verdicts(self):
        """How many got in, and not."""
        log = self.server.log()
        return log.count(" event=login user="), log.count(
            " event=login_failed user=")

    def guess(self, *tries):
        """(user, password, address) of each, all at once; how many got in, and
        not."""
        sock, before = self.agent(), self.verdicts()
        for i, (user, password, address) in enumerate(tries):
            said = ("\0%s\0%s" % (user, password)).encode()
            sock.sendall(
                b"AUTH\t%d\tPLAIN\tservice=smtp\trip=%s\tresp=%s\n"
                % (i + 1, address.encode(), base64.b64encode(said)))
        self.assertTrue(wait_for(lambda: sum(self.verdicts()) == sum(before)
                                 + len(tries)))
        after = self.verdicts()
        return after[0] - before[0], after[1] - before[1]

    def listed(self):
        """Rows of `roost lockout list` of each kind."""
        rows = json.loads(self.server.roost("lockout", "list",
                                            "--json").stdout)
        kinds = ("address", "network", "account", "place")
        return {k: sum(r["kind"] == k for r in rows) for k in kinds}


class LogIns(Guesses):
    conf = ("refusal_time = 1s\nauth_socket = run/agents\n"
            "lockout_time = 1h\n")

    def unseen(self):
        rows = json.loads(self.server.roost("status", "--json").stdout)
        return next(r["value"] for r in rows
                    if r["figure"] == "logins_refused_unseen")

    def assert_lockouts(self):
        """As many as are listed, of each kind."""
        for kind, n in self.listed().items():
            self.assertTrue(wait_for(lambda: self.now(
                "roost_lockouts", kind=kind) == n), (kind, n))

    def test_refused_unseen(self):
        user, n = self.new_user(), self.unseen()
        # eleven strangers, each from a network of its own, as at most ten are
        # looked at; one after the other, or some would be refused as too many
        # at a time
        for i in range(11):
            self.assertEqual((0, 1), self.guess(
                (user, "wrong%d" % i, "192.0.%d.1" % i)))
        self.assertEqual(1, self.rise("roost_logins_limited_total"))
        self.assertEqual(1, self.unseen() - n)
        self.assertEqual((0, 1), self.guess(
            (user, "secret", "198.51.100.1")))
        self.assertEqual(2, self.rise("roost_logins_limited_total"))
        self.assertEqual(12, self.rise("roost_logins_total"))
        # what is wrong again, where she signs in, is not compared either
        home = self.new_user()
        self.assertEqual((1, 0), self.guess((home, "secret", "192.0.2.9")))
        for _ in range(3):
            self.assertEqual((0, 1), self.guess((home, "old", "192.0.2.9")))
        self.assertEqual(4, self.rise("roost_logins_limited_total"))
        self.assertEqual(4, self.unseen() - n)
        self.assertEqual(15, self.rise("roost_logins_total",
                                       result="refused"))
        self.assertEqual(1, self.rise("roost_logins_total", result="ok"))

        # who is locked out now, also in the next auth
        self.assertEqual(1, self.listed()["account"])
        self.assert_lockouts()
        os.kill(self.server.child("auth")[0], signal.SIGKILL)
        self.assertTrue(wait_for(lambda: self.server.roost(
            "lockout", "list", check=False).returncode == 0))
        self.assertEqual(1, self.listed()["account"])
        self.assert_lockouts()
        self.server.roost("lockout", "clear", user)
        self.assertEqual(0, self.listed()["account"])
        self.assertEqual(0, self.now("roost_lockouts", kind="account"))

    def test_sprayed(self):
        """One address, and a password, that is tried on many."""
        tried = 0   # where two have the same hash one more is needed
        while tried < 12 and not self.listed()["address"]:
            tried += 1
            self.assertEqual((0, 1), self.guess(
                ("nobody%d@example.org" % tried, "Winter", "203.0.113.1")))
        self.assertGreaterEqual(tried, 5)
        self.assertEqual(1, self.listed()["address"])
        self.assert_lockouts()
        self.assertTrue(wait_for(lambda: self.now(
            "roost_lockouts", kind="password") == 1))
        self.server.roost("lockout", "clear", "203.0.113.1")
        self.assertEqual(0, self.listed()["address"])
        self.assert_lockouts()
        self.assertEqual(1, self.now("roost_lockouts", kind="password"))

    def test_waiting_for_a_core(self):
        """More at a time than there are cores; nobody waits at the end."""
        known = self.new_user()
        self.assertEqual((1, 0), self.guess((known, "secret", "192.0.2.7")))
        seen = {"known": 0, "stranger": 0}
        over = threading.Event()

        def look():
            while not over.is_set():
                samples = self.samples()
                for client in seen:
                    seen[client] = max(seen[client], total(
                        samples, "roost_hashes_waiting", client=client))
        looking = threading.Thread(target=look)
        looking.start()
        cores = os.sysconf("SC_NPROCESSORS_ONLN")
        tries = 0
        try:
            while not all(seen.values()) and tries < 50:
                tries += 1
                self.guess(
                    *((known, "w%d-%d" % (tries, i), "192.0.2.7")
                      for i in range(cores + 4)),
                    *(("x%d-%d@example.org" % (tries, i), "w%d-%d" % (tries, i),
                       "10.%d.%d.1" % (tries, i)) for i in range(cores + 4)))
                self.server.roost("lockout", "clear", known, check=False)
        finally:
            over.set()
            looking.join()
        self.assertTrue(all(seen.values()), seen)
        for client in seen:
            self.assertEqual(0, self.now("roost_hashes_waiting",
                                         client=client))


class LockoutsEnd(Guesses):
    """By themselves, and the count with them."""
    conf = "refusal_time = 1s\nauth_socket = run/agents\nlockout_time = 2s\n"

    def test_they_end(self):
        user = self.new_user()
        for i in range(200):
            self.guess((user, "wrong%d" % i, "192.0.%d.1" % i))
            if self.now("roost_lockouts", kind="account"):
                break
        else:
            self.fail("nobody is locked out")
        self.assertTrue(wait_for(lambda: not self.now("roost_lockouts")))
        self.assertEqual(0, sum(self.listed().values()))


ASKED = "roost_outside_requests_total"


class Site:
    """By HTTP, on this machine; a webhook, and keys of an issuer."""

    def __init__(self):
        site = self
        self.status, self.asked = 200, []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site.asked.append(self.command)
                self.send_response(site.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")
            do_POST = do_GET

            def log_message(self, *_args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Outside(Counted):
    @classmethod
    def setUpClass(cls):
        cls.site = Site()
        cls.addClassCleanup(lambda: cls.site and cls.site.close())
        cls.top = tempfile.mkdtemp(prefix="roost-test-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.users = os.path.join(cls.top, "users")
        with open(cls.users, "w") as f:
            f.write("bob@example.org:%s\n" % hashed("secret"))
        os.chmod(cls.top, 0o755)
        cls.conf = (
            "refusal_time = 1s\nalerts = %s/hook\nsources = directory, "
            "passwd-file:%s\nissuers = %s audience=a "
            "keys=%s/keys\n" % (cls.site.url, cls.users, cls.site.url,
                                cls.site.url))
        super().setUpClass()

    def asked(self, kind):
        """Those that were answered, and not."""
        return tuple(self.rise(ASKED, kind=kind, result=r)
                     for r in ("answered", "unavailable"))

    def login(self, user, password):
        raw = Raw(self.server.imaps_port)
        raw.line()
        answer = raw.run(b"LOGIN %s %s" % (user, password))[-1]
        raw.close()
        return b" OK" in answer

    def test_1_webhooks(self):
        test = lambda: self.server.roost("alert", "test", check=False)
        test()
        self.assertEqual((1, 0), self.asked("http_post"))
        self.site.status = 500      # is an answer, too
        test()
        self.assertEqual((2, 0), self.asked("http_post"))
        self.assertEqual(["POST"] * 2, self.site.asked)

    def test_2_sources(self):
        for user, password, want in ((b"bob@example.org", b"secret", True),
                                     (b"nobody@example.org", b"x", False)):
            self.assertEqual(want, self.login(user, password))
        one = (self.asked("find"), self.asked("verify"))
        self.assertEqual(2, one[0][0] + one[1][0], one)
        self.assertEqual(0, one[0][1] + one[1][1], one)
        os.rename(self.users, self.users + ".gone")
        self.assertFalse(self.login(b"eve@example.org", b"x"))
        os.rename(self.users + ".gone", self.users)
        two = (self.asked("find"), self.asked("verify"))
        self.assertEqual(2, two[0][0] + two[1][0], two)
        self.assertEqual(1, two[0][1] + two[1][1], two)

    def test_3_nobody_is_there(self):
        """It can't be asked, and it isn't there to be."""
        self.site.close()
        Outside.site = None
        self.server.roost("alert", "test", check=False)
        self.assertEqual((0, 1), self.asked("http_post"))


class Messages(Counted):
    def test_time(self):
        raw = Raw(self.server.imaps_port).login(self.new_user())
        for _ in range(3):
            self.assertIn(b" OK", support.append(raw, support.message(100)))
        self.settles_at(3, "roost_parse_cpu_seconds_count")
        little = self.rise("roost_parse_cpu_seconds_sum")
        text = b"Subject: x\r\n\r\n" + b"A line of it.\r\n" * 500000
        self.assertIn(b" OK", support.append(raw, text))
        raw.close()
        self.settles_at(4, "roost_parse_cpu_seconds_count")
        self.assertLess(little, self.rise("roost_parse_cpu_seconds_sum"))
        self.assertEqual(4, self.rise("roost_messages_parsed_total"))

    def test_connections_of_commands(self):
        for n in range(1, 4):
            self.server.roost("lockout", "list")
            self.assertEqual(n, self.rise("roost_connections_total",
                                          listener="control"))


if __name__ == "__main__":
    unittest.main()
