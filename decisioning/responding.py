"""Carrying out reports: each once, however often it is sent, and all of a call in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from creatives.models import Channel, Creative, Offer
from decisioning import straight
from decisioning.idempotency import Gate, KeyReused, gates, hash_of, keep, numbered
from decisioning.ledgers import lock
from decisioning.manifest import packed
from decisioning.models import Decision, Interaction
from decisioning.recording import Recorded, record
from decisioning.reports import Report
from decisioning.reservations import Settlement
from decisioning.standing import ENDPOINT, Standing
from kaireon import clock
from kaireon.reading import patience
from kaireon.tenancy import Tenant

Answer = dict[str, Any]
Outcome = Answer | KeyReused


def respond_once(tenant: Tenant, report: Report, standing: Standing) -> Answer:
    """What is answered to one report, of which was read how things stand. Raises KeyReused."""
    if report.idempotency_key is not None and standing.gate is not None:
        return standing.gate.again(report.idempotency_key, hash_of(report.payload))
    if straight.is_open(report.interaction, standing):
        answer = _straight(report, standing)
        if answer is not None:
            return answer
    [outcome] = respond(tenant, [report])
    if isinstance(outcome, KeyReused):
        raise outcome
    return outcome


def respond(tenant: Tenant, reports: Sequence[Report]) -> list[Outcome]:
    """What is answered to each report: what was stored, what was answered the first time, or a KeyReused.

    All that is stored is stored in one transaction, under the locks of the customers' ledgers. Somebody else may bring
    the same new key for another customer at the same moment; the reports are then carried out once more.
    """
    try:
        return _carried_out(tenant, reports)
    except IntegrityError:
        return _carried_out(tenant, reports)


def _straight(report: Report, standing: Standing) -> Answer | None:
    """The answer if the report was recorded the straight way; None if somebody was faster."""
    interaction, settlement = report.interaction, Settlement.of(standing.place, report.interaction)
    warnings = settlement.settle(interaction, now=interaction.recorded_at)
    answer = _answer(report, Recorded(interaction, warnings=warnings))
    gate = None if report.idempotency_key is None else (report.idempotency_key, _gate(report, answer))
    if not straight.record(interaction, standing, next(iter(settlement.settled), None), gate):
        return None
    return numbered(answer, interaction.pk)


def _carried_out(tenant: Tenant, reports: Sequence[Report]) -> list[Outcome]:
    with transaction.atomic():
        patience()
        answers, due = _answered_before(tenant, reports)
        rows = lock(tenant, {reports[number].interaction.customer_id for number in due})
        if any(reports[number].idempotency_key is not None for number in due):
            answers, due = _answered_before(tenant, reports)  # by somebody who held the ledgers until now
        interactions = [reports[number].interaction for number in due]
        concerned = {each.customer_id: rows[each.customer_id] for each in interactions}
        recorded = dict(zip(due, record(tenant, concerned, interactions), strict=True))
        kept = {}
        for number, each in recorded.items():
            report, answer = reports[number], _answer(reports[number], each)
            answers[number] = numbered(answer, each.interaction.pk)
            if report.idempotency_key is not None:
                gate = _gate(report, answer)._replace(interaction_key=each.interaction.pk)
                kept[report.idempotency_key] = gate, report.interaction.recorded_at
        keep(tenant, ENDPOINT, kept)
        for number in range(len(reports)):
            if number not in answers:  # an earlier report of the call brought the same key
                report = reports[number]
                answers[number] = _again(report, kept[report.idempotency_key or ""][0])
    return [answers[number] for number in range(len(reports))]


def _answered_before(tenant: Tenant, reports: Sequence[Report]) -> tuple[dict[int, Outcome], list[int]]:
    """The answers to reports whose key was used before, and the numbers of those that are due, each key once."""
    found = gates(
        tenant, ENDPOINT, {report.idempotency_key for report in reports if report.idempotency_key is not None}
    )
    answers: dict[int, Outcome] = {}
    due: dict[Any, int] = {}
    for number, report in enumerate(reports):
        key = report.idempotency_key
        if key is not None and key in found:
            answers[number] = _again(report, found[key])
        else:
            due.setdefault(number if key is None else (key,), number)
    return answers, list(due.values())


def _again(report: Report, gate: Gate) -> Outcome:
    try:
        return gate.again(report.idempotency_key or "", hash_of(report.payload))
    except KeyReused as error:
        return error


def _gate(report: Report, answer: Answer) -> Gate:
    return Gate(hash_of(report.payload), packed(answer))


def _answer(report: Report, recorded: Recorded) -> Answer:
    """What is answered, but for the interaction's id."""
    stored: Interaction = recorded.interaction
    answer = {
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
