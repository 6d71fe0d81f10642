"""Storing customers: the one room in which the API, segments and imports write them, inside a unit's transaction.

A customer is personal data: nothing of it goes into a history, and audit entries name what changed without values.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from decisioning.models import Customer, Segment, SegmentMember
from kaireon.api.errors import Conflict
from kaireon.api.fields import shown
from kaireon.audit import canonical
from kaireon.batching import in_batches
from kaireon.tenancy import Tenant
from kaireon.writing import StaleVersion, Writing

LOOKED_UP = 500  # rows in one query; SQLite bounds the number of parameters
MOST_AT_ONCE = 1000
WITHHELD = "withheld"  # stands in the audit log where a value would
LONGEST_AUDITED = 64  # what an entry's entityId holds
CREATED, UPDATED, UNCHANGED = "created", "updated", "already there"
FIELDS = ("attributes", "timezone")


def segments_by_name(tenant: Tenant) -> dict[str, int]:
    """The keys of the tenant's live segments."""
    return dict(Segment.objects.of(tenant).values_list("name", "pk"))


class CustomerBatch:
    """Customers of one write: looked up together, changed in memory, stored together.

    The unit holds the tenant's head, so no other writer comes between. Membership in deleted segments is neither seen
    nor touched: restoring the segment restores it. The number of queries does not depend on the number of customers
    (up to LOOKED_UP of them).
    """

    def __init__(self, unit: Writing, customer_ids: Iterable[str]) -> None:
        self.unit = unit
        self.counts: Counter[str] = Counter()
        self.fields: set[str] = set()
        self._rows: dict[str, Customer] = {}
        self._written: dict[str, Customer] = {}
        for some in in_batches(dict.fromkeys(customer_ids), LOOKED_UP):
            found = Customer.objects.of(unit.tenant).filter(customer_id__in=some)
            self._rows.update((row.customer_id, row) for row in found)
        self._were = self._memberships()
        self._are = dict(self._were)

    def __contains__(self, customer_id: str) -> bool:
        return customer_id in self._rows

    def row(self, customer_id: str) -> Customer:
        """The customer, who exists or has been put."""
        return self._rows[customer_id]

    def segments_of(self, customer_id: str) -> frozenset[int]:
        """The live segments the customer belongs to by now."""
        return self._are.get(customer_id, frozenset())

    def put(
        self,
        customer_id: str,
        *,
        values: Mapping[str, Any] | None = None,
        segments: Collection[int] | None = None,
        expected_version: int | None = None,
        only_changes: bool = False,
    ) -> str:
        """Makes or changes a customer; only what is given. `segments` replaces the membership.

        With `only_changes` a customer of whom that is known already gets no new version. Raises StaleVersion, Conflict.
        """
        row = self._expected(customer_id, expected_version)
        made = row is None
        if row is None:
            row = Customer(tenant=self.unit.tenant, customer_id=customer_id, version=0, created_at=self.unit.now)
        changed = {name for name, value in (values or {}).items() if _differ(getattr(row, name), value)}
        if segments is not None and frozenset(segments) != self.segments_of(customer_id):
            self._are[customer_id] = frozenset(segments)
            changed.add("segments")
        if not (made or changed) and only_changes:
            return self._counted(UNCHANGED)
        for name, value in (values or {}).items():
            setattr(row, name, value)
        row.version, row.updated_at = row.version + 1, self.unit.now
        self._rows[customer_id] = self._written[customer_id] = row
        self.fields |= changed
        return self._counted(CREATED if made else UPDATED)

    def store(self) -> None:
        """Writes what was put."""
        rows = list(self._written.values())
        for row in rows:
            row.pk = None  # one INSERT ... ON CONFLICT for old and new; it answers every key, and is far quicker
        Customer.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["tenant", "customer_id"],
            update_fields=[*FIELDS, "version", "updated_at"],
        )
        self._store_memberships()

    def _store_memberships(self) -> None:
        left: dict[int, list[int]] = defaultdict(list)
        joined = []
        for customer_id, row in self._written.items():
            before, after = self._were.get(customer_id, frozenset()), self.segments_of(customer_id)
            joined += [SegmentMember(tenant=row.tenant, customer=row, segment_id=key) for key in sorted(after - before)]
            for key in before - after:
                left[key].append(row.pk)
        SegmentMember.objects.bulk_create(joined)
        for key, customers in left.items():
            for some in in_batches(customers, LOOKED_UP):
                SegmentMember.objects.filter(segment=key, customer__in=some).delete()

    def _expected(self, customer_id: str, version: int | None) -> Customer | None:
        row = self._rows.get(customer_id)
        if version is not None and row is None:
            raise Conflict(f"There is no customer {shown(customer_id)} any more; leave rowVersion out to make one.")
        if version is not None and row is not None and row.version != version:
            raise StaleVersion(given=version, current=row.version)
        return row

    def _counted(self, result: str) -> str:
        self.counts[result] += 1
        return result

    def _memberships(self) -> dict[str, frozenset[int]]:
        names = {row.pk: row.customer_id for row in self._rows.values()}
        found: dict[str, set[int]] = defaultdict(set)
        for some in in_batches(names, LOOKED_UP):
            members = SegmentMember.objects.filter(customer__in=some, segment__deleted_at__isnull=True)
            for customer, segment in members.values_list("customer_id", "segment_id"):
                found[names[customer]].add(segment)
        return {customer_id: frozenset(segments) for customer_id, segments in found.items()}


def delete_customer(unit: Writing, customer: Customer, *, expected_version: int | None) -> None:
    """Removes what is stored of a customer; what happened to them stays. Raises StaleVersion."""
    if expected_version is not None and expected_version != customer.version:
        raise StaleVersion(given=expected_version, current=customer.version)
    customer_id, version = customer.customer_id, customer.version
    customer.delete()
    known = dict.fromkeys([*FIELDS, "segments"], WITHHELD)
    _audit(unit, "delete", customer_id, version=version + 1, before=known, after=None)


def audit_one(batch: CustomerBatch, customer_id: str, result: str) -> None:
    """One entry about one customer: which fields changed."""
    action, after = "create" if result == CREATED else "update", dict.fromkeys(sorted(batch.fields), WITHHELD)
    _audit(batch.unit, action, customer_id, version=batch.row(customer_id).version, before=None, after=after)


def audit_many(batch: CustomerBatch, *, action: str) -> None:
    """One entry about all that a bulk write or a batch of an import did; none when it did nothing."""
    done = {word: batch.counts[word] for word in (CREATED, UPDATED) if batch.counts[word]}
    if done:
        batch.unit.audit(
            action=action,
            entity_type="customer",
            entity_id="bulk",
            entity_name=f"{sum(done.values())} customers",
            before=None,
            after=done | dict.fromkeys(sorted(batch.fields), WITHHELD),
        )


def audit_erasure(unit: Writing, customer_id: str, gone: Mapping[str, int]) -> None:
    """One entry about what was erased, in numbers; it names the customer by a fingerprint only."""
    unit.audit(
        action="erase",
        entity_type="customer",
        entity_id=sha256(customer_id.encode()).hexdigest(),
        entity_name="an erased customer",
        before=dict(gone),
        after=None,
    )


def audited_id(customer_id: str) -> str:
    """A customer's id as entries' `entityId`: itself, or the SHA-256 of one that is too long for the column."""
    return customer_id if len(customer_id) <= LONGEST_AUDITED else sha256(customer_id.encode()).hexdigest()


def change_members(unit: Writing, segment: Segment, customer_ids: Sequence[str], *, join: bool) -> CustomerBatch:
    """Puts customers into a segment, unknown ones included, or takes them out; one entry, about the segment."""
    batch = CustomerBatch(unit, customer_ids)
    for customer_id in dict.fromkeys(customer_ids):
        before = batch.segments_of(customer_id)
        if join or customer_id in batch:
            after = before | {segment.pk} if join else before - {segment.pk}
            batch.put(customer_id, segments=after, only_changes=True)
    batch.store()
    if number := batch.counts[CREATED] + batch.counts[UPDATED]:
        unit.audit(
            action="add_members" if join else "remove_members",
            entity_type=segment.entity_type(),
            entity_id=segment.public_id,
            entity_name=segment.name,
            entity_version=segment.version,
            before=None,
            after={"members": WITHHELD, "customers": number},
        )
    return batch


def _audit(unit: Writing, action: str, customer_id: str, *, version: int, before: Any, after: Any) -> None:
    unit.audit(
        action=action,
        entity_type="customer",
        entity_id=audited_id(customer_id),
        entity_name=customer_id,
        entity_version=version,
        before=before,
        after=after,
    )


def _differ(one: Any, other: Any) -> bool:
    return one != other or canonical(one) != canonical(other)  # 1, 1.0 and true are equal to Python alone
