"""Records imported rows as interactions: every row once, however often its file is imported."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from decisioning.contacts import budgets
from decisioning.contacts.fingerprints import fingerprint
from decisioning.contacts.ledgers import refill
from decisioning.imports.directory import Directory, Place
from decisioning.imports.exported import ExportReader, Returning, is_exported
from decisioning.imports.rows import RowReader, Said
from decisioning.models import ErasedRow, HistoryCut, Interaction
from decisioning.models.outcomes import IMPRESSION
from kaireon import clock
from kaireon.batching import in_batches
from kaireon.database.inserting import insert
from kaireon.files.reading import FileRow
from kaireon.tenancy import Tenant
from kaireon.writing import Writing

CLOCK_SKEW = timedelta(minutes=5)  # what another machine's clock may be ahead
LOOKED_UP = 500  # keys in one query; SQLite bounds the number of parameters


@dataclass
class Recorded:
    """What became of a batch."""

    counts: Counter[str]
    rejected: list[tuple[FileRow, str]] = field(default_factory=list)


@dataclass
class Reading:
    """What a row says and the interaction it would be, or its faults. An exported row is the interaction it was."""

    faults: list[str]
    said: Said | None = None
    interaction: Interaction | None = None
    returning: Returning | None = None


class InteractionImport:
    """One run of an import. Rows that say the same are told apart by how many such rows their file has had so far.

    So two equal rows of one file are two interactions, a row that stands in two files is one, and importing a file
    again adds nothing: whatever the order of its rows and whichever files are imported together. It remembers eight
    bytes' worth of every row of the current file. Rows of a file come one after the other.
    """

    def __init__(self, tenant: Tenant, reader: RowReader, *, create_missing: bool) -> None:
        self.tenant = tenant
        self._reader = reader
        self._create_missing = create_missing
        self._directory: Directory | None = None
        self._exports: ExportReader | None = None
        self._path: Path | None = None
        self._seen: dict[int, int] = defaultdict(int)

    def record(self, batch: Sequence[FileRow], unit: Writing) -> Recorded:
        """Stores the batch's good rows. The unit holds the tenant's head, so that no other import adds them too."""
        directory = self._current(unit)
        known = {kind: len(directory.rows[kind]) for kind in directory.makers}
        cut = HistoryCut.objects.of(self.tenant).values_list("before", flat=True).first()
        recorded = Recorded(Counter({"imported": 0, "already there": 0, "failed": 0}))
        readings = [self._read(row, directory, unit) for row in batch]
        there = self._stored({one.interaction.import_key for one in readings if one.interaction is not None})
        there.update(self._never_gone([one.returning for one in readings if one.returning is not None]))
        erased = self._erased({one.interaction.import_key for one in readings if one.interaction is not None})
        gone_for_good = 0
        added: list[Interaction] = []
        for row, one in zip(batch, readings, strict=True):
            if one.interaction is not None and one.interaction.import_key in there:
                one.faults += _otherwise(one.said, one.interaction, there[one.interaction.import_key])
            elif one.interaction is not None and one.interaction.import_key in erased:
                gone_for_good += 1
            elif one.interaction is not None and not (gone := _deleted_before(one.interaction, cut)):
                there[one.interaction.import_key] = one.interaction
                added.append(one.interaction)
            elif one.interaction is not None:
                one.faults += gone
            if one.faults:
                recorded.rejected.append((row, "; ".join(one.faults)))
        insert(Interaction, added)
        refill(self.tenant, {interaction.customer_id for interaction in added})
        budgets.count(self.tenant, [interaction for interaction in added if not interaction.void])
        new, failed = len(added), len(recorded.rejected)
        known_before = len(batch) - new - failed - gone_for_good
        recorded.counts.update({"imported": new, "already there": known_before, "failed": failed})
        if gone_for_good:
            recorded.counts["erased before"] = gone_for_good
        for kind, before in known.items():
            if created := len(directory.rows[kind]) - before:
                recorded.counts[f"{kind}s created"] = created
        return recorded

    def _read(self, row: FileRow, directory: Directory, unit: Writing) -> Reading:
        if is_exported(row.values):
            return self._read_exported(row, unit)
        faults = [] if row.fault is None else [row.fault]
        said = None if faults else self._reader.read(row.values, faults)
        if said is None:
            return Reading(faults)
        faults += _too_early(said.at, unit)
        place = directory.place(said, faults, unit=unit if self._create_missing else None)
        if faults:
            return Reading(faults)
        interaction = self._interaction(said, place, directory, unit)
        interaction.import_key = self._import_key(said, row.path)
        return Reading(faults, said, interaction)

    def _read_exported(self, row: FileRow, unit: Writing) -> Reading:
        self._exports = self._exports or ExportReader(self.tenant)
        faults: list[str] = []
        returning = self._exports.read(row.values, faults)
        if returning is not None:
            faults += _too_early(returning.interaction.at, unit)
        if returning is None or faults:
            return Reading(faults)
        return Reading(faults, interaction=returning.interaction, returning=returning)

    def _interaction(self, said: Said, place: Place, directory: Directory, unit: Writing) -> Interaction:
        offer = directory.rows["offer"][place.offer] if place.offer is not None else None
        cost = said.cost_micros
        if cost is None:
            cost = directory.cost_of(place.channel) if said.outcome == IMPRESSION else 0
        return Interaction(
            tenant=self.tenant,
            customer_id=said.customer_id,
            at=min(said.at, unit.now),
            outcome=said.outcome,
            offer_key=place.offer,
            creative_key=place.creative,
            channel_key=place.channel,
            placement_key=place.placement,
            category_key=offer and offer.category_id,
            sub_category_key=offer and offer.sub_category_id,
            label=offer.category_label if offer is not None else "",
            campaign_id=said.campaign_id,
            cost_micros=cost,
            value_micros=said.value_micros,
            recorded_at=unit.now,
        )

    def _import_key(self, said: Said, path: Path) -> int:
        identity = said.identity()
        plain = fingerprint(identity, 0)
        if said.idempotency_key is not None:
            return plain
        if path != self._path:
            self._path = path
            self._seen.clear()
        self._seen[plain] += 1
        return fingerprint(identity, self._seen[plain])

    def _stored(self, keys: set[int | None]) -> dict[int | None, Interaction]:
        """The interactions that rows with these fingerprints have become before."""
        stored: dict[int | None, Interaction] = {}
        for some in in_batches(keys, LOOKED_UP):
            rows = Interaction.objects.of(self.tenant).filter(import_key__in=some)
            stored.update((row.import_key, row) for row in rows.order_by("-pk"))
        return stored

    def _erased(self, keys: set[int | None]) -> set[int]:
        """Those of the fingerprints whose interactions were erased with their customers."""
        found: set[int] = set()
        for some in in_batches((key for key in keys if key is not None), LOOKED_UP):
            found.update(
                ErasedRow.objects.of(self.tenant).filter(import_key__in=some).values_list("import_key", flat=True)
            )
        return found

    def _never_gone(self, returning: Sequence[Returning]) -> Iterator[tuple[int | None, Interaction]]:
        """Of what was exported, what still is where it was, by the fingerprints it would come back with."""
        for some in in_batches(returning, LOOKED_UP):
            rows = Interaction.objects.of(self.tenant).in_bulk([one.former_key for one in some])
            for one in some:
                stored = rows.get(one.former_key)
                if stored is not None and one.is_still(stored):
                    yield one.interaction.import_key, stored

    def _current(self, unit: Writing) -> Directory:
        """The catalogue as of this batch, read again when its version moved."""
        if self._directory is None or self._directory.version != unit.head.version:
            self._directory = Directory(self.tenant, version=unit.head.version)
        return self._directory


def _too_early(at: datetime, unit: Writing) -> list[str]:
    """What speaks against an instant that this machine has not seen yet."""
    return [f"timestamp {clock.text(at)} lies in the future"] if at > unit.now + CLOCK_SKEW else []


def _deleted_before(interaction: Interaction, cut: datetime | None) -> list[str]:
    """What speaks against an instant whose history was deleted: if it ever was here, it is counted in what is left."""
    if cut is None or interaction.at >= cut:
        return []
    said = f"timestamp {clock.text(interaction.at)} is too old: what happened before {clock.text(cut)}"
    return [f"{said} was deleted by apply_retention, which carries its totals forward"]


def _otherwise(said: Said | None, interaction: Interaction, first: Interaction) -> list[str]:
    return conflicts(said, interaction, first) if said is not None and said.idempotency_key is not None else []


def conflicts(said: Said, interaction: Interaction, first: Interaction) -> list[str]:
    """What a row says otherwise than the first row with its idempotency key did.

    What it leaves to the catalogue, which may have changed in between, is not compared: a cost it does not name, and
    of its place what follows from its creative or placement.
    """
    follows = said.creative is not None or said.placement is not None
    otherwise = {
        "customerId": said.customer_id != first.customer_id,
        "timestamp": min(said.at, first.recorded_at) != first.at,
        "outcome": said.outcome != first.outcome,
        "campaignId": said.campaign_id != first.campaign_id,
        "cost": said.cost_micros not in {None, first.cost_micros},
        "conversionValue": said.value_micros != first.value_micros,
    }
    for kind in ("offer", "creative", "channel", "placement"):
        named = getattr(said, kind) is not None or not follows
        otherwise[kind] = named and getattr(interaction, f"{kind}_key") != getattr(first, f"{kind}_key")
    different = ", ".join(name for name, differs in otherwise.items() if differs)
    return [f'idempotencyKey "{said.idempotency_key}" stands for a row with another {different}'] if different else []
