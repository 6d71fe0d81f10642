"""Which of an offer's variants on one channel and placement a customer sees: weighted rendezvous hashing.

Every variant draws a number u in (0, 1) from the hash of itself and the customer, and the highest -weight / ln(u) wins.
The draws of different variants are independent exponential races, so each wins in proportion to its weight; and since
no draw looks at the other variants, taking one away moves nobody but its own customers.

Rendezvous hashing: D. Thaler and C. Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM
Transactions on Networking 6(1), 1998. The logarithmic weights: C. Schindelhauer and G. Schomaker, "Weighted
distributed hash tables", SPAA 2005.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from math import log

from decisioning.engine.candidates import Candidate, positions

Place = tuple[int, int | None, int | None]
Variant = tuple[int, int]


def chosen(variants: Iterable[Variant], *, tenant: int, place: Place, customer: str) -> int | None:
    """The creative among (creative, weight) pairs that a customer sees; None when no weight is above 0.

    `place` is the variants' (offer, channel, placement). Equal draws go to the smaller key.
    """
    start = ":".join("" if key is None else str(key) for key in (tenant, *place))
    drawn = [
        (weight / -log(_uniform(f"{start}:{creative}:{customer}")), -creative)
        for creative, weight in variants
        if weight > 0
    ]
    return -max(drawn)[1] if drawn else None


class Rotation:
    """The variants among a tenant's candidates, found once for all customers. Candidate n is bit n of every mask."""

    def __init__(self, tenant: int, candidates: Sequence[Candidate], weights: Sequence[int]) -> None:
        self._tenant = tenant
        self._creatives = [candidate.creative for candidate in candidates]
        self._weights = weights
        groups: dict[Place, list[int]] = defaultdict(list)
        for position, candidate in enumerate(candidates):
            if weights[position] > 0:
                groups[candidate.offer, candidate.channel, candidate.placement].append(position)
        self._alone = sum(1 << group[0] for group in groups.values() if len(group) == 1)
        self._groups = [
            (place, sum(1 << position for position in group)) for place, group in groups.items() if len(group) > 1
        ]

    def among(self, allowed: int, customer: str) -> int:
        """Of the allowed candidates one per offer, channel and placement; those of weight 0 never."""
        seen = allowed & self._alone
        for place, group in self._groups:
            survivors = allowed & group
            if survivors & (survivors - 1):
                survivors = self._drawn(place, positions(survivors), customer)
            seen |= survivors
        return seen

    def _drawn(self, place: Place, survivors: Sequence[int], customer: str) -> int:
        position_of = {self._creatives[position]: position for position in survivors}
        variants = [(creative, self._weights[position]) for creative, position in position_of.items()]
        creative = chosen(variants, tenant=self._tenant, place=place, customer=customer)
        return 0 if creative is None else 1 << position_of[creative]


def _uniform(text: str) -> float:
    """A number in the open interval from 0 to 1: 52 bits and a half, so that neither end can be rounded to."""
    drawn = int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 12
    return (drawn + 0.5) / (1 << 52)
