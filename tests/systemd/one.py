#!/usr/bin/env python3
"""one.py [NAME...] -- the tests of this folder, or those named, inside the
machine; the last line is "N passed, N failed"."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import look  # noqa: E402

look.end(*look.run(sys.argv[1:] or ["operations", "sandbox", "suite"]))
