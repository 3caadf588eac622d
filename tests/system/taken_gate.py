"""taken_gate.py -- a gate that has been taken over, and says what the tester
wants on all of its links, opens no mailbox for which no log-in passed through
it; auth, mail and the sessions of others go on (taken_gate.c)."""
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import unittest

import support
from authority import Authority
from processes import wait_for
from support import harness

ANN, EVE = "ann@example.org", "eve@example.org"
MARK = b"what only ann may read"
OK = 0
TO_AUTH, TO_MAIL, TO_PARENT, TO_PAIR = range(4)
NOTHING, STREAM, PACKETS, TESTER, LISTENER = range(5)
SESSION_ID = b"0123456789abcdef"
WAIT_MS = 30000     # for what must come


def numbers(path, prefix):
    """{name: number} of the enums of a header."""
    with open(os.path.join(harness.ROOT, "src", path)) as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    out, n = {}, -1
    for line in re.findall(r"(?m)^\s*(\w+(?: = \w+)?),?\s*$", text):
        name, _, value = line.partition(" = ")
        n = int(value) if value.isdigit() else n + 1
        if name.startswith(prefix):
            out[name[len(prefix):]] = n
        else:
            n = -1
    return out


FRAMES = dict(numbers("ipc/protocol.h", "FRAME_"),
              **numbers("ipc/control_frames.h", "FRAME_"))
SASL = numbers("base/sasl.h", "SASL_")


def u8(n):
    return struct.pack("<B", n)


def u16(n):
    return struct.pack("<H", n)


def u32(n):
    return struct.pack("<I", n)


def u64(n):
    return struct.pack("<Q", n)


def text(s):
    s = s.encode() if isinstance(s, str) else s
    return u32(len(s)) + s


def frame(name, *fields):
    return u16(FRAMES[name]) + b"".join(fields)


def verify(mechanism, said, proof=b"", session=SESSION_ID, binding=b"",
           number=1):
    return frame("VERIFY", u64(number), u8(0), u8(mechanism), text(said),
                 text(binding), text("192.0.2.1"), u16(1), text("192.0.2.2"),
                 text("TLSv1.3 TLS_AES_128_GCM_SHA256"), text(""),
                 text(session), text(proof))


def session(ticket, name=SESSION_ID, rest=b""):
    return frame("SESSION", text(ticket), text(name), text("a"),
                 text("192.0.2.1"), u16(1), u16(993), u8(1), text("TLSv1.3"),
                 text(""), text(rest), u64(0))


class Taken:
    """The tester's line to that gate."""

    def __init__(self, port):
        self.seen = b""     # whatever it could read
        self.questions = 1 << 32
        for _ in range(1000):
            self.sock = socket.create_connection(("127.0.0.1", port),
                                                 harness.PATIENCE_S)
            said = self.sock.recv(64)
            if said.startswith(b"taken"):
                self.pid = int(said.split()[1])
                return
            self.sock.close()
        raise AssertionError("the gate that was taken does not answer")

    def close(self):
        self.sock.close()

    def hear(self, n):
        out = b""
        while len(out) < n:
            piece = self.sock.recv(n - len(out))
            if not piece:
                raise AssertionError("the gate that was taken has gone")
            out += piece
        return out

    def write(self, where, what, index=0, along=NOTHING):
        """The number of the pair whose other end went along."""
        self.sock.sendall(struct.pack("<cBIBI", b"w", where, index, along,
                                      len(what)) + what)
        return struct.unpack("<BI", self.hear(5))[1]

    def read(self, where, index=0, ms=WAIT_MS):
        """b"": nothing came; None: it is over."""
        self.sock.sendall(struct.pack("<cBIBII", b"r", where, index, 0, 4, ms))
        got, _ = struct.unpack("<BI", self.hear(5))
        data = self.hear(struct.unpack("<I", self.hear(4))[0])
        self.seen += data
        return None if got == 2 else data

    def drain(self, where, index=0, ms=50):
        while self.read(where, index, ms):
            pass

    def verdict(self, ms=WAIT_MS, number=None):
        """(code, account, partition, ticket), or None: a challenge, or none
        came; of the one question, what comes late of others left out."""
        said = self.read(TO_AUTH, ms=ms)
        while number is not None and said and said[2:10] != u64(number):
            said = self.read(TO_AUTH, ms=ms)
        if not said or said[:2] != u16(FRAMES["VERDICT"]):
            return None
        code, size = struct.unpack_from("<BI", said, 10)
        at = 15 + size
        account, partition, size = struct.unpack_from("<QII", said, at)
        return code, account, partition, said[at + 16:at + 16 + size]

    def log_in(self, user=EVE, secret="secret", authzid=""):
        self.questions += 1
        self.write(TO_AUTH, verify(SASL["PLAIN"], "%s\0%s\0%s" % (
            authzid, user, secret), number=self.questions))
        return self.verdict(number=self.questions)

    def enter(self, partition, ticket, along=STREAM, ms=WAIT_MS, **more):
        """What mail says to the client that comes with that ticket."""
        pair = self.write(TO_MAIL, session(ticket, **more), partition, along)
        return (self.read(TO_PAIR, pair, ms) or b"", pair)


class TakenGate(support.ServerTest):
    partitions = 4

    @classmethod
    def setUpClass(cls):
        build = os.path.join(harness.ROOT, os.environ.get(
            "ROOST_BUILD", "build/san"))
        subprocess.run(["ninja", "-C", build, "roostd-taken"], check=True,
                       capture_output=True)
        cls.top = tempfile.mkdtemp(prefix="roost-taken-")
        cls.server = harness.Server()
        for name, target in (("roostd", "roostd-taken"), ("roost", "roost"),
                             ("roost-metrics", "roost-metrics")):
            os.symlink(os.path.join(build, target),
                       os.path.join(cls.top, name))
        cls.server.build = cls.top
        cls.port, = harness.free_ports(1)
        cls.server.daemon_env = {"TAKEN_PORT": str(cls.port)}
        cls.ca = Authority(cls.server.top, "ca")
        shutil.copy(cls.ca.path, os.path.join(cls.server.dir, "ca.pem"))
        with open(cls.server.conf) as f:
            said = re.sub(r"(?m)^listen_imap = .*\n", "", f.read())
        with open(cls.server.conf, "w") as f:
            f.write(said + "gates = 2\nclient_ca = ca.pem\nlog_level = info\n"
                    "connections_per_host = 100000\nfailures_per_account = 0\n"
                    "failures_per_address = 0\nfailures_per_network = 0\n"
                    "spray_accounts = 0\n"
                    "listen_imap = 127.0.0.1:%d, 127.0.0.1:%d\n"
                    % (cls.server.imap_port, cls.port))
        cls.server.start()
        for name in (ANN, EVE):
            cls.server.add_user(name)
        ann = harness.Raw(cls.server.imaps_port).login(ANN)
        assert b"OK" in support.append(ann, b"Subject: " + MARK + b"\r\n\r\n"
                                       + MARK + b"\r\n")
        ann.close()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.top)

    def setUp(self):
        self.taken = Taken(self.port)
        self.addCleanup(self.taken.close)
        self.assertTrue(wait_for(lambda: (self.taken.log_in() or (1,))[0]
                                 == OK))       # all have been introduced
        self.ann = harness.Raw(self.server.imaps_port).login(ANN)
        self.ann.run(b"SELECT INBOX")
        self.pids = self.others()

    def tearDown(self):
        """Nothing was read, and nobody came to harm."""
        self.assertNotIn(MARK, self.taken.seen)
        self.assertIn(b" OK", self.ann.run(b"NOOP")[-1])
        said = b"".join(self.ann.run(b"FETCH 1:* BODY.PEEK[]"))
        self.assertEqual(said.count(MARK), 2)
        self.ann.close()
        harness.Raw(self.server.imaps_port).login(ANN).close()
        self.assertEqual(self.others(), self.pids)

    def others(self):
        return {role: sorted(self.server.child(role))
                for role in ("gate", "auth", "mail", "parse")}

    def test_own_log_in(self):
        """What it may: else nothing below would show anything."""
        code, _, partition, ticket = self.taken.log_in()
        self.assertEqual(code, OK)
        said, pair = self.taken.enter(partition, ticket)
        self.assertIn(b"a OK", said)
        self.taken.write(TO_PAIR, b"b SELECT INBOX\r\n", pair)
        self.assertIn(b"b OK", self.taken.read(TO_PAIR, pair))

    def test_proofs(self):
        """Whatever is told to auth, ann's account is not among the answers."""
        own = self.taken.log_in()[1]
        tries = [verify(SASL["PLAIN"], s) for s in (
            "\0%s\0wrong" % ANN, "\0%s\0" % ANN, "\0%s" % ANN,
            "%s\0%s\0secret" % (ANN, EVE), "\0\0", "", ANN,
            "\0%s\0%s" % (ANN, "x" * 2000))]
        tries += [verify(m, s, session=i) for m in range(256)
                  for s, i in ((ANN, SESSION_ID), ("", b"0" * 16))
                  if m < 16 or m % 40 == 0]
        for tried in tries:
            self.taken.write(TO_AUTH, tried)
            verdict = self.taken.verdict(
                3000 if tried[11] < SASL["MECHANISMS"] else 20)
            if verdict:
                self.assertNotEqual(verdict[0], OK, tried)
        self.assertEqual(self.taken.log_in()[1], own)

    def proof(self, pem, key, scheme=0x0403, hash_size=32, tail=b""):
        """A certificate, and what a key that isn't its own has signed."""
        top = self.server.top
        der = subprocess.run(["openssl", "x509", "-in", pem, "-outform",
                              "DER"], check=True, capture_output=True).stdout
        transcript = bytes(range(hash_size))
        with open(os.path.join(top, "said"), "wb") as f:
            f.write(b" " * 64 + b"TLS 1.3, client CertificateVerify\0"
                    + transcript)
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", key, os.path.join(
                top, "said")], check=True, capture_output=True).stdout
        return text(der) + text(b"") + u16(scheme) + text(transcript) + \
            text(signature) + tail

    def test_certificates(self):
        """They are public: what counts is a signature, which the gate can't
        make."""
        ann, eve = self.ca.person(ANN), self.ca.person(EVE)
        self.taken.write(TO_AUTH, verify(SASL["EXTERNAL"], "", self.proof(
            eve, eve)))
        self.assertEqual(self.taken.verdict()[0], OK)   # eve was here
        good = self.proof(ann, eve)
        der = good[:4 + struct.unpack("<I", good[:4])[0]]
        bad = [good, self.proof(ann, eve, tail=b"x"), b"", good[:-1], der,
               der + text(b"") + u16(0x0403) + text(bytes(32)) + text(b""),
               der + text(b"") + u16(0) + text(b"") + text(b""),
               der + text(b"x" * 100) + good[len(der) + 4:],
               text(b"") + good[len(der):], u32(2 ** 32 - 1) + good[4:],
               self.proof(eve, eve).replace(EVE.encode(), ANN.encode())]
        bad += [self.proof(ann, eve, scheme) for scheme in
                (0, 0x0201, 0x0401, 0x0503, 0x0804, 0x0807, 0xffff)]
        bad += [self.proof(ann, eve, hash_size=n) for n in (0, 31, 48, 64)]
        for proof in bad:
            for who in ("", ANN):
                self.taken.write(TO_AUTH, verify(SASL["EXTERNAL"], who,
                                                 proof))
                verdict = self.taken.verdict()
                self.assertTrue(verdict and verdict[0] != OK, proof[:40])
        # one that is right is still only its own account's
        self.taken.write(TO_AUTH, verify(SASL["EXTERNAL"], ANN, self.proof(
            eve, eve)))
        self.assertNotEqual(self.taken.verdict()[0], OK)

    def test_tickets(self):
        _, _, partition, used = self.taken.log_in()
        said, pair = self.taken.enter(partition, used)
        self.assertIn(b"a OK", said)
        self.taken.write(TO_PAIR, b"b LOGOUT\r\n", pair)
        self.assertIn(b"BYE", self.taken.read(TO_PAIR, pair))
        _, _, _, fresh = self.taken.log_in()
        tickets = [used, bytes(16), b"", fresh[:15], fresh + b"x",
                   os.urandom(16), b"x" * 60000]
        for index in range(self.partitions):
            for ticket in tickets:
                said, _ = self.taken.enter(index, ticket, ms=100)
                self.assertNotIn(b"OK", said)
            if index != partition:
                said, _ = self.taken.enter(index, fresh, ms=100)
                self.assertNotIn(b"OK", said)
        # another session's, and then it has been used
        said, _ = self.taken.enter(partition, fresh, name=b"f" * 16, ms=100)
        self.assertNotIn(b"OK", said)

    def test_descriptors(self):
        """A ticket that is good, with something else than a client."""
        for along in (NOTHING, PACKETS, LISTENER):
            _, _, partition, ticket = self.taken.log_in()
            self.taken.enter(partition, ticket, along, ms=100)
        for name in ("DELIVER", "SESSION", "CONTROL", "EXPECT"):
            for along in (NOTHING, STREAM, TESTER, LISTENER):
                self.taken.write(TO_MAIL, frame(name), 0, along)
                self.taken.write(TO_AUTH, frame(name), 0, along)
        _, _, partition, ticket = self.taken.log_in()
        self.assertIn(b"a OK", self.taken.enter(partition, ticket)[0])

    def forged_for_mail(self, account):
        ticket, ann = b"forged by a gate", text(ANN)
        return [
            frame("EXPECT", text(ticket), u64(account), u64(0), ann,
                  text(SESSION_ID), text(""), u8(0)),
            frame("ACCOUNT_DELETE", u64(1), u64(account)),
            frame("ACCOUNT_KICK", u64(account), u64(0)),
            frame("ACCOUNT_CREATE", u64(1), u64(account), ann, u64(1),
                  u64(1)),
            frame("SESSION_END", u64(account), text("")),
            frame("VISITOR_END", u64(account)),
            frame("ROLL_CALL", u64(0)), frame("STOP"),
            frame("CONTROL", u64(account), ann),
            frame("VISITOR", u64(account), u64(1), text(EVE),
                  text(SESSION_ID), text(""), u8(0), u32(0)),
            frame("PEER", u8(2), u32(0)), frame("RELOAD")]

    def forged_for_auth(self, account):
        ann = text(ANN)
        return [
            frame("USER_PASSWORD", ann, text("mine")),
            frame("USER_REMOVE", ann), frame("USER_DISABLE", ann),
            frame("CLIENT_CERTIFICATE_ADD", ann, text("ab" * 32), text(""),
                  text("")),
            frame("APP_PASSWORD_ADD", ann, text("x"), text(""), text(""),
                  text("")),
            frame("VISIT", u64(1), u64(account), text(SESSION_ID), u8(0),
                  ann),
            frame("GRANT", u64(1), u64(account), text("anyone")),
            frame("PRESENT", u64(account), text(SESSION_ID), text(""),
                  u8(0)),
            frame("ACCOUNT_DONE", u64(1), u8(0), text(""), u32(0)),
            frame("TOLD", u64(1), u8(0), text(""), u32(200), text(""),
                  u64(0)),
            frame("CLIENT_CA"), frame("STOP"), frame("RELOAD"),
            frame("LINK", ann, u32(0)), frame("PEER", u8(3), u32(0))]

    def test_frames_of_others(self):
        """What only auth, mail, the parent or `roost` may say."""
        shown = self.server.roost("user", "show", ANN).stdout
        account = int(re.search(r"\b[0-9a-f]{16}\b", shown)[0], 16)
        for index in range(self.partitions):
            for what in self.forged_for_mail(account):
                for along in (NOTHING, STREAM, PACKETS):
                    pair = self.taken.write(TO_MAIL, what, index, along)
                    if along != NOTHING:
                        self.taken.write(TO_PAIR, frame("EXPORT", text("")),
                                         pair)
                        self.assertFalse(self.taken.read(TO_PAIR, pair, 20))
            said, _ = self.taken.enter(index, b"forged by a gate", ms=200)
            self.assertNotIn(b"OK", said)
            self.taken.drain(TO_MAIL, index)
        for what in self.forged_for_auth(account):
            for along in (NOTHING, PACKETS):
                self.taken.write(TO_AUTH, what, 0, along)
        self.taken.drain(TO_AUTH, ms=500)
        self.assertNotEqual(self.taken.log_in(ANN, "mine")[0], OK)
        self.assertEqual(self.server.roost("user", "show", ANN).stdout.split(
            )[:8], shown.split()[:8])

    def test_exchange_of_another_gate(self):
        """Half of ann's log-in is with the honest one."""
        raw = harness.Raw(self.server.imaps_port)
        raw.send(b"a AUTHENTICATE LOGIN\r\n")
        raw.until(b"+")
        raw.send(b"YW5uQGV4YW1wbGUub3Jn\r\n")
        raw.until(b"+")
        for exchange in range(200):
            self.taken.write(TO_AUTH, frame(
                "RESPONSE", u64(1), u64(exchange), text(SESSION_ID),
                text("secret")))
            self.taken.write(TO_AUTH, frame("CANCEL", u64(exchange)))
            verdict = self.taken.verdict()
            self.assertTrue(verdict and verdict[0] != OK)
        raw.send(b"c2VjcmV0\r\n")
        self.assertIn(b"a OK", raw.until(b"a ")[-1])
        raw.close()

    def test_lengths_and_noise(self):
        """Cut off anywhere, with lengths that lie, and with bits turned."""
        random.seed(5)
        samples = [verify(SASL["PLAIN"], "\0%s\0wrong" % ANN),
                   session(bytes(16)), frame("LOOKUP", u64(1), text(ANN)),
                   frame("RESPONSE", u64(1), u64(1), text(SESSION_ID),
                         text("x"))] + self.forged_for_mail(1) + \
            self.forged_for_auth(1)
        for sample in samples:
            noise = [sample[:n] for n in range(0, len(sample), 7)]
            noise += [sample[:at] + u32(n) + sample[at + 4:]
                      for at in range(2, len(sample) - 3, 11)
                      for n in (2 ** 31, 2 ** 32 - 1, 65536)]
            for _ in range(20):
                turned = bytearray(sample)
                for _ in range(random.randint(1, 4)):
                    turned[random.randrange(len(turned))] ^= \
                        1 << random.randrange(8)
                noise.append(bytes(turned))
            for what in filter(None, noise):
                along = random.choice((NOTHING, NOTHING, STREAM))
                self.taken.write(TO_AUTH, what, 0, along)
                self.taken.write(TO_MAIL, what, random.randrange(
                    self.partitions), along)
            self.taken.drain(TO_AUTH, ms=1)
        for number in range(1024):
            for where in (TO_AUTH, TO_MAIL):
                self.taken.write(where, u16(number) + bytes(24),
                                 number % self.partitions)
        time.sleep(0.2)
        self.taken.drain(TO_AUTH, ms=1500)
        self.assertEqual(self.taken.log_in()[0], OK)


if __name__ == "__main__":
    unittest.main()
