"""client.py -- what the tests with real clients share.

A server for each class, an account and a scratch directory for each test,
programs run with a time limit, and what the server holds, as plain values.
"""
import base64
import collections
import imaplib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
NPM = os.environ.get("ROOST_NPM", os.path.join(ROOT, "build", "npm"))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
import support  # noqa: E402
from harness import PATIENCE_S  # noqa: E402

HOST = "127.0.0.1"
PASSWORD = "secret"

# One message that the server holds; flags is a frozenset without \Recent.
Held = collections.namedtuple("Held", "uid flags date text")


def message(subject, body="Hello.\r\n", more=""):
    """A message of ASCII, in CRLF form."""
    return ("From: Ann <ann@example.org>\r\nTo: bob@example.org\r\n"
            "Subject: %s\r\nDate: Sat, 21 Nov 2026 06:00:00 +0000\r\n"
            "Message-ID: <%s@example.org>\r\n%s\r\n%s"
            % (subject, re.sub(r"\W+", ".", subject), more, body)).encode()


def plain(user, secret):
    """What a client sends by AUTH PLAIN: RFC 4616."""
    return base64.b64encode(("\0%s\0%s" % (user, secret)).encode()).decode()


def subject(held):
    """As it stands in a message of message()."""
    return re.search(rb"Subject: (.*?)\r", held.text)[1].decode()


def crlf(raw):
    return re.sub(rb"(?<!\r)\n", b"\r\n", raw)


def read_held(data):
    """FETCH responses, as imaplib gives them, as a list of Held."""
    out = []
    for at, item in enumerate(data):
        if not isinstance(item, tuple):
            continue
        end = data[at + 1]
        line = item[0] + (end if isinstance(end, bytes) else b"")
        flags = re.search(rb"FLAGS \(([^)]*)\)", line)[1].decode().split()
        out.append(Held(int(re.search(rb"UID (\d+)", line)[1]),
                        frozenset(flags) - {"\\Recent"},
                        re.search(rb'INTERNALDATE "([^"]+)"', line)[1],
                        item[1]))
    return out


def fetch_held(imap, mailbox):
    """What a mailbox holds, by UID; selects it."""
    status, data = imap.select('"%s"' % mailbox, readonly=True)
    if status != "OK":
        raise AssertionError((mailbox, data))
    _, data = imap.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])")
    return read_held(data)


def fetch_mailboxes(imap):
    """Names of the mailboxes that can be selected, sorted."""
    out = []
    for line in imap.list()[1]:
        match = re.fullmatch(rb'\(([^)]*)\) "/" "?(.*?)"?', line)
        if b"\\Noselect" not in match[1] and b"\\NonExistent" not in match[1]:
            out.append(match[2].decode())
    return sorted(out)


class Trace:
    """What the clients of an account and the server say from here on, as
    `roost trace` prints it.
    """

    def __init__(self, server, user):
        self.server = server
        self.user = user
        self.ends = 0
        self.out = tempfile.TemporaryFile()
        logged = self.count_logged()
        self.process = subprocess.Popen(
            [os.path.join(server.build, "roost"), "-c", server.conf,
             "trace", user], stdout=self.out)
        self.wait_for(lambda: self.count_logged() > logged)

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        self.out.close()

    def count_logged(self):
        return self.server.log().count("event=trace")

    @staticmethod
    def wait_for(is_so):
        end = time.monotonic() + PATIENCE_S
        while not is_so():
            if time.monotonic() > end:
                raise AssertionError("the trace is not complete")
            time.sleep(0.02)

    def read(self):
        fd = self.out.fileno()      # whose position is the writer's, too
        return os.pread(fd, os.fstat(fd).st_size, 0).decode("utf-8", "replace")

    def text(self):
        """All that was said up to now: a session of our own comes last."""
        self.ends += 1
        last = "end-of-trace-%d" % self.ends
        imap = support.harness.Raw(self.server.imaps_port).login(self.user)
        imap.run(b'ID ("name" "%s")' % last.encode())
        imap.close()
        self.wait_for(lambda: last in self.read())
        whole = self.read()
        return whole[:whole.rindex("# session", 0, whole.index(last))]

    def sent(self):
        """The commands of the clients alone, without their tags."""
        return re.findall(r"(?m)^C: \S+ (.*)$", self.text())


class ClientTest(support.ServerTest):
    def setUp(self):
        self.user = self.new_user()
        self.scratch = tempfile.mkdtemp(prefix="roost-client-")
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.scratch, *names)

    def write(self, name, content):
        """Writes a file of the scratch directory; its path."""
        with open(self.path(name), "wb") as f:
            f.write(content if isinstance(content, bytes)
                    else content.encode())
        os.chmod(self.path(name), 0o600)    # some hold the password
        return self.path(name)

    @property
    def certificate(self):
        return os.path.join(self.server.dir, "certificate.pem")

    def program(self, *command, status=0, timeout=PATIENCE_S, **more):
        """Runs a client; its output as bytes. Any other status fails."""
        done = subprocess.run(
            command, capture_output=True, timeout=timeout, cwd=self.scratch,
            env=dict(os.environ, HOME=self.scratch, LC_ALL="C.UTF-8"), **more)
        if status is not None:
            self.assertEqual(done.returncode, status, "%s\n%s\n%s" % (
                command, done.stdout.decode("utf-8", "replace"),
                done.stderr.decode("utf-8", "replace")))
        return done.stdout

    def trace(self):
        trace = Trace(self.server, self.user)
        self.addCleanup(trace.close)
        return trace

    # -- the server's side, seen through a connection of its own --

    def imap(self):
        imap = self.server.imap(self.user)
        self.addCleanup(self.close, imap)
        return imap

    @staticmethod
    def close(imap):
        try:
            imap.logout()
        except (OSError, imaplib.IMAP4.abort):
            pass

    def append(self, text, mailbox="INBOX", flags="", date=None):
        imap = self.server.imap(self.user)
        status, data = imap.append('"%s"' % mailbox, "(%s)" % flags, date,
                                   text)
        self.assertEqual(status, "OK", data)
        self.close(imap)

    def held(self, mailbox="INBOX", user=None):
        imap = self.server.imap(user or self.user)
        out = fetch_held(imap, mailbox)
        self.close(imap)
        return out

    def held_everywhere(self):
        """Mailbox name -> list of Held."""
        imap = self.server.imap(self.user)
        out = {box: fetch_held(imap, box) for box in fetch_mailboxes(imap)}
        self.close(imap)
        return out
