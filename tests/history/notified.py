"""notified.py -- a client that has asked to be told (NOTIFY, RFC 5465).

It has a mailbox selected and waits, without a command: of that one it is
told every change, of the others their STATUS.
"""
import time

from actor import BOXES, STATUS_ITEMS, Reader

HERE = "(MessageNew (UID FLAGS) MessageExpunge FlagChange)"
ELSEWHERE = "(MAILBOXES (%s) (MessageNew MessageExpunge))" % " ".join(BOXES)


class Notified(Reader):
    def connect(self):
        super().connect()
        self.asked = False

    def any_box(self):
        return self.rnd.choice(BOXES)

    def select(self):
        """What is under way of one mailbox is not the other's."""
        if self.view is not None:
            self.run("UNSELECT")
            self.view = None
        super().select()

    def step(self):
        if self.view is None or self.rnd.random() < 0.05:
            self.select()
        if not self.asked or self.rnd.random() < 0.05:
            self.ask()
        elif self.rnd.random() < 0.1:
            super().step()
        else:
            self.listen()
            self.compare()

    def ask(self):
        how = "NONE"
        if self.rnd.random() < 0.9:
            how = "SET %s(%s %s) %s" % (
                self.rnd.choice(["", "STATUS "]),
                self.rnd.choice(["SELECTED", "SELECTED-DELAYED"]),
                HERE, ELSEWHERE)
        self.asked = self.run("NOTIFY " + how)[-1].startswith(b"OK")

    def listen(self):
        end = time.monotonic() + self.rnd.uniform(0.05, 1)
        while time.monotonic() < end:
            self.conn.idling(max(0, end - time.monotonic()), b"WAITING")

    def compare(self):
        """One after the other: the second may tell what the first asked."""
        self.run("STATUS %s %s" % (self.any_box(), STATUS_ITEMS))
        self.run(self.learn(True), "NOOP")
