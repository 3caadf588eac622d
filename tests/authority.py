"""authority.py -- a CA for tests, by openssl's own: it issues, for any time
and any purpose, and takes back."""
import os
import subprocess

CONFIG = """[ca]
default_ca = own
[own]
database = {0}/index
new_certs_dir = {0}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
default_days = 30
default_crl_days = 30
[any]
commonName = optional
organizationName = optional
"""
USUAL = "keyUsage=digitalSignature\nextendedKeyUsage=clientAuth\n"


def openssl(*args):
    return subprocess.run(["openssl", *args], check=True, capture_output=True,
                          text=True).stdout


class Authority:
    def __init__(self, top, name, parent=None, extensions=""):
        """Self-signed, or an intermediate one of parent's."""
        self.dir = os.path.join(top, name)
        os.mkdir(self.dir)
        open(os.path.join(self.dir, "index"), "w").close()
        self.conf = self.write("conf", CONFIG.format(self.dir))
        self.n = 0
        text = "basicConstraints=critical,CA:true\n" \
            "keyUsage=keyCertSign,cRLSign\n" + extensions
        self.path = (parent or self).issue("/CN=" + name, text,
                                           own=parent is None)
        self.pem = self.read(self.path).split("-----BEGIN PRIV")[0]

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    @staticmethod
    def read(path):
        with open(path) as f:
            return f.read()

    def issue(self, subject, extensions, start=None, end=None, own=False,
              key=("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
        """A file with a certificate and its key; times as openssl has them:
        20200101000000Z."""
        self.n += 1
        at = os.path.join(self.dir, "%d." % self.n)
        openssl("req", "-new", *key, "-nodes", "-utf8", "-subj", subject,
                "-keyout", at + "key", "-out", at + "request")
        with open(at + "extensions", "w") as f:
            f.write(extensions)
        signer = ["-selfsign", "-keyfile", at + "key"] if own else \
            ["-keyfile", self.path, "-cert", self.path]
        times = (["-startdate", start] if start else []) + \
            (["-enddate", end] if end else [])
        openssl("ca", "-batch", "-notext", "-utf8", "-config", self.conf,
                "-in", at + "request", "-out", at + "crt", "-extfile",
                at + "extensions", *signer, *times)
        with open(at + "pem", "w") as f:
            f.write(self.read(at + "crt") + self.read(at + "key"))
        return at + "pem"

    def person(self, email=None, cn="Somebody", san=None, usual=USUAL, **more):
        """A client's, with those names."""
        names = san or ("email:" + email if email else "")
        return self.issue("/CN=" + cn, usual + (
            "subjectAltName=" + names + "\n" if names else ""), **more)

    def revoke(self, path):
        openssl("ca", "-config", self.conf, "-keyfile", self.path, "-cert",
                self.path, "-revoke", path)

    def revoked(self, *times):
        """The list of what was taken back (CRL)."""
        return openssl("ca", "-gencrl", "-config", self.conf, "-keyfile",
                       self.path, "-cert", self.path, *times)
