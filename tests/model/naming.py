"""naming.py -- which messages and mailboxes a command means."""
from account import No, canonical, decode_name, mailbox_name
from cursor import Bad
from view import demand


class Naming:
    # -- messages --

    def sight(self, uid):
        """What a command can mean: those by UID know of what is new."""
        return self.view + (self.current.fresh() if uid else [])

    def in_set(self, ranges, n, copy, uid, sight=None):
        """Whether a sequence-set has number or UID n, which is copy's."""
        if ranges is None:
            return copy.uid in self.saved or copy.gone and \
                self.issued and copy.uid in self.saved_gone
        sight = self.sight(self.uid) if sight is None else sight
        last = 0
        if sight:
            last = sight[-1].uid if uid else len(sight)
        for low, high in ranges:
            low, high = low or last, high or last
            if min(low, high) <= n <= max(low, high):
                return True
        return False

    def resolve(self, command):
        """The Copies of a command's set, by number; Bad for what is not."""
        self.numbers_exist(command)
        return [x for n, x in enumerate(
            self.sight(command.uid), 1) if self.in_set(
            command.set, x.uid if command.uid else n, x, command.uid)]

    def limited(self, copies, answer, exact=True):
        """Those with the highest UIDs, if there are too many; exact: that
        they count is all that there is to know.
        """
        told, most = answer.limit(), self.home.most
        if answer.status.word == "NO" and exact and self.too_many(copies):
            return copies[-most:]   # EXPUNGEISSUED, which says no more
        if told is None or answer.status.word != "OK":
            demand(answer.status.word != "OK" or not exact or not
                   self.too_many(copies), "MESSAGELIMIT for %r", copies)
            return copies
        kept = [x for x in copies if x.uid >= told]
        demand(self.too_many(copies) and (
            len(kept) == most if exact else len(kept) <= most),
            "MESSAGELIMIT %d of %r", told, copies)
        return kept

    def too_many(self, copies):
        return self.home.most is not None and len(copies) > self.home.most

    def numbers_exist(self, command):
        if command.uid or command.set is None:
            return
        for end in (x for pair in command.set for x in pair):
            if (end or 1) > len(self.sight(False)):
                raise Bad("no such message number")

    # -- mailboxes --

    def mailbox(self, command, code="NONEXISTENT"):
        """Name and Mailbox of a command."""
        name = self.name_of(command.mailbox)
        if self.account is not self.home and name not in \
                self.account.mailboxes:
            raise No(code, "NONEXISTENT")   # nor is the owner, perhaps
        return name, self.account.find(name, code)

    def name_of(self, data):
        """As it is called in the account that the command is about."""
        name = mailbox_name(data, self.utf8)
        if not name.startswith(self.prefix):
            raise No("CANNOT")
        return canonical(name[len(self.prefix):])

    def heard_name(self, value):
        """The str of a mailbox name in an answer."""
        data = value if isinstance(value, bytes) else (
            "NIL" if value is None else value).encode("utf-8",
                                                      "surrogateescape")
        name = decode_name(data, self.utf8)
        demand(name.startswith(self.prefix), "%r, not of %s", name,
               self.account.name)
        return name[len(self.prefix):]
