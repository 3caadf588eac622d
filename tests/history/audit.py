"""audit.py -- everything is read once more when nothing changes any longer.

Its ops are a history like the others (so nothing may be missing, or have
come back); and as it is alone, the counters must be exact (I13, I14).
"""
import os
import re
import time

from actor import BOXES, STATUS_ITEMS
from facts import Anomaly
from record import Recorder
from replay import STATUS
from settings import ANNOTATIONS, SUBSCRIBED
from view import Fetch
from wire import Connection

ITEMS = b"(UID FLAGS MODSEQ RFC822.SIZE BODY.PEEK[])"
SIZE = re.compile(rb"RFC822.SIZE (\d+)")
PATIENCE_S = 20


def read_all(server, user, path):
    recorder = Recorder(path, os.path.basename(path))
    conn = Connection(recorder)
    end = time.monotonic() + PATIENCE_S
    while not conn.open(server.imap_port, user, False):
        if time.monotonic() > end:
            raise AssertionError("%s cannot log in" % user)
        time.sleep(0.05)
    names = []
    conn.heard = lambda _, line: names.append(line.rsplit(b" ", 1)[1])
    conn.run(b'LIST "" *')
    conn.heard = lambda command, line: None
    for name in SUBSCRIBED:
        conn.run(b'LSUB "" ' + name.encode())
    for name in BOXES:
        conn.run(b"GETACL " + name.encode())
        conn.run(b"GETMETADATA %s (%s)" % (
            name.encode(), " ".join(ANNOTATIONS).encode()))
    for name in names:
        read_mailbox(conn, name)
    conn.stream.close()
    recorder.close()


def read_mailbox(conn, name):
    conn.run(b"STATUS %s %s" % (name, STATUS_ITEMS.encode()))
    conn.run(b"EXAMINE " + name)
    conn.run(b"UID FETCH 1:* " + ITEMS)


def read_home(server, user, name, connection, path):
    """The visitor's own mailbox, as one of the user's."""
    recorder = Recorder(path, os.path.basename(path))
    conn = connection(recorder, lambda command, line: None, user)
    if not conn.open(server.imap_port, user, False):
        raise AssertionError("a visitor of %s cannot log in" % user)
    read_mailbox(conn, name.encode())
    conn.stream.close()
    recorder.close()


def recount(histories):
    """What STATUS says, beside what was read of the same mailbox."""
    out = []
    for ops in histories:
        if not ops or not ops[0].conn.startswith("audit"):
            continue
        for i, op in enumerate(ops):
            if op.command.startswith(b"STATUS") and op.status == "OK":
                out += compare(op, ops[i + 2])
    return out


def compare(status, fetch):
    words = STATUS.match(status.lines[0]).group(2).split()
    said = dict(zip(words[::2], map(int, words[1::2])))
    lines = [x for x in fetch.lines if b" FETCH (" in x[:40]]
    flags = [Fetch(0, line).flags for line in lines]
    want = {b"MESSAGES": len(lines),
            b"UNSEEN": sum("\\Seen" not in f for f in flags),
            b"DELETED": sum("\\Deleted" in f for f in flags),
            b"SIZE": sum(int(SIZE.search(x).group(1)) for x in lines)}
    return [Anomaly("I13", "%s %d, recounted %d" % (k.decode(), said[k], n),
                    status) for k, n in want.items() if said[k] != n]
