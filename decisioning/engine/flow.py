"""A decision flow's config as recommendations read it: which stages they run through, and with which settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from decisioning.engine import assignment, score
from policies.options import shown
from policies.rule import ConfigError, Problem

# What a config may say; everything else is kept and has no effect.
STAGES = {
    "inventory": ("scope", "offerIds", "categoryIds"),
    "filter": ("contactPolicyIds",),
    "score": ("method",),
    "allocate": ("method",),
}
# The key that holds an inventory's ids, by its scope.
LISTED = {"offers": "offerIds", "categories": "categoryIds"}
SCOPES = ("all", *LISTED)
SCORING = score.METHODS
ALLOCATING = tuple(assignment.METHODS)


@dataclass(frozen=True)
class Inventory:
    """Which offers a flow considers: all of them, those listed by id, or those of the listed categories."""

    scope: str = "all"
    offer_ids: tuple[str, ...] = ()
    category_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Flow:
    """The settings of every stage. Without a config it is the flow of a tenant that has none.

    `contact_policy_ids` governs global assignments only: None stands for all active policies'. `score` and `allocate`
    are the stages' methods.
    """

    inventory: Inventory = field(default_factory=Inventory)
    contact_policy_ids: tuple[str, ...] | None = None
    score: str = "priority_weighted"
    allocate: str = "optimal"

    @classmethod
    def parse(cls, config: object) -> Flow:
        """Reads a config `{"stages": {...}}`; what it leaves out, or gives as null, is as in the built-in flow.

        Raises ConfigError with all problems, each at its place such as `stages.score.method`.
        """
        reader = _Reader(config)
        flow = cls(
            inventory=reader.inventory(),
            contact_policy_ids=reader.ids("filter", "contactPolicyIds"),
            score=reader.choice("score", "method", SCORING) or cls.score,
            allocate=reader.choice("allocate", "method", ALLOCATING) or cls.allocate,
        )
        if reader.problems:
            raise ConfigError(reader.problems)
        return flow


BUILT_IN = Flow()


def unknown_keys(config: object) -> Iterator[str]:
    """The places in a config that no stage knows, such as `stages.score.speed`."""
    top = config if isinstance(config, Mapping) else {}
    yield from (str(key) for key in top if key != "stages")
    stages = _mapping(top.get("stages"))
    for name, stage in stages.items():
        if name not in STAGES:
            yield f"stages.{name}"
        else:
            yield from (f"stages.{name}.{key}" for key in _mapping(stage) if key not in STAGES[name])


class _Reader:
    """Reads one config and collects its problems."""

    def __init__(self, config: object) -> None:
        self.problems: list[Problem] = []
        self.stages: dict[str, Mapping[str, Any]] = {}
        stages = self._object("stages", self._object("", config).get("stages"))
        for name in STAGES:
            self.stages[name] = self._object(f"stages.{name}", stages.get(name))

    def inventory(self) -> Inventory:
        scope = self.choice("inventory", "scope", SCOPES)
        listed = {key: self.ids("inventory", key) for key in LISTED.values()}
        needed = LISTED.get(scope or "")
        if needed is not None and self.stages["inventory"].get(needed) is None:
            self._problem(f"stages.inventory.{needed}", f"is required by the scope {scope}; send a list of ids")
        return Inventory(scope or "all", listed["offerIds"] or (), listed["categoryIds"] or ())

    def choice(self, stage: str, key: str, choices: tuple[str, ...]) -> str | None:
        """One of a few words; None when it is not said."""
        raw = self.stages[stage].get(key)
        if raw is None or (isinstance(raw, str) and raw in choices):
            return raw
        self._problem(f"stages.{stage}.{key}", f"{shown(raw)} is none of: {', '.join(choices)}")
        return None

    def ids(self, stage: str, key: str) -> tuple[str, ...] | None:
        """A list of ids, each once; None when it is not said."""
        raw = self.stages[stage].get(key)
        if raw is None:
            return None
        if not isinstance(raw, list | tuple):
            self._problem(f"stages.{stage}.{key}", f"{shown(raw)} is not a list; send a list of ids")
            return None
        strange = [item for item in raw if not isinstance(item, str)]
        if strange:
            self._problem(f"stages.{stage}.{key}", f"{shown(strange[0])} is not an id; send a list of texts")
            return None
        return tuple(dict.fromkeys(raw))

    def _object(self, place: str, raw: object) -> Mapping[str, Any]:
        if raw is not None and not isinstance(raw, Mapping):
            self._problem(place, f"{shown(raw)} is not an object; send {{...}}")
        return _mapping(raw)

    def _problem(self, place: str, message: str) -> None:
        self.problems.append((place, f"{message}."))


def _mapping(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}
