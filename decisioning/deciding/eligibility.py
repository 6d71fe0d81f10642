"""Why not? Every creative of an offer, or of all, held against every policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from decisioning.deciding.histories import recall
from decisioning.deciding.lookup import Known
from decisioning.engine.evaluate import Outcome, Reason, decide
from decisioning.engine.explain import instant_to_wire, to_wire
from decisioning.engine.program import Program
from decisioning.in_force.configuration import Configuration, Item, StoredPolicy
from kaireon import clock


def why_not(
    known: Known,
    configuration: Configuration,
    *,
    offer: int | None,
    as_of: datetime | None,
) -> list[dict[str, Any]]:
    """Each creative of the offer, whatever its status, or each of the inventory, with the verdict of every policy."""
    items = configuration.inventory(as_of or known.at) if offer is None else items_of(configuration, [offer])
    judged = judge(known, configuration, items, as_of=as_of)
    return [judged.creative(position) for position in range(len(items))]


def items_of(configuration: Configuration, offers: Collection[int]) -> list[Item]:
    """The live creatives of some offers."""
    wanted = frozenset(offers)
    return [item for item in configuration.items.values() if item.candidate.offer in wanted]


def judge(known: Known, configuration: Configuration, items: Sequence[Item], *, as_of: datetime | None) -> Judged:
    """Holds creatives against every policy in force."""
    now = as_of or known.at
    snapshot = configuration.snapshot()
    facts = recall(known, snapshot, as_of=as_of).facts
    program = Program(snapshot.limits, [item.candidate for item in items])
    outcome = decide(snapshot, program, facts, now=clock.milliseconds(now))
    return Judged(configuration=configuration, items=items, outcome=outcome, now=now)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Creatives, and what stands for and against them at an instant; item n is bit n of the outcome's masks."""

    configuration: Configuration
    items: Sequence[Item]
    outcome: Outcome
    now: datetime

    @cached_property
    def policies(self) -> list[tuple[StoredPolicy, int]]:
        """The policies in force in the order in which they are named, each with the items it concerns as a mask."""
        masks: dict[str, int] = defaultdict(int)
        program = self.outcome.program
        for placed, mask in zip(program.limits, program.masks, strict=True):
            masks[placed.source.policy_id] |= mask
        active = sorted(self.configuration.in_force(None), key=lambda stored: stored.policy.order)
        return [(stored, masks.get(stored.policy.public_id, 0)) for stored in active]

    @cached_property
    def concerning(self) -> list[tuple[StoredPolicy, int]]:
        """Of the policies those that concern some item."""
        return [(stored, mask) for stored, mask in self.policies if mask]

    @cached_property
    def offered(self) -> int:
        """The items that belong to the inventory, as a mask."""
        return sum(1 << position for position, item in enumerate(self.items) if not item.absent_because(self.now))

    def skipped(self, position: int) -> int:
        """How many policies do not concern an item."""
        concerned = sum(mask >> position & 1 for _, mask in self.concerning)
        return len(self.policies) + self.configuration.policies_besides - concerned

    def creative(self, position: int, *, with_skipped: bool = True) -> dict[str, Any]:
        """One creative with the verdict of every policy, or of those that concern it."""
        item, verdict = self.items[position], self.outcome.verdict(position)
        reasons: dict[str, list[Reason]] = defaultdict(list)
        for reason in verdict.reasons:
            reasons[reason.source.policy_id].append(reason)
        absences = item.absent_because(self.now)
        candidate, configuration = item.candidate, self.configuration
        own = reasons.pop(item.public_id, [])
        policies = [
            _policy(stored, reasons[stored.policy.public_id], bool(mask >> position & 1))
            for stored, mask in (self.policies if with_skipped else self.concerning)
            if with_skipped or mask >> position & 1
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
