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

    def read(
        self, said: Mapping[str, Any], *, changed: Container[str], refuse: Callable[[str, str], None]
    ) -> dict[str, Any]:
        """The object that the fields say; `refuse` is told `(field, message)`."""
        whole = dict(said.get(self.name) or {})
        for key, field in self.fields.items():
            value = self._value(key, said.get(field), changed=field in changed)
            if value is MISSING:
                continue
            if whole.get(key) is not None:
                refuse(self.name, f"{key} has a field of its own; write it there or here, not in both.")
            whole[key] = value
        return whole

    def _value(self, key: str, typed: Any, *, changed: bool) -> Any:
        if not changed:
            return self.kept.get(key, MISSING)
        return MISSING if typed in EMPTY else typed
