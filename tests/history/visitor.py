"""visitor.py -- clients of shared mailboxes.

A Visitor works in the mailboxes of another account, and in one of its own,
"Home", and copies and moves between the two. Its history is written down as
if it were the owner's: with the names that the owner's clients use, and with
Home as one more mailbox of that account. So whatever must hold for those
holds for this one, and what is moved from account to account is in one of
them.

\\Seen is everybody's own: a visitor neither changes it nor is asked for it. He
administers the domain: so he sets the owner's limits.

A Keeper is one of the owner's, who lets the visitor into one mailbox, Club,
and shuts him out again; another one, Crew, is let in to by a group, which he
comes into and leaves: what he sees there, and when he is told that it isn't
there, must be what some order of that gives (I15, settings.py). So must what he
does at all: his account is disabled and enabled, and may be one that can only
be read.
"""
import re

from actor import BOXES, MARKER_FIELD, STATUS_ITEMS, Actor, Reader
from office import Office
from settings import CLUB, CREW, MEMBER, visitor_of
from wire import Connection, Stream, on_the_wire

HOME = "Home"
SHARED = BOXES + [CLUB, CREW]
NAME = re.compile(rb" (%s)(?= |$)" % "|".join(SHARED).encode())
URL = re.compile(rb'URL "/(%s);' % "|".join(SHARED).encode())
OTHERS = re.compile(rb'"Other Users/[^/" ]+/([^" ]+)"')
ROOT = re.compile(rb'"Other Users/[^/" ]+/"')
ITEMS = STATUS_ITEMS.replace(" UNSEEN", "")


class VisitStream(Stream):
    def response(self):
        line = super().response()
        if b"Other Users/" not in line:
            return line
        return ROOT.sub(b'""', OTHERS.sub(rb"\1", line))


class VisitConnection(Connection):
    streams = VisitStream

    def __init__(self, recorder, heard, host):
        super().__init__(recorder, heard)
        self.host = host
        self.guest = visitor_of(host)

    def octets(self, command):
        """A command's first name is its only one, but for what CATENATE
        takes; literals have none."""
        host = self.host.encode()
        head, brace, rest = on_the_wire(command).partition(b"{")
        head = NAME.sub(rb' "Other Users/%s/\1"' % host, head, count=1)
        head = head.replace(b' ""', b' "Other Users/%s/"' % host)
        rest = URL.sub(rb'URL "/Other%%20Users/%s/\1;' % host, rest)
        return head + brace + rest


class Visitor(Reader):
    connection = VisitConnection

    def __init__(self, place, *args):
        super().__init__(place, *args)
        self.conn = self.connection(self.conn.recorder, self.heard, place.user)

    def any_box(self):
        return self.rnd.choice(BOXES * 3 + [HOME] * 4 + [CLUB] * 3
                               + [CREW] * 3)

    def flags(self):
        return super().flags().replace("\\Seen", "\\Draft")

    def fetch(self, _first):
        what = self.some(True)
        return what and "UID FETCH %s %s" % (what, self.rnd.choice(
            ["(FLAGS)", "(UID FLAGS BODY.PEEK[])", "(UID FLAGS MODSEQ)",
             "(UID FLAGS %s)" % MARKER_FIELD]))

    def quota(self, first):
        if self.rnd.random() < 0.5:
            return super().quota(first)
        return 'SETQUOTA "" (MESSAGE %d)' % self.rnd.randint(100000, 199999)

    def status(self, _first):
        return "STATUS %s %s" % (self.any_box(), ITEMS)

    def some_commands(self, n):
        makers = self.rnd.choices(*COMMANDS, k=n)
        self.run(*[make(self, i == 0) for i, make in enumerate(makers)])

    def step(self):
        if self.view is not None and self.rnd.random() < 0.1:
            if self.wait(0.3) is not None:
                self.run(self.learn(True))
        else:
            Actor.step(self)

    def arrange(self):
        """Names are the owner's to arrange; this asks for one."""
        self.run("STATUS %s %s" % (self.rnd.choice([CLUB, CREW]), ITEMS))


COMMANDS = ([Visitor.fetch, Visitor.learn, Visitor.search, Visitor.store,
             Visitor.transfer, Visitor.delete, Visitor.expunge,
             Visitor.append, Visitor.catenate, Visitor.replace,
             Visitor.quota, Visitor.status, Visitor.common],
            [20, 2, 8, 20, 16, 4, 4, 6, 3, 4, 3, 10, 6])


class Keeper(Actor):
    """Once in a while he works with verbs of roost (office.py)."""

    def take_office(self, recorder):
        self.office = Office(self.place, recorder, self.rnd)

    def live(self):
        super().live()
        self.office.end()

    def any_box(self):
        if self.rnd.random() < 0.3:
            return self.rnd.choice([CLUB, CREW])
        return super().any_box()

    def step(self):
        self.office.work()
        if self.rnd.random() < 0.2:
            visitor = visitor_of(self.place.user)
            self.run(self.rnd.choice([
                "SETACL %s %s %s" % (CLUB, visitor, MEMBER),
                "DELETEACL %s %s" % (CLUB, visitor)]))
        else:
            super().step()
