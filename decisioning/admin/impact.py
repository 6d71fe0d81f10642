"""What the button Preview Impact shows beside the form of a policy: the policy as it is typed, tried on the past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from rest_framework.exceptions import ValidationError

from decisioning.insight.impact import Preview, preview, wire
from decisioning.insight.trials import trial_of
from kaireon import clock
from kaireon.admin.charts import Bar, Bars, Chart, Part, ShareBar
from kaireon.admin.entrance import actor_of
from kaireon.admin.pages import Page, pages
from kaireon.api.errors import details_of
from kaireon.tenancy import ADMINS, Tenant
from policies.admin.forms import PREFIX, PolicyForm
from policies.admin.live import LivePages
from policies.models import ContactPolicy
from policies.preview import LONGEST_LOOKBACK, Trial
from policies.reading import assignments_in, namer_for

USUAL_DAYS, SAMPLE = 30, 1000
MOST_OFFERS = 8
WIDTH = 330
NOWHERE = "Applies to: say where; choose one by its name, “Each …”, or “Everyone and everything”."


@dataclass(frozen=True)
class Refused(Exception):
    """Why the form as it stands cannot be previewed, in words for whoever fills it in."""

    messages: tuple[str, ...]


def impact_page(request: HttpRequest) -> HttpResponse:
    """The form as it was sent, tried on the past; nothing is stored."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    policies = cast(LivePages, admin.site.get_model_admin(ContactPolicy))
    form = policies.form_sent(request, request.GET.get("policy"))
    try:
        context = _shown(actor_of(request).tenant, form, request.POST)
    except Refused as refused:
        context = {"faults": refused.messages}
    return TemplateResponse(request, "admin/policies/impact_shown.html", context)


def _shown(tenant: Tenant, form: PolicyForm, sent: Mapping[str, str]) -> dict[str, Any]:
    """The numbers and their charts. Raises Refused."""
    if faults := list(_faults(form)):
        raise Refused(tuple(faults))
    state = form.state()
    trial = _trial(tenant, form, state["config"], _days(sent.get("impact-days", "")))
    most = None if sent.get("impact-population") == "all" else SAMPLE
    found = preview(tenant, trial, assignments_in(state), most=most, now=clock.now())
    return {
        "sentence": trial.sentence(namer_for([state], tenant=tenant)),
        "days": trial.looked_back,
        "sampled": most is not None and found.impact.analysed == most,
        "numbers": wire(found),
        "charts": list(_charts(found)),
    }


def _faults(form: PolicyForm) -> Iterator[str]:
    """What is wrong with the rule's fields and the scopes; a name may still be missing."""
    for name, messages in form.errors.items():
        if name == "scopes":
            yield NOWHERE
        elif name.startswith(PREFIX) or name in {"rule_type", "other"}:
            yield f"{form.fields[name].label}: {' '.join(map(str, messages))}"


def _trial(tenant: Tenant, form: PolicyForm, config: Mapping[str, Any], days: int) -> Trial:
    rule = form.rule
    if rule is None or rule.preview is None:
        raise Refused(("This rule does not count contacts over time, so there is nothing to preview.",))
    kind = rule.preview.trial_of(rule)
    try:
        return trial_of(kind, rule.preview.asked(config, days=days), tenant, [])
    except ValidationError as error:
        labels = {option.key: option.label for option in kind.options()}
        faults = details_of(error)
        messages = (
            f"{labels.get(fault['field'], fault['field'])}: {form.spoken(fault['message'])}." for fault in faults
        )
        raise Refused(tuple(messages)) from error


def _days(text: str) -> int:
    return int(text) if text.isdecimal() and 1 <= int(text[:4]) <= LONGEST_LOOKBACK else USUAL_DAYS


def _charts(found: Preview) -> Iterator[Chart]:
    """Who misses a contact, how many contacts are left, and which offers and segments it is about."""
    impact = found.impact
    if not impact.analysed:
        return
    reached = impact.analysed - impact.customers_affected
    parts = [Part(label="affected", value=impact.customers_affected), Part(label="not affected", value=reached)]
    yield ShareBar(
        key="impact-customers",
        title="Customers affected",
        summary=f"{impact.customers_affected:,} of {impact.analysed:,} customers would have missed a contact.",
        parts=parts,
        width=WIDTH,
    )
    yield Bars(
        key="impact-contacts",
        title="Contacts before and after",
        summary=f"{impact.before:,} contacts before and {impact.after:,} after.",
        rows=[Bar(label="All contacts", value=impact.before, after=impact.after)],
        width=WIDTH,
    )
    if found.offers:
        yield Bars(
            key="impact-offers",
            title="Contacts suppressed, by offer",
            summary=f"The most suppressed of {len(found.offers):,} offers.",
            rows=_offers(found.offers),
            width=WIDTH,
        )
    if found.segments:
        yield Bars(
            key="impact-segments",
            title="Segments affected most",
            summary="Of each segment its customers analysed, and those who would have missed a contact.",
            rows=[Bar(label=it.name, value=it.total, after=it.affected) for it in found.segments],
            before_label="customers",
            after_label="affected",
            width=WIDTH,
        )


def _offers(offers: Mapping[str, int]) -> list[Bar]:
    """The offers suppressed most, and the rest together."""
    listed = list(offers.items())
    rows = [Bar(label=name, value=count) for name, count in listed[:MOST_OFFERS]]
    rest = sum(count for _, count in listed[MOST_OFFERS:])
    return [*rows, Bar(label=f"{len(listed) - MOST_OFFERS} others", value=rest)] if rest else rows


pages.append(Page(name="impact", path="impact/", title="Preview impact", view=impact_page, readers=ADMINS))
