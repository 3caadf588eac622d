"""names.py -- which mailbox a name is, over time (I12).

A name changes by CREATE, DELETE and RENAME alone, a RENAME takes the names
below it along; a name that was deleted and is made again has another
UIDVALIDITY; a mailbox that is renamed keeps its own.
"""
import collections

from facts import NEVER

Change = collections.namedtuple("Change", "kind other t0 t1 op")


def check(facts):
    seen = collections.defaultdict(list)
    for n in facts.names:
        if n.what in ("is", "none"):
            seen[n.account, n.name].append(n)
    changes = collect(facts, seen)
    for key, observed in seen.items():
        observed.sort(key=lambda n: n.t0)
        steady(facts, observed, changes[key])
        recreated(facts, observed, changes[key])
        created(facts, observed, changes[key])
    for key in list(changes):
        renamed(facts, key, seen, changes)


def collect(facts, seen):
    changes = collections.defaultdict(list)
    for n in facts.names:
        if n.what in ("create", "delete"):
            changes[n.account, n.name].append(
                Change(n.what, None, n.t0, n.t1, n.op))
            for above in parents(n.name):
                changes[n.account, above].append(
                    Change("below", n.name, n.t0, n.t1, n.op))
        elif n.what.startswith("rename to "):
            for old, new in carried(n, seen):
                changes[n.account, old].append(
                    Change("away", new, n.t0, n.t1, n.op))
                changes[n.account, new].append(
                    Change("here", old, n.t0, n.t1, n.op))
    return changes


def parents(name):
    """Those that a CREATE makes too, where they are missing."""
    words = name.split("/")
    return ["/".join(words[:n]) for n in range(1, len(words))]


def carried(n, seen):
    """The names that a RENAME changes: (old, new)."""
    new = n.what[len("rename to "):]
    tails = {""}
    for account, name in seen:
        for end in (n.name, new):
            if account == n.account and name.startswith(end + "/"):
                tails.add(name[len(end):])
    return [(n.name + tail, new + tail) for tail in tails]


def between(changes, after, before):
    """Those that may have taken effect between the two moments."""
    return [c for c in changes if c.t0 < before and c.t1 > after]


def steady(facts, observed, changes):
    last = None
    for n in observed:
        if last is not None and n.mailbox != last.mailbox and \
           n.t0 > last.t1 and not between(changes, last.t0, n.t1):
            facts.complain("I12", "%s was %r and is %r" % (
                n.name, last.mailbox, n.mailbox), n.op)
        last = n


def recreated(facts, observed, changes):
    back = [c for c in changes if c.kind == "here"]
    for d in changes:
        if d.kind not in ("delete", "away") or d.t1 == NEVER:
            continue
        before = {n.mailbox for n in observed if n.t1 < d.t0}
        for n in observed:
            if n.t0 > d.t1 and n.mailbox in before - {None} and \
               not between(back, d.t0, n.t1):
                facts.complain("I12", "%s was deleted and is %r again" % (
                    n.name, n.mailbox), n.op)
                return


def created(facts, observed, changes):
    for c in changes:
        if c.kind != "create" or c.t1 == NEVER:
            continue
        for n in observed:
            if n.mailbox is None and n.t0 > c.t1 and not [
                    d for d in between(changes, c.t0, n.t1)
                    if d.kind in ("delete", "away")]:
                facts.complain("I12", "%s was made and is not there"
                               % n.name, n.op)
                return


def renamed(facts, key, seen, changes):
    account, _ = key
    for c in changes[key]:
        if c.kind != "away" or c.t1 == NEVER:
            continue
        other = account, c.other
        before = [n for n in seen[key] if n.t1 < c.t0]
        after = [n for n in seen[other] if n.t0 > c.t1]
        if not before or not after:
            continue
        old, new = before[-1], after[0]
        if between([x for x in changes[key] if x is not c], old.t0, c.t0) or \
           between([x for x in changes[other] if x.op is not c.op],
                   c.t0, new.t1):
            continue
        if old.mailbox is not None and new.mailbox != old.mailbox:
            facts.complain("I12", "%r is %r after its RENAME to %s" % (
                old.mailbox, new.mailbox, c.other), new.op)
