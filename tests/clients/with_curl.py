"""with_curl.py -- curl's IMAP: list, append, fetch, search, flags."""
import unittest

from client import HOST, PASSWORD, ClientTest, message

TEXT = message("Lunch", "At noon?\r\nor at one?\r\n")


class Curl(ClientTest):
    def curl(self, path, *options, scheme="imaps", status=0,
             password=PASSWORD):
        port = {"imaps": self.server.imaps_port,
                "imap": self.server.imap_port}[scheme]
        return self.program(
            "curl", "-sS", "--cacert", self.certificate,
            "-u", "%s:%s" % (self.user, password), *options,
            "%s://%s:%d/%s" % (scheme, HOST, port, path), status=status)

    def upload(self, mailbox="INBOX", *options, **more):
        self.curl(mailbox, "-T", self.write("message", TEXT), *options, **more)

    def test_list(self):
        lines = self.curl("").splitlines()
        for name in (b"INBOX", b"Archive", b"Drafts", b"Junk", b"Sent",
                     b"Trash"):
            self.assertTrue([x for x in lines if x.endswith(b" " + name)],
                            name)

    def test_append_and_fetch(self):
        self.upload()
        self.assertEqual(self.curl("INBOX;UID=1"), TEXT)
        self.assertEqual(self.held()[0].text, TEXT)

    def test_fetch_of_sections(self):
        self.upload()
        header, text = TEXT.split(b"\r\n\r\n", 1)
        self.assertEqual(self.curl("INBOX;UID=1;SECTION=TEXT"), text)
        self.assertEqual(self.curl("INBOX;UID=1;SECTION=HEADER"),
                         header + b"\r\n\r\n")
        self.assertEqual(self.curl("INBOX;MAILINDEX=1;SECTION=1"), text)

    def test_fetch_of_a_message_that_is_not_there(self):
        self.curl("INBOX;UID=9", status=78)

    def test_large_message_up_and_down(self):
        line = b"0123456789" * 7 + b"\r\n"
        text = TEXT + line * 60000      # 4.3 MB
        self.curl("INBOX", "-T", self.write("message", text))
        self.assertEqual(self.curl("INBOX;UID=1"), text)

    def test_search(self):
        self.upload()
        self.assertEqual(self.curl("INBOX?SUBJECT%20lunch").strip(),
                         b"* SEARCH 1")
        self.assertEqual(self.curl("INBOX?SUBJECT%20dinner").strip(),
                         b"* SEARCH")

    def test_store(self):
        self.upload()
        self.curl("INBOX", "-X", r"STORE 1 FLAGS (\Flagged $Later)")
        self.assertEqual(self.held()[0].flags, {"\\Flagged", "$Later"})

    def test_create_copy_expunge(self):
        self.upload()
        self.curl("", "-X", "CREATE Work/New")
        self.curl("INBOX", "-X", "COPY 1 Work/New")
        self.curl("INBOX", "-X", r"STORE 1 +FLAGS (\Deleted)")
        self.curl("INBOX", "-X", "EXPUNGE")
        self.assertEqual(self.held(), [])
        self.assertEqual(self.held("Work/New")[0].text, TEXT)
        self.assertEqual(self.curl("Work%2FNew;UID=1"), TEXT)

    def test_starttls(self):
        self.upload("INBOX", "--ssl-reqd", scheme="imap")
        self.assertEqual(self.curl("INBOX;UID=1", "--ssl-reqd",
                                   scheme="imap"), TEXT)

    def test_mechanisms(self):
        for mechanism in ("AUTH=PLAIN", "AUTH=LOGIN"):
            for ir in ("--sasl-ir", "--no-sasl-ir"):
                self.curl("", "--login-options", mechanism, ir)

    def test_wrong_password_and_no_tls(self):
        self.curl("", password="wrong", status=67)
        self.curl("", scheme="imap", status=67)


if __name__ == "__main__":
    unittest.main()
