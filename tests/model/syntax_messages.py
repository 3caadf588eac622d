"""syntax_messages.py -- the productions of syntax.py about the messages of the
selected mailbox: FETCH, STORE, COPY, EXPUNGE. RFC 7162, 9394, 10022
"""
from cursor import Bad
from syntax_account import mailbox


def numbers(c, command):
    c.need(b" ")
    command.set = c.sequence_set()


def expunge(c, command):
    if command.uid:
        numbers(c, command)


def copy(c, command):
    numbers(c, command)
    mailbox(c, command)


def store(c, command):
    """store = "STORE" SP sequence-set [SP store-modifiers] SP
    store-att-flags
    """
    numbers(c, command)
    c.need(b" ")
    command.since = None
    if c.peek(b"("):
        command.since = modifiers(c, "UNCHANGEDSINCE")["UNCHANGEDSINCE"]
        c.need(b" ")
    command.how = "+" if c.take(b"+") else "-" if c.take(b"-") else ""
    name = c.word()
    if name not in ("FLAGS", "FLAGS.SILENT"):
        raise Bad("FLAGS expected")
    command.silent = name.endswith("SILENT")
    c.need(b" ")
    if c.peek(b"("):
        command.flags = c.list_of(c.flag, empty=True)
        return
    command.flags = [c.flag()]
    while c.take(b" "):
        command.flags.append(c.flag())


def modifiers(c, *names):
    """"(" name [SP value] *(SP ...) ")", RFC 4466; {name: value}"""
    out = {}

    def modifier():
        word = c.word()
        if word not in names or word in out:
            raise Bad("no modifier")
        if word != "VANISHED":
            c.need(b" ")
        out[word] = True if word == "VANISHED" else \
            c.partial_range() if word == "PARTIAL" else c.modseq()
    c.list_of(modifier)
    return out


# -- FETCH --

MACROS = {"FAST": ["FLAGS", "INTERNALDATE", "RFC822.SIZE"]}
MACROS["ALL"] = MACROS["FAST"] + ["ENVELOPE"]
MACROS["FULL"] = MACROS["ALL"] + ["BODY"]
FETCH_ITEMS = {"ENVELOPE", "FLAGS", "INTERNALDATE", "RFC822", "RFC822.HEADER",
               "RFC822.SIZE", "RFC822.TEXT", "BODY", "BODYSTRUCTURE", "UID",
               "MODSEQ", "EMAILID", "PREVIEW", "SAVEDATE", "THREADID"}


class Section:
    """BODY[path.text]<partial> and BINARY[path]<partial>."""

    def __init__(self, kind, path, text, partial):
        self.kind = kind        # BODY, BODY.PEEK, BINARY ...
        self.path = path        # [3, 1]
        self.text = text        # None, ("TEXT",) ("HEADER.FIELDS", [names])
        self.partial = partial  # None or (offset, octets)


def fetch(c, command):
    numbers(c, command)
    c.need(b" ")
    found = {}
    if c.peek(b"("):
        command.items = c.list_of(lambda: fetch_item(c, c.word()))
    else:
        name = c.word()
        command.items = MACROS[name] if name in MACROS \
            else [fetch_item(c, name)]
    if c.take(b" "):
        found = modifiers(c, "CHANGEDSINCE", "PARTIAL", "VANISHED")
    command.since = found.get("CHANGEDSINCE")
    command.partial = found.get("PARTIAL")
    command.vanished = "VANISHED" in found
    if command.since is not None:
        command.items = command.items + ["MODSEQ"]
    elif command.vanished:
        raise Bad("VANISHED alone")
    if not command.uid and (command.vanished or command.partial):
        raise Bad("a modifier for UIDs")


def fetch_item(c, name):
    if c.peek(b"["):
        return section(c, name)
    if name not in FETCH_ITEMS:
        raise Bad("no item of FETCH")
    if name == "PREVIEW" and c.data[c.at:c.at + 7].upper() == b" (LAZY)":
        c.at += 7
    return name


SECTION_KINDS = ("BODY", "BODY.PEEK", "BINARY", "BINARY.PEEK", "BINARY.SIZE")


def section(c, kind):
    """section = "[" [section-spec] "]" ["<" number "." nz-number ">"]"""
    if kind not in SECTION_KINDS:
        raise Bad("no section")
    path, text, partial = [], None, None
    c.need(b"[")
    while not c.peek(b"]"):
        if c.data[c.at:c.at + 1].isdigit():
            path.append(c.number(name="nz-number"))
            if c.take(b"."):
                if c.peek(b"]"):
                    raise Bad("section ends in a dot")
                continue
            break
        text = section_text(c, kind, path)
        break
    c.need(b"]")
    if kind != "BINARY.SIZE" and c.take(b"<"):
        start = c.number(2 ** 63 - 1)
        c.need(b".")
        partial = (start, c.number(2 ** 63 - 1, "nz-number"))
        c.need(b">")
    return Section(kind, path, text, partial)


def section_text(c, kind, path):
    name = c.word()
    if kind.startswith("BINARY"):
        raise Bad("no text in BINARY")
    if name in ("HEADER.FIELDS", "HEADER.FIELDS.NOT"):
        c.need(b" ")
        return (name, c.list_of(c.astring))
    if name in ("HEADER", "TEXT") or (name == "MIME" and path):
        return (name,)
    raise Bad("no section text")


# -- UIDBATCHES --

def uidbatches(c, command):
    """"UIDBATCHES" SP number [SP nz-number ":" nz-number], RFC 10022"""
    c.need(b" ")
    command.size, command.batches = c.number(name="nz-number"), None
    if c.take(b" "):
        first = c.number(name="nz-number")
        c.need(b":")
        command.batches = first, c.number(name="nz-number")
        if first > command.batches[1]:
            raise Bad("the higher batch first")
