"""Why not? Every creative of an offer, or of all, held against every policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from decisioning.configuration import Configuration, Item, StoredPolicy
from decisioning.engine.evaluate import Outcome, Reason, decide
from decisioning.engine.explain import instant_to_wire, to_wire
from decisioning.engine.program import Program
from decisioning.histories import recall
from decisioning.lookup import Known
from kaireon import clock


def why_not(
    known: Known,
    configuration: Configuration,
    *,
    offer: int | None,
    as_of: datetime | None,
) -> list[dict[str, Any]]:
    """Each creative of the offer, whatever its status, or each of the inventory, with the verdict of every policy."""
    now = as_of or known.at
    items = [item for item in configuration.items.values() if item.candidate.offer == offer]
    if offer is None:
        items = configuration.inventory(now)
    snapshot = configuration.snapshot()
    facts = recall(known, snapshot, as_of=as_of).facts
    program = Program(snapshot.limits, [item.candidate for item in items])
    outcome = decide(snapshot, program, facts, now=clock.milliseconds(now))
    concerned = _concerned(program)
    return [
        _creative(configuration, item, outcome, position, concerned, now=now) for position, item in enumerate(items)
    ]


def _concerned(program: Program) -> Mapping[str, int]:
    """The candidates every policy's limits concern, as masks by the policy's id."""
    masks: dict[str, int] = defaultdict(int)
    for placed, mask in zip(program.limits, program.masks, strict=True):
        masks[placed.source.policy_id] |= mask
    return masks


def _creative(
    configuration: Configuration,
    item: Item,
    outcome: Outcome,
    position: int,
    concerned: Mapping[str, int],
    *,
    now: datetime,
) -> dict[str, Any]:
    verdict = outcome.verdict(position)
    reasons: dict[str, list[Reason]] = defaultdict(list)
    for reason in verdict.reasons:
        reasons[reason.source.policy_id].append(reason)
    absences = item.absent_because(now)
    candidate = item.candidate
    own = reasons.pop(item.public_id, [])
    policies = [
        _policy(stored, reasons[public_id], bool(concerned.get(public_id, 0) >> position & 1))
        for public_id, stored in sorted(_active(configuration).items(), key=lambda pair: pair[1].policy.order)
    ]
    return {
        "creativeId": item.public_id,
        "creativeName": item.name,
        "offerId": configuration.public_ids["offer", candidate.offer],
        "offerName": configuration.names["offer", candidate.offer],
        "channelId": configuration.public_ids["channel", candidate.channel or 0],
        "channelName": configuration.names["channel", candidate.channel or 0],
        "placementId": candidate.placement and configuration.public_ids["placement", candidate.placement],
        "inInventory": not absences,
        "absences": [f"{reason[0].upper()}{reason[1:]}." for reason in absences],
        "allowed": verdict.allowed and not absences,
        "freeAt": instant_to_wire(verdict.free_at),
        "policies": [*([_constraint(item, own)] if own else []), *policies],
    }


def _active(configuration: Configuration) -> dict[str, StoredPolicy]:
    return {public_id: stored for public_id, stored in configuration.policies.items() if stored.active}


def _policy(stored: StoredPolicy, reasons: Sequence[Reason], concerned: bool) -> dict[str, Any]:
    policy = stored.policy
    return {
        "policyId": policy.public_id,
        "policyName": policy.name,
        "policyVersion": policy.version,
        "ruleType": policy.rule_type,
        "verdict": _verdict(reasons) if concerned else "skipped",
        "reasons": [to_wire(reason) for reason in reasons],
    }


def _constraint(item: Item, reasons: Sequence[Reason]) -> dict[str, Any]:
    """The creative's own constraints, shown in a policy's place."""
    return {
        "policyId": item.public_id,
        "policyName": item.name,
        "policyVersion": item.version,
        "ruleType": reasons[0].source.rule_type,
        "verdict": _verdict(reasons),
        "reasons": [to_wire(reason) for reason in reasons],
    }


def _verdict(reasons: Sequence[Reason]) -> str:
    return "passed" if all(reason.lifted for reason in reasons) else "blocked"
