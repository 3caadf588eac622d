"""with_offlineimap.py -- OfflineIMAP 3: mail down, flags and mail up."""
import os
import unittest

import maildirs
from client import PASSWORD, ClientTest, message

CONFIG = """
[general]
accounts = test
metadata = {scratch}/state
ui = quiet
socktimeout = 120

[Account test]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {maildir}
utime_from_header = no

[Repository far]
type = IMAP
remotehost = {host}
remoteport = {port}
remoteuser = {user}
remotepass = {password}
ssl = yes
sslcacertfile = {certificate}
usecompression = no
"""


class OfflineImap(ClientTest):
    def setUp(self):
        super().setUp()
        self.maildir = self.path("maildir")
        self.config = self.write("offlineimaprc", CONFIG.format(
            scratch=self.scratch, maildir=self.maildir, host="localhost",
            port=self.server.imaps_port, user=self.user, password=PASSWORD,
            certificate=self.certificate))

    def sync(self):
        self.program("offlineimap", "-c", self.config, "-o")

    def near(self):
        return {name: sorted(m[:2] for m in maildirs.read(
                    os.path.join(self.maildir, name)))
                for name in maildirs.below(self.maildir)}

    def far(self):
        return {name.replace("/", "."): sorted(
                    maildirs.as_maildir(m)[:2] for m in held)
                for name, held in self.held_everywhere().items()}

    def test_down(self):
        for n in range(5):
            self.append(message("Number %d" % n))
        self.append(message("Seen"), flags="\\Seen \\Answered \\Draft")
        self.append(message("Flagged"), "Archive", "\\Flagged")
        imap = self.imap()
        imap.create("Work/2026")
        self.append(message("Deep"), "Work/2026")
        self.sync()
        self.assertEqual(self.near(), self.far())

    def test_flags_both_ways(self):
        for n in range(4):
            self.append(message("Number %d" % n))
        self.sync()
        inbox = os.path.join(self.maildir, "INBOX")
        maildirs.set_flags(inbox, b"Number 0", "FS")
        os.unlink(maildirs.find(inbox, b"Number 1"))
        maildirs.add(inbox, message("New here"), "S")
        imap = self.imap()
        imap.select()
        imap.store("4", "+FLAGS", "\\Answered")
        self.append(message("New there"))
        self.sync()
        subjects = {maildirs.subject(held.text):
                    maildirs.as_maildir(held)[1] for held in self.held()}
        self.assertEqual(subjects, {
            "Number 0": "FS", "Number 2": "", "Number 3": "R",
            "New here": "S", "New there": ""})
        self.assertEqual(len(self.near()["INBOX"]), 5)
        names = maildirs.names(self.maildir)
        held = self.held_everywhere()
        self.sync()
        self.assertEqual(maildirs.names(self.maildir), names)
        self.assertEqual(self.held_everywhere(), held)


if __name__ == "__main__":
    unittest.main()
