"""The six primitives every rule compiles to, and the windows they look through.

All instants and durations are integer UTC milliseconds; zone-aware datetimes stay inside `Calendar` and `Open`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cache, lru_cache
from typing import ClassVar, Literal, Protocol, Self
from zoneinfo import ZoneInfo, available_timezones

from policies.scope import Contacts, Dimension, Event, Subject, value_of

HOUR = 3_600_000
DAY = 24 * HOUR
MICRO = 1_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# Beyond the calendar Python can name, an instant is as good as never.
END_OF_TIME = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND


def milliseconds(amount: float, unit: int) -> int:
    """`amount` units in whole milliseconds; exact for huge integers and fractions alike."""
    return round(Fraction(amount) * unit)


# --- clocks and windows -----------------------------------------------------------------------------------------------


@cache
def zone_names() -> frozenset[str]:
    # "localtime" is whatever this machine happens to be set to, not a zone anybody can name.
    return frozenset(available_timezones() - {"localtime"})


def wall(at: int, zone: ZoneInfo) -> datetime:
    """What a clock on the wall in `zone` shows at an instant, as a naive datetime."""
    return (_EPOCH + timedelta(milliseconds=at)).astimezone(zone).replace(tzinfo=None)


def _instant(shown: datetime, zone: ZoneInfo, fold: int) -> int:
    return (shown.replace(tzinfo=zone, fold=fold) - _EPOCH) // _MILLISECOND


def _offset(at: int, zone: ZoneInfo) -> timedelta | None:
    return (_EPOCH + timedelta(milliseconds=at)).astimezone(zone).utcoffset()


def _change(zone: ZoneInfo, low: int, high: int) -> int | None:
    """The instant in (low, high] at which the zone's offset changes; None if both ends have the same."""
    before = _offset(low, zone)
    if _offset(high, zone) == before:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high


@lru_cache(maxsize=4096)
def first_instant(shown: datetime, zone: ZoneInfo) -> int:
    """The first instant at which a wall clock shows this time, or has jumped over it."""
    early, late = _instant(shown, zone, 0), _instant(shown, zone, 1)
    # In a gap the two readings are swapped and the jump lies between them.
    return early if early <= late else (_change(zone, late, early) or early)


@dataclass(frozen=True)
class Clock:
    """Whose wall clock a rule reads: the customer's if asked for and known, else the rule's, the tenant's, UTC."""

    zone: str | None = None
    customers: bool = False

    def localised(self, *, customer: str | None, tenant: str | None) -> "Clock":
        wanted = (customer if self.customers else None, self.zone, tenant)
        return Clock(zone=next((name for name in wanted if name in zone_names()), "UTC"))

    @property
    def info(self) -> ZoneInfo:
        return ZoneInfo(self.zone or "UTC")


class Window(Protocol):
    """A stretch of time up to now: is `t` inside it, when does `t` leave it, how is it said."""

    @property
    def phrase(self) -> str: ...
    def inside(self, t: int, now: int) -> bool: ...
    def leaves(self, t: int) -> int | None: ...
    def localised(self, *, customer: str | None, tenant: str | None) -> "Window": ...


def plural(amount: float, noun: str) -> str:
    return f"{amount} {noun}{'' if amount == 1 else 's'}"


def duration_phrase(duration: int) -> str:
    """A duration in the largest unit that stays readable: "7 days", "24 hours", "90 minutes"."""
    for unit, word, least in ((DAY, "day", 2), (HOUR, "hour", 1), (60_000, "minute", 1), (1_000, "second", 1)):
        if duration >= least * unit and (duration % unit == 0 or duration >= 100 * unit):
            return plural(duration // unit, word)
    return f"{duration} milliseconds"


@dataclass(frozen=True)
class Rolling:
    """The last `length` milliseconds; of length 0 it contains nothing, not even now."""

    length: int

    @property
    def phrase(self) -> str:
        return f"in the last {duration_phrase(self.length)}"

    def inside(self, t: int, now: int) -> bool:
        return now - self.length < t <= now

    def leaves(self, t: int) -> int | None:
        return t + self.length if t + self.length <= END_OF_TIME else None

    def localised(self, *, customer: str | None, tenant: str | None) -> Self:
        return self


@dataclass(frozen=True)
class Calendar:
    """The local `unit` (day, week from Monday, or month) that now lies in, read off `clock`."""

    unit: str
    clock: Clock = Clock()

    @property
    def phrase(self) -> str:
        return "today" if self.unit == "day" else f"this {self.unit}"

    def inside(self, t: int, now: int) -> bool:
        first = self._first(wall(now, self.clock.info).date())
        return first_instant(datetime.combine(first, time()), self.clock.info) <= t <= now

    def leaves(self, t: int) -> int | None:
        zone = self.clock.info
        try:
            following = self._next(wall(t, zone).date())
            while (left := first_instant(datetime.combine(following, time()), zone)) <= t:
                following = self._next(following)  # a midnight passed twice, clocks having been put back over it
        except OverflowError:
            return None
        return left

    def localised(self, *, customer: str | None, tenant: str | None) -> "Calendar":
        return replace(self, clock=self.clock.localised(customer=customer, tenant=tenant))

    def _first(self, day: date) -> date:
        back = {"day": 0, "week": day.weekday(), "month": day.day - 1}
        return day - timedelta(days=back[self.unit])

    def _next(self, day: date) -> date:
        # 32 days after the 1st always lies in the next month.
        return self._first(self._first(day) + timedelta(days={"day": 1, "week": 7, "month": 32}[self.unit]))


@dataclass(frozen=True)
class Ever:
    """All time up to now."""

    phrase: ClassVar[str] = "in all"

    def inside(self, t: int, now: int) -> bool:
        return t <= now

    def leaves(self, t: int) -> int | None:
        return None

    def localised(self, *, customer: str | None, tenant: str | None) -> Self:
        return self


# --- the primitives ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """What a breached primitive found: its numbers for the wording, and when it lifts if nothing else happens.

    `count` is contacts, impressions or micro-units of money; `split` is such a total as (spent, reserved).
    """

    at: int
    free_at: int | None = None
    count: int = 0
    latest: Event | None = None
    segments: tuple[str, ...] = ()
    split: tuple[int, int] = (0, 0)
    zone: str | None = None


@dataclass(frozen=True)
class AtMost:
    """At most `n` matching contacts in the window: the n-th is still allowed, 0 allows none."""

    n: int
    contacts: Contacts
    window: Window

    def found(self, at: int, events: Sequence[Event]) -> Finding | None:
        """Judges `events`, which match `contacts` and are sorted by time. O(events)."""
        inside = [event for event in events if self.window.inside(event.at, at)]
        if len(inside) < self.n:
            return None
        zone = self.window.clock.zone if isinstance(self.window, Calendar) else None
        return Finding(at, self._lifts(inside), len(inside), inside[-1] if inside else None, zone=zone)

    def _lifts(self, inside: Sequence[Event]) -> int | None:
        if self.n == 0:
            return None
        # With c inside, room is made by the (c - n + 1)-th to leave; windows let the oldest leave first.
        return self.window.leaves(inside[len(inside) - self.n].at)

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
    clock: Clock = Clock()

    def found(self, at: int) -> Finding | None:
        return None if self.is_open(at) else Finding(at, self.opens_after(at), zone=self.clock.info.key)

    def is_open(self, at: int) -> bool:
        shown = wall(at, self.clock.info)
        if self.start < self.end:
            return self.start <= shown.hour < self.end and self._on(shown.date())
        if shown.hour >= self.start:
            return self._on(shown.date())
        # The small hours belong to the evening before.
        return shown.hour < self.end and self._on(shown.date() - timedelta(days=1))

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
        jump = _change(zone, *midnights)
        return [_instant(start, zone, 0), _instant(start, zone, 1), *([] if jump is None else [jump])]


@dataclass(frozen=True)
class Total:
    """What all customers together have used of one budget: impressions, or money in micro-units."""

    spent: int = 0
    reserved: int = 0

    @property
    def actual(self) -> int:
        return self.spent + self.reserved


TotalKey = tuple[str, Dimension | None, int | None]
Totals = Mapping[TotalKey, Total]


@dataclass(frozen=True)
class Spend:
    """A total over all customers is below `threshold` and stays within it with this candidate."""

    field: Literal["impressions", "spend"]
    threshold: float
    dimension: Dimension | None = None
    target: int | None = None

    def found(self, at: int, total: Total, cost: int) -> Finding | None:
        """Judges a candidate that costs `cost` micro-units."""
        ceiling, step = (self.ceiling, cost) if self.field == "spend" else (Fraction(self.threshold), 1)
        if total.actual < ceiling and total.actual + step <= ceiling:
            return None
        return Finding(at, count=total.actual, split=(total.spent, total.reserved))

    @property
    def ceiling(self) -> int:
        return round(Fraction(self.threshold) * MICRO)

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

    def found(self, at: int) -> Finding:
        return Finding(at)


Primitive = AtMost | NotIn | Open | Spend | Exempt | Blocked


def whole(maximum: float) -> int:
    """A maximum as the count that reaches it: 2.5 is reached by the third contact."""
    return math.ceil(maximum)
