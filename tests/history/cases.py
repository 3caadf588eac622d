"""cases.py -- histories written by hand, and what the checker must find.

A line "CONN T0-T1 COMMAND" is a command, below it, indented, are the
responses; the last one, if it came, is the tagged one. TEXT=marker in a FETCH
stands for that whole message. Every connection is one session of one user; v is a
visitor's.
"""
import re
import unittest

from check import check
from record import Op
from wire import text

TEXT = re.compile(rb"TEXT=(\S+?)(!?)\)$")


def select(exists, uidnext, validity=1):
    return """
    * %d EXISTS
    * OK [UIDVALIDITY %d] UIDs are valid
    * OK [UIDNEXT %d] Next UID
    OK [READ-WRITE] SELECT completed""" % (exists, validity, uidnext)


def status(messages, uidnext, validity=1, name="INBOX"):
    return """
    * STATUS %s (MESSAGES %d UIDNEXT %d UIDVALIDITY %d)
    OK STATUS completed""" % (name, messages, uidnext, validity)


def whole(found):
    """A message, "+" another that it quotes; with "!" one that has changed on
    the way; "other": one that has no marker."""
    octets = b"no marker\r\n"
    if found.group(1) != b"other":
        octets = b"".join(map(text, found.group(1).decode().split("+")))
    if found.group(2):
        octets = octets[:-3] + b"?\r\n"
    return b"BODY[] {%d}\r\n%s)" % (len(octets), octets)


def parse(script):
    ops = {}
    for line in filter(None, script.split("\n")):
        if line[0] != " ":
            conn, times, command = line.split(" ", 2)
            t0, t1 = map(float, times.split("-"))
            last = [conn, 1, t0, t1, command.encode(), [], "?"]
            login = [b"port 1"] + [b"as visitor-ann"] * (conn == "v")
            ops.setdefault(conn, [[conn, 1, 0, 0, b"LOGIN ann", login, "OK"]])
            ops[conn].append(last)
            continue
        last[5].append(TEXT.sub(whole, line.strip().encode()))
        if line.strip()[0] not in "*+":
            last[6] = line.split()[0]
    return [[Op(*op) for op in history] for history in ops.values()]


def found(script):
    anomalies, _ = check(parse(script))
    return sorted({a.invariant for a in anomalies})


# One message, and two who have its mailbox selected.
BEGIN = """
w 1-2 APPEND INBOX () m-1-100
    OK [APPENDUID 1 1] APPEND completed
w 3-4 SELECT INBOX""" + select(1, 2) + """
r 3-4 SELECT INBOX""" + select(1, 2) + """
w 5-6 FETCH 1 (UID FLAGS BODY.PEEK[])
    * 1 FETCH (UID 1 FLAGS () TEXT=m-1-100)
    OK FETCH completed
r 5-6 FETCH 1 (UID FLAGS)
    * 1 FETCH (UID 1 FLAGS ())
    OK FETCH completed
"""

DELETED = BEGIN + """
w 7-8 STORE 1 +FLAGS (\\Deleted)
    * 1 FETCH (FLAGS (\\Deleted))
    OK STORE completed
"""

EXPUNGED = DELETED + """
w 9-10 EXPUNGE
    * 1 EXPUNGE
    OK EXPUNGE completed
"""


class Case(unittest.TestCase):
    def is_bad(self, invariant, script):
        self.assertEqual(found(script), [invariant])

    def finds(self, invariant, words, script):
        """Among others: one fault breaks several invariants."""
        self.assertTrue([a for a in check(parse(script))[0] if words in a.text
                         and a.invariant == invariant])

    def is_good(self, script):
        self.assertEqual(found(script), [])
