"""The kinds of values options take: each reads raw JSON, describes itself as a schema and names a form widget."""

import json
import math
from collections.abc import Callable, Sized
from dataclasses import dataclass
from typing import Any, ClassVar

from policies.windows import zone_names

LONGEST_LIST = 1000


class RefusedError(ValueError):
    """A value its option does not take; the message names the value and the remedy."""


@dataclass(frozen=True)
class Ref:
    """A reference to a catalogue entity: the public id of the config and, once resolved, its key (0 = no such row)."""

    public_id: str
    key: int = 0


def shown(raw: object) -> str:
    """A client's value as it wrote it, cut to a readable length."""
    text = json.dumps(raw, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def refuse_longer(raw: Sized) -> None:
    """Refuses a list that is longer than any option takes; a config is read while its tenant's writers wait."""
    if len(raw) > LONGEST_LIST:
        raise RefusedError(f"{len(raw)} entries are more than {LONGEST_LIST}; give fewer")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of option value: reads raw JSON, describes itself as a schema, names a form widget.

    `reference` is the kind of entity its ids refer to; `mention` the kind of thing it names without referring to it;
    `missing` the message for a required option that is absent.
    """

    widget: str = "text"
    reference: str | None = None
    mention: str | None = None
    missing: str = "is required"

    def parse(self, raw: object) -> Any:
        raise NotImplementedError

    def json_schema(self) -> dict[str, object]:
        raise NotImplementedError

    def words(self, value: Any, name: Callable[[str, str], str]) -> str:
        """A parsed value as people read it; `name` tells the name of a (kind, public id or word)."""
        if isinstance(value, tuple):
            return ", ".join(self.words(item, name) for item in value)
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if isinstance(value, Ref):
            return name(self.reference or "", value.public_id)
        return name(self.mention, value) if self.mention else str(value)


@dataclass(frozen=True, kw_only=True)
class Number(Kind):
    """A finite number within bounds; `above` is exclusive. A boolean is no number."""

    widget: str = "number"
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    noun: ClassVar[str] = "number"

    def parse(self, raw: object) -> float:
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not self._fits(raw):
            raise RefusedError(f"{shown(raw)} is not {self._wanted()}")
        # 24.0 is said as 24; beyond 2**53 a float is better left alone.
        return int(raw) if abs(raw) < 2**53 and raw == int(raw) else raw

    def json_schema(self) -> dict[str, object]:
        bounds = {"minimum": self.minimum, "maximum": self.maximum, "exclusiveMinimum": self.above}
        return {"type": self.noun, **{key: bound for key, bound in bounds.items() if bound is not None}}

    def _fits(self, raw: float) -> bool:
        return (
            (isinstance(raw, int) or math.isfinite(raw))
            and (self.minimum is None or raw >= self.minimum)
            and (self.maximum is None or raw <= self.maximum)
            and (self.above is None or raw > self.above)
        )

    def _wanted(self) -> str:
        article = "an" if self.noun == "integer" else "a"
        if self.above is not None:
            return f"{article} {self.noun} > {self.above}; give a greater one"
        if self.maximum is not None:
            return f"{article} {self.noun} from {self.minimum} to {self.maximum}; give one of these"
        return f"{article} {self.noun} >= {self.minimum}; give {self.minimum} or more"


@dataclass(frozen=True, kw_only=True)
class Whole(Number):
    """A whole number within bounds; 5.0 is one."""

    noun: ClassVar[str] = "integer"

    def parse(self, raw: object) -> int:
        return int(super().parse(raw))

    def _fits(self, raw: float) -> bool:
        return super()._fits(raw) and raw == int(raw)


@dataclass(frozen=True, kw_only=True)
class Flag(Kind):
    """Yes or no."""

    widget: str = "flag"

    def parse(self, raw: object) -> bool:
        if not isinstance(raw, bool):
            raise RefusedError(f"{shown(raw)} is not a boolean; give true or false")
        return raw

    def json_schema(self) -> dict[str, object]:
        return {"type": "boolean"}


@dataclass(frozen=True, kw_only=True)
class Text(Kind):
    """A string; not an empty one unless `least` is 0."""

    least: int = 1

    def parse(self, raw: object) -> Any:
        if not isinstance(raw, str) or (self.least and not raw.strip()):
            raise RefusedError(f"{shown(raw)} is not a {'non-empty ' if self.least else ''}string; give one")
        return Ref(raw) if self.reference else raw

    def json_schema(self) -> dict[str, object]:
        return {"type": "string", "minLength": self.least}


@dataclass(frozen=True, kw_only=True)
class Choice(Kind):
    """One of a few words."""

    widget: str = "choice"
    choices: tuple[str, ...]

    def parse(self, raw: object) -> str:
        if not isinstance(raw, str) or raw not in self.choices:
            raise RefusedError(f"{shown(raw)} is not a known value; give one of {', '.join(self.choices)}")
        return raw

    def json_schema(self) -> dict[str, object]:
        return {"type": "string", "enum": list(self.choices)}


@dataclass(frozen=True, kw_only=True)
class TextList(Kind):
    """An array of at least `least` and at most 1,000 non-empty strings, each kept once."""

    widget: str = "lines"
    least: int = 1

    def parse(self, raw: object) -> tuple[Any, ...]:
        if not isinstance(raw, list | tuple) or len(raw) < self.least:
            raise RefusedError(f"{shown(raw)} is not {self._wanted()}; give one")
        refuse_longer(raw)
        for item in raw:
            if not isinstance(item, str) or not item.strip():
                raise RefusedError(f"{shown(item)} is not a non-empty string; give {self._wanted()}")
        return tuple(Ref(item) if self.reference else item for item in dict.fromkeys(raw))

    def json_schema(self) -> dict[str, object]:
        items = {"type": "string", "minLength": 1}
        return {"type": "array", "items": items, "minItems": self.least, "maxItems": LONGEST_LIST}

    def _wanted(self) -> str:
        return f"{'a non-empty' if self.least else 'an'} array of non-empty strings"


@dataclass(frozen=True, kw_only=True)
class Zone(Kind):
    """The name of a zone of the IANA time zone database."""

    widget: str = "zone"

    def parse(self, raw: object) -> str:
        if not isinstance(raw, str) or raw not in zone_names():
            raise RefusedError(f'{shown(raw)} is not an IANA time zone; give one such as "Europe/Berlin"')
        return raw

    def json_schema(self) -> dict[str, object]:
        return {"type": "string", "minLength": 1, "examples": ["Europe/Berlin"]}
