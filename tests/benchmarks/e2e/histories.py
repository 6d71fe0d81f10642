"""W-E2E's customers and what happened to them: drawn by numpy, copied into history, and told by their ledgers."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from decisioning.contacts.ledgers import faults
from decisioning.engine import ledger as codec
from decisioning.engine.candidates import Candidate
from decisioning.engine.facts import Contact
from decisioning.models import ContactLedger, Customer, Interaction, SegmentMember, Word
from decisioning.models.ledgers import EVERYTHING
from kaireon import clock
from kaireon.tenancy import Tenant
from policies.scope import IMPRESSION
from policies.windows import DAY
from tests.benchmarks import w_core
from tests.benchmarks.e2e import bulk
from tests.benchmarks.e2e.catalogue import SEGMENTS, Rows, row

OLDEST = 90 * DAY
VERIFIED = 300  # ledgers of each group that are compared with history
AT_ONCE = 50_000
CAMPAIGNS = (None, *(f"c{number}" for number in range(w_core.CAMPAIGNS)))

INTERACTION = (
    "tenant_id",
    "customer_id",
    "at",
    "recorded_at",
    "outcome",
    "offer_key",
    "creative_key",
    "channel_key",
    "placement_key",
    "category_key",
    "sub_category_key",
    "label",
    "campaign_id",
    "cost_micros",
)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Customers with equally many contacts; their ids are all equally long."""

    prefix: str
    customers: int
    contacts: int

    def customer(self, number: int) -> str:
        """The id of one of them."""
        return f"{self.prefix}{number:07d}"


class Past(NamedTuple):
    """What happened to a group: instants (UTC ms) and kinds, a row per customer, the newest first."""

    group: Group
    at: Any
    kind: Any


def fill(tenant: Tenant, groups: Iterable[Group], rows: Rows, *, now: datetime, seed: int) -> None:
    """Everything there is about the customers. History lies in the order of time, as it would have been written."""
    random = np.random.default_rng(seed)
    contacts = _kinds(rows)
    pasts = [_drawn(random, group, clock.milliseconds(now)) for group in groups]
    _fill_customers(tenant, [past.group for past in pasts], rows, random, now)
    _fill_history(tenant, pasts, contacts)
    _fill_ledgers(tenant, pasts, contacts)


def verify(tenant: Tenant, groups: Iterable[Group]) -> None:
    """Ends the run when a ledger does not say what history says."""
    for group in groups:
        sample = [group.customer(number) for number in range(0, group.customers, -(-group.customers // VERIFIED))]
        if wrong := list(faults(tenant, sample)):
            sys.exit(f"The ledgers of {len(wrong)} of {len(sample)} customers are wrong, such as {wrong[0]}'s.")


def _kinds(rows: Rows) -> list[Contact]:
    """Every kind of contact: what was shown, how it ended, in which campaign, the last counting fastest."""
    shown = [_stored(candidate, rows) for candidate in w_core.candidates()]
    return [
        contact._replace(outcome=outcome, campaign=campaign)
        for contact, outcome, campaign in product(shown, w_core.OUTCOMES, CAMPAIGNS)
    ]


def _stored(candidate: Candidate, rows: Rows) -> Contact:
    """A contact of a candidate, with the keys of the rows its numbers became."""
    named = ("offer", "creative", "channel", "placement", "category", "sub_category")
    keys = {kind: rows[row(kind, getattr(candidate, kind))].pk for kind in named}
    return Contact(at=0, label=candidate.label, **keys)


def _drawn(random: np.random.Generator, group: Group, now: int) -> Past:
    """W-CORE's history for everybody: candidate u^2 of 500, age u^2 of 90 days, weighted outcomes, campaigns."""
    shape = (group.customers, group.contacts)
    shown = (random.random(shape) ** 2 * len(w_core.candidates())).astype(np.int32)
    bounds = np.cumsum(w_core.WEIGHTS) / sum(w_core.WEIGHTS)
    outcome = np.searchsorted(bounds, random.random(shape), side="right").astype(np.int32)
    campaign = np.where(random.random(shape) < 0.2, random.integers(1, len(CAMPAIGNS), shape), 0).astype(np.int32)
    kind = (shown * len(w_core.OUTCOMES) + outcome) * len(CAMPAIGNS) + campaign
    at = now - (random.random(shape) ** 2 * OLDEST).astype(np.int64)
    newest_first = np.argsort(-at, axis=1, kind="stable")
    return Past(group, np.take_along_axis(at, newest_first, 1), np.take_along_axis(kind, newest_first, 1))


def _fill_customers(
    tenant: Tenant, groups: Sequence[Group], rows: Rows, random: np.random.Generator, now: datetime
) -> None:
    """The customers, each in two of the segments."""
    ids = [group.customer(number) for group in groups for number in range(group.customers)]
    columns = ("tenant_id", "customer_id", "attributes", "created_at", "updated_at")
    attributes = (json.dumps({"first_name": f"Ada {each}", "reference": each}) for each in ids)
    bulk.fill(
        Customer, columns, ((tenant.pk, each, said, now, now) for each, said in zip(ids, attributes, strict=True))
    )
    keys = dict(Customer.objects.of(tenant).values_list("customer_id", "pk"))
    segments = [rows[("segment", name)].pk for name in SEGMENTS]
    first = random.integers(len(segments), size=len(ids))
    second = (first + random.integers(1, len(segments), size=len(ids))) % len(segments)
    pairs = ((keys[each], segments[n]) for numbers in (first, second) for each, n in zip(ids, numbers, strict=True))
    bulk.fill(SegmentMember, ("tenant_id", "customer_id", "segment_id"), ((tenant.pk, *pair) for pair in pairs))


def _fill_history(tenant: Tenant, pasts: Sequence[Past], contacts: Sequence[Contact]) -> None:
    heads = [f"{tenant.pk}\t{past.group.customer(n)}\t" for past in pasts for n in range(past.group.customers)]
    cost = {rank: 1000 * rank for rank in range(6)}
    channels = sorted({contact.channel for contact in contacts})
    costs = dict(zip(channels, cost.values(), strict=True))
    rest = "".join(f"\t{value}" for value in bulk.defaults(Interaction, INTERACTION).values())
    tails = [_tail(contact, costs) + rest for contact in contacts]
    at = np.concatenate([past.at.ravel() for past in pasts])
    kind = np.concatenate([past.kind.ravel() for past in pasts])
    lengths = [past.group.contacts for past in pasts for _ in range(past.group.customers)]
    customer = np.repeat(np.arange(len(heads), dtype=np.int32), lengths)
    by_time = np.argsort(at, kind="stable")
    with bulk.without_indexes(Interaction), bulk.copying(Interaction, INTERACTION) as copy:
        for start in range(0, len(by_time), AT_ONCE):
            part = by_time[start : start + AT_ONCE]
            instants = np.datetime_as_string(at[part].astype("datetime64[ms]")).tolist()
            drawn = zip(customer[part].tolist(), instants, kind[part].tolist(), strict=True)
            copy.write("".join([f"{heads[who]}{when}Z\t{when}Z\t{tails[what]}\n" for who, when, what in drawn]))


def _tail(contact: Contact, costs: Mapping[int | None, int]) -> str:
    """A line's end: everything but who and when. Only impressions cost."""
    cost = costs[contact.channel] if contact.outcome == IMPRESSION else 0
    return "\t".join(map(str, (*contact[1:9], contact.campaign or "\\N", cost)))


def _fill_ledgers(tenant: Tenant, pasts: Sequence[Past], contacts: Sequence[Contact]) -> None:
    texts = sorted({word for each in contacts for word in (each.outcome, each.label, each.campaign) if word})
    numbers = {text: number for number, text in enumerate(texts, start=1)}
    Word.objects.bulk_create([Word(tenant=tenant, number=number, text=text) for text, number in numbers.items()])
    traces = [codec.trace_of(contact, numbers) for contact in contacts]
    columns = ("tenant_id", "customer_id", "records", "older", "recent_from", "complete_from", "revision")
    rows = ((tenant.pk, *ledger, 1) for past in pasts for ledger in _ledgers(past, traces))
    bulk.fill(ContactLedger, columns, rows)


def _ledgers(past: Past, traces: Sequence[bytes]) -> Iterator[tuple[Any, ...]]:
    """(customer, both parts, complete from when), as `decisioning.contacts.ledgers` would write them."""
    for number, (instants, kinds) in enumerate(zip(past.at, past.kind, strict=True)):
        records = codec.encode(zip(instants.tolist(), [traces[kind] for kind in kinds], strict=True))
        yield past.group.customer(number), *codec.tidied(codec.Ledger(records, b"", EVERYTHING, EVERYTHING))
