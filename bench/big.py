"""big.py -- one huge mailbox: filling it, and timing commands on it.

One message in 10,000 has "needle" in its Subject and another its body.
Replies are only scanned for the tagged line, so the client costs little.
"""
import random
import re
import socket
import time
import zlib

WORDS = ("amber birch cedar dune ember fjord grove heath islet jetty knoll "
         "larch marsh nook oasis pine quay ridge shoal tarn vale wold").split()
CHANGES = 100       # of a large mailbox, for who resynchronises
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class Refused(Exception):
    """A NO or a BAD: the server hasn't got it."""


class Connection:
    """A plain-text IMAP connection that waits for tags."""

    def __init__(self, port, user, password):
        self.sock = socket.create_connection(("127.0.0.1", port), 600)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.count = 0
        self.deflate = self.inflate = None
        self.sock.recv(4096)
        self.run("LOGIN %s %s" % (user, password))

    def send(self, text):
        self.count += 1
        tag = b"T%d" % self.count
        line = tag + b" " + text + b"\r\n"
        if self.deflate is not None:
            line = (self.deflate.compress(line) +
                    self.deflate.flush(zlib.Z_SYNC_FLUSH))
        self.sock.sendall(line)
        return tag

    def receive(self):
        """What has come, at least an octet; how many it were on the wire."""
        data = self.sock.recv(1 << 20)
        if not data:
            raise EOFError("closed")
        if self.inflate is None:
            return data, len(data)
        return self.inflate.decompress(data), len(data)

    def compress(self):
        self.run("COMPRESS DEFLATE")
        self.deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        self.inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)

    def wait(self, tag):
        """(bytes received, tagged line); raises Refused."""
        done = re.compile(rb"(?:^|\n)(%s (OK|NO|BAD)[^\n]*)\n$" % tag)
        tail, got = b"", 0
        while True:
            data, size = self.receive()
            got += size
            tail = (tail + data)[-4096:]
            found = done.search(tail)
            if found:
                if found.group(2) != b"OK":
                    raise Refused(found.group(1).decode())
                return got, found.group(1)

    def answer(self, text):
        """All that a command with a short answer is answered with."""
        tag, got = self.send(text.encode()), b""
        while not re.search(rb"(?:^|\n)%s [^\n]*\n$" % tag, got):
            data = self.sock.recv(65536)
            if not data:
                raise EOFError("closed after %r" % got[-100:])
            got += data
        return got

    def run(self, text):
        """Seconds from sending to the tagged line, bytes received."""
        start = time.perf_counter()
        got = self.wait(self.send(text.encode()))[0]
        return time.perf_counter() - start, got


def header(n):
    when = time.gmtime(1500000000 + n * 97)
    date = "%02d %s %d %02d:%02d:%02d +0000" % (
        when.tm_mday, MONTHS[when.tm_mon - 1], when.tm_year,
        when.tm_hour, when.tm_min, when.tm_sec)
    root = n - n % 5
    subject = "%s %s %d" % (WORDS[root % 22], WORDS[root // 22 % 22], root)
    if n % 10000 == 1234:
        subject += " needle"
    lines = ["Received: from mx.sender.example by mail.example.org; " + date,
             "From: Person %d <p%d@sender.example>" % (n % 997, n % 997),
             "To: somebody@example.org",
             "Subject: " + ("Re: " if n != root else "") + subject,
             "Date: " + date, "Message-ID: <big-%d@sender.example>" % n]
    if n != root:
        lines.append("In-Reply-To: <big-%d@sender.example>" % (n - 1))
        lines.append("References: " + " ".join(
            "<big-%d@sender.example>" % i for i in range(root, n)))
    lines += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
              "", ""]
    return date, "\r\n".join(lines).encode()


def bodies(size):
    rnd = random.Random(7)
    return [b"".join(b" ".join(rnd.choice(WORDS).encode() for _ in range(9))
                     + b"\r\n" for _ in range(size // 55)) for _ in range(500)]


def fill(port, user, password, mailbox, count, size=2000, batch=500, done=0):
    """Appends messages until there are count in place of `done`, `batch` a
    MULTIAPPEND where the server has it, pipelined APPENDs elsewhere; seconds
    it took, making them left out."""
    c = Connection(port, user, password)
    c.sock.sendall(b"C CAPABILITY\r\n")
    multi = b"MULTIAPPEND" in c.sock.recv(65536)
    if mailbox != "INBOX" and done == 0:
        c.run("CREATE %s" % mailbox)
    pool, spent = bodies(size - 500), 0.0
    for first in range(done, count, batch):
        parts = []
        for n in range(first, min(first + batch, count)):
            date, head = header(n)
            body = pool[n % 500]
            if n % 10000 == 4321:
                body += b"a needle in the body\r\n"
            parts.append(b' "%s" {%d+}\r\n' % (
                date.replace(" ", "-", 2).encode(), len(head) + len(body))
                + head + body)
        start = time.perf_counter()
        command = b"APPEND " + mailbox.encode()
        if multi:
            c.wait(c.send(command + b"".join(parts)))
        else:
            tags = [c.send(command + p) for p in parts]
            c.wait(tags[-1])
        spent += time.perf_counter() - start
    c.sock.close()
    return spent


def steps(count):
    some = min(count, 100000)
    return [("SELECT", "SELECT %s"), ("SELECT again", "SELECT %s"),
            ("FETCH 1:* (UID FLAGS)", "FETCH 1:* (UID FLAGS)"),
            ("FETCH 1:* (UID FLAGS) again", "FETCH 1:* (UID FLAGS)"),
            ("ENVELOPE of %d" % some, "FETCH 1:%d (ENVELOPE)" % some),
            ("ENVELOPE of %d again" % some, "FETCH 1:%d (ENVELOPE)" % some),
            ("SEARCH SUBJECT", "UID SEARCH SUBJECT needle"),
            ("SEARCH SUBJECT again", "UID SEARCH SUBJECT needle"),
            ("SEARCH FROM", 'UID SEARCH FROM "person 13"'),
            ("SEARCH BODY", "UID SEARCH BODY needle"),
            ("SORT (DATE)", "UID SORT (DATE) UTF-8 ALL"),
            ("SORT (DATE) again", "UID SORT (DATE) UTF-8 ALL"),
            ("SORT (SUBJECT)", "UID SORT (SUBJECT) UTF-8 ALL"),
            ("SORT (SUBJECT) again", "UID SORT (SUBJECT) UTF-8 ALL"),
            ("THREAD REFERENCES", "UID THREAD REFERENCES UTF-8 ALL"),
            ("THREAD REFERENCES again", "UID THREAD REFERENCES UTF-8 ALL"),
            ("THREAD REFS", "UID THREAD REFS UTF-8 ALL"),
            ("THREAD REFS again", "UID THREAD REFS UTF-8 ALL"),
            ("STORE 1:* +FLAGS.SILENT", r"STORE 1:* +FLAGS.SILENT (\Seen)"),
            ("SEARCH UNSEEN", "UID SEARCH UNSEEN"),
            ("STORE 1:* -FLAGS.SILENT", r"STORE 1:* -FLAGS.SILENT (\Seen)"),
            ("STATUS", "STATUS INBOX (MESSAGES UNSEEN UIDNEXT)")]


def change(port, user, password, mailbox, count, changes=CHANGES):
    """Makes changes, half of them expunges, all in different places; what a
    client knows that saw the mailbox before: UIDVALIDITY, HIGHESTMODSEQ."""
    c = Connection(port, user, password)
    seen = c.answer("SELECT %s (CONDSTORE)" % mailbox)
    known = [re.search(rb"\[%s (\d+)\]" % name, seen).group(1).decode()
             for name in (b"UIDVALIDITY", b"HIGHESTMODSEQ")]
    for i in range(changes):
        uid = 1 + (2 * i + 1) * count // (2 * changes)
        gone = i % 2 == 1
        c.run("UID STORE %d +FLAGS.SILENT (%s)"
              % (uid, r"\Deleted" if gone else r"\Flagged"))
        if gone:
            c.run("UID EXPUNGE %d" % uid)
    c.sock.close()
    return known


def resync(port, user, password, mailbox, known):
    """name -> seconds, of a SELECT and of a FETCH that tell what change()
    has left."""
    c = Connection(port, user, password)
    c.run("ENABLE QRESYNC")
    select = "SELECT %s (QRESYNC (%s))" % (mailbox, " ".join(known))
    fetch = "UID FETCH 1:* (FLAGS) (CHANGEDSINCE %s VANISHED)" % known[1]
    out = {"%s, %d changes" % (name, CHANGES): c.run(text)[0]
           for name, text in (("QRESYNC", select), ("QRESYNC again", select),
                              ("FETCH CHANGEDSINCE", fetch))}
    c.sock.close()
    return out


def compressed(port, user, password, mailbox, count):
    """name -> seconds of fetching some messages whole, plain and with
    COMPRESS."""
    some, out = min(count // 2, 5000), {}
    for name in "plain", "COMPRESS":
        c = Connection(port, user, password)
        if name == "COMPRESS":
            c.compress()
        c.run("SELECT %s" % mailbox)
        c.run("FETCH 1:%d (BODY.PEEK[])" % some)
        out["FETCH BODY of %d, %s" % (some, name)] = min(
            c.run("FETCH 1:%d (BODY.PEEK[])" % some)[0] for _ in range(3))
        c.sock.close()
    return out


NOTIFY = "NOTIFY SET (PERSONAL (MessageNew MessageExpunge))"


def notified(port, user, password, mailboxes=1000, tries=50):
    """name -> seconds: of a NOTIFY for so many mailboxes, and from an APPEND
    to any of them until the other session is told."""
    c, other = (Connection(port, user, password) for _ in range(2))
    for i in range(mailboxes):
        other.run("CREATE many%d" % i)
    asked, waits = c.run(NOTIFY)[0], []
    for i in range(tries):
        start = time.perf_counter()
        other.run("APPEND many%d {8+}\r\nA: b\r\n\r\n"
                  % (i * mailboxes // tries))
        seen = b""
        while b"many%d " % (i * mailboxes // tries) not in seen:
            seen += c.receive()[0]
        waits.append(time.perf_counter() - start)
    for one in c, other:
        one.sock.close()
    return {"NOTIFY of %d mailboxes" % mailboxes: asked,
            "APPEND to one of them until it is told": sorted(waits)[tries // 2]}


def times(port, user, password, mailbox, count):
    """name -> seconds, of each step, on one connection."""
    c = Connection(port, user, password)
    out = {}
    for name, text in steps(count):
        try:
            out[name] = c.run(text % mailbox if "%s" in text else text)[0]
        except Refused:
            pass
    c.sock.close()
    out.update(compressed(port, user, password, mailbox, count))
    return out
