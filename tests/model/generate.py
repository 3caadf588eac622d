"""generate.py -- commands at random, after the grammar of RFC 9051 section 9.

Most are valid and about what is there; some are valid and about what is not;
a few are broken by a character. The same seed gives the same commands.
"""
import datetime
import re
import urllib.parse

import messages
import mimepart
from account import encode_utf7

NAMES = ["INBOX", "inbox", "InBox/x", "a", "a/b", "a/b/c", "b", "b/a", "Trash",
         "Sent", "Archive", "Drafts", "Gr\u00fcn", "two words", "x&y",
         "[q]", 'a"b', "c/\u0437\u0430\u0440\u044f", "nosuch"]
STRANGE_NAMES = ["Other Users", "Other Users/a", "Shared/a", "Shared",
                 "Other Users/nobody@example.org/a",
                 "Shared/nobody@example.org/INBOX", "Other Users//a"]
ODD_NAMES = ["", "/", "//", "a/", "a//b", ".", "a/..", "b/./c", "a%", "NIL",
             "a*b", "e\u0301", "I\u0307"]
PATTERNS = ["*", "%", "a*", "a/%", "%/%", "INBOX", "inbox/*", "nosuch", "*b",
            "a%b", "Gr*", "[q]", "T%", "", "b", "*/*", "Sent", "c/*"]
FLAGS = ["\\Seen", "\\Deleted", "\\Flagged", "\\Answered", "\\Draft", "$Work",
         "label", "Label", "$Forwarded", "NIL", "\\Nosuch", "a]b"]
DATES = ["1-Jan-2021", "31-Dec-2021", "15-Feb-2022", "1-Mar-2023",
         "01-feb-2022", '"2-Feb-2023"', "29-Feb-2023", "28-Feb-2022"]
STATUS_ITEMS = ["MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED",
                "SIZE", "RECENT", "HIGHESTMODSEQ", "MAILBOXID",
                "DELETED-STORAGE"]
SECTIONS = ["", "TEXT", "HEADER", "1", "2", "1.1", "2.1", "3", "1.MIME",
            "2.MIME", "2.HEADER", "2.TEXT", "HEADER.FIELDS (Subject From)",
            "HEADER.FIELDS.NOT (To date X-LABEL)", "1.2", "2.1.MIME",
            'header.fields ("Message-ID")', "2.HEADER.FIELDS (DATE)"]
FETCH_ITEMS = ["FLAGS", "UID", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE",
               "BODYSTRUCTURE", "BODY", "RFC822.HEADER", "RFC822.TEXT",
               "RFC822", "MODSEQ", "SAVEDATE", "EMAILID", "THREADID",
               "PREVIEW", "PREVIEW (LAZY)"]
RANGES = [b"1:1", b"1:3", b"2:5", b"3:2", b"9:20", b"-1:-1", b"-1:-4",
          b"-5:-2", b"-20:-9", b"4294967295:1", b"-3:-4294967295"]
SORT_KEYS = ["ARRIVAL", "CC", "DATE", "DISPLAYFROM", "DISPLAYTO", "FROM",
             "SIZE", "SUBJECT", "TO"]
THREADS = ["ORDEREDSUBJECT", "REFERENCES", "REFS"]
BEGINNINGS = ["ENABLE IMAP4rev2", "ENABLE QRESYNC", "NOOP", "NOOP",
              "ENABLE QRESYNC IMAP4rev2", "ENABLE CONDSTORE", "NOOP",
              "ENABLE UTF8=ACCEPT", "ENABLE UTF8=ACCEPT QRESYNC",
              "ENABLE UIDONLY", "ENABLE UIDONLY IMAP4rev2 QRESYNC"]
ENTRIES = [b"/private/a", b"/private/a", b"/private/a/b", b"/private/a/b/c",
           b"/PRIVATE/A", b"/private/ab", b"/shared/a", b"/shared/a/d",
           b"/shared/comment", b"/private/two words", b"/private", b"/other/a",
           b"/private/a/", b"/private//a", b"/private/a*"]
RIGHTS = ["lrswipkxtea", "lrswipkxtecda", "lrswite", "lrswi", "lrs", "lr",
          "l", "lrwte", "lrsk", "lrx", "r", "lrswikxt", "+i", "+wt", "-r",
          "+r", "-l", "+lr", "-s", "+sk", "-wi", "+te", ""]
ODD_RIGHTS = ["q", "LR", "+q", "-", "+", "lrr", "c", "d", "0"]
BREAKING = b"() \"\\%*,:;0129$+-<>[].xX\x80~&=\x01"


class Generator:
    def __init__(self, rng):
        self.rng = rng
        self.tag = 0
        self.saving = False         # the SEARCH being made has SAVE: nothing
                                    # of which the model may not be sure
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

    # -- pieces --

    def pick(self, *choices):
        return self.rng.choice(choices)

    def some(self, choices, most=3):
        return self.rng.sample(choices, self.rng.randrange(1, most + 1))

    def case(self, word):
        return word if self.rng.random() < 0.8 else self.rng.choice(
            [word.lower(), word.title()])

    def string(self, data):
        """A string in any of its forms; data is bytes."""
        kind = self.rng.randrange(8)
        if kind < 4 and re.fullmatch(rb"[A-Za-z0-9/.&_\]-]+", data):
            return data
        if kind < 7 and data.isascii():
            return b'"' + re.sub(rb'(["\\])', rb"\\\1", data) + b'"'
        return b"{%d%s}\r\n%s" % (len(data), self.pick(b"+", b"+", b""),
                                  data)

    def reach(self, session, often=1):
        """The account whose mailbox is to be named, mostly one's own or, for
        who has not much to do there, the other's.
        """
        others = list(session.home.known.values())
        guest = others and not session.home.name.startswith("ann@")
        if others and self.rng.random() < often * (
                0.7 if guest else 0.1):
            return others[0]
        return session.home

    def name(self, session, often=1, text=None):
        if text is None:
            text = self.rng.choice(
                NAMES if self.rng.random() < 0.95 else ODD_NAMES)
            account = self.reach(session, often)
            if account is not session.home:
                text = account.prefix + (text or "x")
            elif often and self.rng.random() < 0.01:
                text = self.rng.choice(STRANGE_NAMES)
        data = text.encode() if session.utf8 else encode_utf7(text)
        if session.utf8 and not data.isascii() and self.rng.random() < 0.5:
            return b'"' + data + b'"'
        return self.string(data)

    def there(self, session, often=1):
        """A name of a mailbox that is there."""
        account = self.reach(session, often)
        prefix = "" if account is session.home else account.prefix
        return self.name(session, text=prefix + self.rng.choice(
            sorted(account.mailboxes)))

    def set(self, session, uid):
        view = session.view
        high = max(len(view), 1)
        if self.rng.random() < (0.2 if session.saved else 0.02):
            return "$"

        def one():
            if self.rng.random() < 0.12:
                return "*"
            if uid and view and self.rng.random() < 0.8:
                return str(self.rng.choice(view).uid)
            return str(self.rng.randrange(1, high + 1) if
                       self.rng.random() < 0.97 else self.pick(
                           high + 1, 0, 4294967295, 4294967296, 99))

        def piece():
            return one() if self.rng.random() < 0.6 else \
                one() + ":" + one()
        return ",".join(piece() for _ in range(self.pick(1, 1, 1, 2, 3)))

    def flag_list(self):
        flags = self.some(FLAGS, 3)
        return "(%s)" % " ".join(flags) if self.rng.random() < 0.9 else "()"

    def date_time(self):
        return self.rng.choice([
            '"%2d-Jan-2022 10:00:00 +0000"', '"%02d-Feb-2022 23:59:59 -0800"',
            '"%2d-mar-2023 00:00:01 +0530"', '"%2d-Dec-2021 00:30:00 +1300"',
            '"%2d-Feb-2023 12:00:00 +0100"']) % self.rng.randrange(1, 31)

    def modseq(self, session):
        """One that was told, or next to it."""
        told = session.current.box.modseqs.values() if session.current else []
        if not told or self.rng.random() < 0.1:
            return self.pick("0", "1", "9223372036854775807",
                             "9223372036854775808")
        return str(self.rng.choice(told) + self.pick(0, 0, 0, 1, -1))

    # -- commands --

    def uid(self, session=None):
        """By UID? A session that must most often does."""
        return self.rng.random() < (
            0.95 if session and session.uidonly else 0.5)

    def verb(self, name, uid):
        return ("UID " if uid else "") + self.case(name) + " "

    def fetch(self, session):
        uid = self.uid(session)
        items = self.rng.randrange(12)
        if items == 0:
            what = self.pick("ALL", "FAST", "FULL")
        elif items == 1:
            what = self.rng.choice(FETCH_ITEMS)
        else:
            what = "(%s)" % " ".join(self.case(self.fetch_item())
                                     for _ in range(self.pick(1, 2, 2, 3)))
        if self.rng.random() < 0.2 and not re.search(
                r"(?i)body\[|binary\[|rfc822( |\)|$|\.text)", what):
            what += " (%s)" % self.modifiers(session, uid)
        if self.rng.random() < 0.08:
            what = "(EMAILID THREADID)"
        wide = self.rng.random() < 0.5 and ("PARTIAL" in what or
                                            "THREADID" in what)
        return self.verb("FETCH", uid) + (
            "1:*" if wide else self.set(session, uid)) + " " + what

    def modifiers(self, session, uid):
        page = "PARTIAL " + self.rng.choice(RANGES).decode()
        since = "CHANGEDSINCE " + self.modseq(session)
        if session.qresync and uid and self.uid():
            since += " VANISHED"
        if uid and self.uid():
            return self.pick(page, page + " " + since)
        return since

    def fetch_item(self):
        kind = self.rng.randrange(10)
        if kind < 6:
            return self.rng.choice(FETCH_ITEMS)
        if kind == 6:
            return self.pick("BINARY", "BINARY.PEEK", "BINARY.SIZE") + \
                "[%s]" % self.pick("1", "2", "1.1", "1.2", "2.1")
        partial = "<%d.%d>" % (self.pick(0, 5, 100, 5000),
                               self.pick(1, 7, 80, 4000))
        return self.pick("BODY", "BODY.PEEK", "BODY.PEEK") + \
            "[%s]" % self.rng.choice(SECTIONS) + self.pick("", "", partial)

    def store(self, session):
        uid = self.uid(session)
        flags = self.flag_list() if self.rng.random() < 0.8 else \
            " ".join(self.some(FLAGS, 2))
        since = "(UNCHANGEDSINCE %s) " % self.modseq(session) \
            if self.rng.random() < 0.15 else ""
        return self.verb("STORE", uid) + self.set(session, uid) + " " + \
            since + self.pick("+", "+", "-", "") + "FLAGS" + \
            self.pick("", ".SILENT") + " " + flags

    def copy(self, session):
        uid = self.uid(session)
        return self.verb(self.pick("COPY", "COPY", "MOVE"), uid).encode() + \
            self.set(session, uid).encode() + b" " + (
                self.there(session) if self.rng.random() < 0.9
                else self.name(session))

    def expunge(self, session):
        if self.rng.random() < 0.4:
            return "UID EXPUNGE " + self.set(session, True)
        return self.case("EXPUNGE")

    def append(self, session):
        out = b"APPEND " + (self.there(session) if self.rng.random() < 0.9
                            else self.name(session))
        if session.current and self.rng.random() < 0.3:
            out = b"APPEND INBOX"
        for _ in range(self.pick(1, 1, 1, 2, 3)):
            out += self.message(session)
        return out

    def message(self, session):
        """append-message"""
        out = b" " + (self.flag_list() + " "
                      if self.rng.random() < 0.6 else "").encode()
        out += (self.date_time() + " "
                if self.rng.random() < 0.8 else "").encode()
        raw = messages.random_message(self.rng).raw
        if self.rng.random() < 0.15:
            return out + self.catenate(session, raw)
        text = self.literal(raw)
        if self.rng.random() < (0.3 if session.accept else 0.02):
            return out + b"UTF8 (~%s)" % text
        return out + self.pick(b"", b"", b"~") + text

    def literal(self, text):
        return b"{%d%s}\r\n%s" % (len(text), self.pick(b"+", b"+", b""),
                                  text)

    def catenate(self, session, raw):
        """Parts that make a message which is known: raw, or one that is
        there.
        """
        account = session.home
        there = [(name, box, x) for name, box in account.mailboxes.items()
                 for x in box.messages]
        if not there or self.rng.random() < 0.3 or account.known:
            n = self.rng.randrange(1, len(raw))
            return b"CATENATE (TEXT %s TEXT %s)" % (
                self.literal(raw[:n]), self.literal(raw[n:]))
        name, box, copy = self.rng.choice(there)
        content = copy.content
        n = self.rng.randrange(1, len(content.raw))
        parts = self.pick(
            ["URL "], ["URL ;SECTION=HEADER", "URL ;SECTION=TEXT"],
            [content.header, "URL ;section=text"],
            ["URL ;PARTIAL=0.%d" % n, "URL ;PARTIAL=%d" % n],
            ["URL ;SECTION=header", content.part.body],
            ["URL ;SECTION=7"],
            ["URL ;PARTIAL=0.%d" % n, content.raw[n:]])
        url = "/" + urllib.parse.quote(name)
        if box.uidvalidity and self.uid():
            url += ";UIDVALIDITY=%d" % (
                box.uidvalidity + self.pick(0, 0, 0, 1))
        url += "/;UID=%d" % (copy.uid + self.pick(0, 0, 0, 0, 0, 100))
        return b"CATENATE (%s)" % b" ".join(
            b"TEXT " + self.literal(x) if isinstance(x, bytes) else
            b"URL " + self.string((url + (x[4:] and "/" + x[4:])).encode())
            for x in parts)

    def replace(self, session):
        uid = self.uid(session)
        number = self.rng.choice(session.view).uid if uid and session.view \
            else self.rng.randrange(1, len(session.view) + 2)
        return self.verb("REPLACE", uid).encode() + self.pick(
            b"%d", b"%d", b"%d", b"%d", b"*%.0d") % number + b" " + (
                self.there(session, 0) if self.rng.random() < 0.9
                else self.name(session, 0)) + self.message(session)

    def select(self, session):
        name = self.pick(b"INBOX", b"INBOX", self.there(session),
                         self.name(session))
        how = self.pick("", "", "", " (CONDSTORE)")
        if session.qresync and self.uid():
            name, how = self.resync(session)
        return self.pick(b"SELECT ", b"SELECT ", b"select ",
                         b"EXAMINE ") + name + how.encode()

    def resync(self, session):
        """A mailbox that was selected before, and what is known of it."""
        account = self.reach(session)
        text = self.rng.choice(sorted(
            x for x, box in account.mailboxes.items()
            if box.uidvalidity) or ["INBOX"])
        box = account.mailboxes[text]
        if account is not session.home:
            text = account.prefix + text
        values = [x[1] for x in box.modseqs.tops[-6:]] or [1]
        known = self.pick("", "", " 1:%d" % self.pick(3, 9, 10000),
                          " 2,5:9,12", " *")
        if box.messages and self.rng.random() < 0.3:
            n = self.rng.randrange(len(box.messages))
            known += " (1,%d 1,%d)" % (n + 2, box.messages[n].uid + 1) \
                if self.uid() else " (%d %d)" % (
                    n + 1, box.messages[n].uid)
        return self.name(session, text=text), " (QRESYNC (%d %d%s))" % (
            (box.uidvalidity or 1) + self.pick(0, 0, 0, 0, 1),
            self.rng.choice(values) + self.pick(0, 0, 0, 1, -1), known)

    def noop(self, _session):
        return self.pick("NOOP", "NOOP", "noop", "CHECK")

    def status(self, session):
        items = " ".join(self.some(STATUS_ITEMS, 4))
        return b"STATUS " + self.pick(
            self.there(session), self.name(session)) + \
            b" (" + items.encode() + b")"

    def acl(self, session):
        """Of rights; visitors are given more than owners lose."""
        mailbox = self.pick(self.there(session), self.there(session),
                            self.there(session), self.name(session))
        if self.rng.random() < 0.3:
            return self.pick(b"MYRIGHTS ", b"GETACL ") + mailbox
        guest = [x.encode() for x in session.home.known] or [b"guest"]
        who = self.string(self.pick(*guest * 8, b"anyone", b"owner", b"-owner",
                        session.home.name.encode(), b"anyone", b"-anyone",
                        b"-" + guest[0], guest[0].upper(), b"Fred", b"",
                        "Gr\u00fcn".encode()))
        if self.rng.random() < 0.1:
            return b"DELETEACL %s %s" % (mailbox, who)
        if self.rng.random() < 0.1:
            return b"LISTRIGHTS %s %s" % (mailbox, who)
        rights = self.rng.choice(RIGHTS if self.rng.random() < 0.95
                                 else ODD_RIGHTS)
        if b"wner" in who or session.home.name.encode() in who and \
                self.rng.random() < 0.8:
            rights = self.pick("lrswipkxtea", "-i", "+e", "lrswite", "lrs")
        return b"SETACL %s %s %s" % (mailbox, who,
                                     self.string(rights.encode()) or b'""')

    def pattern(self, session):
        text = self.rng.choice(PATTERNS)
        if session.home.known and self.rng.random() < 0.3:
            text = self.pick("Other Users/*", "Other Users/%",
                             "Other Users/" + list(session.home.known)[0] +
                             "/" + text)
        data = text.encode() if session.utf8 else encode_utf7(text)
        return data if data and self.uid() else b'"' + data + b'"'

    def list(self, session):
        out = b"LIST "
        if self.rng.random() < 0.4:
            out += b"(" + b" ".join(self.some(
                [b"SUBSCRIBED", b"RECURSIVEMATCH", b"SPECIAL-USE",
                 b"REMOTE"], 2)) + b") "
        out += self.pick(b'"" ', b'"" ', b'"" ', b"a/ ", b"INBOX ")
        if self.rng.random() < 0.3:
            out += b"(" + b" ".join(self.pattern(session) for _ in range(
                self.pick(1, 2, 3))) + b")"
        else:
            out += self.pattern(session)
        if self.rng.random() < 0.5:
            status = b"STATUS (%s)" % b" ".join(
                x.encode() for x in self.some(STATUS_ITEMS, 3))
            metadata = b"METADATA (%s)" % b" ".join(
                self.entry() for _ in range(self.pick(1, 1, 2)))
            out += b" RETURN (" + b" ".join(self.some(
                [b"SUBSCRIBED", b"CHILDREN", b"SPECIAL-USE", status,
                 b"MYRIGHTS", metadata], 3)) + b")"
        return out

    def lsub(self, session):
        return b"LSUB " + self.pick(b'"" ', b'"" ', b"a/ ") + \
            self.pattern(session)

    def create(self, session):
        out = b"CREATE " + self.name(session)
        if self.rng.random() < 0.15:
            out += b" (USE (%s))" % self.pick(
                b"\\Flagged", b"\\Trash", b"\\Sent", b"", b"\\Nosuch",
                b"\\All \\Junk")
        return out

    def delete(self, session):
        return b"DELETE " + self.pick(self.there(session),
                                      self.name(session))

    def rename(self, session):
        return b"RENAME " + self.pick(
            self.there(session), self.name(session)) + b" " + \
            self.name(session)

    def subscribe(self, session):
        begins = any(x.would_begin(account) for x in session.home.sessions
                     for account in session.home.known.values())
        return self.pick(b"SUBSCRIBE ", b"UNSUBSCRIBE ") + self.name(
            session, 0 if begins else 1)

    def metadata(self, session):
        mailbox = self.pick(self.there(session), self.there(session),
                            self.name(session), b'""')
        if self.uid():
            return b"SETMETADATA %s (%s)" % (mailbox, b" ".join(
                self.entry() + b" " + self.value()
                for _ in range(self.pick(1, 1, 2, 3))))
        options = self.pick(
            b"", b"(DEPTH 1) ", b"(depth 1) ", b"(depth infinity) ", b"(MAXSIZE 5) ",
            b"(MAXSIZE 20 DEPTH infinity) ", b"(MAXSIZE 0) ", b"(DEPTH 0) ",
            b"(DEPTH 2) ")
        entries = [self.entry() for _ in range(self.pick(1, 2, 3))]
        if b"DEPTH" in options.upper():
            entries.append(self.pick(b"/private", b"/shared", b"/private/a"))
        text = b"(%s)" % b" ".join(entries) \
            if len(entries) > 1 or self.uid() else entries[0]
        if self.uid():
            return b"GETMETADATA %s%s %s" % (options, mailbox, text)
        return b"GETMETADATA %s %s%s" % (mailbox, options, text)

    def entry(self):
        return self.string(self.rng.choice(ENTRIES))

    def value(self):
        text = self.pick(b"", b"a value", b"NIL", b'quo"ted', "Gr\u00fcn"
                         .encode(), b"x" * self.rng.randrange(99))
        if self.rng.random() < 0.3:
            return self.pick(b"NIL", b"nil", b"~{3+}\r\na\xffb")
        return b'"%s"' % re.sub(rb'(["\\])', rb"\\\1", text) \
            if text.isascii() else b"{%d+}\r\n%s" % (len(text), text)

    def quota(self, session):
        return self.pick(
            b'GETQUOTA ""', b'GETQUOTA ""', b"GETQUOTAROOT " +
            self.there(session, 0), b"GETQUOTAROOT " + self.name(session, 0),
            self.pick(b"GETQUOTA other", b'SETQUOTA "" (STORAGE 512)',
                      b'setquota "" ()', b'SETQUOTA "" (STORAGE x)'))

    def close(self, _session):
        return self.pick("CLOSE", "UNSELECT")

    def other(self, session):
        if session.current is None and self.uid():
            return self.pick("ENABLE X-NONE IMAP4REV2",
                             "ENABLE condstore imap4rev2", *BEGINNINGS)
        return self.pick("UIDBATCHES 500", "UIDBATCHES 4294967295 1:1",
                         "UIDBATCHES 499", "CAPABILITY", "NAMESPACE", "ID NIL", "LOGOUT",
                         'ID ("name" "model")', "XNOSUCH", "LOGIN a b",
                         "UID NOOP", "IDLE x", "EXPUNGE 1", "SELECT")

    # -- SEARCH --

    def search(self, session):
        out = self.verb("SEARCH", self.uid(session)).encode()
        out += self.returns(session)
        if self.rng.random() < 0.15:
            out += b"CHARSET %s " % self.charset()
        return out + self.keys(session)

    def returns(self, session):
        """RETURN or nothing. FETCH items for UPDATE only where all answers come
        with commands: who is told at any time is told when the model may not
        have heard of it yet.
        """
        self.saving = False
        if self.rng.random() < 0.6:
            return b""
        options = self.rng.sample(
            [b"MIN", b"MAX", b"ALL", b"COUNT", b"SAVE"],
            self.rng.randrange(5))
        self.saving = b"SAVE" in options
        if self.rng.random() < 0.4:
            options.append(self.pick(
                b"UPDATE", b"CONTEXT", *([b"UPDATE"] if session.groups else [
                    b"UPDATE (FLAGS EMAILID)", b"UPDATE(UID RFC822.SIZE)"])))
            self.rng.shuffle(options)
        if self.rng.random() < 0.25:
            options = [x for x in options
                       if x != b"ALL" or self.rng.random() < 0.1]
            options.append(b"PARTIAL " + self.rng.choice(RANGES))
        return b"RETURN (%s) " % b" ".join(options)

    def notify(self, session):
        """For a time only, since each command is waited for."""
        guest = bool(session.home.known)
        if self.rng.random() < (0.35 if guest else 0.5) or \
                session.shows_joining() or not session.groups and \
                self.rng.random() < (0.3 if guest else 0.6):
            return self.pick(
                "NOTIFY NONE", "notify none", "NOTIFY", "NOTIFY NONE x",
                "NOTIFY SET (SELECTED (MessageNew))",
                "NOTIFY SET (PERSONAL (MessageNew (UID) MessageExpunge))",
                "NOTIFY SET (PERSONAL (AnnotationChange MailboxName))")
        mine = self.pick(
            b"SELECTED (MessageNew (FLAGS RFC822.SIZE) MessageExpunge "
            b"FlagChange)", b"selected-delayed (MessageNew MessageExpunge "
            b"FlagChange)", b"SELECTED (MessageNew (UID ENVELOPE) "
            b"MessageExpunge)", b"SELECTED NONE")
        often = 3 if guest else 0
        where = self.pick(b"PERSONAL", b"INBOXES", b"subscribed",
                          b"SUBTREE (%s %s)" % (self.there(session, often),
                                                self.name(session, often)),
                          b"MAILBOXES " + self.there(session, often))
        if often and self.uid():
            where = b"SUBTREE " + self.pick(
                b'"Other Users"', self.string(
                    list(session.home.known.values())[0].prefix[:-1]
                    .encode()))
        what = self.pick(b"(MessageNew MessageExpunge FlagChange)",
                         b"(messagenew messageexpunge)", b"(MailboxName)",
                         b"(MailboxName MessageExpunge MessageNew "
                         b"SubscriptionChange FlagChange)", b"NONE",
                         b"(MailboxMetadataChange ServerMetadataChange)",
                         b"(mailboxmetadatachange MailboxName)")
        return b"NOTIFY SET " + self.pick(b"", b"STATUS ") + self.pick(
            b"(%s)" % mine, b"(%s %s)" % (where, what),
            b"(%s) (%s %s)" % (mine, where, what),
            b"(%s NONE) (PERSONAL %s)" % (where, what))

    def cancel(self, session):
        tags = list(session.current.contexts) if session.current else []
        return b"CANCELUPDATE " + b" ".join(
            self.pick(b'"%s"', b'"%s"', b"{%d+}\r\n%%s" % len(x)) % x
            for x in (self.some(tags, min(2, len(tags))) if tags
                      else [b"nosuch"]))

    def esearch(self, session):
        sources = [x + (b" " + (
            self.there(session) if self.uid() else b"(%s %s)" % (
                self.name(session, text="a"), self.there(session)))
            if x in (b"mailboxes", b"subtree", b"SUBTREE-ONE") else b"")
            for x in self.some([
                b"selected", b"inboxes", b"personal", b"subscribed",
                b"mailboxes", b"subtree", b"SUBTREE-ONE"], 2)]
        out = b"ESEARCH " + (b"IN (%s) " % b" ".join(sources)
                             if self.rng.random() < 0.8 else b"")
        return out + self.returns(session) + self.keys(session)

    def charset(self):
        return self.pick(b"UTF-8", b"utf-8", b"US-ASCII", b"X-NONE")

    def keys(self, session):
        return b" ".join(self.key(session, 0)
                         for _ in range(self.pick(1, 1, 2, 3)))

    def sort(self, session):
        out = self.verb("SORT", self.uid(session)).encode() + self.returns(session)
        criteria = [self.pick("", "", "", "REVERSE ") + self.case(x)
                    for x in self.some([x for x in SORT_KEYS if x not in
                                        ("ARRIVAL", "DATE")] if self.saving
                                       else SORT_KEYS, 3)]
        return out + b"(%s) %s " % (
            " ".join(criteria).encode(), self.pick(b"UTF-8", self.charset()))\
            + self.pick(b"ALL", b"ALL", self.keys(session))

    def thread(self, session):
        self.saving = False
        return self.verb("THREAD", self.uid(session)).encode() + self.case(
            self.rng.choice(THREADS)).encode() + b" %s " % self.pick(
                b"UTF-8", b"UTF-8", self.charset()) + self.pick(
                    b"ALL", b"ALL", self.keys(session))

    def key(self, session, depth):
        if self.rng.random() < 0.12 and not self.saving:
            return self.late_key(session)
        if self.rng.random() < 0.1:
            return b"MIMEPART " + mimepart.generate(
                self.pick, self.rng, self.part_text, DATES)
        kind = self.rng.randrange(13 if depth < 3 else 10)
        if kind < 3:
            return self.case(self.pick(
                "ALL", "ANSWERED", "DELETED", "DRAFT", "FLAGGED", "SEEN",
                "UNSEEN", "UNDELETED", "UNFLAGGED", "UNANSWERED", "UNDRAFT",
                "NEW", "OLD", "RECENT")).encode()
        if kind == 3:
            return self.pick(b"KEYWORD ", b"UNKEYWORD ") + self.pick(
                b"$Work", b"label", b"nosuch", b"LABEL")
        if kind == 4:
            return self.pick("BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON",
                             "SENTSINCE").encode() + b" " + \
                self.rng.choice(DATES).encode()
        if kind == 5 and not (session.uidonly and self.uid(session)):
            return self.set(session, False).encode()
        if kind == 5:
            return b"$"
        if kind == 6:
            return b"UID " + self.set(session, True).encode()
        if kind == 7 and not self.saving and self.rng.random() < 0.3:
            return b"MODSEQ " + self.pick(b"", b'"/flags/\\\\Seen" all ') + \
                self.modseq(session).encode()
        if kind == 7:
            return self.pick(b"LARGER ", b"SMALLER ") + self.pick(
                b"0", b"200", b"300", b"400", b"800", b"4294967296")
        if kind < 10:
            return self.text_key()
        if kind == 10:
            return b"NOT " + self.key(session, depth + 1)
        if kind == 11:
            return b"OR " + self.key(session, depth + 1) + b" " + \
                self.key(session, depth + 1)
        return b"(" + b" ".join(self.key(session, depth + 1) for _ in range(
            self.pick(1, 2))) + b")"

    def late_key(self, session):
        """Those that RFC 5032, 8474 and 8514 have added."""
        kind = self.rng.randrange(3)
        if kind == 0:
            return self.pick(b"OLDER ", b"YOUNGER ") + self.pick(
                b"86400", b"1", b"4294967295", b"100000000", b"0")
        if kind == 1:
            day = datetime.date.today() + datetime.timedelta(
                self.pick(-1, 0, 1, 1000))
            return self.pick(
                b"SAVEDBEFORE %s", b"SAVEDON %s", b"SAVEDSINCE %s",
                b"SAVEDATESUPPORTED NOT SAVEDON %s") % day.strftime(
                    "%d-%b-%Y").encode()
        name = self.pick("emailid", "threadid")
        told = [x for x in (getattr(y.identity, name) for y in session.view)
                if x]
        return b"%s %s" % (name.upper().encode(), self.rng.choice(
            told or ["Mnone", "T0"]).encode())

    def part_text(self):
        return self.string(mimepart.some_text(self.rng).encode())

    def text_key(self):
        word = self.rng.choice(messages.WORDS)
        word = self.pick(word, word.upper(), word[1:4], word.lower())
        who = self.pick("ann", "example.org", "Lee", "Zo\u00eb", "bob@", "dan")
        name, text = self.pick(
            ("SUBJECT", word), ("BODY", word), ("TEXT", word), ("FROM", who),
            ("TO", who), ("CC", who), ("BCC", who), ("SUBJECT", ""),
            ("HEADER X-Label", word), ("HEADER x-label", ""),
            ("HEADER Message-ID", "<%d@" % self.rng.randrange(30)),
            ("HEADER Subject", word))
        return name.encode() + b" " + self.string(text.encode())
