"""hostile.py -- messages made to cost their reader more than their writer.

messages(scale) gives name -> text, all with CRLF; a scale of 1 is the full
size. None is longer than the server's limit for a message.
"""
import base64
import random

TEXT = b"Content-Type: text/plain\r\n\r\n"
MIXED = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n"
RFC822 = b"Content-Type: message/rfc822\r\n\r\n"
HEAD = b"From: mallory@example.net\r\nSubject: hostile\r\n"


def header(name, value):
    return HEAD + name + b": " + value + b"\r\n\r\nbody\r\n"


def body(fields, text):
    return HEAD + fields + b"\r\n" + text + b"\r\n"


def folded(items):
    """One field's value, each item in a line of its own."""
    return b",\r\n ".join(items)


def deep(n, prefix=b""):
    """Multiparts inside each other, each boundary named."""
    out = [HEAD]
    for i in range(n):
        out.append(MIXED % (prefix + b"b%d" % i))
        out.append(b"--" + prefix + b"b%d\r\n" % i)
    return b"".join(out) + TEXT + b"x\r\n"


def flat(n, part=b"\r\nx\r\n"):
    return HEAD + MIXED % b"b" + (b"--b\r\n" + part) * n + b"--b--\r\n"


def cyclic(n):
    """The same boundary at every level, through embedded messages."""
    return HEAD + (MIXED % b"b" + b"--b\r\n" + RFC822) * n + b"x\r\n"


def near_boundaries(n):
    """Each line begins as the boundary does, and differs at its end."""
    name = b"=" * 69
    return (HEAD + MIXED % (b'"' + name + b'"') + b"--" + name + b"\r\n\r\n" +
            (b"--" + name[:-1] + b"-\r\n") * n)


def many_boundaries(lines):
    """As many open levels as there may be, then lines that may end any."""
    return deep(100) + b"--b\r\n" * lines


def colliding(n):
    """Message ids that many simple hashes take for one."""
    return b"\r\n ".join(b"<%s@x>" % b"".join(
        (b"Aa", b"BB")[i >> k & 1] for k in range(17)) for i in range(n))


def addresses(n):
    return header(b"To", folded(b"u%d@example.net" % i for i in range(n)))


def octets(n, seed=9001):
    raw = random.Random(seed).randbytes(n)
    return raw.replace(b"\r", b" ").replace(b"\n", b" ").replace(b"\0", b" ")


def lines(data, width=76):
    return b"\r\n".join(data[i:i + width] for i in range(0, len(data), width))


def messages(scale=1.0):
    def n(count):
        return max(2, int(count * scale))

    def fill(unit, size):
        return unit * (n(size) // len(unit))

    table = {
        "5,000 multiparts deep": deep(n(5000)),
        "deep, long boundaries": deep(n(5000), b"x" * 60),
        "100,000 parts": flat(n(100000)),
        "100,000 parts without header": flat(n(100000), b""),
        "20,000 parts with fields": flat(
            n(20000), b"Content-Type: text/plain; name=a\r\n\r\nx\r\n"),
        "20,000 embedded messages": flat(n(20000), RFC822 + b"To: a\r\n\r\n"),
        "5,000 messages deep": HEAD + RFC822 * n(5000) + b"x\r\n",
        "cyclic messages": cyclic(n(3000)),
        "digest of digests": HEAD + (
            b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n"
        ) * n(5000),
        "near boundaries": near_boundaries(n(60000)),
        "many boundaries open": many_boundaries(n(500000)),
        "nothing but dashes": body(MIXED[:-4] % b"-" + b"\r\n",
                                   fill(b"--\r\n", 4e6)),
        "500,000 addresses": addresses(n(500000)),
        "addresses of commas": header(b"To", lines(fill(b",", 2e6))),
        "addresses of brackets": header(b"To", lines(fill(b"<", 2e6))),
        "one group of many": header(b"Cc", b"g: " + folded(
            b"u%d@x" % i for i in range(n(200000))) + b";"),
        "groups": header(b"Cc", folded([b"g:;"] * n(300000))),
        "comments deep": header(b"From", lines(fill(b"(", 2e6))),
        "comments in pairs": header(b"From", lines(fill(b"()", 2e6))),
        "quotes and backslashes": header(b"From", lines(fill(b'"\\', 2e6))),
        "routes": header(b"To", lines(fill(b"<@a,", 2e6))),
        "one name of 2 MB": header(b"From", lines(fill(b"name ", 2e6))),
        "100,000 references": header(b"References", b"\r\n ".join(
            b"<r%d@example.net>" % i for i in range(n(100000)))),
        "colliding references": header(b"References", colliding(n(50000))),
        "references of brackets": header(b"References",
                                         lines(fill(b"<", 2e6))),
        "20,000 parameters": header(b"Content-Type", b"text/plain;\r\n " +
                                    b";\r\n ".join(b"p%d=v" % i
                                                   for i in range(n(20000)))),
        "parameters in pieces": header(
            b"Content-Type", b"text/plain;\r\n " + b";\r\n ".join(
                b"name*%d*=%%41" % i for i in range(n(50000)))),
        "parameters backwards": header(
            b"Content-Disposition", b"attachment;\r\n " + b";\r\n ".join(
                b"filename*%d=a" % i for i in range(n(50000), 0, -1))),
        "bad 2231": header(b"Content-Type", b"text/plain; name*=" +
                           lines(fill(b"%", 2e6))),
        "200,000 fields": HEAD + b"X: y\r\n" * n(200000) + b"\r\nbody\r\n",
        "200,000 subjects": HEAD + b"Subject: =?utf-8?q?=41?=\r\n"
                            * n(200000) + b"\r\nbody\r\n",
        "fields without colon": HEAD + b"nothing\r\n" * n(200000) +
                                b"\r\nbody\r\n",
        "one field of 10 MB": header(b"X-Long", lines(fill(b"x", 10e6))),
        "continuations": HEAD + b"Subject: a\r\n" + b" b\r\n" * n(1000000) +
                         b"\r\nbody\r\n",
        "only a header": HEAD + fill(b"Received: from a by b; now\r\n", 5e6),
        "bad encoded words": header(b"Subject",
                                    lines(fill(b"=?utf-8?q?=?=", 2e6))),
        "open encoded words": header(b"Subject", lines(fill(b"=?", 2e6))),
        "encoded words of no charset": header(
            b"Subject", b"\r\n ".join([b"=?x-none?b?/////w==?="] * n(80000))),
        "a charset a word": header(b"Subject", b"\r\n ".join(
            (b"=?iso-2022-jp?b?GyRC?=", b"=?gb18030?b?gTCB?=")[i % 2]
            for i in range(n(80000)))),
        "a charset a part": flat(
            n(9000), b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n"
                     b"\x1b$B$\r\n"),
        "a charset of 1 MB": header(b"Content-Type", b"text/plain; charset=" +
                                    lines(fill(b"utf-8", 1e6))),
        "bad charset text": body(
            b"Content-Type: text/plain; charset=iso-2022-jp\r\n",
            lines(fill(b"\x1b$B$\x1b(B", 5e6))),
        "bad base64": body(b"Content-Transfer-Encoding: base64\r\n",
                           lines(fill(b"=A==", 5e6))),
        "bad quoted-printable": body(
            b"Content-Transfer-Encoding: quoted-printable\r\n",
            lines(fill(b"=", 5e6))),
        "a line of 10 MB": body(b"", fill(b"a", 10e6)),
        "10 MB of octets": body(b"Content-Type: text/plain\r\n",
                                octets(n(10e6))),
        "a base64 line of 10 MB": body(
            b"Content-Transfer-Encoding: base64\r\n",
            base64.b64encode(octets(n(7e6)))),
        "empty lines": body(b"", fill(b"\r\n", 5e6)),
        "HTML of tags": body(b"Content-Type: text/html\r\n",
                             lines(fill(b"<a ", 5e6))),
        "HTML of entities": body(b"Content-Type: text/html\r\n",
                                 lines(fill(b"&#", 5e6))),
        "characters to combine": body(
            b"Content-Type: text/plain; charset=utf-8\r\n",
            lines(fill("\u0301".encode(), 4e6))),
        "NUL": body(b"", b"a\0b\0" + fill(b"\0c\0\0", 1e6)),
    }
    return table
