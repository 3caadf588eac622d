"""with_imaplib.py -- Python's imaplib over every command it has."""
import imaplib
import time
import unittest

from client import HOST, PASSWORD, ClientTest, message
from harness import Server

ONE, TWO, THREE = (message(s) for s in ("One", "Two", "Three"))


class Imaplib(ClientTest):
    def setUp(self):
        super().setUp()
        self.m = self.imap()

    def ok(self, answer):
        """The data of a command that must succeed."""
        status, data = answer
        self.assertEqual(status, "OK", data)
        return data

    def fill(self, *texts, mailbox="INBOX"):
        for text in texts:
            self.ok(self.m.append(mailbox, "", None, text))

    def test_starttls_and_log_in_by_sasl(self):
        m = imaplib.IMAP4(HOST, self.server.imap_port)
        self.assertIn("STARTTLS", m.capabilities)
        self.ok(m.starttls(Server.tls()))
        self.assertNotIn("STARTTLS", m.capabilities)
        secret = ("\0%s\0%s" % (self.user, PASSWORD)).encode()
        self.ok(m.authenticate("PLAIN", lambda _: secret))
        self.ok(m.select())
        self.close(m)

    def test_wrong_password(self):
        m = imaplib.IMAP4_SSL(HOST, self.server.imaps_port,
                              ssl_context=Server.tls())
        with self.assertRaisesRegex(imaplib.IMAP4.error,
                                    "AUTHENTICATIONFAILED"):
            m.login(self.user, "wrong")
        m.login(self.user, PASSWORD)
        self.close(m)

    def test_append_fetch(self):
        self.fill(ONE, TWO)
        self.assertEqual(self.ok(self.m.select()), [b"2"])
        data = self.ok(self.m.fetch("1:2", "(RFC822)"))
        self.assertEqual([x[1] for x in data if isinstance(x, tuple)],
                         [ONE, TWO])
        data = self.ok(self.m.fetch("2", "(BODY[HEADER.FIELDS (SUBJECT)])"))
        self.assertEqual(data[0][1], b"Subject: Two\r\n\r\n")
        data = self.ok(self.m.fetch("1", "BODY.PEEK[]<0.5>"))
        self.assertEqual(data[0][1], ONE[:5])

    def test_append_keeps_flags_and_date(self):
        at = time.mktime((2020, 5, 17, 12, 30, 15, 0, 0, -1))
        self.ok(self.m.append("INBOX", r"(\Seen \Answered Work)", at, ONE))
        held = self.held()[0]
        self.assertEqual(held.flags, {"\\Seen", "\\Answered", "Work"})
        internaldate = b'INTERNALDATE "%s"' % held.date
        self.assertEqual(
            time.mktime(imaplib.Internaldate2tuple(internaldate)), at)

    def test_mailboxes(self):
        for name in ("Work", "Work/2026", '"Lunch & more"'):
            answer = self.m.create(name)
            if "&" in name:     # not modified UTF-7
                self.assertEqual(answer[0], "NO")
            else:
                self.ok(answer)
        self.assertEqual(self.m.create("Work")[0], "NO")
        self.ok(self.m.rename("Work", "Job"))
        self.ok(self.m.status("Job/2026", "(MESSAGES UIDNEXT UIDVALIDITY)"))
        self.assertEqual(self.m.status("Work", "(MESSAGES)")[0], "NO")
        self.ok(self.m.delete("Job/2026"))
        self.assertEqual(self.m.select("Job/2026")[0], "NO")
        self.ok(self.m.subscribe("Job"))
        names = self.ok(self.m.lsub())
        self.assertTrue([x for x in names if x.endswith(b" Job")], names)
        self.ok(self.m.unsubscribe("Job"))
        names = self.ok(self.m.lsub())
        self.assertFalse([x for x in names if x.endswith(b" Job")], names)

    def test_search(self):
        self.fill(ONE, TWO, THREE)
        self.ok(self.m.select())
        self.ok(self.m.store("2", "+FLAGS", r"(\Flagged)"))
        for query, want in (
                ("ALL", b"1 2 3"), ("FLAGGED", b"2"), ("NOT FLAGGED", b"1 3"),
                ("SUBJECT two", b"2"), ("OR SUBJECT one SUBJECT three",
                                        b"1 3"),
                ('FROM "ann"', b"1 2 3"), ("TO carol", b""),
                ("BODY hello", b"1 2 3"), ("TEXT three", b"3"),
                ("SENTON 21-Nov-2026", b"1 2 3"), ("UNSEEN 1:2", b"1 2"),
                ("LARGER 100000", b""), ("UID 2:*", b"2 3"),
                ("HEADER Message-ID <One@", b"1")):
            with self.subTest(query=query):
                self.assertEqual(self.ok(self.m.search(None, query)), [want])
        self.assertEqual(self.ok(self.m.search("UTF-8", 'SUBJECT "two"')),
                         [b"2"])
        self.assertEqual(self.ok(self.m.uid("SEARCH", "SUBJECT three")),
                         [b"3"])

    def test_store(self):
        self.fill(ONE)
        self.ok(self.m.select())
        for action, flags, want in (
                ("FLAGS", r"(\Seen Work)", {"\\Seen", "Work"}),
                ("+FLAGS", r"(\Flagged)", {"\\Seen", "Work", "\\Flagged"}),
                ("-FLAGS.SILENT", r"(\Seen)", {"Work", "\\Flagged"}),
                ("FLAGS", r"()", set())):
            self.ok(self.m.store("1", action, flags))
            self.assertEqual(self.held()[0].flags, want)

    def test_copy_move_expunge(self):
        self.fill(ONE, TWO, THREE)
        self.ok(self.m.select())
        self.ok(self.m.copy("1:2", "Archive"))
        self.ok(self.m.uid("MOVE", "2", "Trash"))
        self.ok(self.m.store("1", "+FLAGS", r"(\Deleted)"))
        self.assertEqual(self.ok(self.m.expunge())[-1], b"1")
        everything = self.held_everywhere()
        self.assertEqual([x.text for x in everything["INBOX"]], [THREE])
        self.assertEqual([x.text for x in everything["Archive"]], [ONE, TWO])
        self.assertEqual([x.text for x in everything["Trash"]], [TWO])

    def test_close_expunges_and_unselect_does_not(self):
        self.fill(ONE)
        self.ok(self.m.select())
        self.ok(self.m.store("1", "+FLAGS", r"(\Deleted)"))
        self.ok(self.m.unselect())
        self.assertEqual(len(self.held()), 1)
        self.ok(self.m.select())
        self.ok(self.m.close())
        self.assertEqual(self.held(), [])

    def test_examine_changes_nothing(self):
        self.fill(ONE)
        self.ok(self.m.select(readonly=True))
        self.ok(self.m.fetch("1", "(BODY[])"))
        self.assertEqual(self.m.store("1", "+FLAGS", r"(\Seen)")[0], "NO")
        self.assertEqual(self.held()[0].flags, set())

    def test_shared_mailboxes(self):
        """setacl, getacl, myrights, and another's mailbox in all commands."""
        self.fill(ONE, TWO)
        guest = "guest-" + self.user
        self.server.add_user(guest)
        self.ok(self.m.setacl("INBOX", guest, "lrswi"))
        self.assertIn(guest.encode() + b" lrswi",
                      self.ok(self.m.getacl("INBOX"))[0])
        g = self.server.imap(guest)
        name = '"Other Users/%s/INBOX"' % self.user
        self.assertTrue(self.ok(g.myrights(name))[0].endswith(b" lrswi"))
        self.assertEqual(1, len([row for row in self.ok(
            g.list('""', '"Other Users/*"')) if b"INBOX" in row]))
        self.assertEqual([b"2"], self.ok(g.select(name)))
        self.assertEqual(ONE, self.ok(g.fetch("1", "(BODY[])"))[0][1])
        self.ok(g.store("1", "+FLAGS", r"(\Flagged)"))
        self.ok(g.copy("2", "INBOX"))
        self.ok(g.append(name, None, None, THREE))
        self.ok(g.close())
        self.assertEqual([ONE, TWO, THREE], [x.text for x in self.held()])
        self.assertIn("\\Flagged", self.held()[0].flags)
        g.logout()

    def test_quota(self):
        self.assertEqual("NO", self.m.setquota('""', "(STORAGE 512)")[0])
        self.server.roost("user", "promote", self.user)
        self.assertEqual([b'"" (STORAGE 0 512)'],
                         self.ok(self.m.setquota('""', "(STORAGE 512)")))
        self.assertEqual([b'"" (STORAGE 0 512)'],
                         self.ok(self.m.getquota('""')))

    def test_check_noop_namespace_enable(self):
        self.ok(self.m.enable("IMAP4rev2"))
        self.ok(self.m.select())
        self.fill(ONE)
        self.ok(self.m.noop())
        self.ok(self.m.check())
        self.assertEqual(self.m.response("EXISTS")[1][-1], b"1")
        self.assertEqual(self.ok(self.m.namespace()),
                         [b'(("" "/")) (("Other Users/" "/"))'
                          b' (("Shared/" "/"))'])
        self.ok(self.m.xatom("ID", "NIL"))


if __name__ == "__main__":
    unittest.main()
