"""The pages of one configured row besides its form: its versions, and bringing it back."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from kaireon.admin.bulk import REFUSALS, spoken
from kaireon.admin.entrance import actor_of, reason_in
from kaireon.admin.pages import links_of
from kaireon.admin.versions import VersionPages
from kaireon.lifecycle import Lifecycle
from kaireon.writing import DuplicateName, refuse_taken_name, went_with, writing

MOST_COMPARED = 200  # rows that come back together and are looked at one by one when a name is taken


class RowPages(VersionPages):
    """The additional pages of LifecycleAdmin."""

    model: Any
    opts: Any
    admin_site: Any
    resource: ClassVar[Any]
    message_user: Callable[..., None]
    get_object: Callable[..., Any]
    has_view_permission: Callable[..., bool]
    has_restore_permission: Callable[..., bool]
    _get_obj_does_not_exist_redirect: Callable[..., HttpResponse]

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path("<path:object_id>/revert/", wrap(self.revert_view), name=f"{name}_revert"),
            path("<path:object_id>/restore/", wrap(self.restore_view), name=f"{name}_restore"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def restore_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Says what comes back, and what stands in its way; a POST brings it back."""
        row = self.row_of(request, object_id)
        if row is None:
            return self.nothing_here(request, object_id)
        if not self.has_restore_permission(request, row):
            raise PermissionDenied
        if request.method != "POST":
            companions = list(went_with(row))
            context = self.context_of(request, row, f"Restore {row}") | {
                "companions": [f"{child._meta.verbose_name} {child}" for child in companions],
                "collision": collision_of([row, *companions]) if row.deleted_at else None,
            }
            return TemplateResponse(request, "admin/lifecycle/restore.html", context)
        try:
            with writing(actor_of(request)) as unit:
                unit.restore(row, reason=reason_given(request, "restore"))
        except REFUSALS as error:
            self.message_user(request, f"Nothing was changed: {spoken(error)}", messages.ERROR)
        else:
            self.message_user(request, f'"{row}" was restored.', messages.SUCCESS)
        return HttpResponseRedirect(self.address_of("change", row))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Tells the template whether the row is deleted and may be restored."""
        row: Any = kwargs.get("obj")
        context["deleted"] = row is not None and row.deleted_at is not None
        context["frozen"] = row.frozen_because() if row is not None else None
        context["row_links"] = links_of(row) if row is not None and not context["deleted"] else []
        if context["deleted"] and self.has_restore_permission(request, row):
            context["restore_address"] = self.address_of("restore", row)
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]
        return response

    def row_of(self, request: HttpRequest, object_id: str) -> Lifecycle | None:
        """The tenant's row, deleted or not."""
        row: Lifecycle | None = self.get_object(request, unquote(object_id))
        if row is not None and not self.has_view_permission(request, row):
            raise PermissionDenied
        return row

    def nothing_here(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The answer to an address that names no row of the tenant."""
        return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

    def address_of(self, view: str, row: Lifecycle) -> str:
        """`change`, `history`, ... of the row."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{view}", args=[row.pk])

    def context_of(self, request: HttpRequest, row: Lifecycle, title: str) -> dict[str, Any]:
        """What every page of a row needs."""
        context: dict[str, Any] = self.admin_site.each_context(request)
        return context | {"title": title, "opts": self.opts, "original": row, "object": row}


def reason_given(request: HttpRequest, action: str) -> str:
    """What the history says of an action besides its name, when somebody wrote why."""
    why = reason_in(request)
    return f"{action}: {why}" if why else ""


def collision_of(rows: list[Lifecycle]) -> dict[str, Any] | None:
    """The first of the deleted rows whose name somebody living bears meanwhile, and who that is."""
    for row in rows[:MOST_COMPARED]:
        revived = copy.copy(row)
        revived.deleted_at = None
        try:
            refuse_taken_name(revived)
        except DuplicateName:
            bearer = _bearer(row)
            kind = row._meta
            address = reverse(f"admin:{kind.app_label}_{kind.model_name}_change", args=[bearer.pk]) if bearer else ""
            return {"row": row, "kind": kind.verbose_name, "bearer": bearer, "address": address}
    return None


def _bearer(row: Lifecycle) -> Lifecycle | None:
    """The living row that a uniqueness of a deleted one collides with."""
    for model, constraints in row.get_constraints():
        for constraint in constraints:
            words = {name: getattr(row, name) for name in getattr(constraint, "fields", ())}
            found: Lifecycle | None = model.objects.filter(**words).first() if words else None  # type: ignore[attr-defined]
            if found is not None:
                return found
    return None
