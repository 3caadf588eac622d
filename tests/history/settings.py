"""settings.py -- annotations, rights, subscriptions and limits (I18), and what
a visitor's rights let him do (I15).

A part of replay.py: which command sets them, which shows them. Each is a
register, as durable as messages are. Their mailboxes keep their names.
"""
import re

from facts import NEVER, Look, Setting
from register import Register

ANNOTATIONS = ["/private/comment", "/shared/comment"]
GUESTS = ["guest@example.org", "anyone"]
CLUB, MEMBER = "Club", "lrswite"    # what a visitor is let into; his rights
CREW = "Crew"       # the same, as one of a group
SUBSCRIBED = ["news", "jokes"]

ENTRY = re.compile(rb"(/[^ ()]+) (NIL|\"[^\"]*\")")
LIMIT = re.compile(rb"MESSAGE (?:\d+ )?(\d+)\)")
NOTHING = {"annotation": b"NIL", "rights": b"", "subscription": False,
           "limit": None, "let in": True, "in": True,
           "changes": True}
LEAVES_S = 5        # a session that is to end: a second, and what else runs


def group_of(user):
    return "crew-of-" + user.partition("@")[0]


def visitor_of(user):
    return "visitor-" + user


class Settings:
    """Of one session."""

    def __init__(self, facts, account):
        self.facts, self.account = facts, account
        self.op = None

    def take(self, op, verb, args):
        self.op = op
        run = getattr(self, "do_" + verb.decode().lower(), None)
        if run is not None and op.status != "BAD":
            run(args)

    def set(self, kind, whose, value, takes=0):
        sure = self.op.status == "OK"
        self.facts.settings.append(Setting(
            (self.account, kind) + whose, value, self.op.t0,
            self.op.t1 + takes if sure else NEVER, sure))

    def look(self, kind, whose, value, none=False):
        if self.op.status == "OK" or none:
            self.facts.looks.append(Look(
                (self.account, kind) + whose, value, self.op.t0, self.op.t1,
                self.op))

    def visited(self, name, let_in, t0):
        """A visitor was shown something of Club or Crew, or that it isn't
        there."""
        who = visitor_of(self.account).encode()
        self.facts.looks.append(Look(
            (self.account, "rights", name, who),
            MEMBER.encode() if let_in else b"", t0, self.op.t1, self.op))

    def works(self, op):
        """A visitor was let in, or a command of his done."""
        kind = "let in" if op.command.startswith(b"LOGIN") else "in"
        self.facts.looks.append(Look(
            (self.account, kind, visitor_of(self.account).encode()), True,
            op.t0, op.t1, op))

    def changed(self, may, t0):
        """A visitor changed something, or his account can only be read."""
        self.facts.looks.append(Look(
            (self.account, "changes", visitor_of(self.account).encode()),
            may, t0, self.op.t1, self.op))

    def do_freeze(self, args):
        self.set("changes", (args[0],), False, LEAVES_S)

    def do_thaw(self, args):
        self.set("changes", (args[0],), True)

    def do_shut(self, args):
        """Nobody is let in any more; who is, has to go."""
        self.set("let in", (args[0],), False)
        self.set("in", (args[0],), False, LEAVES_S)

    def do_open(self, args):
        self.set("let in", (args[0],), True)
        self.set("in", (args[0],), True)

    def do_whole(self, _args):
        if self.op.status == "NO":
            self.facts.complain("I14", self.op.lines[0].decode(), self.op)

    def do_setmetadata(self, args):
        for name, value in ENTRY.findall(b" ".join(args[1:])):
            self.set("annotation", (args[0], name), value)

    def do_getmetadata(self, args):
        shown = dict(ENTRY.findall(b"\n".join(self.op.lines[:-1])))
        for name in b" ".join(args[1:]).strip(b"()").split():
            self.look("annotation", (args[0], name), shown.get(name, b"NIL"))

    def do_setacl(self, args):
        self.set("rights", tuple(args[:2]), args[2])

    def do_deleteacl(self, args):
        self.set("rights", tuple(args[:2]), b"")

    def do_getacl(self, args):
        shown = b" ".join(x for x in self.op.lines
                          if x.startswith(b"* ACL ")).split()[3:]
        shown = dict(zip(shown[::2], shown[1::2]))
        for guest in GUESTS:
            self.look("rights", (args[0], guest.encode()),
                      shown.get(guest.encode(), b""))

    def do_setquota(self, args):
        self.set("limit", (), LIMIT.search(b" ".join(args)).group(1))

    def do_getquota(self, _args):
        found = LIMIT.search(b"\n".join(self.op.lines))
        self.look("limit", (), found and found.group(1),
                  b"NO [NONEXISTENT] no such quota root" in self.op.lines)

    def do_subscribe(self, args):
        self.set("subscription", (args[0],), True)

    def do_unsubscribe(self, args):
        self.set("subscription", (args[0],), False)

    def do_lsub(self, args):
        """Of one name, without wildcards."""
        self.look("subscription", (args[1],), any(
            x.startswith(b"* LSUB ") for x in self.op.lines))


def check(facts):
    registers = {}
    for x in facts.settings + facts.looks:
        if x.thing not in registers:
            registers[x.thing] = Register()
            registers[x.thing].add(NOTHING[x.thing[1]], -NEVER, -NEVER, True)
    for s in facts.settings:
        registers[s.thing].add(s.value, s.t0, s.t1, s.sure)
    for look in facts.looks:
        if not registers[look.thing].may_be(look.value, look.t0, look.t1):
            by_visitor = look.op.conn in facts.visitors
            facts.complain("I15" if by_visitor else "I18", "%s is %r" % (
                " ".join(map(str, look.thing)), look.value), look.op)
