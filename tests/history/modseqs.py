"""modseqs.py -- modification sequences (I6, I8), and what stands by them.

I6: they never fall, HIGHESTMODSEQ is not below any that was shown, and what
has the same one is the same. I8: what STORE with UNCHANGEDSINCE changed
nobody else had changed since, and what it kept out somebody had.
"""
import collections

from cells import by_mailbox, resolve


def check(cells):
    facts = cells.facts
    tops = by_mailbox(facts.tops)
    told = by_mailbox(m for m in facts.modseqs if m.slot.uid is not None)
    for key in tops.keys() | told.keys():
        highest(facts, tops[key], told[key])
        of_mailbox(facts, tops[key])
    by_cell = collections.defaultdict(list)
    for messages in told.values():
        for m in messages:
            by_cell[m.mailbox, m.slot.uid].append(m)
    for messages in by_cell.values():
        of_message(facts, messages)
    winners = {}
    for race in facts.races:
        for uid in resolve(race.slots):
            has_won(facts, race, uid, by_cell[race.mailbox, uid], winners)
        for uid in resolve(race.kept):
            kept_out(facts, race, uid, by_cell[race.mailbox, uid])


def too_low(floors, probes):
    """floors: (from when on, what is the least); probes: (t0, value, ...).
    Those that are below, each with what was the least then."""
    floors.sort()
    floor, at = 0, 0
    for probe in sorted(probes, key=lambda p: p[0]):
        while at < len(floors) and floors[at][0] < probe[0]:
            floor = max(floor, floors[at][1])
            at += 1
        if probe[1] < floor:
            yield probe, floor


def highest(facts, tops, told):
    for (_, value, op), least in too_low(
            [(x.t1, x.value) for x in tops + told],
            [(x.t0, x.value, x.op) for x in tops]):
        facts.complain("I6", "HIGHESTMODSEQ is %d, has been %d"
                       % (value, least), op)


def of_mailbox(facts, tops):
    """The same HIGHESTMODSEQ, the same STATUS."""
    seen = {}
    for x in tops:
        for item, n in x.status.items():
            if seen.setdefault((x.value, item), n) != n:
                facts.complain("I6", "at HIGHESTMODSEQ %d %s is %d and %d" % (
                    x.value, item.decode(), seen[x.value, item], n), x.op)


def of_message(facts, messages):
    for (_, value, m), least in too_low(
            [(m.t1, m.value) for m in messages],
            [(m.t0, m.value, m) for m in messages]):
        facts.complain("I6", "UID %d of %r has MODSEQ %d, had %d" % (
            m.slot.uid, m.mailbox, value, least), m.op)
    seen = {}
    for m in messages:
        if m.flags is not None and \
           seen.setdefault(m.value, m.flags) != m.flags:
            facts.complain("I6", "UID %d of %r with MODSEQ %d: %r and %r" % (
                m.slot.uid, m.mailbox, m.value, sorted(seen[m.value]),
                sorted(m.flags)), m.op)


def has_won(facts, race, uid, messages, winners):
    """Each sets flags that nobody else does and that were not set: it changes
    something. What it shows of it may be what came after. From since to its
    own change there is nothing between."""
    mine = min((m.value for m in messages
                if m.op is race.op and m.value > race.since), default=None)
    if mine is None:
        return      # it was expunged meanwhile
    key = race.mailbox, uid, race.since
    if winners.setdefault(key, race) is not race:
        facts.complain("I8", "UID %d of %r: two with UNCHANGEDSINCE %d won"
                       % (uid, race.mailbox, race.since), race.op)
    others = [m.value for m in messages if race.since < m.value < mine
              and m.flags not in (None, race.flags)]
    if others:
        facts.complain("I8", "UID %d of %r: UNCHANGEDSINCE %d made %d, and "
                       "there was %r" % (uid, race.mailbox, race.since, mine,
                                         others), race.op)


def kept_out(facts, race, uid, messages):
    """Afterwards its MODSEQ is beyond since."""
    if any(m.t0 > race.t1 and m.value <= race.since for m in messages):
        facts.complain("I8", "UID %d of %r is MODIFIED, but not since %d" % (
            uid, race.mailbox, race.since), race.op)
