"""The scope assignments as rows of a form: a kind of thing, and which one by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.template.loader import render_to_string
from unfold.widgets import SELECT_CLASSES

from policies.models import SCOPE_CHOICES
from policies.scope import EACH

Targets = Mapping[str, Sequence[tuple[str, str]]]  # by scope: (public id, name) of what it can be assigned to


class ScopesWidget(forms.Widget):
    """Rows of two selects; a script fills the second when the first changes, and adds and removes rows."""

    template_name = "admin/policies/scopes.html"

    class Media:
        js = ("policies/policy_form.js",)

    def __init__(self, targets: Targets) -> None:
        super().__init__()
        self.targets = targets
        self.refused: dict[int, list[str]] = {}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, Any]]:
        """The rows in the order of their numbers; the last one without a kind is the blank one."""
        numbers = sorted({int(found[1]) for key in data if (found := re.fullmatch(rf"{name}-(\d{{1,6}})-scope", key))})
        rows = [
            {"scope": data.get(f"{name}-{n}-scope"), "scopeId": data.get(f"{name}-{n}-scopeId") or None}
            for n in numbers
        ]
        return [row for row in rows if row["scope"]]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return not any(key.startswith(f"{name}-") for key in data)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        rows = [self._row(row, index) for index, row in enumerate(value or [])]
        kinds = [(scope, label.capitalize()) for scope, label in SCOPE_CHOICES]
        context["widget"] |= {"rows": rows, "kinds": kinds, "blank": self._row({"scope": "offer", "scopeId": None}, 0)}
        context["select_classes"] = " ".join(SELECT_CLASSES)
        context["targets"] = {scope: [list(pair) for pair in self._offered(scope)] for scope, _ in SCOPE_CHOICES}
        return context

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> Any:
        """From the project's templates, which Django's own form renderer does not look into."""
        return render_to_string(template_name, context)

    def _row(self, row: Mapping[str, Any], index: int) -> dict[str, Any]:
        offered = self._offered(row["scope"])
        if row["scopeId"] and row["scopeId"] not in {key for key, _ in offered}:
            offered.append((row["scopeId"], f"{row['scopeId']} (not available)"))
        return {**row, "offered": offered, "faults": self.refused.get(index, [])}

    def _offered(self, scope: str) -> list[tuple[str, str]]:
        if scope == "global":
            return []
        return [(EACH, f"Each {scope} (*)"), *self.targets.get(scope, ())]


class ScopesField(forms.Field):
    """A list of `{scope, scopeId}`; what is valid is the serializer's to say."""

    def __init__(self, *, targets: Targets) -> None:
        super().__init__(
            label="Applies to",
            required=False,
            widget=ScopesWidget(targets),
            help_text="Each row adds a place where the policy holds. “Each” gives every one its own count.",
        )

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((data or []) != (initial or []))

    def refuse_row(self, index: int, message: str) -> None:
        """Marks a row as faulty."""
        self.widget.refused.setdefault(index, []).append(message)
