#!/usr/bin/env python3
"""kill.py -- SIGKILL at random moments under a mixed load loses nothing.

usage: kill.py [--rounds N] [--seed N] [--seconds S]

Each round: clients, one an account, deliver by LMTP, APPEND, STORE, MOVE,
COPY, EXPUNGE at random, each keeping its own record of what was acknowledged
(`Ledger`); then every process of the server is killed at once (in every
third round only one mail process, which the parent must restart); then
`roost store check` must find nothing, and each account must hold exactly
what its record says. What was under way at the kill may have happened whole
or not at all. No UID may ever mean two messages. (behaviours 148, 200)
"""
import argparse
import imaplib
import os
import random
import re
import signal
import smtplib
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import Server  # noqa: E402

USERS = ["user%d@example.org" % n for n in range(6)]
BOXES = ["INBOX", "Archive", "Trash"]
FLAGS = ["\\Seen", "\\Flagged", "\\Answered", "$Later"]
GONE = (OSError, EOFError, imaplib.IMAP4.abort, smtplib.SMTPException)


class Ledger:
    """What one account must hold.

    messages: marker -> list of copies, each [mailbox, uid, flags].
    doubt: None, or what the command under way may have changed: a list of
    alternatives to `messages`.
    """

    def __init__(self, user):
        self.user = user
        self.messages = {}
        self.doubt = None
        self.seen = {}      # (mailbox, uidvalidity, uid) -> marker, for ever
        self.acknowledged = 0

    def copies(self, box=None):
        return [(marker, c) for marker, cs in self.messages.items()
                for c in cs if box is None or c[0] == box]


def clone(messages):
    return {m: [[b, u, set(f)] for b, u, f in cs] for m, cs in
            messages.items()}


def text(marker, rnd):
    lines = ["From: a@example.org", "Subject: " + marker,
             "X-Marker: " + marker, ""]
    lines += ["x" * rnd.randint(1, 70) for _ in range(rnd.choice(
        [1, 20, 20, 200, 3000]))]
    return ("\r\n".join(lines) + "\r\n").encode()


class Worker(threading.Thread):
    """Random commands until the server goes away."""

    def __init__(self, server, ledger, seed):
        super().__init__(daemon=True)
        self.server, self.ledger = server, ledger
        self.rnd = random.Random(seed)
        self.stopping = False
        self.error = None

    def run(self):
        try:
            self.imap = self.server.imap(self.ledger.user)
            self.lmtp = self.server.lmtp()
            self.box = None
            while not self.stopping:
                self.step()
        except GONE:
            pass
        except Exception as e:      # a wrong answer: the test fails
            self.error = e

    def step(self):
        action = self.rnd.choice([self.deliver, self.append, self.append,
                                  self.store, self.store, self.move,
                                  self.copy, self.expunge])
        after = clone(self.ledger.messages)
        action(after)

    def doubt(self, after):
        self.ledger.doubt = after

    def done(self, after):
        self.ledger.messages = after
        self.ledger.doubt = None
        self.ledger.acknowledged += 1

    def expect(self, ok, what):
        if ok[0] != "OK":
            raise AssertionError("%s: %r" % (what, ok))
        return ok[1]

    def marker(self):
        return "%s-%d" % (self.ledger.user, self.rnd.getrandbits(60))

    def deliver(self, after):
        marker = self.marker()
        after[marker] = [["INBOX", None, set()]]
        self.doubt(after)
        self.lmtp.sendmail("a@example.org", [self.ledger.user],
                           text(marker, self.rnd))
        self.done(after)

    def append(self, after):
        marker, box = self.marker(), self.rnd.choice(BOXES)
        flags = {f for f in FLAGS if self.rnd.random() < 0.3}
        after[marker] = [[box, None, flags]]
        self.doubt(after)
        data = self.expect(self.imap.append(
            box, "(%s)" % " ".join(flags), None, text(marker, self.rnd)),
            "APPEND")
        found = re.search(rb"APPENDUID \d+ (\d+)\]", data[0])
        after[marker][0][1] = int(found.group(1))
        self.done(after)

    def select(self, box):
        if self.box != box:
            self.expect(self.imap.select(box), "SELECT")
            self.box = box

    def pick(self, after):
        """A message with a known UID: (marker, copy in after), or None."""
        known = [(m, c) for m, cs in after.items() for c in cs if c[1]]
        if not known:
            return None
        marker, copy = self.rnd.choice(known)
        self.select(copy[0])
        return marker, copy

    def store(self, after):
        picked = self.pick(after)
        if picked is None:
            return
        flag = self.rnd.choice(FLAGS)
        add = self.rnd.random() < 0.6
        (picked[1][2].add if add else picked[1][2].discard)(flag)
        self.doubt(after)
        self.expect(self.imap.uid("STORE", str(picked[1][1]),
                                  "+FLAGS" if add else "-FLAGS",
                                  "(%s)" % flag), "STORE")
        self.done(after)

    def transfer(self, after, command):
        picked = self.pick(after)
        if picked is None:
            return
        marker, copy = picked
        to = self.rnd.choice([b for b in BOXES if b != copy[0]])
        new = [to, None, set(copy[2])]
        uid = copy[1]
        if command == "MOVE":
            after[marker].remove(copy)
        after[marker].append(new)
        self.doubt(after)
        self.imap.untagged_responses.pop("COPYUID", None)
        data = self.expect(self.imap.uid(command, str(uid), to), command)
        codes = self.imap.response("COPYUID")[1]
        code = codes[0] if codes and codes[0] else data[0] or b""
        found = re.search(rb"\d+ [\d:,]+ (\d+)", code)
        if not found:
            raise AssertionError("%s without COPYUID: %r" % (command, code))
        new[1] = int(found.group(1))
        self.done(after)

    def move(self, after):
        self.transfer(after, "MOVE")

    def copy(self, after):
        self.transfer(after, "COPY")

    def expunge(self, after):
        picked = self.pick(after)
        if picked is None:
            return
        marker, copy = picked
        uid = str(copy[1])
        copy[2].add("\\Deleted")
        self.doubt(after)
        self.expect(self.imap.uid("STORE", uid, "+FLAGS.SILENT",
                                  "(\\Deleted)"), "STORE")
        self.done(after)
        gone = clone(after)
        gone[marker] = [c for c in gone[marker]
                        if (c[0], c[1]) != (copy[0], copy[1])]
        self.doubt(gone)
        self.expect(self.imap.uid("EXPUNGE", uid), "EXPUNGE")
        self.done(gone)


def read_account(server, ledger):
    """What the server says the account holds: like Ledger.messages."""
    out = {}
    m = server.imap(ledger.user)
    for box in BOXES:
        m.select(box, readonly=True)
        validity = int(m.response("UIDVALIDITY")[1][0])
        if int(m.untagged_responses.get("EXISTS", [b"0"])[-1]) == 0:
            continue
        data = m.uid("FETCH", "1:*",
                     "(FLAGS BODY.PEEK[HEADER.FIELDS (X-MARKER)])")[1]
        for item in data:
            if not isinstance(item, tuple):
                continue
            uid = int(re.search(rb"UID (\d+)", item[0]).group(1))
            flags = re.search(rb"FLAGS \(([^)]*)\)", item[0]).group(1)
            marker = item[1].split(b":", 1)[1].strip().decode()
            if ledger.seen.setdefault((box, validity, uid), marker) != marker:
                raise AssertionError("UID %d of %s was another message"
                                     % (uid, box))
            out.setdefault(marker, []).append(
                [box, uid, set(flags.decode().split())])
    m.logout()
    return out


def shape(messages):
    """Comparable: UIDs only where they are known."""
    return {m: sorted((b, tuple(sorted(f))) for b, _, f in cs)
            for m, cs in messages.items() if cs}


def uids(messages):
    return {(m, b, u) for m, cs in messages.items() for b, u, _ in cs if u}


def verify(server, ledger):
    there = read_account(server, ledger)
    allowed = [ledger.messages]
    if ledger.doubt is not None:
        allowed.append(ledger.doubt)
    for state in allowed:
        if shape(state) == shape(there) and uids(state) <= uids(there):
            ledger.messages, ledger.doubt = there, None
            return
    raise AssertionError("%s: %s" % (ledger.user, difference(
        shape(ledger.messages), shape(there))))


def difference(want, have):
    lines = ["acknowledged and there differ:"]
    for m in sorted(want.keys() | have.keys()):
        if want.get(m) != have.get(m):
            lines.append("  %s: acknowledged %r, there %r" % (
                m, want.get(m), have.get(m)))
    return "\n".join(lines[:20])


def one_round(server, ledgers, number, rnd, seconds):
    workers = [Worker(server, ledger, rnd.getrandbits(32))
               for ledger in ledgers]
    for w in workers:
        w.start()
    time.sleep(rnd.uniform(0.3, seconds))
    if number % 3 == 2:
        os.kill(rnd.choice(server.child("mail")), signal.SIGKILL)
        time.sleep(0.3)     # the others' sessions go on
        for w in workers:
            w.stopping = True
    else:
        server.kill()
    for w in workers:
        w.join(30)
        if w.is_alive():
            raise AssertionError("a client hangs")
        if w.error is not None:
            raise w.error
    if server.process is None:
        server.start()
    for ledger in ledgers:
        verify(server, ledger)
    checked = server.roost("store", "check", check=False)
    if checked.returncode != 0:
        raise AssertionError("store check: " + checked.stdout
                             + checked.stderr)


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--rounds", type=int, default=10)
    ap.add_argument("--seed", type=int, default=int(time.time()))
    ap.add_argument("--seconds", type=float, default=2)
    args = ap.parse_args()
    print("seed %d" % args.seed)
    rnd = random.Random(args.seed)
    ledgers = [Ledger(u) for u in USERS]
    passed = 0
    with Server() as server:
        for u in USERS:
            server.add_user(u)
        for number in range(args.rounds):
            one_round(server, ledgers, number, rnd, args.seconds)
            passed += 1
    print("%d changes acknowledged, none lost" % sum(
        ledger.acknowledged for ledger in ledgers))
    print("%d passed, %d failed" % (passed, args.rounds - passed))


if __name__ == "__main__":
    main()
