"""on_notify_others.py -- what NOTIFY tells of others' mailboxes.

Each owner tells what the visitor may look up and read at that moment; of a
right that is given or taken, as if the mailbox had come or gone (RFC 5465
sections 5.4, 5.9). Names are told as events here, not as what is true: a
mailbox that is gone has been seen only by who could look it up before.

An owner surely tells whom he, or anybody in his name, has ever let in before
NOTIFY was said; of others nothing is demanded.
"""
from account import OTHERS
from view import demand

ELSEWHERE = {"MESSAGENEW", "MESSAGEEXPUNGE", "FLAGCHANGE", "MAILBOXNAME",
             "MAILBOXMETADATACHANGE"}


class OthersNoticeCommands:
    watched = frozenset()       # Accounts that tell
    owed_names = {}             # whole name -> what it was called, or None
    heard_names = {}            # whole name -> what was said of it last
    may_names = frozenset()     # of which there may be a LIST

    # -- who tells --

    def watch(self):
        self.watched = {x for x in self.home.known.values()
                        if x.lets_in(self.home) and self.concerns(x)}
        self.owed_names, self.heard_names = {}, {}
        self.may_names = set()
        for account in self.watched:
            self.owe_closed(account)

    def watch_again(self, account):
        """A subscription has come or gone: new groups, the same visit."""
        if account in self.watched and not self.concerns(account):
            self.watched = self.watched - {account}
        if account in self.watched and any(
                x.kind == "SUBSCRIBED" for x in self.groups):
            self.owe_closed(account)

    def would_begin(self, account):
        """Whether a subscription makes an owner tell who does not yet: from
        when on is his to say.
        """
        return bool(self.groups) and account not in self.watched and any(
            x.kind == "SUBSCRIBED" for x in self.groups)

    def concerns(self, account):
        """Whether a group is about an owner's mailboxes."""
        names = self.home.subscribed
        return any(x.events & ELSEWHERE and not x.is_selected and (
            any(y.startswith(account.prefix) for y in names)
            if x.kind == "SUBSCRIBED" else
            any(y.startswith(account.prefix) or x.kind == "SUBTREE" and
                account.prefix.startswith(y + "/") for y in x.names))
            for x in self.groups)

    # -- what must be told --

    def owe_closed(self, account):
        """RFC 5465 section 5.9: of what may be looked up and not be read."""
        for name, box in account.mailboxes.items():
            whole = account.prefix + name
            if self.events(whole) & ELSEWHERE and box.selectable and \
                    self.sees(box) and "r" not in self.rights(box):
                self.owed_names[whole] = None

    def note_name(self, account, name, was=None, oldname=None):
        """A name has come, gone or changed; was: the Acl of what is gone.
        Whether it is told.
        """
        box = account.mailboxes.get(name)
        acl = was or box and box.acl
        if not self.groups or not acl or "l" not in self.rights_by(acl) | (
                self.rights_by(box.acl) if box else set()):
            return False
        names = {account.prefix + x for x in (name, oldname) if x}
        told = any("MAILBOXNAME" in self.events(x) for x in names)
        if told:
            self.owe_name(account, name, oldname)
        if oldname is None:
            self.note_parent(account, name)
        return told

    def note_rights(self, account, name, was):
        box = account.mailboxes[name]
        before = self.rights_by(was) & {"l", "r"}
        now = self.rights_by(box.acl) & {"l", "r"}
        if not self.groups or before == now or "l" not in before | now:
            return
        if self.events(account.prefix + name) & ELSEWHERE:
            self.owe_name(account, name)
        if "l" in before ^ now:
            self.note_parent(account, name)

    def note_parent(self, account, name):
        parent = name.rpartition("/")[0]
        if parent and "MAILBOXNAME" in self.events(account.prefix + parent):
            self.owe_name(account, parent)

    def owe_name(self, account, name, oldname=None):
        whole = account.prefix + name
        self.may_names = self.may_names | {whole}
        if account in self.watched:
            self.owed_names[whole] = oldname

    def rights_by(self, acl):
        return acl.rights(self.home.name, False)

    # -- what is told --

    def hear_of_others_name(self, whole, attributes, extended):
        account, name = self.home.whose(whole)
        attributes = {x.lower() for x in attributes}
        if "\\subscribed" in attributes or whole in self.untold():
            demand(("\\subscribed" in attributes) == (
                whole in self.home.subscribed), "%r: %r", whole, attributes)
            demand(any(x.events and x.has(whole, True, False)
                       for x in self.groups), "%r is in no group", whole)
            self.pass_over([whole])
            return
        if account not in self.watched and self.concerns(account):
            return                  # nobody knows since when
        expected = self.attributes_there(account, name)
        demand("\\nonexistent" not in expected or whole in self.may_names or
               whole in self.home.named, "%r is not to be seen", whole)
        said = (attributes - {"\\noaccess"} if "\\nonexistent" in attributes
                else attributes, extended)
        if whole in self.owed_names and (said[0] == expected or
                                         self.heard_names.get(whole) != said):
            demand(said[0] == expected, "%r: %r, not %r", whole, attributes,
                   expected)
            self.check_oldname(account, self.owed_names.pop(whole), extended)
        self.heard_names[whole] = said

    def attributes_there(self, account, name):
        """As LIST would tell them to who visits."""
        box = account.mailboxes.get(name)
        above = any(x.startswith(name + "/") and self.sees(y)
                    for x, y in account.mailboxes.items())
        if not box or not self.sees(box):
            return {"\\noselect", "\\haschildren"} if above else \
                {"\\nonexistent", "\\hasnochildren"}
        out = {"\\haschildren" if above else "\\hasnochildren"}
        if not box.selectable:
            out.add("\\noselect")
        elif "r" not in self.rights(box):
            out.add("\\noaccess")
        return out

    def check_oldname(self, account, oldname, extended):
        if oldname is None:
            return
        demand(extended, "no OLDNAME %r", oldname)
        _word, names = extended
        demand([self.heard_name(x) for x in names] ==
               [account.prefix + oldname], "OLDNAME %r, not %r", names,
               oldname)

    def whole_name(self, data):
        """Of NOTIFY's names: as names are here, whosever they are."""
        return self.whole(self.name_of(data))

    def whole(self, name):
        """As its owner has it: INBOX may be written in any letters."""
        account, inner = self.home.whose(name)
        return name if account is self.home or not name.startswith(OTHERS) \
            else name[:len(name) - len(inner)] + inner
