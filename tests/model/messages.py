"""messages.py -- messages of which everything is known before they are sent.

A message is composed part by part, so that what FETCH and SEARCH must say
of it needs no MIME parser: RFC 9051 sections 6.4.4, 6.4.5 and 7.5.2 read
against the tree that it was made from.
"""
import base64
import datetime
import quopri

WORDS = ["alpha", "bravo", "Foxtrot", "delta", "echo", "Gr\u00fc\u00dfe",
         "na\u00efve", "\u0437\u0430\u0440\u044f"]
PEOPLE = [("Ann Lee", "ann", "example.org"), ("Bob Ray", "bob", "example.net"),
          ("Lee, Cy", "cy.lee", "example.com"), ("", "dan", "example.org"),
          ("Zo\u00eb Oz", "zoe", "example.net")]
BEFORE = ["", "", "", "Re: ", "Fwd: ", "re: ", "RE:fw: ", "[list] ",
          "Re: [list] re[2]: ", "[a][b]", "Re:  ", "[x] Re [y] : ",
          "[open ", "Refer: "]
BEHIND = ["", "", "", "", "", " (fwd)", "]", " (FWD) (fwd)", " [z]"]
known = {}          # octets -> Message


def encoded_word(text):
    return b"=?utf-8?B?" + base64.b64encode(text.encode()) + b"?="


def unstructured(text):
    return text.encode() if text.isascii() else encoded_word(text)


def phrase(name):
    """A display name as it is written, and as ENVELOPE has it."""
    if not name.isascii():
        return encoded_word(name), encoded_word(name)
    if "," in name:
        return b'"' + name.encode() + b'"', name.encode()
    return name.encode(), name.encode()


def mailbox_text(person):
    name, local, host = person
    address = ("%s@%s" % (local, host)).encode()
    return phrase(name)[0] + b" <" + address + b">" if name else address


def address(person):
    name, local, host = person
    return [phrase(name)[1] if name else None, None, local.encode(),
            host.encode()]


class Part:
    """An entity: header, body as it travels, and what is inside."""

    def __init__(self, kind, params=(), encoding="7bit", disposition=None,
                 payload=b"", children=(), inner=None):
        self.kind = kind                # ("text", "plain")
        self.params = list(params)      # [(name, value)]
        self.encoding = encoding
        self.disposition = disposition  # its filename
        self.placed = "attachment" if disposition else None
        self.about = {}                 # field name -> text, as it is decoded
        self.payload = payload          # decoded
        self.children = list(children)
        self.inner = inner              # the Message of a message/rfc822
        self.implied = False            # no MIME fields at all
        self.body = self.make_body()

    def make_body(self):
        if self.inner:
            return self.inner.raw
        if self.children:
            line = b"--" + dict(self.params)["boundary"].encode()
            out = b"".join(line + b"\r\n" + x.mime() + x.body + b"\r\n"
                           for x in self.children)
            return out + line + b"--\r\n"
        if self.encoding == "base64":
            return base64.encodebytes(self.payload).replace(b"\n", b"\r\n")
        if self.encoding == "quoted-printable":
            return quopri.encodestring(self.payload.replace(
                b"\r\n", b"\n")).replace(b"\n", b"\r\n")
        return self.payload

    def fields(self):
        if self.implied:
            return []
        out = [(b"Content-Type", b"/".join(x.encode() for x in self.kind) +
                b"".join(b"; %s=%s" % (k.encode(), v.encode())
                         for k, v in self.params))]
        if not self.children and self.encoding != "7bit":
            out.append((b"Content-Transfer-Encoding", self.encoding.encode()))
        if self.placed:
            name = self.disposition
            out.append((b"Content-Disposition", self.placed.encode() + (
                b"; filename=" + name.encode() if name else b"")))
        return out + [(name.encode(), unstructured(text))
                      for name, text in self.about.items()]

    def decoded(self):
        """[(field name in lower case, text)]"""
        return [(name.lower().decode(), self.about.get(
            name.decode(), value.decode())) for name, value in self.fields()]

    def said_below(self):
        """What is in the headers of parts and may be in encoded words."""
        below = [self.inner.part] if self.inner else self.children
        return [*self.about.values(), *(
            x for y in below for x in y.said_below())]

    def said(self, name):
        """As BODYSTRUCTURE has it, in encoded words."""
        return unstructured(self.about[name]) if name in self.about else None

    def mime(self):
        return b"".join(b"%s: %s\r\n" % x for x in self.fields()) + b"\r\n"

    def texts(self):
        """The decoded text parts, RFC 9051 section 6.4.4."""
        if self.inner:
            return self.inner.part.texts()
        if self.children:
            return [t for x in self.children for t in x.texts()]
        return [self.payload.decode()] if self.kind[0] == "text" else []

    def bodies(self):
        """The same, and the fields of embedded messages."""
        inner = self.inner.fields_decoded() if self.inner else []
        below = [self.inner.part] if self.inner else self.children
        return inner + (self.texts() if not below else
                        [t for x in below for t in x.bodies()])

    def structure(self, extended):
        """BODYSTRUCTURE; BODY if not extended."""
        params = [x.encode() for pair in self.params for x in pair] or None
        disposition = self.placed and [self.placed.encode(), [
            b"filename", self.disposition.encode()]
            if self.disposition else None]
        languages = [x.encode() for x in self.languages()] or None
        behind = [disposition, languages, self.said("Content-Location")]
        if self.children:
            out = [x.structure(extended) for x in self.children]
            out.append(self.kind[1].encode())
            return out + [params, *behind] if extended else out
        out = [self.kind[0].encode(), self.kind[1].encode(), params,
               self.said("Content-ID"), self.said("Content-Description"),
               self.encoding.encode(), str(len(self.body))]
        if self.inner:
            out += [self.inner.envelope(),
                    self.inner.part.structure(extended)]
        if self.inner or self.kind[0] == "text":
            out.append(str(self.body.count(b"\r\n")))
        return out + [self.said("Content-MD5"), *behind] if extended else out

    def languages(self):
        text = self.about.get("Content-Language")
        return text.split(", ") if text else []


class Message:
    """A Part with the header of RFC 5322 in front."""

    def __init__(self, subject, sender, to, cc, date, ident, references,
                 label, part, others=([], [], [])):
        self.subject = subject          # str or None
        self.sender, self.to, self.cc = sender, to, cc
        self.date = date                # aware datetime or None
        self.ident = ident              # b"<...>" or None
        self.references = references    # [b"<...>"]
        self.label = label              # str or None
        self.part = part
        self.others = others            # Sender, Reply-To, Bcc: [person]
        self.header = b"".join(b"%s: %s\r\n" % x for x in self.fields())
        self.header += b"\r\n"
        self.raw = self.header + part.body

    def fields(self):
        out = []
        if self.date:
            out.append((b"Date", self.date.strftime(
                "%a, %d %b %Y %H:%M:%S %z").encode()))
        out.append((b"From", mailbox_text(self.sender)))
        for name, people in zip((b"Sender", b"Reply-To", b"Bcc", b"To", b"Cc"),
                                (*self.others, self.to, self.cc)):
            if people:
                out.append((name, b", ".join(map(mailbox_text, people))))
        if self.subject is not None:
            out.append((b"Subject", unstructured(self.subject)))
        if self.ident:
            out.append((b"Message-ID", self.ident))
        if self.references:
            out.append((b"In-Reply-To", self.references[-1]))
        if len(self.references) > 1:        # THREAD takes either field
            out.append((b"References", b" ".join(self.references)))
        if self.label is not None:
            out.append((b"X-Label", unstructured(self.label)))
        mime = self.part.fields()
        return out + ([(b"MIME-Version", b"1.0")] + mime if mime else [])

    def decoded(self):
        """[(field name in lower case, decoded text)] for SEARCH."""
        out = []
        people = {b"from": [self.sender], b"to": self.to, b"cc": self.cc,
                  **dict(zip((b"sender", b"reply-to", b"bcc"), self.others))}
        about = dict(self.part.decoded())
        for name, value in self.fields():
            name = name.lower()
            text = about.get(name.decode(), value.decode())
            if name == b"subject":
                text = self.subject
            if name == b"x-label":
                text = self.label
            if name in people:
                text = ", ".join("%s <%s@%s>" % x for x in people[name])
            out.append((name.decode(), text))
        return out

    def fields_decoded(self):
        """With their names, as BODY looks for them."""
        return ["%s: %s" % (name.decode(), value) for (name, _), (_, value)
                in zip(self.fields(), self.decoded())]

    def envelope(self):
        named = dict(self.fields())
        return [named.get(b"Date"), named.get(b"Subject"),
                *([address(x) for x in people] or None
                  for people in self.people()),
                named.get(b"In-Reply-To"), named.get(b"Message-ID")]

    def people(self):
        """From, Sender, Reply-To, To, Cc, Bcc: who stands there."""
        sender, reply_to, bcc = self.others
        return [[self.sender], sender or [self.sender],
                reply_to or [self.sender], self.to, self.cc, bcc]

    # -- sections --

    def find(self, path):
        """The Part at a section's numbers and the header in front of it;
        (None, None) if there is none.
        """
        if self.part.children:
            return self.inside(self.part, path)
        if path[0] != 1:
            return None, None
        if not path[1:]:
            return self.part, self.header
        return self.inside(self.part, path[1:])

    def inside(self, part, path):
        if part.inner:
            return part.inner.find(path)
        if not 1 <= path[0] <= len(part.children):
            return None, None
        child = part.children[path[0] - 1]
        return self.inside(child, path[1:]) if path[1:] else (
            child, child.mime())

    def section(self, path, text):
        """The octets of BODY[path.text]; None: there is no such part."""
        message = self
        if path:
            part, mime = self.find(path)
            if part is None:
                return None
            if not text:
                return part.body
            if text[0] == "MIME":
                return mime
            message = part.inner
            if message is None:
                return None
        if not text:
            return message.raw
        if text[0] == "HEADER":
            return message.header
        if text[0] == "TEXT":
            return message.part.body
        return fields_section(message, text[1], text[0].endswith("NOT"))

    def binary(self, path):
        """What BINARY[path] decodes to; None: not a leaf."""
        part = self.find(path)[0] if path else None
        if part is None or part.children or part.inner:
            return None
        return part.payload


def fields_section(message, names, inverted):
    names = {x.lower() for x in names}
    return b"".join(b"%s: %s\r\n" % x for x in message.fields()
                    if (x[0].lower() in names) != inverted) + b"\r\n"


# -- composing at random --

def describe(rng, part):
    """What may be said of a part besides, before anything is made of it."""
    if rng.random() < 0.7:
        return part
    n = rng.randrange(1000)
    says = {"Content-ID": "<p%d@example.org>" % n,
            "Content-Description": " ".join(rng.sample(WORDS, 2)),
            "Content-Language": rng.choice(["de", "en, de-AT", "de-AT, fr"]),
            "Content-Location": "http://example.org/%d" % n,
            "Content-MD5": base64.b64encode(rng.randbytes(16)).decode()}
    part.about = {k: v for k, v in says.items() if rng.random() < 0.5}
    if part.placed is None or rng.random() < 0.5:
        part.placed = "inline"
    if part.kind[0] == "text" and rng.random() < 0.5:
        part.disposition = rng.choice(["Plan.txt", "a.html"])
        part.placed = rng.choice(["inline", "attachment"])
    return part


def text_part(rng, subtype="plain"):
    lines = [" ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 4)))
             for _ in range(rng.randrange(1, 4))]
    text = "".join(x + "\r\n" for x in lines)
    if text.isascii() and rng.random() < 0.7:
        charset, encoding = "us-ascii", "7bit"
    else:
        charset = "utf-8"
        encoding = rng.choice(["base64", "quoted-printable", "8bit"])
    return describe(rng, Part(("text", subtype), [("charset", charset)],
                              encoding, payload=text.encode()))


def octets_part(rng):
    return describe(rng, Part(
        ("application", "octet-stream"), [("name", "a.bin")], "base64",
        "a.bin", rng.randbytes(rng.randrange(1, 90))))


def multipart(rng, subtype, *children):
    boundary = "b%d" % rng.randrange(10 ** 9)
    return describe(rng, Part(("multipart", subtype), [
        ("boundary", boundary)], children=children))


def random_part(rng):
    kind = rng.randrange(14)
    if kind < 5:
        part = text_part(rng)
        part.implied = part.params == [("charset", "us-ascii")] and \
            not part.placed and rng.random() < 0.8
        return part
    if kind < 7:
        return text_part(rng)
    if kind == 7:
        return multipart(rng, "alternative", text_part(rng),
                         text_part(rng, "html"))
    if kind == 8:
        return multipart(rng, "mixed", text_part(rng), octets_part(rng))
    if kind == 9:
        return multipart(rng, "mixed", multipart(
            rng, "alternative", text_part(rng), text_part(rng, "html")),
            octets_part(rng))
    return multipart(rng, "mixed", text_part(rng), describe(rng, Part(
        ("message", "rfc822"), inner=random_message(rng, inner=True))))


def random_date(rng):
    zone = datetime.timezone(datetime.timedelta(
        minutes=rng.choice([0, 0, 60, -480, 330])))
    return datetime.datetime(
        rng.randrange(2021, 2024), rng.randrange(1, 4), rng.randrange(1, 29),
        rng.randrange(24), rng.randrange(60), rng.randrange(60), 0, zone)


def ident(n):
    return b"<%d@example.org>" % n


def random_message(rng, inner=False):
    """One that the model knows by its octets from now on."""
    subject = " ".join(rng.choice(WORDS)
                       for _ in range(rng.choice([1, 1, 1, 2, 3])))
    subject = rng.choice(BEFORE) + subject + rng.choice(BEHIND)
    if rng.random() < 0.2:
        subject = "[Fwd: " + rng.choice(WORDS) + "]"
    references = rng.sample(range(30), rng.choice([0, 0, 1, 2, 3]))
    message = Message(
        "inner" if inner else subject if rng.random() < 0.95 else None,
        rng.choice(PEOPLE), rng.sample(PEOPLE, rng.randrange(3)),
        rng.sample(PEOPLE, rng.choice([0, 0, 1])),
        random_date(rng) if rng.random() < 0.95 else None,
        ident(rng.randrange(30, 10 ** 6) if inner or rng.random() < 0.6
              else rng.randrange(30)),
        [ident(x) for x in references],
        None if inner else rng.choice([None, None, "", rng.choice(WORDS)]),
        text_part(rng) if inner else random_part(rng),
        [rng.sample(PEOPLE, rng.choice([0, 1])) if inner else []
         for _ in range(3)])
    known[message.raw] = message
    return message
