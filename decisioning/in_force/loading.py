"""From tables to a tenant's configuration, read in one view and kept by this process for as long as it is in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from threading import Lock

from django.db.models import OuterRef, Subquery

from decisioning.in_force.catalogue import Catalogue
from decisioning.in_force.concerned import concerning
from decisioning.in_force.configuration import Configuration, FlowFacts, StoredPolicy, engine_policy
from decisioning.in_force.naming import NamesOnDemand, places_in
from decisioning.models import DecisionFlow, FlowVersion, OutcomeType, Segment
from kaireon.audit import ConfigurationHead
from kaireon.database.reading import reading
from kaireon.garbage import uncollected
from kaireon.lifecycle import LifecycleQuerySet, Status
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy, PolicyScope
from policies.scope import DIMENSIONS

_kept: dict[int, Configuration] = {}
_one_at_a_time = Lock()


def kept(tenant: int) -> Configuration | None:
    """The configuration this process read last; whether it is still in force its version says."""
    return _kept.get(tenant)


def loaded(tenant: Tenant, *, version: int, timezone: str, committed: bool) -> Configuration:
    """The configuration of a version that was read, with the tenant's zone, in the same `reading()`.

    What belongs to a version is kept by this process, which never goes back to an older one and loads one version once
    at a time. What is not `committed`, as a transaction sees of itself, may never come to be and is not kept.
    """
    found = _kept.get(tenant.pk)
    if found is not None and found.version == version:
        return found
    if not committed:
        return _load(tenant, version, timezone)
    with _one_at_a_time:
        found = _kept.get(tenant.pk)
        if found is None or found.version < version:
            found = _kept[tenant.pk] = _load(tenant, version, timezone)
        elif found.version > version:
            found = _load(tenant, version, timezone)
    return found


def forget_configurations() -> None:
    """Drops what was kept; for tests, which give a tenant's key to another tenant."""
    _kept.clear()


def load_configuration(tenant: Tenant) -> Configuration:
    """The tenant's configuration in one consistent view, kept nowhere."""
    with reading():
        head = ConfigurationHead.objects.select_related("tenant").get(tenant=tenant)
        return _load(tenant, head.version, head.tenant.timezone)


@uncollected()
def part(tenant: Tenant, *, version: int, timezone: str, offers: Collection[int]) -> Configuration:
    """The part of a version that some offers' creatives depend on, for one question, so that the rest is not loaded.

    It decides about them, and explains, as the whole does. It knows no flows.
    """
    catalogue = Catalogue(tenant, offers=offers)
    active = ContactPolicy.objects.of(tenant).filter(status=Status.ACTIVE)
    policies = active.filter(concerning(tenant, offers, [item.candidate for item in catalogue.items.values()]))
    found = _configuration(tenant, version, timezone, catalogue, policies)
    names = NamesOnDemand(tenant, found.names)
    for kind, keys in places_in(stored.policy.config for stored in found.policies.values()).items():
        names.read(kind, keys)
    return replace(found, names=names, policies_besides=active.count() - len(found.policies))


@uncollected()
def _load(tenant: Tenant, version: int, timezone: str) -> Configuration:
    """Everything of one version; the number of queries does not depend on its size."""
    whole = _configuration(tenant, version, timezone, Catalogue(tenant), ContactPolicy.objects.of(tenant))
    return replace(whole, flows=_flows(tenant))


def _configuration(
    tenant: Tenant, version: int, timezone: str, catalogue: Catalogue, policies: LifecycleQuerySet[ContactPolicy]
) -> Configuration:
    scopes_of: dict[int, list[PolicyScope]] = defaultdict(list)
    for scope in PolicyScope.objects.filter(tenant=tenant, policy__in=policies).order_by("position"):
        scopes_of[scope.policy_id].append(scope)
    return Configuration(
        tenant=tenant.pk,
        version=version,
        timezone=timezone,
        items=catalogue.items,
        channels=catalogue.channels(),
        placements=catalogue.placements(),
        policies={policy.public_id: _stored(policy, scopes_of[policy.pk], catalogue) for policy in policies},
        segments=dict(Segment.objects.of(tenant).active().values_list("pk", "name")),
        outcomes=dict(OutcomeType.objects.of(tenant).order_by("pk").values_list("key", "classification")),
        names=catalogue.names,
    )


def _flows(tenant: Tenant) -> tuple[FlowFacts, ...]:
    """The live flows, the default first, each with its newest published version."""
    newest = FlowVersion.objects.filter(flow=OuterRef("pk")).order_by("-version")
    flows = DecisionFlow.objects.filter(tenant=tenant).order_by("-is_default", "pk")
    rows = flows.annotate(newest=Subquery(newest.values("version")[:1]), config=Subquery(newest.values("config")[:1]))
    return tuple(FlowFacts(*row) for row in rows.values_list("key", "status", "newest", "config"))


def _stored(policy: ContactPolicy, scopes: Iterable[PolicyScope], catalogue: Catalogue) -> StoredPolicy:
    assignments, warnings = [], []
    for scope in scopes:
        place = None if scope.target is None else (DIMENSIONS[scope.scope], scope.target)
        dead = place is not None and catalogue.is_dead(place)
        assignments.append(scope.compiled(dead=dead))
        if dead and place is not None:
            name = catalogue.names.get(place)
            named = scope.scope_id if name is None else f'"{name}"'
            warnings.append(
                f'The policy "{policy.name}" is assigned to the deleted {scope.scope} {named}; '
                "that assignment concerns nobody any more."
            )
    stored = engine_policy(policy, assignments)
    return StoredPolicy(policy=stored, active=policy.status == Status.ACTIVE, warnings=tuple(warnings))
