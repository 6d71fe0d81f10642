"""The page "Why not?": what stands between a customer and an offer, or the whole inventory, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from creatives.models import Offer
from decisioning.admin.asking import WhyNotForm, customers_view
from decisioning.admin.reasons import Teller, address_of
from decisioning.admin.timeline import Happening, Reach, Timeline
from decisioning.configuration import Configuration
from decisioning.eligibility import Judged, items_of, judge
from decisioning.engine.evaluate import Outcome, decide
from decisioning.engine.explain import instant_to_wire
from decisioning.engine.rotation import Rotation
from decisioning.histories import recall
from decisioning.lookup import Caller, Known, inform
from decisioning.models import Customer, Interaction
from kaireon import clock
from kaireon.admin.charts import Bar, Bars
from kaireon.admin.entrance import actor_of
from kaireon.admin.pages import Page, pages, row_links, shown
from kaireon.statements import moment
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy

PER_PAGE = 25
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
    known, configuration = inform(Caller(tenant=actor.tenant.pk, role=actor.role), asked["customer"])
    now = as_of or known.at
    teller = Teller(configuration=configuration, zone=zone, now=now)
    context = {
        "customer": asked["customer"],
        "customer_link": _customer_link(actor.tenant, asked["customer"]),
        "decided": teller.instant(clock.text(now)) if as_of else None,
        "as_of": as_of,
        "offer": offer,
    }
    number = _number(request.GET.get("page", ""))
    if offer is not None:
        found = _of_offer(known, configuration, offer, as_of=as_of, number=number, teller=teller)
    else:
        wanted = "allowed" if request.GET.get("show") == "allowed" else "blocked"
        found = _of_everything(known, configuration, as_of=as_of, number=number, teller=teller, wanted=wanted)
    outcome: Outcome = found.pop("outcome")
    reaches = found.pop("reaches")
    return (
        context
        | found
        | {
            "timeline": _timeline(known, configuration, outcome, reaches, zone=zone, now=now),
            "pages": _pages(request.GET, number, found["more"]),
        }
    )


def _of_offer(
    known: Known, configuration: Configuration, offer: Offer, *, as_of: datetime | None, number: int, teller: Teller
) -> dict[str, Any]:
    """Every creative of one offer with everything that was asked of it."""
    judged = judge(known, configuration, items_of(configuration, offer.pk), as_of=as_of)
    positions = range(len(judged.items))[(number - 1) * PER_PAGE : number * PER_PAGE]
    return {
        "creatives": [teller.creative(judged, position) for position in positions],
        "funnel": _offer_funnel(judged, known),
        "more": len(judged.items) > number * PER_PAGE,
        "outcome": judged.outcome,
        "reaches": [reach for position in positions for reach in judged.outcome.windows(position)],
    }


def _of_everything(
    known: Known, configuration: Configuration, *, as_of: datetime | None, number: int, teller: Teller, wanted: str
) -> dict[str, Any]:
    """One line for each creative of the inventory: of those that are blocked, or of the others."""
    stock, at = configuration.stock, clock.milliseconds(teller.now)
    facts = recall(known, stock.snapshot, as_of=as_of).facts
    outcome = decide(stock.snapshot, stock.program, facts, now=at)
    inventory = stock.on_sale(at)
    allowed = inventory & outcome.allowed
    asked = allowed if wanted == "allowed" else inventory & ~allowed
    positions, more = _slice(asked, number)
    counts = (
        ("Live creatives", len(configuration.items)),
        ("In the inventory", inventory.bit_count()),
        ("After contact policies", allowed.bit_count()),
        ("After rotation", stock.rotation.among(allowed, known.customer_id).bit_count()),
    )
    return {
        "lines": [_line(outcome, position, teller) for position in positions],
        "wanted": wanted,
        "numbers": {"blocked": (inventory & ~allowed).bit_count(), "allowed": allowed.bit_count()},
        "funnel": _funnel(counts),
        "more": more,
        "outcome": outcome,
        "reaches": [reach for position in positions for reach in outcome.windows(position)],
    }


def _line(outcome: Outcome, position: int, teller: Teller) -> dict[str, Any]:
    verdict, configuration = outcome.verdict(position), teller.configuration
    candidate = verdict.candidate
    standing = [reason for reason in verdict.reasons if not reason.lifted] or list(verdict.reasons)
    first = standing[0] if standing else None
    return {
        "creative": configuration.names["creative", candidate.creative],
        "creative_link": address_of(configuration.public_ids["creative", candidate.creative]),
        "offer": configuration.names["offer", candidate.offer],
        "offer_id": configuration.public_ids["offer", candidate.offer],
        "channel": configuration.names["channel", candidate.channel or 0],
        "policy": first and first.source.policy_name,
        "policy_link": first and address_of(first.source.policy_id),
        "reason": first and first.reason,
        "lifted": verdict.allowed and first is not None,
        "others": max(len(standing) - 1, 0),
        "free": teller.instant(instant_to_wire(verdict.free_at)),
        "allowed": verdict.allowed,
    }


def _offer_funnel(judged: Judged, known: Known) -> Bars:
    allowed = judged.offered & judged.outcome.allowed
    candidates = [item.candidate for item in judged.items]
    rotation = Rotation(judged.configuration.tenant, candidates, [item.weight for item in judged.items])
    return _funnel(
        (
            ("Creatives of the offer", len(judged.items)),
            ("In the inventory", judged.offered.bit_count()),
            ("After contact policies", allowed.bit_count()),
            ("After rotation", rotation.among(allowed, known.customer_id).bit_count()),
        )
    )


def _funnel(counts: Sequence[tuple[str, int]]) -> Bars:
    rows = [Bar(label=label, value=number) for label, number in counts]
    summary = ", ".join(f"{label}: {number}" for label, number in counts) + "."
    return Bars(key="funnel", title="What each stage leaves", summary=summary, rows=rows, width=320)


def _slice(mask: int, number: int) -> tuple[list[int], bool]:
    """One page of the positions in a mask, and whether there are more."""
    found: list[int] = []
    for count, position in enumerate(_positions(mask)):
        if count >= number * PER_PAGE:
            return found, True
        if count >= (number - 1) * PER_PAGE:
            found.append(position)
    return found, False


def _positions(mask: int) -> Iterator[int]:
    """The set bits of a mask, which may be long: taking them off one by one would copy it every time."""
    bits = f"{mask:b}"[::-1]
    position = bits.find("1")
    while position >= 0:
        yield position
        position = bits.find("1", position + 1)


def _timeline(
    known: Known,
    configuration: Configuration,
    outcome: Outcome,
    reached: Sequence[tuple[Any, int]],
    *,
    zone: ZoneInfo,
    now: datetime,
) -> Timeline:
    """What happened to the customer up to the instant, and how far back looks what blocks."""
    rows = Interaction.objects.of(known.tenant).filter(customer_id=known.customer_id, void=False, at__lte=now)
    names = configuration.names
    happenings = [
        Happening(
            at=row.at,
            outcome=row.outcome,
            offer=names.get(("offer", row.offer_key or 0), "no offer"),
            creative=names.get(("creative", row.creative_key or 0), "no creative"),
            channel=names.get(("channel", row.channel_key or 0), "no channel"),
        )
        for row in rows.order_by("-at", "-id")[:MOST_HAPPENINGS]
    ]
    since = {(source.policy_name, start): None for source, start in reached}
    reaches = [Reach(policy=name, since=moment(max(start, 0))) for name, start in since][:MOST_REACHES]
    return Timeline(happenings=happenings, reaches=reaches, classes=configuration.outcomes, now=now, zone=zone)


def _customer_link(tenant: Tenant, customer_id: str) -> str | None:
    row = Customer.objects.of(tenant).filter(customer_id=customer_id).values_list("pk", flat=True).first()
    return reverse("admin:decisioning_customer_change", args=[row]) if row is not None else None


def _pages(asked: QueryDict, number: int, more: bool) -> dict[str, Any]:
    """The addresses of the pages before and after."""

    def address(to: int) -> str:
        changed = asked.copy()
        changed["page"] = str(to)
        return f"?{changed.urlencode()}"

    kept = asked.copy()
    kept.pop("page", None)
    return {
        "number": number,
        "before": address(number - 1) if number > 1 else None,
        "after": address(number + 1) if more else None,
        "show": {each: f"?{_with(kept, show=each)}" for each in ("blocked", "allowed")},
        "of_offer": f"?{_without(kept, 'offer', 'offer.typed', 'show')}",
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
