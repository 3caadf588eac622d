"""cells.py -- the life of every message, put together from all histories.

A Cell is one UID of one mailbox. Between which moments it must have been
there, and between which it may have been, follows from the facts:

    start       not before: when what brought it began
    born_by     there from then on, at the latest
    alive_at    seen there by a command that began then (the last such)
    may_go      from then on it may have gone: the first command that could
                have removed it and ended after alive_at began
    gone_by     not there from then on, at the latest
"""
import bisect
import collections

from facts import NEVER
from view import contains


TAKING = "MOVE", "REPLACE"      # they take what is not \\Deleted


class Cell:
    __slots__ = ("mailbox", "uid", "birth", "marker", "start", "born_by",
                 "alive_at", "alive_op", "may_go", "gone_by", "deleted_from",
                 "removers", "writes", "reads")

    def __init__(self, mailbox, uid):
        self.mailbox, self.uid = mailbox, uid
        self.birth = None
        self.marker = None
        self.start = -NEVER
        self.born_by = NEVER
        self.alive_at = -NEVER
        self.alive_op = None
        self.may_go = NEVER
        self.gone_by = NEVER
        self.deleted_from = NEVER
        self.removers = []
        self.writes = []
        self.reads = []

    def seen(self, t0, t1, op):
        self.born_by = min(self.born_by, t1)
        if t0 > self.alive_at:
            self.alive_at, self.alive_op = t0, op


def resolve(slots):
    """UIDs of the slots that a set named, as far as they became known."""
    return [s.uid for s, ranges in slots if s.uid is not None
            and (ranges is None or contains(ranges, s.uid))]


def by_mailbox(things):
    out = collections.defaultdict(list)
    for x in things:
        out[x.mailbox].append(x)
    return out


class Mailbox:
    def __init__(self, key):
        self.key = key
        self.cells = {}
        self.names = set()
        self.unnamed = []       # deaths of whatever is \Deleted
        self.removals = []      # of the mailbox itself


class Cells:
    """All of them, and what could not be put together."""

    def __init__(self, facts):
        self.facts = facts
        self.mailboxes = {}
        self.by_name = collections.defaultdict(set)
        self.unbound = collections.defaultdict(list)    # starts of births
        self.counts = by_mailbox(facts.counts)
        self.watches = by_mailbox(facts.watches)
        for n in facts.names:
            if n.mailbox is not None:
                self.by_name[n.account, n.name].add(n.mailbox)
                self.mailbox(n.mailbox).names.add(n.name)
        self.take_sightings()
        self.take_births()
        self.take_texts()
        self.follow_copies()
        self.take_writes()
        self.take_deaths()
        for box in self.mailboxes.values():
            self.set_may_go(box)

    def mailbox(self, key):
        if key not in self.mailboxes:
            self.mailboxes[key] = Mailbox(key)
        return self.mailboxes[key]

    def cell(self, key, uid):
        cells = self.mailbox(key).cells
        if uid not in cells:
            cells[uid] = Cell(key, uid)
        return cells[uid]

    def all(self):
        for box in self.mailboxes.values():
            yield from box.cells.values()

    # -- that it was there --

    def take_sightings(self):
        for watch in self.facts.watches:
            for slot in watch.slots:
                if slot.uid is not None:
                    self.take_slot(watch, slot)
        for r in self.facts.reads:
            if r.slot.uid is not None:
                cell = self.cell(r.mailbox, r.slot.uid)
                cell.seen(r.t0, r.t1, r.op)
                if r.flags is not None:
                    cell.reads.append(r)

    def take_slot(self, watch, slot):
        cell = self.cell(watch.mailbox, slot.uid)
        if slot.since == 0:
            cell.seen(watch.op.t0, watch.op.t1, watch.op)
        elif slot.since < len(watch.commands):
            cell.born_by = min(cell.born_by, watch.commands[slot.since][1])

    # -- how it came --

    def take_births(self):
        for b in self.facts.births:
            if b.uid is None:
                continue
            cell = self.cell(b.mailbox, b.uid)
            if cell.birth is not None:
                self.facts.complain("I3", "UID %d of %r is given twice"
                                    % (b.uid, b.mailbox), b.op)
                continue
            cell.birth, cell.start = b, b.t0
            cell.born_by = min(cell.born_by, b.t1)
            self.name_cell(cell, b.marker, b.op)

    def take_texts(self):
        for mailbox, slot, marker, op in self.facts.texts:
            if slot.uid is not None:
                self.name_cell(self.cell(mailbox, slot.uid), marker, op)
        for marker, quoted, op in self.facts.quoted:
            if marker in self.facts.sources:
                self.name_cell(self.cell(*self.facts.sources[marker]), quoted,
                               op)

    def name_cell(self, cell, marker, op):
        if marker is None or cell.marker == marker:
            return
        if cell.marker is not None:
            self.facts.complain("I2", "UID %d of %r is %s and %s" % (
                cell.uid, cell.mailbox, cell.marker, marker), op)
        cell.marker = marker

    def follow_copies(self):
        """A copy is what it is a copy of; both ways, until nothing is new."""
        links = [(self.cell(c.birth.source[0], c.birth.source[1].uid), c)
                 for c in list(self.all())
                 if c.birth is not None and c.birth.source is not None
                 and c.birth.source[1].uid is not None]
        links.sort(key=lambda link: link[1].birth.t0)
        for old, new in links + links[::-1]:
            self.name_cell(new, old.marker, new.birth.op)
            self.name_cell(old, new.marker, new.birth.op)

    # -- how it went --

    def take_writes(self):
        for w in self.facts.writes:
            for uid in resolve(w.slots):
                cell = self.cell(w.mailbox, uid)
                cell.writes.append(w)
                if "\\Deleted" in w.flags and w.mode != "-":
                    cell.deleted_from = min(cell.deleted_from, w.t0)
        for cell in self.all():
            b = cell.birth
            if b is None or b.flags is None or "\\Deleted" in b.flags:
                cell.deleted_from = min(cell.deleted_from, cell.start)

    def take_deaths(self):
        for d in self.facts.deaths:
            if d.slots is None:
                self.mailbox(d.mailbox).unnamed.append(d)
                continue
            for uid in resolve(d.slots):
                cell = self.cell(d.mailbox, uid)
                cell.removers.append(d)
                if d.kind in TAKING and d.sure:
                    cell.gone_by = min(cell.gone_by, d.t1)
        for mailbox, slot, t1 in self.facts.told_gone:
            if slot.uid is not None:
                cell = self.cell(mailbox, slot.uid)
                cell.gone_by = min(cell.gone_by, t1)
        for n in self.facts.names:
            if n.what == "delete":
                for key in self.by_name[n.account, n.name]:
                    self.mailbox(key).removals.append(n)

    def set_may_go(self, box):
        unnamed = Earliest(box.unnamed)
        removals = Earliest(box.removals)
        for cell in box.cells.values():
            first = [d.t0 for d in cell.removers if d.t1 > cell.alive_at and
                     (d.kind in TAKING or d.t1 > cell.deleted_from)]
            if cell.deleted_from != NEVER:
                first.append(unnamed.ended_after(
                    max(cell.alive_at, cell.deleted_from)))
            first.append(removals.ended_after(cell.alive_at))
            cell.may_go = min(first)


class Earliest:
    """Of things with t0 and t1: the least t0 of those that ended after."""

    def __init__(self, things):
        things = sorted(things, key=lambda d: d.t1)
        self.ends = [d.t1 for d in things]
        self.least = [NEVER]
        for d in reversed(things):
            self.least.append(min(d.t0, self.least[-1]))
        self.least.reverse()

    def ended_after(self, t):
        return self.least[bisect.bisect_right(self.ends, t)]
