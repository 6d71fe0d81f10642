"""The admin site: entered through memberships, working in one tenant at a time."""

from __future__ import annotations

from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.forms import AuthenticationForm as UnfoldAuthenticationForm
from unfold.sites import UnfoldAdminSite

from kaireon.admin import pages
from kaireon.admin.entrance import SESSION_KEY, entered, entrances, entrances_of
from kaireon.lifecycle import LifecycleQuerySet


class EntranceForm(UnfoldAuthenticationForm):
    """The login form: lets in whoever has a tenant to work in."""

    def confirm_login_allowed(self, user: Any) -> None:
        AuthenticationForm.confirm_login_allowed(self, user)
        if not user.is_superuser and not entrances_of(user):
            raise ValidationError("You have no role in any tenant that may enter here; ask its administrator.")


class LiveAutocomplete(AutocompleteJsonView):
    """Autocompletes offer the living only."""

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        return rows.live() if isinstance(rows, LifecycleQuerySet) else rows


class AdminSite(UnfoldAdminSite):
    """Kaireon's admin."""

    login_form = EntranceForm

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and (request.user.is_superuser or entered(request) is not None)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        guarded: Any = super().admin_view(readable(in_the_tenants_zone(view)), cacheable)
        return guarded

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        response: Any = LiveAutocomplete.as_view(admin_site=self)(request)
        return response  # type: ignore[no-any-return]

    def extra_urls(self) -> list[URLPattern]:
        return [path("tenant/", self.admin_view(self.switch_view), name="tenant"), *pages.addresses(self)]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The page an app declared for whoever has just come in, else the list of everything."""
        if pages.home and entered(request) is not None:
            return pages.home[-1].guarded(request)
        listed: HttpResponse = super().index(request, extra_context)
        return listed

    def switch_view(self, request: HttpRequest) -> HttpResponse:
        """Lists the tenants to work in; a POST chooses one for the session."""
        if request.method == "POST":
            wanted = request.POST.get("tenant")
            chosen = next((it.tenant for it in entrances(request) if it.tenant.public_id == wanted), None)
            if chosen is None:
                raise Http404
            request.session[SESSION_KEY] = chosen.pk
            return HttpResponseRedirect(reverse("admin:index"))
        context = self.each_context(request) | {
            "title": "Choose a tenant",
            "entrances": entrances(request),
            "entered": entered(request),
        }
        return TemplateResponse(request, "admin/switch_tenant.html", context)


def readable(view: Any) -> Any:
    """The view, unless the address holds the character NUL, which PostgreSQL refuses to look for."""

    @wraps(view)
    def read(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if "%00" in request.META.get("QUERY_STRING", ""):
            raise Http404
        return view(request, *args, **kwargs)

    return read


def in_the_tenants_zone(view: Any) -> Any:
    """The view, reading and saying every instant in the zone of the tenant that the session works in."""

    @wraps(view)
    def zoned(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        entrance = entered(request)
        with timezone.override(ZoneInfo(entrance.tenant.timezone) if entrance else None):
            response = view(request, *args, **kwargs)
            return response.render() if isinstance(response, SimpleTemplateResponse) else response

    return zoned
