"""The pages of one configured row besides its form: history, going back to a version, restoring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from kaireon import clock, history
from kaireon.admin.bulk import REFUSALS, spoken
from kaireon.admin.differences import differences, names_in
from kaireon.admin.entrance import actor_of
from kaireon.lifecycle import Lifecycle
from kaireon.writing import went_with, writing

VERSIONS_PER_PAGE = 20


class RowPages:
    """The additional pages of LifecycleAdmin."""

    model: Any
    opts: Any
    admin_site: Any
    resource: ClassVar[Any]
    message_user: Callable[..., None]
    get_object: Callable[..., Any]
    has_view_permission: Callable[..., bool]
    has_change_permission: Callable[..., bool]
    has_restore_permission: Callable[..., bool]
    _get_obj_does_not_exist_redirect: Callable[..., HttpResponse]

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path("<path:object_id>/revert/", wrap(self.revert_view), name=f"{name}_revert"),
            path("<path:object_id>/restore/", wrap(self.restore_view), name=f"{name}_restore"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The row's versions, newest first, each with what it changed."""
        row = self._row(request, object_id)
        if row is None:
            return self._nothing_here(request, object_id)
        entries = history.entries_of(row).order_by(*history.ORDER)
        page = Paginator(entries, VERSIONS_PER_PAGE).get_page(request.GET.get("page"))
        versions = history.versions_of(row, page.object_list)
        names = names_in((change for version in versions for change in version["changes"]), row.tenant)
        context = self._context(request, row, f"History of {row}") | {
            "versions": [_shown(version, names) for version in versions],
            "page": page,
            "may_revert": self.has_change_permission(request, row),
        }
        return TemplateResponse(request, "admin/lifecycle/history.html", context | (extra_context or {}))

    def revert_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """POST: makes an old state the newest version."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self._row(request, object_id)
        if row is None:
            return self._nothing_here(request, object_id)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        number, opened = _number(request.POST.get("version")), _number(request.POST.get("rowVersion"))
        try:
            with writing(actor_of(request)) as unit:
                fresh = self.model.everything.of(unit.tenant).get(pk=row.pk)
                serializer = self.resource.serializer_class
                _, warnings = history.revert(serializer, unit, fresh, number=number or 0, expected_version=opened)
        except REFUSALS as error:
            self.message_user(request, f"Nothing was changed: {spoken(error)}", messages.ERROR)
        else:
            self.message_user(request, f'"{row}" is as it was in version {number}.', messages.SUCCESS)
            for warning in warnings:
                self.message_user(request, warning, messages.WARNING)
        return HttpResponseRedirect(self._address("history", row))

    def restore_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Says what comes back; a POST brings it back."""
        row = self._row(request, object_id)
        if row is None:
            return self._nothing_here(request, object_id)
        if not self.has_restore_permission(request, row):
            raise PermissionDenied
        if request.method != "POST":
            companions = [f"{child._meta.verbose_name} {child}" for child in went_with(row)]
            context = self._context(request, row, f"Restore {row}") | {"companions": companions}
            return TemplateResponse(request, "admin/lifecycle/restore.html", context)
        try:
            with writing(actor_of(request)) as unit:
                unit.restore(row)
        except REFUSALS as error:
            self.message_user(request, f"Nothing was changed: {spoken(error)}", messages.ERROR)
        else:
            self.message_user(request, f'"{row}" was restored.', messages.SUCCESS)
        return HttpResponseRedirect(self._address("change", row))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Tells the template whether the row is deleted and may be restored."""
        row: Any = kwargs.get("obj")
        context["deleted"] = row is not None and row.deleted_at is not None
        context["frozen"] = row.frozen_because() if row is not None else None
        if context["deleted"] and self.has_restore_permission(request, row):
            context["restore_address"] = self._address("restore", row)
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]
        return response

    def _row(self, request: HttpRequest, object_id: str) -> Lifecycle | None:
        row: Lifecycle | None = self.get_object(request, unquote(object_id))
        if row is not None and not self.has_view_permission(request, row):
            raise PermissionDenied
        return row

    def _nothing_here(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

    def _address(self, view: str, row: Lifecycle) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{view}", args=[row.pk])

    def _context(self, request: HttpRequest, row: Lifecycle, title: str) -> dict[str, Any]:
        context: dict[str, Any] = self.admin_site.each_context(request)
        return context | {"title": title, "opts": self.opts, "original": row, "object": row}


def _shown(version: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    when = clock.parse(version["changedAt"])
    return {**version, "when": when, "differences": differences(version["changes"], names)}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 18 else None
