"""One tenant's configuration as of one version: the catalogue as candidates, the policies as the engine reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from decisioning.engine.candidates import Candidate
from decisioning.engine.snapshot import Policy, PolicyLimit, Snapshot, compile_constraints, compile_policies
from decisioning.engine.stock import Stock, Ware
from decisioning.in_force.naming import Names, PublicIds, id_of, key_named
from kaireon import clock
from kaireon.garbage import uncollected
from policies.models import ContactPolicy
from policies.scope import Assignment

MOST_COMPILED = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A live creative as a candidate, with what decides whether it belongs to the inventory.

    `amiss` says what keeps it out whatever the time is; `starts` and `ends` bound its offer's schedule.
    """

    candidate: Candidate
    name: str
    version: int
    constraints: Mapping[str, object]
    amiss: tuple[str, ...]
    starts: datetime | None
    ends: datetime | None
    priority: int = 50
    age: int = 0
    weight: int = 100
    template_type: str = ""
    ab_test_variant: str | None = None

    @property
    def public_id(self) -> str:
        """The creative's."""
        return id_of("creative", self.candidate.creative)

    def absent_because(self, at: datetime) -> list[str]:
        """Why it is not in the inventory at an instant; empty when it is."""
        early = self.starts is not None and at < self.starts
        late = self.ends is not None and at >= self.ends
        return [*self.amiss, *(["its offer is outside its schedule"] if early or late else [])]


@dataclass(frozen=True, kw_only=True)
class ChannelFacts:
    """What decisions ask about a live channel."""

    channel_type: str
    implicit: bool
    atomic: bool


@dataclass(frozen=True, kw_only=True)
class PlacementFacts:
    """What decisions ask about a live placement."""

    name: str
    channel: int
    slots: int


@dataclass(frozen=True)
class FlowFacts:
    """A live flow and its newest published version, which has no number before there is one."""

    key: str
    status: str
    version: int | None
    config: Any


@dataclass(frozen=True, kw_only=True)
class StoredPolicy:
    """A live policy, its status, and warnings about assignments that concern nobody any more."""

    policy: Policy
    active: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What decisions depend on, as of one version of the tenant's configuration; never changed once it is loaded.

    `items`, `channels`, `placements` and `policies` hold live rows only; `names` and `public_ids` are keyed by
    (dimension, key) and know deleted rows too. A part of a configuration (`loading.part`) holds some offers' creatives
    and the policies that may concern them, which are `policies_besides` fewer than all that are in force; a name nobody
    expected is read when it is asked for, and is that of the moment.
    """

    tenant: int
    version: int
    timezone: str
    items: Mapping[int, Item]
    channels: Mapping[int, ChannelFacts]
    placements: Mapping[int, PlacementFacts]
    policies: Mapping[str, StoredPolicy]
    names: Names
    policies_besides: int = 0
    flows: tuple[FlowFacts, ...] = ()  # the default first
    outcomes: Mapping[str, str] = field(default_factory=dict)  # the live outcome types' classifications
    segments: Mapping[int, str] = field(default_factory=dict)  # the names of the live, active segments
    published: dict[str | None, Any] = field(default_factory=dict, repr=False)  # what `flows.published` worked out
    compiled: dict[tuple[str, ...] | None, Snapshot] = field(default_factory=dict, repr=False)
    shown: dict[tuple[int, int | None], dict[str, Any]] = field(default_factory=dict, repr=False)  # what answers repeat

    def key_of(self, kind: str, public_id: object) -> int | None:
        """The key of a row of this kind, deleted or not."""
        key = key_named(kind, public_id)
        return key if key is not None and (kind, key) in self.names else None

    @cached_property
    def public_ids(self) -> PublicIds:
        """The ids of all that has a name."""
        return PublicIds(self.names)

    def inventory(self, at: datetime) -> list[Item]:
        """Active creatives of active offers inside their schedule, on active channels."""
        return [item for item in self.items.values() if not item.absent_because(at)]

    def in_force(self, ids: Collection[str] | None) -> list[StoredPolicy]:
        """The active policies, or exactly those with these ids, whatever their status."""
        if ids is None:
            return [stored for stored in self.policies.values() if stored.active]
        return [self.policies[public_id] for public_id in dict.fromkeys(ids)]

    def snapshot(self, ids: Collection[str] | None = None) -> Snapshot:
        """The policies in force and the creatives' own constraints, compiled; the last few are kept."""
        asked = None if ids is None else tuple(dict.fromkeys(ids))
        if asked not in self.compiled:
            if len(self.compiled) >= MOST_COMPILED:
                self.compiled.clear()
            self.compiled[asked] = self._compile(asked)
        return self.compiled[asked]

    @cached_property
    def atomic(self) -> frozenset[int]:
        """The channels that fill all their named placements or none."""
        return frozenset(key for key, channel in self.channels.items() if channel.atomic)

    @cached_property
    def implicit(self) -> frozenset[int]:
        """The channels on which being recommended is the contact."""
        return frozenset(key for key, channel in self.channels.items() if channel.implicit)

    @cached_property
    def stock(self) -> Stock:
        """The active creatives with all active policies, laid out for recommendations."""
        with uncollected():
            wares = [self._ware(item) for item in self.items.values() if not item.amiss]
            return Stock(self.snapshot(), wares, tenant=self.tenant)

    def _ware(self, item: Item) -> Ware:
        candidate = item.candidate
        return Ware(
            candidate=candidate,
            offer_id=self.public_ids["offer", candidate.offer],
            channel_type=self.channels[candidate.channel or 0].channel_type,
            priority=item.priority,
            age=item.age,
            weight=item.weight,
            starts=None if item.starts is None else clock.milliseconds(item.starts),
            ends=None if item.ends is None else clock.milliseconds(item.ends),
        )

    @uncollected()
    def _compile(self, ids: Collection[str] | None) -> Snapshot:
        policies = [stored.policy for stored in self.in_force(ids)]
        limits = compile_policies(policies, lambda kind, public_id: self.key_of(kind, public_id) or 0)
        return Snapshot(
            version=self.version,
            limits=(*limits, *self._constraints()),
            tenant_timezone=self.timezone,
            names=self.names,
            public_ids=self.public_ids,
            dearest=max((item.candidate.cost for item in self.items.values()), default=0),
            segments=self.segments,
        )

    def _constraints(self) -> Iterator[PolicyLimit]:
        for key, item in self.items.items():
            if item.constraints:
                yield from compile_constraints(
                    creative=key,
                    public_id=item.public_id,
                    name=item.name,
                    version=item.version,
                    constraints=item.constraints,
                )


def engine_policy(policy: ContactPolicy, assignments: Iterable[Assignment]) -> Policy:
    """A stored policy as the engine reads it."""
    return Policy(
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
