"""look.py -- runs tests of unittest, and counts them.

With $SECOND_LOOK the classes of those that failed are run once more: a machine
with ten times too much to do makes one of a thousand fail that is right. What
passes then is said on a line of its own, "unsteady: NAME", and is to be mended
all the same. What a sanitizer has found is never looked at again.
"""
import os
import re
import sys
import unittest

import tidy

FOUND = re.compile("Sanitizer: |runtime error: ")


def look(names):
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    return unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)


def failures(result):
    return result.failures + result.errors + result.skipped


def class_of(test):
    """module.Class, also of a subtest, and of a setUpClass."""
    test = getattr(test, "test_case", test)
    held = re.fullmatch(r"\w+ \((.+)\)", test.id())
    return held[1] if held else test.id().rpartition(".")[0]


def second_look(bad):
    """What failed again, of those that did."""
    classes = sorted({class_of(test) for test, _ in bad})
    if (not bad or not os.environ.get("SECOND_LOOK")
            or any(c.startswith("unittest.") for c in classes)
            or any(FOUND.search(said) for _, said in bad)):
        return bad
    print("-- once more: %s" % " ".join(classes), flush=True)
    again = failures(look(classes))
    left = {test.id() for test, _ in again}
    for test, _ in bad:
        if test.id() not in left:
            print("unsteady: %s" % test.id())
    return again


def run(names):
    """All tests of these modules, classes or methods: how many passed, and
    how many did not."""
    with tidy.up():
        result = look(names)
        failed = len(second_look(failures(result)))
    return max(0, result.testsRun - failed), failed


def end(passed, failed):
    """With the line that says so."""
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(failed != 0)
