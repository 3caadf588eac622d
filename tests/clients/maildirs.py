"""maildirs.py -- Maildirs as tests read and change them.

A message is (text in CRLF form, flag letters in order, seconds).
"""
import imaplib
import os
import re
import time

from client import crlf

LETTERS = {"\\Answered": "R", "\\Deleted": "T", "\\Draft": "D",
           "\\Flagged": "F", "\\Seen": "S"}
count = 0


def below(top):
    """Names of the Maildirs below top, by their place in the tree."""
    return sorted(os.path.relpath(at, top) for at, dirs, _ in os.walk(top)
                  if {"cur", "new", "tmp"} <= set(dirs))


def files(maildir):
    return [os.path.join(maildir, d, name) for d in ("cur", "new")
            for name in os.listdir(os.path.join(maildir, d))]


def names(top):
    """Files below top, messages with their time: as an idle sync leaves
    them."""
    return sorted((at, name, os.stat(os.path.join(at, name)).st_mtime_ns
                   if ":2," in name else 0)
                  for at, _, found in os.walk(top) for name in found)


def flags_of(path):
    return "".join(sorted(re.sub("[^DFRST]", "", path.partition(":2,")[2])))


def read(maildir):
    out = []
    for path in files(maildir):
        with open(path, "rb") as f:
            out.append((without_marks(crlf(f.read())), flags_of(path),
                        int(os.stat(path).st_mtime)))
    return out


def without_marks(text):
    """Without the line that mbsync puts into what it stores."""
    return re.sub(rb"(?m)^X-TUID: .*\r\n", b"", text)


def seconds(internaldate):
    """Of an INTERNALDATE without its quotes."""
    local = imaplib.Internaldate2tuple(b'INTERNALDATE "%s"' % internaldate)
    return int(time.mktime(local))


def as_maildir(held):
    """A message that the server holds, in the form of read()."""
    letters = [LETTERS[f] for f in held.flags if f in LETTERS]
    return (without_marks(held.text), "".join(sorted(letters)),
            seconds(held.date))


def make(maildir):
    for name in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(maildir, name))


def add(maildir, text, flags="", at=1600000000):
    """A message; its path."""
    global count
    count += 1
    path = os.path.join(maildir, "cur", "%d.M%dP1.test:2,%s" % (
        at, count, flags))
    with open(path, "wb") as f:
        f.write(text.replace(b"\r\n", b"\n"))
    os.utime(path, (at, at))
    return path


def subject(text):
    return re.search(rb"(?m)^Subject: (.*?)\r?$", text)[1].decode()


def find(maildir, wanted):
    """The path of the message with this subject."""
    for path in files(maildir):
        with open(path, "rb") as f:
            if subject(f.read()).encode() == wanted:
                return path
    raise KeyError(wanted)


def set_flags(maildir, wanted, flags):
    path = find(maildir, wanted)
    base = os.path.basename(path).partition(":2,")[0]
    os.rename(path, os.path.join(maildir, "cur", base + ":2," + flags))
