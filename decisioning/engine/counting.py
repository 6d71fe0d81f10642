"""Counting one customer's records and holds, and when enough of what a counter counted has left a window.

Records leave a window oldest first, so the n-th newest alone tells when fewer than n are left. Holds leave when they
lapse, whatever the window; only customers that have any pay for looking at both.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Hashable, Sequence
from operator import itemgetter

from decisioning.engine.facts import Facts, Record
from decisioning.engine.program import Program, Route
from policies.scope import Contacts
from policies.windows import Window

NEVER = 1 << 63


class WithHolds(list[Record]):
    """Records newest first, headed by the holds that count with them, as contacts of the decision's own instant."""

    def __init__(self) -> None:
        super().__init__()
        self.untils: list[int] = []

    def hold(self, trace: Hashable, *, now: int, until: int) -> None:
        """Counts a hold; records are appended behind all holds."""
        self.append((now, trace))
        self.untils.append(until)

    def lets_go(self, n: int, window: Window) -> int | None:
        """When fewer than `n` of these are left; O(holds) looks at the window, however many records there are."""
        holds = len(self.untils)
        # Even if every hold outlasted them, these would still be among the last n - 1 to leave.
        certain = max(n - 1 - holds, 0)
        leaving = [window.leaves(at) for at, _ in self[holds + certain : holds + n]]
        ends = sorted([*self.untils, *(NEVER if left is None else left for left in leaving)], reverse=True)
        last = ends[n - 1 - certain]
        return None if last == NEVER else last


def counted(program: Program, facts: Facts, *, now: int, since: int) -> dict[int, list[Record]]:
    """The counters some record in [since, now] or some hold fell into, with what they counted, newest first."""
    hits: defaultdict[int, list[Record]] = defaultdict(list)
    if facts.holds:
        _count_holds(hits, program, facts, now)
    routes = program.routes
    for record in _between(facts.records, since, now):
        trace = record[1]
        route = routes.get(trace)
        if route is None:
            route = program.route(trace, facts.contact(*record))
        for counter in route:
            hits[counter].append(record)
    return hits


def lets_go(records: list[Record], n: int, window: Window) -> int | None:
    """When fewer than `n` of a counter's records are left in the window, which holds as many now; None = never."""
    if isinstance(records, WithHolds):
        return records.lets_go(n, window)
    return window.leaves(records[n - 1][0])


def matching(facts: Facts, selector: Contacts, key: int | None, *, now: int) -> list[Record]:
    """What a selector counts for a key up to now, holds included, newest first. O(records)."""
    held = [(now, hold.trace) for hold in facts.holds if now < hold.until]
    found = []
    for record in (*held, *facts.records):
        contact = facts.contact(*record)
        if contact.at <= now and selector.include(contact) and selector.key(contact) == key:
            found.append(record)
    return sorted(found, key=itemgetter(0), reverse=True)


def _count_holds(hits: dict[int, list[Record]], program: Program, facts: Facts, now: int) -> None:
    held: defaultdict[int, WithHolds] = defaultdict(WithHolds)
    for until, trace in facts.holds:
        if now < until:
            for counter in _route(program, facts, (now, trace)):
                held[counter].hold(trace, now=now, until=until)
    hits.update(held)


def _route(program: Program, facts: Facts, record: Record) -> Route:
    route = program.routes.get(record[1])
    return program.route(record[1], facts.contact(*record)) if route is None else route


def _between(records: Sequence[Record], since: int, now: int) -> Sequence[Record]:
    """The records in [since, now] out of records newest first; what is older than every window costs nothing."""
    if records and (records[0][0] > now or records[-1][0] < since):
        first = bisect_left(records, -now, key=_age)
        return records[first : bisect_right(records, -since, key=_age)]
    return records


def _age(record: Record) -> int:
    return -record[0]
