"""with_mbsync.py -- two-way synchronisation by mbsync (isync)."""
import os
import unittest

import maildirs
from client import HOST, PASSWORD, ClientTest, message

CONFIG = """
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


class Mbsync(ClientTest):
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
        names = maildirs.names(self.maildir)
        held = self.held_everywhere()
        self.sync()
        self.assertEqual(maildirs.names(self.maildir), names)
        self.assertEqual(self.held_everywhere(), held)

    def test_names_beyond_ascii(self):
        imap = self.imap()
        self.append(message("Inside"), "Archive")
        for name in ("Gr&APYA3w-e", "A &- B", "Deep/er/still"):
            self.assertEqual(imap.create('"%s"' % name)[0], "OK")
            self.append(message(name), name)
        self.sync()
        self.assert_same()


if __name__ == "__main__":
    unittest.main()
