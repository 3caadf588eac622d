"""with_tokens.py -- log-in with tokens of real identity providers (npm's
oidc-provider), by curl and imapflow: OAUTHBEARER and XOAUTH2.
"""
import imaplib
import json
import os
import subprocess
import unittest
import urllib.parse
import urllib.request

from client import HERE, HOST, NPM, ClientTest
from harness import PATIENCE_S

SECRET = "se cret:%"        # of the provider's clients
AUDIENCE = "urn:roost"


class Providers:
    """Two: self.jwt's tokens are JWTs, self.opaque's say nothing."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["node", os.path.join(HERE, "oidc_provider.mjs")],
            env=dict(os.environ, NPM=NPM), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        self.jwt, self.opaque = (self.line() for _ in range(2))

    def line(self):
        while True:
            line = self.process.stdout.readline().strip()
            if line.startswith("http://"):
                return line
            if not line and self.process.poll() is not None:
                raise AssertionError("the providers do not start")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    @staticmethod
    def post(url, fields, headers):
        request = urllib.request.Request(
            url, urllib.parse.urlencode(fields).encode(), headers)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.read()

    def token(self, issuer, user, scope="imap", audience=AUDIENCE,
              seconds=600):
        return json.loads(self.post(
            issuer + "/token",
            {"grant_type": "client_credentials", "scope": scope,
             "resource": audience, "client_id": "mail",
             "client_secret": SECRET},
            {"X-User": user, "X-Seconds": str(seconds)}))["access_token"]

    def rotate(self, issuer, alg, drop=False):
        self.post("%s/rotate?alg=%s%s" % (issuer, alg, "&drop" * drop), {}, {})

    @staticmethod
    def keys(issuer):
        with urllib.request.urlopen(issuer + "/jwks", timeout=PATIENCE_S) as answer:
            return answer.read()


class TokenTest(ClientTest):
    issuers = ""        # %(jwt)s and %(opaque)s are the providers' URLs

    @classmethod
    def setUpClass(cls):
        cls.providers = Providers()
        cls.addClassCleanup(cls.providers.close)
        cls.conf = "issuers = %s\n" % (cls.issuers % vars(cls.providers))
        super().setUpClass()

    @classmethod
    def write_auth(cls, name, content):
        """A file that auth reads, replaced whole."""
        path = os.path.join(cls.server.dir, "auth", name)
        with open(path + ".new", "wb") as f:
            f.write(content)
        os.rename(path + ".new", path)

    def token(self, issuer=None, **more):
        return self.providers.token(issuer or self.providers.jwt, self.user,
                                    **more)

    def curl(self, token, *options, user=None, status=0):
        return self.program(
            "curl", "-sS", "--cacert", self.certificate,
            "-u", (user or self.user) + ":", "--oauth2-bearer", token,
            *options, "imaps://%s:%d/" % (HOST, self.server.imaps_port),
            status=status)

    def assert_refused(self, token, reason, **more):
        before = len(self.server.log())
        self.curl(token, status=67, **more)
        self.assertIn('reason="%s"' % reason, self.server.log()[before:])

    def assert_no_token_is_logged(self, *tokens):
        for token in tokens:
            self.assertNotIn(token[-20:], self.server.log())


class Files(TokenTest):
    """Keys from a file."""

    issuers = "%(jwt)s audience=urn:roost scope=imap keys=one.jwks"

    def setUp(self):
        super().setUp()
        self.write_auth("one.jwks", self.providers.keys(self.providers.jwt))

    def anonymous(self):
        return imaplib.IMAP4_SSL(HOST, self.server.imaps_port,
                                 ssl_context=self.server.tls())

    def say(self, mechanism, message):
        """What the server asks, and how it ends."""
        asked = []

        def answer(challenge):
            asked.append(challenge)
            return message if len(asked) == 1 else b"\1"

        imap = self.anonymous()
        try:
            imap.authenticate(mechanism, answer)
            status = "OK"
        except imaplib.IMAP4.error as error:
            status = str(error)
        imap.shutdown()
        return asked[1:], status

    def test_offered(self):
        imap = self.anonymous()
        for mechanism in "OAUTHBEARER", "XOAUTH2":
            self.assertIn("AUTH=" + mechanism, imap.capabilities)
        imap.shutdown()

    def test_xoauth2(self):
        message = "user=%s\1auth=Bearer %s\1\1"
        asked, status = self.say(
            "XOAUTH2", (message % (self.user, self.token())).encode())
        self.assertEqual((asked, status), ([], "OK"))
        asked, status = self.say(
            "XOAUTH2", (message % (self.user, "wrong")).encode())
        self.assertEqual(json.loads(asked[0]),
                         {"status": "401", "schemes": "Bearer",
                          "scope": "imap"})
        self.assertIn("[AUTHENTICATIONFAILED]", status)

    def test_where_tokens_are(self):
        asked, status = self.say("OAUTHBEARER", b"n,,\1auth=\1\1")
        said = json.loads(asked[0])
        self.assertEqual((said["status"], said["scope"]),
                         ("invalid_token", "imap"))
        with urllib.request.urlopen(said["openid-configuration"]) as page:
            self.assertEqual(json.load(page)["issuer"], self.providers.jwt)
        self.assertIn("[AUTHENTICATIONFAILED]", status)

    def test_curl(self):
        token = self.token()
        self.assertIn(b"INBOX", self.curl(token))
        self.assertRegex(self.server.log(), "event=login user=%s "
                         "method=OAUTHBEARER" % self.user)
        self.assertIn(b"INBOX", self.curl(token, "--sasl-ir"))
        self.assert_no_token_is_logged(token)

    def test_imapflow(self):
        self.program(
            "env", "NPM=" + NPM, "PORT=%d" % self.server.imaps_port,
            "SECURE=yes", "REV1=no", "IMAP_USER=" + self.user,
            "IMAP_TOKEN=" + self.token(), "CERTIFICATE=" + self.certificate,
            "node", os.path.join(HERE, "imapflow.mjs"), "append")
        self.assertRegex(self.server.log(), "event=login user=%s method=X?OAUTH"
                         % self.user)

    def test_refused(self):
        self.assert_refused(self.token(scope="other"),
                            "the token lacks the scope")
        self.assert_refused(self.token(audience="urn:other"),
                            "the token is for another audience")
        self.assert_refused(self.token(self.providers.opaque),
                            "the token is no JWT")
        token = self.token()
        self.assert_refused(token[:-9] + "AAAAAAAAA",
                            "the token's signature is wrong")
        self.assert_refused(token, "may not act for another user",
                            user=self.new_user())
        self.assert_refused(
            self.providers.token(self.providers.jwt, "nobody@example.org"),
            "no such user", user="nobody@example.org")
        self.server.roost("user", "disable", self.user)
        self.assert_refused(token, "the account is disabled")

    def test_keys_change(self):
        issuer = self.providers.jwt
        for alg in "ES256", "EdDSA", "RS256":
            old = self.token()
            self.providers.rotate(issuer, alg)
            self.write_auth("one.jwks", self.providers.keys(issuer))
            self.curl(old)
            self.curl(self.token())
            self.providers.rotate(issuer, alg, drop=True)
            self.write_auth("one.jwks", self.providers.keys(issuer))
            self.assert_refused(old, "the token's key is unknown")
            self.curl(self.token())


class Asked(TokenTest):
    """Keys, and what opaque tokens mean, from the providers themselves."""

    issuers = ("%(jwt)s audience=urn:roost, %(opaque)s audience=urn:roost "
               "scope=imap introspect=%(opaque)s/token/introspection "
               "client=roost secret=id.secret")

    def setUp(self):
        super().setUp()
        self.write_auth("id.secret", SECRET.encode() + b"\n")

    def test_keys(self):
        issuer = self.providers.jwt
        old = self.token()
        self.curl(old)
        self.providers.rotate(issuer, "EdDSA")
        new = self.token()
        self.curl(new)      # the key is unknown, and fetched
        self.curl(old)
        self.assert_no_token_is_logged(old, new)

    def test_introspection(self):
        issuer = self.providers.opaque
        token = self.token(issuer)
        for _ in range(2):
            self.curl(token)
        self.assert_refused(self.token(issuer, scope="other"),
                            "the token lacks the scope")
        self.assert_refused(self.token(issuer, audience="urn:other"),
                            "the token is for another audience")
        self.assert_refused(
            "unknown", "the issuer says that the token is not active")
        self.assert_no_token_is_logged(token)

    def test_wrong_secret(self):
        self.write_auth("id.secret", b"wrong")
        self.assert_refused(self.token(self.providers.opaque),
                            "the issuer can't be asked")
        self.assertIn('event=introspection issuer=%s reason="HTTP status 401"'
                      % self.providers.opaque, self.server.log())


if __name__ == "__main__":
    unittest.main()
