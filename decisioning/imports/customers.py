"""Customers from files: every row an upsert, and a row that says nothing new changes nothing."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from decisioning.api.serializers import SegmentSerializer
from decisioning.customers import CREATED, UNCHANGED, UPDATED, CustomerBatch, audit_many, segments_by_name
from decisioning.imports.interactions import Recorded
from decisioning.imports.rows import LONGEST
from decisioning.models.segments import SLUG
from kaireon.api.errors import MalformedJSON
from kaireon.api.parsing import refuse_unstorable, storable
from kaireon.api.serializers import save_resource
from kaireon.files.reading import FileRow
from kaireon.writing import Writing
from policies.windows import zone_names

TARGETS = ("customerId", "timezone")
REQUIRED = TARGETS[:1]
SEPARATOR = "|"
SEGMENTS_CREATED = "segments created"


@dataclass(frozen=True, kw_only=True)
class SaidOfCustomer:
    """One row as it stands in its file: what is not in `values` stays, segments of None stay."""

    customer_id: str
    values: Mapping[str, Any]
    segments: Sequence[str] | None


@dataclass(frozen=True, kw_only=True)
class CustomerReader:
    """Reads rows. Every column that is no target is an attribute, unless `attributes` names those that are."""

    columns: Mapping[str, str] = field(default_factory=dict)
    segments: str | None = None
    attributes: Collection[str] | None = None

    def column(self, target: str) -> str:
        """Where a target's value stands."""
        return self.columns.get(target, target)

    def read(self, row: FileRow, faults: list[str]) -> SaidOfCustomer | None:
        """The row's values; None and at least one fault when one of them cannot be read."""
        customer_id = self._customer_id(row.values.get(self.column("customerId")), faults)
        values: dict[str, Any] = {}
        if self.column("timezone") in row.values:
            values["timezone"] = _timezone(row.values[self.column("timezone")], faults)
        if attributes := self._attributes(row.values):
            values["attributes"] = _kept(attributes, faults)
        segments = self._segments(row.values, faults)
        return None if faults else SaidOfCustomer(customer_id=customer_id, values=values, segments=segments)

    def _customer_id(self, raw: Any, faults: list[str]) -> str:
        if raw is None or raw == "":
            faults.append("customerId is missing")
        elif isinstance(raw, bool) or not isinstance(raw, str | int):
            faults.append("customerId is neither a text nor a whole number")
        elif len(str(raw)) > LONGEST or not storable(str(raw)):
            faults.append(f"customerId is longer than {LONGEST} characters, not UTF-8 or holds a NUL")
        return str(raw)

    def _attributes(self, values: Mapping[str, Any]) -> dict[str, Any]:
        if self.attributes is not None:
            return {name: values[name] for name in self.attributes if name in values}
        taken = {self.segments, *(self.column(target) for target in TARGETS)}
        return {name: value for name, value in values.items() if name not in taken}

    def _segments(self, values: Mapping[str, Any], faults: list[str]) -> list[str] | None:
        if self.segments is None or self.segments not in values:
            return None
        raw = values[self.segments]
        names = (raw or "").split(SEPARATOR) if raw is None or isinstance(raw, str) else raw
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            faults.append("segments are neither a text nor a list of texts")
            return None
        return [name.strip() for name in names if name.strip()]


class CustomerImport:
    """One run of an import."""

    def __init__(self, reader: CustomerReader, *, create_missing: bool) -> None:
        self._reader = reader
        self._create_missing = create_missing

    def record(self, batch: Sequence[FileRow], unit: Writing) -> Recorded:
        """Stores the batch's good rows; one audit entry says how many there were."""
        recorded = Recorded(Counter({CREATED: 0, UPDATED: 0, UNCHANGED: 0, "failed": 0}))
        segments = segments_by_name(unit.tenant) if self._reader.segments is not None else {}
        known = len(segments)
        said = [one for row in batch if (one := self._read(row, segments, unit, recorded)) is not None]
        customers = CustomerBatch(unit, [one.customer_id for one in said])
        for one in said:
            keys = None if one.segments is None else {segments[name] for name in one.segments}
            customers.put(one.customer_id, values=one.values, segments=keys, only_changes=True)
        customers.store()
        audit_many(customers, action="import")
        recorded.counts.update(customers.counts)
        if created := len(segments) - known:
            recorded.counts[SEGMENTS_CREATED] = created
        return recorded

    def _read(self, row: FileRow, segments: dict[str, int], unit: Writing, recorded: Recorded) -> SaidOfCustomer | None:
        faults = [] if row.fault is None else [row.fault]
        said = None if faults else self._reader.read(row, faults)
        unknown = [name for name in (said.segments if said and said.segments else ()) if name not in segments]
        faults += [fault for name in unknown if (fault := self._fault_of(name)) is not None]
        if faults:
            recorded.rejected.append((row, "; ".join(faults)))
            recorded.counts["failed"] += 1
            return None
        for name in dict.fromkeys(unknown):
            segment, _ = save_resource(SegmentSerializer, unit, data={"name": name})
            segments[name] = segment.pk
        return said

    def _fault_of(self, name: str) -> str | None:
        """What speaks against a segment that does not exist yet."""
        if not self._create_missing:
            return f'segment "{name}" is unknown; see --create-missing'
        if re.fullmatch(SLUG, name) is None or len(name) > LONGEST:
            return f'segment "{name}" is no slug of letters, digits, hyphens and underscores'
        return None


def _timezone(raw: Any, faults: list[str]) -> str:
    if raw is None or raw == "":
        return ""
    if not isinstance(raw, str) or raw not in zone_names():
        faults.append(f'timezone "{raw}" is not an IANA time zone')
    return str(raw)


def _kept(attributes: dict[str, Any], faults: list[str]) -> dict[str, Any]:
    """Attributes without empty texts, which is how CSV writes nothing; what cannot be stored is a fault."""
    kept = {name: value for name, value in attributes.items() if value != ""}
    try:
        refuse_unstorable(kept)
        json.dumps(kept, allow_nan=False)
    except MalformedJSON as error:
        faults.append(f"attributes: {error.detail}")
    except ValueError:
        faults.append("attributes: a number is not finite")
    return kept
