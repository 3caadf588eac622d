"""syntax.py -- a command as the grammar of RFC 9051 section 9 reads it.

parse() makes a Command, or raises Bad. What an extension adds stands with
the production it extends; the productions are in syntax_*.py, by what they
are about.
"""
from cursor import Bad, Cursor
from syntax_account import (deleteacl, getmetadata, getquota, mailbox, setacl,
                            setmetadata, setquota)
from syntax_append import append, replace
from syntax_mailboxes import create, list_, lsub, rename, select, status
from syntax_messages import copy, expunge, fetch, store, uidbatches
from syntax_notify import notify
from syntax_search import cancelupdate, esearch, search, sort, thread


class Command:
    """tag, name, whether UID stood before it; the rest is the name's own."""

    def __init__(self, tag, name, uid):
        self.tag = tag
        self.name = name
        self.uid = uid


def parse(data, utf8, accept=False):
    """data: a command without its last CRLF, literals and all; utf8: may
    stand in quoted strings; accept: UTF8=ACCEPT was enabled.
    """
    c = Cursor(data, utf8)
    tag = c.match("tag").group()
    c.need(b" ")
    name = c.word()
    uid = name == "UID"
    if uid:
        c.need(b" ")
        name = c.word()
        if name not in UID_COMMANDS:
            raise Bad("no UID command")
    if name not in COMMANDS:
        raise Bad("no command")
    command = Command(tag, name, uid)
    COMMANDS[name](c, command)
    c.end()
    if getattr(command, "literal_utf8", False) and not accept:
        raise Bad("UTF8 without UTF8=ACCEPT")
    return command


def nothing(_c, _command):
    pass


def enable(c, command):
    command.names = []
    while c.more() or not command.names:
        c.need(b" ")
        command.names.append(c.atom().upper())


def id_(c, _command):
    """id_params_list = "(" *(string SP nstring) ")" / nil"""
    def pair():
        c.string()
        c.need(b" ")
        if c.data[c.at:c.at + 3].upper() == b"NIL":
            c.at += 3
        else:
            c.string()
    c.need(b" ")
    if c.peek(b"("):
        c.list_of(pair, empty=True)
    elif c.word() != "NIL":
        raise Bad("NIL expected")


def compress(c, command):
    c.need(b" ")
    command.algorithm = c.atom().upper()


COMMANDS = {
    "APPEND": append, "CANCELUPDATE": cancelupdate, "CAPABILITY": nothing,
    "CHECK": nothing, "CLOSE": nothing, "COMPRESS": compress, "COPY": copy,
    "CREATE": create, "DELETE": mailbox, "DELETEACL": deleteacl,
    "ENABLE": enable, "ESEARCH": esearch, "EXAMINE": select,
    "EXPUNGE": expunge, "FETCH": fetch, "GETACL": mailbox,
    "GETMETADATA": getmetadata, "GETQUOTA": getquota, "GETQUOTAROOT": mailbox,
    "ID": id_, "IDLE": nothing, "LIST": list_, "LISTRIGHTS": deleteacl,
    "LOGOUT": nothing, "LSUB": lsub, "MOVE": copy, "MYRIGHTS": mailbox,
    "NAMESPACE": nothing, "NOOP": nothing, "NOTIFY": notify, "RENAME": rename,
    "REPLACE": replace, "SEARCH": search, "SELECT": select, "SETACL": setacl,
    "SETMETADATA": setmetadata, "SETQUOTA": setquota, "SORT": sort,
    "STATUS": status, "STORE": store, "SUBSCRIBE": mailbox, "THREAD": thread,
    "UIDBATCHES": uidbatches, "UNAUTHENTICATE": nothing, "UNSELECT": nothing,
    "UNSUBSCRIBE": mailbox, "XLIST": lsub,
}
UID_COMMANDS = {
    "COPY", "EXPUNGE", "FETCH", "MOVE", "REPLACE", "SEARCH", "SORT", "STORE",
    "THREAD",
}
