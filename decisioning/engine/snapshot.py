"""The compiled configuration of one tenant: every policy as limits in the order in which they are named."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from policies.limits import AtMost, Blocked, Finding, Spend, Total, TotalKey
from policies.rule import ConfigError, Explanation, Limit, Resolve, Rule
from policies.rules import rule_for, slugs
from policies.scope import Assignment, Dimension, Subject, Voice
from policies.windows import Rolling, Window

INFINITE = 1 << 63


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One policy as it is stored; `key` is its integer key, `created_at` in UTC milliseconds."""

    public_id: str
    name: str
    version: int
    rule_type: str
    config: object
    assignments: tuple[Assignment, ...]
    priority: int = 50
    created_at: int = 0
    key: int = 0

    @property
    def order(self) -> tuple[int, int, int]:
        return (-self.priority, -self.created_at, self.key)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a limit comes from, as an explanation names it."""

    policy_id: str
    policy_name: str
    policy_version: int
    rule_type: str
    scope: str
    scope_id: str | None


@dataclass(frozen=True, kw_only=True)
class PolicyLimit:
    """A limit with its source and with what it takes to set it aside."""

    limit: Limit
    source: Source
    bypassable: bool
    stands_for_mandatory: bool

    def concerns(self, candidate: Subject) -> bool:
        return self.limit.concerns.include(candidate)

    def lifted(self, *, override: bool, mandatory: bool) -> bool:
        """Whether a block by this limit is set aside by an override or by the offer being mandatory."""
        return self.bypassable and (override or (mandatory and not self.stands_for_mandatory))


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One version of a tenant's configuration, ready to decide.

    `names` and `public_ids` are keyed by (kind, integer key), kinds being the dimensions of the engine; `segments` are
    the names of the active ones by their keys. `dearest` is the most that showing one candidate costs, in micro-units.
    """

    version: int
    limits: tuple[PolicyLimit, ...]
    tenant_timezone: str | None = None
    names: Mapping[tuple[str, int], str] = field(default_factory=dict)
    public_ids: Mapping[tuple[str, int], str] = field(default_factory=dict)
    dearest: int = 0
    segments: Mapping[int, str] = field(default_factory=dict)

    def horizon(self, now: int, timezone: str | None) -> int:
        """The first instant any limit looks back to; what happened before it concerns no decision at `now`."""
        windows = [window.localised(customer=timezone, tenant=self.tenant_timezone) for window in self._farthest]
        return min([window.since(now) for window in windows], default=now + 1)

    @cached_property
    def reach(self) -> int:
        """How far back (in milliseconds) any limit looks at most, wherever the customer is."""
        return max((window.reach for window in self._farthest), default=0)

    @cached_property
    def budgets(self) -> frozenset[tuple[Dimension | None, int | None]]:
        """The (dimension, key) of every total over all customers that some limit asks for; no key stands for each."""
        tests = (placed.limit.test for placed in self.limits)
        return frozenset((test.dimension, test.target) for test in tests if isinstance(test, Spend))

    def runs_short(self, key: TotalKey, total: Total, *, places: int) -> bool:
        """Whether some budget on this total has not room for so many places more."""
        field, dimension, target = key
        least = min(self._exhausted_at.get((field, dimension, each), INFINITE) for each in (target, None))
        return total.actual + places * (1 if field == "impressions" else self.dearest) >= least

    @cached_property
    def _exhausted_at(self) -> dict[TotalKey, int]:
        """The smallest total that blocks somebody, by what the budgets ask for."""
        found: dict[TotalKey, int] = {}
        for test in (placed.limit.test for placed in self.limits):
            if isinstance(test, Spend):
                key = test.field, test.dimension, test.target
                found[key] = min(found.get(key, INFINITE), test.exhausted_at(self.dearest))
        return found

    @cached_property
    def _farthest(self) -> list[Window]:
        """The windows of which one begins first, whenever it is: of those that roll only the longest."""
        tests = (placed.limit.test for placed in self.limits)
        found = dict.fromkeys(test.window for test in tests if isinstance(test, AtMost))
        rolling = [window for window in found if isinstance(window, Rolling)]
        longest = max(rolling, key=lambda window: window.length, default=None)
        return [window for window in found if window is longest or not isinstance(window, Rolling)]

    def name(self, kind: str, key: int | None) -> str:
        word = kind.replace("_", "-")
        return (
            f"no {word}" if key is None else self.names.get((kind, key), f"{word} {self.public_id(kind, key) or key}")
        )

    def public_id(self, kind: str, key: int | None) -> str | None:
        return None if key is None else self.public_ids.get((kind, key))


def compile_policies(policies: Iterable[Policy], resolve: Resolve) -> tuple[PolicyLimit, ...]:
    """All policies' limits by priority, then newest first, then key."""
    ordered = sorted(policies, key=lambda policy: policy.order)
    return tuple(limit for policy in ordered for limit in compile_policy(policy, resolve))


def compile_policy(policy: Policy, resolve: Resolve) -> list[PolicyLimit]:
    """One policy's limits; a config that cannot be read blocks wherever the policy is assigned."""
    if policy.rule_type not in slugs():
        return _unreadable(policy, f"there is no rule type {policy.rule_type}", stands_for_mandatory=True)
    kind = rule_for(policy.rule_type)
    try:
        rule = kind.parse(policy.config).rule
    except ConfigError as error:
        return _unreadable(policy, str(error), stands_for_mandatory=kind.stands_for_mandatory)
    limits = rule.resolved(resolve).limits(policy.assignments) if rule else ()
    return [_placed(policy, limit, rule.bypassable if rule else True, kind.stands_for_mandatory) for limit in limits]


def compile_constraints(
    *, creative: int, public_id: str, name: str, version: int, constraints: Mapping[str, object]
) -> list[PolicyLimit]:
    """A creative's own constraints, which act exactly like policies scoped to it and are named after it."""
    compiled = []
    assignment = Assignment("creative", creative, public_id=public_id)
    for key, (rule_type, option) in _CONSTRAINTS.items():
        value = constraints.get(key)
        if value is None:
            continue
        policy = Policy(
            public_id=public_id,
            name=name,
            version=version,
            rule_type=rule_type,
            config={option: value},
            assignments=(assignment,),
        )
        rule = _constraint(rule_type, option, value) if isinstance(value, int) else None
        if rule is None:
            compiled += compile_policy(policy, lambda _kind, _id: 0)
        else:
            compiled += [
                _placed(policy, limit, rule.bypassable, rule.stands_for_mandatory)
                for limit in rule.limits([assignment])
            ]
    return compiled


_CONSTRAINTS = {
    "frequencyCapPerDay": ("frequency_cap", "maxPerDay"),
    "cooldownHours": ("cooldown", "cooldownHours"),
}


@lru_cache(maxsize=1024)
def _constraint(rule_type: str, option: str, value: int) -> Rule | None:
    """The rule of a constraint, read once however many creatives have it; None when it cannot be read."""
    try:
        return rule_for(rule_type).parse({option: value}).rule
    except ConfigError:
        return None


def _unreadable(policy: Policy, why: str, *, stands_for_mandatory: bool) -> list[PolicyLimit]:
    # Only a plain true, or nothing said, makes a policy bypassable that nobody can read.
    config = policy.config
    flag = config.get("bypassable") if isinstance(config, Mapping) else False
    blocked = Blocked(why)
    limits = (Limit(blocked, a.candidates(), a, _blocked_explanation(why)) for a in policy.assignments)
    return [_placed(policy, limit, flag is None or flag is True, stands_for_mandatory) for limit in limits]


def _blocked_explanation(why: str) -> Callable[[Finding, Subject, Voice], Explanation]:
    def explain(_finding: Finding, _candidate: Subject, _voice: Voice) -> Explanation:
        return f"The policy's config cannot be read, so it blocks until it is mended: {why}", {"configError": why}

    return explain


def _placed(policy: Policy, limit: Limit, bypassable: bool, stands_for_mandatory: bool) -> PolicyLimit:
    source = Source(
        policy_id=policy.public_id,
        policy_name=policy.name,
        policy_version=policy.version,
        rule_type=policy.rule_type,
        scope=limit.assignment.scope,
        scope_id=limit.assignment.scope_id,
    )
    return PolicyLimit(limit=limit, source=source, bypassable=bypassable, stands_for_mandatory=stands_for_mandatory)
