"""record.py -- what one client sent and heard, and when.

An Op is one command of one session:

    conn      who: "c3", "c3/lmtp", "audit"
    session   the how-manieth session of that connection
    t0, t1    seconds on the machine's monotonic clock: before the first
              octet was sent, after the last one had come
    command   as sent, without its tag. A message stands as its marker:
              b"APPEND Work (\\Seen) c3-17-300 () c3-18-3000"
    lines     every untagged response since the response before, in order,
              whole (literals within), without the last CRLF; the tagged
              one last, without its tag
    status    "OK", "NO", "BAD"; "?": the connection was lost before it
              came; "LEFT": the client went away before it

What is no command of IMAP stands as one: b"LOGIN user" begins every session
(its lines: b"port N", and of a visitor b"as NAME", visitor.py); b"LMTP marker" is a delivery on a connection of its
own; b"IDLE" ends with its continuation, then each b"IDLING" is what came at
once, and b"DONE" has the tagged response; b"WAITING" is what came at once
without any command; b"LOST" is a connection that was lost with nothing under
way.
"""
import collections
import pickle
import time

Op = collections.namedtuple("Op", "conn session t0 t1 command lines status")

clock = time.monotonic      # one for all processes of the machine


class Recorder:
    """Appends to a file; a process of its own writes each."""

    def __init__(self, path, conn):
        self.file = open(path, "wb")
        self.conn = conn
        self.session = 0
        self.count = 0

    def new_session(self):
        self.session += 1

    def add(self, t0, t1, command, lines, status):
        op = (self.conn, self.session, t0, t1, command, lines, status)
        pickle.dump(op, self.file, pickle.HIGHEST_PROTOCOL)
        self.count += 1

    def close(self):
        self.file.close()


def load(path):
    """The ops of one file, in the order in which they ended."""
    ops = []
    with open(path, "rb") as f:
        while True:
            try:
                ops.append(Op(*pickle.load(f)))
            except EOFError:
                return ops
