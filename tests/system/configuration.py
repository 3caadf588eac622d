"""configuration.py -- what roost.conf says must mean something here.

Each row is a configuration that `roost init` made, with some options set
anew, and all that is found wrong with it: `roost config check` says so, and
roostd refuses to start with the same words.
"""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from support import harness

GOOD = {"listen_imap": "127.0.0.1:11143", "listen_imaps": "127.0.0.1:11993",
        "listen_lmtp": "", "listen_metrics": ""}


def ports(first, n):
    """So many places to listen."""
    return ", ".join("127.0.0.1:%d" % (first + i) for i in range(n))


# what is set, and the errors and warnings ("w ") that must come, in order;
# {dir} is the server's directory
ROWS = [
    ({}, []),
    ({"hostname": ""}, ["hostname is no name of a host"]),
    ({"hostname": "-a.example"}, ["hostname is no name of a host"]),
    ({"hostname": "a..example"}, ["hostname is no name of a host"]),
    ({"hostname": "a.example."}, ["hostname is no name of a host"]),
    ({"hostname": "a_b.example"}, ["hostname is no name of a host"]),
    ({"hostname": "x" * 64}, ["hostname is no name of a host"]),
    ({"hostname": "x" * 63 + ".example"}, []),
    ({"hostname": ".".join(["x" * 63] * 4)}, ["hostname is no name"]),
    ({"hostname": ".".join(["x" * 63] * 3 + ["x" * 61])}, []),

    ({"users": "gate:nobody-here, auth:daemon, mail:nor-here, parse:games"},
     ["users has gate:nobody-here, and there is no such user",
      "users has mail:nor-here, and there is no such user"]),
    ({"users": "gates:daemon"}, ["users needs PROCESS:USER; PROCESS is gate"]),
    ({"users": "gate:"}, ["users needs PROCESS:USER"]),
    ({"users": "daemon"}, ["users needs PROCESS:USER"]),
    ({"users": "gate:daemon, auth:bin, mail:sys, parse:games, gate:man"},
     ["users has gate twice"]),
    ({"lmtp_socket": "{dir}/run/lmtp", "lmtp_socket_user": "nobody-here"},
     ['lmtp_socket_user is "nobody-here"']),
    ({"users": "gate:daemon"},
     ["w users has none for auth", "w users has none for mail",
      "w users has none for parse"]),
    ({"users": "gate:daemon, auth:bin, mail:sys, parse:games"}, []),
    ({"users": "gate:daemon, auth:bin, mail:daemon, parse:bin"},
     ["w users has gate:daemon and mail:daemon: they can reach",
      "w users has auth:bin and parse:bin: they can reach"]),
    ({"users": "gate:daemon, auth:bin, mail:sys, parse:games",
      "sources": "passwd-file:{dir}/roost.conf"},
     ["w users has none for outside"]),
    ({"users": "gate:daemon, auth:bin, mail:sys, parse:games",
      "listen_metrics": "127.0.0.1:11180"},
     ["w users has none for metrics"]),
    ({"listen_metrics": "127.0.0.1:11180, [::1]:11180"}, []),
    ({"listen_metrics": "127.0.0.1:11143"},
     ["listen_metrics has 127.0.0.1:11143, which 127.0.0.1:11143 takes"]),
    ({"listen_metrics": "0.0.0.0:11180"},
     ["w listen_metrics has 0.0.0.0:11180: whoever reaches it may read it"]),
    ({"listen_lmtp": "0.0.0.0:11180"},
     ["w listen_lmtp has 0.0.0.0:11180: whoever reaches it can deliver"]),
    ({"listen_auth": "[::]:11180"},
     ["w listen_auth has [::]:11180: whoever reaches it can try passwords"]),
    ({"listen_metrics": "127.0.0.1:11180 proxy"},
     ["listen_metrics has 127.0.0.1:11180 proxy: only clients come"]),
    ({"listen_auth": "127.0.0.1:11180 proxy"},
     ["listen_auth has 127.0.0.1:11180 proxy: only clients come"]),
    ({"sources": "passwd-file:{dir}/none, passwd-file:{dir}/%d/users"},
     ["sources {dir}/none: No such file"]),
    ({"sources": "directory, directory"}, ["sources has directory twice"]),
    ({"sources": ""}, ["sources has none"]),
    ({"sources": "passwd-file:relative"},
     ['sources needs "directory" or KIND:/PATH']),
    ({"lmtp_socket_user": "daemon"},
     ["w lmtp_socket_user is of no use without lmtp_socket"]),

    ({"certificate": "none.pem"},
     ["certificate {dir}/none.pem: No such file"]),
    ({"certificate": "roost.conf"},
     ["certificate {dir}/roost.conf: there is no certificate in it"]),
    ({"certificate_key": "none.pem"},
     ["certificate_key {dir}/none.pem: No such file"]),
    ({"certificate_key": "roost.conf"},
     ["certificate_key {dir}/roost.conf: there is no key in it"]),
    ({"certificate_key": "other.pem"},
     ["certificate_key {dir}/other.pem: its key is not the certificate's"]),
    ({"certificate_key": "certificate.pem"}, []),

    ({"directory": "none"}, ["certificate {dir}/none/certificate.pem",
                             "directory {dir}/none: No such file"]),
    ({"partitions": "5"}, ["w partitions {dir}/partition/4: No such file"]),
    ({"partitions": "12"},
     ["w partitions {dir}/partition/%d: No such file" % n
      for n in range(4, 8)] + ["w partitions and 4 more of them are missing"]),
    ({"partitions": "3"}, ["w partitions {dir}/partition/3: is there, and"]),

    ({"listen_lmtp": "127.0.0.1:11143"},
     ["listen_lmtp has 127.0.0.1:11143, which 127.0.0.1:11143 takes"]),
    ({"listen_imap": "0.0.0.0:11143, 127.0.0.1:11143"},
     ["listen_imap has 127.0.0.1:11143, which 0.0.0.0:11143 takes"]),
    ({"listen_imap": "127.0.0.1:11143, [::]:11143"}, []),
    ({"listen_imap": "127.0.0.1:11143", "listen_imaps": "0.0.0.0:11143"},
     ["listen_imaps has 0.0.0.0:11143, which 127.0.0.1:11143 takes"]),
    ({"listen_imap": "[::1]:11143, [0::1]:11143"},
     ["listen_imap has [0::1]:11143, which [::1]:11143 takes"]),
    ({"listen_imap": "127.9.9.9:11143"}, []),
    ({"trusted_networks": "10.0.0.1/8"},
     ["trusted_networks needs ADDRESS or ADDRESS/BITS, as 192.0.2.0/24, with"]),
    ({"listen_imap": "192.0.2.1:11143"},
     ["w listen_imap has 192.0.2.1:11143, which is no address of this"]),
    ({"listen_imap": ports(11200, 60), "listen_lmtp": "127.0.0.1:11143"},
     []),
    ({"listen_imap": ports(11200, 61)}, []),
    ({"listen_imap": ports(11200, 61), "listen_lmtp": "127.0.0.1:11143"},
     ["listen_lmtp makes more than 62 addresses"]),
    ({"listen_imap": ports(11200, 62)},
     ["listen_imaps makes more than 62 addresses"]),
    ({"listen_imap": ports(11200, 63)},
     ["listen_imap makes more than 62 addresses"]),
    ({"lmtp_socket": "run/control"}, ["lmtp_socket is the control socket"]),
    ({"auth_socket": "run/control"}, ["auth_socket is the control socket"]),
    ({"auth_socket": "run/one", "lmtp_socket": "run/one"},
     ["auth_socket is lmtp_socket, too"]),
    ({"lmtp_socket": "/nowhere/x"}, ["lmtp_socket /nowhere: No such file"]),
    ({"lmtp_socket": "roost.conf"},
     ["lmtp_socket {dir}/roost.conf: is something else than a socket"]),
    ({"lmtp_socket": "run/" + "x" * 108}, ["lmtp_socket is too long"]),

    ({"connections_per_host": "300"},
     ["w connections_per_host is more than connections_per_site"]),
    ({"quota_bytes": "1M"}, ["w quota_bytes is less than message_limit"]),

    ({"issuers": "https://a.example audience=a keys=none.jwks"},
     ["w issuers {dir}/auth/none.jwks: No such file"]),
    ({"issuers": "https://a.example audience=a introspect=https://a.example/i"
      " client=c secret=none"},
     ["w issuers {dir}/auth/none: No such file"]),
    ({"issuers": "https://a.example audience=a", "mechanisms": "PLAIN"},
     ["w issuers is of no use without OAUTHBEARER or XOAUTH2"]),
    ({"issuers": "https://a.example"}, ["issuers needs audience="]),
    ({"issuers": "https://a.example audience=a, https://a.example audience=b"},
     ["issuers has an issuer twice"]),

    ({"alerts": ""}, []),
    ({"alerts": "owner, postmaster@example.org, https://hooks.example/T?k=%2C,"
      " https://hooks.example:8443?k, http://127.0.0.1:1/, http://[::1]:65535,"
      " https://[2001:db8::1]/x"}, []),
    *(({"alerts": "owner, " + wrong},
       ['alerts needs "owner", an account\'s name or https://'])
      for wrong in (
          "owners", "OWNER", "postmaster", "@example.org", "postmaster@",
          "a b@example.org", "a@b@example.org", "a@.example", "a@example.",
          "a@exa..mple", "<a@example.org>", '"a"@example.org',
          "mailto:a@example.org", "a@example.org;b@example.org",
          "ftp://hooks.example/", "http://hooks.example/", "hooks.example",
          "http://127.0.0.1.example/", "http://localhost.example/",
          "https://", "https:///x", "https://:443/", "https://?x",
          "https://me:secret@hooks.example/", "https://hooks.example/ x",
          "https://hooks.example/#x", 'https://hooks.example/"',
          "https://hooks.example:/", "https://hooks.example:0/",
          "https://hooks.example:65536/", "https://hooks.example:x/",
          "https://hooks.example:1:2/", "https://ho%6fks.example/",
          "https://[::1/", "https://[]/", "https://[hooks]/",
          "https://[::1]x/", "https://h\u00f6ks.example/",
          "https://hooks.example/" + "x" * 2048, ", owner")),
    ({"alerts": "owner, a@example.org, owner"}, ["alerts has a place twice"]),
    ({"alerts": "https://hooks.example/s, https://hooks.example/s"},
     ["alerts has a place twice"]),
    ({"country_data": "none.mmdb"},
     ["w country_data {dir}/none.mmdb: No such file"]),
    ({"country_data": "auth"}, ["w country_data {dir}/auth: is no file"]),
    ({"country_data": "roost.conf"}, []),
    *(({name: wrong}, [name + " " + text]) for name, wrong, text in (
        ("failures_per_address", "10001", "is too large"),
        ("failures_per_network", "-1", "is no number"),
        ("failures_per_account", "ten", "is no number"),
        ("spray_accounts", "49", "is too large"),
        ("lockout_time", "0", "is too small"),
        ("lockout_time", "25h", "is too large"),
        ("lockout_time", "1 m", "is no time, as 30s"),
        ("message_limit", "50 MB", "is no number of octets, as"),
        ("mechanisms", "PLAIN, FOO", "needs names of mechanisms that there"),
        ("history_time", "1h", "is too small"),
        ("log_dovecot", "maybe", "must be yes or no"))),

    # everything at once, by line; nothing is said of what can't be read
    ({"hostname": "a b", "listen_imap": "nonsense", "partitions": "0",
      "certificate": "none.pem", "log_level": "loud"},
     ["hostname is no name", "listen_imap needs ADDRESS:PORT",
      "certificate {dir}/none.pem", "partitions is too small",
      "log_level must be"]),
]


def set_options(text, options):
    """Where each option stands, commented out or not."""
    for name, value in options.items():
        text, n = re.subn(r"(?m)^(# )?%s =.*$" % name,
                          lambda _m: "%s = %s" % (name, value), text)
        assert n == 1, name
    return text


class Configuration(unittest.TestCase):
    def setUp(self):
        self.build = os.path.join(harness.ROOT, os.environ.get(
            "ROOST_BUILD", "build/san"))
        self.top = tempfile.mkdtemp(prefix="roost-conf-")
        self.addCleanup(shutil.rmtree, self.top)
        self.dir = self.init("one")
        os.rename(os.path.join(self.init("two"), "certificate.pem"),
                  os.path.join(self.dir, "other.pem"))
        self.conf = os.path.join(self.dir, "roost.conf")
        with open(self.conf) as f:
            self.text = f.read()

    def init(self, name):
        path = os.path.join(self.top, name)
        self.run_program("roost", "init", path, "--hostname", "localhost")
        return path

    def run_program(self, name, *args):
        return subprocess.run([os.path.join(self.build, name), *args],
                              text=True, capture_output=True, timeout=60)

    def write(self, options):
        with open(self.conf, "w") as f:
            f.write(set_options(self.text, dict(GOOD, **options)))

    def found(self, stderr):
        """Its lines, without program and file."""
        out = []
        for line in stderr.splitlines():
            head, text = line.split(self.conf, 1)
            text = re.match(r"(?::\d+)?: (.*)", text)[1]
            warned = "warning: " in head or text.startswith("warning: ")
            text = text.removeprefix("warning: ")
            out.append(("w " if warned else "") + text)
        return out

    def assert_found(self, row, want, stderr):
        got = self.found(stderr)
        self.assertEqual(len(want), len(got), (row, got))
        for w, g in zip(want, got):
            self.assertIn(w.format(dir=self.dir), g, row)

    def test_what_is_wrong(self):
        for row, want in ROWS:
            row = {name: value.format(dir=self.dir)
                   for name, value in row.items()}
            self.write(row)
            done = self.run_program("roost", "-c", self.conf, "config",
                                    "check")
            is_refused = any(not w.startswith("w ") for w in want)
            self.assertEqual(78 if is_refused else 0, done.returncode, row)
            self.assert_found(row, want, done.stderr)
            if is_refused:
                done = self.run_program("roostd", "-F", "-c", self.conf)
                self.assertEqual(78, done.returncode, (row, done.stderr))
                self.assert_found(row, want, done.stderr)

    def test_every_error_has_its_line(self):
        self.write({"hostname": "a b", "certificate": "none.pem"})
        done = self.run_program("roost", "-c", self.conf, "config", "check")
        with open(self.conf) as f:
            lines = f.read().splitlines()
        for line in done.stderr.splitlines():
            n = int(re.search(r"roost\.conf:(\d+): ", line)[1])
            self.assertEqual(lines[n - 1].split()[0],
                             re.search(r": (\w+) ", line[6:])[1])

    @unittest.skipIf(os.getuid() != 0, "becoming somebody else needs root")
    def test_ports_of_root(self):
        self.write({"listen_imap": "127.0.0.1:143"})
        os.chmod(self.top, 0o711)
        for path, modes in ((self.dir, 0o755), (self.conf, 0o644),
                            (os.path.join(self.dir, "certificate.pem"),
                             0o644)):
            os.chmod(path, modes)
        # where others may run it: a home is its owner's alone
        roost = shutil.copy(os.path.join(self.build, "roost"), self.top)
        done = subprocess.run(
            [roost, "-c", self.conf, "config", "check"],
            text=True, capture_output=True, user="daemon")
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start") as f:
            want = int(f.read()) > 143
        self.assertEqual(want, "which only root can bind" in done.stderr)
        self.assertEqual(0, done.returncode, done.stderr)


if __name__ == "__main__":
    unittest.main()
