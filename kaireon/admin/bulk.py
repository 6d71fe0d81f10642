"""What can be done with several selected rows at once: all of them, in one transaction, or none."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework.exceptions import PermissionDenied, ValidationError

from kaireon.admin.entrance import actor_of
from kaireon.api.errors import details_of
from kaireon.api.serializers import save_resource
from kaireon.lifecycle import Lifecycle, Status
from kaireon.writing import LifecycleError, Writing, writing

REFUSALS = (ValidationError, PermissionDenied, LifecycleError)


MOST_AT_ONCE = 1000


class RefusedRowError(Exception):
    """A row that stopped a bulk action, with the reason."""


class BulkActions:
    """The bulk actions of LifecycleAdmin."""

    model: type[Lifecycle]
    resource: ClassVar[Any]
    irrevocable: Any
    message_user: Callable[..., None]
    actions = ("activate_selected", "pause_selected", "delete_selected", "restore_selected")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Activating and pausing are for rows that have a status."""
        actions: dict[str, Any] = super().get_actions(request)  # type: ignore[misc]
        if "status" not in self.resource.serializer_class().fields:
            actions.pop("activate_selected", None)
            actions.pop("pause_selected", None)
        return actions

    def response_action(self, request: Any, queryset: QuerySet[Any]) -> Any:
        """What is no key selects nothing."""
        sent = request.POST.copy()
        keys = [key for key in sent.getlist(ACTION_CHECKBOX_NAME) if re.fullmatch(r"[0-9]{1,18}", key)]
        sent.setlist(ACTION_CHECKBOX_NAME, keys)
        request.POST = sent
        return super().response_action(request, queryset)  # type: ignore[misc]

    def _too_many(self, request: HttpRequest, queryset: QuerySet[Any]) -> bool:
        """Says so when more is selected than one transaction should hold; everybody else's writes wait for it."""
        if queryset.order_by()[: MOST_AT_ONCE + 1].count() <= MOST_AT_ONCE:
            return False
        self.message_user(request, f"Select at most {MOST_AT_ONCE:,} at once; nothing was changed.", messages.ERROR)
        return True

    @admin.action(description="Activate", permissions=["change"])
    def activate_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._set_status(request, queryset, Status.ACTIVE)

    @admin.action(description="Pause", permissions=["change"])
    def pause_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._set_status(request, queryset, Status.PAUSED)

    @admin.action(description="Delete", permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: Any) -> Any:
        """Asks first; deleted rows among the selected are passed over."""
        if self._too_many(request, queryset):
            return None
        try:
            question: Any = delete_selected(self, request, queryset.live())  # type: ignore[arg-type]
        except LifecycleError as error:
            self.message_user(request, str(error), messages.ERROR)
            return None
        if question is not None:
            question.context_data["irrevocable"] = self.irrevocable
        return question

    @admin.action(description="Restore", permissions=["restore"])
    def restore_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._each(request, queryset.exclude(deleted_at=None), "restored", lambda unit, row: unit.restore(row))

    def _set_status(self, request: HttpRequest, queryset: Any, status: str) -> None:
        def change(unit: Writing, row: Lifecycle) -> None:
            save_resource(self.resource.serializer_class, unit, data={"status": status}, instance=row)

        others = queryset.live().exclude(status=status)
        self._each(request, others, f"set to {status}", change)

    def _each(
        self, request: HttpRequest, queryset: QuerySet[Any], done: str, verb: Callable[[Writing, Any], object]
    ) -> None:
        """Does it with every row; the first refusal undoes all and is said."""
        if self._too_many(request, queryset):
            return
        try:
            with writing(actor_of(request)) as unit:
                rows = list(queryset)
                for row in rows:
                    carry_out(verb, unit, row)
        except RefusedRowError as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        names = self.model._meta.verbose_name if len(rows) == 1 else self.model._meta.verbose_name_plural
        self.message_user(request, f"{len(rows)} {names} {done}.", messages.SUCCESS)


def carry_out(verb: Callable[[Writing, Any], object], unit: Writing, row: Lifecycle) -> None:
    """Does it with one row; a refusal names the row."""
    try:
        verb(unit, row)
    except REFUSALS as error:
        raise RefusedRowError(f'Nothing was changed, because of "{row}": {spoken(error)}') from error


def spoken(error: Exception) -> str:
    """A refusal in one line."""
    faults = [f"{fault['field']}: {fault['message']}" for fault in details_of(error)]
    return " ".join(faults) if faults and isinstance(error, ValidationError) else str(error)
