"""The straight way into history: an interaction with all its consequences in one statement of PostgreSQL.

It is taken when somebody read how things stand and nothing out of the ordinary is the matter; whatever is, `recording`
knows how to deal with. The steps select from each other, so all of them are taken or none: the ledger first, on the
condition that nobody has written about the customer since it was read, then history, the gate of the report's key, the
line of its recommendation, the place the line had, and the totals that are kept for budgets. If somebody else brings
the same new key at the same moment, one of the two fails as a whole. Nobody is waited for longer than a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from django.db import IntegrityError, connection

from decisioning.contacts import budgets, totals
from decisioning.contacts.happening import COLUMNS, Happening
from decisioning.contacts.ledgers import regrown, without
from decisioning.contacts.outlines import Outline
from decisioning.contacts.reservations import PRESENTING
from decisioning.idempotency import Gate
from decisioning.models import BudgetTotal, ContactLedger, IdempotencyKey, Interaction, Presentation, Reservation
from decisioning.models.budgets import MARKER, WHOLE_TENANT
from decisioning.models.ledgers import EVERYTHING, NOTHING
from decisioning.models.outcomes import IMPRESSION
from decisioning.reporting.standing import ENDPOINT, Standing
from kaireon.database.statements import write
from kaireon.tenancy import Tenant

Step = tuple[str, Sequence[Any]]  # its name, and the values it takes

LEDGERS, HISTORY, GATES = (model._meta.db_table for model in (ContactLedger, Interaction, IdempotencyKey))
LINES, PLACES, TOTALS = (model._meta.db_table for model in (Presentation, Reservation, BudgetTotal))
DIMENSIONS = ("offer", "creative", "channel", "placement", "category", "sub_category")
NEW = Outline(key=0, size=0, complete_from=EVERYTHING, revision=0, holds=b"")

# Each step but the first selects from the one before it, `{0}`, and passes on the interaction's key.
STEPS = {
    "changed": f"""UPDATE {LEDGERS} AS l SET records = l.records || %s, holds = %s, revision = l.revision + 1
        FROM {{0}} WHERE l.id = %s AND l.revision = %s RETURNING l.revision""",
    "tidied": f"""UPDATE {LEDGERS} AS l SET records = %s, older = %s, recent_from = %s, complete_from = %s, holds = %s,
            revision = l.revision + 1
        FROM {{0}} WHERE l.id = %s AND l.revision = %s RETURNING l.revision""",
    "made": f"""INSERT INTO {LEDGERS}
            (records, holds, tenant_id, customer_id, older, revision, recent_from, complete_from)
        SELECT %s, %s, %s, %s, '', 1, {EVERYTHING}, {EVERYTHING} FROM {{0}}
        ON CONFLICT DO NOTHING RETURNING revision""",
    "recorded": f"""INSERT INTO {HISTORY} ({", ".join(COLUMNS)})
        SELECT {", ".join(["%s"] * len(COLUMNS))} FROM {{0}} RETURNING id""",
    "gated": f"""INSERT INTO {GATES} (tenant_id, endpoint, key, request_hash, answer, created_at, interaction_key)
        SELECT %s, '{ENDPOINT}', %s, %s, %s, %s, id FROM {{0}} RETURNING interaction_key AS id""",
    "presented": f"""INSERT INTO {LINES} (tenant_id, customer_id, decision_key, rank, void, interaction_key)
        SELECT %s, %s, %s, %s, %s, CASE WHEN %s THEN NULL ELSE id END FROM {{0}} RETURNING 0 AS id""",
    "settled": f"UPDATE {PLACES} AS r SET state = %s FROM {{0}} WHERE r.id = %s RETURNING 0 AS id",
    "counted": f"""INSERT INTO {TOTALS} AS b (tenant_id, dimension, key, slice, {", ".join(totals.COLUMNS)})
        SELECT m.tenant_id, m.dimension, k.key, %s, %s, %s, %s, %s
        FROM {{0}}, (VALUES {", ".join(["(%s, CAST(%s AS bigint))"] * (1 + len(DIMENSIONS)))}) AS k (dimension, key)
        JOIN {TOTALS} m ON m.tenant_id = %s AND m.dimension = k.dimension AND m.key = {MARKER} AND m.slice = 0
        WHERE k.key IS NOT NULL ORDER BY m.dimension
        ON CONFLICT (tenant_id, dimension, key, slice)
        DO UPDATE SET {budgets.ADDING}""",
}


def is_open(happening: Happening, standing: Standing) -> bool:
    """Whether an interaction may go this way: its ledger holds something to add to, and its line is untouched."""
    if connection.vendor != "postgresql" or (standing.presented and happening.outcome in PRESENTING):
        return False
    return standing.ledger is None or standing.ledger.complete_from != NOTHING


def record(
    tenant: Tenant,
    happening: Happening,
    standing: Standing,
    settled: Sequence[Reservation],
    gate: tuple[str, Gate] | None,
) -> bool:
    """Stores an interaction, which gets its key, with what was settled by it and the gate of its key, if it has one.

    False says that nothing was stored, for somebody was faster.
    """
    steps = list(_steps(tenant, happening, standing.ledger, settled, gate))
    values = [value for _, own in steps for value in own]
    try:
        found = write(_statement(tuple(name for name, _ in steps)), values)
    except IntegrityError:
        return False
    if not found:
        return False
    happening.id = found[0][0]
    return True


@cache
def _statement(names: tuple[str, ...]) -> str:
    parts = ["patience AS MATERIALIZED (SELECT set_config('lock_timeout', '1s', true))"]
    for before, name in zip(["patience", *names], names, strict=False):
        parts.append(f"{name} AS ({STEPS[name].format(before)})")
    return f"WITH {', '.join(parts)} SELECT id FROM recorded"


def _steps(
    tenant: Tenant,
    happening: Happening,
    ledger: Outline | None,
    settled: Sequence[Reservation],
    gate: tuple[str, Gate] | None,
) -> Iterator[Step]:
    customer_id, presents = happening.customer_id, happening.outcome in PRESENTING
    yield _told(tenant, happening, ledger, settled)
    yield "recorded", _row(happening)
    if gate is not None:
        key, kept = gate
        yield "gated", [tenant.pk, key, kept.request_hash, kept.answer, happening.recorded_at]
    if presents and happening.decision_key is not None:
        void = happening.outcome != IMPRESSION
        yield "presented", [tenant.pk, customer_id, happening.decision_key, happening.rank, void, void]
    for place in settled:
        yield "settled", [str(place.state), place.pk]
    amounts = _amounts(happening, settled)
    if any(amounts):
        keys = [MARKER, *(getattr(happening, f"{word}_key") for word in DIMENSIONS)]
        pairs = zip((WHOLE_TENANT, *DIMENSIONS), keys, strict=True)
        yield "counted", [budgets.own_slice(), *amounts, *(value for pair in pairs for value in pair), tenant.pk]


def _told(tenant: Tenant, happening: Happening, ledger: Outline | None, settled: Sequence[Reservation]) -> Step:
    """The ledger's step."""
    told, held = [happening], ledger or NEW
    holds = without(held.holds, settled)
    if held.full is not None:
        return "tidied", [*regrown(tenant, held.full, told), holds, held.key, held.revision]
    records = held.records(tenant, told)
    if ledger is None:
        return "made", [records, holds, tenant.pk, happening.customer_id]
    return "changed", [records, holds, held.key, held.revision]


def _row(happening: Happening) -> list[Any]:
    values = [getattr(happening, column) for column in COLUMNS]
    if happening.context is not None:
        values[COLUMNS.index("context")] = json.dumps(happening.context)
    return values


def _amounts(happening: Happening, settled: Sequence[Reservation]) -> list[int]:
    """What is added to totals, in the order of their columns."""
    given_back = [-len(settled), -sum(place.cost_micros for place in settled)]
    return [int(happening.outcome == IMPRESSION), happening.cost_micros, *given_back]
