"""What the rows of a tenant are called, by (dimension, key), and the ids the outside world knows them by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from creatives.models import Category, Channel, Creative, Named, Offer, Placement, SubCategory
from kaireon.tenancy import Tenant

KINDS: dict[str, type[Named]] = {
    "offer": Offer,
    "creative": Creative,
    "channel": Channel,
    "placement": Placement,
    "category": Category,
    "sub_category": SubCategory,
}
Place = tuple[str, int]
Names = Mapping[Place, str]


# The kind of row that an id beginning so belongs to.
BY_PREFIX = {model.id_kind.prefix: kind for kind, model in KINDS.items()}


def key_named(kind: str, public_id: object) -> int | None:
    """The key that an id of a kind spells, whether or not there is such a row."""
    return KINDS[kind].id_kind.decode(public_id)


def place_named(public_id: str) -> Place | None:
    """The kind and the key that an id spells."""
    kind = BY_PREFIX.get(public_id.partition("_")[0])
    key = None if kind is None else key_named(kind, public_id)
    return None if kind is None or key is None else (kind, key)


def places_in(configs: Iterable[object]) -> dict[str, set[int]]:
    """The keys that configs name in their texts and lists of texts, by kind."""
    found: dict[str, set[int]] = defaultdict(set)
    for config in configs:
        for value in config.values() if isinstance(config, Mapping) else ():
            for text in value if isinstance(value, list) else (value,):
                place = place_named(text) if isinstance(text, str) else None
                if place is not None:
                    found[place[0]].add(place[1])
    return found


def id_of(kind: str, key: int) -> str:
    """The public id of a row of a kind."""
    return KINDS[kind].id_kind.encode(key)


class PublicIds(Mapping[Place, str]):
    """The public ids of what has a name; each is spelled when first asked for: that takes longer than reading a row."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._spelled: dict[Place, str] = {}

    def __getitem__(self, place: Place) -> str:
        spelled = self._spelled.get(place)
        if spelled is None:
            if place not in self._names:
                raise KeyError(place)
            spelled = self._spelled[place] = id_of(*place)
        return spelled

    def __iter__(self) -> Iterator[Place]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class NamesOnDemand(Mapping[Place, str]):
    """Names of a tenant's rows, deleted or not, each read when it is first asked for or, many at once, beforehand."""

    def __init__(self, tenant: Tenant, known: Names) -> None:
        self._tenant = tenant
        self._found: dict[Place, str | None] = dict(known)

    def read(self, kind: str, keys: Iterable[int]) -> None:
        """Reads the names of rows of a kind that will be asked for, in one query."""
        missing = {key for key in keys if (kind, key) not in self._found}
        if missing:
            rows = KINDS[kind].everything.of(self._tenant).filter(pk__in=missing).values_list("pk", "name")
            self._found |= {(kind, key): None for key in missing} | {(kind, key): name for key, name in rows}

    def __getitem__(self, place: Place) -> str:
        kind, key = place
        self.read(kind, [key])
        name = self._found[place]
        if name is None:
            raise KeyError(place)
        return name

    def __iter__(self) -> Iterator[Place]:
        return (place for place, name in self._found.items() if name is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def expect(names: Names, kind: str, keys: Iterable[int]) -> None:
    """Says which names of a kind will be asked for, so that those not read yet are read in one query."""
    if isinstance(names, NamesOnDemand):
        names.read(kind, keys)
