"""syntax_account.py -- the productions of syntax.py about annotations, quotas
and rights. RFC 5464, 9208, 4314
"""
import re

from cursor import Bad
from rights import letters


def mailbox(c, command):
    c.need(b" ")
    command.mailbox = c.astring()


# -- METADATA, QUOTA --

def entry(c, root=False):
    """A name of RFC 5464 section 3.2.1; root: "/private", too."""
    name = c.astring().decode("latin-1").lower()
    if root and name in ("/private", "/shared"):
        return name
    if not name.startswith(("/private/", "/shared/")) or \
            name.endswith("/") or "//" in name or \
            not all(" " <= x <= "~" and x not in "*%" for x in name):
        raise Bad("no name of an annotation")
    return name


def getmetadata(c, command):
    """Options stand before the mailbox, or where RFC 5464's examples have
    them, behind it.
    """
    command.depth, command.maxsize = 0, None
    c.need(b" ")
    if c.peek(b"("):
        metadata_options(c, command)
        c.need(b" ")
    command.mailbox = c.astring()
    c.need(b" ")
    if c.peek(b"(") and c.data[c.at + 1:c.at + 2].isalpha():
        metadata_options(c, command)
        c.need(b" ")
    command.entries = entries(c)


def entries(c):
    """entry / "(" entry *(SP entry) ")" """
    return c.list_of(lambda: entry(c, True)) if c.peek(b"(") \
        else [entry(c, True)]


def metadata_options(c, command):
    def option():
        name = c.word()
        c.need(b" ")
        if name == "MAXSIZE":
            command.maxsize = c.number()
        elif name == "DEPTH":
            depth = c.atom().lower()
            if depth not in ("0", "1", "infinity"):
                raise Bad("no DEPTH")
            command.depth = ["0", "1", "infinity"].index(depth)
        else:
            raise Bad("no option of GETMETADATA")
    c.list_of(option)


def setmetadata(c, command):
    def value():
        name = entry(c)
        c.need(b" ")
        if c.data[c.at:c.at + 3].upper() == b"NIL":
            c.at += 3
            return name, None
        if c.take(b"~"):
            return name, c.literal()
        return name, c.string()
    c.need(b" ")
    command.mailbox = c.astring()
    c.need(b" ")
    command.values = c.list_of(value)


def getquota(c, command):
    c.need(b" ")
    command.root = c.astring()


# -- ACL, RFC 4314 section 6 --

def deleteacl(c, command):
    mailbox(c, command)
    c.need(b" ")
    data = c.astring()
    command.identifier = data.decode("utf-8", "surrogateescape")
    if data in (b"", b"-", b"$", b"-$") or re.search(
            r"[\x00-\x1f\x7f\udc80-\udcff]", command.identifier):
        raise Bad("nobody's identifier")


def setacl(c, command):
    deleteacl(c, command)
    c.need(b" ")
    text = c.astring().decode("latin-1")
    command.how = text[:1] if text[:1] in ("+", "-") else ""
    command.rights = letters(text[len(command.how):])


def setquota(c, command):
    getquota(c, command)
    c.need(b" ")

    def limit():
        c.atom()
        c.need(b" ")
        c.number(2 ** 63 - 1)
    c.list_of(limit, empty=True)
