"""suite.py -- tests of tests/system and their server, started by systemd as
conf/roostd.service has it: its own directory and listeners are the test's."""
import os
import re
import signal
import sys
import tempfile
import time

from installed import HERE, PATIENCE_S, install, sh, status
import harness

sys.path.insert(0, os.path.join(HERE, "..", "system"))
UNITS = "/etc/systemd/system/"
STATE = "/var/lib"
KINDS = ("imap", "imaps", "lmtp", "metrics")

# As in tests/system/service.py: what a server asks of the kernel is asked
# for by one of these.
TESTS = ["commands", "resumption", "processes.Users", "hostile_mail",
         "processes.Children.test_each_that_dies_is_started_again",
         "processes.Children.test_all_at_once",
         "processes.Children.test_nobody_has_more_than_he_needs"]


def unit_text(server, name):
    with open(UNITS + "roostd.service") as f:
        text = f.read().split("[Install]")[0]
    for option, value in (
            ("ExecStart", "/usr/local/sbin/roostd -F -c " + server.conf),
            ("StateDirectory", os.path.relpath(server.dir, STATE)),
            ("Restart", "no")):
        text = re.sub(r"(?m)^%s=.*" % option, "%s=%s" % (option, value), text)
    text = re.sub(r"(?m)^(Wants|After|LoadCredential)=.*\n", "", text)
    sockets = " ".join(name + "-%s.socket" % kind for kind in KINDS)
    return (text + "Sockets=%s\nStandardError=append:%s\n" % (
        sockets, server.log_path) + "".join(
        'Environment="%s=%s"\n' % pair for pair in server.daemon_env.items()))


def write_sockets(server, name):
    """A socket unit for each kind that roost.conf has addresses for."""
    with open(server.conf) as f:
        lines = f.read()
    for kind in KINDS:
        found = re.findall(r"(?m)^listen_%s\s*=\s*(\S.*)$" % kind, lines)
        addresses = re.split(r",\s*", found[-1]) if found else []
        with open(UNITS + name + "-%s.socket" % kind, "w") as f:
            f.write("[Socket]\nBacklog=4096\nBindIPv6Only=ipv6-only\n"
                    "FileDescriptorName=%s\nService=%s.service\n" % (
                        kind, name))
            f.writelines("ListenStream=%s\n" % a for a in addresses)
        if addresses:
            yield name + "-%s.socket" % kind


class Process:
    """A service, as if it were a child."""
    number = 0

    def __init__(self, server):
        Process.number += 1
        self.name = "suite%d" % Process.number
        self.sockets = " ".join(write_sockets(server, self.name))
        with open(UNITS + self.name + ".service", "w") as f:
            f.write(unit_text(server, self.name))
        sh("systemctl daemon-reload; systemctl start " + self.sockets)
        self.returncode = None
        status("systemctl start " + self.name)
        # it has them; nobody who comes later starts it again
        sh("systemctl stop " + self.sockets)
        self.pid = int(self.shown("ExecMainPID"))

    def shown(self, name):
        return sh("systemctl show -P %s %s" % (name, self.name)).strip()

    def poll(self):
        if self.returncode is None and self.shown("ActiveState") in (
                "inactive", "failed"):
            how = int(self.shown("ExecMainStatus"))
            killed = self.shown("ExecMainCode") != "1"
            self.returncode = -how if killed else how
        return self.returncode

    def wait(self, timeout=PATIENCE_S):
        end = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > end:
                raise TimeoutError(self.name)
            time.sleep(0.02)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def spawn(server):
    server.process = Process(server)


def install_for_tests():
    """What confines it hides /tmp and where it was built."""
    install()
    top = os.path.join(STATE, "build")
    os.mkdir(top)
    os.symlink("/usr/local/sbin/roostd", os.path.join(top, "roostd"))
    os.symlink("/usr/local/bin/roost", os.path.join(top, "roost"))
    os.environ["ROOST_BUILD"] = top
    tempfile.tempdir = tempfile.mkdtemp(dir=STATE)
    os.chmod(tempfile.tempdir, 0o755)
    harness.Server.spawn = spawn


def load_tests(loader, _tests, _pattern):
    install_for_tests()
    return loader.loadTestsFromNames(TESTS)
