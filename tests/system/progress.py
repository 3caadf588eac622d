"""progress.py -- a command that takes long says so while it runs, of the
owner's mailbox and of another's, wherever that lives.  behaviour 171, RFC
9585"""
import os
import re
import time
import unittest

import support

SAID = re.compile(rb'\* OK \[INPROGRESS \("([^"]*)" (\d+) NIL\)\] ')
TELL_S = 10             # it is told as often
TEXT = b"Subject: m\r\n\r\n" + b"\r\n".join(
    os.urandom(36).hex().encode() for _ in range(1000))


class Progress(support.ServerTest):
    def search(self, raw, keys=b" NOT BODY nosuch" * 400):
        """What it is told, and how long it takes."""
        began = time.monotonic()
        lines = self.ok(raw, b"UID SEARCH" + keys)
        return lines, time.monotonic() - began

    def grow(self, owner, n, most):
        """From n messages on."""
        while n < most:
            more = min(n, most - n)
            self.ok(owner, b"COPY 1:%d Long" % more)
            n += more

    def long(self, owner, raw, times):
        """One that is told of so often: the mailbox grows until it is."""
        n = 1
        while True:
            lines, took = self.search(raw)
            if sum(b"INPROGRESS" in line for line in lines) >= times:
                return lines, took
            needed = (times + 0.3) * TELL_S / took
            most = 1 + n + max(n // 4, int(n * min(needed - 1, 20)))
            self.grow(owner, n, most)
            n = most
            self.ok(raw, b"NOOP")

    def check(self, owner, raw, name, times):
        self.ok(owner, b"CREATE Long")
        self.ok(owner, b"SETACL Long anyone lr")
        self.assertIn(b" OK", support.append(owner, TEXT, b"Long"))
        self.ok(owner, b"EXAMINE Long")
        self.ok(raw, b"EXAMINE " + name)
        lines, took = self.long(owner, raw, times)
        *said, found, last = lines
        told = [SAID.match(line) for line in said]
        self.assertNotIn(None, told, said)
        self.assertEqual({b"r%d" % raw.tags}, {m[1] for m in told})
        numbers = [int(m[2]) for m in told]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertLess(0, numbers[0])
        self.assertLessEqual(len(told), took / TELL_S)
        self.assertTrue(found.startswith(b"* SEARCH 1 "), found)
        self.assertIn(b" OK ", last)
        # not a word behind the answer, nor of what is quick
        self.assertEqual(1, len(self.ok(raw, b"NOOP")))
        self.assertEqual(2, len(self.search(raw, b" UID 1")[0]))

    def test_own(self):
        user = self.new_user()
        self.check(self.open(user), self.open(user), b"Long", 2)

    def test_of_another(self):
        ann, bob = self.pair(True)
        self.check(self.open(ann), self.open(bob),
                   b'"Other Users/%s/Long"' % ann.encode(), 1)


if __name__ == "__main__":
    unittest.main()
