"""alerts.py -- who is told of what is odd, how often, and what becomes of it
when it can't be delivered."""
import base64
import email
import email.policy
import http.server
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import mmdb
import support
import harness
from full_disk import Ballast, Mount
from harness import Raw
from policies import DATA
from processes import wait_for

AT, DE, US = "131.130.1.1", "134.109.1.1", "8.8.8.8"
CHEAP = "password_memory = 1M\npassword_passes = 1\n"
BALANCER = ("listen_imaps = 127.0.0.1:%d, 127.0.0.1:%d proxy\n"
            "proxy_networks = 127.0.0.1\nrefusal_time = 1s\n")


def certificate(path, days=30):
    """Its own authority's; the key is beside it."""
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-days", str(days), "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", path + ".key", "-out", path], check=True, capture_output=True)
    return path


class Receiver:
    """A webhook on TLS; what was posted, and what is answered."""

    def __init__(self, top):
        self.pem = certificate(os.path.join(top, "hook.pem"))
        self.port, = harness.free_ports(1)
        self.status, self.posts, self.server = 200, [], None

    @property
    def url(self):
        return "https://localhost:%d/T0P/SeCrEt?key=hidden" % self.port

    def start(self, pem=None):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.append((self.path, self.headers, body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args):
                pass

        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", self.port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem or self.pem, (pem or self.pem) + ".key")
        self.server.socket = context.wrap_socket(self.server.socket,
                                                 server_side=True)
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def stop(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def of(self, kind):
        posts = [json.loads(body) for _, _, body in list(self.posts)]
        return [p for p in posts if p["kind"] == kind]


class AlertTest(support.ServerTest):
    places = "owner"        # %s: the webhook
    more = ""

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="roost-test-")
        cls.hook = Receiver(cls.top)
        cls.port, = harness.free_ports(1)
        cls.server = harness.Server(env={"SSL_CERT_FILE": cls.hook.pem},
                                    directory=cls.directory)
        with open(cls.server.conf) as f:
            lines = [line for line in f if not line.startswith(
                ("listen_imaps ", "alerts "))]
        with open(cls.server.conf, "w") as f:
            f.writelines(lines)
            f.write(BALANCER % (cls.server.imaps_port, cls.port))
            f.write("alerts = %s\n" % (cls.places.replace("HOOK",
                                                          cls.hook.url)))
            f.write("country_data = %s\n%s" % (cls.data(), cls.more.replace("TOP", cls.top)))
        cls.server.start()

    @classmethod
    def data(cls):
        return DATA

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.hook.stop()
        shutil.rmtree(cls.top)

    def comes_in(self, user, address, password="secret", client=None):
        raw = Raw(self.port, tls=False)
        raw.send(b"PROXY TCP4 %s 127.0.0.1 4711 993\r\n" % address.encode())
        raw.sock = self.server.tls().wrap_socket(raw.sock)
        raw.line()
        if client is not None:
            raw.run(b"ID (\"name\" %s)" % client)
        answer = raw.run(b'LOGIN "%s" %s' % (user.encode(),
                                             password.encode()))[-1]
        raw.close()
        return b" OK" in answer

    def alerts(self, kind, user=None):
        """Lines of the log."""
        return [l for l in self.server.log().splitlines()
                if " event=alert kind=%s " % kind in l and
                (user is None or " user=%s " % user in l)]

    def listed(self, *args):
        return json.loads(self.server.roost("alert", "list", *args,
                                            "--json").stdout)

    def mail(self, user, password="secret"):
        """Messages of its INBOX, as their clients see them."""
        m = self.server.imap('"%s"' % user, password)
        try:
            m.select("INBOX", readonly=True)
            numbers = m.search(None, "ALL")[1][0].split()
            return [email.message_from_bytes(
                m.fetch(n, "(BODY.PEEK[])")[1][0][1],
                policy=email.policy.default) for n in numbers]
        finally:
            m.logout()

    def settled(self):
        """All that was queued has been looked at."""
        marks = len(self.server.log())
        self.server.roost("alert", "list")
        return marks

    def wait_mail(self, user, n=1, password="secret"):
        self.assertTrue(wait_for(lambda: len(self.mail(user, password)) >= n))
        mails = self.mail(user, password)
        self.assertEqual(n, len(mails))
        return mails


    # -- downloads --

    def history(self, sql, *args):
        with self.server.database("history") as db:
            db.execute(sql, args)

    def age(self, user, address, days):
        """It has signed in from there since then."""
        self.assertTrue(self.comes_in(user, address))
        self.history("UPDATE places SET first = ? WHERE network = ? AND"
                     " account IN (SELECT account FROM sign_ins WHERE"
                     " name = ?)", int(time.time()) - days * 86400,
                     address.rsplit(".", 1)[0] + ".0/24", user)

    def fetch_all(self, user, address, times=1):
        raw = Raw(self.port, tls=False)
        raw.send(b"PROXY TCP4 %s 127.0.0.1 4711 993\r\n" % address.encode())
        raw.sock = self.server.tls().wrap_socket(raw.sock)
        raw.login(user)
        raw.run(b"SELECT INBOX")
        for _ in range(times):
            raw.run(b"FETCH 1:* (BODY.PEEK[])")
        raw.close()

    # -- what ends soon --

    def serve(self, pem):
        """The one certificate of the server."""
        path = os.path.join(self.server.dir, "certificate.pem")
        with open(path + ".new", "w") as f:
            f.write(pem)
        os.rename(path + ".new", path)

    def ends_soon(self):
        """One for nine days, with its key."""
        soon = certificate(os.path.join(self.top, "soon.pem"), days=9)
        with open(soon) as a, open(soon + ".key") as b:
            return a.read() + b.read()


class Owner(AlertTest):
    """Nothing but the default."""

    def test_new_country(self):
        ann = self.new_user()
        self.assertTrue(self.comes_in(ann, AT))
        self.assertTrue(self.comes_in(ann, "131.130.77.1"))
        self.assertEqual([], self.alerts("new-country", ann))
        began = int(time.time())
        self.assertTrue(self.comes_in(ann, DE, client=b'"Eve\'s <mail>"'))
        mail, = self.wait_mail(ann)
        line, = self.alerts("new-country", ann)
        for part in ("level=warn", "rip=" + DE, "country=DE",
                     "network=134.109.1.0/24", "service=imap", "method=LOGIN",
                     "session="):
            self.assertIn(part, line)
        self.assertEqual([], mail.defects)
        self.assertEqual("<>", mail["Return-Path"])
        self.assertEqual(ann, mail["To"])
        self.assertEqual("roost <postmaster@localhost>", mail["From"])
        self.assertEqual("auto-generated", mail["Auto-Submitted"])
        self.assertTrue(began <= mail["Date"].datetime.timestamp()
                        <= time.time())
        self.assertIn("@localhost>", mail["Message-ID"])
        text = mail.get_content()
        for part in (DE, "DE", "Eve's <mail>", "roost user password " + ann,
                     "roost alert silence %s new-country" % ann):
            self.assertIn(part, text)
        # once, whatever comes from there, and whatever ends in between
        self.assertTrue(self.comes_in(ann, "134.109.2.1"))
        self.assertTrue(self.comes_in(ann, AT))
        self.assertEqual(0, self.server.stop())
        self.server.start()
        self.assertTrue(self.comes_in(ann, "134.109.3.1"))
        self.settled()
        self.assertEqual(1, len(self.mail(ann)))
        row, = self.listed(ann)
        self.assertEqual(("new-country", ann, "DE"), tuple(
            row[k] for k in ("kind", "user", "subject")))
        # another one is another one
        self.assertTrue(self.comes_in(ann, US))
        self.wait_mail(ann, 2)
        self.server.roost("user", "remove", "--yes", ann)
        with self.server.database("alerts") as db:
            self.assertEqual([], db.execute(
                "SELECT * FROM raised WHERE user = ?", [ann]).fetchall())

    # -- downloads --

    def test_download(self):
        ann, new = self.new_user(), self.new_user()
        for user in (ann, new):
            raw = Raw(self.server.imaps_port).login(user)
            self.assertIn(b" OK", raw.run(b"APPEND INBOX" + 60 * (
                b" {17+}\r\nSubject: x\r\n\r\nx\r\n"))[-1])
            raw.close()
        self.age(ann, AT, 30)
        support.within(3600)        # of which what is fetched is counted
        # at home everything may be fetched, and a young account has no habit
        self.fetch_all(ann, AT, 12)
        self.fetch_all(new, "131.130.9.1", 12)
        # elsewhere a little
        self.fetch_all(ann, "131.130.5.1", 5)
        ended = "event=imap_end user=%s "
        self.assertTrue(wait_for(lambda: self.server.log().count(
            ended % new) >= 2 and self.server.log().count(ended % ann) >= 4))
        self.settled()
        self.assertEqual([], self.alerts("download"))
        self.fetch_all(ann, "131.130.5.1", 6)
        self.assertTrue(wait_for(lambda: self.alerts("download", ann)))
        line, = self.alerts("download")
        self.assertIn("messages=660 ", line)
        self.assertIn("network=131.130.5.0/24", line)
        self.fetch_all(ann, "131.130.5.1", 12)
        self.settled()
        self.assertEqual(1, len(self.alerts("download")))
        told = lambda: [m for m in self.mail(ann) if m["From"]]
        self.assertTrue(wait_for(told))
        mail, = told()
        self.assertIn("Messages      660", mail.get_content())

    # -- quotas --

    def test_quota(self):
        ann = self.new_user()
        self.server.roost("user", "quota", ann, "--messages", "20")
        raw = Raw(self.server.imaps_port).login(ann)
        self.addCleanup(raw.close)
        append = lambda: self.assertIn(b" OK", support.append(
            raw, b"Subject: x\r\n\r\nx\r\n"))

        def lines():
            self.settled()
            return len(self.alerts("quota", ann))
        for _ in range(15):
            append()
        self.assertEqual(0, lines())
        append()
        self.assertTrue(wait_for(lambda: lines() == 1))     # and the mail: 17
        self.assertTrue(wait_for(lambda: len(self.mail(ann)) == 17))
        append()
        append()
        self.assertTrue(wait_for(lambda: lines() == 2))     # 19, then 20
        self.assertTrue(wait_for(lambda: len(self.mail(ann)) == 20))
        row = [r["subject"] for r in self.listed(ann)]
        self.assertEqual(["messages/95", "messages/80"], row)
        raw.run(b"SELECT INBOX")
        raw.run(b"STORE 1:8 +FLAGS.SILENT (\\Deleted)")
        raw.run(b"EXPUNGE")
        self.assertTrue(wait_for(lambda: self.listed(ann) == []))
        for _ in range(4):
            append()
        self.assertTrue(wait_for(lambda: lines() == 3))

    # -- who gets no mail --

    def test_read_only(self):
        ann = self.new_user()
        self.assertTrue(self.comes_in(ann, AT))
        self.server.roost("policy", "set", ann, "read-only", "on")
        self.assertTrue(self.comes_in(ann, US))
        self.wait_mail(ann)

    # -- silence --

    def test_silence(self):
        ann = self.new_user()
        self.assertTrue(self.comes_in(ann, AT))
        self.server.roost("alert", "silence", ann, "new-country")
        self.assertTrue(self.comes_in(ann, DE))
        self.server.roost("alert", "silence", ann, "travel", "--until",
                          "2101-02-03")
        shown = self.server.roost("policy", "show", ann).stdout
        self.assertIn("new-country, travel/2101-02-03T00:00:00Z", shown)
        self.server.roost("alert", "resume", ann, "new-country")
        self.assertTrue(self.comes_in(ann, US))
        self.assertTrue(wait_for(lambda: self.alerts("new-country", ann)))
        self.assertEqual(["US"], [r["subject"] for r in self.listed(ann)])
        self.server.roost("alert", "resume", ann, "travel")
        self.assertEqual("", self.server.roost("policy", "show", ann).stdout)
        self.server.roost("policy", "set", ann, "silent-alerts",
                          "all/2001-02-03")     # over
        self.assertTrue(self.comes_in(ann, "193.0.0.1"))    # NL
        self.assertTrue(wait_for(
            lambda: len(self.alerts("new-country", ann)) == 2))
        for args in ((ann, "no-such"), ("nobody@example.org", "all"),
                     (ann, "travel,disk"), (ann, "")):
            self.assertNotEqual(0, self.server.roost(
                "alert", "silence", *args, check=False).returncode, args)
        audit = self.server.roost("audit", "show").stdout
        self.assertIn("event=alert_silence", audit)
        self.assertIn("event=alert_resume", audit)

    def test_certificate(self):
        """It is good for long; one that ends soon takes its place, and goes."""
        path = os.path.join(self.server.dir, "certificate.pem")
        with open(path) as f:
            good = f.read()
        self.assertEqual([], self.alerts("certificate"))
        self.serve(self.ends_soon())
        self.assertTrue(wait_for(lambda: self.alerts("certificate")))
        self.serve(good)
        self.assertTrue(wait_for(lambda: "certificate" not in
                                 [r["kind"] for r in self.listed()]))
        self.assertEqual(1, len(self.alerts("certificate")))


class Places(AlertTest):
    """An administrator and a webhook, too."""
    places = "owner, postmaster@example.org, HOOK"
    more = "failures_per_address = 50\nauth_socket = TOP/auth\n" + CHEAP

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.add_user("postmaster@example.org")
        cls.hook.start()

    def test_1_down_for_a_while(self):
        self.hook.stop()
        ann = self.new_user()
        self.assertTrue(self.comes_in(ann, AT))
        self.assertTrue(self.comes_in(ann, DE))
        self.assertTrue(self.comes_in(ann, DE))
        self.assertTrue(wait_for(
            lambda: "event=alert_posted" in self.server.log()))
        self.wait_mail(ann)     # it does not wait for the other
        self.hook.start()
        self.assertTrue(wait_for(lambda: self.hook.of("new-country")))
        post, = self.hook.of("new-country")
        self.assertEqual((ann, "DE", DE, "localhost"), tuple(
            post[k] for k in ("user", "country", "rip", "server")))
        path, headers, _ = self.hook.posts[0]
        self.assertEqual("/T0P/SeCrEt?key=hidden", path)
        self.assertEqual("application/json", headers["Content-Type"])
        self.assertNotIn("SeCrEt", self.server.log())
        self.assertNotIn("hidden", self.server.log())
        self.assertEqual([], self.mail("postmaster@example.org"))

    def test_hostile(self):
        """What is foreign is nothing but a value, wherever it goes."""
        name = "x{`id`}$&'+a|b@example.org"
        self.server.add_user(name)
        self.assertTrue(self.comes_in(name, AT))
        client = b'"a\\"b\\\\}<script>, event=x level=error"'
        self.assertTrue(self.comes_in(name, US, client=client))
        self.assertTrue(wait_for(lambda: [
            p for p in self.hook.of("new-country") if p["user"] == name]))
        post, = [p for p in self.hook.of("new-country") if p["user"] == name]
        self.assertIn("<script>", post["client"])
        mail, = self.wait_mail(name)
        self.assertEqual([], mail.defects)
        text = mail.get_content()
        self.assertIn("<script>", text)
        self.assertIn("roost user password ACCOUNT", text)
        line = [l for l in self.server.log().splitlines()
                if "event=alert kind=new-country" in l and "script" in l]
        self.assertEqual(1, len(line))

    def agent(self):
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.settimeout(harness.PATIENCE_S)
        sock.connect(os.path.join(self.top, "auth"))
        sock.sendall(b"VERSION\t1\t2\nCPID\t%d\n" % sock.fileno())
        return sock

    def refused(self, tries):
        """(user, password, address) of each, at once, as mail transfer agents
        ask: nobody has to wait there. All are refused, in the log; the
        answers are held back."""
        failed = lambda: self.server.log().count(" event=login_failed user=")
        before = failed()
        for i, (user, word, address) in enumerate(tries):
            if i % 25 == 0:     # no more at a time on one connection
                sock = self.agent()
            said = base64.b64encode(("\0%s\0%s" % (user, word)).encode())
            sock.sendall(
                b"AUTH\t%d\tPLAIN\tservice=smtp\trip=%s\tresp=%s\n"
                % (i + 1, address.encode(), said))
        self.assertTrue(wait_for(lambda: failed() == before + len(tries)))

    def test_attack(self):
        """A thousand wrong passwords are one attack, of each kind."""
        users = [self.new_user() for _ in range(20)]
        tries = [(users[i % 20], "Winter2026!" if i < 40 else "wrong%d" % i,
                  "131.130.%d.%d" % (i % 200, 1 + i % 7))
                 for i in range(1000)]
        for i in range(0, 200, 50):     # as many at a time as are all compared
            self.refused(tries[i:i + 50])
        self.refused(tries[200:])
        self.settled()
        log = self.server.log()
        self.assertGreater(log.count("event=lockout what=account"), 1)
        self.assertIn("event=spraying", log)
        for kind in ("lockout", "spraying"):
            self.assertTrue(wait_for(lambda: self.hook.of(kind)))
            self.assertEqual(1, len(self.alerts(kind)), kind)
            self.assertEqual(1, len(self.hook.of(kind)))
        for title in ("Too many wrong passwords",
                      "Passwords are being tried on many accounts"):
            self.assertTrue(wait_for(lambda: self.titles().count(title)))
            self.assertEqual(1, self.titles().count(title))
        for user in users:
            self.assertEqual([], self.listed(user))

    def titles(self):
        return [m["Subject"] for m in self.mail("postmaster@example.org")]

    def test_lockout_at_home(self):
        ann = self.new_user()
        self.assertTrue(self.comes_in(ann, AT))
        for i in range(11):
            self.refused([(ann, "typo%d" % i, AT)])
        self.assertTrue(wait_for(lambda: self.alerts("lockout", ann)))
        mail, = self.wait_mail(ann)
        self.assertIn("roost lockout clear " + ann, mail.get_content())

    def test_owner_is_full(self):
        """Administrators get what the owner can't."""
        ann = self.new_user()
        self.assertTrue(self.comes_in(ann, AT))
        self.server.roost("user", "quota", ann, "--storage", "10")
        self.assertTrue(self.comes_in(ann, US))
        self.assertTrue(wait_for(lambda: [
            m for m in self.mail("postmaster@example.org")
            if m["To"] == ann]))
        self.assertEqual([], self.mail(ann))

    def test_test(self):
        def rows(*args, status=0):
            done = self.server.roost("alert", "test", *args, "--json",
                                     check=False)
            self.assertEqual(status, done.returncode)
            return {r["place"]: r["outcome"] for r in json.loads(done.stdout)}
        site = "https://localhost:%d" % self.hook.port
        ann = self.new_user()
        self.assertEqual({"owner": "ok", "postmaster@example.org": "ok",
                          site: "ok"}, rows(ann))
        self.assertEqual(1, len(self.mail(ann)))
        self.hook.status = 500
        found = rows(status=65)
        self.hook.status = 200
        self.assertEqual("the webhook did not take it", found[site])
        self.assertIn("not tried", found["owner"])


def cities(top):
    """Data of countries with coordinates."""
    path = os.path.join(top, "city.mmdb")

    def city(code, latitude, longitude):
        return {"country": {"iso_code": code}, "location": {
            "latitude": latitude, "longitude": longitude}}
    with open(path, "wb") as f:
        f.write(mmdb.build({
            "81.10.0.0/16": city("AT", 48.21, 16.37),
            "81.11.0.0/16": city("AT", 48.30, 16.30),
            "81.20.0.0/16": city("AT", 47.07, 15.44),
            "133.10.0.0/16": city("JP", 35.68, 139.69)}))
    return path


class Travel(AlertTest):
    """With coordinates of cities."""

    VIENNA, GRAZ, TOKYO = "81.10.1.1", "81.20.1.1", "133.10.1.1"

    @classmethod
    def data(cls):
        return cities(cls.top)

    def test_travel(self):
        ann = self.new_user()
        self.assertTrue(self.comes_in(ann, self.VIENNA))
        self.assertTrue(self.comes_in(ann, self.GRAZ))  # 145 km: it errs
        self.assertTrue(self.comes_in(ann, self.TOKYO))
        mail, = self.wait_mail(ann)
        self.assertEqual("Your account was used from two places far apart",
                         mail["Subject"])
        line, = self.alerts("travel", ann)
        km = int(re.search(r" km=(\d+)", line).group(1))
        self.assertTrue(8900 < km < 9400, km)
        self.assertRegex(line, "before=81.[12]0.1.1")
        # back home, there again and next door: all places that are known
        for address in (self.VIENNA, "133.10.7.1", "81.11.1.1"):
            self.assertTrue(self.comes_in(ann, address))
        self.settled()
        self.assertEqual([], self.alerts("new-country", ann))
        self.assertEqual(1, len(self.alerts("travel", ann)))

    def test_slow(self):
        """Who has had the time is told of the country alone."""
        ann = self.new_user()
        self.assertTrue(self.comes_in(ann, self.VIENNA))
        with self.server.database("history") as db:
            db.execute("UPDATE sign_ins SET first = first - 43200,"
                       " last = last - 43200 WHERE name = ?", [ann])
        self.assertTrue(self.comes_in(ann, self.TOKYO))
        self.assertTrue(wait_for(lambda: self.alerts("new-country", ann)))
        self.assertEqual([], self.alerts("travel", ann))


class Disk(unittest.TestCase):

    def test_disk(self):
        mount = Mount("tmpfs", 160)
        self.addCleanup(mount.close)
        ballast = Ballast(mount.top)
        server = harness.Server(conf="alerts = \n", directory=mount.top)
        server.log_path = mount.top + ".log"
        self.addCleanup(os.unlink, server.log_path)
        self.addCleanup(server.stop)
        server.start()

        def look_again():
            """Who tells auth of the disk tells a new one at once."""
            os.kill(server.child("auth")[0], signal.SIGKILL)
            self.assertTrue(wait_for(lambda: server.roost(
                "alert", "list", check=False).returncode == 0))

        def lines():
            return [l for l in server.log().splitlines()
                    if "event=alert kind=disk" in l]
        self.assertEqual([], lines())
        s = os.statvfs(mount.top)
        with open(ballast.path, "wb") as f:
            os.posix_fallocate(f.fileno(), 0, int(
                s.f_bavail * s.f_frsize - 0.09 * s.f_blocks * s.f_frsize))
        look_again()
        self.assertTrue(wait_for(lambda: len(lines()) == 1))
        self.assertRegex(lines()[0], "percent=9[01]")
        look_again()
        self.assertTrue(wait_for(lambda: json.loads(server.roost(
            "alert", "list", "--json").stdout)[0]["count"] > 1))
        self.assertEqual(1, len(lines()), lines())
        ballast.remove()
        look_again()
        self.assertTrue(wait_for(lambda: json.loads(server.roost(
            "alert", "list", "--json").stdout) == []))


if __name__ == "__main__":
    unittest.main()
