"""wire.py -- IMAP answers as trees, and a connection that hands them out.

In a tree a list is a tuple, a string (quoted or literal) bytes, a number an
int, NIL None and any other atom a str; flags and keys are compared without
regard to case, so an atom's section keeps its form but is upper case.
"""
from harness import Raw

STATUSES = ("OK", "NO", "BAD", "BYE", "PREAUTH")


class Reader:
    """One response with its literals in place."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def peek(self):
        return self.data[self.at:self.at + 1]

    def take(self, byte):
        if self.peek() != byte:
            raise ValueError("%r expected at %d of %r" % (
                byte, self.at, self.data[:300]))
        self.at += 1

    def value(self):
        byte = self.peek()
        if byte == b"(":
            return self.list()
        if byte == b'"':
            return self.quoted()
        if byte == b"~":                # literal8
            self.at += 1
        if self.peek() == b"{":
            return self.literal()
        return self.atom()

    def list(self):
        self.take(b"(")
        out = []
        while self.peek() != b")":
            # only body parts stand side by side without a space
            if out and not (isinstance(out[-1], tuple) and
                            self.peek() == b"("):
                self.take(b" ")
            out.append(self.value())
        self.take(b")")
        return tuple(out)

    def quoted(self):
        self.take(b'"')
        out = bytearray()
        while self.peek() != b'"':
            if self.peek() in (b"", b"\r", b"\n"):
                raise ValueError("open quote in %r" % self.data[:300])
            if self.peek() == b"\\":
                self.at += 1
                if self.peek() not in (b'"', b"\\"):
                    raise ValueError("quoted in vain: %r" % self.data[:300])
            out += self.peek()
            self.at += 1
        self.at += 1
        return bytes(out)

    def literal(self):
        end = self.data.index(b"}", self.at)
        size = int(self.data[self.at + 1:end].rstrip(b"+"))
        start = end + 3
        self.at = start + size
        return self.data[start:self.at]

    def atom(self):
        start = self.at
        depth = 0
        while self.peek():
            byte = self.peek()
            if depth == 0 and byte in (b" ", b"(", b")", b"\r", b"\n"):
                break
            depth += (byte == b"[") - (byte == b"]")
            self.at += 1
        word = self.data[start:self.at].decode("ascii", "surrogateescape")
        if not word:
            raise ValueError("nothing at %d of %r" % (start, self.data[:300]))
        if word.isdigit():
            return int(word)
        return None if word.upper() == "NIL" else word.upper()

    def all(self):
        out = []
        while self.at < len(self.data):
            if out:
                self.take(b" ")
            out.append(self.value())
        return tuple(out)


def read_code(text):
    """The response code of a status response's text, as (name, rest)."""
    if not text.startswith(b"["):
        return ()
    code = text[1:text.index(b"]")].decode()
    name, _, rest = code.partition(" ")
    return (name.upper(),) + ((rest.upper(),) if rest else ())


def read_response(data):
    """What stands behind "* ", as a tuple; a status loses its text."""
    word, _, rest = data.partition(b" ")
    if word.decode("ascii", "replace").upper() in STATUSES:
        return (word.decode().upper(),) + read_code(rest)
    if word.upper() == b"SEARCH":           # some end the line with a space
        found, _, modseq = rest.partition(b"(")
        return ("SEARCH",) + tuple(sorted(int(x) for x in found.split())) + (
            ("MODSEQ",) if modseq else ())
    if word.upper() == b"THREAD":           # threads stand side by side
        return ("THREAD",) + Reader(b"(" + rest.strip() + b")").value()
    if word.upper() == b"SORT":
        return ("SORT",) + tuple(Reader(rest.strip()).all())
    if word.upper() == b"LIST" or word.upper() == b"LSUB":
        return read_list(data)
    return Reader(data).all()


def read_list(data):
    """The name comes as a string, however it was written."""
    reader = Reader(data)
    word = reader.atom()
    reader.take(b" ")
    flags = reader.list()
    reader.take(b" ")
    delim = reader.value()
    reader.take(b" ")
    start = reader.at
    name = reader.value()
    if not isinstance(name, bytes):
        name = data[start:reader.at]
    if name.upper() == b"INBOX":
        name = b"INBOX"
    out = (word, tuple(sorted(flags)), delim, name)
    if reader.at < len(data):
        reader.take(b" ")
        out += (read_extended(reader.value()),)
    return out


def read_extended(items):
    """Extended items of LIST; their labels may be quoted."""
    return tuple(x.decode().upper() if isinstance(x, bytes) and n % 2 == 0
                 else x for n, x in enumerate(items))


class Answer:
    """status: OK, NO or BAD; code: its response code; untagged: tuples."""

    def __init__(self, status, code, untagged):
        self.status = status
        self.code = code
        self.untagged = untagged

    def named(self, *names):
        """Untagged responses by their word, which may follow a number."""
        return [x for x in self.untagged
                if x[0] in names or (len(x) > 1 and x[1] in names)]

    def fetched(self):
        """Sequence number -> {item: value}; the last one wins."""
        out = {}
        for response in self.named("FETCH"):
            items = response[2]
            out.setdefault(response[0], {}).update(
                zip(items[::2], items[1::2]))
        return out

    def __repr__(self):
        return "%s %s %r" % (self.status, self.code, self.untagged)


class Peer(Raw):
    """A connection whose answers are trees. A command is a bytes object or
    a list of them: then the next follows when the server asks for it."""

    def ask(self, command):
        self.start(command)
        return self.finish()

    def start(self, command):
        self.rest = [command] if isinstance(command, bytes) else list(command)
        self.tags += 1
        self.send(b"c%d %s\r\n" % (self.tags, self.rest.pop(0)))

    def finish(self):
        tag = b"c%d" % self.tags
        untagged = []
        while True:
            line = self.response()
            if line is None:
                return Answer("BYE", (), untagged)
            if line.startswith(b"+"):
                self.send(self.rest.pop(0) + b"\r\n" if self.rest
                          else b"\r\n")
            elif line.startswith(b"* "):
                untagged.append(read_response(line[2:]))
            elif line.startswith(tag + b" "):
                status, _, text = line[len(tag) + 1:].partition(b" ")
                return Answer(status.decode(), read_code(text), untagged)
            else:
                raise ValueError("neither tagged nor untagged: %r" % line)

    def response(self):
        """A line with the literals inside it; None at the end."""
        out = self.line()
        if not out:
            return None
        while out.endswith(b"}") and b"{" in out:
            size = out[out.rindex(b"{") + 1:-1]
            if not size.isdigit():
                break
            out += b"\r\n" + self.exactly(int(size)) + self.line()
        return out

    def append(self, mailbox, text, flags=b"()", date=None):
        date = b' "%s"' % date if date else b""
        return self.ask([b"APPEND %s %s%s {%d}" % (
            mailbox, flags, date, len(text)), text])
