"""client.py -- one client's commands, each with its line in the ledger.

    Client(server, ledger, tls=True).append("INBOX", ...)

A command that isn't acknowledged leaves its change in doubt and raises
Refused (NO, 4xx: the connection lives) or Gone.
"""
import os
import re
import smtplib
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import PATIENCE_S, Raw  # noqa: E402
from ledger import ANY, HIDDEN, Copy  # noqa: E402


class Refused(Exception):
    """NO, or a reply of LMTP that says "later"."""


class Gone(Exception):
    """The connection has ended."""


def uid_list(text):
    """Numbers of a UID set, in its order."""
    out = []
    for part in text.decode().split(","):
        first, _, last = part.partition(":")
        out += range(int(first), int(last or first) + 1)
    return out


class Client:
    def __init__(self, server, ledger, tls=True):
        self.server, self.ledger = server, ledger
        self.box = None
        self.lmtp_conn = None
        try:
            self.raw = Raw(server.imaps_port if tls else server.imap_port,
                           tls)
        except TimeoutError:
            raise
        except OSError as e:
            raise Gone(str(e)) from e
        self.guard(self.raw.line)
        self.ask(b"LOGIN %s secret" % ledger.user.encode())

    def close(self):
        self.raw.close()
        if self.lmtp_conn is not None:
            self.lmtp_conn.close()

    # -- the wire --

    @staticmethod
    def guard(fn, *args):
        try:
            return fn(*args)
        except TimeoutError:
            raise AssertionError("the server does not answer") from None
        except (OSError, EOFError) as e:
            raise Gone(str(e)) from e

    def ask(self, command):
        """The lines of a command that says OK."""
        lines = self.guard(self.raw.run, command)
        return self.must_be_ok(command, lines)

    @staticmethod
    def must_be_ok(command, lines):
        status = lines[-1].split(b" ")[1]
        if status == b"NO":
            raise Refused(lines[-1].decode())
        if status != b"OK":
            raise AssertionError("%r: %r" % (command, lines))
        return lines

    def select(self, box):
        if self.box != box:
            self.box = None
            self.ask(b"SELECT " + box.encode())
            self.box = box

    # -- commands --

    def change(self, change, command):
        """One that needs nothing of its answer."""
        self.ledger.begin(change)
        lines = self.ask(command.encode())
        self.ledger.done()
        return lines

    def append(self, box, messages):
        """messages: (marker, octets, flags); several are a MULTIAPPEND."""
        texts = [self.ledger.new_text(m, size) for m, size, _ in messages]
        change = {("message", m): (Copy(box, None, frozenset(flags)),)
                  for m, _, flags in messages}
        self.ledger.begin(change)
        line = b"x APPEND " + box.encode()
        for text, (_, _, flags) in zip(texts, messages):
            line += b" (%s) {%d}\r\n" % (" ".join(flags).encode(), len(text))
            self.guard(self.raw.send, line)
            self.continuation()
            line = text
        self.guard(self.raw.send, line + b"\r\n")
        lines = self.must_be_ok(b"APPEND",
                                self.guard(self.raw.until, b"x "))
        found = re.search(rb"APPENDUID (\d+) ([\d:,]+)\]", lines[-1])
        for (m, _, flags), uid in zip(messages, uid_list(found.group(2))):
            self.ledger.given(int(found.group(1)), uid, m)
            change["message", m] = (Copy(box, uid, frozenset(flags)),)
        self.ledger.done()

    def replace(self, old, marker, size):
        """old: (marker, Copy); the new one is in the same mailbox."""
        copy = old[1]
        self.select(copy.box)
        change = {}
        self.exchange(change, old[0], copy, ())
        self.add(change, copy.box, marker, b"UID REPLACE %d" % copy.uid,
                 self.ledger.new_text(marker, size))

    def catenate(self, box, marker, size, source, quoted):
        """A text, and behind it what source (a Copy) has."""
        own = self.ledger.new_text(marker, size)
        self.ledger.note_text(marker, own + quoted)
        self.add({}, box, marker, b"APPEND", own, b'CATENATE (TEXT ',
                 b' URL "/%s/;UID=%d")' % (source.box.encode(), source.uid))

    def add(self, change, box, marker, command, text, before=b"", behind=b""):
        """A command that brings one message without flags."""
        key = "message", marker
        change[key] = Copy(box, None, frozenset()),
        self.ledger.begin(change)
        lines = self.ask(b"%s %s %s{%d+}\r\n%s%s" % (
            command, box.encode(), before, len(text), text, behind))
        found = re.search(rb"APPENDUID (\d+) (\d+)\]", b"\n".join(lines))
        uid = int(found.group(2))
        self.ledger.given(int(found.group(1)), uid, marker)
        change[key] = Copy(box, uid, frozenset()),
        self.ledger.done()

    def annotate(self, value):
        """None: no more. Of INBOX, as its rights."""
        self.change({("annotation",): value},
                    "SETMETADATA INBOX (/private/comment %s)" % (
                        "NIL" if value is None else '"%s"' % value))

    def share(self, rights):
        self.change({("rights",): rights},
                    "DELETEACL INBOX guest" if rights is None
                    else "SETACL INBOX guest " + rights)

    def limit(self, messages):
        self.verb({("quota",): messages}, "user", "quota", self.ledger.user,
                  "--messages", str(messages))

    def hide(self, on):
        self.verb({("hidden",): on or None}, "capability",
                  "hide" if on else "offer", HIDDEN,
                  "--user", self.ledger.user)

    def verb(self, change, *words):
        """Of roost."""
        self.ledger.begin(change)
        done = self.server.roost(*words, check=False)
        if done.returncode != 0:
            raise Refused(done.stderr.strip())
        self.ledger.done()

    def continuation(self):
        while True:
            line = self.guard(self.raw.line)
            if line.startswith(b"+"):
                return
            if not line:
                raise Gone("closed in an APPEND")
            if line.startswith(b"x "):
                self.must_be_ok(b"APPEND", [line])

    def store(self, picked, flag, add):
        """picked: (marker, Copy)..., all of one mailbox."""
        self.select(picked[0][1].box)
        change = {}
        for marker, copy in picked:
            flags = copy.flags | {flag} if add else copy.flags - {flag}
            self.exchange(change, marker, copy, (copy._replace(flags=flags),))
        self.change(change, "UID STORE %s %sFLAGS.SILENT (%s)" % (
            self.set_of(picked), "+" if add else "-", flag))

    def exchange(self, change, marker, copy, by):
        key = "message", marker
        old = change.get(key, self.ledger.state.get(key, ()))
        change[key] = tuple(c for c in old or () if c != copy) + by or None

    @staticmethod
    def set_of(picked):
        return ",".join(str(u) for u in sorted(c.uid for _, c in picked))

    def transfer(self, command, picked, to):
        """COPY or MOVE."""
        self.select(picked[0][1].box)
        change, new = {}, {}
        for marker, copy in picked:
            stays = (copy,) if command == "COPY" else ()
            new[copy.uid] = marker, copy._replace(box=to, uid=None)
            self.exchange(change, marker, copy, stays + (new[copy.uid][1],))
        self.ledger.begin(change)
        lines = self.ask(b"UID %s %s %s" % (
            command.encode(), self.set_of(picked).encode(), to.encode()))
        found = re.search(rb"COPYUID (\d+) ([\d:,]+) ([\d:,]+)\]",
                          b"\n".join(lines))
        if not found:
            raise AssertionError("%s without COPYUID" % command)
        for old, uid in zip(uid_list(found.group(2)),
                            uid_list(found.group(3))):
            marker, copy = new[old]
            self.ledger.given(int(found.group(1)), uid, marker)
            change["message", marker] = tuple(
                c._replace(uid=uid) if c is copy else c
                for c in change["message", marker])
        self.ledger.done()

    def expunge(self, picked, by_uid):
        """What is \\Deleted in a mailbox; picked are made so first."""
        box = picked[0][1].box
        self.store(picked, "\\Deleted", True)
        uids = {c.uid for _, c in picked}
        change = {}
        for key, value in self.ledger.state.items():
            kept = tuple(c for c in value if c.box != box
                         or "\\Deleted" not in c.flags
                         or (by_uid and c.uid not in uids)) \
                if key[0] == "message" else value
            if kept != value:
                change[key] = kept or None
        if not by_uid:
            self.ask(b"NOOP")
        self.change(change, "UID EXPUNGE " + self.set_of(picked)
                    if by_uid else "EXPUNGE")

    def create(self, box):
        self.change({("mailbox", box): ANY}, "CREATE " + box)

    def moved(self, change, old, new):
        """The messages of one mailbox are in another, or (None) gone."""
        for key, value in self.ledger.state.items():
            if key[0] == "message" and any(c.box == old for c in value):
                there = (c._replace(box=new) if c.box == old else c
                         for c in value)
                change[key] = tuple(c for c in there if c.box) or None

    def delete(self, box):
        change = {("mailbox", box): None}
        self.moved(change, box, None)
        self.unselect(box)
        self.change(change, "DELETE " + box)

    def unselect(self, box):
        if self.box == box:
            self.box = None
            self.ask(b"UNSELECT")

    def rename(self, old, new):
        """Not of INBOX, nor of one with others below."""
        change = {("mailbox", old): None,
                  ("mailbox", new): self.ledger.state["mailbox", old]}
        self.moved(change, old, new)
        self.unselect(old)
        self.change(change, "RENAME %s %s" % (old, new))

    def subscribe(self, box, on):
        self.change({("subscribed", box): on or None},
                    "%sSUBSCRIBE %s" % ("" if on else "UN", box))

    def deliver(self, marker, size):
        text = self.ledger.new_text(marker, size)
        self.ledger.begin({("message", marker): (
            Copy("INBOX", None, frozenset()),)})
        try:
            if self.lmtp_conn is None:
                self.lmtp_conn = self.server.lmtp()
            self.lmtp_conn.sendmail("a@example.org", [self.ledger.user], text)
        except (smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError,
                EOFError, ConnectionError) as e:
            self.lmtp_conn = None
            raise Gone(str(e)) from e
        except smtplib.SMTPException as e:
            self.lmtp_conn = None
            raise self.refusal(e) from e
        self.ledger.done()

    @staticmethod
    def refusal(e):
        """A 5xx would send the mail back to its sender."""
        if isinstance(e, smtplib.SMTPRecipientsRefused):
            codes = [code for code, _ in e.recipients.values()]
        else:
            codes = [getattr(e, "smtp_code", 0)]
        if all(400 <= code < 500 for code in codes):
            return Refused(str(e))
        return AssertionError("LMTP: %s" % e)


def back(server, ledger):
    """A client, as soon as the account can be read again."""
    end = time.time() + PATIENCE_S
    while True:
        try:
            client = Client(server, ledger, tls=False)
            client.ask(b'LSUB "" *')
            return client
        except (Gone, Refused):
            if time.time() > end:
                raise
            time.sleep(0.05)
