"""The tenant's catalogue by name and by public id, looked up once for many rows of an import."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from creatives.models import Channel, Creative, Offer, Placement
from creatives.serializers import ChannelSerializer, OfferSerializer
from decisioning.imports.rows import MICRO, Said
from decisioning.models import outcomes
from kaireon.api.serializers import ResourceSerializer, save_resource
from kaireon.lifecycle import Lifecycle, Status
from kaireon.tenancy import Tenant
from kaireon.writing import Writing

CREATED = "Created by import_interactions."


@dataclass(kw_only=True)
class Place:
    """What an interaction was about, by the keys of the rows its names stand for."""

    offer: int | None = None
    creative: int | None = None
    channel: int | None = None
    placement: int | None = None


class Directory:
    """Live offers, creatives, channels and placements as of one configuration version, and the known outcomes."""

    models: ClassVar[Mapping[str, type[Lifecycle]]] = {
        "offer": Offer,
        "creative": Creative,
        "channel": Channel,
        "placement": Placement,
    }
    makers: ClassVar[Mapping[str, tuple[type[ResourceSerializer], dict[str, Any]]]] = {
        "offer": (OfferSerializer, {}),
        "channel": (ChannelSerializer, {"channelType": "other"}),  # nothing in a row says of what type it is
    }

    def __init__(self, tenant: Tenant, *, version: int) -> None:
        self.version = version
        self.outcomes = outcomes.keys_in(tenant)
        self.rows: dict[str, dict[int, Any]] = {
            kind: {row.pk: row for row in model.everything.of(tenant).live()} for kind, model in self.models.items()
        }
        self._found: dict[str, dict[str, int]] = {
            kind: {row.name: key for key, row in self.rows[kind].items()} for kind in ("offer", "creative", "channel")
        }
        self._placements: dict[str, list[Placement]] = defaultdict(list)
        for placement in self.rows["placement"].values():
            self._placements[placement.name].append(placement)

    def place(self, said: Said, faults: list[str], *, unit: Writing | None) -> Place:
        """Where the row's names lead; what is unknown or contradicts is a fault.

        With `unit`, channels and offers nobody knows are created, unless the row is refused anyway.
        """
        if said.outcome not in self.outcomes:
            faults.append(f'outcome "{said.outcome}" is unknown; known are {", ".join(sorted(self.outcomes))}')
        place = Place(
            offer=self._known("offer", said.offer, faults, strict=unit is None),
            creative=self._known("creative", said.creative, faults, strict=True),
            channel=self._known("channel", said.channel, faults, strict=unit is None),
        )
        if place.creative is not None:
            creative: Creative = self.rows["creative"][place.creative]
            place.offer = _agreed("offer", said.offer, place.offer, creative.offer_id, faults)
            place.channel = _agreed("channel", said.channel, place.channel, creative.channel_id, faults)
            place.placement = creative.placement_id
        if said.placement is not None:
            self._put(place, said, faults)
        if unit is not None and not faults:
            place.channel = place.channel or self._created("channel", said.channel, unit)
            place.offer = place.offer or self._created("offer", said.offer, unit)
        return place

    def cost_of(self, channel: int | None) -> int:
        """A channel's cost per contact in micro-units."""
        cost: Decimal = self.rows["channel"][channel].cost_per_contact if channel is not None else Decimal(0)
        return int(cost * MICRO)

    def _put(self, place: Place, said: Said, faults: list[str]) -> None:
        """Adds the named placement, and its channel when the row names none."""
        found = self._placements_called(said.placement or "")
        if place.channel is not None or said.channel is not None:
            found = [placement for placement in found if placement.channel_id == place.channel]
        if len(found) != 1:
            what = "exists on several channels; name the channel too" if found else "is unknown on this channel"
            faults.append(f'placement "{said.placement}" {what}')
            return
        if place.placement not in {None, found[0].pk}:
            faults.append(f'placement "{said.placement}" contradicts the creative')
        place.placement, place.channel = found[0].pk, found[0].channel_id

    def _placements_called(self, text: str) -> list[Placement]:
        key = Placement.id_kind.decode(text)
        row = self.rows["placement"].get(key) if key is not None else None
        return [row] if row is not None else self._placements.get(text, [])

    def _known(self, kind: str, text: str | None, faults: list[str], *, strict: bool) -> int | None:
        """The key of the row with this name or id; unknown ids, and in strict mode unknown names, are faults."""
        if text is None or text in self._found[kind]:
            return None if text is None else self._found[kind][text]
        key = self.models[kind].id_kind.decode(text)
        if key is not None and key in self.rows[kind]:
            self._found[kind][text] = key
            return key
        if strict or key is not None:
            faults.append(f'{kind} "{text}" is unknown')
        return None

    def _created(self, kind: str, name: str | None, unit: Writing) -> int | None:
        if name is None:
            return None
        serializer, extra = self.makers[kind]
        data = {"name": name, "status": Status.ACTIVE, "description": CREATED, **extra}
        row, _ = save_resource(serializer, unit, data=data)
        self.rows[kind][row.pk] = row
        key: int = row.pk
        self._found[kind][name] = key
        return key


def _agreed(kind: str, text: str | None, given: int | None, own: int, faults: list[str]) -> int:
    """The creative's own offer or channel; a row that names another contradicts it."""
    if text is not None and given != own:
        faults.append(f'{kind} "{text}" contradicts the creative')
    return own
