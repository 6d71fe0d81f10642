"""Clocks and windows: which stretch of the past a limit looks at, and when something leaves it.

All instants and durations are integer UTC milliseconds; zone-aware datetimes stay inside this module and `Open`.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import cache, lru_cache
from typing import ClassVar, Protocol, Self
from zoneinfo import ZoneInfo, available_timezones

HOUR = 3_600_000
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# Beyond the calendar Python can name, an instant is as good as never.
START_OF_TIME = -(1 << 63)
LONGEST = 1 << 62  # in milliseconds; what looks back farther than this looks back as far as anything can
END_OF_TIME = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND


@lru_cache(maxsize=1024)
def milliseconds(amount: float, unit: int) -> int:
    """`amount` units in whole milliseconds; exact for huge integers and fractions alike."""
    return round(Fraction(amount) * unit)


@cache
def zone_names() -> frozenset[str]:
    # "localtime" is whatever this machine happens to be set to, not a zone anybody can name.
    return frozenset(available_timezones() - {"localtime"})


def wall(at: int, zone: ZoneInfo) -> datetime:
    """What a clock on the wall in `zone` shows at an instant, as a naive datetime."""
    return (_EPOCH + timedelta(milliseconds=at)).astimezone(zone).replace(tzinfo=None)


def instant_of(shown: datetime, zone: ZoneInfo, fold: int) -> int:
    return (shown.replace(tzinfo=zone, fold=fold) - _EPOCH) // _MILLISECOND


def _offset(at: int, zone: ZoneInfo) -> timedelta | None:
    return (_EPOCH + timedelta(milliseconds=at)).astimezone(zone).utcoffset()


def offset_change(zone: ZoneInfo, low: int, high: int) -> int | None:
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
    early, late = instant_of(shown, zone, 0), instant_of(shown, zone, 1)
    # In a gap the two readings are swapped and the jump lies between them.
    return early if early <= late else (offset_change(zone, late, early) or early)


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

    @property
    def phrase(self) -> str:
        """Whose it is, in words."""
        zone = self.zone or "the tenant's time zone"
        return f"the customer's time zone, else {zone}" if self.customers else zone


class Window(Protocol):
    """A stretch of time up to now: its first instant, is `t` inside it, when does `t` leave it, how is it said.

    `reach` bounds how far back (in milliseconds) its first instant ever lies.
    """

    @property
    def phrase(self) -> str: ...
    @property
    def reach(self) -> int: ...
    def since(self, now: int) -> int: ...
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

    @property
    def reach(self) -> int:
        return min(self.length, LONGEST)

    def since(self, now: int) -> int:
        return max(now - self.length + 1, START_OF_TIME)

    def inside(self, t: int, now: int) -> bool:
        return self.since(now) <= t <= now

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

    @property
    def reach(self) -> int:
        return {"day": 2, "week": 8, "month": 32}[self.unit] * DAY

    def since(self, now: int) -> int:
        first = self._first(wall(now, self.clock.info).date())
        return first_instant(datetime.combine(first, time()), self.clock.info)

    def inside(self, t: int, now: int) -> bool:
        return self.since(now) <= t <= now

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
    reach: ClassVar[int] = LONGEST

    def since(self, now: int) -> int:
        return START_OF_TIME

    def inside(self, t: int, now: int) -> bool:
        return t <= now

    def leaves(self, t: int) -> int | None:
        return None

    def localised(self, *, customer: str | None, tenant: str | None) -> Self:
        return self
