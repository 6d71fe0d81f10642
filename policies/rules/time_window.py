"""The time window: hours and weekdays at which contact is allowed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from policies.limits import Finding, Open
from policies.options import LONGEST_LIST, Kind, RefusedError, Whole, refuse_longer, shown
from policies.rule import Explanation, Limit, Preset, Problem, option
from policies.scope import Assignment, Namer, Subject, Voice
from policies.windows import wall
from policies.zoned import Zoned

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_NUMBERS: dict[object, int] = {day[:length].lower(): n for n, day in enumerate(DAYS) for length in (3, None)}


@dataclass(frozen=True, kw_only=True)
class Weekdays(Kind):
    """Days of the week, by number from Sunday = 0 or by English name."""

    widget: str = "weekdays"

    def parse(self, raw: object) -> tuple[int, ...]:
        if not isinstance(raw, list | tuple):
            raise RefusedError(f"{shown(raw)} is not an array; give days as 0 (Sunday) to 6 or as English names")
        refuse_longer(raw)
        return tuple(sorted({self._day(item) for item in raw}))

    def json_schema(self) -> dict[str, object]:
        number = {"type": "integer", "minimum": 0, "maximum": 6}
        # Names are read whatever their case, which a schema can only say loosely.
        day = {"oneOf": [number, {"type": "string", "examples": list(DAYS)}]}
        return {"type": "array", "items": day, "maxItems": LONGEST_LIST}

    def words(self, value: Any, name: Callable[[str, str], str]) -> str:
        return ", ".join(DAYS[day] for day in value)

    def _day(self, item: object) -> int:
        if isinstance(item, str) and item.strip().lower() in _NUMBERS:
            return _NUMBERS[item.strip().lower()]
        if isinstance(item, int | float) and not isinstance(item, bool) and item in range(7):
            return int(item)
        raise RefusedError(f"{shown(item)} is not a day; give 0 (Sunday) to 6 or an English name such as Monday")


@dataclass(frozen=True, kw_only=True)
class TimeWindow(Zoned):
    """Allows contact only at certain hours and on certain days, by the clock on the wall.

    The start hour is inside, the end hour outside. A start after the end runs overnight and belongs to the day it
    starts on: Friday 22 to 6 ends on Saturday morning. A start alone runs to midnight, an end alone begins there.
    """

    slug: ClassVar[str] = "time_window"
    label: ClassVar[str] = "Time window"
    summary: ClassVar[str] = "Only at these hours, on these days."
    icon: ClassVar[str] = "schedule"
    examples = (
        {"startHour": 9, "endHour": 18, "daysOfWeek": [1, 2, 3, 4, 5], "timezone": "Europe/Berlin"},
        {"startHour": 20, "endHour": 6, "daysOfWeek": ["Friday", "Saturday"], "useCustomerTimezone": True},
    )
    presets = (
        Preset(
            "quiet-hours",
            "Quiet hours",
            "Nobody is contacted between nine in the evening and eight in the morning of their own time.",
            {"startHour": 8, "endHour": 21, "useCustomerTimezone": True},
        ),
    )
    at_least_one = ("startHour", "endHour", "daysOfWeek")

    start_hour: int | None = option(
        "startHour",
        Whole(minimum=0, maximum=23),
        label="From",
        unit="o'clock",
        help="The first hour at which contact is allowed.",
    )
    end_hour: int | None = option(
        "endHour",
        Whole(minimum=0, maximum=24),
        label="Until",
        unit="o'clock",
        help="The hour at which it ends; 24 and 0 are midnight.",
    )
    days: tuple[int, ...] | None = option(
        "daysOfWeek", Weekdays(), label="Days", help="Days on which contact is allowed; every day if left out."
    )

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> list[Problem]:
        start, end = values.get("startHour"), values.get("endHour")
        if start is None or start != end or end == 0:
            return []  # an end of 0 is the midnight after the start: 0 to 0 is the whole day
        return [("endHour", f"{end} equals startHour, which leaves no time at all; give another hour (24 is midnight)")]

    @property
    def hours(self) -> tuple[int, int]:
        return self.start_hour or 0, self.end_hour or 24

    def limits_in(self, assignment: Assignment) -> Iterator[Limit]:
        test = Open(*self.hours, frozenset(self.days or ()), self.clock)
        yield Limit(test, assignment.candidates(), assignment, self._explain)

    def warnings(self, assignments: Sequence[Assignment] = ()) -> Iterator[str]:
        if self.days == ():
            yield "daysOfWeek is empty: it stands for every day"
        if self.hours == (0, 24) and len(self.days or DAYS) == len(DAYS):
            yield "The window is open at every hour of every day: the policy never blocks anything"

    def sentence(self, name: Namer) -> str:
        return f"Only {self._times()} in {self.clock.phrase}"

    def _times(self) -> str:
        start, end = self.hours
        days = ", ".join(DAYS[day] for day in self.days or ())
        return f"from {start:02}:00 to {end:02}:00" + (f" on {days}" if days else "")

    def _explain(self, finding: Finding, candidate: Subject, voice: Voice) -> Explanation:
        local = wall(finding.at, ZoneInfo(finding.zone or "UTC"))
        day = DAYS[local.isoweekday() % 7]
        sentence = f"It is {local:%H:%M} on {day} in {finding.zone}; contact is allowed {self._times()}"
        return sentence, {
            "localTime": local.isoformat(timespec="milliseconds"),
            "timezone": finding.zone,
            "startHour": self.hours[0],
            "endHour": self.hours[1],
            "daysOfWeek": list(self.days or range(7)),
        }
