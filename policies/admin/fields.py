"""Form fields for rule options, one kind of field for each widget a rule's declaration can ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.template.loader import render_to_string
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from kaireon.admin.fields import LinesField, StrictJSONField
from policies.admin.lookup_field import LookupField
from policies.directory import ZONE, Directory
from policies.rule import Option

Made = Callable[[Option, Directory], forms.Field]

WEEK = ((1, "Monday"), (2, "Tuesday"), (3, "Wednesday"), (4, "Thursday"), (5, "Friday"), (6, "Saturday"), (0, "Sunday"))


class NumberField(forms.FloatField):
    """A number; a whole one stays whole."""

    def to_python(self, value: Any) -> Any:
        number = super().to_python(value)
        return int(number) if number is not None and number.is_integer() and abs(number) < 2**53 else number


class MeasureWidget(UnfoldAdminDecimalFieldWidget):
    """A number with what it counts written behind it."""

    template_name = "admin/policies/measure.html"

    def __init__(self, attrs: dict[str, Any], unit: str) -> None:
        super().__init__(attrs)
        self.unit = unit

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        return {**super().get_context(name, value, attrs), "unit": self.unit}

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> Any:
        """From the project's templates, which Django's own form renderer does not look into."""
        return render_to_string(template_name, context)


class RowOfBoxesWidget(UnfoldAdminCheckboxSelectMultipleWidget):
    """Check boxes side by side."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        return {**super().get_context(name, value, attrs), "radio_style": 1}


def field_for(option: Option, directory: Directory) -> forms.Field:
    """The form field of an option; JSON text for a kind of value no field is known for."""
    field = FIELDS.get(option.kind.widget, _json)(option, directory)
    # Whether something is missing is the rule's to say: a draft may lack what an active policy may not.
    field.required = False
    field.label = f"{option.label} *" if option.required else option.label
    field.help_text = f"{option.help} {bounds_of(option)}".strip()
    return field


def bounds_of(option: Option) -> str:
    """The numbers an option takes, in words; nothing where it takes no number."""
    schema: Mapping[str, Any] = option.kind.json_schema()
    least, most, above = (schema.get(key) for key in ("minimum", "maximum", "exclusiveMinimum"))
    if schema.get("type") not in {"integer", "number"}:
        return ""
    kind = "A whole number" if schema["type"] == "integer" else "A number"
    if above is not None:
        return f"{kind} above {above}."
    return f"{kind} from {least} to {most}." if most is not None else f"{kind}, {least} or more."


def _number(option: Option, directory: Directory) -> forms.Field:
    schema = option.kind.json_schema()
    bounds = {"min": schema.get("minimum", schema.get("exclusiveMinimum")), "max": schema.get("maximum")}
    attrs: dict[str, Any] = {name: bound for name, bound in bounds.items() if bound is not None}
    attrs["step"] = 1 if schema.get("type") == "integer" else "any"
    if option.default is not None:
        attrs["placeholder"] = f"{option.default} (default)"
    return NumberField(widget=MeasureWidget(attrs, option.unit))


def _text(option: Option, directory: Directory) -> forms.Field:
    return forms.CharField(widget=UnfoldAdminTextInputWidget)


def _flag(option: Option, directory: Directory) -> forms.Field:
    return forms.BooleanField(widget=UnfoldBooleanSwitchWidget)


def _choice(option: Option, directory: Directory) -> forms.Field:
    words: Any = option.kind.json_schema()["enum"]
    blank = f"{option.default} (default)".capitalize() if option.default else "Select value"
    named = [("", blank), *((word, word.capitalize()) for word in words)]
    return forms.ChoiceField(choices=named, widget=UnfoldAdminSelectWidget)


def _zone(option: Option, directory: Directory) -> forms.Field:
    return LookupField(directory, ZONE, many=False)


def _lines(option: Option, directory: Directory) -> forms.Field:
    return LinesField()


def _weekdays(option: Option, directory: Directory) -> forms.Field:
    return forms.TypedMultipleChoiceField(choices=WEEK, coerce=int, widget=RowOfBoxesWidget)


def _one(option: Option, directory: Directory) -> forms.Field:
    return LookupField(directory, option.kind.reference or "", many=False)


def _several(option: Option, directory: Directory) -> forms.Field:
    kind = option.kind.reference or option.kind.mention or ""
    return LookupField(directory, kind, many=True) if directory.keeps(kind) else LinesField()


def _json(option: Option, directory: Directory) -> forms.Field:
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
