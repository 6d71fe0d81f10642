"""The plain insert: what a Django view costs that records that something happened, and checks nothing."""

import json
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from decisioning.models import Interaction
from decisioning.models.outcomes import IMPRESSION
from kaireon import clock
from kaireon.database.statements import write

COLUMNS = (
    *("tenant_id", "customer_id", "at", "outcome", "offer_key", "creative_key", "channel_key", "placement_key"),
    *("category_key", "sub_category_key", "label", "cost_micros", "value_micros", "recorded_at", "void", "direction"),
)


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    """One row by the ORM, committed."""
    row = Interaction.objects.create(**_said(request))
    return JsonResponse({"interactionId": row.pk, "customerId": row.customer_id})


@csrf_exempt
def insert_prepared(request: HttpRequest) -> HttpResponse:
    """One row by a prepared statement, committed: the least that can be done."""
    said = _said(request)
    values = [said[column] for column in COLUMNS]
    adapted = [connection.ops.adapt_datetimefield_value(value) if hasattr(value, "year") else value for value in values]
    sql = f"""INSERT INTO {Interaction._meta.db_table} ({", ".join(COLUMNS)})
        VALUES ({", ".join(["%s"] * len(COLUMNS))}) RETURNING id"""
    return JsonResponse({"interactionId": write(sql, adapted)[0][0], "customerId": said["customer_id"]})


def _said(request: HttpRequest) -> dict[str, Any]:
    body, now = json.loads(request.body), clock.now()
    return {
        "tenant_id": 1,
        "customer_id": body["customerId"],
        "at": now,
        "outcome": IMPRESSION,
        "offer_key": 1,
        "creative_key": 1,
        "channel_key": 1,
        "placement_key": 1,
        "category_key": 1,
        "sub_category_key": 1,
        "label": "",
        "cost_micros": 0,
        "value_micros": 0,
        "recorded_at": now,
        "void": False,
        "direction": "",
    }
