"""sockets.py -- what the kernel knows of TCP connections (IPv4): whose they
are, and what lies in their queues."""
import collections
import os
import re
import time

import harness

# local, remote: ports; unsent: also what is not acknowledged
Connection = collections.namedtuple("Connection",
                                    "local remote unsent unread inode")


def connections():
    with open("/proc/net/tcp") as f:
        rows = [line.split() for line in f.readlines()[1:]]
    port = lambda address: int(address.split(":")[1], 16)
    return [Connection(port(row[1]), port(row[2]),
                       *(int(n, 16) for n in row[4].split(":")), row[9])
            for row in rows]


def clients(port):
    """The ends that somebody holds of those that are connected to it."""
    return [c for c in connections() if c.remote == port and c.inode != "0"]


def peers(pid):
    """The other ends of its connections."""
    inodes = set()
    try:
        for fd in os.listdir("/proc/%d/fd" % pid):
            found = re.match(r"socket:\[(\d+)\]",
                             os.readlink("/proc/%d/fd/%s" % (pid, fd)))
            if found:
                inodes.add(found.group(1))
    except OSError:
        pass
    return {c.remote for c in connections() if c.inode in inodes}


def wait_read(*socks):
    """Until the other ends, on this machine, have read all that was sent. An
    answer to somebody else doesn't say so: neither what has been sent on
    several connections nor what has come on them keeps its order."""
    ends = {(s.getsockname()[1], s.getpeername()[1]) for s in socks}
    wait_none(lambda c: c.unsent and (c.local, c.remote) in ends)
    wait_none(lambda c: c.unread and (c.remote, c.local) in ends)


def wait_none(waits):
    end = time.monotonic() + harness.PATIENCE_S
    while any(map(waits, connections())):
        if time.monotonic() > end:
            raise AssertionError("what was sent is not read")
        time.sleep(0.01)
