"""stream.py -- commands of two sessions, sent, answered and judged.

A step is (which session, [commands]): the commands of one step go out
together. Steps can be done again, all or some of them, on another account;
one that makes no sense then (DONE without IDLE) is passed over.
"""
import re
import socket
import time

from account import Account
from answer import Answer, Rules
from session import Session
from view import Wrong
from wire import Malformed, Status, Wire, untagged

SESSIONS = 2
SYNCHRONISING = re.compile(rb"(\{\d+\}\r\n)")


class Disagreement(Exception):
    """What went wrong, after which lines."""


class Stream:
    def __init__(self, port, user, patience, limits=None):
        self.port, self.user = port, user
        self.patience = patience    # seconds for an answer
        self.account = Account(limits)
        self.log = []
        self.done = 0               # commands
        self.steps = []
        self.wires, self.sessions = [], []
        self.judging = None
        self.idle = [None] * SESSIONS       # the tag of IDLE
        for n in range(SESSIONS):
            self.wires.append(None)
            self.sessions.append(None)
            self.connect(n)

    def connect(self, n):
        if self.wires[n]:
            self.wires[n].close()
            self.account.sessions.remove(self.sessions[n])
        self.wires[n] = Wire(self.port, self.patience)
        self.wires[n].line()
        self.wires[n].send(b"l LOGIN %s secret\r\n" % self.user.encode())
        while not (line := self.wires[n].line()).startswith(b"l "):
            pass
        if not line.startswith(b"l OK"):
            raise RuntimeError(line)
        self.sessions[n] = Session(self.account)
        self.account.sessions.append(self.sessions[n])
        self.idle[n] = None

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
        elif commands[0].upper().endswith(b" IDLE"):
            self.begin_idle(n, commands[0])
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
        self.account.clock.sent = time.time()
        self.wires[n].send(pieces.pop(0))
        for command in commands:
            self.judging = command
            answer = self.answer(n, command.split(b" ", 1)[0], pieces)
            self.done += 1
            self.sessions[n].judge(command, answer)
            if self.sessions[n].over:
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
        for other in range(SESSIONS):
            if self.sessions[other].over:
                self.leave(other, other == n)
            elif self.idle[other] is not None:
                self.hear_all(other)

    def hear_all(self, n):
        session = self.sessions[n]
        while session.current and not session.current.knows_all():
            x = self.response(n)
            if x is None or isinstance(x, tuple) and isinstance(x[0], bytes):
                raise Wrong("%r while idle" % (x,))
            session.hear(Answer([x], None), Rules())

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
