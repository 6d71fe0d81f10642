"""What a policy would have done to the contacts of the past, added up."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from decisioning.engine.replay import Flags, Past, Replayed


@dataclass(frozen=True, kw_only=True)
class Impact:
    """The numbers of a replay: contacts before and after, by offer what was suppressed, and who was affected.

    `affected` has a flag for every customer analysed; an offer is None where a contact had none.
    """

    before: int
    suppressed: Mapping[int | None, int]
    affected: Flags

    @cached_property
    def after(self) -> int:
        """The contacts left."""
        return self.before - sum(self.suppressed.values())

    @property
    def analysed(self) -> int:
        """How many customers were looked at."""
        return len(self.affected)

    @cached_property
    def customers_affected(self) -> int:
        """How many of them would have missed a contact."""
        return int(self.affected.sum())


def impact_of(past: Past, replayed: Replayed, *, customers: int) -> Impact:
    """Adds a replay up over so many customers."""
    affected = np.zeros(customers, np.bool_)
    affected[past.who[replayed.refused]] = True
    counts = np.bincount(past.trace[replayed.refused], minlength=len(past.traces))
    suppressed: dict[int | None, int] = {}
    for contact, count in zip(past.traces, counts.tolist(), strict=True):
        if count:
            suppressed[contact.offer] = suppressed.get(contact.offer, 0) + count
    return Impact(before=int(replayed.tried.sum()), suppressed=suppressed, affected=affected)


def to_one_decimal(part: int, whole: int) -> float:
    """part / whole to one decimal, halves up, exactly; 0 of nothing is 0."""
    return (20 * part + whole) // (2 * whole) / 10 if whole else 0.0
