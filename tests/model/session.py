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
import messages
import search
import syntax
from account import No, SYSTEM_FLAGS, decode_name, encode_utf7, mailbox_name
from cursor import Bad, Cursor
from listing import list_names, lsub_names, pattern
from view import View, demand, expand, label, lower
from wire import Status

ANY_STATE = {"CAPABILITY", "ID", "LOGOUT", "NOOP"}
SELECTED = {"CHECK", "CLOSE", "COPY", "EXPUNGE", "FETCH", "MOVE", "SEARCH",
            "STORE", "UNSELECT"}
NO_EXPUNGE = {"FETCH", "SEARCH", "STORE"}
CAPABILITIES = {"IMAP4REV1", "IMAP4REV2", "ESEARCH", "LIST-EXTENDED", "MOVE",
                "LIST-STATUS", "MULTIAPPEND", "SEARCHRES", "UIDPLUS"}
BAD_LIMIT = 20          # src/base/limits.h, LIMIT_BAD


class Rules:
    """What may and must stand in an answer."""

    def __init__(self, asked=(), before=None, expunge=True, code=None,
                 zombies=False):
        self.asked = {}
        for item in asked:
            self.asked.setdefault(label(item), []).append(item)
        self.before = before or {}
        self.expunge = expunge
        self.code = code            # of the tagged OK
        self.zombies = zombies      # NO [EXPUNGEISSUED] may end it


class Answer:
    """Untagged answers and the tagged one, Statuses among them."""

    def __init__(self, untagged, status):
        self.untagged = untagged
        self.status = status
        self.rest = {}              # word -> [values], what is not the view's
        self.fetched = {}           # Copy -> [label]
        self.codes = {}             # code of an untagged OK -> its value
        self.moved = set()          # Copies that COPYUID has named


class Session:
    def __init__(self, account):
        self.account = account
        self.rev2 = False
        self.name = None            # of the mailbox when it was selected
        self.current = None         # View
        self.saved = []             # UIDs of "$"
        self.bad = 0
        self.over = False           # BYE must come, or has
        self.uid = False            # the command is one by UID

    @property
    def view(self):
        return self.current.messages if self.current else []

    def judge(self, data, answer):
        """Raises Wrong unless the answer is right."""
        try:
            command = syntax.parse(data, self.rev2)
            if command.name in SELECTED and not self.current:
                raise Bad("nothing is selected")
            self.uid = command.uid
            if self.current:
                self.current.begun = self.current.fresh() \
                    if command.uid else []
            handler = getattr(self, "do_" + command.name.lower())
            self.run(command, handler(command, answer), answer)
            self.bad = 0
        except Bad as bad:
            demand(answer.status.word == "BAD" or self.refused_early(
                data, answer.status), "%s: %s", bad, answer.status)
            self.hear(answer, Rules(expunge=False))
            self.bad += 1
            self.over = self.bad == BAD_LIMIT

    def refused_early(self, data, status):
        """What is wrong with a mailbox or a charset may be told before the
        rest of a command is found to be no command.
        """
        words = data.upper().split()
        if status.word != "NO" or len(words) < 3:
            return False
        if status.code == "BADCHARSET":
            return b"CHARSET" in words
        if status.code == "TRYCREATE" and words[1] == b"APPEND":
            return self.missing(data)
        return status.code in ("CANNOT", "USEATTR")

    def missing(self, data):
        """Whether there is no mailbox to APPEND to."""
        c = Cursor(data, self.rev2)
        c.match("tag")
        c.at += len(" APPEND ")
        try:
            self.account.find(self.name_of(c.astring()))
        except No:
            return True
        return False

    def run(self, command, steps, answer):
        try:
            rules = next(steps)
        except No as no:
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
        if rules.code:
            demand(answer.status.code == rules.code, "[%s] expected: %s",
                   rules.code, answer.status)
        for _ in steps:
            raise AssertionError("a second yield")
        if self.current:
            self.current.synchronous(rules.expunge)

    def refused(self, command, no, answer):
        demand(answer.status.word == "NO" and (
            answer.status.code in no.codes or not no.codes),
            "NO %r expected: %s", no.codes, answer.status)
        self.hear(answer, Rules(
            expunge=command.uid or command.name not in NO_EXPUNGE))

    def hear(self, answer, rules):
        for x in answer.untagged:
            if isinstance(x, Status):
                self.hear_status(x, answer)
            elif x[0] in ("EXISTS", "EXPUNGE", "FETCH", "FLAGS", "RECENT"):
                self.hear_view(x, answer, rules)
            else:
                answer.rest.setdefault(x[0], []).append(x[1:])

    def hear_status(self, status, answer):
        demand(status.word in ("OK", "BYE"), "untagged %s", status)
        if status.word == "BYE":
            demand(self.over, "BYE")
        if status.code == "CLOSED":
            demand(self.current, "CLOSED, but nothing was selected")
            self.current = None
        if status.code == "COPYUID":
            answer.moved = set(expand(status.value.split()[1]))
        answer.codes[status.code] = status.value

    def hear_view(self, x, answer, rules):
        view = self.opening or self.current
        demand(view, "%s, but nothing is selected", x)
        if x[0] == "EXISTS":
            view.exists(x[1])
        elif x[0] == "FLAGS":
            view.flags(x[1])
        elif x[0] == "RECENT":
            demand(not self.rev2 and x[1] == 0, "%s", x)
        elif x[0] == "EXPUNGE":
            demand(rules.expunge, "EXPUNGE where none may come")
            view.expunge(x[1])
        else:
            copy, labels = view.fetch(x[1], x[2], rules.asked, rules.before)
            demand("UID" in labels or not self.rev2 or
                   set(labels) & set(rules.asked),
                   "FETCH that nobody asked for without UID")
            answer.fetched.setdefault(copy, []).extend(labels)

    opening = None              # the View that SELECT makes

    # -- sets and names --

    def sight(self, uid):
        """What a command can mean: those by UID know of what is new."""
        return self.view + (self.current.fresh() if uid else [])

    def in_set(self, ranges, n, copy, uid):
        """Whether a sequence-set has number or UID n, which is copy's."""
        if ranges is None:
            return copy.uid in self.saved
        sight = self.sight(self.uid)
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

    def numbers_exist(self, command):
        if command.uid or command.set is None:
            return
        for end in (x for pair in command.set for x in pair):
            if (end or 1) > len(self.view):
                raise Bad("no such message number")

    def mailbox(self, command, code="NONEXISTENT"):
        """Name and Mailbox of a command."""
        name = self.name_of(command.mailbox)
        return name, self.account.find(name, code)

    def name_of(self, data):
        return mailbox_name(data, self.rev2)

    def wire_name(self, name):
        return name.encode() if self.rev2 else encode_utf7(name)

    def heard_name(self, value):
        """The str of a mailbox name in an answer."""
        data = value if isinstance(value, bytes) else (
            "NIL" if value is None else value).encode("utf-8",
                                                      "surrogateescape")
        return decode_name(data, self.rev2)

    # -- any state --

    def do_noop(self, _command, _answer):
        yield Rules()

    do_check = do_noop

    def do_capability(self, _command, answer):
        yield Rules()
        found = lower(answer.rest["CAPABILITY"][0])
        demand(lower(CAPABILITIES) <= found, "CAPABILITY %r", found)

    def do_id(self, _command, answer):
        yield Rules()
        demand(len(answer.rest["ID"]) == 1, "ID")

    def do_logout(self, _command, answer):
        self.over = True
        yield Rules()
        self.current = None
        demand(any(isinstance(x, Status) and x.word == "BYE"
                   for x in answer.untagged), "no BYE")

    def do_idle(self, _command, _answer):
        yield Rules()

    def do_namespace(self, _command, answer):
        yield Rules()
        demand(answer.rest["NAMESPACE"] == [([[b"", b"/"]], None, None)],
               "NAMESPACE %r", answer.rest["NAMESPACE"])

    def do_enable(self, command, answer):
        new = {"IMAP4REV2"} & set(command.names) if not self.rev2 else set()
        self.rev2 = self.rev2 or bool(new)
        yield Rules()
        demand({x.upper() for x in answer.rest["ENABLED"][0]} == new,
               "ENABLED %r", answer.rest["ENABLED"])
        if self.current:
            self.current.rev2 = self.rev2

    # -- mailboxes --

    def do_create(self, command, _answer):
        self.account.create(self.name_of(command.mailbox), command.uses)
        yield Rules()

    def do_delete(self, command, answer):
        gone = self.account.delete(self.name_of(command.mailbox))
        for other in self.account.sessions:
            if gone and other is not self and other.selected_is(gone):
                other.over = True
        mine = gone and self.selected_is(gone)
        yield Rules()
        demand(not mine or "CLOSED" in answer.codes, "CLOSED is missing")

    def selected_is(self, box):
        return self.current is not None and self.current.box is box

    def do_rename(self, command, _answer):
        name = self.name_of(command.mailbox)
        self.account.rename(name, self.name_of(command.to))
        yield Rules()

    def do_subscribe(self, command, _answer):
        self.account.subscribed.add(self.name_of(command.mailbox))
        yield Rules()

    def do_unsubscribe(self, command, _answer):
        self.account.subscribed.discard(self.name_of(command.mailbox))
        yield Rules()

    def do_select(self, command, answer):
        if self.current:            # whatever comes of it
            demand("CLOSED" in [getattr(x, "code", None)
                                for x in answer.untagged] or not self.rev2,
                   "CLOSED is missing")
        name, box = self.mailbox(command)
        examine = command.name == "EXAMINE"
        self.opening, self.saved = View(box, examine, self.rev2), []
        yield Rules(code="READ-ONLY" if examine else "READ-WRITE")
        self.current, self.opening = self.opening, None
        self.check_select(name, box, answer)

    do_examine = do_select

    def check_select(self, name, box, answer):
        codes = answer.codes
        demand(len(self.view) == len(box.messages), "EXISTS is missing")
        demand(self.account.learn_validity(name, int(codes["UIDVALIDITY"])),
               "UIDVALIDITY %s, not %s > %s", codes["UIDVALIDITY"],
               box.uidvalidity, box.above)
        demand(codes["UIDNEXT"] == str(box.uidnext), "UIDNEXT %s, not %d",
               codes["UIDNEXT"], box.uidnext)
        unseen = [n for n, x in enumerate(self.view, 1)
                  if "\\seen" not in x.flags]
        if self.rev2 or not unseen:
            demand("UNSEEN" not in codes, "UNSEEN %s", codes.get("UNSEEN"))
        else:
            demand(codes.get("UNSEEN") == str(unseen[0]), "UNSEEN %s, not %d",
                   codes.get("UNSEEN"), unseen[0])
        permanent = lower(codes["PERMANENTFLAGS"].strip("()").split())
        demand(not permanent if self.current.readonly else
               SYSTEM_FLAGS | self.current.keywords | {"\\*"} == permanent,
               "PERMANENTFLAGS %r", permanent)
        if self.rev2:
            names = [self.heard_name(x[2]) for x in answer.rest["LIST"]]
            demand(names == [name], "LIST %r in SELECT", names)

    def do_unselect(self, _command, _answer):
        yield Rules()
        self.current = None

    def do_close(self, _command, answer):
        view = self.current
        if not view.readonly:
            view.box.remove([x for x in view.box.messages
                             if "\\deleted" in x.flags])
        yield Rules(expunge=False)
        self.current = None

    # -- LIST, STATUS --

    def patterns(self, command):
        if len(command.patterns) > 10:
            raise No("LIMIT")
        reference = self.pattern_text(command.reference)
        return [pattern(reference, self.pattern_text(x))
                for x in command.patterns]

    def pattern_text(self, data):
        return decode_name(data, self.rev2) if data else ""

    def do_list(self, command, answer):
        root = command.patterns == [b""]    # of extended ones, too
        patterns = None if root else self.patterns(command)
        yield Rules()
        heard = answer.rest.get("LIST", [])
        if root:
            demand(len(heard) == 1 and heard[0][:2] == (["\\Noselect"], b"/"),
                   "LIST %r", heard)
            return
        expected = list_names(self.account, command, patterns)
        found = {}
        for flags, delim, name, *more in heard:
            name = self.heard_name(name)
            demand(name not in found and delim == b"/", "LIST %r", name)
            flags = lower(flags)
            if "\\nonexistent" in flags:
                flags -= {"\\haschildren", "\\hasnochildren"}
            found[name] = (flags, childinfo(more))
        self.same_names("LIST", found, expected)
        if command.items or "STATUS" in command.returns:
            self.check_statuses(command.items, set(expected), answer)

    def same_names(self, what, found, expected):
        for name in sorted(set(found) | set(expected)):
            demand(found.get(name) == expected.get(name), "%s %r: %r, not %r",
                   what, name, found.get(name), expected.get(name))

    def check_statuses(self, items, names, answer):
        names = {x for x in names if x in self.account.mailboxes and
                 self.account.mailboxes[x].selectable}
        heard = answer.rest.get("STATUS", [])
        found = [self.heard_name(x[0]) for x in heard]
        demand(sorted(found) == sorted(names), "STATUS of %r, not %r", found,
               names)
        listed = []
        for x in answer.untagged:       # LIST before its STATUS
            if isinstance(x, Status):
                continue
            if x[0] == "LIST":
                listed.append(self.heard_name(x[3]))
            demand(x[0] != "STATUS" or self.heard_name(x[1]) in listed,
                   "STATUS of %r before its LIST", x[1])
        for x in heard:
            self.check_status(self.heard_name(x[0]), items, x[1])

    def check_status(self, name, items, heard):
        box = self.account.mailboxes[name]
        found = dict(zip(heard[::2], map(int, heard[1::2])))
        demand(set(found) == set(items), "items %r of STATUS", found)
        for item, value in found.items():
            if item == "UIDVALIDITY":
                demand(self.account.learn_validity(name, value),
                       "UIDVALIDITY %d, not %s > %s", value, box.uidvalidity,
                       box.above)
            else:
                demand(value == box.status(item), "%s %d, not %d", item,
                       value, box.status(item))

    def do_lsub(self, command, answer):
        patterns = self.patterns(command)
        yield Rules()
        percent = b"%" in command.reference + command.patterns[0]
        expected = lsub_names(self.account, patterns, percent)
        found = {self.heard_name(x[2]): "\\noselect" in lower(x[0])
                 for x in answer.rest.get("LSUB", [])}
        if command.patterns != [b""]:
            self.same_names("LSUB", found, expected)

    def do_status(self, command, answer):
        name, _box = self.mailbox(command)
        yield Rules()
        heard, = answer.rest["STATUS"]
        demand(self.heard_name(heard[0]) == name, "STATUS %r", heard)
        self.check_status(name, command.items, heard[1])

    # -- messages come --

    def do_append(self, command, answer):
        name, box = self.mailbox(command, "TRYCREATE")
        first = box.uidnext
        for flags, date, raw in command.messages:
            if raw not in messages.known:
                raise No()
            box.add(messages.known[raw], date, storable(flags))
        yield Rules(code="APPENDUID")
        validity, uids = answer.status.value.split()
        demand(self.account.learn_validity(name, int(validity)),
               "UIDVALIDITY %s, not %s > %s", validity, box.uidvalidity,
               box.above)
        demand(expand(uids) == list(range(first, box.uidnext)),
               "APPENDUID %s, not %d:%d", uids, first, box.uidnext - 1)
        demand(len(command.messages) > 1 or ":" not in uids, "%s", uids)

    def do_copy(self, command, answer):
        copies = self.resolve(command)
        zombies = any(x.gone for x in copies)
        living = [x for x in copies if not x.gone]
        move = command.name == "MOVE"
        if move and self.current.readonly:
            raise No()
        if not living and answer.status.word == "NO":
            raise No()
        if zombies and not command.uid:     # all or nothing
            raise No("EXPUNGEISSUED", "TRYCREATE", "CANNOT")
        name, box = self.mailbox(command, "TRYCREATE")
        first = box.uidnext
        for x in living:
            box.add(x.content, x.date, x.flags)
        if move:
            self.current.box.remove(living)
        yield Rules()
        self.check_copyuid(name, living, first, answer, move)

    do_move = do_copy

    def check_copyuid(self, name, living, first, answer, move):
        text = answer.codes.get("COPYUID") if move else \
            answer.status.value if answer.status.code == "COPYUID" else None
        demand(bool(text) == bool(living), "COPYUID %s for %r", text, living)
        if not living:
            return
        validity, sources, targets = text.split()
        box = self.account.mailboxes[name]
        demand(self.account.learn_validity(name, int(validity)),
               "UIDVALIDITY %s, not %s > %s", validity, box.uidvalidity,
               box.above)
        demand(expand(sources) == [x.uid for x in living],
               "COPYUID from %s, not %r", sources, living)
        demand(expand(targets) == list(range(first, box.uidnext)),
               "COPYUID to %s, not %d:%d", targets, first, box.uidnext - 1)

    # -- messages change --

    def do_expunge(self, command, _answer):
        view = self.current
        if view.readonly:
            raise No()
        chosen = self.resolve(command) if command.uid else view.box.messages
        view.box.remove([x for x in chosen if "\\deleted" in x.flags])
        yield Rules()

    def do_store(self, command, answer):
        copies = self.resolve(command)
        zombies = any(x.gone for x in copies) and not command.uid
        if self.current.readonly:
            raise No()
        living = [x for x in copies if not x.gone]
        view = self.current
        before = {x: x.flags for x in living}
        surprised = [x for x in living
                     if view.changes.get(x, 0) != x.changes]
        for x in living:
            view.box.set_flags(x, stored(x.flags, command))
            if command.silent and x in view.told:
                # what the client can work out for itself
                view.told[x] = frozenset(stored(view.told[x], command))
                view.changes[x] += 1
        yield Rules(expunge=command.uid, before=before, zombies=zombies)
        for x in living:
            heard = answer.fetched.get(x, [])
            if command.silent:
                demand(not heard or x in surprised, "%r told in vain", x)
            else:
                demand("FLAGS" in heard, "FETCH of %r is missing", x)
                demand("UID" in heard or not command.uid, "UID is missing")

    def do_fetch(self, command, answer):
        copies = self.resolve(command)
        living = [x for x in copies if not x.gone]
        zombies = len(living) != len(copies) and not command.uid
        before = {x: x.flags for x in living}
        if not self.current.readonly and any(map(sees, command.items)):
            for x in living:
                self.current.box.set_flags(x, x.flags | {"\\seen"})
        rules = Rules(command.items, before, command.uid, zombies=zombies)
        yield rules
        wanted = {label(x) for x in command.items}
        wanted |= {"UID"} if command.uid else set()
        for x in living:
            heard = answer.fetched.get(x, [])
            for each in wanted:
                demand(each in heard, "%s of %r is missing", each, x)
                demand(each in ("UID", "FLAGS") or heard.count(each) <=
                       len(rules.asked[each]), "%s of %r again", each, x)

    # -- SEARCH --

    def do_search(self, command, answer):
        if command.charset and self.rev2 and command.charset != "UTF-8":
            pass
        saving = command.returns is not None and "SAVE" in command.returns
        try:
            key = search.Search(self, command, command.charset or (
                "UTF-8" if self.rev2 else "UTF-8"))
        except search.BadCharset:
            self.saved = [] if saving else self.saved
            raise No("BADCHARSET") from None
        sight = self.sight(command.uid)
        hits = [x for x in sight if key.matches(command.key, x)]
        numbers = {x: n for n, x in enumerate(sight, 1)}
        zombies = [x for x in sight if x.gone]
        yield Rules(expunge=command.uid)
        self.check_found(command, answer, {
            x.uid if command.uid else numbers[x] for x in hits},
            {x.uid if command.uid else numbers[x] for x in zombies})
        if saving:
            self.saved = saved(command.returns, [x.uid for x in hits])

    def check_found(self, command, answer, hits, zombies):
        if command.returns is None and not self.rev2:
            found, = answer.rest["SEARCH"]
            found = set(map(int, found))
            demand(found - zombies == hits - zombies, "SEARCH %r, not %r",
                   sorted(found), sorted(hits))
            return
        if command.returns == ["SAVE"]:
            demand("ESEARCH" not in answer.rest, "ESEARCH for SAVE alone")
            return
        found, = answer.rest["ESEARCH"]
        correlator, found = found[0], list(found[1:])
        demand(correlator == ["TAG", command.tag], "%r", correlator)
        demand((found[:1] == ["UID"]) == command.uid, "UID in %r", found)
        found = found[1:] if command.uid else found
        found = dict(zip(found[::2], found[1::2]))
        options = set(command.returns or []) - {"SAVE"} or {"ALL"}
        if zombies:
            return
        expected = results(options, sorted(hits))
        if "ALL" in found:
            found["ALL"] = expand(found["ALL"])
        demand(found == expected, "ESEARCH %r, not %r", found, expected)


def results(options, hits):
    """What ESEARCH must say, RFC 4731 section 3.1."""
    out = {"COUNT": str(len(hits))} if "COUNT" in options else {}
    if hits:
        every = {"MIN": str(hits[0]), "MAX": str(hits[-1]), "ALL": hits}
        out.update((k, v) for k, v in every.items() if k in options)
    return out


def saved(options, hits):
    """What "$" has then, RFC 5182 section 2.4."""
    options = set(options)
    if options & {"ALL", "COUNT"} or options == {"SAVE"} or not hits:
        return hits
    return [hits[0]] * ("MIN" in options) + [hits[-1]] * ("MAX" in options)


def childinfo(extended):
    """The options that CHILDINFO names, in lower case."""
    if not extended:
        return frozenset()
    (name, options), = extended[0:1]
    if isinstance(name, bytes):
        name = name.decode()
    demand(name.upper() == "CHILDINFO", "%r", extended)
    return frozenset(x.decode().lower() for x in options)


def storable(flags):
    """Without system flags that nobody knows (VIOLATIONS.md)."""
    return {x for x in lower(flags)
            if x in SYSTEM_FLAGS or not x.startswith("\\")}


def stored(flags, command):
    new = storable(command.flags)
    if command.how == "+":
        return flags | new
    return flags - new if command.how == "-" else new


def sees(item):
    """Whether FETCH of it sets \\Seen."""
    if isinstance(item, syntax.Section):
        return item.kind in ("BODY", "BINARY")
    return item in ("RFC822", "RFC822.TEXT")


__all__ = ["Answer", "Session"]
