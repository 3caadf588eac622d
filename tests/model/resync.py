"""resync.py -- what a client that comes back must be told. RFC 7162 section
3.2.

What vanished and what changed after the modification sequence that it names
must be there. More may be: a server may have forgotten when a message went,
but only what is in the client's set and no longer in the mailbox.
"""
from view import demand, expand


def check_vanished(box, known, answer, in_view=()):
    """in_view: UIDs that went, but not from the session's view yet: a
    VANISHED of their own tells of them.
    """
    # UIDs that nothing has had yet may be told of by the milliard
    told = {uid for x in answer.earlier for uid in expand(x, box.uidnext)}
    living = {x.uid for x in box.messages}
    demand(not told & living, "VANISHED (EARLIER) of %r", told & living)
    demand(all(known.has(x) for x in told),
           "VANISHED (EARLIER) %r of what nobody asked", told)
    for uid, tick in box.vanished.items():
        if uid not in in_view and known.has(uid) and uid >= known.first_unknown(box) and \
                box.modseqs.bounds(tick)[0] >= known.since:
            demand(uid in told, "VANISHED (EARLIER) %d is missing", uid)


def check_changed(box, known, answer):
    """SELECT: those that changed come with UID, FLAGS and MODSEQ."""
    exact = known.since in [x[1] for x in box.modseqs.tops]
    for copy, since in [(x, box.modseqs.after(x, known.since))
                        for x in box.messages if known.has(x.uid)]:
        heard = set(answer.fetched.get(copy, ()))
        if since:
            demand({"UID", "FLAGS", "MODSEQ"} <= heard,
                   "FETCH of %r is missing", copy)
        elif since is False and exact:
            demand(not heard, "%r told in vain", copy)
