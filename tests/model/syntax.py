"""syntax.py -- a command as the grammar of RFC 9051 section 9 reads it.

parse() makes a Command, or raises Bad. What an extension adds stands with
the production it extends.
"""
import datetime
import re
import urllib.parse

from cursor import Bad, Cursor

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
          "oct", "nov", "dec"]
STATUS_ITEMS = {"MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED",
                "SIZE", "RECENT", "HIGHESTMODSEQ", "MAILBOXID",
                "DELETED-STORAGE"}


class Command:
    """tag, name, whether UID stood before it; the rest is the name's own."""

    def __init__(self, tag, name, uid):
        self.tag = tag
        self.name = name
        self.uid = uid


def tag_of(data):
    return data.split(b" ", 1)[0]


def parse(data, utf8, accept=False):
    """data: a command without its last CRLF, literals and all; utf8: may
    stand in quoted strings; accept: UTF8=ACCEPT was enabled.
    """
    c = Cursor(data, utf8)
    tag = c.match("tag").group()
    c.need(b" ")
    name = c.word()
    uid = name == "UID"
    if uid:
        c.need(b" ")
        name = c.word()
        if name not in UID_COMMANDS:
            raise Bad("no UID command")
    if name not in COMMANDS:
        raise Bad("no command")
    command = Command(tag, name, uid)
    COMMANDS[name](c, command)
    c.end()
    if getattr(command, "literal_utf8", False) and not accept:
        raise Bad("UTF8 without UTF8=ACCEPT")
    return command


def nothing(_c, _command):
    pass


def mailbox(c, command):
    c.need(b" ")
    command.mailbox = c.astring()


def select(c, command):
    """select = "SELECT" SP mailbox [SP "(" parameters ")"], RFC 7162"""
    mailbox(c, command)
    command.condstore, command.known = False, None

    def parameter():
        name = c.word()
        if name == "QRESYNC":
            c.need(b" ")
            qresync(c, command)
        elif name == "CONDSTORE":
            command.condstore = True
        else:
            raise Bad("no parameter of SELECT")
    if c.take(b" "):
        c.list_of(parameter)


class Known:
    """What a client says that it remembers."""

    def __init__(self, since, uids=None, matches=()):
        self.since = since
        self.uids = uids            # [(low, high)], None: all
        self.matches = matches      # [(number, UID)]

    def has(self, uid):
        return self.uids is None or any(
            min(x) <= uid <= max(x) for x in self.uids)

    def first_unknown(self, box):
        """UIDs below this one are where the client thinks they are."""
        now = {n: x.uid for n, x in enumerate(box.messages, 1)}
        return max([uid + 1 for n, uid in self.matches
                    if now.get(n) == uid], default=1)


def qresync(c, command):
    """"(" uidvalidity SP modseq [SP known-uids] [SP "(" numbers SP uids ")"]
    ")"
    """
    c.need(b"(")
    command.uidvalidity = c.number(name="nz-number")
    c.need(b" ")
    since, uids, matches = c.modseq(), None, ()
    more = c.take(b" ")
    if more and not c.peek(b"("):
        uids = known_set(c)
        more = c.take(b" ")
    if more:
        c.need(b"(")
        at, to = members(known_set(c)), None
        c.need(b" ")
        to = members(known_set(c))
        c.need(b")")
        if len(at) != len(to):
            raise Bad("not as many UIDs as numbers")
        matches = list(zip(at, to))
    c.need(b")")
    command.known = Known(since, uids, matches)


def known_set(c):
    out = c.sequence_set()
    if out is None or any(0 in x for x in out):
        raise Bad("* in what a client remembers")
    return out


def members(ranges):
    """Of an ascending set that is not too long to be meant."""
    out, last = [], 0
    for low, high in ranges:
        if low <= last or high < low:
            raise Bad("not ascending")
        if high - low > 10000:
            raise Bad("too long")
        out += range(low, high + 1)
        last = high
    return out


def create(c, command):
    """create = "CREATE" SP mailbox [SP "(" "USE" SP "(" use ")" ")"]"""
    mailbox(c, command)
    command.uses = []
    if not c.take(b" "):
        return

    def parameter():
        if c.word() != "USE":
            raise Bad("no parameter of CREATE")
        c.need(b" ")
        command.uses += c.list_of(use, empty=True)

    def use():
        c.need(b"\\")
        return "\\" + c.atom()
    c.list_of(parameter)


def rename(c, command):
    mailbox(c, command)
    c.need(b" ")
    command.to = c.astring()


def status_items(c):
    def item():
        name = c.word()
        if name not in STATUS_ITEMS:
            raise Bad("no item of STATUS")
        return name
    return c.list_of(item, empty=True)      # VIOLATIONS.md, status-att-list


def status(c, command):
    mailbox(c, command)
    c.need(b" ")
    command.items = status_items(c)


SELECT_OPTIONS = {"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"}
RETURN_OPTIONS = {"SUBSCRIBED", "CHILDREN", "SPECIAL-USE", "STATUS"}


def list_(c, command):
    c.need(b" ")
    command.select, command.returns, command.items = set(), set(), []
    command.extended = False

    def select():
        name = c.word()
        if name not in SELECT_OPTIONS:
            raise Bad("no selection option")
        return name
    if c.peek(b"("):
        command.extended = True
        command.select = set(c.list_of(select, empty=True))
        c.need(b" ")
        if "RECURSIVEMATCH" in command.select and \
                "SUBSCRIBED" not in command.select:
            raise Bad("RECURSIVEMATCH alone")
    command.reference = c.astring()
    c.need(b" ")
    if c.peek(b"("):
        command.extended = True
        command.patterns = c.list_of(lambda: c.astring("list-mailbox"))
    else:
        command.patterns = [c.astring("list-mailbox")]
    if c.take(b" "):
        list_return(c, command)


def list_return(c, command):
    def option():
        name = c.word()
        if name not in RETURN_OPTIONS:
            raise Bad("no return option")
        if name == "STATUS":
            c.need(b" ")
            command.items = status_items(c)
        return name
    command.extended = True
    if c.word() != "RETURN":
        raise Bad("RETURN expected")
    c.need(b" ")
    command.returns = set(c.list_of(option, empty=True))


def lsub(c, command):
    c.need(b" ")
    command.reference = c.astring()
    c.need(b" ")
    command.patterns = [c.astring("list-mailbox")]
    command.select, command.returns = set(), set()


def date_time(c):
    """date-time; an aware datetime"""
    day, month, year, hour, minute, second, sign, zh, zm = \
        c.match("date-time").groups()
    if int(zm) > 59:
        raise Bad("no such zone")
    offset = datetime.timedelta(hours=int(zh), minutes=int(zm))
    try:
        return datetime.datetime(
            int(year), month_number(month), int(day), int(hour), int(minute),
            int(second), 0, datetime.timezone(
                -offset if sign == b"-" else offset))
    except ValueError:
        raise Bad("no such moment") from None


def month_number(text):
    text = text.decode().lower()
    if text not in MONTHS:
        raise Bad("no month")
    return MONTHS.index(text) + 1


def append(c, command):
    """append = "APPEND" SP mailbox 1*append-message, RFC 3502"""
    mailbox(c, command)
    command.messages = []
    while c.more() or not command.messages:
        c.need(b" ")
        command.messages.append(append_message(c, command))


def append_message(c, command):
    """[flags SP] [date-time SP] append-data; (flags, date, parts)"""
    flags, date = [], None
    if c.peek(b"("):
        flags = c.list_of(c.flag, empty=True)
        c.need(b" ")
    if c.peek(b'"'):
        date = date_time(c)
        c.need(b" ")
    return flags, date, append_data(c, command)


def append_data(c, command):
    """literal / literal8 / "UTF8" SP "(" literal8 ")" / "CATENATE" SP "("
    cat-part *(SP cat-part) ")"; octets and Urls. RFC 3516, 4469, 9755
    """
    if c.data[c.at:c.at + 10].upper() == b"CATENATE (":
        c.at += 9
        return c.list_of(lambda: cat_part(c))
    if c.data[c.at:c.at + 6].upper() != b"UTF8 (":
        c.take(b"~")
        return [c.literal()]
    command.literal_utf8 = True
    c.at += 6
    c.need(b"~")
    text = c.literal()
    c.need(b")")
    return [text]


def cat_part(c):
    name = c.word()
    c.need(b" ")
    if name == "TEXT":
        return c.literal()
    if name == "URL":
        return Url(c.astring().decode())
    raise Bad("no part of CATENATE")


class Url:
    """"/" mailbox [";UIDVALIDITY=" n] "/;UID=" n ["/;SECTION=" section]
    ["/;PARTIAL=" offset ["." octets]], RFC 5092
    """
    FORM = re.compile(
        r"/(?P<mailbox>[^;/]+(?:/[^;/]+)*)(?:;UIDVALIDITY=(?P<validity>\d+))?"
        r"/?;UID=(?P<uid>\d+)(?:/?;SECTION=(?P<section>[^;/]+))?"
        r"(?:/?;PARTIAL=(?P<offset>\d+)(?:\.(?P<octets>\d+))?)?", re.I)

    def __init__(self, text):
        self.text = text
        found = self.FORM.fullmatch(text)
        if found is None:
            raise Bad("a URL that no test has")     # see generate.py
        self.mailbox = urllib.parse.unquote(found["mailbox"])
        self.uidvalidity = found["validity"] and int(found["validity"])
        self.uid = int(found["uid"])
        section = urllib.parse.unquote(found["section"] or "")
        self.section = answered(b"BODY[%s]" % section.encode())
        self.partial = (int(found["offset"]), int(
            found["octets"] or 2 ** 63)) if found["offset"] else None


def answered(name):
    """The Section of a label, without its partial."""
    c = Cursor(name, True)
    item = section(c, c.word())
    c.end()
    return item


def replace(c, command):
    """replace = "REPLACE" SP seq-number SP mailbox append-message, RFC 8508"""
    c.need(b" ")
    text = c.match("seq").group()
    if b":" in text:
        raise Bad("REPLACE is of one message")
    number = 0 if text == b"*" else int(text)
    if number > 2 ** 32 - 1:
        raise Bad("number too large")
    command.set = [(number, number)]
    mailbox(c, command)
    c.need(b" ")
    command.messages = [append_message(c, command)]


def enable(c, command):
    command.names = []
    while c.more() or not command.names:
        c.need(b" ")
        command.names.append(c.atom().upper())


def id_(c, _command):
    """id_params_list = "(" *(string SP nstring) ")" / nil"""
    def pair():
        c.string()
        c.need(b" ")
        if c.data[c.at:c.at + 3].upper() == b"NIL":
            c.at += 3
        else:
            c.string()
    c.need(b" ")
    if c.peek(b"("):
        c.list_of(pair, empty=True)
    elif c.word() != "NIL":
        raise Bad("NIL expected")


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
            partial_range(c) if word == "PARTIAL" else c.modseq()
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


# -- SEARCH --

RETURNS = {"MIN", "MAX", "ALL", "COUNT", "SAVE", "PARTIAL"}
SORT_KEYS = {"ARRIVAL", "CC", "DATE", "DISPLAYFROM", "DISPLAYTO", "FROM",
             "SIZE", "SUBJECT", "TO"}
THREADS = {"ORDEREDSUBJECT", "REFERENCES", "REFS"}
PLAIN_KEYS = {"ALL", "ANSWERED", "DELETED", "DRAFT", "FLAGGED", "NEW", "OLD",
              "RECENT", "SEEN", "UNANSWERED", "UNDELETED", "UNDRAFT",
              "UNFLAGGED", "UNSEEN", "SAVEDATESUPPORTED"}
STRING_KEYS = {"BCC", "BODY", "CC", "FROM", "SUBJECT", "TEXT", "TO"}
DATE_KEYS = {"BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE",
             "SAVEDBEFORE", "SAVEDON", "SAVEDSINCE"}
NUMBER_KEYS = {"LARGER", "SMALLER"}
AGE_KEYS = {"OLDER", "YOUNGER"}
OBJECT_KEYS = {"EMAILID", "THREADID"}
KEYWORD_KEYS = {"KEYWORD", "UNKEYWORD"}


def search(c, command):
    """search-program = ["CHARSET" SP charset SP] key *(SP key)"""
    search_returns(c, command)
    command.charset = None
    if c.data[c.at:c.at + 8].upper() == b"CHARSET ":
        c.at += 8
        command.charset = charset(c)
        c.need(b" ")
    search_keys(c, command)


SOURCES = {"SELECTED", "INBOXES", "PERSONAL", "SUBSCRIBED", "SUBTREE",
           "SUBTREE-ONE", "MAILBOXES"}


def esearch(c, command):
    """esearch = "ESEARCH" [SP "IN" SP "(" source *(SP source) ")"] [SP
    "RETURN" ...] SP search-program, RFC 7377
    """
    def source():
        name, mailboxes = c.word(), []
        if name not in SOURCES:
            raise Bad("no source of mailboxes")
        if name in ("SUBTREE", "SUBTREE-ONE", "MAILBOXES"):
            c.need(b" ")
            mailboxes = c.list_of(c.astring) if c.peek(b"(") \
                else [c.astring()]
        return name, mailboxes
    command.sources = [("SELECTED", [])]
    if c.data[c.at:c.at + 4].upper() == b" IN ":
        c.at += 4
        command.sources = c.list_of(source)
    search(c, command)
    if command.returns and "SAVE" in command.returns and \
            {x for x, _ in command.sources} != {"SELECTED"}:
        raise Bad("SAVE of other mailboxes")


def charset(c):
    return c.astring().decode("latin-1").upper()


def search_returns(c, command):
    command.returns, command.partial = None, None
    c.need(b" ")
    if c.data[c.at:c.at + 7].upper() != b"RETURN ":
        return
    c.at += 7

    def option():
        name = c.word()
        if name not in RETURNS:
            raise Bad("no return option")
        if name == "PARTIAL":
            c.need(b" ")
            command.partial = partial_range(c)
        return name
    command.returns = c.list_of(option, empty=True)
    c.need(b" ")
    if {"ALL", "PARTIAL"} <= set(command.returns):
        raise Bad("PARTIAL and ALL")


def partial_range(c):
    """partial-range of RFC 9394; (as it is written, low, high)"""
    start, minus = c.at, c.take(b"-")
    ends = [c.number(name="nz-number")]
    c.need(b":-" if minus else b":")
    ends.append(c.number(name="nz-number"))
    if minus:
        ends = [-x for x in ends]
    return c.data[start:c.at].decode(), min(ends), max(ends)


def search_keys(c, command):
    keys = [search_key(c)]
    while c.take(b" "):
        keys.append(search_key(c))
    command.key = ("AND", keys)


def sort(c, command):
    """sort = "SORT" SP [RETURN ... SP] sort-criteria SP charset SP keys"""
    search_returns(c, command)

    def criterion():
        name = c.word()
        reverse = name == "REVERSE"
        if reverse:
            c.need(b" ")
            name = c.word()
        if name not in SORT_KEYS:
            raise Bad("no sort key")
        return reverse, name
    command.criteria = c.list_of(criterion)
    c.need(b" ")
    command.charset = charset(c)
    c.need(b" ")
    search_keys(c, command)


def thread(c, command):
    """thread = "THREAD" SP thread-alg SP charset SP keys"""
    c.need(b" ")
    command.algorithm, command.returns = c.word(), None
    if command.algorithm not in THREADS:
        raise Bad("no algorithm")
    c.need(b" ")
    command.charset = charset(c)
    c.need(b" ")
    search_keys(c, command)


def search_key(c):
    if c.peek(b"("):
        return ("AND", c.list_of(lambda: search_key(c)))
    if c.peek(b"$") or c.peek(b"*") or c.data[c.at:c.at + 1].isdigit():
        return ("SET", c.sequence_set())
    name = c.word()
    if name in PLAIN_KEYS:
        return (name,)
    c.need(b" ")
    if name in STRING_KEYS:
        return (name, c.astring())
    if name in DATE_KEYS:
        return (name, date(c))
    if name in NUMBER_KEYS:
        return (name, c.number(2 ** 63 - 1))
    if name in AGE_KEYS:
        return (name, c.number(name="nz-number"))
    if name in OBJECT_KEYS:
        return (name, c.match("objectid").group().decode())
    if name in KEYWORD_KEYS:
        return (name, c.atom())
    if name == "MODSEQ":
        return (name, search_modseq(c))
    if name == "UID":
        return ("UID", c.sequence_set())
    if name == "NOT":
        return ("NOT", search_key(c))
    if name in ("OR", "HEADER"):
        first = search_key(c) if name == "OR" else c.astring()
        c.need(b" ")
        return (name, first, search_key(c) if name == "OR" else c.astring())
    raise Bad("no search key")


def in_key(name, key):
    """Whether a search key has that one in it."""
    if key[0] == "AND":
        return any(in_key(name, x) for x in key[1])
    return key[0] == name or key[0] in ("NOT", "OR") and any(
        in_key(name, x) for x in key[1:])


def search_modseq(c):
    """search-modseq = "MODSEQ" [SP entry-name SP entry-type] SP modseq"""
    if c.peek(b'"'):
        c.string()              # all entries of a message have one MODSEQ
        c.need(b" ")
        if c.word() not in ("ALL", "PRIV", "SHARED"):
            raise Bad("no type of entry")
        c.need(b" ")
    return c.modseq()


def date(c):
    """date = date-text / DQUOTE date-text DQUOTE"""
    quoted = c.take(b'"')
    day, month, year = c.match("date").groups()
    if quoted:
        c.need(b'"')
    try:
        return datetime.date(int(year), month_number(month), int(day))
    except ValueError:
        raise Bad("no such day") from None


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
    command.entries = c.list_of(lambda: entry(c, True)) if c.peek(b"(") \
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


def setquota(c, command):
    getquota(c, command)
    c.need(b" ")

    def limit():
        c.atom()
        c.need(b" ")
        c.number(2 ** 63 - 1)
    c.list_of(limit, empty=True)


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


COMMANDS = {
    "APPEND": append, "CAPABILITY": nothing, "CHECK": nothing,
    "CLOSE": nothing, "COPY": copy, "CREATE": create, "DELETE": mailbox,
    "ENABLE": enable, "ESEARCH": esearch, "EXAMINE": select, "EXPUNGE": expunge, "FETCH": fetch,
    "GETMETADATA": getmetadata, "GETQUOTA": getquota, "GETQUOTAROOT": mailbox,
    "ID": id_, "IDLE": nothing, "LIST": list_, "LOGOUT": nothing,
    "LSUB": lsub, "MOVE": copy, "NAMESPACE": nothing, "NOOP": nothing,
    "RENAME": rename, "REPLACE": replace, "SEARCH": search, "SELECT": select,
    "SETMETADATA": setmetadata, "SETQUOTA": setquota, "SORT": sort,
    "STATUS": status, "STORE": store, "SUBSCRIBE": mailbox, "THREAD": thread,
    "UIDBATCHES": uidbatches, "UNSELECT": nothing, "UNSUBSCRIBE": mailbox,
}
UID_COMMANDS = {"COPY", "EXPUNGE", "FETCH", "MOVE", "REPLACE", "SEARCH", "SORT", "STORE",
                "THREAD"}
