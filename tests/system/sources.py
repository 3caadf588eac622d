"""sources.py -- accounts that others keep: who may log in, who has mail
delivered, and what is said when a source can't be asked.

The process that asks is outside: it dies, hangs and lies here, too.
"""
import base64
import crypt
import hashlib
import hmac
import os
import re
import shutil
import signal
import sqlite3
import tempfile
import threading
import time
import unittest

import support
import harness
from credentials import code_of
from harness import Raw
from processes import status_of, wait_for


def hashed(password, method=crypt.METHOD_SHA256):
    return "{CRYPT}" + crypt.crypt(password, crypt.mksalt(method, rounds=1000))


def login(server, user, password="secret"):
    """The code of the answer to LOGIN: OK, AUTHENTICATIONFAILED, ..."""
    raw = Raw(server.imaps_port)
    raw.until(b"* OK")
    raw.send(b'a LOGIN "%s" "%s"\r\n' % (user.encode(), password.encode()))
    last = raw.until(b"a ")[-1]
    raw.close()
    if last.startswith(b"a OK"):
        return "OK"
    return last[last.index(b"[") + 1:last.index(b"]")].decode()


def sha256(key, text):
    return hmac.digest(key, text, "sha256")


def b64(data):
    return base64.b64encode(data).decode()


def scram_keys(password, salt=b"0123456789abcdef", rounds=4096):
    """RFC 5802 section 3, as Dovecot stores it."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    stored = hashlib.sha256(sha256(salted, b"Client Key")).digest()
    return "{SCRAM-SHA-256}%d,%s,%s,%s" % (
        rounds, b64(salt), b64(stored), b64(sha256(salted, b"Server Key")))


def scram(server, user, password, mechanism=b"SCRAM-SHA-256",
          digest="sha256"):
    """The tagged line of AUTHENTICATE; no password is sent."""
    raw = Raw(server.imaps_port)
    raw.until(b"* OK")
    bare = "n=%s,r=abcdefgh" % user
    raw.send(b"a AUTHENTICATE %s %s\r\n"
             % (mechanism, base64.b64encode(b"n,," + bare.encode())))
    line = raw.line()
    if line.startswith(b"+ "):
        first = base64.b64decode(line[2:]).decode()
        nonce, salt, rounds = (f[2:] for f in first.split(","))
        salted = hashlib.pbkdf2_hmac(digest, password.encode(),
                                     base64.b64decode(salt), int(rounds))
        final = "c=biws,r=" + nonce
        key = hmac.digest(salted, b"Client Key", digest)
        signature = hmac.digest(hashlib.new(digest, key).digest(),
                                ",".join([bare, first, final]).encode(),
                                digest)
        proof = bytes(a ^ b for a, b in zip(key, signature))
        raw.send(base64.b64encode(
            (final + ",p=" + b64(proof)).encode()) + b"\r\n")
        line = raw.line()
        if line.startswith(b"+ "):
            raw.send(b"\r\n")
            line = raw.line()
    raw.close()
    return line


def deliver(server, user):
    """The code of RCPT."""
    with server.lmtp() as lmtp:
        lmtp.ehlo()
        lmtp.mail("sender@example.net")
        return lmtp.rcpt(user)[0]


class Source(support.ServerTest):
    """A server whose accounts come from `sources`, beside its own."""
    sources = "directory"
    limits = ("failures_per_address = 0\nfailures_per_network = 0\n"
              "failures_per_account = 0\nspray_accounts = 0\n")

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="roost-sources-")
        os.chmod(cls.top, 0o755)
        cls.prepare()
        cls.conf = "sources = %s\nrefusal_time = 1s\n%s" % (
            cls.sources.replace("TOP", cls.top), cls.limits)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        try:
            super().tearDownClass()
        finally:
            shutil.rmtree(cls.top, ignore_errors=True)

    @classmethod
    def prepare(cls):
        pass

    def assert_login(self, answer, user, password="secret"):
        self.assertEqual(login(self.server, user, password), answer,
                         (user, self.server.log()[-2000:]))

    def users(self):
        return self.server.roost("user", "list").stdout


class PasswdFile(Source):
    sources = "directory, passwd-file:TOP/users"

    @classmethod
    def write(cls, *lines):
        path = os.path.join(cls.top, "users")
        with open(path + ".new", "w") as f:
            f.write("".join(line + "\n" for line in lines))
        os.chmod(path + ".new", 0o644)
        os.rename(path + ".new", path)

    @classmethod
    def prepare(cls):
        cls.write("# a comment: ann@example.org:x",
                  "ann@example.org:%s:1000:1000::/home/ann::" % hashed("ann"),
                  "bob@example.org:%s" % hashed("bob"),
                  "cat@example.org:::::::nopassword",
                  "dan@example.org:%s::::::allow_nets=192.0.2.0/24"
                  % hashed("dan"),
                  "eve@example.org:%s::::::userdb_quota_rule=*:storage=2M"
                  % hashed("eve"),
                  "sam@example.org:" + scram_keys("sam"))

    def test_logs_in(self):
        self.assert_login("OK", "ann@example.org", "ann")
        self.assert_login("OK", "ANN@Example.org", "ann")
        self.assert_login("AUTHENTICATIONFAILED", "ann@example.org", "bob")
        self.assert_login("AUTHENTICATIONFAILED", "nobody@example.org", "x")
        self.assertIn("ann@example.org", self.users())
        self.assertNotIn("nobody@example.org", self.users())

    def test_what_cannot_be_looked_after_is_refused(self):
        for user in "cat", "dan":
            self.assert_login("AUTHENTICATIONFAILED", user + "@example.org",
                              user)
        self.assertIn("allow_nets", self.server.log())

    def test_the_directory_is_asked_first(self):
        self.server.add_user("bob@example.org", "own")
        self.assert_login("OK", "bob@example.org", "own")
        self.assert_login("AUTHENTICATIONFAILED", "bob@example.org", "bob")
        self.server.roost("user", "remove", "bob@example.org", "--yes",
                          check=False)

    def test_mail_comes_for_who_never_logged_in(self):
        self.assertEqual(deliver(self.server, "eve@example.org"), 250)
        self.assertEqual(deliver(self.server, "eve+x@example.org"), 250)
        self.assertEqual(deliver(self.server, "noone@example.org"), 550)
        self.assertIn("eve@example.org", self.users())
        m = self.server.imap("eve@example.org", "eve")
        self.assertIn(b"STORAGE 0 2048",
                      m.getquotaroot("INBOX")[1][1][0])
        m.logout()

    def test_scram_where_the_source_has_its_keys(self):
        self.assertTrue(scram(self.server, "sam@example.org", "x")
                        .startswith(b"a NO"))
        self.assertNotIn("sam@", self.users())
        self.assertTrue(scram(self.server, "sam@example.org", "sam")
                        .startswith(b"a OK"))
        self.assertTrue(scram(self.server, "sam@example.org", "sam")
                        .startswith(b"a OK"))
        self.assert_login("OK", "sam@example.org", "sam")
        self.assertTrue(scram(self.server, "bob@example.org", "bob")
                        .startswith(b"a NO"))

    def auth_test(self, user, password):
        done = self.server.roost("auth", "test", user, check=False,
                                 stdin=password + "\n")
        return done.returncode, done.stdout

    def test_auth_test_shows_each_step(self):
        before = self.users()
        status, text = self.auth_test("Bob@example.org", "bob")
        self.assertEqual(status, 0, text)
        for part in ("bob@example.org", "directory", "passwd-file:",
                     "shows its password", "right, by CRYPT"):
            self.assertIn(part, text)
        status, text = self.auth_test("bob@example.org", "x")
        self.assertNotEqual(status, 0)
        self.assertIn("wrong, by CRYPT", text)
        status, text = self.auth_test("nobody@example.org", "x")
        self.assertNotEqual(status, 0)
        self.assertIn("does not know the user", text)
        # nobody has tried, and there are the same accounts
        self.assertEqual(self.users(), before)
        self.assertNotIn("user=nobody@example.org reason", self.server.log())

    def test_z_who_has_gone_has_gone(self):
        self.write("zed@example.org:%s" % hashed("zed"))
        self.assert_login("OK", "zed@example.org", "zed")
        self.write("other@example.org:%s" % hashed("other"))
        # what was right a moment ago is remembered; a reload forgets it
        self.server.process.send_signal(signal.SIGHUP)
        self.assertTrue(wait_for(
            lambda: login(self.server, "zed@example.org", "zed")
            == "AUTHENTICATIONFAILED"))
        self.assertEqual(deliver(self.server, "zed@example.org"), 550)
        self.assert_login("OK", "other@example.org", "other")

    def test_zz_a_file_that_is_missing(self):
        """is no reason to say that there is no such user"""
        os.unlink(os.path.join(self.top, "users"))
        self.assert_login("UNAVAILABLE", "nobody@example.org", "x")
        self.assertEqual(deliver(self.server, "nobody@example.org"), 451)
        self.server.add_user("local@example.org", "local")
        self.assert_login("OK", "local@example.org", "local")


class Together(Source):
    """Three in order, and all else that there is about an account."""
    sources = "directory, sql:TOP/sql.conf, passwd-file:TOP/users"
    limits = "failures_per_account = 3\nlockout_time = 1h\n"

    @classmethod
    def prepare(cls):
        cls.database = os.path.join(cls.top, "mail.sqlite")
        with open(os.path.join(cls.top, "sql.conf"), "w") as f:
            f.write("database = sqlite\nname = %s\n"
                    "query = SELECT password FROM users WHERE name = %%u\n"
                    % cls.database)
        os.chmod(f.name, 0o600)
        with open(os.path.join(cls.top, "users"), "w") as f:
            f.writelines("%s@example.org:%s\n" % (name, hashed(name))
                         for name in ("ann", "pol", "fay", "new", "two"))
        cls.has_database = False

    def setUp(self):
        if not self.has_database:
            self.check_one_that_is_down()
            self.make_database()
            type(self).has_database = True

    def make_database(self):
        path = self.database + ".new"
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE users (name TEXT, password TEXT)")
            db.execute("INSERT INTO users VALUES (?, ?)",
                       ["two@example.org", hashed("other")])
        os.chmod(path, 0o644)
        os.rename(path, self.database)

    def auth_test(self, user, password):
        return self.server.roost("auth", "test", user + "@example.org",
                                 check=False, stdin=password + "\n").stdout

    def check_one_that_is_down(self):
        """Who comes before it is let in; who comes behind it may be another
        one's, so that nothing is known of him."""
        self.server.add_user("own@example.org", "own")
        self.assert_login("OK", "own@example.org", "own")
        self.assert_login("UNAVAILABLE", "ann@example.org", "ann")
        self.assertEqual(451, deliver(self.server, "ann@example.org"))
        text = self.auth_test("ann", "ann")
        self.assertRegex(text, "sql:.* can't be asked: ")
        self.assertNotIn("verdict", text)
        self.assertNotIn("ann@", self.users())

    def test_the_first_that_knows_decides(self):
        self.assert_login("AUTHENTICATIONFAILED", "two@example.org", "two")
        self.assert_login("OK", "two@example.org", "other")
        self.assert_login("OK", "ann@example.org", "ann")
        self.assertRegex(self.auth_test("ann", "ann"),
                         r"directory .* kept by passwd-file:")

    def test_policies(self):
        self.assert_login("OK", "pol@example.org", "pol")
        for name, value, told, said in (
                ("suspended", "deliver", "CONTACTADMIN",
                 "the account is suspended"),
                ("expires", "2001-01-01", "EXPIRED",
                 "the account has expired"),
                ("imap", "off", "CONTACTADMIN", "imap is off"),
                ("passwords", "off", "AUTHENTICATIONFAILED",
                 "log-in by password is off")):
            self.server.roost("policy", "set", "pol@example.org", name, value)
            self.assert_login(told, "pol@example.org", "pol")
            text = self.auth_test("pol", "pol")
            self.assertIn(said, text)
            self.assertNotIn("verdict", text)
            self.server.roost("policy", "unset", "pol@example.org", name)
        self.assert_login("OK", "pol@example.org", "pol")

    def test_second_factor(self):
        user = "fay@example.org"
        self.assert_login("OK", user, "fay")
        out = self.server.roost("totp", "enable", user).stdout
        code = code_of(out.split("\nkey ")[1].split()[0])
        self.server.roost("totp", "confirm", user, code)
        self.assert_login("AUTHORIZATIONFAILED", user, "fay")
        self.assert_login("AUTHENTICATIONFAILED", user, "x")
        self.assertRegex(self.auth_test("fay", "fay"), "second factor .* "
                         "opens no mail")
        secret = self.server.roost("app-password", "add", user,
                                   "phone").stdout.strip()
        self.assert_login("OK", user, secret)
        text = self.auth_test("fay", secret)
        self.assertRegex(text, "app password +right: phone")
        self.assertIn("verdict", text)

    def test_limits(self):
        """The first log-in of an account that has no row yet ends, too."""
        user = "new@example.org"
        for _ in range(4):
            self.assert_login("OK", user, "new")
            self.server.roost("user", "remove", "--yes", user)
        # every ten minutes, by the clock, the source is asked again
        support.within(600, 60)
        for i in (0, 0, 1, 2):
            self.assert_login("AUTHENTICATIONFAILED", user, "wrong%d" % i)
        self.assertEqual(1, self.server.log().count(
            'reason="the same wrong password again"'))
        self.assert_login("AUTHENTICATIONFAILED", user, "new")
        self.assertIn("locked out: the account, where it is not known",
                      self.server.log())
        self.server.roost("lockout", "clear", user)
        self.assert_login("OK", user, "new")


class Process(Source):
    """outside itself"""
    sources = "passwd-file:TOP/%d/users, directory"

    @classmethod
    def prepare(cls):
        os.makedirs(os.path.join(cls.top, "example.org"))
        with open(os.path.join(cls.top, "example.org", "users"), "w") as f:
            f.write("ann:%s\n" % hashed("ann"))

    def test_dies_and_comes_back(self):
        for number in signal.SIGKILL, signal.SIGABRT:
            old, = self.server.child("outside")
            os.kill(old, number)
            self.assertTrue(wait_for(
                lambda: self.server.child("outside") not in ([], [old])))
            self.assertTrue(wait_for(
                lambda: login(self.server, "ann@example.org", "ann")
                == "OK"))

    def test_stopped(self):
        """what it is asked for is not to be known; the others come in"""
        self.server.add_user("own@other.example", "own")
        self.assert_login("OK", "own@other.example", "own")
        old, = self.server.child("outside")
        os.kill(old, signal.SIGSTOP)

        def waits():
            answers = {}
            slow = threading.Thread(target=lambda: answers.update(
                ann=login(self.server, "ann@example.org", "new")))
            slow.start()
            time.sleep(0.3)
            self.assert_login("OK", "own@other.example", "own")
            still = not answers
            slow.join()
            self.assertEqual(answers["ann"], "UNAVAILABLE")
            return still
        try:
            self.assertTrue(wait_for(waits))
        finally:
            os.kill(old, signal.SIGCONT)

    def test_has_no_more_than_it_needs(self):
        pid, = self.server.child("outside")
        facts = status_of(pid)
        self.assertEqual(facts["Seccomp"], "2")
        self.assertEqual(facts["NoNewPrivs"], "1")
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            if os.geteuid() == 0:
                self.assertEqual(int(facts[name], 16), 0, name)
        with open("/proc/%d/limits" % pid) as f:
            most = re.search(r"(?m)^Max data size +(\d+) +(\d+)", f.read())
        used = int(facts["VmData"].split()[0]) * 1024
        self.assertEqual(most[1], most[2])
        self.assertLess(used, int(most[1]))
        self.assertLess(int(most[1]) - used, 1 << 30)
        with open("/proc/%d/environ" % pid, "rb") as f:
            names = {v.split(b"=")[0] for v in f.read().split(b"\0") if v}
        self.assertLessEqual(names, {b"SSL_CERT_FILE", b"TZ",
                                     b"ASAN_OPTIONS", b"LSAN_OPTIONS",
                                     b"UBSAN_OPTIONS"})

    def test_libraries_are_in_no_other(self):
        """those that speak to others"""
        foreign = ("libcurl", "libldap", "libpq", "libmariadb", "libpam.")
        for pid in harness.children(self.server.process.pid):
            with open("/proc/%d/maps" % pid) as f:
                maps = f.read()
            with open("/proc/%d/comm" % pid) as f:
                is_outside = f.read().strip() == "outside"
            found = [name for name in foreign if name in maps]
            self.assertEqual(bool(found), is_outside, found)

    def test_a_path_stays_where_it_is(self):
        os.makedirs(os.path.join(self.top, "evil"), exist_ok=True)
        for user in ("ann@../example.org", "ann@.", "ann@example.org/../evil",
                     "ann@evil", "ann"):
            self.assert_login("AUTHENTICATIONFAILED", user, "ann")

    def test_not_started_unless_needed(self):
        with harness.Server() as server:
            self.assertEqual(server.child("outside"), [])
            with open(server.conf, "a") as f:
                f.write("sources = passwd-file:%s/%%d/users\n" % self.top)
            server.process.send_signal(signal.SIGHUP)
            self.assertTrue(wait_for(lambda: server.child("outside")))
            self.assertTrue(wait_for(
                lambda: login(server, "ann@example.org", "ann") == "OK"))
            with open(server.conf) as f:
                text = f.read()
            with open(server.conf, "w") as f:
                f.write(text.replace("sources = pass", "# sources = pass"))
            server.process.send_signal(signal.SIGHUP)
            self.assertTrue(wait_for(lambda: not server.child("outside")))
            self.assertNotIn("child_died", server.log())


if __name__ == "__main__":
    unittest.main()
