"""The form of a creative: fields for the content of its template type, typed constraints, rows for its tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms
from django.forms.utils import ErrorDict
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from creatives.admin.template_type_field import ASKS_FIELDS, SHOWN, TemplateTypeWidget
from creatives.admin.tokens_field import TokensField
from creatives.fields import CONSTRAINTS
from creatives.previewing import Draft
from creatives.template_types import ContentField, TemplateType
from creatives.tokens import places_said
from creatives.variants import Place
from kaireon.admin.fields import ExactTextField, StrictJSONField
from kaireon.admin.forms import LifecycleForm
from kaireon.admin.objects import ObjectFields

CONSTRAINT_LABELS = {
    "frequencyCapPerDay": ("Contacts per day", "At most so many of this creative to one customer within 24 hours."),
    "cooldownHours": ("Cooldown in hours", "So long after each contact the customer is not shown this creative again."),
    "priorityOverride": ("Priority", "From 0 to 100; for this creative it replaces the offer's priority."),
}
UNREADABLE = "The JSON of the content cannot be read as an object; what it holds is left out."


class CreativeForm(LifecycleForm):
    """A creative; `template` is the type whose fields the page shows, which may be about to change.

    A page that asks for another type's fields is shown again as it was typed, neither judged nor stored.
    """

    template: ClassVar[TemplateType]

    personalization = TokensField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("template_type", self.template.slug)
        row = self.instance
        keys = [field.key for field in self.template.fields]
        self.objects = [
            ObjectFields("content", keys, row.content, shows=_is_text),
            ObjectFields("constraints", CONSTRAINTS, row.constraints, shows=_is_whole),
        ]
        for one in self.objects:
            self.initial.update(one.initial())
            self.fields[one.name].widget.attrs["rows"] = 2 if one.fields else 12
        if not keys:
            self.fields["content"].label, self.fields["content"].help_text = "Content (JSON)", ""
        tokens: Any = self.fields["personalization"].widget
        content = self._content(self._said(["content", *self.objects[0].fields.values()]))
        tokens.places = places_said(content, self.template)

    @property
    def asks_fields(self) -> bool:
        """Whether the page asks to be shown again with the fields of another type."""
        return ASKS_FIELDS in self.data

    # -- what is sent --------------------------------------------------------------------------------------------

    def is_valid(self) -> bool:
        return not self.asks_fields and super().is_valid()

    def full_clean(self) -> None:
        if self.asks_fields:
            self._errors, self.cleaned_data = ErrorDict(), {}
            return
        super().full_clean()

    def payload(self) -> dict[str, Any]:
        payload = super().payload()
        for one in self.objects:
            payload.pop(one.name, None)
            whole = one.read(self.cleaned_data, changed=self.changed_data, refuse=self.add_error)
            if self.instance.pk is None or _differ(whole, getattr(self.instance, one.name)):
                payload[one.name] = whole
        return payload

    def refuse_field(self, field: str, message: str) -> None:
        """Faults of a mapping go to its row."""
        row = re.match(r"personalization\[(\d+)\]", field)
        if row is None:
            super().refuse_field(field, message)
            return
        tokens: Any = self.fields["personalization"]
        tokens.refuse_row(int(row.group(1)), message)
        if not self.has_error("personalization"):
            self.add_error("personalization", "Correct the marked tokens.")

    # -- what is looked at ---------------------------------------------------------------------------------------

    def draft(self) -> Draft:
        """What the fields say at the moment, valid or not; nothing is stored and no fault is noted on the form."""
        said = self._said(self.fields)
        channel, offer, placement = said.get("channel"), said.get("offer"), said.get("placement")
        mappings = said.get("personalization") or []
        return Draft(
            key=self.instance.pk,
            name=said.get("name") or "This creative",
            template_type=said.get("template_type") or self.template.slug,
            content=self._content(said),
            personalization=[mapping for mapping in mappings if mapping.get("variable")],
            weight=said.get("weight") or 0,
            place=Place(offer=offer, channel=channel, placement=placement) if offer and channel else None,
            faults=() if isinstance(said.get("content", ""), dict | None) else (UNREADABLE,),
        )

    def _content(self, said: Mapping[str, Any]) -> dict[str, Any]:
        changed = self.changed_data if self.is_bound else []
        content = self.objects[0].read(said, changed=changed, refuse=lambda field, message: None)
        return content if isinstance(content, dict) else {}

    def _said(self, names: Iterable[str]) -> dict[str, Any]:
        """The value of every field that can be read; of a page nobody has typed into, what it starts with."""
        fields = {name: self.fields[name] for name in names}
        if not self.is_bound:
            return {name: self.get_initial_for_field(field, name) for name, field in fields.items()}
        said = {}
        for name, field in fields.items():
            try:
                value = field.clean(self._widget_data(name, field))
            except forms.ValidationError:
                continue
            said[name] = value.pk if hasattr(value, "pk") else value
        return said

    def _widget_data(self, name: str, field: forms.Field) -> Any:
        return field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))


def creative_form(template: TemplateType) -> type[CreativeForm]:
    """The form class for a template type: CreativeForm with `content.subject` and so on."""
    declared: dict[str, Any] = {f"content.{field.key}": _text_field(field) for field in template.fields}
    declared |= {f"constraints.{key}": _whole_field(key, most) for key, most in CONSTRAINTS.items()}
    declared["template_type"] = forms.CharField(
        label="Template type",
        max_length=255,
        help_text="What is typed stays when another type is chosen.",
        widget=TemplateTypeWidget(template.slug),
    )
    return type("CreativeForm", (CreativeForm,), {**declared, "template": template, "__module__": __name__})


def laid_out(post: Any, *, shown: TemplateType, chosen: TemplateType) -> Any:
    """A sent form (a QueryDict) as the page of another template type sends it: nothing that was typed is lost.

    What the other type has no field for goes to the JSON beside the fields, and comes from there if it has one. While
    that JSON cannot be read, the fields stay as they are.
    """
    sent = post.copy()
    try:
        whole = StrictJSONField().clean(sent.get("content"))
    except forms.ValidationError:
        return sent
    if not isinstance(whole, dict):
        return sent
    for field in shown.fields:
        typed = sent.pop(f"content.{field.key}", [""])[-1]
        whole |= {field.key: typed} if typed else {}
    for field in chosen.fields:
        if _is_text(whole.get(field.key)):
            sent[f"content.{field.key}"] = whole.pop(field.key)
    sent["content"] = json.dumps(whole, indent=2, ensure_ascii=False) if whole else ""
    sent[f"template_type{SHOWN}"] = chosen.slug
    return sent


def _text_field(field: ContentField) -> forms.Field:
    attrs = {"rows": field.rows} if field.rows > 1 else {}
    widget: type[Any] = UnfoldAdminTextareaWidget if field.rows > 1 else UnfoldAdminTextInputWidget
    return ExactTextField(label=field.label, help_text=field.help, widget=widget(attrs=attrs))


def _whole_field(key: str, most: int | None) -> forms.Field:
    label, help_text = CONSTRAINT_LABELS[key]
    attrs = {"min": 0} | ({"max": most} if most is not None else {})
    widget = UnfoldAdminIntegerFieldWidget(attrs=attrs)
    return forms.IntegerField(required=False, label=label, help_text=help_text, widget=widget)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)


def _differ(one: Any, other: Any) -> bool:
    """Also 1 and true, which are equal to Python alone."""
    return json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True)
