"""Charts drawn as SVG on the server: no script, they print and can be read aloud; colours are the stylesheet's.

A chart is a value; `{% include chart.template %}` draws it. Lengths are pixels of a picture that shrinks with its room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import accumulate
from typing import ClassVar

CHARACTER = 6.6  # the usual width of a letter at the size of labels
GAP = 2


def number_text(value: float) -> str:
    """A number for people: "1,234", "12.5"; beyond a million in millions."""
    if abs(value) >= 1_000_000:
        return f"{value / 1_000_000:,.1f}".removesuffix(".0") + "M"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def shortened(text: str, width: float) -> str:
    """As much of a text as fits into a width."""
    most = max(int(width / CHARACTER), 1)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What every chart has: an id that is unique on its page, a title, and a sentence about what it shows."""

    template: ClassVar[str]

    key: str
    title: str
    summary: str = ""
    width: int = 640


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A labelled value, and what becomes of it, if that is asked."""

    label: str
    value: float
    after: float | None = None
    link: str = ""


@dataclass(frozen=True)
class DrawnBar:
    """A bar with its place in the picture."""

    bar: Bar
    top: int
    label: str
    value: str
    length: float
    after: str | None
    after_length: float


@dataclass(frozen=True, kw_only=True)
class Bars(Chart):
    """Horizontal bars, each below its label, its value at the end of the line; `after` draws a second one below."""

    template: ClassVar[str] = "admin/charts/bars.html"

    rows: Sequence[Bar]
    unit: str = ""
    before_label: str = "before"
    after_label: str = "after"

    @property
    def compares(self) -> bool:
        return any(row.after is not None for row in self.rows)

    @property
    def row_height(self) -> int:
        return 54 if self.compares else 40

    @property
    def height(self) -> int:
        return max(len(self.rows) * self.row_height, 1)

    @cached_property
    def drawn(self) -> list[DrawnBar]:
        """The bars from top to bottom; the longest takes the whole width."""
        longest = max((max(row.value, row.after or 0) for row in self.rows), default=0) or 1
        drawn = []
        for number, row in enumerate(self.rows):
            value, after = self._said(row)
            room = self.width - len(value) * CHARACTER - 12
            lengths = [round(max(amount, 0) / longest * self.width, 1) for amount in (row.value, row.after or 0)]
            drawn.append(
                DrawnBar(
                    row, number * self.row_height, shortened(row.label, room), value, lengths[0], after, lengths[1]
                )
            )
        return drawn

    def _said(self, row: Bar) -> tuple[str, str | None]:
        value = f"{number_text(row.value)} {self.unit}".strip()
        if row.after is None:
            return value, None
        after = number_text(row.after)
        return f"{number_text(row.value)} {self.before_label} · {after} {self.after_label}", after


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day's amount of each series, in the order of the series' names."""

    on: date
    values: Sequence[float]


@dataclass(frozen=True)
class DrawnColumn:
    """A day's column: its pieces from bottom to top as (series number, top, height)."""

    day: Day
    left: float
    middle: float
    label: str
    pieces: Sequence[tuple[int, float, float]]


@dataclass(frozen=True, kw_only=True)
class Columns(Chart):
    """Columns over days, one series or two stacked ones, each named beside the newest column."""

    template: ClassVar[str] = "admin/charts/columns.html"

    series: Sequence[str]
    days: Sequence[Day]
    plot: ClassVar[int] = 150  # the height of the highest column
    top: ClassVar[int] = 20
    left: ClassVar[int] = 48
    height: ClassVar[int] = 200

    @property
    def right(self) -> float:
        return max((len(name) for name in self.series), default=0) * CHARACTER + 12

    @property
    def end(self) -> float:
        return round(self.width - self.right, 1)

    @property
    def bottom(self) -> int:
        return self.top + self.plot

    @cached_property
    def ceiling(self) -> float:
        """A round number no column exceeds."""
        highest = max((sum(day.values) for day in self.days), default=0)
        unit = 1
        while True:
            for step in (1, 2, 5):
                if unit * step * 2 >= highest:
                    return unit * step * 2
            unit *= 10

    @property
    def empty(self) -> bool:
        return not any(sum(day.values) for day in self.days)

    @property
    def lines(self) -> list[tuple[int, str]]:
        """The rulings: their heights and what they stand for."""
        parts = ((0, 0.0), (self.plot // 2, self.ceiling / 2), (self.plot, self.ceiling))
        return [(self.bottom - up, number_text(value)) for up, value in parts]

    @cached_property
    def drawn(self) -> list[DrawnColumn]:
        """The columns from left to right."""
        step = (self.end - self.left) / max(len(self.days), 1)
        every = -(-len(self.days) // 14)
        crowded = step < 7 * CHARACTER  # the first label, which names the month, takes the room of the second
        return [
            DrawnColumn(
                day,
                left=round(self.left + number * step + step * 0.15, 1),
                middle=round(self.left + (number + 0.5) * step, 1),
                label=_day_text(day.on, first=number == 0)
                if number % every == 0 and not (crowded and number == 1)
                else "",
                pieces=self._pieces(day),
            )
            for number, day in enumerate(self.days)
        ]

    @property
    def column_width(self) -> float:
        return round((self.end - self.left) / max(len(self.days), 1) * 0.7, 1)

    @cached_property
    def labels(self) -> list[tuple[int, str, float]]:
        """The series' names as (number, name, height): beside the newest column's pieces, never over one another."""
        pieces = self.drawn[-1].pieces if self.drawn else ()
        found, lowest = [], float(self.bottom)
        for number, name in enumerate(self.series):
            middle = next((top + height / 2 for series, top, height in pieces if series == number), lowest)
            at = min(middle + 4, lowest)
            found.append((number, name, round(at, 1)))
            lowest = at - 16
        return found

    def _pieces(self, day: Day) -> list[tuple[int, float, float]]:
        tops = list(accumulate(day.values))
        return [
            (
                number,
                round(self.bottom - above / self.ceiling * self.plot, 1),
                round(value / self.ceiling * self.plot, 1),
            )
            for number, (value, above) in enumerate(zip(day.values, tops, strict=True))
            if value > 0
        ]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a whole; where one is marked, the others keep to the pale shades."""

    label: str
    value: float
    marked: bool = False


@dataclass(frozen=True)
class DrawnPart:
    """A part with its place in the bar; what does not fit into it is said in the list below."""

    part: Part
    left: float
    length: float
    percent: str
    inside: str
    shade: int


@dataclass(frozen=True, kw_only=True)
class ShareBar(Chart):
    """One bar in segments: how a whole is shared out."""

    template: ClassVar[str] = "admin/charts/share.html"
    height: ClassVar[int] = 36

    parts: Sequence[Part]

    @cached_property
    def drawn(self) -> list[DrawnPart]:
        """The segments from left to right; one of nothing has no length."""
        whole, left, drawn = sum(part.value for part in self.parts), 0.0, []
        for number, part in enumerate(self.parts):
            share = part.value / whole if whole else 0.0
            length, percent = share * self.width, f"{share * 100:.1f}".removesuffix(".0") + " %"
            wide, narrow = f"{part.label} {percent}", percent
            inside = next((text for text in (wide, narrow) if len(text) * CHARACTER + 12 <= length), "")
            seen = max(length - GAP, 0)
            drawn.append(DrawnPart(part, round(left, 1), round(seen, 1), percent, inside, self._shade(number)))
            left += length
        return drawn

    def _shade(self, number: int) -> int:
        if not any(part.marked for part in self.parts):
            return number % 4 + 1
        return 1 if self.parts[number].marked else (number % 2 + 1) * 2

    @property
    def unsaid(self) -> list[DrawnPart]:
        """The segments too short for their own names."""
        return [part for part in self.drawn if part.part.label not in part.inside]


def _day_text(on: date, *, first: bool) -> str:
    return f"{on.day} {on:%b}" if first or on.day == 1 else str(on.day)
