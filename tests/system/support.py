"""support.py -- one server for all tests of a class, an account for each."""
import json
import os
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import harness  # noqa: E402

FAULT = re.compile(r"(?m)^.*(?:Sanitizer: |runtime error: ).*$")


def message(size):
    """About so many octets that nothing else has."""
    return b"Subject: m\r\n\r\n" + os.urandom(size // 2).hex().encode() + b"\r\n"


def append(raw, text, box=b"INBOX"):
    """The tagged line."""
    raw.send(b"z APPEND %s {%d}\r\n" % (box, len(text)))
    first = raw.line()
    if not first.startswith(b"+"):
        return first
    raw.send(text + b"\r\n")
    return raw.until(b"z ")[-1]


def within(period_s, seconds=harness.PATIENCE_S):
    """Waits until so many seconds are left of this hour, or this day: what is
    counted by it is one sum then."""
    left = period_s - time.time() % period_s
    if left < seconds:
        time.sleep(left)


class ServerTest(unittest.TestCase):
    conf = ""       # further lines of configuration
    directory = None
    accounts = 0

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(conf=cls.conf, directory=cls.directory)
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        """A server that stopped badly, or whose sanitizers had something to
        say, fails the class."""
        status = cls.server.stop()
        found = FAULT.findall(cls.server.log())
        cls.server.__exit__(None, None, None)
        if status not in (0, None) or found:
            raise AssertionError((status, found))

    @classmethod
    def new_user(cls):
        ServerTest.accounts += 1
        name = "user%d@example.org" % ServerTest.accounts
        cls.server.add_user(name)
        return name

    def partition(self, user):
        shown = self.server.roost("user", "show", user, "--json").stdout
        return json.loads(shown)[0]["partition"]

    def pair(self, apart):
        """Two accounts, in one partition or in two."""
        ann = self.new_user()
        while True:
            bob = self.new_user()
            if (self.partition(ann) != self.partition(bob)) == apart:
                return ann, bob

    def open(self, user, source="127.0.0.1"):
        """A session of the user's."""
        raw = harness.Raw(self.server.imaps_port, source=source).login(user)
        self.addCleanup(raw.close)
        return raw

    def ok(self, raw, command):
        answer = raw.run(command)
        self.assertIn(b" OK", answer[-1], (command, answer))
        return answer
