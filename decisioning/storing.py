"""Storing decisions: one statement where nothing is bound, else a transaction that holds only if nobody was faster."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from django.db import connection

from decisioning import budgets
from decisioning.configuration import Configuration
from decisioning.decided import pack
from decisioning.histories import Recalled
from decisioning.ledgers import Overtaken, append, contact_told, refill
from decisioning.lookup import Known
from decisioning.manifest import manifest_of
from decisioning.models import Decision, Interaction, Manifest, Presentation, Reservation
from decisioning.models.outcomes import IMPRESSION
from decisioning.recommendations import Answer, Ask, Chosen, Frozen, Line
from kaireon import clock
from kaireon.statements import moment, write
from kaireon.tenancy import Tenant

MOST = 50  # places in one answer
MOST_MANIFESTS = 10_000
LineOf = tuple[int, int]  # a decision's key and the place among its lines, from 0 on

_kept_manifests: set[tuple[int, int]] = set()


def forget_manifests() -> None:
    """Drops what was remembered; for tests, which give a tenant's key to another tenant."""
    _kept_manifests.clear()


def store(known: Known, chosen: Chosen, answer: Answer, recalled: Recalled) -> int:
    """Stores a decision that binds nothing; its key. A crash of the database server may lose the last second's."""
    lax = ", set_config('synchronous_commit', 'off', true)" if connection.vendor == "postgresql" else ""
    return _inserted(known, chosen, answer, recalled, lax)


def binds(chosen: Chosen, ask: Ask) -> bool:
    """Whether something is counted or reserved by telling the caller."""
    return bool(chosen.recommended.placed) and (ask.reserve is not None or bool(implicit(chosen)))


def bind(
    known: Known,
    chosen: Chosen,
    answer: Answer,
    recalled: Recalled,
    *,
    reserve: int | None,
    held: Collection[budgets.Pair],
) -> tuple[int, Answer]:
    """Stores a decision with the contacts its implicit channels are and the places it reserves (for so many ms).

    It holds only if the ledger is as it was read, and no budget can be exceeded by others at the same moment; the
    totals in `held` are nobody else's until the commit. Called inside a transaction, of which nothing may stay when it
    raises Overtaken.
    """
    key = _inserted(known, chosen, answer, recalled)
    counted = implicit(chosen)
    contacts = {number: _contact(known, chosen, answer.lines[number], line_of=(key, number)) for number in counted}
    kept = [] if reserve is None else [number for number in range(len(answer.lines)) if number not in counted]
    places = {
        number: _place(known, chosen, answer.lines[number], line_of=(key, number), reserve=reserve or 0)
        for number in kept
    }
    shared = _record(known, chosen, list(contacts.values()), list(places.values())) - set(held)
    if budgets.nearly_exhausted(known.tenant, chosen.configuration.stock.program, shared, most=MOST):
        raise Overtaken(shared)
    lines = [
        line._replace(
            interaction=contacts[number].pk if number in contacts else None,
            reserved_until=clock.milliseconds(places[number].expires_at) if number in places else None,
        )
        for number, line in enumerate(answer.lines)
    ]
    answer = replace(answer, lines=tuple(lines))
    Decision.objects.filter(pk=key).update(record=pack(answer, chosen, recalled))
    return key, answer


def implicit(chosen: Chosen) -> list[int]:
    """The lines of which being recommended is the contact."""
    wares, channels = chosen.configuration.stock.wares, chosen.configuration.implicit
    placed = enumerate(chosen.recommended.placed)
    return [number for number, place in placed if wares[place.position].candidate.channel in channels]


def keep_manifest(known: Known, configuration: Configuration) -> None:
    """Stores what the version consisted of, unless an earlier decision has."""
    version = configuration.tenant, configuration.version
    if version in _kept_manifests:
        return
    rows = Manifest.objects.of(known.tenant)
    if not rows.filter(version=configuration.version).exists():
        row = Manifest(tenant=known.tenant, version=configuration.version, content=manifest_of(configuration))
        rows.bulk_create([row], ignore_conflicts=True)
    if not connection.in_atomic_block:  # what a transaction stores may never come to be
        if len(_kept_manifests) >= MOST_MANIFESTS:
            _kept_manifests.clear()
        _kept_manifests.add(version)


def _record(
    known: Known, chosen: Chosen, contacts: Sequence[Interaction], places: Sequence[Reservation]
) -> set[budgets.Pair]:
    """Adds contacts and places to history, ledger and totals; the totals they count in. Raises Overtaken."""
    tenant, customer_id = known.tenant, known.customer_id
    told = [contact_told(each) for each in contacts]
    current = append(tenant, customer_id, known.ledger, told, places, now=chosen.at)
    Interaction.objects.bulk_create(contacts)
    Presentation.objects.bulk_create([presentation_of(each) for each in contacts])
    Reservation.objects.bulk_create(places)
    if not current:
        refill(tenant, [customer_id])
    return budgets.count(tenant, contacts) | budgets.hold(tenant, places)


def _place(known: Known, chosen: Chosen, line: Line, *, line_of: LineOf, reserve: int) -> Reservation:
    return Reservation(
        tenant=known.tenant,
        customer_id=known.customer_id,
        decision_key=line_of[0],
        rank=line_of[1] + 1,
        reserved_at=moment(chosen.at),
        expires_at=moment(chosen.at + reserve),
        campaign_id=chosen.wish.campaign,
        **columns_of(line.frozen),
    )


def _contact(known: Known, chosen: Chosen, line: Line, *, line_of: LineOf) -> Interaction:
    interaction = interaction_of(line.frozen, tenant=known.tenant, customer_id=known.customer_id)
    interaction.at = interaction.recorded_at = moment(chosen.at)
    interaction.outcome, interaction.campaign_id = IMPRESSION, chosen.wish.campaign
    interaction.decision_key, interaction.rank = line_of[0], line_of[1] + 1
    return interaction


def presentation_of(contact: Interaction) -> Presentation:
    """The gate that keeps a stored contact of a line the only one."""
    assert contact.decision_key is not None and contact.rank is not None
    return Presentation(
        tenant_id=contact.tenant_id,
        customer_id=contact.customer_id,
        decision_key=contact.decision_key,
        rank=contact.rank,
        interaction_key=contact.pk,
    )


def interaction_of(frozen: Frozen, *, tenant: Tenant, customer_id: str) -> Interaction:
    """An interaction about what a line showed, not yet saying when and what happened."""
    return Interaction(tenant=tenant, customer_id=customer_id, **columns_of(frozen))


def columns_of(frozen: Frozen) -> dict[str, Any]:
    """What a contact and a place have in common, by the columns' names."""
    return {
        "offer_key": frozen.offer,
        "creative_key": frozen.creative,
        "channel_key": frozen.channel,
        "placement_key": frozen.placement,
        "category_key": frozen.category,
        "sub_category_key": frozen.sub_category,
        "label": frozen.label,
        "cost_micros": frozen.cost,
    }


def _inserted(known: Known, chosen: Chosen, answer: Answer, recalled: Recalled, lax: str = "") -> int:
    sql = f"""INSERT INTO {Decision._meta.db_table}
        (tenant_id, customer_id, decided_at, version, flow_version, record)
        VALUES (%s, %s, %s, %s, %s, %s) RETURNING id{lax}"""
    decided_at = connection.ops.adapt_datetimefield_value(moment(answer.at))
    values = [known.tenant.pk, known.customer_id, decided_at, chosen.configuration.version, answer.flow_version]
    key: int = write(sql, [*values, pack(answer, chosen, recalled)])[0][0]
    return key
