"""What totals over all customers budgets ask for, and their values: kept ones out of a statement, others added up.

A dimension's totals are kept (`budgets`) from the moment an active policy has a budget in it. Until then, for policies
that are not active, and as of the past, history is added up, which is exact and slow.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import Count, Q, Sum

from decisioning.contacts.carried import carried
from decisioning.engine.snapshot import Snapshot
from decisioning.models import BudgetTotal, Interaction, Reservation
from decisioning.models.budgets import MARKER, WHOLE_TENANT
from decisioning.models.outcomes import IMPRESSION
from kaireon.database.statements import dialect, moment, vendor
from kaireon.tenancy import Tenant
from policies.limits import Total, TotalKey
from policies.scope import Dimension

MOST = 50  # places in one answer

# dimension, key, impressions, micro-units, impressions reserved, micro-units reserved
Row = tuple[str, int, int, int, int, int]
# The sums of a total, in the order of these columns.
COLUMNS = ("impressions", "micros", "reserved_impressions", "reserved_micros")
Pair = tuple[str, int]


@dataclass(frozen=True)
class Asked:
    """The totals some budgets ask for: of single keys, and of every key of whole dimensions."""

    pairs: tuple[Pair, ...] = ()
    whole: tuple[str, ...] = ()

    @property
    def words(self) -> set[str]:
        """Every dimension that is asked about."""
        return {word for word, _ in self.pairs}


@lru_cache(maxsize=1024)
def asked_by(budgets: frozenset[tuple[Dimension | None, int | None]]) -> Asked:
    """What a snapshot's budgets ask for, with the markers that say whether it is kept."""
    pairs: set[Pair] = set()
    whole: set[str] = set()
    for dimension, target in budgets:
        word = dimension or WHOLE_TENANT
        pairs |= {(word, MARKER), (word, target or MARKER)}
        if dimension is not None and target is None:
            whole.add(word)
    return Asked(tuple(sorted(pairs)), tuple(sorted(whole)))


def selection_of(asked: Asked) -> str:
    """The totals as JSON rows, as a part of a statement in which `t` bears the tenant's key; see `parameters_of`.

    It may answer more than was asked, for dimensions and keys are compared one by one, which takes half the time.
    """
    said = dialect()
    row = said["row"].format(f"b.dimension, b.key, {', '.join(f'b.{column}' for column in COLUMNS)}")
    wanted = f"b.dimension {said['words']} AND b.key {said['keys']}"
    if asked.whole:
        wanted = f"({wanted} OR b.dimension {said['words']})"
    table = BudgetTotal._meta.db_table
    return f"(SELECT {said['list'].format(row)} FROM {table} b WHERE b.tenant_id = t.tenant_id AND {wanted})"


def parameters_of(asked: Asked) -> list[Any]:
    """What `selection_of` takes."""
    if not asked.pairs:
        return []
    words, keys = ([*dict.fromkeys(column)] for column in zip(*asked.pairs, strict=True))
    lists = [words, keys, *([list(asked.whole)] if asked.whole else [])]
    return lists if vendor() == "postgresql" else [json.dumps(each) for each in lists]


def totals_of(
    tenant: Tenant, snapshot: Snapshot, rows: Iterable[Row], *, now: int, existing: Any = None
) -> dict[TotalKey, Total]:
    """The totals the snapshot's budgets ask for, out of rows that were read; what is not kept is added up.

    Where it makes a difference, places that have lapsed by `now` (UTC ms) are left out, whether or not anybody has
    settled them. `existing` limits the history that counts, which then is added up in any case.
    """
    asked = asked_by(snapshot.budgets)
    if not asked.pairs:
        return {}
    held = summed(rows)
    kept = {word for word, key in held if key == MARKER} if existing is None else set()
    found: dict[TotalKey, Total] = {}
    for (word, key), sums in held.items():
        if word in kept and (key != MARKER or word == WHOLE_TENANT):
            found |= _totals(word, key, sums)
    for word in asked.words - kept:
        history = Interaction.objects.of(tenant) if existing is None else existing
        wanted = None if word in asked.whole else {key for other, key in asked.pairs if other == word}
        for key, impressions, micros in added_up(tenant, history, word, wanted):
            found |= _totals(word, key, (impressions, micros))
    if any(total.reserved and snapshot.runs_short(key, total, places=MOST) for key, total in found.items()):
        lapsed = _lapsed(tenant, kept, now=now)
        return {key: total.less(lapsed.get(key, 0)) for key, total in found.items()}
    return found


def _totals(word: str, key: int | None, amounts: Sequence[int]) -> Mapping[TotalKey, Total]:
    """A total's impressions and money, as the engine names them; nothing is reserved of what is added up."""
    impressions, micros, reserved_impressions, reserved_micros = [*amounts, 0, 0][: len(COLUMNS)]
    dimension: Any = word or None
    target = None if dimension is None else key
    return {
        ("impressions", dimension, target): Total(impressions, reserved_impressions),
        ("spend", dimension, target): Total(micros, reserved_micros),
    }


def _lapsed(tenant: Tenant, words: Collection[str], *, now: int) -> dict[TotalKey, int]:
    """What is still counted as reserved by places whose time has run out."""
    due = Reservation.objects.of(tenant).open().filter(expires_at__lte=moment(now))
    found: dict[TotalKey, int] = {}
    for word in words:
        for key, *amounts in _by_key(due, word, None, Count("pk")):
            found |= {each: total.reserved for each, total in _totals(word, key, (0, 0, *amounts)).items()}
    return found


def added_up(tenant: Tenant, history: Any, word: str, keys: set[int] | None) -> list[tuple[int, int, int]]:
    """(key, impressions, cost in micro-units) out of history and what was deleted of it; None stands for every key."""
    rows = _by_key(history.filter(void=False), word, keys, Count("pk", filter=Q(outcome=IMPRESSION)))
    found: dict[int, tuple[int, int]] = {}
    for key, impressions, micros in [*rows, *carried(tenant, word, keys)]:
        so_far = found.get(key, (0, 0))
        found[key] = so_far[0] + impressions, so_far[1] + int(micros)
    return [(key, *amounts) for key, amounts in found.items()]


def _by_key(rows: Any, word: str, keys: set[int] | None, impressions: Count) -> list[tuple[int, int, int]]:
    """(key, impressions, cost in micro-units) of rows that have keys and a cost; None stands for every key."""
    sums = {"impressions": impressions, "micros": Sum("cost_micros", default=0)}
    if word == WHOLE_TENANT:
        return [(MARKER, *rows.aggregate(**sums).values())]
    column = f"{word}_key"
    wanted = {f"{column}__isnull": False} if keys is None else {f"{column}__in": sorted(keys - {MARKER})}
    return list(rows.filter(**wanted).values_list(column).annotate(**sums).values_list(column, *sums))


def summed(rows: Iterable[Any]) -> dict[Pair, tuple[int, ...]]:
    """The slices of every total together."""
    sums: dict[Pair, tuple[int, ...]] = {}
    for word, key, *amounts in rows:
        so_far = sums.get((word, key), (0,) * len(COLUMNS))
        sums[word, key] = tuple(one + other for one, other in zip(so_far, amounts, strict=True))
    return sums
