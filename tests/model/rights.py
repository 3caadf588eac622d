"""rights.py -- lists of rights, and what commands need. RFC 4314

A right is a letter; "c" stands for k, "d" for x, t and e (section 2.1.1).
"""
from cursor import Bad

LETTERS = "lrswipkxtea"
ALL = frozenset(LETTERS)
STANDS_FOR = {"c": "k", "d": "xte"}
OF_OWNER = frozenset("la")          # that cannot be taken from one

# Command: (of the mailbox that it names, of the selected one); section 4.
NEEDS = {
    "APPEND": ("i", ""), "CLOSE": ("", ""), "COPY": ("i", "r"),
    "DELETE": ("x", ""), "DELETEACL": ("a", ""), "EXAMINE": ("r", ""),
    "EXPUNGE": ("", "e"), "FETCH": ("", "r"), "GETACL": ("a", ""),
    "GETMETADATA": ("r", ""), "GETQUOTAROOT": ("r", ""),
    "LISTRIGHTS": ("a", ""), "MOVE": ("i", "rte"), "MYRIGHTS": ("l", ""),
    "RENAME": ("x", ""), "REPLACE": ("i", "rte"), "SEARCH": ("", "r"),
    "SELECT": ("r", ""), "SETACL": ("a", ""), "SETMETADATA": ("r", ""),
    "SORT": ("", "r"), "STATUS": ("r", ""), "THREAD": ("", "r"),
    "UIDBATCHES": ("", "r"),
}


def letters(text):
    """The rights of a text; Bad if one is none."""
    out = set()
    for c in text:
        if c not in LETTERS and c not in STANDS_FOR:
            raise Bad("there is no such right")
        out |= set(STANDS_FOR.get(c, c))
    return frozenset(out)


def told(rights):
    """As they are told: "c" and "d" where any of theirs is."""
    return rights | {c for c, those in STANDS_FOR.items()
                     if rights & set(those)}


class Acl:
    def __init__(self, entries=()):
        self.entries = dict(entries)    # in lower case: (identifier, rights)

    def change(self, identifier, how, rights, owner):
        key = identifier.lower()
        his = {"owner", owner.lower()}
        without = ALL if key in his and not his & self.entries.keys() \
            else frozenset()
        name, old = self.entries.get(key, (identifier, without))
        new = old | rights if how == "+" else old - rights if how == "-" \
            else rights
        self.entries[key] = (name, new)

    def delete(self, identifier):
        self.entries.pop(identifier.lower(), None)

    def rights(self, name, is_owner):
        """What somebody of that name may do."""
        mine = {name.lower(), "anyone"} | ({"owner"} if is_owner else set())
        given, taken = set(), set()
        for key, (_, rights) in self.entries.items():
            if key in mine:
                given |= rights
            elif key[:1] == "-" and key[1:] in mine:
                taken |= rights
        if is_owner and not {name.lower(), "owner"} & set(self.entries):
            given = set(ALL)
        return frozenset(given - taken) | (OF_OWNER if is_owner
                                           else frozenset())

    def listed(self, owner):
        """{identifier: rights} of GETACL, the owner among them."""
        out = {name: rights for name, rights in self.entries.values()}
        if owner.lower() in self.entries:
            name, rights = self.entries[owner.lower()]
            out[name] = rights | OF_OWNER
        else:
            out[owner] = self.rights(owner, True)
        return out


def settable(flags, rights):
    """Those that may be changed with these rights, section 4 (STORE)."""
    of = {"\\seen": "s", "\\deleted": "t"}
    return frozenset(x for x in flags if of.get(x, "w") in rights)
