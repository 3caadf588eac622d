"""hearing.py -- the part of a session that takes untagged answers: each goes to
the view, to NOTIFY or to the command that has asked for it.
"""
from view import demand, expand
from wire import Status

ANYWAY = {"FLAGS", "MODSEQ", "UID"}     # in a FETCH that nobody asked for


class Hearing:
    opening = None              # the View that SELECT makes

    def hear_loss(self, answer):
        """It is closed, with a word, once the server has seen that."""
        closed = [x for x in answer.untagged
                  if getattr(x, "code", None) == "CLOSED"]
        self.closed = bool(self.lost and closed)
        if self.closed:
            answer.untagged.remove(closed[0])
            self.current, self.saved = None, []
        self.lost = self.is_lost()

    def hear(self, answer, rules):
        for x in answer.untagged:
            if isinstance(x, Status):
                self.hear_status(x, answer)
            elif x[0] in ("LIST", "STATUS") and self.hear_notice(x, answer):
                pass
            elif x[0] == "ESEARCH" and self.hear_update(x):
                pass
            elif x[0] == "METADATA" and self.hear_entries(x):
                pass
            elif x[0] == "VANISHED":
                self.hear_vanished(x, answer, rules)
            elif x[0] in ("EXISTS", "EXPUNGE", "FETCH", "FLAGS", "RECENT",
                          "UIDFETCH"):
                self.hear_view(x, answer, rules)
            else:
                answer.rest.setdefault(x[0], []).append(x[1:])

    def hear_vanished(self, x, answer, rules):
        demand(self.qresync or self.uidonly, "VANISHED without QRESYNC")
        if x[1] == ["EARLIER"]:
            demand(rules.earlier, "VANISHED (EARLIER)")
            answer.earlier.append(x[2])
            return
        demand(rules.expunge, "VANISHED where none may come")
        self.current.vanish(expand(x[1]))

    def hear_status(self, status, answer):
        demand(status.word in ("OK", "BYE") or status.word == "NO" and
               status.code in ("NOUPDATE", "MESSAGELIMIT"), "untagged %s",
               status)
        if status.word == "BYE":
            demand(self.over, "BYE")
        if status.code == "CLOSED":
            demand(self.current, "CLOSED, but nothing was selected")
            self.current = None
        if status.code == "COPYUID":
            answer.moved = set(expand(status.value.split()[1]))
        if status.code == "HIGHESTMODSEQ":
            self.hear_highest(int(status.value))
        answer.codes[status.code] = status.value

    def hear_highest(self, value, done=False):
        """What may not be told yet is not in it, RFC 7162 section 3.2."""
        view = self.opening or self.current
        demand(view or self.closed, "HIGHESTMODSEQ, but nothing is selected")
        if not view or view.tick is None or \
                any(x.gone for x in view.messages):
            return
        # as it is when the command is done, or was before
        ticks = {view.box.tick} if done else {view.box.tick, view.tick}
        modseqs = view.box.modseqs
        demand(any(modseqs.top(x, value) for x in sorted(ticks)) or
               not self.opening and value < max(modseqs.values(), default=0),
               "HIGHESTMODSEQ %d", value)

    def hear_view(self, x, answer, rules):
        view = self.opening or self.current
        demand(view, "%s, but nothing is selected", x)
        if x[0] == "EXISTS":
            new = view.exists(x[1])
            self.hear_new([] if self.opening else new)
        elif x[0] == "FLAGS":
            view.flags(x[1])
        elif x[0] == "RECENT":
            demand(not self.rev2 and x[1] == 0, "%s", x)
        elif x[0] == "EXPUNGE":
            demand(rules.expunge and not self.qresync and not self.uidonly,
                   "EXPUNGE where none may come")
            view.expunge(x[1])
        else:
            demand((x[0] == "UIDFETCH") == self.uidonly, "%s", x[0])
            new = self.items()
            copy, labels = view.fetch(
                view.by_uid(x[1]) if self.uidonly else view.at(x[1], "FETCH"),
                x[2], {**new, **rules.asked}, rules.before)
            self.hear_shown(copy, labels + ["UID"] * self.uidonly)
            demand(copy in rules.before or copy.gone or new or not
                   set(rules.asked) - ANYWAY & set(labels),
                   "FETCH of %r that was not asked for", copy)
            if self.uidonly:        # the response has named it
                labels.append("UID")
            demand("UID" in labels or not (
                self.rev2 or self.qresync or self.groups is not None) or
                   set(labels) & set(rules.asked),
                   "FETCH that nobody asked for without UID")
            demand("MODSEQ" in labels or not self.condstore or
                   "FLAGS" not in labels or set(labels) & set(rules.asked),
                   "FETCH that nobody asked for without MODSEQ")
            demand("MODSEQ" not in labels or self.condstore is not False,
                   "MODSEQ")
            answer.fetched.setdefault(copy, []).extend(labels)
