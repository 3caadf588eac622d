"""small_disk.py -- a file system of the test's own, in memory, that can be
filled. Mounting it needs root."""
import os
import subprocess
import tempfile


class SmallDisk:
    def __init__(self, size):
        self.size = size
        self.path = None

    def __enter__(self):
        if os.getuid() != 0:
            return self
        path = tempfile.mkdtemp(prefix="roost-small-")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + self.size,
                        "none", path], check=True)
        self.path = path
        return self

    def __exit__(self, *what):
        if self.path is not None:
            subprocess.run(["umount", self.path], check=True)
            os.rmdir(self.path)
