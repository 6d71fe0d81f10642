"""The directory of everything a tenant's policies can name: rows by public id, segments and outcomes by their word.

The word stands in the config; people read what it is called, where that is something else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from creatives.models import Creative
from kaireon.tenancy import Tenant
from policies.serializers import REFERENCED, known_names
from policies.windows import zone_names

Named = tuple[str, str]  # what stands in a config or scope, and what people call it

# What is named by public id, by the word that rules and scopes use for it.
NAMED: dict[str, type[Any]] = {**REFERENCED, "creative": Creative}
# What the words of a kind are called, where that is not the word itself; whoever has such words registers them.
titles: dict[str, Callable[[Tenant], Mapping[str, str]]] = {}
ZONE = "zone"
MOST_SORTED = 200


class Directory:
    """Looks things up for one request; what was asked before is not asked again."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self._exact: dict[Named, str | None] = {}
        self._titles: dict[str, Mapping[str, str]] = {}

    def keeps(self, kind: str) -> bool:
        """Whether there is anything to look up: words of some kinds are the client's own."""
        return kind in NAMED or kind in known_names or kind == ZONE

    def find(self, kind: str, text: str, *, most: int) -> list[Named]:
        """What could be meant by a few letters: live rows of the tenant, those that begin with the letters first."""
        if kind in NAMED:
            return self._rows(kind, text.strip(), most)
        wanted = text.strip().lower()
        word = wanted.replace(" ", "_")
        found = [it for it in self._words(kind).items() if word in it[0].lower() or wanted in it[1].lower()]
        begins = {it: it[0].lower().startswith(word) or it[1].lower().startswith(wanted) for it in found}
        return sorted(found, key=lambda it: (not begins[it], it[1]))[:most]

    def names(self, kind: str, keys: Collection[str]) -> dict[str, str]:
        """The names of what is already named, deleted rows included; what nobody knows keeps its own word."""
        if kind not in NAMED:
            return {key: self._called(kind).get(key, key) for key in keys}
        model = NAMED[kind]
        wanted = {row for key in keys if (row := model.id_kind.decode(key)) is not None}
        rows = model.everything.of(self.tenant).filter(pk__in=wanted).only("pk", "name", "deleted_at")
        found = {row.public_id: f"{row} (deleted)" if row.deleted_at else str(row) for row in rows} if wanted else {}
        return {key: found.get(key, key) for key in keys}

    def exactly(self, kind: str, text: str) -> str:
        """What stands for a name somebody wrote out; the text itself when nothing live bears it."""
        if kind not in NAMED:
            called = self._called(kind)
            named = (word for word, name in called.items() if name.lower() == text.lower())
            return text if text in called else next(named, text)
        if NAMED[kind].id_kind.decode(text) is not None:
            return text
        if (kind, text) not in self._exact:
            model = NAMED[kind]
            rows = model.everything.of(self.tenant).live().order_by("pk")
            # The name as it is spelled has an index; only then any other spelling is looked for.
            row = rows.filter(name=text).first() or rows.filter(name__iexact=text).first()
            self._exact[kind, text] = row.public_id if row is not None else None
        return self._exact[kind, text] or text

    def _rows(self, kind: str, text: str, most: int) -> list[Named]:
        model = NAMED[kind]
        rows = model.everything.of(self.tenant).live()
        if not text:
            return _named(model, rows.order_by("name")[:most])
        # Sorted here and not by the database, which would rather walk through a million names in their order.
        found = _named(model, rows.order_by().filter(name__icontains=text)[:MOST_SORTED])
        wanted = text.lower()
        return sorted(found, key=lambda it: (not it[1].lower().startswith(wanted), it[1]))[:most]

    def _words(self, kind: str) -> Mapping[str, str]:
        """Every word of a kind, and what it is called."""
        words = zone_names() if kind == ZONE else known_names[kind](self.tenant)
        return {word: self._called(kind).get(word, word) for word in words}

    def _called(self, kind: str) -> Mapping[str, str]:
        """What the words of a kind are called where that is not the word itself."""
        if kind in titles and kind not in self._titles:
            self._titles[kind] = titles[kind](self.tenant)
        return self._titles.get(kind, {})


def _named(model: type[Any], rows: Any) -> list[Named]:
    return [(model.id_kind.encode(pk), name) for pk, name in rows.values_list("pk", "name")]
