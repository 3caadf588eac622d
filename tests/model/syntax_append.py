"""syntax_append.py -- the productions of syntax.py about new messages: APPEND,
CATENATE, REPLACE. RFC 3502, 3516, 4469, 5092, 8508, 9755
"""
import re
import urllib.parse

from cursor import Bad, Cursor
from syntax_account import mailbox
from syntax_messages import section


def append(c, command):
    """append = "APPEND" SP mailbox 1*append-message, RFC 3502"""
    mailbox(c, command)
    command.messages = []
    while c.more() or not command.messages:
        c.need(b" ")
        command.messages.append(append_message(c, command))


def append_message(c, command):
    """[flags SP] [date-time SP] append-data; (flags, date, parts)"""
    flags, date = [], None
    if c.peek(b"("):
        flags = c.list_of(c.flag, empty=True)
        c.need(b" ")
    if c.peek(b'"'):
        date = c.date_time()
        c.need(b" ")
    return flags, date, append_data(c, command)


def append_data(c, command):
    """literal / literal8 / "UTF8" SP "(" literal8 ")" / "CATENATE" SP "("
    cat-part *(SP cat-part) ")"; octets and Urls. RFC 3516, 4469, 9755
    """
    if c.data[c.at:c.at + 10].upper() == b"CATENATE (":
        c.at += 9
        return c.list_of(lambda: cat_part(c))
    if c.data[c.at:c.at + 6].upper() != b"UTF8 (":
        c.take(b"~")
        return [c.literal()]
    command.literal_utf8 = True
    c.at += 6
    c.need(b"~")
    text = c.literal()
    c.need(b")")
    return [text]


def cat_part(c):
    name = c.word()
    c.need(b" ")
    if name == "TEXT":
        return c.literal()
    if name == "URL":
        return Url(c.astring().decode())
    raise Bad("no part of CATENATE")


class Url:
    """"/" mailbox [";UIDVALIDITY=" n] "/;UID=" n ["/;SECTION=" section]
    ["/;PARTIAL=" offset ["." octets]], RFC 5092
    """
    FORM = re.compile(
        r"/(?P<mailbox>[^;/]+(?:/[^;/]+)*)(?:;UIDVALIDITY=(?P<validity>\d+))?"
        r"/?;UID=(?P<uid>\d+)(?:/?;SECTION=(?P<section>[^;/]+))?"
        r"(?:/?;PARTIAL=(?P<offset>\d+)(?:\.(?P<octets>\d+))?)?", re.I)

    def __init__(self, text):
        self.text = text
        found = self.FORM.fullmatch(text)
        if found is None:
            raise Bad("a URL that no test has")     # see generate.py
        self.mailbox = urllib.parse.unquote(found["mailbox"])
        self.uidvalidity = found["validity"] and int(found["validity"])
        self.uid = int(found["uid"])
        section = urllib.parse.unquote(found["section"] or "")
        self.section = answered(b"BODY[%s]" % section.encode())
        self.partial = (int(found["offset"]), int(
            found["octets"] or 2 ** 63)) if found["offset"] else None


def answered(name):
    """The Section of a label, without its partial."""
    c = Cursor(name, True)
    item = section(c, c.word())
    c.end()
    return item


def replace(c, command):
    """replace = "REPLACE" SP seq-number SP mailbox append-message, RFC 8508"""
    c.need(b" ")
    text = c.match("seq").group()
    if b":" in text:
        raise Bad("REPLACE is of one message")
    number = 0 if text == b"*" else int(text)
    if number > 2 ** 32 - 1:
        raise Bad("number too large")
    command.set = [(number, number)]
    mailbox(c, command)
    c.need(b" ")
    command.messages = [append_message(c, command)]
