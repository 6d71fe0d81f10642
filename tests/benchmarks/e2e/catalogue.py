"""W-CORE's catalogue and policies as rows, stored by the serializers the API stores them with."""

from typing import Any, cast

from creatives import serializers as catalogue
from decisioning.api.serializers import DecisionFlowSerializer, SegmentSerializer
from decisioning.demo.build import Builder
from decisioning.demo.world import Id
from decisioning.engine.snapshot import Policy
from decisioning.flows.publishing import publish
from decisioning.models import DecisionFlow
from kaireon.lifecycle import Lifecycle
from kaireon.writing import Writing
from policies.serializers import ContactPolicySerializer
from tests.benchmarks import w_core

Rows = dict[Id, Lifecycle]

CHANNEL_TYPES = ("email", "push", "sms", "in_app", "web", "whatsapp")
SEGMENTS = tuple(f"s{number}" for number in range(12))
CONTENT = {
    "subject": "{first_name}, an offer made for you",
    "headline": "Dear {first_name}, have you thought about this?",
    "body": "<p>Find out what it can do for you, and why so many of our customers would not be without it.</p>",
    "ctaText": "Tell me more",
    "ctaUrl": "https://bank.example/offers?customer={reference}",
}
PERSONALIZATION = [
    {"variable": "first_name", "fallback": "customer", "source": "customer.first_name"},
    {"variable": "reference", "fallback": "", "source": "customer.reference"},
]


def row(kind: str, number: int) -> Id:
    """The name under which W-CORE's entity of this number is stored."""
    return Id(kind, f"{kind} {number}")


def store_catalogue(unit: Writing) -> Rows:
    """The 500 creatives with all they belong to, and the segments. Nothing is implicit: recommending binds nothing."""
    build = Builder(unit)
    for number in range(10):
        build.store("category", catalogue.CategorySerializer, name=row("category", number).name)
    for number in range(30):
        build.store(
            "sub_category",
            catalogue.SubCategorySerializer,
            name=row("sub_category", number).name,
            categoryId=row("category", number % 10),
        )
    for number, channel_type in enumerate(CHANNEL_TYPES):
        name, cost = row("channel", number).name, number / 1000
        build.store("channel", catalogue.ChannelSerializer, name=name, channelType=channel_type, costPerContact=cost)
    for number in range(18):
        name, channel = row("placement", number).name, row("channel", number // 3)
        build.store("placement", catalogue.PlacementSerializer, name=name, channelId=channel)
    _store_creatives(build)
    for name in SEGMENTS:
        build.store("segment", SegmentSerializer, name=name)
    return build.rows


def _store_creatives(build: Builder) -> None:
    for candidate in w_core.candidates():
        offer = row("offer", candidate.offer)
        if offer not in build.rows:
            build.store(
                "offer",
                catalogue.OfferSerializer,
                name=offer.name,
                categoryId=row("category", candidate.category or 0),
                subCategoryId=row("sub_category", candidate.sub_category or 0),
                category=candidate.label,
                priority=candidate.offer * 37 % 101,  # W-CORE says nothing of priorities; each offer has its own
            )
        build.store(
            "creative",
            catalogue.CreativeSerializer,
            name=row("creative", candidate.creative).name,
            offerId=offer,
            channelId=row("channel", candidate.channel or 0),
            placementId=row("placement", candidate.placement or 0),
            content=CONTENT,
            personalization=PERSONALIZATION,
        )


def store_policies(unit: Writing, rows: Rows) -> None:
    """The 50 policies and a published default flow."""
    build = Builder(unit)
    build.rows = rows
    for policy in w_core.policies():
        build.store(
            "policy",
            ContactPolicySerializer,
            name=policy.name,
            ruleType=policy.rule_type,
            config=_config(policy),
            priority=policy.priority,
            scopes=[
                {"scope": each.scope, "scopeId": None if each.target is None else row(each.scope, each.target)}
                for each in policy.assignments
            ],
        )
    draft = {"stages": {"filter": {"contactPolicyIds": None}}}
    flow = build.store("flow", DecisionFlowSerializer, key="default", name="Default", draftConfig=draft)
    publish(unit, cast(DecisionFlow, flow))


def _config(policy: Policy) -> dict[str, Any]:
    """The configuration with references to rows in place of W-CORE's ids, which end in numbers."""
    config = dict(cast(dict[str, Any], policy.config))
    if "excludeOfferIds" in config:
        config["excludeOfferIds"] = [row("offer", _number(each)) for each in config["excludeOfferIds"]]
    if "categoryId" in config:
        config["categoryId"] = row("category", _number(config["categoryId"]))
    return config


def _number(public_id: str) -> int:
    return int(public_id.rpartition("_")[2])
