"""with_mutt.py -- mutt in a terminal, keys pushed by its command line."""
import os
import re
import unittest

import terminal
from client import HOST, PASSWORD, ClientTest, message, subject

CONFIG = """
set folder = "{url}"
set spoolfile = "+INBOX"
set mbox_type = Maildir
set record = "+Sent"
set postponed = "+Drafts"
set imap_user = "{user}"
set imap_pass = "{password}"
set certificate_file = "{certificate}"
set ssl_starttls = yes
set ssl_force_tls = yes
set header_cache = ""
set delete = yes
set quit = yes
set move = no
set confirmappend = no
set confirmcreate = no
set wait_key = no
set sleep_time = 0
set timeout = 1
set sort = mailbox-order
set tmpdir = "{scratch}"
unset mark_old
unset help
"""


class MuttTest(ClientTest):
    mutt_command = "mutt"
    to_mailboxes = ""       # in the browser: the server's, not those named
    scheme = "imaps"

    def setUp(self):
        super().setUp()
        port = {"imaps": self.server.imaps_port,
                "imap": self.server.imap_port}[self.scheme]
        self.muttrc = self.write("muttrc", CONFIG.format(
            url="%s://%s:%d/" % (self.scheme, HOST, port), user=self.user,
            password=PASSWORD, certificate=self.certificate,
            scratch=self.scratch))
        for n in range(4):
            self.append(message("Number %d" % n, "This is body %d.\r\n" % n))

    def mutt(self, keys, *options):
        """What mutt drew while it did what the keys say and quit."""
        status, screen = terminal.run(
            [self.mutt_command, "-n", "-F", self.muttrc, *options,
             "-e", "push '%s'" % keys],
            dict(os.environ, HOME=self.scratch, TERM="xterm",
                 LC_ALL="C.UTF-8"), self.scratch)
        self.assertEqual(status, 0, screen)
        return re.sub(r"\x1b(\[[0-9;?]*[a-zA-Z]|[()][A-Z0-9]|[=>])", "",
                      screen)

    def subjects(self, mailbox="INBOX"):
        return [subject(m) for m in self.held(mailbox)]


class Mutt(MuttTest):
    def test_lists_and_reads(self):
        screen = self.mutt("<first-entry><display-message><exit>"
                           "<first-entry><pipe-message>cat >read<enter>"
                           "<quit>")
        for n in range(4):
            self.assertIn("Number %d" % n, screen)
        with open(self.path("read"), encoding="utf-8") as f:
            self.assertIn("This is body 0.", f.read())
        self.assertEqual([m.flags for m in self.held()],
                         [{"\\Seen"}] + [set()] * 3)

    def test_flags(self):
        self.mutt("<jump>2<enter><flag-message><jump>3<enter>"
                  "<set-flag>r<quit>")
        flags = [m.flags for m in self.held()]
        self.assertIn("\\Flagged", flags[1])
        self.assertIn("\\Answered", flags[2])
        self.assertEqual(flags[3], set())

    def test_save_to_another_mailbox(self):
        texts = [m.text for m in self.held()]
        self.mutt("<tag-pattern>~s \"Number [12]\"<enter>"
                  "<tag-prefix><save-message><kill-line>=Archive<enter>"
                  "<quit>")
        self.assertEqual(self.subjects(), ["Number 0", "Number 3"])
        self.assertEqual([m.text for m in self.held("Archive")], texts[1:3])

    def test_search_on_the_server(self):
        self.mutt("<tag-pattern>=b \"body 3\"<enter>"
                  "<tag-prefix><flag-message><quit>")
        self.assertEqual([m.flags >= {"\\Flagged"} for m in self.held()],
                         [False, False, False, True])

    def test_delete(self):
        self.mutt("<delete-pattern>~s \"Number [03]\"<enter><quit>")
        self.assertEqual(self.subjects(), ["Number 1", "Number 2"])

    def test_upload_from_a_maildir(self):
        self.mutt("<tag-pattern>~A<enter><tag-prefix><copy-message>"
                  "<kill-line>%s<enter><quit>" % self.path("near"))
        self.mutt("<tag-pattern>~A<enter><tag-prefix><copy-message>"
                  "<kill-line>=Junk<enter><quit>", "-f", self.path("near"))
        self.assertEqual(sorted(self.subjects("Junk")),
                         ["Number %d" % n for n in range(4)])

    def test_browses_mailboxes(self):
        self.append(message("Old"), "Archive")
        self.mutt("<change-folder>?" + self.to_mailboxes +
                  "<search>Archive<enter><select-entry>"
                  "<flag-message><quit>")
        self.assertIn("\\Flagged", self.held("Archive")[0].flags)


class Sharing(MuttTest):
    """Another's mailbox, found by browsing what is the other's."""

    def setUp(self):
        super().setUp()
        with open(self.muttrc, "a", encoding="utf-8") as f:
            f.write('set imap_delim_chars = "/"\n')     # and not a dot
        self.owner = self.new_user()
        imap = self.server.imap(self.owner)
        imap.create("Plans")
        imap.setacl("Plans", self.user, "lrsw")
        for n in range(2):
            imap.append("Plans", None, None,
                        message("Plan %d" % n, "This is plan %d.\r\n" % n))
        self.close(imap)

    def flags(self, user, mailbox):
        return {subject(m): set(m.flags) for m in self.held(mailbox, user)}

    def test_browses_reads_and_flags(self):
        screen = self.mutt(
            "<change-folder>?" + self.to_mailboxes +
            # a space alone would be the next mailbox with new mail
            "<change-dir><kill-line>=Other<quote-char><space>Users/%s<enter>"
            "<search>Plans<enter><select-entry>"
            "<first-entry><pipe-message>cat >read<enter><display-message>"
            "<exit><next-entry><flag-message><quit>" % self.owner)
        self.assertIn("Plan 1", screen)
        with open(self.path("read"), encoding="utf-8") as f:
            self.assertIn("This is plan 0.", f.read())
        self.assertEqual({"Plan 0": {"\\Seen"}, "Plan 1": {"\\Flagged"}},
                         self.flags(self.user, "Other Users/%s/Plans" %
                                    self.owner))
        self.assertEqual({"Plan 0": set(), "Plan 1": {"\\Flagged"}},
                         self.flags(self.owner, "Plans"))

    def test_walks_down_from_the_top(self):
        self.mutt("<change-folder>?" + self.to_mailboxes +
                  "<search>Other<enter><select-entry>"
                  "<search>%s<enter><select-entry>"
                  "<search>Plans<enter><select-entry>"
                  "<first-entry><flag-message><quit>" %
                  self.owner.partition("@")[0])
        self.assertEqual({"Plan 0": {"\\Flagged"}, "Plan 1": set()},
                         self.flags(self.owner, "Plans"))


class MuttStartTls(Mutt):
    scheme = "imap"


if __name__ == "__main__":
    unittest.main()
