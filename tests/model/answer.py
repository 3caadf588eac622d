"""answer.py -- what a command's answer has, and what it may have."""
from view import label


class Rules:
    """What may and must stand in an answer."""

    def __init__(self, asked=(), before=None, expunge=True, code=None,
                 zombies=False, held=False, earlier=False):
        self.asked = {}
        for item in asked:
            self.asked.setdefault(label(item), []).append(item)
        self.before = before or {}
        self.expunge = expunge
        self.code = code            # of the tagged OK
        self.earlier = earlier      # VANISHED (EARLIER) may come
        self.held = held            # EXPUNGE need not come
        self.zombies = zombies      # NO [EXPUNGEISSUED] may end it


class Answer:
    """Untagged answers and the tagged one, Statuses among them."""

    def __init__(self, untagged, status):
        self.untagged = untagged
        self.status = status
        self.rest = {}              # word -> [values], what is not the view's
        self.fetched = {}           # Copy -> [label]
        self.earlier = []           # sets of VANISHED (EARLIER)
        self.codes = {}             # code of an untagged OK -> its value
        self.moved = set()          # Copies that COPYUID has named
        self.asked = set()          # of LIST, STATUS: what the command wants
        self.closing = False        # the selected mailbox is so no more
        self.statuses = set()       # that NOTIFY has still to tell of

    def limit(self):
        """The lowest UID that a command came to, of more messages than it may
        be about; None: to all. RFC 9738
        """
        for x in [self.status] + self.untagged:
            if getattr(x, "code", None) == "MESSAGELIMIT" and " " in x.value:
                return int(x.value.split()[1])
        return None
