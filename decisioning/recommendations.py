"""Recommending for a caller: from the request to the stored decision, in one transaction where something is bound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from decisioning.configuration import Configuration
from decisioning.contents import sources_of, templates
from decisioning.engine.allocate import Placed
from decisioning.engine.assignment import Place
from decisioning.engine.candidates import positions
from decisioning.engine.explain import instant_to_wire, to_wire
from decisioning.engine.facts import Facts
from decisioning.engine.recommend import Recommended, Terms, Wish, earliest, recommend
from kaireon import clock


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request to recommend, read and found valid."""

    wish: Wish
    segments: Sequence[str] = ()
    customer: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    personalization: Mapping[str, Any] = field(default_factory=dict)
    debug: bool = False
    dry_run: bool = False
    as_of: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A recommendation before anybody was told: what was chosen, under which terms, at which instant."""

    configuration: Configuration
    facts: Facts
    wish: Wish
    terms: Terms
    recommended: Recommended
    decided_at: datetime
    flow_version: int | None


def choose(
    configuration: Configuration,
    facts: Facts,
    wish: Wish,
    terms: Terms,
    *,
    decided_at: datetime,
    flow_version: int | None,
) -> Chosen:
    """Runs the stages; touches nothing."""
    atomic = {key for key, channel in configuration.channels.items() if channel.atomic}
    now = clock.milliseconds(decided_at)
    recommended = recommend(configuration.stock, facts, wish, terms, now=now, atomic=atomic)
    return Chosen(
        configuration=configuration,
        facts=facts,
        wish=wish,
        terms=terms,
        recommended=recommended,
        decided_at=decided_at,
        flow_version=flow_version,
    )


def lines(chosen: Chosen, ask: Ask) -> list[dict[str, Any]]:
    """The decisions in rank order, their content rendered."""
    wares = chosen.configuration.stock.wares
    placed = chosen.recommended.placed
    items = [chosen.configuration.items[wares[place.position].candidate.creative] for place in placed]
    contents = templates((item.candidate.creative, item.version) for item in items)
    sources = sources_of(ask.attributes, ask.personalization, ask.customer)
    shown = []
    for rank, (place, item) in enumerate(zip(placed, items, strict=True), start=1):
        template = contents[item.candidate.creative, item.version]
        shown.append(_line(chosen, place, rank) | {"content": template.render(template.token_values(sources))})
    return shown


def _line(chosen: Chosen, placed: Placed, rank: int) -> dict[str, Any]:
    configuration = chosen.configuration
    candidate = configuration.stock.wares[placed.position].candidate
    item = configuration.items[candidate.creative]
    name = partial(_named, configuration)
    return {
        "rank": rank,
        "offerId": configuration.public_ids["offer", candidate.offer],
        "offerName": name("offer", candidate.offer),
        "categoryName": name("category", candidate.category),
        "creativeId": item.public_id,
        "creativeName": item.name,
        "channelId": configuration.public_ids["channel", candidate.channel or 0],
        "channelName": name("channel", candidate.channel),
        "placementId": None if placed.placement is None else configuration.public_ids["placement", placed.placement],
        "templateType": item.template_type,
        "content": None,
        "abTestVariant": item.ab_test_variant,
        "score": round(chosen.recommended.scores[placed.position], 6),
        "interactionId": None,
        "reservedUntil": None,
    }


def _named(configuration: Configuration, kind: str, key: int | None) -> str | None:
    return None if key is None else configuration.names[kind, key]


def meta(chosen: Chosen) -> dict[str, Any]:
    """What is said about the decision as a whole."""
    counts = chosen.recommended.counts
    return {
        "candidates": counts["matched"],
        "afterContactPolicies": counts["afterContactPolicies"],
        "suppressed": counts["matched"] - counts["afterContactPolicies"],
        "decidedAt": clock.text(chosen.decided_at),
        "policyVersion": chosen.configuration.version,
        "flowVersion": chosen.flow_version,
        "freeAt": None if chosen.recommended.placed else instant_to_wire(earliest(chosen.recommended)),
    }


def placements(places: Sequence[Place], decided: Sequence[Mapping[str, Any]], configuration: Configuration) -> Any:
    """What every named placement got."""
    found: dict[str, Any] = {}
    for place in places:
        public_id = configuration.public_ids["placement", place.placement]
        ranks = [line["rank"] for line in decided if line["placementId"] == public_id]
        found[public_id] = {"count": len(ranks), "ranks": ranks}
    return found


def trace(chosen: Chosen) -> dict[str, Any]:
    """How many candidates each stage left, and every suppressed one with all its reasons."""
    recommended, configuration = chosen.recommended, chosen.configuration
    blocked = recommended.matched & recommended.outcome.blocked
    suppressed = []
    for position in positions(blocked):
        verdict = recommended.outcome.verdict(position)
        suppressed.append(
            {
                "creativeId": configuration.public_ids["creative", verdict.candidate.creative],
                "offerId": configuration.public_ids["offer", verdict.candidate.offer],
                "freeAt": instant_to_wire(verdict.free_at),
                "reasons": [to_wire(reason) for reason in verdict.reasons],
            }
        )
    survivors = [
        configuration.public_ids["creative", configuration.stock.wares[position].candidate.creative]
        for position in positions(recommended.matched & ~recommended.outcome.blocked)
    ]
    return {"counts": dict(recommended.counts), "survivors": survivors, "suppressed": suppressed}
