"""attack.py -- what owners notice of a thousand addresses that try passwords.

1,000 addresses, each in a network of its own, try 10,000 accounts, as fast as
they are answered. Meanwhile 100 people log in, each from where they always
do, and have 100 sessions open, of which one at a time sends a command. First
with passwords that were right a moment ago; then ("new") with none that are
remembered, so that owners need the cores, too, which attackers keep busy.
"""
import os
import subprocess
import sys
import threading
import time

import logins
import proctree

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(os.path.dirname(HERE), "tests")
sys.path[1:1] = [TESTS, os.path.join(TESTS, "bars")]
from bar import percentile          # noqa: E402
from harness import Raw             # noqa: E402

ADDRESSES, ACCOUNTS = 1000, 10000
OWNERS, HOME = 100, 200         # from 127.200.0.1, 127.200.1.1 and on
PATIENCE_MS = 30000
# each logs in so often; hashes take up to half of a core
PAUSE_MS = {"": 2000, ", new": 20000}
COMMANDS_A_SECOND = 100
TLS = "--tls"


def knock(args, server, *more):
    return subprocess.Popen(
        [os.path.join(args.build, "bench", "bench-knock"), "--port",
         str(server.imaps), "--user", server.user, TLS, *map(str, more)],
        stdout=subprocess.PIPE, text=True)


class Working(threading.Thread):
    """Sessions that send a NOOP in turn; how long the answers take."""

    def __init__(self, server, users):
        super().__init__(daemon=True)
        self.sessions = [Raw(server.imaps, source="127.%d.%d.1" % (HOME, i))
                         .login(server.user % (i % users + 1),
                                server.password) for i in range(OWNERS)]
        self.ends, self.took, self.failed = False, [], None

    def run(self):
        turn = 0
        while not self.ends:
            raw = self.sessions[turn % OWNERS]
            start = time.perf_counter()
            try:
                raw.run(b"NOOP")
            except (EOFError, OSError) as e:
                self.failed = e
                return
            self.took.append(time.perf_counter() - start)
            time.sleep(1 / COMMANDS_A_SECOND)
            turn += 1

    def end(self):
        """What was measured since the last time."""
        if self.failed is not None:
            raise RuntimeError("a session was lost: %r" % self.failed)
        took, self.took = self.took, []
        return took


def answer_of(args, child, whose):
    """It ends by itself but for a server that doesn't answer."""
    try:
        r = logins.answer_of(child, 4 * args.seconds + 4 * PATIENCE_MS / 1000)
    finally:
        child.kill()
    if r is None:
        raise RuntimeError("%s: log-ins without an answer" % whose)
    return r


def phase(args, server, users, pause_ms, working, out, title):
    """The owners' log-ins, and the commands meanwhile."""
    working.end()
    owners = knock(args, server, "--users", users, "--password",
                   server.password, "--clients", OWNERS, "--sources", OWNERS,
                   "--first", HOME, "--pause", pause_ms, "--seconds",
                   args.seconds)
    r = answer_of(args, owners, "owners")
    took = working.end()
    lost = r["refused"] + r["busy"] + r["unanswered"]
    out["%s: log-ins lost" % title] = (
        100 * lost / max(1, lost + r["logins"]), "%")
    for share in (50, 99):
        out["%s: log-in, p%d" % (title, share)] = r["p%d_ms" % share], "ms"
        out["%s: NOOP, p%d" % (title, share)] = (
            percentile(took, share / 100) * 1000, "ms")


class Attackers:
    def __init__(self, args, server):
        self.child = knock(
            args, server, "--wrong", "--users", ACCOUNTS, "--clients",
            ADDRESSES, "--sources", ADDRESSES, "--first", 10, "--patience",
            PATIENCE_MS, "--seconds", 3 * args.seconds)
        os.setpriority(os.PRIO_PROCESS, self.child.pid, 5)

    def wait(self, args):
        return answer_of(args, self.child, "attackers")

    def end(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.communicate()


def count(server, reasons):
    """How often the log has each reason."""
    with open(os.path.join(server.dir, "bench.log"), errors="replace") as f:
        text = f.read()
    return [text.count('reason="%s' % r) for r in reasons]


REASONS = ["wrong password", "no such user", "too many log-ins", "locked out",
           "too many attempts"]


def one(args, server, users, kind, out):
    working = Working(server, users)
    working.start()
    attack = None
    try:
        pause = PAUSE_MS[kind]
        phase(args, server, users, pause, working, out, "100 owners" + kind)
        memory, cpu = proctree.pss_kb(server.pid)[0], proctree.cpu_s(server.pid)
        were = count(server, REASONS)
        attack = Attackers(args, server)
        time.sleep(args.seconds / 2)
        phase(args, server, users, pause, working, out,
              "100 owners, attacked" + kind)
        out["attack%s: memory, more" % kind] = (
            (proctree.pss_kb(server.pid)[0] - memory) / 1024, "MiB")
        r = attack.wait(args)
    finally:
        working.ends = True
        if attack is not None:
            attack.end()
        working.join()
    tell(out, "attack" + kind, r, proctree.cpu_s(server.pid) - cpu, [
        now - was for now, was in zip(count(server, REASONS), were)])


def tell(out, title, r, cpu_s, reasons):
    tries = r["refused"] + r["busy"] + r["unanswered"]
    compared = reasons[0] + reasons[1]
    out["%s: tries" % title] = tries / r["seconds"], "/s"
    out["%s: server CPU" % title] = 100 * cpu_s / r["seconds"], "% of a core"
    out["%s: compared with a hash" % title] = (
        100 * compared / max(1, sum(reasons)), "% of tries")
    out["%s: let in" % title] = r["logins"], "of %d" % tries


def measure(args, server, users, out):
    if server.name != "roost":
        return
    for kind, conf in (("", ""), (", new", logins.FORGETS)):
        with logins.configured(server, conf):
            one(args, server, users, kind, out)
