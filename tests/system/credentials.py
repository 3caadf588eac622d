"""credentials.py -- app passwords and second factors, as their owner's
programs and an authenticator app (oathtool) see them.  RFC 6238"""
import base64
import calendar
import concurrent.futures
import imaplib
import json
import os
import re
import subprocess
import tempfile
import time

import support
from commands import Terminal
from harness import PATIENCE_S, Raw
from processes import wait_for

NEEDS_APP_PASSWORD = b"[AUTHORIZATIONFAILED] this account needs an app"
WRONG = b"[AUTHENTICATIONFAILED]"


STEP_S = 30     # of codes; one more, before and after, is taken


def step():
    return int(time.time()) // STEP_S


def code_of(key, at=None):
    """What the app shows in that step, or now."""
    return subprocess.run(
        ["oathtool", "--totp", "-b", key, "--now",
         "@%d" % (STEP_S * (step() if at is None else at))],
        check=True, capture_output=True, text=True).stdout.strip()


def scan(rows):
    """What a telephone reads: rows of truth (dark), by zbarimg."""
    scale = 4
    with tempfile.NamedTemporaryFile(suffix=".pgm") as f:
        f.write(b"P5 %d %d 255\n" % (len(rows[0]) * scale, len(rows) * scale))
        for row in rows:
            f.write(scale * b"".join(scale * (b"\0" if dark else b"\xff")
                                     for dark in row))
        f.flush()
        return subprocess.run(["zbarimg", "-q", "--raw", f.name], check=True,
                              capture_output=True, text=True).stdout.strip()


def rows_of_svg(text):
    size = int(re.search(r'viewBox="0 0 (\d+) \1"', text)[1])
    dark = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1", text)}
    return [[(x, y) in dark for x in range(size)] for y in range(size)]


def rows_of_terminal(text):
    """Half blocks: light is drawn."""
    halves = {" ": (1, 1), "\u2580": (0, 1), "\u2584": (1, 0), "\u2588": (0, 0)}
    rows = []
    for line in re.findall("\033\\[40;37;1m(.*?)\033\\[0m", text):
        cells = [halves[c] for c in line]
        rows += [[upper for upper, _ in cells], [lower for _, lower in cells]]
    return rows


class Credentials(support.ServerTest):
    conf = ("mechanisms = SCRAM-SHA-256-PLUS, SCRAM-SHA-256, PLAIN, LOGIN\n"
            "trusted_networks = 127.0.0.1\n")

    def setUp(self):
        self.ann = self.new_user()

    def app_password(self, name, *options):
        return self.server.roost("app-password", "add", self.ann, name,
                                 *options).stdout.strip()

    def refusal(self, password, user=None):
        """What LOGIN is told; None: it got in."""
        try:
            self.server.imap(user or self.ann, password).logout()
        except imaplib.IMAP4.error as e:
            return e.args[0]
        return None

    def enable(self):
        out = self.server.roost("totp", "enable", self.ann).stdout
        return re.search(r"^key (\S+)$", out, re.M)[1]

    def confirm(self, key, at=None):
        """The recovery codes."""
        return self.server.roost("totp", "confirm", self.ann,
                                 code_of(key, at)).stdout.splitlines()

    def check(self, code):
        return self.server.roost("totp", "check", self.ann, code,
                                 check=False).returncode

    def rows(self, *verb):
        return json.loads(self.server.roost(*verb, "--json").stdout)

    def sessions(self):
        return len(self.rows("who", self.ann))

    # -- app passwords --

    def test_as_it_is_typed(self):
        shown = self.app_password("phone")
        self.assertRegex(shown, r"^([a-km-np-z2-9]{4} ){5}[a-km-np-z2-9]{4}$")
        for typed in (shown, shown.replace(" ", ""), shown.upper()):
            self.assertIsNone(self.refusal(typed))
        self.assertIn(WRONG, self.refusal(shown[:-1]))
        self.assertIsNone(self.refusal("secret"))

    def test_curl_and_mechanisms(self):
        shown = self.app_password("backup")
        port = self.server.imaps_port
        done = subprocess.run(
            ["curl", "-sk", "--user", "%s:%s" % (self.ann, shown),
             "imaps://localhost:%d/" % port], check=False,
            capture_output=True)
        self.assertEqual(0, done.returncode)
        for mechanism in ("PLAIN", "LOGIN"):
            done = self.gsasl(mechanism, shown)
            self.assertEqual(0, done.returncode, done.stderr)
        # which of them is meant can't be told by SCRAM
        self.assertNotEqual(0, self.gsasl("SCRAM-SHA-256", shown).returncode)
        self.assertIn('reason="wrong password, or an app password, which needs '
                      'PLAIN or LOGIN"', self.server.log())
        self.assertEqual(0, self.gsasl("SCRAM-SHA-256", "secret").returncode)

    def gsasl(self, mechanism, password):
        return subprocess.run(
            ["gsasl", "--imap", "--connect=localhost:%d" %
             self.server.imap_port, "--no-starttls", "--mechanism", mechanism,
             "--authentication-id", self.ann, "--authorization-id", "",
             "--password", password, "--quiet"],
            input="", capture_output=True, text=True, timeout=PATIENCE_S)

    def test_revoked_singly(self):
        secrets = {n: self.app_password(n) for n in ("phone", "laptop", "tv")}
        open_ones = {n: Raw(self.server.imaps_port) for n in secrets}
        for n, raw in open_ones.items():
            raw.line()
            raw.run(b'LOGIN %s "%s"' % (self.ann.encode(),
                                        secrets[n].encode()))
            raw.run(b"SELECT INBOX")
        main = self.server.imap(self.ann)
        open_ones["phone"].send(b"x IDLE\r\n")
        self.server.roost("app-password", "revoke", self.ann, "phone")
        self.assertTrue(wait_for(lambda: self.sessions() == 3))
        for n in ("laptop", "tv"):
            self.assertIn(b" OK", open_ones[n].run(b"NOOP")[-1])
            open_ones[n].close()
        self.assertEqual("OK", main.noop()[0])
        self.assertIn(WRONG, self.refusal(secrets["phone"]))
        self.assertIsNone(self.refusal(secrets["tv"]))

    def test_listed_with_its_last_use(self):
        secret = self.app_password("phone", "--expires", "90d", "--protocol",
                                   "imap", "--network", "127.0.0.0/8")
        row, = self.rows("app-password", "list", self.ann)
        self.assertIsNone(row["last_use"])
        self.assertIsNone(self.refusal(secret))
        self.assertTrue(wait_for(lambda: self.rows(
            "app-password", "list", self.ann)[0]["last_use"] is not None))
        row, = self.rows("app-password", "list", self.ann)
        self.assertEqual(("phone", "imap", "127.0.0.0/8", "127.0.0.1"),
                         (row["name"], row["protocols"], row["networks"],
                          row["last_address"]))
        self.assertNotIn(secret, self.server.log())
        self.assertEqual(1, self.rows("user", "show", self.ann)[0]
                         ["app_passwords"])

    def test_limits(self):
        smtp = self.app_password("mta", "--protocol", "smtp")
        away = self.app_password("away", "--network", "192.0.2.0/24,::1")
        short = self.app_password("short", "--expires", "1s")
        self.assertIn(b"another service", self.refusal(smtp))
        self.assertIn(b"other networks", self.refusal(away))
        self.assertTrue(wait_for(
            lambda: b"[EXPIRED]" in (self.refusal(short) or b"")))
        for bad in (["--protocol", "pop3"], ["--expires", "soon"],
                    ["--network", "home"], ["--expires", "0d"]):
            self.assertIn(self.server.roost(
                "app-password", "add", self.ann, "x", *bad,
                check=False).returncode, (64, 65), bad)

    def auth_test(self, password):
        done = self.server.roost("auth", "test", self.ann, check=False,
                                 stdin=password + "\n")
        self.assertEqual("verdict" in done.stdout, done.returncode == 0)
        return done.stdout

    def test_auth_test(self):
        """What an administrator is told is what a client would hear."""
        self.assertIn("verdict", self.auth_test("secret"))
        secret = self.app_password("phone", "--network", "192.0.2.0/24")
        text = self.auth_test(secret)
        self.assertIn("verdict", text)
        self.assertRegex(text, "app password +right: phone\n"
                         r"app password +only from 192\.0\.2\.0/24")
        for wrong, options in (("only for smtp", ["--protocol", "smtp"]),
                               ("has expired", ["--expires", "1s"])):
            other = self.app_password("x", *options)
            self.assertTrue(wait_for(lambda: wrong in self.auth_test(other)))
            self.assertNotIn("verdict", self.auth_test(other))
            self.server.roost("app-password", "revoke", self.ann, "x")
        self.confirm(self.enable())
        text = self.auth_test("secret")
        self.assertRegex(text, "second factor +is on: ")
        self.assertNotIn("verdict", text)
        self.assertIn("verdict", self.auth_test(secret))
        self.server.roost("policy", "set", self.ann, "networks", "::1")
        self.assertRegex(self.auth_test(secret), "networks +only from ::1")

    def test_after_a_restart(self):
        secret = self.app_password("phone")
        self.server.stop()
        self.server.start()
        self.assertIsNone(self.refusal(secret))

    def test_revoked_while_it_is_used(self):
        """Nobody is let in with one behind the answer to its revocation."""
        for _ in range(3):
            secret = self.app_password("hot")
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                tries = [pool.submit(self.refusal, secret) for _ in range(12)]
                self.server.roost("app-password", "revoke", self.ann, "hot")
                self.assertIn(WRONG, self.refusal(secret))
                for t in tries:
                    try:
                        t.result()
                    except (OSError, imaplib.IMAP4.abort):
                        pass    # its session was ended
            self.assertTrue(wait_for(lambda: self.sessions() == 0))

    def test_history(self):
        """With what, over what, by which client; and one id from the log-in
        to the end."""
        phone = self.app_password("phone")
        began = int(time.time())
        raw = Raw(self.server.imaps_port, source="127.1.2.3")
        raw.line()
        raw.run(b'ID ("name" "Mail & more" "version" "7.1")')
        raw.send(b"p AUTHENTICATE PLAIN %s\r\n" % base64.b64encode(
            ("\0%s\0%s" % (self.ann, phone)).encode()))
        self.assertIn(b"p OK", raw.until(b"p ")[-1])
        who, = self.rows("who", self.ann)
        raw.run(b"LOGOUT")
        raw.close()
        row, = self.rows("history", self.ann)
        self.assertEqual(
            ("ok", "127.1.2.3", "127.1.2.0/24", "", "imap", "PLAIN", "phone",
             "Mail & more 7.1", "", 1),
            tuple(row[c] for c in (
                "result", "address", "network", "country", "service",
                "mechanism", "credential", "client", "reason", "count")))
        self.assertRegex(row["tls_session"], r"^TLSv1\.3 TLS_\w+$")
        self.assertEqual(row["first"], row["last"])
        self.assertTrue(began <= calendar.timegm(time.strptime(
            row["first"], "%Y-%m-%dT%H:%M:%SZ")) <= time.time(), row)
        session = row["session"]
        self.assertEqual(session, who["session"])
        ended = "event=imap_end user=%s session=%s " % (self.ann, session)
        self.assertTrue(wait_for(lambda: ended in self.server.log()))
        self.assertRegex(self.server.log(), "event=login user=%s .*session=%s"
                         % (self.ann, session))
        raw = Raw(self.server.imaps_port, source="127.9.2.3")
        raw.line()
        raw.run(b"LOGIN %s wrong" % self.ann.encode())
        raw.close()
        wrong = self.rows("history", self.ann)[0]
        self.assertEqual(
            ("failed", "127.9.2.3", "LOGIN", "", "wrong password"),
            tuple(wrong[c] for c in ("result", "address", "mechanism",
                                     "credential", "reason")))
        self.assertNotIn(wrong["session"], ("", session))

    # -- second factors --

    def test_qr_code(self):
        with tempfile.TemporaryDirectory() as top:
            svg = os.path.join(top, "code.svg")
            out = self.server.roost("totp", "enable", self.ann, "--svg",
                                    svg).stdout
            uri = re.search(r"^otpauth://totp/\S+$", out, re.M)[0]
            self.assertEqual(0o600, os.stat(svg).st_mode & 0o777)
            with open(svg) as f:
                self.assertEqual(uri, scan(rows_of_svg(f.read())))
            self.assertNotEqual(0, self.server.roost(
                "totp", "enable", self.ann, "--svg", svg,
                check=False).returncode)
        t = Terminal(self.server, ["totp", "enable", self.ann])
        while t.process.poll() is None or t.read():
            t.read()
        text = t.seen.decode()
        self.assertIn(scan(rows_of_terminal(text)), text)

    def test_main_password_is_shut_out(self):
        key = self.enable()
        self.assertIsNone(self.refusal("secret"))
        main = self.server.imap(self.ann)
        phone = self.app_password("phone")
        on_phone = self.server.imap(self.ann, phone)
        self.assertNotEqual(0, self.server.roost(
            "totp", "confirm", self.ann, code_of(key, step() + 10),
            check=False).returncode)
        self.assertEqual("OK", main.noop()[0])
        self.assertEqual(10, len(self.confirm(key)))
        with self.assertRaises((imaplib.IMAP4.error, OSError)):
            wait_for(lambda: main.noop()[0] != "OK")
        self.assertEqual("OK", on_phone.noop()[0])
        for _ in range(2):
            self.assertIn(NEEDS_APP_PASSWORD, self.refusal("secret"))
        self.assertIn(WRONG, self.refusal("wrong"))
        for code in (code_of(key), code_of(key, step() + 1)):
            self.assertIn(WRONG, self.refusal("secret" + code))
        for mechanism in ("PLAIN", "LOGIN", "SCRAM-SHA-256"):
            self.assertNotEqual(0, self.gsasl(mechanism, "secret").returncode,
                                mechanism)
        self.assertIsNone(self.refusal(phone))
        self.assertEqual(
            ("on", 10, False),
            tuple(self.rows("totp", "status", self.ann)[0][c] for c in
                  ("state", "recovery_codes", "main_password")))
        self.assertIn('reason="the main password does not open mail"',
                      self.server.log())
        self.server.roost("policy", "set", self.ann, "main-password",
                          "allowed")
        self.assertIsNone(self.refusal("secret"))
        by_main = Raw(self.server.imaps_port).login(self.ann)
        self.addCleanup(by_main.close)
        by_phone = Raw(self.server.imaps_port).login(
            self.ann, '"%s"' % phone)
        self.addCleanup(by_phone.close)
        self.server.roost("policy", "unset", self.ann, "main-password")
        self.assertTrue(by_main.until(b"* BYE"))    # within the time-out
        self.assertIn(b" OK", by_phone.run(b"NOOP")[-1])
        self.assertIn(NEEDS_APP_PASSWORD, self.refusal("secret"))
        self.server.roost("totp", "disable", self.ann)
        self.assertIsNone(self.refusal("secret"))

    def test_each_code_once(self):
        key, used = self.enable(), step()
        codes = self.confirm(key, used)
        self.assertEqual(77, self.check(code_of(key, used)))
        now = code_of(key, max(used + 1, step()))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(1, list(pool.map(self.check, 8 * [now])).count(0))
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(1, list(pool.map(self.check,
                                              8 * codes[:1])).count(0))
        self.assertEqual(0, self.check(codes[1].replace(" ", "").upper()))
        self.assertEqual(77, self.check(codes[1]))
        self.assertEqual(8, self.rows("totp", "status", self.ann)[0]
                         ["recovery_codes"])
