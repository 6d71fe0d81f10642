"""Counts stored decisions into daily tallies, in passing or by command; deciding itself counts nothing.

A decision is counted once: the position moves in the transaction that counts. Keys are given out before they are
committed, some of them seconds ahead (`kaireon.database.keys`), so what is younger than that and any deciding
transaction together may be waits; what is counted is never looked at again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Length

from decisioning.deciding.decided import counts_of, unpack
from decisioning.in_force.configuration import Configuration
from decisioning.in_force.loading import kept
from decisioning.in_force.manifest import configuration_from
from decisioning.models import DailyTally, Decision, Manifest, PolicyTally, TallyProgress
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy

SETTLED = timedelta(seconds=30)  # no key is taken so long before its decision is committed
STRETCH = 20_000  # keys walked through at a time, whosever decisions they are
MOST, MOST_EXPLAINED = 2_000, 20  # decisions counted, and explained, in passing

SMALL = 50_000  # bytes of a manifest that is read in passing


def catch_up(
    tenant: Tenant, *, now: datetime, most: int = MOST, explained: int = MOST_EXPLAINED, remake: bool = False
) -> int:
    """Counts the next decisions; how many. Nothing if somebody else is counting.

    Policies are looked up in a few of them only, since that decides them again. `remake` reads configurations that are
    no longer in force, however large they are; without it the decisions made by large ones are not explained.
    """
    if not TallyProgress.objects.of(tenant).exists():
        TallyProgress.objects.bulk_create([TallyProgress(tenant=tenant)], ignore_conflicts=True)
    with transaction.atomic():
        progress = TallyProgress.objects.of(tenant).select_for_update(skip_locked=True).first()
        if progress is None:
            return 0
        upper = _upper(progress.position, now - SETTLED)
        rows = list(Decision.objects.of(tenant).filter(pk__gt=progress.position, pk__lte=upper).order_by("pk")[:most])
        progress.position = max(progress.position, rows[-1].pk if len(rows) == most else upper)
        if rows:
            progress.counted_to = rows[-1].decided_at
            _add(tenant, rows)
            _explain(tenant, rows[:: max(-(-len(rows) // explained), 1)], remake=remake)
        progress.save()
    return len(rows)


def behind(tenant: Tenant, *, now: datetime) -> bool:
    """Whether there are settled keys that were not walked through."""
    progress = TallyProgress.objects.of(tenant).first()
    position = progress.position if progress else 0
    return _upper(position, now - SETTLED) > position


def _upper(position: int, before: datetime) -> int:
    """The last key up to which everything was decided before an instant, at most a stretch away."""
    newest = Decision.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    first = Decision.objects.filter(pk__gt=position).order_by("pk").values_list("pk", flat=True).first() or newest
    upper = max(min(newest, first + STRETCH), position)
    walked = Decision.objects.filter(pk__gt=position, pk__lte=upper, decided_at__gte=before)
    young = walked.order_by("pk").values_list("pk", flat=True).first()
    return upper if young is None else young - 1


def _add(tenant: Tenant, rows: Iterable[Decision]) -> None:
    """Adds decisions to the tallies of their days."""
    days: dict[date, Counter[str]] = {}
    for row in rows:
        candidates, allowed, lines = counts_of(bytes(row.record))
        counted = {
            "decisions": 1,
            "empty": int(not lines),
            "candidates": candidates,
            "suppressed": candidates - allowed,
        }
        days.setdefault(row.decided_at.date(), Counter()).update(counted)
    for day, counter in days.items():
        _raise(tenant, day, counter)


def _raise(tenant: Tenant, day: date, counted: Mapping[str, int]) -> None:
    DailyTally.objects.bulk_create([DailyTally(tenant=tenant, day=day)], ignore_conflicts=True)
    raised = {name: F(name) + number for name, number in counted.items()}
    DailyTally.objects.of(tenant).filter(day=day).update(**raised)


def _explain(tenant: Tenant, rows: Iterable[Decision], *, remake: bool) -> None:
    """Decides some again, to see which policies suppressed something."""
    configurations: dict[int, Configuration | None] = {}
    explained: Counter[date] = Counter()
    suppressing: Counter[tuple[date, int]] = Counter()
    for row in rows:
        if row.version not in configurations:
            configurations[row.version] = _configuration(tenant, row.version, remake=remake)
        configuration = configurations[row.version]
        if configuration is None:
            continue
        day, (_, chosen) = row.decided_at.date(), unpack(bytes(row.record), tenant, configuration)
        explained[day] += 1
        recommended = chosen.recommended
        ids = recommended.outcome.suppressing(recommended.matched)
        keys = {key for public_id in ids if (key := ContactPolicy.id_kind.decode(public_id)) is not None}
        suppressing.update((day, key) for key in keys)
    for day, number in explained.items():
        _raise(tenant, day, {"explained": number})
    tallies = [PolicyTally(tenant=tenant, day=day, policy_key=key) for day, key in suppressing]
    PolicyTally.objects.bulk_create(tallies, ignore_conflicts=True)
    for (day, key), number in suppressing.items():
        PolicyTally.objects.of(tenant).filter(day=day, policy_key=key).update(decisions=F("decisions") + number)


def _configuration(tenant: Tenant, version: int, *, remake: bool) -> Configuration | None:
    found = kept(tenant.pk)
    if found is not None and found.version == version:
        return found
    manifests = Manifest.objects.of(tenant).filter(version=version)
    small = manifests.alias(size=Length("content")).filter(size__lte=SMALL)
    manifest = manifests.first() if remake else small.first()
    return None if manifest is None else configuration_from(bytes(manifest.content))
