"""Everybody who was active lately, or a sample of them, with their past: read in one streamed statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from django.db import connection

from decisioning.engine.facts import Contact
from decisioning.engine.replay import NOBODY, Past
from decisioning.ledgers import CONTACT_COLUMNS
from decisioning.models import Customer, Interaction, Segment, SegmentMember
from kaireon.statements import dialect, moment
from kaireon.tenancy import Tenant

ROWS_AT_ONCE = 20_000
# The first instant a datetime can name.
EARLIEST = -62_135_596_800_000
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
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    traces: defaultdict[tuple[Any, ...], int] = defaultdict(count().__next__)
    names = [name for name in Contact._fields if name in looked_at]
    columns = [COLUMN_OF[name] for name in names]
    blocks = [np.empty((5, 0), np.int64)]
    for ids, customers, ats, decisions, *rest in _columns(tenant, columns, active_since, since, most):
        who = [*map(numbers.__getitem__, customers)]
        trace = [*map(traces.__getitem__, zip(*rest, strict=True))]
        blocks.append(np.array([ids, who, ats, decisions, trace], np.int64))
    key, who, at, decision, trace = np.concatenate(blocks, axis=1)
    at = np.minimum(at, now)
    order = np.lexsort((key, at, who))
    customers = list(numbers)
    past = Past(
        who=who[order],
        at=at[order],
        trace=trace[order],
        decision=decision[order],
        traces=[Contact(0, **dict(zip(names, trace, strict=True))) for trace in traces],
        zones=_zones(tenant, customers, some=most is not None) if with_zones else (),
    )
    return Population(customers, past)


def memberships(tenant: Tenant, customers: Collection[str], *, some: bool) -> Iterator[tuple[str, str]]:
    """(segment, customer) of every membership in a live, active segment; with `some`, of these customers alone."""
    rows = SegmentMember.objects.of(tenant).filter(segment__in=Segment.everything.of(tenant).active())
    if some:
        rows = rows.filter(customer__customer_id__in=customers)
    return rows.values_list("segment__name", "customer__customer_id").iterator(ROWS_AT_ONCE)


def _columns(
    tenant: Tenant, columns: Collection[str], active_since: int, since: int, most: int | None
) -> Iterator[tuple[Any, ...]]:
    """The interactions a block after the other, each a column after the other, in no order."""
    history, from_instant = Interaction._meta.db_table, connection.ops.adapt_datetimefield_value
    head = ("id", "customer_id", dialect()["ms"].format("at"), f"COALESCE(decision_key, {NOBODY})")
    sql = f"""SELECT {", ".join((*head, *columns))} FROM {history}
        WHERE tenant_id = %s AND NOT void AND at >= %s"""
    parameters = [tenant.pk, from_instant(moment(max(since, EARLIEST)))]
    if most is not None or since < active_since:
        chosen = "" if most is None else f"ORDER BY {SEEDED}, customer_id LIMIT %s"
        sql += f""" AND customer_id IN (SELECT customer_id FROM {history}
            WHERE tenant_id = %s AND NOT void AND at >= %s GROUP BY customer_id {chosen})"""
        parameters += [tenant.pk, from_instant(moment(active_since)), *([] if most is None else [most])]
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield tuple(zip(*rows, strict=True))


def _zones(tenant: Tenant, customers: Sequence[str], *, some: bool) -> list[str | None]:
    """The customers' time zones."""
    rows = Customer.objects.of(tenant).exclude(timezone="")
    if some:
        rows = rows.filter(customer_id__in=customers)
    known = dict(rows.values_list("customer_id", "timezone").iterator(ROWS_AT_ONCE))
    return [known.get(customer) for customer in customers]
