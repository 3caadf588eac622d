"""installed.py -- roostd on this machine, installed by typing what
docs/operating.md has, and what an administrator does with it."""
import contextlib
import os
import pwd
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import harness  # noqa: E402
from harness import PATIENCE_S, ROOT, Raw  # noqa: E402, F401

HERE = os.path.dirname(os.path.abspath(__file__))
SECTIONS = ["Build and install", "Users", "Directory and configuration",
            "systemd"]
CONF = "/etc/roost/roost.conf"
UNIT = "roostd.service"
SOCKETS = ["roostd-%s.socket" % name
           for name in ("auth", "imap", "imaps", "lmtp", "metrics")]
LMTP = "/var/spool/postfix/private/roost-lmtp"
ANN = "ann@example.org"
IMAP, IMAPS, METRICS = 143, 993, 20993


def sh(script, check=True, stdin=None):
    """What it prints."""
    done = subprocess.run(["bash", "-euc", script], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          input=stdin)
    if check and done.returncode != 0:
        raise AssertionError("%s\n%s\n%s" % (script, done.stdout,
                             sh("journalctl -n 20", check=False)))
    return done.stdout


@contextlib.contextmanager
def acting_as(name):
    """What is opened meanwhile is opened by that user."""
    user = pwd.getpwnam(name)
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def status(script):
    """How it ends, instead."""
    return subprocess.run(["bash", "-euc", script], cwd=ROOT,
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode


def blocks(title):
    """What is to be typed in a section: indented lines, up to the next that
    is not."""
    with open(os.path.join(ROOT, "docs", "operating.md")) as f:
        section = re.search(r"(?ms)^## %s$(.*?)^## " % re.escape(title),
                            f.read())[1]
    return re.findall(r"(?m)(?:^    .*\n)+", section)


def configure(text):
    """Lines of roost.conf, in the place of those of the same options."""
    with open(CONF) as f:
        lines = f.readlines()
    for line in text.splitlines():
        name = line.split("=")[0].strip()
        lines = [x for x in lines if x.split("=")[0].strip() != name]
        lines.append(line.strip() + "\n")
    with open(CONF, "w") as f:
        f.writelines(lines)


def install():
    """Once, with an account."""
    if os.path.exists(CONF):
        return
    for title in SECTIONS:
        for block in blocks(title):
            if re.fullmatch(r"(?:    \w+ = ?.*\n)+", block):
                configure(block)
            else:
                sh(block.replace("./dev release\n", "true\n").replace(
                    "build/release", os.environ["ROOST_BUILD"]))
    sh("roost user add %s" % ANN, stdin="secret\n")


# -- what it is asked --

def shown(name, unit=UNIT):
    return sh("systemctl show -P %s %s" % (name, unit)).strip()


def is_active(unit=UNIT):
    return shown("ActiveState", unit) == "active"


def main_pid():
    return int(shown("MainPID"))


def processes():
    """{process id: title} of all that are in the service's control group."""
    path = "/sys/fs/cgroup/system.slice/%s/cgroup.procs" % UNIT
    out = {}
    with open(path) as f:
        for pid in f.read().split():
            with open("/proc/%s/comm" % pid) as comm:
                out[int(pid)] = comm.read().strip()
    return out


def wait_for(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it does not come")
        time.sleep(0.05)


def journal(since, pattern):
    """Its lines with it since then."""
    return sh("journalctl -q -u roostd -o cat --since=@%f -g %r" % (
        since, pattern), check=False).splitlines()
