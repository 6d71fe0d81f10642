"""When the first of many blocked candidates may be shown, without asking each of them.

A candidate is not free before the latest lift of what stands against it now. That bound costs one lift per breach for
all candidates together, so they are asked in the order of their bounds, until the next bound is not before what was
found.
"""

from collections.abc import Iterator

from decisioning.engine.candidates import positions
from decisioning.engine.counting import NEVER
from decisioning.engine.evaluate import Outcome


def earliest(outcome: Outcome, mask: int) -> int | None:
    """The first instant at which some blocked candidate of the mask may be shown; None = never by itself."""
    found = NEVER
    for bound, group in _by_bound(outcome, mask & outcome.blocked):
        if bound >= found:
            break
        for position in positions(group):
            lift = outcome.free_at(position)
            if lift is not None and lift < found:
                found = lift
                if found == bound:
                    break
    return None if found == NEVER else found


def _by_bound(outcome: Outcome, mask: int) -> Iterator[tuple[int, int]]:
    """(the latest lift of what stands against them now, candidates) for all that are freed by time, earliest first."""
    lifts = sorted(outcome.standing(), key=lambda pair: NEVER if pair[0] is None else pair[0], reverse=True)
    groups = []
    for lift, blocked in lifts:
        group, mask = mask & blocked, mask & ~blocked
        if group and lift is not None:
            groups.append((lift, group))
    return reversed(groups)
