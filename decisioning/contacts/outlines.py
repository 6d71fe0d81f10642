"""Ledgers by their outlines: adding to them without reading what they hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection

from decisioning.contacts.happening import Happening
from decisioning.contacts.ledgers import PARTS, make, records_of, regrown
from decisioning.engine import ledger as codec
from decisioning.models import ContactLedger, Interaction
from decisioning.models.ledgers import EVERYTHING, NOTHING
from kaireon.database.statements import dialect, fetch, found, listed, write
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


def tell(
    tenant: Tenant,
    ledgers: Mapping[str, Outline],
    happened: Mapping[str, Sequence[Happening]],
    holds: Mapping[str, bytes],
) -> None:
    """Makes ledgers that are locked, by customer, tell what happened and what is held in them from now on.

    Most are only added to; those that have no room for it are tidied.
    """
    added: list[tuple[Any, ...]] = []
    crowded: dict[str, Outline] = {}
    for customer_id, ledger in ledgers.items():
        told = happened.get(customer_id, ())
        if ledger.has_room(len(told)):
            held = holds.get(customer_id, ledger.holds)
            added.append((ledger.records(tenant, told), held, ledger.complete_from, ledger.key))
        else:
            crowded[customer_id] = ledger
    appended = "records || {0}" if connection.vendor == "postgresql" else "CAST(records || {0} AS BLOB)"
    _update(f"records = {appended}, holds = {{1}}, complete_from = {{2}}", added)
    wholes = _wholes(crowded.values())
    tidied = [
        (
            *regrown(tenant, wholes[ledger.key], happened.get(customer_id, ())),
            holds.get(customer_id, ledger.holds),
            ledger.key,
        )
        for customer_id, ledger in crowded.items()
    ]
    places = ", ".join(f"{name} = {{{number}}}" for number, name in enumerate((*PARTS, "holds")))
    _update(places, tidied)


def _wholes(ledgers: Collection[Outline]) -> dict[int, codec.Ledger]:
    """What these ledgers hold, by their keys; of full ones it is known."""
    found = {ledger.key: ledger.full for ledger in ledgers if ledger.full is not None}
    unread = {ledger.key: ledger for ledger in ledgers if ledger.full is None}
    if unread:
        sql = f"SELECT id, {', '.join(PARTS)} FROM {TABLE} WHERE id {dialect()['keys']}"
        for key, records, older, recent_from, _ in fetch(sql, [listed(unread)]):
            found[key] = codec.Ledger(bytes(records), bytes(older), recent_from, unread[key].complete_from)
    return found


def _update(changes: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Changes ledgers and their revisions; `changes` has a place for each value of a row but the last, its key."""
    if not rows:
        return
    count = len(rows[0])
    if connection.vendor == "postgresql":
        columns = [_column(values) for values in zip(*rows, strict=True)]
        said = [how.format(f"a.c{number}") for number, (_, how, _) in enumerate(columns)]
        lists = ", ".join(f"%s::{kind}[]" for kind, _, _ in columns)
        sql = f"""UPDATE {TABLE} AS l SET {changes.format(*said)}, revision = l.revision + 1
            FROM unnest({lists}) AS a ({", ".join(f"c{number}" for number in range(count))})
            WHERE l.id = {said[-1]} RETURNING l.id"""
        write(sql, [values for _, _, values in columns])
        return
    sql = f"UPDATE {TABLE} SET {changes.format(*['%s'] * count)}, revision = revision + 1 WHERE id = %s"
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)


def _column(values: Sequence[Any]) -> tuple[str, str, list[Any]]:
    """Values as a list of PostgreSQL: its elements' type, how one is read, and the elements; bytes by their digits."""
    if isinstance(values[0], bytes):
        return "text", "decode({0}, 'hex')", [each.hex() for each in values]
    return "bigint", "{0}", list(values)


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
