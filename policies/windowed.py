"""Rules that count contacts in a window: a day, a week, a month, rolling or by the calendar, or in all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policies.limits import AtMost, Finding
from policies.options import Choice
from policies.rule import Evidence, Explanation, option
from policies.scope import Assignment
from policies.windows import DAY, Calendar, Ever, Rolling, Window, plural
from policies.zoned import Zoned

PERIODS = {"daily": "a day", "weekly": "a week", "monthly": "a month", "alltime": "in all"}
_LENGTHS = {"daily": DAY, "weekly": 7 * DAY, "monthly": 30 * DAY}
_UNITS = {"daily": "day", "weekly": "week", "monthly": "month"}


@dataclass(frozen=True, kw_only=True)
class Windowed(Zoned):
    """A rule that caps contacts per day, week, month or in all, rolling or by the calendar."""

    window_type: str = option(
        "windowType",
        Choice(choices=("rolling", "calendar")),
        label="Window",
        help="Rolling counts back from the moment of the decision; calendar since local midnight, Monday or the 1st.",
        default="rolling",
    )

    def periods(self) -> set[str]:
        """The periods this config counts in."""
        raise NotImplementedError

    def window(self, period: str) -> Window:
        if period not in _LENGTHS:
            return Ever()
        if self.window_type == "rolling":
            return Rolling(_LENGTHS[period])
        return Calendar(_UNITS[period], self.clock)

    def warnings(self, assignments: Sequence[Assignment] = ()) -> Iterator[str]:
        yield from super().warnings(assignments)
        if self.window_type == "calendar" and not self.periods() - {"alltime"}:
            yield "windowType calendar has no effect: no day, week or month is counted, so no window is left to align"
        if self.window_type == "rolling" and (self.timezone or self.use_customer_timezone):
            yield "The time zone has no effect: rolling windows have no midnight; choose windowType calendar to use it"

    def at_most(self, maximum: float, period: str, what: str) -> str:
        """The config of a cap read back: "At most 3 contacts a week about cards offers"."""
        return f"At most {plural(maximum, 'contact')} {PERIODS[period]} {what}{self.suffix()}"

    def suffix(self) -> str:
        """How the windows are aligned, as the end of the rule's sentence."""
        if self.window_type == "rolling" or not self.periods() - {"alltime"}:
            return ""
        return f", by the calendar in {self.clock.phrase}"

    def counted(self, *, test: AtMost, period: str, what: str, maximum: float, finding: Finding) -> Explanation:
        """The wording all caps share: "3 of 3 contacts on Email in the last 7 days"."""
        evidence: Evidence = {"period": period, "max": maximum, "actual": finding.count, "windowType": self.window_type}
        if finding.zone:
            evidence["timezone"] = finding.zone
        if test.n == 0:
            return f"No {what} allowed at all: the limit {test.window.phrase} is 0", evidence
        return f"{finding.count} of {maximum} {what} {test.window.phrase}", evidence
