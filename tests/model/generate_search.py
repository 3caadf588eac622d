"""generate_search.py -- the commands of generate.py that look for messages."""
import datetime

import generate_mimepart
import messages
from generate_messages import RANGES
from pieces import Pieces

DATES = ["1-Jan-2021", "31-Dec-2021", "15-Feb-2022", "1-Mar-2023",
         "01-feb-2022", '"2-Feb-2023"', "29-Feb-2023", "28-Feb-2022"]
SORT_KEYS = ["ARRIVAL", "CC", "DATE", "DISPLAYFROM", "DISPLAYTO", "FROM",
             "SIZE", "SUBJECT", "TO"]
THREADS = ["ORDEREDSUBJECT", "REFERENCES", "REFS"]


class SearchGenerator(Pieces):
    saving = False              # the SEARCH being made has SAVE: nothing of
                                # which the model may not be sure

    def search(self, session):
        out = self.verb("SEARCH", self.uid(session)).encode()
        out += self.returns(session)
        if self.rng.random() < 0.15:
            out += b"CHARSET %s " % self.charset()
        return out + self.keys(session)

    def esearch(self, session):
        sources = [x + (b" " + (
            self.there(session) if self.uid() else b"(%s %s)" % (
                self.name(session, text="a"), self.pick(
                    self.there(session), b'""')))
            if x in (b"mailboxes", b"subtree", b"SUBTREE-ONE") else b"")
            for x in self.some([
                b"selected", b"inboxes", b"personal", b"subscribed",
                b"mailboxes", b"subtree", b"SUBTREE-ONE"], 2)]
        out = b"ESEARCH " + (b"IN (%s) " % b" ".join(sources)
                             if self.rng.random() < 0.8 else b"")
        return out + self.returns(session) + self.keys(session)

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

    def cancel(self, session):
        tags = list(session.current.contexts) if session.current else []
        return b"CANCELUPDATE " + b" ".join(
            self.pick(b'"%s"', b'"%s"', b"{%d+}\r\n%%s" % len(x)) % x
            for x in (self.some(tags, min(2, len(tags))) if tags
                      else [b"nosuch"]))

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

    def charset(self):
        return self.pick(b"UTF-8", b"utf-8", b"US-ASCII", b"X-NONE")

    def keys(self, session):
        if self.rng.random() < 0.12:        # nothing else leaves any out
            return self.parts(session)
        return b" ".join(self.key(session, 0)
                         for _ in range(self.pick(1, 1, 2, 3)))

    def key(self, session, depth):
        if self.rng.random() < 0.12 and not self.saving:
            return self.late_key(session)
        if self.rng.random() < 0.1:
            return self.parts(session)
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

    def parts(self, session):
        return b"MIMEPART " + generate_mimepart.generate(
            self.pick, self.rng, self.part_text, DATES,
            [x.content for x in session.view])

    def part_text(self):
        return self.string(generate_mimepart.some_text(self.rng).encode())

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
