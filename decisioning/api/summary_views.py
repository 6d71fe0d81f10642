"""`GET /interaction-summaries` and `GET /interaction-summary`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from creatives.models import Category, Channel, Creative, Offer
from decisioning.api.filters import SummaryFilterSet
from decisioning.contacts import summaries
from decisioning.contacts.counting import Line, Sums
from decisioning.models import InteractionSummary
from decisioning.models.summaries import Period
from kaireon import clock
from kaireon.api.errors import refuse
from kaireon.api.fields import shown
from kaireon.api.filters import StrictFilterBackend, refuse_unknown_parameters
from kaireon.api.pagination import Page, paginate, read_cursor, read_limit, unreadable_cursor, write_cursor
from kaireon.api.parsing import storable
from kaireon.api.permissions import actor_of
from kaireon.api.schema import NULLABLE_TEXT, PAGINATION, TEXT, WHOLE, listed, record
from kaireon.lifecycle import Lifecycle
from kaireon.tenancy import READERS, Role, Tenant
from policies.limits import MICRO

ORDER = ("period_type", "-period_key", "id")
MOST_DAYS, USUAL_DAYS = 365, 30
KINDS: dict[str, Any] = {"offer": Offer, "creative": Creative, "channel": Channel}
COLUMNS = {"customer": "customer_id"} | {kind: f"{kind}_key" for kind in KINDS}

NUMBER = {"type": "number"}
RATE = {"type": "number", "nullable": True, "description": "null where there are no impressions"}
INSTANT = {"type": "string", "format": "date-time"}
COUNTS = dict.fromkeys(("impressions", "clicks", "positive", "negative", "neutral", "conversions"), WHOLE)
NUMBERS = {**COUNTS, "totalValue": NUMBER, "cost": NUMBER, "lastContactAt": {**INSTANT, "nullable": True}}
ABOUT = dict.fromkeys(("offerId", "creativeId", "channelId", "categoryId", "campaignId"), NULLABLE_TEXT)
PERIOD = {"periodType": {"type": "string", "enum": list(Period.values)}, "periodKey": TEXT}
UP_TO = {**INSTANT, "description": "Everything that was recorded by then is counted, and nothing that came later."}
SUMMARIES = record(
    data=listed(record(customerId=TEXT, **PERIOD, **ABOUT, **NUMBERS)), pagination=PAGINATION, completeUpTo=UP_TO
)
SUMMARY = record(
    data=listed(record(id=NULLABLE_TEXT, name=NULLABLE_TEXT, **NUMBERS, ctr=RATE, cvr=RATE)),
    pagination=PAGINATION,
    completeUpTo=UP_TO,
    groupBy=TEXT,
    **{"from": {"type": "string", "format": "date"}, "to": {"type": "string", "format": "date"}},
)
PAGING = [OpenApiParameter("cursor", str), OpenApiParameter("limit", {"type": "integer", "minimum": 1})]


class InteractionSummariesView(APIView):
    """What one customer did, by period."""

    filterset_class = SummaryFilterSet
    switches: ClassVar[frozenset[str]] = frozenset()

    def roles_for(self, request: Request) -> frozenset[Role]:
        return READERS

    @extend_schema(
        operation_id="list_interaction_summaries",
        parameters=[
            OpenApiParameter("customerId", str, required=True),
            OpenApiParameter("periodType", str, enum=list(Period.values)),
            *(OpenApiParameter(name, str) for name in ABOUT),
            *PAGING,
        ],
        responses={200: OpenApiResponse(SUMMARIES, "One page, by kind of period and the latest period first")},
    )
    def get(self, request: Request) -> Response:
        """A customer's days, weeks, months and whole time, each by offer, creative, channel, category and campaign.

        Periods are those of UTC: `2026-04-30`, `2026-W18`, `2026-04`, `all`. Every interaction is positive, negative
        or neutral, as its outcome type is classified; an impression is neutral, and one never presented is nothing.
        """
        tenant = actor_of(request).tenant
        rows = StrictFilterBackend().filter_queryset(request, InteractionSummary.objects.of(tenant), self)
        customer_id = request.query_params.get("customerId")
        if not customer_id:
            raise refuse("customerId", "Name the customer: add ?customerId=... to the address.")
        with summaries.shown(tenant, customer_id) as at:
            page = paginate(request, rows, ORDER)
        body = {"data": [_summary(row) for row in page.rows], "pagination": page.pagination()}
        return Response({**body, "completeUpTo": clock.text(at)})


class InteractionSummaryView(APIView):
    """What all customers did in the last days, by offer, creative, channel or customer."""

    def roles_for(self, request: Request) -> frozenset[Role]:
        return READERS

    @extend_schema(
        operation_id="read_interaction_summary",
        parameters=[
            OpenApiParameter("groupBy", str, enum=list(COLUMNS), description="Default offer."),
            OpenApiParameter(
                "days", {"type": "integer", "minimum": 1, "maximum": MOST_DAYS}, description="Default 30."
            ),
            *PAGING,
        ],
        responses={200: OpenApiResponse(SUMMARY, "One page, the most impressions first")},
    )
    def get(self, request: Request) -> Response:
        """Counts with CTR = clicks / impressions and CVR = conversions / impressions, null without an impression.

        The days are those of UTC, today included; `from` is the first and `to` the last. What was about no offer,
        creative or channel has the id null. Customers have no name.
        """
        refuse_unknown_parameters(request, {"groupBy", "days", "limit", "cursor"})
        group, tenant = _group(request), actor_of(request).tenant
        limit, beyond = read_limit(request.query_params.get("limit")), _beyond(request, group)
        last = actor_of(request).now.date()
        first = max(last.toordinal() - _days(request) + 1, date.min.toordinal())
        asked = Sums(column=COLUMNS[group], first=date.fromordinal(first), last=last, beyond=beyond, most=limit + 1)
        summaries.keep_up(tenant)
        found, total, at = summaries.summed(tenant, asked)
        rows, more = found[:limit], len(found) > limit
        cursor = write_cursor([rows[-1].impressions, rows[-1].key]) if more else None
        return Response(
            {
                "data": _named(tenant, group, rows),
                "pagination": Page(rows, total, limit, cursor).pagination(),
                "groupBy": group,
                "from": asked.first.isoformat(),
                "to": asked.last.isoformat(),
                "completeUpTo": clock.text(at),
            }
        )


def _group(request: Request) -> str:
    group = request.query_params.get("groupBy", "offer")
    if group not in COLUMNS:
        raise refuse("groupBy", f"{shown(group)} is none of: {', '.join(COLUMNS)}.")
    return group


def _days(request: Request) -> int:
    raw = request.query_params.get("days", str(USUAL_DAYS))
    if not raw.isascii() or not raw.isdecimal() or len(raw) > 9 or not 1 <= int(raw) <= MOST_DAYS:
        raise refuse("days", f"{shown(raw)} is not a number of days; send a whole number from 1 to {MOST_DAYS}.")
    return int(raw)


def _beyond(request: Request, group: str) -> tuple[int, Any] | None:
    """The impressions and the key of the line the page before ended with."""
    cursor = request.query_params.get("cursor")
    if not cursor:
        return None
    impressions, key = read_cursor(cursor, length=2)
    fits = isinstance(key, str) and storable(key) if group == "customer" else _counts(key)
    if not _counts(impressions) or not fits:
        raise unreadable_cursor()
    return impressions, key


def _counts(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _summary(row: InteractionSummary) -> dict[str, Any]:
    ids = {
        "offerId": _public_id(Offer, row.offer_key),
        "creativeId": _public_id(Creative, row.creative_key),
        "channelId": _public_id(Channel, row.channel_key),
        "categoryId": _public_id(Category, row.category_key),
    }
    period = {"customerId": row.customer_id, "periodType": row.period_type, "periodKey": row.period_key}
    return {**period, **ids, "campaignId": row.campaign_id or None, **_numbers(row)}


def _named(tenant: Tenant, group: str, lines: Collection[Line]) -> list[dict[str, Any]]:
    """The lines with public ids and names, which are looked up together."""
    kind, names = KINDS.get(group), {}
    if kind is not None:
        named = kind.everything.of(tenant).filter(pk__in=[line.key for line in lines])
        names = dict(named.values_list("pk", "name"))
    rows = []
    for line in lines:
        public_id = line.key if kind is None else _public_id(kind, line.key)
        rates = {"ctr": _rate(line.clicks, line), "cvr": _rate(line.conversions, line)}
        rows.append({"id": public_id, "name": names.get(line.key), **_numbers(line), **rates})
    return rows


def _numbers(counted: InteractionSummary | Line) -> dict[str, Any]:
    return {
        **{name: getattr(counted, name) for name in COUNTS},
        "totalValue": counted.value_micros / MICRO,
        "cost": counted.cost_micros / MICRO,
        "lastContactAt": None if counted.last_contact_at is None else clock.text(counted.last_contact_at),
    }


def _rate(number: int, line: Line) -> float | None:
    return number / line.impressions if line.impressions else None


def _public_id(kind: type[Lifecycle], key: int) -> str | None:
    return kind.id_kind.encode(key) if key else None
