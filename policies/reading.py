"""A policy read back as a sentence: the rule's own words and where it applies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from creatives.models import Creative
from kaireon.tenancy import Tenant
from policies.checks import fault_of
from policies.models import ContactPolicy
from policies.rule import ConfigError
from policies.rules import rule_for
from policies.scope import Namer, phrase
from policies.serializers import REFERENCED

# What sentences name by public id, by the word that rules and scopes use for it.
NAMED: dict[str, type[Any]] = {**REFERENCED, "creative": Creative}


@dataclass(frozen=True)
class Reading:
    """A policy in words; `fault` when its stored config does not parse."""

    text: str
    fault: bool = False


def read(policy: ContactPolicy, name: Namer) -> Reading:
    """The policy's sentence."""
    fault = fault_of(policy)
    if fault is not None:
        return Reading(f"Cannot be read: {fault}", fault=True)
    rule = rule_for(policy.rule_type).parse(policy.config, draft=True).rule
    if rule is None:
        return Reading("Not finished: required settings are missing.")
    places = phrase([assignment.compiled() for assignment in policy.ordered_assignments()], name)
    steadfast = "" if rule.bypassable else " Nothing sets it aside."
    return Reading(f"{rule.sentence(name)}, {places}.{steadfast}")


def namer_for(policies: Iterable[ContactPolicy], *, tenant: Tenant) -> Namer:
    """Tells the names of everything the tenant's policies mention; one query for each kind that occurs."""
    keys: dict[str, set[int]] = {}
    for policy in policies:
        for kind, public_id in _mentioned(policy):
            key = NAMED[kind].id_kind.decode(public_id)
            if key is not None:
                keys.setdefault(kind, set()).add(key)
    names = {
        (kind, row.public_id): f"{row} (deleted)" if row.deleted_at else str(row)
        for kind, wanted in keys.items()
        for row in NAMED[kind].everything.of(tenant).filter(pk__in=wanted).only("pk", "name", "deleted_at")
    }
    # Segments and outcomes are named by the very word that stands in the config.
    return lambda kind, public_id: names.get((kind, public_id), public_id)


def _mentioned(policy: ContactPolicy) -> Iterator[tuple[str, str]]:
    for assignment in policy.ordered_assignments():
        compiled = assignment.compiled()
        if compiled.dimension is not None and compiled.public_id is not None:
            yield compiled.dimension, compiled.public_id
    try:
        rule = rule_for(policy.rule_type).parse(policy.config, draft=True).rule
    except (ConfigError, LookupError):
        return
    for _, kind, public_id in rule.references() if rule is not None else ():
        yield kind, public_id
