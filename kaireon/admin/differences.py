"""What changed, as people read it: one line per field, and per key where a field holds an object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def differences(changes: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Lines `{field, before, after}` from the API's `{field, before, after}`; an absent value is an empty text."""
    return [
        {"field": spoken(name), "before": shown(before), "after": shown(after)}
        for change in changes
        for name, before, after in _lines(change["field"], change["before"], change["after"])
    ]


def spoken(name: str) -> str:
    """`mandatoryExpiresAt` as "Mandatory expires at"; keys inside an object keep the client's spelling."""
    field, dot, key = name.partition(".")
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", field.removesuffix("Id") or field).lower()
    return f"{words[:1].upper()}{words[1:]}{dot and ': '}{key}"


def shown(value: Any) -> str:
    """A value in one or more lines of text."""
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(_item(item) for item in value)
    return json.dumps(value, ensure_ascii=False, indent=2)


def _item(item: Any) -> str:
    if isinstance(item, dict) and not any(isinstance(part, dict | list) for part in item.values()):
        return ", ".join(f"{key}: {part}" for key, part in item.items() if part is not None)
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)


def _lines(name: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before or {}, dict) and isinstance(after or {}, dict) and (before or after):
        old, new = before or {}, after or {}
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                yield f"{name}.{key}", old.get(key), new.get(key)
    elif before or after or isinstance(before, bool | int) or isinstance(after, bool | int):
        yield name, before, after
