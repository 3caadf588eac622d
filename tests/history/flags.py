"""flags.py -- flags are what some order of the changes to them gives (I17).

Each flag of each message is a register of its own: on or off.
"""
import sys

from facts import NEVER
from register import Register

sys.setrecursionlimit(100000)   # a copy of a copy of a copy of ...


def check(cells):
    memo, names = {}, {}
    for cell in cells.all():
        for name in names_of(cells, cell, names) if cell.reads else ():
            check_flag(cells, cell, name, memo)


def check_flag(cells, cell, name, memo):
    register = register_of(cells, cell, name, memo)
    for r in cell.reads:
        if is_own(cells, name, r.op):
            continue
        if not register.may_be(name in r.flags, r.t0, r.t1):
            cells.facts.complain("I17", "UID %d of %r: %s is %s" % (
                cell.uid, cell.mailbox, name,
                "on" if name in r.flags else "off"), r.op)
            return


def is_own(cells, name, op):
    """Each visitor has his own, which nobody else sees."""
    return name == "\\Seen" and op.conn in cells.facts.visitors


def source_of(cells, cell):
    """The cell that it is a copy of; None: it isn't, or nobody knows."""
    b = cell.birth
    if b is None or b.source is None or b.source[1].uid is None:
        return None
    return cells.cell(b.source[0], b.source[1].uid)


def names_of(cells, cell, memo):
    """Of the flags that it may ever have had."""
    key = cell.mailbox, cell.uid
    if key not in memo:
        memo[key] = names = set().union(*(x.flags for x in cell.reads),
                                        *(x.flags for x in cell.writes))
        if cell.birth is not None and cell.birth.flags:
            names |= cell.birth.flags
        source = source_of(cells, cell)
        if source is not None:
            names |= names_of(cells, source, memo)
    return memo[key]


def register_of(cells, cell, name, memo):
    key = cell.mailbox, cell.uid, name
    if key not in memo:
        memo[key] = register = Register()
        begin(cells, cell, name, register, memo)
        for w in cell.writes:
            if w.visits and name == "\\Seen":
                continue
            value = name in w.flags
            if w.mode == "F":
                register.add(value, w.t0, w.t1, w.sure)
            elif value:
                register.add(w.mode == "+", w.t0, w.t1, w.sure)
    return memo[key]


def begin(cells, cell, name, register, memo):
    """What it was born with: a copy with what its source had then."""
    b, source = cell.birth, source_of(cells, cell)
    values = [True, False]          # nobody knows
    if b is not None and is_own(cells, name, b.op):
        source = b = None
    if source is not None:
        register_there = register_of(cells, source, name, memo)
        values = [v for v in values if register_there.may_be(v, b.t0, b.t1)]
    elif b is not None and b.flags is not None:
        values = [name in b.flags]
    for value in values:
        register.add(value, cell.start, cell.born_by if b else NEVER,
                     len(values) == 1)
