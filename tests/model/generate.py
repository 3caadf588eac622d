"""generate.py -- commands at random, after the grammar of RFC 9051 section 9.

Most are valid and about what is there; some are valid and about what is not;
a few are broken by a character. The same seed gives the same commands.
"""
import re

from generate_mailboxes import MailboxesGenerator
from generate_messages import MessagesGenerator
from generate_search import SearchGenerator

BEGINNINGS = ["ENABLE IMAP4rev2", "ENABLE QRESYNC", "NOOP", "NOOP",
              "ENABLE QRESYNC IMAP4rev2", "ENABLE CONDSTORE", "NOOP",
              "ENABLE UTF8=ACCEPT", "ENABLE UTF8=ACCEPT QRESYNC",
              "ENABLE UIDONLY", "ENABLE UIDONLY IMAP4rev2 QRESYNC"]
BREAKING = b"() \"\\%*,:;0129$+-<>[].xX\x80~&=\x01"


class Generator(MailboxesGenerator, MessagesGenerator, SearchGenerator):
    def __init__(self, rng):
        self.rng = rng
        self.tag = 0
        self.begun = set()          # sessions that have had a command
        self.commands = [
            (self.fetch, 14), (self.store, 16), (self.search, 12), (self.sort, 5),
            (self.thread, 4), (self.esearch, 3),
            (self.append, 11), (self.replace, 3), (self.copy, 8), (self.expunge, 6),
            (self.select, 8), (self.noop, 6), (self.status, 4),
            (self.list, 5), (self.lsub, 2), (self.create, 3),
            (self.delete, 2), (self.rename, 2), (self.subscribe, 2),
            (self.close, 1), (self.other, 1),
            (self.metadata, 3), (self.quota, 2), (self.acl, 3),
            (self.cancel, 1), (self.notify, 1)]

    # -- steps --

    def step(self, stream):
        """The next step for a Stream."""
        n = self.rng.randrange(len(stream.sessions))
        others_idle = any(x is not None for x in stream.idle) or \
            any(x.groups for x in stream.sessions)
        if stream.idle[n] is not None:
            if self.rng.random() < 0.3:
                return n, [b"DONE"]
            n = self.rng.randrange(len(stream.sessions))
            if stream.idle[n] is not None:
                return n, [b"DONE"]
        session = stream.sessions[n]
        if session.home.known and len(self.begun) < 4:
            return self.let_in(stream, len(self.begun))
        if session not in self.begun:
            self.begun.add(session)
            return n, [self.tagged(self.pick(*BEGINNINGS))]
        if self.rng.random() < 0.02 and not session.shows_joining():
            return n, [self.tagged("IDLE")]
        if self.rng.random() < 0.01:
            return n, [self.tagged(self.pick(
                "COMPRESS DEFLATE", "COMPRESS GZIP", "UNAUTHENTICATE",
                "unauthenticate", "compress deflate"))]
        count = 1 if others_idle else self.rng.choice([1, 1, 2, 4, 8, 12])
        commands = [self.command(session) for _ in range(count)]
        if count > 1:
            commands = [x.replace(b"}\r\n", b"+}\r\n").replace(b"++}", b"+}")
                        for x in commands]
        return n, commands

    def let_in(self, stream, n):
        """Without it there is little to be seen."""
        self.begun.add(n)
        mine = n % 2
        return 2 * mine, [self.tagged("SETACL %s %s %s" % (
            "INBOX" if n < 2 else self.pick("Sent", "Archive", "Trash"),
            stream.accounts[1 - mine].name, self.pick(
                "lrswipkxtea", "lrswipkxtea", "lrswite", "lrw", "lrs", "lr")))]

    def tagged(self, text):
        self.tag += 1
        return b"t%d " % self.tag + (
            text if isinstance(text, bytes) else text.encode())

    def command(self, session):
        if session.current is None and self.rng.random() < 0.5:
            make = self.select
        else:
            make = self.rng.choices([x[0] for x in self.commands],
                                    [x[1] for x in self.commands])[0]
        command = self.tagged(make(session))
        if re.search(rb"RETURN \([A-Z ]*UPDATE", command):
            # of few tags, so that some are in use
            command = b"u%d " % self.rng.randrange(12) + \
                command.partition(b" ")[2]
        if self.rng.random() < 0.06:
            broken = self.broken(command)
            if not broken.upper().endswith(b" IDLE"):   # which takes all
                command = broken
        return command

    def shuffled(self, command):
        """With a word more, less or elsewhere; of commands of one line."""
        tag, *words = command.split(b" ")
        at, to = self.rng.randrange(len(words)), self.rng.randrange(len(words))
        kind = self.rng.randrange(3)
        if kind == 0:
            words.insert(to, words[at])
        elif kind == 1:
            words[at], words[to] = words[to], words[at]
        else:
            del words[at]
        return b" ".join([tag] + words)

    def broken(self, command):
        """With one character more, less or other, outside of literals."""
        if b"\r" not in command and b"CATENATE" not in command and \
                self.rng.random() < 0.3:
            return self.shuffled(command)
        head = len(command.split(b" ", 1)[0]) + 1
        found = re.search(rb"\{\d+\+?\}\r\n", command)
        end = found.start() if found else len(command)
        at = self.rng.randrange(head, end + 1)
        byte = bytes([self.rng.choice(BREAKING)])
        kind = self.rng.randrange(3)
        out = command[:at] + (byte if kind else b"") + \
            command[at + (kind != 1):]
        same = re.findall(rb"\{\d+\+?\}\r\n", out) == \
            re.findall(rb"\{\d+\+?\}\r\n", command)
        if b"CATENATE" in command and at > 12:
            return command          # of URLs the model knows the right ones
        if at >= end and kind != 1 or not same or out.endswith(b"}"):
            return command
        return out

    # -- others --

    def noop(self, _session):
        return self.pick("NOOP", "NOOP", "noop", "CHECK")

    def other(self, session):
        if session.current is None and self.uid():
            return self.pick("ENABLE X-NONE IMAP4REV2",
                             "ENABLE condstore imap4rev2", *BEGINNINGS)
        return self.pick("UIDBATCHES 500", "UIDBATCHES 4294967295 1:1",
                         "UIDBATCHES 499", "CAPABILITY", "NAMESPACE", "ID NIL", "LOGOUT",
                         'ID ("name" "model")', "XNOSUCH", "LOGIN a b",
                         "UID NOOP", "IDLE x", "EXPUNGE 1", "SELECT")
