"""wire.py -- a client's end: commands go out, answers come in as values.

In an answer a list is a list, a string (quoted or literal) bytes, NIL None
and any other atom a str. Nothing here knows what an answer means.
"""
import re
import socket
import zlib

TOKEN = re.compile(
    rb'(?P<space> )|(?P<open>\()|(?P<close>\))'
    rb'|"(?P<quoted>(?:[^"\\\r\n]|\\["\\])*)"'
    rb'|~?\{(?P<literal>\d+)\}\r\n'
    rb'|(?P<atom>(?:(?:BODY|BINARY)(?:\.PEEK|\.SIZE)?'
    rb'\[[^\]()]*(?:\((?:"(?:[^"\\]|\\.)*"|[^")])*\))?\](?:<\d+>)?)'
    rb'|[^ ()"{\r\n]+)')
ESCAPED = re.compile(rb'\\(["\\])')


class Malformed(Exception):
    """The server said what no grammar has."""


def values(data, at=0):
    """What stands in data from at on, which must be to its end."""
    stack = [[]]
    spaced = True       # may a value begin here?
    while at < len(data):
        token = TOKEN.match(data, at)
        if token is None:
            raise Malformed("at %d of %r" % (at, data[:400]))
        at = token.end()
        kind = token.lastgroup
        if kind == "space":
            if spaced:
                raise Malformed("space at %d of %r" % (at, data[:400]))
            spaced = True
            continue
        if kind == "close":
            if len(stack) == 1 or (spaced and stack[-1]):
                raise Malformed("')' at %d of %r" % (at, data[:400]))
            done = stack.pop()
            stack[-1].append(done)
            spaced = False
            continue
        if not spaced and not (kind == "open" and stack[-1] and
                               isinstance(stack[-1][-1], list)):
            raise Malformed("no space at %d of %r" % (at, data[:400]))
        if kind == "open":
            stack.append([])
            spaced = True
            continue
        spaced = False
        if kind == "quoted":
            stack[-1].append(ESCAPED.sub(rb"\1", token.group(kind)))
        elif kind == "literal":
            size = int(token.group(kind))
            stack[-1].append(data[at:at + size])
            at += size
        else:
            word = token.group(kind).decode("utf-8", "surrogateescape")
            stack[-1].append(None if word.upper() == "NIL" else word)
    if len(stack) != 1 or spaced and stack[0]:
        raise Malformed("open end of %r" % data[:400])
    return stack[0]


CODE = re.compile(rb"\[([A-Za-z0-9.=-]+)(?: ([^\]]*))?\] ?(.*)", re.S)


class Status:
    """OK, NO, BAD, BYE or PREAUTH with its response code."""

    def __init__(self, word, text):
        self.word = word
        self.code, self.value = None, None
        found = CODE.match(text)
        if found:
            self.code = found.group(1).decode().upper()
            self.value = (found.group(2) or b"").decode("utf-8", "replace")

    def __repr__(self):
        return "%s [%s %s]" % (self.word, self.code, self.value)


STATUSES = (b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH")


def untagged(line):
    """("FETCH", number, items), ("EXISTS", n) ... or a Status."""
    word, _, rest = line.partition(b" ")
    if word in STATUSES:
        return Status(word.decode(), rest)
    if word.isdigit():
        name, _, rest = rest.partition(b" ")
        return (name.decode().upper(), int(word)) + tuple(values(rest))
    return (word.decode().upper(),) + tuple(values(rest.rstrip(b" ")))


LITERAL_END = re.compile(rb"\{(\d+)\}$")


class Wire:
    """One connection to the server."""

    def __init__(self, port, timeout):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.deflate = self.inflate = None

    def compress(self):
        """From now on, in both directions; RFC 4978."""
        self.deflate = zlib.compressobj(wbits=-15)
        self.inflate = zlib.decompressobj(wbits=-15)
        self.buffer = self.inflate.decompress(self.buffer)

    def uncompress(self):
        """No longer, RFC 8437 section 4.1."""
        if self.inflate:
            self.buffer += self.inflate.unused_data
        self.deflate = self.inflate = None

    def send(self, data):
        if self.deflate:
            data = self.deflate.compress(data) + \
                self.deflate.flush(zlib.Z_SYNC_FLUSH)
        self.sock.sendall(data)

    def more(self):
        data = self.sock.recv(1 << 18)
        if not data:
            raise EOFError("the server has closed")
        self.buffer += self.inflate.decompress(data) if self.inflate else data

    def line(self):
        """A response with its literals, without the last CRLF."""
        out = b""
        while True:
            while (end := self.buffer.find(b"\r\n")) < 0:
                self.more()
            out += self.buffer[:end]
            self.buffer = self.buffer[end + 2:]
            found = LITERAL_END.search(out)
            if not found:
                return out
            size = int(found.group(1))
            while len(self.buffer) < size:
                self.more()
            out += b"\r\n" + self.buffer[:size]
            self.buffer = self.buffer[size:]

    def close(self):
        self.sock.close()
