"""What the overview is made of: tallies of what was decided, offers nobody can get, policies in conflict."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from django.db.models import Exists, OuterRef, Q, Sum

from creatives.models import Creative, Offer
from decisioning.engine.conflicts import Conflict, conflicts
from decisioning.engine.snapshot import compile_policies
from decisioning.in_force.configuration import engine_policy
from decisioning.in_force.naming import key_named
from decisioning.models import DailyTally, PolicyTally
from kaireon import clock
from kaireon.audit import ConfigurationHead
from kaireon.lifecycle import Status
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy, PolicyScope

DAYS = 14
MOST = 8
MOST_LOOKED_AT = 1_000  # policies held against one another: those that are named first
MOST_REMEMBERED = 200


@dataclass(frozen=True, kw_only=True)
class Suppressing:
    """A policy, and the share of the decisions looked at in which it suppressed something."""

    policy: ContactPolicy
    share: float


def tallies_of(tenant: Tenant, today: date) -> list[DailyTally]:
    """One tally for each of the last days, today the last; days without decisions included."""
    first = today - timedelta(days=DAYS - 1)
    found = {row.day: row for row in DailyTally.objects.of(tenant).filter(day__gte=first, day__lte=today)}
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return [found.get(day) or DailyTally(tenant=tenant, day=day) for day in days]


def top_policies(tenant: Tenant, today: date, *, explained: int) -> list[Suppressing]:
    """The policies that suppressed something in most of the decisions looked at."""
    first = today - timedelta(days=DAYS - 1)
    rows = PolicyTally.objects.of(tenant).filter(day__gte=first, day__lte=today).values("policy_key")
    counted = rows.annotate(number=Sum("decisions")).order_by("-number", "policy_key")[:MOST]
    numbers = {row["policy_key"]: row["number"] for row in counted}
    policies = {policy.pk: policy for policy in ContactPolicy.everything.of(tenant).filter(pk__in=numbers)}
    return [
        Suppressing(policy=policies[key], share=number / max(explained, 1) * 100)
        for key, number in numbers.items()
        if key in policies
    ]


def unreachable(tenant: Tenant, now: datetime) -> list[tuple[Offer, str]]:
    """Some active offers that nobody can get as things are configured, and why; policies aside."""
    own = Creative.objects.filter(offer=OuterRef("pk"))
    live = own.filter(status=Status.ACTIVE)
    on_channel = live.filter(channel__status=Status.ACTIVE, channel__deleted_at__isnull=True)
    placed = Q(placement__isnull=True) | Q(placement__status=Status.ACTIVE, placement__deleted_at__isnull=True)
    offers = Offer.objects.of(tenant).filter(status=Status.ACTIVE)
    over = offers.filter(schedule__endsAt__lte=clock.text(now))
    found = [(offer, "its schedule is over") for offer in over.order_by("pk")[:MOST]]
    stuck = offers.filter(~Exists(on_channel.filter(placed, weight__gt=0))).annotate(
        any_own=Exists(own),
        any_live=Exists(live),
        any_on=Exists(on_channel),
        any_placed=Exists(on_channel.filter(placed)),
    )
    known = {offer.pk for offer, _ in found}
    found += [(offer, _why(offer)) for offer in stuck.order_by("pk")[: 2 * MOST] if offer.pk not in known]
    return found[:MOST]


def _why(offer: Offer) -> str:
    asked = (
        ("any_own", "it has no creative"),
        ("any_live", "none of its creatives is active"),
        ("any_on", "the channels of its creatives are not active"),
        ("any_placed", "the placements of its creatives are not active"),
    )
    return next((why for name, why in asked if not getattr(offer, name)), "all its creatives have weight 0")


def conflicts_of(tenant: Tenant) -> tuple[Conflict, ...]:
    """The conflicts between the active policies, worked out once for each version of the configuration."""
    version = ConfigurationHead.objects.values_list("version", flat=True).get(tenant=tenant)
    return _conflicts(tenant.pk, version)


def forget_conflicts() -> None:
    """Drops what was worked out; for tests, which give a tenant's key to another tenant."""
    _conflicts.cache_clear()


@lru_cache(maxsize=MOST_REMEMBERED)
def _conflicts(tenant: int, version: int) -> tuple[Conflict, ...]:
    rows = ContactPolicy.objects.filter(tenant=tenant, status=Status.ACTIVE).order_by("-priority", "-pk")
    policies = list(rows[:MOST_LOOKED_AT])
    scopes: dict[int, list[PolicyScope]] = {}
    for scope in PolicyScope.objects.filter(tenant=tenant, policy__in=rows.values("pk")[:MOST_LOOKED_AT]):
        scopes.setdefault(scope.policy_id, []).append(scope)
    stored = [engine_policy(it, (scope.compiled(dead=False) for scope in scopes.get(it.pk, ()))) for it in policies]
    return tuple(conflicts(compile_policies(stored, _key_of)))


def _key_of(kind: str, public_id: str) -> int:
    """What a config names, by key; whether it still lives makes no difference to a conflict."""
    return key_named(kind, public_id) or 0
