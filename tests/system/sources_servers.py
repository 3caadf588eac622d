"""sources_servers.py -- real PostgreSQL, MariaDB and OpenLDAP that have
accounts, each in a directory of its own; and one that never answers."""
import json
import os
import pwd
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import unittest

import support  # noqa: F401, it knows where harness is
import authority
import harness
from processes import wait_for
from sources import Source, deliver, hashed, login


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise RuntimeError("%s: %s%s" % (command[0], done.stdout,
                                         done.stderr))
    return done.stdout


def write(path, text, mode=0o600):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


class Daemon(Source):
    """One that is started by the class, and stopped."""
    daemon = None
    stop_by = signal.SIGTERM

    @classmethod
    def start_daemon(cls, ready, *command, **more):
        with open(os.path.join(cls.top, "daemon.log"), "a") as log:
            cls.daemon = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                **more)
        if not wait_for(ready):
            with open(os.path.join(cls.top, "daemon.log")) as f:
                raise RuntimeError(f.read()[-2000:])

    @classmethod
    def stop_daemon(cls):
        if cls.daemon is not None and cls.daemon.poll() is None:
            cls.daemon.send_signal(cls.stop_by)
            cls.daemon.wait(harness.PATIENCE_S)
        cls.daemon = None

    @classmethod
    def tearDownClass(cls):
        cls.stop_daemon()
        super().tearDownClass()

    @classmethod
    def own(cls, name, user):
        """A directory below top that is that user's."""
        path = os.path.join(cls.top, name)
        os.makedirs(path, exist_ok=True)
        if os.geteuid() == 0:
            who = pwd.getpwnam(user)
            os.chown(path, who.pw_uid, who.pw_gid)
        return path

    def check_accounts(self):
        """What is the same of all: those who are there, and are not."""
        self.assert_login("OK", "ann@example.org", "ann")
        self.assert_login("AUTHENTICATIONFAILED", "ann@example.org", "x")
        for user in ("nobody@example.org", "*@example.org",
                     "ann@example.org)(uid=*", "' OR '1'='1",
                     "ann@example.org' --"):
            self.assert_login("AUTHENTICATIONFAILED", user, "ann")

    def check_doctor(self, severity, text):
        """of the one source"""
        rows = [r for r in json.loads(self.server.roost(
            "doctor", "--json", check=False).stdout)
            if r["check"] == "sources"]
        self.assertEqual([severity], [r["severity"] for r in rows])
        self.assertIn(text, rows[0]["text"])
        self.assertNotIn("roost.invalid", self.users())

    def check_mail(self):
        self.assertEqual(deliver(self.server, "bob@example.org"), 250)
        self.assertEqual(deliver(self.server, "noone@example.org"), 550)
        self.check_doctor("ok", "it answers")

    def check_gone(self):
        """the daemon: nobody is told that there is no such user"""
        self.stop_daemon()
        self.assert_login("UNAVAILABLE", "new@example.org", "x")
        self.assertEqual(deliver(self.server, "new@example.org"), 451)
        self.assertEqual(deliver(self.server, "bob@example.org"), 250)
        self.check_doctor("error", "")


ROWS = [("ann@example.org", "ann"), ("bob@example.org", "bob")]


def schema():
    rows = ", ".join("('%s', '%s', 1048576, %s)" % (user, hashed(secret), 1)
                     for user, secret in ROWS)
    return ("CREATE TABLE mailbox (username VARCHAR(255) PRIMARY KEY,"
            " password VARCHAR(255), quota BIGINT, active INT);"
            "INSERT INTO mailbox VALUES %s;" % rows)


QUERY = ("query = SELECT password, quota FROM mailbox WHERE username = %u"
         " AND active = 1\n")


class Sqlite(Daemon):
    sources = "directory, sql:TOP/sql.conf"

    @classmethod
    def prepare(cls):
        path = os.path.join(cls.top, "mail.sqlite")
        with sqlite3.connect(path) as db:
            db.executescript(schema())
        write(os.path.join(cls.top, "sql.conf"),
              "database = sqlite\nname = %s\n%s" % (path, QUERY))

    def test_accounts(self):
        self.check_accounts()
        self.check_mail()


class PostgreSQL(Daemon):
    stop_by = signal.SIGINT     # TERM waits for its clients to go
    sources = "directory, sql:TOP/sql.conf"
    bin = "/usr/lib/postgresql/15/bin/"

    @classmethod
    def prepare(cls):
        run_dir = cls.own("pg", "postgres")
        as_user = {"user": "postgres"} if os.geteuid() == 0 else {}
        write(os.path.join(cls.top, "pw"), "secret\n", 0o644)
        run(cls.bin + "initdb", "-D", run_dir + "/data", "-A",
            "scram-sha-256", "-U", "roost", "--no-sync",
            "--pwfile", os.path.join(cls.top, "pw"), **as_user)
        cls.command = [cls.bin + "postgres", "-D", run_dir + "/data", "-k",
                       run_dir, "-c", "listen_addresses=", "-c",
                       "fsync=off"]
        cls.as_user = as_user
        cls.begin()
        run("psql", "-h", run_dir, "-U", "roost", "postgres", "-c", schema(),
            env=dict(os.environ, PGPASSWORD="secret"))
        write(os.path.join(cls.top, "sql.conf"),
              "database = postgresql\nhost = %s\nuser = roost\n"
              "password = secret\nname = postgres\n%s" % (run_dir, QUERY))

    @classmethod
    def begin(cls):
        cls.start_daemon(
            lambda: subprocess.run(
                [cls.bin + "pg_isready", "-h", cls.command[4]],
                capture_output=True).returncode == 0,
            *cls.command, **cls.as_user)

    def test_accounts(self):
        self.check_accounts()
        self.check_mail()

    def test_z_gone_and_back(self):
        self.check_mail()
        self.check_gone()
        self.begin()
        self.assert_login("AUTHENTICATIONFAILED", "new@example.org", "x")


class MariaDB(Daemon):
    sources = "directory, sql:TOP/sql.conf"

    @classmethod
    def prepare(cls):
        user = "root" if os.geteuid() == 0 else None
        top = os.path.join(cls.top, "my")
        os.makedirs(top)
        sock = os.path.join(top, "sock")
        write(os.path.join(cls.top, "init.sql"),
              "CREATE DATABASE mail; USE mail; %s"
              "CREATE USER roost@localhost IDENTIFIED BY 'secret';"
              "GRANT SELECT ON mail.* TO roost@localhost;"
              .replace(";", ";\n") % schema().replace(";", ";\n"), 0o644)
        more = ["--user=" + user] if user else []
        run("mariadb-install-db", "--no-defaults", "--datadir=%s/data" % top,
            "--skip-test-db", "--auth-root-authentication-method=normal",
            *more)
        cls.command = ["/usr/sbin/mariadbd", "--no-defaults",
                       "--datadir=%s/data" % top, "--socket=" + sock,
                       "--skip-networking", "--pid-file=%s/pid" % top,
                       "--innodb-flush-log-at-trx-commit=0", *more]
        cls.start_daemon(lambda: cls.answers(sock), *cls.command,
                         "--init-file=" + os.path.join(cls.top, "init.sql"))
        write(os.path.join(cls.top, "sql.conf"),
              "database = mariadb\nhost = %s\nuser = roost\n"
              "password = secret\nname = mail\n%s" % (sock, QUERY))

    @staticmethod
    def answers(path):
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(path)
                return bool(s.recv(1))
            except OSError:
                return False

    def test_accounts(self):
        self.check_accounts()
        self.check_mail()

    def test_z_gone(self):
        self.check_mail()
        self.check_gone()


def certify(top):
    """ca.pem, and of it cert.pem and key.pem for 127.0.0.1."""
    write(top + "/names", "subjectAltName=IP:127.0.0.1\n")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
        top + "/ca.key", "-out", top + "/ca.pem", "-days", "2", "-subj",
        "/CN=authority")
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout",
        top + "/key.pem", "-out", top + "/csr.pem", "-subj", "/CN=localhost")
    run("openssl", "x509", "-req", "-in", top + "/csr.pem", "-CA",
        top + "/ca.pem", "-CAkey", top + "/ca.key", "-CAcreateserial",
        "-extfile", top + "/names", "-out", top + "/cert.pem", "-days", "2")


SLAPD = """include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
%(schema)s
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %(top)s/pid
TLSCertificateFile %(top)s/cert.pem
TLSCertificateKeyFile %(top)s/key.pem
database mdb
maxsize 10485760
suffix dc=example,dc=org
rootdn cn=roost,dc=example,dc=org
rootpw secret
directory %(top)s/db
access to attrs=userPassword by anonymous auth by * none
access to * by * read
"""

ENTRIES = "".join("""dn: %s
objectClass: %s
%s

""" % entry for entry in [
    ("dc=example,dc=org", "domain", "dc: example"),
    ("uid=ann,dc=example,dc=org", "inetOrgPerson",
     "uid: ann\ncn: Ann\nsn: A\nmail: ann@example.org\n"
     "userPassword: " + hashed("ann")),
    ("uid=bob,dc=example,dc=org", "inetOrgPerson",
     "uid: bob\ncn: Bob\nsn: B\nmail: bob@example.org\n"
     "userPassword: " + hashed("bob")),
    ("uid=two1,dc=example,dc=org", "inetOrgPerson",
     "uid: two1\ncn: T\nsn: T\nmail: two@example.org"),
    ("uid=two2,dc=example,dc=org", "inetOrgPerson",
     "uid: two2\ncn: T\nsn: T\nmail: two@example.org"),
])


class Ldap(Daemon):
    sources = "directory, ldap:TOP/ldap.conf"
    tls = "start_tls = yes\n"
    scheme = "ldap"
    schema, entries = "", ENTRIES

    @classmethod
    def prepare(cls):
        top = os.path.join(cls.top, "ldap")
        os.makedirs(top + "/db")
        certify(top)
        os.chmod(top, 0o755)
        write(top + "/slapd.conf", SLAPD % {
            "top": top, "schema": cls.schema})
        run("slapadd", "-f", top + "/slapd.conf", input=cls.entries)
        cls.port, = harness.free_ports(1)
        cls.url = "%s://127.0.0.1:%d" % (cls.scheme, cls.port)
        cls.command = ["/usr/sbin/slapd", "-d", "0", "-f",
                       top + "/slapd.conf", "-h", cls.url + "/"]
        cls.start_daemon(cls.answers, *cls.command)
        write(os.path.join(cls.top, "ldap.conf"), cls.described(top))

    @classmethod
    def described(cls, top):
        return ("uri = %s\n%sca = %s/ca.pem\n"
                "bind_dn = cn=roost,dc=example,dc=org\n"
                "bind_password = secret\nbase = dc=example,dc=org\n"
                "filter = (&(objectClass=inetOrgPerson)(mail=%%u))\n"
                % (cls.url, cls.tls, top))

    @classmethod
    def answers(cls):
        try:
            socket.create_connection(("127.0.0.1", cls.port), 1).close()
            return True
        except OSError:
            return False

    def test_accounts(self):
        self.check_accounts()
        self.check_mail()
        # two that have the name are a mistake, and nobody
        self.assert_login("UNAVAILABLE", "two@example.org", "x")

    def test_z_gone_and_back(self):
        self.check_mail()
        self.check_gone()
        self.start_daemon(self.answers, *self.command)
        self.assert_login("AUTHENTICATIONFAILED", "new@example.org", "x")


class LdapLookup(Ldap):
    sources = "directory, ldap-lookup:TOP/ldap.conf"
    tls = ""
    scheme = "ldaps"


# As far as the recipe asks for it. Bits of a number are compared by the rule
# that slapd has from there.
OF_ACTIVE_DIRECTORY = """
attributetype ( 1.1.2.1 NAME 'objectCategory' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.1.2.2 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.1.2.3 NAME 'userAccountControl' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.1.2.4 NAME 'user' SUP top AUXILIARY
  MAY ( objectCategory $ userPrincipalName $ userAccountControl ) )
"""


class ActiveDirectory(Ldap):
    """The recipe of docs/operating.md, but for what each has of its own."""
    tls = ""
    scheme = "ldaps"
    schema = OF_ACTIVE_DIRECTORY
    entries = ENTRIES.split("\n\n")[0] + "\n\n" + "".join(
        "dn: uid=%s,dc=example,dc=org\nobjectClass: inetOrgPerson\n"
        "objectClass: user\nuid: %s\ncn: x\nsn: x\nmail: %s\n"
        "userPrincipalName: %s@ad.example.org\nobjectCategory: %s\n"
        "userAccountControl: %d\nuserPassword: %s\n\n"
        % (n, n, n + "@example.org", n, category, control, hashed(n))
        for n, category, control in (
            ("ann", "person", 512), ("bob", "person", 512 + 65536),
            ("off", "person", 512 + 2), ("machine", "computer", 4096)))

    @classmethod
    def described(cls, top):
        with open(os.path.join(harness.ROOT, "docs", "operating.md")) as f:
            text = f.read().split("For *Active Directory*")[1]
        cls.other = re.search(r"`(\(userPrincipalName=%u\))` instead of "
                              r"`\(mail=%u\)`", text)[1]
        recipe = dict(line.strip().split(" = ", 1)
                      for line in text.split("\n\n")[1].splitlines())
        recipe.update(uri=cls.url, ca=top + "/ca.pem",
                      bind_dn="cn=roost,dc=example,dc=org",
                      base="dc=example,dc=org")
        assert "(mail=%u)" in recipe["filter"]
        return "".join("%s = %s\n" % row for row in recipe.items())

    def check_shut_out(self, domain):
        """Who is disabled there, and who is nobody."""
        for name in ("off", "machine"):
            user = name + domain
            self.assert_login("AUTHENTICATIONFAILED", user, name)
            self.assertEqual(deliver(self.server, user), 550)

    def test_accounts(self):
        self.check_accounts()
        self.check_mail()
        self.check_shut_out("@example.org")

    def test_names_to_log_in_with(self):
        path = os.path.join(self.top, "ldap.conf")
        with open(path) as f:
            before = f.read()
        self.addCleanup(self.reload, path, before)
        self.reload(path, before.replace("(mail=%u)", self.other))
        self.assert_login("OK", "ann@ad.example.org", "ann")
        self.assert_login("AUTHENTICATIONFAILED", "ann@ad.example.org", "x")
        self.assertEqual(deliver(self.server, "bob@ad.example.org"), 250)
        self.check_shut_out("@ad.example.org")

    def reload(self, path, text):
        write(path, text)
        self.assertEqual(0, self.server.stop())
        self.server.start()

    def test_z_gone_and_back(self):
        self.check_mail()


class LdapOfNobody(Ldap):
    """whose certificate isn't one of those that are trusted"""
    @classmethod
    def prepare(cls):
        super().prepare()
        path = os.path.join(cls.top, "ldap.conf")
        with open(path) as f:
            text = f.read()
        write(path, text.replace("ca = ", "# ca = "))

    def assert_refused(self, text):
        """And what is wrong is said to who looks after the server."""
        before = len(self.server.log())
        self.assert_login("UNAVAILABLE", "ann@example.org", "ann")
        self.assertIn(text, self.server.log()[before:])
        done = self.server.roost("auth", "test", "ann@example.org",
                                 stdin="ann\n", check=False)
        self.assertIn("can't be asked: " + text, done.stdout)
        self.check_doctor("error", text)

    def test_accounts(self):
        self.assert_refused("its certificate is signed by authority, whom "
                            "nobody trusts here")

    def test_z_gone_and_back(self):
        self.stop_daemon()
        self.assert_refused("Can't contact LDAP server")


class LdapsOfNobody(LdapOfNobody):
    tls = ""
    scheme = "ldaps"


class LdapOfAnother(LdapOfNobody):
    """whose certificate is of one that is trusted, but not what it should be"""
    tls = ""
    scheme = "ldaps"
    names = "IP:192.0.2.1"
    times = ()
    wrong = "its certificate is not for 127.0.0.1 (it calls itself ldap)"

    @classmethod
    def prepare(cls):
        Ldap.prepare.__func__(cls)
        cls.stop_daemon()
        top = os.path.join(cls.top, "ldap")
        ca = authority.Authority(cls.top, "ca")
        pem = ca.issue("/CN=ldap", "subjectAltName=%s\n" % cls.names,
                       *cls.times)
        for name in "cert.pem", "key.pem":
            shutil.copy(pem, os.path.join(top, name))
        shutil.copy(ca.path, os.path.join(top, "ca.pem"))
        cls.start_daemon(cls.answers, *cls.command)

    def test_accounts(self):
        self.assert_refused(self.wrong)


class LdapFromThePast(LdapOfAnother):
    tls = "start_tls = yes\n"
    scheme = "ldap"
    names = "IP:127.0.0.1"
    times = "20200101000000Z", "20200201000000Z"
    wrong = "its certificate has expired"


class LdapFromTheFuture(LdapFromThePast):
    times = "20480101000000Z", "20490101000000Z"
    wrong = "its certificate is not valid yet"


class Slow(Daemon):
    """It takes connections, and says nothing, or a little now and then."""
    sources = "directory, sql:TOP/sql.conf, ldap:TOP/ldap.conf"

    @classmethod
    def prepare(cls):
        cls.listeners = []
        ports = []
        for _ in range(2):
            s = socket.create_server(("127.0.0.1", 0))
            cls.listeners.append(s)
            ports.append(s.getsockname()[1])
        write(os.path.join(cls.top, "sql.conf"),
              "database = postgresql\nhost = 127.0.0.1\nport = %d\n"
              "user = x\nname = x\n%s" % (ports[0], QUERY))
        write(os.path.join(cls.top, "ldap.conf"),
              "uri = ldap://127.0.0.1:%d\nbase = dc=x\nfilter = (mail=%%u)\n"
              % ports[1])

    @classmethod
    def tearDownClass(cls):
        for s in cls.listeners:
            s.close()
        super().tearDownClass()

    def test_nobody_else_waits(self):
        self.server.add_user("own@example.org", "own")
        answers = []

        def try_in():
            answers.append(login(self.server, "new@example.org", "x"))

        threads = [threading.Thread(target=try_in) for _ in range(12)]
        for t in threads:
            t.start()
        time.sleep(0.5)
        self.assert_login("OK", "own@example.org", "own")
        self.assertEqual([], answers)   # they still wait
        for t in threads:
            t.join()
        self.assertEqual(answers, 12 * ["UNAVAILABLE"])


class Wrong(Daemon):
    """Descriptions that can't be used: each is said, and none widens."""
    GOOD = "database = sqlite\nname = /tmp/x\n"

    def test_descriptions(self):
        rows = [
            ("sql", self.GOOD, "needs a query"),
            ("sql", self.GOOD + "query = SELECT '%u'\n", "quotes around"),
            ("sql", self.GOOD + "query = SELECT %x\n", "a variable"),
            ("sql", "database = oracle\n", "none of sqlite"),
            ("sql", "nonsense\n", "line 1"),
            ("sql", "a = b\n", "no such option"),
            ("sql", "database = postgresql\nuser = u\nname = n\n"
             "host = db.example.org\nquery = SELECT %u\n", "needs ca"),
            ("ldap", "uri = ldap://192.0.2.1\nbase = x\nfilter = (a=%u)\n",
             "in the clear"),
            ("ldap", "uri = ldaps://x\nbase = x\nfilter = (a=b)\n",
             "the same for all"),
        ]
        texts = []
        names = []
        for i, (kind, text, wrong) in enumerate(rows):
            path = os.path.join(self.top, "%d.conf" % i)
            write(path, text)
            names.append("%s:%s" % (kind, path))
            texts.append(wrong)
        with harness.Server(conf="sources = %s\n" % ", ".join(names)) as s:
            self.assertTrue(wait_for(
                lambda: s.log().count("source_unusable") == len(rows)),
                s.log())
            for wrong in texts:
                self.assertIn(wrong, s.log())
            self.assertEqual(login(s, "ann@example.org", "x"), "UNAVAILABLE")


if __name__ == "__main__":
    unittest.main()
