"""bar.py -- what the bars share: their two forms, figures, a verdict.

    bar = Bar("F1")
    with server(conf="gates = 1\n") as s:
        each = (memory_kb(s) - before) / n
        bar.need(each <= 64, "%.1f KiB a connection, at most 64" % each)
    bar.end("%.1f KiB a connection" % each)

A bar is a program of this folder, fNN. It runs against $ROOST_BUILD, prints
what it measures, and ends with one line, its figure; status 0: it holds.
With the argument `short` it takes at most some ten seconds and claims less;
what less is, it says itself. It may run where much else does, so no claim of
its is about how fast the machine is: in_time() is for that.
"""
import os
import resource
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests"))
sys.path.insert(0, os.path.join(ROOT, "bench"))
import harness      # noqa: E402
import proctree     # noqa: E402
import sockets      # noqa: E402


USERS = {"gate": "nobody", "auth": "daemon", "mail": "mail", "parse": "games",
         "outside": "man", "metrics": "news"}


class Bar:
    def __init__(self, name):
        # so that what it has started and made goes with it
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self.name = name
        self.short = "short" in sys.argv[1:]
        self.missed = []

    def say(self, text):
        print(text, flush=True)

    def need(self, holds, text):
        """One of the things that must be so for the bar to hold."""
        self.say("%s  %s" % ("ok" if holds else "NO", text))
        if not holds:
            self.missed.append(text)
        return holds

    def end(self, figure):
        """The last line, and the status."""
        self.say("%s%s: %s%s" % (
            self.name, " short" if self.short else "", figure,
            "" if not self.missed else " -- missed: " + self.missed[0]))
        sys.exit(bool(self.missed))

    def choose(self, long, short):
        return short if self.short else long

    def in_time(self, seconds):
        """A bound on time by the clock; in short only what hangs reaches it."""
        return self.choose(seconds, seconds + harness.PATIENCE_S)


# Of a bar that is not about how often somebody may try.
UNLIMITED = """failures_per_address = 0
failures_per_network = 0
failures_per_account = 0
spray_accounts = 0
"""


def server(conf=""):
    """As an operator runs it: where there is root to give, each kind of
    process is a user of its own."""
    users = ""
    if os.geteuid() == 0:
        users = "users = %s\n" % ", ".join("%s:%s" % of
                                           for of in USERS.items())
    s = harness.Server(conf=users + conf)
    os.chmod(s.top, 0o755)
    return s


def percentile(values, share):
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def memory_kb(server):
    """Pss of all processes of a server: shared pages counted once."""
    return proctree.pss_kb(server.process.pid)[0]


def settled_kb(server, seconds=5):
    """The same, once it has stopped falling."""
    least, end = memory_kb(server), time.time() + seconds
    while time.time() < end:
        time.sleep(0.3)
        now = memory_kb(server)
        if now > least * 0.995:
            return min(now, least)
        least = now
    return least


def allow_files():
    """As many open files as the machine gives us, here and in what we start."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def program(name, directory, *libraries):
    """Compiles name.c of this folder; the path of the program."""
    path = os.path.join(directory, name)
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE",
                    "-o", path, os.path.join(HERE, name + ".c"), *libraries],
                   check=True)
    return path
