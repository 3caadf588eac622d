#!/usr/bin/env python3
"""one.py NAME -- the tests of one file, class or method of this folder; the
last line is "N passed, N failed"."""
import sys
import unittest

import support  # noqa: F401
import tidy

with tidy.up():
    suite = unittest.defaultTestLoader.loadTestsFromName(sys.argv[1])
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
failed = len(result.failures) + len(result.errors) + len(result.skipped)
print("%d passed, %d failed" % (max(0, result.testsRun - failed), failed))
sys.exit(failed != 0)
