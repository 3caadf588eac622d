"""nemesis.py -- what is done to the server while clients work.

    blows = nemesis.everything(setting, until, seed)

Kills, pauses, reloads, a full disk; each blow is written down with the clients whose
sockets the victim held, so that a lost session can be held against it.
"""
import collections
import os
import random
import signal
import time

import sockets
from harness import PATIENCE_S, children
from record import clock

ROLES = ["mail", "gate", "auth", "parse"]    # as far as they exist
BALLAST = 1 << 20
FULL_S = 0.5

# name: of the process, as "mail/2"; ports: of clients, at its sockets
Blow = collections.namedtuple("Blow", "kind name t0 t1 ports")


def title(pid):
    try:
        with open("/proc/%d/comm" % pid) as f:
            return f.read().strip()
    except OSError:
        return ""


def alive(server):
    """Those that can be struck: their title says what they are."""
    return [(pid, name) for pid in children(server.process.pid)
            for name in [title(pid)] if name.split("/")[0] in ROLES]


def kill_one(server, rnd):
    """None: there is nobody just now."""
    there = alive(server)
    if not there:
        return None
    pid, name = rnd.choice(there)
    try:
        os.kill(pid, signal.SIGSTOP)    # its sockets stay as they are
        ports = sockets.peers(pid)
        t0 = clock()
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:          # it was about to be buried
        return None
    return Blow("kill", name, t0, clock(), ports)


def pause_one(server, rnd):
    there = alive(server)
    if not there:
        return None
    pid, name = rnd.choice(there)
    t0 = clock()
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(rnd.uniform(0.1, 2))
    finally:
        os.kill(pid, signal.SIGCONT)
    return Blow("pause", name, t0, clock(), set())


def kill_all(server, rnd):
    """The parent, and with it all; then it is started again."""
    t0 = clock()
    if rnd.random() < 0.5:
        server.kill()
    else:
        orphans = children(server.process.pid)
        server.process.kill()
        server.process.wait()
        wait_gone(orphans)
        server.process = None
    server.start()
    return Blow("kill", "all", t0, clock(), set())


def wait_gone(pids):
    """Children must end by themselves when their parent has gone."""
    end = time.monotonic() + PATIENCE_S
    while any(os.path.exists("/proc/%d" % pid) for pid in pids):
        if time.monotonic() > end:
            raise AssertionError("children outlive their parent")
        time.sleep(0.01)


def fill_disk(server, _rnd):
    """Until not one octet is left; emptied again. Only on a small file
    system of the test's own."""
    t0 = clock()
    path = os.path.join(server.top, "ballast")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    chunk = bytes(BALLAST)
    while chunk:
        try:
            os.write(fd, chunk)
        except OSError:
            chunk = chunk[:len(chunk) // 2]
    os.close(fd)
    time.sleep(FULL_S)
    os.unlink(path)
    return Blow("fill", "disk", t0, clock(), set())


def reload(server, _rnd):
    """The configuration and the certificate anew: nobody notices."""
    t0 = clock()
    server.process.send_signal(signal.SIGHUP)
    return Blow("reload", "all", t0, clock(), set())


def everything(can_fill, seed):
    """A function for Setting.run(): one blow after the other."""
    rnd = random.Random(seed)
    kinds = [kill_one] * 6 + [pause_one] * 3 + [kill_all, reload]
    kinds += [fill_disk] * 2 if can_fill else []

    def nemesis(setting, until):
        while time.monotonic() < until - 1:
            time.sleep(rnd.uniform(0.1, 0.6))
            setting.blows.append(rnd.choice(kinds)(setting.server, rnd))
        setting.blows = [b for b in setting.blows if b is not None]
    return nemesis


def kills(count, every_s, seed):
    """A random child every so often, so many times."""
    rnd = random.Random(seed)

    def nemesis(setting, until):
        due = time.monotonic() + 1
        while len(setting.blows) < count and time.monotonic() < until:
            time.sleep(max(0, due - time.monotonic()))
            due = max(due + every_s, time.monotonic())
            blow = kill_one(setting.server, rnd)
            if blow is not None:
                setting.blows.append(blow)
    return nemesis
