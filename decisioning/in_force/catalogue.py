"""The catalogue as decisions need it, read column by column: the whole of it, or what belongs to some offers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from creatives.models import (
    Category,
    Channel,
    CouplingMode,
    Creative,
    ImpressionMode,
    Named,
    Offer,
    Placement,
    SubCategory,
)
from decisioning.engine.candidates import Candidate
from decisioning.engine.score import priority_of
from decisioning.in_force.configuration import ChannelFacts, Item, PlacementFacts
from decisioning.in_force.naming import Place
from kaireon import clock
from kaireon.lifecycle import Status
from kaireon.tenancy import Tenant

# There may be many of these, so they are read without making objects of them: a third of the time.
OFFER = (
    *("pk", "name", "status", "deleted_at", "category_id", "sub_category_id", "category_label", "priority"),
    *("mandatory", "mandatory_expires_at", "schedule"),
)
CREATIVE = (
    *("pk", "name", "status", "deleted_at", "version", "offer_id", "channel_id", "placement_id", "template_type"),
    *("constraints", "ab_test_variant", "weight"),
)


FEW: dict[str, type[Named]] = {
    "placement": Placement,
    "channel": Channel,
    "sub_category": SubCategory,
    "category": Category,
}


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """What an offer's creatives have from it."""

    amiss: tuple[str, ...]
    category: int | None
    sub_category: int | None
    label: str
    priority: int
    mandatory_until: int | None
    starts: datetime | None
    ends: datetime | None


class Catalogue:
    """A tenant's catalogue; with `offers`, of offers and creatives only these ones and theirs."""

    def __init__(self, tenant: Tenant, *, offers: Collection[int] | None = None) -> None:
        self.whole = offers is None
        chosen = (Offer.everything.of(tenant), Creative.everything.of(tenant))
        if offers is not None:
            chosen = (chosen[0].filter(pk__in=offers), chosen[1].filter(offer__in=offers))
        # What names others is read before them: in a transaction, whose statements each see what is committed by then,
        # a row that came meanwhile may name only what is there already.
        self.creatives: list[Any] = list(chosen[1].order_by("pk").values_list(*CREATIVE, named=True))
        self.offers: dict[int, Any] = {row.pk: row for row in chosen[0].values_list(*OFFER, named=True)}
        self.few: dict[str, dict[int, Any]] = {
            kind: {row.pk: row for row in model.everything.of(tenant)} for kind, model in FEW.items()
        }

    @cached_property
    def items(self) -> dict[int, Item]:
        """The live creatives by key, the oldest first."""
        facts = {key: self._of_offer(row) for key, row in self.offers.items()}
        on_channel = {key: _amiss("channel", row) for key, row in self.few["channel"].items()}
        on_placement = {key: _amiss("placement", row) for key, row in self.few["placement"].items()}
        costs = {key: int(row.cost_per_contact * 1_000_000) for key, row in self.few["channel"].items()}
        return {
            row.pk: self._item(
                row,
                facts[row.offer_id],
                on_channel[row.channel_id] + on_placement.get(row.placement_id, ()),
                costs[row.channel_id],
            )
            for row in self.creatives
            if row.deleted_at is None
        }

    @cached_property
    def names(self) -> dict[Place, str]:
        """What everything is called, deleted or not."""
        few = {(kind, key): row.name for kind, rows in self.few.items() for key, row in rows.items()}
        offers = {("offer", key): row.name for key, row in self.offers.items()}
        return offers | {("creative", row.pk): row.name for row in self.creatives} | few

    def channels(self) -> dict[int, ChannelFacts]:
        """The live channels."""
        return {
            key: ChannelFacts(
                channel_type=row.channel_type,
                implicit=row.impression_mode == ImpressionMode.IMPLICIT,
                atomic=row.coupling_mode == CouplingMode.ATOMIC,
            )
            for key, row in self.few["channel"].items()
            if row.deleted_at is None
        }

    def placements(self) -> dict[int, PlacementFacts]:
        """The live placements."""
        return {
            key: PlacementFacts(name=row.name, channel=row.channel_id, slots=row.max_slots)
            for key, row in self.few["placement"].items()
            if row.deleted_at is None
        }

    def is_dead(self, place: Place) -> bool:
        """Whether a row is deleted, or nowhere; of what was left out nobody knows."""
        return place in self._deleted if place in self.names else self.whole

    @cached_property
    def _deleted(self) -> frozenset[Place]:
        few = ((kind, key) for kind, rows in self.few.items() for key, row in rows.items() if row.deleted_at)
        offers = (("offer", key) for key, row in self.offers.items() if row.deleted_at)
        creatives = (("creative", row.pk) for row in self.creatives if row.deleted_at)
        return frozenset((*few, *offers, *creatives))

    def _of_offer(self, row: Any) -> OfferFacts:
        until = row.mandatory_expires_at if row.mandatory else None
        return OfferFacts(
            amiss=_amiss("offer", row),
            category=self._living("category", row.category_id),
            sub_category=self._living("sub_category", row.sub_category_id),
            label=row.category_label,
            priority=row.priority,
            mandatory_until=None if until is None else clock.milliseconds(until),
            starts=_bound(row.schedule, "startsAt"),
            ends=_bound(row.schedule, "endsAt"),
        )

    def _living(self, kind: str, key: int | None) -> int | None:
        return None if key is None or self.few[kind][key].deleted_at is not None else key

    def _item(self, row: Any, offer: OfferFacts, amiss: tuple[str, ...], cost: int) -> Item:
        constraints = row.constraints if isinstance(row.constraints, dict) else {}
        return Item(
            candidate=Candidate(
                creative=row.pk,
                offer=row.offer_id,
                channel=row.channel_id,
                placement=self._living("placement", row.placement_id),
                category=offer.category,
                sub_category=offer.sub_category,
                label=offer.label,
                cost=cost,
                mandatory_until=offer.mandatory_until,
            ),
            name=row.name,
            version=row.version,
            constraints=constraints,
            amiss=(() if row.status == Status.ACTIVE else (f"it is {row.status}",)) + offer.amiss + amiss,
            starts=offer.starts,
            ends=offer.ends,
            priority=priority_of(offer.priority, _whole(constraints, "priorityOverride")),
            age=row.offer_id,
            weight=row.weight,
            template_type=row.template_type,
            ab_test_variant=row.ab_test_variant,
        )


def _amiss(kind: str, row: Any) -> tuple[str, ...]:
    """What keeps the creatives of an offer, or those on a channel or placement, out of the inventory."""
    if row.deleted_at is not None:
        return (f"its {kind} is deleted",)
    return () if row.status == Status.ACTIVE else (f"its {kind} is {row.status}",)


def _whole(constraints: Mapping[str, object], key: str) -> int | None:
    value = constraints.get(key)
    return int(value) if isinstance(value, int | float) else None


def _bound(schedule: object, key: str) -> datetime | None:
    text = schedule.get(key) if isinstance(schedule, dict) else None
    return None if text is None else clock.parse(text)
