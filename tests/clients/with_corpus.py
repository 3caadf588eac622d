"""with_corpus.py -- 6,046 messages of strangers, in by LMTP, out by IMAP.

They must come back byte by byte below what delivery adds, and ENVELOPE and
BODYSTRUCTURE must agree with Python's email package wherever that finds a
message well formed (as tests/mime_oracle says what agreeing is).
"""
import collections
import email
import os
import re
import socket
import sys
import threading
import unittest

import client
from client import HERE, HOST, NPM, ClientTest, crlf
from harness import PATIENCE_S, Raw

sys.path.insert(0, os.path.join(os.path.dirname(HERE), "mime_oracle"))
import agree  # noqa: E402

DATA = os.path.join(NPM, "node_modules", "@stdlib", "datasets-spam-assassin",
                    "data")
MESSAGES = 6046
CONNECTIONS = 4         # two to each of two accounts
ADDED = re.compile(rb"Return-Path: <a@example.org>\r\n"
                   rb"Delivered-To: [^\r]*\r\n")


def corpus():
    out = []
    for name in agree.messages_below(DATA):
        with open(name, "rb") as f:
            text = crlf(f.read())
        out.append(text if text.endswith(b"\r\n") else text + b"\r\n")
    return out


def deliver(port, user, texts, refused):
    """Pipelined: with each message goes all of the next transaction."""
    sock = socket.create_connection((HOST, port), PATIENCE_S)
    replies = sock.makefile("rb")
    envelope = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (
        user.encode())
    sock.sendall(b"LHLO test\r\n" + envelope)
    lines = [read_reply(replies), read_reply(replies)]
    for text in texts:
        lines += [read_reply(replies) for _ in range(3)]
        stuffed = re.sub(rb"(?m)^\.", b"..", text)
        sock.sendall(stuffed + b".\r\n" + envelope)
        lines.append(read_reply(replies))
    refused += [x for x in lines if x[:1] not in (b"2", b"3")]
    sock.close()


def read_reply(replies):
    """The last line of a reply."""
    while True:
        line = replies.readline()
        if line[3:4] != b"-":
            return line


def responses(lines):
    """FETCH responses with their literals as quoted strings."""
    rest = iter(lines)
    for line in rest:
        while re.search(rb"\{\d+\}$", line):
            quoted = re.sub(rb'(["\\])', rb"\\\1", next(rest))
            line = (line[:line.rindex(b"{")] + b'"' + quoted + b'"' +
                    next(rest))
        if b" FETCH (" in line[:30]:
            yield line


def read_response(line):
    """UID, ENVELOPE and BODYSTRUCTURE of a FETCH response, as text."""
    text = line.decode("utf-8", "surrogateescape")
    match = re.fullmatch(r"\* \d+ FETCH \(UID (\d+) ENVELOPE (\(.*\)) "
                         r"BODYSTRUCTURE (\(.*\))\)", text, re.S)
    if match is None:
        raise AssertionError(text)
    return int(match[1]), {"envelope": match[2], "bodystructure": match[3]}


def compare(message, digest):
    """As the oracle does; the fields that ENVELOPE has as they are, too."""
    both = agree.compare(message, digest)
    envelope = agree.read_list(digest["envelope"])
    for index, name in ((0, "Date"), (8, "In-Reply-To"), (9, "Message-ID")):
        theirs = message.get(name)
        if theirs is None or not agree.is_raw(theirs):
            both[name.lower()] = (envelope[index],
                                  theirs and agree.unfolded(theirs))
    return both


class Corpus(ClientTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.texts = corpus()
        cls.users = [cls.new_user() for _ in range(2)]
        cls.refused = []
        threads = [threading.Thread(target=deliver, args=(
            cls.server.lmtp_port, cls.users[n % 2], cls.texts[n::CONNECTIONS],
            cls.refused)) for n in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def everything(self):
        """(user, Held) of every message in the INBOX of both accounts."""
        for user in self.users:
            imap = self.server.imap(user)
            for held in client.fetch_held(imap, "INBOX"):
                yield user, held
            self.close(imap)

    def test_all_come_back_byte_by_byte(self):
        self.assertEqual(len(self.texts), MESSAGES)
        self.assertEqual(self.refused, [])
        back = collections.Counter()
        for user, held in self.everything():
            added = ADDED.match(held.text)
            self.assertIsNotNone(added, held.text[:200])
            self.assertIn(user.encode(), added[0])
            back[held.text[added.end():]] += 1
        self.assertEqual(sum(back.values()), MESSAGES)
        lost = collections.Counter(self.texts) - back
        self.assertEqual([x[:200] for x in lost], [])

    def structures(self, user):
        raw = Raw(self.server.imaps_port).login(user)
        raw.run(b"EXAMINE INBOX")
        lines = raw.run(b"UID FETCH 1:* (UID ENVELOPE BODYSTRUCTURE)")
        raw.close()
        return dict(map(read_response, responses(lines)))

    def test_envelope_and_structure(self):
        """behaviours 120, 124"""
        structures = {user: self.structures(user) for user in self.users}
        agreed = collections.Counter()
        compared = collections.Counter()
        for user, held in self.everything():
            digest = structures[user][held.uid]
            # most begin with mbox's "From " line, which email takes at the
            # very start only
            text = held.text[ADDED.match(held.text).end():]
            message = email.message_from_bytes(text)
            if agree.defects(message):
                agree.read_list(digest["envelope"])
                agree.read_list(digest["bodystructure"])
                continue
            for what, (a, b) in compare(message, digest).items():
                compared[what] += 1
                agreed[what] += a == b
        self.assertGreater(compared["structure"], 0.9 * MESSAGES)
        for what, n in compared.items():
            self.assertGreaterEqual(agreed[what], agree.WANTED * n, what)


if __name__ == "__main__":
    unittest.main()
