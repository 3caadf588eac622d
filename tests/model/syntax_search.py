"""syntax_search.py -- the productions of syntax.py that look for messages:
SEARCH, ESEARCH, SORT, THREAD. RFC 4731, 5256, 5267, 7377, 9394
"""
import mimepart
from cursor import Bad
from syntax_messages import fetch_item

RETURNS = {"MIN", "MAX", "ALL", "COUNT", "SAVE", "PARTIAL", "CONTEXT",
           "UPDATE"}
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
    command.returns, command.partial, command.items = None, None, []
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
            command.partial = c.partial_range()
        if name == "UPDATE" and (c.take(b" (") or c.take(b"(")):
            c.at -= 1               # RFC 5465 has it with a space and without
            command.items = c.list_of(lambda: fetch_item(c, c.word()))
        return name
    command.returns = c.list_of(option, empty=True)
    c.need(b" ")
    if {"ALL", "PARTIAL"} <= set(command.returns):
        raise Bad("PARTIAL and ALL")


def cancelupdate(c, command):
    """cancelupdate = "CANCELUPDATE" 1*(SP quoted), RFC 5267"""
    command.tags = []
    while c.more() or not command.tags:
        c.need(b" ")
        command.tags.append(c.string())


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
        return (name, c.date())
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
    if name == "MIMEPART":
        return (name, mimepart.parse(c))
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
