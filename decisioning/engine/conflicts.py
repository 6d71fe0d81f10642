"""Policies that stand in each other's way, found by looking at them alone: no customer, no history.

Four things are looked for, each within policies that concern exactly the same candidates, so that what is found is
certain, while not everything is found: a limit that can never bind because another is at least as strict; hours that,
taken together, are never open; an override for everything; a limit that blocks whatever it concerns.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from decisioning.engine.snapshot import PolicyLimit
from policies.limits import AtMost, Blocked, Exempt, Open
from policies.scope import Candidates
from policies.windows import Ever, Rolling, Window

WEEK = [(day, hour) for day in range(7) for hour in range(24)]


@dataclass(frozen=True)
class Conflict:
    """What is wrong, and the policies concerned, by id."""

    sentence: str
    policies: tuple[str, ...]


def conflicts(limits: Iterable[PolicyLimit]) -> list[Conflict]:
    """Every conflict once; O(limits log limits)."""
    placed = list(limits)
    found = [*_absolute(placed), *_shut(placed), *_idle(placed)]
    return list(dict.fromkeys(found))


def _absolute(limits: Iterable[PolicyLimit]) -> Iterator[Conflict]:
    for placed in limits:
        test, source = placed.limit.test, placed.source
        if isinstance(test, Exempt) and placed.limit.concerns == Candidates():
            yield Conflict(f'"{source.policy_name}" sets every other policy aside, for everything', (source.policy_id,))
        if isinstance(test, Blocked) or (isinstance(test, AtMost) and test.n <= 0):
            yield Conflict(f'"{source.policy_name}" blocks whatever it concerns, always', (source.policy_id,))


def _shut(limits: Iterable[PolicyLimit]) -> Iterator[Conflict]:
    """Hours read off the same clock for the same candidates, of which none is open at any hour of the week."""
    groups: dict[object, list[tuple[PolicyLimit, Open]]] = defaultdict(list)
    for placed in limits:
        if isinstance(placed.limit.test, Open):
            groups[placed.limit.concerns, placed.limit.test.clock].append((placed, placed.limit.test))
    for group in groups.values():
        left = set(WEEK)
        for _, test in group:
            left &= _hours(test)
        if not left:
            sources = {placed.source.policy_id: placed.source.policy_name for placed, _ in group}
            names = " and ".join(f'"{name}"' for name in sources.values())
            yield Conflict(f"{names} leave no hour of the week open", tuple(sources))


def _hours(test: Open) -> set[tuple[int, int]]:
    """The hours of the week that are open, by (day, hour); what runs overnight belongs to the day it starts on."""
    days = test.days or frozenset(range(7))
    end = test.end if test.end > test.start else test.end + 24
    return {((day + hour // 24) % 7, hour % 24) for day in days for hour in range(test.start, end)}


def _idle(limits: Iterable[PolicyLimit]) -> Iterator[Conflict]:
    """Of limits that count the same contacts for the same candidates, those another is at least as strict as."""
    groups: dict[object, list[tuple[int, float, PolicyLimit]]] = defaultdict(list)
    for placed in limits:
        test = placed.limit.test
        if isinstance(test, AtMost) and test.n > 0 and (length := _length(test.window)) is not None:
            key = (
                placed.limit.concerns,
                test.contacts,
                placed.bypassable,
                placed.stands_for_mandatory,
                test.counts_siblings,
            )
            groups[key].append((test.n, -length, placed))
    for group in groups.values():
        group.sort(key=lambda it: it[:2])
        longest, strictest = group[0][1], group[0][2]
        for _, length, placed in group[1:]:
            if length < longest:
                longest, strictest = length, placed
            elif placed.source.policy_id != strictest.source.policy_id:
                yield Conflict(
                    f'"{placed.source.policy_name}" can never bind: '
                    f'"{strictest.source.policy_name}" is at least as strict in the same place',
                    (placed.source.policy_id, strictest.source.policy_id),
                )


def _length(window: Window) -> float | None:
    """How long a window is; calendar windows are not compared."""
    match window:
        case Rolling():
            return window.length
        case Ever():
            return float("inf")
        case _:
            return None
