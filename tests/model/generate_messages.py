"""generate_messages.py -- the commands of generate.py that are about messages."""
import re
import urllib.parse

import messages
from pieces import FLAGS, Pieces

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


class MessagesGenerator(Pieces):
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
