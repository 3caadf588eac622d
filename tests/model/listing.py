"""listing.py -- what LIST and LSUB must say. RFC 9051 sections 6.3.9, 7.3.1,
RFC 5258, RFC 6154, RFC 3501 section 6.3.9.
"""
import itertools
import re

from account import OTHERS, parents


def pattern(text):
    """Of a list-mailbox that was joined to its reference."""
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
    return box is not None or "SUBSCRIBED" in command.select or \
        is_anothers(account, name)


def is_anothers(account, name):
    """A subscribed name of which nothing else is known without asking."""
    return account.whose(name)[0] is not account


def asks(texts, name):
    """Whether a pattern asks for another's name by its owner."""
    owner = "/".join(name.split("/")[:2]) + "/"
    return any(x.startswith(OTHERS) and (
        x.startswith(owner) or re.search("[%*]", x[len(OTHERS):].partition(
            "/")[0]) or "/" not in x[len(OTHERS):]) for x in texts)


def list_names(account, command, patterns, texts):
    """{name: (attributes, what CHILDINFO must name)}"""
    names = set(account.mailboxes) | account.subscribed
    if "SUBSCRIBED" not in command.select:
        names = {x for x in names if not is_anothers(account, x) or
                 not asks(texts, x)}
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


def seen_there(session, account):
    """What another shows: mailboxes, and with them what is above them."""
    seen = {x for x, box in account.mailboxes.items() if session.sees(box)}
    return seen, seen | {p for x in seen for p in parents(x)}


def attributes_there(session, account, name, command):
    """Of a name that he shows; "" is above all."""
    seen, names = seen_there(session, account)
    full = account.prefix + name if name else account.prefix[:-1]
    out = {"\\haschildren" if not name or any(
        x.startswith(name + "/") for x in names) else "\\hasnochildren"}
    if name not in seen or not account.mailboxes[name].selectable:
        out.add("\\noselect")
    if full in session.home.subscribed and \
            "SUBSCRIBED" in command.select | command.returns:
        out.add("\\subscribed")
    return frozenset(out)


def ask_others(session, command, names):
    """What list_names() says of others' names, as their owners have it. Only
    what is a mailbox is listed for its own sake without SUBSCRIBED."""
    for full in [x for x in names if x.startswith(OTHERS)
                 or is_anothers(session.home, x)]:
        for account in session.home.known.values():
            if not (full + "/").startswith(account.prefix):
                continue
            name = full[len(account.prefix):]
            seen, there = seen_there(session, account)
            if "SUBSCRIBED" not in command.select and (
                    name not in seen or
                    not account.mailboxes[name].selectable):
                names[full] = None
            elif name in there or (not name and there):
                names[full] = (attributes_there(session, account, name,
                                                command), names[full][1])
        if "SUBSCRIBED" not in command.select and \
                "\\nonexistent" in (names[full] or ((),))[0]:
            names[full] = None


def others_names(session, command, patterns, texts):
    """The same of what others have let the session's user look up: to a
    pattern that asks for it by name. Subscriptions and uses are the owner's.
    """
    out = {}
    if "SUBSCRIBED" in command.select:
        return out
    if "SPECIAL-USE" not in command.select and matches(
            [pattern(x) for x in texts if "*" not in x], OTHERS[:-1]) and any(
            session.sees(box) for account in session.home.known.values()
            for box in account.mailboxes.values()):
        out[OTHERS[:-1]] = (frozenset({"\\noselect", "\\haschildren"}),
                            frozenset())
    if not any(x.startswith(OTHERS) for x in texts):
        return out
    for account in session.home.known.values():
        names = seen_there(session, account)[1]
        for name in names | ({""} if names else set()):
            full = account.prefix + name if name else account.prefix[:-1]
            if matches(patterns, full) and "SPECIAL-USE" not in command.select:
                out[full] = (attributes_there(session, account, name, command),
                             frozenset())
    return out


def lsub_names(account, patterns, percent):
    """{name: whether \\Noselect stands there}"""
    out = {}
    for name in account.subscribed:
        if matches(patterns, name):
            box = account.mailboxes.get(name)
            out[name] = None if is_anothers(account, name) else \
                box is None or not box.selectable
        elif percent:
            for parent in parents(name):
                if matches(patterns, parent):
                    out.setdefault(parent, True)
    return out
