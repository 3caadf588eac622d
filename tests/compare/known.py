"""known.py -- where roost and Dovecot differ, and why that may be.

FOLDS say the same of both answers in one way; ROWS accept a pair of answers
by patterns. A difference that neither explains fails its test. VIOLATIONS.md
has what deviates from an RFC on roost's side. known_cyrus.py has the same of
Cyrus.
"""
import binascii
import collections
import re

Fold = collections.namedtuple("Fold", "what fold why")
Row = collections.namedtuple("Row", "what ours theirs why")


class Known:
    """What is known of a peer; counts how often it was needed."""

    def __init__(self, folds, rows):
        self.folds, self.rows = folds, rows
        self.used = collections.Counter()

    def explains(self, what, ours, theirs):
        if self.folded(what, ours, theirs):
            return True
        for row in self.rows:
            if (re.search(row.what, what) and
                    re.search(row.ours, repr(ours)) and
                    re.search(row.theirs, repr(theirs))):
                self.used[row.why] += 1
                return True
        return False

    def folded(self, what, ours, theirs):
        """Whether one fold after the other makes both the same."""
        for fold in self.folds:
            if not re.search(fold.what, what):
                continue
            a, b = fold.fold(ours), fold.fold(theirs)
            if (a, b) != (ours, theirs):
                self.used[fold.why] += 1
            ours, theirs = a, b
            if ours == theirs:
                return True
        return False

    def never_used(self):
        return [x.why for x in self.folds + self.rows if not self.used[x.why]]


def everywhere(change):
    """change, made to every string of a tree."""
    def fold(value):
        if isinstance(value, (tuple, list)):
            return type(value)(map(fold, value))
        return change(value)
    return fold


def default_charset(value):
    """A text part without charset gets the one it would have anyway."""
    if not isinstance(value, tuple):
        return value
    value = tuple(map(default_charset, value))
    if len(value) < 8 or value[0] != b"TEXT" or not isinstance(
            value[6], int) or b"CHARSET" in (value[2] or ()):
        return value
    return value[:2] + ((value[2] or ()) + (b"CHARSET", b"US-ASCII"),) + \
        value[3:]


def one_space(value):
    if not isinstance(value, bytes):
        return value
    return re.sub(rb"[ \t]+", b" ", value).strip()


def no_encoded_word(value):
    """The bytes of what roost itself has put into encoded words."""
    if not isinstance(value, bytes):
        return value
    return re.sub(rb"=\?(?:utf-8|iso-8859-1)\?b\?([A-Za-z0-9+/=]*)\?="
                  rb"( (?==\?))?",
                  lambda m: binascii.a2b_base64(m[1]), value)


def placeholder(value):
    return b"" if value in (b"MISSING_MAILBOX", b"MISSING_DOMAIN",
                            b"SYNTAX_ERROR") else value


def nil_is_empty(value):
    return b"" if value is None else value


def without_children(value):
    """LIST responses without what says whether there are children."""
    def shown(attribute):
        return "CHILDREN" not in attribute and attribute != "\\UNMARKED"

    return sorted((x[:1] + (tuple(filter(shown, x[1])),) + x[2:]
                   if x[0] == "LIST" else x for x in value), key=repr)


def without_odd_dates(value):
    """Messages in an order without those of "10:28:3" and the year 0102."""
    odd = re.compile("spam-2/(00471|00675|01155)")
    return [x for x in value if not odd.search(repr(x))]


def in_any_order(value):
    return sorted(value, key=repr)


FOLDS = [
    Fold(r"^BODY(STRUCTURE)? of", default_charset,
         "Both legal: Dovecot adds the default charset (RFC 2046 section"
         " 4.1.2) to a Content-Type that has none"),
    Fold(r"^(ENVELOPE|BODY|BODYSTRUCTURE) of", everywhere(one_space),
         "Dovecot is wrong: unfolding takes the CRLF away and nothing else"
         " (RFC 5322 section 2.2.3)"),
    Fold(r"^(ENVELOPE|BODY|BODYSTRUCTURE) of", everywhere(no_encoded_word),
         "Both legal: what is not ASCII goes out raw in a literal from"
         " Dovecot, as encoded words from roost (RFC 6858 section 3.1.2)"),
    Fold(r"^(ENVELOPE|BODY|BODYSTRUCTURE) of", everywhere(placeholder),
         "Both legal: no address has an RFC's name for what is missing"),
    Fold(r"^BODY\[[0-9.]+[A-Z. ()]*\]\S* of", nil_is_empty,
         "Both legal: a part that is not there is NIL or empty (RFC 9051"
         " section 6.4.5 leaves it open)"),
    Fold(r"^answer of b'LIST (\(|.* \(|.*RETURN)", without_children,
         "Both legal: \\HasChildren and \\Unmarked unasked (RFC 5258"
         " section 4)"),
    Fold(r"^answer of b'(UID )?(SORT .*DATE|THREAD)", without_odd_dates,
         "Both legal: whether a malformed date can be determined (RFC 5256"
         " section 2.2)"),
    Fold(r"^answer of b'(UID )?THREAD REFS", in_any_order,
         "Dovecot puts threads in the order in which they were sent, roost in"
         " that of the latest arrival (draft-ietf-morg-inthread section 4)"),
]

# Messages that break the rules, each named as in messages.py.
BROKEN_STRUCTURE = "|".join([
    "40-no-boundary.eml", "empty boundary", "no boundary", "only the end",
    "without parts", "same boundary inside", "only one delimiter"])
BROKEN_ADDRESSES = "|".join([
    "38-broken-header.eml", "(inner )?header: (bare|broken) addresses",
    "(inner )?header: empty fields", "(inner )?header: phrases",
    "(inner )?header: semicolons", "(inner )?header: spaces",
    "spam-1/00351.*", "spam-2/01135.*", "spam-2/00131.*"])
ANY = ""

# Messages with a message inside, and with 8-bit text of no charset.
INSIDE = (r"1[013]-.*?|digest|multipart of .*?|rfc822 .*?|"
          r"inner header: .*?")
LATIN_1 = (r"(inner )?header: (latin-1 phrase|subject encoded badly|"
           r"subject latin-1)|hard-ham-1/00181\..*?|spam-2/00471\..*?")
HEADER_INSIDE = (
    "Both legal: the header of a message inside a message is text of the"
    " body; Dovecot skips it")
NO_HITS = r"^\[\]$"


def hits(*names):
    """Nothing but these messages, on one side only."""
    return r"^\[('(%s)'(, )?)*\]$" % "|".join(names)


ROWS = [
    # -- FETCH --
    Row(r" of (%s)$" % BROKEN_STRUCTURE, ANY, ANY,
        "Both legal: a multipart that holds no part (RFC 2046 section 5.1.1)"
        " is one text part to roost, an empty one to Dovecot"),
    Row(r" of text after delimiter$", ANY, ANY,
        "roost deviates: RFC 2046 section 5.1.1 lets text follow a delimiter"
        " in its line; its grammar does not, nor do most readers"),
    Row(r"^(ENVELOPE|BODY|BODYSTRUCTURE) of (%s)$" % BROKEN_ADDRESSES, ANY,
        ANY, "Both legal: not an address-list (RFC 5322 section 3.4)"),
    Row(r"^(ENVELOPE|BODYSTRUCTURE|BODY) of (inner )?header: subject twice$",
        ANY, ANY, "Both legal: one Subject is all there may be (RFC 5322"
        " section 3.6); roost takes the first, Dovecot the last"),
    Row(r"^BODY(STRUCTURE)? of type (broken|empty|no subtype)$",
        r"^\(b'TEXT', b'PLAIN'", ANY,
        "Dovecot is wrong: text/plain is the default for what is not"
        " syntactically valid (RFC 2045 section 5.2)"),
    Row(r"^BODY(STRUCTURE)? of (encoding unknown|42-unknown-encoding.eml)$",
        r"X-", r"7BIT", "Dovecot is wrong: it names an encoding that the"
        " message has not (RFC 9051 section 7.5.2)"),
    Row(r"^BODY(STRUCTURE|\[1.*\])? of global message$", ANY, ANY,
        "Dovecot is wrong: message/global has an envelope (RFC 9051 section"
        " 9, media-message)"),
    Row(r" of rfc822 base64$", ANY, ANY,
        "Both legal: RFC 2046 section 5.2.1 forbids the message; roost shows"
        " it as what it can be, Dovecot as an empty letter"),
    Row(r"^BODYSTRUCTURE of (id no brackets|language.*|location folded|"
        r"disposition date)$", ANY, r"b'7BIT', 4, 1, None, None, None, None",
        "Dovecot is wrong: without MIME-Version and Content-Type it forgets"
        " the other fields"),
    Row(r"^BODY(STRUCTURE)? of multipart of rfc822$", r"b'7BIT', 205",
        r"b'7BIT', 207", "Dovecot is wrong: the CRLF in front of a delimiter"
        " is the delimiter's (RFC 2046 section 5.1.1)"),
    Row(r"^BODYSTRUCTURE of disposition (empty|only params)$", ANY,
        r"\(b'', ", "Both legal: no disposition-type (RFC 2183 section 2)"),
    Row(r"^ENVELOPE of (hard-ham-1/00181|spam-2/00011)", ANY, ANY,
        "Both legal: an empty display-name, and one that is the address"),
    Row(r"^BODY(STRUCTURE)? of param no value$", r"b'X', b'1'", ANY,
        "Both legal: a parameter needs a value (RFC 2045 section 5.1);"
        " Dovecot drops those behind it, too"),
    Row(r"^BODY(STRUCTURE)? of param 2231 continued$", ANY, ANY,
        "Both legal: without charset in the first piece no piece may be"
        " encoded (RFC 2231 section 4.1)"),
    Row(r"^BODYSTRUCTURE of 09-attachment-rfc2231.eml$", r"%202026.bin",
        r" 2026.bin", "Dovecot is wrong: no space in an extended value"
        " (RFC 2231 section 7)"),
    Row(r"^BODY\[[0-9.]*HEADER.FIELDS.NOT .* of (.*header: )?(38-broken-|"
        r"mbox from|no colon|quoted mbox|starts with fold|\w+-ham|spam-)",
        ANY, ANY,
        "Both legal: a line that is no field has no name to go by; most of"
        " the strangers' mail begins with mbox's From line"),
    Row(r"^BODY\[[0-9.]*HEADER.FIELDS.* of", r"\\r\\n\\r\\n'$|^b'\\r\\n'$",
        ANY, "roost deviates: RFC 9051 section 6.4.5 has no blank line where"
        " the message has none; FIELDS has it from Dovecot, too"),
    Row(r"^BODY\[1[^ ]* of (inner prefix|multipart of .*|spam-1/00311.*)$",
        ANY, r"\\r\\n'$", "Dovecot is wrong: the CRLF in front of a"
        " delimiter is the delimiter's (RFC 2046 section 5.1.1)"),
    Row(r"^BODY\[\d\.MIME\] of empty parts$", r"\\r\\n'$", ANY,
        "roost deviates: a blank line where the part has none"),
    Row(r"^BODY\[1\.1\.1(\.MIME)?\] of ", r"^None$", ANY,
        "Both legal: part 1 of a part that is no multipart; RFC 9051 section"
        " 6.4.5 has it for messages alone"),
    Row(r"^(status|items|BINARY).*(encoding (empty|unknown)|"
        r"4[12]-.*|inner prefix)", ANY, ANY,
        "Both legal: roost decodes what it can; UNKNOWN-CTE is for an"
        " encoding that it does not know (RFC 9051 section 6.4.5)"),

    # -- SEARCH --
    Row(r"^(hits|answer) of b'.*SENTBEFORE", ANY, ANY,
        "Dovecot is wrong: without Date there is none that is earlier (RFC"
        " 9051 section 6.4.4)"),
    Row(r"^(hits|answer) of b'.*(CC|BCC|TO|FROM|SUBJECT) \"\"", ANY, ANY,
        "Both legal: the empty string is in every string, but is it in a"
        " field that is not there? Dovecot says as little as for HEADER"),
    Row(r"^hits of b'(?!.*CHARSET).*BODY (the|inside|boundary)",
        hits(INSIDE), hits(INSIDE), HEADER_INSIDE),
    Row(r"^hits of b'SEARCH CHARSET US-ASCII BODY \{7\}example",
        hits(INSIDE), NO_HITS, HEADER_INSIDE),
    Row(r"^hits of b'SEARCH CHARSET \S+ BODY \{[12]\}(\\xc3)?\\xc4?",
        hits(INSIDE, LATIN_1), NO_HITS, HEADER_INSIDE),
    Row(r"^answer of b'UID SEARCH RETURN \(COUNT\) BODY boundary'",
        r"'COUNT', 2", r"'COUNT', 0", HEADER_INSIDE),
    Row(r"^hits of b'.*BODY base64", hits("41-broken-base64.eml"),
        hits("41-broken-base64.eml"),
        "Both legal: roost reads on behind what does not decode"),
    Row(r"^hits of b'SEARCH CHARSET \S+ \S+( SUBJECT)? \{7\}GR",
        hits("18-german.eml"), NO_HITS,
        "Both legal: roost folds case as Unicode says, sharp s too (RFC 9051"
        " section 6.4.4)"),
    Row(r"^hits of b'SEARCH CHARSET \S+ TEXT \{",
        hits("09-attachment-rfc2231.eml"), NO_HITS,
        "Both legal: roost finds attachments by their decoded names, too"),
    Row(r"^hits of b'SEARCH CHARSET (UTF-8|ISO-8859-1) ", hits(LATIN_1),
        NO_HITS, "Both legal: roost finds undeclared 8-bit text as ISO"
        " 8859-1"),

    # -- mailboxes --
    Row(r"^status of b'GETQUOTAROOT", "OK", "BAD",
        "Both legal: QUOTA is not switched on in this Dovecot"),
    Row(r"RECENT", r"'RECENT': 0", ANY,
        "roost deviates: \\Recent is never set (RFC 3501 section 2.3.2)"),
    Row(r"^(status|answer) of b'STATUS \S+ \(\)'", ANY, ANY,
        "roost is lenient: RFC 9051 section 9 wants an item"),
    Row(r"^exists of b'(SELECT|EXAMINE) box'", r"\(0, 'RECENT'\)", ANY,
        "roost deviates: \\Recent is never set (RFC 3501 section 2.3.2)"),
    Row(r"^codes of b'SELECT'$", r"^\[\]$", "CLOSED",
        "Dovecot is wrong: a BAD command selects and closes nothing"),
    Row(r"^code of ", r"'NONEXISTENT'", r"^\((|'OK',)\)$",
        "Both legal: RFC 5530 is a server's choice"),
    Row(r"^code of ", r"'CANNOT'", r"^\(('ALERT',)?\)$",
        "Both legal: RFC 5530 is a server's choice"),
    Row(r"^code of b'(SEARCH CHARSET|SORT|THREAD)", r"BADCHARSET",
        r"BADCHARSET",
        "Both legal: the list of charsets is optional (RFC 9051 section"
        " 7.1)"),
    Row(r"^answer of b'(LIST|LSUB) (\"a/\"|tree/|none/) \"\"'", ANY, ANY,
        "Both legal: the root may be empty (RFC 9051 section 6.3.9); LSUB"
        " need not know the special case"),
    Row(r"^answer of b'LSUB \S+ \"\"'", r"b''", r"^\[\]$",
        "Both legal: the special case is LIST's (RFC 3501 section 6.3.9)"),
    Row(r"^answer of b'(LIST|LSUB) \S+ /", ANY, r"^\[\]$",
        "Both legal: a pattern that begins with the delimiter behind a"
        " reference (RFC 9051 section 6.3.9)"),
    Row(r"^answer of b'LSUB", r"NOSELECT", ANY,
        "Both legal: \\Noselect for a subscribed name that is gone or does"
        " not match itself (RFC 3501 section 6.3.9)"),
    Row(r"^answer of b'LIST \"\" (implicit|slashed)", ANY, ANY,
        "Both legal: are superior names that come with their child, and"
        " names with the delimiter at the end, mailboxes? (RFC 9051 section"
        " 6.3.4)"),
    Row(r"^status of b'CREATE ~", "OK", "NO",
        "Both legal: Dovecot's names are those of directories"),
    Row(r"^status of b'DELETE Work/'", "OK", "NO",
        "Both legal: only CREATE has a word on the delimiter at the end (RFC"
        " 9051 section 6.3.4); roost takes it for the name without"),
    Row(r"^answer of b'LIST \"\" \*' after RENAME INBOX", ANY, ANY,
        "Dovecot is wrong: RENAME INBOX leaves its children (RFC 9051"
        " section 6.3.6)"),
    Row(r"^answer of b'LIST \"\" \*' after RENAME deep/er", ANY,
        r"NOSELECT", "Both legal: roost makes superior names mailboxes (RFC"
        " 9051 section 6.3.6)"),
    Row(r"^answer of b'LIST \"\" \*' after DELETE Work/", ANY, ANY,
        "Both legal: as the status of DELETE Work/"),
    Row(r"^answer of b'STATUS \S+ \(MESSAGES \)'", r"^\[\]$", ANY,
        "Dovecot is lenient: as the status of the command"),
    Row(r"^status of b'SUBSCRIBE none", "OK", "NO",
        "Both legal: a server may check (RFC 9051 section 6.3.7)"),

    Row(r"^answer of b'UID SORT RETURN .*PARTIAL 9:2", r"'9:2'", r"'2:9'",
        "Both legal: the range as it was asked, or the lower end first (RFC"
        " 9394 section 3.1)"),

    # -- sessions --
    Row(r"^untagged of b'(UID )?STORE .*[+-]?FLAGS ", r"FETCH", ANY,
        "Both legal: Dovecot is silent of flags that stay as they are (RFC"
        " 9051 section 6.4.6)"),
    Row(r"^untagged of b'SEARCH 99:\*'", r"8", ANY,
        "Dovecot is wrong: n:* means the last one at least (RFC 9051 section"
        " 9, seq-range)"),
    Row(r"^(status|code|untagged) of b'FETCH 1:\* \(UID\)' in session 1",
        ANY, ANY, "Both legal: FETCH of what another session has expunged"
        " (RFC 2180 section 4.1)"),

    Row(r"^answer of b'LIST \(SUBSCRIBED RECURSIVEMATCH\) \"\" \(% tree",
        r"b'tree', \('CHILDINFO'", ANY, "Both legal: CHILDINFO of a parent as"
        " well, when a child between has it (RFC 5258 section 3.5)"),

    # -- METADATA, QUOTA --
    Row(r"^code of b'CREATE", r"MAILBOXID", r"^\(\)$",
        "This Dovecot has no OBJECTID (RFC 8474)"),

    # -- CONDSTORE --
    Row(r"^untagged of b'FETCH 1:\* \(FLAGS\)' at stamp", r"MODSEQ", ANY,
        "Dovecot is wrong: once CONDSTORE is enabled every FETCH has MODSEQ"
        " (RFC 7162 section 3.1)"),
    Row(r"^untagged of b'SEARCH NOT MODSEQ .* at stamp 1[01]", ANY,
        r"^\[\(\)\]$", "Dovecot is wrong: what is not changed since is found"
        " by NOT, also when nothing is"),

    # -- errors --
    Row(r"^status of b'(STORE 1 \+?FLAGS|APPEND INBOX) \(\\\\(Foo|Recent)\)",
        "OK", "BAD", "Both legal: a flag-extension is grammar; roost passes"
        " over those it has not (RFC 9051 section 6.4.6)"),
    Row(r"^status of b'SEARCH CHARSET UTF-8 SUBJECT \{2\}'", "OK", "BAD",
        "Both legal: a string that is not UTF-8 is in no message"),
    Row(r"^status of b'STORE 1 FLAGS \(a[]*]b\)'", "BAD", "NO",
        "Dovecot is wrong: not a flag-keyword (RFC 9051 section 9)"),
    Row(r"^status of ", "BAD", "OK|NO",
        "Dovecot is lenient: the grammar (RFC 9051 section 9) has no such"
        " command"),
]
DOVECOT = Known(FOLDS, ROWS)
