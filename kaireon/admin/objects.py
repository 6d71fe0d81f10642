"""A JSON object in a form: the keys that have fields of their own, and all others as JSON."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

EMPTY: tuple[Any, ...] = (None, "", [])
MISSING = object()


class ObjectFields:
    """One object: field `name.key` for each of its keys that has one, field `name` with the rest as JSON.

    What was not touched stays as it is stored, exactly; a value its field cannot show (`shows` says so) stays with the
    rest. A key that is written in both places is refused.
    """

    def __init__(
        self, name: str, keys: Iterable[str], stored: Mapping[str, Any], *, shows: Callable[[Any], bool]
    ) -> None:
        self.name = name
        self.fields = {key: f"{name}.{key}" for key in keys}
        self.kept = {key: stored[key] for key in self.fields if key in stored and shows(stored[key])}
        self.rest = {key: value for key, value in stored.items() if key not in self.kept}

    def initial(self) -> dict[str, Any]:
        """What the fields show before anybody has typed."""
        return {self.name: self.rest} | {field: self.kept.get(key) for key, field in self.fields.items()}

    def read(self, said: Mapping[str, Any], *, changed: Container[str], refuse: Callable[[str, str], None]) -> Any:
        """The object that the fields say, or JSON that is none; `refuse` is told `(field, message)`."""
        rest = said.get(self.name) or {}
        if not isinstance(rest, dict):
            return rest
        values = {
            key: self._value(key, said.get(field), changed=field in changed) for key, field in self.fields.items()
        }
        whole = {key: value for key, value in values.items() if value is not MISSING}
        for key in whole:
            if rest.get(key) is not None:
                refuse(self.name, f"{key} has a field of its own; write it there or here, not in both.")
        return whole | {key: value for key, value in rest.items() if key not in whole}

    def _value(self, key: str, typed: Any, *, changed: bool) -> Any:
        if not changed:
            return self.kept.get(key, MISSING)
        return MISSING if typed in EMPTY else typed
