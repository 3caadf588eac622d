#!/usr/bin/env python3
"""one.py NAME -- the tests of one file, class or method of this folder; the
last line is "N passed, N failed"."""
import sys

import support  # noqa: F401
import look

look.end(*look.run(sys.argv[1:2]))
