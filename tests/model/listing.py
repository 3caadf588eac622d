"""listing.py -- what LIST and LSUB must say. RFC 9051 sections 6.3.9, 7.3.1,
RFC 5258, RFC 6154, RFC 3501 section 6.3.9.
"""
import itertools
import re

from account import canonical, parents


def pattern(reference, text):
    """Of a list-mailbox that is joined to its reference."""
    text = canonical(reference + text)
    return re.compile("".join(
        ".*" if c == "*" else "[^/]*" if c == "%" else re.escape(c)
        for c in text), re.S)


INBOXES = ["".join(x) for x in itertools.product(*zip("INBOX", "inbox"))]


def matches(patterns, name):
    """INBOX is itself in any letter case, as a first level, too."""
    names = [name]
    if name == "INBOX" or name.startswith("INBOX/"):
        names = [x + name[5:] for x in INBOXES]
    return any(x.fullmatch(y) for x in patterns for y in names)


def attributes(account, name, command):
    box = account.mailboxes.get(name)
    out = {"\\haschildren" if account.has_children(name)
           else "\\hasnochildren"}
    if box is None:             # whether it has children, then?
        out = {"\\nonexistent"}
    elif not box.selectable:
        out.add("\\noselect")
    else:
        out |= box.uses
    if command and name in account.subscribed and \
            "SUBSCRIBED" in command.select | command.returns:
        out.add("\\subscribed")
    return frozenset(out)


def selected(account, name, command):
    """Whether the selection options let the name pass."""
    box = account.mailboxes.get(name)
    if "SUBSCRIBED" in command.select and name not in account.subscribed:
        return False
    if "SPECIAL-USE" in command.select and not (box and box.uses):
        return False
    return box is not None or "SUBSCRIBED" in command.select


def list_names(account, command, patterns):
    """{name: (attributes, what CHILDINFO must name)}"""
    names = set(account.mailboxes) | account.subscribed
    chosen = {x for x in names if selected(account, x, command)}
    heard = {x for x in chosen if matches(patterns, x)}
    recursive = "RECURSIVEMATCH" in command.select
    parent = {p for x in chosen for p in parents(x)} if recursive else set()
    missed = {p for x in chosen - heard for p in parents(x)
              if matches(patterns, p)} if recursive else set()
    found = frozenset(x.lower() for x in command.select
                      if x in ("SUBSCRIBED", "SPECIAL-USE"))
    return {x: (attributes(account, x, command),
                found if x in parent else frozenset())
            for x in heard | missed}


def lsub_names(account, patterns, percent):
    """{name: whether \\Noselect stands there}"""
    out = {}
    for name in account.subscribed:
        if matches(patterns, name):
            box = account.mailboxes.get(name)
            out[name] = box is None or not box.selectable
        elif percent:
            for parent in parents(name):
                if matches(patterns, parent):
                    out.setdefault(parent, True)
    return out
