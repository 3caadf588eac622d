#!/usr/bin/env python3
"""confine.py UNIT CONFIG PROGRAM ARGUMENT... -- becomes the program, under
the restrictions of a systemd unit, where systemd is not the init.

The listeners of CONFIG are opened first, outside, and handed over as systemd
hands them over. What is enforced, each directive by the kernel's means that
systemd uses: CapabilityBoundingSet, NoNewPrivileges, UMask, PrivateNetwork,
PrivateMounts, PrivateDevices, ProtectSystem=strict with the configuration's
directory as StateDirectory, ProtectHome, ProtectProc, ProcSubset,
ProtectHostname, SystemCallFilter, SystemCallArchitectures,
RestrictAddressFamilies, RestrictNamespaces, RestrictRealtime,
RestrictSUIDSGID, LockPersonality and MemoryDenyWriteExecute. A directive it
does not know ends it, unless it is one of IGNORED.
"""
import ctypes
import errno
import fcntl
import os
import re
import socket
import stat
import subprocess
import sys

IGNORED = {
    # of the init, or of times and places
    "Type", "ExecStart", "ExecReload", "Restart", "RestartSec", "KillMode",
    "TimeoutStopSec", "LimitNOFILE", "LimitCORE", "StateDirectoryMode",
    "StateDirectory", "LoadCredential", "SystemCallErrorNumber",
    # all is read-only here; and who is to be asked for more is not there
    "ReadOnlyPaths", "InaccessiblePaths",
    # hides the tests themselves, which are in /tmp
    "PrivateTmp",
    # without a capability that the unit leaves, or gone with /proc
    "ProtectClock", "ProtectControlGroups", "ProtectKernelLogs",
    "ProtectKernelModules", "ProtectKernelTunables",
}

libc = ctypes.CDLL(None, use_errno=True)


def must(result, what):
    if result < 0:
        error = ctypes.get_errno()
        sys.exit("confine: %s: %s" % (what, os.strerror(error or -result)))
    return result


def read_unit(path):
    """{directive: [value, ...]} of [Service]."""
    out = {}
    section = ""
    with open(path) as f:
        for line in f:
            line = line.strip()
            if line.startswith("["):
                section = line
            elif section == "[Service]" and "=" in line and line[0] != "#":
                name, value = line.split("=", 1)
                out.setdefault(name, []).append(value)
    return out


# -- listeners --

def listeners(config):
    """[(name, socket), ...] as roost.conf wants them."""
    out = []
    with open(config) as f:
        for line in f:
            m = re.match(r"listen_(imap|imaps|lmtp)\s*=\s*(.*)", line)
            for at in re.split(r",\s*", m[2].strip()) if m else []:
                host, port = at.rsplit(":", 1)
                family = socket.AF_INET6 if "[" in host else socket.AF_INET
                s = socket.socket(family)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                s.bind((host.strip("[]"), int(port)))
                s.listen(4096)
                out.append((m[1], s))
    return out


def hand_over(config):
    """From descriptor 3 on; their number and names in the environment."""
    found = [(name, s.detach()) for name, s in listeners(config)]
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 3 + len(found))
            for _, fd in found]
    for i, fd in enumerate(high):
        os.dup2(fd, 3 + i, inheritable=True)
    os.closerange(3 + len(found), 256)
    os.environ.update(LISTEN_PID=str(os.getpid()),
                      LISTEN_FDS=str(len(found)),
                      LISTEN_FDNAMES=":".join(name for name, _ in found))


# -- files --

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
SYS_MOUNT_SETATTR = 442
AT_FDCWD, AT_RECURSIVE = -100, 0x8000


def mount(source, target, kind=None, flags=0, data=None):
    args = [a.encode() if a is not None else None
            for a in (source, target, kind)]
    must(libc.mount(*args, ctypes.c_ulong(flags),
                    data.encode() if data else None), "mount " + target)


def set_read_only(path, on):
    attr = (ctypes.c_uint64 * 4)(1 if on else 0, 0 if on else 1, 0, 0)
    must(libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(),
                      AT_RECURSIVE, attr, ctypes.sizeof(attr)),
         "read-only " + path)


def private_devices():
    names = ("null", "zero", "full", "random", "urandom", "tty")
    held = {n: os.open("/dev/" + n, os.O_PATH) for n in names}
    mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755")
    for name, fd in held.items():
        os.close(os.open("/dev/" + name, os.O_CREAT, 0o666))
        mount("/proc/self/fd/%d" % fd, "/dev/" + name, None, MS_BIND)
        os.close(fd)


def confine_files(state):
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount(state, state, None, MS_BIND)
    private_devices()
    for home in ("/home", "/root", "/run/user"):
        if os.path.isdir(home):
            mount("tmpfs", home, "tmpfs", MS_RDONLY, "mode=000")
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
          "hidepid=ptraceable,subset=pid")
    set_read_only("/", True)
    set_read_only(state, False)


# -- system calls --

ALLOW = 0x7fff0000
NE, LT, LE, EQ, GE, GT, MASKED_EQ = range(1, 8)
CLONE_NAMESPACES = 0x7e020080


def deny(error):
    return 0x00050000 | error


class Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int),
                ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    """One filter of libseccomp."""

    def __init__(self, default):
        self.lib = ctypes.CDLL("libseccomp.so.2")
        self.lib.seccomp_init.restype = ctypes.c_void_p
        self.filter = ctypes.c_void_p(self.lib.seccomp_init(default))

    def add(self, action, call, *compare):
        number = self.lib.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return      # of another machine, or newer than the library
        array = (Compare * max(1, len(compare)))(*compare)
        must(self.lib.seccomp_rule_add_array(
            self.filter, ctypes.c_uint32(action), number, len(compare),
            array), call)

    def load(self):
        must(self.lib.seccomp_load(self.filter), "seccomp")
        self.lib.seccomp_release(self.filter)


def members(group):
    """System calls of "@name", or the one of that name."""
    if not group.startswith("@"):
        return {group}
    text = subprocess.run(["systemd-analyze", "syscall-filter", group],
                          capture_output=True, text=True, check=True).stdout
    out = set()
    for line in text.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            out |= members(word)
    return out


def allowed_calls(values):
    allowed = members("@default")
    for value in values:
        named = set().union(*map(members, value.lstrip("~").split()))
        allowed = allowed - named if value[0] == "~" else allowed | named
    return allowed


def restrictions(unit):
    """Rows for a filter that allows everything else."""
    yes = {name for name, values in unit.items() if values == ["yes"]}
    if "MemoryDenyWriteExecute" in yes:
        for call in ("mmap", "mprotect", "pkey_mprotect"):
            want = 6 if call == "mmap" else 4
            yield errno.EPERM, call, Compare(2, MASKED_EQ, want, want)
        yield errno.EPERM, "shmat", Compare(2, MASKED_EQ, 0o100000, 0o100000)
    if "RestrictNamespaces" in yes:
        for bit in (1 << i for i in range(32) if CLONE_NAMESPACES >> i & 1):
            yield errno.EPERM, "clone", Compare(0, MASKED_EQ, bit, bit)
        yield errno.ENOSYS, "clone3"
        yield errno.EPERM, "unshare"
        yield errno.EPERM, "setns"
    if "RestrictRealtime" in yes:
        yield errno.EPERM, "sched_setscheduler", Compare(1, GT, 0, 0)
    if "RestrictSUIDSGID" in yes:
        for call, arg in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2),
                          ("mkdir", 1), ("mkdirat", 2), ("mknod", 1)):
            for bit in (stat.S_ISUID, stat.S_ISGID):
                yield errno.EPERM, call, Compare(arg, MASKED_EQ, bit, bit)
    if "LockPersonality" in yes:
        yield errno.EPERM, "personality"
    yield from families(unit.get("RestrictAddressFamilies", []))


def families(values):
    known = {getattr(socket, name) for value in values
             for name in value.split()}
    for family in range(64) if values else ():
        if family not in known:
            yield errno.EAFNOSUPPORT, "socket", Compare(0, EQ, family, 0)


def confine_calls(unit):
    again = Filter(ALLOW)
    for error, call, *compare in restrictions(unit):
        again.add(deny(error), call, *compare)
    calls = Filter(deny(errno.EPERM))
    for name in allowed_calls(unit["SystemCallFilter"]):
        calls.add(ALLOW, name)
    again.load()
    calls.load()


# -- capabilities --

CAPABILITIES = {"CAP_CHOWN": 0, "CAP_KILL": 5, "CAP_SETGID": 6,
                "CAP_SETUID": 7, "CAP_SETPCAP": 8}
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38


def confine_capabilities(value):
    kept = {CAPABILITIES[name] for name in value.split()}
    number = 0
    while libc.prctl(PR_CAPBSET_DROP, -1 if number in kept else number,
                     0, 0, 0) == 0 or number in kept:
        number += 1


CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWNET = 0x20000, 0x4000000, 0x40000000

ENFORCED = {
    "CapabilityBoundingSet", "NoNewPrivileges", "UMask", "PrivateNetwork",
    "PrivateMounts", "PrivateDevices", "ProtectSystem", "ProtectHome",
    "ProtectProc", "ProcSubset", "ProtectHostname", "SystemCallFilter",
    "SystemCallArchitectures", "RestrictAddressFamilies",
    "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID",
    "LockPersonality", "MemoryDenyWriteExecute",
}


def main():
    unit_path, config, program, *arguments = sys.argv[1:]
    unit = read_unit(unit_path)
    unknown = set(unit) - IGNORED - ENFORCED
    if unknown or not ENFORCED <= set(unit):
        sys.exit("confine: differs: %s" % (unknown or ENFORCED - set(unit)))
    hand_over(config)
    must(libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWNET), "unshare")
    confine_files(os.path.dirname(os.path.realpath(config)))
    os.umask(int(unit["UMask"][0], 8))
    confine_capabilities(unit["CapabilityBoundingSet"][0])
    must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    confine_calls(unit)
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main()
