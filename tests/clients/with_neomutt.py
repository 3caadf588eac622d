"""with_neomutt.py -- neomutt does what mutt does; and both, which keep headers
in a file, ask only for what has changed since they were last here.
"""
import os
import re
import unittest

import with_mutt
from client import message

CACHE = """
set header_cache = "{cache}"
set imap_condstore = yes
set imap_qresync = {qresync}
"""


class NeoMutt(with_mutt.Mutt):
    mutt_command = "neomutt"
    to_mailboxes = "<toggle-mailboxes>"


class NeoMuttSharing(with_mutt.Sharing):
    mutt_command = "neomutt"
    to_mailboxes = "<toggle-mailboxes>"


class Resynchronisation(with_mutt.MuttTest):
    """INBOX is opened, another session changes it, it is opened again."""

    def open_twice(self, mutt_command, qresync):
        """What was said at the second opening, and what mutt drew."""
        self.mutt_command = mutt_command
        os.mkdir(self.path("headers"))
        with open(self.muttrc, "a", encoding="utf-8") as f:
            f.write(CACHE.format(cache=self.path("headers"), qresync=qresync))
        self.mutt("<quit>")
        self.change()
        trace = self.trace()
        screen = self.mutt("<quit>")
        return trace.text(), screen

    def change(self):
        imap = self.imap()
        imap.select()
        imap.store("1", "+FLAGS", "\\Flagged")
        imap.store("2", "+FLAGS", "\\Deleted")
        imap.expunge()
        imap.append("INBOX", None, None, message("Number 4"))

    def assert_drawn(self, screen):
        self.assertEqual(["Number 0", "Number 2", "Number 3", "Number 4"],
                         re.findall(r"Number \d", screen))
        self.assertRegex(screen, r"1 N ! +Nov 21 Ann .*?Number 0")
        self.assertEqual(1, screen.count("!"))

    @staticmethod
    def headers_asked_for(text):
        return re.findall(r"(?m)^C: \S+ FETCH (\S+) .*BODY\.PEEK\[HEADER",
                          text)

    def check_qresync(self, mutt_command):
        text, screen = self.open_twice(mutt_command, "yes")
        self.assert_drawn(screen)
        self.assertIn("\nS: * ENABLED QRESYNC\n", text)
        self.assertRegex(text,
                         r"C: (\w+) UID FETCH 1:4 \(FLAGS\) \(CHANGEDSINCE "
                         r"\d+ VANISHED\)\n"
                         r"S: \* VANISHED \(EARLIER\) 2\n"
                         r"S: \* 1 FETCH \(UID 1 FLAGS \(\\Flagged\) "
                         r"MODSEQ \(\d+\)\)\n"
                         r"S: \1 OK ")
        return self.headers_asked_for(text)

    def test_mutt_with_qresync(self):
        self.assertEqual(["4"], self.check_qresync("mutt"))

    def test_neomutt_with_qresync(self):
        """neomutt looks once more at the place of what has vanished."""
        self.assertEqual(["2", "4"], self.check_qresync("neomutt"))

    def check_condstore(self, mutt_command):
        text, screen = self.open_twice(mutt_command, "no")
        self.assert_drawn(screen)
        self.assertNotIn("QRESYNC\n", text)
        self.assertIn(' SELECT "INBOX" (CONDSTORE)\n', text)
        self.assertRegex(text,
                         r"C: (\w+) UID FETCH 1:4 \(FLAGS\) "
                         r"\(CHANGEDSINCE \d+\)\n"
                         r"S: \* 1 FETCH \(UID 1 FLAGS \(\\Flagged\) "
                         r"MODSEQ \(\d+\)\)\n"
                         r"S: \1 OK ")
        self.assertEqual(["4"], self.headers_asked_for(text))

    def test_mutt_with_condstore(self):
        self.check_condstore("mutt")

    def test_neomutt_with_condstore(self):
        self.check_condstore("neomutt")


if __name__ == "__main__":
    unittest.main()
