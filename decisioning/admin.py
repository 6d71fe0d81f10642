"""The admin of what decisions are made with, and of what happened to customers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator

from creatives.models import Channel, Creative, Offer
from decisioning import viewsets
from decisioning.models import DecisionFlow, Interaction, OutcomeType, Segment
from kaireon.admin.audit import ReadOnlyAdmin
from kaireon.admin.columns import column
from kaireon.admin.entrance import actor_of
from kaireon.admin.filters import DeletedFilter
from kaireon.admin.lifecycle import LifecycleAdmin
from kaireon.tenancy import READERS


@admin.register(Segment)
class SegmentAdmin(LifecycleAdmin):
    """Named groups of customers."""

    resource = viewsets.SegmentViewSet
    icon = "groups"
    list_display = ("name", "description", "state_of", "updated_at")
    list_filter = (DeletedFilter, "status")
    search_fields = ("name", "description")


@admin.register(OutcomeType)
class OutcomeTypeAdmin(LifecycleAdmin):
    """What can become of an offer that was shown."""

    resource = viewsets.OutcomeTypeViewSet
    icon = "ads_click"
    list_display = ("key", "name", "classification_label", "is_system", "updated_at")
    list_filter = (DeletedFilter, "classification")
    search_fields = ("key", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Interactions are recorded under the key, so it stays."""
        return ("key",) if obj else ()

    @column(
        "Counts as",
        ordering="classification",
        label={"positive": "success", "neutral": "info", "negative": "danger"},
    )
    def classification_label(self, row: OutcomeType) -> str:
        return row.classification


@admin.register(DecisionFlow)
class DecisionFlowAdmin(LifecycleAdmin):
    """The stages a recommendation runs through."""

    resource = viewsets.DecisionFlowViewSet
    icon = "conversion_path"
    list_display = ("name", "key", "state_of", "updated_at")
    list_filter = (DeletedFilter, "status")
    search_fields = ("name", "key")


@admin.register(Interaction)
class InteractionAdmin(ReadOnlyAdmin):
    """What happened to customers: looked up by customer, never counted, never changed."""

    readers = READERS
    icon = "history"
    list_display = ("at", "customer_id", "outcome", "offer", "channel", "creative", "campaign_id")
    search_fields = ("customer_id",)
    search_help_text = "The exact customer id"
    ordering = ("-pk",)
    sortable_by = ()
    list_per_page = 50
    paginator = InfinitePaginator
    show_full_result_count = False

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        """One customer, newest first, straight from the index."""
        if not search_term:
            return queryset, False
        return queryset.filter(customer_id=search_term).order_by("-at", "-id"), False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Interactions hold plain keys; the names of a page are looked up together."""
        changelist = super().get_changelist_instance(request)
        rows, tenant = changelist.result_list, actor_of(request).tenant
        for attribute, model in (("offer", Offer), ("channel", Channel), ("creative", Creative)):
            keys = {getattr(row, f"{attribute}_key") for row in rows}
            named = dict(model.everything.of(tenant).filter(pk__in=keys).values_list("pk", "name"))
            for row in rows:
                setattr(row, f"{attribute}_name", named.get(getattr(row, f"{attribute}_key"), "-"))
        return changelist

    @column("Offer")
    def offer(self, row: Any) -> str:
        return str(row.offer_name)

    @column("Channel")
    def channel(self, row: Any) -> str:
        return str(row.channel_name)

    @column("Creative")
    def creative(self, row: Any) -> str:
        return str(row.creative_name)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """What happened has no versions."""
        return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
