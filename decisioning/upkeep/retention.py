"""What is deleted for its age, and what is not: everything that a limit in force still counts, and legal holds.

A limit with a window looks back to an instant; nothing may be cut off behind it. One without a window ("in all") looks
back for ever, so what it counts is kept, however old. Totals over all customers and summaries are carried forward. A
limit that is made later counts what is still there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, Max, OuterRef, QuerySet

from decisioning.contacts import summaries
from decisioning.contacts.carried import carry
from decisioning.contacts.ledgers import contact_told, lock, refill
from decisioning.deciding.histories import EARLIEST
from decisioning.engine.snapshot import PolicyLimit, Snapshot
from decisioning.models import (
    Decision,
    HistoryCut,
    IdempotencyKey,
    Interaction,
    LegalHold,
    Manifest,
    Presentation,
    Reservation,
)
from decisioning.models.reservations import ReservationState
from decisioning.upkeep.backfills import customers_with
from decisioning.upkeep.legal_holds import held_among
from kaireon.batching import by_key, in_batches
from kaireon.database.statements import moment
from kaireon.tenancy import Tenant
from policies.limits import AtMost
from policies.windows import Ever, Window, zone_names

PAGE = 1000
IDEMPOTENCY_DAYS = 30
# No process decides by a configuration that another had left behind by then.
SETTLED = timedelta(hours=1)


@dataclass(frozen=True)
class Overlooked:
    """A limit that looks back further than what is to be kept."""

    limit: PolicyLimit
    since: datetime

    @property
    def name(self) -> str:
        """The policy's or, of a constraint, the creative's name."""
        return self.limit.source.policy_name


def counted_for_ever(snapshot: Snapshot) -> list[AtMost]:
    """The limits in force without a window."""
    tests = (placed.limit.test for placed in snapshot.limits)
    return [test for test in tests if isinstance(test, AtMost) and isinstance(test.window, Ever)]


def overlooked(snapshot: Snapshot, *, now: int, cut: datetime) -> list[Overlooked]:
    """The limits in force that, somewhere on earth, look back behind the cut."""
    found = []
    for placed in snapshot.limits:
        test = placed.limit.test
        if isinstance(test, AtMost) and not isinstance(test.window, Ever):
            since = moment(max(EARLIEST, _first_instant(test.window, snapshot.tenant_timezone, now)))
            found += [Overlooked(placed, since)] if since < cut else []
    return found


def _first_instant(window: Window, tenant_timezone: str | None, now: int) -> int:
    """The earliest instant the window reaches back to, in whatever zone a customer lives."""
    return min(window.localised(customer=zone, tenant=tenant_timezone).since(now) for zone in zone_names())


class Sweep(ABC):
    """One kind of row that is deleted for its age, in batches of its keys."""

    @abstractmethod
    def candidates(self) -> Iterator[Any]:
        """What to look at, in order; read page by page while batches are deleted."""

    @abstractmethod
    def delete(self, keys: Sequence[Any]) -> Counter[str]:
        """Deletes what is old enough; called in a transaction. What it says is how many rows came to what."""


class HistorySweep(Sweep):
    """Customers' interactions before an instant; their ledgers say what is left, their summaries what there was."""

    def __init__(self, tenant: Tenant, *, before: datetime, counted: Sequence[AtMost]) -> None:
        self._tenant, self._before = tenant, before
        self._old = Interaction.objects.of(tenant).filter(at__lt=before)
        self._counted = [test.contacts for test in counted]

    def candidates(self) -> Iterator[str]:
        held = LegalHold.objects.of(self._tenant).values("customer_id")
        return iter(customers_with(self._old.exclude(customer_id__in=held)))

    def delete(self, keys: Sequence[str]) -> Counter[str]:
        lock(self._tenant, keys)
        free = sorted(set(keys) - held_among(self._tenant, keys))
        old = list(self._old.filter(customer_id__in=free))
        going = [interaction for interaction in old if not self._still_counts(interaction)]
        carry(self._tenant, going)
        for some in in_batches(going, PAGE):
            summaries.carry(self._tenant, some)
            Interaction.objects.of(self._tenant).filter(pk__in=[interaction.pk for interaction in some]).delete()
        if going:
            self._note_cut()
        fewer = {interaction.customer_id for interaction in going}
        refill(self._tenant, fewer)
        summaries.refresh(self._tenant, fewer)
        return Counter({"interactions deleted": len(going), "kept for limits": len(old) - len(going)})

    def _note_cut(self) -> None:
        """Imports take nothing back from behind it."""
        row, _ = HistoryCut.objects.get_or_create(tenant=self._tenant, defaults={"before": self._before})
        HistoryCut.objects.filter(pk=row.pk, before__lt=self._before).update(before=self._before)

    def _still_counts(self, interaction: Interaction) -> bool:
        contact = contact_told(interaction)
        return not interaction.void and any(contacts.include(contact) for contacts in self._counted)


class DecisionSweep(Sweep):
    """Decisions before an instant, with what was noted of their lines: nobody can report about them any more."""

    def __init__(self, tenant: Tenant, *, before: datetime) -> None:
        self._rows = Decision.objects.of(tenant).filter(decided_at__lt=before)
        self._tenant = tenant

    def candidates(self) -> Iterator[int]:
        held = LegalHold.objects.of(self._tenant).values("customer_id")
        return _keys_of(self._rows.exclude(customer_id__in=held))

    def delete(self, keys: Sequence[int]) -> Counter[str]:
        rows = self._rows.filter(pk__in=keys)
        held = held_among(self._tenant, set(rows.values_list("customer_id", flat=True)))
        going = list(rows.exclude(customer_id__in=held).values_list("pk", flat=True))
        Presentation.objects.of(self._tenant).filter(decision_key__in=going).delete()
        places = Reservation.objects.of(self._tenant).filter(decision_key__in=going)
        places.exclude(state=ReservationState.OPEN).delete()
        rows.filter(pk__in=going).delete()
        return Counter({"decisions deleted": len(going)})


class ManifestSweep(Sweep):
    """Configurations that no decision refers to and no process decides by any more."""

    def __init__(self, tenant: Tenant, *, now: datetime) -> None:
        decisions = Decision.objects.of(tenant)
        # A newer version was in force then, and no process goes back.
        newest = decisions.filter(decided_at__lt=now - SETTLED).aggregate(newest=Max("version"))["newest"]
        self._rows = Manifest.objects.of(tenant).filter(version__lt=newest or 0)
        self._used = decisions.filter(version=OuterRef("version"))

    def candidates(self) -> Iterator[int]:
        return _keys_of(self._rows)

    def delete(self, keys: Sequence[int]) -> Counter[str]:
        unused = self._rows.filter(~Exists(self._used), pk__in=keys)
        return Counter({"configurations deleted": unused.delete()[0]})


class IdempotencySweep(Sweep):
    """Keys of requests that are no longer protected from being carried out twice."""

    def __init__(self, tenant: Tenant, *, now: datetime) -> None:
        before = now - timedelta(days=IDEMPOTENCY_DAYS)
        self._rows = IdempotencyKey.objects.of(tenant).filter(created_at__lt=before)

    def candidates(self) -> Iterator[int]:
        return _keys_of(self._rows)

    def delete(self, keys: Sequence[int]) -> Counter[str]:
        return Counter({"idempotency keys deleted": self._rows.filter(pk__in=keys).delete()[0]})


def _keys_of(rows: QuerySet[Any]) -> Iterator[int]:
    return (row.pk for row in by_key(rows.only("pk"), size=PAGE))
