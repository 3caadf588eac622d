"""certificates.py -- by the name that a client asks for, of thousands, and
swapped while sessions go on; roostd is never told."""
import contextlib
import hashlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import unittest

import support
from processes import wait_for
from support import harness


def make(path, *names, days=90):
    """A self-signed pair: the chain's PEM, the key's PEM."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", str(days), "-subj",
         "/CN=" + names[0], "-addext", "subjectAltName="
         + ",".join("DNS:" + n for n in names), "-keyout", path + ".key",
         "-out", path + ".crt"], check=True, capture_output=True)
    with open(path + ".crt") as chain, open(path + ".key") as key:
        return chain.read(), key.read()


def digest(pem):
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()[:16]


class WithCertificates(support.ServerTest):
    gates = 2
    files = 0

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(
            conf="certificates = certificates\ngates = %d\n"
                 "connections_per_host = 1000\n" % cls.gates)
        cls.at = os.path.join(cls.server.dir, "certificates")
        os.mkdir(cls.at)
        cls.many = make(os.path.join(cls.server.top, "many"),
                        "*.many.example")
        for i in range(cls.files):
            cls.write("m%d.many.example.pem" % i, "".join(cls.many))
        cls.server.start()
        with open(os.path.join(cls.server.dir, "certificate.pem")) as f:
            cls.standard = digest(f.read().split("-----BEGIN PRIV")[0])

    @classmethod
    def write(cls, name, text):
        path = os.path.join(cls.at, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)

    def make(self, *names, **more):
        return make(os.path.join(self.server.top, "new"), *names, **more)

    def seen(self, name, version=None, starttls=False):
        """Of the certificate that a client gets who asks for name."""
        context = self.server.tls()
        if version:
            context.maximum_version = context.minimum_version = version
        port = self.server.imap_port if starttls else self.server.imaps_port
        with socket.create_connection(("127.0.0.1", port),
                                      harness.PATIENCE_S) as tcp:
            if starttls:
                tcp.recv(4096)
                tcp.sendall(b"a STARTTLS\r\n")
                self.assertTrue(tcp.recv(4096).startswith(b"a OK"))
            with context.wrap_socket(tcp, server_hostname=name) as tls:
                if not starttls:
                    self.assertTrue(tls.recv(4096).startswith(b"* OK"))
                der = tls.getpeercert(True)
                return hashlib.sha256(der).hexdigest()[:16]

    def becomes(self, name, pem):
        """At each gate: one that had never looked has it at once, one that
        had when the parent has noticed."""
        self.assertTrue(wait_for(lambda: all(
            self.seen(name) == digest(pem) for _ in range(20))))

    def status(self):
        rows = (line.split() for line in
                self.server.roost("status").stdout.splitlines())
        return {row[1]: row[2] for row in rows if row[0] == "auth"}


class Certificates(WithCertificates):
    def test_layouts(self):
        one = self.make("mail.one.example", "imap.one.example")
        two = self.make("mail.two.example")
        wild = self.make("*.three.example")
        above = self.make("four.example", "*.four.example")
        self.write("mail.one.example/privkey.pem", one[1])
        self.write("mail.one.example/fullchain.pem", one[0])
        self.write("mail.two.example.pem", two[1] + two[0])
        self.write("*.three.example.pem", "".join(wild))
        self.write("four.example/privkey.pem", above[1])
        self.write("four.example/fullchain.pem", above[0])
        self.becomes("four.example", above[0])
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for starttls in (False, True):
                for name, pem in (("mail.one.example", one),
                                  ("MAIL.One.Example", one),
                                  ("mail.two.example", two),
                                  ("any.three.example", wild),
                                  ("mail.four.example", above),
                                  ("four.example", above)):
                    self.assertEqual(self.seen(name, version, starttls),
                                     digest(pem[0]), name)
        # names of nobody, or that a certificate is not for
        for name in (None, "mail.example.org", "a.b.three.example",
                     "three.example", "imap.one.example", ".".join(["x" * 60] * 4),
                     "one.example", "example"):
            self.assertEqual(self.seen(name), self.standard, name)

    def test_a_link_as_certbot_turns_it(self):
        """Sessions go on, and no handshake fails meanwhile."""
        live = os.path.join(self.at, "live.example")
        os.mkdir(live)
        user = self.new_user()
        pems = []
        for i in range(3):
            archive = os.path.join(self.server.top, "archive%d" % i)
            os.mkdir(archive)
            pems.append(make(os.path.join(archive, "x"), "live.example"))
            for file, end in (("privkey.pem", ".key"),
                              ("fullchain.pem", ".crt")):
                link = os.path.join(live, file)
                if i:
                    os.unlink(link)
                os.symlink(os.path.join(archive, "x" + end), link)
                time.sleep(0.4 if i == 0 else 0)    # one by one
            self.becomes("live.example", pems[-1][0])
            if i == 0:
                session = harness.Raw(self.server.imaps_port).login(user)
        self.assertIn(b" OK", session.run(b"NOOP")[-1])
        session.close()
        self.assertNotIn("reloaded", self.server.log())

    def test_a_bad_one_leaves_the_old(self):
        good = self.make("bad.example")
        other = self.make("bad.example")
        self.write("bad.example.pem", "".join(good))
        self.becomes("bad.example", good[0])
        for text in (other[0] + good[1], good[0], "", good[0][:300]):
            seen = self.server.log().count("event=certificate_refused")
            self.write("bad.example.pem", text)
            self.assertTrue(wait_for(lambda: self.server.log().count(
                "event=certificate_refused") > seen))
            for _ in range(10):
                self.assertEqual(self.seen("bad.example"), digest(good[0]))
        self.write("bad.example.pem", "".join(other))
        self.becomes("bad.example", other[0])
        os.unlink(os.path.join(self.at, "bad.example.pem"))
        self.assertTrue(wait_for(
            lambda: self.seen("bad.example") == self.standard))

    def test_bad_from_the_start_then_good(self):
        good = self.make("late.example")
        self.write("late.example.pem", good[0])
        time.sleep(0.5)
        self.assertEqual(self.seen("late.example"), self.standard)
        self.write("late.example.pem", "".join(good))
        self.becomes("late.example", good[0])

    def test_the_one_for_all(self):
        path = os.path.join(self.server.dir, "certificate.pem")
        shutil.copy(path, path + ".old")
        fresh = self.make("localhost")
        with open(path + ".new", "w") as f:
            f.write("".join(fresh))
        os.rename(path + ".new", path)
        self.becomes("nobody.example", fresh[0])
        os.rename(path + ".old", path)
        self.assertTrue(wait_for(
            lambda: self.seen("nobody.example") == self.standard))

    def test_dates(self):
        soon = self.make("soon.example", days=7)
        self.write("soon.example.pem", "".join(soon))
        self.assertTrue(wait_for(
            lambda: self.status()["certificate_first"] == "soon.example"))
        self.assertIn(self.status()["certificate_days"], ("6", "7"))
        self.assertGreater(int(self.status()["certificates"]), 1)
        self.assertTrue(wait_for(lambda: re.search(
            "event=certificate_expires days=[67] name=soon.example",
            self.server.log())))
        os.unlink(os.path.join(self.at, "soon.example.pem"))
        self.assertTrue(wait_for(
            lambda: self.status()["certificate_first"] != "soon.example"))


class Thousands(WithCertificates):
    """In one gate, so that it has to let go of some."""
    gates = 1
    files = 3000

    def in_time(self, name):
        """The parent reads them all from time to time; with sanitizers, on a
        busy machine, that may take longer than a handshake has."""
        with contextlib.suppress(ssl.SSLEOFError, ConnectionError):
            return self.seen(name)

    def test_memory_is_bounded(self):
        gate = self.server.child("gate")[0]
        pem = digest(self.many[0])
        self.assertTrue(wait_for(
            lambda: int(self.status()["certificates"]) > self.files, 300))
        memory = []
        for i in range(1000):
            self.assertTrue(wait_for(
                lambda: self.in_time("m%d.many.example" % i) == pem))
            if i % 200 == 199:
                memory.append(harness.memory_kb(gate))
        # 512 are kept, then no more than that
        print("%d files, KB of the gate: %s" % (self.files, memory), end=" ")
        self.assertLess(memory[4] - memory[2], memory[2] - memory[0])


if __name__ == "__main__":
    unittest.main()
