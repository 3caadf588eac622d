"""again.py -- clients of an account that is removed and made again meanwhile.

A Leaver does that, with verbs of roost; Guests work in it whenever it is there.
In the histories its mailboxes are deleted then, and made: so no UIDVALIDITY may
come again (I12), and nothing of what was there before (I2, I10). REMOVE ends
its sessions.
"""
import time

from actor import BOXES, Actor
from harness import PATIENCE_S
from record import clock

AGAIN = "again@example.org"
MADE = [name for name in BOXES if name != "Work"]   # with the account
PAUSE_S = 0.2, 2
RETRY_S = 0.05


class Guest(Actor):
    """What is the account's and no mailbox's is left alone, and other
    mailboxes are: they go without a word."""

    def any_box(self):
        return self.rnd.choice(BOXES)

    def append(self, _first):
        return "APPEND %s %s %s" % (self.any_box(), self.flags(),
                                    self.marker())

    def some_commands(self, n):
        makers = self.rnd.choices(*COMMANDS, k=n)
        self.run(*[make(self, i == 0) for i, make in enumerate(makers)])

    def deliver(self):
        """There may be nobody to deliver to."""

    def arrange(self):
        self.run("CREATE Work")


COMMANDS = ([Guest.fetch, Guest.learn, Guest.search, Guest.store,
             Guest.transfer, Guest.delete, Guest.expunge, Guest.append,
             Guest.status, Guest.common],
            [20, 2, 8, 20, 10, 6, 6, 12, 8, 8])


class Leaver(Guest):
    due = 0

    def take_office(self, recorder):
        self.office = recorder
        recorder.new_session()
        now = clock()
        recorder.add(now, now, b"LOGIN " + self.place.user.encode(),
                     [b"port 0"], "OK")

    def step(self):
        if time.monotonic() < self.due:
            super().step()
            return
        for _ in range(self.rnd.choice([1, 1, 2, 3])):
            self.until_done(["REMOVE " + AGAIN]
                            + ["DELETE " + name for name in BOXES],
                            "no such", "remove", "--yes", AGAIN)
            self.until_done(["CREATE " + name for name in MADE],
                            "there is such", "add", AGAIN)
        self.due = time.monotonic() + self.rnd.uniform(*PAUSE_S)

    def until_done(self, meaning, already, *verb):
        """Processes may be away; who asks again finishes what was begun."""
        end = time.monotonic() + PATIENCE_S
        while True:
            t0 = clock()
            done = self.place.roost("user", *verb, stdin="secret\n",
                                    check=False)
            for words in meaning:
                self.office.add(t0, clock(), words.encode(),
                                [done.stderr.encode()],
                                "?" if done.returncode else "OK")
            if done.returncode == 0 or already in done.stderr:
                return
            if time.monotonic() > end:
                raise AssertionError("%s: %s" % (verb, done.stderr))
            time.sleep(RETRY_S)
