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
from facts import (NEVER, Birth, Count, Death, ModSeq, Name,  # noqa: E402
                   Race, Read, Replaced, Top, Watch, Write)
from ledger import MARKER  # noqa: E402
from memory import ALL_FLAGS, VANISHED, Memory  # noqa: E402
import settings  # noqa: E402
from settings import Settings  # noqa: E402
from told import Told  # noqa: E402
from view import NUMBERED, Fetch, Slot, View, contains, in_set  # noqa: E402
from wire import is_quoting, text  # noqa: E402

CODE = re.compile(rb"\[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ) (\d+)\]")
STATUS = re.compile(rb"\* STATUS (\S+) \((.*)\)")
COPYUID = re.compile(rb"\[COPYUID (\d+) ([\d:,]+) ([\d:,]+)\]")
APPENDUID = re.compile(rb"\[APPENDUID (\d+) ([\d:,]+)\]")
ESEARCH = re.compile(rb"(COUNT|MIN|MAX|ALL) ([\d:,]+)")
CLOSED = b"* OK [CLOSED]"
OVERFLOW = b"* OK [NOTIFICATIONOVERFLOW]"
MODIFIED = re.compile(rb"\[MODIFIED ([\d:,]+)\]")
URL = re.compile(rb"UIDVALIDITY=(\d+)/;UID=(\d+)$")
STORE = re.compile(rb"(?:UID )?STORE \S+ (?:\(UNCHANGEDSINCE (\d+)\) )?"
                   rb"([+-]?)FLAGS\S* \((.*)\)")
NONE = re.compile(rb"(NO|BAD) \[(NONEXISTENT|TRYCREATE)\]")

# While these run, no EXPUNGE may come: message numbers are under way.
SEEN = frozenset(["\\Seen"])
QUIET = (b"FETCH", b"STORE", b"SEARCH")
NAMING = (b"APPEND", b"COPY", b"MOVE", b"STATUS", b"SELECT", b"EXAMINE")
SHOWING = (b"FETCH", b"STORE", b"SEARCH", b"EXPUNGE")
CLUBS, HOME = (settings.CLUB.encode(), settings.CREW.encode()), b"Home"
CHANGING = (b"APPEND", b"COPY", b"MOVE", b"STORE", b"EXPUNGE", b"REPLACE")
FROZEN = b"NO [NOPERM] this account can only be read"


class Session:
    def __init__(self, facts, account, memories, visits=False):
        self.facts = facts
        self.visits = visits        # in the account, or its owner's own
        self.selected = None        # the name
        self.account = account
        self.settings = Settings(facts, account)
        self.memories = memories    # of the client: name -> Memory
        self.memory = None          # of what is selected
        self.comes_back = False     # it has enabled QRESYNC
        self.view = None
        self.watch = None
        self.idle_since = None
        self.told = None        # since its NOTIFY
        self.answered_since = 0
        self.op = None
        self.t0 = self.t1 = self.since = 0

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
            self.visited(verb, args)
            return
        quiet = verb in QUIET and not by_uid or \
            verb == b"WAITING" and self.told.delayed
        self.begin(op)
        slots = self.named(verb, args, by_uid)
        for line in op.lines:
            self.untagged(line, quiet)
            if line.startswith(CLOSED) and not self.visits:
                self.leave()
        if not op.lines or op.lines[-1] != FROZEN:  # that changes nothing
            self.settings.take(op, verb, args)
            run = getattr(self, "do_" + verb.decode().lower(), None)
            if run is not None:
                run(args, slots)
        self.visited(verb, args)
        self.after(op, verb, quiet)

    def visited(self, verb, args):
        """Was a visitor shown something of what he may not always see? A
        visit that is lost may have done what it was asked before."""
        if not self.visits:
            return
        self.settings.op = self.op
        name = args[verb in (b"COPY", b"MOVE")] if verb in NAMING else b""
        last = self.op.lines[-1] if self.op.lines else b""
        shown = any(map(NUMBERED.match, self.op.lines))
        if name in CLUBS and NONE.match(last):
            self.settings.visited(name, False, self.t0)
        elif name in CLUBS and self.op.status == "OK":
            if verb not in (b"COPY", b"MOVE") or COPYUID.search(
                    b"\n".join(self.op.lines)):
                self.settings.visited(name, True, self.t0)
        elif self.selected in CLUBS and self.watch is not None:
            if shown or self.op.status == "OK" and verb in SHOWING:
                self.settings.visited(self.selected, True, self.t0)
            elif last.startswith(b"NO [NOPERM]") and last != FROZEN:
                self.settings.visited(self.selected, False, self.t0)
        if last == FROZEN or verb in CHANGING and self.op.status == "OK":
            # what may be changed is settled when somebody logs in
            self.settings.changed(last != FROZEN, min(self.t0, self.since)
                                  if last == FROZEN else self.t0)
        if self.is_closed() and verb not in (b"SELECT", b"EXAMINE"):
            self.leave()

    def is_closed(self):
        return any(line.startswith(CLOSED) for line in self.op.lines)

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
        if self.memory is not None:
            self.memory.answered()
            wrong = self.memory.settle(self.view)
            if wrong is not None and not quiet:
                self.complain("I7", wrong)
        if self.watch is not None and not self.is_elsewhere(op) and \
           not self.is_closed():
            self.watch.commands.append((op.t0, op.t1, not quiet))
        if self.told is not None:
            self.told.after(op)

    def is_elsewhere(self, op):
        """Is it about a mailbox of another account than the selected one?
        Then it needn't tell of that; and COPY and MOVE ask there for what
        may have numbers."""
        words = op.command.split(b" ")
        words = words[words[0] == b"UID":]
        if not self.visits or words[0] not in NAMING:
            return False
        name = words[2 if words[0] in (b"COPY", b"MOVE") else 1]
        return (name == HOME) != (self.selected == HOME)

    def leave(self):
        if self.memory is not None:
            self.memory.left(self.view.slots)
        self.view = self.watch = self.memory = None

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
        if self.op.status == "BAD" and not self.is_closed() and \
           ranges[-1][1] <= len(self.view) != 0:
            self.complain("I9", "numbers up to %d are refused, of %d"
                          % (ranges[-1][1], len(self.view)))
        return [(s, None) for n, s in enumerate(self.view.slots, 1)
                if contains(ranges, n)]

    # -- untagged responses --

    def untagged(self, line, quiet):
        found = NUMBERED.match(line)
        if line.startswith(b"* VANISHED"):
            self.vanished(line, quiet)
        elif found is None:
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

    def vanished(self, line, quiet):
        earlier, uids = VANISHED.match(line).groups()
        ranges = in_set(uids, 0)
        if self.memory is None:
            self.complain("I9", "nobody asked for %r" % line[:60])
            return
        gone = self.memory.vanished(ranges)
        if earlier:
            slots = [known(uid) for uid in gone]
        else:
            slots = self.view.vanish(ranges)
            if quiet:
                self.complain("I9", "VANISHED during %r" % self.op.command)
        self.facts.told_gone += [(self.mailbox, s, self.t1) for s in slots]

    def fetched(self, fetch):
        slot = self.view.fetch(fetch.number, fetch.uid)
        if slot is None:
            return
        if fetch.modseq is not None:
            # what flags a visitor sees is another state: \Seen is his own
            self.facts.modseqs.append(ModSeq(
                self.mailbox, slot, fetch.modseq,
                None if self.visits else fetch.flags, self.t0, self.t1,
                self.op))
        if self.memory is not None:
            self.remember(fetch)
        self.facts.reads.append(Read(self.mailbox, slot, fetch.flags,
                                     self.t0, self.t1, self.op))
        for octets in fetch.literals:
            self.read_text(slot, octets)

    def remember(self, fetch):
        """All changes up to a MODSEQ have been told: nothing that has a lower
        one is news."""
        memory = self.memory
        if memory.whole and (fetch.modseq or NEVER) <= memory.modseq and \
           fetch.flags is not None and \
           memory.flags.get(fetch.uid, fetch.flags) != fetch.flags:
            self.complain("I7", "UID %r: %r at %r, told up to %d, that it is %r"
                          % (fetch.uid, sorted(fetch.flags), fetch.modseq,
                             memory.modseq, sorted(memory.flags[fetch.uid])))
        memory.fetched(fetch)

    def read_text(self, slot, octets):
        """A whole message, or its X-Marker field alone; what quotes another
        has that one's octets behind its own."""
        marker, rest = self.whose(octets)
        if marker is not None:
            self.facts.texts.append((self.mailbox, slot, marker, self.op))
        while rest:
            quoted, rest = self.whose(rest)
            if quoted is not None:
                self.facts.quoted.append((marker, quoted, self.op))
            marker = quoted

    def whose(self, octets):
        """The marker (None: that is no message), and what is behind it."""
        found = MARKER.search(octets)
        if found is None:
            self.complain("I2", "nobody sent this: %r" % octets[:100])
            return None, b""
        marker = found.group(1).decode()
        if octets == b"X-Marker: %s\r\n\r\n" % found.group(1):
            return marker, b""
        before, own, rest = octets.partition(text(marker))
        if not own or is_quoting(marker) != bool(rest):
            self.complain("I2", "%s has changed" % marker)
            return None, b""
        return marker, rest

    def other(self, line):
        if line.startswith(b"* SEARCH"):
            self.found([(int(n), int(n)) for n in line.split()[2:]])
        elif line.startswith(b"* ESEARCH"):
            for what, value in ESEARCH.findall(line):
                if what != b"COUNT":
                    self.found(in_set(value, 0))
        elif line.startswith(b"* STATUS"):
            self.status(line)
        elif line.startswith(OVERFLOW) and self.visits and self.told:
            self.told.overflow()
        elif self.memory is not None:
            self.memory.hear(line)

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
        if b"HIGHESTMODSEQ" in values:
            self.top(mailbox, values.pop(b"HIGHESTMODSEQ"), values)
        if self.told is not None:
            self.told.status(name, count[:3])

    def top(self, mailbox, value, status):
        self.facts.tops.append(Top(mailbox, value, status, self.t0, self.t1,
                                   self.op))

    # -- selecting --

    def name(self, name, what, mailbox=None):
        sure = self.op.status == "OK"
        self.facts.names.append(Name(
            self.account, name.decode(), what, mailbox, self.t0,
            self.t1 if sure or what in ("is", "none") else NEVER, self.op))

    def select(self, name, op):
        self.leave()
        self.selected = name
        self.recall(name, op)
        if op.status != "OK":
            if self.memory is not None:
                self.memory.lost(op.lines)
                self.memory = None
            if NONE.match(op.lines[-1] if op.lines else b""):
                self.none(name)
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
        if b"HIGHESTMODSEQ" in codes:
            self.top(mailbox, int(codes[b"HIGHESTMODSEQ"]), {})
        self.facts.watches.append(self.watch)
        if self.told is not None:
            self.told.selected(name)
        if self.memory is not None:
            self.recalled()

    def recall(self, name, op):
        """What the client remembers, or from now on will."""
        if not self.comes_back:
            return
        if b"(QRESYNC " not in op.command:
            self.memories[name] = Memory()
        self.memory = self.memories[name]
        self.memory.begin(op.command)

    def recalled(self):
        self.memory.select(self.view)
        self.memory.answered()
        if len(self.memory.flags) > len(self.view):
            self.complain("I7", "remembers %d messages, there are %d" % (
                len(self.memory.flags), len(self.view)))

    def do_enable(self, args, _slots):
        self.comes_back = self.op.status == "OK" and b"QRESYNC" in args

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
              validity=None, sure=True):
        mailbox = None if validity is None else (self.account, validity)
        self.facts.births.append(Birth(
            self.account, name.decode(), mailbox, uid, marker, flags, source,
            self.t0, self.end(), sure and self.op.status == "OK", self.op))

    def do_append(self, args, _slots):
        if self.op.status == "BAD":
            return
        messages = list(appended(args[1:]))
        uids, validity = [None] * len(messages), None
        found = APPENDUID.search(b"\n".join(self.op.lines))
        if self.op.status == "OK" and found:    # or it may not be opened
            validity, uids = int(found.group(1)), uid_list(found.group(2))
        if len(uids) != len(messages):
            self.complain("I5", "%d UIDs for %d messages"
                          % (len(uids), len(messages)))
        for uid, (marker, flags) in zip(uids, messages):
            self.birth(args[0], uid, marker, flags, None, validity)
            if is_quoting(marker):
                self.facts.sources[marker] = self.source(args[-1])

    def source(self, url):
        validity, uid = URL.search(url).groups()
        return (self.account, int(validity)), int(uid)

    def do_replace(self, args, slots):
        """One message, and for it another goes; from account to account it
        goes when the new one has come."""
        self.do_append(args[1:], None)
        self.death(slots, "REPLACE")
        if not self.visits or (args[1] == HOME) == (self.selected == HOME):
            self.facts.replaced.append(Replaced(
                self.mailbox, slots, args[-1].decode(), self.op))

    def do_lmtp(self, args, _slots):
        self.birth(b"INBOX", None, args[0].decode())

    def do_store(self, args, slots):
        if self.mailbox is None or self.op.status == "BAD":
            return
        since, mode, flags = STORE.match(self.op.command).groups()
        flags = frozenset(flags.decode().split())
        if since is not None:
            slots = self.race(args[0], slots, int(since), flags)
        self.facts.writes.append(Write(
            self.mailbox, slots, mode.decode() or "F", flags,
            self.t0, self.end(), self.op.status == "OK", self.visits))

    def race(self, asked, slots, since, flags):
        """Those that UNCHANGEDSINCE did not keep out; named by UID."""
        found = MODIFIED.search(self.op.lines[-1] if self.op.lines else b"")
        kept = in_set(found.group(1), 0) if found else []
        won = [(uid, uid) for first, last in in_set(asked, 0)
               for uid in range(first, last + 1) if not contains(kept, uid)]
        winners, losers = (
            [(slot, ranges) for slot, _ in slots
             if slot.uid is None or contains(ranges, slot.uid)]
            for ranges in (won, kept))
        if self.op.status == "OK":
            self.facts.races.append(Race(
                self.mailbox, winners, losers, since, flags, self.t0,
                self.t1, self.op))
        return winners

    def do_fetch(self, args, slots):
        if self.memory is not None and self.op.status == "OK" and \
           self.op.command == ALL_FLAGS:
            self.memory.whole = True
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
        if found is None:       # or none is told where one may not look
            for slot, ranges in slots:
                self.birth(args[1], None, None, None,
                           (self.mailbox, slot, ranges), sure=False)
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
        else:
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
            self.none(args[0])

    def none(self, name):
        """To a visitor it may only look so."""
        if not (self.visits and name in CLUBS):
            self.name(name, "none")


def known(uid):
    slot = Slot(0, 0)
    slot.uid = uid
    return slot


def appended(words):
    """(marker, flags) of each message of an APPEND as recorded."""
    flags = []
    for word in words:
        if word == b"CATENATE" or word.startswith(b"/"):
            continue
        if word[-1:].isdigit():
            yield word.decode(), frozenset(flags)
            flags = []
        else:
            flags += word.strip(b"()").decode().split()


def replay(facts, ops):
    """ops: those of one connection, in order."""
    session, memories = None, {}
    for op in ops:
        if op.command.startswith(b"LOGIN "):
            if session is not None:
                session.leave()
            visits = any(x.startswith(b"as ") for x in op.lines)
            session = Session(facts, op.command[6:].decode(), memories,
                              visits)
            session.since = op.t0
            if visits:
                facts.visitors.add(op.conn)
        elif op.command != b"LOST":
            session.take(op)
        if session.visits and op.status == "OK" and \
           op.command not in (b"IDLING", b"WAITING", b"LOST"):
            session.settings.works(op)
