"""shrink.py -- of a stream that ends in a disagreement, the steps that matter.

Each attempt is done on a new account. What is left disagrees as well, though
perhaps about something else.
"""
import time

SECONDS = 60


def shrink(steps, fails):
    """fails(steps): the Stream that disagreed, None if none did."""
    end = time.time() + SECONDS
    best = fails(steps)
    if best is None:
        return None
    best = without_chunks(best, fails, end)
    single = fails(singly(best.steps))
    return without_chunks(single, fails, end) if single else best


def without_chunks(best, fails, end):
    """Takes away half of the steps, a quarter ... one, where it may."""
    size = max(1, len(best.steps) // 2)
    while True:
        at = 0
        while at < len(best.steps) and time.time() < end:
            tried = fails(best.steps[:at] + best.steps[at + size:])
            best = tried or best
            at += 0 if tried else size
        if size == 1 or time.time() >= end:
            return best
        size //= 2


def singly(steps):
    """Each command a step of its own: nothing is pipelined."""
    return [(n, [x]) for n, commands in steps for x in commands]
