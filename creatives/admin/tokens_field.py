"""The token mappings as rows of a form: which token, where its value comes from, and what shows without one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django import forms
from django.template.loader import render_to_string
from unfold.widgets import BASE_INPUT_CLASSES

from creatives.rendering import shown
from kaireon.api.errors import MalformedJSON, TooLarge
from kaireon.api.parsing import parse_json

TYPED = ("variable", "source", "fallback")
UNUSED = "not in the content"


@dataclass(frozen=True)
class Row:
    """One row as texts; `kept` is the stored mapping it came from, as JSON, so that what it does not show stays."""

    variable: str = ""
    source: str = ""
    fallback: str = ""
    kept: str = ""


class TokensWidget(forms.Widget):
    """Rows of three texts; `places`, set by the form, says where which tokens are. Those without a row get one."""

    template_name = "admin/creatives/tokens.html"

    def __init__(self) -> None:
        super().__init__()
        self.places: Mapping[str, str] = {}
        self.refused: dict[int, list[str]] = {}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Row]:
        """The rows in the order of their numbers, without those that say nothing."""
        numbers = sorted(
            {int(found[1]) for key in data if (found := re.fullmatch(rf"{name}-(\d{{1,9}})-variable", key))}
        )
        rows = [Row(*(data.get(f"{name}-{n}-{part}", "") for part in (*TYPED, "kept"))) for n in numbers]
        return [row for row in rows if row.kept or row.source or row.fallback]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return not any(key.startswith(f"{name}-") for key in data)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        rows = [
            {**asdict(row), "faults": self.refused.get(index, []), "state": self.places.get(row.variable, UNUSED)}
            for index, row in enumerate(value or [])
        ]
        mapped = {row.variable for row in value or []}
        unmapped = [token for token in self.places if token not in mapped]
        rows += [{"variable": token, "suggested": True, "state": self.places[token]} for token in unmapped]
        context["widget"] |= {"rows": rows, "unused": UNUSED}
        context["input_classes"] = " ".join(BASE_INPUT_CLASSES)
        return context

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> Any:
        """From the project's templates, which Django's own form renderer does not look into."""
        return render_to_string(template_name, context)


class TokensField(forms.Field):
    """A list of `{variable, source, fallback}`; what is valid is the serializer's to say."""

    def __init__(self) -> None:
        super().__init__(label="Tokens", required=False, widget=TokensWidget())

    def prepare_value(self, value: Any) -> list[Row]:
        """Stored mappings as rows; what was typed is rows already."""
        return [row if isinstance(row, Row) else _row(row) for row in value or []]

    def to_python(self, value: Any) -> list[dict[str, Any]]:
        return [_mapping(row) for row in value or []]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(data) != (initial or []))

    def refuse_row(self, index: int, message: str) -> None:
        """Marks a row as faulty."""
        self.widget.refused.setdefault(index, []).append(message)


def _row(mapping: Mapping[str, Any]) -> Row:
    variable, source, fallback = (shown(mapping.get(part)) for part in TYPED)
    return Row(variable, source, fallback, kept=json.dumps(mapping))


def _mapping(row: Row) -> dict[str, Any]:
    """A row as the API's mapping; keys it does not show stay."""
    kept = _kept(row.kept)
    return kept | dict(_changed(row, kept))


def _changed(row: Row, kept: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What was typed over what was stored; a text that was emptied is an empty text."""
    for part in TYPED:
        typed = getattr(row, part)
        if typed != shown(kept.get(part)):
            yield part, typed


def _kept(text: str) -> dict[str, Any]:
    try:
        kept = parse_json(text.encode()) if text else {}
    except (MalformedJSON, TooLarge):
        return {}
    return kept if isinstance(kept, dict) else {}
