"""What changed, as people read it: one line per field, and per key where a field holds an object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kaireon.lifecycle import kinds
from kaireon.tenancy import Tenant


def differences(changes: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, str]]:
    """Lines `{field, before, after}` from the API's `{field, before, after}`; an absent value is an empty text."""
    return [
        {"field": spoken(name), "before": shown(_named(before, names)), "after": shown(_named(after, names))}
        for change in changes
        for name, before, after in _lines(change["field"], change["before"], change["after"])
    ]


def names_in(changes: Iterable[Mapping[str, Any]], tenant: Tenant) -> dict[str, str]:
    """The names behind the public ids that changes hold; one query for each kind that occurs."""
    texts = {text for change in changes for side in ("before", "after") for text in _texts(change[side])}
    named: dict[str, str] = {}
    for model in kinds().values():
        keys = {key for text in texts if (key := model.id_kind.decode(text)) is not None}
        if keys:
            named |= {row.public_id: str(row) for row in model.everything.of(tenant).filter(pk__in=keys)}
    return named


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


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _named(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [_named(part, names) for part in value]
    return {key: _named(part, names) for key, part in value.items()} if isinstance(value, dict) else value


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
