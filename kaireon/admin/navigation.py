"""The sidebar: the pages of our own and every registered model the person may see, in the order of the apps."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

from kaireon.admin import pages

PLAIN_ICON = "circle"


def groups(request: HttpRequest) -> list[dict[str, Any]]:
    """Pages without a group on top, then one group per app; the app nearest to decisions first, access last."""
    apps_seen = sorted(admin.site.get_app_list(request), key=lambda app: _place(app["app_label"]))
    return [{"items": [_home(), *pages.listed(request, "")]}, *(_group(request, app) for app in apps_seen)]


def stylesheet(request: HttpRequest) -> str:
    """The address of Kaireon's few own rules."""
    return static("kaireon/admin.css")


def charts_stylesheet(request: HttpRequest) -> str:
    """The address of what charts look like."""
    return static("kaireon/charts.css")


def script(request: HttpRequest) -> str:
    """The address of what every form of the admin does when it is sent."""
    return static("kaireon/sending.js")


def favicon(request: HttpRequest) -> str:
    """The address of the icon in the browser's tab."""
    return static("kaireon/icon.svg")


def _home() -> dict[str, Any]:
    title = pages.home[-1].title if pages.home else "Home"
    return {"title": title, "icon": "home", "link": reverse("admin:index")}


def _group(request: HttpRequest, app: dict[str, Any]) -> dict[str, Any]:
    """An app: its own pages, then its models."""
    items = [*pages.listed(request, app["app_label"]), *(_item(model) for model in app["models"])]
    return {"title": app["name"], "separator": True, "items": items}


def _place(label: str) -> tuple[bool, int]:
    labels = [config.label for config in apps.get_app_configs()]
    mechanism = label in {"kaireon", "auth"}
    return mechanism, labels.index(label) if mechanism else -labels.index(label)


def _item(model: dict[str, Any]) -> dict[str, Any]:
    registered = admin.site._registry[model["model"]]
    return {
        "title": model["name"],
        "icon": getattr(registered, "icon", PLAIN_ICON),
        "link": model["admin_url"],
    }
