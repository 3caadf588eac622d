"""mimepart.py -- SEARCH MIMEPART, from the draft alone.

draft-bosch-imap-search-mimepart-00 section 3.1, and what decision 33 has on
NIL and SIZE. Each part is asked for by itself, again for each key: nothing is
kept, as in the draft's words.
"""
from cursor import Bad

NSTRING = {"DESCRIPTION", "ENCODING", "ID", "LANGUAGE", "LOCATION", "MD5"}
ASTRING = {"BCC", "BODY", "CC", "FROM", "IN-REPLY-TO", "MESSAGE-ID",
           "REPLY-TO", "SENDER", "SUBJECT", "SUBTYPE", "TEXT", "TO", "TYPE"}
DATES = {"SENTBEFORE", "SENTON", "SENTSINCE"}
PEOPLE = ["FROM", "SENDER", "REPLY-TO", "TO", "CC", "BCC"]
MATCHES = {"IS": str.__eq__, "CONTAINS": str.__contains__,
           "BEGINS": str.startswith, "ENDS": str.endswith}


# -- the grammar, section 4 --

def nstring(c):
    """None for NIL."""
    string = c.peek(b'"') or c.peek(b"{")
    text = c.astring()
    return None if not string and text.upper() == b"NIL" else text


def parse(c):
    """mpart-key"""
    if c.peek(b"("):
        return ("AND", c.list_of(lambda: parse(c)))
    name = c.word()
    c.need(b" ")
    if name == "NOT":
        return (name, parse(c))
    if name == "OR":
        first = parse(c)
        c.need(b" ")
        return (name, first, parse(c))
    if name in ("CHILD", "PARENT"):
        if c.data[c.at:c.at + 6].upper() == b"EXISTS":
            c.at += 6
            return (name, None)
        return (name, parse(c))
    if name in NSTRING:
        return (name, nstring(c))
    if name in ASTRING:
        return (name, c.astring())
    if name in DATES:
        return (name, c.date())
    if name in ("PARAM", "HEADER"):
        return named(c, name)
    return parse_choice(c, name)


def named(c, name):
    field = c.astring().decode("latin-1").lower()
    c.need(b" ")
    return (name, field, nstring(c) if name != "HEADER" else c.astring())


def parse_choice(c, name):
    words = {"DEPTH": ("MIN ", "MAX "), "SIZE": ("LARGER ", "SMALLER "),
             "DISPOSITION": ("TYPE ", "PARAM "), "INDEX": (),
             "FILENAME": [x + " " for x in MATCHES]}
    if name not in words:
        raise Bad("no key of MIMEPART")
    choice = ""
    for word in words[name]:
        if c.data[c.at:c.at + len(word)].upper() == word.encode():
            c.at += len(word)
            choice = word.strip()
    if name == "DISPOSITION" and not choice:
        raise Bad("TYPE or PARAM")
    if choice == "PARAM":
        return named(c, "DISPOSITION-PARAM")
    if name == "FILENAME" and not choice:
        if not c.peek(b'"') and not c.peek(b"{") and \
                c.data[c.at:c.at + 3].upper() != b"NIL":
            raise Bad("no string")
        choice = "CONTAINS"
    if name in ("FILENAME", "DISPOSITION"):
        return (name, choice, nstring(c))
    return (name, choice, c.number(2 ** 63 - 1 if name == "SIZE" else
                                   2 ** 32 - 1))


# -- the parts --

class Spot:
    """A part in its place."""

    def __init__(self, part, fields, parent=None, position=None):
        self.part, self.parent, self.position = part, parent, position
        self.fields = fields            # [(name in lower case, text)]
        self.depth = parent.depth + 1 if parent else 0
        self.children = [
            Spot(x, x.decoded(), self, n)
            for n, x in enumerate(part.children, 1)]
        if part.inner:
            self.children = [Spot(part.inner.part, part.inner.decoded(), self)]

    def below(self):
        for child in self.children:
            yield child
            yield from child.below()

    def body(self):
        """The texts in which BODY looks."""
        out = [] if self.part.kind[0] != "text" else [
            self.part.payload.decode()]
        if self.part.inner:
            inner = self.children[0]
            out += inner.lines()
        return out + [x for y in self.children for x in y.body()]

    def lines(self):
        return ["%s: %s" % x for x in self.fields]

    def headers(self):
        return self.lines() + [x for y in self.children for x in y.headers()]


class Asked:
    """The keys of one MIMEPART, of one message."""

    def __init__(self, message, decode):
        self.decode = decode        # octets -> str or None
        self.top = Spot(message.part, message.decoded())

    def matches(self, key):
        return any([self.ask(key, x, 0)
                    for x in [self.top, *self.top.below()]])

    def ask(self, key, spot, base):
        method = getattr(self, "key_" + key[0].lower().replace("-", "_"))
        return method(key, spot, base)

    def key_and(self, key, spot, base):
        return all(self.ask(x, spot, base) for x in key[1])

    def key_or(self, key, spot, base):
        return self.ask(key[1], spot, base) or self.ask(key[2], spot, base)

    def key_not(self, key, spot, base):
        return not self.ask(key[1], spot, base)

    def key_child(self, key, spot, _base):
        return any(key[1] is None or self.ask(key[1], x, spot.depth)
                   for x in spot.below())

    def key_parent(self, key, spot, base):
        return spot.parent is not None and (
            key[1] is None or self.ask(key[1], spot.parent, base))

    # -- numbers --

    def key_depth(self, key, spot, base):
        depth = spot.depth - base
        return depth >= 0 and {"": depth == key[2], "MIN": depth >= key[2],
                               "MAX": depth <= key[2]}[key[1]]

    def key_index(self, key, spot, _base):
        return spot.position == key[2]

    def key_size(self, key, spot, _base):
        size = len(spot.part.body)
        return {"": size == key[2], "LARGER": size > key[2],
                "SMALLER": size < key[2]}[key[1]]

    # -- texts --

    def compare(self, text, wanted, match):
        """wanted: octets, or None for NIL."""
        if text is None or wanted is None:
            return text is wanted
        wanted = self.decode(wanted)
        return wanted is not None and MATCHES[match](text.casefold(),
                                                     wanted.casefold())

    def key_type(self, key, spot, _base):
        return self.compare(spot.part.kind[0], key[1], "IS")

    def key_subtype(self, key, spot, _base):
        return self.compare(spot.part.kind[1], key[1], "IS")

    def key_encoding(self, key, spot, _base):
        encoding = spot.part.encoding
        if spot.part.children:          # its header has none
            encoding = None
        return self.compare(encoding, key[1], "IS")

    def about(self, key, spot, match):
        name = "Content-" + {"ID": "ID", "MD5": "MD5"}.get(
            key[0], key[0].capitalize())
        return self.compare(spot.part.about.get(name), key[1], match)

    def key_id(self, key, spot, _base):
        return self.about(key, spot, "IS")

    key_location = key_md5 = key_id

    def key_description(self, key, spot, _base):
        return self.about(key, spot, "CONTAINS")

    def key_language(self, key, spot, _base):
        return any(self.compare(x, key[1], "IS")
                   for x in spot.part.languages() or [None])

    def param(self, params, name, wanted, match="CONTAINS"):
        texts = [value for x, value in params if x.lower() == name]
        if wanted is None:
            return not texts
        return any(self.compare(x, wanted, match) for x in texts)

    def key_param(self, key, spot, _base):
        return self.param(spot.part.params, key[1], key[2])

    def disposition(self, spot):
        name = spot.part.disposition
        return [("filename", name)] if name else []

    def key_disposition(self, key, spot, _base):
        return self.compare(spot.part.placed, key[2], "IS")

    def key_disposition_param(self, key, spot, _base):
        return self.param(self.disposition(spot), key[1], key[2])

    def key_filename(self, key, spot, _base):
        return key[2] is not None and spot.part.placed == "attachment" and \
            self.param(self.disposition(spot), "filename", key[2], key[1])

    # -- the message itself --

    def key_header(self, key, spot, _base):
        return any(self.compare(text, key[2], "CONTAINS")
                   for name, text in spot.fields if name == key[1])

    def among(self, texts, wanted):
        return self.decode(wanted) == "" or any(
            self.compare(x, wanted, "CONTAINS") for x in texts)

    def key_body(self, key, spot, _base):
        return not spot.part.children and self.among(spot.body(), key[1])

    def key_text(self, key, spot, _base):
        return not spot.part.children and self.among(
            spot.body() + spot.headers(), key[1])

    # -- envelopes --

    def envelope(self, key, spot, texts):
        return spot.part.inner is not None and self.compare(
            ", ".join(texts(spot.part.inner)), key[1], "CONTAINS")

    def key_subject(self, key, spot, _base):
        return self.envelope(key, spot, lambda x: [x.subject or ""])

    def key_from(self, key, spot, _base):
        place = PEOPLE.index(key[0])
        return self.envelope(key, spot, lambda x: people(x.people()[place]))

    key_sender = key_reply_to = key_to = key_cc = key_bcc = key_from

    def key_message_id(self, key, spot, _base):
        return self.envelope(key, spot, lambda x: [x.ident.decode()])

    def key_in_reply_to(self, key, spot, _base):
        return self.envelope(
            key, spot, lambda x: [y.decode() for y in x.references[-1:]])

    def sent(self, key, spot, is_it):
        inner = spot.part.inner
        return inner is not None and inner.date is not None and \
            is_it(inner.date.date(), key[1])

    def key_sentbefore(self, key, spot, _base):
        return self.sent(key, spot, lambda x, y: x < y)

    def key_senton(self, key, spot, _base):
        return self.sent(key, spot, lambda x, y: x == y)

    def key_sentsince(self, key, spot, _base):
        return self.sent(key, spot, lambda x, y: x >= y)


def people(them):
    return ["%s <%s@%s>" % x if x[0] else "<%s@%s>" % x[1:] for x in them]
