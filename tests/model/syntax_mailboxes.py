"""syntax_mailboxes.py -- the productions of syntax.py about mailboxes: SELECT,
CREATE, RENAME, STATUS, LIST. RFC 5258, 6154, 7162
"""
from cursor import Bad
from syntax_account import entries, mailbox

STATUS_ITEMS = {"MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED",
                "SIZE", "RECENT", "HIGHESTMODSEQ", "MAILBOXID",
                "DELETED-STORAGE"}


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
RETURN_OPTIONS = {"SUBSCRIBED", "CHILDREN", "SPECIAL-USE", "STATUS",
                  "METADATA", "MYRIGHTS"}


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
        if name == "METADATA":      # RFC 9590
            c.need(b" ")
            command.entries = entries(c)
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
