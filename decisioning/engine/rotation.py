"""Which of an offer's variants on one channel and placement a customer sees: weighted rendezvous hashing.

Every variant draws a number u in (0, 1) from the hash of itself and the customer, and the highest -weight / ln(u) wins.
The draws of different variants are independent exponential races, so each wins in proportion to its weight; and since
no draw looks at the other variants, taking one away moves nobody but its own customers.

Rendezvous hashing: D. Thaler and C. Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM
Transactions on Networking 6(1), 1998. The logarithmic weights: C. Schindelhauer and G. Schomaker, "Weighted
distributed hash tables", SPAA 2005.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from math import log

from decisioning.engine.candidates import Candidate, mask_of

Group = tuple[int, int | None, int | None]  # offer, channel, placement
Variant = tuple[int, int]


def chosen(variants: Iterable[Variant], *, tenant: int, group: Group, customer: str) -> int | None:
    """The creative among (creative, weight) pairs that a customer sees; None when no weight is above 0.

    `group` is what the variants have in common. Equal draws go to the smaller key.
    """
    start = _start(tenant, group, customer)
    drawn = [(weight / -log(_uniform(start, creative)), -creative) for creative, weight in variants if weight > 0]
    return -max(drawn)[1] if drawn else None


class Rotation:
    """The variants among a tenant's candidates, found once for all customers. Candidate n is bit n of every mask."""

    def __init__(self, tenant: int, candidates: Sequence[Candidate], weights: Sequence[int]) -> None:
        self._tenant = tenant
        groups: dict[Group, dict[int, tuple[int, int]]] = defaultdict(dict)
        for position, candidate in enumerate(candidates):
            if weights[position] > 0:
                group = groups[candidate.offer, candidate.channel, candidate.placement]
                group[candidate.creative] = position, weights[position]
        alone = [position for group in groups.values() if len(group) == 1 for position, _ in group.values()]
        self._alone = mask_of(sorted(alone))
        several = {key: group for key, group in groups.items() if len(group) > 1}
        self._groups = [(key, *_as_masks(group)) for key, group in several.items()]

    def among(self, allowed: int, customer: str) -> int:
        """Of the allowed candidates one per offer, channel and placement; those of weight 0 never."""
        seen = allowed & self._alone
        for group, variants, everyone in self._groups:
            survivors = allowed & everyone
            if survivors & (survivors - 1):
                drawn = [(creative, weight) for creative, (bit, weight) in variants.items() if bit & survivors]
                creative = chosen(drawn, tenant=self._tenant, group=group, customer=customer)
                survivors = 0 if creative is None else variants[creative][0]
            seen |= survivors
        return seen


def _as_masks(variants: Mapping[int, tuple[int, int]]) -> tuple[dict[int, tuple[int, int]], int]:
    """The variants with masks for positions, and all of them as one mask."""
    masks = {creative: (1 << position, weight) for creative, (position, weight) in variants.items()}
    return masks, sum(mask for mask, _ in masks.values())


def _start(tenant: int, group: Group, customer: str) -> blake2b:
    """What all variants' draws begin with; only the customer may contain a colon, and a creative follows."""
    keys = ":".join("" if key is None else str(key) for key in (tenant, *group))
    return blake2b(f"{keys}:{customer}:".encode("utf-8", "surrogatepass"), digest_size=8)


def _uniform(start: blake2b, creative: int) -> float:
    """A number in the open interval from 0 to 1: 52 bits and a half, so that neither end can be rounded to."""
    draw = start.copy()
    draw.update(b"%d" % creative)
    return ((int.from_bytes(draw.digest(), "big") >> 12) + 0.5) / (1 << 52)
