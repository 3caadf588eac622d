"""generate_mailboxes.py -- the commands of generate.py that are about mailboxes."""
import re

from account import encode_utf7
from pieces import Pieces

PATTERNS = ["*", "%", "a*", "a/%", "%/%", "INBOX", "inbox/*", "nosuch", "*b",
            "a%b", "Gr*", "[q]", "T%", "", "b", "*/*", "Sent", "c/*"]
STATUS_ITEMS = ["MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED",
                "SIZE", "RECENT", "HIGHESTMODSEQ", "MAILBOXID",
                "DELETED-STORAGE"]
ENTRIES = [b"/private/a", b"/private/a", b"/private/a/b", b"/private/a/b/c",
           b"/PRIVATE/A", b"/private/ab", b"/shared/a", b"/shared/a/d",
           b"/shared/comment", b"/private/two words", b"/private", b"/other/a",
           b"/private/a/", b"/private//a", b"/private/a*"]
RIGHTS = ["lrswipkxtea", "lrswipkxtecda", "lrswite", "lrswi", "lrs", "lr",
          "l", "lrwte", "lrsk", "lrx", "r", "lrswikxt", "+i", "+wt", "-r",
          "+r", "-l", "+lr", "-s", "+sk", "-wi", "+te", ""]
ODD_RIGHTS = ["q", "LR", "+q", "-", "+", "lrr", "c", "d", "0"]


class MailboxesGenerator(Pieces):
    def select(self, session):
        name = self.pick(b"INBOX", b"INBOX", self.there(session),
                         self.name(session))
        how = self.pick("", "", "", " (CONDSTORE)")
        if session.qresync and self.uid():
            name, how = self.resync(session)
        return self.pick(b"SELECT ", b"SELECT ", b"select ",
                         b"EXAMINE ") + name + how.encode()

    def resync(self, session):
        """A mailbox that was selected before, and what is known of it."""
        account = self.reach(session)
        text = self.rng.choice(sorted(
            x for x, box in account.mailboxes.items()
            if box.uidvalidity) or ["INBOX"])
        box = account.mailboxes[text]
        if account is not session.home:
            text = account.prefix + text
        values = [x[1] for x in box.modseqs.tops[-6:]] or [1]
        known = self.pick("", "", " 1:%d" % self.pick(3, 9, 10000),
                          " 2,5:9,12", " *")
        if box.messages and self.rng.random() < 0.3:
            n = self.rng.randrange(len(box.messages))
            known += " (1,%d 1,%d)" % (n + 2, box.messages[n].uid + 1) \
                if self.uid() else " (%d %d)" % (
                    n + 1, box.messages[n].uid)
        return self.name(session, text=text), " (QRESYNC (%d %d%s))" % (
            (box.uidvalidity or 1) + self.pick(0, 0, 0, 0, 1),
            self.rng.choice(values) + self.pick(0, 0, 0, 1, -1), known)

    def close(self, _session):
        return self.pick("CLOSE", "UNSELECT")

    def status(self, session):
        items = " ".join(self.some(STATUS_ITEMS, 4))
        return b"STATUS " + self.pick(
            self.there(session), self.name(session)) + \
            b" (" + items.encode() + b")"

    def pattern(self, session):
        text = self.rng.choice(PATTERNS)
        if session.home.known and self.rng.random() < 0.3:
            text = self.pick("Other Users/*", "Other Users/%",
                             "Other Users/" + list(session.home.known)[0] +
                             "/" + text)
        data = text.encode() if session.utf8 else encode_utf7(text)
        return data if data and self.uid() else b'"' + data + b'"'

    def list(self, session):
        out = b"LIST "
        if self.rng.random() < 0.4:
            out += b"(" + b" ".join(self.some(
                [b"SUBSCRIBED", b"RECURSIVEMATCH", b"SPECIAL-USE",
                 b"REMOTE"], 2)) + b") "
        out += self.pick(b'"" ', b'"" ', b'"" ', b"a/ ", b"INBOX ")
        if self.rng.random() < 0.3:
            out += b"(" + b" ".join(self.pattern(session) for _ in range(
                self.pick(1, 2, 3))) + b")"
        else:
            out += self.pattern(session)
        if self.rng.random() < 0.5:
            status = b"STATUS (%s)" % b" ".join(
                x.encode() for x in self.some(STATUS_ITEMS, 3))
            metadata = b"METADATA (%s)" % b" ".join(
                self.entry() for _ in range(self.pick(1, 1, 2)))
            out += b" RETURN (" + b" ".join(self.some(
                [b"SUBSCRIBED", b"CHILDREN", b"SPECIAL-USE", status,
                 b"MYRIGHTS", metadata], 3)) + b")"
        return out

    def lsub(self, session):
        return b"LSUB " + self.pick(b'"" ', b'"" ', b"a/ ") + \
            self.pattern(session)

    def create(self, session):
        out = b"CREATE " + self.name(session)
        if self.rng.random() < 0.15:
            out += b" (USE (%s))" % self.pick(
                b"\\Flagged", b"\\Trash", b"\\Sent", b"", b"\\Nosuch",
                b"\\All \\Junk")
        return out

    def delete(self, session):
        return b"DELETE " + self.pick(self.there(session),
                                      self.name(session))

    def rename(self, session):
        return b"RENAME " + self.pick(
            self.there(session), self.name(session)) + b" " + \
            self.name(session)

    def subscribe(self, session):
        begins = any(x.would_begin(account) for x in session.home.sessions
                     for account in session.home.known.values())
        return self.pick(b"SUBSCRIBE ", b"UNSUBSCRIBE ") + self.name(
            session, 0 if begins else 1)

    def notify(self, session):
        """For a time only, since each command is waited for."""
        guest = bool(session.home.known)
        if self.rng.random() < (0.35 if guest else 0.5) or \
                session.shows_joining() or not session.groups and \
                self.rng.random() < (0.3 if guest else 0.6):
            return self.pick(
                "NOTIFY NONE", "notify none", "NOTIFY", "NOTIFY NONE x",
                "NOTIFY SET (SELECTED (MessageNew))",
                "NOTIFY SET (PERSONAL (MessageNew (UID) MessageExpunge))",
                "NOTIFY SET (PERSONAL (AnnotationChange MailboxName))")
        mine = self.pick(
            b"SELECTED (MessageNew (FLAGS RFC822.SIZE) MessageExpunge "
            b"FlagChange)", b"selected-delayed (MessageNew MessageExpunge "
            b"FlagChange)", b"SELECTED (MessageNew (UID ENVELOPE) "
            b"MessageExpunge)", b"SELECTED NONE")
        often = 3 if guest else 0
        where = self.pick(b"PERSONAL", b"INBOXES", b"subscribed",
                          b"SUBTREE (%s %s)" % (self.there(session, often),
                                                self.name(session, often)),
                          b"MAILBOXES " + self.there(session, often),
                          b'SUBTREE ""')
        if often and self.uid():
            where = b"SUBTREE " + self.pick(
                b'"Other Users"', self.string(
                    list(session.home.known.values())[0].prefix[:-1]
                    .encode()))
        what = self.pick(b"(MessageNew MessageExpunge FlagChange)",
                         b"(messagenew messageexpunge)", b"(MailboxName)",
                         b"(MailboxName MessageExpunge MessageNew "
                         b"SubscriptionChange FlagChange)", b"NONE",
                         b"(MailboxMetadataChange ServerMetadataChange)",
                         b"(mailboxmetadatachange MailboxName)")
        return b"NOTIFY SET " + self.pick(b"", b"STATUS ") + self.pick(
            b"(%s)" % mine, b"(%s %s)" % (where, what),
            b"(%s) (%s %s)" % (mine, where, what),
            b"(%s NONE) (PERSONAL %s)" % (where, what))

    def acl(self, session):
        """Of rights; visitors are given more than owners lose."""
        mailbox = self.pick(self.there(session), self.there(session),
                            self.there(session), self.name(session))
        if self.rng.random() < 0.3:
            return self.pick(b"MYRIGHTS ", b"GETACL ") + mailbox
        guest = [x.encode() for x in session.home.known] or [b"guest"]
        who = self.string(self.pick(*guest * 8, b"anyone", b"owner", b"-owner",
                        session.home.name.encode(), b"anyone", b"-anyone",
                        b"-" + guest[0], guest[0].upper(), b"Fred", b"",
                        "Gr\u00fcn".encode()))
        if self.rng.random() < 0.1:
            return b"DELETEACL %s %s" % (mailbox, who)
        if self.rng.random() < 0.1:
            return b"LISTRIGHTS %s %s" % (mailbox, who)
        rights = self.rng.choice(RIGHTS if self.rng.random() < 0.95
                                 else ODD_RIGHTS)
        if b"wner" in who or session.home.name.encode() in who and \
                self.rng.random() < 0.8:
            rights = self.pick("lrswipkxtea", "-i", "+e", "lrswite", "lrs")
        return b"SETACL %s %s %s" % (mailbox, who,
                                     self.string(rights.encode()) or b'""')

    def metadata(self, session):
        mailbox = self.pick(self.there(session), self.there(session),
                            self.name(session), b'""')
        if self.uid():
            return b"SETMETADATA %s (%s)" % (mailbox, b" ".join(
                self.entry() + b" " + self.value()
                for _ in range(self.pick(1, 1, 2, 3))))
        options = self.pick(
            b"", b"(DEPTH 1) ", b"(depth 1) ", b"(depth infinity) ", b"(MAXSIZE 5) ",
            b"(MAXSIZE 20 DEPTH infinity) ", b"(MAXSIZE 0) ", b"(DEPTH 0) ",
            b"(DEPTH 2) ")
        entries = [self.entry() for _ in range(self.pick(1, 2, 3))]
        if b"DEPTH" in options.upper():
            entries.append(self.pick(b"/private", b"/shared", b"/private/a"))
        text = b"(%s)" % b" ".join(entries) \
            if len(entries) > 1 or self.uid() else entries[0]
        if self.uid():
            return b"GETMETADATA %s%s %s" % (options, mailbox, text)
        return b"GETMETADATA %s %s%s" % (mailbox, options, text)

    def entry(self):
        return self.string(self.rng.choice(ENTRIES))

    def value(self):
        text = self.pick(b"", b"a value", b"NIL", b'quo"ted', "Gr\u00fcn"
                         .encode(), b"x" * self.rng.randrange(99))
        if self.rng.random() < 0.3:
            return self.pick(b"NIL", b"nil", b"~{3+}\r\na\xffb")
        return b'"%s"' % re.sub(rb'(["\\])', rb"\\\1", text) \
            if text.isascii() else b"{%d+}\r\n%s" % (len(text), text)

    def quota(self, session):
        return self.pick(
            b'GETQUOTA ""', b'GETQUOTA ""', b"GETQUOTAROOT " +
            self.there(session, 0), b"GETQUOTAROOT " + self.name(session, 0),
            self.pick(b"GETQUOTA other", b'SETQUOTA "" (STORAGE 512)',
                      b'setquota "" ()', b'SETQUOTA "" (STORAGE x)'))
