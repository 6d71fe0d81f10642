"""The variants among which a creative rotates, and what share of the customers each of them sees."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Sum

from creatives.models import Creative
from kaireon.tenancy import Tenant

MOST_NAMED = 8


@dataclass(frozen=True)
class Variant:
    """One variant, or (without a key) several small ones together. `share` is in percent, to one decimal."""

    key: int | None
    name: str
    weight: int
    share: float
    own: bool = False


@dataclass(frozen=True, kw_only=True)
class Place:
    """What variants have in common: the keys of offer, channel and placement."""

    offer: int
    channel: int
    placement: int | None


def variants_with(tenant: Tenant, place: Place, *, key: int | None, name: str, weight: int) -> list[Variant]:
    """A creative, as if it were active, first, then the active others by weight; small ones are added up at the end.

    The engine rotates among those that survived the policies, in proportion to weight; these are the shares while all
    of them do.
    """
    others = (
        Creative.everything.of(tenant)
        .active()
        .filter(offer=place.offer, channel=place.channel, placement=place.placement)
        .exclude(pk=key or 0)
    )
    largest = list(others.order_by("-weight", "pk").values_list("pk", "name", "weight")[: MOST_NAMED + 1])
    remaining: list[tuple[int | None, str, int]] = []
    if len(largest) > MOST_NAMED:
        largest.pop()
        every = others.aggregate(number=Count("pk"), weight=Sum("weight"))
        number = every["number"] - len(largest)
        remaining = [(None, f"{number} others", every["weight"] - sum(weight for _, _, weight in largest))]
    return _shared([(key, name, weight), *largest, *remaining])


def _shared(weighted: list[tuple[int | None, str, int]]) -> list[Variant]:
    total = sum(weight for _, _, weight in weighted)
    return [
        Variant(key, name, weight, round(100 * weight / total, 1) if total else 0.0, own=index == 0)
        for index, (key, name, weight) in enumerate(weighted)
    ]
