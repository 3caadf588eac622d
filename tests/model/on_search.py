"""on_search.py -- the commands of session.py that look for messages."""
import search
import sort
import thread
from account import No
from answer import Rules
from on_context import ContextCommands
from syntax_search import in_key
from view import demand, expand


NO_RESULTS = {"CONTEXT", "SAVE", "UPDATE"}      # options that ask for none


def charset_of(command):
    """"" is one that nobody knows."""
    return "UTF-8" if command.charset is None else command.charset


class SearchCommands(ContextCommands):
    def found(self, command):
        """The Copies that a search program finds, by number, and whether
        that is certain.
        """
        self.context_begins(command)
        return self.found_in(command, self.sight(command.uid),
                             self.current.box)

    def found_by(self, context, sight):
        """What a program finds that was read before."""
        key = search.Search(self, context.command, charset_of(context.command),
                            sight, self.current.box)
        return [x for x in sight if key.matches(context.key, x)], \
            not key.unsure

    def found_in(self, command, sight, box):
        try:
            key = search.Search(self, command, charset_of(command), sight,
                                box)
        except search.BadCharset:
            if saves(command):
                self.saved = []
            raise No("BADCHARSET") from None
        hits = [x for x in sight if key.matches(command.key, x)]
        return hits, not key.unsure

    def looked_at(self, command, hits, sight, answer):
        """What its sets leave counts, of those with the highest UIDs."""
        too_many = self.too_many(sight)
        told = answer.limit()
        demand(told is None or too_many and len([
            x for x in hits if x.uid >= told]) <= self.home.most,
            "MESSAGELIMIT %s", told)
        demand(told is not None or has_sets(command.key) or not
               self.too_many([x for x in sight if not x.gone]),
               "no MESSAGELIMIT")
        return [x for x in hits if x.uid >= (told or 0)]

    def check_whole(self, command, sights, answer):
        """What can't be done in parts is refused."""
        # of the selected one what has gone counts, too
        may = any(map(self.too_many, sights + [self.view]))
        if may and answer.status.code == "MESSAGELIMIT" or \
                any(map(self.too_many, sights)) and \
                not has_sets(command.key):
            if saves(command):
                self.saved = []     # RFC 5182 section 2.1: it ends with NO
            raise No("MESSAGELIMIT")

    def numbers(self, command):
        """{Copy: number or UID} as the command names them, and the Copies
        that are gone, of which nobody can say.
        """
        sight = self.sight(command.uid)
        return {x: x.uid if command.uid else n
                for n, x in enumerate(sight, 1)}, \
            {x for x in sight if x.gone}

    def do_search(self, command, answer):
        hits, sure = self.found(command)
        hits = self.looked_at(command, hits, self.sight(command.uid), answer)
        numbers, zombies = self.numbers(command)
        self.keep(command, hits, sure, answer)
        # its own numbers hold off VANISHED, RFC 7162 section 3.2.10.2
        yield Rules(expunge=command.uid, held=in_key("SET", command.key))
        self.save(command, hits, answer, numbers)
        if not sure:            # what was told of MODSEQs does not say it
            return
        if command.returns is not None or self.rev2:
            self.check_extended(command, answer, hits, numbers, zombies)
            return
        found = self.plain("SEARCH", command, answer, hits, zombies)
        gone = {numbers[x] for x in zombies}
        demand(set(found) - gone == {numbers[x] for x in hits} - gone,
               "SEARCH %r, not %r", found, hits)

    def do_esearch(self, command, answer):
        """RFC 7377: a line for each mailbox in which something is found."""
        selected = self.current and self.current.box
        found, unsure = {}, set()
        alone = {x for x, _ in command.sources} == {"SELECTED"}
        if not alone:
            self.check_whole(command, [
                [x for x in self.view if not x.gone]    # what it knows of
                if box is selected else box.messages
                for box in map(self.box_named, self.sources(command))],
                             answer)
        for name in self.sources(command):
            box = self.box_named(name)
            sight = self.view if box is selected else box.messages
            hits, sure = self.found_in(command, sight, box)
            if alone:
                hits = self.looked_at(command, hits, sight, answer)
            if hits:
                found[name] = hits
            # "$" is of no other mailbox
            if not sure or has_saved(command.key) or \
                    any(x.gone for x in sight):
                unsure.add(name)
        yield Rules(expunge=False, held=True)
        if selected:
            hits = [y for x in found.values() for y in x]
            self.save(command, hits, answer, {x: x.uid for x in hits})
        heard = set()
        for correlator, *items in answer.rest.get("ESEARCH", []):
            words = dict(zip(correlator[::2], correlator[1::2]))
            name = self.heard_name(words["MAILBOX"])
            heard.add(name)
            demand(name in found or name in unsure, "ESEARCH in %r", name)
            account, inner = self.home.whose(name)
            demand(words["TAG"] == command.tag and items.pop(0) == "UID" and
                   account.learn_validity(
                       inner, int(words["UIDVALIDITY"])), "%r", correlator)
            if name not in unsure:
                self.check_results(command, items, found[name],
                                   [x.uid for x in found[name]],
                                   self.box_named(name))
        demand(set(command.returns or ()) - {"UPDATE", "CONTEXT"} ==
               {"SAVE"} or
               heard | unsure == set(found) | unsure,
               "ESEARCH in %r, not %r", heard, set(found))

    def sources(self, command):
        """The whole names of mailboxes that may be read."""
        out = set()
        every = {x for account in [self.home, *self.home.known.values()]
                 for x in self.readable(account)}
        for source, given in command.sources:
            names = ["" if source.startswith("SUBTREE") and not x
                     else self.name_of(x) for x in given]
            if source == "SELECTED":
                out |= {x for x in every
                        if self.selected_is(self.box_named(x))}
            elif source == "INBOXES":
                out |= {"INBOX"}
            elif source == "PERSONAL":
                out |= set(self.readable(self.home))
            elif source == "SUBSCRIBED":
                out |= {account.prefix * (account is not self.home) + inner
                        for account, inner in map(
                            self.home.whose, self.home.subscribed) if
                        account.name}
            else:
                out |= set(names)
            if source == "SUBTREE":
                out |= {x for x in every
                        if x.startswith(tuple(y + "/" for y in names))}
                if "" in names:
                    out |= set(self.readable(self.home))
            if source == "SUBTREE-ONE":
                out |= {x for x in every if x.rpartition("/")[0] in names}
        return out & every

    def readable(self, account):
        prefix = "" if account is self.home else account.prefix
        return [prefix + x for x, box in account.mailboxes.items()
                if box.selectable and {"l", "r"} <= self.rights(box)]

    def do_sort(self, command, answer):
        hits, sure = self.found(command)
        self.check_whole(command, [self.sight(command.uid)], answer)
        numbers, zombies = self.numbers(command)
        is_placed = sort.is_sure(hits, command.criteria)
        sure = sure and is_placed
        hits = sort.ordered(hits, command.criteria)
        self.keep(command, hits, sure, answer)
        yield Rules(expunge=command.uid, held=in_key("SET", command.key))
        self.save(command, hits, answer, numbers, is_placed)
        if not sure:
            return
        if command.returns is not None:
            self.check_extended(command, answer, hits, numbers, zombies)
            return
        found = self.plain("SORT", command, answer, hits, zombies)
        gone = {numbers[x] for x in zombies}
        expected = [numbers[x] for x in hits]
        demand([x for x in found if x not in gone] ==
               [x for x in expected if x not in gone],
               "SORT %r, not %r", found, expected)

    def do_thread(self, command, answer):
        hits, sure = self.found(command)
        self.check_whole(command, [self.sight(command.uid)], answer)
        numbers, zombies = self.numbers(command)
        sure = sure and sort.is_sure(hits, [(False, "DATE")]) and (
            command.algorithm != "REFS" or
            sort.is_sure(hits, [(False, "ARRIVAL")]))
        expected = thread.ALGORITHMS[command.algorithm](hits, numbers)
        yield Rules(expunge=command.uid, held=in_key("SET", command.key))
        found, = answer.rest["THREAD"]
        if sure and not zombies:
            demand(list(found) == expected, "THREAD %r, not %r", found,
                   expected)

    def do_uidbatches(self, command, answer):
        if command.size < 500:
            raise No("TOOFEW")
        uids = [x.uid for x in self.view if not x.gone]
        yield Rules()
        heard, = answer.rest["UIDBATCHES"]
        demand(heard[0] == ["TAG", command.tag], "%r", heard)
        ends = [tuple(map(int, y.split(":")))
                for x in heard[1:] for y in x.split(",")]
        left = uids[::-1]
        for n, (high, low) in enumerate(ends, 1):
            batch, left = left[:command.size], left[command.size:]
            demand(high >= low and all(low <= x <= high for x in batch),
                   "UIDBATCHES %r of %r", ends, uids)
        demand(not left or command.batches, "UIDBATCHES %r of %r", ends, uids)

    # -- what is found --

    def save(self, command, hits, answer, numbers, is_placed=True):
        """What is gone may be found if nothing of it had to be looked at, and
        an order may be anybody's: then MIN, MAX and the page are those of
        which the answer tells.
        """
        if not saves(command):
            return
        if narrows(command) and (
                not is_placed or any(x.gone for x in hits)):
            named = named_in(answer)
            hits = [x for x in hits if numbers[x] in named]
        else:
            hits = told(command, hits)
        self.saved_gone = {x.uid for x in hits if x.gone}
        self.saved = [x.uid for x in hits if not x.gone]

    def plain(self, name, command, answer, hits, zombies):
        """The numbers of an untagged SEARCH or SORT."""
        found, = answer.rest[name]
        found = list(found)
        if found and isinstance(found[-1], list):
            word, value = found.pop()
            demand(word == "MODSEQ", "%s %r", name, found)
            if not zombies:
                self.check_highest(command, hits, self.current.box, value)
        else:
            demand(not hits or zombies or not in_key("MODSEQ", command.key),
                   "no MODSEQ")
        return [int(x) for x in found]

    def check_highest(self, command, hits, box, value):
        """The MODSEQ of a search for one: the highest of what the answer is
        about, RFC 7162 section 3.1.5, RFC 4731 section 3.2.
        """
        demand(in_key("MODSEQ", command.key) and value.isdigit(), "MODSEQ %s",
               value)
        value, modseqs = int(value), box.modseqs
        hits = told(command, hits)
        demand(all(x.modseq is None or x.modseq <= value for x in hits) and
               any(x.modseq == value or x.modseq is None and
                   modseqs.fits(x.tick, value) for x in hits),
               "MODSEQ %d of %r", value, hits)

    def check_extended(self, command, answer, hits, numbers, zombies):
        if set(command.returns or ()) - {"UPDATE", "CONTEXT"} == {"SAVE"}:
            demand("ESEARCH" not in answer.rest, "ESEARCH for SAVE alone")
            return
        found, = answer.rest["ESEARCH"]
        correlator, found = found[0], list(found[1:])
        demand(correlator == ["TAG", command.tag], "%r", correlator)
        demand((found[:1] == ["UID"]) == command.uid, "UID in %r", found)
        if not zombies:
            self.check_results(command, found[command.uid:], hits,
                               [numbers[x] for x in hits], self.current.box)

    def check_results(self, command, found, hits, numbers, box):
        """{option: value} of an ESEARCH."""
        found = dict(zip(found[::2], found[1::2]))
        if in_key("MODSEQ", command.key) and told(command, hits):
            self.check_highest(command, hits, box, found.pop("MODSEQ"))
        if "ALL" in found:
            found["ALL"] = expand(found["ALL"])
        if "PARTIAL" in found:
            found["PARTIAL"][1:] = [x and expand(x)
                                    for x in found["PARTIAL"][1:]]
        expected = results(command, numbers)
        demand(found == expected, "ESEARCH %r, not %r", found, expected)


def named_in(answer):
    """The numbers of MIN, MAX and PARTIAL."""
    out = set()
    for _correlator, *found in answer.rest.get("ESEARCH", []):
        found = found[found[:1] == ["UID"]:]
        words = dict(zip(found[::2], found[1::2]))
        pages = words.get("PARTIAL", [])[1:]
        for text in [words.get("MIN"), words.get("MAX"), *pages]:
            out |= set(expand(text) if text else ())
    return out


def has_saved(key):
    """Whether "$" stands in a search key."""
    if key[0] == "AND":
        return any(has_saved(x) for x in key[1])
    return key[0] in ("SET", "UID") and key[1] is None or \
        key[0] in ("NOT", "OR") and any(has_saved(x) for x in key[1:])


def has_sets(key):
    return any(in_key(x, key) for x in ("SET", "UID"))


def saves(command):
    return "SAVE" in (getattr(command, "returns", None) or ())


def results(command, hits):
    """What ESEARCH must say, RFC 4731 section 3.1 and RFC 9394 section 3.1;
    of SORT in its order, RFC 5267 section 3.
    """
    options = set(command.returns or ()) - NO_RESULTS or {"ALL"}
    out = {"COUNT": str(len(hits))} if "COUNT" in options else {}
    if "PARTIAL" in options:
        out["PARTIAL"] = [command.partial[0], page(command, hits) or None]
    if hits:
        every = {"MIN": str(hits[0]), "MAX": str(hits[-1]), "ALL": hits}
        out.update((k, v) for k, v in every.items() if k in options)
    return out


def page(command, hits):
    """Those in the range of PARTIAL, which counts from 1 or from -1."""
    if not command.partial:
        return hits
    _, low, high = command.partial
    if low < 0:
        return hits[max(0, len(hits) + low):max(0, len(hits) + high + 1)]
    return hits[low - 1:high]


def narrows(command):
    """Whether an answer is about some of what is found."""
    options = set(command.returns or ()) - NO_RESULTS
    return bool(options) and not options & {"ALL", "COUNT"}


def told(command, hits):
    """What an answer is about, and what "$" has then: RFC 5182 section 2.4,
    RFC 9394 section 3.3.
    """
    options = set(command.returns or ())
    if not narrows(command):
        return hits
    return hits[:1] * ("MIN" in options) + hits[-1:] * ("MAX" in options) + \
        (page(command, hits) if "PARTIAL" in options else [])
