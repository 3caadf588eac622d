"""doctor_tls.py -- roost doctor over each way in which TLS can be bad."""
import os
import shutil
import ssl
import subprocess
import tempfile

import support  # noqa: F401 -- where harness is
from doctor import HOST, DoctorTest, listener
from harness import free_ports

CA = """[ca]
default_ca = own
[own]
database = {top}/index
new_certs_dir = {top}
rand_serial = yes
default_md = sha256
unique_subject = no
copy_extensions = copy
policy = any
[any]
commonName = supplied
"""
SERVER = "subjectAltName=DNS:%s"
AUTHORITY = "basicConstraints=critical,CA:TRUE"
PAST, LONG_PAST = "20200101000000Z", "20190101000000Z"
FUTURE, LATER = "20480101000000Z", "20490101000000Z"


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """A root, one that it lets sign, and those whose time is over."""

    def __init__(self, top):
        self.top = top
        self.conf = os.path.join(top, "conf")
        with open(self.conf, "w") as f:
            f.write(CA.format(top=top))
        open(os.path.join(top, "index"), "w").close()
        self.root = self.make("Root", None, AUTHORITY, LONG_PAST, LATER)
        self.middle = self.make("Middle", self.root, AUTHORITY, LONG_PAST,
                                LATER)

    def make(self, name, issuer, extension, start, end, bits="ec"):
        """Its name without ending; .pem and .key are beside each other."""
        path = os.path.join(self.top, "%s-%d" % (name, len(os.listdir(
            self.top))))
        key = {"ec": "ec_paramgen_curve:P-256", "rsa": "rsa_keygen_bits:2048"}
        openssl("req", "-new", "-nodes", "-newkey", bits, "-pkeyopt",
                key[bits], "-subj", "/CN=" + name, "-addext",
                extension, "-keyout", path + ".key", "-out", path + ".csr")
        signer = issuer or path
        openssl("ca", "-config", self.conf, "-batch", "-notext",
                "-startdate", start, "-enddate", end, "-in", path + ".csr",
                "-out", path + ".pem", "-keyfile", signer + ".key",
                *(("-cert", issuer + ".pem") if issuer else ("-selfsign",)))
        return path

    def served(self, name="localhost", issuer=None, start=LONG_PAST,
               end=LATER, whole=True, bits="ec"):
        """One file of it, its chain and its key."""
        issuer = issuer or self.middle
        path = self.make(name, issuer, SERVER % name, start, end, bits)
        out = path + ".served"
        with open(out, "wb") as f:
            for part in [path + ".pem"] + whole * [issuer + ".pem"] + [
                    path + ".key"]:
                with open(part, "rb") as piece:
                    shutil.copyfileobj(piece, f)
        return out


def context(pem, ciphers=None, least=None, most=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    c.load_cert_chain(pem)
    if ciphers:
        c.set_ciphers(ciphers)
    if least:
        c.minimum_version = least
    if most:
        c.maximum_version = most
    return c


def answers(conn, capabilities, greet=True, revision=b"IMAP4rev1"):
    """An IMAP server that knows one command."""
    if greet:
        conn.sendall(b"* OK hello\r\n")
    while True:
        line = conn.recv(999)
        if not line:
            return
        tag = line.split()[0]
        if b"CAPABILITY" in line:
            conn.sendall(b"* CAPABILITY %s %s\r\n%s OK done\r\n"
                         % (revision, capabilities, tag))
        else:
            conn.sendall(tag + b" BAD unknown\r\n")


class Bad(DoctorTest):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority(tempfile.mkdtemp(prefix="roost-doctor-"))
        cls.addClassCleanup(shutil.rmtree, cls.authority.top)

    def setUp(self):
        super().setUp()
        self.server = self.no_server()

    def over_tls(self, c, capabilities=b"AUTH=PLAIN", **how):
        def serve(conn):
            with c.wrap_socket(conn, server_side=True) as t:
                answers(t, capabilities, **how)
        with listener(serve) as port:
            return self.doctor(self.server, "localhost", "--imap-port", "0",
                               "--imaps-port", port, "--ca",
                               self.authority.root + ".pem")

    def in_clear(self, serve):
        with listener(serve) as port:
            return self.doctor(self.server, "localhost", "--imap-port", port,
                               "--imaps-port", "0", "--timeout", "2")

    def only(self, found, check):
        """The one finding; all else, but for ALPN, is well."""
        self.assertEqual({check}, found.bad() - {"alpn"})
        row, = [r for r in found.of(check) if r["severity"] != "ok"]
        self.assertNotEqual("", row["advice"])
        self.assertEqual(["note", "warning", "error"].index(row["severity"]),
                         found.status)
        return row["text"]

    def certificate(self, **how):
        return self.over_tls(context(self.authority.served(**how)))

    def test_well(self):
        found = self.certificate()
        self.assertEqual({"alpn"}, found.bad())
        self.assertEqual(0, found.status)       # a note alone

    def test_chains(self):
        self.assertIn("signed by Middle, who is neither", self.only(
            self.certificate(whole=False), "certificate_chain"))

    def test_dates(self):
        a = self.authority
        old = a.make("Old", a.root, AUTHORITY, LONG_PAST, PAST)
        for how, text in (
                (dict(end=PAST), "it expired 2020-01-01T00:00:00Z"),
                (dict(start=FUTURE),
                 "it is not valid before 2048-01-01T00:00:00Z"),
                (dict(issuer=old), "Old expired 2020-01-01T00:00:00Z")):
            self.assertEqual(text, self.only(self.certificate(**how),
                                             "certificate_dates"))

    def test_a_name_of_another(self):
        self.assertIn("it calls itself mail.example.net", self.only(
            self.certificate(name="mail.example.net"), "certificate_name"))

    def test_old_versions_alone(self):
        found = self.over_tls(context(
            self.authority.served(), "ALL:@SECLEVEL=0", ssl.TLSVersion.TLSv1,
            ssl.TLSVersion.TLSv1_1))
        self.assertLessEqual({"handshake", "old_versions"}, found.bad())

    def test_nothing_but_bad_suites(self):
        found = self.over_tls(context(
            self.authority.served(), "aNULL:eNULL:@SECLEVEL=0",
            most=ssl.TLSVersion.TLSv1_2))
        self.assertEqual({"handshake", "suites"}, found.bad())
        self.assertEqual(2, len(found.of("suites")))

    def test_without_tls_1_3(self):
        self.assertEqual("no TLS 1.3", self.only(
            self.over_tls(context(self.authority.served(),
                                  most=ssl.TLSVersion.TLSv1_2)), "tls_1_3"))

    def test_without_tls_1_2(self):
        self.assertEqual("no TLS 1.2", self.only(
            self.over_tls(context(self.authority.served(),
                                  least=ssl.TLSVersion.TLSv1_3)), "tls_1_2"))

    def test_without_forward_secrecy(self):
        self.assertIn("are taken", self.only(
            self.over_tls(context(self.authority.served(bits="rsa"),
                                  "ECDHE+AESGCM:kRSA+AES")),
            "forward_secrecy"))

    def test_alpn(self):
        """Whoever says "imap" must come in, and nobody else."""
        def of(*protocols):
            c = context(self.authority.served())
            c.set_alpn_protocols(protocols)
            alpn, = self.over_tls(c).of("alpn")
            return alpn["severity"], alpn["text"]
        self.assertIn("http/1.1", of("imap", "http/1.1")[1])
        self.assertEqual("note", of("http/1.1")[0])

    def test_nobody_can_log_in(self):
        self.only(self.over_tls(context(self.authority.served()),
                                b"LOGINDISABLED"), "log_in_offered")

    def test_an_older_revision(self):
        self.only(self.over_tls(context(self.authority.served()),
                                revision=b"IMAP2"), "revision")

    def test_no_starttls(self):
        """Then there is nothing to be asked of TLS."""
        found = self.in_clear(lambda c: answers(c, b"AUTH=PLAIN"))
        self.assertEqual({"starttls", "no_clear_text"}, found.bad())
        self.assertNotIn("tls", {r["layer"] for r in found.rows})

    def test_starttls_is_a_lie(self):
        self.assertIn("offered, but: the server said no", self.only(
            self.in_clear(lambda c: answers(c, b"STARTTLS LOGINDISABLED")),
            "starttls"))

    def test_it_sends_us_away(self):
        self.assertIn("it sends us away: * BYE full", self.only(
            self.in_clear(lambda c: c.sendall(b"* BYE full\r\n")),
            "greeting"))

    def test_ports_taken_for_each_other(self):
        with listener(lambda c: answers(c, b"")) as port:
            self.assertEqual("what answers there is not TLS", self.only(
                self.doctor(self.server, "localhost", "--imap-port", "0",
                            "--imaps-port", port), "handshake"))
        self.only(self.in_clear(lambda c: answers(c, b"", greet=False)),
                  "greeting")

    def test_nobody_is_there(self):
        port, = free_ports(1)
        self.assertEqual("Connection refused", self.only(
            self.doctor(self.server, HOST, "--imaps-port", "0",
                        "--imap-port", str(port)), "reachable"))
        found = self.doctor(self.server, "nowhere.invalid", "--imap-port",
                            "0")
        self.only(found, "address")
