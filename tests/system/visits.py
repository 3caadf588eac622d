"""visits.py -- what is said of another's mailbox is what is said of one's own:
a stream of commands at random, in two sessions of one account, and in one of
the owner and one of a visitor who may do everything, from the same partition
and from another, has the same answers."""
import random
import re
import unittest

import support

STREAMS = 16
COMMANDS = 60

SETS = "1", "2", "*", "1:*", "1:2", "2:3", "3,1", "5", "$", "9:*"
FLAGS = (r"(\Flagged)", r"(\Deleted)", r"(\Answered)", "($Junk)",
         r"(\Deleted \Flagged)", r"(\Draft a)", r"(\Draft b)")
ITEMS = ("(FLAGS)", "(UID FLAGS INTERNALDATE)", "(BODY.PEEK[TEXT])", "UID",
         "(FLAGS RFC822.SIZE)", "(ENVELOPE)")
RETURNS = "", "RETURN (ALL COUNT) ", "RETURN (SAVE) ", "RETURN (MIN MAX) "
KEYS = "ALL", "FLAGGED", "SUBJECT s1", "NOT DELETED", "1:2", "SMALLER 60", "$"
EXTENSIONS = ((), ("CONDSTORE",), ("QRESYNC",), ("IMAP4rev2",), ("UIDONLY",),
              ("QRESYNC", "IMAP4rev2"), ("CONDSTORE", "UIDONLY"))
OWNERS = "Plans", "Plans/Deep", "Old"   # @Plans@ in a command
OWN = "Mine", "Mine 2"                  # the one who visits has them himself

# What differs all the same.
LIKE = (
    (rb"\b\d{10}\b", b"UIDVALIDITY"),
    (rb"MODSEQ \(?\d+\)?", b"MODSEQ"),
    (rb"MAILBOXID \(\w+\)", b"MAILBOXID"),
    (rb"TAG r\d+", b"TAG"),
    (rb'"[ \d]\d-\w+-20(?!24)\d\d [^"]*"', b"NOW"),
    # of flags that have changed during a command by UID
    (rb"\(UID \d+ FLAGS (\([^)]*\)( MODSEQ)?\))$", rb"(FLAGS \1"),
    (rb"(NO \[EXPUNGEISSUED\]).*", rb"\1"),
)


class Stream:
    """Commands, as (of whom, text); 1: the owner, 0: who may visit him."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.enabled = self.pick(EXTENSIONS)
        self.read_only = [False, False]
        self.commands = [self.command() for _ in range(COMMANDS)]

    def pick(self, choices):
        return self.rng.choice(choices)

    def message(self):
        text = "Subject: s%d\r\n\r\n%s\r\n" % (
            self.rng.randrange(4), "x" * self.rng.randrange(1, 40))
        return '%s "%d-Feb-2024 10:00:00 +0000" {%d+}\r\n%s' % (
            self.pick(FLAGS), self.rng.randrange(10, 29), len(text), text)

    def command(self):
        who = self.rng.random() < 0.35
        theirs = "@%s@" % self.pick(OWNERS + OWNERS[:1] * 4)
        box = theirs if who or self.uid() else '"%s"' % self.pick(OWN)
        text = self.pick((
            self.select, self.append, self.append, self.store, self.fetch,
            self.search, self.copy, self.take_away, self.other, self.other,
        ))(who, box, theirs)
        return who, text

    def uid(self):
        return self.pick(("", "", "UID "))

    def select(self, who, box, theirs):
        verb = self.pick(("SELECT ", "SELECT ", "SELECT ", "EXAMINE "))
        self.read_only[who] = verb == "EXAMINE "
        return verb + self.pick((box, theirs, theirs))

    def append(self, _who, box, theirs):
        if self.rng.random() < 0.2:
            return 'APPEND %s CATENATE (URL "/%s/;UID=%d" TEXT {1+}\r\nx)' % (
                box, theirs.replace("@", "%"), self.rng.randrange(1, 5))
        return "APPEND %s %s" % (box, " ".join(
            self.message() for _ in range(self.pick((1, 1, 2)))))

    def store(self, *_):
        since = self.pick(("", "", "(UNCHANGEDSINCE 0) "))
        return "%sSTORE %s %s%sFLAGS%s %s" % (
            self.uid(), self.pick(SETS), since, self.pick(("+", "-", "")),
            self.pick(("", ".SILENT")), self.pick(FLAGS))

    def fetch(self, *_):
        return "%sFETCH %s %s" % (self.uid(), self.pick(SETS),
                                  self.pick(ITEMS))

    def search(self, _who, box, theirs):
        if self.rng.random() < 0.2:
            return "ESEARCH IN (mailboxes %s subtree %s selected) %s" % (
                box, theirs, self.pick(KEYS[:3]))
        return "%sSEARCH %s%s" % (self.uid(), self.pick(RETURNS),
                                  self.pick(KEYS))

    def copy(self, who, box, _theirs):
        verb = self.pick(("COPY", "COPY", "MOVE"))
        # a visit is asked for its rights before it is for numbers
        if self.read_only[who]:
            verb = "COPY"
        return "%s%s %s %s" % (self.uid(), verb, self.pick(SETS), box)

    def take_away(self, who, box, _theirs):
        if self.rng.random() < 0.4 and not self.read_only[who]:
            return "%sREPLACE %s %s %s" % (self.uid(), self.pick("12*"), box,
                                           self.message())
        verb = self.pick(("EXPUNGE", "EXPUNGE", "UID EXPUNGE 1:4", "CLOSE",
                          "UNSELECT"))
        if verb in ("CLOSE", "UNSELECT"):
            self.read_only[who] = False
        return verb

    def other(self, _who, box, _theirs):
        return self.pick((
            "NOOP", "CHECK", "NOSUCH", "FETCH", "COPY 1 %s x" % box,
            "STATUS %s (MESSAGES UIDNEXT DELETED SIZE)" % box,
            "SUBSCRIBE " + box, "UNSUBSCRIBE " + box, "MYRIGHTS " + box,
            'LIST "" INBOX',
            "SORT (SUBJECT) UTF-8 ALL", "THREAD REFERENCES UTF-8 ALL"))


class Visits(support.ServerTest):
    def written(self, text, prefix):
        """With the names of the owner's mailboxes as this one has them."""
        text = re.sub("%([A-Za-z/]+)%", lambda m: (
            prefix + m.group(1)).replace(" ", "%20"), text)
        return re.sub("@([A-Za-z/]+)@", lambda m: '"%s"' % (
            prefix + m.group(1)), text).encode()

    def heard(self, lines, prefix):
        out = []
        for line in lines:
            for name in prefix, prefix.replace(" ", "%20"):
                line = line.replace(name.encode(), b"")
            line = re.sub(rb'"(\w+(?:/\w+)?)"', rb"\1", line)
            for pattern, what in LIKE:
                line = re.sub(pattern, what, line)
            out.append(line)
        out[-1] = out[-1].split(b" ", 1)[1]
        # new keywords may be told before what a MOVE has done or behind it
        return sorted(out, key=lambda line: b"FLAGS (\\A" not in line or
                      b"FETCH" in line)

    def answers(self, stream, owner, visitor):
        prefix = "" if owner == visitor else "Other Users/%s/" % owner
        raws = self.open(visitor), self.open(owner)
        for name in OWNERS:
            self.ok(raws[1], b"CREATE " + name.encode())
            if prefix:
                self.ok(raws[1], b"SETACL %s %s lrswipkxtea" % (
                    name.encode(), visitor.encode()))
        for name in OWN:
            self.ok(raws[0], b'CREATE "%s"' % name.encode())
        for name in stream.enabled:
            self.ok(raws[0], b"ENABLE " + name.encode())
        own = prefix, ""
        out = [self.heard(raws[who].run(self.written(text, own[who])),
                          own[who]) for who, text in stream.commands]
        for raw, names in zip(raws, (OWN, ("Plans/Deep", "Plans", "Old"))):
            raw.run(b"UNSELECT")
            for name in names:
                self.ok(raw, b'DELETE "%s"' % name.encode())
            raw.close()
        return out

    def test_same_answers(self):
        home = self.new_user()
        pairs = self.pair(False), self.pair(True)
        for seed in range(STREAMS):
            stream = Stream(seed)
            alone = self.answers(stream, home, home)
            for pair in pairs:
                told = self.answers(stream, *pair)
                for at, command in enumerate(stream.commands):
                    self.assertEqual(alone[at], told[at], (
                        seed, stream.enabled, command,
                        "behind", stream.commands[max(at - 5, 0):at]))


if __name__ == "__main__":
    unittest.main()
