"""replay.py -- one session, op by op: its view, and the facts it gives.

Here is checked what one session alone can tell (I9, and the bytes of I2);
what takes several is left to whoever reads the facts.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "crash"))
from client import uid_list  # noqa: E402
from facts import (NEVER, Birth, Count, Death, Name, Read, Watch,  # noqa: E402
                   Write)
from ledger import MARKER  # noqa: E402
from told import Told  # noqa: E402
from view import NUMBERED, Fetch, Slot, View, contains, in_set  # noqa: E402
from wire import text  # noqa: E402

CODE = re.compile(rb"\[(UIDVALIDITY|UIDNEXT) (\d+)\]")
STATUS = re.compile(rb"\* STATUS (\S+) \((.*)\)")
COPYUID = re.compile(rb"\[COPYUID (\d+) ([\d:,]+) ([\d:,]+)\]")
APPENDUID = re.compile(rb"\[APPENDUID (\d+) ([\d:,]+)\]")
ESEARCH = re.compile(rb"(COUNT|MIN|MAX|ALL) ([\d:,]+)")
CLOSED = b"* OK [CLOSED]"
NONE = re.compile(rb"(NO|BAD) \[(NONEXISTENT|TRYCREATE)\]")

# While these run, no EXPUNGE may come: message numbers are under way.
SEEN = frozenset(["\\Seen"])
QUIET = (b"FETCH", b"STORE", b"SEARCH")


class Session:
    def __init__(self, facts, account):
        self.facts = facts
        self.account = account
        self.view = None
        self.watch = None
        self.idle_since = None
        self.told = None        # since its NOTIFY
        self.answered_since = 0
        self.op = None
        self.t0 = self.t1 = 0

    def complain(self, invariant, text):
        self.facts.complain(invariant, text, self.op)

    @property
    def mailbox(self):
        return self.watch.mailbox if self.watch else None

    # -- an op --

    def take(self, op):
        words = op.command.split(b" ")
        by_uid = words[0] == b"UID"
        verb, args = words[by_uid], words[by_uid + 1:]
        self.t0, self.t1 = self.said_since(op, verb), op.t1
        self.op = op
        if verb in (b"SELECT", b"EXAMINE"):
            self.select(args[0], op)
            return
        quiet = verb in QUIET and not by_uid or \
            verb == b"WAITING" and self.told.delayed
        self.begin(op)
        slots = self.named(verb, args, by_uid)
        for line in op.lines:
            self.untagged(line, quiet)
            if line.startswith(CLOSED):
                self.leave()
        run = getattr(self, "do_" + verb.decode().lower(), None)
        if run is not None:
            run(args, slots)
        self.after(op, verb, quiet)

    def said_since(self, op, verb):
        """What is heard after IDLE may have been said at any time since;
        after NOTIFY, since the command before was answered."""
        if self.op is not None and \
           self.op.command not in (b"IDLING", b"WAITING"):
            self.answered_since = self.op.t0
        if verb in (b"IDLING", b"DONE"):
            return self.idle_since
        return op.t0 if self.told is None else self.answered_since

    def begin(self, op):
        if self.watch is not None:
            self.view.now = len(self.watch.commands)

    def after(self, op, verb, quiet):
        """What was not OK need not tell what others did."""
        if op.status != "OK" or verb in (b"IDLE", b"IDLING", b"WAITING"):
            return
        if self.watch is not None:
            self.watch.commands.append((op.t0, op.t1, not quiet))
        if self.told is not None:
            self.told.after(op)

    def leave(self):
        self.view = self.watch = None

    # -- which messages a command names --

    def named(self, verb, args, by_uid):
        """The slots a set stands for when the command begins; of a UID set
        those too whose UID isn't known yet, with the set beside them."""
        if self.view is None or not args or not args[0][:1].isdigit() \
           or verb in (b"STATUS", b"SEARCH"):
            return []
        if by_uid:
            ranges = in_set(args[0], max(self.view.uids(), default=0))
            return [(s, ranges) for s in self.view.slots
                    if s.uid is None or contains(ranges, s.uid)]
        ranges = in_set(args[0], len(self.view))
        if self.op.status == "BAD" and ranges[-1][1] <= len(self.view) != 0:
            self.complain("I9", "numbers up to %d are refused, of %d"
                          % (ranges[-1][1], len(self.view)))
        return [(s, None) for n, s in enumerate(self.view.slots, 1)
                if contains(ranges, n)]

    # -- untagged responses --

    def untagged(self, line, quiet):
        found = NUMBERED.match(line)
        if found is None:
            self.other(line)
        elif self.view is None:
            self.complain("I9", "nothing is selected: %r" % line[:60])
        elif found.group(2) == b"EXISTS":
            self.view.exists(int(found.group(1)))
        elif found.group(2) == b"EXPUNGE":
            self.expunged(int(found.group(1)), quiet)
        else:
            self.fetched(Fetch(int(found.group(1)), line))

    def expunged(self, n, quiet):
        if quiet:
            self.complain("I9", "EXPUNGE during %r" % self.op.command)
        slot = self.view.expunge(n)
        if slot is not None:
            self.facts.told_gone.append((self.mailbox, slot, self.t1))

    def fetched(self, fetch):
        slot = self.view.fetch(fetch.number, fetch.uid)
        if slot is None:
            return
        self.facts.reads.append(Read(self.mailbox, slot, fetch.flags,
                                     self.t0, self.t1, self.op))
        for octets in fetch.literals:
            self.read_text(slot, octets)

    def read_text(self, slot, octets):
        """A whole message, or its X-Marker field alone."""
        found = MARKER.search(octets)
        if found is None:
            self.complain("I2", "nobody sent this: %r" % octets[:100])
            return
        marker = found.group(1).decode()
        alone = b"X-Marker: %s\r\n\r\n" % found.group(1)
        if octets != alone and not octets.endswith(text(marker)):
            self.complain("I2", "%s has changed" % marker)
        self.facts.texts.append((self.mailbox, slot, marker, self.op))

    def other(self, line):
        if line.startswith(b"* SEARCH"):
            self.found([(int(n), int(n)) for n in line.split()[2:]])
        elif line.startswith(b"* ESEARCH"):
            for what, value in ESEARCH.findall(line):
                if what != b"COUNT":
                    self.found(in_set(value, 0))
        elif line.startswith(b"* STATUS"):
            self.status(line)

    def found(self, ranges):
        """What SEARCH found must be in the view."""
        if self.view is None or not ranges:
            return
        by_uid = self.op.command.startswith(b"UID")
        if not by_uid:
            if ranges[0][0] < 1 or ranges[-1][1] > len(self.view):
                self.complain("I9", "SEARCH found number %d, of %d"
                              % (ranges[-1][1], len(self.view)))
            return
        known = self.view.uids()
        if len(known) == len(self.view):
            told = sum(contains(ranges, u) for u in known)
            if told != sum(b - a + 1 for a, b in ranges):
                self.complain("I9", "UID SEARCH found what is not there")

    def status(self, line):
        name, items = STATUS.match(line).groups()
        words = items.split()
        values = dict(zip(words[::2], map(int, words[1::2])))
        mailbox = self.account, values.pop(b"UIDVALIDITY")
        count = Count(mailbox, values.get(b"MESSAGES"),
                      values.get(b"UIDNEXT"), self.t0, self.t1, self.op)
        self.name(name, "is", mailbox)
        self.facts.counts.append(count)
        if self.told is not None:
            self.told.status(name, count[:3])

    # -- selecting --

    def name(self, name, what, mailbox=None):
        sure = self.op.status == "OK"
        self.facts.names.append(Name(
            self.account, name.decode(), what, mailbox, self.t0,
            self.t1 if sure or what in ("is", "none") else NEVER, self.op))

    def select(self, name, op):
        self.leave()
        if op.status != "OK":
            if NONE.match(op.lines[-1] if op.lines else b""):
                self.name(name, "none")
            return
        codes = dict(CODE.findall(b"\n".join(op.lines)))
        mailbox = self.account, int(codes[b"UIDVALIDITY"])
        self.view = View(self.complain)
        self.watch = Watch(mailbox, op)
        self.watch.slots = self.view.ever
        self.watch.writable = b"[READ-WRITE]" in op.lines[-1]
        self.watch.uidnext = int(codes[b"UIDNEXT"])
        for line in op.lines:
            self.untagged(line, False)
        self.name(name, "is", mailbox)
        self.facts.counts.append(Count(mailbox, len(self.view),
                                       int(codes[b"UIDNEXT"]), self.t0,
                                       self.t1, op))
        self.facts.watches.append(self.watch)
        if self.told is not None:
            self.told.selected(name)

    def do_unselect(self, _args, _slots):
        if self.op.status == "OK":
            self.leave()

    def do_close(self, _args, _slots):
        self.death(None, "CLOSE")
        self.do_unselect(None, None)

    def do_idle(self, _args, _slots):
        self.idle_since = self.op.t0

    def do_notify(self, args, _slots):
        if self.op.status != "BAD":
            self.told = Told(self, args)

    def do_waiting(self, _args, _slots):
        self.told.waited(self.op.lines)

    # -- changes --

    def end(self):
        return self.t1 if self.op.status == "OK" else NEVER

    def death(self, slots, kind, mailbox=None):
        if self.op.status != "BAD" and (mailbox or self.mailbox):
            self.facts.deaths.append(Death(
                mailbox or self.mailbox, slots, kind, self.t0, self.end(),
                self.op.status == "OK", self.op))

    def birth(self, name, uid, marker, flags=frozenset(), source=None,
              validity=None):
        mailbox = None if validity is None else (self.account, validity)
        self.facts.births.append(Birth(
            self.account, name.decode(), mailbox, uid, marker, flags, source,
            self.t0, self.end(), self.op.status == "OK", self.op))

    def do_append(self, args, _slots):
        if self.op.status == "BAD":
            return
        messages = list(appended(args[1:]))
        uids, validity = [None] * len(messages), None
        if self.op.status == "OK":
            found = APPENDUID.search(self.op.lines[-1])
            validity, uids = int(found.group(1)), uid_list(found.group(2))
        if len(uids) != len(messages):
            self.complain("I5", "%d UIDs for %d messages"
                          % (len(uids), len(messages)))
        for uid, (marker, flags) in zip(uids, messages):
            self.birth(args[0], uid, marker, flags, None, validity)

    def do_lmtp(self, args, _slots):
        self.birth(b"INBOX", None, args[0].decode())

    def do_store(self, args, slots):
        if self.mailbox and self.op.status != "BAD":
            flags = b" ".join(args[2:]).strip(b"()").decode().split()
            self.facts.writes.append(Write(
                self.mailbox, slots, args[1][:1].decode(), frozenset(flags),
                self.t0, self.end(), self.op.status == "OK"))

    def do_fetch(self, args, slots):
        if self.watch and self.watch.writable and \
           b"BODY[" in b" ".join(args):
            self.facts.writes.append(Write(
                self.mailbox, slots, "+", SEEN, self.t0, self.end(),
                self.op.status == "OK"))

    def do_expunge(self, args, slots):
        self.death(slots if args else None, "EXPUNGE")

    def do_copy(self, args, slots):
        if self.mailbox is None or self.op.status == "BAD":
            return
        found = COPYUID.search(b"\n".join(self.op.lines))
        if found is None:
            if self.op.status != "OK":
                for slot, ranges in slots:
                    self.birth(args[1], None, None, None,
                               (self.mailbox, slot, ranges))
            return
        old, new = uid_list(found.group(2)), uid_list(found.group(3))
        named = {s.uid: s for s, _ in slots if s.uid is not None}
        if len(old) != len(new) or (None not in [s.uid for s, _ in slots]
                                    and set(old) - set(named)):
            self.complain("I5", "COPYUID names what was not asked: %r"
                          % found.group(0))
        for uid, to in zip(old, new):
            slot = named.get(uid) or known(uid)
            self.birth(args[1], to, None, None, (self.mailbox, slot, None),
                       int(found.group(1)))

    def do_move(self, args, slots):
        found = COPYUID.search(b"\n".join(self.op.lines))
        if found is not None:
            self.death([(known(u), None) for u in uid_list(found.group(2))],
                       "MOVE")
        elif self.op.status != "OK":
            self.death(slots, "MOVE")
        self.do_copy(args, slots)

    # -- names --

    def do_create(self, args, _slots):
        self.name(args[0], "create")

    def do_delete(self, args, _slots):
        self.name(args[0], "delete")

    def do_rename(self, args, _slots):
        self.name(args[0], "rename to " + args[1].decode())

    def do_status(self, args, _slots):
        if self.op.status == "NO" and NONE.match(self.op.lines[-1]):
            self.name(args[0], "none")


def known(uid):
    slot = Slot(0, 0)
    slot.uid = uid
    return slot


def appended(words):
    """(marker, flags) of each message of an APPEND as recorded."""
    flags = []
    for word in words:
        if word[-1:].isdigit():
            yield word.decode(), frozenset(flags)
            flags = []
        else:
            flags += word.strip(b"()").decode().split()


def replay(facts, ops):
    """ops: those of one connection, in order."""
    session, number = None, None
    for op in ops:
        if op.command.startswith(b"LOGIN "):
            session = Session(facts, op.command[6:].decode())
        elif op.command != b"LOST":
            session.take(op)
