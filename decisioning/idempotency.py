"""The gate in front of calls that must not be carried out twice: the same key again gets the first answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from decisioning.manifest import packed, unpacked
from decisioning.models import IdempotencyKey
from kaireon.tenancy import Tenant

Answer = dict[str, Any]


class KeyReused(Exception):
    """The key was used for another request."""


def hash_of(body: Any) -> str:
    """What two equal requests have in common."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def once(
    tenant: Tenant, *, endpoint: str, key: str, body: Any, now: datetime, work: Callable[[], Answer]
) -> tuple[Answer, bool]:
    """Carries out `work` and remembers its answer, or answers as the first time; says whether it was the first.

    Work and memory are one transaction, so of two callers at once one waits for the other and gets its answer.
    """
    asked = hash_of(body)
    try:
        with transaction.atomic():
            gate = IdempotencyKey.objects.create(
                tenant=tenant, endpoint=endpoint, key=key, request_hash=asked, created_at=now
            )
            answer = work()
            gate.answer = packed(answer)
            gate.save(update_fields=["answer"])
            return answer, True
    except IntegrityError:
        earlier = IdempotencyKey.objects.of(tenant).filter(endpoint=endpoint, key=key).first()
        if earlier is None:
            raise
    if earlier.request_hash != asked:
        raise KeyReused(f'The idempotency key "{key[:80]}" was used for another request; send a fresh one.')
    return unpacked(bytes(earlier.answer)), False
