"""What a contact policy looks like in the API, and what makes a payload valid. No rule is known here by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from creatives.models import Category, Channel, Offer, SubCategory
from kaireon.api.fields import ChoiceField, ObjectField, TextField, WholeField, shown
from kaireon.api.serializers import ResourceSerializer
from kaireon.lifecycle import Lifecycle, Status
from kaireon.tenancy import Tenant
from policies.models import SCOPE_CHOICES, SCOPED, ContactPolicy, PolicyScope, rule_choices
from policies.rule import ConfigError, Rule
from policies.rules import rule_for
from policies.scope import EACH, Assignment

Fault = tuple[str, str]

# What a rule's references may name, by the word its options use.
REFERENCED: dict[str, type[Lifecycle]] = {
    "offer": Offer,
    "channel": Channel,
    "category": Category,
    "sub_category": SubCategory,
}
# The names a tenant knows, by the word a rule mentions them with; the app that keeps them adds a line in its `ready()`.
known_names: dict[str, Callable[[Tenant], set[str]]] = {}

MOST_SCOPES = 1000


@extend_schema_field(
    {
        "type": "array",
        "maxItems": MOST_SCOPES,
        "items": {
            "type": "object",
            "properties": {
                "scope": {"type": "string", "enum": [name for name, _ in SCOPE_CHOICES]},
                "scopeId": {"type": "string", "nullable": True},
            },
            "required": ["scope"],
        },
    }
)
class ScopesField(serializers.Field):  # type: ignore[type-arg]
    """The scope assignments: `[{scope, scopeId}]` in, with id and creation time out."""

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        if not isinstance(data, list):
            raise serializers.ValidationError(f"{shown(data)} is not a list; send [{{scope, scopeId}}].")
        if len(data) > MOST_SCOPES:
            raise serializers.ValidationError(
                f'{len(data)} scopes are more than {MOST_SCOPES}; send fewer, or "*" for each of a kind.'
            )
        if not all(isinstance(item, dict) for item in data):
            raise serializers.ValidationError("Every scope is an object; send [{scope, scopeId}].")
        return [{"scope": item.get("scope"), "scopeId": item.get("scopeId")} for item in data]

    def to_representation(self, value: Any) -> Any:
        raise NotImplementedError


class ContactPolicySerializer(ResourceSerializer):
    """A contact policy with its scope assignments; the legacy pair mirrors the first of them."""

    model = ContactPolicy

    description = TextField(required=False, allow_blank=True, default="")
    status = ChoiceField(choices=Status.choices, required=False, default=Status.ACTIVE)
    ruleType = ChoiceField(source="rule_type", choices=rule_choices())
    config = ObjectField(required=False, default=dict)
    priority = WholeField(required=False, default=50, min_value=0, max_value=100)
    scope = ChoiceField(choices=SCOPE_CHOICES, required=False)
    scopeId = TextField(source="scope_id", required=False, allow_blank=True)
    scopes = ScopesField(required=False)

    def to_representation(self, instance: ContactPolicy) -> dict[str, Any]:
        assignments = instance.ordered_assignments()
        first = assignments[0] if assignments else None
        for name in ("scope", "scopeId", "scopes"):
            self.fields[name].write_only = True
        shown_row: dict[str, Any] = super().to_representation(instance)
        return shown_row | {
            "scope": first.scope if first else None,
            "scopeId": first.scope_id if first else None,
            "scopes": [
                {
                    "id": assignment.public_id,
                    "contactPolicyId": instance.public_id,
                    **assignment.wire(),
                    "createdAt": self.fields["createdAt"].to_representation(assignment.created_at),
                }
                for assignment in assignments
            ],
        }

    def check(self, values: dict[str, Any], data: Mapping[str, Any], faulty: frozenset[str]) -> list[Fault]:
        faults: list[Fault] = []
        pair = values.pop("scope", None), values.pop("scope_id", None)
        assignments = None
        if not faulty & {"scope", "scopeId", "scopes"}:
            wanted = self._wanted(pair, values.pop("scopes", None))
            assignments, found = self._assignments(wanted) if wanted is not None else (None, [])
            faults += found
        if assignments is not None:
            values["assignments"] = assignments
        if not faulty & {"ruleType", "config", "status"}:
            faults += self._rule_faults(values, None if faults else self._engine_assignments(values))
        return faults

    def split(self, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
        own = {name: value for name, value in values.items() if name != "assignments"}
        return own, {"scopes": values["assignments"]} if "assignments" in values else None

    # -- scopes --------------------------------------------------------------------------------------------------

    def _wanted(
        self, pair: tuple[str | None, str | None], scopes: list[dict[str, Any]] | None
    ) -> list[dict[str, Any]] | None:
        """The assignments the payload asks for; None leaves them as they are."""
        if scopes:
            if pair != (None, None) and not _mirrors(pair, scopes[0]):
                self.warnings.append("scopes was given, so scope and scopeId were ignored; they differ from scopes[0].")
            return scopes
        if pair != (None, None):
            first = self._first()
            scope = pair[0] or first["scope"]
            return [{"scope": scope, "scopeId": pair[1] if pair[1] is not None else self._kept_id(scope, first)}]
        if scopes is not None:
            return []
        return [{"scope": "offer", "scopeId": None}] if self.instance is None else None

    def _first(self) -> dict[str, Any]:
        existing = self.instance.ordered_assignments() if self.instance is not None else []
        return existing[0].wire() if existing else {"scope": "offer", "scopeId": None}

    @staticmethod
    def _kept_id(scope: str, first: dict[str, Any]) -> str | None:
        return None if scope == "global" else first["scopeId"]

    def _assignments(self, wanted: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Fault]]:
        """The assignments in their normal form, and what is wrong with them."""
        if not wanted:
            return [], [("scopes", "A policy needs at least one scope; leave scopes out to keep those it has.")]
        usable = self._usable(wanted)
        normal: list[dict[str, Any]] = []
        faults: list[Fault] = []
        seen: set[tuple[str, Any]] = set()
        for index, item in enumerate(wanted):
            scope, fault = self._one(item, usable)
            if fault is None and (scope["scope"], scope["scopeId"]) in seen:
                fault = "scope", f"{_spoken(scope)} is assigned twice; send it once."
            if fault is None:
                seen.add((scope["scope"], scope["scopeId"]))
            else:
                faults.append((fault[0] if len(wanted) == 1 else f"scopes[{index}].{fault[0]}", fault[1]))
            normal.append(scope)
        return normal, faults

    def _one(self, item: dict[str, Any], usable: set[tuple[str, Any]]) -> tuple[dict[str, Any], Fault | None]:
        scope, scope_id = item["scope"], item["scopeId"]
        known = [name for name, _ in SCOPE_CHOICES]
        if scope not in known:
            return item, ("scope", f"{shown(scope)} is no scope; send one of {', '.join(known)}.")
        if scope == "global":
            if scope_id not in (None, ""):
                self.warnings.append(f"A global scope has no scopeId; {shown(scope_id)} was dropped.")
            return {"scope": scope, "scopeId": None}, None
        if scope_id in (None, ""):
            return item, (
                "scopeId",
                f'The scope {scope} needs a scopeId: send the id of one, "*" for each of them, '
                'or the scope "global" for everything.',
            )
        if not isinstance(scope_id, str) or (scope_id != EACH and (scope, scope_id) not in usable):
            return item, ("scopeId", f"There is no live {scope} with the id {shown(scope_id)}.")
        return {"scope": scope, "scopeId": scope_id}, None

    def _usable(self, wanted: list[dict[str, Any]]) -> set[tuple[str, Any]]:
        """What may be assigned: what already is (references are checked when they change), and live rows."""
        existing = self.instance.ordered_assignments() if self.instance is not None else []
        usable: set[tuple[str, Any]] = {(assignment.scope, assignment.scope_id) for assignment in existing}
        for scope, model in SCOPED.items():
            named = {item["scopeId"] for item in wanted if item["scope"] == scope and isinstance(item["scopeId"], str)}
            usable |= {(scope, public_id) for public_id in self._live(model, named)}
        return usable

    # -- the rule ------------------------------------------------------------------------------------------------

    def _engine_assignments(self, values: dict[str, Any]) -> list[Assignment]:
        if "assignments" in values:
            scopes = [PolicyScope.read(wire) for wire in values["assignments"]]
        else:
            scopes = self.instance.ordered_assignments() if self.instance is not None else []
        return [scope.compiled() for scope in scopes]

    def _rule_faults(self, values: dict[str, Any], assignments: list[Assignment] | None) -> Iterator[Fault]:
        """Faults of the config, judged only when something the rule depends on changes."""
        rule_changes = self.changed("rule_type", values) or self.changed("config", values)
        if not rule_changes and not self.changed("status", values) and "assignments" not in values:
            return
        rule_type, status = self.after("rule_type", values), self.after("status", values)
        if self.instance is not None and not rule_changes and status in {Status.PAUSED, Status.ARCHIVED}:
            return  # a policy whose stored config went bad can still be taken out of force
        config = self.after("config", values, {})
        try:
            parsed = rule_for(rule_type).parse(config, draft=status == Status.DRAFT)
        except ConfigError as error:
            for key, message in error.problems:
                yield f"config.{key}" if key else "config", message
            return
        self.warnings += [
            f"config.{key} is unknown to {rule_type}; it is kept and has no effect." for key in parsed.unknown
        ]
        yield from self._reference_faults(rule_type, config)
        if parsed.rule is not None and assignments is not None:
            yield from parsed.rule.refusals(assignments)
            self.warnings += [*parsed.rule.warnings(assignments), *self._unknown_names(parsed.rule)]

    def _reference_faults(self, rule_type: str, config: Mapping[str, Any]) -> Iterator[Fault]:
        before = set(_references_in(self.instance.rule_type, self.instance.config)) if self.instance else set()
        named = [reference for reference in _references_in(rule_type, config) if reference not in before]
        kinds = {kind for _, kind, _ in named}
        live = {kind: self._live(REFERENCED[kind], {row for _, of, row in named if of == kind}) for kind in kinds}
        for key, kind, public_id in named:
            if public_id not in live[kind]:
                name = REFERENCED[kind]._meta.verbose_name
                yield f"config.{key}", f"There is no live {name} with the id {shown(public_id)}."

    def _live(self, model: type[Lifecycle], public_ids: set[Any]) -> set[str]:
        """Those of the ids that name live rows of the tenant, in one query."""
        keys = {key for public_id in public_ids if (key := model.id_kind.decode(public_id)) is not None}
        found = model.everything.of(self.unit.tenant).live().filter(pk__in=keys).values_list("pk", flat=True)
        return {model.id_kind.encode(key) for key in found} if keys else set()

    def _unknown_names(self, rule: Rule) -> Iterator[str]:
        kinds = {kind for _, kind, _ in rule.mentions()} & known_names.keys()
        known = {kind: known_names[kind](self.unit.tenant) for kind in kinds}
        for key, kind, name in rule.mentions():
            if kind in known and name not in known[kind]:
                yield f'config.{key} names the {kind} "{name}", which does not exist (yet).'


def _mirrors(pair: tuple[str | None, str | None], first: dict[str, Any]) -> bool:
    return all(
        given is None or (given or None) == other
        for given, other in zip(pair, (first["scope"], first["scopeId"]), strict=True)
    )


def _spoken(scope: dict[str, Any]) -> str:
    return f"{scope['scope']} {scope['scopeId'] or ''}".strip()


def _references_in(rule_type: str, config: Any) -> Iterator[tuple[str, str, str]]:
    """(config key, kind, public id) of all that a config refers to, an incomplete or faulty one's too."""
    try:
        options = rule_for(rule_type).options()
    except LookupError:
        return
    for declared in options if isinstance(config, Mapping) else ():
        raw = config.get(declared.key)
        if declared.kind.reference is not None and raw is not None:
            for public_id in raw if isinstance(raw, list) else [raw]:
                if isinstance(public_id, str):
                    yield declared.key, declared.kind.reference, public_id
