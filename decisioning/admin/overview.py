"""The overview, which is what people see after login: how deciding goes, and what wants looking after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse

from creatives.models import Channel, Creative, Offer
from decisioning.admin.reasons import address_of
from decisioning.engine.conflicts import Conflict
from decisioning.insight import tallies
from decisioning.insight.overview import Suppressing, conflicts_of, tallies_of, top_policies, unreachable
from decisioning.models import DailyTally, TallyProgress
from kaireon import clock
from kaireon.admin.charts import Bar, Bars, Columns, Day, number_text
from kaireon.admin.entrance import actor_of
from kaireon.admin.moments import distance, moment_text
from kaireon.admin.pages import Page, home, shown
from kaireon.api.views import AuditLogView
from kaireon.audit import AuditEntry, deed
from kaireon.lifecycle import kinds
from kaireon.tenancy import Tenant
from policies.models import ContactPolicy

MOST_CHANGES = 8
MOST_CONFLICTS = 5
STEPS: tuple[tuple[Any, str, str], ...] = (
    (Channel, "Add a channel", "where customers are reached: e-mail, push, web"),
    (Offer, "Add an offer", "what a customer may be shown"),
    (Creative, "Add a creative", "what the offer looks like on a channel"),
    (ContactPolicy, "Add a contact policy", "how often, when and under what conditions"),
)


def overview_view(request: HttpRequest) -> HttpResponse:
    """Counts what was decided meanwhile, up to a point, and shows how things stand."""
    actor, now = actor_of(request), clock.now()
    tenant = actor.tenant
    tallies.catch_up(tenant, now=now)
    days = tallies_of(tenant, now.date())
    explained = sum(day.explained for day in days)
    top = top_policies(tenant, now.date(), explained=explained)
    found = conflicts_of(tenant)
    context = {
        "figures": _figures(days, len({policy for it in found for policy in it.policies})),
        "decisions": _decisions(days),
        "suppressions": _suppressions(days),
        "counted": _counted(tenant, now),
        "top": _top(top),
        "explained": number_text(explained),
        "unreachable": [
            (offer, why, reverse("admin:creatives_offer_change", args=[offer.pk]))
            for offer, why in unreachable(tenant, now)
        ],
        "conflicts": _conflicts(tenant, found[:MOST_CONFLICTS]),
        "more_conflicts": max(len(found) - MOST_CONFLICTS, 0),
        "changes": _changes(tenant) if actor.role in AuditLogView.readers else None,
        "steps": _steps(tenant),
    }
    return shown(request, "admin/overview/page.html", title="Overview", context=context)


def _figures(days: Sequence[DailyTally], conflicting: int) -> list[tuple[str, str]]:
    decisions, empty = sum(day.decisions for day in days), sum(day.empty for day in days)
    candidates, suppressed = sum(day.candidates for day in days), sum(day.suppressed for day in days)
    return [
        (number_text(decisions), "decisions in 14 days"),
        (f"{empty / decisions * 100:.0f} %" if decisions else "-", "of them offered nothing"),
        (f"{suppressed / candidates * 100:.0f} %" if candidates else "-", "of candidates were suppressed"),
        (number_text(conflicting), f"polic{'y' if conflicting == 1 else 'ies'} in conflict"),
    ]


def _decisions(days: Sequence[DailyTally]) -> Columns:
    drawn = [Day(on=day.day, values=(day.decisions - day.empty, day.empty)) for day in days]
    return _columns("decisions", "Decisions per day", ("with offers", "empty"), drawn)


def _suppressions(days: Sequence[DailyTally]) -> Columns:
    drawn = [Day(on=day.day, values=(day.candidates - day.suppressed, day.suppressed)) for day in days]
    return _columns("suppressions", "Candidates per day", ("allowed", "suppressed"), drawn)


def _columns(key: str, title: str, series: Sequence[str], days: Sequence[Day]) -> Columns:
    sums = [sum(day.values[number] for day in days) for number in range(len(series))]
    summary = ", ".join(f"{number_text(total)} {name}" for name, total in zip(series, sums, strict=True))
    return Columns(key=key, title=title, summary=f"In 14 days: {summary}.", series=series, days=days, width=520)


def _top(found: Sequence[Suppressing]) -> Bars:
    rows = [Bar(label=it.policy.name, value=round(it.share), link=address_of(it.policy.public_id)) for it in found]
    summary = "How often each policy suppressed something, in percent of the decisions looked at."
    return Bars(key="top", title="Top suppressing policies", summary=summary, rows=rows, unit="%", width=520)


def _conflicts(tenant: Tenant, found: Sequence[Conflict]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each conflict as its sentence, and the name and address of every policy in it."""
    keys = [ContactPolicy.id_kind.decode(policy) for it in found for policy in it.policies]
    names = {row.public_id: row.name for row in ContactPolicy.objects.of(tenant).filter(pk__in=keys)}
    return [(it.sentence, [(names.get(each, each), address_of(each)) for each in it.policies]) for it in found]


def _counted(tenant: Tenant, now: Any) -> str | None:
    progress = TallyProgress.objects.of(tenant).first()
    at = progress.counted_to if progress else None
    return f"{moment_text(at, ZoneInfo(tenant.timezone))}, {distance(at, now=now)}" if at else None


def _changes(tenant: Tenant) -> list[dict[str, Any]]:
    """The newest entries of the audit log, each with the page of what was changed, if it has one."""
    rows = AuditEntry.objects.of(tenant).order_by("-sequence")[:MOST_CHANGES]
    zone = ZoneInfo(tenant.timezone)
    return [
        {
            "who": entry.content.get("actor", ""),
            "what": f"{deed(entry.action)} {entry.kind}",
            "name": entry.entity_name,
            "link": _page_of(entry),
            "entry": reverse("admin:kaireon_auditentry_change", args=[entry.pk]),
            "when": moment_text(entry.timestamp, zone),
        }
        for entry in rows
    ]


def _page_of(entry: AuditEntry) -> str | None:
    model = kinds().get(entry.entity_type)
    key = model.id_kind.decode(entry.entity_id) if model is not None else None
    if model is None or key is None:
        return None
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[key])
    except NoReverseMatch:  # a kind without a page of its own
        return None


def _steps(tenant: Tenant) -> list[dict[str, Any]]:
    """What a new tenant still lacks, in the order to make it; nothing once everything is there."""
    return [
        {"title": title, "why": why, "link": reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")}
        for model, title, why in STEPS
        if not model.objects.of(tenant).exists()
    ]


home.append(Page(name="index", path="", title="Overview", view=overview_view))
