"""From a request to what is recommended, and from there to the answer; it reads templates and touches nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from decisioning.engine.candidates import Candidate, positions
from decisioning.engine.earliest import earliest
from decisioning.engine.explain import instant_to_wire, to_wire
from decisioning.engine.facts import Facts
from decisioning.engine.recommend import Recommended, Wish, recommend
from decisioning.in_force.configuration import Configuration
from decisioning.in_force.contents import templates
from decisioning.in_force.flows import published
from decisioning.models import Decision, Interaction


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request to recommend, read and found valid."""

    wish: Wish
    flow: str | None = None
    segments: Sequence[str] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    personalization: Mapping[str, Any] = field(default_factory=dict)
    reserve: int | None = None  # for how many milliseconds
    debug: bool = False
    dry_run: bool = False
    as_of: datetime | None = None
    warnings: tuple[str, ...] = ()


class Chosen(NamedTuple):
    """A recommendation before anybody was told: what was chosen for which wish by which flow at `at` (UTC ms)."""

    configuration: Configuration
    facts: Facts
    wish: Wish
    flow: str | None
    flow_version: int | None
    recommended: Recommended
    at: int


class Frozen(NamedTuple):
    """What a contact of a line is a contact of, as of the decision; keys of rows, and the cost in micro-units."""

    creative: int
    offer: int
    channel: int | None
    placement: int | None
    category: int | None
    sub_category: int | None
    label: str
    cost: int


class Line(NamedTuple):
    """One decision as it is kept: everything else the answer shows follows from the configuration."""

    frozen: Frozen
    score: float
    values: Mapping[str, str]
    interaction: int | None = None
    reserved_until: int | None = None


class Answer(NamedTuple):
    """What was answered, beside the configuration: `at` and `free_at` are UTC ms, `duration` is in milliseconds."""

    customer: str
    at: int
    flow_version: int | None
    candidates: int
    allowed: int
    free_at: int | None
    duration: float
    places: tuple[int, ...]
    lines: tuple[Line, ...]
    warnings: tuple[str, ...] = ()


def choose(configuration: Configuration, facts: Facts, wish: Wish, *, flow: str | None, at: int) -> Chosen:
    """Runs the stages of a flow. Raises UnknownFlow, FlowNotInForce."""
    run = published(configuration, flow)
    recommended = recommend(configuration.stock, facts, wish, run.terms, now=at, atomic=configuration.atomic)
    return Chosen(
        configuration=configuration,
        facts=facts,
        wish=wish,
        flow=flow,
        flow_version=run.version,
        recommended=recommended,
        at=at,
    )


def answered(chosen: Chosen, ask: Ask, attributes: Mapping[str, Any], *, duration: float) -> Answer:
    """What is answered; `attributes` are those stored about the customer."""
    counts, placed = chosen.recommended.counts, chosen.recommended.placed
    return Answer(
        customer=chosen.wish.customer,
        at=chosen.at,
        flow_version=chosen.flow_version,
        candidates=counts["matched"],
        allowed=counts["afterContactPolicies"],
        free_at=None if placed else earliest(chosen.recommended.outcome, chosen.recommended.matched),
        duration=duration,
        places=tuple(place.placement for place in chosen.wish.places),
        lines=tuple(_lines(chosen, ask, attributes)),
        warnings=ask.warnings,
    )


def frozen_of(candidate: Candidate, placement: int | None) -> Frozen:
    """What a contact is a contact of when the candidate is shown at a placement."""
    return Frozen(
        creative=candidate.creative,
        offer=candidate.offer,
        channel=candidate.channel,
        placement=placement,
        category=candidate.category,
        sub_category=candidate.sub_category,
        label=candidate.label or "",
        cost=candidate.cost,
    )


def wire(answer: Answer, configuration: Configuration, *, key: int | None) -> dict[str, Any]:
    """The answer's body; `key` is the stored decision's."""
    decisions = _decisions(answer, configuration)
    body = {
        "recommendationId": None if key is None else Decision.id_kind.encode(key),
        "customerId": answer.customer,
        "count": len(decisions),
        "decisions": decisions,
        "placements": _placements(answer, configuration),
        "meta": {
            "candidates": answer.candidates,
            "afterContactPolicies": answer.allowed,
            "suppressed": answer.candidates - answer.allowed,
            "decidedAt": instant_to_wire(answer.at),
            "policyVersion": configuration.version,
            "flowVersion": answer.flow_version,
            "freeAt": instant_to_wire(answer.free_at),
            "durationMs": answer.duration,
        },
    }
    return body | {"warnings": list(answer.warnings)} if answer.warnings else body


def trace(chosen: Chosen) -> dict[str, Any]:
    """How many candidates each stage left, and every suppressed one with all its reasons."""
    recommended, ids = chosen.recommended, chosen.configuration.public_ids
    suppressed = []
    for position in positions(recommended.matched & recommended.outcome.blocked):
        verdict = recommended.outcome.verdict(position)
        suppressed.append(
            {
                "creativeId": ids["creative", verdict.candidate.creative],
                "offerId": ids["offer", verdict.candidate.offer],
                "freeAt": instant_to_wire(verdict.free_at),
                "reasons": [to_wire(reason) for reason in verdict.reasons],
            }
        )
    wares = chosen.configuration.stock.wares
    surviving = positions(recommended.matched & ~recommended.outcome.blocked)
    survivors = [ids["creative", wares[position].candidate.creative] for position in surviving]
    return {"counts": dict(recommended.counts), "survivors": survivors, "suppressed": suppressed}


def _lines(chosen: Chosen, ask: Ask, attributes: Mapping[str, Any]) -> list[Line]:
    configuration, recommended = chosen.configuration, chosen.recommended
    wares = configuration.stock.wares
    frozen = [frozen_of(wares[place.position].candidate, place.placement) for place in recommended.placed]
    contents = templates((each.creative, configuration.items[each.creative].version) for each in frozen)
    sources = {"customer": attributes, "attributes": ask.attributes, "personalization": ask.personalization}
    return [
        Line(each, round(recommended.scores[place.position], 6), template.token_values(sources))
        for each, place, template in zip(frozen, recommended.placed, contents.values(), strict=True)
    ]


def _decisions(answer: Answer, configuration: Configuration) -> list[dict[str, Any]]:
    creatives = [line.frozen.creative for line in answer.lines]
    contents = templates((creative, configuration.items[creative].version) for creative in creatives)
    decisions = []
    for rank, (line, template) in enumerate(zip(answer.lines, contents.values(), strict=True), start=1):
        shown = _shown(configuration, line.frozen.creative, line.frozen.placement).copy()
        shown["rank"], shown["content"], shown["score"] = rank, template.render(line.values), line.score
        if line.interaction is not None:
            shown["interactionId"] = Interaction.id_kind.encode(line.interaction)
        if line.reserved_until is not None:
            shown["reservedUntil"] = instant_to_wire(line.reserved_until)
        decisions.append(shown)
    return decisions


def _shown(configuration: Configuration, creative: int, placement: int | None) -> dict[str, Any]:
    """A line as far as it is the same for all customers, kept with the configuration; nobody may change it."""
    kept = configuration.shown.get((creative, placement))
    if kept is not None:
        return kept
    names, ids, item = configuration.names, configuration.public_ids, configuration.items[creative]
    candidate = item.candidate
    channel = "channel", candidate.channel or 0
    shown = configuration.shown[creative, placement] = {
        "rank": 0,
        "offerId": ids["offer", candidate.offer],
        "offerName": names["offer", candidate.offer],
        "categoryName": None if candidate.category is None else names["category", candidate.category],
        "creativeId": item.public_id,
        "creativeName": item.name,
        "channelId": ids[channel],
        "channelName": names[channel],
        "placementId": None if placement is None else ids["placement", placement],
        "templateType": item.template_type,
        "content": None,
        "abTestVariant": item.ab_test_variant,
        "score": 0.0,
        "interactionId": None,
        "reservedUntil": None,
    }
    return shown


def _placements(answer: Answer, configuration: Configuration) -> dict[str, Any]:
    """What every named placement got."""
    found: dict[str, Any] = {}
    for placement in answer.places:
        ranks = [rank for rank, line in enumerate(answer.lines, start=1) if line.frozen.placement == placement]
        found[configuration.public_ids["placement", placement]] = {"count": len(ranks), "ranks": ranks}
    return found
