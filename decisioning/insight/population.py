"""Everybody who was active lately, or a sample of them, with their past: read in one statement, as columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import connection

from decisioning.contacts.ledgers import CONTACT_COLUMNS
from decisioning.engine.facts import Contact
from decisioning.engine.replay import NOBODY, Ints, Past
from decisioning.models import Customer, Interaction, Segment, SegmentMember
from kaireon.database.columns import table_of
from kaireon.database.statements import dialect, moment
from kaireon.tenancy import Tenant

ROWS_AT_ONCE = 20_000
# The first instant a datetime can name.
EARLIEST = -62_135_596_800_000
HEAD = [("id", pa.int64()), ("customer_id", pa.string()), ("at", pa.int64()), ("decision", pa.int64())]
TYPES = dict.fromkeys(("outcome", "label", "campaign"), pa.string())  # the rest are keys
COLUMN_OF = dict(zip(Contact._fields, CONTACT_COLUMNS, strict=True))
# Both databases agree on this order of customers, and a customer's place in it never changes.
SEEDED = "md5('impact-preview ' || customer_id)"


@dataclass(frozen=True)
class Population:
    """The customers by their numbers, and what happened to them."""

    customers: Sequence[str]
    past: Past


def population(
    tenant: Tenant,
    *,
    active_since: int,
    since: int,
    now: int,
    most: int | None,
    looked_at: Collection[str],
    with_zones: bool,
) -> Population:
    """Whoever has an interaction since `active_since`, with everything that happened from `since` on (UTC ms).

    Of what happened only what is looked at is read, named as in `Contact`.
    At most `most` customers, always the same ones of those who are active. What is void counts nowhere, and what is
    dated later than `now`, by a machine whose clock is ahead, counts as now.
    """
    names = [name for name in Contact._fields if name in looked_at]
    rows = _rows(tenant, names, active_since, since, most)
    customers, who = _coded(rows["customer_id"])
    traces, trace = _traces(rows, names)
    key, at, decision = (rows[name].to_numpy() for name in ("id", "at", "decision"))
    at = np.minimum(at, now)
    order = np.lexsort((key, at, who))
    past = Past(
        who=who[order],
        at=at[order],
        trace=trace[order],
        decision=decision[order],
        traces=traces,
        zones=_zones(tenant, customers, some=most is not None) if with_zones else (),
    )
    return Population(customers, past)


def memberships(tenant: Tenant, customers: Collection[str], *, some: bool) -> Iterator[tuple[str, str]]:
    """(segment, customer) of every membership in a live, active segment; with `some`, of these customers alone."""
    rows = SegmentMember.objects.of(tenant).filter(segment__in=Segment.everything.of(tenant).active())
    if some:
        rows = rows.filter(customer__customer_id__in=customers)
    return rows.values_list("segment__name", "customer__customer_id").iterator(ROWS_AT_ONCE)


def _rows(tenant: Tenant, names: Sequence[str], active_since: int, since: int, most: int | None) -> pa.Table:
    """The interactions in no order."""
    history, from_instant = Interaction._meta.db_table, connection.ops.adapt_datetimefield_value
    head = ("id", "customer_id", dialect()["ms"].format("at"), f"COALESCE(decision_key, {NOBODY})")
    sql = f"""SELECT {", ".join((*head, *(COLUMN_OF[name] for name in names)))} FROM {history}
        WHERE tenant_id = %s AND NOT void AND at >= %s"""
    parameters = [tenant.pk, from_instant(moment(max(since, EARLIEST)))]
    if most is not None or since < active_since:
        chosen = "" if most is None else f"ORDER BY {SEEDED}, customer_id LIMIT %s"
        sql += f""" AND customer_id IN (SELECT customer_id FROM {history}
            WHERE tenant_id = %s AND NOT void AND at >= %s GROUP BY customer_id {chosen})"""
        parameters += [tenant.pk, from_instant(moment(active_since)), *([] if most is None else [most])]
    return table_of(sql, parameters, pa.schema([*HEAD, *((name, TYPES.get(name, pa.int64())) for name in names)]))


def _coded(column: pa.ChunkedArray) -> tuple[list[Any], Ints]:
    """The different values of a column, None among them where it occurs, and for every row which of them it has."""
    chunks = column.dictionary_encode("encode").chunks  # all of them with one dictionary
    codes: Ints = np.concatenate([np.empty(0, np.int64), *(chunk.indices.to_numpy() for chunk in chunks)])
    return chunks[-1].dictionary.to_pylist() if chunks else [], codes


def _traces(rows: pa.Table, names: Sequence[str]) -> tuple[list[Contact], Ints]:
    """The different things that happened, at no instant, and for every row which of them did."""
    columns = [_coded(rows[name]) for name in names]
    trace = np.zeros(len(rows), np.int64)
    for values, own in columns:
        _, trace = _coded(pa.chunked_array([trace * len(values) + own]))
    somewhere = np.zeros(int(trace.max(initial=NOBODY)) + 1, np.int64)
    somewhere[trace] = np.arange(len(rows))
    kinds = zip(*([values[code] for code in own[somewhere].tolist()] for values, own in columns), strict=True)
    return [Contact(0, **dict(zip(names, kind, strict=True))) for kind in kinds], trace


def _zones(tenant: Tenant, customers: Sequence[str], *, some: bool) -> list[str | None]:
    """The customers' time zones."""
    rows = Customer.objects.of(tenant).exclude(timezone="")
    if some:
        rows = rows.filter(customer_id__in=customers)
    known = dict(rows.values_list("customer_id", "timezone").iterator(ROWS_AT_ONCE))
    return [known.get(customer) for customer in customers]
