"""How things stand before a report is recorded: who reports, and all there is about its subject, in one statement.

Whoever writes about a customer raises the revision of the customer's ledger. As long as it is the one that was read,
what was read of the customer's recommendations and places holds, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from decisioning import idempotency
from decisioning.contacts import outlines
from decisioning.contacts.outlines import Outline, outline
from decisioning.deciding.lookup import Caller, Known, beside
from decisioning.idempotency import Gate
from decisioning.models import ContactLedger, Decision, Presentation, Reservation
from kaireon.database.statements import dialect, moment

ENDPOINT = "respond"


class Made(NamedTuple):
    """A decision: its key, whom it was made for, and its record."""

    key: int
    customer_id: str
    record: bytes


class Standing(NamedTuple):
    """What was read: the decision, if there is one, by its id; `presented` says that its line was or never will be."""

    ledger: Outline | None
    made: Mapping[str, Made]
    presented: bool
    place: Reservation | None
    gate: Gate | None


def stand(caller: Caller, values: Mapping[str, Any], header_key: str | None) -> tuple[Known, Standing]:
    """Who reports and how things stand about what a body says. Raises UnknownKey."""
    idempotency_key = values.get("idempotencyKey", header_key)
    public_id = values.get("recommendationId")
    decision = Decision.id_kind.decode(public_id)
    joins, parameters = ["ledger"], [values.get("customerId", "")]
    if decision is not None:
        joins.append("line")
        parameters += [decision, values.get("rank", 0)]
    if idempotency_key is not None:
        joins.append("gate")
        parameters.append(idempotency_key)
    columns, sources = _statement(tuple(joins))
    width = len(outlines.COLUMNS)
    known, row = beside(caller, columns, sources, parameters)
    ledger, line, gate = row[:width], row[width : width + 7], row[width + 7 :]
    outlined = None if ledger[0] is None else outline(ledger)
    customer_id, record, presented, place, *about = line
    made = {} if customer_id is None else {str(public_id): Made(decision or 0, customer_id, bytes(record))}
    reserved = None if place is None else _place(place, *about, line_of=(decision or 0, values.get("rank", 0)))
    gate_left = None if gate[0] is None else Gate(*gate)
    return known, Standing(outlined, made, presented is not None, reserved, gate_left)


def _place(key: int, state: str, expires_at: int, cost: int, *, line_of: tuple[int, int]) -> Reservation:
    decision, rank = line_of
    lapse = moment(expires_at)
    return Reservation(pk=key, decision_key=decision, rank=rank, state=state, expires_at=lapse, cost_micros=cost)


@cache
def _statement(joins: tuple[str, ...]) -> tuple[str, str]:
    """The columns, all of them whatever is asked for, and what they come from."""
    tables = (ContactLedger, Decision, Presentation, Reservation)
    ledgers, decisions, presentations, reservations = (model._meta.db_table for model in tables)
    lapse = dialect()["ms"].format("r.expires_at")
    columns = {
        "ledger": ", ".join(outlines.COLUMNS),
        "line": f"d.customer_id, d.record, p.id, r.id, r.state, {lapse}, r.cost_micros",
        "gate": ", ".join(f"g.{name}" for name in idempotency.COLUMNS),
    }
    sources = {
        "ledger": f"""CROSS JOIN (SELECT CAST(%s AS text) AS customer_id) a
            LEFT JOIN {ledgers} l ON l.tenant_id = t.tenant_id AND l.customer_id = a.customer_id""",
        "line": f"""CROSS JOIN (SELECT CAST(%s AS bigint) AS decision_key, CAST(%s AS smallint) AS rank) b
            LEFT JOIN {decisions} d ON d.id = b.decision_key AND d.tenant_id = t.tenant_id
            LEFT JOIN {presentations} p ON p.decision_key = d.id AND p.rank = b.rank
            LEFT JOIN {reservations} r ON r.decision_key = d.id AND r.rank = b.rank""",
        "gate": f"""LEFT JOIN {idempotency.TABLE} g
            ON g.tenant_id = t.tenant_id AND g.endpoint = '{ENDPOINT}' AND g.key = CAST(%s AS text)""",
    }
    nothing = {"line": ", ".join(["NULL"] * 7), "gate": ", ".join(["NULL"] * len(idempotency.COLUMNS))}
    shown = [columns[name] if name in joins else nothing[name] for name in columns]
    return ", ".join(shown), " ".join(sources[name] for name in joins)
