"""processes.py -- the house itself: what dies comes back, what is told to
end ends, and nobody has more than he needs."""
import contextlib
import os
import pwd
import signal
import socket
import sqlite3
import subprocess
import time
import unittest

import support
import harness
from harness import Raw


def wait_for(condition, seconds=harness.PATIENCE_S):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def status_of(pid):
    """/proc/PID/status as a dictionary."""
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f
                    if ":\t" in line)


def held_by(pid):
    """What its descriptors are of."""
    found = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        with contextlib.suppress(FileNotFoundError):    # closed meanwhile
            found.add(os.readlink("/proc/%d/fd/%s" % (pid, fd)))
    return found


def can_log_in(server, user):
    try:
        server.imap(user).logout()
        return True
    except Exception:
        return False


class Children(support.ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.all = len(harness.children(cls.server.process.pid))

    def setUp(self):
        """They are all back, and at work."""
        self.assertTrue(wait_for(self.are_there))

    def are_there(self):
        pids = harness.children(self.server.process.pid)
        try:
            return len(pids) == self.all and all(
                status_of(pid)["Seccomp"] == "2" for pid in pids)
        except (OSError, KeyError):
            return False

    def test_each_that_dies_is_started_again(self):
        user = self.new_user()
        for role in ("auth", "mail", "gate", "parse"):
            for number in (signal.SIGKILL, signal.SIGABRT):
                old = self.server.child(role)
                for pid in old:
                    os.kill(pid, number)
                self.assertTrue(wait_for(
                    lambda: len(self.server.child(role)) == len(old)
                    and not set(self.server.child(role)) & set(old)), role)
                self.assertTrue(wait_for(
                    lambda: can_log_in(self.server, user)), role)
        self.assertIn("signal=KILL", self.server.log())
        self.assertIn("signal=ABRT", self.server.log())

    def test_all_at_once(self):
        user = self.new_user()
        for pid in harness.children(self.server.process.pid):
            os.kill(pid, signal.SIGKILL)
        self.assertTrue(wait_for(lambda: can_log_in(self.server, user)))

    def test_who_has_worked_is_back_at_once(self):
        """However often it dies; and the machine is not kept busy by it."""
        def kill_and_wait():
            old = self.server.child("auth")[0]
            os.kill(old, signal.SIGKILL)
            begin = time.time()
            self.assertTrue(wait_for(
                lambda: self.server.child("auth") not in ([], [old])
                and can_log_in(self.server, user)))
            return time.time() - begin

        user = self.new_user()
        times = [kill_and_wait() for _ in range(16)]
        # it would be 30 s by now if each had to wait twice as long
        self.assertLess(sorted(times)[12], 10 + 3 * min(times), times)
        deaths = self.server.log().count("child=auth ")
        end = time.time() + 3
        while time.time() < end:
            for pid in self.server.child("auth"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        self.assertLess(self.server.log().count("child=auth ") - deaths, 24)

    def test_the_others_keep_their_sessions(self):
        """auth may die under a session that has nothing to ask of it"""
        user = self.new_user()
        raw = Raw(self.server.imaps_port).login(user)
        for pid in self.server.child("auth"):
            os.kill(pid, signal.SIGKILL)
        self.assertIn(b" OK ", raw.run(b"SELECT INBOX")[-1])
        raw.close()

    def test_signals_to_children_are_the_parents_business(self):
        pids = harness.children(self.server.process.pid)
        for pid in pids:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                os.kill(pid, number)
        time.sleep(0.5)
        self.assertEqual(sorted(harness.children(self.server.process.pid)),
                         sorted(pids))

    def test_nobody_has_more_than_he_needs(self):
        for pid in harness.children(self.server.process.pid):
            facts = status_of(pid)
            self.assertEqual(facts["Seccomp"], "2", facts["Name"])
            self.assertEqual(facts["NoNewPrivs"], "1", facts["Name"])
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                if os.geteuid() == 0:
                    self.assertEqual(int(facts[name], 16), 0, facts["Name"])

    def test_no_child_has_a_listener_but_its_own(self):
        """Unix and TCP listeners by inode, from /proc/net."""
        listening = set()
        for table in ("tcp", "tcp6"):
            with open("/proc/net/" + table) as f:
                for line in f.readlines()[1:]:
                    fields = line.split()
                    if fields[3] == "0A":
                        listening.add("socket:[%s]" % fields[9])
        for role in ("auth", "mail", "parse"):
            for pid in self.server.child(role):
                self.assertFalse(held_by(pid) & listening, role)

    def test_a_second_server_is_refused(self):
        done = subprocess.run(
            [os.path.join(self.server.build, "roostd"), "-c",
             self.server.conf, "-F"], capture_output=True, text=True,
            timeout=harness.PATIENCE_S)
        self.assertEqual(done.returncode, 73)
        self.assertIn("another roostd", done.stderr)

    def test_nobody_else_opens_its_databases(self):
        for name in ("accounts", "history", "alerts"):
            path = os.path.join(self.server.dir, "auth", name + ".sqlite")
            with contextlib.closing(sqlite3.connect(path, 0)) as db:
                with self.assertRaisesRegex(sqlite3.OperationalError,
                                            "database is locked"):
                    db.execute("PRAGMA user_version").fetchall()
            self.assertFalse(os.path.exists(path + "-shm"))

    def test_who_has_a_database_open_is_told_to_close_it(self):
        path = os.path.join(self.server.dir, "auth", "history.sqlite")
        self.server.stop()
        self.addCleanup(self.server.start)
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("BEGIN")
            db.execute("PRAGMA user_version").fetchall()
            self.server.spawn()
            self.assertEqual(
                self.server.process.wait(harness.PATIENCE_S), 73)
        self.assertRegex(
            self.server.log(),
            r"event=directory_failed file=\S*/auth/history.sqlite "
            r'text="database is locked"\n'
            r'.* event=history text="another program has it open')


class Limits(support.ServerTest):
    conf = "sessions_per_account = 3\n"

    def one_more(self, user, raws):
        raw = Raw(self.server.imaps_port)
        try:
            raws.append(raw.login(user))
            return True
        except AssertionError:
            raw.close()
            return False

    def test_sessions_per_account(self):
        user = self.new_user()
        other = self.new_user()
        raws = [Raw(self.server.imaps_port).login(user) for _ in range(3)]
        refused = Raw(self.server.imaps_port)
        refused.until(b"* OK")
        refused.send(b"a LOGIN %s secret\r\n" % user.encode())
        lines = refused.until(b"a ")
        self.assertTrue(lines[-1].startswith(b"a NO [LIMIT]"), lines)
        refused.close()
        Raw(self.server.imaps_port).login(other).close()
        raws.pop().run(b"LOGOUT")
        self.assertTrue(wait_for(lambda: can_log_in(self.server, user)))
        # the limit is read again
        with open(self.server.conf) as f:
            text = f.read()
        with open(self.server.conf, "w") as f:
            f.write(text.replace("sessions_per_account = 3",
                                 "sessions_per_account = 10"))
        self.server.process.send_signal(signal.SIGHUP)
        self.assertTrue(wait_for(lambda: "reloaded" in self.server.log()))
        while len(raws) < 7:    # each who decides reads it when he gets to it
            self.assertTrue(wait_for(lambda: self.one_more(user, raws)))
        for raw in raws:
            raw.close()


class Start(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server()
        self.roostd = os.path.join(self.server.build, "roostd")

    def tearDown(self):
        self.server.__exit__(None, None, None)

    def run_roostd(self, *args, **more):
        return subprocess.run([self.roostd, *args], capture_output=True,
                              text=True, timeout=harness.PATIENCE_S, **more)

    def test_arguments(self):
        self.assertEqual(self.run_roostd("--help").returncode, 0)
        self.assertIn("roost ", self.run_roostd("--version").stdout)
        self.assertEqual(self.run_roostd("--what").returncode, 64)
        self.assertEqual(self.run_roostd("what").returncode, 64)
        self.assertEqual(self.run_roostd("-c", "/not/there").returncode, 78)

    def test_every_error_of_the_configuration(self):
        with open(self.server.conf, "a") as f:
            f.write("no_such_option = 1\nmessage_limit = many\n"
                    "trusted_networks = 300.0.0.0/8\n")
        done = self.run_roostd("-c", self.server.conf, "-F")
        self.assertEqual(done.returncode, 78)
        self.assertEqual(len(done.stderr.splitlines()), 3, done.stderr)
        for line in done.stderr.splitlines():
            self.assertRegex(line, r"^.*roost\.conf:\d+: ")

    def test_port_in_use(self):
        with socket.socket() as s:
            s.bind(("0.0.0.0", self.server.imap_port))
            s.listen()
            done = self.run_roostd("-c", self.server.conf, "-F")
        self.assertEqual(done.returncode, 69)
        self.assertIn("listen_failed", done.stderr)

    def test_accounts_that_cannot_be_opened(self):
        os.makedirs(os.path.join(self.server.dir, "auth"), exist_ok=True)
        os.mkdir(os.path.join(self.server.dir, "auth", "accounts.sqlite"))
        done = self.run_roostd("-c", self.server.conf, "-F")
        self.assertNotEqual(done.returncode, 0)

    def test_background(self):
        """returns when the server is ready"""
        done = subprocess.run([self.roostd, "-c", self.server.conf],
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL,
                              timeout=harness.PATIENCE_S)
        self.assertEqual(done.returncode, 0)
        with socket.create_connection(("127.0.0.1", self.server.imap_port),
                                      harness.PATIENCE_S) as s:
            self.assertEqual(s.recv(4), b"* OK")
        pids = [int(p) for p in os.listdir("/proc") if p.isdigit()
                and self.is_ours(int(p))]
        self.assertTrue(pids)
        parents = [p for p in pids if int(status_of(p)["PPid"]) not in pids]
        self.assertEqual(len(parents), 1)
        os.kill(parents[0], signal.SIGTERM)
        self.assertTrue(wait_for(
            lambda: not any(os.path.exists("/proc/%d" % p) for p in pids)))

    def is_ours(self, pid):
        try:
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                return self.server.conf.encode() in f.read().split(b"\0")
        except OSError:
            return False

    def test_sockets_of_a_service_manager(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            port = s.getsockname()[1]
            # bash becomes roostd, so that the id is right; fd 3 is the first
            process = subprocess.Popen(
                ["bash", "-c", "exec 3<&%d; LISTEN_PID=$$ LISTEN_FDS=1 "
                 "LISTEN_FDNAMES=imap exec %s -c %s -F"
                 % (s.fileno(), self.roostd, self.server.conf)],
                pass_fds=[s.fileno()], stderr=subprocess.DEVNULL)
        try:
            with socket.create_connection(("127.0.0.1", port),
                                          harness.PATIENCE_S) as c:
                self.assertEqual(c.recv(4), b"* OK")
            with self.assertRaises(OSError):
                socket.create_connection(
                    ("127.0.0.1", self.server.imap_port), 2)
        finally:
            process.terminate()
            self.assertEqual(process.wait(harness.PATIENCE_S), 0)


STOP_SECONDS = 30   # of supervise.c: who has not ended then is killed


class Stop(unittest.TestCase):
    def test_a_second_signal_does_not_wait(self):
        """for a child that hangs"""
        with harness.Server() as server:
            hung = server.child("mail")[0]
            os.kill(hung, signal.SIGSTOP)
            server.process.terminate()
            self.assertTrue(wait_for(
                lambda: "event=stopping" in server.log()))
            self.assertIsNone(server.process.poll())
            began = time.monotonic()
            server.process.terminate()
            self.assertEqual(server.process.wait(harness.PATIENCE_S), 0)
            self.assertLess(time.monotonic() - began, STOP_SECONDS - 10)
            self.assertIn("child_killed", server.log())
            server.process = None

    def test_who_does_not_read_is_not_waited_for(self):
        """Half the time that the parent gives its children is enough; no
        child is killed."""
        with harness.Server(conf="write_time = 300s\n") as server:
            server.add_user("ann@example.org")
            imap = server.imap("ann@example.org")
            imap.append("INBOX", None, None, b"Subject: x\r\n\r\n" +
                        b"much\r\n" * 1000000)
            raw = harness.Raw(server.imaps_port, receive=4096)
            raw.login("ann@example.org").run(b"SELECT INBOX")
            raw.send(b"f FETCH 1 BODY.PEEK[]\r\n")
            raw.sock.recv(1)
            self.assertEqual(server.stop(), 0)
            self.assertNotIn("child_killed", server.log())
            raw.close()

    def test_ctrl_c(self):
        with harness.Server() as server:
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.process.wait(harness.PATIENCE_S), 0)
            server.process = None

    def test_children_end_with_a_killed_parent(self):
        server = harness.Server()
        server.start()
        pids = harness.children(server.process.pid)
        server.process.kill()
        server.process.wait()
        self.assertTrue(wait_for(
            lambda: not any(os.path.exists("/proc/%d" % p) for p in pids)))
        server.start()      # everything is free again
        server.__exit__(None, None, None)


@unittest.skipUnless(os.geteuid() == 0, "only root has users to give")
class Users(unittest.TestCase):
    def test_each_role_has_its_own(self):
        users = {"gate": "nobody", "auth": "games", "mail": "mail",
                 "parse": "news"}
        conf = "users = %s\n" % ", ".join("%s:%s" % u for u in users.items())
        server = harness.Server(conf=conf)
        os.chmod(server.top, 0o711)
        with server:
            for role, name in users.items():
                for pid in server.child(role):
                    uids = set(status_of(pid)["Uid"].split())
                    self.assertEqual(uids, {str(pwd.getpwnam(name).pw_uid)})
                    self.assertEqual(status_of(pid)["Groups"].strip(), "")
            for role, place in ("auth", "auth"), ("mail", "partition/0"):
                top = os.path.join(server.dir, place)
                owners = {os.lstat(os.path.join(folder, name)).st_uid
                          for folder, below, files in os.walk(top)
                          for name in [".", *below, *files]}
                self.assertEqual(owners, {pwd.getpwnam(users[role]).pw_uid})
            server.add_user("ann@example.org")
            self.assertTrue(can_log_in(server, "ann@example.org"))
            server.stop()
            server.start()  # what they made is still theirs
            self.assertTrue(can_log_in(server, "ann@example.org"))


if __name__ == "__main__":
    unittest.main()
