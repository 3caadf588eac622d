"""back.py -- clients that know of modification sequences (RFC 7162).

One goes and comes back, says what it remembers (QRESYNC), and must end with
what there is. One changes only what nobody has changed since it looked.
"""
import time

from actor import BOXES, Actor, Reader
from memory import ALL_FLAGS, VANISHED, Memory
from view import NUMBERED, Fetch, View, in_set


class Back(Reader):
    def __init__(self, *args):
        super().__init__(*args)
        self.memories = {}      # of each mailbox
        self.memory = None      # of the selected one

    # -- what it is told --

    def heard(self, command, line):
        super().heard(command, line)
        found = NUMBERED.match(line)
        if self.view is not None and found and found.group(2) == b"FETCH":
            self.memory.fetched(Fetch(0, line))

    def heard_other(self, line):
        super().heard_other(line)
        found = VANISHED.match(line)
        if found is None:
            self.memory.hear(line)
            return
        ranges = in_set(found.group(2), 0)
        self.memory.vanished(ranges)
        if found.group(1) is None:
            self.view.vanish(ranges)

    def ask(self, command):
        """Whether it was OK."""
        return self.take(self.run(command)[-1])

    def take(self, tagged):
        if self.view is not None:
            self.memory.hear(tagged)
            if tagged.startswith(b"OK"):
                self.memory.answered()
                self.memory.settle(self.view)
        return tagged.startswith(b"OK")

    # -- its life --

    def connect(self):
        self.forget()
        super().connect()
        if self.here and not self.ask("ENABLE QRESYNC"):
            raise AssertionError("ENABLE QRESYNC is refused")

    def step(self):
        choice = self.rnd.random()
        if self.view is None or choice < 0.15:
            self.select()
        elif choice < 0.35:
            self.go()
        elif self.has_blank():
            self.ask(self.learn(True))
        elif choice < 0.6:
            tagged = self.wait(0.1)
            if tagged is not None:
                self.take(tagged)
        elif choice < 0.7:
            self.ask(ALL_FLAGS.decode())
        elif choice < 0.85 and len(self.view):
            # no expunge is told with it, whatever its MODSEQs are
            time.sleep(self.rnd.uniform(0, 0.1))
            self.ask("FETCH %s (UID FLAGS)" % self.some(False))
            if self.rnd.random() < 0.5:
                self.go()
        else:
            self.ask(self.rnd.choice(
                ["NOOP", "UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)"
                 % max(1, self.memory.modseq)]))

    def go(self):
        """Without a word."""
        self.conn.stream.close()
        self.here = False

    def forget(self):
        if self.view is not None:
            self.memory.left(self.view.slots)
        self.view = None

    # -- coming back --

    def select(self):
        if self.view is not None:
            self.run("UNSELECT")
            self.forget()
        self.box = self.rnd.choice(BOXES)
        command = self.rnd.choice(["SELECT ", "SELECT ", "EXAMINE "]) + \
            self.box
        self.memory = self.memories.get(self.box)
        if self.memory is not None and self.memory.can_say():
            command += " (QRESYNC (%s))" % self.remembered()
        else:
            self.memory = self.memories[self.box] = Memory()
        self.memory.begin(command.encode())
        self.view = View()
        if self.rnd.random() < 0.1:
            self.conn.abandon(command.encode(), self.rnd.randint(0, 20))
            self.here = False
        elif self.run(command)[-1].startswith(b"OK"):
            self.selected()
        else:
            self.forget()

    def selected(self):
        self.memory.validity = self.validity
        self.memory.select(self.view)
        self.memory.answered()
        if not self.memory.whole:
            self.memory.whole = self.ask(ALL_FLAGS.decode())
        elif self.has_blank():
            self.ask(self.learn(True))

    def remembered(self):
        """UIDVALIDITY and MODSEQ, then perhaps the UIDs that it knows, and
        which numbers some of them had."""
        memory = self.memory
        words = ["%d %d" % (memory.validity, memory.modseq)]
        uids = sorted(memory.flags)
        if uids and not memory.hole:
            if memory.but_last or self.rnd.random() < 0.3:
                words.append(self.rnd.choice(
                    ["1:%d" % uids[-1], ",".join(map(str, uids))]))
            if self.rnd.random() < 0.3:
                at = sorted(self.rnd.sample(range(len(uids)),
                                            min(4, len(uids))))
                words.append("(%s %s)" % (
                    ",".join(str(n + 1) for n in at),
                    ",".join(str(uids[n]) for n in at)))
        return " ".join(words)


class Racer(Actor):
    """Two of them, and all others, want the same few messages."""

    def __init__(self, *args):
        super().__init__(*args)
        self.seen = {}          # UID -> what was fetched of it last

    def heard(self, command, line):
        super().heard(command, line)
        if b"MODSEQ" in line and NUMBERED.match(line):
            fetch = Fetch(0, line)
            self.seen[fetch.uid] = fetch

    def any_box(self):
        return "Work" if self.rnd.random() < 0.8 else super().any_box()

    def step(self):
        if self.view is None or self.rnd.random() < 0.5:
            super().step()
        else:
            self.race()

    def race(self):
        uids = self.view.uids()[:3]
        some = ",".join(map(str, uids))
        self.seen.clear()
        if uids:
            self.run("UID FETCH %s (FLAGS MODSEQ)" % some)
        there = [self.seen[u] for u in uids if u in self.seen]
        if self.view is None or not there:
            return
        flags = set().union(*(f.flags or () for f in there))
        self.run("UID STORE %s (UNCHANGEDSINCE %d) FLAGS.SILENT (%s)" % (
            some, max(f.modseq for f in there), self.keyword(flags)))

    def keyword(self, flags):
        """That nobody else sets, and none of them has."""
        names = ["$%s-%d" % (self.name, n) for n in range(8)]
        return self.rnd.choice([n for n in names if n not in flags])
