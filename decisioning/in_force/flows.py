"""Which published flow a recommendation runs, and what its settings mean under a configuration."""

from __future__ import annotations

from dataclasses import dataclass

from decisioning.engine.flow import BUILT_IN, Flow
from decisioning.engine.recommend import Terms
from decisioning.in_force.configuration import Configuration
from kaireon.lifecycle import Status


class UnknownFlow(LookupError):
    """No live flow has the key."""


class FlowNotInForce(Exception):
    """The flow was never published, or is not active."""


@dataclass(frozen=True)
class Published:
    """A flow's published settings under a configuration; the built-in flow has no version."""

    terms: Terms
    version: int | None


def published(configuration: Configuration, key: str | None) -> Published:
    """The newest published version of the named flow, or of the default; a tenant without a flow has a built-in one.

    Raises UnknownFlow and FlowNotInForce. It is worked out once for a configuration.
    """
    if key not in configuration.published:
        flow, version = _in_force(configuration, key)
        configuration.published[key] = Published(terms_of(flow, configuration), version)
    found: Published = configuration.published[key]
    return found


def _in_force(configuration: Configuration, key: str | None) -> tuple[Flow, int | None]:
    flows = configuration.flows if key is None else [flow for flow in configuration.flows if flow.key == key]
    if not flows and key is None:
        return BUILT_IN, None
    if not flows:
        raise UnknownFlow(f'There is no decision flow with the key "{key}".')
    flow = flows[0]
    if flow.status != Status.ACTIVE:
        raise FlowNotInForce(f'The decision flow "{flow.key}" is {flow.status}; activate it.')
    if flow.version is None:
        raise FlowNotInForce(f'The decision flow "{flow.key}" was never published; publish it.')
    return Flow.parse(flow.config), flow.version


def terms_of(flow: Flow, configuration: Configuration) -> Terms:
    """The flow's settings by the positions and limits of a configuration."""
    stock = configuration.stock
    return Terms(
        inventory=_inventory(flow, configuration),
        skipped=stock.program.unselected(flow.contact_policy_ids),
        score=flow.score,
        allocate=flow.allocate,
    )


def _inventory(flow: Flow, configuration: Configuration) -> int:
    stock, inventory = configuration.stock, flow.inventory
    if inventory.scope == "all":
        return stock.everything
    kind, ids = ("offer", inventory.offer_ids) if inventory.scope == "offers" else ("category", inventory.category_ids)
    mask = 0
    for public_id in ids:
        key = configuration.key_of(kind, public_id)
        if key is not None:
            mask |= stock.program.index.having(kind, key)
    return mask
