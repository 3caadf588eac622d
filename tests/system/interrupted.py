"""interrupted.py -- tests that are interrupted leave nothing behind."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest


class Interrupted(unittest.TestCase):
    def test_nothing_is_left(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                top = tempfile.mkdtemp()
                self.addCleanup(shutil.rmtree, top)
                with subprocess.Popen(
                        [sys.executable, "one.py", "stuck"], text=True,
                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                        env=dict(os.environ, TMPDIR=top)) as run:
                    server = next(int(said[1]) for said in map(
                        re.compile(r"server (\d+)").search, run.stdout)
                        if said)
                    self.assertNotEqual(os.listdir(top), [])
                    run.send_signal(number)
                    run.stdout.read()
                self.assertNotEqual(run.returncode, 0)
                self.assertEqual(os.listdir(top), [])
                self.assertRaises(ProcessLookupError, os.kill, server, 0)


if __name__ == "__main__":
    unittest.main()
