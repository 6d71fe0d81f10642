"""From tables to what the engine decides on: a tenant's configuration, one customer's facts, the budgets' totals.

The last line that may touch the database before deciding. Callers that need configuration and facts of one instant
load both inside one `reading()`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum
from django.db.models.functions import Now

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
from decisioning.configuration import ChannelFacts, Configuration, PlacementFacts, StoredPolicy, item_of
from decisioning.engine.facts import Facts
from decisioning.engine.snapshot import Policy, Snapshot
from decisioning.ledgers import CONTACT_COLUMNS, contact_of, forget_words, recorded
from decisioning.models import Interaction
from decisioning.models.customers import known_of
from decisioning.models.outcomes import IMPRESSION
from kaireon import clock
from kaireon.audit import ConfigurationHead
from kaireon.lifecycle import Lifecycle, Status
from kaireon.reading import reading
from kaireon.tenancy import Tenant
from policies.limits import Spend, Total, TotalKey
from policies.models import ContactPolicy, PolicyScope
from policies.scope import DIMENSIONS, Dimension

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


@dataclass(frozen=True)
class Head:
    """What every decision reads first: the configuration's version, the tenant's zone and the database's clock."""

    version: int
    timezone: str
    read_at: datetime


def current_configuration(tenant: Tenant, *, committed: bool) -> tuple[Configuration, datetime]:
    """The configuration in force and the database's clock; called inside `reading()`, whose answer `committed` is.

    The version is read every time, so an edit made by any process is in force in the next decision. What belongs to
    the version is kept by this process, which never goes back to an older one and loads one version once at a time.
    """
    head = _head(tenant)
    if not committed:  # what a transaction sees of itself may never come to be
        return _load(tenant, head), head.read_at
    kept = _kept.get(tenant.pk)
    if kept is None or kept.version != head.version:
        with _one_at_a_time:
            kept = _kept.get(tenant.pk)
            if kept is None or kept.version < head.version:
                kept = _kept[tenant.pk] = _load(tenant, head)
            elif kept.version > head.version:
                kept = _load(tenant, head)
    return kept, head.read_at


def forget_configurations() -> None:
    """Drops what was kept; for tests, which give a tenant's key to another tenant."""
    _kept.clear()
    forget_words()


def load_configuration(tenant: Tenant) -> Configuration:
    """The tenant's configuration in one consistent view, kept nowhere."""
    with reading():
        return _load(tenant, _head(tenant))


def load_facts(
    tenant: Tenant,
    customer_id: str,
    snapshot: Snapshot,
    *,
    now: datetime,
    as_of: datetime | None = None,
    segments: Iterable[str] = (),
) -> Facts:
    """What is known of a customer at `now`, and the totals the snapshot's budgets ask for.

    With `as_of`, interactions later than it do not exist; without, one dated later (by a machine whose clock is
    ahead) counts as now. The segments are the active ones the customer belongs to today, as nobody keeps former ones,
    and those the caller adds. A customer nobody knows has no contacts. The ledger is read where it reaches back far
    enough, history where it does not, and always with `as_of`.
    """
    existing = Interaction.objects.of(tenant)
    if as_of is not None:
        existing = existing.filter(at__lte=as_of)
    timezone, stored_segments = known_of(tenant, customer_id)
    known: dict[str, Any] = {
        "segments": stored_segments.union(segments),
        "timezone": timezone,
        "totals": _totals(existing, snapshot),
    }
    if as_of is None:
        at = clock.milliseconds(now)
        held = recorded(tenant, customer_id, since=snapshot.horizon(at, timezone), now=at)
        if held is not None:
            return replace(held, **known)
    rows = existing.filter(customer_id=customer_id).values_list(*CONTACT_COLUMNS)
    return Facts.of([contact_of((min(row[0], now), *row[1:])) for row in rows], **known)


def database_clock() -> datetime:
    """The database's clock, which all processes share."""
    expression = "clock_timestamp()" if connection.vendor == "postgresql" else "strftime('%Y-%m-%d %H:%M:%f+00:00')"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {expression}")
        now = cursor.fetchone()[0]
    return clock.cut(datetime.fromisoformat(now) if isinstance(now, str) else now)


def _head(tenant: Tenant) -> Head:
    rows = ConfigurationHead.objects.filter(tenant=tenant).annotate(read_at=Now())
    version, timezone, read_at = rows.values_list("version", "tenant__timezone", "read_at").get()
    return Head(version, timezone, clock.cut(read_at))


def _load(tenant: Tenant, head: Head) -> Configuration:
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
        version=head.version,
        timezone=head.timezone,
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
        names={(kind, key): row.name for kind in rows for key, row in rows[kind].items()},
        public_ids=public_ids,
        keys={public_id: place for place, public_id in public_ids.items()},
    )


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
    engine_policy = Policy(
        public_id=policy.public_id,
        name=policy.name,
        version=policy.version,
        rule_type=policy.rule_type,
        config=policy.config,
        assignments=tuple(assignments),
        priority=policy.priority,
        created_at=clock.milliseconds(policy.created_at),
        key=policy.pk,
    )
    return StoredPolicy(policy=engine_policy, active=policy.status == Status.ACTIVE, warnings=tuple(warnings))


def _totals(existing: Any, snapshot: Snapshot) -> dict[TotalKey, Total]:
    """The totals over all customers that some budget asks for: one query per dimension budgets are kept in."""
    targets: dict[Dimension | None, set[int | None]] = defaultdict(set)
    for placed in snapshot.limits:
        if isinstance(placed.limit.test, Spend):
            targets[placed.limit.test.dimension].add(placed.limit.test.target)
    totals: dict[TotalKey, Total] = {}
    for dimension, keys in targets.items():
        for key, impressions, spend in _sums(existing, dimension, keys):
            totals["impressions", dimension, key] = Total(spent=impressions)
            totals["spend", dimension, key] = Total(spent=int(spend or 0))
    return totals


def _sums(existing: Any, dimension: Dimension | None, keys: set[int | None]) -> Any:
    """(key, impressions, cost in micro-units); a budget for "each" has the target None and needs every key."""
    sums = {"impressions": Count("pk", filter=Q(outcome=IMPRESSION)), "spend": Sum("cost_micros")}
    if dimension is None:
        whole = existing.aggregate(**sums)
        return [(None, whole["impressions"], whole["spend"])]
    column = f"{dimension}_key"
    wanted = {f"{column}__isnull": False} if None in keys else {f"{column}__in": sorted(key for key in keys if key)}
    return existing.filter(**wanted).values_list(column).annotate(**sums).values_list(column, *sums)
