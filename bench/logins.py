"""logins.py -- what a log-in costs, by each mechanism.

With the same hash (Argon2id, 19 MiB, two passes) everywhere, on loopback, in
clear but where the mechanism binds to TLS. "New" is a log-in by a password
that nobody remembers to have been right a moment ago: its hash has to be made.
"""
import base64
import contextlib
import json
import os
import subprocess
import tempfile
import time

import proctree

ISSUER, AUDIENCE = "https://id.example.org/", "bench"
MECHANISMS = ["command", "PLAIN", "LOGIN", "SCRAM-SHA-256",
              "SCRAM-SHA-256-PLUS", "OAUTHBEARER"]
CONF = "mechanisms = SCRAM-SHA-256-PLUS, SCRAM-SHA-256, PLAIN, LOGIN, %s\n"
FORGETS = "verdict_time = 0\n"


def knock(args, server, users, mechanism, **more):
    """What bench-knock says, and the server's CPU beside it; None: such a
    log-in isn't to be had."""
    tls = mechanism.endswith("PLUS")
    command = [os.path.join(args.build, "bench", "bench-knock"), "--port",
               str(server.imaps if tls else server.imap), "--users",
               str(users), "--user", server.user, "--password",
               server.password, "--seconds", str(args.seconds),
               "--mechanism", mechanism] + ["--tls"] * tls
    for key, value in more.items():
        command += ["--" + key, str(value)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True)
    child.stdout.readline()     # by now each user's first hash is made
    before = proctree.cpu_s(server.pid)
    out = answer_of(child)
    if out is not None:
        out["cpu_s"] = proctree.cpu_s(server.pid) - before
    return out


def answer_of(child, limit_s=600):
    """None: a user could not log in, or there was no end of it."""
    try:
        lines = child.communicate(timeout=limit_s)[0].splitlines()
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return None
    return json.loads(lines[-1]) if child.returncode == 0 else None


def note(out, title, r):
    if r is None or r["logins"] == 0:
        return
    out["%s/s" % title] = r["logins"] / r["seconds"], "/s"
    out["%s: server CPU" % title] = r["cpu_s"] / r["logins"] * 1e6, "us"
    out["%s: p99" % title] = r["p99_ms"], "ms"


# -- tokens --

def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def openssl(*words, data=b""):
    return subprocess.run(["openssl", *words], input=data, check=True,
                          capture_output=True).stdout


class Issuer:
    def __init__(self, directory):
        self.key = os.path.join(directory, "key.pem")
        openssl("genrsa", "-out", self.key, "2048")

    def keys(self):
        modulus = openssl("rsa", "-in", self.key, "-noout", "-modulus")
        n = bytes.fromhex(modulus.split(b"=")[1].strip().decode())
        return json.dumps({"keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1",
            "n": base64url(n), "e": "AQAB"}]})

    def token(self, user):
        now = int(time.time())
        text = ".".join(base64url(json.dumps(part).encode()) for part in (
            {"alg": "RS256", "typ": "at+jwt", "kid": "1"},
            {"iss": ISSUER, "aud": AUDIENCE, "sub": user, "email": user,
             "email_verified": True, "iat": now, "exp": now + 3600}))
        return text + "." + base64url(openssl(
            "dgst", "-sha256", "-sign", self.key, data=text.encode()))


# -- roost --

@contextlib.contextmanager
def configured(server, more):
    """The server, started anew with that; then as it was."""
    with open(server.conf) as f:
        was = f.read()
    server.stop()
    try:
        with open(server.conf, "a") as f:
            f.write(more)
        server.start()
        yield
    finally:
        server.stop()
        with open(server.conf, "w") as f:
            f.write(was)
        server.start()


def write_lines(path, lines):
    with open(path, "w") as f:
        f.writelines(line + "\n" for line in lines)
    return path


def app_passwords(server, names):
    for name in names:
        yield server.roost("-c", server.conf, "app-password", "add", name,
                           "bench").strip()


def ours(args, server, users, directory, out):
    names = [server.user % (i + 1) for i in range(users)]
    issuer = Issuer(directory)
    write_lines(os.path.join(server.dir, "auth", "bench.jwks"),
                [issuer.keys()])
    secrets = {
        "OAUTHBEARER": write_lines(os.path.join(directory, "tokens"),
                                   map(issuer.token, names)),
        "app password": write_lines(os.path.join(directory, "app"),
                                    app_passwords(server, names))}
    with configured(server, CONF % "OAUTHBEARER" + (
            "issuers = %s audience=%s keys=bench.jwks\n" % (
                ISSUER, AUDIENCE))):
        for m in MECHANISMS:
            more = {"secrets": secrets[m]} if m in secrets else {}
            note(out, title_of(m), knock(args, server, users, m, **more))
        note(out, "log-in by app password", knock(
            args, server, users, "PLAIN", secrets=secrets["app password"]))
    with configured(server, FORGETS):
        note(out, "log-in by PLAIN, new", knock(args, server, users, "PLAIN"))


def title_of(mechanism):
    return "log-in by %s" % {"command": "LOGIN command", "SCRAM-SHA-256-PLUS":
                             "SCRAM-SHA-256-PLUS (TLS)"}.get(mechanism,
                                                             mechanism)


# -- Dovecot, which remembers no verdicts, but what it has looked up --

# "pass", as roost stores it
HASH = ("{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$UrxILYsZMVIeO4WBPbnqLw$"
        "uWc47gTYUOvrxWkLOyh9d4nh5y7dNaGXK4Vox3CweWU")
KEYS = ("{SCRAM-SHA-256}50000,QCWiDwsjjhL96Yw6WsNKjA==,gOoL43pLPN4jmf1ueFE+"
        "W+iKQxhmukyHPgAApHX0VLM=,GPfLGVQ7rrHMvdVAqOz4bfDMfwgaqsLTXFHX3rujfac=")
DOVECOT = "auth_mechanisms = plain login scram-sha-256\nauth_cache_size = %s\n"


def theirs(args, server, users, _directory, out):
    for m in MECHANISMS[:4]:
        with server.with_password(KEYS if m.startswith("SCRAM") else HASH,
                                  DOVECOT % "10M"):
            note(out, title_of(m), knock(args, server, users, m))
    with server.with_password(HASH, DOVECOT % "0"):
        note(out, "log-in by PLAIN, new", knock(args, server, users, "PLAIN"))


def measure(args, server, users, out):
    how = {"roost": ours, "Dovecot": theirs}.get(server.name)
    if how is not None:
        with tempfile.TemporaryDirectory(prefix="roost-bench-") as directory:
            how(args, server, users, directory, out)
