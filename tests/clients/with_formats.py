"""with_formats.py -- Maildir and mbox in and out again, nothing lost.

What an account holds is read over IMAP each time; a Maildir that roost
exported is opened by Dovecot, too.
"""
import collections
import imaplib
import os
import re
import unittest

import maildirs
from client import ClientTest, fetch_held, fetch_mailboxes, message
from dovecot import Dovecot

# One mailbox, as IMAP shows it.
Box = collections.namedtuple("Box", "uidvalidity uidnext subscribed messages")

KEYWORDS = ["$Label1", "Work", "$Forwarded"]
TEXTS = [message("Number %d" % n, "From here on, %d.\r\n.\r\n>From there\r\n"
                 % n) for n in range(6)]
# name of the directory, mailbox, UIDVALIDITY, UIDNEXT, then of each message:
# UID, letters, seconds
MAILDIR = [
    (".", "INBOX", 1100000001, 100,
     [(3, "", 1000000000), (7, "FS", 1100000000), (20, "DRSTab", 1),
      (21, "c", 1600000000)]),
    (".Lists", "Lists", 1100000002, 1, []),
    (".Lists.C&AOk-a", "Lists/C&AOk-a", 1100000003, 9,
     [(8, "Sb", 1500000000), (4, "R", 1400000000)]),
    (".Archive", "Archive", 1100000004, 77, [(76, "a", 1300000000)]),
]
# Archive is there and subscribed in every new account.
SUBSCRIBED = ["INBOX", "Archive", "Lists/C&AOk-a"]


def write_lines(path, lines):
    with open(path, "w") as f:
        f.write("".join(line + "\n" for line in lines))


def make_folder(path, uidvalidity, uidnext, rows):
    maildirs.make(path)
    write_lines(os.path.join(path, "dovecot-keywords"),
                ["%d %s" % x for x in enumerate(KEYWORDS)])
    lines = ["3 V%d N%d" % (uidvalidity, uidnext)]
    for n, (uid, letters, at) in enumerate(rows):
        name = os.path.basename(maildirs.add(path, TEXTS[n], letters, at))
        lines.append("%d :%s" % (uid, name.partition(":2,")[0]))
    write_lines(os.path.join(path, "dovecot-uidlist"), lines)


def make_maildir(top):
    os.mkdir(top)
    for folder, _, uidvalidity, uidnext, rows in MAILDIR:
        make_folder(os.path.join(top, folder), uidvalidity, uidnext, rows)
    write_lines(os.path.join(top, "subscriptions"),
                ["V\t2", ""] + [x.replace("/", "\t") for x in SUBSCRIBED])


def flags_of_letters(letters):
    system = {letter: flag for flag, letter in maildirs.LETTERS.items()}
    return frozenset(system.get(x) or KEYWORDS[ord(x) - ord("a")]
                     for x in letters)


def expected():
    """What MAILDIR says, in the form of ClientTest's boxes()."""
    return {name: Box(uidvalidity, uidnext, name in SUBSCRIBED, sorted(
                (uid, flags_of_letters(letters), at, TEXTS[n])
                for n, (uid, letters, at) in enumerate(rows)))
            for _, name, uidvalidity, uidnext, rows in MAILDIR}


def boxes(imap):
    """Everything that an account holds: name -> Box."""
    subscribed = [re.search(rb'"/" "?(.*?)"?$', line)[1].decode()
                  for line in imap.lsub()[1] if line]
    out = {}
    for name in fetch_mailboxes(imap):
        _, data = imap.status('"%s"' % name, "(UIDVALIDITY UIDNEXT)")
        numbers = dict(re.findall(rb"(UID\w+) (\d+)", data[0]))
        out[name] = Box(int(numbers[b"UIDVALIDITY"]),
                        int(numbers[b"UIDNEXT"]), name in subscribed,
                        [(m.uid, m.flags, maildirs.seconds(m.date), m.text)
                         for m in fetch_held(imap, name)])
    return out


def without_uids(account):
    """What is left of it in an mbox."""
    return {name: (box.subscribed, [m[1:] for m in box.messages])
            for name, box in account.items()}


class Formats(ClientTest):
    def boxes(self, user):
        imap = self.server.imap(user)
        out = boxes(imap)
        self.close(imap)
        return out

    def transfer(self, direction, form, user, path):
        self.server.roost(direction, form, "-u", user, path)

    def import_maildir(self):
        """The account that MAILDIR becomes."""
        make_maildir(self.path("first"))
        self.transfer("import", "maildir", self.user, self.path("first"))
        return self.boxes(self.user)

    def test_maildir_in(self):
        account = self.import_maildir()
        for name, box in expected().items():
            self.assertEqual(account[name], box, name)

    def test_maildir_out_and_in(self):
        account = self.import_maildir()
        self.transfer("export", "maildir", self.user, self.path("second"))
        other = self.new_user()
        self.transfer("import", "maildir", other, self.path("second"))
        self.assertEqual(self.boxes(other), account)

    def test_maildir_out(self):
        """The files say what they said when they came in."""
        self.import_maildir()
        self.transfer("export", "maildir", self.user, self.path("second"))
        for folder, name, _, _, _ in MAILDIR:
            self.assertEqual(
                sorted(maildirs.read(self.path("second", folder))),
                sorted(maildirs.read(self.path("first", folder))), name)

    def test_mbox_out_and_in(self):
        account = without_uids(self.import_maildir())
        self.transfer("export", "mbox", self.user, self.path("mbox"))
        other = self.new_user()
        self.transfer("import", "mbox", other, self.path("mbox"))
        self.assertEqual(without_uids(self.boxes(other)), account)

    def test_dovecot_opens_the_maildir(self):
        account = self.import_maildir()
        self.transfer("export", "maildir", self.user, self.path("second"))
        with Dovecot(self.path("second")) as dovecot:
            imap = imaplib.IMAP4("127.0.0.1", dovecot.port)
            imap.login("anybody", "secret")
            theirs = boxes(imap)
            imap.logout()
        self.assertEqual(sorted(theirs), sorted(account))
        for name, box in account.items():
            self.assertEqual(theirs[name], box, name)


if __name__ == "__main__":
    unittest.main()
