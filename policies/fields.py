"""Form fields for rule options, one kind of field for each widget a rule's declaration can ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from kaireon.admin.fields import LinesField, StrictJSONField
from policies.rule import Option
from policies.windows import zone_names

Named = Sequence[tuple[str, str]]
Choices = Callable[[str], Named | None]  # the rows or names of a kind that can be chosen; None for one nobody keeps
Made = Callable[[Option, Choices], forms.Field]

WEEK = ((1, "Monday"), (2, "Tuesday"), (3, "Wednesday"), (4, "Thursday"), (5, "Friday"), (6, "Saturday"), (0, "Sunday"))


class NumberField(forms.FloatField):
    """A number; a whole one stays whole."""

    def to_python(self, value: Any) -> Any:
        number = super().to_python(value)
        return int(number) if number is not None and number.is_integer() and abs(number) < 2**53 else number


def keep_choosable(field: forms.Field, value: Any) -> None:
    """What is stored stays choosable though the tenant no longer has it."""
    if not isinstance(field, forms.ChoiceField) or value is None:
        return
    named: Any = field.choices
    known = {key for key, _ in named}
    stored = value if isinstance(value, list) else [value]
    field.choices = [*named, *((one, f"{one} (not available)") for one in stored if one not in known)]


def field_for(option: Option, choices: Choices) -> forms.Field:
    """The form field of an option; JSON text for a kind of value no field is known for."""
    field = FIELDS.get(option.kind.widget, _json)(option, choices)
    # Whether something is missing is the rule's to say: a draft may lack what an active policy may not.
    field.required = False
    field.label = f"{option.label} *" if option.required else option.label
    field.help_text = option.help
    return field


def _number(option: Option, choices: Choices) -> forms.Field:
    schema = option.kind.json_schema()
    bounds = {"min": schema.get("minimum", schema.get("exclusiveMinimum")), "max": schema.get("maximum")}
    attrs: dict[str, Any] = {name: bound for name, bound in bounds.items() if bound is not None}
    attrs["step"] = 1 if schema.get("type") == "integer" else "any"
    if option.default is not None:
        attrs["placeholder"] = f"{option.default} (default)"
    return NumberField(widget=UnfoldAdminDecimalFieldWidget(attrs=attrs))


def _text(option: Option, choices: Choices) -> forms.Field:
    return forms.CharField(widget=UnfoldAdminTextInputWidget)


def _flag(option: Option, choices: Choices) -> forms.Field:
    return forms.BooleanField(widget=UnfoldBooleanSwitchWidget)


def _choice(option: Option, choices: Choices) -> forms.Field:
    words: Any = option.kind.json_schema()["enum"]
    blank = f"{option.default} (default)" if option.default else "Select value"
    named = [("", blank), *((word, word) for word in words)]
    return forms.ChoiceField(choices=named, widget=UnfoldAdminSelectWidget)


def _zone(option: Option, choices: Choices) -> forms.Field:
    named = [("", "Not set"), *((zone, zone) for zone in sorted(zone_names()))]
    return forms.ChoiceField(choices=named, widget=UnfoldAdminSelect2Widget)


def _lines(option: Option, choices: Choices) -> forms.Field:
    return LinesField()


def _weekdays(option: Option, choices: Choices) -> forms.Field:
    return forms.TypedMultipleChoiceField(choices=WEEK, coerce=int, widget=UnfoldAdminCheckboxSelectMultipleWidget)


def _one(option: Option, choices: Choices) -> forms.Field:
    named = choices(option.kind.reference or "") or ()
    return forms.ChoiceField(choices=[("", "Not set"), *named], widget=UnfoldAdminSelect2Widget)


def _several(option: Option, choices: Choices) -> forms.Field:
    named = choices(option.kind.reference or option.kind.mention or "")
    return (
        LinesField()
        if named is None
        else forms.MultipleChoiceField(choices=named, widget=UnfoldAdminSelect2MultipleWidget)
    )


def _json(option: Option, choices: Choices) -> forms.Field:
    return StrictJSONField()


FIELDS: Mapping[str, Made] = {
    "number": _number,
    "text": _text,
    "flag": _flag,
    "choice": _choice,
    "zone": _zone,
    "lines": _lines,
    "weekdays": _weekdays,
    "category": _one,
    "sub_category": _one,
    "offers": _several,
    "channels": _several,
    "segments": _several,
    "outcomes": _several,
}
