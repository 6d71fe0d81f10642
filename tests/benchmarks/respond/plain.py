"""The rival: what it costs to store one interaction and nothing else, by the fastest statement there is."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from decisioning.models import Interaction
from kaireon import clock
from kaireon.database.statements import write

COLUMNS = tuple(field.column for field in Interaction._meta.concrete_fields if not field.primary_key)
INSTANTS = ("at", "recorded_at")
INSERT = f"""INSERT INTO {Interaction._meta.db_table} ({", ".join(COLUMNS)})
    VALUES ({", ".join(["%s"] * len(COLUMNS))}) RETURNING id"""


@csrf_exempt
def plain(request: HttpRequest) -> JsonResponse:
    """Stores the row that the body says, with the instant at which it came."""
    row = json.loads(request.body)
    now = clock.text(clock.now())
    key = insert({**row, "at": now, "recorded_at": now})
    return JsonResponse({"interactionId": key, "customerId": row["customer_id"], "timestamp": now}, status=201)


def insert(row: Mapping[str, Any]) -> int:
    """The key of a row that was inserted and, outside of a transaction, committed."""
    key: int = write(INSERT, [row[column] for column in COLUMNS])[0][0]
    return key
