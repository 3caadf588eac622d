"""doctor.py -- roost doctor, over servers that are well and that are not.

Ours, by its configuration and by name; a Dovecot set up as nobody should;
and servers that lie, drip, or never end, which must cost no more than their
time. A name server (dnsmasq) and a web server say what clients ask for.
"""
import calendar
import contextlib
import http.server
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import support  # noqa: F401 -- where harness is
from harness import PATIENCE_S, Raw, Server, free_ports
from processes import wait_for

HOST = "127.0.0.1"
CLOCK = {"clock"}


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


def certificate(top, name, *, days=90, bits="rsa:2048", sha="-sha256",
                more=""):
    """PEM of a certificate for that name, signed by itself, and its key."""
    pem = os.path.join(top, "%s-%d.pem" % (name, time.monotonic_ns()))
    run("openssl", "req", "-x509", "-nodes", "-newkey", bits, "-days",
        str(days), "-subj", "/CN=" + name, sha, "-addext",
        "subjectAltName=DNS:" + name + more, "-keyout", pem + ".key", "-out", pem)
    with open(pem, "a") as out, open(pem + ".key") as key:
        out.write(key.read())
    return pem


@contextlib.contextmanager
def listener(serve):
    """Its port; each connection is one call of serve(socket)."""
    s = socket.create_server((HOST, 0))

    def loop():
        while True:
            try:
                conn, _ = s.accept()
            except OSError:
                return
            threading.Thread(target=call, args=(conn,), daemon=True).start()

    def call(conn):
        with conn, contextlib.suppress(OSError):
            serve(conn)

    threading.Thread(target=loop, daemon=True).start()
    try:
        yield str(s.getsockname()[1])
    finally:
        s.shutdown(socket.SHUT_RDWR)
        s.close()


class Findings:
    def __init__(self, process):
        self.status = process.returncode
        self.rows = json.loads(process.stdout)

    def bad(self):
        return {r["check"] for r in self.rows if r["severity"] != "ok"}

    def good(self):
        return {r["check"] for r in self.rows if r["severity"] == "ok"}

    def of(self, check):
        return [r for r in self.rows if r["check"] == check]


class DoctorTest(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="roost-doctor-")
        self.addCleanup(shutil.rmtree, self.top)

    def no_server(self):
        """Only for its `roost`: none is started."""
        server = Server()
        self.addCleanup(shutil.rmtree, server.top)
        return server

    def doctor(self, server, *arguments, conf=False):
        done = server.roost("doctor", *arguments, "--json", conf=conf,
                            check=False)
        self.assertIn(done.returncode, (0, 1, 2), done.stderr)
        return Findings(done)

    def damage(self, server):
        """Starts it anew, without its first partition."""
        server.stop()
        with open(os.path.join(server.dir, "partition", "1",
                               "index.lmdb"), "r+b") as f:
            f.write(b"\xa5" * 16384)
        server.start()
        self.assertTrue(wait_for(
            lambda: "event=partition_failed" in server.log()))


class Ours(DoctorTest):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(conf="lockout_time = 1h\n")
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)

    def ca(self):
        return os.path.join(self.server.dir, "certificate.pem")

    def test_by_name(self):
        found = self.doctor(self.server, "localhost", "--ca", self.ca(),
                            "--imap-port", str(self.server.imap_port),
                            "--imaps-port", str(self.server.imaps_port))
        self.assertEqual(found.bad(), set())
        self.assertEqual(found.status, 0)
        for check in ("starttls", "no_clear_text", "nothing_before_tls",
                      "certificate_chain", "old_versions", "tls_1_3",
                      "forward_secrecy", "alpn", "log_in_offered",
                      "reachable", "greeting", "revision", "handshake",
                      "certificate_name", "certificate_dates",
                      "certificate_key", "suites", "tls_1_2"):
            self.assertIn(check, found.good())

    def test_by_configuration(self):
        self.server.add_user("well@example.org")
        found = self.doctor(self.server, "--ca", self.ca(), conf=True)
        self.assertLessEqual(found.bad() - CLOCK, {
            "srv_imaps", "srv_imap", "autoconfig", "second_factor"})
        self.assertLessEqual(found.status, 1)
        for check in ("configuration", "running", "accounts", "schemes",
                      "disk", "store", "index", "packs", "locked_out",
                      "lmtp", "listeners", "ready", "policies"):
            self.assertIn(check, found.good())

    def test_nobody_knows_who_signed(self):
        found = self.doctor(self.server, "localhost", "--imap-port", "0",
                            "--imaps-port", str(self.server.imaps_port))
        self.assertEqual(found.bad(), {"certificate_chain"})
        self.assertEqual(found.status, 2)
        self.assertIn("self-signed", found.of("certificate_chain")[0]["text"])

    def test_what_makes_no_sense(self):
        """is said, and nothing is looked at."""
        for status, args in (
                (64, ("localhost", "--timeout", "0")),
                (64, ("localhost", "--imap-port", "65536")),
                (66, ("localhost", "--ca", "/nowhere")),
                (66, ("--ca", self.server.conf))):
            done = self.server.roost("doctor", *args, check=False)
            self.assertEqual((status, ""), (done.returncode, done.stdout), args)

    def test_by_another_name(self):
        found = self.doctor(self.server, "127.0.0.2", "--imap-port", "0",
                            "--ca", self.ca(), "--imaps-port",
                            str(self.server.imaps_port))
        self.assertEqual(found.bad(), {"certificate_name"})

    def test_text(self):
        done = self.server.roost(
            "doctor", "localhost", "--imap-port", "0", "--imaps-port",
            str(self.server.imaps_port), conf=False, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("tls: ", done.stdout)
        self.assertIn("  error    localhost (127.0.0.1:", done.stdout)
        self.assertIn("-> clients don't trust it", done.stdout)
        self.assertNotIn("  ok ", done.stdout)
        self.assertIn("errors: 1, warnings: 0", done.stdout)

    def test_accounts(self):
        """Subscriptions to what isn't there, and quotas nearly used up."""
        user = "ill@example.org"
        self.server.add_user(user)
        self.addCleanup(self.server.roost, "user", "remove", user, "--yes")
        imap = self.server.imap(user)
        imap.subscribe("Gone")
        imap.append("INBOX", None, None, b"a: b\r\n\r\n" + b"x" * 4000)
        imap.logout()
        self.server.roost("user", "quota", user, "--storage", "4200")
        found = self.doctor(self.server, "--ca", self.ca(), conf=True)
        quota, = found.of("quota")
        self.assertEqual(quota["subject"], user)
        self.assertEqual(quota["severity"], "warning")
        subscription, = found.of("subscriptions")
        self.assertIn("Gone", subscription["text"])
        listed = json.loads(self.server.roost("mailbox", "list", user,
                                              "--json").stdout)
        self.assertEqual([r["exists"] for r in listed if r["name"] == "Gone"],
                         ["no"])


    def test_second_factors(self):
        """Who has none is named, administrators apart, but not all of them;
        and who can't log in with a password alone is not."""
        names = ["w%02d@factors.org" % i for i in range(13)]
        for name in names:
            self.server.add_user(name)
            self.addCleanup(self.server.roost, "user", "remove", name,
                            "--yes")
        self.server.roost("user", "add", "--shared", "all@factors.org")
        self.addCleanup(self.server.roost, "user", "remove",
                        "all@factors.org", "--yes")
        self.server.roost("user", "disable", names[0])
        self.server.roost("user", "promote", names[1])
        uri = self.server.roost("totp", "enable", names[2]).stdout
        key = re.search(r"secret=([A-Z2-7]+)", uri).group(1)
        code = subprocess.run(["oathtool", "--totp", "-b", key], text=True,
                              capture_output=True, check=True).stdout.strip()
        self.server.roost("totp", "confirm", names[2], code)
        self.server.roost("policy", "set", names[3], "passwords", "off")
        found = self.doctor(self.server, "--ca", self.ca(), conf=True)
        bad, = found.of("administrator_second_factor")
        self.assertEqual(bad["severity"], "warning")
        self.assertEqual(bad["text"], "opened by a password alone (1): "
                         + names[1])
        bad, = found.of("second_factor")
        self.assertEqual(bad["severity"], "note")
        others = len(json.loads(self.server.roost(
            "user", "list", "--json").stdout)) - len(names) - 1
        self.assertIn("alone (%d): " % (9 + others), bad["text"])
        self.assertEqual(bad["text"].count("@"), min(9 + others, 10))
        for name in names[:4] + ["all@factors.org"]:
            self.assertNotIn(name, bad["text"])

    def test_lock_outs(self):
        user = "shut@example.org"
        self.server.add_user(user)
        self.addCleanup(self.server.roost, "user", "remove", user, "--yes")
        before = time.time()
        for i in range(12):
            raw = Raw(self.server.imaps_port, source="127.3.%d.1" % i)
            raw.line()
            raw.run(b"LOGIN %s wrong%d" % (user.encode(), i))
            raw.close()
        self.addCleanup(self.server.roost, "lockout", "clear")
        found = self.doctor(self.server, "--ca", self.ca(), conf=True)
        locked, = [r for r in found.of("locked_out") if r["subject"] == user]
        since, until = (
            calendar.timegm(time.strptime(t, "%Y-%m-%dT%H:%M:%SZ"))
            for t in re.findall(r"\d{4}-\S+Z", locked["text"]))
        self.assertLess(before - 1, since)
        self.assertLess(since, until)
        self.assertIn("this account has to wait", locked["text"])
        self.assertEqual(locked["severity"], "note")

    def test_the_clock_was_set_back(self):
        user = "late@example.org"
        self.server.add_user(user)
        self.addCleanup(self.server.roost, "user", "remove", user, "--yes")
        with self.server.database("accounts") as db:
            db.execute("UPDATE accounts SET created = created + 86400"
                       " WHERE name = ?", [user])
        found = self.doctor(self.server, "--ca", self.ca(), conf=True)
        self.assertIn("set back", "".join(
            r["text"] for r in found.of("clock")))


class Configured(DoctorTest):
    def test_it_does_not_run(self):
        with Server() as server:
            server.add_user("ann@example.org")
            server.stop()
            found = self.doctor(server, conf=True)
            self.assertEqual(found.status, 2)
            self.assertLessEqual({"running", "reachable", "lmtp"},
                                 found.bad())

    def test_sockets_of_the_mail_transfer_agent(self):
        """In a directory that Postfix's user alone may enter."""
        private = os.path.join(self.top, "private")
        lmtp, auth = (os.path.join(private, x) for x in ("lmtp", "auth"))
        os.chmod(self.top, 0o755)
        os.mkdir(private, 0o700)
        shutil.chown(private, "postfix")
        with Server(conf="lmtp_socket = %s\nauth_socket = %s\n"
                         "lmtp_socket_user = postfix\n"
                         "auth_socket_user = postfix\n" % (lmtp, auth)) as s:
            checks = {"lmtp", "lmtp_reach", "auth_socket", "auth_reach"}
            found = self.doctor(s, conf=True)
            self.assertIn("PLAIN", found.of("auth_socket")[0]["text"])
            self.assertEqual(set(), checks & found.bad())
            self.assertLessEqual(checks, found.good())
            # it may open neither, it may not enter, they are not there
            for path in lmtp, auth:
                os.chmod(path, 0o400)
            self.assertEqual({lmtp, auth}, self.shut_out(s))
            for path in lmtp, auth:
                os.chmod(path, 0o600)
            os.chmod(private, 0o600)
            self.assertEqual({private}, self.shut_out(s))
            os.unlink(lmtp)
            os.unlink(auth)
            found = self.doctor(s, conf=True)
            for path, check in (auth, "auth_socket"), (lmtp, "lmtp"):
                self.assertIn((path, "error"), [
                    (r["subject"], r["severity"]) for r in found.of(check)])

    def shut_out(self, server):
        """Where the ways of Postfix's user to both sockets end."""
        rows = [r for r in self.doctor(server, conf=True).rows
                if r["check"] in ("lmtp_reach", "auth_reach")]
        self.assertEqual(2, len(rows))
        return {r["text"].removeprefix("postfix is shut out at ")
                for r in rows if r["severity"] == "warning"}

    def test_sockets_that_nobody_was_named_for(self):
        """Then it is whom Debian's packages run as."""
        auth = os.path.join(self.top, "auth")
        os.chmod(self.top, 0o755)
        with Server(conf="auth_socket = %s\n" % auth) as s:
            reach, = self.doctor(s, conf=True).of("auth_reach")
        self.assertEqual("postfix is shut out at " + auth, reach["text"])

    def test_a_damaged_index(self):
        """Its partition is named, the others are well."""
        with Server() as server:
            server.add_user("ann@example.org")
            self.damage(server)
            found = self.doctor(server, conf=True)
            self.assertEqual(2, found.status)
            bad, = found.of("partition")
            self.assertEqual(("mail/1", "error"),
                             (bad["subject"], bad["severity"]))
            self.assertIn("roost store salvage", bad["advice"])
            self.assertEqual({"mail/0", "mail/2", "mail/3"}, {
                r["subject"] for r in found.of("index")})

    def test_it_can_not_start(self):
        with Server() as server:
            with open(os.path.join(server.dir, "roost.conf"), "a") as f:
                f.write("hostname = -\nno_such_option = 1\n")
            found = self.doctor(server, conf=True)
            self.assertEqual(found.status, 2)
            self.assertEqual(len(found.of("configuration")), 2)
            self.assertIn("no_such_option", found.rows[-1]["text"])
            # one that has its default is in no line
            certificate = os.path.join(server.dir, "certificate.pem")
            os.rename(certificate, certificate + ".away")
            found = self.doctor(server, conf=True)
            os.rename(certificate + ".away", certificate)
            self.assertIn("certificate %s: No such file or directory"
                          % certificate, [r["text"] for r in found.rows])

    def test_certificates(self):
        """Each way to be bad."""
        with Server() as server:
            port = str(server.imaps_port)
            for check, pem in (
                    ("certificate_name", certificate(self.top, "other.test")),
                    ("certificate_end_near",
                     certificate(self.top, "localhost", days=5)),
                    ("certificate_key", certificate(
                        self.top, "localhost", sha="-sha1"))):
                with self.subTest(check=check):
                    shutil.copy(pem, os.path.join(server.dir,
                                                  "certificate.pem"))
                    server.stop()
                    server.start()
                    found = self.doctor(server, "localhost", "--imap-port",
                                        "0", "--imaps-port", port, "--ca", pem)
                    self.assertIn(check, found.bad())


DOVECOT = """
base_dir = {top}/run
state_dir = {top}/state
log_path = {top}/log
protocols = imap
listen = 127.0.0.1, 127.0.0.2
ssl_cert = <{pem}
ssl_key = <{pem}
{more}
mail_location = maildir:{top}/mail
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={top}
}}
"""


# as Debian's package has it, and as nobody should
USUAL = """
ssl = required
ssl_min_protocol = TLSv1.2
ssl_prefer_server_ciphers = yes
"""
INSECURE = """
ssl = yes
ssl_min_protocol = TLSv1
ssl_cipher_list = ALL:eNULL:@SECLEVEL=0
disable_plaintext_auth = no
"""
AWAY = "127.0.0.2"      # for Dovecot whoever is not of the same address


class Others(DoctorTest):
    """Servers that are not ours."""

    def setUp(self):
        super().setUp()
        self.server = self.no_server()

    @contextlib.contextmanager
    def dovecot(self, pem, more):
        os.chmod(self.top, 0o755)
        imap, imaps = free_ports(2)
        conf = os.path.join(self.top, "conf")
        with open(conf, "w") as f:
            f.write(DOVECOT.format(top=self.top, pem=pem, imap=imap,
                                   imaps=imaps, more=more))
        process = subprocess.Popen(
            ["dovecot", "-F", "-c", conf], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin"))
        try:
            wait_for(lambda: socket.socket().connect_ex(
                (HOST, imaps)) == 0)
            yield str(imap), str(imaps)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)

    def test_a_dovecot_that_is_well(self):
        """Seen from elsewhere there is nothing but that it has no ALPN."""
        pem = certificate(self.top, "localhost", more=",IP:" + AWAY)
        with self.dovecot(pem, USUAL) as (imap, imaps):
            there = ("--imap-port", imap, "--imaps-port", imaps, "--ca", pem)
            here, found = (self.doctor(self.server, host, *there)
                           for host in ("localhost", AWAY))
            text = self.server.roost("doctor", AWAY, *there,
                                     conf=False).stdout
        self.assertEqual({"alpn", "clear_text_here"}, here.bad())
        self.assertEqual(0, here.status)
        self.assertEqual({"alpn"}, found.bad())
        self.assertEqual(0, found.status)
        self.assertLessEqual({"no_clear_text", "starttls", "tls_1_3",
                              "nothing_before_tls", "forward_secrecy",
                              "log_in_offered"}, found.good())
        self.assertEqual(["  note     %s (%s:%s): a client that says "
                          "\"http/1.1\" by ALPN is taken" % (AWAY, AWAY, port)
                          for port in (imap, imaps)],
                         re.findall("(?m)^  [a-z]+ .*", text))
        self.assertEqual(2, text.count(
            "-> refusing other protocols' names keeps web pages"))
        self.assertIn("errors: 0, warnings: 0, notes: 2", text)

    def test_an_insecure_dovecot(self):
        pem = certificate(self.top, "localhost", bits="rsa:1024")
        with self.dovecot(pem, INSECURE) as (imap, imaps):
            found = self.doctor(self.server, AWAY, "--imap-port", imap,
                                "--imaps-port", imaps, "--ca", pem)
        self.assertEqual(found.status, 2)
        self.assertLessEqual({"no_clear_text", "old_versions", "suites",
                              "certificate_key", "forward_secrecy",
                              "certificate_name"}, found.bad())
        self.assertIn("nothing_before_tls", found.good())
        self.assertIn("starttls", found.good())

    def look(self, serve, tls=False, timeout=PATIENCE_S):
        """timeout: short for those that never end."""
        with listener(serve) as port:
            ports = ("0", port) if tls else (port, "0")
            start = time.monotonic()
            found = self.doctor(self.server, "localhost",
                                "--timeout", str(timeout),
                                "--imap-port", ports[0], "--imaps-port",
                                ports[1])
            return found, time.monotonic() - start

    def test_another_service(self):
        found, _ = self.look(lambda c: (c.sendall(b"220 mail ESMTP\r\n"),
                                        c.recv(99)))
        self.assertIn("greeting", found.bad())
        self.assertIn("220 mail ESMTP", found.of("greeting")[0]["text"])

    def test_escapes_are_not_printed(self):
        found, _ = self.look(lambda c: c.sendall(b"* \x1b[31m\xff\r\n"))
        self.assertIn("* ?[31m", found.of("greeting")[0]["text"])

    def test_a_line_without_an_end(self):
        def serve(c):
            while True:
                c.sendall(b"*" * 65536)
        found, _ = self.look(serve)
        self.assertIn("greeting", found.bad())

    def test_an_answer_without_an_end(self):
        def serve(c):
            c.sendall(b"* OK hello\r\n")
            while True:
                c.sendall(b"* CAPABILITY IMAP4rev1\r\n" * 1000)
        found, seconds = self.look(serve, timeout=2)
        self.assertEqual(found.status, 2)
        self.assertLess(seconds, PATIENCE_S)

    def test_a_server_that_drips(self):
        def serve(c):
            while True:
                c.sendall(b"*")
                time.sleep(0.5)
        found, seconds = self.look(serve, timeout=2)
        self.assertIn("greeting", found.bad())
        self.assertLess(seconds, PATIENCE_S)

    def test_tls_never_ends(self):
        found, seconds = self.look(lambda c: time.sleep(300), tls=True,
                                   timeout=2)
        self.assertEqual(found.bad(), {"handshake"})
        self.assertLess(seconds, PATIENCE_S)

    def test_commands_slip_in(self):
        """Who obeys what was sent before TLS is found out."""
        pem = certificate(self.top, "localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)

        def serve(c):
            c.sendall(b"* OK hello\r\n")
            got = c.recv(9999)
            if b"CAPABILITY" in got:
                c.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n"
                          b"d1 OK done\r\n")
                return
            before = got.split(b"\r\n")[1:]
            c.sendall(b"d1 OK begin\r\n")
            with context.wrap_socket(c, server_side=True) as t:
                for line in before:
                    if line:
                        t.sendall(line.split()[0] + b" OK done\r\n")
                t.recv(99)
        found, _ = self.look(serve)
        self.assertIn("nothing_before_tls", found.bad())


class Discovery(DoctorTest):
    NAME = "doctor.test"

    @contextlib.contextmanager
    def names(self, *options):
        """dnsmasq, which knows the test's names and no others."""
        port = free_ports(1)[0]
        process = subprocess.Popen(
            ["dnsmasq", "-k", "-p", str(port), "-a", HOST, "-z", "-R", "-h",
             "-C", "/dev/null", "--pid-file=", "--user=root",
             "--local=/test/", *options],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin"))
        try:
            wait_for(lambda: socket.socket().connect_ex(
                (HOST, port)) == 0)
            yield "%s:%d" % (HOST, port)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)

    @contextlib.contextmanager
    def pages(self, address, page, date=None):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                good = self.path == "/mail/config-v1.1.xml" and page
                self.send_response(200 if good else 404)
                self.end_headers()
                if good:
                    self.wfile.write(page)

            def date_time_string(self, timestamp=None):
                return super().date_time_string(timestamp or date)

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(self.top, self.NAME))
        found = []

        def listens():      # others may do so there, too
            with contextlib.suppress(OSError):
                found.append(http.server.ThreadingHTTPServer((address, 443),
                                                             Handler))
            return found
        self.assertTrue(wait_for(listens))
        web, = found
        web.socket = context.wrap_socket(web.socket, server_side=True)
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        try:
            yield
        finally:
            web.shutdown()
            web.server_close()
            thread.join()

    def look(self, server, resolver):
        return self.doctor(server, "localhost", "--imap-port", "0",
                           "--imaps-port", "0", "--domain", self.NAME,
                           "--resolver", resolver)

    def test_all_is_there(self):
        page = (b'<clientConfig><incomingServer type="imap">'
                b"<hostname>localhost</hostname></incomingServer>")
        with Server() as server, self.names(
                "--srv-host=_imaps._tcp.%s,imap.%s,%d" % (
                    self.NAME, self.NAME, server.imaps_port),
                "--srv-host=_imap._tcp." + self.NAME,
                "--host-record=imap.%s,127.0.0.1" % self.NAME,
                "--host-record=autoconfig.%s,127.0.0.9" % self.NAME) as dns, \
                self.pages("127.0.0.9", page):
            found = self.look(server, dns)
        self.assertEqual(found.bad(), set())
        self.assertEqual(found.good(), {"srv_imaps", "srv_imap", "srv_target",
                                        "autoconfig", "clock"})

    def test_somebody_has_another_time(self):
        with self.names("--host-record=autoconfig.%s,127.0.0.9"
                        % self.NAME) as dns, \
                self.pages("127.0.0.9", b"", date=time.time() - 7200):
            found = self.look(self.no_server(), dns)
        clock, = found.of("clock")
        self.assertEqual(clock["severity"], "warning")
        self.assertRegex(clock["text"], r"ours are 7[12]\d\d s apart")

    def test_it_leads_nowhere(self):
        port, = free_ports(1)
        with self.names(
                "--srv-host=_imaps._tcp.%s,imap.%s,%d" % (
                    self.NAME, self.NAME, port),
                "--host-record=imap.%s,127.0.0.1" % self.NAME,
                "--host-record=autoconfig.%s,127.0.0.9" % self.NAME) as dns, \
                self.pages("127.0.0.9", None):
            found = self.look(self.no_server(), dns)
        self.assertEqual(found.status, 2)
        self.assertEqual(found.bad(), {"srv_target", "srv_imap",
                                       "autoconfig"})

    @staticmethod
    def add_rows(server, domains):
        """An account in each, by its row alone: it has no mail."""
        with server.database("accounts") as db:
            for i, domain in enumerate(domains, 1):
                db.execute("INSERT INTO domains (id, name, created)"
                           " VALUES (?, ?, 1)", [i, domain])
                db.execute("INSERT INTO accounts (id, name, domain, state,"
                           " created, shared) VALUES (?, ?, ?, 1, 1, 1)",
                           [i, "all@" + domain, i])

    def test_many_domains(self):
        """Each is asked after, in the order of names."""
        domains = ["d%02d.test" % i for i in range(40)]
        with Server() as server, self.names(
                *("--srv-host=_imap._tcp." + d for d in domains)) as dns:
            self.add_rows(server, reversed(domains))
            found = self.doctor(server, "--resolver", dns, conf=True)
            self.assertEqual(
                ["_imap._tcp." + d for d in domains],
                [r["subject"] for r in found.of("srv_imap")
                 if r["severity"] == "ok"])
            self.assertEqual(40, len(found.of("autoconfig")))
            bad, = [r for r in found.of("store") if r["severity"] != "ok"]
            self.assertEqual("there are 40, and mail of 0", bad["text"])

    def test_nobody_answers_for_many(self):
        """Then they are given up."""
        with Server() as server, socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM) as closed:
            closed.bind((HOST, 0))
            self.add_rows(server, ["d%03d.test" % i for i in range(130)])
            where = "%s:%d" % closed.getsockname()
            closed.close()      # who asks is told so at once
            found = self.doctor(server, "--resolver", where, conf=True)
        given_up, = found.of("name_server")
        asked = len(found.of("srv_imaps"))
        self.assertEqual("%d more were not asked after" % (130 - asked),
                         given_up["text"])
        self.assertLessEqual(64, asked)
        self.assertLess(asked, 100)

    def test_nobody_answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((HOST, 0))
            found = self.look(self.no_server(),
                              "%s:%d" % silent.getsockname())
        self.assertEqual(found.bad(), {"srv_imaps", "srv_imap", "autoconfig"})
        self.assertIn("no name server says",
                      found.of("srv_imaps")[0]["text"])


if __name__ == "__main__":
    unittest.main()
