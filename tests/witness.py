"""What tests look at to say that nothing, or exactly one thing, changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection

from kaireon.access import ApiKey
from kaireon.audit import AuditEntry
from kaireon.tenancy import Tenant

OURS = {"kaireon", "creatives", "policies", "decisioning"}


def stored() -> dict[str, list[Any]]:
    """Every row of every table of Kaireon, history and audit included; only when a key was last used is left out."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in OURS:
            columns = [field.attname for field in model._meta.concrete_fields]
            if model is ApiKey:
                columns.remove("last_used_at")
            manager = getattr(model, "everything", model._default_manager)
            found[model._meta.label] = sorted(manager.values_list(*columns), key=repr)
    return found


def rows_added(before: dict[str, list[Any]]) -> dict[str, int]:
    """How many rows each table gained since `before`; tables that gained none are left out."""
    gained = {label: len(rows) - len(before[label]) for label, rows in stored().items()}
    return {label: number for label, number in gained.items() if number}


def deeds(tenant: Tenant) -> list[tuple[str, str]]:
    """What was done in a tenant and to whom, from the first on."""
    return list(AuditEntry.objects.of(tenant).order_by("sequence").values_list("action", "entity_name"))


@contextmanager
def executed() -> Iterator[list[str]]:
    """The statements carried out inside, prepared ones included, which Django's own log does not name."""
    statements: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield statements
