"""Ledgers by their outlines: adding to them without reading what they hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from django.db import connection

from decisioning.engine import ledger as codec
from decisioning.happening import Happening
from decisioning.ledgers import PARTS, make, records_of
from decisioning.models import ContactLedger, Interaction
from decisioning.models.ledgers import EVERYTHING, NOTHING
from kaireon.statements import fetch, found, listed, write
from kaireon.tenancy import Tenant

TABLE, HISTORY = ContactLedger._meta.db_table, Interaction._meta.db_table
# The columns of a ledger `l` that `outline` reads.
COLUMNS = (
    *("l.id", "length(l.records)", "l.complete_from", "l.revision", "l.holds"),
    *(f"CASE WHEN length(l.records) >= {codec.has_no_room()} THEN l.{part} END" for part in PARTS),
)


class Outline(NamedTuple):
    """What there is to know of a ledger for adding to it: how many bytes its records have, and all of a full one.

    A ledger is full when it has no room for a single record more.
    """

    key: int
    size: int
    complete_from: int
    revision: int
    holds: bytes
    full: codec.Ledger | None = None

    def has_room(self, contacts: int) -> bool:
        """Whether so many contacts may simply be put at its end."""
        return codec.has_room(self.size, contacts)

    def records(self, tenant: Tenant, happened: Sequence[Happening]) -> bytes:
        """The bytes that interactions add to it."""
        return records_of(tenant, happened, first=not self.size)


def outline(row: Sequence[Any]) -> Outline:
    """The outline that these columns are."""
    key, size, complete_from, revision, held, records, older, *since = row
    full = None if records is None else codec.Ledger(bytes(records), bytes(older), *since)
    return Outline(key, size, complete_from, revision, bytes(held), full)


class Addition(NamedTuple):
    """What is put at the end of a ledger, and its places from then on."""

    ledger: Outline
    records: bytes
    holds: bytes


def lock_outlines(tenant: Tenant, customer_ids: Collection[str]) -> dict[str, Outline]:
    """The customers' ledgers, locked in the order of their ids so that two who lock many never wait for each other.

    Those who have none get one; with nothing in their history, it is complete.
    """
    locked = _locked(tenant, customer_ids)
    while missing := sorted(set(customer_ids) - locked.keys()):  # again, if somebody erased a customer meanwhile
        make(tenant, missing)
        locked = _locked(tenant, customer_ids)
    unknown = [customer_id for customer_id, ledger in locked.items() if ledger.complete_from == NOTHING]
    for customer_id in set(unknown) - _with_history(tenant, unknown):
        locked[customer_id] = locked[customer_id]._replace(complete_from=EVERYTHING)
    return locked


def add(additions: Iterable[Addition]) -> None:
    """Puts records at the end of ledgers that are locked."""
    rows = [(each.ledger.key, each.records, each.holds, each.ledger.complete_from) for each in additions]
    if not rows:
        return
    if connection.vendor == "postgresql":
        keys, records, held, since = zip(*rows, strict=True)
        sql = f"""UPDATE {TABLE} AS l SET records = l.records || decode(a.records, 'hex'), revision = l.revision + 1,
                holds = decode(a.holds, 'hex'), complete_from = a.since
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[]) AS a (id, records, holds, since)
            WHERE l.id = a.id RETURNING l.id"""
        texts = [[each.hex() for each in column] for column in (records, held)]
        write(sql, [list(keys), *texts, list(since)])
        return
    sql = f"""UPDATE {TABLE} SET records = CAST(records || %s AS BLOB), holds = %s, complete_from = %s,
        revision = revision + 1 WHERE id = %s"""
    with connection.cursor() as cursor:
        cursor.executemany(sql, [(records, held, since, key) for key, records, held, since in rows])


def _locked(tenant: Tenant, customer_ids: Collection[str]) -> dict[str, Outline]:
    condition = found(TABLE, "x.tenant_id = %s AND x.customer_id = w.word")
    lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
    sql = f"""SELECT l.customer_id, {", ".join(COLUMNS)} FROM {TABLE} l WHERE l.id {condition}
        ORDER BY l.customer_id{lock}"""
    rows = fetch(sql, [tenant.pk, listed(customer_ids)])
    return {customer_id: outline(row) for customer_id, *row in rows}


def _with_history(tenant: Tenant, customer_ids: Collection[str]) -> set[str]:
    if not customer_ids:
        return set()
    first = found(HISTORY, "x.tenant_id = %s AND x.customer_id = w.word LIMIT 1")
    return {
        row[0]
        for row in fetch(f"SELECT customer_id FROM {HISTORY} WHERE id {first}", [tenant.pk, listed(customer_ids)])
    }
