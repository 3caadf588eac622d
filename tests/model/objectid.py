"""objectid.py -- what is known of MAILBOXIDs, EMAILIDs and THREADIDs.

The model does not say which they are; only that they stay, and who may have
the same. RFC 8474
"""
import re

OBJECTID = re.compile(r"[A-Za-z0-9_-]{1,255}")


class Identity:
    """All that copies of a message have in common."""

    def __init__(self, content, came, elders, of):
        self.content = content
        self.of = of                # Identities
        self.came = came            # Moment
        self.elders = elders        # Identities that came before it
        self.emailid = self.threadid = None

    def conversations(self):
        """THREADIDs that it may join, and whether it must: what they name
        beside their oldest id is enough (src/mailbox/thread.h). None among
        them: one that was not told yet.
        """
        found = set()
        for ident in [self.content.ident] + self.content.references[::-1]:
            elders = [x for x in self.elders if ident in named(x.content)]
            found |= {x.threadid for x in elders}
            if any(named(x.content)[0] != ident for x in elders):
                return found, True
        return found, False


def named(content):
    """Message ids, the oldest first."""
    return content.references + [content.ident]


class Identities:
    """Of an account, whatever has become of the messages."""

    def __init__(self, account):
        self.account = account
        self.all = []
        self.emailids = {}          # -> [Identity]
        self.mailboxids = {}        # -> Mailbox

    def new(self, content, came):
        out = Identity(content, came, list(self.all), self)
        self.all.append(out)
        return out

    def learn_emailid(self, identity, value):
        """Whether it may be that: another message has another."""
        if identity.emailid is None and OBJECTID.fullmatch(value):
            identity.emailid = value
            self.emailids.setdefault(value, []).append(identity)
        return identity.emailid == value and all(
            x.content is identity.content and overlap(x.came, identity.came)
            and None in (x.threadid, identity.threadid) or
            x.threadid == identity.threadid for x in self.emailids[value])

    def learn_threadid(self, identity, value):
        """Whether it may be that: relatives' conversation, or a new one."""
        if identity.threadid is None and OBJECTID.fullmatch(value):
            identity.threadid = value
            some, must = identity.conversations()
            return bool({value, None} & some) or not must and \
                value not in {x.threadid for x in identity.elders}
        return identity.threadid == value

    def learn_mailboxid(self, box, value):
        if box.objectid is None and OBJECTID.fullmatch(value) and \
                value not in self.mailboxids:
            box.objectid = value
            self.mailboxids[value] = box
        return box.objectid == value


def overlap(a, b):
    return a.low <= b.high and b.low <= a.high
