"""notified.py -- clients that have asked to be told (NOTIFY, RFC 5465).

They have a mailbox selected and wait, without a command: of that one they are
told every change, of the others their STATUS. One is a visitor, who is told of
another account's mailboxes and of one of its own.
"""
import re
import time

from actor import BOXES, STATUS_ITEMS, Reader
from replay import OVERFLOW
from visitor import HOME, ITEMS, VisitConnection, Visitor

HERE = "(MessageNew (UID FLAGS) MessageExpunge FlagChange)"
ELSEWHERE = "(MAILBOXES (%s) (MessageNew MessageExpunge))"
NAMES = re.compile(rb"(?<=[ (])(%s)(?=[ )])" % "|".join(BOXES).encode())


class Notified(Reader):
    boxes, items = BOXES, STATUS_ITEMS

    def connect(self):
        super().connect()
        self.asked = False

    def any_box(self):
        return self.rnd.choice(self.boxes)

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
                HERE, ELSEWHERE % " ".join(self.boxes))
        self.asked = self.run("NOTIFY " + how)[-1].startswith(b"OK")

    def listen(self):
        end = time.monotonic() + self.rnd.uniform(0.05, 1)
        while time.monotonic() < end:
            self.conn.idling(max(0, end - time.monotonic()), b"WAITING")

    def compare(self):
        """One after the other: the second may tell what the first asked."""
        self.run("STATUS %s %s" % (self.any_box(), self.items))
        self.run(self.learn(True), "NOOP")


class NotifiedConnection(VisitConnection):
    def octets(self, command):
        """NOTIFY has several names, and all are the owner's but Home."""
        if not command.startswith(b"NOTIFY "):
            return super().octets(command)
        return NAMES.sub(rb'"Other Users/%s/\1"' % self.host.encode(),
                         command)


class NotifiedVisitor(Notified, Visitor):
    boxes, items = BOXES + [HOME], ITEMS
    connection = NotifiedConnection

    def heard(self, command, line):
        """It is out of the owner's process that it is told, which may end."""
        if line.startswith(OVERFLOW):
            self.asked = False
        super().heard(command, line)
