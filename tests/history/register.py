"""register.py -- a thing that has one value at a time, over time.

To read a value is right if some change to it may have come last: one that
began before the read ended, and after which no acknowledged change to
another value both began and ended before the read began.
"""
import collections


class Register:
    def __init__(self):
        self.changes = collections.defaultdict(list)    # value -> (t0, t1, sure)

    def add(self, value, t0, t1, sure):
        self.changes[value].append((t0, t1, sure))

    def may_be(self, value, t0, t1):
        last = max((end for begin, end, _ in self.changes[value]
                    if begin < t1), default=None)
        if last is None:
            return False
        return not any(sure and begin > last and end < t0
                       for other, changes in self.changes.items()
                       if other != value for begin, end, sure in changes)
