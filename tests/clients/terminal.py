"""terminal.py -- runs a program that wants a terminal, in a pty."""
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

from client import PATIENCE_S

SIZE = struct.pack("HHHH", 40, 120, 0, 0)


def run(command, env, cwd, timeout=PATIENCE_S):
    """Its exit status and everything it drew; it is stopped after the timeout,
    and its status is None then."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, SIZE)
    process = subprocess.Popen(command, stdin=slave, stdout=slave,
                               stderr=slave, env=env, cwd=cwd,
                               start_new_session=True)
    os.close(slave)
    end = time.monotonic() + timeout
    screen = read_all(master, process, end)
    try:
        status = process.wait(max(1, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait(PATIENCE_S)
        status = None
    os.close(master)
    return status, screen


def read_all(master, process, end):
    out = b""
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.1)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            data = os.read(master, 65536)
        except OSError:     # Linux says so when the other end is closed
            data = b""
        if not data:
            break
        out += data
    return out.decode("utf-8", "replace")
