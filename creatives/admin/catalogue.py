"""The admin of what creatives are made of: offers and their categories, channels and their placements."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from creatives import viewsets
from creatives.models import Category, Channel, Offer, Placement, SubCategory
from kaireon import clock
from kaireon.admin.columns import column
from kaireon.admin.fields import LinesField
from kaireon.admin.filters import DeletedFilter
from kaireon.admin.forms import LifecycleForm
from kaireon.admin.lifecycle import LifecycleAdmin

BOUNDS = {"starts_at": "startsAt", "ends_at": "endsAt"}


class NamedAdmin(LifecycleAdmin):
    """What every part of the catalogue shows."""

    list_display: Any = ("name", "state_of", "updated_at")
    list_filter: Any = (DeletedFilter, "status")
    search_fields = ("name", "description")


@admin.register(Category)
class CategoryAdmin(NamedAdmin):
    """Families of offers."""

    resource = viewsets.CategoryViewSet
    icon = "category"
    list_display = ("name", "state_of", "ordinal", "updated_at")
    fields = ("name", "description", "status", "ordinal", "color", "icon")


@admin.register(SubCategory)
class SubCategoryAdmin(NamedAdmin):
    """Parts of categories."""

    resource = viewsets.SubCategoryViewSet
    icon = "account_tree"
    list_display = ("name", "category", "state_of", "updated_at")
    list_select_related = ("category",)
    autocomplete_fields = ("category",)
    fields = ("category", "name", "description", "status")


class OfferForm(LifecycleForm):
    """An offer; its tags are lines, its schedule two instants."""

    tags = LinesField()
    starts_at = forms.SplitDateTimeField(required=False, label="Shown from", widget=UnfoldAdminSplitDateTimeWidget)
    ends_at = forms.SplitDateTimeField(required=False, label="Shown until", widget=UnfoldAdminSplitDateTimeWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, key in BOUNDS.items():
            stored = self.instance.schedule.get(key)
            self.initial[name] = clock.parse(stored) if stored else None

    def payload(self) -> dict[str, Any]:
        """Keys of the schedule that have no field are kept."""
        payload = super().payload()
        moved = {BOUNDS[name]: self.cleaned_data.get(name) for name in BOUNDS if name in self.changed_data}
        if moved:
            bounds = {key: clock.text(instant) if instant else None for key, instant in moved.items()}
            schedule = {**self.instance.schedule, **bounds}
            payload["schedule"] = {key: bound for key, bound in schedule.items() if bound is not None}
        return payload

    def form_name(self, field: str) -> str | None:
        return "ends_at" if field == "schedule" else super().form_name(field)


@admin.register(Offer)
class OfferAdmin(NamedAdmin):
    """What customers can be offered."""

    resource = viewsets.OfferViewSet
    icon = "local_offer"
    form = OfferForm
    list_display = ("name", "category", "category_label", "state_of", "priority", "goes_first", "updated_at")
    words = {
        "short_desc": ("Short description", ""),
        "sub_category": ("Sub-category", ""),
        "mandatory_reason": ("Reason", "Which law or contract says so."),
        "mandatory_expires_at": ("Mandatory until", "Then it is an offer like any other."),
    }
    list_select_related = ("category",)
    autocomplete_fields = ("category", "sub_category")
    fieldsets = (
        (None, {"fields": ("name", "short_desc", "description", "status")}),
        ("Sorting", {"fields": ("category", "sub_category", "category_label", "tags")}),
        ("When and how much", {"fields": ("priority", "business_value", "starts_at", "ends_at")}),
        (
            "Mandatory",
            {
                "fields": ("mandatory", "mandatory_reason", "mandatory_expires_at"),
                "description": "A mandatory offer passes bypassable policies until it expires. Only admins set it.",
            },
        ),
        ("For machines", {"fields": ("metadata",), "classes": ["collapse"]}),
    )

    @column("Mandatory", ordering="mandatory", label={"mandatory": "warning"})
    def goes_first(self, row: Offer) -> str | None:
        """A word on the few it is true of."""
        return "mandatory" if row.mandatory else None


@admin.register(Channel)
class ChannelAdmin(NamedAdmin):
    """Ways to reach customers."""

    resource = viewsets.ChannelViewSet
    icon = "campaign"
    words = {
        "delivery_mode": ("Delivery", ""),
        "impression_mode": (
            "Impressions",
            "Explicit: whoever sends reports each one. Implicit: being recommended is the contact.",
        ),
        "coupling_mode": ("Placements", "Partial: each is filled by itself. Atomic: all that are asked for, or none."),
        "cost_per_contact": ("Cost per contact", "What budgets count for a contact that names no cost of its own."),
    }
    list_display = ("name", "channel_type", "state_of", "delivery_mode", "impression_mode", "updated_at")
    fields = (
        "name",
        "description",
        "status",
        "channel_type",
        "delivery_mode",
        "impression_mode",
        "coupling_mode",
        "cost_per_contact",
    )


@admin.register(Placement)
class PlacementAdmin(NamedAdmin):
    """Places on channels."""

    resource = viewsets.PlacementViewSet
    icon = "dashboard"
    list_display = ("name", "channel", "slot_type", "max_slots", "state_of", "updated_at")
    list_select_related = ("channel",)
    autocomplete_fields = ("channel",)
    fieldsets = (
        (None, {"fields": ("channel", "name", "description", "status", "slot_type", "max_slots")}),
        ("For machines", {"fields": ("schema", "targeting"), "classes": ["collapse"]}),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Whoever chooses a placement for a channel, which the address then names, is offered that channel's only."""
        found, duplicates = super().get_search_results(request, queryset, search_term)
        channel = request.GET.get("of_channel", "")
        return (found.filter(channel=channel) if re.fullmatch(r"[0-9]{1,18}", channel) else found), duplicates
