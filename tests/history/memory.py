"""memory.py -- what a client remembers of a mailbox when it comes back.

RFC 7162 section 3.2. Whoever plays such a client keeps one Memory a mailbox,
and whoever replays its history keeps the same: which messages there were,
with their flags, and modseq, up to which it has been told everything.
"""
import re

from view import Fetch, in_set

VANISHED = re.compile(rb"\* VANISHED (\(EARLIER\) )?([\d:,]+)")
ALL_FLAGS = b"UID FETCH 1:* (FLAGS)"     # with this it begins to remember
HIGHESTMODSEQ = re.compile(rb"\[HIGHESTMODSEQ (\d+)\]")


class Memory:
    def __init__(self):
        self.validity = None
        self.flags = {}         # UID -> flags
        self.modseq = 0
        self.shown = 0          # the highest MODSEQ since the last answer,
        self.said = None        # and HIGHESTMODSEQ
        self.whole = False      # it has been told of every message,
        self.but_last = False   # or of those up to the highest that it knows
        self.amid = False       # a SELECT is under way
        self.named = False      # which named what it knows
        self.hole = False       # of the last ones it knows some
        self.slots = []         # whose UIDs it has yet to say

    def hear(self, line):
        """Any response but FETCH and VANISHED as well."""
        found = HIGHESTMODSEQ.search(line, 0, 200)
        if found:
            self.said = int(found.group(1))

    def fetched(self, fetch):
        if fetch.flags is not None:
            self.flags[fetch.uid] = fetch.flags
        self.shown = max(self.shown, fetch.modseq or 0)

    def vanished(self, ranges):
        """The UIDs of those that are no more."""
        gone = [u for u in self.flags
                if any(first <= u <= last for first, last in ranges)]
        for uid in gone:
            del self.flags[uid]
        return gone

    def answered(self):
        """A command was OK. If HIGHESTMODSEQ was not said the highest MODSEQ
        stands for it (RFC 7162 section 6)."""
        self.modseq = max(self.modseq, self.shown) if self.said is None \
            else self.said
        self.said, self.shown = None, 0

    # -- coming back --

    def can_say(self):
        """But with nothing to name it could not leave out the last ones."""
        return self.whole and bool(self.flags or not self.but_last)

    def begin(self, command):
        """Which UIDs it knows the third word of QRESYNC says, a list of
        numbers only how they were numbered."""
        words = command.partition(b"(QRESYNC (")[2].split(b" ")
        self.amid = True
        self.named = len(words) > 2 and words[2][:1].isdigit()

    def select(self, view):
        """A SELECT is answered."""
        self.amid = self.hole = False
        self.slots = list(view.slots) if self.whole else []
        self.settle(view)

    def settle(self, view):
        """Which number is which message; None, or why that can't be. One
        that went while it was answered has its number until it is told."""
        slots = [s for s in self.slots if s.until is None]
        later = {s.uid for s in view.slots if s not in self.slots}
        uids = sorted(u for u in self.flags if u not in later)
        if not slots:
            return None
        if len(uids) > len(slots) or len(uids) < len(slots) and not self.named:
            return "remembers %d messages, there are %d" % (
                len(uids), len(slots))
        self.slots = []
        for at, (slot, uid) in enumerate(zip(slots, uids)):
            if slot.uid is None:
                view.bind(at, slot, uid)
            elif slot.uid != uid:
                return "number %d is UID %d, remembers %d" % (
                    at + 1, slot.uid, uid)
        return None

    def left(self, slots):
        """The mailbox is no longer selected."""
        self.said, self.shown = None, 0
        if self.amid:
            self.amid = False
            self.hole = self.hole or not self.named
            return
        uids = [s.uid for s in slots]
        known = uids.index(None) if None in uids else len(uids)
        self.but_last = known < len(uids)
        if any(u is not None for u in uids[known:]):
            self.whole = False

    def lost(self, lines):
        """A SELECT that was not answered; what came of it, it keeps."""
        for line in lines:
            found = VANISHED.match(line)
            if found:
                self.vanished(in_set(found.group(2), 0))
            elif b" FETCH (" in line[:20]:
                self.fetched(Fetch(0, line))
        self.left([])
