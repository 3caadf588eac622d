"""credentials.py -- what opens an account besides its password comes and goes
while processes die.

An app password, a certificate, a second factor, a policy that was acknowledged
is there, and lets in; one that was taken back is not, and does not; a recovery
code counts once. What was under way may have happened or not (ledger.py):

    ("app password", name)          -> True
    ("certificate", fingerprint)    -> True
    ("second factor",)              -> "pending", or "on" and codes left
    ("policy", name)                -> its value
    ("group", name)                 -> True
    ("capability", name)            -> True: it is hidden
    ("password",)                   -> another's scheme that it is kept in

Whatever that is, the password lets in. The chain of the audit log holds.
"""
import base64
import hashlib
import hmac
import json
import random
import re
import struct
import threading
import time

from client import Gone, Raw, Refused
from harness import PATIENCE_S
from ledger import Ledger

USER = "cora@example.org"
FACTOR = ("second factor",)
PASSWORD = ("password",)
SECRET = "secret"
SCHEMES = ["SHA256", "SHA512"]      # of others; ours is another
GROUPS = ["desk", "staff"]
HIDDEN = ["IDLE", "QUOTA"]
POLICIES = {"read-only": ["on", "off"], "imap": ["on"],
            "networks": ["127.0.0.0/8", "any"]}


def totp(key):
    """RFC 6238: six digits of this half minute."""
    secret = base64.b32decode(key + "=" * (-len(key) % 8))
    step = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(secret, step, hashlib.sha1).digest()
    at = digest[-1] & 15
    number = struct.unpack(">I", digest[at:at + 4])[0] & 0x7fffffff
    return "%06d" % (number % 1000000)


class Credentials:
    def __init__(self, server):
        self.server = server
        self.ledger = Ledger(USER)
        self.numbers = 0
        self.opens = {}         # app password -> its secret
        self.revoked = None     # the secret of the last one
        self.key = None         # of a second factor that is not confirmed
        self.codes = []         # recovery codes that count
        self.used = None        # one that does not

    def begin(self):
        self.server.add_user(USER)

    def worker(self, seed):
        return CredentialsWorker(self, seed)

    # -- doing --

    def verb(self, change, *words, stdin=""):
        """What it prints. Refused: it is in doubt."""
        self.ledger.begin(change)
        done = self.server.roost(*words, check=False, stdin=stdin)
        if done.returncode != 0:
            raise Refused(done.stderr.strip())
        self.ledger.done()
        return done.stdout

    def sure(self, kind):
        return [key[1] for key in self.ledger.state
                if key[0] == kind and not self.ledger.in_doubt(key)]

    def factor(self):
        """None: there is none, or nobody knows."""
        return None if self.ledger.in_doubt(FACTOR) else \
            self.ledger.state.get(FACTOR)

    def add_app_password(self):
        self.numbers += 1
        name = "p%d" % self.numbers
        said = self.verb({("app password", name): True},
                         "app-password", "add", USER, name)
        self.opens[name] = said.strip()

    def revoke_app_password(self):
        for name in self.sure("app password")[:1]:
            secret = self.opens.pop(name, None)
            self.verb({("app password", name): None},
                      "app-password", "revoke", USER, name)
            self.revoked = secret

    def add_certificate(self):
        self.numbers += 1
        print_of = "%064x" % self.numbers
        self.verb({("certificate", print_of): True},
                  "certificate", "add", USER, print_of)

    def remove_certificate(self):
        for print_of in self.sure("certificate")[:1]:
            self.verb({("certificate", print_of): None},
                      "certificate", "remove", USER, print_of)

    def begin_factor(self):
        if FACTOR in self.ledger.state or self.ledger.in_doubt(FACTOR):
            return
        self.key = self.used = None
        said = self.verb({FACTOR: "pending"}, "totp", "enable", USER)
        self.key = re.search(r"^key (\S+)$", said, re.M)[1]

    def confirm_factor(self):
        if self.factor() != "pending" or self.key is None:
            return
        code, self.key = totp(self.key), None
        said = self.verb({FACTOR: "on 10"}, "totp", "confirm", USER, code)
        self.codes = said.split("\n")[:-1]

    def use_code(self):
        if self.factor() is None or not self.codes:
            return
        code = self.codes.pop()
        self.used = None
        self.verb({FACTOR: "on %d" % len(self.codes)},
                  "totp", "check", USER, code)
        self.used = code

    def end_factor(self):
        if self.factor() is None:
            return
        self.key, self.codes, self.used = None, [], None
        self.verb({FACTOR: None}, "totp", "disable", USER)

    def set_policy(self):
        for name, values in POLICIES.items():
            if not self.ledger.in_doubt(("policy", name)):
                self.numbers += 1
                value = values[self.numbers % len(values)]
                self.verb({("policy", name): value},
                          "policy", "set", USER, name, value)

    def unset_policy(self):
        for name in self.sure("policy"):
            self.verb({("policy", name): None},
                      "policy", "unset", USER, name)

    def turn(self, kind, names, on, off):
        """Each on if it is off, and off if it is on."""
        for name in names:
            if self.ledger.in_doubt((kind, name)):
                continue
            there = (kind, name) in self.ledger.state
            self.verb({(kind, name): None if there else True}, kind,
                      off if there else on, name,
                      *[USER] if kind == "group" else ["--user", USER])

    def group(self):
        self.turn("group", GROUPS, "add", "remove")

    def capability(self):
        self.turn("capability", HIDDEN, "hide", "offer")

    def password(self):
        """The same one, as another server has kept it."""
        if self.ledger.in_doubt(PASSWORD):
            return
        self.numbers += 1
        scheme = SCHEMES[self.numbers % 2]
        digest = hashlib.new(scheme.lower(), SECRET.encode()).digest()
        self.verb({PASSWORD: scheme}, "user", "password", "--stored", USER,
                  stdin="{%s}%s\n" % (scheme,
                                      base64.b64encode(digest).decode()))

    def log_in(self):
        """Then it is kept in our own form, sooner or later."""
        if FACTOR in self.ledger.state or self.ledger.in_doubt(FACTOR):
            return
        self.ledger.begin({PASSWORD: None})
        if self.end_log_in(self.begin_log_in(SECRET)) is False:
            raise AssertionError("its password does not let in")

    def clear_lockouts(self):
        self.verb({}, "lockout", "clear")

    def deeds(self):
        """Each once, in an order that makes sense."""
        return (self.add_app_password, self.add_certificate,
                self.begin_factor, self.confirm_factor, self.use_code,
                self.set_policy, self.group, self.capability,
                self.clear_lockouts, self.revoke_app_password,
                self.remove_certificate, self.unset_policy, self.end_factor,
                self.password, self.log_in)

    # -- afterwards --

    def rows(self, *words):
        end = time.time() + PATIENCE_S
        while True:
            done = self.server.roost(*words, "--json", check=False)
            if done.returncode == 0:
                return json.loads(done.stdout)
            if time.time() > end:
                raise AssertionError("%s: %s" % (words, done.stderr))
            time.sleep(0.05)

    def read(self):
        state = {}
        for row in self.rows("app-password", "list", USER):
            state["app password", row["name"]] = True
        for row in self.rows("certificate", "list", USER):
            state["certificate", row["fingerprint"]] = True
        for row in self.rows("policy", "show", USER):
            state["policy", row["policy"]] = row["value"]
        for row in self.rows("group", "list"):
            if row["user"] == USER:
                state["group", row["group"]] = True
        for row in self.rows("capability", "list"):
            if row["user"] == USER:
                state["capability", row["capability"]] = True
        scheme = self.rows("user", "show", USER)[0]["scheme"]
        if scheme in SCHEMES:
            state[PASSWORD] = scheme
        row = self.rows("totp", "status", USER)[0]
        if row["state"] == "on":
            state[FACTOR] = "on %s" % row["recovery_codes"]
        elif row["state"] == "pending":
            state[FACTOR] = "pending"
        return state

    def verify(self):
        """A refusal is held back: what is to be refused is asked first."""
        refused = self.revoked and self.begin_log_in(self.revoked)
        self.ledger.compare(self.read())
        if self.ledger.state.get(FACTOR) != "on %d" % len(self.codes):
            self.codes = []     # in doubt it was: which, nobody knows
        for name in list(self.opens):
            if ("app password", name) not in self.ledger.state:
                del self.opens[name]
        self.verify_secrets(refused)
        self.verify_audit()

    def verify_secrets(self, refused):
        for secret in list(self.opens.values())[-1:]:
            self.must_let_in(secret, True, self.begin_log_in(secret))
        if FACTOR not in self.ledger.state:
            self.ledger.begin({PASSWORD: None})
            self.must_let_in(SECRET, True, self.begin_log_in(SECRET))
        if self.used is not None:
            self.must_be_used()
        if self.revoked is not None:
            self.must_let_in(self.revoked, False, refused)

    def must_let_in(self, secret, does, raw):
        """An app password, asked already if there is a connection; "later" is
        no answer."""
        end = time.time() + PATIENCE_S
        said = self.end_log_in(raw)
        while said is None and time.time() < end:
            time.sleep(0.05)
            said = self.end_log_in(self.begin_log_in(secret))
        if said is not does:
            raise AssertionError("a password: lets in: %r, not %r" % (
                said, does))

    def begin_log_in(self, secret):
        """A connection that waits for its answer; None: there is none."""
        try:
            raw = Raw(self.server.imap_port, False)
            raw.line()
            raw.send(b'a LOGIN %s "%s"\r\n' % (USER.encode(),
                                               secret.encode()))
        except OSError:
            return None
        return raw

    @staticmethod
    def end_log_in(raw):
        """Is it let in? None: nobody knows."""
        try:
            said = raw.until(b"a ")[-1] if raw else b""
            if raw:
                raw.close()
        except (EOFError, OSError):
            return None
        if b"[AUTHENTICATIONFAILED]" in said:
            return False
        return True if b" OK" in said else None

    def verify_audit(self):
        """A line that is being written is whole soon."""
        end = time.time() + PATIENCE_S
        done = self.server.roost("audit", "verify", check=False)
        while done.returncode != 0:
            if time.time() > end:
                raise AssertionError("audit verify: " + done.stderr)
            time.sleep(0.05)
            done = self.server.roost("audit", "verify", check=False)

    def must_be_used(self):
        done = self.server.roost("totp", "check", USER, self.used,
                                 check=False)
        if "that is not the code" not in done.stderr:
            raise AssertionError("a code that was used: status %d, %s" % (
                done.returncode, done.stderr))


class CredentialsWorker(threading.Thread):
    def __init__(self, credentials, seed):
        super().__init__(daemon=True)
        self.credentials = credentials
        self.rnd = random.Random(seed)
        self.stopping = False
        self.gone = False
        self.error = None

    def run(self):
        try:
            while not self.stopping:
                self.rnd.choice(self.credentials.deeds())()
        except (Gone, Refused):
            self.gone = True
        except Exception as e:
            self.error = e
