"""with_postfix.py -- Postfix delivers by LMTP, over TCP and a Unix socket."""
import os
import shutil
import tempfile
import unittest

from client import HOST, ClientTest, message
from postfix import Postfix
from processes import wait_for


class WithPostfix(ClientTest):
    @classmethod
    def setUpClass(cls):
        cls.sockets = tempfile.mkdtemp(prefix="roost-lmtp-")
        cls.addClassCleanup(shutil.rmtree, cls.sockets)
        os.chmod(cls.sockets, 0o755)
        path = os.path.join(cls.sockets, "lmtp")
        cls.conf = "lmtp_socket = %s\nlmtp_socket_user = postfix\n" % path
        super().setUpClass()
        cls.server.add_user("ann@unix.example.org")
        cls.postfix = Postfix({
            "example.org": "lmtp:[%s]:%d" % (HOST, cls.server.lmtp_port),
            "unix.example.org": "lmtp:unix:" + path})
        cls.addClassCleanup(cls.postfix.stop)
        cls.postfix.start()

    def wait_for(self, n):
        """The account's messages, as soon as there are n."""
        self.assertTrue(wait_for(lambda: len(self.held()) >= n),
                        self.postfix.log()[-2000:])
        return self.held()

    def assert_delivered(self, held, text):
        """The text, below the lines that delivery adds."""
        head, _, rest = held.text.partition(b"From: Ann")
        self.assertEqual(b"From: Ann" + rest, text)
        self.assertTrue(head.startswith(b"Return-Path: <"), head)
        self.assertIn(b"\r\nDelivered-To: " + self.user.encode(), head)
        self.assertIn(b"\r\nReceived: by postfix.example.org", head)

    def test_tcp(self):
        text = message("By TCP", ".\r\n..\r\n.dots.\r\n")
        self.postfix.send("ann@example.org", [self.user], text)
        self.assert_delivered(self.wait_for(1)[0], text)

    def test_unix_socket(self):
        self.user = "ann@unix.example.org"
        text = message("By Unix socket")
        self.postfix.send("ann@example.org", [self.user], text)
        self.assert_delivered(self.wait_for(1)[0], text)

    def test_unknown_recipient_bounces(self):
        """The known recipient of the same message has it nevertheless."""
        text = message("For two")
        self.postfix.send(self.user, ["nobody@example.org", self.user], text)
        held = self.wait_for(2)
        bounce = next(m.text for m in held
                      if m.text.startswith(b"Return-Path: <>\r\n"))
        self.assertIn(b"Final-Recipient: rfc822; nobody@example.org", bounce)
        self.assertIn(b"Status: 5.1.1", bounce)
        self.assertIn(b"smtp; 550 5.1.1", bounce)
        held.remove(next(m for m in held if m.text == bounce))
        self.assert_delivered(held[0], text)

    def test_many_at_once(self):
        texts = [message("Number %02d" % n, "x" * 60 + "\r\n" * (n + 1))
                 for n in range(30)]
        for text in texts:
            self.postfix.send("ann@example.org", [self.user], text)
        held = self.wait_for(len(texts))
        self.assertEqual(sorted(m.text.partition(b"From: Ann")[2]
                                for m in held),
                         sorted(t.partition(b"From: Ann")[2] for t in texts))

    def test_large_message(self):
        text = message("Large", ("0123456789" * 7 + "\r\n") * 20000)
        self.postfix.send("ann@example.org", [self.user], text)
        self.assert_delivered(self.wait_for(1)[0], text)


if __name__ == "__main__":
    unittest.main()
