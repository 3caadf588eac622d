"""view.py -- what one session has been told of its mailbox.

Every untagged answer that tells something is held against what is true
(account.py) and then believed. RFC 9051 sections 5.2, 7.3, 7.4 and 7.5:

   EXISTS   names all that is there, and nothing that was told before is lost
   EXPUNGE  only of what is gone, only where the command lets it come
   FETCH    only of what is in the view, and every item is right
"""
import re

from account import SYSTEM_FLAGS
from cursor import Bad, Cursor
from syntax_messages import Section, section


class Wrong(Exception):
    """The server and the model disagree."""


def demand(truth, text, *args):
    if not truth:
        raise Wrong(text % args if args else text)


def lower(flags):
    # a keyword may be called NIL
    return frozenset("nil" if x is None else x.lower() for x in flags)


def expand(text, last=2 ** 32):
    """The numbers of a sequence-set as the server writes it, up to the last."""
    out = []
    for piece in text.split(","):
        low, _, high = piece.partition(":")
        demand(low.isdigit() and (high or "1").isdigit(), "set %r", text)
        demand(int(low) <= int(high or low), "descending set %r", text)
        out += range(int(low), min(int(high or low), last) + 1)
    return out


def label(item):
    """A name for a FETCH item that both sides can make."""
    if not isinstance(item, Section):
        return item
    kind = item.kind.replace(".PEEK", "")
    text = item.text and (item.text[0],) + tuple(
        tuple(sorted(x.upper() for x in names)) for names in item.text[1:])
    return (kind, tuple(item.path), text,
            item.partial[0] if item.partial else None)


def answered_section(name):
    """The item that an answer's label names: BODY[1.MIME]<0>."""
    found = re.fullmatch(r"(.*\])<(\d+)>", name, re.S)
    text = found.group(1) if found else name
    try:
        c = Cursor(text.encode("utf-8", "surrogateescape"), True)
        item = section(c, c.word())
        c.end()
    except Bad as bad:
        raise Wrong("item %r: %s" % (name, bad)) from bad
    if found:
        item.partial = (int(found.group(2)), None)
    return item


class View:
    """The part of a session that listens."""

    def __init__(self, box, readonly, who):
        self.box = box
        self.who = who              # Account
        self.readonly = readonly
        self.messages = []          # Copies by sequence number
        self.told = {}              # Copy -> flags
        self.changes = {}           # Copy -> how many stores are in that
        self.keywords = set()       # that FLAGS has named
        self.last = 0               # the highest UID of messages ever
        self.tick = box.tick        # of the mailbox when a command began
        self.begun = []             # what was new when a command began
        self.contexts = {}          # tag -> Context, results kept up to date

    # -- hearing --

    def fresh(self):
        """What EXISTS has not told yet."""
        return [x for x in self.box.messages if x.uid > self.last]

    def exists(self, n):
        """EXISTS with what is new now, or was when the command began."""
        now = self.fresh()
        fresh = self.begun or now
        if n != len(self.messages) + len(fresh):
            fresh = now
        demand(n == len(self.messages) + len(fresh),
               "%d EXISTS, but there are %r and %r", n, self.messages, now)
        for copy in fresh:
            self.messages.append(copy)
            self.tell(copy, copy.flags_of(self.who))    # what changes now is told
            self.last = copy.uid
        self.begun = []
        return fresh

    def at(self, n, what):
        demand(1 <= n <= len(self.messages), "%s of message %d of %d", what,
               n, len(self.messages))
        return self.messages[n - 1]

    def expunge(self, n):
        copy = self.at(n, "EXPUNGE")
        demand(copy.gone, "EXPUNGE %d, but %r is there", n, copy)
        self.forget(copy)

    def vanish(self, uids):
        gone = {x.uid: x for x in self.messages if x.gone}
        for uid in uids:
            demand(uid in gone, "VANISHED %d", uid)
            self.forget(gone[uid])

    def forget(self, copy):
        for tag, context in self.contexts.items():
            demand(context.key is None or copy not in context.listed,
                   "%r goes, and %r still has it", copy, tag)
        self.messages.remove(copy)
        self.told.pop(copy, None)

    def flags(self, names):
        named = lower(names)
        demand(SYSTEM_FLAGS <= named, "FLAGS without a system flag")
        demand(named - SYSTEM_FLAGS <= self.box.keywords,
               "FLAGS %r of unknown keywords", names)
        self.keywords = named - SYSTEM_FLAGS

    def by_uid(self, uid):
        found = [x for x in self.messages if x.uid == uid]
        demand(found, "UIDFETCH %d", uid)
        return found[0]

    def fetch(self, copy, items, asked, before):
        """A FETCH of a Copy; that and the labels of what it has.

        asked: {label: [item]} of the command; before: {Copy: (flags, tick)}
        as they were when it began.
        """
        demand(len(items) % 2 == 0 and items, "FETCH items %r", items)
        labels, late = [], False
        for name, value in zip(items[::2], items[1::2]):
            key = label(answered_section(name)) if "[" in name \
                else name.upper()
            demand(labels.count(key) < max(1, len(asked.get(key, ()))),
                   "%s too often in a FETCH", name)
            labels.append(key)
            if key == "FLAGS" and copy not in before:
                # what was changed, and changed back, and is changed again
                late = lower(value) == self.told.get(copy) != \
                    copy.flags_of(self.who)
            if late and key in ("FLAGS", "MODSEQ"):
                continue
            if key == "FLAGS":
                self.check_flags(copy, value, before)
            elif key == "UID":
                demand(value == str(copy.uid), "UID %s for %r", value, copy)
            elif key == "MODSEQ":
                self.check_modseq(copy, value, before)
            elif key in LEARNT:
                demand(key in asked, "nobody asked for %s", name)
                self.learn(copy, key, value)
            else:
                demand(key in asked, "nobody asked for %s", name)
                self.check(copy, asked[key], value)
        return copy, labels

    def check(self, copy, items, value):
        if items[0] == "INTERNALDATE" and not copy.date:
            demand(copy.came.learn(seconds(value)), "INTERNALDATE %r of %r",
                   value, copy)
        expected = [fetch_value(copy, x) for x in items]
        demand(any(x is ANY or x == value or fold(x) == fold(value)
                   for x in expected), "%s of %r is %r, not %r",
               label(items[0]), copy, value, expected[0])

    def learn(self, copy, key, value):
        """What the server chooses once and then stays with."""
        identities, identity = self.box.account.identities, copy.identity
        if key == "PREVIEW":
            fits = preview_fits(copy.content, value)
        elif key == "EMAILID":
            fits = identities.learn_emailid(identity, *value)
        elif key == "THREADID":
            fits = identities.learn_threadid(identity, *value)
        else:
            fits = copy.saved.learn(seconds(value))
        demand(fits, "%s %r of %r", key, value, copy)

    def check_flags(self, copy, value, before):
        flags = lower(value)
        demand(len(flags) == len(value), "a flag twice in %r", value)
        demand(flags == copy.flags_of(self.who) or copy.gone or
               flags == before.get(copy, (None,))[0], "FLAGS %r for %r", value, copy)
        demand(flags - SYSTEM_FLAGS <= self.keywords,
               "FLAGS %r, of which FLAGS has not told", value)
        self.tell(copy, flags)

    def check_modseq(self, copy, value, before):
        demand(isinstance(value, list) and len(value) == 1 and
               value[0].isdigit(), "MODSEQ %r", value)
        value = int(value[0])
        modseqs = self.box.modseqs
        if copy in before and before[copy][1] != copy.tick and \
                modseqs.fits(before[copy][1], value):
            return
        demand(copy.modseq in (None, value), "MODSEQ %d of %r was %s", value,
               copy, copy.modseq)
        demand(copy.gone or modseqs.fits(copy.tick, value),
               "MODSEQ %d of %r is not in %r", value, copy,
               modseqs.bounds(copy.tick))
        if not copy.gone:
            modseqs.learn(copy.tick, value)
            copy.modseq = value

    def tell(self, copy, flags):
        self.told[copy] = flags
        self.changes[copy] = copy.changes

    # -- what must have been heard --

    def synchronous(self, expunge_told, flags_told=True):
        """Nothing is kept back at a command's end."""
        demand(not self.box.messages or
               self.box.messages[-1].uid <= self.last,
               "EXISTS is missing for %r", self.box.messages[-1:])
        for n, copy in enumerate(self.messages, 1):
            if copy.gone:
                demand(not expunge_told, "EXPUNGE %d is missing", n)
                continue
            demand(self.told[copy] == copy.flags_of(self.who) or
                   not flags_told,
                   "FLAGS of %d, %r, are missing; told was %r", n, copy,
                   self.told[copy])


    def knows_all(self, expunges=True, flags=True):
        """What is told without a command; only if these are, they too."""
        try:
            self.synchronous(expunges, flags)
        except Wrong:
            return False
        return True


ANY = object()
LEARNT = {"EMAILID", "PREVIEW", "SAVEDATE", "THREADID"}


def seconds(value):
    """Of a date-time as the server writes it."""
    return int(Cursor(b'"' + value + b'"', False).date_time().timestamp())


def preview_fits(content, value):
    """RFC 8970 section 3.1: up to 200 characters, of the message's text."""
    words = " ".join(content.part.texts()).split()
    text = value.decode()
    return len(text) <= 200 and all(
        any(y.startswith(x) for y in words) for x in text.split())



def fold(value):
    """MIME's words without case; RFC 2045 section 5.1."""
    if isinstance(value, list):
        return [fold(x) for x in value]
    return value.lower() if isinstance(value, bytes) else value


def fetch_value(copy, item):
    """What FETCH must say of an item; ANY if an RFC leaves it open."""
    content = copy.content
    if isinstance(item, Section):
        return section_value(content, item)
    if item == "INTERNALDATE":
        return date_time(copy.date) if copy.date else ANY
    if item == "RFC822.SIZE":
        return str(len(content.raw))
    if item == "ENVELOPE":
        return content.envelope()
    if item in ("BODY", "BODYSTRUCTURE"):
        return content.part.structure(item == "BODYSTRUCTURE")
    if item == "RFC822":
        return content.raw
    if item == "RFC822.HEADER":
        return content.header
    if item == "RFC822.TEXT":
        return content.part.body
    raise Wrong("nobody asked for %s" % item)


def date_time(date):
    return b"%2d-%s-%04d %s" % (
        date.day, date.strftime("%b").encode(), date.year,
        date.strftime("%H:%M:%S %z").encode())


def section_value(content, item):
    if item.kind.startswith("BINARY"):
        value = content.binary(item.path)
        if value is None:
            return ANY
        if item.kind == "BINARY.SIZE":
            return str(len(value))
    else:
        value = content.section(item.path, item.text)
    if value is None or item.partial is None:
        return value
    start, count = item.partial
    return value[start:start + count]
