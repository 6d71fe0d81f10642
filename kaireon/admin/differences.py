"""What changed, as people read it: one line per field, and per key where a field holds an object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from kaireon import clock
from kaireon.audit import changes_between
from kaireon.lifecycle import kinds
from kaireon.tenancy import Tenant

State = Mapping[str, Any]  # a row in the API's names, as `Lifecycle.state` gives it
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass(frozen=True)
class Line:
    """One field, or one key of one, on two sides; an absent value is an empty text."""

    field: str
    before: str
    after: str
    changed: bool = True


class Wording:
    """How people read a kind of row: the API's names spelled out, rows by their name. A kind may know better words."""

    def __init__(self, states: Iterable[State], tenant: Tenant) -> None:
        self.names = names_in(states, tenant)

    def field(self, path: str, *states: State) -> str:
        """The name of a field, or of a key inside one (`config.maxPerDay`), in the states it is compared in."""
        return spoken(path)

    def value(self, path: str, value: Any, state: State) -> str:
        """A field's value in one or more lines of text."""
        return shown(named(value, self.names))

    def sentence(self, state: State) -> str:
        """The whole row in words, for kinds that can be said in a sentence."""
        return ""


def differences(before: State | None, after: State | None, wording: Wording) -> list[Line]:
    """A line for everything that differs between two states of a row."""
    old, new = before or {}, after or {}
    changes = changes_between(before, after)
    found = [line for name in changes for line in _lines(name, old, new, wording) if line.changed]
    was, reads = (wording.sentence(state) if state else "" for state in (old, new))
    return [Line("In words", was, reads), *found] if was != reads and found else found


def compared(before: State, after: State, wording: Wording) -> list[Line]:
    """A line for everything in two states of a row, alike or not."""
    was, reads = wording.sentence(before), wording.sentence(after)
    lines = [Line("In words", was, reads, changed=was != reads)] if was or reads else []
    fields = [name for name in {**before, **after} if name != "deletedAt"]
    return lines + [line for name in fields for line in _lines(name, before, after, wording)]


def names_in(values: Iterable[Any], tenant: Tenant) -> dict[str, str]:
    """The names behind the public ids that values hold; one query for each kind that occurs."""
    texts = {text for value in values for text in _texts(value)}
    found: dict[str, str] = {}
    for model in kinds().values():
        keys = {key for text in texts if (key := model.id_kind.decode(text)) is not None}
        if keys:
            found |= {row.public_id: str(row) for row in model.everything.of(tenant).filter(pk__in=keys)}
    return found


def spoken(name: str) -> str:
    """`mandatoryExpiresAt` as "Mandatory expires at"; keys inside an object keep the client's spelling."""
    field, dot, key = name.partition(".")
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", field.removesuffix("Id") or field).lower()
    return f"{words[:1].upper()}{words[1:]}{dot and ': '}{key}"


def shown(value: Any) -> str:
    """A value in one or more lines of text."""
    if empty(value):
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, str):
        return f"{timezone.localtime(clock.parse(value)):%-d %b %Y, %H:%M:%S %Z}" if INSTANT.fullmatch(value) else value
    if isinstance(value, list):
        return "\n".join(_item(item) for item in value)
    return json.dumps(value, ensure_ascii=False, indent=2)


def empty(value: Any) -> bool:
    """Whether there is nothing to show; a zero and a no are something."""
    return value is None or (value in ("", [], {}) and not isinstance(value, bool | int))


def named(value: Any, names: Mapping[str, str]) -> Any:
    """A value with names in place of the ids it holds."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [named(part, names) for part in value]
    return {key: named(part, names) for key, part in value.items()} if isinstance(value, dict) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _item(item: Any) -> str:
    if isinstance(item, dict) and not any(isinstance(part, dict | list) for part in item.values()):
        return ", ".join(f"{key}: {part}" for key, part in item.items() if part is not None)
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)


def _lines(name: str, before: State, after: State, wording: Wording) -> Iterator[Line]:
    """The lines of one field: one, or one for each key of an object; nothing for what is empty on both sides."""
    for path, old, new in _paths(name, before.get(name), after.get(name)):
        if not empty(old) or not empty(new):
            said = wording.value(path, old, before), wording.value(path, new, after)
            yield Line(wording.field(path, after, before), *said, changed=old != new)


def _paths(name: str, old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    """A field, or each key of an object."""
    if not (old or new) or not isinstance(old or {}, dict) or not isinstance(new or {}, dict):
        return [(name, old, new)]
    left, right = old or {}, new or {}
    return [(f"{name}.{key}", left.get(key), right.get(key)) for key in sorted(left.keys() | right.keys())]
