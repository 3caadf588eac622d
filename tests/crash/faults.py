#!/usr/bin/env python3
"""faults.py -- every disk operation of a running server fails in turn.

usage: faults.py [--every K] [--jobs N] [--only N]

A script of all that changes mail and accounts runs against a server whose
n-th disk operation fails, once or from then on, for every n (every K-th)
until the script gets by without; the same with the operations of a start.
While it lasts nothing may be acknowledged that isn't there. Then the fault
is cleared: service must return by itself, and whatever had been in doubt
stays as it is found now. After a restart (a kill and an orderly one take
turns) everything is there still and `roost store check` finds nothing.

faultfs.c is put before the server with LD_PRELOAD. For this the server is
the one without sanitizers: they stand before the same functions of libc, in
an order that would decide which operations are counted.
"""
import argparse
import concurrent.futures
import mmap
import os
import struct
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from admin import Admin  # noqa: E402
from client import Client, Gone, Refused, back  # noqa: E402
from harness import PATIENCE_S, Server  # noqa: E402
from ledger import Ledger, text_of  # noqa: E402

USER = "ann@example.org"
GUEST = "guest0@example.org"
SMALL = 500
LARGE = 300 << 10       # goes to the disk before its commit
QUIET_RUNS = 2          # without a fault: there are no more operations
PARTS = 4               # of a sweep of every operation, each a server
START_S = 3             # then it can serve nothing, or is about to end
AT_ONCE = 8             # of them a core: they wait more than they work

# What is no part of this, in little time.
CONF = """trusted_networks = 127.0.0.1
password_memory = 1M
password_passes = 1
refusal_time = 1
"""

FAULTS = [("no space", 1), ("error", 2), ("short write", 3)]


class Disk:
    """struct fault_state of faultfs.h, in memory that all share."""

    FORM = struct.Struct("256sQQIIQ")

    def __init__(self, path, below):
        with open(path, "wb") as f:
            f.write(self.FORM.pack(below.encode(), 0, 0, 0, 0, 0))
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), self.FORM.size)
        self.below = below

    def set(self, kind, at, forever):
        self.map[:] = self.FORM.pack(self.below.encode(), 0, at, kind,
                                     forever, 0)

    def failed(self):
        return self.FORM.unpack(self.map[:])[5]

    def clear(self):
        """How many have failed; from now on none does."""
        failed = self.failed()
        self.set(0, 0, False)
        return failed


class Script:
    """What is in doubt isn't touched again until it has been settled."""

    def __init__(self, server, ledger, admin, number):
        self.server, self.ledger, self.admin = server, ledger, admin
        self.tag = "m%d" % number
        self.box = "Box%d" % number
        self.new = "New%d" % number
        self.client = None
        self.refused = 0
        self.lost = 0           # sessions
        self.why = None         # the last of them

    def run(self):
        for step in (self.deliver, self.append, self.append_large,
                     self.multiappend, self.store, self.create, self.copy,
                     self.move, self.catenate, self.replace, self.subscribe,
                     self.annotate, self.share, self.rename, self.expunge,
                     self.delete, self.unsubscribe, self.unset, self.limit,
                     self.hide, self.offer, self.add_user, self.remove_user,
                     *self.admin.credentials.deeds()):
            if not self.attempt(step):
                break
        if self.client is not None:
            self.client.close()

    def connect(self):
        return Client(self.server, self.ledger, tls=False)

    def attempt(self, step):
        """False: there is no getting in."""
        try:
            if self.client is None:
                self.client = self.connect()
        except (Gone, Refused) as e:
            self.why = e
            self.refused += 1
            return False
        try:
            step()
        except Refused as e:
            self.why = e
            self.refused += 1
        except Gone as e:
            self.why = e
            self.lost += 1
            self.client.close()
            self.client = None
        return True

    # -- what can be used --

    def picked(self, letters, box):
        out = [(m, c) for m, c in self.ledger.copies()
               if m[:-1] == self.tag and m[-1] in letters and c.box == box
               and not self.ledger.in_doubt(("message", m))]
        return out

    def is_sure(self, box):
        return ("mailbox", box) in self.ledger.state and not any(
            key == ("mailbox", box) or key[0] == "message"
            and any(c.box == box for c in value or ())
            for change in self.ledger.doubts
            for key, value in change.items())

    # -- the steps --

    def deliver(self):
        self.client.deliver(self.tag + "a", 2000)

    def append(self):
        self.client.append("INBOX", [(self.tag + "b", SMALL, ["\\Seen"])])

    def append_large(self):
        self.client.append("INBOX", [(self.tag + "c", LARGE, ["$Later"])])

    def multiappend(self):
        self.client.append("Archive", [(self.tag + "d", 3000, []),
                                       (self.tag + "e", LARGE, []),
                                       (self.tag + "f", 100, [])])

    def store(self):
        picked = self.picked("bc", "INBOX")
        if picked:
            self.client.store(picked, "\\Flagged", True)

    def create(self):
        self.client.create(self.box)

    def copy(self):
        picked = self.picked("bc", "INBOX")
        if picked and self.is_sure(self.box):
            self.client.transfer("COPY", picked, self.box)

    def move(self):
        picked = self.picked("df", "Archive")
        if picked:
            self.client.transfer("MOVE", picked, "Trash")

    def catenate(self):
        for _, copy in self.picked("b", "INBOX"):
            self.client.catenate("Archive", self.tag + "g", 300, copy,
                                 text_of(self.tag + "b", SMALL))

    def replace(self):
        for old in self.picked("c", "INBOX"):
            self.client.replace(old, self.tag + "h", 1000)

    def annotate(self):
        if not self.ledger.in_doubt(("annotation",)):
            self.client.annotate(self.tag)

    def share(self):
        if not self.ledger.in_doubt(("rights",)):
            self.client.share("lr")

    def unset(self):
        for key, unset in ((("annotation",), self.client.annotate),
                           (("rights",), self.client.share)):
            if not self.ledger.in_doubt(key):
                unset(None)

    def limit(self):
        if not self.ledger.in_doubt(("quota",)):
            self.client.limit(1000 + self.ledger.acknowledged)

    def hide(self):
        if ("hidden",) not in self.ledger.state and \
           not self.ledger.in_doubt(("hidden",)):
            self.client.hide(True)

    def offer(self):
        if ("hidden",) in self.ledger.state and \
           not self.ledger.in_doubt(("hidden",)):
            self.client.hide(False)

    def subscribe(self):
        self.client.subscribe(self.box, True)

    def rename(self):
        if self.is_sure(self.box):
            self.client.rename(self.box, self.new)

    def expunge(self):
        picked = self.picked("b", "INBOX")
        if picked:
            self.client.expunge(picked, True)

    def delete(self):
        for box in (self.new, self.box):
            if self.is_sure(box):
                self.client.delete(box)

    def unsubscribe(self):
        if not self.ledger.in_doubt(("subscribed", self.box)):
            self.client.subscribe(self.box, False)

    def add_user(self):
        self.admin.add(GUEST)

    def remove_user(self):
        if GUEST in self.admin.there and self.admin.doubt is None:
            self.admin.remove(GUEST)


def tidy(client, ledger):
    """Leaves little for the next run."""
    for box in ledger.mailboxes():
        if box.startswith(("Box", "New")):
            client.delete(box)
    for box in ("INBOX", "Archive", "Trash"):
        picked = [p for p in ledger.copies() if p[1].box == box]
        if picked:
            client.expunge(picked, True)


class Sweep:
    """One kind of fault at every operation of the script, or of a start."""

    def __init__(self, server, disk, kind, forever):
        self.server, self.disk = server, disk
        self.kind, self.forever = kind, forever
        self.ledger = Ledger(USER)
        self.admin = Admin(server)
        self.points = self.refused = self.lost = self.numbers = self.at = 0

    def begin(self):
        self.server.start()
        self.server.add_user(USER)
        self.admin.credentials.begin()
        client = Client(self.server, self.ledger, tls=False)
        self.ledger.learn(client)
        client.close()

    def every(self, run, first, step):
        self.at, quiet = first, 0
        while quiet < QUIET_RUNS:
            self.numbers += 1
            failed = run(self.at)
            self.recover()
            quiet = 0 if failed else quiet + 1
            self.points += failed > 0
            self.at += step

    def of_script(self, at):
        script = Script(self.server, self.ledger, self.admin, self.numbers)
        self.disk.set(self.kind, at, self.forever)
        script.run()
        failed = self.disk.clear()
        if script.refused + script.lost and not failed:
            raise AssertionError("refused without a fault")
        self.refused += script.refused
        self.lost += script.lost
        return failed

    def of_start(self, at):
        """It may end at once, or serve what it can."""
        self.stop()
        self.disk.set(self.kind, at, self.forever)
        try:
            self.server.start(START_S)
            script = Script(self.server, self.ledger, self.admin,
                            self.numbers)
            script.attempt(script.append)
            self.refused += script.refused
            self.lost += script.lost
        except RuntimeError:
            self.refused += 1
        failed = self.disk.clear()
        self.come_back()
        return failed

    def come_back(self):
        """One that can't serve may take its time to end."""
        end = time.time() + PATIENCE_S
        while time.time() < end:
            if self.server.process.poll() is not None:
                self.server.start()
            try:
                Client(self.server, self.ledger, tls=False).close()
                return
            except (Gone, Refused):
                time.sleep(0.05)
        raise AssertionError("it does not come back")

    def stop(self):
        if self.numbers % 2:
            self.server.kill()
        elif self.server.stop() != 0:
            raise AssertionError("a bad end")

    def recover(self):
        self.verify()
        self.stop()
        self.server.start()
        client = self.verify()
        checked = self.server.roost("store", "check", check=False)
        if checked.returncode != 0:
            raise AssertionError("store check: " + checked.stdout
                                 + checked.stderr)
        tidy(client, self.ledger)
        client.close()

    def verify(self):
        client = back(self.server, self.ledger)
        self.ledger.verify(client)
        self.admin.verify()
        n = self.ledger.acknowledged
        client.deliver("r%d" % n, 200)
        client.append("Trash", [("s%d" % n, 200, [])])
        return client


# -- the whole --

def build_preload(top, *sources):
    """A library to put before a server's own."""
    path = os.path.join(top, "preload.so")
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-D_GNU_SOURCE",
                    "-U_FORTIFY_SOURCE", "-o", path]
                   + [os.path.join(HERE, x) for x in sources] + ["-ldl"],
                   check=True)
    return path


def run_sweeps(at_once, sweep, arguments):
    """Calls sweep(top, *arguments), each in a process of its own, which
    returns its points, what went wrong, and a line that sums it up. How many
    points there were, how many went wrong."""
    points = failed = 0
    with tempfile.TemporaryDirectory(prefix="roost-faults-") as top, \
            concurrent.futures.ProcessPoolExecutor(at_once) as pool:
        under_way = [pool.submit(sweep, top, *a) for a in arguments]
        for future in concurrent.futures.as_completed(under_way):
            n, error, line = future.result()
            points += n
            failed += error is not None
            print(line + ("" if error is None else "\n" + error), flush=True)
    return points, failed


def parts_of(every):
    return max(1, PARTS // every)


def jobs(every, only):
    """(name, kind, for ever, starting, first operation), each a server of
    its own; only: those of one sweep, or (None) all."""
    sweeps = [(name, kind, forever, starting) for starting in (False, True)
              for name, kind in FAULTS for forever in (False, True)]
    for part in range(parts_of(every)):
        for n, (name, kind, forever, starting) in enumerate(sweeps):
            if only is None or n == only:
                yield name, kind, forever, starting, \
                    1 + (2 * kind + forever) % every + part * every


def sweep(top, every, job):
    """In a process of its own: points, what it did, what went wrong."""
    name, kind, forever, starting, first = job
    began = time.time()
    own = tempfile.mkdtemp(dir=top)
    state = os.path.join(own, "state")
    disk = Disk(state, os.path.join(own, "roost"))
    preload = build_preload(own, "faultfs.c")
    server = Server(directory=own, conf=CONF, env={
        "LD_PRELOAD": preload, "FAULTFS_STATE": state})
    s = Sweep(server, disk, kind, forever)
    error = None
    try:
        s.begin()
        s.every(s.of_start if starting else s.of_script, first,
                every * parts_of(every))
    except Exception:
        error = "at operation %d:\n%s%s" % (s.at, traceback.format_exc(),
                                            server.log()[-4000:])
    finally:
        if server.process is not None:
            server.kill()
    return s.points, error, (
        "%s, %s, %s: %d points, %d refused, %d sessions lost, "
        "%d acknowledged, %d s" % (
            "start" if starting else "service", name,
            "from then on" if forever else "once", s.points, s.refused,
            s.lost, s.ledger.acknowledged + s.admin.all_acknowledged(),
            time.time() - began))


def run(every, only, at_once):
    points, failed = run_sweeps(at_once, sweep, [
        (every, job) for job in jobs(every, only)])
    print("%d passed, %d failed" % (points, failed))
    return failed


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--every", type=int, default=1)
    ap.add_argument("--jobs", type=int,
                    default=AT_ONCE * (os.cpu_count() or 1))
    ap.add_argument("--only", type=int, help="one of the twelve sweeps")
    args = ap.parse_args()
    sys.exit(run(args.every, args.only, args.jobs) != 0)


if __name__ == "__main__":
    main()
