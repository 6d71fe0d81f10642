"""The scope assignments as rows of a form: a kind of thing, and which one by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.template.loader import render_to_string
from unfold.widgets import SELECT_CLASSES

from policies.admin.lookup_field import MODULES, chosen, shown_lookup
from policies.directory import Directory
from policies.models import SCOPED
from policies.scope import DIMENSIONS, EACH

# What the first box of a row offers. "Each" is a kind of its own there; in the API it is the id "*".
NOUNS = {scope: model._meta.verbose_name for scope, model in SCOPED.items()}
GROUPS: list[tuple[str, list[tuple[str, str, str]]]] = [
    ("", [("global", "Everyone and everything", "")]),
    ("One of them", [(scope, str(noun).capitalize(), DIMENSIONS[scope]) for scope, noun in NOUNS.items()]),
    ("Each, with a count of its own", [(f"{scope}:{EACH}", f"Each {noun}", "") for scope, noun in NOUNS.items()]),
]
BLANK = {"scope": "offer", "scopeId": None}


class ScopesWidget(forms.Widget):
    """Rows of a kind and a search box; a script adds and removes rows."""

    template_name = "admin/policies/scopes.html"

    class Media:
        js = MODULES

    def __init__(self, directory: Directory) -> None:
        super().__init__()
        self.directory = directory
        self.refused: dict[int, list[str]] = {}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, Any]]:
        """The rows in the order of their numbers; one without a kind was removed."""
        numbers = sorted({int(found[1]) for key in data if (found := re.fullmatch(rf"{name}-(\d{{1,6}})-scope", key))})
        return [row for n in numbers if (row := self._read(data, f"{name}-{n}"))["scope"]]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return not any(key.startswith(f"{name}-") for key in data)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        names = self._names(value or [])
        rows = [self._row(row, names, f"{name}-{n}", self.refused.get(n, [])) for n, row in enumerate(value or [])]
        blank = self._row(BLANK, names, f"{name}-__number__", [])
        context["widget"] |= {"rows": rows, "blank": blank}
        return context | {"groups": GROUPS, "select_classes": " ".join(SELECT_CLASSES)}

    def said(self) -> list[str]:
        """What is wrong with the rows, for whoever does not see them marked."""
        rows = sorted(self.refused.items())
        return [f"Row {n + 1}: {fault}" if n or len(rows) > 1 else fault for n, faults in rows for fault in faults]

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> Any:
        """From the project's templates, which Django's own form renderer does not look into."""
        return render_to_string(template_name, context)

    def _read(self, data: Any, prefix: str) -> dict[str, Any]:
        scope, _, each = (data.get(f"{prefix}-scope") or "").partition(":")
        if each == EACH or data.get(f"{prefix}-scopeId") == EACH:
            return {"scope": scope, "scopeId": EACH}
        kind = DIMENSIONS.get(scope)
        return {"scope": scope, "scopeId": chosen(self.directory, kind, data, f"{prefix}-scopeId") if kind else None}

    def _names(self, rows: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
        """The names of everything the rows name; one query for each kind that occurs."""
        wanted: dict[str, set[str]] = {}
        for row in rows:
            if row["scope"] in DIMENSIONS and row["scopeId"] not in (None, EACH):
                wanted.setdefault(row["scope"], set()).add(row["scopeId"])
        return {
            (scope, key): name
            for scope, keys in wanted.items()
            for key, name in self.directory.names(DIMENSIONS[scope], keys).items()
        }

    def _row(
        self, row: Mapping[str, Any], names: Mapping[tuple[str, str], str], prefix: str, faults: list[str]
    ) -> dict[str, Any]:
        scope, key = row["scope"], row["scopeId"]
        named = (scope, key) in names
        picked = [(key, names[scope, key])] if named else []
        return {
            "prefix": prefix,
            "kind": f"{scope}:{EACH}" if key == EACH else scope,
            "search": scope in DIMENSIONS and key != EACH,
            "faults": faults,
            "lookup": shown_lookup(f"{prefix}-scopeId", DIMENSIONS.get(scope, ""), picked, many=False),
        }


class ScopesField(forms.Field):
    """A list of `{scope, scopeId}`; what is valid is the serializer's to say."""

    def __init__(self, directory: Directory) -> None:
        super().__init__(
            label="Applies to",
            required=False,
            widget=ScopesWidget(directory),
            help_text="Each row adds a place where the policy holds. “Each” gives every one of a kind its own count.",
        )

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((data or []) != (initial or []))

    def refuse_row(self, index: int, message: str) -> None:
        """Marks a row as faulty."""
        self.widget.refused.setdefault(index, []).append(message)
