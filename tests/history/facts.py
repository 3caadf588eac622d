"""facts.py -- what the histories say, sorted by what it is about.

A mailbox is (account, UIDVALIDITY), whatever its name is just now; a cell is
a UID in it: one message, for ever. Every fact has the time of its command:
it took effect somewhere between t0 and t1. A command that was not OK may
have taken effect or not (sure is False), at any time from t0 on.
"""
import collections

NEVER = float("inf")

# A message that came to be; uid, marker: None while nobody knows.
Birth = collections.namedtuple(
    "Birth", "account name mailbox uid marker flags source t0 t1 sure op")

# Messages went: those of slots; None: all that are \Deleted (or, if the
# kind is DELETE, all that there are).
Death = collections.namedtuple("Death", "mailbox slots kind t0 t1 sure op")

# Flags of the messages of slots were set; by a visitor, all but \Seen.
Write = collections.namedtuple("Write", "mailbox slots mode flags t0 t1 sure "
                               "visits", defaults=(False,))

# A message had these flags (None: nobody looked), so it was there.
Read = collections.namedtuple("Read", "mailbox slot flags t0 t1 op")

# A mailbox had this many messages, this UIDNEXT; None: not said.
Count = collections.namedtuple("Count", "mailbox messages uidnext t0 t1 op")

# Something was done to a name, or it was seen to be this mailbox or none.
Name = collections.namedtuple("Name", "account name what mailbox t0 t1 op")

# A message had this MODSEQ, with these flags (None: not said).
ModSeq = collections.namedtuple("ModSeq", "mailbox slot value flags t0 t1 op")

# A mailbox had this HIGHESTMODSEQ, and of its STATUS this.
Top = collections.namedtuple("Top", "mailbox value status t0 t1 op")

# STORE with UNCHANGEDSINCE changed those of slots, not those of kept.
Race = collections.namedtuple("Race", "mailbox slots kept since flags t0 t1 op")

# Something that is one value at a time was set, or looked at: annotations,
# rights, subscriptions. thing: (account, what, whose).
Setting = collections.namedtuple("Setting", "thing value t0 t1 sure")
Look = collections.namedtuple("Look", "thing value t0 t1 op")

# A message took the place of that of slots.
Replaced = collections.namedtuple("Replaced", "mailbox slots marker op")

Anomaly = collections.namedtuple("Anomaly", "invariant text op")


class Watch:
    """One session has one mailbox selected. commands: (t0, t1, whether it
    may tell of expunges), the SELECT first; slots: all there ever were."""

    def __init__(self, mailbox, op):
        self.mailbox = mailbox
        self.op = op
        self.commands = [(op.t0, op.t1, True)]
        self.slots = []
        self.uidnext = 0
        self.writable = True


class Facts:
    def __init__(self):
        self.births = []
        self.deaths = []
        self.writes = []
        self.reads = []
        self.counts = []
        self.names = []
        self.watches = []
        self.told_gone = []     # (mailbox, slot, t1)
        self.texts = []         # (mailbox, slot, marker, op)
        self.sources = {}       # marker -> (mailbox, UID) that it quotes
        self.quoted = []        # (marker, marker of what it quotes, op)
        self.modseqs = []
        self.tops = []
        self.races = []
        self.settings = []
        self.looks = []
        self.replaced = []
        self.visitors = set()   # whose \Seen is another
        self.anomalies = []

    def complain(self, invariant, text, op):
        self.anomalies.append(Anomaly(invariant, text, op))
