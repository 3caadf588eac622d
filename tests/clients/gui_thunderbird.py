"""gui_thunderbird.py -- Thunderbird, by the mouse, and what it draws."""
import json
import os
import unittest

import client
from client import PASSWORD, message
from thunderbird import Thunderbird

ROWS = 'all("#threadTree [is=thread-card]")'
SUBJECTS = ROWS + '.map(r => r.querySelector(".subject").textContent)'


def row(subject, part=".subject"):
    return ROWS + ".find(r => r.querySelector('.subject').textContent == %s)" \
        "?.querySelector(%s)" % (json.dumps(subject), json.dumps(part))


def mailbox(name):
    return 'all("#folderTree li").find(l => l.uri?.endsWith("@localhost/%s"))' \
        '?.querySelector(".name")' % name


class InAWindow(client.ClientTest):
    def setUp(self):
        super().setUp()
        for n in range(4):
            self.append(message("Number %d" % n, "This is body %d.\r\n" % n))
        self.said = self.trace()
        self.window = Thunderbird(self.scratch, self.server.imaps_port,
                                  self.certificate, self.user, PASSWORD)
        self.addCleanup(self.window.close)
        self.window.eval("pane.displayFolder(root.URI + '/INBOX')")
        self.wait_for_subjects("Number 0", "Number 1", "Number 2", "Number 3")

    def wait_for_subjects(self, *subjects):
        self.window.wait_for(SUBJECTS, list(subjects))

    def flags(self, mailbox="INBOX"):
        """Subject -> flags, as the server holds them."""
        return {client.subject(m): set(m.flags) - {"NonJunk"}
                for m in self.held(mailbox)}

    def wait_for_flags(self, flags):
        self.window.wait(self.flags, flags)

    def test_reads(self):
        self.window.click(row("Number 2"))
        self.window.wait_for("tabs.currentAboutMessage"
                             "?.getMessagePaneBrowser().contentDocument"
                             "?.body?.textContent.includes('This is body 2.')")
        self.wait_for_flags({"Number 0": set(), "Number 1": set(),
                             "Number 2": {"\\Seen"}, "Number 3": set()})

    def test_flags(self):
        self.window.click(row("Number 1", ".button-star"))
        self.wait_for_flags({"Number 0": set(), "Number 1": {"\\Flagged"},
                             "Number 2": set(), "Number 3": set()})

    def test_moves(self):
        self.window.drag(row("Number 1"), mailbox("Archive"))
        self.wait_for_subjects("Number 0", "Number 2", "Number 3")
        self.window.wait(lambda: list(self.flags("Archive")), ["Number 1"])
        self.assertEqual(["Number 0", "Number 2", "Number 3"],
                         list(self.flags()))
        self.assertIn('uid move 2 "Archive"', self.said.sent())

    def test_shows_what_another_session_changes(self):
        imap = self.imap()
        imap.append("INBOX", None, None, message("Later"))
        self.wait_for_subjects("Number 0", "Number 1", "Number 2", "Number 3",
                               "Later")
        imap.select()
        imap.store("2", "+FLAGS", "\\Deleted")
        imap.expunge()
        self.wait_for_subjects("Number 0", "Number 2", "Number 3", "Later")
        imap.store("1", "+FLAGS", "\\Seen")
        self.window.wait_for("!%s.closest('[is=thread-card]')"
                             ".dataset.properties.includes('unread')" %
                             row("Number 0"))

    def test_draws_the_list(self):
        """What is written in each row is there, below the last is nothing."""
        rows = [self.window.place(row("Number %d" % n, "td"))
                for n in range(4)]
        left, top, width, height = rows[-1]
        below = left, top + height + 8, width, height
        picture = self.window.screen.picture()
        picture.save(os.path.join(self.server.build, "thunderbird.png"))
        for place in rows:
            self.assertGreater(picture.ink(place), 0.02)
        self.assertLess(picture.ink(below), 0.001)

    def test_searches_on_the_server(self):
        self.append(message("=?utf-8?q?Gr=C3=BC=C3=9Fe?="))
        self.wait_for_subjects("Number 0", "Number 1", "Number 2", "Number 3",
                               "Grüße")
        self.window.eval("main.openSearchDialog(pane.gFolder)")
        self.window.click("dialog?.document.getElementById"
                          "('checkSearchOnline')")
        field = "dialog.document.querySelector('.search-value-input')"
        self.window.click(field)
        self.window.eval(field + ".value = 'GRÜ'")
        self.window.click("dialog.document.getElementById('search-button')")
        self.window.wait_for("""(view => Array.from(
            { length: view?.rowCount ?? 0 },
            (_, n) => view.cellTextForColumn(n, "subjectCol"))
        )(dialog.gFolderDisplay.view.dbView)""", ["Grüße"])
        self.assertIn("uid SEARCH UNDELETED SUBJECT {4}", self.said.sent())


if __name__ == "__main__":
    unittest.main()
