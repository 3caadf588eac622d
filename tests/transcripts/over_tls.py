#!/usr/bin/env python3
"""over_tls.py -- the transcripts once more, against a real server over TLS.

usage: over_tls.py FILE...

The form of the files is described in script.h. What was there before is
brought in by APPEND; files that move the clock ("T:") run in process only.
The last line is "N passed, N failed".
"""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import Raw, Server  # noqa: E402

DIALOGUE = re.compile(r"([CS])(2?)(\??):(?: (.*))?$")
START = 1767225600      # 1 Jan 2026, the clock of the runs in process
NOW = re.escape(b'" 1-Jan-2026 00:00:00 +0000"')
ANY_DATE = rb'"[ \d]\d-[A-Z][a-z][a-z]-\d{4} \d\d:\d\d:\d\d [+-]\d{4}"'
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def unescape(text):
    return re.sub(rb"\\x([0-9a-fA-F]{2})",
                  lambda m: bytes([int(m.group(1), 16)]),
                  text.encode("utf-8", "surrogateescape"))


def read(path):
    """The steps of a file: (kind, ...) tuples with the line number first."""
    steps = []
    with open(path, errors="surrogateescape") as f:
        lines = f.read().split("\n")
    for number, line in enumerate(lines, 1):
        found = DIALOGUE.match(line)
        if found:
            kind, second, any_order, text = found.groups()
            steps.append((number, kind, bool(second), bool(any_order),
                          unescape(text or "")))
        elif line.startswith("mailbox "):
            name, n = re.match(r"mailbox (.*) with (\d+) ", line).groups()
            steps.append((number, "mailbox", name, int(n)))
        elif line.startswith("message "):
            name, flags, date = re.match(
                r"message (.*?)(?: \((.*)\))?(?: \"(.*)\")?$", line).groups()
            steps.append([number, "message", name, flags or "", date, b""])
        elif line.startswith("|"):
            steps[-1][5] += unescape(line[2:]) + b"\r\n"
        elif line.startswith("quota "):
            steps.append((number, "quota", line.split()[1:]))
        elif line.startswith("most "):
            steps.append((number, "most", int(line.split()[1])))
        elif line.startswith("account "):
            steps.append((number, "account", line.split()[2:]))
        elif line.startswith("shared "):
            steps.append((number, "shared"))
        elif line.startswith("administrator "):
            steps.append((number, "administrator", line.split()[1].encode()))
        elif line.startswith("T: "):
            steps.append((number, "time"))
    return steps


def make_others(server, user, steps):
    """The second session's account, and what the names in the file are here:
    in a domain of their own."""
    names, second = {b"demo@example.org": user}, user
    for step in steps:
        if step[1] == "account":
            second = names[b"bob@example.org"] = "bob-" + user
            names[b"DEMO@example.org"] = user.upper()
            server.add_user(second)
            for group in step[2]:
                server.roost("group", "add", group, second)
        elif step[1] == "shared":
            names[b"support@example.org"] = "support-" + user
            server.roost("user", "add", "--shared", "support-" + user)
        elif step[1] == "administrator":
            server.roost("user", "promote", names[step[2]])
    return names, second


def renamed(step, names):
    """Of a line of dialogue."""
    text = step[4]
    for name in names if len(names) > 1 else []:
        text = text.replace(name, names[name].encode())
    return step[:4] + (text,)


def made_up(i):
    return ("From: Sender %u <s%u@example.com>\r\nTo: demo@example.org\r\n"
            "Subject: message %u\r\nDate: Thu, 1 Jan 2026 0%u:00:00 +0000\r\n"
            "Message-ID: <m%u@example.com>\r\n\r\nThis is message %u.\r\n"
            % (i, i, i, i % 10, i, i)).encode()


def date_of(i):
    t = time.gmtime(START - 86400 * i)
    return "%2d-%s-%d %02d:%02d:%02d +0000" % (
        t.tm_mday, MONTHS[t.tm_mon - 1], t.tm_year, t.tm_hour, t.tm_min,
        t.tm_sec)


def append(raw, name, flags, date, text):
    raw.run(b'CREATE "%s"' % name.encode())
    raw.tags += 1
    raw.send(b'r%d APPEND "%s" (%s) "%s" {%d+}\r\n%s\r\n' % (
        raw.tags, name.encode(), flags.encode(), date.encode(), len(text),
        text))
    last = raw.until(b"r%d " % raw.tags)[-1]
    if b" OK" not in last:
        raise AssertionError("preparation: %r" % last)


def prepare(server, user, steps):
    raw = Raw(server.imaps_port).login(user)
    for step in steps:
        if step[1] == "mailbox":
            raw.run(b'CREATE "%s"' % step[2].encode())
            for i in range(1, step[3] + 1):
                append(raw, step[2], "", date_of(i), made_up(i))
        elif step[1] == "message":
            append(raw, step[2], step[3], step[4] or date_of(0), step[5])
        elif step[1] == "quota":
            server.roost("user", "quota", user, *(
                word for pair in zip(("--storage", "--messages",
                                      "--mailboxes", "--annotations"),
                                     step[2]) for word in pair))
    raw.run(b"LOGOUT")


def pattern(text, bound):
    """The expected line as a regular expression that binds variables."""
    out, rest = b"", text
    tail = rest.endswith(b"...")
    rest = rest[:-3] if tail else rest
    for piece in re.split(rb"(\$\{\w+\})", rest):
        found = re.match(rb"\$\{(\w+)\}$", piece)
        if not found:
            out += re.escape(piece)
        elif found.group(1) in bound:
            out += re.escape(bound[found.group(1)])
        elif b"(?P<" + found.group(1) + b">" in out:
            out += b"(?P=" + found.group(1) + b")"
        else:
            out += b"(?P<" + found.group(1) + rb">[^ )\]\"]+)"
    out = out.replace(NOW, ANY_DATE)
    return re.compile(out + (b".*" if tail else b"") + b"$", re.DOTALL)


def expect(raw, group, bound):
    left = list(group)
    while left:
        line = raw.line()
        for step in left:
            found = pattern(step[4], bound).match(line)
            if found:
                bound.update({k.encode(): v for k, v in
                              found.groupdict().items()})
                left.remove(step)
                break
        else:
            raise AssertionError("line %d: expected %r, got %r" % (
                left[0][0], left[0][4], line))


def run(server, user, steps):
    prepare(server, user, steps)
    names, second = make_others(server, user, steps)
    raws = [Raw(server.imaps_port).login(name) for name in (user, second)]
    steps = [renamed(step, names) if step[1] in "CS" else step
             for step in steps]
    bound, i = {}, 0
    while i < len(steps):
        step = steps[i]
        i += 1
        if step[1] == "C":
            raws[step[2]].send(re.sub(
                rb"\$\{(\w+)\}", lambda m: bound[m.group(1)],
                step[4]) + b"\r\n")
        elif step[1] == "S":
            group = [step]
            while (step[3] and i < len(steps) and steps[i][1] == "S"
                   and steps[i][3] and steps[i][2] == step[2]):
                group.append(steps[i])
                i += 1
            expect(raws[step[2]], group, bound)
    for raw in raws:
        if raw.buffer:
            raise AssertionError("a line too many: %r" % raw.buffer)
        raw.close()


def most_of(steps):
    """What is set for the whole server; 0: nothing is."""
    return max((step[2] for step in steps if step[1] == "most"), default=0)


def run_all(scripts, most):
    """(passed, failed) of those whose server has that limit."""
    passed = failed = 0
    conf = "message_limit = 1M\ncommand_messages = %d\n" % most
    with Server(conf=conf) as server:
        for n, (path, steps) in enumerate(scripts):
            user = "user%d@example.org" % n
            if any(step[1] in ("account", "shared") for step in steps):
                user = "user@n%d.example.org" % n
            server.add_user(user)
            try:
                run(server, user, steps)
                passed += 1
            except (AssertionError, OSError, EOFError) as e:
                failed += 1
                print("FAILED %s: %s" % (path, e))
    return passed, failed


def main():
    scripts = [(path, read(path)) for path in sys.argv[1:]]
    scripts = [(path, steps) for path, steps in scripts
               if all(step[1] != "time" for step in steps)]
    passed = failed = 0
    for most in sorted({most_of(steps) for _, steps in scripts}):
        good, bad = run_all([s for s in scripts if most_of(s[1]) == most],
                            most)
        passed += good
        failed += bad
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
