"""From tables to a tenant's configuration, read in one view and kept by this process for as long as it is in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from threading import Lock
from typing import Any

from django.db.models import OuterRef, Subquery

from creatives.models import (
    Category,
    Channel,
    CouplingMode,
    Creative,
    ImpressionMode,
    Offer,
    Placement,
    SubCategory,
)
from decisioning.configuration import (
    ChannelFacts,
    Configuration,
    FlowFacts,
    PlacementFacts,
    StoredPolicy,
    engine_policy,
    item_of,
)
from decisioning.models import DecisionFlow, FlowVersion, OutcomeType, Segment
from kaireon.audit import ConfigurationHead
from kaireon.lifecycle import Lifecycle, Status
from kaireon.reading import reading
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy, PolicyScope
from policies.scope import DIMENSIONS

KINDS: dict[str, type[Lifecycle]] = {
    "offer": Offer,
    "creative": Creative,
    "channel": Channel,
    "placement": Placement,
    "category": Category,
    "sub_category": SubCategory,
}
# Large columns no decision looks at.
UNREAD = {"creative": ("content", "personalization", "metrics"), "offer": ("metadata", "short_desc")}
Rows = dict[str, dict[int, Any]]

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


def _load(tenant: Tenant, version: int, timezone: str) -> Configuration:
    """Everything of one version; the number of queries does not depend on its size."""
    rows: Rows = {kind: _rows_by_key(kind, tenant) for kind in KINDS}
    policies = list(ContactPolicy.objects.of(tenant))
    scopes = list(PolicyScope.objects.filter(tenant=tenant).order_by("position"))
    public_ids = {(kind, key): row.public_id for kind in rows for key, row in rows[kind].items()}
    live = {kind: {key: row for key, row in rows[kind].items() if row.deleted_at is None} for kind in rows}
    _link(live["creative"].values(), rows)
    scopes_of: dict[int, list[PolicyScope]] = defaultdict(list)
    for scope in scopes:
        scopes_of[scope.policy_id].append(scope)
    return Configuration(
        tenant=tenant.pk,
        version=version,
        timezone=timezone,
        items={
            key: item_of(
                creative,
                public_id=public_ids["creative", key],
                categories=live["category"],
                sub_categories=live["sub_category"],
            )
            for key, creative in sorted(live["creative"].items())
        },
        channels={key: _channel(row) for key, row in live["channel"].items()},
        placements={key: _placement(row) for key, row in live["placement"].items()},
        policies={policy.public_id: _stored(policy, scopes_of[policy.pk], rows) for policy in policies},
        flows=_flows(tenant),
        segments=dict(Segment.objects.of(tenant).active().values_list("pk", "name")),
        outcomes=dict(OutcomeType.objects.of(tenant).order_by("pk").values_list("key", "classification")),
        names={(kind, key): row.name for kind in rows for key, row in rows[kind].items()},
        public_ids=public_ids,
        keys={public_id: place for place, public_id in public_ids.items()},
    )


def _flows(tenant: Tenant) -> tuple[FlowFacts, ...]:
    """The live flows, the default first, each with its newest published version."""
    newest = FlowVersion.objects.filter(flow=OuterRef("pk")).order_by("-version")
    flows = DecisionFlow.objects.filter(tenant=tenant).order_by("-is_default", "pk")
    rows = flows.annotate(newest=Subquery(newest.values("version")[:1]), config=Subquery(newest.values("config")[:1]))
    return tuple(FlowFacts(*row) for row in rows.values_list("key", "status", "newest", "config"))


def _channel(row: Channel) -> ChannelFacts:
    return ChannelFacts(
        channel_type=row.channel_type,
        implicit=row.impression_mode == ImpressionMode.IMPLICIT,
        atomic=row.coupling_mode == CouplingMode.ATOMIC,
    )


def _placement(row: Placement) -> PlacementFacts:
    return PlacementFacts(name=row.name, channel=row.channel_id, slots=row.max_slots)


def _rows_by_key(kind: str, tenant: Tenant) -> dict[int, Any]:
    rows = KINDS[kind].everything.of(tenant).defer(*UNREAD.get(kind, ()))
    return {row.pk: row for row in rows}


def _link(creatives: Iterable[Creative], rows: Rows) -> None:
    """Gives every creative the offer, channel and placement that were read beside it."""
    for creative in creatives:
        creative.offer = rows["offer"][creative.offer_id]
        creative.channel = rows["channel"][creative.channel_id]
        if creative.placement_id is not None:
            creative.placement = rows["placement"][creative.placement_id]


def _stored(policy: ContactPolicy, scopes: Iterable[PolicyScope], rows: Rows) -> StoredPolicy:
    assignments, warnings = [], []
    for scope in scopes:
        row = rows[DIMENSIONS[scope.scope]].get(scope.target) if scope.target is not None else None
        dead = scope.target is not None and (row is None or row.deleted_at is not None)
        assignments.append(scope.compiled(dead=dead))
        if dead:
            named = f'"{row.name}"' if row is not None else scope.scope_id
            warnings.append(
                f'The policy "{policy.name}" is assigned to the deleted {scope.scope} {named}; '
                "that assignment concerns nobody any more."
            )
    stored = engine_policy(policy, assignments)
    return StoredPolicy(policy=stored, active=policy.status == Status.ACTIVE, warnings=tuple(warnings))
