"""The hours of a week at which a policy lets contact through, taken from its compiled window."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.limits import Open
from policies.rule import Limit

MONDAY = datetime(2024, 1, 1)  # a week is the same whichever Monday it starts on: it is read off the wall clock
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Hour:
    """One hour on the wall clock; `carried` when it still belongs to the evening before."""

    number: int
    open: bool
    carried: bool

    @property
    def word(self) -> str:
        """Its name in a stylesheet."""
        return "carried" if self.carried else "open" if self.open else "closed"


@dataclass(frozen=True)
class Day:
    """One day: its 24 hours, and in words the hours of the window that starts on it."""

    name: str
    hours: tuple[Hour, ...]
    text: str


@dataclass(frozen=True)
class Week:
    """The seven days from Monday on, and whose clock they are read off."""

    days: tuple[Day, ...]
    clock: str

    @property
    def overnight(self) -> bool:
        """Whether some of its hours belong to the evening before."""
        return any(hour.carried for day in self.days for hour in day.hours)


def week_of(limits: Iterable[Limit]) -> Week | None:
    """The week of the first window among the limits; None for a policy without one."""
    window = next((limit.test for limit in limits if isinstance(limit.test, Open)), None)
    if window is None:
        return None
    return Week(tuple(_day(window, number) for number in range(7)), window.clock.phrase)


def _day(window: Open, number: int) -> Day:
    midnight = MONDAY + timedelta(days=number)
    owners = [window.day_of(midnight + timedelta(hours=hour)) for hour in range(48)]
    hours = tuple(
        Hour(hour, owner is not None, owner is not None and owner < midnight.date())
        for hour, owner in enumerate(owners[:24])
    )
    return Day(DAYS[number], hours, _text([hour for hour, owner in enumerate(owners) if owner == midnight.date()]))


def _text(own: list[int]) -> str:
    """The hours of one window, which may end on the day after."""
    if not own:
        return "closed"
    first, end = own[0], own[-1] + 1
    if end - first == 24 and first == 0:
        return "all day"
    return f"{first:02}-{end:02}" if end <= 24 else f"{first:02}-{end - 24:02} next day"
