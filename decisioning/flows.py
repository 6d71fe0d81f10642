"""Which published flow a recommendation runs, and what its settings mean under a configuration."""

from __future__ import annotations

from dataclasses import dataclass

from decisioning.configuration import Configuration
from decisioning.engine.flow import BUILT_IN, Flow
from decisioning.engine.recommend import Terms
from decisioning.models import DecisionFlow
from kaireon.lifecycle import Status
from kaireon.tenancy import Tenant


class UnknownFlow(LookupError):
    """No live flow has the key."""


class FlowNotInForce(Exception):
    """The flow was never published, or is not active."""


@dataclass(frozen=True)
class Published:
    """A flow as it was published; the built-in one has no version."""

    flow: Flow
    version: int | None


def published_flow(tenant: Tenant, key: str | None) -> Published:
    """The newest published version of the named flow, or of the default; a tenant without a flow has a built-in one.

    Raises UnknownFlow and FlowNotInForce.
    """
    flows = DecisionFlow.objects.filter(tenant=tenant)
    row = flows.filter(key=key).first() if key is not None else flows.order_by("-is_default", "pk").first()
    if row is None and key is None:
        return Published(BUILT_IN, None)
    if row is None:
        raise UnknownFlow(f'There is no decision flow with the key "{key}".')
    if row.status != Status.ACTIVE:
        raise FlowNotInForce(f'The decision flow "{row.key}" is {row.status}; activate it.')
    newest = row.newest_version()
    if newest is None:
        raise FlowNotInForce(f'The decision flow "{row.key}" was never published; publish it.')
    return Published(Flow.parse(newest.config), newest.version)


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
