"""cursor.py -- the terminals of RFC 9051 section 9, read from a command.

Whatever the grammar does not have raises Bad.
"""
import datetime
import re

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
          "oct", "nov", "dec"]
ATOM = rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]"
PATTERNS = {name: re.compile(pattern) for name, pattern in {
    "atom": rb"(?:%s)+" % ATOM,
    "astring": rb"(?:%s|\])+" % ATOM,
    "list-mailbox": rb"(?:%s|[\]%%*])+" % ATOM,
    "tag": rb"(?:(?!\+)%s|\])+" % ATOM,
    "number": rb"\d+",
    "nz-number": rb"[1-9]\d*",
    "quoted": rb'"((?:[^\x00\r\n"\\]|\\["\\])*)"',
    "literal": rb"\{(\d+)(\+?)\}\r\n",
    "seq": rb"(?:[1-9]\d*|\*)(?::(?:[1-9]\d*|\*))?",
    "word": rb"[A-Za-z][A-Za-z0-9.=-]*",
    "objectid": rb"[A-Za-z0-9_-]{1,255}",
    "date": rb"(\d\d?)-([A-Za-z]{3})-(\d{4})",
    # a day of one digit is what some send, and no harm
    "date-time": rb'"( \d|\d\d?)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d)'
                 rb' ([+-])(\d\d)(\d\d)"',
}.items()}
LAST = 0            # "*", and UIDs and numbers are never 0


class Bad(Exception):
    """Not a command of the grammar."""


class Cursor:
    def __init__(self, data, utf8):
        self.data = data
        self.at = 0
        self.utf8 = utf8        # UTF-8 may stand in quoted strings

    def more(self):
        return self.at < len(self.data)

    def peek(self, text):
        return self.data.startswith(text, self.at)

    def take(self, text):
        if not self.peek(text):
            return False
        self.at += len(text)
        return True

    def need(self, text):
        if not self.take(text):
            raise Bad("%r expected" % text)

    def end(self):
        if self.more():
            raise Bad("more than a command")

    def match(self, name):
        found = PATTERNS[name].match(self.data, self.at)
        if found is None:
            raise Bad("%s expected" % name)
        self.at = found.end()
        return found

    def word(self):
        """A word of the grammar, in upper case."""
        return self.match("word").group().decode().upper()

    def atom(self):
        return self.match("atom").group().decode()

    def number(self, limit=2 ** 32 - 1, name="number"):
        n = int(self.match(name).group())
        if n > limit:
            raise Bad("number too large")
        return n

    def modseq(self):
        """mod-sequence-valzer"""
        return self.number(2 ** 63 - 1)

    def string(self):
        if self.peek(b'"'):
            text = self.match("quoted").group(1)
            if not self.utf8 and not text.isascii():
                raise Bad("8 bits in a quoted string")
            if self.utf8:
                self.valid_utf8(text)
            return re.sub(rb"\\(.)", rb"\1", text)
        return self.literal()

    def valid_utf8(self, text):
        try:
            text.decode()
        except UnicodeDecodeError:
            raise Bad("not UTF-8") from None

    def literal(self):
        size = int(self.match("literal").group(1))
        text = self.data[self.at:self.at + size]
        if len(text) != size:
            raise Bad("literal cut short")
        self.at += size
        return text

    def astring(self, bare="astring"):
        if self.peek(b'"') or self.peek(b"{"):
            return self.string()
        return self.match(bare).group()

    def list_of(self, read, empty=False):
        """"(" [read *(SP read)] ")" """
        out = []
        self.need(b"(")
        if empty and self.take(b")"):
            return out
        while True:
            out.append(read())
            if self.take(b")"):
                return out
            self.need(b" ")

    def sequence_set(self):
        """[(low, high)] with 0 for "*"; None for "$"."""
        if self.take(b"$"):
            return None
        out = []
        while True:
            ends = []
            for end in self.match("seq").group().split(b":"):
                n = LAST if end == b"*" else int(end)
                if n > 2 ** 32 - 1:
                    raise Bad("number too large")
                ends.append(n)
            out.append((ends[0], ends[-1]))
            if not self.take(b","):
                return out

    def flag(self):
        if self.take(b"\\"):
            return "\\" + self.atom()
        return self.atom()

    def partial_range(self):
        """partial-range of RFC 9394; (as it is written, low, high)"""
        start, minus = self.at, self.take(b"-")
        ends = [self.number(name="nz-number")]
        self.need(b":-" if minus else b":")
        ends.append(self.number(name="nz-number"))
        if minus:
            ends = [-x for x in ends]
        return self.data[start:self.at].decode(), min(ends), max(ends)

    # -- dates --

    def date(self):
        """date = date-text / DQUOTE date-text DQUOTE"""
        quoted = self.take(b'"')
        day, month, year = self.match("date").groups()
        if quoted:
            self.need(b'"')
        try:
            return datetime.date(int(year), month_number(month), int(day))
        except ValueError:
            raise Bad("no such day") from None

    def date_time(self):
        """date-time; an aware datetime"""
        day, month, year, hour, minute, second, sign, zh, zm = \
            self.match("date-time").groups()
        if int(zm) > 59:
            raise Bad("no such zone")
        offset = datetime.timedelta(hours=int(zh), minutes=int(zm))
        try:
            return datetime.datetime(
                int(year), month_number(month), int(day), int(hour),
                int(minute), int(second), 0, datetime.timezone(
                    -offset if sign == b"-" else offset))
        except ValueError:
            raise Bad("no such moment") from None


def month_number(text):
    text = text.decode().lower()
    if text not in MONTHS:
        raise Bad("no month")
    return MONTHS.index(text) + 1
