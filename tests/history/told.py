"""told.py -- what a session that said NOTIFY (RFC 5465) hears of the rest.

A part of replay.py: the numbers that are told are facts like all others, and
checked with them. Here is seen to it that there are any.
"""


class Told:
    """What one session, from its NOTIFY on, is told of other mailboxes. What
    a STATUS found changed is news by the end of the command after it."""

    def __init__(self, session, args):
        self.session = session
        self.wants = args[0] == b"SET"
        self.delayed = b"(SELECTED-DELAYED" in args
        self.answered = None    # the op whose STATUS has been seen
        self.known = {}     # name -> what was told last
        self.late = {}      # name -> the op that found it changed since
        self.overflowed = None  # the op that said that it is told no more

    def status(self, name, now):
        """One more line. Of those of a STATUS of that name one is the
        answer; which one does not matter."""
        op = self.session.op
        if now[0] == self.session.mailbox:
            return      # of the selected one its messages are told
        if op is self.answered or \
           not op.command.startswith(b"STATUS %s " % name):
            self.late.pop(name, None)
        else:
            self.answered = op
            if self.wants and self.known.get(name, now) != now:
                self.late[name] = op
        self.known[name] = now

    def overflow(self):
        """As if it had said NOTIFY NONE (RFC 5465 section 5.8). Only what is
        told from another process may end so, when that does."""
        self.wants = self.delayed = False
        self.late.clear()
        self.overflowed = self.session.op

    def selected(self, name):
        self.known.pop(name, None)
        self.late.pop(name, None)

    def after(self, op):
        for name in [n for n, found in self.late.items() if found is not op]:
            del self.late[name]
            self.session.complain("I4", "no news of %s, which has changed"
                                  % name.decode())

    def waited(self, lines):
        if self.overflowed is self.session.op:
            return
        if not self.wants and [x for x in lines if not x.startswith(b"* BYE")]:
            self.session.complain("I9", "told without having asked: %r"
                                  % lines[0][:60])
