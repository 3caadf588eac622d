"""strangers.py -- what strangers and what they send cost, of any server.

The same as some of the bars of tests/bars/, smaller and without a verdict, so
that others can be measured beside roost: connections that don't log in, a
flood of them beside people who do, hostile messages, readers that don't read,
and which commands say OK without having synced anything.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(os.path.dirname(HERE), "tests")
sys.path[1:1] = [TESTS, os.path.join(TESTS, "bars")]
import hostile                      # noqa: E402
import proctree                     # noqa: E402
from bar import percentile          # noqa: E402
from crowd import Crowd             # noqa: E402
from harness import Raw             # noqa: E402

SILENT = 300            # connections with TLS and without a log-in
FLOOD_S, FLOOD_RATE = 8, 2000
PEOPLE = 20             # each from a network of their own
LOGINS = 4              # of each of them, within the flood
READERS = 50
SCALE = 1 / 8           # of the hostile messages
MB_LEAST = 0.5          # a message that is smaller counts as this
SECONDS = 20            # a log-in that takes longer is lost

FETCHES = [b"ENVELOPE", b"BODYSTRUCTURE", b"BODY.PEEK[1]",
           b"BODY.PEEK[HEADER.FIELDS (To References)]"]
SEARCHES = [b"TEXT nothing-like-it", b"HEADER References nothing"]

# What changes something, after what prepares it.
CHANGES = [
    (b"CREATE one", []),
    (b"SUBSCRIBE one", []),
    (b"RENAME one two", []),
    (b"SETACL two user2@example.org lr", []),
    (b"DELETE two", []),
    (b"STORE 1 +FLAGS (\\Flagged)", [b"SELECT INBOX"]),
    (b"COPY 1 kept", [b"CREATE kept"]),
    (b"EXPUNGE", [b"STORE 2 +FLAGS (\\Deleted)"]),
    (b"MOVE 1 kept", []),
]
SYNC = re.compile(r"\b(fsync|fdatasync|msync|sync_file_range|syncfs|sync)\(")


def memory_kb(server):
    return proctree.pss_kb(server.pid)[0]


def log_in(server, n, tls=True, **more):
    return Raw(server.imaps if tls else server.imap, tls=tls, timeout=SECONDS,
               **more).login(server.user % n, server.password)


# -- those who say nothing --

def silent(server, directory):
    before = memory_kb(server)
    with Crowd(directory, "--port", server.imaps, "--count", SILENT, "--tls",
               "--rate", 100) as crowd:
        greeted, closed, _, _ = crowd.wait_up()
        time.sleep(1)
        return (memory_kb(server) - before) / max(greeted - closed, 1)


# -- a flood, and people --

class Person(threading.Thread):
    def __init__(self, server, n):
        super().__init__()
        self.server, self.n, self.took, self.lost = server, n, [], 0

    def run(self):
        for _ in range(LOGINS):
            start = time.time()
            try:
                log_in(self.server, self.n + 1,
                       source="127.200.%d.1" % self.n).close()
                self.took.append(time.time() - start)
            except (OSError, EOFError, AssertionError):
                self.lost += 1
            time.sleep(0.5)


def flood(server, directory):
    """(seconds that 99 of 100 log-ins took, the share of those lost)"""
    people = [Person(server, n) for n in range(PEOPLE)]
    with Crowd(directory, "--port", server.imaps, "--count", 16384, "--mixed",
               "--rate", FLOOD_RATE, "--networks", 64, "--first", 10,
               "--hosts", 250, "--again", FLOOD_S) as crowd:
        os.setpriority(os.PRIO_PROCESS, crowd.child.pid, 5)
        time.sleep(1)
        for p in people:
            p.start()
            time.sleep(0.1)
        for p in people:
            p.join()
    took = [t for p in people for t in p.took]
    lost = sum(p.lost for p in people) / (PEOPLE * LOGINS)
    return percentile(took, 0.99) if took else SECONDS, lost


# -- hostile mail --

def peak_kb(server):
    """The most that its processes have had, each for itself."""
    total = 0
    for pid in proctree.tree(server.pid):
        try:
            with open("/proc/%d/status" % pid) as f:
                peak = re.search(r"VmHWM:\s+(\d+)", f.read())
            total += int(peak[1]) if peak else 0    # a zombie has none
        except OSError:
            pass            # gone meanwhile
    return total


def appended(imap, text):
    imap.send(b"a APPEND INBOX {%d+}\r\n" % len(text) + text + b"\r\n")
    imap.until(b"a ")


def steps(imap, text):
    yield lambda: appended(imap, text)
    for item in FETCHES:
        yield lambda: imap.run(b"FETCH * " + item)
    for key in SEARCHES:
        yield lambda: imap.run(b"SEARCH * " + key)


def mail(server):
    """Of the worst step: (seconds of CPU a MB, MiB more than before)"""
    imap = log_in(server, 1)
    imap.run(b"SELECT INBOX")
    worst = most = 0
    for text in hostile.messages(SCALE).values():
        for step in steps(imap, text):
            cpu, kb = proctree.cpu_s(server.pid), peak_kb(server)
            step()
            cpu = proctree.cpu_s(server.pid) - cpu
            worst = max(worst, cpu / max(MB_LEAST, len(text) / 1e6))
            most = max(most, peak_kb(server) - kb)
    imap.close()
    return worst, most / 1024


# -- who asks and does not read --

def readers(server):
    imap = log_in(server, 2)
    appended(imap, b"Subject: much\r\n\r\n" + b"x" * 70 + (
        b"\r\n" + b"y" * 70) * 140000)
    imap.run(b"SELECT INBOX")
    imap.run(b"FETCH * BODY.PEEK[]")
    before = memory_kb(server)
    slow = [log_in(server, 2, receive=4096) for _ in range(READERS)]
    for raw in slow:
        raw.run(b"SELECT INBOX")
        raw.send(b"f FETCH * BODY.PEEK[]\r\n")
        raw.sock.recv(1)
    time.sleep(1)
    each = (memory_kb(server) - before) / READERS
    for raw in slow + [imap]:
        raw.close()
    return each


# -- what is on the disk when a command is OK --

class Watched:
    """The calls that sync, of a server and what it starts meanwhile."""

    def __init__(self, server, directory):
        self.path = os.path.join(directory, "calls")
        pids = [w for pid in proctree.tree(server.pid)
                for w in ("-p", str(pid))]
        self.child = subprocess.Popen(
            ["strace", "-f", "-q", "-e",
             "trace=fsync,fdatasync,msync,sync_file_range,syncfs,sync",
             "-o", self.path, *pids], stderr=subprocess.DEVNULL)
        time.sleep(1)

    def count(self):
        with open(self.path) as f:
            return len(SYNC.findall(f.read()))

    def end(self):
        self.child.send_signal(signal.SIGINT)
        self.child.wait()


def unsynced(server, directory):
    """(commands that said OK without a sync, those that said OK)"""
    imap = log_in(server, 3)
    watched = Watched(server, directory)
    missed = said = 0
    for command, before in CHANGES:
        for line in before:
            imap.run(line)
        time.sleep(0.3)     # what the one before has left to do
        was = watched.count()
        ok = b" OK" in imap.run(command)[-1]
        said += ok
        missed += ok and watched.count() == was
    watched.end()
    imap.close()
    return missed, said


def measure(server, out):
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as directory:
        missed, said = unsynced(server, directory)
        out["changing commands that sync nothing before OK"] = (
            missed, "of %d" % said)
        out["idle TLS connection before log-in"] = (
            silent(server, directory), "KiB")
        out["reader that does not read"] = readers(server), "KiB"
        cpu, kb = mail(server)
        out["hostile mail: worst CPU"] = cpu, "s/MB"
        out["hostile mail: most memory"] = kb, "MiB"
        server.stop()
        server.start()
        p99, lost = flood(server, directory)
        out["log-in in a flood: p99"] = p99 * 1000, "ms"
        out["log-in in a flood: lost"] = lost * 100, "%"
