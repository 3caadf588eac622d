"""metrics.py -- what is counted, as those see it who watch over a server."""
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest
import urllib.request

import support
from harness import PATIENCE_S, Raw, Server, free_ports
from processes import wait_for

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)'
                    r'\})? (-?[0-9.]+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
ENDS = {"counter": ["_total"], "gauge": [""], "info": ["_info"],
        "histogram": ["_bucket", "_count", "_sum"]}


def ask(port, path, method="GET", host="localhost", **headers):
    """(status, headers, text)"""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    c.request(method, path, headers=dict(headers, Host=host))
    answer = c.getresponse()
    text = answer.read().decode()
    c.close()
    return answer.status, dict(answer.getheaders()), text


def read(text):
    """{(name, labels): value} of an OpenMetrics page, of which every line is
    as it must be: families whole, described first, and no sample twice."""
    lines = text.split("\n")
    assert lines[-2:] == ["# EOF", ""], lines[-3:]
    families, samples, now = {}, {}, None
    for line in lines[:-2]:
        if line.startswith("# "):
            _, what, name, rest = line.split(" ", 3)
            if what == "HELP":
                assert name not in families, name
                now = families[name] = {}
            assert families[name] is now and what not in now, line
            now[what] = rest
            continue
        m = SAMPLE.fullmatch(line)
        assert m, line
        ends = ENDS[now["TYPE"]]
        assert any(m[1] == name + end for end in ends), line
        if "UNIT" in now:
            assert name.endswith("_" + now["UNIT"]), line
        key = m[1], tuple(sorted(LABEL.findall(m[2] or "")))
        assert key not in samples, line
        samples[key] = float(m[3])
    return samples


def total(samples, metric, **labels):
    """The sum of those with these labels."""
    return sum(v for (n, have), v in samples.items()
               if n == metric and set(labels.items()) <= set(have))


class Pages(support.ServerTest):
    def setUp(self):
        # those of the test before are gone
        self.assertTrue(wait_for(lambda: not sum(
            total(self.samples(), "roost_" + name)
            for name in ("sessions", "connections_unauthenticated"))))

    def ask(self, path, **how):
        return ask(self.server.metrics_port, path, **how)

    def samples(self):
        status, headers, text = self.ask("/metrics")
        self.assertEqual((200, OPENMETRICS),
                         (status, headers["Content-Type"]))
        return read(text)

    def test_log_ins(self):
        user = self.new_user()
        before = self.samples()
        self.server.imap(user).logout()
        Raw(self.server.imaps_port).run(b"LOGIN %s wrong" % user.encode())
        after = self.samples()
        for result in ("ok", "refused"):
            self.assertEqual(1, sum(
                total(s, "roost_logins_total", result=result) * sign
                for s, sign in ((after, 1), (before, -1))))
        self.assertEqual(2, sum(
            total(s, "roost_connections_total", listener="imaps") * sign
            for s, sign in ((after, 1), (before, -1))))

    def rise(self, before, after, metric, **labels):
        return total(after, metric, **labels) - total(before, metric, **labels)

    def test_what_sessions_do(self):
        user = self.new_user()
        before = self.samples()
        raw = Raw(self.server.imaps_port).login(user)
        for command in (b"SELECT nowhere", b"SELECT INBOX", b"XYZZY",
                        b"NOOP x"):
            raw.run(command)
        for i in range(3):
            support.append(raw, support.message(100))
        raw.run(b"FETCH 1:* FLAGS")
        raw.run(b"STORE 1 +FLAGS (\\Deleted)")
        raw.run(b"EXPUNGE")
        idle = Raw(self.server.imaps_port).login(user)
        idle.send(b"i IDLE\r\n")
        idle.line()
        for metric, n in ("roost_sessions_idle", 1), ("roost_sessions", 2):
            self.assertTrue(wait_for(lambda: self.rise(
                before, self.samples(), metric) == n), metric)
        idle.close()
        raw.run(b"LOGOUT")
        self.assertTrue(wait_for(lambda: not self.rise(
            before, self.samples(), "roost_sessions")))
        after = self.samples()
        for metric, labels, want in (
                ("roost_sessions", {}, 0), ("roost_sessions_idle", {}, 0),
                ("roost_sessions_started_total", {}, 2),
                ("roost_commands_total", {"command": "SELECT",
                                          "result": "OK"}, 1),
                ("roost_commands_total", {"command": "SELECT",
                                          "result": "NO"}, 1),
                ("roost_commands_total", {"command": "NOOP",
                                          "result": "BAD"}, 1),
                ("roost_commands_total", {"command": "other",
                                          "result": "BAD"}, 1),
                ("roost_commands_total", {"command": "APPEND"}, 3),
                ("roost_command_duration_seconds_count",
                 {"command": "FETCH"}, 1),
                ("roost_messages_appended_total", {}, 3),
                ("roost_messages_fetched_total", {}, 3),
                ("roost_messages_expunged_total", {}, 1),
                ("roost_messages_parsed_total", {"result": "described"}, 3),
                ("roost_tls_handshakes_total", {}, 2)):
            self.assertEqual(want, self.rise(before, after, metric, **labels),
                             (metric, labels))
        for metric in ("roost_network_receive_bytes_total",
                       "roost_network_transmit_bytes_total",
                       "roost_commit_duration_seconds_count",
                       "roost_commit_duration_seconds_sum",
                       "roost_syncs_total"):
            self.assertLess(0, self.rise(before, after, metric), metric)

    def test_delivery(self):
        user = self.new_user()
        before = self.samples()
        with self.server.lmtp() as lmtp:
            lmtp.sendmail("a@b.example", [user], "Subject: x\r\n\r\ny\r\n")
        self.assertEqual(1, self.rise(before, self.samples(),
                                      "roost_messages_delivered_total",
                                      result="delivered"))

    def test_handshakes_that_fail(self):
        before = self.samples()
        with socket.create_connection(("127.0.0.1",
                                       self.server.imaps_port)) as s:
            s.sendall(b"a LOGIN who what\r\n")
            s.settimeout(PATIENCE_S)
            while s.recv(100):
                pass
        self.assertEqual(1, self.rise(before, self.samples(),
                                      "roost_tls_handshakes_failed_total"))

    def test_nothing_grows(self):
        """What clients say makes no line."""
        user = self.new_user()
        lines = {key for key in self.samples()}
        raw = Raw(self.server.imaps_port).login(user)
        for i in range(20):
            raw.run(b"XYZZY%d" % i)
        for i in range(2):
            Raw(self.server.imaps_port).run(b"LOGIN u%d x" % i)
        fresh = {key for key in self.samples()} - lines
        named = {v for _, labels in fresh for n, v in labels
                 if n == "command"}
        self.assertLessEqual(named, {"other"})
        self.assertLess(len(fresh), 20)

    def test_the_disk(self):
        def agrees(i):      # others may be using it meanwhile
            disk = os.statvfs(self.server.dir)
            want = disk.f_bavail * disk.f_frsize
            got = total(self.samples(), "roost_store_free_bytes",
                        process="mail/%d" % i)
            return abs(got - want) < want / 10
        for i in range(4):
            self.assertTrue(wait_for(lambda: agrees(i)))

    def test_promtool_agrees(self):
        status, headers, text = self.ask("/metrics", Accept="text/plain")
        self.assertEqual((200, PROMETHEUS),
                         (status, headers["Content-Type"]))
        done = subprocess.run(["promtool", "check", "metrics"], input=text,
                              text=True, capture_output=True)
        self.assertEqual((0, ""), (done.returncode,
                                   done.stdout + done.stderr))

    def test_what_is_asked_for(self):
        for accept, want in (
                ("*/*", OPENMETRICS), ("text/plain", PROMETHEUS),
                ("application/openmetrics-text;version=1.0.0,"
                 "text/plain;version=0.0.4;q=0.5", OPENMETRICS)):
            self.assertEqual(want, self.ask("/metrics", Accept=accept)[1]
                             ["Content-Type"])

    def test_processes(self):
        """What the kernel says of each is what it says to everybody."""
        def agrees(role, pid):
            samples = self.samples()
            with open("/proc/%d/statm" % pid) as f:
                want = int(f.read().split()[1]) * 4096
            got = total(samples, "roost_process_resident_memory_bytes",
                        process=role)
            files = total(samples, "roost_process_open_fds", process=role)
            return abs(got - want) < want / 2 and abs(
                files - len(os.listdir("/proc/%d/fd" % pid))) < 4
        samples = self.samples()
        for role in ("auth", "mail/0", "gate/0", "parse/0", "metrics"):
            pid = self.server.child(role)[0]
            self.assertTrue(wait_for(lambda: agrees(role, pid)), role)
            self.assertIn(("roost_process_cpu_seconds_total",
                           (("process", role),)), samples)

    def test_certificate(self):
        samples = self.samples()
        left = total(samples, "roost_certificate_expiry_timestamp_seconds",
                     name="localhost") - time.time()
        self.assertLess(300 * 86400, left)
        self.assertEqual(1, total(samples, "roost_certificates"))

    def test_no_account_is_in_it(self):
        user = self.new_user()
        self.server.imap(user).logout()
        text = self.ask("/metrics")[2]
        self.assertNotIn(user.split("@")[0], text)
        self.assertNotIn("127.0.0.1", text)

    def test_health(self):
        for path in "/healthz/live", "/healthz/ready":
            self.assertTrue(wait_for(
                lambda: (200, "ok\n") == self.ask(path)[::2]), path)

    def test_what_else_is_asked(self):
        for how, want in (
                (dict(path="/"), 404), (dict(path="/metrics/"), 404),
                (dict(path="/metrics", method="POST"), 405),
                (dict(path="/metrics", method="DELETE"), 405),
                (dict(path="/metrics", method="HEAD"), 200),
                (dict(path="/metrics", **{"Content-Length": "9999999"}), 413),
                (dict(path="/metrics", **{"Transfer-Encoding": "chunked"}),
                 413),
                (dict(path="/metrics?x=y"), 200)):
            self.assertEqual(want, self.ask(**how)[0], how)

    def test_names_of_others(self):
        """A name that somebody else has made mean this machine."""
        port = self.server.metrics_port
        for host, want in (
                ("evil.example", 421), ("evil.example:%d" % port, 421),
                ("localhost.evil.example", 421), ("192.0.2.1", 421),
                ("127.0.0.1.evil.example", 421), ("[::2]", 421), ("[", 421),
                ("", 421), ("127.0.0.1:%d" % port, 200), ("127.9.9.9", 200),
                ("[::1]:80", 200), ("LOCALHOST:1", 200)):
            self.assertEqual(want, self.ask("/metrics", host=host)[0], host)


class Bounds(support.ServerTest):
    """Who asks badly costs nobody else anything."""

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.server.metrics_port))
        s.settimeout(PATIENCE_S)
        self.addCleanup(s.close)
        return s

    def ends(self, s):
        """Seconds until it is closed, whatever is said before that."""
        start = time.time()
        try:
            while s.recv(65536):
                pass
        except ConnectionError:
            pass
        return time.time() - start

    def test_a_request_that_is_too_long(self):
        """It ends by that, not when its time is over (10 s)."""
        def ends():
            s = self.connect()
            s.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: ")
            try:
                for _ in range(64):
                    s.sendall(b"x" * 1024)
            except ConnectionError:
                pass
            return self.ends(s)
        self.assertTrue(wait_for(lambda: ends() < 8))

    def test_one_who_takes_nothing(self):
        stuck = self.connect()
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        stuck.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for _ in range(5):
            self.assertEqual(200, ask(self.server.metrics_port,
                                      "/metrics")[0])

    def test_nonsense(self):
        for text in (b"\x00" * 100, b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00",
                     b"GET /metrics HTTP/1.1\r\n\r\n",
                     b"GET " + b"/" * 9000 + b" HTTP/1.1\r\n\r\n"):
            s = self.connect()
            s.sendall(text)
            s.shutdown(socket.SHUT_WR)
            self.ends(s)
        self.assertEqual(200, ask(self.server.metrics_port,
                                  "/healthz/live")[0])


class Deaths(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)

    def wait(self, path, status):
        """Its text, once it has that status."""
        end = time.time() + PATIENCE_S
        while time.time() < end:
            try:
                got, _, text = ask(self.server.metrics_port, path)
            except OSError:
                got = None
            if got == status:
                return text
            time.sleep(0.1)
        self.fail("%s is not %d" % (path, status))

    def metrics(self):
        return read(self.wait("/metrics", 200))

    def test_one_that_hangs(self):
        pid = self.server.child("mail/1")[0]
        os.kill(pid, signal.SIGSTOP)
        self.assertTrue(wait_for(
            lambda: "mail/1 does not answer\n"
            == self.wait("/healthz/ready", 503)))
        self.assertEqual(200, ask(self.server.metrics_port,
                                  "/healthz/live")[0])
        os.kill(pid, signal.SIGCONT)
        self.wait("/healthz/ready", 200)

    def test_counts_outlive_processes(self):
        self.server.add_user("ann@example.org")
        self.server.imap("ann@example.org").logout()
        before = self.metrics()
        for role in ("auth", "gate/0", "gate/1", "metrics"):
            for pid in self.server.child(role):
                os.kill(pid, signal.SIGKILL)
        roles = "auth", "gate/0", "metrics"
        self.assertTrue(wait_for(lambda: all(
            total(self.metrics(), "roost_process_restarts_total",
                  process=role) for role in roles)))
        after = self.metrics()
        for name in ("roost_logins_total", "roost_connections_total"):
            self.assertLess(0, total(before, name))
            self.assertLessEqual(total(before, name), total(after, name))
        for role in roles:
            self.assertEqual(1, total(after, "roost_process_restarts_total",
                                      process=role))
        self.assertEqual(0, total(after, "roost_process_restarts_total",
                                  process="mail/0"))


class Listening(unittest.TestCase):
    def status(self, server):
        out = json.loads(server.roost("status", "--json").stdout)
        return [row["value"] for row in out if row["process"] == "metrics"]

    def test_a_port_that_is_taken(self):
        """Mail is served; the log and `roost status` say what is not."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            conf = "listen_metrics = 127.0.0.1:%d\n" % taken.getsockname()[1]
            with Server(conf=conf) as server:
                server.add_user("ann@example.org")
                server.imap("ann@example.org").logout()
                self.assertTrue(wait_for(
                    lambda: [False] == self.status(server)))
                self.assertIn("level=warn proc=roostd event=listen_failed",
                              server.log())
                self.assertEqual([], server.child("metrics"))

    def test_on_and_off(self):
        with Server() as server:
            self.assertTrue(wait_for(
                lambda: [True] == self.status(server)))
        with Server(conf="listen_metrics =\n") as server:
            self.assertEqual(["off"], self.status(server))
            self.assertEqual([], server.child("metrics"))

    def test_it_is_on_by_default(self):
        with Server(conf="# listen_metrics\n") as server:
            out = server.roost("config", "show", "--json").stdout
            row = next(r for r in json.loads(out)
                       if r["option"] == "listen_metrics")
            self.assertEqual(("127.0.0.1:20993", "default"),
                             (row["value"], row["source"]))


SCRAPE = """global: {scrape_interval: 1s}
scrape_configs:
  - job_name: roost
    static_configs: [{targets: ["127.0.0.1:%d"]}]
"""


class Prometheus(support.ServerTest):
    """Debian's own, which asks for OpenMetrics."""

    def query(self, port, what):
        url = "http://127.0.0.1:%d/api/v1/query?query=%s" % (port, what)
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            return json.load(answer)["data"]["result"]

    def test_it_scrapes(self):
        port, = free_ports(1)
        conf = os.path.join(self.server.top, "prometheus.yml")
        self.server.imap(self.new_user()).logout()
        with open(conf, "w") as f:
            f.write(SCRAPE % self.server.metrics_port)
        log = open(os.path.join(self.server.top, "prometheus.log"), "w")
        process = subprocess.Popen(
            ["prometheus", "--config.file=" + conf,
             "--storage.tsdb.path=" + os.path.join(self.server.top, "tsdb"),
             "--web.listen-address=127.0.0.1:%d" % port],
            stdout=log, stderr=log)
        try:
            self.assertEqual(1, self.when_there(port, "up"))
            self.assertEqual(1, self.when_there(
                port, "sum(roost_logins_total{result=%22ok%22})"))
            self.assertEqual(1, self.when_there(port, "roost_build_info"))
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
            log.close()

    def when_there(self, port, what):
        """Its value, once it has one that is not 0."""
        end = time.time() + PATIENCE_S
        while time.time() < end:
            try:
                found = self.query(port, what)
                if found and float(found[0]["value"][1]):
                    return float(found[0]["value"][1])
            except OSError:
                pass
            time.sleep(0.2)
        self.fail(what)


class Slow(unittest.TestCase):
    """Slow ones fill all its places, drop by drop; mail goes on, and it comes
    back by itself. That takes its time, so they begin before the other tests
    of this file, and those go on meanwhile."""

    @classmethod
    def begin(cls):
        cls.server = Server()
        cls.server.__enter__()
        cls.server.add_user("ann@example.org")
        cls.slow = [socket.create_connection(
            ("127.0.0.1", cls.server.metrics_port)) for _ in range(40)]
        cls.gone, cls.problem = 0, None
        cls.over = threading.Event()
        cls.thread = threading.Thread(target=cls.drip)
        cls.thread.start()

    @classmethod
    def end(cls):
        cls.over.set()
        cls.thread.join()
        for s in cls.slow:
            s.close()
        cls.server.__exit__(None, None, None)

    @classmethod
    def drip(cls):
        try:
            while cls.gone < 16 and not cls.over.wait(0.5):
                for s in cls.slow:
                    with contextlib.suppress(OSError):
                        s.send(b"G")
                cls.server.imap("ann@example.org").logout()
                cls.gone = sum(cls.is_closed(s) for s in cls.slow)
        except Exception as e:
            cls.problem = e

    @staticmethod
    def is_closed(s):
        s.setblocking(False)
        try:
            return s.recv(1) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def test_those_that_never_end(self):
        self.thread.join(120)
        self.assertIsNone(self.problem)
        self.assertGreaterEqual(self.gone, 16)
        for s in self.slow:
            s.close()
        self.assertEqual(200, ask(self.server.metrics_port,
                                  "/healthz/live")[0])


def setUpModule():
    Slow.begin()
    unittest.addModuleCleanup(Slow.end)


if __name__ == "__main__":
    unittest.main()
