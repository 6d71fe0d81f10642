"""Which flow is a tenant's default: always exactly one of its live flows, whichever door changed them."""

from __future__ import annotations

from decisioning.models import DecisionFlow
from kaireon.tenancy import Tenant
from kaireon.writing import Writing, Written


def has_default(tenant: Tenant) -> bool:
    """Whether some live flow is the tenant's default."""
    return bool(DecisionFlow.objects.filter(tenant=tenant, is_default=True).exists())


def keep_one(unit: Writing) -> None:
    """After a change of flows: the one named last keeps the title, and a lost title goes to the oldest flow.

    A restored flow that was the default when it was deleted gives way to its successor.
    """
    written = [entry for entry in unit.written if isinstance(entry.row, DecisionFlow)]
    if not written:
        return
    live = list(DecisionFlow.objects.filter(tenant=unit.tenant).order_by("created_at", "pk"))
    titled = [flow for flow in live if flow.is_default]
    if live and not titled:
        unit.change(live[0], values={"is_default": True}, reason="update: became the default")
    if len(titled) > 1:
        keeper = _keeper(titled, written)
        for flow in titled:
            if flow.pk != keeper:
                unit.change(flow, values={"is_default": False}, reason="update: another flow became the default")


def _keeper(titled: list[DecisionFlow], written: list[Written]) -> int:
    """The flow that was given the title last, else one that had it all the time."""
    keys: list[int] = [flow.pk for flow in titled]
    named: list[int] = [entry.row.pk for entry in written if _gives_title(entry) and entry.row.pk in keys]
    restored = {entry.row.pk for entry in written if entry.action == "restore"}
    return [*named[-1:], *(key for key in keys if key not in restored), *keys][0]


def _gives_title(entry: Written) -> bool:
    return bool(entry.after["isDefault"]) and not (entry.before or {}).get("isDefault", False)
