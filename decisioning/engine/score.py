"""How much a candidate is worth showing: its priority, or its priority times the customer's propensity."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

MANDATORY = 1.0
UNKNOWN_PROPENSITY = 0.5
METHODS = ("priority_weighted", "propensity")


class Worth(NamedTuple):
    """What a candidate's score is made of; `offer` is the key its propensity is asked for with."""

    offer: str
    priority: int
    mandatory: bool = False


def priority_of(offer: int, override: int | None) -> int:
    """The priority that counts, 0 to 100: a creative's own in place of its offer's, 0 included."""
    return offer if override is None else override


def scores(method: str, candidates: Iterable[Worth], propensities: Mapping[str, float]) -> list[float]:
    """One score per candidate in the order given; raises `ValueError` for a method that does not exist."""
    if method not in METHODS:
        raise ValueError(f"there is no scoring method {method!r}; choose one of {', '.join(METHODS)}")
    if method == "priority_weighted":
        return [MANDATORY if mandatory else priority / 100 for _, priority, mandatory in candidates]
    return [
        MANDATORY if mandatory else propensities.get(offer, UNKNOWN_PROPENSITY) * priority / 100
        for offer, priority, mandatory in candidates
    ]
