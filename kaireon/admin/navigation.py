"""The sidebar: every registered model the person may see, in the order of the apps."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static

PLAIN_ICON = "circle"


def groups(request: HttpRequest) -> list[dict[str, Any]]:
    """One group per app; the app nearest to decisions first, access last."""
    listed = admin.site.get_app_list(request)
    return [
        {"title": app["name"], "separator": True, "items": [_item(model) for model in app["models"]]}
        for app in sorted(listed, key=lambda app: _place(app["app_label"]))
    ]


def stylesheet(request: HttpRequest) -> str:
    """The address of Kaireon's few own rules."""
    return static("kaireon/admin.css")


def favicon(request: HttpRequest) -> str:
    """The address of the icon in the browser's tab."""
    return static("kaireon/icon.svg")


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
