"""generate_mimepart.py -- keys of SEARCH MIMEPART at random.

Half of them are true of a part that is there, or nearly: of keys about nothing
every answer is the same.
"""
import messages
from mimepart import PEOPLE, Spot


def generate(pick, rng, text, dates, there):
    """there: Messages that are searched."""
    if not there or rng.random() < 0.25:
        return any_key(pick, rng, text, dates)
    rich = [x for x in there if x.part.children]
    message = rng.choice(rich if rich and rng.random() < 0.7 else there)
    top = Spot(message.part, message.decoded())
    every = [top, *top.below()]
    rare = [x for x in every if x.part.inner or x.part.placed]
    spot = rng.choice(rare if rare and rng.random() < 0.6 else every)
    keys = [true_of(spot, pick) for _ in range(pick(1, 2, 2, 3))]
    kind = rng.randrange(7)
    if kind == 0 and spot.parent:
        keys.append(b"PARENT " + true_of(spot.parent, pick))
    elif kind == 1 and spot.children:
        below = rng.choice(list(spot.below()))
        keys.append(b"CHILD (DEPTH %d %s)" % (
            below.depth - spot.depth, true_of(below, pick)))
    elif kind == 2:
        keys.append(pick(b"NOT ", b"NOT CHILD ", b"NOT PARENT ") +
                    true_of(rng.choice(every), pick))
    elif kind == 3:
        keys = [b"OR %s %s" % (keys[0], true_of(spot, pick))]
    elif kind == 4:             # of two parts, and perhaps of none
        keys = [place(spot, pick), true_of(rng.choice(every), pick)]
    return b"(%s)" % b" ".join(keys)


def place(spot, pick):
    return pick(b"INDEX %d" % (spot.position or 1), b"DEPTH %d" % spot.depth,
                b"SUBTYPE " + spot.part.kind[1].encode())


def true_of(spot, pick):
    """A key that the part matches, or nearly."""
    if spot.part.inner and pick(True, True, False):
        return pick(*pick(*of_envelope(spot.part.inner)))
    part, size = spot.part, len(spot.part.body)
    keys = [b"TYPE " + some_of(part.kind[0], pick),
            b"SUBTYPE " + some_of(part.kind[1], pick),
            pick(b"DEPTH %d", b"DEPTH MIN %d", b"DEPTH MAX %d") % spot.depth,
            pick(b"SIZE %d" % size, b"SIZE LARGER %d" % max(0, size - 1),
                 b"SIZE SMALLER %d" % (size + 1), b"SIZE LARGER %d" % size,
                 b"SIZE SMALLER %d" % size)]
    if spot.position:
        keys.append(b"INDEX %d" % spot.position)
    if not part.children:
        keys.append(b"ENCODING " + some_of(part.encoding, pick))
    for name, value in part.params:
        keys.append(b'PARAM %s "%s"' % (name.encode(), some_of(value, pick)))
    params = {name for name, _ in part.params}
    keys.append(b"PARAM %s NIL" % pick(*sorted(
        {"charset", "name", "boundary"} - params, key=str)).encode())
    about = []
    for name, text in part.about.items():
        name = name[len("Content-"):].upper().encode()
        words = text.split(", " if name == b"LANGUAGE" else None)
        about.append(b'%s "%s"' % (name, some_of(pick(*words), pick)))
    if part.placed:
        about.append(b"DISPOSITION TYPE " + some_of(part.placed, pick))
    named = []
    if part.disposition:
        some = some_of(part.disposition, pick)
        named = [b'%s "%s"' % (x, some) for x in (
            b"FILENAME IS", b"FILENAME BEGINS", b"FILENAME ENDS", b"FILENAME",
            b"DISPOSITION PARAM filename")]
    for text in spot.body()[:1] if not part.children else ():
        words = [x for x in text.split() if x.isascii() and x.isalnum()]
        keys += [b"BODY " + pick(*words).encode()] if words else []
    plain = [(name, some_of(text, pick)) for name, text in spot.fields
             if name.upper() not in PEOPLE and '"' not in text]
    written = [b'HEADER %s "%s"' % (x.encode(), y) for x, y in plain]
    written += [b'TEXT "%s"' % y for _, y in plain if not part.children]
    return pick(*pick(*[x for x in (keys, about, named, written) if x]))


def some_of(text, pick):
    """All of it, perhaps in other letters, or a part; NIL for what it takes
    another way to ask for.
    """
    if not text.isascii():
        return b"NIL"
    text = pick(text, text, text.swapcase(), text[:2], text[-2:], text[1:3])
    return text.encode()


def of_envelope(inner):
    """In groups that are as likely as each other; of people those who stand
    in one field and not in From, which stands for others.
    """
    people = [b"%s %s" % (name.encode(), x[1].encode()) for name in PEOPLE
              for x in sorted({y for them in inner.people() for y in them})]
    apart = [b"%s %s" % (name.encode(), x[1].encode())
             for name, them in zip(PEOPLE, inner.people()) for x in them
             if x != inner.sender]
    ids = [b'SUBJECT ""', b"SUBJECT inn"]
    ids += [b'MESSAGE-ID "%s"' % inner.ident] if inner.ident else []
    ids += [b'IN-REPLY-TO "%s"' % x for x in inner.references]
    if not inner.date:
        return people, apart or people, ids
    day = inner.date.strftime("%d-%b-%Y").encode()
    return people, apart or people, ids, [
        b"SENTON " + day, b"SENTON " + day, b"SENTSINCE " + day,
        b"SENTBEFORE " + day]


def relation(pick):
    """One that it matters for where the parts are."""
    what = pick(b"TYPE text", b"SUBTYPE html", b"TYPE multipart",
                b"SUBTYPE plain", b"TYPE message", b"FILENAME BEGINS A")
    where = pick(b"TYPE multipart", b"SUBTYPE mixed", b"TYPE message",
                 b"DEPTH 0", b"SUBTYPE alternative")
    return pick(b"(%s CHILD (DEPTH 1 %s))" % (where, what),
                b"(%s CHILD (DEPTH MIN 2 %s))" % (where, what),
                b"(%s CHILD %s)" % (where, what),
                b"(%s PARENT %s)" % (what, where),
                b"(%s NOT PARENT %s)" % (what, where),
                b"(%s PARENT PARENT %s)" % (what, where))


def any_key(pick, rng, text, dates, depth=0):
    """One mpart-key; text gives an astring, dates are some."""
    if rng.random() < 0.3:
        return relation(pick)
    kind = rng.randrange(24 if depth < 4 else 16)
    if kind < 3:
        return pick(b"TYPE text", b"type \"MULTIPART\"", b"TYPE message",
                    b"TYPE application", b"TYPE tex")
    if kind < 5:
        return pick(b"SUBTYPE ", b"subtype ") + pick(
            b"plain", b"HTML", b'"mixed"', b"alternative", b"rfc822")
    if kind < 7:
        return pick(b"FILENAME", b"FILENAME IS", b"FILENAME CONTAINS",
                    b"filename begins", b"FILENAME ENDS") + b" " + pick(
                        b'"a.bin"', b'"A."', b'""', b'".bin"', b"NIL", b"bin")
    if kind == 7:
        return pick(b"ENCODING base64", b'ENCODING "7BIT"', b"ENCODING NIL",
                    b"ID NIL", b'MD5 "x"', b"LANGUAGE NIL", b"LOCATION NIL",
                    b"DESCRIPTION NIL")
    if kind == 8:
        return pick(b"PARAM charset ", b"PARAM name ", b"PARAM NAME ",
                    b"DISPOSITION PARAM filename ") + pick(
                        b"NIL", b'""', b'"utf"', b'"BIN"')
    if kind == 9:
        return pick(b"DISPOSITION TYPE attachment", b"DISPOSITION TYPE NIL",
                    b'disposition type "inline"', b"DISPOSITION x",
                    b"INDEX 1", b"INDEX 2", b"INDEX 0")
    if kind == 10:
        return pick(b"SIZE ", b"SIZE LARGER ", b"SIZE SMALLER ") + pick(
            b"0", b"20", b"60", b"200")
    if kind < 13:
        return pick(b"DEPTH ", b"DEPTH MIN ", b"DEPTH MAX ", b"DEPTH ") + pick(
            b"0", b"1", b"2", b"3")
    if kind == 13:
        return pick(b"BODY ", b"TEXT ", b"BODY ", b"HEADER Subject ",
                    b"HEADER Content-Type ") + text()
    if kind == 14:
        return pick(b"FROM ", b"TO ", b"CC ", b"BCC ", b"SUBJECT ",
                    b"SENDER ", b"MESSAGE-ID ", b"IN-REPLY-TO ") + text()
    if kind == 15:
        return pick(b"SENTBEFORE ", b"SENTON ", b"SENTSINCE ") + \
            rng.choice(dates).encode()

    def inner():
        return any_key(pick, rng, text, dates, depth + 1)
    if kind < 18:
        return pick(b"CHILD ", b"PARENT ") + pick(b"EXISTS", inner(), inner())
    if kind < 20:
        return b"NOT " + inner()
    if kind == 20:
        return b"OR %s %s" % (inner(), inner())
    return b"(" + b" ".join(inner() for _ in range(pick(1, 2, 2, 3))) + b")"


def some_text(rng):
    word = rng.choice(messages.WORDS + ["example", "inner", "Lee", "base64"])
    return word if rng.random() < 0.7 else word.upper()
