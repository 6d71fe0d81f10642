"""Interactions as other systems read them, and as `import_interactions` takes them back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from creatives.models import Category, Channel, Creative, Offer, Placement, SubCategory
from decisioning.models import Decision, Interaction
from kaireon.files.writing import Column
from kaireon.publicid import Kind

MICRO_DIGITS = 6
# The columns that name a row of the catalogue, each with the interaction's key and the kind of row.
NAMED: Mapping[str, tuple[str, Kind]] = {
    "offerId": ("offer_key", Offer.id_kind),
    "creativeId": ("creative_key", Creative.id_kind),
    "channelId": ("channel_key", Channel.id_kind),
    "placementId": ("placement_key", Placement.id_kind),
    "categoryId": ("category_key", Category.id_kind),
    "subCategoryId": ("sub_category_key", SubCategory.id_kind),
}
COLUMNS: Mapping[str, Column] = {
    "interactionId": Column.TEXT,
    "customerId": Column.TEXT,
    "timestamp": Column.INSTANT,
    "outcome": Column.TEXT,
    **dict.fromkeys(NAMED, Column.TEXT),
    "category": Column.TEXT,
    "campaignId": Column.TEXT,
    "conversionValue": Column.AMOUNT,
    "cost": Column.AMOUNT,
    "recommendationId": Column.TEXT,
    "rank": Column.WHOLE,
    "direction": Column.TEXT,
    "void": Column.FLAG,
    "recordedAt": Column.INSTANT,
    "context": Column.TEXT,
    "importKey": Column.TEXT,
}


class Exported(NamedTuple):
    """The columns of an interaction that are exported, by their names in the table."""

    id: int
    customer_id: str
    at: Any
    outcome: str
    offer_key: int | None
    creative_key: int | None
    channel_key: int | None
    placement_key: int | None
    category_key: int | None
    sub_category_key: int | None
    label: str | None
    campaign_id: str | None
    value_micros: int
    cost_micros: int
    decision_key: int | None
    rank: int | None
    direction: str
    void: bool
    recorded_at: Any
    context: Any
    import_key: int | None

    def row(self) -> dict[str, Any]:
        """The row of an export. A category of null was never recorded, "" is known to have been none."""
        ids = (
            None if key is None else kind.encode(key) for key, (_, kind) in zip(self[4:10], NAMED.values(), strict=True)
        )
        values = (
            Interaction.id_kind.encode(self.id),
            self.customer_id,
            self.at,
            self.outcome,
            *ids,
            self.label,
            self.campaign_id,
            Decimal(self.value_micros).scaleb(-MICRO_DIGITS),
            Decimal(self.cost_micros).scaleb(-MICRO_DIGITS),
            None if self.decision_key is None else Decision.id_kind.encode(self.decision_key),
            self.rank,
            self.direction,
            self.void,
            self.recorded_at,
            self.context,
            None if self.import_key is None else str(self.import_key),
        )
        return dict(zip(COLUMNS, values, strict=True))


def in_order(interactions: QuerySet[Interaction], *, size: int) -> Iterator[Exported]:
    """The interactions in the order of time, a page per query, however many there are."""
    ordered = interactions.order_by("at", "pk").values_list(*Exported._fields)
    behind = Q()
    while page := [Exported(*row) for row in ordered.filter(behind)[:size]]:
        yield from page
        last = page[-1]
        # The first condition is what an index can use.
        behind = Q(at__gte=last.at) & (Q(at__gt=last.at) | Q(pk__gt=last.id))
