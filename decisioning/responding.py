"""Carrying out reports: each once, however often it is sent, and all of a call in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from creatives.models import Channel, Creative, Offer
from decisioning.idempotency import hash_of
from decisioning.ledgers import lock
from decisioning.manifest import packed, unpacked
from decisioning.models import Decision, IdempotencyKey, Interaction
from decisioning.recording import Recorded, record
from decisioning.reports import Report
from kaireon import clock
from kaireon.api.errors import Conflict
from kaireon.batching import in_batches
from kaireon.reading import patience
from kaireon.tenancy import Tenant

ENDPOINT = "respond"
LOOKED_UP = 400

Answer = dict[str, Any]
Outcome = Answer | Conflict


def respond(tenant: Tenant, reports: Sequence[Report]) -> list[Outcome]:
    """What is answered to each report: what was stored, what was answered the first time, or a Conflict.

    All that is stored is stored in one transaction, under the locks of the customers' ledgers. Somebody else may bring
    the same new key for another customer at the same moment; the reports are then carried out once more.
    """
    try:
        return _carried_out(tenant, reports)
    except IntegrityError:
        return _carried_out(tenant, reports)


def _carried_out(tenant: Tenant, reports: Sequence[Report]) -> list[Outcome]:
    with transaction.atomic():
        patience()
        answers, due = _answered_before(tenant, reports)
        if any(reports[number].idempotency_key is not None for number in due):
            lock(tenant, sorted({reports[number].interaction.customer_id for number in due}))
            answers, due = _answered_before(tenant, reports)  # by somebody who held the ledgers until now
        recorded = record(tenant, [reports[number].interaction for number in due])
        gates = []
        for number, each in zip(due, recorded, strict=True):
            answers[number] = answer = _answer(reports[number], each)
            if (key := reports[number].idempotency_key) is not None:
                gates.append(_gate(tenant, key, reports[number], answer))
        IdempotencyKey.objects.bulk_create(gates)
        for number, first in _repeated(reports, due).items():
            answers[number] = _again(reports[number], hash_of(reports[first].payload), answers[first])
    return [answers[number] for number in range(len(reports))]


def _answered_before(tenant: Tenant, reports: Sequence[Report]) -> tuple[dict[int, Outcome], list[int]]:
    """The answers to reports whose key was used before, and the numbers of those that are due, each key once."""
    keys = {report.idempotency_key for report in reports} - {None}
    gates: dict[str, IdempotencyKey] = {}
    for some in in_batches(keys, LOOKED_UP):
        rows = IdempotencyKey.objects.of(tenant).filter(endpoint=ENDPOINT, key__in=some)
        gates |= {row.key: row for row in rows}
    answers: dict[int, Outcome] = {}
    due: dict[Any, int] = {}
    for number, report in enumerate(reports):
        gate = gates.get(report.idempotency_key or "")
        if gate is not None:
            answers[number] = _again(report, gate.request_hash, unpacked(bytes(gate.answer)))
        elif report.idempotency_key is None:
            due[number] = number
        else:
            due.setdefault(report.idempotency_key, number)
    return answers, list(due.values())


def _repeated(reports: Sequence[Report], due: Sequence[int]) -> dict[int, int]:
    """The reports of a call whose new key an earlier one of the same call brought, with the earlier one."""
    first = {reports[number].idempotency_key: number for number in due}
    carried_out = set(due)
    return {
        number: first[report.idempotency_key]
        for number, report in enumerate(reports)
        if report.idempotency_key is not None and report.idempotency_key in first and number not in carried_out
    }


def _again(report: Report, asked: str, answer: Any) -> Outcome:
    if asked != hash_of(report.payload):
        key = str(report.idempotency_key)[:80]
        return Conflict(f'The idempotency key "{key}" was used for another request; send a fresh one.')
    return {**answer, "duplicate": True}


def _gate(tenant: Tenant, key: str, report: Report, answer: Answer) -> IdempotencyKey:
    return IdempotencyKey(
        tenant=tenant,
        endpoint=ENDPOINT,
        key=key,
        request_hash=hash_of(report.payload),
        answer=packed(answer),
        created_at=report.interaction.recorded_at,
    )


def _answer(report: Report, recorded: Recorded) -> Answer:
    stored: Interaction = recorded.interaction
    answer = {
        "interactionId": stored.public_id,
        "recommendationId": None if stored.decision_key is None else Decision.id_kind.encode(stored.decision_key),
        "customerId": stored.customer_id,
        "outcome": stored.outcome,
        "classification": report.classification,
        "rank": stored.rank,
        "offerId": None if stored.offer_key is None else Offer.id_kind.encode(stored.offer_key),
        "creativeId": None if stored.creative_key is None else Creative.id_kind.encode(stored.creative_key),
        "channelId": None if stored.channel_key is None else Channel.id_kind.encode(stored.channel_key),
        "status": "recorded",
        "timestamp": clock.text(stored.at),
        "warnings": [*report.warnings, *recorded.warnings],
    }
    return answer | {"duplicate": True} if recorded.duplicate else answer
