"""client_certificates.py -- EXTERNAL: a client comes in with a certificate of
its own, by 993 and behind STARTTLS, and by nothing less than a good one."""
import base64
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time
import unittest

import support
from authority import USUAL, Authority, openssl
from processes import wait_for
from support import harness

ANN = "ann@example.org"
BOB = "bob@example.org"
RSA = ("-newkey", "rsa:2048")


class Client:
    """A connection as far as its capabilities."""

    def __init__(self, server, pem=None, starttls=False, version=None,
                 chain="", session=None, context=None):
        self.context = context or server.tls()
        if version:
            self.context.maximum_version = version
        if pem:
            path = pem
            if chain:
                path = pem + ".chain"
                with open(pem) as f, open(path, "w") as out:
                    text = f.read().split("-----BEGIN PRIV")
                    out.write(text[0] + chain + "-----BEGIN PRIV" + text[1])
            self.context.load_cert_chain(path)
        port = server.imap_port if starttls else server.imaps_port
        tcp = socket.create_connection(("127.0.0.1", port),
                                       harness.PATIENCE_S)
        if starttls:
            tcp.recv(4096)
            tcp.sendall(b"s STARTTLS\r\n")
            assert tcp.recv(4096).startswith(b"s OK")
        self.tls = self.context.wrap_socket(
            tcp, server_hostname="localhost", session=session)
        self.file = self.tls.makefile("rb")
        if not starttls:
            assert self.file.readline().startswith(b"* OK")
        self.capability = self.run(b"CAPABILITY")[0].split()
        self.session = self.tls.session

    def run(self, command):
        self.tls.sendall(b"c " + command + b"\r\n")
        return self.rest()

    def rest(self):
        lines = [self.file.readline()]
        while not lines[-1].startswith((b"c ", b"+")) and lines[-1]:
            lines.append(self.file.readline())
        return lines

    def offers(self):
        return b"AUTH=EXTERNAL" in self.capability

    def external(self, who="", initial=True):
        """The tagged line."""
        said = base64.b64encode(who.encode()) or b"="
        if initial:
            return self.run(b"AUTHENTICATE EXTERNAL " + said)[-1]
        assert self.run(b"AUTHENTICATE EXTERNAL") == [b"+ \r\n"]
        self.tls.sendall((b"" if said == b"=" else said) + b"\r\n")
        return self.rest()[-1]

    def close(self):
        self.file.close()
        self.tls.close()


class WithAuthority(support.ServerTest):
    conf = "gates = 2\nclient_ca = ca.pem\nconnections_per_host = 1000\n" \
        "refusal_time = 1s\nfailures_per_account = 2\n"

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(conf=cls.conf)
        cls.ca = Authority(cls.server.top, "ca")
        cls.put(cls.ca.pem)
        cls.server.start()
        for name in (ANN, BOB):
            cls.server.add_user(name)
        cls.ann = cls.ca.person(ANN)
        cls.bob = cls.ca.person(BOB)

    @classmethod
    def put(cls, text):
        path = os.path.join(cls.server.dir, "ca.pem")
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)

    def client(self, *args, **more):
        c = Client(self.server, *args, **more)
        self.addCleanup(c.close)
        return c

    def enters(self, pem, who="", **more):
        c = self.client(pem, **more)
        return c.offers() and c.external(who).startswith(b"c OK")

    def who(self, client):
        """Whose mail it is."""
        return client.run(b"GETQUOTAROOT INBOX"), self.server.roost("who").stdout

    def becomes(self, pem, expected, **more):
        """At each gate."""
        self.assertTrue(wait_for(lambda: all(
            self.enters(pem, **more) == expected for _ in range(12))))


class External(WithAuthority):
    def test_both_ports_and_forms(self):
        for starttls in (False, True):
            for initial in (False, True):
                for who in ("", ANN, "ANN@Example.Org"):
                    c = self.client(self.ann, starttls=starttls)
                    self.assertTrue(c.offers())
                    self.assertIn(b"c OK", c.external(who, initial))
                    self.assertIn(b"c OK", c.run(b"SELECT INBOX")[-1])
        lines = [line for line in self.server.log().splitlines()
                 if "event=login " in line and "method=EXTERNAL" in line]
        self.assertEqual(len(lines), 12)
        print_of = openssl("x509", "-in", self.ann, "-noout", "-fingerprint",
                           "-sha256").strip().split("=")[1].replace(":", "")
        self.assertTrue(all("user=" + ANN in line and
                            "certificate=" + print_of.lower() in line and
                            "CN=Somebody" in line for line in lines))
        self.assertTrue(wait_for(lambda: any(
            row["mechanism"] == "EXTERNAL" and row["result"] == "ok"
            and row["credential"] == print_of.lower() for row in json.loads(
                self.server.roost("history", ANN, "--json").stdout))))

    def test_keys_and_ciphers(self):
        """Each kind of signature, and both hashes of a handshake."""
        keys = [RSA, ("-newkey", "rsa:3072"), ("-newkey", "ed25519"),
                ("-newkey", "ed448"), ("-newkey", "rsa-pss", "-pkeyopt",
                                       "rsa_keygen_bits:2048")]
        keys += [("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + c)
                 for c in ("P-384", "P-521")]
        for key in keys:
            self.assertTrue(self.enters(self.ca.person(ANN, key=key)), key)
        for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                      "TLS_CHACHA20_POLY1305_SHA256"):
            self.assertIn("c OK", self.s_client(self.ann, "-ciphersuites",
                                                suite), suite)
        # a group of ours that is not the first guess: one hello more
        self.assertIn("c OK", self.s_client(self.ann, "-groups",
                                            "P-384:P-256"))

    def s_client(self, pem, *options, more=False):
        """What it says of a log-in, or (more) when it is to renegotiate."""
        child = subprocess.Popen(
            ["openssl", "s_client", *(() if more else ("-quiet", "-ign_eof")),
             "-crlf", "-connect", "127.0.0.1:%d" % self.server.imaps_port,
             "-cert", pem, "-key", pem, *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        said = b""
        if more:        # what is read at once is no command but text
            for end, line in ((b"* OK", b"c CAPABILITY\n"),
                              (b"c OK", b"R\n")):
                while end not in said:
                    piece = os.read(child.stdout.fileno(), 65536)
                    self.assertTrue(piece, said)
                    said += piece
                os.write(child.stdin.fileno(), line)
            text = None
        else:
            text = b"c AUTHENTICATE EXTERNAL =\nd LOGOUT\n"
        said += child.communicate(text, timeout=harness.PATIENCE_S)[0]
        return said.decode()

    def test_curl(self):
        for user, good in ((ANN, True), (BOB, False)):
            done = subprocess.run(
                ["curl", "-sk", "--cert", self.ann, "-u", user + ":",
                 "--login-options", "AUTH=EXTERNAL",
                 "imaps://127.0.0.1:%d/INBOX" % self.server.imaps_port,
                 "-X", "NOOP"], capture_output=True,
                timeout=harness.PATIENCE_S)
            self.assertEqual(done.returncode == 0, good, done)

    def test_nobody_without(self):
        """Who has none, or speaks an older TLS, is served as ever, and no
        less than a certificate opens anything."""
        for c in (self.client(), self.client(starttls=True),
                  self.client(self.ann, version=ssl.TLSVersion.TLSv1_2)):
            self.assertFalse(c.offers())
            self.assertTrue(any(w.startswith(b"AUTH=PLAIN")
                                for w in c.capability))
            self.assertRegex(c.external(ANN), b"^c (NO|BAD)")
            self.assertIn(b"c OK", c.run(b"LOGIN %s secret" % ANN.encode())[-1])

    def test_for_somebody_else(self):
        for who in (BOB, "ann", "ann@example.org\0", "nobody@example.org",
                    "\xff", "a" * 300):
            c = self.client(self.ann)
            self.assertRegex(c.external(who), b"^c (NO|BAD)", who)
        c = self.client(self.ann)
        self.assertIn(b"[AUTHORIZATIONFAILED]", c.external(BOB))
        self.assertIn(b"c OK", c.external(ANN))     # once more, as itself

    def test_bad_ones(self):
        other = Authority(self.server.top, "other")
        weak = self.ca.person(ANN, key=("-newkey", "rsa:1024"))
        bad = {
            "another CA": other.person(ANN),
            "self-signed": Authority(self.server.top, "own").person(ANN),
            "expired": self.ca.person(ANN, start="20200101000000Z",
                                      end="20210101000000Z"),
            "not yet": self.ca.person(ANN, start="20400101000000Z",
                                      end="20410101000000Z"),
            "for servers": self.ca.person(ANN, usual="extendedKeyUsage="
                                          "serverAuth\n"),
            "signed by a person": self.by_a_person(),
            "a CA of that name": Authority(self.server.top + "/other",
                                           "ca").person(ANN),
        }
        for name, pem in bad.items():
            seen = self.server.log().count("event=client_certificate_refused")
            c = self.client(pem)
            self.assertFalse(c.offers(), name)
            self.assertNotIn(b"c OK", c.external(ANN), name)
            self.assertIn(b"c OK", c.run(b"LOGIN %s secret" % ANN.encode())[-1])
            self.assertTrue(wait_for(lambda: self.server.log().count(
                "event=client_certificate_refused") > seen), name)
        self.assertNotIn("c OK", self.s_client(weak))

    def by_a_person(self):
        """By a key that vouches for nobody."""
        usurper = Authority.__new__(Authority)
        usurper.__dict__ = dict(self.ca.__dict__, path=self.bob)
        return usurper.person(ANN)

    def test_names(self):
        """One that no account can have, or several, is none."""
        nul = "otherName:1.2.3.4;UTF8:x,"
        good = {"email:" + ANN: True, "email:ANN@EXAMPLE.ORG": True,
                "email:%s,DNS:x.example" % ANN: True,
                "email:%s,email:%s" % (ANN, ANN.upper()): True,
                nul + "email:" + ANN: True}
        bad = ["email:%s,email:%s" % (ANN, BOB), "DNS:" + ANN,
               "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:" + ANN,
               "email:ann@ex\u0430mple.org", "email:nobody@example.org",
               "email:ann", "URI:mailto:" + ANN]
        for san in list(good) + bad:
            self.assertEqual(self.enters(self.ca.person(san=san)), san in good,
                             san)
        self.assertFalse(self.enters(self.ca.person(cn=ANN)))
        self.assertFalse(self.enters(self.with_nul()))
        self.assertIn("several accounts", self.server.log())

    def with_nul(self):
        """ann@example.org, NUL, and more, as the CA really has signed it."""
        text = ANN.encode() + b"\0.evil.example"
        der = b"\x30" + bytes([len(text) + 2]) + b"\x81" + \
            bytes([len(text)]) + text
        return self.ca.issue("/CN=Nul", USUAL + "2.5.29.17=DER:" +
                             ":".join("%02x" % b for b in der) + "\n")

    def test_what_an_account_may(self):
        carl = "carl@example.org"
        self.server.add_user(carl)
        pem = self.ca.person(carl)
        self.assertTrue(self.enters(pem))
        for change, back in (
                (("user", "disable", carl), ("user", "enable", carl)),
                (("policy", "set", carl, "imap", "off"),
                 ("policy", "unset", carl, "imap")),
                (("policy", "set", carl, "networks", "192.0.2.0/24"),
                 ("policy", "unset", carl, "networks"))):
            self.server.roost(*change)
            self.assertFalse(self.enters(pem), change)
            self.server.roost(*back)
            self.assertTrue(self.enters(pem), back)
        # no password that could be guessed, so it is not locked out with it
        raw = harness.Raw(self.server.imaps_port)
        for i in range(3):
            raw.run(b"LOGIN %s wrong%d" % (carl.encode(), i))
        raw.close()
        self.assertTrue(wait_for(lambda: "event=lockout" in self.server.log()))
        self.assertTrue(self.enters(pem))

    def test_second_factor(self):
        """shuts out the password, and not what is a factor of its own"""
        dora = "dora@example.org"
        self.server.add_user(dora)
        out = self.server.roost("totp", "enable", dora).stdout
        code = subprocess.run(
            ["oathtool", "-b", "--totp", re.search(
                r"^key (\S+)$", out, re.M)[1]], check=True,
            capture_output=True, text=True).stdout.strip()
        self.server.roost("totp", "confirm", dora, code)
        raw = harness.Raw(self.server.imaps_port)
        self.assertNotIn(b" OK", raw.run(b"LOGIN %s secret"
                                         % dora.encode())[-1])
        raw.close()
        self.assertTrue(self.enters(self.ca.person(dora)))

    def test_unauthenticate(self):
        c = self.client(self.ann)
        self.assertIn(b"c OK", c.external())
        self.assertIn(b"c OK", c.run(b"UNAUTHENTICATE")[-1])
        self.assertIn(b"AUTH=EXTERNAL", c.run(b"CAPABILITY")[0])
        self.assertNotIn(b"c OK", c.external(BOB))
        self.assertIn(b"c OK", c.external(ANN))

    def test_no_session_is_resumed_with_one(self):
        """By 1.3, whose sessions have one: each shows it anew. Others are
        resumed as ever, and have no certificate then either."""
        for version, pem, again in (
                (ssl.TLSVersion.TLSv1_2, self.ann, True),
                (ssl.TLSVersion.TLSv1_3, self.ann, False),
                (ssl.TLSVersion.TLSv1_3, None, True)):
            one = self.client(pem, version=version)
            for _ in range(8):      # any gate
                two = self.client(session=one.session, context=one.context)
                self.assertEqual(two.tls.session_reused, again, version)
                self.assertEqual(two.offers(), not again)
                one = two

    def test_renegotiation_and_asking_later(self):
        said = self.s_client(self.ann, "-tls1_2", more=True)
        self.assertNotIn("EXTERNAL", said)
        self.assertIn("no renegotiation", said)
        context = self.server.tls()
        context.post_handshake_auth = True
        self.assertTrue(self.client(self.ann, context=context).offers())
        self.assertFalse(self.client(context=self.server.tls()).offers())

    def test_long_chains(self):
        """What fits is taken, more ends the handshake."""
        most = harness_limit("LIMIT_CLIENT_CHAIN")
        extra = self.ca.pem
        size = len(ssl.PEM_cert_to_DER_cert(extra)) + 5
        fits = most // size - 3
        self.assertTrue(self.enters(self.ann, chain=extra * fits))
        with self.assertRaises((ssl.SSLError, OSError, AssertionError)):
            self.client(self.ann, chain=extra * (fits + 8))
        self.assertTrue(self.enters(self.ann))


def harness_limit(name):
    with open(os.path.join(harness.ROOT, "src", "base", "limits.h")) as f:
        return int(re.search(name + r" = (\d+)", f.read()).group(1))


class Authorities(WithAuthority):
    """Those who vouch for clients come and go, and so do their lists."""

    def setUp(self):
        self.put(self.ca.pem)
        self.becomes(self.ann, True)

    def test_swapped(self):
        other = Authority(self.server.top, "next")
        new = other.person(ANN)
        self.assertFalse(self.enters(new))
        session = self.client(self.ann)
        self.put(other.pem)
        self.becomes(new, True)
        self.becomes(self.ann, False)
        self.assertIn(b"c NO", session.external())      # auth has the new, too
        self.put(other.pem + self.ca.pem)
        self.becomes(self.ann, True)
        self.becomes(new, True)

    def test_a_bad_file_leaves_the_old(self):
        for text in ("", "x", self.ca.pem[:200], "-----BEGIN CERTIFICATE-----"
                     "\nAAAA\n-----END CERTIFICATE-----\n"):
            seen = self.server.log().count("event=client_ca_refused")
            self.put(text)
            self.assertTrue(wait_for(lambda: self.server.log().count(
                "event=client_ca_refused") > seen))
            self.becomes(self.ann, True)
        for role in ("gate", "auth"):       # one that is started meanwhile, too
            os.kill(self.server.child(role)[0], signal.SIGKILL)
        self.assertTrue(wait_for(lambda: self.tries(self.ann)))
        self.becomes(self.ann, True)

    def tries(self, pem):
        try:
            return self.enters(pem)
        except (OSError, AssertionError, ValueError):
            return False

    def test_a_session_of_before_is_not_resumed(self):
        one = self.client()
        two = self.client(session=one.session, context=one.context)
        self.assertTrue(two.tls.session_reused)
        self.put(self.ca.pem + self.ca.pem)
        self.assertTrue(wait_for(lambda: not any(self.client(
            session=two.session, context=two.context).tls.session_reused
            for _ in range(6))))

    def test_intermediate(self):
        """It comes with the client, or stands in the file."""
        middle = Authority(self.server.top, "middle", parent=self.ca)
        pem = middle.person(ANN)
        self.assertFalse(self.enters(pem))
        self.assertTrue(self.enters(pem, chain=middle.pem))
        self.put(self.ca.pem + middle.pem)
        self.becomes(pem, True)
        self.put(middle.pem)        # no root, no trust
        self.becomes(pem, False)

    def test_constraints(self):
        """A CA that may only speak for its domain does so."""
        bound = Authority(self.server.top, "bound", extensions="nameConstraints="
                          "critical,permitted;email:other.example\n")
        self.server.add_user("eve@other.example")
        ann, eve = bound.person(ANN), bound.person("eve@other.example")
        self.put(self.ca.pem + bound.pem)
        self.becomes(eve, True)
        self.assertFalse(self.enters(ann))

    def test_taken_back(self):
        lost = self.ca.person(ANN)
        self.becomes(lost, True)
        waiting = self.client(lost)
        self.ca.revoke(lost)
        self.put(self.ca.pem + self.ca.revoked())
        self.becomes(lost, False)
        self.assertIn(b"c NO", waiting.external())
        self.becomes(self.ann, True)
        # a list that has run out is no way around it
        self.put(self.ca.pem + self.ca.revoked(
            "-crl_lastupdate", "20200101000000Z",
            "-crl_nextupdate", "20200201000000Z"))
        self.becomes(self.ann, False)
        # a CA without a list beside one that has one
        free = Authority(self.server.top, "free")
        self.put(self.ca.pem + self.ca.revoked() + free.pem)
        self.becomes(free.person(ANN), True)
        self.becomes(lost, False)


class Added(WithAuthority):
    conf = WithAuthority.conf + "client_name = none\n"

    def fingerprint(self, pem):
        return openssl("x509", "-in", pem, "-noout", "-fingerprint",
                       "-sha256").strip().split("=")[1]

    def rows(self, user):
        return json.loads(self.server.roost("certificate", "list", user,
                                            "--json").stdout)

    def test_whose_it_is(self):
        """By file or by fingerprint; only that counts, not the names."""
        self.assertFalse(self.enters(self.ann))
        self.server.roost("certificate", "add", BOB, self.ann)
        self.assertTrue(self.enters(self.ann))
        self.assertTrue(self.enters(self.ann, BOB))
        self.assertFalse(self.enters(self.ann, ANN))
        c = self.client(self.ann)
        c.external()
        self.assertIn(BOB, self.server.roost("who").stdout)
        self.assertIn("1 added", self.server.roost(
            "auth", "test", BOB, stdin="secret\n").stdout)
        row, = self.rows(BOB)
        self.assertEqual(row["fingerprint"], self.fingerprint(
            self.ann).replace(":", "").lower())
        self.assertEqual(row["subject"], "CN=Somebody")
        self.assertIsNotNone(row["expires"])
        self.assertTrue(wait_for(
            lambda: self.rows(BOB)[0]["last_address"] == "127.0.0.1"))
        # a certificate is one account's
        done = self.server.roost("certificate", "add", ANN, self.ann,
                                 check=False)
        self.assertNotEqual(done.returncode, 0)
        # its sessions end with it, others go on
        other = harness.Raw(self.server.imaps_port).login(BOB)
        self.server.roost("certificate", "remove", BOB,
                          self.fingerprint(self.ann))
        self.assertTrue(wait_for(lambda: b"BYE" in b"".join(c.run(b"NOOP"))
                                 or not c.file.readline()))
        self.assertIn(b" OK", other.run(b"NOOP")[-1])
        self.assertFalse(self.enters(self.ann))
        self.assertEqual(self.rows(BOB), [])
        audit = self.server.roost("audit", "show", BOB).stdout
        self.assertIn("certificate_add", audit)
        self.assertIn("certificate_remove", audit)

    def test_bad_words(self):
        for text in ("00" * 31, "00" * 33, "/none", self.server.conf):
            done = self.server.roost("certificate", "add", ANN, text,
                                     check=False)
            self.assertNotEqual(done.returncode, 0, text)
        for args in (("add", "nobody@example.org", "ab" * 32),
                     ("remove", ANN, "ab" * 32)):
            done = self.server.roost("certificate", *args, check=False)
            self.assertNotEqual(done.returncode, 0, args)

    def test_as_many_as_may_be(self):
        most = harness_limit("LIMIT_CERTIFICATES")
        user = self.new_user()
        for i in range(most):
            self.server.roost("certificate", "add", user, "%064x" % i)
        done = self.server.roost("certificate", "add", user, "f" * 64,
                                 check=False)
        self.assertIn("too many", done.stderr)
        self.assertEqual(len(self.rows(user)), most)

    def test_end(self):
        """Its sessions end when it does."""
        for seconds in (8, 40, 100):    # until it is long enough to come in
            user = self.new_user()
            end = time.time() + seconds
            pem = self.ca.person(user, end=time.strftime(
                "%Y%m%d%H%M%SZ", time.gmtime(end)))
            self.server.roost("certificate", "add", user, pem)
            if self.enters(pem):
                break
            self.assertGreater(time.time(), end - 1)
        self.assertTrue(wait_for(lambda: not self.enters(pem)))


class OtherNames(WithAuthority):
    conf = WithAuthority.conf + "client_name = upn\n"

    def test_upn_then_common_name(self):
        upn = self.ca.person(
            san="otherName:1.3.6.1.4.1.311.20.2.3;UTF8:" + ANN)
        wrong = self.ca.person(
            san="otherName:1.3.6.1.4.1.311.20.2.3;IA5:" + ANN)
        named = self.ca.person(cn=ANN)
        two = self.ca.issue("/CN=%s/CN=%s" % (ANN, BOB), USUAL)
        self.assertTrue(self.enters(upn))
        self.assertFalse(self.enters(wrong))
        self.assertFalse(self.enters(self.ann) or self.enters(named))
        with open(self.server.conf) as f:
            text = f.read()
        with open(self.server.conf, "w") as f:
            f.write(text.replace("client_name = upn", "client_name = cn"))
        self.server.process.send_signal(signal.SIGHUP)
        self.becomes(named, True)
        self.assertFalse(self.enters(upn) or self.enters(two)
                         or self.enters(self.ann))
        with open(self.server.conf, "w") as f:
            f.write(text.replace("client_ca = ca.pem\n", ""))
        self.server.process.send_signal(signal.SIGHUP)
        self.assertTrue(wait_for(lambda: not any(
            self.client(named).offers() for _ in range(12))))


if __name__ == "__main__":
    unittest.main()
