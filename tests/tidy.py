"""tidy.py -- a run of tests leaves no process, no mount and no directory
behind, also when it is interrupted (^C, SIGTERM) and nothing else is undone.

    with tidy.up():
        ...                 all that tempfile makes is in one directory
"""
import contextlib
import os
import signal
import subprocess
import tempfile
import time

from harness import children

GRACE_S = 30
ENDINGS = contextlib.ExitStack()    # of daemons, which are not below us


def below(pid):
    """All processes below pid."""
    for child in children(pid):
        yield child
        yield from below(child)


def send(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def has_ended(pid):
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:       # somebody has waited for it
        return True


def end_children():
    """They are asked to; after that they must, with all that is theirs."""
    left = children(os.getpid())
    for pid in left:
        send(pid, signal.SIGTERM)
        send(pid, signal.SIGCONT)   # a test may have stopped it
    end = time.monotonic() + GRACE_S
    while left and time.monotonic() < end:
        time.sleep(0.02)
        left = [pid for pid in left if not has_ended(pid)]
    for pid in left:
        send(pid, signal.SIGSTOP)   # it starts nothing meanwhile
        for process in [*below(pid), pid]:
            send(process, signal.SIGKILL)
        os.waitpid(pid, 0)


def unmount(top):
    with open("/proc/self/mounts") as f:
        places = [line.split()[1] for line in f]
    for place in reversed(places):
        if place.startswith(top + "/"):
            subprocess.run(["umount", place])


def heed(handler):
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def interrupt(_number, _frame):
    heed(signal.SIG_IGN)            # once: what is undone is undone whole
    raise KeyboardInterrupt


@contextlib.contextmanager
def up():
    heed(interrupt)
    with tempfile.TemporaryDirectory(prefix="roost-tests-",
                                     ignore_cleanup_errors=True) as top:
        os.chmod(top, 0o755)        # some work there as another user
        tempfile.tempdir = top
        try:
            yield
        finally:
            heed(signal.SIG_IGN)
            try:
                ENDINGS.close()
            finally:
                end_children()
                unmount(top)
