"""The page "Why not?": what stands between a customer and an offer, or the whole inventory, and until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from creatives.models import Offer
from decisioning.admin.answers import Question, about_everything, about_offer, about_some, some_offers
from decisioning.admin.asking import WhyNotForm, customers_view
from decisioning.admin.reasons import Teller
from decisioning.admin.timeline import Happening, Reach, Timeline
from decisioning.deciding.lookup import Caller, Known, inform
from decisioning.in_force.configuration import Configuration
from decisioning.in_force.naming import expect
from decisioning.models import Customer, Interaction
from kaireon import clock
from kaireon.admin.entrance import actor_of
from kaireon.admin.pages import Page, pages, row_links, shown
from kaireon.database.statements import moment
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy

MOST_HAPPENINGS = 300
MOST_REACHES = 6


def why_not_view(request: HttpRequest) -> HttpResponse:
    """Asks, and answers what was asked."""
    tenant = actor_of(request).tenant
    form = _form(request, tenant)
    context: dict[str, Any] = {"form": form, "zone": tenant.timezone, "offer_address": reverse("admin:why_not")}
    if form.is_bound and form.is_valid():
        context |= _answer(request, form.cleaned_data, ZoneInfo(tenant.timezone))
    return shown(request, "admin/why_not/page.html", title="Why not?", context=context)


def _form(request: HttpRequest, tenant: Tenant) -> WhyNotForm:
    asked = "customer" in request.GET or "customer.typed" in request.GET
    if asked:
        return WhyNotForm(tenant, request.GET)
    return WhyNotForm(tenant, initial={"offer": request.GET.get("offer", "")})


def _answer(request: HttpRequest, asked: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    actor, as_of, offer = actor_of(request), asked["at"], asked["offer"]
    number = _number(request.GET.get("page", ""))
    some = some_offers(actor.tenant, number) if offer is None else None
    offers = [offer.pk] if offer is not None else some[0] if some is not None else None
    known, configuration = inform(Caller(tenant=actor.tenant.pk, role=actor.role), asked["customer"], offers=offers)
    now = as_of or known.at
    teller = Teller(configuration=configuration, zone=zone, now=now)
    context = {
        "customer": asked["customer"],
        "customer_link": _customer_link(actor.tenant, asked["customer"]),
        "decided": teller.instant(clock.text(now)) if as_of else None,
        "as_of": as_of,
        "offer": offer,
    }
    question = Question(known=known, configuration=configuration, as_of=as_of, number=number, teller=teller)
    wanted = "allowed" if request.GET.get("show") == "allowed" else "blocked"
    if offer is not None:
        answer = about_offer(question, offer)
    elif some is not None:
        answer = about_some(question, some[0], wanted, more=some[1])
    else:
        answer = about_everything(question, wanted)
    drawn = _timeline(known, configuration, answer.reaches, zone=zone, now=now)
    return (
        context
        | answer.shown
        | {"timeline": drawn, "pages": _pages(request.GET, number, answer.more, stays=some is not None)}
    )


def _timeline(
    known: Known,
    configuration: Configuration,
    reached: Sequence[tuple[Any, int]],
    *,
    zone: ZoneInfo,
    now: datetime,
) -> Timeline:
    """What happened to the customer up to the instant, and how far back looks what blocks."""
    rows = Interaction.objects.of(known.tenant).filter(customer_id=known.customer_id, void=False, at__lte=now)
    newest, names = list(rows.order_by("-at", "-id")[:MOST_HAPPENINGS]), configuration.names
    for kind in ("offer", "creative", "channel"):
        expect(names, kind, {getattr(row, f"{kind}_key") or 0 for row in newest})
    happenings = [
        Happening(
            at=row.at,
            outcome=row.outcome,
            offer=names.get(("offer", row.offer_key or 0), "no offer"),
            creative=names.get(("creative", row.creative_key or 0), "no creative"),
            channel=names.get(("channel", row.channel_key or 0), "no channel"),
        )
        for row in newest
    ]
    since = {(source.policy_name, start): None for source, start in reached}
    reaches = [Reach(policy=name, since=moment(max(start, 0))) for name, start in since][:MOST_REACHES]
    return Timeline(happenings=happenings, reaches=reaches, classes=configuration.outcomes, now=now, zone=zone)


def _customer_link(tenant: Tenant, customer_id: str) -> str | None:
    row = Customer.objects.of(tenant).filter(customer_id=customer_id).values_list("pk", flat=True).first()
    return reverse("admin:decisioning_customer_change", args=[row]) if row is not None else None


def _pages(asked: QueryDict, number: int, more: bool, *, stays: bool) -> dict[str, Any]:
    """The addresses of the pages before and after, and of what else can be shown; `stays`: on the same page."""

    def address(to: int) -> str:
        changed = asked.copy()
        changed["page"] = str(to)
        return f"?{changed.urlencode()}"

    kept = asked.copy()
    if not stays:
        kept.pop("page", None)
    return {
        "number": number,
        "before": address(number - 1) if number > 1 else None,
        "after": address(number + 1) if more else None,
        "show": {each: f"?{_with(kept, show=each)}" for each in ("blocked", "allowed")},
        "of_offer": f"?{_without(kept, 'offer', 'offer.typed', 'show', 'page')}",
    }


def _with(asked: QueryDict, **said: str) -> str:
    changed = asked.copy()
    for name, value in said.items():
        changed[name] = value
    return changed.urlencode()


def _without(asked: QueryDict, *names: str) -> str:
    changed = asked.copy()
    for name in names:
        changed.pop(name, None)
    return changed.urlencode()


def _number(text: str) -> int:
    return max(int(text[:6]), 1) if text.isascii() and text.isdecimal() else 1


def _of_row(row: Any) -> str:
    """The question about an offer is half asked already."""
    return f"{reverse('admin:why_not')}?offer={row.public_id}" if isinstance(row, Offer) else reverse("admin:why_not")


def link_of_customer(row: Customer) -> str:
    """The question about a customer, asked."""
    asked = QueryDict(mutable=True)
    asked["customer"] = row.customer_id
    return f"{reverse('admin:why_not')}?{asked.urlencode()}"


pages += [
    Page(name="why_not", path="why-not/", title="Why not?", icon="help", view=why_not_view),
    Page(name="why_not_customers", path="why-not/customers/", title="Customers", view=customers_view),
]
for kind in (Offer, ContactPolicy):
    row_links[kind].append(("Why not?", _of_row))
row_links[Customer].append(("Why not?", link_of_customer))
