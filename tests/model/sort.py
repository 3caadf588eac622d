"""sort.py -- the order of SORT. RFC 5256 sections 2.1, 2.2 and 3, RFC 5957
(display names), RFC 5051 (i;unicode-casemap).
"""
import functools
import re
import unicodedata

REFWD = re.compile(r"(?:re|fwd?)[ \t]*(?:\[[^\[\]]*\][ \t]*)?:", re.I)
BLOB = re.compile(r"\[[^\[\]]*\][ \t]*")
FORWARDED = "[fwd:"
TRAILER = "(fwd)"


@functools.lru_cache(None)
def base_subject(subject):
    """(base subject, whether it was that of a reply or a forward)"""
    text = re.sub(r"[ \t\r\n]+", " ", subject or "")
    reply = False
    while True:
        text, found = without_trailers(text)
        text, again = without_leaders(text)
        reply = reply or found or again
        if not (text[:5].lower() == FORWARDED and text.endswith("]")):
            return text, reply
        text, reply = text[5:-1], True


def without_trailers(text):
    found = False
    while True:
        text = text.rstrip(" ")
        if not text.lower().endswith(TRAILER):
            return text, found
        text, found = text[:-len(TRAILER)], True


def without_leaders(text):
    """Steps (3) to (5)."""
    found = False
    while True:
        text = text.lstrip(" ")
        at = 0
        while blob := BLOB.match(text, at):
            at = blob.end()
        refwd = REFWD.match(text, at)
        if refwd:
            text, found = text[refwd.end():], True
            continue
        blob = BLOB.match(text)
        if not blob or not text[blob.end():].strip(" "):
            return text, found
        text = text[blob.end():]


@functools.lru_cache(None)
def casemap(text):
    """The octets by which i;unicode-casemap compares."""
    return "".join(map(decomposed, map(titlecase, text))).encode()


def titlecase(char):
    title = char.title()
    return title if len(title) == 1 else char       # the simple mapping


def decomposed(char):
    parts = unicodedata.decomposition(char).split()
    if not parts:
        return char
    return "".join(decomposed(chr(int(x, 16))) for x in parts
                   if not x.startswith("<"))


# -- criteria --

def local_part(people):
    return people[0][1] if people else ""


def display(people):
    """A name to show, or the address (RFC 5957 section 3)."""
    if not people:
        return ""
    name, local, host = people[0]
    return name or "%s@%s" % (local, host)


KEYS = {
    "ARRIVAL": lambda copy: copy.came.low,
    "CC": lambda copy: casemap(local_part(copy.content.cc)),
    "DATE": lambda copy: sent(copy),
    "DISPLAYFROM": lambda copy: casemap(display([copy.content.sender])),
    "DISPLAYTO": lambda copy: casemap(display(copy.content.to)),
    "FROM": lambda copy: casemap(local_part([copy.content.sender])),
    "SIZE": lambda copy: len(copy.content.raw),
    "SUBJECT": lambda copy: casemap(base_subject(copy.content.subject)[0]),
    "TO": lambda copy: casemap(local_part(copy.content.to)),
}


def sent(copy):
    """When it was sent; without a date, when it came."""
    date = copy.content.date
    return int(date.timestamp()) if date else copy.came.low


def needs_arrival(copy, name):
    """Whether the key is INTERNALDATE, which may not be known."""
    return name == "ARRIVAL" or name == "DATE" and not copy.content.date


def ordered(copies, criteria):
    """copies, which are by number, in the order of [(reverse, key)]; a last
    criterion is the number, never reversed.
    """
    out = list(copies)
    for reverse, name in reversed(criteria):
        # it stays stable in reverse
        out.sort(key=KEYS[name], reverse=reverse)
    return out


def is_sure(copies, criteria):
    return all(copy.came.known() for _, name in criteria for copy in copies
               if needs_arrival(copy, name))
