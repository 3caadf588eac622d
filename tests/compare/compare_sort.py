"""compare_sort.py -- SORT and THREAD of the same mailbox.

What is compared is what each message is called, not its number. A message
without a date of its own has the same INTERNALDATE at both.
"""
import difflib
import itertools
import random
import re
import unittest

import messages
from peers import CompareTest

KEYS = [b"ARRIVAL", b"CC", b"DATE", b"DISPLAYFROM", b"DISPLAYTO", b"FROM",
        b"SIZE", b"SUBJECT", b"TO"]
ALGORITHMS = [b"ORDEREDSUBJECT", b"REFERENCES", b"REFS"]
PROGRAMS = [b"ALL", b"UNSEEN", b"2:30", b"SUBJECT re", b"KEYWORD none",
            b"NOT SEEN LARGER 500", b"UID 5:*"]
RETURNS = [b"()", b"(ALL)", b"(COUNT)", b"(MIN)", b"(MAX)", b"(MIN MAX)",
           b"(MIN MAX COUNT ALL)", b"(PARTIAL 1:5)", b"(PARTIAL 3:900)",
           b"(PARTIAL 2000:2010)", b"(COUNT PARTIAL 9:2)"]
BAD = [b"SORT () UTF-8 ALL", b"SORT (SUBJECT)", b"SORT SUBJECT UTF-8 ALL",
       b"SORT (REVERSE) UTF-8 ALL", b"SORT (NONE) UTF-8 ALL",
       b"SORT (SUBJECT) ALL", b"SORT (DATE) X-NONE ALL",
       b"THREAD NONE UTF-8 ALL", b"THREAD REFERENCES ALL",
       b"THREAD REFERENCES X-NONE ALL", b"SORT (DATE SIZE) US-ASCII ALL",
       b"SORT RETURN (NONE) (DATE) UTF-8 ALL",
       b"SORT RETURN (ALL PARTIAL 1:2) (DATE) UTF-8 ALL"]
SUBJECTS = [b"%s", b"Re: %s", b"re:%s", b"RE[2]: %s", b"Fwd: %s", b"fw: %s",
            b"[list] %s", b"Re: [list] re: %s", b"%s (fwd)", b"[fwd: %s]",
            b"[Fwd: re: %s (fwd)]", b"[a] [b] %s", b"Re :%s", b"Re %s",
            b"Refer: %s", b" %s ", b"[a %s", b"%s [z]", b"=?utf-8?q?Re:_%s?=",
            b"Re: Re: %s", b"AW: %s", b"%s(fwd)"]
TOPICS = [b"lunch", b"Lunch", b"a plan", b"", b"z", b"=?utf-8?q?=C3=84rger?=",
          b"_x", b"9", b"zebra"]
PEOPLE = [b"ann@example.org", b"Zoe <ann@example.net>",
          b'"Bob, Dr." <bob@example.org>', b"=?utf-8?q?=C3=84nne?= <z@y>",
          b"ANN <Ann@example.com>", b"_u <_u@example.org>"]


RANGES = {"1:5", "3:900", "2000:2010", "9:2", "2:9"}     # of PARTIAL
SET = re.compile(r"\d+[,:][\d,:]+")


def members(text):
    low, _, high = text.partition(":")
    return range(int(low), int(high or low) + 1)


def conversation(rng, n, people, topics):
    """One of some that belong together, more or less."""
    out = [b"From: " + rng.choice(people)]
    if n % 3:
        out.append(b"To: " + rng.choice(people))
    if n % 4 == 0:
        out.append(b"Cc: " + rng.choice(people))
    out.append(b"Subject: " + rng.choice(SUBJECTS) % rng.choice(topics))
    if n % 9:
        out.append(b"Date: %d Jul 2025 %02d:00:00 %s" % (
            rng.randint(1, 28), n % 24, rng.choice(
                [b"+0000", b"+0200", b"-0800"])))
    known = [b"<%d@x>" % x for x in range(n)]
    if n % 7:
        out.append(b"Message-ID: <%d@x>" % n)
    refs = sorted(rng.sample(known, min(n, rng.choice([0, 0, 1, 2, 3]))),
                  key=lambda x: int(x[1:-3]))
    if refs:
        name = b"References: " if len(refs) > 1 or n % 2 else b"In-Reply-To: "
        out.append(name + b" ".join(refs))
    return b"\r\n".join(out) + b"\r\n\r\n" + b"x" * (n % 50) + b"\r\n"


def moved(a, b):
    """What stands elsewhere, of either."""
    same = difflib.SequenceMatcher(None, list(map(repr, a)),
                                   list(map(repr, b)), False)
    blocks = same.get_matching_blocks()
    return [[x for n, x in enumerate(each) if not any(
        y[which] <= n < y[which] + y.size for y in blocks)]
        for which, each in enumerate((a, b))]


class Sort(CompareTest):
    people, topics, returns = PEOPLE, TOPICS, RETURNS
    every = 2                   # stranger

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rng = random.Random(5256)
        cls.talk = cls.mailbox([
            (b"talk %d" % n, conversation(rng, n, cls.people, cls.topics))
            for n in range(120)])
        cls.mail = cls.mailbox(list(messages.sample()) +
                               list(messages.strangers())[::cls.every])

    @classmethod
    def mailbox(cls, mail):
        both = cls.pair(cls.new_user())
        mail = [x for x in mail if cls.takes(both, x[1])]
        for n, (_, text) in enumerate(mail, 1):
            both.append(b"INBOX", text, b"(\\Seen)" if n % 5 == 0 else b"()",
                        b"%2d-Jul-2025 %02d:%02d:00 +0000" % (
                            n * 7 % 28 + 1, n % 24, n // 24))
        both.need(b"SELECT INBOX")
        both.names = {n: x[0] for n, x in enumerate(mail, 1)}
        return both

    @classmethod
    def takes(cls, both, text):
        """Whether the peer stores a message like that."""
        return True

    def compare(self, both, command):
        a, b = both.ask(command)
        self.check("status of %r" % command, a.status, b.status)
        a, b = (self.shown(both, x) for x in (a, b))
        if len(a) == len(b) == 1:
            a, b = moved(a[0], b[0])
        self.check("answer of %r" % command, a, b)

    def shown(self, both, answer):
        """With the names of messages, which in a set are in its order."""
        def named(value):
            if isinstance(value, tuple):
                return tuple(map(named, value))
            if isinstance(value, str) and SET.fullmatch(value) and \
                    value not in RANGES:
                return [both.names.get(x) for y in value.split(",")
                        for x in members(y)]
            return both.names.get(value, value) \
                if isinstance(value, int) else value
        return [(x[0],) + named(x[2:]) if x[0] == "ESEARCH" else
                x[:1] + named(x[1:])
                for x in answer.named("SORT", "THREAD", "ESEARCH")]

    def test_each_key(self):
        for both, key, program in itertools.product(
                (self.talk, self.mail), KEYS, PROGRAMS):
            self.compare(both, b"SORT (%s) UTF-8 %s" % (key, program))
            self.compare(both, b"UID SORT (REVERSE %s) UTF-8 %s" % (
                key, program))

    def test_several_keys(self):
        rng = random.Random(5957)
        for n in range(200):
            keys = b" ".join(rng.choice([b"", b"REVERSE "]) + x
                             for x in rng.sample(KEYS, rng.randint(2, 4)))
            self.compare((self.talk, self.mail)[n % 2],
                         b"SORT (%s) UTF-8 ALL" % keys)

    def test_return(self):
        for returns, key in itertools.product(self.returns, KEYS):
            self.compare(self.talk, b"UID SORT RETURN %s (%s) UTF-8 ALL" % (
                returns, key))

    def test_threads(self):
        for both, name, program in itertools.product(
                (self.talk, self.mail), ALGORITHMS, PROGRAMS):
            self.compare(both, b"UID THREAD %s UTF-8 %s" % (name, program))
            self.compare(both, b"THREAD %s UTF-8 %s" % (name, program))

    def test_broken(self):
        for command in BAD:
            a, b = self.talk.ask(command)
            self.check("status of %r" % command, a.status, b.status)
            self.check("code of %r" % command, a.code, b.code)


if __name__ == "__main__":
    unittest.main()
