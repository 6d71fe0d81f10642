"""The form of a contact policy: its fields come from the declaration of the chosen rule; none is named here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from kaireon.admin.fields import StrictJSONField
from kaireon.admin.forms import LifecycleForm
from policies.fields import Choices, field_for, keep_choosable
from policies.options import Ref, RefusedError
from policies.rule import Option, Rule
from policies.rules import rule_for
from policies.scopes_field import ScopesField, Targets

PREFIX = "config."
EMPTY: tuple[Any, ...] = (None, "", [])


class PolicyForm(LifecycleForm):
    """A policy; `rule` is the chosen rule, None for a stored slug that no rule bears any more.

    An option whose field was not touched keeps the value that is stored, exactly; what no field can show (keys no
    option claims, values their option refuses) is kept as JSON in `other`.
    """

    rule: ClassVar[type[Rule] | None]

    other = StrictJSONField(
        label="Other keys (JSON)",
        help_text="Kept with the policy and without effect on it; empty for most policies.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = self._kept()
        shown, self.unshown = presented(self.options(), self.kept)
        self.initial.update({PREFIX + key: value for key, value in shown.items()})
        for key, value in shown.items():
            keep_choosable(self.fields[PREFIX + key], value)
        self.initial["other"] = self.unshown
        self.initial["scopes"] = [scope.wire() for scope in self._assignments()] or [
            {"scope": "offer", "scopeId": None}
        ]
        if self.rule is not None and not self.is_bound:
            self.initial["rule_type"] = self.rule.slug

    def options(self) -> tuple[Option, ...]:
        """What the chosen rule declares."""
        return self.rule.options() if self.rule is not None else ()

    def payload(self) -> dict[str, Any]:
        payload = super().payload()
        payload.pop("config", None)
        policy, config = self.instance, self.config()
        if policy.pk is None or config != policy.config:
            payload["config"] = config
        return payload

    def config(self) -> dict[str, Any]:
        """The config the fields say."""
        config = dict(self.cleaned_data.get("other") or {})
        for option in self.options():
            name = PREFIX + option.key
            if name not in self.changed_data and option.key in self.kept:
                if option.key not in self.unshown:
                    config[option.key] = self.kept[option.key]
                continue
            value = self.cleaned_data.get(name)
            if name in self.changed_data and value not in EMPTY:
                self._refuse_twice(option, config)
                config[option.key] = value
            elif option.required and option.key not in config and _takes_nothing(option):
                config[option.key] = []
        return config

    def form_name(self, field: str) -> str | None:
        if field.startswith(PREFIX) or field == "config":
            return field if field in self.fields else "other"
        return "scopes" if field.startswith("scope") else super().form_name(field)

    def refuse_field(self, field: str, message: str) -> None:
        """Faults of a scope go to its row; with a single row the API names none."""
        if field in {"scope", "scopeId"} or field.startswith("scopes["):
            found = re.match(r"scopes\[(\d+)\]", field)
            scopes: Any = self.fields["scopes"]
            scopes.refuse_row(int(found.group(1)) if found else 0, message)
            self.add_error("scopes", "Correct the marked scopes.") if not self.has_error("scopes") else None
            return
        super().refuse_field(field, message)

    def _kept(self) -> dict[str, Any]:
        """The stored config without the keys that only the rule it had before knows."""
        stored = self.instance.config
        if self.instance.pk is None or not isinstance(stored, dict):
            return {}
        if self.rule is not None and self.rule.slug == self.instance.rule_type:
            return dict(stored)
        try:
            former = {option.key for option in rule_for(self.instance.rule_type).options()}
        except LookupError:
            former = set()
        dropped = former - {option.key for option in self.options()}
        return {key: value for key, value in stored.items() if key not in dropped}

    def _assignments(self) -> list[Any]:
        return self.instance.ordered_assignments() if self.instance.pk is not None else []

    def _refuse_twice(self, option: Option, config: Mapping[str, Any]) -> None:
        if option.key in config and config[option.key] != self.unshown.get(option.key):
            self.add_error("other", f"{option.key} has a field of its own; leave it out here.")


def policy_form(rule: type[Rule] | None, *, choices: Choices, targets: Targets) -> type[PolicyForm]:
    """The form class for a rule: PolicyForm with a field for each of its options, `config.maxPerDay` and so on."""
    declared: dict[str, Any] = {PREFIX + option.key: field_for(option, choices) for option in _options(rule)}
    declared["scopes"] = ScopesField(targets=targets)
    return type("PolicyForm", (PolicyForm,), {**declared, "rule": rule, "__module__": __name__})


def presented(options: tuple[Option, ...], config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the options' fields show of a config, and what they cannot show."""
    shown: dict[str, Any] = {}
    unshown = dict(config)
    for option in options:
        raw = unshown.pop(option.key, None)
        if raw is None:
            shown[option.key] = option.default if isinstance(option.default, bool) else None
            continue
        try:
            shown[option.key] = _plain(option.kind.parse(raw))
        except RefusedError:
            unshown[option.key] = raw
    return shown, unshown


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.public_id if isinstance(value, Ref) else value


def _options(rule: type[Rule] | None) -> tuple[Option, ...]:
    return rule.options() if rule is not None else ()


def _takes_nothing(option: Option) -> bool:
    try:
        option.kind.parse([])
    except RefusedError:
        return False
    return True
