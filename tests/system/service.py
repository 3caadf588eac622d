"""service.py -- roostd as systemd runs it: what the unit takes away, and that
the server does not miss it."""
import glob
import os
import re
import subprocess
import tempfile
import unittest

import support  # noqa: F401 (where harness is)
import harness

UNIT = os.path.join(harness.ROOT, "conf", "roostd.service")
HERE = os.path.dirname(os.path.abspath(__file__))
EXPOSURE_MOST = 2.0

# Each thing a server asks of the kernel is asked for by one of these.
TESTS = ["commands", "resumption", "bad_days", "processes.Limits",
         "processes.Stop", "processes.Users", "hostile_mail",
         "processes.Children.test_each_that_dies_is_started_again",
         "processes.Children.test_all_at_once",
         "processes.Children.test_nobody_has_more_than_he_needs"]

CONFINED = """#!/bin/sh
exec python3 %s %s "$2" %s "$@"
"""


class Service(unittest.TestCase):
    def test_exposure(self):
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--no-pager",
             UNIT], capture_output=True, text=True)
        score = re.search(r"exposure level .*: ([0-9.]+)", done.stdout)
        self.assertLessEqual(float(score[1]), EXPOSURE_MOST, done.stdout)

    def test_units_are_understood(self):
        """apart from what is not installed here"""
        units = [UNIT] + glob.glob(os.path.join(harness.ROOT, "conf",
                                                "*.socket"))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no",
                               *units], capture_output=True, text=True)
        lines = [line for line in done.stderr.splitlines()
                 if "is not executable" not in line]
        self.assertEqual(lines, [])

    def run_confined(self, command):
        """Its last line, with a build whose roostd is confined."""
        build = os.path.join(harness.ROOT, os.environ["ROOST_BUILD"])
        with tempfile.TemporaryDirectory(prefix="roost-service-") as top:
            os.symlink(os.path.join(build, "roost"),
                       os.path.join(top, "roost"))
            roostd = os.path.join(top, "roostd")
            with open(roostd, "w") as f:
                f.write(CONFINED % (os.path.join(HERE, "confine.py"), UNIT,
                                    os.path.join(build, "roostd")))
            os.chmod(roostd, 0o755)
            done = subprocess.run(
                command, env=dict(os.environ, ROOST_BUILD=top), text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:])
        return done.stdout.splitlines()[-1]

    def test_its_own_tests_pass(self):
        last = self.run_confined([os.path.join(HERE, "run"), *TESTS])
        self.assertRegex(last, r"^[1-9]\d+ passed, 0 failed$")

    def test_transcripts_pass(self):
        """with charsets, for which iconv loads libraries"""
        transcripts = os.path.join(harness.ROOT, "tests", "transcripts")
        last = self.run_confined(
            [os.path.join(transcripts, "over_tls.py"),
             *glob.glob(os.path.join(transcripts, "search", "*.imap"))])
        self.assertRegex(last, r"^[1-9]\d+ passed, 0 failed$")


if __name__ == "__main__":
    unittest.main()
