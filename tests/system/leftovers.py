"""leftovers.py -- a password, or a token, is in no process's memory once it
has been looked at, whatever way it came (SECURITY.md).

Sought is more of each than registers hold, which a call may leave on a stack.
"""
import base64
import mmap
import os
import re
import unittest
import zlib

from harness import Raw, children
from issuer import oauthbearer
from processes import wait_for
from submission import CONF, UNLIMITED, Agent, Agents, plain

CLEAR = "127.0.0.9"
PIECE = 16 << 20
OVERLAP = 1024
MOST = 1 << 30      # of a mapping: beyond it a sanitizer keeps its books there


def pieces(pid):
    """What the process can write to, a piece after the other."""
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for line in maps:
            start, end, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            at, end = int(start, 16), int(end, 16)
            if mode[:2] != "rw" or end - at > MOST:
                continue
            while at < end:
                try:
                    memory.seek(at)
                    yield memory.read(min(PIECE, end - at))
                except OSError:
                    break       # it has gone meanwhile
                at += PIECE - OVERLAP


class Leftovers(Agents):
    conf = CONF + UNLIMITED + "trusted_networks = %s\n" % CLEAR

    def setUp(self):
        self.sought = {}    # octets: what they are of

    def seek(self, what, *octets):
        for one in octets:
            self.sought[one] = what

    def user(self, what):
        """An account, and its password, which is sought from now on."""
        name = "a%s@example.org" % os.urandom(8).hex()
        secret = os.urandom(450).hex()
        self.server.add_user(name, secret)
        self.seek(what, secret[300:700].encode(),
                  base64.b64encode(plain(name, secret))[400:800])
        return name, secret

    def found(self):
        """(process, what) of all that is sought and there."""
        out = set()
        for pid in [self.server.process.pid,
                    *children(self.server.process.pid)]:
            with open("/proc/%d/comm" % pid) as f:
                name = f.read().strip()
            for piece in pieces(pid):
                out |= {(name, what) for octets, what in self.sought.items()
                        if octets in piece}
        return out

    def assert_nothing(self):
        wait_for(lambda: not self.found())
        self.assertEqual(set(), self.found())

    def open(self, source="127.0.0.1"):
        clear = source == CLEAR
        raw = Raw(self.server.imap_port if clear else self.server.imaps_port,
                  not clear, source=source)
        self.addCleanup(raw.close)
        raw.line()
        return raw

    def say(self, raw, *lines, end=b" OK"):
        """Each but the last is answered by a continuation."""
        for line in lines[:-1]:
            raw.send(line + b"\r\n")
            self.assertTrue(raw.line().startswith(b"+"))
        raw.send(lines[-1] + b"\r\n")
        answer = raw.until(b"a ")[-1]
        self.assertIn(end, answer)

    def test_it_would_be_found(self):
        name, secret = self.user("an unfinished command")
        raw = self.open()
        raw.send(b"a LOGIN %s %s" % (name.encode(), secret.encode()))
        self.assertTrue(wait_for(self.found))
        self.assertEqual({("gate", "an unfinished command")},
                         {(name.split("/")[0], what)
                          for name, what in self.found()})
        raw.close()
        self.assert_nothing()

    def test_passwords(self):
        for source in ("127.0.0.1", CLEAR):
            for what, lines in (
                    ("LOGIN", (b"a LOGIN %(name)s %(secret)s",)),
                    ("a literal", (b"a LOGIN %(name)s {900}", b"%(secret)s")),
                    ("PLAIN", (b"a AUTHENTICATE PLAIN %(plain)s",)),
                    ("PLAIN in two", (b"a AUTHENTICATE PLAIN", b"%(plain)s")),
                    ("AUTH=LOGIN", (b"a AUTHENTICATE LOGIN", b"%(name64)s",
                                    b"%(secret64)s"))):
                name, secret = self.user(what)
                words = {b"name": name.encode(), b"secret": secret.encode(),
                         b"name64": base64.b64encode(name.encode()),
                         b"secret64": base64.b64encode(secret.encode()),
                         b"plain": base64.b64encode(plain(name, secret))}
                self.seek(what, words[b"secret64"][400:800])
                self.say(self.open(source), *(line % words for line in lines))
        name, secret = self.user("a wrong one")
        self.say(self.open(), b"a LOGIN %s %s" % (
            self.new_user().encode(), secret.encode()), end=b" NO")
        name, secret = self.user("the agent's")
        agent = Agent(os.path.join(self.server.dir, "agent"))
        self.addCleanup(agent.close)
        self.assertEqual("OK", agent.attempt("PLAIN", plain(name, secret)).word)
        self.assert_nothing()

    def first(self, source="127.0.0.1"):
        """A session that is to end."""
        name, secret = self.user("the first")
        raw = self.open(source)
        self.say(raw, b"a LOGIN %s %s" % (name.encode(), secret.encode()))
        return raw

    def commands(self):
        """Log-ins of others."""
        name, secret = self.user("LOGIN")
        yield b"a LOGIN %s %s\r\n" % (name.encode(), secret.encode())
        yield b"a AUTHENTICATE PLAIN %s\r\n" % base64.b64encode(
            plain(*self.user("PLAIN")))

    def test_behind_unauthenticate(self):
        """In one round trip: by way of a mail process."""
        for source in ("127.0.0.1", CLEAR):
            for command in self.commands():
                raw = self.first(source)
                raw.send(b"z UNAUTHENTICATE\r\n" + command)
                self.assertIn(b" OK", raw.until(b"a ")[-1])
        self.assert_nothing()

    def test_behind_compression(self):
        for command in self.commands():
            raw = self.first()
            self.say(raw, b"a COMPRESS DEFLATE")
            deflater = zlib.compressobj(wbits=-15)
            raw.send(deflater.compress(b"z UNAUTHENTICATE\r\n") +
                     deflater.flush() + command)
            said = b""
            while not said.endswith(b"Logged in\r\n"):
                got = raw.sock.recv(PIECE)
                self.assertTrue(got, said)
                said += got
        self.assert_nothing()

    def test_tokens(self):
        """Where a frame that has one is filled by it."""
        for size in (600, 4050, 8140, 16330):
            user = self.new_user()
            token = self.issuer.token(user)
            what = "a token among %d" % size
            message = oauthbearer(token).replace(
                b"\1auth", b"\1host=HOST\1auth", 1)
            message = message.replace(
                b"HOST", b"x" * max(size - len(message) + 4, 1), 1)
            self.seek(what, token[-330:-10].encode(),
                      base64.b64encode(message)[-420:-20])
            raw = self.open()
            raw.send(b"a ID (\"name\" \"%s\")\r\n" % (b"x" * 900))
            raw.until(b"a ")
            self.say(raw, b"a AUTHENTICATE OAUTHBEARER",
                     base64.b64encode(message))
        self.assert_nothing()


if __name__ == "__main__":
    unittest.main()
