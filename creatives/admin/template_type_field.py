"""The template type as a form field: a known one, or a word of one's own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.template.loader import render_to_string
from unfold.widgets import BASE_INPUT_CLASSES, SELECT_CLASSES

from creatives.template_types import TEMPLATE_TYPES

OWN, SHOWN = "_own", "_shown"  # what the names of the two other inputs end with
ASKS_FIELDS = "_fields"  # the button that shows the chosen type's fields without saving


class TemplateTypeWidget(forms.Widget):
    """A select, a text for one's own word, and hidden the type whose fields the page shows."""

    template_name = "admin/creatives/template_type.html"

    def __init__(self, shown: str) -> None:
        super().__init__()
        self.shown = shown

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(name) or data.get(name + OWN, "").strip()

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        known = [(one.slug, one.label) for one in TEMPLATE_TYPES]
        if value and value not in dict(known):
            known.append((value, value))
        context["widget"] |= {"types": [*known, ("", "Another type…")], "shown": self.shown}
        context |= {"select_classes": " ".join(SELECT_CLASSES), "input_classes": " ".join(BASE_INPUT_CLASSES)}
        context |= {"own": OWN, "shown_name": name + SHOWN, "asks_fields": ASKS_FIELDS}
        return context

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> Any:
        """From the project's templates, which Django's own form renderer does not look into."""
        return render_to_string(template_name, context)
