"""on_acl.py -- the commands of session.py about rights, and who may. RFC 4314"""
from account import No
from answer import Rules
from rights import ALL, Acl, LETTERS, NEEDS, OF_OWNER, told
from view import demand

TRYCREATE = {"APPEND", "COPY", "MOVE", "REPLACE"}


class AclCommands:
    # -- the door --

    def rights(self, box):
        return box.acl.rights(self.home.name, box.account is self.home)

    def sees(self, box):
        return "l" in self.rights(box)

    def door(self, command):
        """Raises No for who may not, before anything else is looked at."""
        named, _selected = NEEDS.get(command.name, ("", ""))
        codes = set()
        if not self.may_with_selected(command.name):
            codes.add("NOPERM")
        if command.name in ("COPY", "MOVE") and self.crosses() and \
                all(x.gone for x in self.resolve(command)):
            named = ""
        if named and command.mailbox:
            codes |= self.refused_there(command, named)
        if codes:
            raise No(*codes)

    def may_with_selected(self, name):
        """What a command, by its name, needs of the selected mailbox."""
        _named, needed = NEEDS.get(name, ("", ""))
        rights = self.rights(self.current.box) if self.current else ALL
        if needed and self.current and self.is_lost():
            return False
        return rights >= set(needed) and (
            name != "STORE" or bool(rights & set("swt")))

    def refused_there(self, command, needed):
        """Codes of which one is right, none for who may."""
        box = self.account.mailboxes.get(self.name_of(command.mailbox))
        if command.name == "SETMETADATA" and shares(command):
            needed = "w"
        if box is None or self.rights(box) >= set(needed) | {"l"}:
            return set()
        if self.sees(box):
            return {"NOPERM"}
        return {"TRYCREATE", "NONEXISTENT"} if command.name in TRYCREATE \
            else {"NONEXISTENT"}

    def may_make(self, name):
        """Below the nearest that there is; at the top it is the owner's."""
        box = self.account.nearest_above(name)
        if box is not None and not self.sees(box):
            raise No("NONEXISTENT")
        if "k" not in (self.rights(box) if box else
                       ALL if self.account is self.home else ()):
            raise No("NOPERM", *["NONEXISTENT"] * (
                self.account is not self.home))

    # -- the commands --

    def acl_of(self, command):
        name = self.name_of(command.mailbox)
        box = self.account.mailboxes.get(name)
        if box is None:
            raise No("NONEXISTENT")
        return name, box

    def do_setacl(self, command, _answer):
        name, box = self.acl_of(command)
        before = Acl(box.acl.entries)
        box.acl.change(command.identifier, command.how, command.rights,
                       self.account.name)
        if command.rights and command.how != "-":
            self.account.let_in.add(command.identifier.lower())
        self.rights_changed(name, before)
        yield Rules()

    def do_deleteacl(self, command, _answer):
        name, box = self.acl_of(command)
        before = Acl(box.acl.entries)
        box.acl.delete(command.identifier)
        self.rights_changed(name, before)
        yield Rules()

    def rights_changed(self, name, before):
        self.account.rights_changed()
        for x in self.account.visitors():
            x.note_rights(self.account, name, before)

    def do_getacl(self, command, answer):
        name, box = self.acl_of(command)
        yield Rules()
        heard, = answer.rest["ACL"]
        words = [word(x) for x in heard[1:]]
        found = {words[i]: letters_told(words[i + 1])
                 for i in range(0, len(words), 2)}
        expected = {k: told(v) for k, v in
                    box.acl.listed(self.account.name).items()}
        demand(self.heard_name(heard[0]) == name and found == expected,
               "ACL %r, not %r", found, expected)

    def do_myrights(self, command, answer):
        name, box = self.acl_of(command)
        yield Rules(held=True)      # EXPUNGE waits for the next command
        heard, = answer.rest["MYRIGHTS"]
        demand(self.heard_name(heard[0]) == name, "MYRIGHTS %r", heard)
        self.check_myrights(box, heard[1])

    def check_myrights(self, box, value):
        demand(letters_told(word(value)) == told(self.rights(box)),
               "MYRIGHTS %s, not %s", value, sorted(self.rights(box)))

    def do_listrights(self, command, answer):
        name, _box = self.acl_of(command)
        yield Rules()
        heard, = answer.rest["LISTRIGHTS"]
        is_owner = command.identifier == "owner" or \
            command.identifier.lower() == self.account.name.lower()
        always = OF_OWNER if is_owner else frozenset()
        demand(self.heard_name(heard[0]) == name and
               word(heard[1]) == command.identifier and
               letters_told(word(heard[2])) == always and
               [word(x) for x in heard[3:]] ==
               [x for x in LETTERS if x not in always] + ["c", "d"],
               "LISTRIGHTS %r", heard)


def shares(command):
    """Whether SETMETADATA sets what all see."""
    return any(x.startswith("/shared/") for x, _ in command.values)


def word(value):
    return value.decode() if isinstance(value, bytes) else value or "NIL"


def letters_told(text):
    demand(len(set(text)) == len(text), "a right twice in %r", text)
    return frozenset(text)
