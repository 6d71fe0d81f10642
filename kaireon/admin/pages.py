"""Pages of our own inside the admin: an app declares its pages here, and the site serves and lists them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from kaireon.admin.entrance import role_of
from kaireon.tenancy import READERS, Role

View = Callable[..., HttpResponse]


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page at `admin/<path>`, called `admin:<name>`. `group` is the app in the sidebar; without one it stands on top.

    A page without an icon is not listed: it answers a script, or is reached from elsewhere only.
    """

    name: str
    path: str
    title: str
    view: View
    icon: str = ""
    group: str = ""
    readers: frozenset[Role] = READERS

    def guarded(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The view, for those who may see it."""
        if role_of(request) not in self.readers:
            raise PermissionDenied
        return self.view(request, *args, **kwargs)


pages: list[Page] = []
home: list[Page] = []  # what is shown after login; the last one counts


def addresses(site: admin.AdminSite) -> list[URLPattern]:
    """The declared pages' addresses."""
    return [path(page.path, site.admin_view(page.guarded), name=page.name) for page in pages]


def listed(request: HttpRequest, group: str) -> list[dict[str, Any]]:
    """A group's pages as the sidebar wants them."""
    return [
        {"title": page.title, "icon": page.icon, "link": reverse(f"admin:{page.name}")}
        for page in pages
        if page.icon and page.group == group and role_of(request) in page.readers
    ]


def shown(request: HttpRequest, template: str, *, title: str, context: Mapping[str, Any]) -> TemplateResponse:
    """A page inside the admin's frame; its template extends `admin/page.html`."""
    framed = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, template, framed)


Link = tuple[str, Callable[[Any], str]]
row_links: dict[type, list[Link]] = defaultdict(list)  # what an app above has to say about a kind of row


def links_of(row: Any) -> list[tuple[str, str]]:
    """Title and address of the pages that say more about a row."""
    return [(title, address(row)) for title, address in row_links.get(type(row), ())]
