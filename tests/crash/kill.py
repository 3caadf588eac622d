#!/usr/bin/env python3
"""kill.py -- SIGKILL at random moments under a mixed load loses nothing.

usage: kill.py [--rounds N] [--jobs N] [--seed N] [--seconds S]

Each round: clients, one an account, do at random what clients do, each with
its ledger of what was acknowledged (ledger.py), and an administrator adds
and removes accounts (admin.py), another what opens one (credentials.py).
Then something is done to the server's processes (`BLOWS`). Afterwards every
account must hold exactly what its ledger says; what was under way may have
happened whole or not at all; no UID may ever mean two messages; `roost store
check` must find nothing. Several servers at a time share the rounds.
(behaviours 148, 200)
"""
import argparse
import collections
import concurrent.futures
import os
import random
import re
import signal
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from admin import Admin  # noqa: E402
from client import Client, Gone, Refused, back  # noqa: E402
from faults import CONF  # noqa: E402
from harness import PATIENCE_S, Server, children  # noqa: E402
from ledger import Ledger  # noqa: E402

USERS = ["user%d@example.org" % n for n in range(6)]
ALWAYS = ["INBOX", "Archive", "Trash"]
SOMETIMES = ["Work", "Play", "Work/Deep", "Other"]
FLAGS = ["\\Seen", "\\Flagged", "\\Answered", "$Later"]
SIZES = [100] * 8 + [3000] * 8 + [30000] * 3 + [400000]
MANY = 60       # copies in an account, from which on it is tidied up

BAD_END = re.compile(r"Sanitizer: |runtime error: |event=child_died .*"
                     r"signal=(?!KILL)")


class Worker(threading.Thread):
    """Random commands until the server goes away or stop() is called."""

    def __init__(self, server, ledger, seed):
        super().__init__(daemon=True)
        self.server, self.ledger = server, ledger
        self.rnd = random.Random(seed)
        self.stopping = False
        self.gone = False
        self.error = None

    def run(self):
        try:
            self.client = Client(self.server, self.ledger,
                                 tls=self.rnd.random() < 0.5)
            while not self.stopping:
                self.step()
            self.client.close()
        except (Gone, Refused):     # Refused: its mail process is away
            self.gone = True
        except Exception as e:      # a wrong answer: the test fails
            self.error = e

    def step(self):
        actions = [self.deliver, self.append, self.append, self.store,
                   self.store, self.move, self.copy, self.expunge,
                   self.arrange, self.subscribe]
        if len(self.ledger.copies()) > MANY:
            actions = [self.expunge]
        self.rnd.choice(actions)()

    # -- choosing --

    def marker(self):
        return "%s-%d" % (self.ledger.user, self.rnd.getrandbits(60))

    def flags(self):
        return [f for f in FLAGS if self.rnd.random() < 0.3]

    def mailbox(self):
        return self.rnd.choice([b for b in self.ledger.mailboxes()
                                if b in ALWAYS or b in SOMETIMES])

    def pick(self):
        """Some messages of one mailbox."""
        copies = self.ledger.copies()
        if not copies:
            return []
        box = self.rnd.choice(copies)[1].box
        here = [p for p in copies if p[1].box == box]
        return self.rnd.sample(here, min(len(here),
                                         self.rnd.choice([1, 1, 3, 20])))

    # -- doing --

    def deliver(self):
        self.client.deliver(self.marker(), self.rnd.choice(SIZES))

    def append(self):
        self.client.append(self.mailbox(), [
            (self.marker(), self.rnd.choice(SIZES), self.flags())
            for _ in range(self.rnd.choice([1, 1, 1, 4]))])

    def store(self):
        picked = self.pick()
        if picked:
            self.client.store(picked, self.rnd.choice(FLAGS),
                              self.rnd.random() < 0.6)

    def transfer(self, command):
        picked = self.pick()
        if picked:
            self.client.transfer(command, picked, self.rnd.choice(
                [b for b in ALWAYS if b != picked[0][1].box]))

    def move(self):
        self.transfer("MOVE")

    def copy(self):
        self.transfer("COPY")

    def expunge(self):
        picked = self.pick()
        if picked:
            self.client.expunge(picked, self.rnd.random() < 0.5)

    def subscribe(self):
        self.client.subscribe(self.rnd.choice(SOMETIMES),
                              self.rnd.random() < 0.5)

    def arrange(self):
        """CREATE, DELETE, RENAME; a parent is there before its child and
        after it."""
        there = self.ledger.mailboxes()
        box = self.rnd.choice(SOMETIMES)
        free = [b for b in SOMETIMES if b not in there
                and (b != "Work/Deep" or "Work" in there)]
        if box not in there:
            if box in free:
                self.client.create(box)
        elif box == "Work" and "Work/Deep" in there:
            return
        elif self.rnd.random() < 0.5 and [b for b in free if "/" not in b]:
            self.client.rename(box, self.rnd.choice(
                [b for b in free if "/" not in b]))
        else:
            self.client.delete(box)


# -- what is done to the server; each leaves it running or not at all --

def kill_all(server, _rnd):
    server.kill()


def kill_twice(server, rnd):
    """Again while it recovers, a few times."""
    server.kill()
    for _ in range(rnd.randint(1, 4)):
        server.spawn()
        time.sleep(rnd.uniform(0.001, 0.05))
        server.kill()


def kill_role(role):
    def blow(server, rnd):
        os.kill(rnd.choice(server.child(role)), signal.SIGKILL)
        time.sleep(0.3)     # the others' sessions go on
    return blow


def kill_parent(server, _rnd):
    """Its children must end by themselves."""
    pids = children(server.process.pid)
    server.process.kill()
    server.process.wait()
    server.process = None
    end = time.time() + PATIENCE_S
    while any(os.path.exists("/proc/%d" % pid) for pid in pids):
        if time.time() > end:
            raise AssertionError("children outlive their parent")
        time.sleep(0.01)


def stall(server, rnd):
    pid = rnd.choice(server.child("mail"))
    os.kill(pid, signal.SIGSTOP)
    time.sleep(rnd.uniform(0.1, 0.8))
    os.kill(pid, signal.SIGCONT)
    time.sleep(0.2)


def kill_stalled(server, rnd):
    pid = rnd.choice(server.child("mail"))
    os.kill(pid, signal.SIGSTOP)
    time.sleep(rnd.uniform(0.1, 0.5))
    server.kill()


def terminate(server, _rnd):
    if server.stop() != 0:
        raise AssertionError("a bad end")


BLOWS = [
    ("kill all", kill_all),
    ("kill a mail process", kill_role("mail")),
    ("kill again at the restart", kill_twice),
    ("kill a gate", kill_role("gate")),
    ("kill all", kill_all),
    ("kill auth", kill_role("auth")),
    ("kill the parent", kill_parent),
    ("stop and continue a mail process", stall),
    ("kill all, a mail process stopped", kill_stalled),
    ("terminate", terminate),
]


def finish(workers):
    for w in workers:
        w.stopping = True
    for w in workers:
        w.join(PATIENCE_S)
        if w.is_alive():
            raise AssertionError("a client hangs")
        if w.error is not None:
            raise w.error


def verify(server, ledgers, admin):
    if server.process is None:
        server.start()
    for ledger in ledgers:
        client = back(server, ledger)
        ledger.verify(client)
        client.close()
    admin.verify()
    checked = server.roost("store", "check", check=False)
    if checked.returncode != 0:
        raise AssertionError("store check: " + checked.stdout
                             + checked.stderr)


def check_log(server):
    """No process has died of anything but the test."""
    bad = [line for line in server.log().split("\n") if BAD_END.search(line)]
    if bad:
        raise AssertionError("\n".join(bad[:20]))


def acknowledged(ledgers):
    return sum(ledger.acknowledged for ledger in ledgers)


def one_round(server, ledgers, admin, number, rnd, seconds):
    name, blow = BLOWS[number % len(BLOWS)]
    workers = [Worker(server, ledger, rnd.getrandbits(32))
               for ledger in ledgers] + [
                   other.worker(rnd.getrandbits(32))
                   for other in (admin, admin.credentials)]
    before = acknowledged(ledgers)
    for w in workers:
        w.start()
    time.sleep(rnd.uniform(0.3, seconds))
    end = time.time() + PATIENCE_S
    while acknowledged(ledgers) == before and time.time() < end:
        time.sleep(0.05)    # the machine has much to do
    blow(server, rnd)
    finish(workers)
    if blow is stall and any(w.gone for w in workers):
        raise AssertionError("a pause has cost a session")
    if acknowledged(ledgers) == before:
        raise AssertionError("no work was done")
    verify(server, ledgers, admin)
    check_log(server)
    print("%d: %s" % (number + 1, name), flush=True)


def run(rounds, seconds, rnd, tally):
    """rounds: their numbers, from 0 on."""
    ledgers = [Ledger(u) for u in USERS]
    with Server(conf=CONF) as server:
        admin = Admin(server)
        admin.credentials.begin()
        for ledger in ledgers:
            server.add_user(ledger.user)
            ledger.learn(Client(server, ledger))
        for number in rounds:
            one_round(server, ledgers, admin, number, rnd, seconds)
            tally["rounds"] += 1
            tally["mail"] = acknowledged(ledgers)
            tally["accounts"] = admin.acknowledged
            tally["credentials"] = admin.credentials.ledger.acknowledged


def share(rounds, seconds, seed):
    """In a process of its own: what it did, and whether that was all."""
    tally = collections.Counter()
    try:
        run(rounds, seconds, random.Random("%d %d" % (seed, rounds.start)),
            tally)
    except Exception:
        number = rounds.start + tally["rounds"]
        print("%sround %d: %s" % (traceback.format_exc(), number + 1,
                                  BLOWS[number % len(BLOWS)][0]), flush=True)
        tally["failed"] = 1
    return tally


def shares(rounds, jobs):
    """Neighbours together, so that each server has all kinds of blows."""
    edges = [rounds * n // jobs for n in range(jobs + 1)]
    return [range(*pair) for pair in zip(edges, edges[1:]) if pair[0] < pair[1]]


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--rounds", type=int, default=10)
    ap.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1))
    ap.add_argument("--seed", type=int, default=int(time.time()))
    ap.add_argument("--seconds", type=float, default=2)
    args = ap.parse_args()
    print("seed %d, %d jobs" % (args.seed, args.jobs), flush=True)
    with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        tally = sum((f.result() for f in [
            pool.submit(share, rounds, args.seconds, args.seed)
            for rounds in shares(args.rounds, args.jobs)]),
            collections.Counter())
    print("%d changes of mail, %d of accounts, %d of credentials and policies"
          " acknowledged" % (tally["mail"], tally["accounts"],
                             tally["credentials"]))
    print("%d passed, %d failed" % (tally["rounds"], tally["failed"]))
    sys.exit(tally["failed"] != 0 or tally["rounds"] < args.rounds)


if __name__ == "__main__":
    main()
