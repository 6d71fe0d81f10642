"""Keeping the totals that budgets ask for as history is written, so that nobody adds it up (`totals` reads them)."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

import orjson
from django.db import connection, transaction

from decisioning.contacts.happening import Happening
from decisioning.contacts.totals import COLUMNS, Asked, Pair, Row, added_up, summed
from decisioning.engine.program import Program
from decisioning.engine.snapshot import compile_policy
from decisioning.in_force.configuration import engine_policy
from decisioning.models import BudgetTotal, Interaction, Reservation
from decisioning.models.budgets import MARKER, WHOLE_TENANT
from decisioning.models.outcomes import IMPRESSION
from kaireon.database.statements import dialect, fetch, write
from kaireon.lifecycle import Status
from kaireon.tenancy import Tenant
from kaireon.writing import Writing
from policies.limits import Spend
from policies.models import ContactPolicy

SLICES = 16
# How an upsert of totals, which are called `b`, adds what it brings to what is there.
ADDING = ", ".join(f"{column} = b.{column} + excluded.{column}" for column in COLUMNS)


class Costly(Protocol):
    """What counts in totals: besides its cost in micro-units it has the keys of what it concerns."""

    @property
    def cost_micros(self) -> int: ...


def count(tenant: Tenant, interactions: Sequence[Interaction | Happening], *, step: int = 1) -> set[Pair]:
    """Adds interactions, which were stored in this transaction before, to the totals that are kept; -1 takes back."""
    amounts = [(each, (step * (each.outcome == IMPRESSION), step * each.cost_micros, 0, 0)) for each in interactions]
    return _distribute(tenant, amounts)


def hold(tenant: Tenant, places: Sequence[Reservation], *, step: int = 1) -> set[Pair]:
    """Adds places to what is reserved of the totals that are kept; -1 gives them back."""
    return _distribute(tenant, [(each, (0, 0, step, step * each.cost_micros)) for each in places])


def take(tenant: Tenant, contacts: Sequence[Costly], places: Sequence[Costly]) -> set[Pair]:
    """Adds what a decision binds, stored in this transaction before, to the totals that are kept; which they were."""
    counted = [(each, (1, each.cost_micros, 0, 0)) for each in contacts]
    return _distribute(tenant, [*counted, *((each, (0, 0, 1, each.cost_micros)) for each in places)])


def nearly_exhausted(tenant: Tenant, program: Program, touched: Collection[Pair], *, most: int) -> bool:
    """Whether others who add to these totals at the same moment could exceed a budget; asked after adding to them.

    Nobody sees what others have added and not committed. But whoever adds holds the row of a slice, so there are at
    most as many of them as other slices, and each adds at most `most` places.
    """
    if not touched:
        return False
    words, keys = zip(*touched, strict=True)
    rows = BudgetTotal.objects.of(tenant).filter(dimension__in=set(words), key__in=set(keys))
    sums = summed(rows.values_list("dimension", "key", *COLUMNS))
    dearest = max((candidate.cost for candidate in program.index.candidates), default=0)
    for (field, dimension, target), _, shares in program.budgets:
        pair = dimension or WHOLE_TENANT, target or MARKER
        if pair in touched and shares:
            impressions, micros, reserved_impressions, reserved_micros = sums.get(pair, (0, 0, 0, 0))
            unit = 1 if field == "impressions" else dearest
            used = impressions + reserved_impressions if field == "impressions" else micros + reserved_micros
            if used + (SLICES - 1) * most * unit >= min(exhausted_at for exhausted_at, _ in shares):
                return True
    return False


def lock(tenant: Tenant, pairs: Collection[Pair]) -> None:
    """Holds every slice of these totals, so that what is read next stays true until the commit.

    History comes first, as for everybody who writes: whoever holds writers back adds to totals, too.
    """
    _hold_history("ROW EXCLUSIVE")
    every = [
        BudgetTotal(tenant=tenant, dimension=word, key=key, slice=number)
        for word, key in sorted(pairs)
        for number in range(SLICES)
    ]
    BudgetTotal.objects.bulk_create(every, ignore_conflicts=True)
    words, keys = ({word for word, _ in pairs}, {key for _, key in pairs})
    rows = BudgetTotal.objects.of(tenant).filter(dimension__in=words, key__in=keys)
    list(rows.select_for_update().order_by("dimension", "key", "slice").values_list("pk"))


def keep_missing(tenant: Tenant, asked: Asked, rows: Iterable[Row]) -> None:
    """Keeps the dimensions that are asked about and not kept yet: what binds must not rest on what is added up."""
    missing = asked.words - {word for word, key, *_ in rows if key == MARKER}
    if missing:
        keep(tenant, missing)


def keep(tenant: Tenant, words: Iterable[str]) -> None:
    """From here on keeps the totals of these dimensions.

    Nobody may write history or take places between their being added up and the first total that is kept, so PostgreSQL
    holds writers back meanwhile; on SQLite only one transaction writes at a time.
    """
    with transaction.atomic():
        _hold_history("SHARE")
        for word in sorted(words):
            marker = BudgetTotal(tenant=tenant, dimension=word, key=MARKER, slice=0)
            if not BudgetTotal.objects.of(tenant).filter(dimension=word, key=MARKER, slice=0).exists():
                sums = added_up(tenant, Interaction.objects.of(tenant), word, None)
                found = {(word, key): [impressions, micros, 0, 0] for key, impressions, micros in sums}
                BudgetTotal.objects.bulk_create([marker], ignore_conflicts=True)
                _add(tenant, found, own_slice=0)
                places = Reservation.objects.of(tenant).open()
                _distribute(tenant, [(place, (0, 0, 1, place.cost_micros)) for place in places], words={word})


def _hold_history(mode: str) -> None:
    """What everybody holds as `ROW EXCLUSIVE` who writes history or takes places; `SHARE` holds all of them back."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            tables = ", ".join(model._meta.db_table for model in (Interaction, Reservation))
            cursor.execute(f"LOCK TABLE {tables} IN {mode} MODE")


def recount(tenant: Tenant) -> int:
    """Adds up anew what is kept; the number of dimensions. Nobody adds to totals between their going and coming."""
    with transaction.atomic():
        _hold_history("SHARE")
        rows = BudgetTotal.objects.of(tenant)
        words = set(rows.filter(key=MARKER, slice=0).values_list("dimension", flat=True))
        rows.delete()
        keep(tenant, words)
    return len(words)


def keep_what_is_asked(unit: Writing) -> None:
    """Once a policy with a budget is in force, its dimension's totals are kept; until that is done they are added up.

    After the commit, for it waits for those who write history, and they may be waiting for the head.
    """
    policies = {entry.row for entry in unit.written if isinstance(entry.row, ContactPolicy)}
    words = {word for policy in policies if policy.status == Status.ACTIVE for word in _asked_by_policy(policy)}
    if words:
        transaction.on_commit(lambda: keep(unit.tenant, words), robust=True)


def _asked_by_policy(policy: ContactPolicy) -> set[str]:
    assignments = [assignment.compiled() for assignment in policy.ordered_assignments()]
    limits = compile_policy(engine_policy(policy, assignments), lambda _kind, _public_id: 0)
    tests = (placed.limit.test for placed in limits)
    return {test.dimension or WHOLE_TENANT for test in tests if isinstance(test, Spend)}


def _distribute(
    tenant: Tenant, amounts: Sequence[tuple[Any, Sequence[int]]], *, words: Collection[str] | None = None
) -> set[Pair]:
    """Adds the amounts of things that have keys to the totals that are kept, or to those named; which they were."""
    if not amounts:
        return set()
    kept = _kept(tenant) if words is None else words
    added: dict[Pair, list[int]] = {}
    for thing, amount in amounts:
        for word in kept:
            key = MARKER if word == WHOLE_TENANT else getattr(thing, f"{word}_key")
            if key is not None:
                so_far = added.setdefault((word, key), [0] * len(COLUMNS))
                added[word, key] = [one + other for one, other in zip(so_far, amount, strict=True)]
    _add(tenant, added, own_slice=own_slice())
    return set(added)


def _kept(tenant: Tenant) -> list[str]:
    """The dimensions whose totals are kept."""
    table = BudgetTotal._meta.db_table
    rows = fetch(f"SELECT dimension FROM {table} WHERE tenant_id = %s AND key = {MARKER} AND slice = 0", [tenant.pk])
    return [word for (word,) in rows]


def own_slice() -> int:
    """The slice this process adds to."""
    return os.getpid() % SLICES


def _add(tenant: Tenant, added: Mapping[Pair, Sequence[int]], *, own_slice: int) -> None:
    """Adds to the slices, in the order of their keys, so that two who add to many never wait for each other."""
    rows = [(*pair, *amounts) for pair, amounts in added.items() if any(amounts)]
    if rows:
        numbers = ", ".join(f"CAST(a.value ->> {place} AS bigint)" for place in range(1, 2 + len(COLUMNS)))
        sql = f"""INSERT INTO {BudgetTotal._meta.db_table} AS b
                (tenant_id, slice, dimension, key, {", ".join(COLUMNS)})
            SELECT CAST(%s AS bigint), CAST(%s AS smallint), a.value ->> 0, {numbers} FROM {dialect()["each"]}
            ORDER BY 3, 4
            ON CONFLICT (tenant_id, dimension, key, slice) DO UPDATE SET {ADDING} RETURNING key"""
        write(sql, [tenant.pk, own_slice, orjson.dumps(rows).decode()])
