"""The parts of the policy form that come while it is filled in: a rule's fields, what can be named, what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from kaireon.admin.entrance import actor_of
from policies.admin.forms import PolicyForm
from policies.directory import Directory
from policies.reading import namer_for, read

MOST_FOUND = 20


class LivePages:
    """The additional addresses of the admin of contact policies."""

    admin_site: Any
    get_form: Callable[..., Any]
    get_object: Callable[..., Any]
    has_view_permission: Callable[..., bool]
    changeform_view: Callable[..., HttpResponse]
    may_write: Callable[..., bool]

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "policies_contactpolicy"
        own = [
            path("lookup/", wrap(self.lookup_view), name=f"{name}_lookup"),
            path("fields/", wrap(self.fields_view), name=f"{name}_fields"),
            path("read/", wrap(self.read_view), name=f"{name}_read"),
            path("<path:object_id>/fields/", wrap(self.fields_view), name=f"{name}_fields"),
            path("<path:object_id>/read/", wrap(self.read_view), name=f"{name}_read"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def lookup_view(self, request: HttpRequest) -> JsonResponse:
        """What of a kind could be meant by a few letters, out of the tenant's live rows and words."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        directory, kind = Directory(actor_of(request).tenant), request.GET.get("kind", "")
        if not directory.keeps(kind):
            raise Http404
        found = directory.find(kind, request.GET.get("q", "")[:255].replace("\0", ""), most=MOST_FOUND)
        return JsonResponse({"results": [{"id": key, "name": name} for key, name in found]})

    def fields_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """The form's part for `?rule_type=`."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        response = self.changeform_view(request, object_id)
        if isinstance(response, TemplateResponse):
            response.template_name = "admin/policies/rule_fields.html"
        return response

    def read_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """What the form as it was sent says, and what saving it would be refused or warned for; nothing is stored."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = self.form_sent(request, object_id)
        return TemplateResponse(request, "admin/policies/live.html", self.said_of(request, form))

    def form_sent(self, request: HttpRequest, object_id: str | None = None) -> PolicyForm:
        """The form as it was sent, judged and not stored, for a person who might store it."""
        policy = self.get_object(request, unquote(object_id)) if object_id is not None else None
        if object_id is not None and policy is None:
            raise Http404
        if not self.may_write(request, policy):
            raise PermissionDenied
        form_class = self.get_form(request, policy, change=policy is not None)
        form_class.stores = False
        form: PolicyForm = form_class(request.POST, instance=policy)
        form.is_valid()
        return form

    def said_of(self, request: HttpRequest, form: PolicyForm) -> dict[str, Any]:
        """What the live part shows of a form."""
        state = form.state()
        faults = [
            {"id": form[name].id_for_label, "label": form[name].label, "messages": messages}
            for name, messages in form.said()
            if name in form.fields
        ]
        return {
            "reading": read(state, namer_for([state], tenant=actor_of(request).tenant)),
            "faults": faults,
            "warnings": form.warnings,
        }
