"""Storing decisions: one statement where nothing is bound, else a transaction that holds only if nobody was faster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import connection

from decisioning import budgets
from decisioning.configuration import Configuration
from decisioning.decided import pack
from decisioning.engine.allocate import Placed
from decisioning.histories import Recalled
from decisioning.ledgers import CONTACT_COLUMNS, append, contact_of, refill
from decisioning.lookup import Known
from decisioning.manifest import manifest_of
from decisioning.models import Decision, Interaction, Manifest
from decisioning.models.outcomes import IMPRESSION
from decisioning.recommendations import Answer, Chosen
from kaireon.statements import moment, write

MOST_MANIFESTS = 10_000

_kept_manifests: set[tuple[int, int]] = set()


def forget_manifests() -> None:
    """Drops what was remembered; for tests, which give a tenant's key to another tenant."""
    _kept_manifests.clear()


def store(known: Known, chosen: Chosen, answer: Answer, recalled: Recalled) -> int:
    """Stores a decision that binds nothing; its key. A crash of the database server may lose the last second's."""
    keep_manifest(known, chosen.configuration)
    lax = connection.vendor == "postgresql"
    source = "FROM (SELECT set_config('synchronous_commit', 'off', true)) lax" if lax else "WHERE true"
    return _inserted(known, chosen, answer, recalled, source)


def bind(known: Known, chosen: Chosen, answer: Answer, recalled: Recalled) -> tuple[int, Answer]:
    """Stores a decision with the contacts its implicit channels are, as long as the ledger is as it was read.

    Called inside a transaction, of which nothing may stay when it raises Overtaken.
    """
    keep_manifest(known, chosen.configuration)
    contacts = {rank: _contact(known, chosen, placed) for rank, placed in implicit(chosen).items()}
    record(known, list(contacts.values()))
    lines = [
        line._replace(interaction=contacts[rank].pk) if rank in contacts else line
        for rank, line in enumerate(answer.lines)
    ]
    answer = replace(answer, lines=tuple(lines))
    return _inserted(known, chosen, answer, recalled, "WHERE true"), answer


def implicit(chosen: Chosen) -> dict[int, Placed]:
    """What being recommended is a contact of, by its place among the lines."""
    wares, channels = chosen.configuration.stock.wares, chosen.configuration.implicit
    return {
        number: placed
        for number, placed in enumerate(chosen.recommended.placed)
        if wares[placed.position].candidate.channel in channels
    }


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


def record(known: Known, interactions: Sequence[Interaction]) -> None:
    """Adds interactions of the customer to history, ledger and totals. Raises Overtaken."""
    contacts = [contact_of([getattr(each, column) for column in CONTACT_COLUMNS]) for each in interactions]
    current = append(known.tenant, known.customer_id, known.ledger, contacts)
    Interaction.objects.bulk_create(interactions)
    if not current:
        refill(known.tenant, [known.customer_id])
    budgets.count(known.tenant, interactions)


def _contact(known: Known, chosen: Chosen, placed: Placed) -> Interaction:
    candidate = chosen.configuration.stock.wares[placed.position].candidate
    at = moment(chosen.at)
    return Interaction(
        tenant=known.tenant,
        customer_id=known.customer_id,
        at=at,
        outcome=IMPRESSION,
        offer_key=candidate.offer,
        creative_key=candidate.creative,
        channel_key=candidate.channel,
        placement_key=placed.placement,
        category_key=candidate.category,
        sub_category_key=candidate.sub_category,
        label=candidate.label,
        campaign_id=chosen.wish.campaign,
        cost_micros=candidate.cost,
        recorded_at=at,
    )


def _inserted(known: Known, chosen: Chosen, answer: Answer, recalled: Recalled, source: str) -> int:
    sql = f"""INSERT INTO {Decision._meta.db_table}
        (tenant_id, customer_id, decided_at, version, flow_version, record)
        SELECT %s, %s, %s, %s, %s, %s {source} RETURNING id"""
    decided_at = connection.ops.adapt_datetimefield_value(moment(answer.at))
    values = [known.tenant.pk, known.customer_id, decided_at, chosen.configuration.version, answer.flow_version]
    key: int = write(sql, [*values, pack(answer, chosen, recalled)])[0][0]
    return key
