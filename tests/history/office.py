"""office.py -- an administrator, who works with verbs of roost while sessions
work.

He lets a visitor into a mailbox and shuts him out, or puts him into a group and
takes him out of it, sets the owner's limits, makes the visitor's account one
that can only be read, ends the visitor's sessions, disables his account and enables it again, and
looks whether the store is whole. What a command of IMAP does, too, is written
down as that command; the rest as words of its own:

    SHUT visitor, OPEN visitor    nobody is let in there any more; again
    KICK visitor                  his sessions end
    FREEZE visitor, THAW visitor  his account can only be read; again changed
    WHOLE                         NO: `roost store check` has found something

A verb that fails may have done what it was asked (status "?").
"""
import time

from harness import PATIENCE_S
from record import clock
from settings import CLUB, CREW, LEAVES_S, MEMBER, group_of, visitor_of

PAUSE_S = 0.3, 1.5
SHUT_S = [0.5, 0.5, 0.5, LEAVES_S + 1]
FOUND = 65      # the status of a check that has found something

# How an account is shut, and opened again.
WAYS = [(("user", "disable", "%s"), ("user", "enable", "%s")),
        (("policy", "set", "%s", "imap", "off"),
         ("policy", "unset", "%s", "imap")),
        (("policy", "set", "%s", "suspended", "deliver"),
         ("policy", "unset", "%s", "suspended"))]


class Office:
    def __init__(self, place, recorder, rnd):
        self.roost, self.user = place.roost, place.user
        self.visitor = visitor_of(place.user)
        self.recorder, self.rnd = recorder, rnd
        self.due = 0
        self.shut = None        # the way
        self.frozen = False
        recorder.new_session()
        now = clock()
        recorder.add(now, now, b"LOGIN " + self.user.encode(), [b"port 0"],
                     "OK")

    def verb(self, meaning, *words):
        t0 = clock()
        done = self.roost(*words, check=False)
        self.recorder.add(t0, clock(), meaning.encode(),
                          [done.stderr.encode()],
                          "?" if done.returncode else "OK")
        return done.returncode == 0

    # -- what there is to do --

    def work(self):
        """Something, when it is time."""
        if time.monotonic() < self.due:
            return
        if self.shut is not None:
            self.open()
        elif self.frozen and self.rnd.random() < 0.5:
            self.thaw()
        else:
            self.rnd.choices(
                [self.let_in, self.shut_out, self.join, self.part, self.limit,
                 self.kick, self.close, self.freeze, self.look],
                [4, 4, 4, 4, 3, 2, 1, 2, 2])[0]()
        self.due = time.monotonic() + (
            self.rnd.choice(SHUT_S) if self.shut is not None
            else self.rnd.uniform(*PAUSE_S))

    def let_in(self):
        self.verb("SETACL %s %s %s" % (CLUB, self.visitor, MEMBER),
                  "acl", "set", self.user, CLUB, self.visitor, MEMBER)

    def shut_out(self):
        self.verb("DELETEACL %s %s" % (CLUB, self.visitor),
                  "acl", "set", self.user, CLUB, self.visitor, "")

    def join(self):
        self.verb("SETACL %s %s %s" % (CREW, self.visitor, MEMBER),
                  "group", "add", group_of(self.user), self.visitor)

    def part(self):
        self.verb("DELETEACL %s %s" % (CREW, self.visitor),
                  "group", "remove", group_of(self.user), self.visitor)

    def freeze(self):
        self.frozen = True
        self.verb("FREEZE " + self.visitor,
                  "policy", "set", self.visitor, "read-only", "on")

    def thaw(self):
        if self.verb("THAW " + self.visitor,
                     "policy", "set", self.visitor, "read-only", "off"):
            self.frozen = False

    def limit(self):
        most = self.rnd.randint(100000, 199999)
        self.verb('SETQUOTA "" (MESSAGE %d)' % most,
                  "user", "quota", self.user, "--messages", str(most))

    def kick(self):
        self.verb("KICK " + self.visitor, "kick", self.visitor)

    def close(self):
        self.shut = self.rnd.choice(WAYS)
        self.verb("SHUT " + self.visitor, *self.named(self.shut[0]))

    def open(self):
        if self.verb("OPEN " + self.visitor, *self.named(self.shut[1])):
            self.shut = None

    def named(self, words):
        return [w.replace("%s", self.visitor) for w in words]

    def look(self):
        t0 = clock()
        done = self.roost("store", "check", check=False)
        self.recorder.add(t0, clock(), b"WHOLE",
                          [(done.stdout + done.stderr).encode()],
                          {0: "OK", FOUND: "NO"}.get(done.returncode, "?"))

    def end(self):
        """Everybody is let in again, and may change what is his."""
        until = time.monotonic() + PATIENCE_S
        while self.shut is not None or self.frozen:
            if self.shut is not None:
                self.open()
            if self.frozen:
                self.thaw()
            if time.monotonic() > until:
                raise AssertionError("%s stays shut" % self.visitor)
