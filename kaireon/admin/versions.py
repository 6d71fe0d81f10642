"""The history of a row in the admin: its versions, two of them side by side, and going back to one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse

from kaireon import history
from kaireon.admin.bulk import REFUSALS, spoken
from kaireon.admin.differences import State, Wording, compared, differences
from kaireon.admin.entrance import actor_of, reason_in
from kaireon.api.reverting import revert
from kaireon.audit import deed
from kaireon.lifecycle import Lifecycle
from kaireon.tenancy import Tenant
from kaireon.writing import writing

VERSIONS_PER_PAGE = 20


class VersionPages:
    """The pages of LifecycleAdmin about the versions of a row."""

    model: Any
    opts: Any
    resource: ClassVar[Any]
    message_user: Callable[..., None]
    has_change_permission: Callable[..., bool]
    row_of: Callable[..., Lifecycle | None]
    nothing_here: Callable[..., HttpResponse]
    address_of: Callable[..., str]
    context_of: Callable[..., dict[str, Any]]

    def wording(self, states: Iterable[State], tenant: Tenant) -> Wording:
        """How the fields and values of this kind of row are said."""
        return Wording(states, tenant)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The row's versions, newest first, each with what it changed; `?left=&right=` puts two side by side."""
        row = self.row_of(request, object_id)
        if row is None:
            return self.nothing_here(request, object_id)
        entries = history.entries_of(row).order_by(*history.ORDER)
        page = Paginator(entries, VERSIONS_PER_PAGE).get_page(request.GET.get("page"))
        shown = list(page.object_list)
        sides = number(request.GET.get("left")), number(request.GET.get("right"))
        states = history.states_of(row, {*_around(shown), *(side for side in sides if side is not None)})
        wording = self.wording(states.values(), row.tenant)
        context = self.context_of(request, row, f"History of {row}") | {
            "versions": [_version(entry, states, wording) for entry in shown],
            "page": page,
            "may_revert": self.has_change_permission(request, row),
            "left": sides[0] or max(row.version - 1, 1),
            "right": sides[1] or row.version,
            "comparison": _comparison(sides, states, wording),
            "left_title": f"Version {sides[0]}",
            "right_title": f"Version {sides[1]}",
        }
        return TemplateResponse(request, "admin/lifecycle/history.html", context | (extra_context or {}))

    def revert_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """POST: makes an old state the newest version."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.row_of(request, object_id)
        if row is None:
            return self.nothing_here(request, object_id)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        chosen, opened = number(request.POST.get("version")), number(request.POST.get("rowVersion"))
        try:
            with writing(actor_of(request)) as unit:
                fresh = self.model.everything.of(unit.tenant).get(pk=row.pk)
                _, warnings = revert(
                    self.resource.serializer_class,
                    unit,
                    fresh,
                    number=chosen or 0,
                    expected_version=opened,
                    why=reason_in(request),
                )
        except REFUSALS as error:
            self.message_user(request, f"Nothing was changed: {spoken(error)}", messages.ERROR)
        else:
            self.message_user(request, f'"{row}" is as it was in version {chosen}.', messages.SUCCESS)
            for warning in warnings:
                self.message_user(request, warning, messages.WARNING)
        return HttpResponseRedirect(self.address_of("history", row))


def number(text: str | None) -> int | None:
    """A version number somebody sent; None for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None


def _around(entries: Iterable[Any]) -> set[int]:
    """The versions of entries, and those before them."""
    return {version for entry in entries for version in (entry.version - 1, entry.version)}


def _version(entry: Any, states: Mapping[int, State], wording: Wording) -> dict[str, Any]:
    """One version with who, when, why and what it changed."""
    action, _, why = entry.history_change_reason.partition(": ")
    before, after = states.get(entry.version - 1), states[entry.version]
    return {
        "version": entry.version,
        "action": deed(action),
        "why": why,
        "changedBy": entry.history_actor,
        "when": entry.history_date,
        "deleted": after["deletedAt"] is not None,
        "differences": differences(before, after, wording),
    }


def _comparison(sides: tuple[int | None, int | None], states: Mapping[int, State], wording: Wording) -> Any:
    """The lines of two versions; None unless both were asked for and exist."""
    left, right = (states.get(side) if side is not None else None for side in sides)
    return compared(left, right, wording) if left is not None and right is not None else None
