"""The gate in front of calls that must not be carried out twice: the same key again gets the first answer."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction

from decisioning.in_force.manifest import unpacked
from decisioning.models import IdempotencyKey, Interaction
from kaireon.api.errors import Conflict
from kaireon.api.plain import spelled
from kaireon.database.inserting import insert
from kaireon.database.statements import fetch, found, listed
from kaireon.tenancy import Tenant

TABLE = IdempotencyKey._meta.db_table
COLUMNS = ("request_hash", "answer", "interaction_key")
# How answers are pressed (level, method, window, memory): small ones not at all, in the least room there is.
SMALL, LARGE = (0, zlib.DEFLATED, 9, 1), (1, zlib.DEFLATED, 12, 5)
LARGE_FROM = 1000  # bytes

_sorted = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode  # of equal requests it is the same

Answer = dict[str, Any]


class KeyReused(Conflict):
    """The key was used for another request."""

    def __init__(self, key: str) -> None:
        super().__init__(f'The idempotency key "{key[:80]}" was used for another request; send a fresh one.')


class Gate(NamedTuple):
    """What is kept of a call: what it asked, what it was answered, and the interaction that storing it gave a key."""

    request_hash: str
    answer: bytes
    interaction_key: int | None = None

    def again(self, key: str, asked: str) -> Answer:
        """The answer to the same call, sent again. Raises KeyReused if it is another one."""
        if self.request_hash != asked:
            raise KeyReused(key)
        return {**numbered(unpacked(bytes(self.answer)), self.interaction_key), "duplicate": True}


class Closed(NamedTuple):
    """A gate as a row; a model takes twenty times as long to make."""

    tenant_id: int
    endpoint: str
    key: str
    request_hash: str
    answer: bytes
    interaction_key: int | None
    created_at: datetime
    customer_id: str | None = None


def numbered(answer: Answer, interaction_key: int | None) -> Answer:
    """An answer with the interaction's id before it; a call that led to none has a whole answer."""
    return (
        answer if interaction_key is None else {"interactionId": Interaction.id_kind.encode(interaction_key)} | answer
    )


def hash_of(body: Any) -> str:
    """What two equal requests have in common, whatever the order of their keys and whether they write 1 or 1.0."""
    spelled_out = _sorted(body)
    if ".0" in spelled_out or "e+" in spelled_out:  # few bodies may hold a whole number written as another one
        spelled_out = _sorted(_plain(body))
    return hashlib.sha256(spelled_out.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """A value whose whole numbers are all integers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def kept(answer: Answer) -> bytes:
    """An answer as it is kept: in the format of all that is packed, but a small one as it is.

    Reports are answered with a few hundred bytes; pressing a third out of them took more time than anything else about
    a report. Decisions are answered with some thousands, of which a fifth remains.
    """
    told = spelled(answer)
    pack = zlib.compressobj(*(LARGE if len(told) >= LARGE_FROM else SMALL))
    return pack.compress(told) + pack.flush()


def gates(tenant: Tenant, endpoint: str, keys: Collection[str]) -> dict[str, Gate]:
    """The gates that earlier calls have left under these keys."""
    if not keys:
        return {}
    condition = found(TABLE, "x.tenant_id = %s AND x.endpoint = %s AND x.key = w.word")
    rows = fetch(
        f"SELECT key, {', '.join(COLUMNS)} FROM {TABLE} WHERE id {condition}", [tenant.pk, endpoint, listed(keys)]
    )
    return {key: Gate(*row) for key, *row in rows}


def keep(tenant: Tenant, endpoint: str, answered: Mapping[str, tuple[Gate, datetime]]) -> None:
    """Closes the gates of calls, in the order of their keys, so that two who close many never wait for each other."""
    insert(
        IdempotencyKey, [Closed(tenant.pk, endpoint, key, *gate, at) for key, (gate, at) in sorted(answered.items())]
    )


def once(
    tenant: Tenant, *, endpoint: str, key: str, body: Any, customer_id: str, now: datetime, work: Callable[[], Answer]
) -> Answer:
    """Carries out `work` and remembers its answer to a customer, or answers as the first time.

    Work and memory are one transaction, so of two callers at once one waits for the other and gets its answer. Raises
    KeyReused.
    """
    asked = hash_of(body)
    try:
        with transaction.atomic():
            gate = IdempotencyKey.objects.create(
                tenant=tenant, endpoint=endpoint, key=key, request_hash=asked, customer_id=customer_id, created_at=now
            )
            answer = work()
            gate.answer = kept(answer)
            gate.save(update_fields=["answer"])
            return answer
    except IntegrityError:
        earlier = gates(tenant, endpoint, [key]).get(key)
        if earlier is None:
            raise
    return earlier.again(key, asked)
