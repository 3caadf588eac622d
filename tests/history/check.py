"""check.py -- do the histories of all clients satisfy the invariants?

    anomalies, cells = check([ops of one connection, ...])

I1 UIDs rise in the order in which messages become visible; I2 a UID is one
text for ever; I3 UIDNEXT is above every UID shown and never falls; I4 what
was OK is seen by every command that begins later; I5 what was not OK is
there whole or not at all, and COPYUID and APPENDUID tell the truth; I9 the
numbers of each session; I10 a MOVE leaves one copy; I11 nothing goes that
was not \\Deleted or moved; I12 names; I13 STATUS says what SELECT says; I17
flags are what some order of the changes gives.

I6 to I8 are modseqs.py's and replay.py's: MODSEQs never fall and each is one
state, who comes back is told all that has changed, of two who change what
they have seen one is refused. I18, settings.py's: annotations, rights and
subscriptions are registers. I15, there and in visitor.py: who has been let
into a mailbox of another sees it, who has been shut out doesn't. I14 is
audit.py's and `roost store check`'s. Each check is one scan over sorted facts.

What it finds was tried on servers broken on purpose, a few seconds of load
each: an EXPUNGE response left out (I9, I4), MOVE that only copies (I4, I10),
COPYUID with the UIDs of the source (I3, I2, I10), the highest UID given again
after a restart (I3, I2), STATUS off by one (I13), STORE acknowledged before
its commit while processes are killed (I17), EXPUNGE told during FETCH (I9),
copies without their flags (I17), news for NOTIFY left out (I4), expunges told
to who had them delayed (I9), VANISHED (EARLIER) without the last range (I7),
HIGHESTMODSEQ left out where an EXPUNGE had to wait (I7), UNCHANGEDSINCE that
lets all pass (I8), REPLACE that only appends (I4, I10), one annotation in
three acknowledged and not set (I18).
"""
import bisect
import collections

import flags
import modseqs
import names
import settings
from cells import TAKING, Cells, resolve
from facts import Facts
from replay import replay


def check(histories):
    facts = Facts()
    for ops in histories:
        replay(facts, ops)
    cells = Cells(facts)
    causes(cells)
    for box in cells.mailboxes.values():
        order(cells, box)
        lives(cells, box)
    for box in cells.mailboxes.values():
        visibility(cells, box)
        counts(cells, box)
    replaced(cells)
    flags.check(cells)
    modseqs.check(cells)
    names.check(facts)
    settings.check(facts)
    return facts.anomalies, cells


# -- where messages come from: I5, I10 --

class Pool:
    """What may have brought cells of one account that nobody was told of."""

    def __init__(self):
        self.free = collections.defaultdict(list)   # (name, marker) -> births

    def add(self, b, marker):
        self.free[b.name, marker].append(b)

    def candidates(self, box, cell):
        """Those that had begun when it was seen; the surest first, and
        before those that could have brought any."""
        found = [(not b.sure, marker is None, b.t0, b)
                 for name in box.names for marker in (cell.marker, None)
                 for b in self.free[name, marker] if b.t0 < cell.born_by]
        return [f[3] for f in sorted(found, key=lambda f: f[:3])]

    def remove(self, b, marker):
        births = self.free[b.name, marker]
        births[:] = [x for x in births if x is not b]


def causes(cells):
    pools = collections.defaultdict(Pool)
    for b in cells.facts.births:
        if b.uid is None:
            pools[b.account].add(b, marker_of(cells, b))
    for box in cells.mailboxes.values():
        for _, cell in sorted(box.cells.items()):
            if cell.birth is None and cell.marker is not None:
                find_cause(cells, pools[box.key[0]], box, cell)
    for pool in pools.values():
        missing(cells, pool)


def marker_of(cells, b):
    """None: it could be any."""
    if b.source is not None and b.source[1].uid is not None:
        return cells.cell(b.source[0], b.source[1].uid).marker
    return b.marker


def find_cause(cells, pool, box, cell):
    candidates = pool.candidates(box, cell)
    if not candidates:
        cells.facts.complain("I10", "UID %d of %s: nobody put %s there" % (
            cell.uid, "/".join(sorted(box.names)), cell.marker),
            cell.alive_op)
        return
    b = candidates[0]
    pool.remove(b, cell.marker)
    pool.remove(b, None)
    cell.birth, cell.start = b, b.t0
    if len(candidates) > 1:
        cell.birth = b._replace(flags=None, source=None)
    elif b.sure:
        cell.born_by = min(cell.born_by, b.t1)


def missing(cells, pool):
    """Acknowledged (or half of what is there), and nobody has ever seen it:
    then it went before anybody had looked at it."""
    halves = collections.defaultdict(list)
    for births in pool.free.values():
        for b in births:
            for key in cells.by_name[b.account, b.name]:
                cells.unbound[key].append(b.t0)
            if b.sure:
                unseen(cells, b, "I4", "%s is acknowledged and nowhere")
            elif b.source is None:
                halves[id(b.op)].append(b)
    for births in halves.values():
        first = births[0]
        if len(births) < len(list(markers_of(first.op))):
            unseen(cells, first, "I5", "%s is missing, others of it are there")


def markers_of(op):
    return [w for w in op.command.split(b" ")[2:]
            if w[-1:].isdigit() and b"-" in w and w[:1] != b"/"]


def unseen(cells, b, invariant, text):
    for key in cells.by_name[b.account, b.name]:
        known = cells.mailbox(key).cells
        last = max(known, default=0)
        if any(uid not in known or known[uid].marker is None
               for uid in range(1, last + 1)):
            return      # one of these it may have been
    cells.facts.complain(invariant, text % b.marker, b.op)


# -- UIDs rise: I1, I3 --

def order(cells, box):
    """After a moment no UID below a number may be given out any more, and
    no UIDNEXT be said."""
    floors, probes = [], []
    for c in box.cells.values():
        floors.append((c.born_by, c.uid + 1))
        if c.birth is not None:
            probes.append((c.start, c.uid, "I1", "UID %d comes late",
                           c.birth.op))
    for c in cells.counts[box.key]:
        if c.uidnext is not None:
            floors.append((c.t1, c.uidnext))
            probes.append((c.t0, c.uidnext, "I3", "UIDNEXT %d is too low",
                           c.op))
    for (_, value, invariant, text, op), floor in modseqs.too_low(floors,
                                                                  probes):
        cells.facts.complain(invariant, (text + ", %d was the next")
                             % (value, floor), op)


# -- each life by itself: I4, I10, I11 --

def lives(cells, box):
    for c in box.cells.values():
        where = "UID %d of %s" % (c.uid, "/".join(sorted(box.names)))
        if c.gone_by < c.alive_at:
            cells.facts.complain(
                "I10" if any(d.kind in TAKING for d in c.removers) else "I4",
                "%s had gone and is there" % where, c.alive_op)
        elif c.gone_by < c.may_go:
            cells.facts.complain(
                "I11", "%s has gone, nobody removed it" % where, c.alive_op)


def replaced(cells):
    """Whether it was OK or not: who is there has taken the other's place."""
    markers = collections.defaultdict(list)
    for c in cells.all():
        markers[c.marker].append(c)
    for r in cells.facts.replaced:
        new = [c for c in markers[r.marker] if c.birth and c.birth.op is r.op]
        for old in [cells.cell(r.mailbox, uid) for uid in resolve(r.slots)]:
            if not new or old.alive_at <= new[0].born_by:
                continue
            cells.facts.complain("I10", "UID %d of %r is there, and so is %s, "
                                 "which replaces it" % (
                                     old.uid, old.mailbox, r.marker),
                                 old.alive_op)


# -- what every session is told: I4 --

def visibility(cells, box):
    ordered = sorted(box.cells.values(), key=lambda c: c.born_by)
    births = [c.born_by for c in ordered]
    for watch in cells.watches[box.key]:
        slots = {s.uid: s for s in watch.slots if s.uid is not None}
        blank = [s for s in watch.slots if s.uid is None]
        told_births(cells, watch, slots, blank, ordered, births)
        told_deaths(cells, watch, slots)


def told_births(cells, watch, slots, blank, ordered, births):
    starts = [t0 for t0, _, _ in watch.commands]
    last = bisect.bisect_left(births, starts[-1])
    for c in ordered[:last]:
        if c.may_go < starts[0]:
            continue
        at = bisect.bisect_right(starts, c.born_by)
        if c.may_go <= watch.commands[at][1]:
            continue
        slot = slots.get(c.uid)
        if slot is None and any(s.since <= at for s in blank):
            continue
        if slot is None or slot.since > at:
            cells.facts.complain(
                "I4", "UID %d of %r is not told from %f on, there since %f"
                % (c.uid, c.mailbox, starts[at], c.born_by), watch.op)


def told_deaths(cells, watch, slots):
    loud = [(t0, i) for i, (t0, _, allows) in enumerate(watch.commands)
            if allows]
    starts = [t0 for t0, _ in loud]
    for uid, slot in slots.items():
        gone = cells.cell(watch.mailbox, uid).gone_by
        at = bisect.bisect_right(starts, gone)
        if at == len(loud):
            continue
        if slot.until is None or slot.until > loud[at][1]:
            cells.facts.complain(
                "I4", "EXPUNGE of UID %d of %r is not told at %f, gone at %f"
                % (uid, watch.mailbox, starts[at], gone), watch.op)


# -- STATUS and SELECT: I13 --

def counts(cells, box):
    """A number of messages lies between those that must have been there and
    those that may have been."""
    lives = list(box.cells.values())
    start = sorted([c.start for c in lives] + cells.unbound[box.key])
    born = sorted(c.born_by for c in lives)
    may_go = sorted(c.may_go for c in lives)
    gone = sorted(c.gone_by for c in lives)
    for n in cells.counts[box.key]:
        if n.messages is None:
            continue
        least = (bisect.bisect_left(born, n.t0)
                 - bisect.bisect_right(may_go, n.t1))
        most = (bisect.bisect_right(start, n.t1)
                - bisect.bisect_left(gone, n.t0))
        if not least <= n.messages <= most:
            cells.facts.complain(
                "I13", "%d messages in %s, must be %d to %d" % (
                    n.messages, "/".join(sorted(box.names)), least, most),
                n.op)
