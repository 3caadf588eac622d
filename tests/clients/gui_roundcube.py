"""gui_roundcube.py -- Roundcube, as one who sits before Chromium sees it."""
import json
import time
import unittest

import client
import harness
from chromium import Chromium, css, frame
from client import PASSWORD, message
from roundcube import Roundcube

# What is to be seen of the list of messages, and of that of mailboxes.
ROWS = """
[...document.querySelectorAll("#messagelist tbody tr.message")]
	.filter(r => r.getClientRects().length)
"""
SUBJECTS = ROWS + '.map(r => r.querySelector(".subject a").innerText.trim())'
DEPTHS = """
(lefts => lefts.map(x => [...new Set(lefts)].sort((a, b) => a - b).indexOf(x)))
(%s.map(r => r.querySelector(".subject a").getBoundingClientRect().left))
""" % ROWS
MAILBOXES = """
[...document.querySelectorAll("#mailboxlist li > a")]
	.map(a => a.firstChild.textContent.trim())
"""


def row(subject, part=None):
    """The row with this subject, or a part of it."""
    found = ROWS + '.find(r => r.querySelector(".subject a")' \
        ".innerText.trim() == %s)" % json.dumps(subject)
    return found if part is None else css(part, found + "?")


class RoundcubeTest(client.ClientTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.roundcube = Roundcube(
            cls.server.top, cls.server.imaps_port,
            cls.server.dir + "/certificate.pem", harness.free_ports(1)[0])
        cls.addClassCleanup(cls.roundcube.close)
        cls.browser = Chromium(cls.server.top)
        cls.addClassCleanup(cls.browser.close)

    def tearDown(self):
        self.assertEqual("", self.roundcube.errors())

    def log_in(self, user=None):
        b = self.browser
        b.call("Network.clearBrowserCookies")
        b.open(self.roundcube.url)
        b.type(css("#rcmloginuser"), user or self.user)
        b.type(css("#rcmloginpwd"), PASSWORD)
        b.click(css("#rcmloginsubmit"))
        self.wait_for_page("mail")

    def wait_for_page(self, task):
        """Complete, and with everything that it asked the server for: it
        ignores clicks while it waits, and asks piece by piece."""
        idle = ("document.readyState == 'complete' && !rcmail.busy && "
                "!jQuery.active && rcmail.env.task == %s" % json.dumps(task))
        quiet = 0
        while quiet < 5:
            self.browser.wait(idle)
            time.sleep(0.1)
            quiet = quiet + 1 if self.browser.is_so(idle) else 0

    def wait_for(self, script, value):
        """Until the script's value is this."""
        wanted = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        try:
            self.browser.wait("JSON.stringify(%s) == %s" % (
                script, json.dumps(wanted)))
        except AssertionError:
            self.assertEqual(value, self.browser.eval(script))
            raise

    def wait_for_preview(self, text):
        self.browser.wait(css("#messagebody", frame("#messagecontframe")) +
                          ".innerText.includes(%s)" % json.dumps(text))

    def flags(self, mailbox="INBOX", user=None):
        """Subject -> flags, as the server holds them once the page is done;
        what is read is what that user has read."""
        self.browser.wait("!rcmail.busy")
        return {client.subject(m): set(m.flags)
                for m in self.held(mailbox, user)}

    def open_mailbox(self, name):
        self.browser.click(css("#mailboxlist a[rel=%s]" % json.dumps(name)))

    def set_list_options(self, **options):
        self.wait_for_page("mail")
        self.browser.click(css("#messagelist-header a.options"))
        for name, value in options.items():
            self.browser.choose(css(".ui-dialog [name=%s]" % name), value)
        self.browser.click(css(".ui-dialog button.save"))

    def search(self, text):
        self.wait_for_page("mail")
        self.browser.type(css("#mailsearchform"), text)
        self.browser.press_enter()


class Messages(RoundcubeTest):
    def setUp(self):
        super().setUp()
        for n in range(4):
            self.append(message("Number %d" % n, "This is body %d.\r\n" % n))
        self.log_in()
        self.wait_for(SUBJECTS, ["Number %d" % n for n in (3, 2, 1, 0)])

    def test_reads(self):
        self.browser.click(row("Number 2"))
        self.wait_for_preview("This is body 2.")
        self.browser.wait("!" + row("Number 2", ".msgicon.unread"))
        self.assertEqual({"Number 0": set(), "Number 1": set(),
                          "Number 2": {"\\Seen"}, "Number 3": set()},
                         self.flags())

    def test_flags(self):
        self.browser.click(row("Number 1", ".flag span"))
        self.browser.wait(row("Number 1", ".flag span.flagged"))
        self.browser.click(row("Number 3", ".msgicon"))
        self.browser.wait("!" + row("Number 3", ".msgicon.unread"))
        self.assertEqual({"Number 0": set(), "Number 1": {"\\Flagged"},
                          "Number 2": set(), "Number 3": {"\\Seen"}},
                         self.flags())

    def test_moves_by_dragging(self):
        self.browser.drag(row("Number 1"),
                          css("#mailboxlist a[rel=Archive]"))
        self.wait_for(SUBJECTS, ["Number 3", "Number 2", "Number 0"])
        self.assertEqual(["Number 1"], list(self.flags("Archive")))
        self.assertEqual(["Number 0", "Number 2", "Number 3"],
                         list(self.flags()))
        self.open_mailbox("Archive")
        self.wait_for(SUBJECTS, ["Number 1"])

    def test_deletes(self):
        self.browser.click(row("Number 0"))
        self.wait_for_preview("This is body 0.")
        self.browser.click(css("#layout-content > .header a.delete"))
        self.wait_for(SUBJECTS, ["Number 3", "Number 2", "Number 1"])
        self.assertEqual(["Number 0"], list(self.flags("Trash")))

    def test_shows_what_another_session_changed(self):
        imap = self.imap()
        imap.select()
        imap.store("1", "+FLAGS", "\\Flagged")
        imap.store("2", "+FLAGS", "\\Deleted")
        imap.expunge()
        imap.append("INBOX", None, None, message("Later"))
        trace = self.trace()
        self.browser.click(css("#messagelist-header a.refresh"))
        self.wait_for(SUBJECTS, ["Later", "Number 3", "Number 2", "Number 0"])
        self.browser.wait(row("Number 0", ".flag span.flagged"))
        self.assertRegex(trace.text(),
                         r"C: (\w+) UID FETCH 1:4 \(FLAGS\) "
                         r"\(CHANGEDSINCE \d+ VANISHED\)\n"
                         r"S: \* VANISHED \(EARLIER\) 2\n"
                         r"S: \* 1 FETCH \(UID 1 FLAGS \(\\Flagged\) "
                         r"MODSEQ \(\d+\)\)\n"
                         r"S: \1 OK ")


class Lists(RoundcubeTest):
    def test_mailboxes(self):
        self.log_in()
        self.wait_for(MAILBOXES, ["INBOX", "Drafts", "Sent", "Junk", "Trash",
                                  "Archive"])

    def append_answers(self, subjects):
        """Subject -> those before it; one message a minute."""
        for minute, (subject, before) in enumerate(subjects.items()):
            ids = " ".join("<%s@example.org>" % name for name in before)
            self.append(message(subject, more="References: %s\r\n" % ids
                                if before else ""),
                        date='"21-Nov-2026 06:%02d:00 +0000"' % minute)

    def test_threads(self):
        self.append_answers({
            "One": [], "Two": [], "Three": ["One"], "Four": ["One", "Three"],
            "Five": ["One"]})
        trace = self.trace()
        self.log_in()
        self.set_list_options(mode="threads")
        self.wait_for(SUBJECTS, ["One", "Two"])
        self.browser.click(css("#messagelist-header a.threads"))
        self.browser.click(css("#threadselect-menu a.expand.all"))
        self.wait_for(SUBJECTS, ["One", "Three", "Four", "Five", "Two"])
        self.wait_for(DEPTHS, [0, 1, 2, 1, 0])
        self.assertRegex(trace.text(),
                         r"C: (\w+) UID THREAD REFS US-ASCII ALL\n"
                         r"S: \* THREAD \(2\)\(1 \(3 4\)\(5\)\)\n"
                         r"S: \1 OK ")

    def test_sort(self):
        for n, name in enumerate(("pear", "Apple", "fig", "=?utf-8?q?=C3=84?=",
                                  "Re: banana")):
            self.append(message(name, "x" * (n * 7 % 5) * 1000))
        trace = self.trace()
        self.log_in()
        self.set_list_options(sort_col="subject", sort_ord="ASC")
        self.wait_for(SUBJECTS, ["Apple", "Ä", "Re: banana", "fig", "pear"])
        self.set_list_options(sort_col="size", sort_ord="DESC")
        self.wait_for(SUBJECTS, ["fig", "Re: banana", "Apple", "Ä", "pear"])
        self.assertEqual(["UID SORT (SUBJECT) US-ASCII ALL",
                          "UID SORT (SIZE) US-ASCII ALL"],
                         [c for c in trace.sent() if " SORT " in c])

    def test_search(self):
        for name in ("plain", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "other"):
            self.append(message(name))
        trace = self.trace()
        self.log_in()
        self.search("GRÜ")
        self.wait_for(SUBJECTS, ["Grüße"])
        self.search("OTHER")
        self.wait_for(SUBJECTS, ["other"])
        self.search("nowhere")
        self.wait_for(SUBJECTS, [])
        self.assertIn("UID SEARCH RETURN (ALL) CHARSET UTF-8 "
                      "OR HEADER SUBJECT {4+}", trace.sent())


class Folders(RoundcubeTest):
    """Settings, Folders."""

    def open_folders(self):
        self.browser.click(css("#taskmenu a.settings"))
        self.wait_for_page("settings")
        self.browser.click(css("#settings-menu li.folders a"))
        self.browser.wait("rcmail.env.action == 'folders'")
        self.wait_for_page("settings")

    @staticmethod
    def shown(name):
        return ("[...document.querySelectorAll('#subscription-table li > a')]"
                ".find(a => a.textContent.trim() == %s)" % json.dumps(name))

    def open_form(self, name):
        self.browser.click(self.shown(name))
        self.browser.wait(css("[name=_name]", frame("#preferences-frame")) +
                          ".value == %s && !rcmail.busy" % json.dumps(name))


class Mailboxes(Folders):
    """And then what the list of them shows."""

    def setUp(self):
        super().setUp()
        self.log_in()
        self.open_folders()

    def press(self, button):
        self.wait_for_page("settings")
        self.browser.click(css("#layout-content > .header a." + button))

    def save(self, name, parent=None):
        form = frame("#preferences-frame")
        self.browser.type(css("[name=_name]", form), name)
        if parent is not None:
            self.browser.choose(css("[name=_parent]", form), parent)
        self.browser.click(css("button.submit", form))
        self.browser.wait(self.shown(name))

    def names(self):
        return client.fetch_mailboxes(self.imap())

    def create(self, name, parent=None):
        self.press("create")
        self.save(name, parent)

    def test_creates_renames_and_deletes(self):
        before = self.names()
        self.create("Work")
        self.create("Größe", "Work")
        self.assertEqual(sorted(before + ["Work", "Work/Gr&APYA3w-e"]),
                         self.names())
        self.browser.click(self.shown("Work"))
        self.save("Play")
        self.browser.wait("!" + self.shown("Work"))
        self.assertEqual(sorted(before + ["Play", "Play/Gr&APYA3w-e"]),
                         self.names())
        self.open_form("Größe")
        self.press("delete:not(.disabled)")
        self.browser.click(css(".ui-dialog button.mainaction"))
        self.browser.wait("!" + self.shown("Größe"))
        self.assertEqual(sorted(before + ["Play"]), self.names())
        self.browser.click(css("#taskmenu a.mail"))
        self.wait_for_page("mail")
        self.wait_for(MAILBOXES, ["INBOX", "Drafts", "Sent", "Junk", "Trash",
                                  "Archive", "Play"])


class Sharing(Folders):
    """The owner gives, by the table of rights; the guest subscribes, reads
    and flags."""

    def setUp(self):
        super().setUp()
        self.guest = self.new_user()
        self.name = "Other Users/%s/Plans" % self.user
        self.imap().create("Plans")
        for n in range(2):
            self.append(message("Plan %d" % n, "This is plan %d.\r\n" % n),
                        "Plans")

    def give(self):
        """Whoever is added gets lrs, and here the next box as well."""
        form = frame("#preferences-frame")
        self.log_in()
        self.open_folders()
        self.open_form("Plans")
        self.browser.click(css("#acllist-footer a.create:not(.disabled)",
                               form))
        self.browser.type(css(".ui-dialog #acluser"), self.guest)
        self.browser.click(css(".ui-dialog label[for=aclwrite]"))
        self.browser.click(css(".ui-dialog button.mainaction"))
        self.browser.wait(css("#acltable tr[data-userid=%s]" %
                              json.dumps(self.guest), form))

    def subscribe(self):
        self.log_in(self.guest)
        self.open_folders()
        self.browser.click(css("#subscription-table input[value=%s] + label" %
                               json.dumps(self.name)))
        self.wait_for_page("settings")

    def test_shares_a_mailbox(self):
        self.give()
        self.assertIn(("%s lrswi" % self.guest).encode(),
                      self.imap().getacl("Plans")[1][0])
        self.subscribe()
        self.browser.click(css("#taskmenu a.mail"))
        self.wait_for_page("mail")
        self.open_mailbox(self.name)
        self.wait_for(SUBJECTS, ["Plan 1", "Plan 0"])
        self.wait_for_page("mail")
        self.browser.click(row("Plan 0", ".flag span"))
        self.browser.wait(row("Plan 0", ".flag span.flagged"))
        self.wait_for_page("mail")
        self.browser.click(row("Plan 1"))
        self.wait_for_preview("This is plan 1.")
        self.browser.wait("!" + row("Plan 1", ".msgicon.unread"))
        self.assertEqual({"Plan 0": {"\\Flagged"}, "Plan 1": set()},
                         self.flags("Plans"))
        self.assertEqual({"Plan 0": {"\\Flagged"}, "Plan 1": {"\\Seen"}},
                         self.flags(self.name, self.guest))


class Drafts(RoundcubeTest):
    def test_keeps_a_draft(self):
        b = self.browser
        self.log_in()
        b.click(css("#taskmenu a.compose"))
        b.wait("rcmail.env.action == 'compose'")
        self.wait_for_page("mail")
        b.type(css("#compose-subject"), "A draft: Grüße")
        b.type(css("#composebody"), "To be continued.")
        b.click(css("#layout-content > .header a.save"))
        b.wait("rcmail.env.draft_id && !rcmail.busy")
        held = self.held("Drafts")
        self.assertEqual([{"\\Seen"}], [set(m.flags) for m in held])
        self.assertIn(b"\r\nSubject: =?UTF-8?", held[0].text)
        self.assertIn(b"\r\n\r\nTo be continued.", held[0].text)


if __name__ == "__main__":
    unittest.main()
