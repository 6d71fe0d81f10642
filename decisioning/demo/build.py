"""Builds the demo tenant's configuration through the same serializers as the API."""

from __future__ import annotations

from typing import Any, cast

from creatives import serializers as catalogue
from creatives.template_types import TemplateType, template_type_of
from decisioning.api.serializers import DecisionFlowSerializer, SegmentSerializer
from decisioning.demo import world
from decisioning.demo.world import Id, Offering
from decisioning.flows.publishing import publish
from decisioning.models import DecisionFlow
from kaireon.access import operator
from kaireon.api.serializers import ResourceSerializer, save_resource
from kaireon.lifecycle import Lifecycle
from kaireon.tenancy import Tenant
from kaireon.writing import Writing, writing
from policies.serializers import ContactPolicySerializer


class Builder:
    """Stores payloads in one transaction and remembers the rows by kind and name."""

    def __init__(self, unit: Writing) -> None:
        self.unit = unit
        self.rows: dict[Id, Lifecycle] = {}

    def store(self, kind: str, serializer: type[ResourceSerializer], **payload: Any) -> Lifecycle:
        """One row; names in the payload become ids."""
        row, _ = save_resource(serializer, self.unit, data=self.resolved({"status": "active", **payload}))
        self.rows[Id(kind, payload["name"])] = row
        return row

    def resolved(self, value: Any) -> Any:
        """The payload with every `Id` replaced by the row's id."""
        if isinstance(value, Id):
            return self.rows[value].public_id
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {key: self.resolved(item) for key, item in value.items()}


def build_configuration(tenant: Tenant) -> None:
    """The catalogue, the segments, a policy of every rule type and a flow: all of it, or nothing."""
    with writing(operator(tenant, "quickstart")) as unit:
        builder = Builder(unit)
        _catalogue(builder)
        for name in world.SEGMENTS:
            builder.store("segment", SegmentSerializer, name=name)
        for policy in world.POLICIES:
            builder.store("policy", ContactPolicySerializer, **policy)
        flow = builder.store(
            "flow",
            DecisionFlowSerializer,
            key="next-best-offer",
            name="Next best offer",
            draftConfig={"stages": {"filter": {"contactPolicyIds": None}}},
        )
        publish(unit, cast(DecisionFlow, flow))


def _catalogue(builder: Builder) -> None:
    for category in world.CATEGORIES:
        builder.store("category", catalogue.CategorySerializer, **category)
    for part in world.SUB_CATEGORIES:
        builder.store(
            "sub_category",
            catalogue.SubCategorySerializer,
            name=part["name"],
            categoryId=Id("category", part["category"]),
        )
    for channel in world.CHANNELS:
        builder.store("channel", catalogue.ChannelSerializer, **channel)
    for placement in world.PLACEMENTS:
        own = {key: value for key, value in placement.items() if key != "channel"}
        builder.store("placement", catalogue.PlacementSerializer, channelId=Id("channel", placement["channel"]), **own)
    for offer in world.OFFERS:
        _offer(builder, offer)


def _offer(builder: Builder, offer: Offering) -> None:
    builder.store(
        "offer",
        catalogue.OfferSerializer,
        name=offer.name,
        categoryId=Id("category", offer.category),
        subCategoryId=Id("sub_category", offer.part) if offer.part else None,
        category=offer.label,
        priority=offer.priority,
        shortDesc=f"{offer.name} for our customers",
    )
    for channel in offer.channels:
        _creative(builder, offer.name, channel)


def _creative(builder: Builder, offer: str, channel: str) -> None:
    builder.store(
        "creative",
        catalogue.CreativeSerializer,
        name=f"{offer} - {channel}",
        offerId=Id("offer", offer),
        channelId=Id("channel", channel),
        templateType=world.TEMPLATES[channel],
        **_said(offer, template_type_of(world.TEMPLATES[channel])),
    )


def _said(offer: str, template: TemplateType) -> dict[str, Any]:
    """Content for the fields of a template type, and the mapping of the tokens in it."""
    body = f"Find out what {offer} can do for you."
    words = {
        "subject": f"{offer}: made for you",
        "headline": f"{{first_name}}, have you thought about our {offer}?",
        "body": f"<p>{body}</p>" if template.html else f"{{first_name}}, {body[0].lower()}{body[1:]}",
        "ctaText": "Tell me more",
        "ctaUrl": "https://bank.example/offers?customer={customer_ref}",
        "deepLink": "bank://offers?customer={customer_ref}",
    }
    content = {field.key: words[field.key] for field in template.fields if field.key in words}
    mappings = [
        {"variable": "first_name", "fallback": "Dear customer", "source": "customer.first_name"},
        {"variable": "customer_ref", "fallback": "", "source": "customer.reference"},
    ]
    told = " ".join(content.values())
    return {"content": content, "personalization": [it for it in mappings if f"{{{it['variable']}}}" in told]}
