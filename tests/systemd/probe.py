#!/usr/bin/python3
"""probe.py FILE -- tries what the unit is to forbid, and writes down how each
ended: "done", or the name of the error. Nothing of it does harm where it is
not forbidden."""
import ctypes
import errno
import json
import mmap
import os
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)
seccomp = ctypes.CDLL("libseccomp.so.2")

PLACES = ["/boot", "/dev", "/dev/mqueue", "/dev/shm", "/etc", "/home",
          "/opt", "/root", "/run", "/run/lock", "/run/systemd/system", "/srv",
          "/usr", "/usr/local/sbin", "/var", "/var/lib", "/var/log",
          "/var/spool/postfix/private"]
ASKED = ["/run/systemd/private"]
HIDDEN = ["/proc/1/root/etc", "/proc/meminfo", "/proc/sys"]
FAMILIES = ["AF_INET", "AF_INET6", "AF_NETLINK"]
# with arguments that make no sense: not forbidden, they fail otherwise
CALLS = ["add_key", "bpf", "chroot", "delete_module", "init_module",
         "io_setup", "io_uring_setup", "kexec_load", "keyctl", "mount",
         "move_mount", "name_to_handle_at", "open_by_handle_at",
         "perf_event_open", "personality", "pivot_root", "process_vm_readv",
         "ptrace", "quotactl", "reboot", "setns", "sethostname", "swapon",
         "syslog", "umount2", "unshare", "userfaultfd", "vmsplice"]


def create(place):
    path = os.path.join(place, "roost-probe")
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    os.unlink(path)


def connect(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)


def open_socket(family):
    socket.socket(getattr(socket, family), socket.SOCK_RAW if
                  family == "AF_NETLINK" else socket.SOCK_DGRAM).close()


def call(name):
    number = seccomp.seccomp_syscall_resolve_name(name.encode())
    senseless = [ctypes.c_long(-1)] * 6
    if libc.syscall(number, *senseless) < 0:
        raise OSError(ctypes.get_errno(), name)


def write_and_execute(_):
    mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def set_user_id(_):
    path = os.path.join(os.environ["PROBE_DIRECTORY"], "probe-suid")
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    try:
        os.chmod(path, 0o4700)
    finally:
        os.unlink(path)


def real_time(_):
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def ended(what, argument):
    try:
        what(argument)
        return "done"
    except OSError as e:
        return errno.errorcode[e.errno]


TRIES = [(create, PLACES), (connect, ASKED), (os.stat, HIDDEN),
         (open_socket, FAMILIES), (call, CALLS), (write_and_execute, [""]),
         (set_user_id, [""]), (real_time, [""]),
         (create, [os.environ["PROBE_DIRECTORY"]])]

with open(sys.argv[1], "w") as f:
    json.dump({"%s %s" % (what.__name__, argument): ended(what, argument)
               for what, arguments in TRIES for argument in arguments}, f)
