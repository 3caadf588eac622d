"""ledger.py -- what an account must hold, kept beside the server.

A state is a dict of immutable values:

    ("message", marker)    -> tuple of Copy, one for each place it is in
    ("mailbox", name)      -> its UIDVALIDITY, ANY while nobody has asked
    ("subscribed", name)   -> True
    ("annotation",)        -> of INBOX
    ("rights",)            -> of a guest, in INBOX
    ("quota",)             -> how many messages there may be
    ("hidden",)            -> True

A change is the keys whose values it alters, with their new values (None:
gone). It is begun before the command is sent. Then it is done (acknowledged),
or stays in doubt: it may have happened whole or not at all.
"""
import collections
import hashlib
import random
import re

Copy = collections.namedtuple("Copy", "box uid flags")  # uid None: not known

ANY = "any"
HIDDEN = "SAVEDATE"     # the capability that may be
MARKER = re.compile(rb"^X-Marker: (\S+)\r\n", re.M)


def text_of(marker, size):
    """A message of about size octets that nobody else sends."""
    rnd = random.Random(marker)
    head = "From: a@example.org\r\nSubject: %s\r\nX-Marker: %s\r\n\r\n" % (
        marker, marker)
    body = rnd.getrandbits(4 * max(size, 70)).to_bytes(
        max(size, 70) // 2, "big").hex()
    lines = [body[i:i + 70] for i in range(0, len(body), 70)]
    return (head + "\r\n".join(lines) + "\r\n").encode()


class Ledger:
    def __init__(self, user):
        self.user = user
        self.state = {}
        self.doubts = []
        self.texts = {}         # marker -> (octets, SHA-256)
        self.uids = {}          # (uidvalidity, uid) -> marker, for ever
        self.highest = {}       # uidvalidity -> highest UID ever given out
        self.acknowledged = 0

    # -- changes --

    def begin(self, change):
        self.doubts.append(change)

    def done(self):
        put(self.state, self.doubts.pop())
        self.acknowledged += 1

    def in_doubt(self, key):
        return any(key in change for change in self.doubts)

    def new_text(self, marker, size):
        text = text_of(marker, size)
        self.note_text(marker, text)
        return text

    def note_text(self, marker, text):
        self.texts[marker] = len(text), hashlib.sha256(text).digest()

    def given(self, validity, uid, marker):
        """The server says that this UID is a new message."""
        if uid <= self.highest.get(validity, 0):
            raise AssertionError("UID %d was given out before" % uid)
        self.note(validity, uid, marker)

    def note(self, validity, uid, marker):
        if self.uids.setdefault((validity, uid), marker) != marker:
            raise AssertionError("UID %d was another message: %s, %s" % (
                uid, self.uids[validity, uid], marker))
        self.highest[validity] = max(uid, self.highest.get(validity, 0))

    # -- looking things up --

    def copies(self):
        """(marker, Copy) of those that can be named."""
        return [(key[1], c) for key, value in self.state.items()
                if key[0] == "message" for c in value if c.uid]

    def mailboxes(self):
        return [key[1] for key in self.state if key[0] == "mailbox"]

    # -- comparing --

    def learn(self, client):
        """What a new account begins with."""
        self.state = read_account(client, self)

    def verify(self, client):
        """The account holds what the ledger says; it is read anew."""
        self.compare(read_account(client, self))

    def compare(self, there):
        want = dict(self.state)
        for change in self.doubts:
            if all(same(value, there.get(key))
                   for key, value in change.items()):
                put(want, change)
        differ = [(key, want.get(key), there.get(key))
                  for key in sorted(want.keys() | there.keys())
                  if not same(want.get(key), there.get(key))]
        if differ:
            raise AssertionError("%s: acknowledged and there differ:\n%s" % (
                self.user, "\n".join("  %r: %r, there %r" % d
                                     for d in differ[:20])))
        self.state, self.doubts = there, []


def put(state, change):
    for key, value in change.items():
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value


def same(want, there):
    """Equal as far as is known."""
    if not isinstance(want, tuple) or not isinstance(there, tuple):
        return want == there or (want == ANY and there is not None)
    known = {(c.box, c.uid) for c in want if c.uid}
    return (sorted((c.box, sorted(c.flags)) for c in want) ==
            sorted((c.box, sorted(c.flags)) for c in there) and
            known <= {(c.box, c.uid) for c in there})


# -- reading --

def read_account(client, ledger):
    state = read_settings(client)
    for line in client.ask(b'LSUB "" *'):
        if line.startswith(b"* LSUB"):
            state["subscribed", last_word(line)] = True
    for line in client.ask(b'LIST "" *'):
        if line.startswith(b"* LIST"):
            read_mailbox(client, ledger, last_word(line), state)
    return state


def read_settings(client):
    """What is said once; of the last only who has logged in since hears."""
    looks = (
        ("annotation", b"GETMETADATA INBOX (/private/comment)",
         rb'/private/comment "([^"]*)"'),
        ("rights", b"GETACL INBOX", rb"^\* ACL INBOX .* guest (\S+)"),
        ("quota", b"GETQUOTAROOT INBOX", rb"MESSAGE \d+ (\d+)"))
    state = {}
    for what, command, pattern in looks:
        found = re.search(pattern, b"\n".join(client.ask(command)), re.M)
        if found:
            text = found.group(1).decode()
            state[what,] = int(text) if what == "quota" else text
    if HIDDEN.encode() not in b"\n".join(client.ask(b"CAPABILITY")):
        state["hidden",] = True
    return state


def last_word(line):
    return line.rsplit(b" ", 1)[1].strip(b'"').decode()


def number(lines, what):
    return int(re.search(rb"\[" + what + rb" (\d+)\]",
                         b"\n".join(lines)).group(1))


def read_mailbox(client, ledger, box, state):
    lines = client.ask(b"EXAMINE " + box.encode())
    validity = number(lines, b"UIDVALIDITY")
    state["mailbox", box] = validity
    if number(lines, b"UIDNEXT") <= ledger.highest.get(validity, 0):
        raise AssertionError("%s: UIDNEXT has gone back" % box)
    lines = client.ask(b"UID FETCH 1:* (UID FLAGS BODY.PEEK[])")
    for i, line in enumerate(lines):
        if not line.startswith(b"* ") or b" FETCH (" not in line:
            continue
        uid = int(re.search(rb"UID (\d+)", line).group(1))
        flags = re.search(rb"FLAGS \(([^)]*)\)", line).group(1)
        marker = read_text(ledger, lines[i + 1])
        ledger.note(validity, uid, marker)
        copy = Copy(box, uid, frozenset(flags.decode().split()))
        state["message", marker] = state.get(("message", marker), ()) + (copy,)


def read_text(ledger, text):
    """Whose text it is; every octet must be there. What a delivery puts
    before it doesn't count."""
    found = MARKER.search(text)
    if not found:
        raise AssertionError("nobody sent this: %r" % text[:200])
    marker = found.group(1).decode()
    size, digest = ledger.texts[marker]
    if hashlib.sha256(text[-size:]).digest() != digest:
        raise AssertionError("%s has changed" % marker)
    return marker
