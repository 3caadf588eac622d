"""view.py -- what a client knows of the mailbox that it has selected.

A list of Slots, one a message number. A slot is a message for as long as
this session has it selected; its UID is None until some FETCH tells it.
Whoever owns the view gives complain(invariant, text) and hears of every
response that cannot be true.
"""
import bisect
import re

NUMBERED = re.compile(rb"\* (\d+) (EXISTS|EXPUNGE|FETCH)")
LITERALS = re.compile(rb"\{(\d+)\}\r\n")
UID = re.compile(rb"UID (\d+)")
FLAGS = re.compile(rb"FLAGS \(([^)]*)\)")
MODSEQ = re.compile(rb"MODSEQ \((\d+)\)")


class Slot:
    """since, until: which command of the session brought it, and took it."""
    __slots__ = "uid", "floor", "since", "until"

    def __init__(self, floor, since):
        self.uid = None
        self.floor = floor      # its UID is higher: it came later
        self.since = since
        self.until = None


class View:
    def __init__(self, complain=lambda invariant, text: None):
        self.complain = complain
        self.slots = []
        self.ever = []
        self.highest = 0        # of the UIDs told so far
        self.now = 0            # which command it is

    def __len__(self):
        return len(self.slots)

    def slot(self, number):
        """None: there is no such message number."""
        if 1 <= number <= len(self.slots):
            return self.slots[number - 1]
        return None

    def uids(self):
        return [s.uid for s in self.slots if s.uid is not None]

    def exists(self, n):
        if n < len(self.slots):
            self.complain("I9", "EXISTS has fallen from %d to %d"
                          % (len(self.slots), n))
        for _ in range(n - len(self.slots)):
            slot = Slot(self.highest, self.now)
            self.slots.append(slot)
            self.ever.append(slot)

    def expunge(self, n):
        """The slot that is no more."""
        slot = self.slot(n)
        if slot is None:
            self.complain("I9", "EXPUNGE of number %d, of %d"
                          % (n, len(self.slots)))
            return None
        del self.slots[n - 1]
        slot.until = self.now
        return slot

    def vanish(self, ranges):
        """The slots of these UIDs, which are no more."""
        return [slot for first, last in ranges
                for uid in range(first, last + 1)
                for slot in [self.vanish_one(uid)] if slot is not None]

    def vanish_one(self, uid):
        at = next((i for i, s in enumerate(self.slots) if s.uid == uid), None)
        if at is None:
            at = self.bind_blank(uid)
        return None if at is None else self.expunge(at + 1)

    def bind_blank(self, uid):
        """One of those whose UID nobody has told; when there are several,
        which of them came when is no longer known."""
        blank = [i for i, s in enumerate(self.slots)
                 if s.uid is None and self.fits(i, s, uid)]
        if not blank:
            self.complain("I9", "VANISHED of UID %d, which is not there" % uid)
            return None
        for i in blank:
            self.slots[i].since = self.slots[blank[0]].since
            self.slots[i].floor = self.slots[blank[0]].floor
        self.slots[blank[0]].uid = uid
        return blank[0]

    def fetch(self, n, uid):
        """The slot that a FETCH response is about; uid None: not said."""
        slot = self.slot(n)
        if slot is None:
            self.complain("I9", "FETCH of number %d, of %d"
                          % (n, len(self.slots)))
        elif uid is not None and slot.uid != uid:
            self.bind(n - 1, slot, uid)
        return slot

    def bind(self, at, slot, uid):
        if slot.uid is not None:
            self.complain("I9", "number %d is UID %d, was UID %d"
                          % (at + 1, uid, slot.uid))
        if not self.fits(at, slot, uid):
            self.complain("I1", "number %d is UID %d: not in ascending order"
                          % (at + 1, uid))
        slot.uid = uid
        self.highest = max(self.highest, uid)

    def fits(self, at, slot, uid):
        below = next((s.uid for s in reversed(self.slots[:at])
                      if s.uid is not None), 0)
        above = next((s.uid for s in self.slots[at + 1:]
                      if s.uid is not None), uid + 1)
        return max(below, slot.floor) < uid < above


class Fetch:
    """One FETCH response: number, uid, flags, modseq and literals it has."""

    def __init__(self, number, line):
        self.number = number
        self.literals = []
        rest = self.take_literals(line)
        found = UID.search(rest)
        self.uid = int(found.group(1)) if found else None
        found = FLAGS.search(rest)
        self.flags = frozenset(found.group(1).decode().split()) \
            if found else None
        found = MODSEQ.search(rest)
        self.modseq = int(found.group(1)) if found else None

    def take_literals(self, line):
        rest, pos = b"", 0
        while True:
            found = LITERALS.search(line, pos)
            if found is None:
                return rest + line[pos:]
            end = found.end() + int(found.group(1))
            self.literals.append(line[found.end():end])
            rest += line[pos:found.start()]
            pos = end


def in_set(text, last):
    """A sequence set as sorted disjoint (first, last), "*" being last."""
    ranges = []
    for part in text.split(b","):
        ends = [last if x == b"*" else int(x) for x in part.split(b":")]
        ranges.append((min(ends), max(ends)))
    ranges.sort()
    out = []
    for first, end in ranges:
        if out and first <= out[-1][1] + 1:
            out[-1] = out[-1][0], max(end, out[-1][1])
        else:
            out.append((first, end))
    return out


def contains(ranges, n):
    at = bisect.bisect_right(ranges, (n, float("inf"))) - 1
    return at >= 0 and ranges[at][0] <= n <= ranges[at][1]
