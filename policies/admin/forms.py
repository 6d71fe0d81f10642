"""The form of a contact policy: its fields come from the declaration of the chosen rule; none is named here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms

from kaireon.admin.fields import StrictJSONField
from kaireon.admin.forms import LifecycleForm
from kaireon.lifecycle import Lifecycle
from kaireon.writing import Writing
from policies.admin.cards import RuleCards
from policies.admin.fields import field_for
from policies.admin.scopes_field import BLANK, NOUNS, ScopesField
from policies.directory import Directory
from policies.models import SCOPED, rule_choices
from policies.options import Ref, RefusedError
from policies.reading import State
from policies.rule import Option, Preset, Rule
from policies.rules import rule_for

PREFIX = "config."
EMPTY: tuple[Any, ...] = (None, "", [])
NEEDED = "This is needed."
NOWHERE = "Type a name and choose one, or pick “Each …” or “Everyone and everything”."


class PolicyForm(LifecycleForm):
    """A policy; `rule` is the chosen rule, None for a stored slug that no rule bears any more.

    An option whose field was not touched keeps the value that is stored, exactly; what no field can show (keys no
    option claims, values their option refuses) is kept as JSON in `other`.
    """

    rule: ClassVar[type[Rule] | None]
    preset: ClassVar[Preset | None] = None

    rule_type = forms.ChoiceField(label="Rule", choices=rule_choices, widget=RuleCards)
    other = StrictJSONField(
        of=dict,
        label="Other keys (JSON)",
        help_text="Kept with the policy and without effect on it; empty for most policies.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = self._kept()
        shown, self.unshown = presented(self.options(), self.kept)
        self.initial.update({PREFIX + key: value for key, value in shown.items()})
        self.initial["other"] = self.unshown
        self.initial.setdefault("scopes", [scope.wire() for scope in self._assignments()] or [BLANK])
        if self.rule is not None and not self.is_bound:
            self.initial["rule_type"] = self.rule.slug

    def options(self) -> tuple[Option, ...]:
        """What the chosen rule declares."""
        return self.rule.options() if self.rule is not None else ()

    def state(self) -> State:
        """The policy as the form says it, finished or not; a reading takes it."""
        if not self.is_bound:
            stored = self.instance.state() if self.instance.pk is not None else {"status": "draft", "scopes": []}
            slug = self.rule.slug if self.rule is not None else self.instance.rule_type
            return {"config": self.kept, **stored, "ruleType": slug} | ({"config": self.kept} if self.preset else {})
        config = self.config()
        scopes = self.cleaned_data.get("scopes") or []
        return {"ruleType": self.cleaned_data.get("rule_type"), "config": config, "status": "draft", "scopes": scopes}

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

    # -- what is said of it --------------------------------------------------------------------------------------

    def judged(self) -> dict[str, Any]:
        """With the scopes, changed or not: what is odd about a policy depends on where it applies."""
        return {"scopes": self.cleaned_data.get("scopes") or [], **self.payload()}

    def judge(self) -> None:
        super().judge()
        self.warnings = [self.spoken(warning) for warning in self.warnings]

    def write(self, unit: Writing) -> tuple[Lifecycle, list[str]]:
        row, warnings = super().write(unit)
        return row, [self.spoken(warning) for warning in warnings]

    def said(self) -> list[tuple[str, list[str]]]:
        """Every field with faults and what they say; of the scopes what is wrong in which row, marked or not."""
        marks: Any = self.fields["scopes"].widget
        told = {name: list(faults) for name, faults in self.errors.items()}
        return list((told | {"scopes": marks.said()} if marks.refused else told).items())

    def spoken(self, message: str) -> str:
        """A message of the API with the form's labels in place of config keys."""
        return re.sub(r"^is missing: (.)", lambda found: found[1].upper(), in_labels(message, self.options()))

    def form_name(self, field: str) -> str | None:
        if field.startswith(PREFIX) or field == "config":
            return field if field in self.fields else "other"
        return "scopes" if field.startswith("scope") else super().form_name(field)

    def refuse_field(self, field: str, message: str) -> None:
        """Faults of a scope go to its row; with a single row the API names none."""
        if field in {"scope", "scopeId"} or field.startswith("scopes["):
            found = re.match(r"scopes\[(\d+)\]", field)
            self._refuse_scope(int(found.group(1)) if found else 0, message)
            return
        if field == "scopes":
            super().refuse_field(field, "Add at least one place where the policy holds.")
            return
        missing = self._lacks(field.removeprefix(PREFIX))
        super().refuse_field(field, NEEDED if missing else self.spoken(message))

    def _refuse_scope(self, index: int, message: str) -> None:
        field: Any = self.fields["scopes"]
        rows = self.cleaned_data.get("scopes") or []
        row = rows[index] if index < len(rows) else BLANK
        kind, key = row["scope"], row["scopeId"]
        if kind in SCOPED and not key:
            message = NOWHERE
        elif kind in SCOPED and SCOPED[kind].id_kind.decode(key) is None and "no live" in message:
            message = f"There is no {NOUNS[kind]} called “{key}”."
        field.refuse_row(index, message)
        self.add_error("scopes", "Correct the marked scopes.") if not self.has_error("scopes") else None

    def _lacks(self, key: str) -> bool:
        """Whether a required option was left out."""
        required = any(option.key == key and option.required for option in self.options())
        return required and PREFIX + key not in self.unread and self.cleaned_data.get(PREFIX + key) in EMPTY

    # -- what is there -------------------------------------------------------------------------------------------

    def _kept(self) -> dict[str, Any]:
        """The stored config without the keys that only the rule it had before knows; a preset's for a new policy."""
        stored = self.instance.config
        if self.instance.pk is None or not isinstance(stored, dict):
            return dict(self.preset.config) if self.preset is not None and not self.is_bound else {}
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
        twice = option.key in config and config[option.key] != self.unshown.get(option.key)
        if twice and not self.has_error("other"):
            self.add_error("other", f"{option.key} has a field of its own; leave it out here.")


def policy_form(rule: type[Rule] | None, directory: Directory, *, preset: Preset | None = None) -> type[PolicyForm]:
    """The form class for a rule: PolicyForm with a field for each of its options, `config.maxPerDay` and so on."""
    declared: dict[str, Any] = {PREFIX + option.key: field_for(option, directory) for option in _options(rule)}
    declared["scopes"] = ScopesField(directory)
    return type("PolicyForm", (PolicyForm,), {**declared, "rule": rule, "preset": preset, "__module__": __name__})


def in_labels(message: str, options: Iterable[Option]) -> str:
    """A message in which the labels of a form stand for the keys of a config."""
    labels = {option.key: option.label for option in options}
    keys = "|".join(map(re.escape, labels)) or "(?!)"
    return re.sub(rf"\b(?:config\.)?({keys})\b", lambda found: f"“{labels[found[1]]}”", message)


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
