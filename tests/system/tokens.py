"""tokens.py -- log-in by tokens that are large, and issuers that can't be
trusted to be who they are.  RFC 7628; what tokens say is in
tests/unit/auth/token_test.c and tests/clients/with_tokens.py."""
import base64
import http.server
import json
import os
import shutil
import ssl
import tempfile
import threading
import time
import unittest

import issuer
import support  # noqa: F401, it knows where harness is
import authority
import harness
from harness import Raw
from limits import L
from submission import CONF, UNLIMITED, Agents


class Large(Agents):
    """A token that names its owner's groups; LIMIT_SASL_LINE is what the
    longest has, as one line of its own and in a command (SASL-IR, RFC 4959)."""
    conf = CONF

    def setUp(self):
        super().setUp()
        groups = ["%08x-0000-4000-8000-%012x" % (i, i) for i in range(200)]
        self.large = self.issuer.token(self.ann, groups=groups)

    def message(self, line):
        """In base64, of so many octets."""
        message = b"n,,\1host=%s\1auth=Bearer %s\1\1"
        rest = line // 4 * 3 - len(message % (b"", b"")) - len(self.large)
        return base64.b64encode(message % (b"x" * rest, self.large.encode()))

    def imap(self, *parts):
        """Each but the last is answered by a continuation; the last line."""
        raw = Raw(self.server.imaps_port)
        self.addCleanup(raw.close)
        raw.line()
        for part in parts[:-1]:
            raw.send(part + b"\r\n")
            self.assertEqual(b"+ ", raw.line())
        raw.send(parts[-1] + b"\r\n")
        return raw.until(b"a ")[-1]

    def test_of_two_hundred_groups(self):
        self.assertGreater(len(self.large), 10000)
        said = base64.b64encode(issuer.oauthbearer(self.large))
        self.assertIn(b"a OK", self.imap(b"a AUTHENTICATE OAUTHBEARER " + said))
        self.assertIn(b"a OK", self.imap(b"a AUTHENTICATE OAUTHBEARER", said))
        self.assert_ok(self.token(self.large)[1])

    def test_the_log_has_none(self):
        """behaviour 199: neither one that is taken nor one that is refused, as
        it is or in base64; of whose it was there is the session."""
        refused = self.issuer.token(self.ann, exp=1)
        for token, answer in ((self.large, b"a OK"), (refused, b"a NO")):
            said = base64.b64encode(issuer.oauthbearer(token))
            raw = Raw(self.server.imaps_port)
            self.addCleanup(raw.close)
            raw.line()
            raw.send(b"a AUTHENTICATE OAUTHBEARER " + said + b"\r\n")
            line = raw.line()
            if line.startswith(b"+ "):      # why it is refused
                raw.send(b"AQ==\r\n")
                line = raw.line()
            self.assertTrue(line.startswith(answer), line)
            log = self.server.log()
            for part in (token, token.split(".")[2], said.decode()):
                self.assertNotIn(part, log)

    def test_the_longest(self):
        start = b"a AUTHENTICATE OAUTHBEARER"
        most = L["LIMIT_SASL_LINE"]
        self.assertIn(b"a OK", self.imap(start, self.message(most)))
        self.assertEqual(b"a BAD response is too long",
                         self.imap(start, self.message(most + 4)))
        self.assertIn(b"a OK", self.imap(start + b" " + self.message(most)))
        self.assertEqual(b"a BAD line is too long", self.imap(
            start + b" " + self.message(L["LIMIT_PREAUTH_LINE"])))
        # the same over the auth socket
        self.assert_ok(self.agent().attempt(
            "OAUTHBEARER", base64.b64decode(self.message(most))))


class Times(Agents):
    """Clocks may differ by a minute, and a token's times by no more."""
    conf = CONF + UNLIMITED

    def answers(self, **claims):
        """Of both mechanisms: OK, or FAIL."""
        token = self.issuer.token(self.ann, **claims)
        return {self.token(token, mechanism, user=self.ann)[1].word
                for mechanism in ("OAUTHBEARER", "XOAUTH2")}

    def test_each(self):
        now = int(time.time())
        for claims, answer, reason in (
                (dict(exp=now - 600), "FAIL", "the token has expired"),
                (dict(exp=now - 62), "FAIL", "the token has expired"),
                (dict(exp=now - 1), "OK", ""),
                (dict(nbf=now + 30), "OK", ""),
                (dict(nbf=now + 3600), "FAIL", "the token is not good yet"),
                (dict(iat=now + 30), "OK", ""),
                (dict(iat=now + 3600), "FAIL",
                 "the token was issued in the future")):
            with self.subTest(claims=claims, answer=answer):
                before = len(self.server.log())
                self.assertEqual({answer}, self.answers(**claims))
                self.assertIn(reason and 'reason="%s"' % reason,
                              self.server.log()[before:])


class Tested(Agents):
    """roost auth test --token says which step it is that refuses it."""
    conf = CONF

    def steps(self, token, user=None):
        """Status, and what each step said."""
        done = self.server.roost("auth", "test", "--token", "--json",
                                 user or self.ann, stdin=token + "\n",
                                 check=False)
        rows = json.loads(done.stdout)
        self.assertEqual(done.returncode == 0, rows[-1]["step"] == "verdict")
        return [(r["step"], r["outcome"]) for r in rows]

    def assert_ends(self, steps, step, text):
        self.assertEqual(step, steps[-1][0], steps)
        self.assertIn(text, steps[-1][1])

    def test_each_step(self):
        token = self.issuer.token
        steps = self.steps(token(self.ann))
        self.assertEqual(
            ["name", "token", "keys", "signature", "issuer", "audience",
             "times", "scope", "binding", "user", "directory", "verdict"],
            [step for step, _ in steps])
        self.assertEqual("a JWT of " + self.issuer.url, dict(steps)["token"])
        self.assertEqual("it is for " + self.ann, dict(steps)["user"])
        for step, text, tried in (
                ("times", "has expired", token(self.ann, -600)),
                ("times", "is not good yet", token(
                    self.ann, nbf=2 ** 34)),
                ("audience", "for another audience", token(
                    self.ann, aud="urn:other")),
                ("binding", "bound to a key", token(self.ann, cnf={})),
                ("user", "for another: bob@example.org",
                 token("bob@example.org")),
                ("user", "does not say whose", token(self.ann, email="")),
                ("user", "has not been verified", token(
                    self.ann, email_verified=False)),
                ("token", "", "opaque")):
            with self.subTest(step=step, text=text):
                self.assert_ends(self.steps(tried), step, text)
        self.assertNotIn("event=login", self.server.log())

    def test_another_issuer(self):
        top = tempfile.mkdtemp(prefix="roost-test-")
        self.addCleanup(shutil.rmtree, top)
        other = issuer.Issuer("https://other.example.org", top)
        self.assert_ends(self.steps(other.token(self.ann)), "issuer",
                         "none of `issuers`")
        other.url = self.issuer.url
        self.assert_ends(self.steps(other.token(self.ann)), "signature",
                         "signature is wrong")

    def test_what_stands_against_the_account(self):
        token = self.issuer.token
        nobody = "nobody@example.org"
        self.assert_ends(self.steps(token(nobody), nobody), "directory",
                         "no such account")
        self.set("passwords", "off")    # of which a token is none
        self.assertEqual("verdict", self.steps(token(self.ann))[-1][0])
        self.set("imap", "off")
        self.assert_ends(self.steps(token(self.ann)), "policies",
                         "imap is off")
        self.server.roost("user", "disable", self.ann)
        self.assert_ends(self.steps(token(self.ann)), "directory",
                         "disabled")

    def test_of_two_hundred_groups(self):
        groups = ["%08x-0000-4000-8000-%012x" % (i, i) for i in range(200)]
        large = self.issuer.token(self.ann, groups=groups)
        self.assertEqual("verdict", self.steps(large)[-1][0])
        done = self.server.roost(
            "auth", "test", "--token", self.ann, check=False,
            stdin="x" * (L["LIMIT_SASL_LINE"] + 1) + "\n")
        self.assertIn("the token is too long", done.stderr)


class Site:
    """https with that certificate: keys, introspection and a webhook."""

    def __init__(self, pem):
        site = self
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append(self.path)
                body = site.answers[self.path].encode()
                self.send_response(200)
                self.send_header("Content-Length", "%d" % len(body))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, *_args):
                pass

            def date_time_string(self, timestamp=None):
                return super().date_time_string(time.time() + site.ahead)

        self.ahead = 0
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem)
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), Handler)
        # the handshake is the connection's own thread's
        self.server.socket = self.context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.handle_error = lambda *_args: None  # who hangs up
        self.port = self.server.server_address[1]
        self.url = "https://localhost:%d" % self.port
        self.answers = {"/hook": ""}
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


NAME = "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:"
GOOD = NAME + "localhost\n"
WRONG = {   # what the log says of them
    "self-signed": "self-signed certificate",
    "another's": "no alternative certificate subject name matches",
    "expired": "certificate has expired",
    "unknown": "unable to get local issuer certificate",
}


class Impostors(unittest.TestCase):
    """Who has another certificate, or none that anybody vouches for: what it
    says is not believed, and what it would be told it isn't."""

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="roost-test-")
        cls.addClassCleanup(shutil.rmtree, cls.top)
        ca = authority.Authority(cls.top, "ca")
        other = authority.Authority(cls.top, "other")
        pems = {
            "good": ca.issue("/CN=x", GOOD),
            "self-signed": other.issue("/CN=localhost", GOOD, own=True),
            "another's": ca.issue("/CN=x", NAME + "example.org\n"),
            "expired": ca.issue("/CN=x", GOOD, "20200101000000Z",
                                "20200201000000Z"),
            "unknown": other.issue("/CN=x", GOOD),
        }
        cls.sites = {name: Site(pem) for name, pem in pems.items()}
        cls.issuers = {}
        for name, site in cls.sites.items():
            cls.addClassCleanup(site.close)
            top = os.path.join(cls.top, name)
            os.mkdir(top)
            one = cls.issuers[name] = issuer.Issuer(site.url, top)
            site.answers["/jwks"] = one.keys()
        cls.authorities = ca.path

    def server(self, conf):
        server = harness.Server(conf=conf,
                                env={"SSL_CERT_FILE": self.authorities})
        self.addCleanup(server.__exit__, None, None, None)
        server.start()
        server.add_user("ann@example.org")
        return server

    def say(self, server, token):
        """The tagged line."""
        raw = Raw(server.imaps_port)
        self.addCleanup(raw.close)
        raw.line()
        raw.send(b"a AUTHENTICATE OAUTHBEARER %s\r\n"
                 % base64.b64encode(issuer.oauthbearer(token)))
        line = raw.line()
        if line.startswith(b"+"):
            raw.send(b"AQ==\r\n")
            line = raw.until(b"a ")[-1]
        return line if line.startswith(b"a ") else raw.until(b"a ")[-1]

    def assert_told(self, server, event, site, wrong):
        """In one line of the log."""
        lines = [line for line in server.log().splitlines()
                 if "event=" + event in line and "localhost:%d" % site.port
                 in line]
        self.assertTrue(lines, server.log()[-1000:])
        self.assertTrue(all(wrong in line for line in lines), lines)

    def test_keys(self):
        """Where they are may be a secret, and is never told."""
        server = self.server("issuers = %s\nrefusal_time = 1s\n" % ", ".join(
            "%s audience=%s keys=%s/jwks%s" % (
                s.url, issuer.AUDIENCE, s.url,
                "" if name == "good" else "?code=SeCrEt" + "0" * 300)
            for name, s in self.sites.items()))
        self.assertIn(b"a OK", self.say(server, self.issuers["good"].token(
            "ann@example.org")))
        for name, wrong in WRONG.items():
            site = self.sites[name]
            self.assertIn(b"a NO [UNAVAILABLE]", self.say(
                server, self.issuers[name].token("ann@example.org")))
            self.assert_told(server, "issuer_keys", site, wrong)
            self.assertEqual([], [p for p in site.asked if "SeCrEt" in p])
        found = server.roost("doctor", "--json", check=False).stdout
        self.assertIn(WRONG["expired"], found)
        for told in (found, server.log()):
            self.assertNotIn("SeCrEt", told)

    def issuers_of(self, server):
        """What doctor says of each: (severity, text), and of its clock."""
        done = server.roost("doctor", "--json", check=False)
        rows = json.loads(done.stdout)
        return [{r["subject"]: (r["severity"], r["text"]) for r in rows
                 if r["check"] == check} for check in ("issuers", "clock")]

    def test_doctor_and_auth_test(self):
        """Both say what is wrong with each."""
        server = self.server("issuers = %s\n" % ", ".join(
            "%s audience=%s keys=%s/jwks" % (s.url, issuer.AUDIENCE, s.url)
            for s in self.sites.values()))
        good = self.sites["good"]
        found, clocks = self.issuers_of(server)
        self.assertEqual(("ok", "its keys are here: 1"), found[good.url])
        self.assertEqual("ok", clocks[good.url][0])
        for name, wrong in WRONG.items():
            severity, text = found[self.sites[name].url]
            self.assertEqual("error", severity)
            self.assertIn(wrong, text)
            done = server.roost(
                "auth", "test", "-t", "ann@example.org", check=False,
                stdin=self.issuers[name].token("ann@example.org") + "\n")
            self.assertRegex(done.stdout,
                             "keys +can't be had: .*" + wrong)

    def test_doctor_looks_at_clocks_and_answers(self):
        site = self.sites["good"]
        self.addCleanup(setattr, site, "ahead", 0)
        site.ahead = 7200
        server = self.server(
            "issuers = %s audience=%s introspect=%s/introspect "
            "client=roost secret=id.secret\n"
            % (site.url, issuer.AUDIENCE, site.url))
        found, _ = self.issuers_of(server)
        self.assertIn("secret can't be read", found[site.url][1])
        with open(os.path.join(server.dir, "auth", "id.secret"), "w") as f:
            f.write("s3cret\n")
        site.answers["/introspect"] = '{"active": false}'
        self.addCleanup(site.answers.pop, "/introspect")
        found, clocks = self.issuers_of(server)
        self.assertEqual("ok", found[site.url][0])
        self.assertEqual("warning", clocks[site.url][0])
        self.assertRegex(clocks[site.url][1], r"ours are 7[12]\d\d s apart")
        site.answers["/introspect"] = "{}"
        found, _ = self.issuers_of(server)
        self.assertEqual("error", found[site.url][0])
        self.assertIn("no introspection", found[site.url][1])

    def test_introspection(self):
        site = self.sites["another's"]
        server = self.server(
            "issuers = %s audience=%s introspect=%s/introspect "
            "client=roost secret=id.secret\nrefusal_time = 1s\n"
            % (site.url, issuer.AUDIENCE, site.url))
        with open(os.path.join(server.dir, "auth", "id.secret"), "w") as f:
            f.write("s3cret\n")
        self.assertIn(b"a NO [UNAVAILABLE]", self.say(server, "opaque"))
        self.assert_told(server, "introspection", site, WRONG["another's"])
        self.assertNotIn("/introspect", server.log())
        self.assertNotIn("/introspect", site.asked)

    def test_webhooks(self):
        """Of a URL as long as some are the log has what is wrong with it."""
        server = self.server("alerts = %s\n" % ", ".join(
            s.url + ("/hook" if name == "good" else
                     "/hook?sig=SeCrEt" + "0" * 300)
            for name, s in self.sites.items()))
        done = server.roost("alert", "test", "--json", check=False)
        found = {row["place"]: row["outcome"]
                 for row in json.loads(done.stdout)}
        self.assertEqual("ok", found.pop(self.sites["good"].url))
        self.assertEqual({"the webhook can't be reached"},
                         set(found.values()))
        for name, wrong in WRONG.items():
            self.assert_told(server, "alert_posted", self.sites[name], wrong)
            self.assertEqual([], [p for p in self.sites[name].asked
                                  if p.startswith("/hook")])
        for told in (done.stdout, server.log()):
            self.assertNotIn("SeCrEt", told)


if __name__ == "__main__":
    unittest.main()
