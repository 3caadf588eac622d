"""crowd.py -- many connections, held by a program of their own (crowd.c)."""
import subprocess

from bar import program


class Crowd:
    """
    with Crowd(directory, "--port", "993", "--count", "300", "--tls") as c:
        c.wait_up()         # greeted, closed, opened, seconds
        ...
        c.end()             # closed by the server, first and last after s
    """

    def __init__(self, directory, *options, say=None):
        path = program("crowd", directory, "-lssl", "-lcrypto")
        self.child = subprocess.Popen(
            [path, *map(str, options)] + (["--say"] if say else []),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.child.stdin.write(say or b"")
        self.child.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()

    def _line(self, word):
        words = self.child.stdout.readline().split()
        if not words or words[0] != word:
            raise RuntimeError("crowd: %r" % words)
        return [float(w) for w in words[1:]]

    def wait_up(self):
        return self._line(b"up")

    def end(self):
        self.child.terminate()
        return self._line(b"closed")
