"""Records imported rows as interactions: every row once, however often its file is imported."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from decisioning.imports.directory import Directory, Place
from decisioning.imports.rows import RowReader, Said, fingerprint
from decisioning.models import Interaction
from decisioning.models.outcomes import IMPRESSION
from kaireon import clock
from kaireon.batching import in_batches
from kaireon.lifecycle import Writing
from kaireon.rowfiles import FileRow
from kaireon.tenancy import Tenant

CLOCK_SKEW = timedelta(minutes=5)  # what another machine's clock may be ahead
LOOKED_UP = 500  # keys in one query; SQLite bounds the number of parameters


@dataclass
class Recorded:
    """What became of a batch."""

    counts: Counter[str]
    rejected: list[tuple[FileRow, str]] = field(default_factory=list)


class InteractionImport:
    """One run of an import. Rows that say the same are told apart by how many such rows the run has seen.

    It remembers eight bytes' worth of every row, which makes two equal rows of one file two interactions and
    importing that file again none, in whatever order its rows then are.
    """

    def __init__(self, tenant: Tenant, reader: RowReader, *, create_missing: bool) -> None:
        self.tenant = tenant
        self._reader = reader
        self._create_missing = create_missing
        self._directory: Directory | None = None
        self._seen: dict[int, int] = defaultdict(int)

    def record(self, batch: Sequence[FileRow], unit: Writing) -> Recorded:
        """Stores the batch's good rows. The unit holds the tenant's head, so that no other import adds them too."""
        directory = self._current(unit)
        known = {kind: len(directory.rows[kind]) for kind in directory.makers}
        recorded = Recorded(Counter({"imported": 0, "already there": 0, "failed": 0}))
        fresh = list(self._interactions(batch, directory, unit, recorded))
        stored = self._stored({row.import_key for row in fresh if row.import_key is not None})
        # The first of several rows with one idempotency key is the one that counts.
        added = {row.import_key: row for row in reversed(fresh) if row.import_key not in stored}
        Interaction.objects.bulk_create(reversed(added.values()))
        recorded.counts.update({"imported": len(added), "already there": len(fresh) - len(added)})
        for kind, before in known.items():
            if created := len(directory.rows[kind]) - before:
                recorded.counts[f"{kind}s created"] = created
        return recorded

    def _interactions(
        self, batch: Sequence[FileRow], directory: Directory, unit: Writing, recorded: Recorded
    ) -> Iterator[Interaction]:
        for row in batch:
            faults = [] if row.fault is None else [row.fault]
            said = None if faults else self._reader.read(row.values, faults)
            if said is not None and said.at > unit.now + CLOCK_SKEW:
                faults.append(f"timestamp {clock.text(said.at)} lies in the future")
            place = directory.place(said, faults, unit=unit if self._create_missing else None) if said else None
            if faults or said is None or place is None:
                recorded.rejected.append((row, "; ".join(faults)))
                recorded.counts["failed"] += 1
            else:
                yield self._interaction(said, place, directory, unit)

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
            import_key=self._import_key(said),
        )

    def _import_key(self, said: Said) -> int:
        identity = said.identity()
        if said.idempotency_key is not None:
            return fingerprint(identity, 0)
        plain = fingerprint(identity, 0)
        self._seen[plain] += 1
        return fingerprint(identity, self._seen[plain])

    def _stored(self, keys: set[int]) -> set[int]:
        stored: set[int] = set()
        for some in in_batches(sorted(keys), LOOKED_UP):
            rows = Interaction.objects.of(self.tenant).filter(import_key__in=some)
            stored.update(key for key in rows.values_list("import_key", flat=True) if key is not None)
        return stored

    def _current(self, unit: Writing) -> Directory:
        """The catalogue as of this batch, read again when its version moved (back too, when a dry run undid it)."""
        if self._directory is None or self._directory.version != unit.head.version:
            self._directory = Directory(self.tenant, version=unit.head.version)
        return self._directory
