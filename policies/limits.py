"""The six primitives every rule compiles to. All instants and durations are integer UTC milliseconds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Literal

from policies.scope import Contacts, Dimension, Event, Subject, value_of
from policies.windows import Clock, Window, first_instant, instant_of, offset_change, wall

MICRO = 1_000_000


@dataclass(frozen=True)
class Finding:
    """What a breached primitive found: its numbers for the wording, and when it lifts if nothing else happens.

    `count` is contacts, impressions or micro-units of money; `split` is such a total as (spent, reserved). `held` says
    that the latest contact is a reserved place, which counts now and may yet become one.
    """

    at: int
    free_at: int | None = None
    count: int = 0
    latest: Event | None = None
    held: bool = False
    segments: tuple[str, ...] = ()
    split: tuple[int, int] = (0, 0)
    zone: str | None = None


@dataclass(frozen=True)
class AtMost:
    """At most `n` matching contacts in the window: the n-th is still allowed, 0 allows none.

    `counts_siblings` says whether what else is chosen in the same response counts as if it had happened before.
    """

    n: int
    contacts: Contacts
    window: Window
    counts_siblings: bool = True

    def localised(self, *, customer: str | None, tenant: str | None) -> "AtMost":
        return replace(self, window=self.window.localised(customer=customer, tenant=tenant))


@dataclass(frozen=True)
class NotIn:
    """The customer is in none of these segments."""

    segments: tuple[str, ...]

    def found(self, at: int, segments: frozenset[str]) -> Finding | None:
        matched = tuple(name for name in self.segments if name in segments)
        return Finding(at, segments=matched) if matched else None


@dataclass(frozen=True)
class Open:
    """The local time is in [start, end) on one of the days (0 = Sunday; none = all); start > end runs overnight."""

    start: int
    end: int
    days: frozenset[int] = frozenset()
    clock: Clock = field(default_factory=Clock)

    def found(self, at: int) -> Finding | None:
        return None if self.is_open(at) else Finding(at, self.opens_after(at), zone=self.clock.info.key)

    def is_open(self, at: int) -> bool:
        return self.day_of(wall(at, self.clock.info)) is not None

    def day_of(self, shown: datetime) -> date | None:
        """The day whose opening hours a clock on the wall is inside; None while it is closed."""
        day = shown.date()
        if self.start < self.end:
            inside = self.start <= shown.hour < self.end
        elif shown.hour >= self.start:
            inside = True
        else:
            # The small hours belong to the evening before.
            inside, day = shown.hour < self.end, day - timedelta(days=1)
        return day if inside and self._on(day) else None

    def opens_after(self, at: int) -> int | None:
        """The first instant after `at` at which it is open, `at` being closed."""
        today = wall(at, self.clock.info).date()
        # Clocks put forward can swallow a weekly hour, so one week ahead is not far enough.
        for ahead in range(16):
            moments = [moment for moment in self._turns(today + timedelta(days=ahead)) if moment > at]
            if opening := [moment for moment in moments if self.is_open(moment)]:
                return min(opening)
        return None

    def localised(self, *, customer: str | None, tenant: str | None) -> "Open":
        return replace(self, clock=self.clock.localised(customer=customer, tenant=tenant))

    def _on(self, day: date) -> bool:
        return not self.days or day.isoweekday() % 7 in self.days

    def _turns(self, day: date) -> list[int]:
        """The instants of a local day at which it can open: the start hour, both times if repeated, and a jump."""
        zone = self.clock.info
        start = datetime.combine(day, time(self.start))
        midnights = [first_instant(datetime.combine(day + timedelta(days=n), time()), zone) for n in (0, 1)]
        jump = offset_change(zone, *midnights)
        return [instant_of(start, zone, 0), instant_of(start, zone, 1), *([] if jump is None else [jump])]


@dataclass(frozen=True)
class Total:
    """What all customers together have used of one budget: impressions, or money in micro-units."""

    spent: int = 0
    reserved: int = 0

    @property
    def actual(self) -> int:
        return self.spent + self.reserved

    def less(self, reserved: int) -> "Total":
        """The total without so much of what is reserved."""
        return Total(self.spent, max(self.reserved - reserved, 0))


TotalKey = tuple[str, Dimension | None, int | None]
Totals = Mapping[TotalKey, Total]


@dataclass(frozen=True)
class Spend:
    """A total over all customers is below `threshold` and stays within it with this candidate."""

    field: Literal["impressions", "spend"]
    threshold: float
    dimension: Dimension | None = None
    target: int | None = None

    def exhausted_at(self, cost: int) -> int:
        """The smallest total that blocks a candidate of `cost` micro-units: reached, or passed with this candidate."""
        if self.field == "impressions":
            return math.floor(self.threshold)
        return round(Fraction(self.threshold) * MICRO) - max(cost - 1, 0)

    @staticmethod
    def finding(at: int, total: Total) -> Finding:
        """The numbers of an exhausted budget."""
        return Finding(at, count=total.actual, split=(total.spent, total.reserved))

    def total_key(self, candidate: Subject) -> TotalKey:
        """Which total counts; a budget for "each" has no target and takes the candidate's own value."""
        if self.dimension is None or self.target is not None:
            return (self.field, self.dimension, self.target)
        return (self.field, self.dimension, value_of(candidate, self.dimension))


@dataclass(frozen=True)
class Exempt:
    """Lifts the bypassable blocks of the candidates it concerns."""

    reason: str | None = None


@dataclass(frozen=True)
class Blocked:
    """Always blocks: a stored config nobody can read any more must not let anything through."""

    reason: str


Primitive = AtMost | NotIn | Open | Spend | Exempt | Blocked


def whole(maximum: float) -> int:
    """A maximum as the count that reaches it: 2.5 is reached by the third contact."""
    return math.ceil(maximum)
