"""The best of several attempts at an allocation.

One attempt asks the limits in rank order, as SPEC 4.4 has it, and so spends a limit on the offer that ranks highest,
even if that keeps away two others worth more together. Of 10,000 small worlds with limits, 97.6 % come to 0.97 of the
best possible total that way, the worst to 0.47. With this search all of 20,000 come to the best, 84 % of them at the
first attempt.

The search is branch and bound: an attempt says what any better selection must leave out, one thing or another, and each
is tried in an attempt of its own, again in rank order. Where an attempt's bound shows that nothing better is left it
ends, and where nothing was refused it does not begin. A. Land and A. Doig, "An automatic method of solving discrete
programming problems", Econometrica 28(3), 1960.
"""

from collections.abc import Callable
from heapq import heappop, heappush

from decisioning.engine.assignment import TIE
from decisioning.engine.attempt import Attempt

# After so many assignments no further attempt is begun; one takes two at the most for each slot, and mostly two in all.
# Small worlds need 17 to come to the best and 33 to know it. With 20 to 40 creatives in up to 18 slots, 395 worlds of
# 400 come to 0.97 of what 1,500 assignments find, the worst to 0.92; twice as many would make that 398.
MOST_ASSIGNMENTS = 64


def improved(first: Attempt, attempt: Callable[[int], Attempt]) -> Attempt:
    """The attempt that is worth most; the first, unless another is more than a tie better with its mandatory offers.

    `attempt` makes one without the positions in a mask.
    """
    best, tried, work = first, {0}, 0
    waiting = [(-first.total, 0, first.bound, first)]
    while waiting:
        _, _, bound, former = heappop(waiting)
        for out in former.instead if bound > best.total + TIE else ():
            if out in tried:
                continue
            if work >= MOST_ASSIGNMENTS:
                return best
            tried.add(out)
            other = attempt(out)
            work += other.assignments
            if other.total > best.total + TIE and other.keeps(best):
                best = other
            heappush(waiting, (-other.total, len(tried), min(bound, other.bound), other))
    return best
