"""Rate limits per API key, off unless the environment sets one. Counted per server process."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from kaireon.tenancy import Actor


class KeyRateThrottle(SimpleRateThrottle):
    """At most RATE_LIMIT_PER_MINUTE requests a minute for one key."""

    scope = "key"

    def get_rate(self) -> str | None:
        limit = settings.RATE_LIMIT_PER_MINUTE
        return f"{limit}/min" if limit else None

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        actor = request.auth
        return f"throttle:{actor.key.pk}" if isinstance(actor, Actor) and actor.key is not None else None
