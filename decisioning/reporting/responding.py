"""Carrying out reports: each once, however often it is sent, and all of a call in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction

from creatives.models import Channel, Creative, Offer
from decisioning.contacts.ledgers import learn_of
from decisioning.contacts.outlines import lock_outlines
from decisioning.contacts.recording import Recorded, record
from decisioning.contacts.reservations import Settlement
from decisioning.idempotency import Answer, Gate, KeyReused, gates, hash_of, keep, kept, numbered
from decisioning.models import Decision
from decisioning.reporting import straight
from decisioning.reporting.reports import Report
from decisioning.reporting.standing import ENDPOINT, Standing
from kaireon import clock
from kaireon.database.reading import patience
from kaireon.tenancy import Tenant

MOST_ATTEMPTS = 10


@dataclass
class Outcome:
    """What became of a report: what was recorded, or the gate that an earlier call with its key has left."""

    report: Report
    became: Recorded | Gate
    _answer: Answer | None = field(default=None, init=False)

    @property
    def conflict(self) -> KeyReused | None:
        """Why the report was refused, if its key was used for another one."""
        if isinstance(self.became, Gate) and self.became.request_hash != hash_of(self.report.payload):
            return KeyReused(self.report.idempotency_key or "")
        return None

    def answer(self) -> Answer:
        """What is answered. Raises KeyReused."""
        if isinstance(self.became, Gate):
            told = self.became.again(self.report.idempotency_key or "", hash_of(self.report.payload))
            return {**told, "customerId": self.report.happening.customer_id}
        return numbered(self._told, self.became.happening.id)

    def gate(self) -> Gate:
        """What is kept of it, which does not say whose report it was."""
        if isinstance(self.became, Gate):
            return self.became
        return Gate(hash_of(self.report.payload), kept({**self._told, "customerId": None}), self.became.happening.id)

    @property
    def _told(self) -> Answer:
        assert isinstance(self.became, Recorded)
        if self._answer is None:
            self._answer = _answer(self.report, self.became)
        return self._answer


def respond_once(tenant: Tenant, report: Report, standing: Standing) -> Outcome:
    """What became of one report, of which was read how things stand."""
    if standing.gate is not None:
        return Outcome(report, standing.gate)
    learn_of(tenant, [report.happening])
    if straight.is_open(report.happening, standing):
        settlement = Settlement.of(standing.place)
        outcome = Outcome(report, Recorded(report.happening, warnings=settlement.settle(report.happening)))
        gate = None if report.idempotency_key is None else (report.idempotency_key, outcome.gate())
        if straight.record(tenant, report.happening, standing, settlement.settled, gate):
            return outcome
    return respond(tenant, [report])[0]


def respond(tenant: Tenant, reports: Sequence[Report]) -> list[Outcome]:
    """What became of each report.

    All that is stored is stored in one transaction, under the locks of the customers' ledgers. Somebody else may bring
    the same new key for another customer at the same moment; the reports are then carried out once more.
    """
    learn_of(tenant, [report.happening for report in reports])
    for _ in range(MOST_ATTEMPTS - 1):
        with suppress(IntegrityError), transaction.atomic():
            return _carried_out(tenant, reports)
    with transaction.atomic():
        return _carried_out(tenant, reports)


def _carried_out(tenant: Tenant, reports: Sequence[Report]) -> list[Outcome]:
    patience()
    keys = {report.idempotency_key for report in reports if report.idempotency_key is not None}
    known = gates(tenant, ENDPOINT, keys)
    due = _due(reports, known)
    ledgers = lock_outlines(tenant, {report.happening.customer_id for report in due})
    recorded = record(tenant, ledgers, [report.happening for report in due])
    outcomes = {id(report): Outcome(report, each) for report, each in zip(due, recorded, strict=True)}
    fresh = {
        report.idempotency_key: (outcomes[id(report)].gate(), report.happening.recorded_at)
        for report in due
        if report.idempotency_key is not None
    }
    keep(tenant, ENDPOINT, fresh)
    known |= {key: gate for key, (gate, _) in fresh.items()}
    return [outcomes.get(id(report)) or Outcome(report, known[report.idempotency_key or ""]) for report in reports]


def _due(reports: Sequence[Report], known: Collection[str]) -> list[Report]:
    """The reports without a key, and of each key nobody knows yet the first one."""
    found: dict[Any, Report] = {}
    for number, report in enumerate(reports):
        key = report.idempotency_key
        if key is None or key not in known:
            found.setdefault(number if key is None else key, report)
    return list(found.values())


def _answer(report: Report, recorded: Recorded) -> Answer:
    """What is answered, but for the interaction's id."""
    stored = recorded.happening
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
