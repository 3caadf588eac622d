"""account.py -- what is true: an account's mailboxes, messages and names.

Sessions differ in what they have been told of this (session.py).
"""
import base64
import datetime
import itertools
import re
import time
import unicodedata

from modseqs import ModSeqs
from objectid import Identities
from rights import ALL, Acl, settable

SYSTEM_FLAGS = {"\\answered", "\\flagged", "\\deleted", "\\seen", "\\draft"}
SEEN = frozenset({"\\seen"})
USES = {"\\all", "\\archive", "\\drafts", "\\flagged", "\\important",
        "\\junk", "\\sent", "\\trash"}
FIRST = ["Archive", "Drafts", "Junk", "Sent", "Trash"]
OTHERS = "Other Users/"             # RFC 2342
TAKEN = re.compile(r"(?:Other Users|Shared)(?:/.*)?", re.S)
OTHERS_ROOT = re.compile(r"(?:Other Users|Shared)/[^/]*@[^/]*", re.S)
ANOTHERS = re.compile(r"(?:Other Users|Shared)/([^/]*@[^/]*)/(.*)", re.S)


class No(Exception):
    """A command that fails, with its response code."""

    def __init__(self, *codes):
        super().__init__(codes)
        self.codes = codes


# -- names --

def decode_utf7(data):
    """A mailbox name of RFC 9051 appendix A.1; one spelling only."""
    if re.search(rb"[^\x20-\x7e]", data):
        raise No("CANNOT")
    out = []
    for plain, shifted in re.findall(rb"([^&]+)|(&[^-]*-?)", data):
        if plain:
            out.append(plain.decode())
        elif shifted == b"&-":
            out.append("&")
        else:
            out.append(decode_shifted(shifted))
    name = "".join(out)
    if encode_utf7(name) != data:
        raise No("CANNOT")
    return name


def decode_shifted(shifted):
    inner = shifted[1:-1].replace(b",", b"/")
    try:
        return base64.b64decode(inner + b"=" * (-len(inner) % 4),
                                validate=True).decode("utf-16-be")
    except ValueError:
        raise No("CANNOT") from None


def encode_utf7(name):
    out = b""
    for ascii_, group in itertools.groupby(
            name, lambda c: " " <= c <= "~"):
        text = "".join(group)
        if ascii_:
            out += text.replace("&", "&-").encode()
            continue
        inner = base64.b64encode(text.encode("utf-16-be", "surrogatepass"))
        out += b"&" + inner.rstrip(b"=").replace(b"/", b",") + b"-"
    return out


def decode_name(data, utf8):
    """In Net-Unicode, however it was written (RFC 9051 section 5.1)."""
    try:
        name = data.decode() if utf8 else decode_utf7(data)
    except UnicodeDecodeError:
        raise No("CANNOT") from None
    return canonical(unicodedata.normalize("NFC", name))


def canonical(name):
    """INBOX is INBOX in any letter case, as a first level, too."""
    first, delim, rest = name.partition("/")
    return "INBOX" + delim + rest if first.upper() == "INBOX" else name


def mailbox_name(data, utf8):
    """A name that a mailbox may have, or No; a delimiter at the end, which
    CREATE may have (RFC 9051 section 6.3.4), counts nowhere.
    """
    name = decode_name(data[:-1] if data.endswith(b"/") else data, utf8)
    levels = name.split("/")
    if any(x in ("", ".", "..") or len(x.encode()) > 255 for x in levels) \
            or re.search(r"[%*\x00-\x1f\x7f]", name):
        raise No("CANNOT")
    return name


def parents(name):
    levels = name.split("/")
    return ["/".join(levels[:n]) for n in range(1, len(levels))]


def size(annotations):
    return sum(len(k) + len(v) for k, v in annotations.items())


# -- mailboxes --

class Moment:
    """Seconds since 1970: between low and high till somebody tells."""

    def __init__(self, low, high):
        self.low, self.high = low, high

    def known(self):
        return self.low == self.high

    def date(self):
        """The day in UTC; None: not known."""
        days = {datetime.datetime.fromtimestamp(
            x, datetime.timezone.utc).date() for x in (self.low, self.high)}
        return days.pop() if len(days) == 1 else None

    def learn(self, seconds):
        """Whether it may be that."""
        fits = self.low <= seconds <= self.high
        if fits:
            self.low = self.high = seconds
        return fits


class Copy:
    """A message in a mailbox."""

    def __init__(self, uid, identity, date, saved, flags, tick):
        self.uid = uid
        self.seen = set()           # visitors who have seen it, Accounts
        self.identity = identity
        self.content = identity.content
        self.came = identity.came   # INTERNALDATE as a Moment
        self.date = date            # the same; None: whenever it came
        self.saved = saved          # SAVEDATE, a Moment
        self.flags = frozenset(flags)
        self.gone = False
        self.changes = 0            # how often its flags were stored
        self.tick = tick            # of the last change, see modseqs.py
        self.modseq = None          # when a session has been told

    def flags_of(self, who):
        """As they are to one user: each has a \\Seen of his own. self.flags
        are the owner's.
        """
        if who is self.identity.of.account:
            return self.flags
        return self.flags - SEEN | (SEEN if who in self.seen else set())

    def __repr__(self):
        return "<uid %d%s %s>" % (self.uid, " gone" * self.gone,
                                  " ".join(sorted(self.flags)))


class Clock:
    """Counts commands, and knows when they were sent."""

    def __init__(self):
        self.now = 0
        self.sent = 0               # seconds

    def moment(self):
        """The server's now; its clock may be a coarse one."""
        return Moment(int(self.sent - 0.02), int(time.time() + 0.02))


class Mailbox:
    def __init__(self, account):
        self.account = account
        self.clock = account.clock
        self.tick = self.clock.now      # of the last change
        self.objectid = None        # until a session is told
        self.modseqs = ModSeqs()
        self.came_or_went = 0       # ticks, of the last time
        self.flagged = {}           # Account, None for all -> the same
        self.uidvalidity = None     # until a session is told
        self.above = 0              # it is larger than that
        self.uidnext = 1
        self.messages = []          # by UID
        self.vanished = {}          # UID -> tick
        self.keywords = set()       # ever seen, in lower case
        self.uses = frozenset()     # RFC 6154
        self.selectable = True
        self.annotations = {}       # what all see who may
        self.private = {}           # Account -> its own
        self.acl = Acl()
        self.deleted = False

    def add(self, content, date, flags, who):
        """A message that has never been anywhere, of somebody's."""
        came = self.clock.moment()
        if date:
            came = Moment(int(date.timestamp()), int(date.timestamp()))
        return self.put(self.account.identities.new(content, came), date,
                        flags, who)

    def copy(self, other, rights, who):
        """A copy; of its flags those that may be set here. Within an account
        whoever has seen the one has seen the other.
        """
        if other.identity.of is not self.account.identities:
            identity = self.account.identities.new(other.content, other.came)
            return self.put(identity, other.date, settable(
                other.flags_of(who), rights), who)
        flags = settable(other.flags, rights)
        if who is not self.account:
            flags = flags - SEEN | other.flags & SEEN
        copy = self.put(other.identity, other.date, flags, self.account)
        copy.seen = {x for x in other.seen if x is not who or "s" in rights}
        return copy

    def put(self, identity, date, flags, who):
        self.tick = self.clock.now
        copy = Copy(self.uidnext, identity, date, self.clock.moment(), flags,
                    self.tick)
        if who is not self.account:
            copy.flags -= SEEN
            copy.seen = {who} if SEEN & flags else set()
        self.uidnext += 1
        self.came_or_went = self.clock.now
        self.messages.append(copy)
        self.keywords |= copy.flags - SYSTEM_FLAGS
        return copy

    def set_flags(self, copy, flags, who):
        """flags are as that user has them."""
        if copy.flags_of(who) != flags:
            shared = copy.flags - SEEN != flags - SEEN
            self.flagged[None if shared else who] = self.clock.now
            copy.tick = self.tick = self.clock.now
            copy.modseq = None
        if who is self.account:
            copy.flags = frozenset(flags)
        else:
            copy.flags = frozenset(flags - SEEN | copy.flags & SEEN)
            copy.seen = copy.seen | {who} if SEEN & flags \
                else copy.seen - {who}
        copy.changes += 1
        self.keywords |= copy.flags - SYSTEM_FLAGS

    def flagged_for(self, who):
        """When flags have changed that this user has."""
        return max(self.flagged.get(None, 0), self.flagged.get(who, 0))

    def remove(self, copies):
        for copy in [x for x in copies if not x.gone]:
            copy.gone = True
            self.came_or_went = self.clock.now
            self.vanished[copy.uid] = self.clock.now
            self.tick = self.clock.now
        self.messages = [x for x in self.messages if not x.gone]

    def status(self, name, who=None):
        count = {
            "MESSAGES": len(self.messages), "UIDNEXT": self.uidnext,
            "RECENT": 0,
            "UNSEEN": sum("\\seen" not in x.flags_of(who)
                          for x in self.messages),
            "DELETED": sum("\\deleted" in x.flags for x in self.messages),
            "SIZE": sum(len(x.content.raw) for x in self.messages),
            "DELETED-STORAGE": sum(len(x.content.raw) for x in self.messages
                                   if "\\deleted" in x.flags)}
        return count[name]


class Account:
    def __init__(self, name, limits=None, clock=None):
        self.name = name
        self.limits = limits or {}  # RFC 9208's resources; octets, numbers
        self.annotations = {}       # of the server, for this account
        self.clock = clock or Clock()
        self.known = {}             # name -> Account, others in the domain
        self.most = None            # messages a command may be about
        self.identities = Identities(self)
        self.mailboxes = {}
        self.validities = {}        # name -> the largest ever there
        self.named = {}             # name -> (tick, event) of the last news
        self.was = {}               # name -> that before it, if it was RENAME
        self.along = {}             # then, name -> what was renamed
        self.used = set()           # UIDVALIDITYs
        self.sessions = []
        self.let_in = set()         # names that rights were ever given to
        self.subscribed = {"INBOX"} | set(FIRST)
        if name is None:            # nobody's
            return
        self.mailboxes["INBOX"] = Mailbox(self)
        for name in FIRST:
            self.mailboxes[name] = Mailbox(self)
            self.mailboxes[name].uses = frozenset({"\\" + name.lower()})

    def learn_validity(self, name, value):
        """Whether value may be the UIDVALIDITY of the mailbox there."""
        box = self.mailboxes[name]
        if box.uidvalidity is None and box.above < value < 2 ** 32 and \
                value not in self.used:
            box.uidvalidity = value
            self.used.add(value)
            self.validities[name] = max(value, self.validities.get(name, 0))
        return box.uidvalidity == value

    def find(self, name, code="NONEXISTENT"):
        box = self.mailboxes.get(name)
        if box is None or not box.selectable:
            raise No(code)
        return box

    # -- others --

    @property
    def prefix(self):
        """What its names begin with for others."""
        return OTHERS + self.name + "/"

    def whose(self, name):
        """The Account that a name belongs to, and what it is called there.
        Of one that nobody knows there is nothing.
        """
        found = ANOTHERS.fullmatch(name)
        if found is None:
            return self, name
        if not name.startswith(OTHERS):     # none without a log-in here
            return NOBODY, found.group(2)
        return self.known.get(found.group(1)) or NOBODY, \
            canonical(found.group(2))

    def nearest_above(self, name):
        """The mailbox whose rights say what may be made there."""
        for each in parents(name)[::-1]:
            if each in self.mailboxes:
                return self.mailboxes[each]
        return None

    def lets_in(self, who):
        """Whether it has ever let somebody in."""
        return bool(self.let_in & {who.name.lower(), "anyone"})

    def visitors(self):
        return [y for x in self.known.values() for y in x.sessions]

    def rights_changed(self):
        for account in [self, *self.known.values()]:
            for session in account.sessions:
                session.look()

    # -- what it may have --

    def usage(self):
        boxes = self.mailboxes.values()
        return {
            "STORAGE": sum(x.status("SIZE") for x in boxes),
            "MESSAGE": sum(len(x.messages) for x in boxes),
            "MAILBOX": len(boxes),      # names that are none, too
            "ANNOTATION-STORAGE": size(self.annotations) + sum(
                size(y) for x in boxes
                for y in [x.annotations, *x.private.values()])}

    def take(self, resource, more):
        """Raises No if there may not be so much more."""
        if more and resource in self.limits and \
                self.usage()[resource] + more > self.limits[resource]:
            raise No("OVERQUOTA")

    def take_messages(self, sizes):
        if sizes:
            self.take("MESSAGE", len(sizes))
            self.take("STORAGE", sum(sizes))

    def below(self, name):
        return [x for x in self.mailboxes if x.startswith(name + "/")]

    def has_children(self, name):
        return any(x.startswith(name + "/") for x in self.mailboxes)

    def create(self, name, uses):
        why = []                    # any of them may be told
        old = self.mailboxes.get(name)
        if old and old.selectable:
            why.append("ALREADYEXISTS")
        uses = frozenset(x.lower() for x in uses)
        taken = frozenset().union(*(x.uses for x in self.mailboxes.values()))
        if uses - USES or uses & taken:
            why.append("USEATTR")
        if why:
            raise No("OVERQUOTA", *why)
        self.take_mailboxes(parents(name) + [name])
        made = self.make_parents(name)
        self.mailboxes[name] = self.fresh(name)
        self.mailboxes[name].uses = uses
        for each in [name] + made:
            self.name_changed(each)

    def make_parents(self, name):
        """Those that there were not, the nearest first."""
        made = [x for x in parents(name) if x not in self.mailboxes]
        for each in made:
            self.mailboxes[each] = self.fresh(each)
        return made[::-1]

    def name_changed(self, name, acl=None):
        """It has come, or gone with that Acl."""
        self.named[name] = (self.clock.now, "MAILBOXNAME")
        self.was.pop(name, None)
        for x in self.visitors():
            x.note_name(self, name, acl)

    def take_mailboxes(self, names):
        self.take("MAILBOX", sum(x not in self.mailboxes for x in names))

    def fresh(self, name):
        box = Mailbox(self)
        box.above = self.validities.get(name, 0)
        above = self.nearest_above(name)
        if above:
            box.acl = Acl(above.acl.entries)
        return box

    def delete(self, name):
        """The mailbox that is gone, None if it was only a name."""
        if name == "INBOX":
            raise No("CANNOT")
        box = self.mailboxes.get(name)
        if box is None:
            raise No("NONEXISTENT")
        if not self.has_children(name):
            del self.mailboxes[name]
        elif not box.selectable:
            raise No("HASCHILDREN")
        else:
            place = self.fresh(name)
            place.selectable = False
            self.mailboxes[name] = place
        box.remove(list(box.messages))
        box.deleted = True
        self.name_changed(name, box.acl)
        self.rights_changed()
        return box if box.selectable else None

    def rename(self, name, to):
        why = []                    # any of them may be told
        if name not in self.mailboxes:
            why.append("NONEXISTENT")
        if to in self.mailboxes:
            why.append("ALREADYEXISTS")
        if to.startswith(name + "/") and name != "INBOX":
            why.append("CANNOT")
        if why:
            raise No(*why)
        self.take_mailboxes(parents(to) + [to] * (name == "INBOX"))
        if name == "INBOX":
            self.take("ANNOTATION-STORAGE",
                      size(self.mailboxes[name].annotations) +
                      sum(map(size, self.mailboxes[name].private.values())))
        for each in self.make_parents(to):
            self.name_changed(each)
        if name == "INBOX":
            return self.rename_inbox(to)
        for each in self.below(name) + [name]:
            box = self.mailboxes.pop(each)
            moved = to + each[len(name):]
            self.move_in(moved, box)
            self.named[moved] = (self.clock.now, "MAILBOXNAME")
            self.was[moved] = each
            self.along[moved] = to
        for x in self.visitors():
            if not x.note_name(self, to, oldname=name):
                for each in self.below(to):
                    x.note_name(self, each, oldname=name + each[len(to):])
        return None

    def move_in(self, name, box):
        """UIDVALIDITY stays; no other mailbox has ever had the same."""
        self.mailboxes[name] = box
        if box.uidvalidity is not None:
            self.validities[name] = max(box.uidvalidity,
                                        self.validities.get(name, 0))

    def rename_inbox(self, to):
        inbox, box = self.mailboxes["INBOX"], self.fresh(to)
        box.annotations = dict(inbox.annotations)
        box.private = {k: dict(v) for k, v in inbox.private.items()}
        for x in inbox.messages:
            box.copy(x, ALL, self)
        inbox.remove(list(inbox.messages))
        self.mailboxes[to] = box
        self.name_changed(to)


NOBODY = Account(None)      # who has no mailboxes
