"""blame.py -- whose fault a lost session is, and how soon a role is back."""


def hits(blow, loss, partition):
    """Did this blow take that session away? When its client noticed is up
    to the client."""
    if blow.t0 > loss.t or blow.t1 < loss.since:
        return False
    if blow.kind == "out":
        return blow.name == loss.user and not loss.conn.endswith("/lmtp")
    if blow.kind != "kill":
        return False
    return (blow.name == "all" or loss.port in blow.ports or
            (is_its(blow.name, partition[loss.user])
             and not loss.conn.endswith("/lmtp")))


def is_its(process, partition):
    """None: it may be any."""
    return process == "mail/%s" % partition or \
        partition is None and process.startswith("mail/")


def unexplained(blows, losses, partition):
    """Sessions lost though nothing was done to the processes that had them."""
    return [loss for loss in losses
            if not any(hits(b, loss, partition) for b in blows)]


def matters(blow, user, partition):
    """Does who logs in as user need that process?"""
    return (blow.name.startswith(("gate", "auth"))
            or is_its(blow.name, partition[user]))


def back_after(blows, logins, partition):
    """For each kill after which nothing else got in the way: the seconds
    until somebody could log in who needs what was killed."""
    out = []
    for i, blow in enumerate(blows):
        found = [x for x in logins if x.t0 > blow.t1
                 and matters(blow, x.user, partition)]
        first = min(found, key=lambda x: x.t1, default=None)
        if first is not None and not any(
                b.t0 < first.t1 and matters(b, first.user, partition)
                for b in blows[i + 1:]):
            out.append((first.t1 - blow.t0, blow.name))
    return out
