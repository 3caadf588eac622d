"""modseqs.py -- what is known of a mailbox's modification sequences.

The model does not say which values there are, only how they stand to each
other (RFC 7162 section 3.1): a change is a tick, the number of the command
that made it, and whatever changed at a later tick has a larger value. What a
session has been told narrows down the rest.
"""
import bisect

LIMIT = 2 ** 63


class ModSeqs:
    def __init__(self):
        self.ticks = []         # in order, those of messages that were told
        self.low, self.high = [], []        # least and greatest value at each
        self.tops = []          # [(tick of the last change, HIGHESTMODSEQ)]

    def bounds(self, tick):
        """(low, high): low < the value of a message of that tick <= high."""
        at = bisect.bisect_left(self.ticks, tick)
        low = self.high[at - 1] if at else 0
        after = at + (at < len(self.ticks) and self.ticks[at] == tick)
        high = self.low[after] - 1 if after < len(self.ticks) else LIMIT - 1
        n = bisect.bisect_left(self.tops, (tick, 0))
        if n:
            low = max(low, self.tops[n - 1][1])
        if n < len(self.tops):
            high = min(high, self.tops[n][1])
        return low, high

    def fits(self, tick, value):
        low, high = self.bounds(tick)
        return low < value <= high

    def learn(self, tick, value):
        """A message that last changed at tick has that MODSEQ."""
        at = bisect.bisect_left(self.ticks, tick)
        if at < len(self.ticks) and self.ticks[at] == tick:
            self.low[at] = min(self.low[at], value)
            self.high[at] = max(self.high[at], value)
        else:
            self.ticks.insert(at, tick)
            self.low.insert(at, value)
            self.high.insert(at, value)

    def top(self, tick, value):
        """HIGHESTMODSEQ when the last change was at tick; whether it may
        be. As long as nothing changes it is the same.
        """
        at = bisect.bisect_left(self.tops, (tick, 0))
        if at < len(self.tops) and self.tops[at][0] == tick:
            return self.tops[at][1] == value
        below = bisect.bisect_right(self.ticks, tick)
        if at and self.tops[at - 1][1] >= value or \
                at < len(self.tops) and self.tops[at][1] <= value or \
                below and self.high[below - 1] > value or \
                below < len(self.ticks) and self.low[below] <= value:
            return False
        self.tops.insert(at, (tick, value))
        return True

    def after(self, copy, value):
        """Whether the message's MODSEQ is larger; None: not known."""
        if copy.modseq is not None:
            return copy.modseq > value
        low, high = self.bounds(copy.tick)
        return True if value <= low else False if value >= high else None

    def values(self):
        """Some that were told, for who asks about them."""
        return self.low[-3:] + self.high[-3:] + [x[1] for x in self.tops[-3:]]
