"""What limits allow, by plain lists and counting: a second reading of caps, pauses and budgets, and of reports.

It shares no code with the product. Instants are UTC milliseconds; costs are such that adding them up is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

HOUR = 3_600_000
WINDOWS: dict[str, float] = {"daily": 24 * HOUR, "weekly": 168 * HOUR, "monthly": 720 * HOUR, "alltime": float("inf")}
MAXIMA = {"maxPerDay": "daily", "maxPerWeek": "weekly", "maxTotal": "alltime"}


@dataclass(frozen=True)
class Ware:
    """A creative with what scopes look at."""

    creative: str
    offer: str
    channel: str
    cost: float
    implicit: bool


@dataclass
class Contact:
    """A delivered impression; one that is void counts nowhere."""

    customer: str
    ware: Ware
    at: int
    void: bool = False


@dataclass
class Line:
    """One line of a recommendation: until when its place is held, if it is, and the contact it became."""

    customer: str
    recommendation: str
    rank: int
    ware: Ware
    held_until: int | None = None
    contact: Contact | None = None
    taken_back: bool = False


@dataclass
class Book:
    """Everything that was told so far, and the policies in force: (rule, config, scopes) by id."""

    policies: dict[str, tuple[str, dict[str, Any], list[dict[str, Any]]]] = field(default_factory=dict)
    contacts: list[Contact] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def blocks(self, customer: str, ware: Ware, now: int, siblings: Iterable[Ware] = ()) -> list[str]:
        """The rules that keep a customer from being shown a ware, beside what the same answer shows already."""
        return [
            rule
            for rule, config, scopes in self.policies.values()
            for scope in scopes
            if _concerns(scope, ware) and self._blocked(rule, config, scope, customer, ware, now, list(siblings))
        ]

    def _blocked(
        self, rule: str, config: dict[str, Any], scope: Any, customer: str, ware: Ware, now: int, siblings: list[Ware]
    ) -> bool:
        if rule == "budget_exhausted":
            used = [other for _, _, other in self._counting(now)] + siblings
            used = [other for other in used if _shares(scope, ware, other)]
            spends = config["budgetField"] == "spend"
            total = sum(other.cost for other in used) if spends else len(used)
            return total >= config["threshold"] or total + (ware.cost if spends else 1) > config["threshold"]
        if rule == "cooldown":  # what is shown together does not start the pause
            siblings = []
        ages = [(now - at, other) for of, at, other in self._counting(now) if of == customer]
        ages += [(0, other) for other in siblings]
        if rule == "cross_channel_cap":
            ages = [(age, other) for age, other in ages if other.offer == ware.offer]
        elif rule != "customer_total_cap":
            ages = [(age, other) for age, other in ages if _shares(scope, ware, other)]
        return any(sum(age < window for age, _ in ages) >= most for most, window in _limits(rule, config))

    def _counting(self, now: int) -> Iterator[tuple[str, int, Ware]]:
        """(customer, instant, ware) of every contact, and of every place that is still held."""
        for contact in self.contacts:
            if not contact.void:
                yield contact.customer, min(contact.at, now), contact.ware
        for line in self.lines:
            if line.held_until is not None and now < line.held_until:
                yield line.customer, now, line.ware

    def told(self, line: Line, outcome: str, at: int) -> bool:
        """What a report about a line changes; whether it is a contact that was reported before."""
        if outcome in ("impression", "not_presented", "expired"):
            line.held_until = None
        if outcome == "not_presented":
            line.taken_back = True
            if line.contact is not None:
                line.contact.void = True
        if outcome == "impression":
            if line.contact is not None and not line.taken_back:
                return True
            contact = Contact(line.customer, line.ware, at, void=line.taken_back)
            line.contact = line.contact or contact
            self.contacts.append(contact)
        return False

    def time_passes(self, length: int) -> None:
        """Everything was that much longer ago."""
        for contact in self.contacts:
            contact.at -= length
        for line in self.lines:
            if line.held_until is not None:
                line.held_until -= length


def _limits(rule: str, config: dict[str, Any]) -> Iterator[tuple[float, float]]:
    """(at most, within so many milliseconds)"""
    if rule == "cooldown":
        yield 1, config["cooldownHours"] * HOUR
    elif rule == "frequency_cap":
        yield from ((config[key], WINDOWS[period]) for key, period in MAXIMA.items() if key in config)
    else:
        yield config["maxTotal"], WINDOWS[config.get("periodType", "alltime")]


def _concerns(scope: dict[str, Any], ware: Ware) -> bool:
    return scope["scope"] == "global" or scope["scopeId"] in ("*", getattr(ware, scope["scope"]))


def _shares(scope: dict[str, Any], ware: Ware, other: Ware) -> bool:
    """Whether what happened to the other ware counts in the scope in which this one is judged."""
    kind = scope["scope"]
    return kind == "global" or bool(getattr(ware, kind) == getattr(other, kind))
