"""A customer's contacts on a line of time, in lanes by channel, with the windows of what blocks drawn over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from decisioning.models.outcomes import IMPRESSION
from kaireon.admin.charts import shortened
from kaireon.admin.moments import moment_text

WIDTH, LEFT, RIGHT, LANE, ROW = 720, 110, 40, 36, 22
SHORTEST, LONGEST = timedelta(days=3), timedelta(days=90)
MARKS = {"positive": "up", "negative": "cross", "neutral": "square"}
TICKS = 8
NARROW = 120  # a band with less room than this has its name beside it


@dataclass(frozen=True, kw_only=True)
class Happening:
    """Something that happened to the customer, by the names of what it was about."""

    at: datetime
    outcome: str
    offer: str
    creative: str
    channel: str


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far back a limit that was reached looks, and whose it is."""

    policy: str
    since: datetime


@dataclass(frozen=True)
class Mark:
    """A happening's place in the picture."""

    x: float
    y: int
    shape: str
    words: str


@dataclass(frozen=True)
class Band:
    """A window's place in the picture; `earlier` says that it begins before the picture does."""

    x: float
    y: int
    depth: int
    width: float
    label: str
    words: str
    earlier: bool
    beside: bool  # the band is too narrow for its name, which stands before it


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The picture; `classes` says how outcomes are classified."""

    happenings: Sequence[Happening]
    reaches: Sequence[Reach]
    classes: Mapping[str, str]
    now: datetime
    zone: ZoneInfo

    width = WIDTH
    left = LEFT

    @cached_property
    def begins(self) -> datetime:
        """Early enough for the windows and what happened, as far as both fit into three months."""
        seen = [reach.since for reach in self.reaches] + [happening.at for happening in self.happenings]
        earliest = min([*seen, self.now - SHORTEST])
        span = min(self.now - earliest, LONGEST)
        return self.now - span * 1.04

    @property
    def end(self) -> int:
        return WIDTH - RIGHT

    @cached_property
    def lanes(self) -> list[tuple[str, int]]:
        """The channels by name, with the heights of their lanes."""
        names = sorted({happening.channel for happening in self._shown})
        top = len(self.reaches) * ROW + 12
        return [(shortened(name, LEFT - 16), top + number * LANE + LANE // 2) for number, name in enumerate(names)]

    @property
    def bottom(self) -> int:
        lanes = {happening.channel for happening in self._shown}
        return len(self.reaches) * ROW + 12 + max(len(lanes), 1) * LANE

    @property
    def height(self) -> int:
        return self.bottom + 28

    @cached_property
    def marks(self) -> list[Mark]:
        """What happened, newest first."""
        names = sorted({happening.channel for happening in self._shown})
        lane = {name: y for name, (_, y) in zip(names, self.lanes, strict=True)}
        return [
            Mark(self._x(it.at), lane[it.channel] - self._lift(it.outcome), self._shape(it.outcome), self._words(it))
            for it in self._shown
        ]

    @cached_property
    def bands(self) -> list[Band]:
        """The windows, the shortest on top."""
        drawn = []
        for number, reach in enumerate(sorted(self.reaches, key=lambda it: it.since, reverse=True)):
            x = self._x(max(reach.since, self.begins))
            words = f"{reach.policy} counts since {moment_text(max(reach.since, EARLIEST), self.zone)}"
            earlier = reach.since < self.begins
            room = self.end - x - 12
            beside = room < NARROW
            drawn.append(
                Band(
                    x,
                    number * ROW,
                    self.bottom - number * ROW,
                    round(self.end - x, 1),
                    shortened(reach.policy, x - LEFT - 12 if beside else room),
                    words,
                    earlier,
                    beside,
                )
            )
        return drawn

    @cached_property
    def ticks(self) -> list[tuple[float, str]]:
        """A few midnights."""
        days = (self.now - self.begins).days or 1
        step = max(-(-days // TICKS), 1)
        midnight = self.now.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        found = []
        for back in range(0, days + 1, step):
            at = midnight - timedelta(days=back)
            if at > self.begins and self.end - self._x(at) > 40:
                found.append((self._x(at), f"{at.day} {at:%b}"))
        return found

    @property
    def summary(self) -> str:
        number = len(self._shown)
        happened = f"{number} thing{'' if number == 1 else 's'} happened since {moment_text(self.begins, self.zone)}."
        return " ".join([happened, *(f"{band.words}." for band in self.bands)])

    @property
    def spoken(self) -> list[str]:
        """What a screen reader reads: the newest fifty."""
        return [mark.words for mark in self.marks[:50]]

    @cached_property
    def _shown(self) -> list[Happening]:
        return [happening for happening in self.happenings if happening.at >= self.begins]

    def _x(self, at: datetime) -> float:
        share = (at - self.begins) / (self.now - self.begins)
        return round(LEFT + min(share, 1.0) * (self.end - LEFT), 1)

    def _lift(self, outcome: str) -> int:
        """What came of a contact stands above it, as it may have come at once."""
        return 0 if outcome == IMPRESSION else 11

    def _shape(self, outcome: str) -> str:
        return "dot" if outcome == IMPRESSION else MARKS.get(self.classes.get(outcome, ""), "square")

    def _words(self, it: Happening) -> str:
        what = "Contact" if it.outcome == IMPRESSION else it.outcome.replace("_", " ").capitalize()
        return f"{what}, {it.offer} ({it.creative}) on {it.channel}, {moment_text(it.at, self.zone)}"


EARLIEST = datetime.fromisoformat("1970-01-02T00:00:00+00:00")  # an all-time limit counts from further back
