"""Campaigns from a file for contacts that were recorded without: each row names one, and what it belonged to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from creatives.models import Creative
from decisioning.contacts.ledgers import lock, refill
from decisioning.contacts.summaries import redo
from decisioning.imports.interactions import LOOKED_UP, Recorded
from decisioning.imports.rows import LONGEST
from decisioning.models import Interaction
from kaireon import clock
from kaireon.api.parsing import storable
from kaireon.batching import in_batches
from kaireon.files.reading import FileRow
from kaireon.tenancy import Tenant

TARGETS = ("interactionId", "customerId", "timestamp", "creativeId", "campaignId")
REQUIRED = ("campaignId",)

Triple = tuple[str, datetime, int]  # customer, instant, creative


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a row says: which interactions belonged to which campaign; by their key, or by what they were."""

    campaign: str
    key: int | None = None
    triple: Triple | None = None


@dataclass
class Found:
    """The interactions a batch speaks of."""

    by_key: dict[int, Interaction] = field(default_factory=dict)
    by_triple: dict[Triple, list[Interaction]] = field(default_factory=lambda: defaultdict(list))

    def of(self, claim: Claim) -> list[Interaction]:
        """Those that a claim is about."""
        if claim.triple is not None:
            return self.by_triple.get(claim.triple, [])
        return [self.by_key[claim.key]] if claim.key in self.by_key else []


class CampaignBackfill:
    """One run. What has a campaign keeps it, and a row that names another one is refused."""

    def __init__(self, tenant: Tenant, columns: Mapping[str, str]) -> None:
        self._tenant = tenant
        self._columns = columns

    def record(self, batch: Sequence[FileRow]) -> Recorded:
        """Stores what the batch's good rows say; called in a transaction."""
        recorded = Recorded(Counter({"interactions given a campaign": 0, "already there": 0, "failed": 0}))
        judged = [self._read(row) for row in batch]
        found = self._found([claim for claim, _ in judged if claim is not None])
        given: dict[str, list[Interaction]] = defaultdict(list)
        for row, (claim, unread) in zip(batch, judged, strict=True):
            faults = unread if claim is None else _give(claim, found.of(claim), given, recorded.counts)
            if faults:
                recorded.rejected.append((row, "; ".join(faults)))
        self._store(given)
        recorded.counts["failed"] = len(recorded.rejected)
        return recorded

    def _read(self, row: FileRow) -> tuple[Claim | None, list[str]]:
        """What the row says, or its faults."""
        if row.fault is not None:
            return None, [row.fault]
        said = {target: self._text(row, target) for target in TARGETS}
        campaign, faults = said["campaignId"], []
        if campaign is None or len(campaign) > LONGEST or not storable(campaign):
            faults.append(f"campaignId is missing, longer than {LONGEST} characters, not UTF-8 or holds a NUL")
        key, triple = None, None
        if said["interactionId"] is not None:
            key = Interaction.id_kind.decode(said["interactionId"])
        else:
            triple = _triple(said, faults)
        return (None, faults) if faults else (Claim(campaign=campaign or "", key=key, triple=triple), [])

    def _text(self, row: FileRow, target: str) -> str | None:
        value = row.values.get(self._columns.get(target, target))
        return None if value is None or value == "" else str(value)

    def _found(self, claims: Sequence[Claim]) -> Found:
        found, rows = Found(), Interaction.objects.of(self._tenant)
        for some in in_batches({claim.key for claim in claims if claim.key is not None}, LOOKED_UP):
            found.by_key |= rows.in_bulk(some)
        for triples in in_batches({claim.triple for claim in claims if claim.triple is not None}, LOOKED_UP):
            customers, instants, _ = (set(column) for column in zip(*triples, strict=True))
            for row in rows.filter(customer_id__in=customers, at__in=instants, creative_key__isnull=False):
                triple = row.customer_id, row.at, row.creative_key or 0
                if triple in triples:
                    found.by_triple[triple].append(found.by_key.setdefault(row.pk, row))
        return found

    def _store(self, given: Mapping[str, Sequence[Interaction]]) -> None:
        customers = {each.customer_id for group in given.values() for each in group}
        lock(self._tenant, sorted(customers))
        for campaign, group in given.items():
            for some in in_batches((each.pk for each in group), LOOKED_UP):
                Interaction.objects.of(self._tenant).filter(pk__in=some).update(campaign_id=campaign)
        refill(self._tenant, customers)
        if customers:
            redo(self._tenant, customers)


def _triple(said: Mapping[str, str | None], faults: list[str]) -> Triple | None:
    """The customer, instant and creative a row names instead of an id."""
    missing = [target for target in ("customerId", "timestamp", "creativeId") if said[target] is None]
    if missing:
        faults.append(f"{', '.join(missing)} missing, and no interactionId")
        return None
    creative = Creative.id_kind.decode(said["creativeId"])
    if creative is None:
        faults.append(f'creativeId "{said["creativeId"]}" is no id')
    try:
        return said["customerId"] or "", clock.parse(said["timestamp"] or ""), creative or 0
    except ValueError:
        faults.append(f'timestamp "{said["timestamp"]}" is not ISO 8601 with a zone')
        return None


def _give(
    claim: Claim, interactions: Sequence[Interaction], given: dict[str, list[Interaction]], counts: Counter[str]
) -> list[str]:
    """Notes the campaign on those without one; what speaks against it."""
    others = {each.campaign_id for each in interactions} - {None, claim.campaign}
    if not interactions or others:
        return [
            f'it has the campaign "{min(filter(None, others))}" already' if others else "there is no such interaction"
        ]
    new = [each for each in interactions if each.campaign_id is None]
    for each in new:
        each.campaign_id = claim.campaign
    given[claim.campaign] += new
    counts["interactions given a campaign"] += len(new)
    counts["already there"] += not new
    return []
