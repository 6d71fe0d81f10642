"""What every rule has in common: declared options, parsing that names all problems at once, and compiling to limits."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from policies.limits import Finding, Primitive
from policies.options import Flag, Kind, Ref, RefusedError, shown
from policies.scope import Assignment, Candidates, Namer, Subject, Voice
from policies.windows import plural

if TYPE_CHECKING:
    from policies.preview import Preview

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


@dataclass(frozen=True)
class Option:
    """The declaration of one key of a config: everything a form, a schema or a manual page says about it."""

    key: str
    kind: Kind
    label: str
    help: str
    required: bool
    default: Any
    unit: str = ""
    attribute: str = ""

    def json_schema(self) -> dict[str, object]:
        described = {**self.kind.json_schema(), "title": self.label, "description": self.help}
        # `nullable` is OpenAPI's word for what parsing does: a null optional key counts as absent.
        return described if self.required else {**described, "nullable": True}


def option(
    key: str, kind: Kind, *, label: str, help: str, required: bool = False, default: Any = None, unit: str = ""
) -> Any:
    """A dataclass field declared as the config key `key`; `default` is the value an absent key stands for."""
    metadata = {"option": Option(key, kind, label, help, required, default, unit)}
    return field(metadata=metadata) if required else field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Preset:
    """A ready-made policy somebody can start from; for everyone, or for the channels of a type where it names one."""

    key: str
    label: str
    summary: str
    config: Mapping[str, object]
    channel_type: str | None = None


@dataclass(frozen=True)
class Limit:
    """A primitive, the candidates it concerns, the assignment it is named after and how its rule words a breach.

    `without_global` says that it stands in for the policy's global assignments where a flow has not chosen them.
    """

    test: Primitive
    concerns: Candidates
    assignment: Assignment
    explain: Explain
    without_global: bool = False


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
    blocked all the same; `reaches_named_offers` that it concerns, besides what it is assigned to, offers its config
    names. `icon` is a name of the Material Symbols; `preview` says how the rule is tried on the past,
    None that it cannot be.
    """

    slug: ClassVar[str]
    label: ClassVar[str]
    summary: ClassVar[str]
    icon: ClassVar[str] = "rule"
    examples: ClassVar[tuple[Mapping[str, object], ...]]
    presets: ClassVar[tuple[Preset, ...]] = ()
    at_least_one: ClassVar[tuple[str, ...]] = ()
    stands_for_mandatory: ClassVar[bool] = False
    reaches_named_offers: ClassVar[bool] = False
    preview: ClassVar["Preview | None"] = None

    bypassable: bool = option(
        "bypassable",
        Flag(),
        label="May be bypassed",
        help="Whether an allow override or a mandatory offer may set this policy aside.",
        default=True,
    )

    # Reading a config

    @classmethod
    @cache
    def options(cls) -> tuple[Option, ...]:
        """The options in the order of a form: the rule's own first, then those it shares with ever more others."""
        declared = [replace(f.metadata["option"], attribute=f.name) for f in fields(cls) if "option" in f.metadata]
        kinds = [set(get_annotations(kind)) for kind in cls.__mro__]
        return tuple(sorted(declared, key=lambda it: next(n for n, own in enumerate(kinds) if it.attribute in own)))

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
    """How long ago the latest counted contact was, in units to two decimals; a reserved place counts as now."""
    ago = round((finding.at - finding.latest.at) / unit, 2) if finding.latest else 0
    return int(ago) if ago == int(ago) else ago


def happened(said: str, finding: Finding, unit: int, word: str) -> str:
    """The end of "Last contact was 3 hours ago", where `said` is "was"; a reserved place has not happened yet."""
    return "is reserved right now" if finding.held else f"{said} {plural(since(finding, unit), word)} ago"


def reserved(finding: Finding) -> Evidence:
    """What the evidence says besides where a reserved place stands against a candidate."""
    return {"reserved": True} if finding.held else {}
