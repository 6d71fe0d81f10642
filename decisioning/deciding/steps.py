"""The statements that store what a decision binds: the ledger first, and all the rest only if nobody was faster.

Each step is written once for both databases and selects what it stores from `said`, one row of all that is said once.
On PostgreSQL the steps are the parts of one statement, in which each selects from the ledger's step as well: where
somebody was faster nothing is stored, no transaction is needed, and a lock is waited for no longer than a second. On
SQLite they follow each other inside of a transaction.

An interaction's key is taken when it is stored and not before, for summaries rely on that (`summaries`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any

import orjson
from django.db import connection

from decisioning.models import BudgetTotal, ContactLedger, Decision, Interaction, Presentation, Reservation
from decisioning.models.budgets import MARKER
from decisioning.models.outcomes import IMPRESSION
from decisioning.models.reservations import ReservationState
from kaireon.database.statements import write

# What is said once, with PostgreSQL's types.
SAID = {
    "tenant_id": "bigint",
    "customer_id": "text",
    "ledger_key": "bigint",
    "read_revision": "bigint",
    "records": "bytea",
    "holds": "bytea",
    "older": "bytea",
    "recent_from": "bigint",
    "complete_from": "bigint",
    "decision_key": "bigint",
    "decided_at": "timestamptz",
    "expires_at": "timestamptz",
    "version": "bigint",
    "flow_version": "bigint",
    "record": "bytea",
    "campaign_id": "text",
    "contacts": "json",
    "places": "json",
}
# The columns contacts and places have in common, in the order in which lines tell them, with PostgreSQL's types.
COLUMNS = {
    "rank": "smallint",
    "creative_key": "bigint",
    "offer_key": "bigint",
    "channel_key": "bigint",
    "placement_key": "bigint",
    "category_key": "bigint",
    "sub_category_key": "bigint",
    "label": "text",
    "cost_micros": "bigint",
}
LEDGER, DECISIONS, PRESENTATIONS = (model._meta.db_table for model in (ContactLedger, Decision, Presentation))
INTERACTIONS, RESERVATIONS = (model._meta.db_table for model in (Interaction, Reservation))

Keys = list[tuple[int, int]]  # (rank, key) of contacts


class Upkeep(Enum):
    """What is done to the ledger: it is changed if it is as it was read, made if there is none, or held already."""

    CHANGED, MADE, HELD = range(3)


def stored(said: Mapping[str, Any], upkeep: Upkeep, *, alone: bool) -> Keys | None:
    """The contacts' keys; None when nothing was stored because somebody was faster.

    `alone` says that this is all there is to do; it is refused as well, then, where totals for budgets are kept.
    """
    if connection.vendor == "postgresql":
        return _at_once(said, upkeep, alone=alone)
    return _in_turn(said, upkeep)


def _at_once(said: Mapping[str, Any], upkeep: Upkeep, *, alone: bool) -> Keys | None:
    counted, reserved = bool(said["contacts"]), bool(said["places"])
    sql = _one_statement(upkeep, alone=alone, counted=counted, reserved=reserved)
    passed, keys = write(sql, _values(said))[0]
    return [(rank, key) for rank, key in orjson.loads(keys or "[]")] if passed else None


@cache
def _one_statement(upkeep: Upkeep, *, alone: bool, counted: bool, reserved: bool) -> str:
    parts = {"ledger": _ledger(upkeep, alone=alone)}
    passing, suffix = ", ledger", ""
    if counted:
        parts["contacts"] = _contacts(passing)
        suffix = " || (SELECT string_agg(int2send(rank) || int8send(id), '' ORDER BY rank) FROM contacts)"
        parts["presented"] = _presented()
    parts["decision"] = _decision(passing, suffix)
    if reserved:
        parts["placed"] = _places(passing)
    row = ", ".join(f"%s::{kind} AS {name}" for name, kind in SAID.items())
    patient = "set_config('lock_timeout', '1s', true) AS patience"
    steps = "".join(f",\n{name} AS ({part})" for name, part in parts.items())
    keys = "(SELECT json_agg(json_build_array(rank, id))::text FROM contacts)" if counted else "NULL"
    return f"WITH said AS MATERIALIZED (SELECT {row}, {patient}){steps}\nSELECT (SELECT count(*) FROM ledger), {keys}"


def _in_turn(said: Mapping[str, Any], upkeep: Upkeep) -> Keys | None:
    if upkeep is not Upkeep.HELD and not _carried_out(_ledger(upkeep, alone=False), said):
        return None
    keys: Keys = []
    record = said["record"]
    if said["contacts"]:
        keys = sorted((rank, key) for key, rank in _carried_out(_contacts(""), said))
        record += b"".join(rank.to_bytes(2, "big") + key.to_bytes(8, "big") for rank, key in keys)
        told = "contacts AS (SELECT value ->> 0 AS rank, value ->> 1 AS id FROM json_each(%s))"
        _carried_out(_presented(), said, told, [orjson.dumps(keys).decode()])
    _carried_out(_decision("", ""), {**said, "record": record})
    if said["places"]:
        _carried_out(_places(""), said)
    return keys


def _carried_out(step: str, said: Mapping[str, Any], more: str = "", values: Sequence[Any] = ()) -> list[Any]:
    row = ", ".join(f"%s AS {name}" for name in SAID)
    return write(f"WITH said AS (SELECT {row}){more and ', ' + more} {step}", [*_values(said), *values])


def _values(said: Mapping[str, Any]) -> list[Any]:
    """What is said in the order in which the statements take it, lines as JSON."""
    lines = {name: orjson.dumps(said[name]).decode() for name in ("contacts", "places")}
    return [lines[name] if name in lines else said[name] for name in SAID]


def _ledger(upkeep: Upkeep, *, alone: bool) -> str:
    kept = f"SELECT 1 FROM {BudgetTotal._meta.db_table} b WHERE b.tenant_id = said.tenant_id AND b.key = {MARKER}"
    free = f"NOT EXISTS ({kept} AND b.slice = 0)" if alone else "true"
    if upkeep is Upkeep.HELD:
        return f"SELECT 1 FROM said WHERE {free}"
    if upkeep is Upkeep.CHANGED:
        return f"""UPDATE {LEDGER} AS l SET records = said.records, holds = said.holds,
            older = COALESCE(said.older, l.older), recent_from = said.recent_from,
            complete_from = said.complete_from, revision = l.revision + 1 FROM said
            WHERE l.id = said.ledger_key AND l.revision = said.read_revision AND {free} RETURNING revision"""
    columns = "tenant_id, customer_id, records, older, holds, recent_from, complete_from"
    return f"""INSERT INTO {LEDGER} ({columns}, revision) SELECT {columns}, 1 FROM said WHERE {free}
        ON CONFLICT (tenant_id, customer_id) DO NOTHING RETURNING revision"""


def _contacts(passing: str) -> str:
    return f"""INSERT INTO {INTERACTIONS} (tenant_id, customer_id, at, recorded_at, outcome, campaign_id, decision_key,
            value_micros, void, direction, {", ".join(COLUMNS)})
        SELECT said.tenant_id, said.customer_id, said.decided_at, said.decided_at, '{IMPRESSION}', said.campaign_id,
            said.decision_key, 0, false, '', {_columns()} FROM said{passing}, {_rows("contacts")} RETURNING id, rank"""


def _presented() -> str:
    return f"""INSERT INTO {PRESENTATIONS} (tenant_id, customer_id, decision_key, rank, interaction_key, void)
        SELECT said.tenant_id, said.customer_id, said.decision_key, contacts.rank, contacts.id, false
        FROM said, contacts RETURNING id"""


def _decision(passing: str, suffix: str) -> str:
    return f"""INSERT INTO {DECISIONS} (id, tenant_id, customer_id, decided_at, version, flow_version, record)
        SELECT decision_key, tenant_id, customer_id, decided_at, version, flow_version, record{suffix}
        FROM said{passing} RETURNING id"""


def _places(passing: str) -> str:
    return f"""INSERT INTO {RESERVATIONS} (tenant_id, customer_id, decision_key, state, reserved_at, expires_at,
            campaign_id, {", ".join(COLUMNS)})
        SELECT said.tenant_id, said.customer_id, said.decision_key, '{ReservationState.OPEN}', said.decided_at,
            said.expires_at, said.campaign_id, {_columns()} FROM said{passing}, {_rows("places")} RETURNING id"""


def _rows(name: str) -> str:
    """Lines, which are said as JSON, as rows."""
    if connection.vendor == "postgresql":
        return f"json_to_recordset(said.{name}) AS c({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})"
    return f"json_each(said.{name}) AS c"


def _columns() -> str:
    if connection.vendor == "postgresql":
        return ", ".join(f"c.{name}" for name in COLUMNS)
    return ", ".join(f"c.value ->> '{name}'" for name in COLUMNS)
