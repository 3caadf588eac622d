"""charsets.py -- texts in charsets whose converters are files: the processes
that need them see no files."""
import base64
import unittest

import support

WORDS = {"koi8-r": "весна", "iso-2022-jp": "日本語", "gb18030": "春天",
         "big5": "春天", "euc-kr": "봄날", "windows-1253": "άνοιξη"}


def delivered(charset, word):
    text = base64.b64encode(word.encode(charset)).decode()
    return ("Subject: =?%s?B?%s?=\r\nContent-Type: text/plain; charset=%s\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n%s\r\n" % (
                charset, text, charset, text)).encode()


class Charsets(support.ServerTest):
    def test_each(self):
        """A parser reads the Subject, mail the text: both as UTF-8, and mail
        what a client asks for in its own charset."""
        user = self.new_user()
        for charset, word in WORDS.items():
            with self.server.lmtp() as lmtp:
                lmtp.sendmail("s@example.org", user, delivered(charset, word))
        with self.server.imap(user) as imap:
            imap.select()
            for n, (charset, word) in enumerate(WORDS.items(), 1):
                for key, of_client in (("SUBJECT", "utf-8"), ("BODY", "utf-8"),
                                       ("SUBJECT", charset)):
                    imap.literal = word.encode(of_client)
                    found = imap.search(of_client, key)[1][0].split()
                    self.assertIn(str(n).encode(), found, (charset, key))


if __name__ == "__main__":
    unittest.main()
