"""Which candidates an assignment concerns, and which past contacts it counts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, Protocol, Self

Dimension = Literal["offer", "creative", "channel", "placement", "category", "sub_category"]
Namer = Callable[[str, str], str]

SCOPES = ("global", "offer", "creative", "channel", "category", "subcategory")
DIMENSIONS: dict[str, Dimension] = {
    "offer": "offer",
    "creative": "creative",
    "channel": "channel",
    "category": "category",
    "subcategory": "sub_category",
}
EACH = "*"
IMPRESSION = "impression"

MOST_SAID = 6  # of a policy's assignments; a sentence with more is no longer read
_SINGLE = {
    "offer": "for {}",
    "creative": "for creative {}",
    "channel": "on {}",
    "category": "in category {}",
    "subcategory": "in sub-category {}",
}
_EVERY = {
    "offer": "for each offer",
    "creative": "for each creative",
    "channel": "on each channel",
    "category": "in each category",
    "subcategory": "in each sub-category",
}


class Subject(Protocol):
    """What a candidate and a contact have in common: a value, or none, in every dimension."""

    @property
    def offer(self) -> int | None: ...
    @property
    def creative(self) -> int | None: ...
    @property
    def channel(self) -> int | None: ...
    @property
    def placement(self) -> int | None: ...
    @property
    def category(self) -> int | None: ...
    @property
    def sub_category(self) -> int | None: ...
    @property
    def label(self) -> str | None: ...


class Event(Subject, Protocol):
    """One recorded interaction, as far as a limit may look at it."""

    @property
    def at(self) -> int: ...
    @property
    def outcome(self) -> str: ...
    @property
    def campaign(self) -> str | None: ...


def value_of(subject: Subject, dimension: Dimension) -> int | None:
    value: int | None = getattr(subject, dimension)
    return value


Where = tuple[tuple[Dimension, frozenset[int]], ...]


@dataclass(frozen=True)
class Candidates:
    """The condition a candidate meets to be concerned by a limit; an empty set of keys concerns nobody."""

    where: Where = ()
    having: Dimension | None = None
    label: str | None = None

    def include(self, candidate: Subject) -> bool:
        return (
            (self.having is None or value_of(candidate, self.having) is not None)
            and (self.label is None or candidate.label == self.label)
            and all(value_of(candidate, dimension) in keys for dimension, keys in self.where)
        )

    def looks_at(self) -> frozenset[str]:
        """What of a candidate the condition depends on."""
        named = {"label" if self.label is not None else None, self.having, *(dimension for dimension, _ in self.where)}
        return frozenset(name for name in named if name is not None)

    def narrowed(self, dimension: Dimension, *keys: int) -> Self:
        return replace(self, where=(*self.where, (dimension, frozenset(keys))))


@dataclass(frozen=True)
class Contacts:
    """The condition an interaction meets to be counted; `shared` is the dimension it must share with the candidate."""

    where: Where = ()
    shared: Dimension | None = None
    outcomes: frozenset[str] = frozenset({IMPRESSION})
    label: str | None = None
    campaign: str | None = None
    without_campaigns: frozenset[str] = frozenset()

    def include(self, event: Event) -> bool:
        """Whether `event` counts for some candidate; sharing a dimension is judged by `key`."""
        return (
            event.outcome in self.outcomes
            and (self.label is None or self._may_carry(event))
            and (self.campaign is None or event.campaign == self.campaign)
            and event.campaign not in self.without_campaigns
            and all(value_of(event, dimension) in keys for dimension, keys in self.where)
        )

    def key(self, subject: Subject) -> int | None:
        return None if self.shared is None else value_of(subject, self.shared)

    def looks_at(self) -> frozenset[str]:
        """What of an interaction, besides its instant, the condition and the key depend on."""
        named = {"outcome", self.shared, *(dimension for dimension, _ in self.where)}
        if self.label is not None:
            named |= {"label", "offer"}
        if self.campaign is not None or self.without_campaigns:
            named.add("campaign")
        return frozenset(name for name in named if name is not None)

    def _may_carry(self, event: Event) -> bool:
        # A label never recorded counts conservatively; a contact without an offer is known to have none.
        return event.label == self.label or (event.label is None and event.offer is not None)


@dataclass(frozen=True)
class Assignment:
    """One place a policy applies to: everything, one entity, or each entity of a kind with its own count.

    `target` is the entity's key; `dead` says that the entity was deleted and concerns nobody any more.
    """

    scope: str
    target: int | None = None
    each: bool = False
    public_id: str | None = None
    dead: bool = False

    @property
    def dimension(self) -> Dimension | None:
        return DIMENSIONS.get(self.scope)

    @property
    def scope_id(self) -> str | None:
        """The id as the API shows it."""
        return EACH if self.each else self.public_id

    def candidates(self) -> Candidates:
        if self.dimension is None:
            return Candidates()
        if self.each and not self.dead:
            return Candidates(having=self.dimension)
        return Candidates(where=self._fixed())

    def contacts(self, outcomes: Iterable[str] = (IMPRESSION,)) -> Contacts:
        """The interactions in this scope that ended in one of `outcomes`."""
        counted = frozenset(outcomes)
        if self.each:
            return Contacts(shared=self.dimension, outcomes=counted)
        return Contacts(where=self._fixed(), outcomes=counted)

    def phrase(self, name: Namer) -> str:
        """The scope as the end of a sentence; `name` tells the name of a kind's public id."""
        if self.dimension is None:
            return "for everyone"
        if self.each:
            return _EVERY[self.scope]
        return _SINGLE[self.scope].format(name(self.dimension, self.public_id or ""))

    def place(self, candidate: Subject, voice: "Voice") -> str:
        """Where a candidate's contacts were counted: " on Email", or nothing for everywhere."""
        if self.dimension is None:
            return ""
        key = value_of(candidate, self.dimension) if self.each else self.target
        return " " + _SINGLE[self.scope].format(voice.name(self.dimension, key))

    def _fixed(self) -> Where:
        if self.dimension is None:
            return ()
        # No key is in an empty set: a deleted or unknown entity concerns nobody, it never widens to everybody.
        keys = frozenset[int]() if self.dead or self.target is None else frozenset({self.target})
        return ((self.dimension, keys),)


def phrase(assignments: Iterable[Assignment], name: Namer) -> str:
    """All assignments of a policy as one end of a sentence: "on Email and for each offer"; of many, the first few."""
    said = list(assignments)
    more = len(said) - MOST_SAID
    if more < 2:
        return " and ".join(assignment.phrase(name) for assignment in said)
    return f"{', '.join(it.phrase(name) for it in said[:MOST_SAID])} and in {more} more places"


class Voice(Protocol):
    """Turns integer keys back into the names and public ids people know."""

    def name(self, kind: str, key: int | None) -> str: ...
    def public_id(self, kind: str, key: int | None) -> str | None: ...
