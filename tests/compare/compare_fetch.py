"""compare_fetch.py -- what FETCH says of every message, whole and in parts."""
import email.utils
import re
import unittest

import messages
from peers import CompareTest

WHOLE = (b"FETCH 1:* (UID FLAGS RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE"
         b" INTERNALDATE)")
DATES = [b" 1-Jul-2025 10:00:00 +0200", b"31-Dec-1999 23:59:59 -1130",
         b"29-Feb-2024 00:00:00 +0000", b"01-Jan-1970 00:00:00 +0000"]
NAMES = [b"Subject", b"FROM to cc", b"X-None", b"received Subject date",
         b"Content-Type \"content-transfer-encoding\"", b"subject SUBJECT"]
PARTIALS = [b"0.10", b"1.5", b"0.1", b"0.1000000", b"7.4294967295", b"100000.1",
            b"4294967295.1"]


def upper(value):
    return value.upper() if isinstance(value, bytes) else value


def params(value):
    """Names of parameters and charsets have no case (RFC 2045 section 5.1,
    RFC 2046 section 4.1.2)."""
    if not isinstance(value, tuple):
        return value
    out = []
    for name, text in zip(value[::2], value[1::2]):
        out += [upper(name), upper(text) if upper(name) == b"CHARSET"
                else text]
    return tuple(out)


def disposition(value):
    if not isinstance(value, tuple) or len(value) != 2:
        return value
    return upper(value[0]), params(value[1])


def body(tree):
    """A body with everything without case in upper case (RFC 9051 section
    7.5.2)."""
    if isinstance(tree[0], tuple):
        return multipart(tree)
    out = [upper(tree[0]), upper(tree[1]), params(tree[2]), tree[3], tree[4],
           upper(tree[5]), tree[6]]
    rest = list(tree[7:])
    if out[0] == b"MESSAGE" and len(rest) > 1 and isinstance(rest[0], tuple):
        out += [rest.pop(0), body(rest.pop(0)), rest.pop(0)]
    elif out[0] == b"TEXT":
        out.append(rest.pop(0))
    return tuple(out + extension(rest, 1))


def multipart(tree):
    count = next((n for n, x in enumerate(tree) if not isinstance(x, tuple)),
                 len(tree))
    out = [body(x) for x in tree[:count]] + [upper(tree[count])]
    rest = list(tree[count + 1:])
    if rest:
        out.append(params(rest.pop(0)))
    return tuple(out + extension(rest, 0))


def extension(rest, at):
    """MD5 (or nothing), disposition, language, location."""
    if len(rest) > at:
        rest[at] = disposition(rest[at])
    return rest


def sections(tree, prefix=""):
    """Numbers of all parts below a body."""
    if isinstance(tree[0], tuple):
        for n, part in enumerate(x for x in tree if isinstance(x, tuple) and
                                 len(x) and isinstance(x[0], (bytes, tuple))
                                 and len(x) > 6 or is_multipart(x)):
            yield "%s%d" % (prefix, n + 1)
            yield from below(part, "%s%d." % (prefix, n + 1))
    else:
        yield prefix + "1"
        yield from below(tree, prefix + "1.")


def is_multipart(x):
    return isinstance(x, tuple) and len(x) > 1 and isinstance(x[0], tuple)


def below(part, prefix):
    if isinstance(part[0], tuple):
        yield from sections(part, prefix)
    elif upper(part[0]) == b"MESSAGE" and len(part) > 8 and isinstance(
            part[8], tuple) and part[8]:
        yield from sections(part[8], prefix)


def instant(date):
    return email.utils.parsedate_to_datetime(
        date.decode().strip().replace("-", " ", 2)).timestamp()


def key(text):
    """An item's name with quotes and case gone: "A" and A are one name."""
    return re.sub(r'"', "", text)


class Fetch(CompareTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mail = messages.everything()
        cls.both = cls.pair(cls.new_user())
        for n, (name, text) in enumerate(cls.mail):
            ours, theirs = cls.both.append(b"INBOX", text, b"(\\Seen)",
                                           DATES[n % len(DATES)])
            if (ours.status, theirs.status) != ("OK", "OK"):
                raise AssertionError((name, ours, theirs))
        cls.both.need(b"SELECT INBOX")
        cls.fetched = [x.fetched() for x in cls.both.need(WHOLE)]

    def each(self):
        """(name, text, roost's items, Dovecot's items)."""
        for n, (name, text) in enumerate(self.mail, 1):
            yield (name, text) + tuple(x[n] for x in self.fetched)

    def compare(self, item, shape=lambda x: x):
        for name, _, ours, theirs in self.each():
            self.check("%s of %s" % (item, name), shape(ours[item]),
                       shape(theirs[item]))

    def test_envelope(self):
        self.compare("ENVELOPE")

    def test_body(self):
        self.compare("BODY", body)

    def test_bodystructure(self):
        self.compare("BODYSTRUCTURE", body)

    def test_flags(self):
        self.compare("FLAGS", lambda x: sorted(set(x) - {"\\RECENT"}))

    def test_internaldate(self):
        self.compare("INTERNALDATE", instant)

    def test_rfc822_size(self):
        self.compare("RFC822.SIZE")
        for name, text, ours, _ in self.each():
            self.assertEqual(ours["RFC822.SIZE"], len(text), name)

    def ask_each(self, items_of):
        """Asks of each message what items_of says for its two structures."""
        for n, (name, _, ours, theirs) in enumerate(self.each(), 1):
            command = b"FETCH %d (%s)" % (n, b" ".join(items_of(ours, theirs)))
            a, b = self.both.ask(command)
            self.check("status of %r of %s" % (command[:80], name), a.status,
                       b.status)
            ours, theirs = ({key(k): v for k, v in x.fetched().get(
                n, {}).items()} for x in (a, b))
            self.check("items of %s" % name, sorted(ours), sorted(theirs))
            for item in sorted(set(ours) & set(theirs)):
                self.check("%s of %s" % (item, name), ours[item],
                           theirs[item])

    @staticmethod
    def parts(ours, theirs):
        """The parts both know, and some nobody has."""
        out = set(sections(ours["BODY"])) | set(sections(theirs["BODY"]))
        return sorted(x.encode() for x in out | {"9", "1.9", "1.1.1"})

    def test_parts(self):
        self.ask_each(lambda *both: [
            b"BODY.PEEK[%s%s]" % (part, what) for part in self.parts(*both)
            for what in (b"", b".MIME", b".HEADER", b".TEXT")])

    def test_sections(self):
        self.ask_each(lambda *_: [
            b"BODY.PEEK[]", b"BODY.PEEK[HEADER]", b"BODY.PEEK[TEXT]",
            b"RFC822", b"RFC822.HEADER", b"RFC822.TEXT"])

    def test_header_fields(self):
        self.ask_each(lambda *_: [
            b"BODY.PEEK[HEADER.FIELDS%s (%s)]" % (no, names)
            for names in NAMES for no in (b"", b".NOT")])

    def test_header_fields_of_parts(self):
        self.ask_each(lambda *both: [
            b"BODY.PEEK[%s.HEADER.FIELDS%s (subject from)]" % (part, no)
            for part in self.parts(*both) for no in (b"", b".NOT")])

    def test_partials(self):
        self.ask_each(lambda *_: [
            b"BODY.PEEK[%s]<%s>" % (section, partial) for section in (
                b"", b"1", b"HEADER", b"TEXT", b"HEADER.FIELDS (from)")
            for partial in PARTIALS])

    def test_binary(self):
        self.ask_each(lambda ours, theirs: [b"BINARY.PEEK[1]<0.20>"])


if __name__ == "__main__":
    unittest.main()
