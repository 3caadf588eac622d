"""actor.py -- a client that does at random what clients do.

It chooses commands by what it knows (view.py) and sends one, or several in
one go; then also such as the server must refuse. Only the first of several
names messages by number if it changes something: what the number stands for
must be known even when the answers are lost.
"""
import random
import re
import time

from replay import CLOSED
from settings import ANNOTATIONS, GUESTS, SUBSCRIBED
from view import NUMBERED, UID, View
from wire import Connection, Delivery, Gone

BOXES = ["INBOX", "Archive", "Trash", "Work"]
FLAG_NAMES = ["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "$Later", "$Done"]
SIZES = [200] * 12 + [2000] * 4 + [20000]
MANY = 50           # messages in a mailbox, from which on it is tidied up
MARKER_FIELD = "BODY.PEEK[HEADER.FIELDS (X-Marker)]"
BACK_AGAIN_S = 0.01
MOST_OPS = 25000    # of a client: all are checked in memory

RIGHTS = ["lr", "lrs", "lrswi"]
SELECTS = (b"SELECT", b"EXAMIN")
COMMON = ["NOOP", "CHECK"]
SEARCHES = ["ALL", "DELETED", "UNSEEN", "SEEN FLAGGED", "NOT DELETED",
            "RETURN (COUNT MIN MAX) ALL", "RETURN (ALL) UNDELETED"]
STATUS_ITEMS = ("(MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE"
                " HIGHESTMODSEQ)")
VALIDITY = re.compile(rb"\* OK \[UIDVALIDITY (\d+)\]")


class Actor:
    def __init__(self, place, recorder, delivery_recorder, seed):
        """place: where and as whom (history.Place)."""
        self.place = place
        self.rnd = random.Random(seed)
        self.name = recorder.conn
        self.conn = Connection(recorder, self.heard)
        self.mail = Delivery(delivery_recorder, place.lmtp_port, place.user)
        self.view = self.box = self.validity = None
        self.markers = 0
        self.scratch = ["s-%s-x" % self.name, "s-%s-y" % self.name]

    def take_office(self, recorder):
        """Who administers (office.py) writes that down there."""

    # -- the view --

    def heard(self, command, line):
        if line.startswith(CLOSED) and command[:6] not in SELECTS:
            self.view = None
        if self.view is None:
            return
        found = NUMBERED.match(line)
        if found is None:
            self.heard_other(line)
            return
        n, what = int(found.group(1)), found.group(2)
        if what == b"EXISTS":
            self.view.exists(n)
        elif what == b"EXPUNGE":
            self.view.expunge(n)
        else:
            uid = UID.search(line, 0, 200)
            self.view.fetch(n, uid and int(uid.group(1)))

    def heard_other(self, line):
        found = VALIDITY.match(line)
        if found:
            self.validity = int(found.group(1))

    # -- choosing --

    def marker(self, quoting=False):
        self.markers += 1
        return "%s-%d%s-%d" % (self.name, self.markers, "q" * quoting,
                               self.rnd.choice(SIZES))

    def flags(self):
        names = [f for f in FLAG_NAMES if self.rnd.random() < 0.2]
        if self.rnd.random() < 0.1:
            names.append("\\Deleted")
        return "(%s)" % " ".join(names)

    def any_box(self):
        if self.rnd.random() < 0.03:
            return self.rnd.choice(self.scratch)
        return self.rnd.choice(BOXES)

    def some(self, by_uid):
        """A set of one or several that are there, or None."""
        if by_uid:
            there = self.view.uids()
        else:
            there = range(1, len(self.view) + 1)
        if not there:
            return None
        k = self.rnd.choice([1, 1, 1, 2, 3, 8])
        picked = sorted(self.rnd.sample(there, min(k, len(there))))
        return ",".join(map(str, picked))

    # -- commands: each returns one, or None when there is nothing to name --

    def fetch(self, _first):
        items = self.rnd.choice(["(FLAGS)", "(UID FLAGS)", "FAST",
                                 "(UID FLAGS BODY.PEEK[])", "(UID BODY[])",
                                 "(UID FLAGS MODSEQ)",
                                 "(UID FLAGS %s)" % MARKER_FIELD])
        # what sets \Seen changes something
        by_uid = "BODY[]" in items or self.rnd.random() < 0.5
        what = self.some(by_uid)
        return what and "%sFETCH %s %s" % ("UID " * by_uid, what, items)

    def learn(self, _first):
        """The UIDs of those that have none yet."""
        blank = [n for n, s in enumerate(self.view.slots, 1) if s.uid is None]
        return blank and "FETCH %d:%d (UID FLAGS %s)" % (
            blank[0], blank[-1], MARKER_FIELD)

    def search(self, _first):
        return "%sSEARCH %s" % ("UID " * self.rnd.choice([0, 1]),
                                self.rnd.choice(SEARCHES))

    def store(self, first):
        by_uid = not first or self.rnd.random() < 0.5
        what = self.some(by_uid)
        return what and "%sSTORE %s %sFLAGS%s %s" % (
            "UID " * by_uid, what, self.rnd.choice(["+", "+", "-", "-", ""]),
            self.rnd.choice(["", ".SILENT"]), self.flags())

    def transfer(self, first):
        by_uid = not first or self.rnd.random() < 0.5
        what = self.some(by_uid)
        return what and "%s%s %s %s" % (
            "UID " * by_uid, self.rnd.choice(["COPY", "MOVE", "MOVE"]), what,
            self.any_box())

    def delete(self, _first):
        what = self.some(True)
        return what and "UID STORE %s +FLAGS.SILENT (\\Deleted)" % what

    def expunge(self, _first):
        what = self.some(True)
        if what and self.rnd.random() < 0.5:
            return "UID EXPUNGE " + what
        return "EXPUNGE"

    def append(self, _first):
        messages = " ".join("%s %s" % (self.flags(), self.marker()) for _ in
                            range(self.rnd.choice([1, 1, 1, 1, 3])))
        return "APPEND %s %s" % (self.any_box(), messages)

    def catenate(self, _first):
        """A text, and behind it a message that is there."""
        uids = self.view.uids()
        return uids and "APPEND %s %s CATENATE %s /%s;UIDVALIDITY=%d/;UID=%d" \
            % (self.any_box(), self.flags(), self.marker(quoting=True),
               self.box, self.validity, self.rnd.choice(uids))

    def replace(self, first):
        by_uid = not first or self.rnd.random() < 0.5
        there = self.view.uids() if by_uid else range(1, len(self.view) + 1)
        return there and "%sREPLACE %d %s %s %s" % (
            "UID " * by_uid, self.rnd.choice(there), self.any_box(),
            self.flags(), self.marker())

    def annotate(self, _first):
        box, name = self.rnd.choice(BOXES), self.rnd.choice(ANNOTATIONS)
        return self.rnd.choice([
            "GETMETADATA %s (%s)" % (box, " ".join(ANNOTATIONS)),
            'SETMETADATA %s (%s "%s")' % (box, name, self.marker()),
            "SETMETADATA %s (%s NIL)" % (box, name)])

    def share(self, _first):
        box, guest = self.rnd.choice(BOXES), self.rnd.choice(GUESTS)
        return self.rnd.choice([
            "GETACL " + box,
            "SETACL %s %s %s" % (box, guest, self.rnd.choice(RIGHTS)),
            "DELETEACL %s %s" % (box, guest)])

    def subscribe(self, _first):
        return self.rnd.choice(["SUBSCRIBE %s", "UNSUBSCRIBE %s",
                                'LSUB "" %s']) % self.rnd.choice(SUBSCRIBED)

    def quota(self, _first):
        return 'GETQUOTA ""'

    def status(self, _first):
        return "STATUS %s %s" % (self.any_box(), STATUS_ITEMS)

    def common(self, _first):
        return self.rnd.choice(COMMON)

    # -- steps --

    def step(self):
        if self.view is None:
            self.select()
        elif len(self.view) > MANY:
            self.tidy()
        elif any(s.uid is None for s in self.view.slots[-3:]):
            self.run(self.learn(True), "NOOP")
        else:
            getattr(self, self.rnd.choices(*STEPS)[0])()

    def run(self, *commands):
        return self.conn.run(*[c.encode() for c in commands if c])

    def one(self):
        self.some_commands(1)

    def several(self):
        self.some_commands(self.rnd.randint(2, 8))

    def some_commands(self, n):
        makers = self.rnd.choices(*COMMANDS, k=n)
        self.run(*[make(self, i == 0) for i, make in enumerate(makers)])

    def select(self):
        box = self.any_box()
        self.box, self.view = box, View()
        tagged = self.run("%s %s" % (self.rnd.choice(
            ["SELECT"] * 5 + ["EXAMINE"]), box))[-1]
        if not tagged.startswith(b"OK"):
            self.view = None
        elif len(self.view):
            self.run(self.learn(True))

    def leave(self):
        self.run(self.rnd.choice(["UNSELECT", "CLOSE"]))
        self.view = None

    def tidy(self):
        gone = self.rnd.sample(self.view.uids(), MANY // 2) \
            if len(self.view.uids()) > MANY // 2 else self.view.uids()
        self.run("UID STORE %s +FLAGS.SILENT (\\Deleted)" % ",".join(
            map(str, sorted(gone))), "EXPUNGE")
        if self.view is not None and len(self.view) > MANY:
            self.select()       # it may be read-only

    def deliver(self):
        try:
            self.mail.deliver(self.marker())
        except Gone:
            pass

    def arrange(self):
        """CREATE, DELETE, RENAME of what only this client arranges; others
        below it go with it."""
        one, other = self.rnd.sample(self.scratch, 2)
        self.run(*self.rnd.choice([
            ["CREATE " + one, "STATUS %s %s" % (one, STATUS_ITEMS)],
            ["CREATE %s/below" % one,
             "STATUS %s/below %s" % (one, STATUS_ITEMS)],
            ["STATUS %s %s" % (one, STATUS_ITEMS),
             "RENAME %s %s" % (one, other),
             "STATUS %s %s" % (other, STATUS_ITEMS)],
            ["DELETE " + one, "STATUS %s %s" % (one, STATUS_ITEMS)],
            ["DELETE %s/below" % one]]))

    # -- its life --

    def connect(self):
        self.view = None
        port, tls = self.place.imap(self.rnd)
        while not self.conn.open(port, self.place.user, tls):
            if self.place.is_over():
                return
            time.sleep(BACK_AGAIN_S)
        self.here = True

    def live(self):
        self.here = False
        while not self.place.is_over() and \
                self.conn.recorder.count < MOST_OPS:
            try:
                if not self.here:
                    self.connect()
                else:
                    self.step()
            except Gone:
                self.conn.lost()
                self.here = False


COMMANDS = ([Actor.fetch, Actor.learn, Actor.search, Actor.store,
             Actor.transfer, Actor.delete, Actor.expunge, Actor.append,
             Actor.catenate, Actor.replace, Actor.annotate, Actor.share,
             Actor.subscribe, Actor.quota, Actor.status, Actor.common],
            [20, 2, 8, 20, 10, 6, 6, 6, 3, 4, 3, 2, 2, 1, 8, 8])
STEPS = (["one", "several", "select", "leave", "deliver", "arrange"],
         [50, 30, 4, 2, 6, 2])


class Reader(Actor):
    """Selects a mailbox and waits in IDLE; looks at what comes. Others may
    expunge meanwhile, so it names messages by UID alone."""

    def step(self):
        if self.view is None or self.rnd.random() < 0.02:
            self.select()
        if self.view is not None and self.wait() is not None:
            self.run(self.learn(True))

    def wait(self, most_s=1):
        """The tagged response; None: there is no waiting."""
        if not self.conn.idle():
            return None
        end = time.monotonic() + self.rnd.uniform(0.05, most_s)
        while time.monotonic() < end and not self.has_blank():
            self.conn.idling(max(0, end - time.monotonic()))
        return self.conn.done()[-1]

    def learn(self, _first):
        if self.view is None or not self.has_blank():
            return None
        return "UID FETCH %d:* (UID FLAGS %s)" % (
            max(self.view.uids(), default=0) + 1, MARKER_FIELD)

    def has_blank(self):
        return self.view is not None and \
            any(s.uid is None for s in self.view.slots)


class Prober(Actor):
    """Logs in again and again."""

    def step(self):
        self.run("NOOP")
        self.conn.stream.close()
        self.here = False
        time.sleep(BACK_AGAIN_S)
