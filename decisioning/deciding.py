"""The transactions around a recommendation: what is read together, what is bound, what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any

from django.db import transaction

from decisioning.configuration import Configuration
from decisioning.engine.recommend import Terms
from decisioning.ledgers import lock, refill
from decisioning.loading import database_clock, load_facts
from decisioning.manifest import configuration_from, inputs_of, manifest_of, packed, replayed, unpacked
from decisioning.models import Decision, Interaction, Manifest
from decisioning.models.outcomes import IMPRESSION
from decisioning.recommendations import Ask, Chosen, choose, lines, meta, placements, trace
from kaireon.tenancy import Tenant


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A request read against the configuration it is decided with."""

    configuration: Configuration
    ask: Ask
    terms: Terms
    flow_version: int | None


def rehearse(tenant: Tenant, read: Reading, *, now: datetime) -> dict[str, Any]:
    """What would be recommended, now or as of a past instant; nothing is stored."""
    started = perf_counter()
    return _answer(_chosen(tenant, read, now=now), read.ask, started=started)


def recommend(tenant: Tenant, read: Reading) -> dict[str, Any]:
    """Decides, stores the decision as it was answered, and answers.

    Where an implicit channel takes part, being recommended is the contact: the customer's row is locked before the
    history is read and until the contacts are part of it, so whoever decides next counts them.
    """
    started = perf_counter()
    with transaction.atomic():
        if any(channel.implicit for channel in read.configuration.channels.values()):
            lock(tenant, [read.ask.wish.customer])
        chosen = _chosen(tenant, read, now=database_clock())
        decision = Decision.objects.create(
            tenant=tenant,
            customer_id=read.ask.wish.customer,
            decided_at=chosen.decided_at,
            version=chosen.configuration.version,
            flow_version=chosen.flow_version,
            inputs=packed(inputs_of(chosen)),
        )
        contacts = _record_contacts(tenant, chosen, read.ask)
        answer = _answer(chosen, read.ask, started=started, contacts=contacts, recommendation_id=decision.public_id)
        decision.answer = packed(answer)
        decision.save(update_fields=["answer"])
        _keep_manifest(tenant, chosen.configuration)
    return answer


def read_back(tenant: Tenant, decision: Decision) -> dict[str, Any]:
    """The answer as it was given, and the trace of what was decided, whatever has changed since."""
    manifest = Manifest.objects.of(tenant).get(version=decision.version)
    chosen = replayed(configuration_from(bytes(manifest.content)), unpacked(bytes(decision.inputs)))
    answer: dict[str, Any] = unpacked(bytes(decision.answer))
    return answer | {"trace": trace(chosen)}


def _chosen(tenant: Tenant, read: Reading, *, now: datetime) -> Chosen:
    ask = read.ask
    decided_at = ask.as_of or now
    facts = load_facts(
        tenant,
        ask.wish.customer,
        read.configuration.snapshot(),
        now=decided_at,
        as_of=ask.as_of,
        segments=ask.segments,
    )
    return choose(
        read.configuration, facts, ask.wish, read.terms, decided_at=decided_at, flow_version=read.flow_version
    )


def _answer(
    chosen: Chosen,
    ask: Ask,
    *,
    started: float,
    contacts: Mapping[int, str] | None = None,
    recommendation_id: str | None = None,
) -> dict[str, Any]:
    decided = lines(chosen, ask)
    for line in decided:
        line["interactionId"] = (contacts or {}).get(line["rank"])
    answer = {
        "recommendationId": recommendation_id,
        "customerId": ask.wish.customer,
        "count": len(decided),
        "decisions": decided,
        "placements": placements(ask.wish.places, decided, chosen.configuration),
        "meta": meta(chosen) | {"durationMs": round((perf_counter() - started) * 1000, 3)},
    }
    return answer | {"trace": trace(chosen)} if ask.debug else answer


def _record_contacts(tenant: Tenant, chosen: Chosen, ask: Ask) -> dict[int, str]:
    """Stores a contact for each rank on an implicit channel; rank -> interaction id."""
    configuration, recorded = chosen.configuration, {}
    for rank, placed in enumerate(chosen.recommended.placed, start=1):
        candidate = configuration.stock.wares[placed.position].candidate
        if candidate.channel is not None and configuration.channels[candidate.channel].implicit:
            contact = Interaction.objects.create(
                tenant=tenant,
                customer_id=ask.wish.customer,
                at=chosen.decided_at,
                outcome=IMPRESSION,
                offer_key=candidate.offer,
                creative_key=candidate.creative,
                channel_key=candidate.channel,
                placement_key=placed.placement,
                category_key=candidate.category,
                sub_category_key=candidate.sub_category,
                label=candidate.label,
                campaign_id=ask.wish.campaign,
                cost_micros=candidate.cost,
                recorded_at=chosen.decided_at,
            )
            recorded[rank] = contact.public_id
    if recorded:
        refill(tenant, [ask.wish.customer])
    return recorded


def _keep_manifest(tenant: Tenant, configuration: Configuration) -> None:
    """Stores what the version consisted of, unless an earlier decision has."""
    known = Manifest.objects.of(tenant).filter(version=configuration.version)
    if not known.exists():
        Manifest.objects.bulk_create(
            [Manifest(tenant=tenant, version=configuration.version, content=manifest_of(configuration))],
            ignore_conflicts=True,
        )
