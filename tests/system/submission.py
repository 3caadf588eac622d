"""submission.py -- who may send: what a mail transfer agent is told over the
auth socket, about all that an account may be and have.  Postfix itself is in
tests/clients/with_postfix_auth.py."""
import base64
import concurrent.futures
import functools
import hashlib
import hmac
import itertools
import os
import socket
import time
import unittest

import issuer
import metrics
import support
from credentials import code_of
from harness import PATIENCE_S, Raw
from issuer import oauthbearer, xoauth2
from limits import L
from processes import wait_for

HOME = "127.1.1.1"      # where accounts sign in, by IMAP, too
AWAY = "192.0.2.7"
ISSUER = "https://id.example.org"


def b64(octets):
    return base64.b64encode(octets).decode()


def plain(user, secret):
    return ("\0%s\0%s" % (user, secret)).encode()


class Answer:
    """OK, FAIL or CONT, and what it says."""

    def __init__(self, line):
        self.word, self.id, *rest = line.split("\t")
        self.challenge = rest[0] if self.word == "CONT" else None
        self.fields = dict(f.partition("=")[::2] for f in rest)
        self.code = self.fields.get("code")
        self.reason = self.fields.get("reason")
        self.user = self.fields.get("user")

    def __repr__(self):
        return "%s %r" % (self.word, self.challenge or self.fields)


class Agent:
    """A mail transfer agent's connection; 1.1 and later knows of codes."""

    def __init__(self, path, minor=2):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(path)
        self.lines = self.sock.makefile("r", newline="\n")
        self.ids = itertools.count(1)
        self.mechanisms = []
        for line in self.lines:
            if line == "DONE\n":
                break
            if line.startswith("MECH\t"):
                self.mechanisms.append(line.split("\t")[1].strip())
        self.say("VERSION\t1\t%d\nCPID\t%d" % (minor, os.getpid()))

    def say(self, line):
        self.sock.sendall(line.encode() + b"\n")

    def begin(self, mechanism, response, rip=AWAY, service="smtp"):
        """response: None, or octets."""
        where = "\trip=" + rip if rip is not None else ""
        first = "\tresp=" + b64(response) if response is not None else ""
        self.say("AUTH\t%d\t%s\tservice=%s\tnologin%s%s" % (
            next(self.ids), mechanism, service, where, first))

    def hear(self):
        line = self.lines.readline()
        return Answer(line.rstrip("\n")) if line else None

    def attempt(self, mechanism, response, **more):
        self.begin(mechanism, response, **more)
        return self.hear()

    def go_on(self, answer, response):
        self.say("CONT\t%s\t%s" % (answer.id, b64(response)))
        return self.hear()

    def close(self):
        self.lines.close()
        self.sock.close()


def scram(agent, user, password, gs2="n,,", rip=AWAY):
    """RFC 5802 section 3; no password is sent."""
    bare = "n=%s,r=abcdefgh" % user
    answer = agent.attempt("SCRAM-SHA-256", (gs2 + bare).encode(), rip=rip)
    if answer.word != "CONT":
        return answer
    first = base64.b64decode(answer.challenge).decode()
    nonce, salt, rounds = (f[2:] for f in first.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(),
                                 base64.b64decode(salt), int(rounds))
    key = hmac.digest(salted, b"Client Key", "sha256")
    final = "c=%s,r=%s" % (b64(gs2.encode()), nonce)
    signature = hmac.digest(hashlib.sha256(key).digest(),
                            ",".join([bare, first, final]).encode(), "sha256")
    proof = bytes(a ^ b for a, b in zip(key, signature))
    answer = agent.go_on(answer, (final + ",p=" + b64(proof)).encode())
    return agent.go_on(answer, b"") if answer.word == "CONT" else answer


class Agents(support.ServerTest):
    """The socket lies beside the configuration. Each attempt is a connection's,
    so that those that are refused can wait at the same time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(os.path.join(cls.server.dir, "auth", "one.jwks"),
                  "w") as f:
            cls.issuer = issuer.Issuer(ISSUER, cls.server.top)
            f.write(cls.issuer.keys())

    def setUp(self):
        self.ann = self.new_user()

    def agent(self):
        agent = Agent(os.path.join(self.server.dir, "agent"))
        self.addCleanup(agent.close)
        return agent

    def plain(self, secret="secret", user=None, **more):
        return self.agent().attempt("PLAIN", plain(user or self.ann, secret),
                                    **more)

    def scram(self, secret="secret", user=None, **more):
        return scram(self.agent(), user or self.ann, secret, **more)

    def token(self, token, mechanism="OAUTHBEARER", user="", **more):
        """What the client hears of one that is refused, and the end."""
        said = oauthbearer if mechanism == "OAUTHBEARER" else xoauth2
        agent = self.agent()
        answer = agent.attempt(mechanism, said(token, user), **more)
        if answer.word != "CONT":
            return b"", answer
        return base64.b64decode(answer.challenge), agent.go_on(answer, b"\1")

    @staticmethod
    def at_once(*calls):
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
            return [f.result() for f in [pool.submit(c) for c in calls]]

    def app_password(self, *options):
        return self.server.roost("app-password", "add", self.ann, "one",
                                 *options).stdout.strip()

    def set(self, name, value):
        self.server.roost("policy", "set", self.ann, name, value)

    def by_imap(self, secret="secret", source=HOME):
        """The tagged line."""
        raw = Raw(self.server.imaps_port, source=source)
        try:
            raw.line()
            return raw.run(b'LOGIN %s "%s"' % (self.ann.encode(),
                                               secret.encode()))[-1]
        finally:
            raw.close()

    def assert_ok(self, *answers):
        for answer in answers:
            self.assertEqual(("OK", self.ann), (answer.word, answer.user),
                             answer)

    def assert_refused(self, answers, code=None,
                       said="Authentication failed", reason=None):
        """As a wrong password is, unless told otherwise; reason: the log's, in
        its last lines."""
        for answer in answers:
            self.assertEqual(("FAIL", code, said),
                             (answer.word, answer.code, answer.reason))
        if reason is not None:
            lines = [line for line in self.server.log().splitlines()
                     if "event=login_failed " in line][-len(answers):]
            self.assertEqual([reason] * len(answers), [
                line.split('reason="')[1].split('"')[0] for line in lines])


CONF = ("auth_socket = agent\nrefusal_time = 1s\n"
        "issuers = %s audience=%s keys=one.jwks\n" % (
            ISSUER, issuer.AUDIENCE))
UNLIMITED = ("failures_per_address = 0\nfailures_per_network = 0\n"
             "failures_per_account = 0\nspray_accounts = 0\n")
NO_PLACES = "192.0.3.1", "2001:db9::1", "", "x", "192.0.2.0/24", None
PLACES = AWAY, "::ffff:192.0.2.9", "2001:db8::1"


class Submission(Agents):
    conf = CONF + UNLIMITED

    # -- by what --

    def test_offer(self):
        agent = self.agent()
        self.assertEqual({"SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2", "PLAIN",
                          "LOGIN"}, set(agent.mechanisms))
        self.assert_refused([agent.attempt(mechanism, b"x") for mechanism in
                             ("SCRAM-SHA-256-PLUS", "EXTERNAL")],
                            said="Unsupported mechanism")

    def test_scram(self):
        # "y": it could bind to TLS, and hears that this server can't
        self.assert_ok(self.scram(), self.scram(gs2="y,,"))
        self.assert_refused(self.at_once(
            lambda: self.scram("wrong"),
            lambda: self.scram(user="nobody@example.org"),
            lambda: self.scram(gs2="p=tls-exporter,,")))
        self.server.roost("user", "disable", self.ann)
        self.assert_refused([self.scram()], reason="the account is disabled")

    def test_tokens(self):
        token = self.issuer.token(self.ann)
        self.assert_ok(self.token(token)[1],
                       self.token(token, user=self.ann)[1],
                       self.token(token, "XOAUTH2", self.ann)[1])
        wrong = [self.issuer.token(self.ann, -600),
                 self.issuer.token(self.ann, aud="other"),
                 self.issuer.token("nobody@example.org"), "wrong"]
        told, answers = zip(*self.at_once(
            *[functools.partial(self.token, t) for t in wrong]))
        for text in told:
            self.assertIn(b'"status":"invalid_token"', text)
        self.assert_refused(answers)
        for reason in ("the token has expired", "no such user",
                       "the token is for another audience"):
            self.assertIn('reason="%s"' % reason, self.server.log())
        (told, answer), (_, other) = self.at_once(
            lambda: self.token("wrong", "XOAUTH2", self.ann),
            lambda: self.token(token, user=self.new_user()))
        self.assertIn(b'"status":"401"', told)
        self.assert_refused([answer])
        self.assert_refused([other], "authz_fail", "Not authorized")

    def test_second_factor(self):
        """What opens no mail sends none, either."""
        out = self.server.roost("totp", "enable", self.ann).stdout
        key = out.split("\nkey ")[1].split()[0]
        self.assert_ok(self.plain())
        self.server.roost("totp", "confirm", self.ann, code_of(key))
        *right, wrong = self.at_once(self.plain, self.scram,
                                     lambda: self.plain("wrong"))
        self.assert_refused(right, "authz_fail",
                            "this account needs an app password")
        self.assert_refused([wrong])
        self.assertIn('reason="the main password does not open mail"',
                      self.server.log())
        self.assert_ok(self.plain(self.app_password()),
                       self.token(self.issuer.token(self.ann))[1])
        self.set("main-password", "allowed")
        self.assert_ok(self.plain())

    def test_app_passwords_for_a_service(self):
        other = ("authz_fail", "this app password is for another service")
        secret = self.app_password("--protocol", "smtp")
        self.assert_ok(self.plain(secret))
        self.assertIn(b"NO [AUTHORIZATIONFAILED]", self.by_imap(secret))
        self.ann = self.new_user()
        secret = self.app_password("--protocol", "imap")
        self.assertIn(b" OK", self.by_imap(secret))
        self.assert_refused(self.at_once(
            lambda: self.plain(secret),
            lambda: self.plain(secret, service="managesieve")), *other)
        self.assert_ok(self.plain(service="managesieve"))

    # -- from where --

    def test_networks_of_an_app_password(self):
        secret = self.app_password("--network", "192.0.2.0/24,2001:db8::/32")
        self.assert_ok(*[self.plain(secret, rip=rip) for rip in PLACES])
        self.assert_refused(
            self.at_once(*[functools.partial(self.plain, secret, rip=rip)
                           for rip in NO_PLACES]),
            "authz_fail", "this app password is for other networks")

    def test_networks_of_an_account(self):
        """Silently: nobody finds out a password from elsewhere."""
        self.set("networks", "192.0.2.0/24,2001:db8::/32")
        secret = self.app_password()
        for rip in PLACES:
            self.assert_ok(self.plain(rip=rip), self.scram(rip=rip))
        self.assert_refused(
            self.at_once(*[functools.partial(how, given, rip=rip)
                           for how, given in ((self.plain, "secret"),
                                              (self.plain, secret),
                                              (self.scram, "secret"))
                           for rip in NO_PLACES]),
            reason="not from a network that is allowed")

    # -- whom --

    def test_states(self):
        token = self.issuer.token(self.ann)
        app_password = self.app_password()
        for name, value, code, said, reason in (
                ("suspended", "deliver", "user_disabled",
                 "This account is suspended", "the account is suspended"),
                ("expires", "2001-01-01T00:00:00Z", "pass_expired",
                 "This account has expired", "the account has expired")):
            self.set(name, value)
            wrong, *right = self.at_once(
                lambda: self.plain("wrong"), self.plain, self.scram,
                lambda: self.plain(app_password),
                lambda: self.token(token)[1])
            self.assert_refused(right, code, said)
            self.assert_refused([wrong])
            self.assertEqual(4, self.server.log().count(reason))
            self.server.roost("policy", "unset", self.ann, name)
            self.assert_ok(self.plain())

    def test_passwords_are_off(self):
        self.set("passwords", "off")
        secret = self.app_password()
        self.assert_refused(
            self.at_once(self.plain, self.scram, lambda: self.plain(secret)),
            reason="log-in by password is off")
        self.assert_ok(self.token(self.issuer.token(self.ann))[1])

    def test_imap_is_off(self):
        """which is no reason to send nothing"""
        self.set("imap", "off")
        self.assertIn(b"NO [CONTACTADMIN]", self.by_imap())
        self.assert_ok(self.plain())

    def test_disabled(self):
        token = self.issuer.token(self.ann)
        self.server.roost("user", "disable", self.ann)
        by_password, (told, by_token) = self.at_once(
            self.plain, lambda: self.token(token))
        self.assertIn(b"invalid_token", told)
        self.assert_refused([by_password, by_token],
                            reason="the account is disabled")


STRANGE = "locked out: the account, where it is not known"


class Limited(Agents):
    """What is counted here and what is counted by IMAP is one."""
    conf = CONF + ("failures_per_account = 4\nspray_accounts = 2\n"
                   "lockout_time = 1h\n")

    def wrong(self, i):
        return "wrong %d of %s" % (i, self.ann)

    def guess(self, i, rip):
        return self.plain(self.wrong(i), rip=rip)

    def test_for_imap(self):
        self.assertIn(b" OK", self.by_imap())
        self.at_once(*[functools.partial(self.guess, i, "203.0.%d.1" % i)
                       for i in range(4)])
        refused, line = self.at_once(
            lambda: self.plain(rip="203.0.113.1"),
            lambda: self.by_imap(source="127.2.1.1"))
        self.assert_refused([refused])
        self.assertIn(b"NO [AUTHENTICATIONFAILED]", line)
        self.assertEqual(2, len([
            line for line in self.server.log().splitlines()
            if "user=%s " % self.ann in line and STRANGE in line]))
        # where she signs in by IMAP she sends, too
        self.assert_ok(self.plain(rip="127.1.1.77"))
        self.assertIn(b" OK", self.by_imap())

    def test_by_imap(self):
        self.at_once(*[functools.partial(
            self.by_imap, self.wrong(i), "127.3.%d.1" % i)
            for i in range(4)])
        self.assert_refused([self.plain()], reason=STRANGE)
        self.server.roost("lockout", "clear", self.ann)
        self.assert_ok(self.plain())

    def test_without_an_address(self):
        """It is nobody's, so that nothing but the account is counted."""
        self.assert_refused(self.at_once(*[
            functools.partial(self.guess, i, ("", "x", None)[i % 3])
            for i in range(4)]))
        self.assert_refused([self.plain(rip=None)], reason=STRANGE)
        self.ann = self.new_user()
        self.assert_ok(self.plain(rip=None))

    def test_who_gets_in_where_somebody_sprays(self):
        """By what can't be guessed, too."""
        rip = "198.51.100.1"
        self.at_once(*[functools.partial(self.plain, "x%d" % i,
                                         "u%d@example.org" % i, rip=rip)
                       for i in range(4)])
        self.assert_refused([self.plain(rip=rip)], "temp_fail",
                            "Try again later", "locked out: the address")
        for mechanism, response in (
                ("PLAIN", plain(self.ann, self.app_password())),
                ("OAUTHBEARER", oauthbearer(self.issuer.token(self.ann)))):
            before = len(self.server.log())
            self.assert_ok(self.agent().attempt(mechanism, response, rip=rip))
            told = "event=login_while_spraying what=address user=%s " \
                % self.ann
            self.assertTrue(wait_for(
                lambda: told in self.server.log()[before:]))

    def test_whose_app_password_is_sprayed(self):
        secret = self.app_password()
        self.assert_ok(self.plain(secret, rip="203.0.113.5"))
        self.at_once(*[functools.partial(
            self.plain, secret, "v%d@example.org" % i, rip="100.64.%d.1" % i)
            for i in range(4)])
        self.assertTrue(wait_for(
            lambda: "event=login_while_spraying what=password user=%s"
            % self.ann in self.server.log()))


class Networks(Agents):
    """An address of IPv6 is a /64, as one customer has; networks are /24, and
    /48."""
    conf = CONF + ("failures_per_address = 3\nfailures_per_network = 6\n"
                   "failures_per_account = 0\nspray_accounts = 0\n"
                   "lockout_time = 1h\n")

    def guess(self, addresses):
        """Once from each, at once: for as many accounts."""
        self.assert_refused(self.at_once(*[functools.partial(
            self.plain, "wrong%d" % i, "n%d@example.org" % i, rip=rip)
            for i, rip in enumerate(addresses)]))

    def assert_locked(self, rip, what):
        self.assert_refused([self.plain(rip=rip)], "temp_fail",
                            "Try again later", "locked out: " + what)

    def test_an_address_of_ipv6(self):
        self.guess(["2001:db8:1:2::%d" % i for i in (1, 2, 3)])
        self.assert_locked("2001:db8:1:2:ffff::9", "the address")
        self.assert_ok(self.plain(rip="2001:db8:1:3::1"))

    def test_a_network_of_ipv6(self):
        self.guess(["2001:db8:9:%d::1" % i for i in range(6)])
        self.assert_locked("2001:db8:9:ffff::1", "the network")
        self.assert_ok(self.plain(rip="2001:db8:a::1"))

    def test_a_network_of_ipv4(self):
        self.guess(["203.0.5.%d" % i for i in range(6)])
        self.assert_locked("203.0.5.77", "the network")
        self.assert_ok(self.plain(rip="203.0.6.77"))


class Often(Agents):
    """LIMIT_LOGINS, by a program that does nothing but log in."""
    conf = CONF + "trusted_networks = 192.0.2.128/25\n"
    ROUND = 30      # at a time on a connection

    def come_in(self, rip):
        """How often it did, until it was told to wait; how long it took; the
        answer."""
        began = time.monotonic()
        self.assert_ok(self.plain(rip=rip))     # hashed
        granted = 1
        agent = self.agent()
        while granted <= 2 * L["LIMIT_LOGINS"]:
            for _ in range(self.ROUND):
                agent.begin("PLAIN", plain(self.ann, "secret"), rip=rip)
            answers = [agent.hear() for _ in range(self.ROUND)]
            refused = [a for a in answers if a.word != "OK"]
            granted += self.ROUND - len(refused)
            if refused:
                return granted, time.monotonic() - began, refused
        return granted, time.monotonic() - began, []

    def test_too_often(self):
        granted, seconds, refused = self.come_in(AWAY)
        self.assertGreaterEqual(granted, L["LIMIT_LOGINS"])
        self.assertLessEqual(granted, L["LIMIT_LOGINS"] + 1 + 5 * seconds)
        self.assert_refused(refused, "temp_fail", "Try again later",
                            "too many log-ins: the account, at this network")
        self.assertIn(b" OK", self.by_imap())       # from elsewhere
        _, _, text = metrics.ask(self.server.metrics_port, "/metrics")
        self.assertEqual(len(refused), metrics.total(
            metrics.read(text), "roost_logins_too_often_total"))
        self.ann = self.new_user()
        self.assert_ok(self.plain())

    def test_a_web_mailer_may(self):
        granted, _, refused = self.come_in("192.0.2.200")
        self.assertGreater(granted, 2 * L["LIMIT_LOGINS"])
        self.assertEqual([], refused)


if __name__ == "__main__":
    unittest.main()
