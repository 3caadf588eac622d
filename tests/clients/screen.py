"""screen.py -- an X server without a screen, whose picture a test can read:
Xvfb keeps it in a file, in the format of xwd.
"""
import os
import struct
import subprocess
import zlib

SIZE = (1280, 900)
HEADER = struct.Struct(">25I")      # of version 7; see X11/XWDFile.h


class Screen:
    def __init__(self, scratch):
        self.directory = os.path.join(scratch, "screen")
        os.mkdir(self.directory)
        read, write = os.pipe()
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0",
             "%dx%dx24" % SIZE, "-nolisten", "tcp",
             "-fbdir", self.directory],
            pass_fds=(write,), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        with open(read, encoding="ascii") as f:
            number = f.readline().strip()
        if not number:
            raise AssertionError("Xvfb has ended")
        self.display = ":" + number

    def close(self):
        self.process.terminate()
        self.process.wait()

    def pointer(self, *words):
        """Does with the mouse what these words say to xdotool."""
        subprocess.run(["xdotool", *map(str, words)], check=True, timeout=30,
                       env=dict(os.environ, DISPLAY=self.display))

    def picture(self):
        with open(os.path.join(self.directory, "Xvfb_screen0"), "rb") as f:
            return Picture(f.read())


class Picture:
    """Pixels as bytes: blue, green, red, nothing."""

    def __init__(self, xwd):
        head = HEADER.unpack_from(xwd)
        self.width, self.height, self.line = head[4], head[5], head[12]
        colours = head[19]
        assert head[1] == 7 and head[11] == 32, head
        self.data = xwd[head[0] + 12 * colours:]

    def pixels(self, left, top, width, height):
        """(red, green, blue) of each pixel of a rectangle."""
        for y in range(top, top + height):
            at = y * self.line + left * 4
            row = self.data[at:at + width * 4]
            yield from zip(row[2::4], row[1::4], row[0::4])

    def ink(self, rectangle):
        """The share of its pixels that stand out from its background, which
        is the colour that most of it has."""
        counts = {}
        for pixel in self.pixels(*rectangle):
            counts[pixel] = counts.get(pixel, 0) + 1
        ground = max(counts, key=counts.get)
        return sum(n for pixel, n in counts.items() if max(
            abs(a - b) for a, b in zip(pixel, ground)) > 96) \
            / sum(counts.values())

    def save(self, path):
        """As PNG."""
        lines = b"".join(
            b"\0" + bytes(c for p in self.pixels(0, y, self.width, 1)
                          for c in p) for y in range(self.height))
        with open(path, "wb") as f:
            f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(
                ">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(lines, 6)) + chunk(b"IEND", b""))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + \
        struct.pack(">I", zlib.crc32(kind + data))
