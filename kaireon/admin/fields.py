"""Form fields for what Django's own cannot hold exactly: strict JSON, and lists of lines."""

from __future__ import annotations

import json
import re
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget

from kaireon.api.errors import MalformedJSON, TooLarge
from kaireon.api.parsing import parse_json

KEY = re.compile("[0-9]{1,18}")
MOST_LINES = 24  # of a box before it scrolls


class StrictJSONField(forms.Field):
    """JSON text, read as strictly as the API reads it; empty text stands for `empty`, and `of` may ask for objects."""

    widget = UnfoldAdminTextareaWidget

    def __init__(self, *, empty: Any = None, of: type = object, **kwargs: Any) -> None:
        self.empty, self.of = {} if empty is None else empty, of
        super().__init__(**{**kwargs, "required": False})
        self.widget.attrs.update(rows=5, spellcheck="false")

    def prepare_value(self, value: Any) -> Any:
        typed = isinstance(value, str)
        nothing = value is None or value == self.empty
        text: str = value if typed else "" if nothing else json.dumps(value, indent=2, ensure_ascii=False)
        lines = min(text.count("\n") + 2, MOST_LINES)
        self.widget.attrs["rows"] = max(self.widget.attrs["rows"], lines)  # as high as what it holds
        return text

    def to_python(self, value: Any) -> Any:
        text = (value or "").strip()
        if not text:
            return self.empty
        try:
            value = parse_json(text.encode())
        except (MalformedJSON, TooLarge) as error:
            raise forms.ValidationError(str(error.detail)) from error
        if not isinstance(value, self.of):
            raise forms.ValidationError('Write keys with their values in braces, such as {"note": 1}.')
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return json.dumps(self.to_python(data), sort_keys=True) != json.dumps(initial, sort_keys=True)
        except forms.ValidationError:
            return True


class RowField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One row out of many; what is no key of any row is shown as nothing chosen."""

    def prepare_value(self, value: Any) -> Any:
        key = super().prepare_value(value)
        return key if KEY.fullmatch(str(key)) else None


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    widget = UnfoldAdminTextareaWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "required": False})
        self.widget.attrs.update(rows=3, placeholder="One per line")

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        return [line.strip() for line in text.splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(data) != list(initial or []))


class ExactTextField(forms.CharField):
    """A text as it was typed, spaces at its ends included; lines end as in the API, with a line feed alone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "required": False, "strip": False})

    def to_python(self, value: Any) -> str:
        return _with_line_feeds(super().to_python(value) or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(data) != _with_line_feeds(initial or "")


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n")
