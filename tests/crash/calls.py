#!/usr/bin/env python3
"""calls.py -- calls on sockets and for memory of a running server fail in turn.

usage: calls.py [--points N] [--seed S] [--only TEXT]

The script of faults.py, over plain connections and over TLS, runs against a
server one of whose processes has calls that fail: the n-th, or a few from
there on (fault_sockets.c, fault_memory.c, put before it with LD_PRELOAD).
Each pair of a role and a kind of failure has PER_PAIR points, spread over the
calls that it makes in the script; with N, fewer, or only some of the pairs.
A build with sanitizers has no points of memory: its allocator is theirs.

Nothing that was acknowledged may be missing. Sessions that say nothing
meanwhile stay, and clients come in afterwards. No process may die of a call
on sockets; of memory that isn't there one ends (src/base/mem.h), its parent
starts it again, and only its own clients notice. The parent takes all with
it, says why, and is started again by whoever looks after it, here by this
test. After each pair all is killed, and what is on the disk must be as good.
"""
import argparse
import os
import random
import re
import signal
import struct
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import faults  # noqa: E402
from admin import Admin  # noqa: E402
from client import Client, back  # noqa: E402
from harness import PATIENCE_S, Raw, Server, children  # noqa: E402
from ledger import Ledger  # noqa: E402

USER = "ann@example.org"
IDLE = ["idle%d@example.org" % n for n in range(6)]
PER_PAIR = 20           # points of a role and a kind of failure
LEAST_PER_PAIR = 3
SERVERS = 8             # the script waits more than it works
BAD_END = re.compile(r"(?m)^.*(?:Sanitizer: |runtime error: |"
                     r"signal=(?:SEGV|BUS|ILL|FPE|SYS)).*$")

# of enum fault_kind: its number, how many fail from there on, roles
ROLES = ["gate", "auth", "mail", "parse", "parent"]
KINDS = {
    "interrupted": (7, (1, 5), ROLES),
    "not now": (9, (1, 30), ROLES),
    "short": (3, (1, 30), ["gate", "mail"]),
    "reset": (10, (1, 3), ["gate", "mail"]),
    "closed": (11, (1, 3), ["gate", "mail"]),
    "no buffers": (12, (1, 5), ROLES),
    "no kernel memory": (6, (1, 3), ROLES),
    "aborted": (13, (1, 3), ["gate", "auth"]),
    "no descriptor": (5, (1, 3), ["gate", "auth"]),
    "no memory": (14, (1,), ROLES),
}


class Calls:
    """struct fault_state of fault.h, in memory that all share."""

    FORM = struct.Struct("QQIIQI16s4x")

    def __init__(self, path):
        with open(path, "wb") as f:
            f.write(bytes(self.FORM.size))
        self.file = open(path, "r+b", buffering=0)

    def write(self, *fields):
        self.file.seek(0)
        self.file.write(self.FORM.pack(*fields))

    def set(self, role, kind, at, lasts):
        self.write(0, at, kind, lasts, 0, 0, role.encode())

    def read(self):
        """(calls so far, how many have failed)"""
        self.file.seek(0)
        fields = self.FORM.unpack(self.file.read(self.FORM.size))
        return fields[0], fields[4]

    def clear(self):
        counts = self.read()
        self.write(0, 0, 0, 0, 0, 1, b"")
        return counts


class Script(faults.Script):
    """The same deeds, over TLS as well."""

    def __init__(self, *args, tls):
        super().__init__(*args)
        self.tls = tls

    def connect(self):
        return Client(self.server, self.ledger, tls=self.tls)


class Sweep:
    """Some roles and kinds of failure, one after the other, on a server."""

    def __init__(self, server, calls, seed):
        self.server, self.calls = server, calls
        self.rnd = random.Random(seed)
        self.ledger = Ledger(USER)
        self.admin = Admin(server)
        self.idle = {}
        self.points = 0
        self.at = None          # role, kind, call, how many
        self.scripts = self.settled = self.refused = self.lost = self.dead = 0

    def begin(self):
        self.server.start()
        self.server.add_user(USER)
        self.admin.credentials.begin()
        client = Client(self.server, self.ledger, tls=False)
        self.ledger.learn(client)
        client.close()
        for name in IDLE:
            self.server.add_user(name)
            self.sit(name)

    @staticmethod
    def is_tls(name):
        return IDLE.index(name) % 2 == 0

    def sit(self, name):
        """A session that says nothing while calls fail."""
        tls = self.is_tls(name)
        end = time.time() + PATIENCE_S
        while True:
            try:
                self.idle[name] = Raw(self.server.imaps_port if tls else
                                      self.server.imap_port, tls).login(name)
                return
            except (AssertionError, EOFError, OSError):
                if time.time() > end:
                    raise
                time.sleep(0.05)

    def script(self, role):
        """Why something was refused. The parent is told to reload, or it
        would have nothing to do with it."""
        self.scripts += 1
        if role == "parent":
            self.server.process.send_signal(signal.SIGHUP)
        script = Script(self.server, self.ledger, self.admin, self.scripts,
                        tls=self.scripts % 2 == 0)
        script.run()
        self.refused += script.refused
        self.lost += script.lost
        return script.why

    def count(self, role, kind):
        """How many calls the script makes, plain and over TLS."""
        counts = []
        for _ in range(2):
            self.calls.set(role, KINDS[kind][0], 0, 0)
            why = self.script(role)
            if why is not None:
                raise AssertionError("refused without a fault: %s" % why)
            counts.append(self.calls.clear()[0])
            self.settle()
        return counts

    def run(self, role, kind, points):
        counts = self.count(role, kind)
        durations = KINDS[kind][1]
        places = points // len(durations) + 1
        for n in range(points):
            most = counts[self.scripts % 2]
            share = (n // len(durations) + self.rnd.random()) / places
            if most != 0:
                self.point(role, kind, 1 + int(share * most),
                           durations[n % len(durations)])
        self.restart()

    def point(self, role, kind, at, lasts):
        self.at = role, kind, at, lasts
        died = self.deaths()
        below = children(self.server.process.pid)
        self.calls.set(role, KINDS[kind][0], at, lasts)
        self.script(role)
        self.points += self.calls.clear()[1] > 0
        if kind == "no memory" and self.server.process.poll() is not None:
            self.revive(below)
        self.settle()
        self.judge(role, kind, self.deaths() - died)

    def revive(self, below):
        """The parent is gone, and so must be those below it."""
        if self.server.process.returncode == 0 or \
           "event=out_of_memory" not in self.server.log()[-2000:]:
            raise AssertionError("the parent has ended without a word")
        end = time.time() + PATIENCE_S
        while any(map(is_running, below)):
            if time.time() > end:
                raise AssertionError("a process outlives its parent")
            time.sleep(0.01)
        self.dead += 1
        self.server.start()
        for name in IDLE:
            self.idle.pop(name).close()
            self.sit(name)

    def deaths(self):
        return self.server.log().count("event=child_died")

    def judge(self, role, kind, died):
        """Who has died, and who has noticed."""
        bad = BAD_END.findall(self.server.log())
        if bad:
            raise AssertionError("\n".join(bad[:5]))
        if died and kind != "no memory":
            raise AssertionError("a process has ended")
        self.dead += died
        for name in IDLE:
            try:
                said = self.idle[name].run(b"NOOP")[-1]
            except (EOFError, OSError):
                said = b""
            if b" OK" in said:
                continue
            if not died or not self.may_notice(role, name):
                raise AssertionError("%s was idle, and is gone" % name)
            self.idle.pop(name).close()
            self.sit(name)

    def may_notice(self, role, name):
        """Without TLS a session has left the gate."""
        return role == "mail" or (role == "gate" and self.is_tls(name))

    def settle(self):
        """What was acknowledged is there, and more is taken."""
        client = back(self.server, self.ledger)
        self.ledger.verify(client)
        self.admin.verify()
        if faults.GUEST in self.admin.there:
            self.admin.remove(faults.GUEST)
        self.settled += 1
        client.append("Trash", [("s%d" % self.settled, 200, [])])
        client.deliver("r%d" % self.settled, 200)
        faults.tidy(client, self.ledger)
        client.close()

    def restart(self):
        for raw in self.idle.values():
            raw.close()
        self.idle = {}
        self.server.kill()
        self.server.start()
        self.settle()
        checked = self.server.roost("store", "check", check=False)
        if checked.returncode != 0:
            raise AssertionError("store check: " + checked.stdout
                                 + checked.stderr)
        for name in IDLE:
            self.sit(name)


def is_running(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


# -- the whole --

def prepare(own):
    """A server before which the calls are."""
    server = Server(directory=own, conf="trusted_networks = 127.0.0.1\n",
                    env={"ASAN_OPTIONS": "verify_asan_link_order=0"})
    state = os.path.join(own, "state")
    calls = Calls(state)
    calls.clear()
    sources = ["fault.c", "fault_sockets.c"]
    sources += [] if server.is_sanitized() else ["fault_memory.c"]
    server.daemon_env = {"LD_PRELOAD": faults.build_preload(own, *sources),
                         "FAULT_STATE": state}
    return server, calls


def sweep(top, pairs, points, seed):
    """In a process of its own: points, what went wrong, what it did."""
    began = time.time()
    server, calls = prepare(tempfile.mkdtemp(dir=top))
    s = Sweep(server, calls, seed)
    error = None
    try:
        s.begin()
        for role, kind in pairs:
            s.run(role, kind, points)
    except Exception:
        error = "at %r:\n%s%s" % (s.at, traceback.format_exc(),
                                  server.log()[-4000:])
    finally:
        calls.clear()
        if server.process is not None:
            server.kill()
    return s.points, error, (
        "%s: %d points, %d refused, %d sessions lost, %d processes ended, "
        "%d acknowledged, %d s" % (
            "; ".join("%s, %s" % p for p in pairs), s.points, s.refused,
            s.lost, s.dead,
            s.ledger.acknowledged + s.admin.all_acknowledged(),
            time.time() - began))


def jobs(points, seed, only):
    """Pairs of role and kind for one server each, and points of each pair."""
    pairs = [(role, kind) for kind, (_, _, roles) in KINDS.items()
             for role in roles if only in "%s, %s" % (role, kind)]
    random.Random(seed).shuffle(pairs)
    each = PER_PAIR
    if points is not None and points < each * len(pairs):
        each = max(LEAST_PER_PAIR, points // len(pairs))
        pairs = pairs[:points // each]
    return [pairs[i::SERVERS] for i in range(SERVERS) if pairs[i::SERVERS]], \
        each


def run(points, seed, only):
    lists, each = jobs(points, seed, only)
    done, failed = faults.run_sweeps(SERVERS, sweep, [
        (pairs, each, seed) for pairs in lists])
    print("%d points; %d violations" % (done, failed))
    return failed


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--points", type=int)
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--only", default="", help="part of \"role, kind\"")
    args = ap.parse_args()
    sys.exit(run(args.points, args.seed, args.only) != 0)


if __name__ == "__main__":
    main()
