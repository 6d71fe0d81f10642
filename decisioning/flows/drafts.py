"""Whether the draft of a flow can be stored or published: what it says, and whether the rows it names are live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from creatives.models import Category, Offer
from decisioning.engine.flow import Flow, Inventory, unknown_keys
from kaireon.api.fields import shown
from kaireon.lifecycle import Lifecycle
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy
from policies.rule import ConfigError

Fault = tuple[str, str]
Judgement = tuple[list[Fault], list[str]]
FIELD = "draftConfig"


def judge(draft: object, tenant: Tenant, *, before: object) -> Judgement:
    """Faults and warnings of a draft that takes the place of `before`.

    What it newly names must be live; what `before` named as well may be gone meanwhile, which is a warning, and so is
    a contact policy that does not exist: the flow skips it.
    """
    try:
        flow = Flow.parse(draft)
    except ConfigError as error:
        return [(_place(key), message) for key, message in error.problems], []
    faults: list[Fault] = []
    warnings = [f"{_place(key)} is unknown; it is kept and has no effect." for key in unknown_keys(draft)]
    known = _inventory_of(before)
    for key, model, named, kept in (
        ("offerIds", Offer, flow.inventory.offer_ids, known.offer_ids),
        ("categoryIds", Category, flow.inventory.category_ids, known.category_ids),
    ):
        for public_id in _missing(model, named, tenant):
            missing = f"There is no live {model._meta.verbose_name} with the id {shown(public_id)}."
            if public_id in kept:
                warnings.append(f"{_place(f'stages.inventory.{key}')}: {missing}")
            else:
                faults.append((_place(f"stages.inventory.{key}"), missing))
    return faults, [*warnings, *_suspicious(flow, tenant)]


def _suspicious(flow: Flow, tenant: Tenant) -> Iterator[str]:
    inventory = flow.inventory
    if inventory.scope != "all" and not (
        inventory.offer_ids if inventory.scope == "offers" else inventory.category_ids
    ):
        yield f"{_place('stages.inventory')} lists no {inventory.scope}, so the flow never recommends anything."
    place = _place("stages.filter.contactPolicyIds")
    for public_id in _missing(ContactPolicy, flow.contact_policy_ids or (), tenant):
        yield f"{place} names {shown(public_id)}, which does not exist; it is skipped."


def _inventory_of(config: object) -> Inventory:
    try:
        return Flow.parse(config).inventory
    except ConfigError:
        return Inventory()


def _missing(model: type[Lifecycle], named: Iterable[str], tenant: Tenant) -> list[str]:
    """Those of the ids that name no live row of the tenant, in the order given; one query, none without ids."""
    keys: dict[str, Any] = {public_id: model.id_kind.decode(public_id) for public_id in named}
    if not keys:
        return []
    wanted = [key for key in keys.values() if key is not None]
    live = set(model.everything.of(tenant).live().filter(pk__in=wanted).values_list("pk", flat=True))
    return [public_id for public_id, key in keys.items() if key not in live]


def _place(key: str) -> str:
    return f"{FIELD}.{key}" if key else FIELD
