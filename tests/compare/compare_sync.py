"""compare_sync.py -- CONDSTORE and QRESYNC: what a client that comes back is
told. RFC 7162

Each server has modification sequences of its own: a *stamp* is what both had
as HIGHESTMODSEQ at the same time, and a command that has %(since)d in it is
sent to each with its own.
"""
import unittest

from peers import CompareTest

# Each step is followed by a stamp.
STEPS = [b"NOOP", b"STORE 1:3 +FLAGS.SILENT (\\Seen)",
         b"STORE 5 +FLAGS (\\Deleted)", b"EXPUNGE",
         b"UID STORE 7,9 FLAGS (\\Flagged $Work)", b"COPY 2 other",
         b"STORE 2 -FLAGS (\\Answered)", b"UID MOVE 10,12 other",
         b"STORE 3 +FLAGS.SILENT (\\Deleted)", b"UID EXPUNGE 3",
         b"STORE 1 +FLAGS.SILENT (\\Seen)"]
SINCE = [b"FETCH 1:* (FLAGS) (CHANGEDSINCE %(since)d)",
         b"UID FETCH 1:* (UID) (CHANGEDSINCE %(since)d)",
         b"FETCH 2:3 (FLAGS UID) (CHANGEDSINCE %(since)d)",
         b"UID FETCH 1:* (FLAGS) (CHANGEDSINCE %(since)d VANISHED)",
         b"UID FETCH 4:9 (FLAGS) (VANISHED CHANGEDSINCE %(since)d)",
         b"SEARCH MODSEQ %(next)d", b"UID SEARCH MODSEQ %(next)d SEEN",
         b"SEARCH NOT MODSEQ %(next)d", b"SEARCH RETURN (COUNT) MODSEQ "
         b"\"/flags/\\\\seen\" all %(next)d"]
RESYNC = [b"SELECT INBOX (QRESYNC (%(validity)d %(since)d))",
          b"SELECT INBOX (QRESYNC (%(validity)d %(since)d 1:20))",
          b"SELECT INBOX (QRESYNC (%(validity)d %(since)d 3:7))",
          b"SELECT INBOX (QRESYNC (%(validity)d %(since)d 1:20 (1,2 1,2)))",
          b"EXAMINE INBOX (QRESYNC (1 %(since)d))",
          b"SELECT INBOX (CONDSTORE)"]
CONDITIONAL = [b"STORE 1:* (UNCHANGEDSINCE %(since)d) +FLAGS (\\Draft)",
               b"UID STORE 1:* (UNCHANGEDSINCE %(since)d) FLAGS.SILENT (x)",
               b"UID STORE 1,99 (UNCHANGEDSINCE %(since)d) +FLAGS (y)",
               b"STORE 1 (UNCHANGEDSINCE 0) +FLAGS (\\Flagged)"]
BROKEN = [b"SELECT INBOX (QRESYNC)", b"SELECT INBOX (QRESYNC (0 1))",
          b"SELECT INBOX (QRESYNC (1))", b"SELECT INBOX (QRESYNC (1 x))",
          b"SELECT INBOX (QRESYNC (1 1 *))", b"SELECT INBOX (NONE)",
          b"SELECT INBOX (QRESYNC (1 1 1:9 (1 1,2)))", b"SELECT INBOX ()",
          b"FETCH 1 (FLAGS) (CHANGEDSINCE)", b"FETCH 1 FLAGS (VANISHED)",
          b"FETCH 1 (FLAGS) (CHANGEDSINCE 1 VANISHED)",
          b"UID FETCH 1 (FLAGS) (VANISHED)", b"SEARCH MODSEQ",
          b"STORE 1 (UNCHANGEDSINCE x) FLAGS ()",
          b"STORE 1 (NONE 1) FLAGS ()", b"SEARCH MODSEQ x",
          b"STATUS INBOX (HIGHESTMODSEQ NONE)", b"ENABLE", b"ENABLE NONE",
          b"ENABLE condstore qresync", b"FETCH 1 (MODSEQ MODSEQ)"]


class Stamp:
    """The same moment at both."""

    def __init__(self, both, validity):
        answers = both.need(b"STATUS INBOX (HIGHESTMODSEQ)")
        self.since = [x.named("STATUS")[0][2][1] for x in answers]
        self.validity = validity

    def fill(self, command):
        return [command % {b"since": since, b"next": since + 1,
                           b"validity": validity}
                for since, validity in zip(self.since, self.validity)]


def uids(text):
    out = set()
    for piece in str(text).split(","):
        low, _, high = piece.partition(":")
        out |= set(range(int(low), int(high or low) + 1))
    return sorted(out)


def told(answer):
    """Without the modification sequences, and in any order."""
    out = []
    for x in answer.untagged:
        if x[0] == "VANISHED":
            x = (x[0], x[1:-1], uids(x[-1]))
        elif x[1:2] == ("FETCH",):
            items = dict(zip(x[2][::2], x[2][1::2]))
            if "MODSEQ" in items:
                items["MODSEQ"] = "some"
            if "FLAGS" in items:
                items["FLAGS"] = sorted(set(items["FLAGS"]) - {"\\RECENT"})
            x = x[:2] + (sorted(items.items()),)
        elif x[0] == "ESEARCH":
            x = tuple(y for n, y in enumerate(x) if n != 1 and
                      "MODSEQ" not in (y, x[n - 1]))
        elif x[0] == "SEARCH":
            x = tuple(y for y in x if isinstance(y, int))
        elif x[0] not in ("EXISTS", "EXPUNGE") and \
                x[1:2] not in (("EXISTS",), ("EXPUNGE",)):
            continue
        out.append(x)
    return sorted(out, key=repr)


class Sync(CompareTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        user = cls.new_user()
        cls.both = cls.pair(user)
        cls.other = cls.pair(user)
        cls.both.need(b"CREATE other")
        for n in range(20):
            cls.both.append(b"INBOX", b"Subject: %d\r\n\r\nx\r\n" % n)
        for both in (cls.both, cls.other):
            both.need(b"ENABLE QRESYNC")
        validity = [int(next(y[2] for y in x.untagged
                             if y[1:2] == ("UIDVALIDITY",)))
                    for x in cls.both.need(b"SELECT INBOX")]
        cls.stamps = [Stamp(cls.other, validity)]
        for step in STEPS:
            cls.both.need(step)
            cls.stamps.append(Stamp(cls.other, validity))

    def each(self, both, command, stamp):
        for peer, line in zip((both.ours, both.theirs), stamp.fill(command)):
            peer.start(line)
        a, b = both.ours.finish(), both.theirs.finish()
        what = "%r at stamp %d" % (command, self.stamps.index(stamp))
        self.check("status of " + what, a.status, b.status)
        self.check("code of " + what, *(x.code if x.code[:1] in (
            ("MODIFIED",), ("READ-ONLY",), ("READ-WRITE",)) else ()
            for x in (a, b)))
        self.check("untagged of " + what, told(a), told(b))

    def test_1_since(self):
        for stamp in self.stamps:
            for command in SINCE:
                self.each(self.both, command, stamp)

    def test_2_resync(self):
        for stamp in self.stamps:
            for command in RESYNC:
                self.each(self.other, command, stamp)
        self.other.need(b"UNSELECT")

    def test_3_conditional(self):
        for stamp in self.stamps[::3]:
            for command in CONDITIONAL:
                self.each(self.both, command, stamp)
                self.each(self.both, b"FETCH 1:* (FLAGS)", stamp)

    def test_4_broken(self):
        for command in BROKEN:
            a, b = self.both.ask(command)
            self.check("status of %r" % command, a.status, b.status)
            if command.startswith(b"SELECT"):
                self.both.ask(b"SELECT INBOX")


if __name__ == "__main__":
    unittest.main()
