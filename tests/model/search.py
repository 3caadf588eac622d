"""search.py -- whether a message has what a search key asks for.

RFC 9051 section 6.4.4 on messages whose texts are known (messages.py).
"""
import datetime

import mimepart


class BadCharset(Exception):
    """NO [BADCHARSET]"""


# 8 bits in US-ASCII are no error: they are read as UTF-8.
CHARSETS = {"US-ASCII": "utf-8", "UTF-8": "utf-8", "UTF8": "utf-8",
            "ISO-8859-1": "latin-1"}


def decode(text, charset):
    if charset not in CHARSETS:
        raise BadCharset
    try:
        return text.decode(CHARSETS[charset])
    except UnicodeDecodeError:
        return None         # such a string is in no message


def contains(text, wanted):
    return wanted is not None and wanted.casefold() in text.casefold()


class Search:
    """One search program over what a session sees."""

    def __init__(self, session, command, charset, sight, box):
        self.session = session
        self.sight = sight          # Copies in box, any mailbox
        self.box = box
        self.charset = charset
        self.unsure = False
        self.numbers = {x: n for n, x in enumerate(sight, 1)}
        decode_all(command.key, charset)

    def matches(self, key, copy):
        return getattr(self, "key_" + key[0].lower(), self.flag_key)(
            key, copy)

    # -- structure --

    def key_and(self, key, copy):
        return all([self.matches(x, copy) for x in key[1]])

    def key_or(self, key, copy):
        return self.matches(key[1], copy) or self.matches(key[2], copy)

    def key_not(self, key, copy):
        return not self.matches(key[1], copy)

    def key_all(self, _key, _copy):
        return True

    def key_set(self, key, copy):
        return self.session.in_set(key[1], self.numbers[copy], copy, False,
                                   self.sight)

    def key_uids(self, key, copy):
        return copy.uid in key[1]

    def key_uid(self, key, copy):
        return self.session.in_set(key[1], copy.uid, copy, True, self.sight)

    # -- flags --

    def flag_key(self, key, copy):
        name = key[0].lower()
        if name.startswith("un"):
            return "\\" + name[2:] not in copy.flags_of(self.session.home)
        return "\\" + name in copy.flags_of(self.session.home)

    def key_keyword(self, key, copy):
        return key[1].lower() in copy.flags

    def key_unkeyword(self, key, copy):
        return key[1].lower() not in copy.flags

    def key_new(self, _key, _copy):
        return False            # VIOLATIONS.md, \Recent

    key_recent = key_new

    def key_old(self, _key, _copy):
        return True

    def key_modseq(self, key, copy):
        """MODSEQ is at least that."""
        after = self.box.modseqs.after(copy, key[1] - 1)
        self.unsure |= after is None
        return bool(after)

    # -- what lasts, RFC 8474 --

    def key_emailid(self, key, copy):
        return self.is_named(copy.identity.emailid, key[1])

    def key_threadid(self, key, copy):
        return self.is_named(copy.identity.threadid, key[1])

    def is_named(self, objectid, asked):
        self.unsure |= objectid is None
        return objectid == asked

    # -- dates and sizes --

    def key_before(self, key, copy):
        return self.day(copy.date, copy.came) < key[1]

    def key_on(self, key, copy):
        return self.day(copy.date, copy.came) == key[1]

    def key_since(self, key, copy):
        return self.day(copy.date, copy.came) >= key[1]

    def key_savedbefore(self, key, copy):
        return self.day(None, copy.saved) < key[1]

    def key_savedon(self, key, copy):
        return self.day(None, copy.saved) == key[1]

    def key_savedsince(self, key, copy):
        return self.day(None, copy.saved) >= key[1]

    def key_savedatesupported(self, _key, _copy):
        return True

    def day(self, date, moment):
        """A date as it is written, or that of a moment, in UTC."""
        if date:
            return date.date()
        self.unsure |= moment.date() is None
        return moment.date() or datetime.date.today()

    def key_older(self, key, copy):
        """RFC 5032: at least that many seconds ago."""
        return not self.key_younger(key, copy)

    def key_younger(self, key, copy):
        now = self.session.account.clock.moment()
        self.unsure |= now.low - copy.came.high <= key[1] <= \
            now.high - copy.came.low + 1
        return now.low - copy.came.low < key[1]

    def key_sentbefore(self, key, copy):
        date = copy.content.date
        return date is not None and date.date() < key[1]

    def key_senton(self, key, copy):
        date = copy.content.date
        return date is not None and date.date() == key[1]

    def key_sentsince(self, key, copy):
        date = copy.content.date
        return date is not None and date.date() >= key[1]

    def key_larger(self, key, copy):
        return len(copy.content.raw) > key[1]

    def key_smaller(self, key, copy):
        return len(copy.content.raw) < key[1]

    # -- texts --

    def field(self, name, text, copy, header=False):
        wanted = decode(text, self.charset)
        # RFC 9051 has a word on HEADER x "" alone
        return wanted == "" and not header or any(
                   contains(value, wanted) for field, value in copy.content.decoded()
                   if field == name)

    def key_from(self, key, copy):
        return self.field(key[0].lower(), key[1], copy)

    key_to = key_cc = key_bcc = key_subject = key_from

    def key_header(self, key, copy):
        return self.field(key[1].decode("latin-1").lower(), key[2], copy, True)

    def key_body(self, key, copy):
        wanted = decode(key[1], self.charset)
        return any(contains(x, wanted) for x in copy.content.part.bodies())

    def key_text(self, key, copy):
        wanted = decode(key[1], self.charset)
        if self.key_body(key, copy) or any(
                contains(value, wanted) for _, value in
                copy.content.decoded()):
            return True
        # perhaps in the header of a part
        self.unsure |= any(contains(x, wanted) for x in [
            copy.content.raw.decode(errors="replace"),
            *copy.content.part.said_below()])
        return False

    def key_mimepart(self, key, copy):
        return mimepart.Asked(
            copy.content, lambda x: decode(x, self.charset)).matches(key[1])


def decode_all(key, charset):
    """Raises BadCharset if there is a string at all in an unknown one."""
    if charset not in CHARSETS:
        raise BadCharset
