"""documented.py -- what docs/operating.md shows of the `roost` command can be
typed as it stands there, in that order, and does what it says."""
import os
import re
import shlex
import subprocess
import unittest

import credentials
import harness
import support
from submission import CONF, Agents

DOCUMENT = os.path.join(harness.ROOT, "docs", "operating.md")
ANN, BOB = "ann@example.org", "bob@example.org"

# Other tests do these: they need the server stopped, or ask name servers.
ELSEWHERE = {"roost store salvage --partition N", "roost doctor",
             "roost doctor imap.example.org"}


def examples():
    """Commands, without what is said of them behind two spaces."""
    with open(DOCUMENT) as f:
        lines = re.findall(r"(?m)^    (roost [a-z].*)$", f.read())
    out = [re.split(r"  +", line)[0] for line in lines]
    # in master.cf a service may have that name
    return [x for x in out if x not in ELSEWHERE and " unix " not in x]


class Documented(Agents):
    conf = (CONF + "alerts = owner\nlockout_time = 1h\n"
            "failures_per_account = 3\nfailures_per_address = 3\n")

    def setUp(self):
        """What the document takes for granted."""
        self.ann, self.key = ANN, None
        self.server.add_user(BOB)
        self.top = self.server.top
        for name in ("ann.pem", "other.pem"):
            subprocess.run(
                ["openssl", "req", "-x509", "-nodes", "-newkey", "ec",
                 "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=ann",
                 "-keyout", self.path(name + ".key"), "-out",
                 self.path(name)], check=True, capture_output=True)
        for folder in ("cur", "new", "tmp"):
            os.makedirs(self.path("maildir/" + folder))
        with open(self.path("maildir/cur/1:2,S"), "wb") as f:
            f.write(support.message(100))

    def path(self, name):
        return os.path.join(self.top, name)

    def fingerprint(self):
        said = subprocess.run(
            ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in",
             self.path("other.pem")], check=True, capture_output=True,
            text=True).stdout
        return said.strip().split("=")[1]

    def code(self, command):
        """Each counts once."""
        later = "check" in command
        return credentials.code_of(self.key, credentials.step() + later)

    def there(self, command):
        """What it is about."""
        if "user add " in command:
            self.server.roost("user", "remove", "--yes", ANN, check=False)
        elif ANN in command:
            self.server.roost("user", "add", ANN, check=False,
                              stdin="secret\n")
        if " kick " in command or " clear ann" in command:
            for scope, policy in (("server", "passwords"),
                                  ("@example.org", "networks")):
                self.server.roost("policy", "unset", scope, policy,
                                  check=False)
        if " kick " in command:
            self.open(ANN)
        if " clear ann" in command:
            self.at_once(*(lambda i=i: self.plain("wrong%d" % i)
                           for i in range(6)))

    def words(self, command):
        stands_for = {
            "/var/lib/roost": lambda: self.path("new"),
            "/var/vmail/example.org/ann": lambda: self.path("maildir"),
            "ann.pem": lambda: self.path("ann.pem"),
            "3F:A0:...": self.fingerprint,
            "123456": lambda: self.code(command)}
        words = [stands_for.get(word, lambda: word)()
                 for word in shlex.split(command)[1:]]
        return words + ["--yes"] * (words[:2] == ["user", "remove"])

    def typed(self, command):
        """What is read: from a file, or asked for."""
        if command.endswith("< token"):
            return self.issuer.token(ANN) + "\n"
        if command.endswith("< message"):
            return "Subject: x\r\n\r\nx\r\n"
        return "secret\n"

    def test_each(self):
        done = examples()
        self.assertGreater(len(done), 45)
        for command in done:
            with self.subTest(command=command):
                self.there(command)
                plain = re.sub(" < .*", "", command)
                said = self.server.roost(*self.words(plain), check=False,
                                         stdin=self.typed(command),
                                         conf=" init " not in command)
                self.assertEqual(0, said.returncode,
                                 said.stdout + said.stderr)
                found = re.search(r"secret=([A-Z2-7]+)", said.stdout)
                self.key = found[1] if found else self.key


if __name__ == "__main__":
    unittest.main()
