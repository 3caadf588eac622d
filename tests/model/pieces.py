"""pieces.py -- of which random commands are made: names, sets, strings, dates."""
import re

from account import encode_utf7

NAMES = ["INBOX", "inbox", "InBox/x", "a", "a/b", "a/b/c", "b", "b/a", "Trash",
         "Sent", "Archive", "Drafts", "Gr\u00fcn", "two words", "x&y",
         "[q]", 'a"b', "c/\u0437\u0430\u0440\u044f", "nosuch"]
STRANGE_NAMES = ["Other Users", "Other Users/a", "Shared/a", "Shared",
                 "Other Users/nobody@example.org/a",
                 "Shared/nobody@example.org/INBOX", "Other Users//a"]
ODD_NAMES = ["", "/", "//", "a/", "a//b", ".", "a/..", "b/./c", "a%", "NIL",
             "a*b", "e\u0301", "I\u0307"]
FLAGS = ["\\Seen", "\\Deleted", "\\Flagged", "\\Answered", "\\Draft", "$Work",
         "label", "Label", "$Forwarded", "NIL", "\\Nosuch", "a]b"]


class Pieces:
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

    def literal(self, text):
        return b"{%d%s}\r\n%s" % (len(text), self.pick(b"+", b"+", b""),
                                  text)

    def uid(self, session=None):
        """By UID? A session that must most often does."""
        return self.rng.random() < (
            0.95 if session and session.uidonly else 0.5)

    def verb(self, name, uid):
        return ("UID " if uid else "") + self.case(name) + " "

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
