"""A policy read back: its sentence, what is odd about it, the week it leaves open. From a state, saved or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kaireon.tenancy import Tenant
from policies.checks import fault_in
from policies.directory import Directory
from policies.models import SCOPED, PolicyScope
from policies.rule import ConfigError, Rule
from policies.rules import rule_for
from policies.scope import EACH, Assignment, Namer, phrase
from policies.week import Week, week_of

State = Mapping[str, Any]  # a policy in the API's names, as `ContactPolicy.state` gives it


@dataclass(frozen=True)
class Reading:
    """A policy in words: what it says and where; `fault` when its config does not parse, `week` its opening hours."""

    says: str
    places: str = ""
    fault: bool = False
    steadfast: bool = False
    week: Week | None = None

    @property
    def text(self) -> str:
        """The whole sentence."""
        where = f", {self.places}." if self.places else ""
        return self.says + where + (" Nothing sets it aside." if self.steadfast else "")


def read(state: State, name: Namer) -> Reading:
    """The policy's sentence."""
    fault = fault_in(state)
    if fault is not None:
        return Reading(f"Cannot be read: {fault}", fault=True)
    rule = rule_in(state)
    if rule is None:
        return Reading(f"Not finished: {_lacking(state)}.")
    assignments = assignments_in(state)
    return Reading(
        says=rule.sentence(name),
        places=phrase(assignments, name) or "but nowhere yet",
        steadfast=not rule.bypassable,
        week=week_of(rule.limits(assignments or [Assignment("global")])),
    )


def namer_for(states: Iterable[State], *, tenant: Tenant) -> Namer:
    """Tells the names of everything the states mention; one query for each kind that occurs."""
    wanted: dict[str, set[str]] = {}
    for state in states:
        for kind, public_id in _mentioned(state):
            wanted.setdefault(kind, set()).add(public_id)
    directory = Directory(tenant)
    names = {kind: directory.names(kind, ids) for kind, ids in wanted.items()}
    return lambda kind, public_id: names.get(kind, {}).get(public_id, public_id)


def rule_in(state: State) -> Rule | None:
    """The rule of a state; None when its config is incomplete or does not parse."""
    try:
        return rule_for(str(state["ruleType"])).parse(state["config"], draft=True).rule
    except (ConfigError, LookupError):
        return None


def _lacking(state: State) -> str:
    """What an incomplete config lacks, by the labels of its fields."""
    rule, config = rule_for(str(state["ruleType"])), state["config"]
    labels = {option.key: f"“{option.label}”" for option in rule.options()}
    missing = [labels[it.key] for it in rule.options() if it.required and config.get(it.key) is None]
    alternatives = [labels[key] for key in rule.at_least_one if config.get(key) is None]
    if alternatives and len(alternatives) == len(rule.at_least_one):
        missing.append(f"at least one of {', '.join(alternatives)}")
    return f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} needed"


def assignments_in(state: State) -> list[Assignment]:
    """Where a state applies; scopes that name nothing (yet) are left out."""
    return [PolicyScope.read(scope).compiled() for scope in state.get("scopes") or () if _complete(scope)]


def _complete(scope: Mapping[str, Any]) -> bool:
    kind, scope_id = scope["scope"], scope["scopeId"]
    if kind == "global" or scope_id == EACH:
        return True
    named = SCOPED.get(kind)
    return named is not None and isinstance(scope_id, str) and named.id_kind.decode(scope_id) is not None


def _mentioned(state: State) -> Iterator[tuple[str, str]]:
    for assignment in assignments_in(state):
        if assignment.dimension is not None and assignment.public_id is not None:
            yield assignment.dimension, assignment.public_id
    rule = rule_in(state)
    for _, kind, named in (*rule.references(), *rule.mentions()) if rule is not None else ():
        yield kind, named
