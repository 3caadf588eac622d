"""demo.py -- what `./dev run` starts: each line that it prints works as it
stands there, and Ctrl-C ends it well."""
import os
import pty
import re
import signal
import subprocess
import tempfile
import unittest

import harness
import support  # noqa: F401
from commands import Terminal, as_a_shell

BUILD = os.environ.get("ROOST_BUILD", "build/san")


class Demo(Terminal):
    """It, as the only job of a terminal."""
    def __init__(self, top, ports):
        self.seen = b""
        self.at = 0
        self.master, self.slave = pty.openpty()
        self.process = subprocess.Popen(
            [os.path.join(harness.ROOT, "tools", "demo"), BUILD,
             os.path.join(top, "demo"), *map(str, ports)], cwd=harness.ROOT,
            stdin=self.slave, stdout=self.slave, stderr=self.slave,
            start_new_session=True, preexec_fn=as_a_shell)

    def status(self):
        while self.process.poll() is None:
            self.read()
        return super().status()

    def close(self):
        """What a test that fails has left."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        super().close()


class Demonstration(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = folder.name
        self.ports = harness.free_ports(3)

    def start(self):
        demo = Demo(self.top, self.ports)
        self.addCleanup(demo.close)
        demo.answer(b" deliver -d demo@example.org", b"")
        return demo

    def lines(self, demo):
        return re.findall(r"(?m)^  (\S.*?)\r?$", demo.seen.decode())

    def shell(self, line):
        done = subprocess.run(line, shell=True, text=True, check=False,
                              capture_output=True)
        self.assertEqual(0, done.returncode, line + done.stderr)
        return done.stdout

    def stop(self, demo):
        os.write(demo.master, b"\x03")
        self.assertEqual(130, demo.status())
        self.assertIn(b"event=stopping", demo.seen)
        self.assertNotIn(b"event=child_killed", demo.seen)
        self.assertNotIn(b"event=child_died", demo.seen)

    def test_it_runs_and_ends(self):
        demo = self.start()
        fetch, read, login, mutt, deliver = self.lines(demo)
        self.assertIn("* 3 FETCH", self.shell(fetch))
        self.assertIn("Subject: Welcome to roost", self.shell(read))
        self.assertIn("b OK STATUS completed", self.shell(login))
        self.assertIn("localhost:%d" % self.ports[1], mutt)
        self.assertEqual("", self.shell(deliver))
        self.stop(demo)
        again = self.start()    # with what there was
        said = self.shell(self.lines(again)[2])
        self.assertIn("(MESSAGES 33 ", said)
        self.stop(again)


if __name__ == "__main__":
    unittest.main()
