"""compressed.py -- COMPRESS=DEFLATE at a real server, over TLS.  behaviours
54, 55: commands pipelined behind it are compressed, never text; long ones do
not stall."""
import os
import unittest
import zlib

import support  # noqa: F401 (where harness is)
from harness import Raw, Server

USER = "ann@example.org"


class Client:
    """A session that compresses."""
    def __init__(self, test, behind=b""):
        self.raw = Raw(test.server.imaps_port).login(USER)
        test.addCleanup(self.raw.close)
        self.deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        self.inflate = zlib.decompressobj(-15)
        self.raw.sock.sendall(b"z COMPRESS DEFLATE\r\n" + behind)
        self.answer = self.raw.until(b"z ")[-1]
        self.got = self.inflate.decompress(self.raw.buffer)
        self.raw.buffer = b""

    def pack(self, text):
        return (self.deflate.compress(text)
                + self.deflate.flush(zlib.Z_SYNC_FLUSH))

    def until(self, end):
        """All up to the end of the stream, or to these octets."""
        while end not in self.got:
            piece = self.raw.sock.recv(65536)
            if not piece:
                break
            self.got += self.inflate.decompress(piece)
        got, self.got = self.got, b""
        return got

    def run(self, text, end):
        self.raw.sock.sendall(self.pack(text))
        return self.until(end)


class Compressed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.start()
        cls.server.add_user(USER, "secret")

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__(None, None, None)

    def test_messages(self):
        client = Client(self)
        self.assertIn(b"z OK", client.answer)
        client.run(b"a SELECT INBOX\r\n", b"a OK")
        for size in (100, 9000, 300000):
            text = os.urandom(size // 2).hex().encode()
            got = client.run(b"b APPEND INBOX {%d+}\r\n%s\r\n"
                             % (len(text), text), b"b OK")
            self.assertIn(b"APPENDUID", got)
            got = client.run(b"c FETCH * BODY.PEEK[]\r\n", b"c OK")
            self.assertIn(text, got)

    def test_text_behind_it_is_no_command(self):
        client = Client(self, b"x NOOP\r\n" * 20)
        self.assertIn(b"z OK", client.answer)
        got = client.until(b"\r\n")
        self.assertIn(b"* BYE what came was not compressed", got)
        self.assertNotIn(b"x OK", got + client.until(b"x OK"))

    def test_once_and_no_starttls(self):
        client = Client(self)
        self.assertIn(b"a NO [COMPRESSIONACTIVE]",
                      client.run(b"a COMPRESS DEFLATE\r\n", b"\r\n"))
        self.assertIn(b"b BAD", client.run(b"b STARTTLS\r\n", b"\r\n"))

    def test_not_before_log_in(self):
        raw = Raw(self.server.imaps_port)
        self.addCleanup(raw.close)
        raw.send(b"a COMPRESS DEFLATE\r\n")
        self.assertRegex(raw.until(b"a ")[-1], rb"^a (BAD|NO)")


if __name__ == "__main__":
    unittest.main()
