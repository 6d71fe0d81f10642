"""The catalogue's admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from creatives import viewsets
from creatives.models import Category, Channel, Creative, Offer, Placement, SubCategory
from kaireon.admin.fields import LinesField
from kaireon.admin.filters import DeletedFilter
from kaireon.admin.forms import LifecycleForm
from kaireon.admin.lifecycle import LifecycleAdmin


class NamedAdmin(LifecycleAdmin):
    """What every part of the catalogue shows."""

    list_display: Any = ("name", "state_of", "updated_at")
    list_filter = (DeletedFilter, "status")
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
    """An offer; its tags are lines."""

    tags = LinesField()


@admin.register(Offer)
class OfferAdmin(NamedAdmin):
    """What customers can be offered."""

    resource = viewsets.OfferViewSet
    icon = "local_offer"
    form = OfferForm
    list_display = ("name", "category", "category_label", "state_of", "priority", "mandatory", "updated_at")
    list_select_related = ("category",)
    autocomplete_fields = ("category", "sub_category")
    fieldsets = (
        (None, {"fields": ("name", "short_desc", "description", "status")}),
        ("Sorting", {"fields": ("category", "sub_category", "category_label", "tags")}),
        ("Weight", {"fields": ("priority", "business_value", "schedule")}),
        (
            "Mandatory",
            {
                "fields": ("mandatory", "mandatory_reason", "mandatory_expires_at"),
                "description": "A mandatory offer passes bypassable policies until it expires. Only admins set it.",
            },
        ),
        ("For machines", {"fields": ("metadata",), "classes": ["collapse"]}),
    )


@admin.register(Channel)
class ChannelAdmin(NamedAdmin):
    """Ways to reach customers."""

    resource = viewsets.ChannelViewSet
    icon = "campaign"
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


@admin.register(Creative)
class CreativeAdmin(NamedAdmin):
    """Offers' content for channels."""

    resource = viewsets.CreativeViewSet
    icon = "palette"
    list_display = ("name", "offer", "channel", "placement", "template_type", "state_of", "weight")
    autocomplete_fields = ("offer", "channel", "placement")
    fieldsets = (
        (None, {"fields": ("name", "description", "status")}),
        ("Where", {"fields": ("offer", "channel", "placement")}),
        ("Content", {"fields": ("template_type", "content", "personalization")}),
        ("Variants and limits", {"fields": ("ab_test_variant", "weight", "constraints")}),
        ("For machines", {"fields": ("metrics",), "classes": ["collapse"]}),
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The template types the contract knows are offered; any other may be written."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "template_type" and isinstance(field, forms.Field):
            field.help_text = ", ".join(self.resource.serializer_class.TEMPLATE_TYPES)
        return field
