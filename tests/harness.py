"""harness.py -- a real server for a test: its own directory, its own ports.

    with Server(build) as s:
        s.add_user("ann@example.org", "secret")
        imap = s.imap("ann@example.org", "secret")

Signals only the processes it started. On a failure the log's end is shown.
"""
import contextlib
import imaplib
import os
import random
import shutil
import signal
import smtplib
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time

PATIENCE_S = 120        # with a machine that has ten times too much to do
ANY = random.SystemRandom()     # tests seed the other one
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


METRICS_PORT = 20993    # where a server listens that is not told to
CLAIMS = []     # one socket a port, for as long as this process lives


def any_port():
    """One that the system does not give away."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
        given = int(f.read().split()[0])
    return ANY.randrange(10000, max(given, 20000))


def claim(port):
    """Whether it is now ours: nobody uses it, and no process of tests will,
    while the server that it is for is stopped."""
    if port == METRICS_PORT:
        return False
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind("\0roost-test-port-%d" % port)
        with socket.socket() as s:
            s.bind(("127.0.0.1", port))
    except OSError:
        name.close()
        return False
    CLAIMS.append(name)
    return True


def free_ports(n):
    """n ports that nobody uses but who is given them here."""
    ports = []
    while len(ports) < n:
        port = any_port()
        if claim(port):
            ports.append(port)
    return ports


def three_ports():
    """The first of three in a row; as free_ports()."""
    while True:
        first = any_port()
        if all(claim(port) for port in range(first, first + 3)):
            return first


def children(pid):
    """Process ids directly below pid."""
    out = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name) as f:
                if int(f.read().rsplit(")", 1)[1].split()[1]) == pid:
                    out.append(int(name))
        except OSError:
            pass
    return out


class Server:
    def __init__(self, build=None, conf="", directory=None, env=None):
        self.build = os.path.join(ROOT, build or os.environ.get(
            "ROOST_BUILD", "build/san"))
        self.own_dir = directory is None
        self.top = directory or tempfile.mkdtemp(prefix="roost-test-")
        self.dir = os.path.join(self.top, "roost")
        self.conf = os.path.join(self.dir, "roost.conf")
        self.log_path = os.path.join(self.top, "log")
        (self.imap_port, self.imaps_port, self.lmtp_port,
         self.metrics_port) = free_ports(4)
        self.env = dict(os.environ, **(env or {}))
        self.daemon_env = {}    # what only roostd has of it
        self.process = None
        self.roost("init", self.dir, "--imap-port", str(self.imap_port),
                   "--imaps-port", str(self.imaps_port),
                   "--lmtp-port", str(self.lmtp_port),
                   "--hostname", "localhost", conf=False)
        # a mail about a quota would be one more in it
        for name, value in (
                ("listen_metrics", "127.0.0.1:%d" % self.metrics_port),
                ("alerts", "")):
            if name not in conf:
                conf += "\n%s = %s\n" % (name, value)
        with open(self.conf, "a") as f:
            f.write(conf)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, _value, _trace):
        if kind is not None and os.path.exists(self.log_path):
            with open(self.log_path, errors="replace") as f:
                sys.stderr.write("".join(f.readlines()[-40:]))
        self.stop()
        if self.own_dir:
            shutil.rmtree(self.top, ignore_errors=True)

    # -- the server --

    def spawn(self):
        """Begins to start; start() waits until it answers, too."""
        with open(self.log_path, "a") as log:
            self.process = subprocess.Popen(
                [os.path.join(self.build, "roostd"), "-c", self.conf, "-F"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(self.env, **self.daemon_env))

    def start(self, timeout=PATIENCE_S):
        self.spawn()
        end = time.time() + timeout
        while time.time() < end:
            try:
                with socket.create_connection(
                        ("127.0.0.1", self.imap_port), 2) as s:
                    if s.recv(4) == b"* OK":
                        return
            except OSError:
                pass
            if self.process.poll() is not None:
                raise RuntimeError("roostd ended with status %d"
                                   % self.process.returncode)
            time.sleep(0.02)
        raise RuntimeError("roostd does not answer")

    def stop(self, timeout=PATIENCE_S):
        """SIGTERM; the exit status, None if it was not running."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(timeout)
        self.process = None
        return status

    def kill(self):
        """SIGKILL to every process of the server at once."""
        self.process.send_signal(signal.SIGSTOP)    # it must not restart them
        for pid in children(self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.kill()
        self.process.wait()
        self.process = None

    def is_sanitized(self):
        with open(os.path.join(self.build, "roostd"), "rb") as f:
            return b"__asan_init" in f.read()

    def child(self, role):
        """Process ids of the children whose title begins with role."""
        out = []
        for pid in children(self.process.pid):
            try:
                with open("/proc/%d/comm" % pid) as f:
                    if f.read().startswith(role):
                        out.append(pid)
            except OSError:
                pass
        return out

    @contextlib.contextmanager
    def database(self, name):
        """One of auth's, which shares it with nobody: if the server runs, it
        is stopped meanwhile."""
        runs = self.process is not None
        if self.stop() not in (0, None):
            raise RuntimeError("roostd has come to a bad end")
        path = os.path.join(self.dir, "auth", name + ".sqlite")
        try:
            with contextlib.closing(sqlite3.connect(path)) as db, db:
                yield db
        finally:
            if runs:
                self.start()

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    # -- the roost command --

    def roost(self, *args, stdin="", conf=True, check=True):
        command = [os.path.join(self.build, "roost")]
        command += ["-c", self.conf] if conf else []
        done = subprocess.run(command + list(args), input=stdin, text=True,
                              capture_output=True, env=self.env)
        if check and done.returncode != 0:
            raise RuntimeError("roost %s: status %d: %s" % (
                " ".join(args), done.returncode, done.stderr))
        return done

    def add_user(self, name, password="secret"):
        self.roost("user", "add", name, stdin=password + "\n")

    # -- clients --

    @staticmethod
    def tls():
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def imap(self, user, password="secret"):
        """imaplib over TLS from the first byte, logged in."""
        m = imaplib.IMAP4_SSL("127.0.0.1", self.imaps_port,
                              ssl_context=self.tls())
        m.login(user, password)
        return m

    def lmtp(self):
        return smtplib.LMTP("127.0.0.1", self.lmtp_port)


class Raw:
    """An IMAP connection byte by byte, for what imaplib would not send."""
    context = None      # made once: it reads all of the machine's authorities

    def __init__(self, port, tls=True, timeout=PATIENCE_S, source="127.0.0.1",
                 target="127.0.0.1", receive=0):
        """receive: how many bytes the kernel may take in for us; 0: many."""
        self.sock = socket.socket()
        self.sock.settimeout(timeout)
        if receive:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        self.sock.bind((source, 0))
        self.sock.connect((target, port))
        if tls:
            Raw.context = Raw.context or Server.tls()
            self.sock = Raw.context.wrap_socket(self.sock)
        self.buffer = b""
        self.tags = 0

    def line(self):
        """The next line without CRLF; b"" at the end of the stream."""
        while b"\r\n" not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                return b""
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def exactly(self, n):
        while len(self.buffer) < n:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        out, self.buffer = self.buffer[:n], self.buffer[n:]
        return out

    def until(self, start):
        """Lines up to and with the first that begins with start; literals
        are taken whole, behind the line that announces them."""
        lines = []
        while True:
            line = self.line()
            if not line:
                raise EOFError("closed, after %r" % lines[-3:])
            lines.append(line)
            if line.startswith(start):
                return lines
            if line.endswith(b"}") and b"{" in line:
                size = line[line.rindex(b"{") + 1:-1]
                if size.isdigit():
                    lines.append(self.exactly(int(size)))

    def send(self, data):
        self.sock.sendall(data)

    def run(self, command):
        """Sends a command, returns its lines; the last is the tagged one."""
        self.tags += 1
        tag = b"r%d" % self.tags
        self.send(tag + b" " + command + b"\r\n")
        return self.until(tag + b" ")

    def login(self, user, password="secret"):
        if not self.line().startswith(b"* OK"):
            raise AssertionError("no greeting")
        last = self.run(b"LOGIN %s %s" % (user.encode(), password.encode()))[-1]
        if b" OK" not in last:
            raise AssertionError(last)
        return self

    def close(self):
        self.sock.close()


def memory_kb(pid):
    """Pss of the process and all below it."""
    total = 0
    for p in [pid] + children(pid):
        try:
            with open("/proc/%d/smaps_rollup" % p) as f:
                total += next(int(line.split()[1]) for line in f
                              if line.startswith("Pss:"))
        except OSError:
            pass
    return total


def cpu_s(pid):
    """CPU seconds of the process and all below it."""
    ticks = 0
    for p in [pid] + children(pid):
        try:
            with open("/proc/%d/stat" % p) as f:
                ticks += sum(map(int, f.read().rsplit(")", 1)[1].split()
                                 [11:13]))
        except OSError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK")
