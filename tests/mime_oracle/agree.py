#!/usr/bin/env python3
"""Compares digests with Python's email package, message by message.

    agree.py DIGEST_DUMP DATA_DIRECTORY [-v]

DATA_DIRECTORY is searched for files that hold one message each (*.txt,
*.eml, or maildir names). Messages in which the email package itself finds a
defect are counted apart. Exits with 1 when fewer than 99 % of the others
agree in any respect, or when a message has no digest.
"""
import collections
import email
import email.header
import email.utils
import os
import re
import subprocess
import sys

WANTED = 0.99


def read_list(text):
    """A parenthesised IMAP list as nested Python lists."""
    token = re.compile(r'\(|\)|"((?:[^"\\]|\\.)*)"|[^\s()"]+')
    stack = [[]]
    end = 0
    for match in token.finditer(text):
        if text[end:match.start()].strip():
            raise ValueError("between tokens: " + text[end:match.start()])
        end = match.end()
        if match[0] == "(":
            stack.append([])
        elif match[0] == ")":
            done = stack.pop()
            stack[-1].append(done)
        elif match[0].startswith('"'):
            stack[-1].append(re.sub(r"\\(.)", r"\1", match[1]))
        else:
            stack[-1].append(None if match[0] == "NIL" else int(match[0]))
    if len(stack) != 1 or len(stack[0]) != 1:
        raise ValueError("unbalanced")
    return stack[0][0]


def crlf(raw):
    return re.sub(rb"(?<!\r)\n", b"\r\n", raw)


def octets(text):
    return len(text.encode("ascii", "surrogateescape"))


def defects(message):
    return [d for part in message.walk() for d in part.defects]


def theirs(message):
    """The structure as the email package sees it."""
    kind = message.get_content_type()
    if message.is_multipart() and message.get_content_maintype() != "message":
        return [kind] + [theirs(part) for part in message.get_payload()]
    if kind == "message/rfc822" and message.is_multipart():
        return [kind, theirs(message.get_payload(0))]
    if message.is_multipart():
        return [kind]
    # get_payload() would already undo the charset of 8-bit text
    return [kind, octets(message._payload)]


def ours(body):
    """The same of a BODYSTRUCTURE."""
    parts = [item for item in body if isinstance(item, list)]
    if isinstance(body[0], list):
        count = next(i for i, x in enumerate(body) if not isinstance(x, list))
        return ["multipart/" + body[count]] + [ours(p) for p in parts[:count]]
    kind = body[0] + "/" + body[1]
    if kind == "message/rfc822":
        return [kind, ours(body[8])]
    if body[0] == "message":
        return [kind]
    return [kind, body[6]]


def unfolded(value):
    return re.sub(r"[\r\n]", "", str(value)).replace("\t", " ").strip()


def is_raw(value):
    return any(ord(c) > 126 or ord(c) < 32 for c in unfolded(value))


def addresses(message, name):
    fields = [unfolded(v) for v in message.get_all(name, [])]
    return [a.lower() for _, a in email.utils.getaddresses(fields) if a]


def our_addresses(value):
    return ["@".join(x for x in (a[2], a[3]) if x).lower()
            for a in value or [] if a[3] is not None and a[2]]


def sent(message):
    parsed = email.utils.parsedate_tz(unfolded(message.get("Date", "")))
    try:
        return email.utils.mktime_tz(parsed) if parsed else None
    except (ValueError, OverflowError):
        return None


def compare(message, digest):
    """What agrees: a dict from the respect to (ours, theirs)."""
    envelope = read_list(digest["envelope"])
    body = read_list(digest["bodystructure"])
    both = {
        "structure": (ours(body), theirs(message)),
        "date": (int(digest["sent"].split()[0]) if "sent" in digest else None,
                 sent(message)),
    }
    subject = message.get("Subject")
    if subject is None or not is_raw(subject):
        both["subject"] = (envelope[1], subject and unfolded(subject))
        if subject is not None and not subject.strip():
            both["subject"] = (envelope[1], "")
    for index, name in ((2, "From"), (5, "To"), (6, "Cc")):
        if not any(is_raw(v) for v in message.get_all(name, [])):
            both[name.lower()] = (our_addresses(envelope[index]),
                                  addresses(message, name))
    return both


def digests(program, names):
    """Runs the program over all names and yields one dict a message."""
    run = subprocess.run([program], input="\n".join(names) + "\n",
                         capture_output=True, text=True, check=True,
                         errors="surrogateescape")
    digest = None
    for line in run.stdout.split("\n"):
        key, _, value = line.partition(" ")
        if key == "file":
            if digest:
                yield digest
            digest = {}
        if digest is not None:
            digest[key] = value
    if digest:
        yield digest


def messages_below(directory):
    for at, _, names in sorted(os.walk(directory)):
        for name in sorted(names):
            if name.endswith((".txt", ".eml")) or ":2," in name:
                yield os.path.join(at, name)


def main():
    program, directory = sys.argv[1:3]
    verbose = "-v" in sys.argv
    names = list(messages_below(directory))
    agreed = collections.Counter()
    compared = collections.Counter()
    defective = 0
    seen = 0
    for name, digest in zip(names, digests(program, names)):
        seen += 1
        raw = open(name, "rb").read()
        message = email.message_from_bytes(crlf(raw))
        if int(digest["size"]) != len(crlf(raw)):
            sys.exit(f"{name}: size {digest['size']}, not {len(crlf(raw))}")
        if defects(message):
            defective += 1
            read_list(digest["envelope"])
            read_list(digest["bodystructure"])
            continue
        for what, (a, b) in compare(message, digest).items():
            compared[what] += 1
            agreed[what] += a == b
            if a != b and verbose:
                print(f"{what}: {name}\n  ours   {a}\n  theirs {b}")
    print(f"{seen} of {len(names)} messages, {defective} with defects")
    for what in compared:
        print(f"{what:10} {agreed[what]:5} of {compared[what]:5} agree")
    short = [w for w in compared if agreed[w] < WANTED * compared[w]]
    sys.exit(1 if short or seen != len(names) or not names else 0)


if __name__ == "__main__":
    main()
