"""sandbox.py -- what conf/roostd.service says is what the kernel does."""
import json
import os
import re
import unittest

from installed import (HERE, install, main_pid, processes, sh, shown)

STATE = "/var/lib/roost"
KEPT = {"chown": 0, "kill": 5, "setgid": 6, "setuid": 7, "setpcap": 8}
EXPOSURE_MOST = 2.0
WRITABLE = {STATE, "/tmp", "/var/tmp",  # the last two are its own
            "/proc", "/dev/pts"}


def setUpModule():
    install()


def status_of(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f
                    if ":\t" in line)


def namespaces(pid):
    return {name: os.readlink("/proc/%s/ns/%s" % (pid, name))
            for name in ("mnt", "net", "uts")}


class Sandbox(unittest.TestCase):
    def test_each_process(self):
        """Its rights, its filter, its user, and what it shares with us."""
        main = main_pid()
        own = namespaces("self")
        roles = processes()
        self.assertGreaterEqual(len(roles), 8)
        for pid, role in roles.items():
            with self.subTest(role=role):
                is_main = pid == main
                has = status_of(pid)
                kept = sum(1 << bit for bit in KEPT.values()) * is_main
                for name in ("CapPrm", "CapEff", "CapBnd"):
                    self.assertEqual(int(has[name], 16), kept, name)
                for name in ("CapInh", "CapAmb"):
                    self.assertEqual(int(has[name], 16), 0, name)
                self.assertEqual((has["NoNewPrivs"], has["Seccomp"]),
                                 ("1", "2"))
                self.assertEqual(has["Uid"].split()[1] == "0", is_main)
                for name, where in namespaces(pid).items():
                    self.assertNotEqual(where, own[name], name)

    def test_what_is_writable(self):
        with open("/proc/%d/mountinfo" % main_pid()) as f:
            mounts = [line.split() for line in f]
        writable = {m[4] for m in mounts if "rw" in m[5].split(",")}
        self.assertIn(STATE, writable)
        self.assertFalse({place for place in writable - WRITABLE
                          if not place.startswith("/tmp/")})

    def test_no_network_but_its_sockets(self):
        with open("/proc/%d/net/dev" % main_pid()) as f:
            self.assertEqual(re.findall(r"(?m)^ *(\w+):", f.read()), ["lo"])

    def test_limits(self):
        limits = sh("cat /proc/%d/limits" % main_pid())
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        self.assertEqual(shown("LimitNOFILE"), "65536")

    def test_exposure(self):
        said = sh("systemd-analyze security --no-pager roostd")
        score = re.search(r"exposure level .*: ([0-9.]+)", said)
        self.assertLessEqual(float(score[1]), EXPOSURE_MOST, said)


class Probe(unittest.TestCase):
    """A program that tries, in the place of roostd."""

    @classmethod
    def setUpClass(cls):
        sh("install -m 755 %s/probe.py /usr/local/sbin/probe" % HERE)
        with open("/etc/systemd/system/roostd.service") as f:
            unit = f.read().split("[Install]")[0]
        for name, value in (
                ("Type", "oneshot"), ("Restart", "no"),
                ("ExecStart", "/usr/local/sbin/probe %s/inside" % STATE)):
            unit = re.sub(r"(?m)^%s=.*" % name, name + "=" + value, unit)
        unit = re.sub(r"(?m)^(Wants|After|ExecReload)=.*\n", "", unit)
        with open("/etc/systemd/system/probe.service", "w") as f:
            f.write(unit + "Environment=PROBE_DIRECTORY=%s\n" % STATE)
        sh("systemctl daemon-reload; systemctl start probe")
        sh("PROBE_DIRECTORY=%s /usr/local/sbin/probe /run/outside" % STATE)
        with open(STATE + "/inside") as f:
            cls.inside = json.load(f)
        with open("/run/outside") as f:
            cls.outside = json.load(f)
        sh("rm %s/inside" % STATE)

    def test_nothing_but_its_directory(self):
        done = [what for what, how in self.inside.items() if how == "done"]
        self.assertEqual(done, ["create " + STATE])

    def test_by_the_filter(self):
        for what, how in self.inside.items():
            if what.startswith("call "):
                self.assertEqual(how, "EPERM", what)

    def test_it_is_the_unit_that_keeps_it(self):
        """Without, nothing is forbidden."""
        for what, how in self.outside.items():
            if what.startswith("call "):
                self.assertNotEqual(how, "EPERM", what)
            else:
                self.assertEqual(how, "done", what)


if __name__ == "__main__":
    unittest.main()
