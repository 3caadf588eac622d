"""with_mbsync.py -- two-way synchronisation by mbsync (isync)."""
import os
import random
import unittest

import maildirs
from client import HOST, PASSWORD, ClientTest, message

CONFIG = """
FSync no

IMAPAccount roost
Host {host}
Port {port}
User {user}
Pass {password}
SSLType {tls}
CertificateFile {certificate}

IMAPStore far
Account roost

MaildirStore near
Path {maildir}/
Inbox {maildir}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState *
Sync All
CopyArrivalDate yes
"""


class MbsyncTest(ClientTest):
    def setUp(self):
        super().setUp()
        self.maildir = self.path("maildir")
        os.mkdir(self.maildir)

    def sync(self, tls="IMAPS"):
        port = {"IMAPS": self.server.imaps_port,
                "STARTTLS": self.server.imap_port}[tls]
        config = self.write("mbsyncrc", CONFIG.format(
            host=HOST, port=port, user=self.user, password=PASSWORD, tls=tls,
            certificate=self.certificate, maildir=self.maildir))
        self.program("mbsync", "-c", config, "all")

    def near(self):
        """Mailbox -> sorted (text, flags, date) of its Maildir."""
        return {name: sorted(maildirs.read(os.path.join(self.maildir, name)))
                for name in maildirs.below(self.maildir)}

    def far(self):
        return {name: sorted(map(maildirs.as_maildir, held))
                for name, held in self.held_everywhere().items()}

    def assert_same(self):
        near = self.near()
        far = self.far()
        self.assertEqual(sorted(near), sorted(far))
        for name, messages in far.items():
            self.assertEqual(near[name], messages, name)

    def assert_settled(self):
        """One more sync changes nothing, on either side."""
        names = maildirs.names(self.maildir)
        held = self.held_everywhere()
        self.sync()
        self.assertEqual(maildirs.names(self.maildir), names)
        self.assertEqual(self.held_everywhere(), held)


class Mbsync(MbsyncTest):
    def fill(self):
        for n in range(5):
            self.append(message("Number %d" % n))
        self.append(message("Seen"), flags="\\Seen \\Answered")
        self.append(message("Flagged"), "Archive", "\\Flagged",
                    '"05-Jan-2020 11:22:33 +0300"')

    def test_first_sync(self):
        self.fill()
        self.sync()
        self.assert_same()

    def test_starttls(self):
        self.fill()
        self.sync("STARTTLS")
        self.assert_same()

    def change_near(self):
        inbox = os.path.join(self.maildir, "INBOX")
        maildirs.add(inbox, message("New here"), "FS")
        maildirs.set_flags(inbox, b"Number 0", "RS")
        maildirs.set_flags(inbox, b"Number 1", "ST")
        maildirs.make(os.path.join(self.maildir, "Near"))
        maildirs.add(os.path.join(self.maildir, "Near"), message("Nearby"))

    def change_far(self):
        imap = self.imap()
        self.append(message("New there"), flags="\\Flagged")
        imap.select()
        imap.store("4", "+FLAGS", "\\Flagged")
        imap.store("5", "+FLAGS", "\\Deleted")
        imap.expunge()
        imap.create("Far")
        imap.append("Far", None, None, message("Far away"))

    def test_changes_on_both_sides(self):
        self.fill()
        self.sync()
        self.change_near()
        self.change_far()
        self.sync()
        self.sync()
        self.assert_same()
        subjects = {maildirs.subject(text): flags
                    for text, flags, _ in self.near()["INBOX"]}
        self.assertEqual(subjects, {
            "Number 0": "RS", "Number 2": "", "Number 3": "F", "Seen": "RS",
            "New here": "FS", "New there": "F"})
        self.assertEqual(len(self.near()["Far"]), 1)
        self.assertEqual(len(self.far()["Near"]), 1)
        self.assert_settled()

    def test_names_beyond_ascii(self):
        imap = self.imap()
        self.append(message("Inside"), "Archive")
        for name in ("Gr&APYA3w-e", "A &- B", "Deep/er/still"):
            self.assertEqual(imap.create('"%s"' % name)[0], "OK")
            self.append(message(name), name)
        self.sync()
        self.assert_same()


class Many(MbsyncTest):
    """Rounds of changes at random on both sides, and to the same messages;
    `held_at` is what must come of them: mailbox -> subject -> letters.
    """
    boxes = ("INBOX", "Archive")
    rounds = 2
    letters = "FRS"
    system_flags = dict(zip(letters, ("\\Flagged", "\\Answered", "\\Seen")))

    def setUp(self):
        super().setUp()
        self.random = random.Random(7)
        self.made = 0
        self.held_at = {box: {} for box in self.boxes}
        self.session = self.imap()
        for _ in range(100):
            self.add_far(self.random.choice(self.boxes))

    def new_message(self, box):
        self.made += 1
        subject = "Number %d" % self.made
        letters = "".join(sorted(self.random.sample(
            self.letters, self.random.randrange(3))))
        self.held_at[box][subject] = letters
        return message(subject, "%d\r\n" % self.made * self.made), letters

    def add_far(self, box):
        text, letters = self.new_message(box)
        self.session.append(box, " ".join(map(self.system_flags.get, letters)),
                            None, text)

    def add_near(self, box):
        text, letters = self.new_message(box)
        maildirs.add(os.path.join(self.maildir, box), text, letters)

    def toggle(self, old, letters):
        return "".join(sorted(set(old) ^ set(letters)))

    def change_near(self, box, base, going):
        """Of what both sides had (base) some flags, of what goes its file."""
        at = os.path.join(self.maildir, box)
        for subject in self.random.sample(sorted(base), len(base) // 4):
            letters = self.random.choice(self.letters[:2])
            maildirs.set_flags(at, subject.encode(),
                               self.toggle(base[subject], letters))
            self.held_at[box][subject] = self.toggle(base[subject], letters)
        for subject in going:
            os.unlink(maildirs.find(at, subject.encode()))
            del self.held_at[box][subject]

    def change_far(self, box, base, going):
        """A flag that the other side does not touch, and MOVE or EXPUNGE."""
        uids = {maildirs.subject(m.text): str(m.uid) for m in self.held(box)}
        self.session.select(box)
        for subject in self.random.sample(sorted(base), len(base) // 4):
            self.session.uid("STORE", uids[subject],
                             "-FLAGS" if "S" in base[subject] else "+FLAGS",
                             "(\\Seen)")
            self.held_at[box][subject] = self.toggle(
                self.held_at[box][subject], "S")
        other = self.boxes[1 - self.boxes.index(box)]
        for subject in going[::2]:
            self.session.uid("MOVE", uids[subject], other)
            self.held_at[other][subject] = self.held_at[box].pop(subject)
        for subject in going[1::2]:
            self.session.uid("STORE", uids[subject], "+FLAGS", "(\\Deleted)")
            del self.held_at[box][subject]
        self.session.expunge()

    def change(self):
        base = {box: dict(held) for box, held in self.held_at.items()}
        for box in self.boxes:
            going = self.random.sample(sorted(base[box]), len(base[box]) // 5)
            half = len(going) // 2
            stays = {s: f for s, f in base[box].items() if s not in going}
            self.change_near(box, stays, going[:half])
            self.change_far(box, stays, going[half:])
        for _ in range(15):
            self.add_near(self.random.choice(self.boxes))
            self.add_far(self.random.choice(self.boxes))

    def assert_held(self, side):
        self.assertEqual(self.held_at, {
            box: {maildirs.subject(text): letters
                  for text, letters, _ in side[box]} for box in self.boxes})

    def test_many_changes(self):
        self.sync()
        for _ in range(self.rounds):
            self.change()
            self.sync()
            self.sync()     # what arrived by a MOVE meanwhile
            self.assert_same()
            self.assert_held(self.near())
            self.assert_held(self.far())
        self.assert_settled()


if __name__ == "__main__":
    unittest.main()
