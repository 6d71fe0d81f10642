"""What every rule has in common: declared options, parsing that names all problems at once, and compiling to limits."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from inspect import get_annotations
from typing import Any, ClassVar, Generic, Self, TypeVar

from policies.limits import DAY, AtMost, Calendar, Clock, Ever, Finding, Primitive, Rolling, Window, plural, zone_names
from policies.scope import Assignment, Candidates, Namer, Subject, Voice

Evidence = dict[str, object]
Explanation = tuple[str, Evidence]
Explain = Callable[[Finding, Subject, Voice], Explanation]
Resolve = Callable[[str, str], int]
Problem = tuple[str, str]


class ConfigError(ValueError):
    """A config that cannot be read; `problems` are all its (key, message) pairs."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{key}: {message}" if key else message for key, message in problems))
        self.problems = tuple(problems)


class RefusedError(ValueError):
    """A value its option does not take; the message names the value and the remedy."""


@dataclass(frozen=True)
class Ref:
    """A reference to a catalogue entity: the public id of the config and, once resolved, its key (0 = no such row)."""

    public_id: str
    key: int = 0


# --- kinds of values --------------------------------------------------------------------------------------------------


def shown(raw: object) -> str:
    """A client's value as it wrote it, cut to a readable length."""
    text = json.dumps(raw, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


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
    """An array of at least `least` non-empty strings, each kept once."""

    widget: str = "lines"
    least: int = 1

    def parse(self, raw: object) -> tuple[Any, ...]:
        if not isinstance(raw, list | tuple) or len(raw) < self.least:
            raise RefusedError(f"{shown(raw)} is not {self._wanted()}; give one")
        for item in raw:
            if not isinstance(item, str) or not item.strip():
                raise RefusedError(f"{shown(item)} is not a non-empty string; give {self._wanted()}")
        return tuple(Ref(item) if self.reference else item for item in dict.fromkeys(raw))

    def json_schema(self) -> dict[str, object]:
        return {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": self.least}

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


# --- options and rules ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Option:
    """The declaration of one key of a config: everything a form, a schema or a manual page says about it."""

    key: str
    kind: Kind
    label: str
    help: str
    required: bool
    default: Any
    attribute: str = ""

    def json_schema(self) -> dict[str, object]:
        described = {**self.kind.json_schema(), "title": self.label, "description": self.help}
        # `nullable` is OpenAPI's word for what parsing does: a null optional key counts as absent.
        return described if self.required else {**described, "nullable": True}


def option(key: str, kind: Kind, *, label: str, help: str, required: bool = False, default: Any = None) -> Any:
    """A dataclass field declared as the config key `key`; `default` is the value an absent key stands for."""
    metadata = {"option": Option(key, kind, label, help, required, default)}
    return field(metadata=metadata) if required else field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Limit:
    """A primitive, the candidates it concerns, the assignment it is named after and how its rule words a breach."""

    test: Primitive
    concerns: Candidates
    assignment: Assignment
    explain: Explain


R_co = TypeVar("R_co", bound="Rule", covariant=True)


@dataclass(frozen=True)
class Parsed(Generic[R_co]):
    """A config that was read: its rule, None for an incomplete draft, and the keys no option claims."""

    rule: R_co | None
    unknown: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One validated config of one rule type. A rule compiles to limits; it never evaluates anything itself.

    `at_least_one` lists option keys of which one must be given; `stands_for_mandatory` says that a mandatory offer is
    blocked all the same.
    """

    slug: ClassVar[str]
    label: ClassVar[str]
    summary: ClassVar[str]
    examples: ClassVar[tuple[Mapping[str, object], ...]]
    at_least_one: ClassVar[tuple[str, ...]] = ()
    stands_for_mandatory: ClassVar[bool] = False

    bypassable: bool = option(
        "bypassable",
        Flag(),
        label="May be bypassed",
        help="Whether an allow override or a mandatory offer may set this policy aside.",
        default=True,
    )

    # Reading a config

    @classmethod
    def options(cls) -> tuple[Option, ...]:
        """The options in the order of a form: the rule's own first, then those it shares with others."""
        declared = [replace(f.metadata["option"], attribute=f.name) for f in fields(cls) if "option" in f.metadata]
        own = set(get_annotations(cls))
        return tuple(sorted(declared, key=lambda option: (option.attribute not in own, option.key == "bypassable")))

    @classmethod
    def parse(cls, config: object, *, draft: bool = False) -> Parsed[Self]:
        """Reads a config; raises `ConfigError` with every problem. A draft may lack keys but not hold bad ones."""
        if not isinstance(config, Mapping):
            raise ConfigError([("", f"{shown(config)} is not an object; give the rule's keys as a JSON object")])
        options = cls.options()
        given = {key: raw for key, raw in config.items() if raw is not None}
        values, problems = _read(options, given)
        problems += cls.problems(values)
        lacking = cls._lacking(options, given)
        if problems or (lacking and not draft):
            raise ConfigError(problems + lacking)
        attributes = {o.attribute: values[o.key] for o in options if o.key in values}
        known = {o.key for o in options}
        return Parsed(None if lacking else cls(**attributes), tuple(key for key in config if key not in known))

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> list[Problem]:
        """Contradictions between options; `values` holds what was given and is valid by itself."""
        return []

    @classmethod
    def _lacking(cls, options: Iterable[Option], given: Mapping[str, object]) -> list[Problem]:
        lacking = [(o.key, o.kind.missing) for o in options if o.required and o.key not in given]
        if cls.at_least_one and not given.keys() & set(cls.at_least_one):
            lacking.append((cls.at_least_one[0], f"is missing: give at least one of {', '.join(cls.at_least_one)}"))
        return lacking

    @classmethod
    def json_schema(cls) -> dict[str, object]:
        """The whole config as a JSON schema, described by the rule's docstring."""
        options = cls.options()
        schema: dict[str, object] = {
            "type": "object",
            "title": cls.label,
            "description": (cls.__doc__ or "").strip(),
            "properties": {o.key: o.json_schema() for o in options},
            "additionalProperties": True,
        }
        if required := [o.key for o in options if o.required]:
            schema["required"] = required
        if cls.at_least_one:
            schema["anyOf"] = [{"required": [key]} for key in cls.at_least_one]
        return schema

    # What a config names

    def references(self) -> Iterator[tuple[str, str, str]]:
        """(config key, kind of entity, public id) of every catalogue entity the config refers to."""
        for key, kind, ref in self._named("reference"):
            yield key, kind, ref.public_id

    def mentions(self) -> Iterator[tuple[str, str, str]]:
        """(config key, "segment" or "outcome", name) of everything named that need not exist."""
        yield from self._named("mention")

    def resolved(self, resolve: Resolve) -> Self:
        """The same rule with the integer keys of its references filled in; it compiles correctly only then."""
        return replace(
            self,
            **{
                o.attribute: _resolved(getattr(self, o.attribute), o.kind.reference, resolve)
                for o in self.options()
                if o.kind.reference
            },
        )

    def _named(self, attribute: str) -> Iterator[tuple[str, str, Any]]:
        for o in self.options():
            kind, value = getattr(o.kind, attribute), getattr(self, o.attribute)
            for item in value if isinstance(value, tuple) else (value,):
                if kind and item is not None:
                    yield o.key, kind, item

    # What a rule means

    def limits(self, assignments: Sequence[Assignment]) -> Iterator[Limit]:
        """The rule in all places its policy assigns it to."""
        for assignment in assignments:
            yield from self.limits_in(assignment)

    def limits_in(self, assignment: Assignment) -> Iterator[Limit]:
        """The rule in one place."""
        raise NotImplementedError

    def refusals(self, assignments: Sequence[Assignment]) -> Iterator[Problem]:
        """(scope field, message) of assignments this rule cannot be given."""
        return iter(())

    def warnings(self, assignments: Sequence[Assignment] = ()) -> Iterator[str]:
        """What is legal but suspicious."""
        return iter(())

    def sentence(self, name: Namer) -> str:
        """The config read back in words; `name` tells the name of a (kind, public id)."""
        raise NotImplementedError


def _read(options: Iterable[Option], given: Mapping[str, object]) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for declared in options:
        if declared.key in given:
            try:
                values[declared.key] = declared.kind.parse(given[declared.key])
            except RefusedError as refused:
                problems.append((declared.key, str(refused)))
    return values, problems


def _resolved(value: Any, kind: str, resolve: Resolve) -> Any:
    if isinstance(value, tuple):
        return tuple(_resolved(ref, kind, resolve) for ref in value)
    return value and Ref(value.public_id, resolve(kind, value.public_id))


def since(finding: Finding, unit: int) -> float:
    """How long ago the latest counted contact was, in units to two decimals."""
    ago = round((finding.at - finding.latest.at) / unit, 2) if finding.latest else 0
    return int(ago) if ago == int(ago) else ago


# --- rules that count in a window -------------------------------------------------------------------------------------

PERIODS = {"daily": "a day", "weekly": "a week", "monthly": "a month", "alltime": "in all"}
_LENGTHS = {"daily": DAY, "weekly": 7 * DAY, "monthly": 30 * DAY}
_UNITS = {"daily": "day", "weekly": "week", "monthly": "month"}


@dataclass(frozen=True, kw_only=True)
class Windowed(Rule):
    """A rule that caps contacts per day, week, month or in all, rolling or by the calendar."""

    window_type: str = option(
        "windowType",
        Choice(choices=("rolling", "calendar")),
        label="Window",
        help="Rolling counts back from the moment of the decision; calendar since local midnight, Monday or the 1st.",
        default="rolling",
    )
    timezone: str | None = option(
        "timezone",
        Zone(),
        label="Time zone",
        help="Whose midnight a calendar window starts at; the tenant's if left out.",
    )
    use_customer_timezone: bool = option(
        "useCustomerTimezone",
        Flag(),
        label="Use the customer's time zone",
        help="Prefers the customer's own time zone where it is known.",
        default=False,
    )

    def periods(self) -> set[str]:
        """The periods this config counts in."""
        raise NotImplementedError

    def window(self, period: str) -> Window:
        if period not in _LENGTHS:
            return Ever()
        if self.window_type == "rolling":
            return Rolling(_LENGTHS[period])
        return Calendar(_UNITS[period], Clock(self.timezone, self.use_customer_timezone))

    def warnings(self, assignments: Sequence[Assignment] = ()) -> Iterator[str]:
        yield from super().warnings(assignments)
        if self.window_type == "calendar" and not self.periods() - {"alltime"}:
            yield "windowType calendar has no effect: no day, week or month is counted, so no window is left to align"
        if self.window_type == "rolling" and (self.timezone or self.use_customer_timezone):
            yield "The time zone has no effect: rolling windows have no midnight; choose windowType calendar to use it"

    def at_most(self, maximum: float, period: str, what: str) -> str:
        """The config of a cap read back: "At most 3 contacts a week about cards offers"."""
        return f"At most {plural(maximum, 'contact')} {PERIODS[period]} {what}{self.suffix()}"

    def suffix(self) -> str:
        """How the windows are aligned, as the end of the rule's sentence."""
        if self.window_type == "rolling" or not self.periods() - {"alltime"}:
            return ""
        customers = "the customer's time zone, else " if self.use_customer_timezone else ""
        zone = self.timezone or "the tenant's time zone"
        return f", by the calendar in {customers}{zone}"

    def counted(self, *, test: AtMost, period: str, what: str, maximum: float, finding: Finding) -> Explanation:
        """The wording all caps share: "3 of 3 contacts on Email in the last 7 days"."""
        evidence: Evidence = {"period": period, "max": maximum, "actual": finding.count, "windowType": self.window_type}
        if finding.zone:
            evidence["timezone"] = finding.zone
        if test.n == 0:
            return f"No {what} allowed at all: the limit {test.window.phrase} is 0", evidence
        return f"{finding.count} of {maximum} {what} {test.window.phrase}", evidence
