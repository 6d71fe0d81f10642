"""People in front of the admin: logging in, filling forms, reading messages."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from kaireon.audit import AuditEntry
from kaireon.lifecycle import Lifecycle


def visit(user: User) -> Client:
    """A browser in which the person is logged in."""
    browser = Client()
    browser.force_login(user)
    return browser


def address(model: Any, view: str, *args: Any) -> str:
    """`changelist`, `add`, `change`, ... of a model."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)


def filled(page: Any, **values: Any) -> dict[str, Any]:
    """What a browser would send: the form as it was shown, with some fields filled in."""
    form = page.context["adminform"].form
    sent: dict[str, Any] = {}
    for bound in form:
        name, shown = bound.html_name, bound.value()
        if name == "scopes":
            for number, row in enumerate(shown):
                sent |= {f"scopes-{number}-scope": row["scope"], f"scopes-{number}-scopeId": row["scopeId"] or ""}
        elif name == "personalization":
            for number, row in enumerate(shown):
                sent |= {
                    f"{name}-{number}-{part}": getattr(row, part) for part in ("variable", "source", "fallback", "kept")
                }
        elif hasattr(bound.field.widget, "decompress"):
            for number, part in enumerate(bound.field.widget.decompress(shown)):
                sent[f"{name}_{number}"] = "" if part is None else str(part)
        elif isinstance(shown, bool):
            sent |= {name: "on"} if shown else {}
        elif shown is not None:
            sent[name] = shown
    return sent | {name.replace("__", "."): value for name, value in values.items()}


def said(response: Any) -> list[str]:
    """The messages the response leaves."""
    return [str(message) for message in get_messages(response.wsgi_request)]


def faults(response: Any) -> dict[str, list[str]]:
    """The faults the form shows, by field."""
    assert response.status_code == 200, response
    return {name: list(errors) for name, errors in response.context["adminform"].form.errors.items()}


def left(row: Lifecycle) -> dict[str, Any]:
    """Everything a row left in its tables, without what must differ between two rows: keys, hashes, actor, name."""
    history: Any = type(row).history
    fresh = type(row).everything.get(pk=row.pk)
    differing = {"id", "tenant", "name", "changed_in", "created_at", "updated_at"}
    columns = [field.attname for field in row._meta.concrete_fields if field.name not in differing]
    return {
        "row": {name: getattr(fresh, name) for name in columns} | fresh.parts(),
        "history": [
            {
                name: getattr(entry, name)
                for name in (*columns, "history_type", "history_change_reason", "history_parts")
            }
            for entry in history.filter(id=row.pk).order_by("version")
        ],
    }


def audited(row: Lifecycle) -> list[dict[str, Any]]:
    """A row's audit entries without what names the row, the actor and the instant."""
    found = []
    for entry in AuditEntry.objects.filter(entity_id=row.public_id).order_by("sequence"):
        content = entry.content
        for name in ("sequence", "entityId", "entityName", "actor", "userId", "apiKeyId", "requestId", "timestamp"):
            del content[name]
        for part in ("before", "after", "changes"):
            (content[part] or {}).pop("name", None)
        found.append(content)
    return found
