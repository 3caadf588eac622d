"""wire.py -- a connection that writes down what it does (record.py).

Several commands may be under way at once; what the server says before a
tagged response belongs to the command with that tag.
"""
import os
import re
import select
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, os.path.join(HERE, "..", "crash"))
from harness import Server  # noqa: E402
from ledger import text_of  # noqa: E402
from record import clock  # noqa: E402

PATIENCE = 60       # seconds until a server that says nothing is a failure
LITERAL = re.compile(rb"\{(\d+)\}$")


class Gone(Exception):
    """The connection has ended."""


def text(marker):
    """A marker ends in the size of its message."""
    return text_of(marker, int(marker.rsplit("-", 1)[1]))


def is_quoting(marker):
    """Is another message's text behind its own (CATENATE)?"""
    return marker.split("-")[1].endswith("q")


def on_the_wire(command):
    """The octets of a recorded command."""
    words = command.split(b" ")
    by_uid = words[0] == b"UID"
    if words[by_uid] not in (b"APPEND", b"REPLACE"):
        return command
    first = by_uid + (2 if words[by_uid] == b"APPEND" else 3)
    return b" ".join(words[:first] + list(map(message_word, words[first:])))


def message_word(word):
    if word.startswith(b"/"):
        return b'URL "%s")' % word
    if not word[-1:].isdigit():     # flags end in a letter or ")"
        return word
    octets = text(word.decode())
    return b"%s{%d+}\r\n%s" % (b"(TEXT " * is_quoting(word.decode()),
                               len(octets), octets)


class Stream:
    """A socket read response by response."""

    def __init__(self, port, tls):
        try:
            sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.port = sock.getsockname()[1]
            self.sock = Server.tls().wrap_socket(sock) if tls else sock
        except TimeoutError:
            raise
        except OSError as e:
            raise Gone(str(e)) from e
        self.buffer = b""
        self.pos = 0

    def more(self):
        try:
            data = self.sock.recv(65536)
        except TimeoutError:
            raise AssertionError("the server does not answer") from None
        except OSError as e:
            raise Gone(str(e)) from e
        if not data:
            raise Gone("closed")
        self.buffer = self.buffer[self.pos:] + data
        self.pos = 0

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as e:
            raise Gone(str(e)) from e

    def response(self):
        """The next one, with its literals, without its CRLF."""
        at = self.pos
        while True:
            end = self.buffer.find(b"\r\n", at)
            if end < 0:
                at -= self.pos
                self.more()
                continue
            literal = LITERAL.search(self.buffer, self.pos, end) \
                if self.buffer[end - 1:end] == b"}" else None
            if literal is None:
                out = self.buffer[self.pos:end]
                self.pos = end + 2
                return out
            at = end + 2 + int(literal.group(1))
            while len(self.buffer) < at:
                at -= self.pos
                self.more()

    def has_more(self):
        return self.pos < len(self.buffer)

    def close(self):
        self.sock.close()


class Connection:
    """One session after the other; heard(line) sees each response."""

    streams = Stream
    guest = None        # who logs in, if it is another (visitor.py)

    def __init__(self, recorder, heard=lambda command, line: None):
        self.recorder = recorder
        self.heard = heard
        self.stream = None
        self.tags = 0
        self.waiting = []       # (tag, command, t0), oldest first
        self.lines = []

    def open(self, port, user, tls):
        """False: not let in just now."""
        self.recorder.new_session()
        self.stream = None
        t0 = clock()
        try:
            self.stream = self.streams(port, tls)
            ok = self.log_in(self.guest or user)
        except Gone:
            ok = False
        port = self.stream.port if self.stream is not None else 0
        lines = [b"port %d" % port]
        if self.guest is not None:
            lines.append(b"as " + self.guest.encode())
        self.recorder.add(t0, clock(), b"LOGIN " + user.encode(), lines,
                          "OK" if ok else "NO")
        if not ok and self.stream is not None:
            self.stream.close()
        return ok

    def log_in(self, user):
        if not self.stream.response().startswith(b"* OK"):
            return False
        self.stream.send(b"l LOGIN %s secret\r\n" % user.encode())
        while True:
            line = self.stream.response()
            if line.startswith(b"l "):
                return line.startswith(b"l OK")

    # -- IDLE --

    def idle(self):
        """False: the server does not go to IDLE."""
        self.begin(b"IDLE")
        tag = self.waiting[0][0]
        while True:
            line = self.stream.response()
            if line.startswith(tag):
                self.end(line[len(tag):].split(b" ", 1)[0].decode(), line)
                return False
            if line.startswith(b"+"):
                self.end("OK")
                self.idle_tag = tag
                return True
            self.heard(b"IDLE", line)
            self.lines.append(line)

    def idling(self, seconds, what=b"IDLING"):
        """Waits until something comes; the lines that came."""
        t0 = clock()
        sock = self.stream.sock
        if not self.stream.has_more() and \
           not (hasattr(sock, "pending") and sock.pending()) and \
           not select.select([sock], [], [], seconds)[0]:
            return []
        self.lines.append(self.stream.response())
        while self.stream.has_more():
            self.lines.append(self.stream.response())
        lines, self.lines = self.lines, []
        for line in lines:
            self.heard(what, line)
        self.recorder.add(t0, clock(), what, lines, "OK")
        return lines

    def done(self):
        self.waiting.append((self.idle_tag, b"DONE", clock()))
        self.stream.send(b"DONE\r\n")
        return self.finish()

    def lost(self, status="?"):
        """Whatever is under way has an unknown outcome."""
        now = clock()
        for _, command, t0 in self.waiting or [(0, b"LOST", now)]:
            self.recorder.add(t0, now, command, self.lines, status)
            self.lines = []
        self.waiting = []
        self.stream.close()

    def octets(self, command):
        return on_the_wire(command)

    def begin(self, *commands):
        """Sends them in one go."""
        t0 = clock()
        out = []
        for command in commands:
            self.tags += 1
            tag = b"t%d" % self.tags
            self.waiting.append((tag + b" ", command, t0))
            out.append(b"%s %s\r\n" % (tag, self.octets(command)))
        self.stream.send(b"".join(out))

    def finish(self):
        """Reads until all have been answered; the tagged responses."""
        out = []
        while self.waiting:
            tag, command, t0 = self.waiting[0]
            line = self.stream.response()
            if line.startswith(tag):
                line = line[len(tag):]
                self.end(line.split(b" ", 1)[0].decode(), line)
                out.append(line)
            else:
                self.heard(command, line)
                self.lines.append(line)
        return out

    def abandon(self, command, lines):
        """Goes away after so many responses to a command."""
        self.begin(command)
        for _ in range(lines):
            line = self.stream.response()
            if line.startswith(self.waiting[0][0]):
                break
            self.heard(command, line)
            self.lines.append(line)
        self.lost("LEFT")

    def end(self, status, line=None):
        _, command, t0 = self.waiting.pop(0)
        lines, self.lines = self.lines, []
        if line is not None:
            lines.append(line)
        self.recorder.add(t0, clock(), command, lines, status)

    def run(self, *commands):
        self.begin(*commands)
        return self.finish()


class Delivery:
    """LMTP: one message after the other."""

    def __init__(self, recorder, port, user):
        self.recorder, self.port, self.user = recorder, port, user
        self.stream = None

    def open(self):
        self.recorder.new_session()
        t0, port, status = clock(), 0, "NO"
        try:
            self.stream = Stream(self.port, False)
            port = self.stream.port
            self.reply()
            self.stream.send(b"LHLO client\r\n")
            if self.reply().startswith(b"250"):
                status = "OK"
        finally:
            self.recorder.add(t0, clock(), b"LOGIN " + self.user.encode(),
                              [b"port %d" % port], status)

    def reply(self):
        while True:
            line = self.stream.response()
            if line[3:4] != b"-":
                return line

    def deliver(self, marker):
        """Gone when it was lost, or put off: a new connection then."""
        if self.stream is None:
            self.open()
        t0, status, line = clock(), "?", b""
        try:
            line = self.transaction(text(marker))
            status = "OK" if line.startswith(b"250") else "NO"
            if line[:1] == b"5":
                raise AssertionError("LMTP: %r" % line)
        finally:
            self.recorder.add(t0, clock(), b"LMTP " + marker.encode(),
                              [line], status)
            if status != "OK":
                self.close()

    def transaction(self, octets):
        self.stream.send(b"MAIL FROM:<a@example.org>\r\n"
                         b"RCPT TO:<%s>\r\nDATA\r\n" % self.user.encode())
        replies = [self.reply() for _ in range(3)]
        for reply, want in zip(replies, (b"2", b"2", b"3")):
            if not reply.startswith(want):
                return reply
        self.stream.send(octets + b".\r\n")
        return self.reply()

    def close(self):
        if self.stream is not None:
            self.stream.close()
            self.stream = None
