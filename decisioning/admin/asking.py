"""What the page "Why not?" asks for: a customer, and, if wanted, an offer and an instant."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from unfold.widgets import INPUT_CLASSES

from creatives.models import Offer
from decisioning.models import Customer
from kaireon import clock
from kaireon.admin.entrance import actor_of
from kaireon.tenancy import Tenant
from policies.admin.lookup_field import TYPED, LookupField, LookupWidget, shown_lookup
from policies.directory import Directory

MOST_SUGGESTED = 10
EARLIEST = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
LOCAL = "%Y-%m-%dT%H:%M"


class CustomerWidget(forms.Widget):
    """A customer id, written out; known ones are suggested."""

    template_name = LookupWidget.template_name
    _render = LookupWidget._render

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        typed = data.get(name + TYPED)
        return data.get(name) if typed is None else typed

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        picked = [(value, value)] if value else []
        shown = shown_lookup(name, "customer", picked, many=False) | {"address": reverse("admin:why_not_customers")}
        return super().get_context(name, value, attrs) | shown

    def id_for_label(self, id_: str) -> str:
        return id_


class WhyNotForm(forms.Form):
    """The question. An offer is cleaned to its row, an instant is read in the zone that is active."""

    customer = forms.CharField(
        max_length=255,
        widget=CustomerWidget,
        help_text="Its id, as your systems write it. One nobody knows yet may be asked about, too.",
        error_messages={"required": "Say which customer it is about."},
    )
    at = forms.DateTimeField(
        label="As of",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": " ".join(INPUT_CLASSES)}, format=LOCAL),
        help_text="Empty: now. A past instant: contacts up to then, policies and offers as they are today.",
    )

    def __init__(self, tenant: Tenant, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant = tenant
        self.fields["offer"] = LookupField(Directory(tenant), "offer", many=False)
        self.fields["offer"].help_text = "Empty: the whole inventory."
        self.order_fields(["customer", "offer", "at"])

    def clean_offer(self) -> Offer | None:
        """A live offer of the tenant, by id or by its whole name."""
        said = self.cleaned_data["offer"]
        if not said:
            return None
        offer: Offer | None = Offer.objects.of(self.tenant).filter(pk=Offer.id_kind.decode(said)).first()
        if offer is None:
            raise ValidationError(
                f"There is no live offer {said!r}; choose one of those that are found while you type."
            )
        return offer

    def clean_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["at"]
        if at is None:
            return None
        if at > clock.now():
            raise ValidationError("Nobody knows the future yet; leave it empty for now, or choose an instant gone by.")
        if at < EARLIEST:
            raise ValidationError("Choose an instant from 1970 on.")
        return clock.cut(at)


def customers_view(request: HttpRequest) -> JsonResponse:
    """The tenant's customers whose ids begin with a few letters."""
    letters = request.GET.get("q", "")[:255].replace("\0", "")
    rows = Customer.objects.of(actor_of(request).tenant).filter(customer_id__gte=letters).order_by("customer_id")
    # The next ids in the index's order, and of those the ones that do begin so: no walk through all customers.
    ids = rows.values_list("customer_id", flat=True)[:MOST_SUGGESTED]
    found = [customer_id for customer_id in ids if customer_id.startswith(letters)]
    return JsonResponse({"results": [{"id": customer_id, "name": customer_id} for customer_id in found]})
