"""Totals over all customers that stay when the interactions they were added up from are deleted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db.models import F

from decisioning.models import CarriedTotal, Interaction
from decisioning.models.budgets import MARKER, WHOLE_TENANT
from decisioning.models.outcomes import IMPRESSION
from kaireon.tenancy import Tenant
from policies.scope import DIMENSIONS


def carry(tenant: Tenant, interactions: Iterable[Interaction]) -> None:
    """Notes what these used of every budget there could be; called in the transaction that deletes them."""
    used: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for interaction in interactions:
        for word, key in _places(interaction):
            used[word, key][0] += interaction.outcome == IMPRESSION
            used[word, key][1] += interaction.cost_micros
    for (word, key), (impressions, micros) in sorted(used.items()):
        if impressions or micros:
            row, _ = CarriedTotal.objects.get_or_create(tenant=tenant, dimension=word, key=key)
            CarriedTotal.objects.filter(pk=row.pk).update(
                impressions=F("impressions") + impressions, micros=F("micros") + micros
            )


def carried(tenant: Tenant, word: str, keys: Collection[int] | None) -> list[tuple[int, int, int]]:
    """(key, impressions, micro-units) of a dimension, of these keys or (None) of each."""
    rows = CarriedTotal.objects.of(tenant).filter(dimension=word)
    wanted = rows if keys is None else rows.filter(key__in=keys)
    return list(wanted.values_list("key", "impressions", "micros"))


def _places(interaction: Interaction) -> Iterable[tuple[str, int]]:
    """The totals an interaction counts in; one that is void counts in none."""
    if interaction.void:
        return
    yield WHOLE_TENANT, MARKER
    for word in DIMENSIONS.values():
        key = getattr(interaction, f"{word}_key")
        if key is not None:
            yield word, key
