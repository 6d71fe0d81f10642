"""Auto-assembly: after a change of the catalogue, active flows note which creatives they took up or dropped by it.

A creative is covered while it, its offer, its channel and its placement are live and active, by every inventory of the
scope `all` and by those that list its offer's category, if that is live. An explicit list of offers is never touched.
The inventory is that of the newest published version, or the draft's before the flow is first published.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.db.models import OuterRef, Q, Subquery

from creatives.models import Category, Channel, Creative, Offer, Placement
from decisioning.engine.flow import Flow, Inventory
from decisioning.models import AssemblyLine, DecisionFlow, FlowVersion
from kaireon.batching import in_batches
from kaireon.lifecycle import Lifecycle, Status
from kaireon.writing import Writing, Written
from policies.rule import ConfigError

# What takes part in coverage, and the references by which it does.
REFERENCES: dict[type[Lifecycle], tuple[str, ...]] = {
    Creative: ("offer", "channel", "placement"),
    Offer: ("category",),
    Channel: (),
    Placement: (),
    Category: (),
}
# How a creative is reached from what it depends on.
PATHS: dict[type[Lifecycle], str] = {
    Offer: "offer",
    Channel: "channel",
    Placement: "placement",
    Category: "offer__category",
}
NO_CATEGORY = 0
BATCH = 1000
WORDS = {"create": "created", "soft_delete": "deleted", "restore": "restored"}
LONGEST_NAME = 150

Place = tuple[type[Lifecycle], int]
Standing = tuple[int | None, ...] | None  # the keys a row refers to; None while it takes no part
World = dict[Place, Standing]


class Touched(NamedTuple):
    """A row whose standing a write changed; `old` when it was there before."""

    before: Standing
    after: Standing
    old: bool


class Move(NamedTuple):
    """A creative whose coverage changed: the category it is covered in, or None while nobody covers it."""

    public_id: str
    name: str
    before: int | None
    after: int | None


def log_assembly(unit: Writing) -> None:
    """Writes a line for every active flow whose covered creatives this transaction changed."""
    touched = _touched(unit.written)
    flows = list(_following(unit)) if touched else []
    moves = _moves(unit, touched) if flows else []
    if not moves:
        return
    cause = _cause([entry for entry in unit.written if (type(entry.row), entry.row.pk) in touched])
    lines = []
    for flow, inventory in flows:
        covered = [(move, _covers(inventory, move.before), _covers(inventory, move.after)) for move in moves]
        taken_up = [_shown(move) for move, before, after in covered if after and not before]
        dropped = [_shown(move) for move, before, after in covered if before and not after]
        if taken_up or dropped:
            said = {"taken_up": taken_up, "dropped": dropped, "cause": cause}
            lines.append(AssemblyLine(tenant=unit.tenant, flow=flow, at=unit.now, **said))
    AssemblyLine.objects.bulk_create(lines)


def _touched(written: Iterable[Written]) -> dict[Place, Touched]:
    found: dict[Place, Touched] = {}
    for entry in written:
        model = type(entry.row)
        if model in REFERENCES:
            place = model, entry.row.pk
            first = found.get(place) or Touched(_stated(model, entry.before), None, entry.before is not None)
            found[place] = first._replace(after=_stated(model, entry.after))
    return {place: row for place, row in found.items() if row.before != row.after}


def _following(unit: Writing) -> Iterator[tuple[DecisionFlow, tuple[Inventory, frozenset[int]]]]:
    """The flows that assemble themselves, each with its inventory and the keys of the categories that lists."""
    newest = FlowVersion.objects.filter(flow=OuterRef("pk")).order_by("-version")
    flows = DecisionFlow.objects.active().filter(tenant=unit.tenant, auto_assembly=True).order_by("pk")
    for flow in flows.annotate(in_force=Subquery(newest.values("config")[:1])):
        try:
            inventory = Flow.parse(flow.draft_config if flow.in_force is None else flow.in_force).inventory
        except ConfigError:
            continue  # a draft of old that nobody can run covers nothing
        keys = (Category.id_kind.decode(public_id) for public_id in inventory.category_ids)
        if inventory.scope != "offers":
            yield flow, (inventory, frozenset(key for key in keys if key is not None))


def _covers(inventory: tuple[Inventory, frozenset[int]], category: int | None) -> bool:
    said, categories = inventory
    return category is not None and (said.scope == "all" or category in categories)


# -- which creatives moved -------------------------------------------------------------------------------------------


def _moves(unit: Writing, touched: dict[Place, Touched]) -> list[Move]:
    """The creatives whose coverage changed: of all that depend on the touched rows, and of no others."""
    names = {entry.row.pk: str(entry.row) for entry in unit.written if isinstance(entry.row, Creative)}
    standings: dict[int, tuple[Standing, Standing]] = {}
    for key, name, *refers in _dependent(unit, touched):
        names[key], standings[key] = name, (tuple(refers), tuple(refers))
    for (model, key), row in touched.items():
        if model is Creative:
            standings[key] = row.before, row.after
    now = _world((standing for pair in standings.values() for standing in pair), touched)
    then = now | {place: row.before for place, row in touched.items()}
    now |= {place: row.after for place, row in touched.items()}
    found = (
        Move(Creative.id_kind.encode(key), names[key], _category(before, then), _category(after, now))
        for key, (before, after) in sorted(standings.items())
    )
    return [move for move in found if move.before != move.after]


def _dependent(unit: Writing, touched: dict[Place, Touched]) -> Iterator[Sequence[Any]]:
    """Active creatives of touched rows; those of a row made just now were made or moved just now themselves."""
    owning = Q()
    for model, path in PATHS.items():
        keys = [key for (of, key), row in touched.items() if of is model and row.old]
        if keys:
            owning |= Q(**{f"{path}__in": keys})
    if owning:
        rows = Creative.objects.active().filter(owning, tenant=unit.tenant)
        yield from rows.values_list("pk", "name", "offer_id", "channel_id", "placement_id")


def _world(standings: Iterable[Standing], touched: dict[Place, Touched]) -> World:
    """The standing, as stored now, of all that these creatives depend on, and of what touched offers left."""
    # Each once, column by column: offers, channels, placements.
    columns = [set(column) for column in zip(*filter(None, standings), strict=True)]
    kinds: tuple[type[Lifecycle], ...] = (Offer, Channel, Placement)
    world: World = {}
    for model, keys in zip(kinds, columns, strict=False):
        world |= _stored(model, keys)
    held = list(world.items())
    held += [(place, row.before) for place, row in touched.items()]
    categories = {standing[0] for (model, _), standing in held if model is Offer and standing is not None}
    return world | _stored(Category, categories)


def _stored(model: type[Lifecycle], keys: set[int | None]) -> World:
    columns = [f"{name}_id" for name in REFERENCES[model]]
    found: World = {}
    for batch in in_batches(sorted(key for key in keys if key is not None), BATCH):
        rows = model.everything.filter(pk__in=batch).values_list("pk", "status", "deleted_at", *columns)
        for key, status, deleted_at, *refers in rows:
            found[model, key] = tuple(refers) if _takes_part(model, status, deleted_at) else None
    return found


def _category(creative: Standing, world: World) -> int | None:
    """The category a creative is covered in (NO_CATEGORY without a live one); None while it is not covered."""
    if creative is None:
        return None
    offer, channel, placement = creative
    held = world.get((Offer, offer or 0))
    if held is None or world.get((Channel, channel or 0)) is None:
        return None
    if placement is not None and world.get((Placement, placement)) is None:
        return None
    category = held[0]
    return category if category is not None and world.get((Category, category)) is not None else NO_CATEGORY


def _stated(model: type[Lifecycle], state: Any) -> Standing:
    """The standing that a row's state, as audit shows it, describes."""
    if state is None or not _takes_part(model, state["status"], state["deletedAt"]):
        return None
    related: Any = [model._meta.get_field(name).related_model for name in REFERENCES[model]]
    return tuple(kind.id_kind.decode(state[f"{name}Id"]) for name, kind in zip(REFERENCES[model], related, strict=True))


def _takes_part(model: type[Lifecycle], status: str, deleted_at: object) -> bool:
    """A category sorts offers whatever its status is; everything else must be active."""
    return deleted_at is None and (model is Category or status == Status.ACTIVE)


# -- what the line says ----------------------------------------------------------------------------------------------


def _cause(entries: list[Written]) -> str:
    first, others = entries[0], len(entries) - 1
    row = first.row
    said = f'The {row._meta.verbose_name} "{str(row)[:LONGEST_NAME]}" was {WORDS.get(first.action, "changed")}'
    return f"{said}, and {others} more change{'s' if others > 1 else ''} with it." if others else f"{said}."


def _shown(move: Move) -> dict[str, str]:
    return {"id": move.public_id, "name": move.name}
