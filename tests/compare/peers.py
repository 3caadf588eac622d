"""peers.py -- roost and Debian's Dovecot or Cyrus, side by side on loopback.

Each test class has roost and a peer (which root must start) and gets from
pair() a connection to each, logged in as the same new user.
"""
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import known
import known_cyrus
import tidy
from wire import Peer

from harness import ROOT, Server, three_ports

USERS = itertools.count(1)
PASSWORD = "pass"


KNOWN = {"dovecot": known.DOVECOT, "cyrus": known_cyrus.CYRUS}


class Other:
    """A script of bench/ with a directory and ports of its own."""

    def __init__(self, name, more=""):
        self.more = more        # settings
        self.dir = tempfile.mkdtemp(prefix="roost-compare-")
        self.script = os.path.join(ROOT, "bench", name)

    def run(self, *args):
        path = os.environ["PATH"] + ":/usr/sbin"
        subprocess.run([self.script, *args], check=True,
                       env=dict(os.environ, PATH=path))

    def __enter__(self):
        tidy.ENDINGS.callback(self.stop)
        os.chmod(self.dir, 0o755)
        self.port = three_ports()
        more = os.path.join(self.dir, "more.conf")
        with open(more, "w") as f:
            f.write(self.more)
        self.run("start", self.dir, str(self.port), more)
        return self

    def stop(self):
        """Again, too: it may have been interrupted."""
        self.run("stop", self.dir)
        shutil.rmtree(self.dir, ignore_errors=True)

    def __exit__(self, *_):
        self.stop()


class Both:
    """The same to roost and to its peer."""

    def __init__(self, ours, theirs):
        self.ours = ours
        self.theirs = theirs

    def ask(self, command):
        for peer in (self.ours, self.theirs):
            peer.start(command)
        return self.ours.finish(), self.theirs.finish()

    def need(self, command):
        """Both must say OK."""
        both = self.ask(command)
        if [x.status for x in both] != ["OK", "OK"]:
            raise AssertionError((command, both))
        return both

    def append(self, *args, **more):
        return self.ours.append(*args, **more), \
            self.theirs.append(*args, **more)

    def greetings(self):
        return self.ours.line(), self.theirs.line()

    def login(self, user):
        self.ours.login(user, PASSWORD)
        self.theirs.login(user, PASSWORD)

    def close(self):
        self.ours.close()
        self.theirs.close()


class CompareTest(unittest.TestCase):
    """check() takes note of differences; the end of a test weighs them."""
    peer = "dovecot"
    more = ""                   # settings of the peer's

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.start()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.other = cls.enterClassContext(Other(cls.peer, cls.more))

    @classmethod
    def new_user(cls):
        name = "user%d@example.org" % next(USERS)
        cls.server.add_user(name, PASSWORD)
        return name

    @classmethod
    def pair(cls, user):
        """Logged in, unless user is None."""
        both = Both(Peer(cls.server.imaps_port),
                    Peer(cls.other.port + 1))
        cls.addClassCleanup(both.close)
        if user is None:
            both.greetings()
        else:
            both.login(user)
        return both

    def setUp(self):
        self.compared = 0
        self.odd = []

    def check(self, what, ours, theirs):
        """what says which question it was; known.py has the answers that
        may differ."""
        self.compared += 1
        if ours != theirs and \
                not KNOWN[self.peer].explains(what, ours, theirs):
            self.odd.append("%s\n  roost:   %.1500r\n  %-9s%.1500r" % (
                what, ours, self.peer + ":", theirs))

    def tearDown(self):
        print("%d compared ... " % self.compared, end="", file=sys.stdout)
        self.assertEqual(len(self.odd), 0, "\n" + "\n".join(
            self.odd[:int(os.environ.get("ROOST_COMPARE_SHOW", "40"))]))
