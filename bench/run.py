#!/usr/bin/env python3
"""run.py -- the same work for Debian's Dovecot, its Cyrus, and roost.

usage: run.py [--build DIR] [--seconds S] [--big N[,N]] [--idle N]
              [--peers NAME,...] [--only WORD,...] [--out FILE]

The servers run on loopback, one at a time, on this machine, with the same
accounts. Prints a table with roost's ratio to each peer; with --out writes
it as Markdown, with the machine and the date. What a peer hasn't got has
no figure.
"""
import argparse
import contextlib
import datetime
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import attack       # noqa: E402
import big          # noqa: E402
import logins       # noqa: E402
import proctree     # noqa: E402
import strangers    # noqa: E402

USERS = 50


class Peer:
    """Another's server: what bench/`script` starts and stops."""
    password = "pass"
    user = "user%d@example.org"
    more = ""

    def __init__(self, directory, port, _build):
        self.dir, self.imap, self.imaps, self.lmtp = (
            directory, port, port + 1, port + 2)

    def start(self, synced=True):
        more = os.path.join(self.dir, "more.conf")
        with open(more, "w") as f:
            f.write(self.settings(synced) + self.more)
        self._script("start", self.dir, str(self.imap), more)
        self.pid = int(self._script("pid", self.dir))

    def stop(self):
        self._script("stop", self.dir)

    def _script(self, *args):
        return subprocess.run([os.path.join(HERE, self.script), *args],
                              check=True, stdout=subprocess.PIPE,
                              text=True).stdout


class Dovecot(Peer):
    name, script = "Dovecot", "dovecot"

    @staticmethod
    def version():
        return output_of("dovecot", "--version").split()[0]

    @contextlib.contextmanager
    def with_password(self, stored, more):
        """Started anew, with that for everybody's password and more settings;
        then as it was."""
        self.stop()
        os.environ["DOVECOT_PASSWORD"], self.more = stored, more
        try:
            self.start()
            yield
        finally:
            self.stop()
            del os.environ["DOVECOT_PASSWORD"]
            self.more = ""
            self.start()

    @staticmethod
    def settings(synced):
        return ("protocol imap {\n  mail_plugins = imap_zlib\n}\n" +
                ("" if synced else "mail_fsync = never\n"))


class Cyrus(Peer):
    name, script = "Cyrus", "cyrus"

    @staticmethod
    def version():
        return output_of("dpkg-query", "-W", "-f", "${Version}",
                         "cyrus-common").split("-")[0]

    @staticmethod
    def settings(_synced):
        return ""


class Roost:
    name, password = "roost", "pass"
    user = "user%d@example.org"

    def __init__(self, directory, port, build):
        self.dir, self.build = os.path.join(directory, "roost"), build
        self.imap, self.imaps, self.lmtp = port, port + 1, port + 2
        self.roost("init", self.dir, "--imap-port", str(port),
                    "--imaps-port", str(port + 1),
                    "--lmtp-port", str(port + 2), "--hostname", "localhost")
        self.conf = os.path.join(self.dir, "roost.conf")
        with open(self.conf, "a") as f:
            f.write(ROOST_CONF)
        try:
            self.start()
            for n in range(1, USERS + 1):
                self.roost("-c", self.conf, "user", "add", self.user % n,
                           stdin=self.password + "\n")
        finally:
            self.stop()

    def start(self, synced=True):
        """`synced`: what the peers are told; here each OK is durable."""
        self.log = open(os.path.join(self.dir, "bench.log"), "a")
        self.process = subprocess.Popen(
            [os.path.join(self.build, "roostd"), "-c", self.conf, "-F"],
            stderr=self.log, stdout=self.log, stdin=subprocess.DEVNULL)
        self.pid = self.process.pid
        wait_port(self.imap)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()

    def roost(self, *args, stdin=""):
        return subprocess.run([os.path.join(self.build, "roost"), *args],
                              check=True, input=stdin, text=True,
                              stdout=subprocess.PIPE).stdout


# Plain-text log-in from loopback, and no limit on what one address may do.
ROOST_CONF = "trusted_networks = 127.0.0.1\n"


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout


def wait_port(port):
    """Until somebody speaks there: that it listens comes first."""
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as s:
                if s.recv(1):
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit("nothing answers on port %d" % port)


def load(args, server, workload, tls=False, clients=50, **more):
    """Runs load(1) against the server: its JSON and the server's CPU."""
    port = (server.lmtp if workload == "lmtp" else
            server.imaps if tls else server.imap)
    command = [os.path.join(args.build, "bench", "bench-load"), "--port", str(port),
               "--clients", str(clients), "--users", str(USERS),
               "--user", server.user, "--password", server.password,
               "--seconds", str(args.seconds), workload]
    if tls:
        command.append("--tls")
    for key, value in more.items():
        command += ["--" + key, str(value)]
    before = proctree.cpu_s(server.pid)
    done = subprocess.run(command, capture_output=True, text=True)
    cpu = proctree.cpu_s(server.pid) - before
    if not done.stdout:
        raise SystemExit("%s: %s" % (server.name, done.stderr))
    out = json.loads(done.stdout)
    if out["failures"]:
        print("%s, %s: %d failures\n%s" % (
            server.name, workload, out["failures"], done.stderr),
            file=sys.stderr)
    out["cpu_s"] = cpu
    return out


# workload, what is counted, with TLS? Those that fill mailboxes come last: the
# faster server would have to work in the larger ones.
RATES = [("login", "logins", False), ("login", "logins", True),
         ("noop", "commands", False), ("store", "commands", False),
         ("fetch", "commands", False), ("long", "commands", False),
         ("short", "commands", False), ("append", "messages", False),
         ("multiappend", "messages", False), ("lmtp", "messages", False)]
SYNCED = 10000          # messages that filling a mailbox is measured by
SOME = 100              # messages in each INBOX when it begins


class Figures(dict):
    """What was measured of one server; each figure is told as it comes."""

    def __init__(self, server):
        super().__init__()
        self.server = server

    def __setitem__(self, name, figure):
        super().__setitem__(name, figure)
        print("%s: %s: %s %s" % (self.server, name, number(figure[0]),
                                 figure[1]), file=sys.stderr, flush=True)


def rates(args, server, out):
    for workload, unit, tls in RATES:
        if args.only and workload not in args.only:
            continue
        r = load(args, server, workload, tls)
        title = "%s %s/s%s" % (workload, unit, " (TLS)" if tls else "")
        count = max(r[unit], 1)
        out[title] = (r[unit] / r["seconds"], "/s")
        out[title + ": server CPU each"] = (r["cpu_s"] / count * 1e6, "us")
        out[title + ": p99"] = (r["p99_ms"], "ms")


def idle(args, server, out):
    """Memory a logged-in, idling session costs."""
    for tls in (False, True):
        port = server.imaps if tls else server.imap
        command = [os.path.join(args.build, "bench", "bench-load"), "--port", str(port),
                   "--clients", str(args.idle), "--users", str(USERS),
                   "--user", server.user, "--password", server.password,
                   "--seconds", "0", "idle"] + (["--tls"] if tls else [])
        server.stop()       # so that nothing earlier is given back meanwhile
        server.start()
        load(args, server, "login", tls, seconds=1)
        before = proctree.pss_kb(server.pid)[0]
        child = subprocess.Popen(command, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        child.stdout.readline()
        time.sleep(3)
        after = proctree.pss_kb(server.pid)[0]
        child.stdin.close()
        child.wait()
        out["idle session, %d of them%s" % (
            args.idle, " (TLS)" if tls else "")] = (
                (after - before) / args.idle, "KiB")
        time.sleep(2)


def restart(server, synced=True):
    server.stop()
    server.start(synced)


def bigs(args, server, out):
    for count in args.big:
        mailbox, user = "big%d" % count, server.user % 1
        to = server.imap, user, server.password, mailbox
        some = min(count, SYNCED)
        out["%d messages: filling" % count] = (
            some / big.fill(*to, some), "/s")
        restart(server, synced=False)
        big.fill(*to, count, done=some)
        restart(server)     # what the client meets in the morning
        before = proctree.cpu_s(server.pid)
        tell(out, count, big.times(*to, count))
        out["%d messages: server CPU of all that" % count] = (
            (proctree.cpu_s(server.pid) - before) * 1000, "ms")
        total, anonymous = proctree.pss_kb(server.pid)
        out["%d messages: memory afterwards" % count] = (total / 1024, "MiB")
        out["%d messages: of it no file's" % count] = (
            anonymous / 1024, "MiB")
        known = big.change(*to, count)
        restart(server)
        tell(out, count, big.resync(*to, known))


def tell(out, count, times):
    for name, s in times.items():
        out["%d messages: %s" % (count, name)] = (s * 1000, "ms")


def notify(args, server, out):
    try:
        times = big.notified(server.imap, server.user % 2, server.password)
    except big.Refused:
        return
    for name, s in times.items():
        out[name] = (s * 1000, "ms")


def measure(args, kind, port):
    with tempfile.TemporaryDirectory(prefix="roost-bench-",
                                     ignore_cleanup_errors=True) as directory:
        server = kind(directory, port, args.build)
        try:
            server.start()
            return figures(args, server)
        finally:
            server.stop()


def figures(args, server):
    out = Figures(server.name)
    for n in range(1, USERS + 1):
        big.fill(server.imap, server.user % n, server.password, "INBOX", SOME)
    if args.idle and not args.only or "idle" in args.only:
        idle(args, server, out)
    rates(args, server, out)
    if not args.only or "notify" in args.only:
        notify(args, server, out)
    if not args.only or "logins" in args.only:
        logins.measure(args, server, USERS, out)
    if not args.only or "strangers" in args.only:
        strangers.measure(server, out)
    if not args.only or "attack" in args.only:
        attack.measure(args, server, USERS, out)
    bigs(args, server, out)
    return out


def table(peers, ours):
    """peers: name -> Figures"""
    yield "| work | %s | roost | %s |" % (
        " | ".join(peers), " | ".join("to " + name for name in peers))
    yield "|---|" + "---:|" * (2 * len(peers) + 1)
    for work, mine in ours.items():
        theirs = [p.get(work) for p in peers.values()]
        yield "| %s |" % " | ".join(
            [work] + [figure(f) for f in theirs] + [figure(mine)] +
            ["" if f is None else ratio(f, mine) for f in theirs])


def figure(f):
    return "" if f is None else "%s %s" % (number(f[0]), f[1])


def ratio(other, mine):
    """How many times better; a rate is better when it is greater. Nothing
    can't be compared."""
    better, worse = (mine, other) if mine[1] == "/s" else (other, mine)
    return "%.1f" % (better[0] / worse[0]) if worse[0] else ""


def number(x):
    return "%.0f" % x if x >= 100 or x == 0 else "%.1f" % x if x >= 1 else "%.3f" % x


def machine(peers):
    with open("/proc/cpuinfo") as f:
        model = next(line.split(":", 1)[1].strip() for line in f
                     if line.startswith("model name"))
    return ("%s, %d cores (shared by client and server), Linux %s, %s; "
            "load %.1f at the end; %s" % (
                model, os.cpu_count(), platform.release().split("-")[0],
                ", ".join("%s %s" % (p.name, p.version()) for p in peers),
                os.getloadavg()[2], datetime.date.today().isoformat()))


PEERS = [Dovecot, Cyrus]


def options():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--build", default="build/release")
    ap.add_argument("--seconds", type=float, default=8)
    ap.add_argument("--big", default="100000,1000000")
    ap.add_argument("--idle", type=int, default=2000)
    ap.add_argument("--peers", default="dovecot,cyrus")
    ap.add_argument("--only", default="")
    ap.add_argument("--out")
    args = ap.parse_args()
    args.big = [int(n) for n in args.big.split(",") if n]
    args.only = [w for w in args.only.split(",") if w]
    args.peers = [p for p in PEERS if p.script in args.peers.split(",")]
    return args


def main():
    args = options()
    # what is started is stopped, however this ends
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    theirs = {p.name: measure(args, p, 17143) for p in args.peers}
    ours = measure(args, Roost, 17243)
    lines = [machine(args.peers), "",
             "A ratio above 1 is in roost's favour.", ""]
    lines += table(theirs, ours)
    print("\n".join(lines))
    if args.out:
        with open(args.out, "w") as f:
            f.write("# Measured side by side\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
