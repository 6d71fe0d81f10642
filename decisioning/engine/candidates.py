"""Candidates as bits: which of them have a value in a dimension, as integers that are masks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policies.scope import Candidates, Dimension


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A creative that might be shown, with the integer keys its offer and channel have today.

    `cost` is in micro-units; `mandatory_until` is the instant (UTC ms) at which a mandatory offer ceases to be one.
    """

    creative: int
    offer: int
    channel: int | None = None
    placement: int | None = None
    category: int | None = None
    sub_category: int | None = None
    label: str | None = None
    cost: int = 0
    mandatory_until: int | None = None


class CandidateIndex:
    """Candidates in their order, candidate n being bit n of every mask. A mask is made when first asked for."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.candidates = candidates
        self.everyone = (1 << len(candidates)) - 1
        self._positions: dict[str, dict[object, list[int]]] = {}
        self._masks: dict[tuple[str, object], int] = {}

    def mask(self, condition: Candidates) -> int:
        """The candidates that meet a limit's condition."""
        mask = self.everyone
        if condition.having is not None:
            mask &= ~self.having(condition.having, None)
        if condition.label is not None:
            mask &= self.having("label", condition.label)
        for dimension, keys in condition.where:
            mask &= self._any_of(dimension, keys)
        return mask

    def having(self, attribute: str, value: object) -> int:
        """The candidates with this value of an attribute."""
        asked = attribute, value
        if asked not in self._masks:
            self._masks[asked] = mask_of(self._by(attribute).get(value, ()))
        return self._masks[asked]

    def by_cost(self, mask: int) -> list[tuple[int, int]]:
        """(cost, mask) of the candidates in a mask, grouped by what they cost."""
        costs = {candidate.cost for candidate in self.candidates}
        return [(cost, share) for cost in sorted(costs) if (share := mask & self.having("cost", cost))]

    def _any_of(self, dimension: Dimension, keys: Iterable[int]) -> int:
        mask = 0
        for key in keys:
            mask |= self.having(dimension, key)
        return mask

    def _by(self, attribute: str) -> dict[object, list[int]]:
        if attribute not in self._positions:
            groups: dict[object, list[int]] = {}
            for position, candidate in enumerate(self.candidates):
                groups.setdefault(getattr(candidate, attribute), []).append(position)
            self._positions[attribute] = groups
        return self._positions[attribute]


def mask_of(positions: Sequence[int]) -> int:
    """The mask with these bits set, positions in ascending order."""
    # One byte string, because or-ing single bits into a large integer copies it each time.
    octets = bytearray(positions[-1] // 8 + 1 if positions else 0)
    for position in positions:
        octets[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(octets, "little")


def positions(mask: int) -> list[int]:
    """The positions of the bits that are set, in order."""
    return [n for n, bit in enumerate(reversed(f"{mask:b}")) if bit == "1"]
