"""The admin of what is known of customers and of what happened to them: looked up and read, never written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.paginator import InfinitePaginator

from decisioning.in_force.naming import KINDS, NamesOnDemand
from decisioning.models import Customer, Decision, Interaction, Segment, SegmentMember
from decisioning.models.outcomes import names_by_key
from kaireon.admin.audit import ReadOnlyAdmin
from kaireon.admin.columns import column
from kaireon.admin.entrance import actor_of, entered
from kaireon.admin.pages import links_of
from kaireon.tenancy import READERS, Tenant


class SegmentFilter(SimpleListFilter):
    """Customers of one live segment."""

    title = "Segment"
    parameter_name = "segment"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        entrance = entered(request)
        return list(Segment.objects.of(entrance.tenant).values_list("pk", "name").order_by("name")) if entrance else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        known = {str(key): key for key, _ in self.lookup_choices}
        chosen = known.get(str(self.value()))  # a number when the rows of each choice are counted, else a text
        return queryset if chosen is None else queryset.filter(memberships__segment=chosen)


class OfCustomersAdmin(ReadOnlyAdmin):
    """Rows about customers, of whom there may be millions: looked up by the customer's id, never counted or sorted."""

    readers = READERS
    search_fields = ("customer_id",)
    search_help_text = "The exact customer id"
    ordering = ("-pk",)
    sortable_by = ()
    list_per_page = 50
    paginator = InfinitePaginator

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        """One customer, straight from the index."""
        return (queryset.filter(customer_id=search_term) if search_term else queryset), False


@admin.register(Customer)
class CustomerAdmin(OfCustomersAdmin):
    """What is known of customers: written by the API and by imports."""

    icon = "person"
    list_display = ("customer_id", "time_zone", "segments", "updated_at")
    list_filter = (SegmentFilter,)
    fields = ("customer_id", "attributes", "time_zone", "segments", "version", "created_at", "updated_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        members = SegmentMember.objects.filter(segment__deleted_at__isnull=True).select_related("segment")
        return super().get_queryset(request).prefetch_related(Prefetch("memberships", members))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Adds the pages that say more about the customer."""
        context["row_links"] = links_of(kwargs["obj"])
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    @column("Time zone")
    def time_zone(self, row: Customer) -> str:
        return row.timezone or "-"

    @column("Segments")
    def segments(self, row: Customer) -> str:
        return ", ".join(sorted(member.segment.name for member in row.memberships.all())) or "-"


def _named(kind: str, title: str) -> Any:
    """The column of what an interaction was about, by the name that `_name` gave it."""

    @column(title)
    def shown(_admin: Any, row: Any) -> str:
        return str(row.names[kind])

    return shown


@admin.register(Interaction)
class InteractionAdmin(OfCustomersAdmin):
    """What happened to customers: never changed."""

    icon = "history"
    list_display = ("at", "customer_id", "outcome_name", "offer", "channel", "creative", "campaign_id")
    fields = (
        *("at", "recorded_at", "customer_id", "outcome_name", "offer", "creative", "channel", "placement"),
        *("category", "sub_category", "label", "campaign_id", "cost", "value", "recommendation", "direction"),
        *("told_beside", "counts"),
    )

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[QuerySet[Any], bool]:
        """One customer, newest first, straight from the index."""
        found, doubled = super().get_search_results(request, queryset, search_term)
        return (found.order_by("-at", "-id") if search_term else found), doubled

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        _name(changelist.result_list, actor_of(request).tenant)
        return changelist

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            _name([row], actor_of(request).tenant)
        return row

    outcome_name = _named("outcome", "Outcome")
    offer = _named("offer", "Offer")
    creative = _named("creative", "Creative")
    channel = _named("channel", "Channel")
    placement = _named("placement", "Placement")
    category = _named("category", "Category")
    sub_category = _named("sub_category", "Sub-category")

    @column("Cost")
    def cost(self, row: Interaction) -> str:
        return _amount(row.cost_micros)

    @column("Value")
    def value(self, row: Interaction) -> str:
        return _amount(row.value_micros)

    @column("Recommendation")
    def recommendation(self, row: Interaction) -> str:
        """The line of the recommendation it is about."""
        return f"{Decision.id_kind.encode(row.decision_key)}, rank {row.rank}" if row.decision_key else "-"

    @column("Context")
    def told_beside(self, row: Interaction) -> str:
        """What the sender told beside it."""
        return json.dumps(row.context, ensure_ascii=False) if row.context else "-"

    @column("Counts")
    def counts(self, row: Interaction) -> str:
        return "no: it was never presented" if row.void else "yes"


def _name(rows: Iterable[Any], tenant: Tenant) -> None:
    """Gives interactions, which hold plain keys, the tenant's names of what they are about; one query for each kind."""
    told, outcomes, names = list(rows), names_by_key(tenant), NamesOnDemand(tenant, {})
    for row in told:
        row.names = {"outcome": outcomes.get(row.outcome, row.outcome)}
    for kind in KINDS:
        keys = {row.pk: getattr(row, f"{kind}_key") for row in told}
        names.read(kind, {key for key in keys.values() if key is not None})
        for row in told:
            row.names[kind] = names.get((kind, keys[row.pk]), "-") if keys[row.pk] is not None else "-"


def _amount(micros: int) -> str:
    return f"{micros / 1_000_000:.6f}".rstrip("0").rstrip(".") if micros else "-"
