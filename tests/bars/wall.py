"""wall.py -- clocks that a test can set (wallclock.c)."""
import mmap
import os
import struct
import subprocess
import time

from bar import HERE


class Wall:
    """The server's wall clock: ours and an offset; and time that passes."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "offset")
        with open(self.path, "wb") as f:
            f.write(bytes(16))
        with open(self.path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 16)
        self.offset = self.passed = 0
        self.library = os.path.join(directory, "wallclock.so")
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared",
                        "-fPIC", "-D_GNU_SOURCE", "-o", self.library,
                        os.path.join(HERE, "wallclock.c")], check=True)

    def env(self):
        return {"LD_PRELOAD": self.library, "WALLCLOCK": self.path}

    def jump(self, move):
        self.offset = int(move(self.offset))
        self.write()

    def go_on(self, seconds):
        """So much later, but not by the wall clock."""
        self.passed += seconds
        self.write()

    def write(self):
        self.map[:] = struct.pack("=qq", self.offset, self.passed)

    def now(self):
        return time.time() + self.offset
