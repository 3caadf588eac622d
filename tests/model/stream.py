"""stream.py -- commands of some sessions, sent, answered and judged.

Two are of one account; with a visitor there are two more, of another in the
same domain.

A step is (which session, [commands]): the commands of one step go out
together. Steps can be done again, all or some of them, on another account;
one that makes no sense then (DONE without IDLE) is passed over.
"""
import re
import socket
import time

from account import Account, Clock
from answer import Answer, Rules
from session import Session
from view import Wrong
from wire import Malformed, Status, Wire, untagged

LISTS = re.compile(rb"(?i)\S+ (?:LIST|LSUB|STATUS|SELECT|EXAMINE)\b")
SYNCHRONISING = re.compile(rb"(\{\d+\}\r\n)")


class Disagreement(Exception):
    """What went wrong, after which lines."""


class Stream:
    def __init__(self, port, users, patience, limits=None, most=None):
        self.port = port
        self.patience = patience    # seconds for an answer
        self.clock = Clock()
        self.accounts = [Account(users[0], limits, self.clock)] + [
            Account(x, None, self.clock) for x in users[1:]]
        for x in self.accounts:
            x.known = {y.name: y for y in self.accounts if y is not x}
            x.most = most
        self.whose = [x for x in self.accounts for _ in range(2)]
        self.log = []
        self.done = 0               # commands
        self.steps = []
        self.wires, self.sessions = [], []
        self.judging = None
        self.idle = [None] * len(self.whose)    # the tag of IDLE
        for n in range(len(self.whose)):
            self.wires.append(None)
            self.sessions.append(None)
            self.connect(n)

    def connect(self, n):
        if self.wires[n]:
            self.wires[n].close()
            self.whose[n].sessions.remove(self.sessions[n])
        self.wires[n] = Wire(self.port, self.patience)
        self.wires[n].line()
        self.log_in(n)

    def log_in(self, n):
        self.wires[n].send(b"l LOGIN %s secret\r\n" %
                           self.whose[n].name.encode())
        while not (line := self.wires[n].line()).startswith(b"l "):
            pass
        if not line.startswith(b"l OK"):
            raise RuntimeError(line)
        self.sessions[n] = Session(self.whose[n])
        self.whose[n].sessions.append(self.sessions[n])
        self.idle[n] = None

    def log_in_again(self, n):
        """On the same connection, RFC 8437."""
        self.wires[n].uncompress()
        self.whose[n].sessions.remove(self.sessions[n])
        self.log_in(n)

    def close(self):
        for wire in self.wires:
            wire.close()

    # -- doing --

    def step(self, n, commands):
        self.steps.append((n, commands))
        try:
            self.do(n, commands)
            self.settle(n)
        except (Wrong, Malformed, EOFError, socket.timeout, KeyError,
                ValueError, IndexError, TypeError) as wrong:
            raise Disagreement("%s: %s, at %r" % (
                type(wrong).__name__, wrong, self.judging)) from wrong

    def do(self, n, commands):
        if (commands == [b"DONE"]) != (self.idle[n] is not None):
            return
        if commands == [b"DONE"]:
            self.end_idle(n)
        elif re.fullmatch(rb"(?i)\S+ IDLE", commands[0]):
            self.begin_idle(n, commands[0])
        elif any(self.idle) or any(x.groups for x in self.sessions):
            for command in commands:    # somebody is told of each
                if self.sessions[n].groups and LISTS.search(command):
                    self.ask(n, [b"n NOOP"])    # what is unasked comes now
                self.ask(n, [command.replace(b"+}\r\n", b"}\r\n")])
                self.settle(n)
        else:
            self.ask(n, commands)

    def ask(self, n, commands):
        for command in commands:
            self.note("C", n, command)
        if len(commands) == 1:
            pieces = SYNCHRONISING.split(commands[0] + b"\r\n")
            pieces = [b"".join(pieces[i:i + 2])
                      for i in range(0, len(pieces), 2)]
        else:
            pieces = [b"".join(x + b"\r\n" for x in commands)]
        self.clock.sent = time.time()
        self.wires[n].send(pieces.pop(0))
        for command in commands:
            self.judging = command
            answer = self.answer(n, command.split(b" ", 1)[0], pieces)
            self.done += 1
            compressed = self.sessions[n].compressed
            self.sessions[n].judge(command, answer)
            self.sessions[n].forget_new()
            for x in self.sessions:
                x.forget_unasked()
            if self.sessions[n].compressed and not compressed:
                self.wires[n].compress()
            if self.sessions[n].over or self.sessions[n].left:
                break

    def answer(self, n, tag, pieces=()):
        heard = []
        while True:
            x = self.response(n)
            if x is None:
                if not pieces:
                    raise Wrong("a continuation that nobody waits for")
                self.wires[n].send(pieces.pop(0))
            elif isinstance(x, tuple) and x[0] == tag:
                return Answer(heard, x[1])
            else:
                heard.append(x)

    def response(self, n):
        """None for "+", (tag, Status) or an untagged answer."""
        line = self.wires[n].line()
        self.note("S", n, line)
        if line.startswith(b"+ "):
            return None
        if line.startswith(b"* "):
            return untagged(line[2:])
        tag, word, text = (line.split(b" ", 2) + [b"", b""])[:3]
        if word not in (b"OK", b"NO", b"BAD"):
            raise Malformed("neither tagged nor untagged: %r" % line)
        return (tag, Status(word.decode(), text))

    def note(self, side, n, line):
        self.log.append((side, n, line))

    # -- what others are told --

    def begin_idle(self, n, command):
        tag = command.split(b" ", 1)[0]
        self.note("C", n, command)
        self.wires[n].send(command + b"\r\n")
        heard = []
        while (x := self.response(n)) is not None:
            if isinstance(x, tuple) and x[0] == tag:
                raise Wrong("IDLE ends by itself")
            heard.append(x)
        self.idle[n] = tag
        self.sessions[n].hear(Answer(heard, None), Rules())

    def end_idle(self, n):
        self.note("C", n, b"DONE")
        self.wires[n].send(b"DONE\r\n")
        answer = self.answer(n, self.idle[n])
        self.sessions[n].judge(self.idle[n] + b" IDLE", answer)
        self.idle[n] = None
        self.done += 1

    def settle(self, n):
        """Who idles hears of it, and who must go has gone."""
        for other in range(len(self.sessions)):
            if self.sessions[other].over:
                self.leave(other, other == n)
            elif self.sessions[other].left:
                self.log_in_again(other)
            elif self.sessions[other].groups is not None:
                self.hear_notices(other)
            elif self.idle[other] is not None:
                self.hear_all(other)
            self.sessions[other].forget_new()

    def hear_all(self, n):
        session = self.sessions[n]
        while session.current and not session.is_lost() and \
                not session.current.knows_all():
            x = self.response(n)
            if x is None or isinstance(x, tuple) and isinstance(x[0], bytes):
                raise Wrong("%r while idle" % (x,))
            session.hear(Answer([x], None), Rules())

    def hear_notices(self, n):
        """What NOTIFY has asked for comes by itself, amid IDLE too."""
        session = self.sessions[n]
        idle = self.idle[n] is not None
        while not session.notified(idle):
            x = self.response(n)
            if x is None or isinstance(x, tuple) and isinstance(x[0], bytes):
                raise Wrong("%r after NOTIFY" % (x,))
            session.hear(Answer([x], None), Rules(
                expunge=idle or session.selected_group() is not None and
                session.selected_group().kind == "SELECTED"))

    def leave(self, n, mine):
        """Reads to the end; whose mailbox is deleted is told BYE."""
        said = mine
        if not mine and self.idle[n] is None:
            self.wires[n].send(b"bye NOOP\r\n")
        try:
            while True:
                x = self.response(n)
                said = said or isinstance(x, Status) and x.word == "BYE"
        except EOFError:
            pass
        if not said:
            raise Wrong("the connection ends without BYE")
        self.connect(n)

    # -- showing --

    def lines(self, commands=None):
        """The log as in a transcript; the last few commands if they say."""
        out = []
        for side, n, data in self.log:
            who = side + ("" if n == 0 else str(n + 1)) + ": "
            text = data.decode("utf-8", "backslashreplace")
            out.append([who + x for x in text.split("\r\n")])
        starts = [i for i, x in enumerate(self.log) if x[0] == "C"]
        first = starts[-commands] if commands and \
            commands < len(starts) else 0
        return [x for each in out[first:] for x in each]
