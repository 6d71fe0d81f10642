"""The contact ledgers: filled from history, appended to by those who write history, read by decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from django.db.models import Max, QuerySet

from decisioning.engine import ledger as codec
from decisioning.engine.facts import Contact, Facts
from decisioning.models import ContactLedger, Interaction, Word
from decisioning.models.ledgers import EVERYTHING, NOTHING
from kaireon import clock
from kaireon.tenancy import Tenant

CONTACT_COLUMNS = (
    "at",
    "outcome",
    "offer_key",
    "creative_key",
    "channel_key",
    "placement_key",
    "category_key",
    "sub_category_key",
    "label",
    "campaign_id",
)
MOST_ATTEMPTS = 10


@dataclass
class Words:
    """A tenant's words and their numbers; words are only ever added, so what a process knows of them stays true."""

    numbers: dict[str, int]
    texts: dict[int, str]


_known: dict[int, Words] = {}


def forget_words() -> None:
    """Drops what was kept; for tests, which give a tenant's key to another tenant."""
    _known.clear()


def contact_of(row: Sequence[Any]) -> Contact:
    """A contact out of an interaction's `CONTACT_COLUMNS`."""
    return Contact(clock.milliseconds(row[0]), *row[1:])


def recorded(tenant: Tenant, customer_id: str, *, since: int, now: int) -> Facts | None:
    """The customer's records as facts, out of the ledger; None when it does not hold all there is from `since` on.

    Both instants are UTC ms. A record dated later than `now` counts as now.
    """
    rows = ContactLedger.objects.of(tenant).filter(customer_id=customer_id)
    row = rows.values_list("records", "complete_from").first()
    if row is None or row[1] > since:
        return None
    records = codec.decode(bytes(row[0]))
    if records and records[0][0] > now:
        records = [(min(at, now), trace) for at, trace in records]
    return Facts(records=records, contact=partial(_contact_in, tenant))


def refill(tenant: Tenant, customer_ids: Collection[str]) -> None:
    """Makes the ledgers of these customers say what history says; called in the transaction that wrote history."""
    wanted = sorted(set(customer_ids))
    rows = lock(tenant, wanted)
    histories: dict[str, list[Contact]] = defaultdict(list)
    for customer_id, *row in _history(tenant, wanted):
        histories[customer_id].append(contact_of(row))
    numbers = _numbers(tenant, (contact for history in histories.values() for contact in history))
    for customer_id in wanted:
        rows[customer_id].records, rows[customer_id].complete_from = _written(histories[customer_id], numbers)
        rows[customer_id].revision += 1
    ContactLedger.objects.bulk_update(rows.values(), ["records", "complete_from", "revision"], batch_size=200)


def lock(tenant: Tenant, customer_ids: Sequence[str]) -> dict[str, ContactLedger]:
    """The customers' rows, locked in the order of their ids so that two who lock many never wait for each other."""
    rows = ContactLedger.objects.of(tenant).filter(customer_id__in=customer_ids)
    missing = sorted(set(customer_ids) - set(rows.values_list("customer_id", flat=True)))
    ContactLedger.objects.bulk_create(
        [ContactLedger(tenant=tenant, customer_id=customer_id, complete_from=NOTHING) for customer_id in missing],
        ignore_conflicts=True,
    )
    return {row.customer_id: row for row in rows.select_for_update().order_by("customer_id")}


def faults(tenant: Tenant, customer_ids: Sequence[str]) -> Iterator[str]:
    """The customers among these whose ledger does not say what history says; a missing ledger says nothing wrong."""
    rows = {row.customer_id: row for row in ContactLedger.objects.of(tenant).filter(customer_id__in=customer_ids)}
    histories: dict[str, list[Contact]] = defaultdict(list)
    for customer_id, *row in _history(tenant, customer_ids):
        histories[customer_id].append(contact_of(row))
    for customer_id, row in rows.items():
        held = [_contact_in(tenant, *record) for record in codec.decode(bytes(row.records))]
        held = [contact for contact in held if contact.at >= row.complete_from]
        told = [contact for contact in histories[customer_id] if contact.at >= row.complete_from]
        if sorted(held, key=repr) != sorted(told, key=repr):
            yield customer_id


def _written(history: Sequence[Contact], numbers: Mapping[str, int]) -> tuple[bytes, int]:
    """A ledger of a history, newest first, and the instant from which on it is complete."""
    records = ((contact.at, codec.trace_of(contact, numbers)) for contact in history)
    data = codec.encode(islice(records, codec.MOST_RECORDS))
    dropped = history[codec.MOST_RECORDS :]
    return data, dropped[0].at + 1 if dropped else EVERYTHING


def _history(tenant: Tenant, customer_ids: Sequence[str]) -> QuerySet[Any, Any]:
    rows = Interaction.objects.of(tenant).filter(customer_id__in=customer_ids)
    return rows.order_by("customer_id", "-at", "-pk").values_list("customer_id", *CONTACT_COLUMNS)


def _contact_in(tenant: Tenant, at: int, trace: bytes) -> Contact:
    try:
        return codec.contact_of(at, trace, _words(tenant).texts)
    except KeyError:
        _known.pop(tenant.pk, None)  # somebody has added words since
        return codec.contact_of(at, trace, _words(tenant).texts)


def _words(tenant: Tenant) -> Words:
    if tenant.pk not in _known:
        pairs = list(Word.objects.of(tenant).values_list("text", "number"))
        _known[tenant.pk] = Words(dict(pairs), {number: text for text, number in pairs})
    return _known[tenant.pk]


def _numbers(tenant: Tenant, contacts: Iterable[Contact]) -> dict[str, int]:
    """The numbers of all words in these contacts; new words get the next ones."""
    used = {word for contact in contacts for word in (contact.outcome, contact.label, contact.campaign) if word}
    for _ in range(MOST_ATTEMPTS):
        known = dict(Word.objects.of(tenant).filter(text__in=used).values_list("text", "number"))
        missing = sorted(used - known.keys())
        if not missing:
            return known
        last = Word.objects.of(tenant).aggregate(last=Max("number"))["last"] or 0
        # Somebody else may take the same numbers; what was not stored then is tried again.
        Word.objects.bulk_create(
            [Word(tenant=tenant, text=text, number=last + n) for n, text in enumerate(missing, start=1)],
            ignore_conflicts=True,
        )
    raise RuntimeError(f"{len(missing)} words could not be numbered in {MOST_ATTEMPTS} attempts")
