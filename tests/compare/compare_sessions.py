"""compare_sessions.py -- two sessions change one mailbox in turns.

Untagged answers are compared as a set where their order is free, and what
both sessions believe of the mailbox after every step.
"""
import random
import unittest

from peers import CompareTest

FLAG_LISTS = [b"(\\Seen)", b"(\\Deleted)", b"(\\Flagged \\Answered)", b"()",
              b"($Work)", b"(\\Draft $Work other)", b"\\Seen",
              b"\\Seen \\Deleted"]
SETS = [b"1", b"2:4", b"*", b"3:*", b"*:1", b"1,3,5", b"5:2", b"2,1:3,2",
        b"99", b"4:99", b"0", b"1:", b"", b"1,,2", b"*:*", b"99:*"]
UID_SETS = SETS + [b"1000:*", b"1000", b"3:8", b"7,*"]
STEPS = 150


class Model:
    """What a client believes after the untagged answers it has seen."""

    def __init__(self):
        self.messages = []
        self.wrong = []         # FETCHes of what it has not been told of

    def learn(self, answer):
        for x in answer.untagged:
            if x[1:] == ("EXPUNGE",):
                del self.messages[x[0] - 1]
            elif x[1:] == ("EXISTS",):
                self.messages += [None] * (x[0] - len(self.messages))
            elif x[1:2] == ("FETCH",):
                items = dict(zip(x[2][::2], x[2][1::2]))
                if x[0] > len(self.messages):
                    self.wrong.append(x)
                elif "FLAGS" in items:
                    self.messages[x[0] - 1] = flags(items["FLAGS"])


def flags(value):
    return tuple(sorted(set(value) - {"\\RECENT"}))


def tidy(answer):
    """Untagged answers without order, but EXPUNGEs in theirs."""
    out = []
    for x in answer.untagged:
        if x[1:2] == ("RECENT",) or x[0] == "FLAGS" or \
                x[:2] == ("OK", "PERMANENTFLAGS"):
            continue
        if x[1:2] == ("FETCH",):
            items = dict(zip(x[2][::2], x[2][1::2]))
            if "FLAGS" in items:
                items["FLAGS"] = flags(items["FLAGS"])
            items.pop("MODSEQ", None)
            x = x[:2] + (tuple(sorted(items.items())),)
        out.append(x)
    expunged = [x for x in out if x[1:] == ("EXPUNGE",)]
    rest = {x for x in out if x not in expunged}
    return [without_uidvalidity(x) for x in expunged] + sorted(
        (without_uidvalidity(x) for x in rest), key=repr)


def without_uidvalidity(x):
    return x[:2] + tuple(x[2].split()[1:]) if x[1:2] in (
        ("COPYUID",), ("APPENDUID",)) else x


class Sessions(CompareTest):
    def setUp(self):
        super().setUp()
        user = self.new_user()
        self.sessions = [self.pair(user), self.pair(user)]
        first = self.sessions[0]
        first.need(b"CREATE other")
        for n in range(8):
            self.append(n)
        for both in self.sessions:
            both.need(b"SELECT INBOX")

    def tearDown(self):
        for both in self.sessions:
            both.close()
        super().tearDown()

    def append(self, n):
        return self.sessions[0].append(
            b"INBOX", b"Subject: %d\r\n\r\nbody %d\r\n" % (n, n))

    def step(self, which, command, answers=None):
        a, b = answers or self.sessions[which].ask(command)
        what = "%r in session %d" % (command, which)
        self.check("status of " + what, a.status, b.status)
        self.check("code of " + what, without_uidvalidity(("OK",) + a.code),
                   without_uidvalidity(("OK",) + b.code))
        self.check("untagged of " + what, tidy(a), tidy(b))
        return a, b

    def test_sets(self):
        for command in (b"FETCH %s (UID)", b"FETCH %s (FLAGS UID)",
                        b"STORE %s +FLAGS (\\Flagged)", b"COPY %s other",
                        b"SEARCH %s"):
            for numbers in SETS:
                self.step(0, command % numbers)
        for command in (b"UID FETCH %s (FLAGS)", b"UID COPY %s other",
                        b"UID STORE %s -FLAGS (\\Flagged)",
                        b"UID SEARCH UID %s"):
            for numbers in UID_SETS:
                self.step(0, command % numbers)

    def test_store(self):
        for flag_list in FLAG_LISTS:
            for how in (b"FLAGS", b"+FLAGS", b"-FLAGS", b"FLAGS.SILENT",
                        b"+FLAGS.SILENT", b"-flags.silent"):
                self.step(0, b"STORE 2:3 %s %s" % (how, flag_list))
                self.step(1, b"NOOP")

    def test_copy_and_move(self):
        for command in (
                b"COPY 1:2 other", b"COPY 1 none", b"COPY 99 other",
                b"MOVE 1:2 other", b"MOVE 1 none", b"UID MOVE 5,7 other",
                b"UID MOVE 5,7 other", b"COPY 1 INBOX", b"MOVE 1 INBOX",
                b"UID COPY 1:* other", b"MOVE 99 other"):
            self.step(0, command)
            self.step(1, b"NOOP")
            self.step(0, b"NOOP")

    def test_expunge(self):
        for command in (b"STORE 2,4,5 +FLAGS.SILENT (\\Deleted)",
                        b"UID EXPUNGE 4:5", b"UID EXPUNGE 99", b"EXPUNGE",
                        b"EXPUNGE", b"STORE 1 +FLAGS (\\Deleted)", b"CLOSE",
                        b"SELECT INBOX", b"FETCH 1:* (UID)"):
            if command.startswith(b"SELECT"):
                self.sessions[0].need(command)
            else:
                self.step(0, command)
            self.step(1, b"NOOP")

    def test_expunged_by_the_other(self):
        """The other session still has the number of what is gone."""
        self.step(0, b"STORE 3 +FLAGS (\\Deleted)")
        self.step(1, b"NOOP")
        self.step(0, b"EXPUNGE")
        for command in (b"FETCH 4 (UID)", b"STORE 4 +FLAGS (\\Flagged)",
                        b"SEARCH 4", b"FETCH 1:* (UID)", b"NOOP",
                        b"FETCH 1:* (UID FLAGS)"):
            self.step(1, command)

    def random_command(self, rng):
        numbers = rng.choice(SETS[:8])
        uid = rng.choice([b"", b"UID "])
        kind = rng.randrange(10)
        if kind < 4:
            return uid + b"STORE %s %sFLAGS%s %s" % (
                numbers, rng.choice([b"", b"+", b"-"]),
                rng.choice([b"", b".SILENT"]), rng.choice(FLAG_LISTS))
        if kind < 6:
            return uid + b"FETCH %s (FLAGS)" % numbers
        return rng.choice([b"NOOP", b"NOOP", b"EXPUNGE", b"CHECK",
                           uid + b"COPY %s other" % numbers,
                           uid + b"COPY %s INBOX" % numbers,
                           uid + b"SEARCH FLAGGED",
                           b"UID MOVE %s other" % numbers])

    def test_random_steps(self):
        """Each step's answers; what both believe once both are told all."""
        rng = random.Random(2177)
        models = [[Model(), Model()] for _ in self.sessions]
        for n, both in enumerate(self.sessions):
            for model, answer in zip(models[n], both.ask(b"SELECT INBOX")):
                model.learn(answer)
        for n in range(STEPS):
            which = rng.randrange(2)
            if rng.randrange(6) == 0:
                for model, answer in zip(models[0], self.append(n)):
                    model.learn(answer)
            # numbers mean the same when both were told everything
            for at, both in enumerate(self.sessions):
                for model, answer in zip(models[at], both.ask(b"NOOP")):
                    model.learn(answer)
            command = self.random_command(rng)
            answers = self.step(which, command)
            for model, answer in zip(models[which], answers):
                model.learn(answer)
            for at, both in enumerate(self.sessions):
                for ask in (b"NOOP", b"UID FETCH 1:* (FLAGS)"):
                    for model, answer in zip(models[at], both.ask(ask)):
                        model.learn(answer)
                self.check("belief of session %d after step %d, %r" % (
                    at, n, command), *(x.messages for x in models[at]))
        for ours, _ in models:
            self.assertEqual(ours.wrong, [])


if __name__ == "__main__":
    unittest.main()
