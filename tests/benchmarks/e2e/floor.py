"""The floor: what a plain Django view costs that takes and answers JSON; and which worker a connection leads to."""

import json
import os
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

# The environment variable with an answer of the product's, so that the floor's is exactly as long.
ANSWER = "BENCHMARK_FLOOR_ANSWER"


@cache
def answer() -> dict[str, Any]:
    """A recommendation that was given once."""
    return json.loads(os.environ[ANSWER])


@csrf_exempt
def floor(request: HttpRequest) -> HttpResponse:
    """Reads the body and answers, with nothing in between."""
    asked = json.loads(request.body)
    return JsonResponse(answer() | {"customerId": asked["customerId"]})


@csrf_exempt
def worker(request: HttpRequest) -> HttpResponse:
    """The process that answers; a connection stays with the one that took it."""
    return HttpResponse(str(os.getpid()), content_type="text/plain")
