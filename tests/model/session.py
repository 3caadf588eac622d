"""session.py -- one session as the RFCs want it, told what the server said.

judge() takes a command and its answer, in the order in which the server must
have done them. Each command is a generator of two halves: before its yield it
does what the command does to the truth (account.py); it yields what may come
in the answer (Rules); then the untagged answers are heard (view.py), and it
goes on with those that were its own.

Where an RFC leaves a choice the answer is asked for it; where it says MAY, or
the choice shows how well a server keeps its word (what changed is told with
the next command's end), the model has roost's choice.
"""
import re

import syntax
from account import No, OTHERS_ROOT, mailbox_name
from answer import Rules
from cursor import Bad, Cursor
from hearing import Hearing
from naming import Naming
from on_account import AccountCommands
from on_context import updates
from on_acl import AclCommands
from on_mailboxes import MailboxCommands
from on_messages import MessageCommands
from on_notify import NotifyCommands
from on_search import SearchCommands
from on_session import SessionCommands
from syntax_search import in_key
from view import demand

SELECTED = {"CANCELUPDATE", "CHECK", "CLOSE", "COPY", "EXPUNGE", "FETCH", "MOVE", "REPLACE",
            "SEARCH", "SORT", "STORE", "THREAD", "UIDBATCHES", "UNSELECT"}
NO_EXPUNGE = {"CANCELUPDATE", "FETCH", "SEARCH", "SORT", "STORE", "THREAD"}
NUMBERED = {"COPY", "FETCH", "MOVE", "REPLACE", "SEARCH", "SORT", "STORE",
            "THREAD"}
OTHERS_NAME = re.compile(rb"[\"}\s](?:Other Users|Shared)/[^/\"]*@", re.I)
BAD_LIMIT = 20          # src/base/limits.h, LIMIT_BAD


def asked(command):
    """What is no notice in its answer."""
    if command.name == "LIST" and "STATUS" in (
            getattr(command, "returns", None) or ()):
        return {"LIST", "STATUS"}
    return {command.name} if command.name == "STATUS" else \
        {"LIST"} if command.name in ("LIST", "SELECT", "EXAMINE") else set()


class Session(AccountCommands, AclCommands, MailboxCommands, MessageCommands,
              NotifyCommands, SearchCommands, SessionCommands, Hearing,
              Naming):
    def __init__(self, account):
        self.home = account
        self.account = account      # where the command's mailbox lives
        self.prefix = ""            # of all names there
        self.rev2 = False
        # RFC 7162 section 3.1; None: perhaps, for there and here need not be
        # the same
        self.condstore = False
        self.enabled = False        # CONDSTORE, in so many words
        self.qresync = False        # VANISHED instead of EXPUNGE
        self.accept = False         # UTF8=ACCEPT
        self.uidonly = False        # no message numbers, RFC 9586
        self.current = None         # View
        self.saved = []             # UIDs of "$"
        self.saved_gone = set()     # that it may have, too
        self.issued = False         # EXPUNGEISSUED: then it has
        self.bad = 0
        self.over = False           # BYE must come, or has
        self.lost = False           # another's mailbox, for a time at least
        self.closed = False         # by this command's answer
        self.left = False           # nobody is logged in any more
        self.compressed = False
        self.uid = False            # the command is one by UID
        self.settled = True         # HIGHESTMODSEQ is as new as what was told

    @property
    def view(self):
        return self.current.messages if self.current else []

    @property
    def utf8(self):
        """In names and quoted strings."""
        return self.rev2 or self.accept

    def judge(self, data, answer):
        """Raises Wrong unless the answer is right."""
        self.home.clock.now += 1
        self.account, self.prefix = self.home, ""
        self.issued = answer.status.code == "EXPUNGEISSUED"
        self.hear_loss(answer)
        try:
            command = syntax.parse(data, self.utf8, self.accept)
            if not self.current and not self.looked_for_lost(
                    command, answer) and (
                    command.name in SELECTED or command.name == "ESEARCH" and (
                        updates(command) or
                        "SELECTED" in [x for x, _ in command.sources])):
                raise Bad("nothing is selected")
            self.uid = command.uid
            if (getattr(command, "known", None) or
                    getattr(command, "vanished", False)) and \
                    not self.qresync:
                raise Bad("QRESYNC is not enabled")
            if self.uidonly and numbered(command):
                demand(answer.status.code == "UIDREQUIRED" or
                       self.refused_early(data, answer.status), "%s",
                       answer.status)
                raise Bad("UIDONLY is enabled")
            if self.accept and command.name in ("SEARCH", "ESEARCH") and \
                    command.charset:
                raise Bad("CHARSET with UTF8=ACCEPT")
            enabling = not self.condstore and knows_modseq(command)
            first = enabling and self.condstore is False and \
                command.name != "LIST"
            if enabling:        # one that fails, or lists nothing, may not
                self.condstore = answer.status.word == "OK" and \
                    command.name != "LIST" or None
            if self.current:
                self.current.tick = self.current.box.tick if self.settled \
                    and (not enabling or self.current.knows_all()) else None
                self.current.begun = self.sight(command.uid)[len(self.view):]
            answer.asked = asked(command)
            answer.closing = command.name == "CLOSE"
            handler = getattr(self, "do_" + command.name.lower())
            self.run(command, handler(command, answer), answer)
            self.bad, self.settled = 0, True
            demand(not first or not self.current or
                   answer.status.word != "OK" or "HIGHESTMODSEQ" in answer.codes, "no HIGHESTMODSEQ")
        except Bad as bad:
            demand(answer.status.word == "BAD" or self.refused_early(
                data, answer.status), "%s: %s", bad, answer.status)
            self.hear(answer, Rules(expunge=answer.status.word == "NO" and (
                answer.status.code != "BADCHARSET" or
                data.upper().split()[1:2] == [b"UID"])))
            if answer.status.code == "BADCHARSET" and \
                    re.search(rb"[( ]SAVE[ )]", data.upper()):
                self.saved = []     # RFC 5182 section 2.1: it ended with NO
            self.settled = self.settled and not answer.untagged
            self.bad = self.bad + 1 if answer.status.word == "BAD" else 0
            self.over = self.bad == BAD_LIMIT
            if answer.status.word == "NO" and re.match(
                    rb"(?i)\S+ (SELECT|EXAMINE) ", data):
                self.current, self.saved = None, []

    def looked_for_lost(self, command, answer):
        """CHECK has only looked whether it was still there; ESEARCH has found
        nothing in it."""
        return self.closed and command.name in ("CHECK", "ESEARCH") and \
            answer.status.word == "OK"

    def refused_early(self, data, status):
        """What is wrong with a mailbox, a charset or a size may be told before the
        rest of a command is found to be no command.
        """
        words = data.upper().split()
        if status.word != "NO" or len(words) < 2:
            return False
        if status.code == "NOPERM":
            if self.closed:     # by this command, which needed it
                return True
            name = re.match(rb"[A-Z]*", words[1 + (
                words[1] == b"UID" and len(words) > 2)]).group().decode()
            return not self.may_with_selected(name) or \
                bool(OTHERS_NAME.search(data)) or b"CATENATE" in words or \
                words[1] == b"APPEND" and self.missing(data)
        if status.code == "UNAVAILABLE":        # it has just been closed
            return self.closed
        if b"MOVE" in words[1:3] and self.current and self.current.readonly:
            return True
        if status.code == "BADEVENT":
            return words[1] == b"NOTIFY"
        if OTHERS_NAME.search(data):
            return status.code in ("CANNOT", "NONEXISTENT", "TRYCREATE",
                                   "USEATTR")
        if len(words) < 3:
            return False
        if status.code == "BADCHARSET":
            return bool({b"CHARSET", b"SORT", b"THREAD"} & set(words))
        if status.code == "TRYCREATE" and words[1] == b"APPEND":
            return self.missing(data)
        if b"REPLACE" in words[1:3]:
            return True
        if status.code == "BADURL":
            return b"CATENATE" in data
        if status.code == "OVERQUOTA":
            return words[1] == b"APPEND" and bool(
                self.account.limits or self.account.known)
        return status.code in ("CANNOT", "USEATTR")

    def missing(self, data):
        """Whether there is no mailbox where one may APPEND."""
        c = Cursor(data, self.utf8)
        c.match("tag")
        c.at += len(" APPEND ")
        try:
            self.go_to(c.astring())
            return "i" not in self.rights(self.account.find(self.name))
        except No:
            return True

    def run(self, command, steps, answer):
        try:
            if command.name not in ("SUBSCRIBE", "UNSUBSCRIBE"):
                self.go_to(getattr(command, "mailbox", b""))
            self.pass_door(command, steps, answer)
            rules = next(steps)
        except No as no:
            if answer.status.word == "BAD" and hasattr(command, "set"):
                self.numbers_exist(command)
            if command.name in ("COPY", "MOVE") and \
                    answer.status.word == "OK" and \
                    all(x.gone for x in self.resolve(command)):
                self.hear(answer, Rules())      # nobody has been asked
                return
            if no.codes and not self.may_with_selected(command.name):
                no.codes += ("NOPERM",)     # of two reasons either
            if no.codes and command.name == "COPY" and \
                    answer.status.code == "MESSAGELIMIT" and \
                    self.too_many(self.resolve(command)):
                no.codes += ("MESSAGELIMIT",)
            if no.codes and getattr(command, "uses", None):
                no.codes += ("USEATTR",)
            if no.codes and command.name == "MOVE" and self.current and \
                    self.current.readonly:
                no.codes += (None,)
            self.refused(command, no, answer)
            if command.name in ("SELECT", "EXAMINE"):
                self.current, self.saved = None, []
            return
        if rules.zombies and answer.status.word == "NO":
            demand(answer.status.code == "EXPUNGEISSUED", "%s",
                   answer.status)
        else:
            demand(answer.status.word == "OK", "not done: %s", answer.status)
        self.hear(answer, rules)
        if answer.status.code == "HIGHESTMODSEQ" and self.current:
            self.hear_highest(int(answer.status.value), done=True)
        if rules.code:
            demand(answer.status.code == rules.code, "[%s] expected: %s",
                   rules.code, answer.status)
        for _ in steps:
            raise AssertionError("a second yield")
        if self.current and not self.is_lost() and self.was_there(command):
            self.current.synchronous(rules.expunge and not rules.held)
            self.check_shown()
            self.check_contexts()

    def pass_door(self, command, steps, answer):
        try:
            self.door(command)
        except No as no:
            if answer.status.code in no.codes:
                raise
            try:
                next(steps)     # of two reasons either may be told
            except No as other:
                if "NOPERM" in no.codes or not other.codes or \
                        "CANNOT" in other.codes:
                    raise
            raise no from None

    # -- where --

    def go_to(self, data):
        """The account that a name belongs to is that of the command."""
        try:
            self.name = mailbox_name(data, self.utf8) if data else ""
        except No as no:
            raise No(*no.codes, "NONEXISTENT", "TRYCREATE") if OTHERS_NAME.match(
                b" " + data) else no from None
        self.account, inner = self.home.whose(self.name)
        if OTHERS_ROOT.fullmatch(self.name):
            raise No("CANNOT", "NONEXISTENT", "TRYCREATE")  # nobody's
        if data.endswith(b"/") and \
                self.home.whose(self.name + "/x")[0] is not self.account:
            # an owner's name alone
            raise No("CANNOT", "NONEXISTENT", "TRYCREATE")
        self.prefix = self.name[:len(self.name) - len(inner)]

    def was_there(self, command):
        """Whether the command was done where a mailbox is selected: another
        account's is silent when it was not.
        """
        account = self.current.box.account
        return account in (self.home, self.account) or \
            command.name in SELECTED | {"IDLE", "NOOP"}

    def is_lost(self):
        """Another's mailbox is selected, and may not be read any more."""
        box = self.current and self.current.box
        return bool(box) and box.account is not self.home and (
            box.deleted or "r" not in self.rights(box))

    def look(self):
        self.lost = self.lost or self.is_lost()

    def refused(self, command, no, answer):
        demand(answer.status.word == "NO" and (
            answer.status.code in no.codes or not no.codes),
            "NO %r expected: %s", no.codes, answer.status)
        self.hear(answer, Rules(
            expunge=command.uid or command.name not in NO_EXPUNGE))


def numbered(command):
    """Whether it names or answers message numbers."""
    return not command.uid and command.name in NUMBERED or \
        hasattr(command, "key") and has_numbers(command.key) or \
        getattr(command, "known", None) and command.known.matches


def has_numbers(key):
    """Whether a search key has a sequence-set, which "$" is not."""
    if key[0] == "AND":
        return any(has_numbers(x) for x in key[1])
    return key[0] == "SET" and key[1] is not None or \
        key[0] in ("NOT", "OR") and any(has_numbers(x) for x in key[1:])


def knows_modseq(command):
    """Whether it is one of the CONDSTORE enabling commands."""
    asked = getattr(command, "items", [])
    return getattr(command, "condstore", False) or \
        getattr(command, "known", None) is not None or \
        command.name == "ENABLE" and \
        bool({"CONDSTORE", "QRESYNC"} & set(command.names)) or \
        "MODSEQ" in asked or "HIGHESTMODSEQ" in asked or \
        command.name == "STORE" and command.since is not None or \
        hasattr(command, "key") and in_key("MODSEQ", command.key)
