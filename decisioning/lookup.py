"""Everything a decision has to know besides the configuration, in one statement and so as of one instant.

Who asks, the version in force, the customer with zone, attributes and segments, the ledger, the totals budgets ask for:
nothing of it is ever stale, and a revoked key stops at once. The version says whether the configuration this process
keeps is still the one in force; if it is not, both are read again in one view.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from django.db import connection
from django.db.models import Model
from django.http import HttpRequest

from decisioning import budgets
from decisioning.budgets import Asked, asked_by
from decisioning.configuration import Configuration
from decisioning.ledgers import Held
from decisioning.loading import kept, loaded
from decisioning.models import ContactLedger, Customer, Interaction, Segment, SegmentMember
from kaireon.access import ApiKey, digest_of
from kaireon.api.authentication import UnknownKey, presented_key
from kaireon.api.plain import session_actor
from kaireon.audit import ConfigurationHead
from kaireon.lifecycle import Status
from kaireon.reading import reading
from kaireon.statements import dialect, fetch, moment
from kaireon.tenancy import Role, Tenant

MOST_CALLERS = 10_000


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request: a key by its digest, or somebody of a tenant whose session was checked."""

    digest: str = ""
    tenant: int = 0
    role: Role = Role.VIEWER


@dataclass(frozen=True, kw_only=True)
class Known:
    """What was read. `now` is the database's clock in UTC ms, `asked` says which totals `totals` are the rows of.

    A stranger has neither a ledger nor a history.
    """

    tenant: Tenant
    role: Role
    key: int | None
    used_lately: bool
    version: int
    now: int
    customer_id: str
    timezone: str | None
    segments: frozenset[str]
    ledger: Held | None
    stranger: bool
    asked: Asked
    totals: tuple[budgets.Row, ...]
    stored_attributes: str | None = None

    @property
    def at(self) -> datetime:
        """The database's clock."""
        return moment(self.now)

    @cached_property
    def attributes(self) -> Mapping[str, Any]:
        """What is stored about the customer; read only when somebody looks."""
        attributes: Mapping[str, Any] = json.loads(self.stored_attributes) if self.stored_attributes else {}
        return attributes


# The tenant of every key that was seen, so that the first statement of a request can ask for the right totals. What is
# read with it is checked, so this is never more than a guess.
_tenants: dict[str, int] = {}


def caller_of(request: HttpRequest) -> Caller:
    """Who is asking. Raises NotAuthenticated, PermissionDenied; whether a key is good shows when it is looked up."""
    secret = presented_key(request)
    if secret is not None:
        return Caller(digest=digest_of(secret))
    actor = session_actor(request)
    return Caller(tenant=actor.tenant.pk, role=actor.role)


def identify(caller: Caller) -> Known:
    """Who is asking, where nothing else matters. Raises UnknownKey."""
    return _looked_up(caller, "", Asked())


def beside(caller: Caller, columns: str, joins: str, values: Sequence[Any]) -> tuple[Known, tuple[Any, ...]]:
    """Who is asking and, out of the same statement, what else a caller wants to know. Raises UnknownKey.

    The columns come from the joins, which know the tenant as `t`; `values` are the parameters of both.
    """
    sql = f"SELECT {_asking(bool(caller.digest))}, {columns} {_asked(bool(caller.digest), joins)}"
    rows = fetch(sql, [*values, caller.digest or caller.tenant])
    if not rows:
        raise UnknownKey
    asking, found = rows[0][:ASKING], rows[0][ASKING:]
    return _known((*asking, *[None] * 7, True, None), caller, "", Asked()), found


def inform(caller: Caller, customer_id: str) -> tuple[Known, Configuration]:
    """What is known for a decision, and the configuration it is made with. Raises UnknownKey."""
    configuration = kept(caller.tenant or _tenants.get(caller.digest, 0))
    asked = Asked() if configuration is None else asked_by(configuration.snapshot().budgets)
    known = _looked_up(caller, customer_id, asked)
    if configuration is not None and (configuration.tenant, configuration.version) == (known.tenant.pk, known.version):
        return known, configuration
    with reading() as committed:
        known = _looked_up(caller, customer_id, Asked())
        zone = known.tenant.timezone
        configuration = loaded(known.tenant, version=known.version, timezone=zone, committed=committed)
        asked = asked_by(configuration.snapshot().budgets)
        return replace(known, asked=asked, totals=_totals(known.tenant, asked)), configuration


def in_force(caller: Caller, known: Known) -> Configuration:
    """The configuration of the version that is known to be in force, or a newer one."""
    configuration = kept(known.tenant.pk)
    if configuration is not None and configuration.version == known.version:
        return configuration
    return inform(caller, "")[1]


def _looked_up(caller: Caller, customer_id: str, asked: Asked) -> Known:
    rows = fetch(_statement(caller, asked), [*budgets.parameters(asked), customer_id, caller.digest or caller.tenant])
    if not rows:
        raise UnknownKey
    known = _known(rows[0], caller, customer_id, asked)
    if caller.digest:
        if len(_tenants) >= MOST_CALLERS:
            _tenants.clear()
        _tenants[caller.digest] = known.tenant.pk
    return known


def _known(row: tuple[Any, ...], caller: Caller, customer_id: str, asked: Asked) -> Known:
    key, role, fresh, pk, tenant_key, name, zone, version, now, *rest = row
    own_zone, attributes, segments, records, complete_from, revision, holds, stranger, totals = rest
    return Known(
        tenant=_tenant(pk, tenant_key, name, zone),
        role=caller.role if role is None else Role(role),
        key=key,
        used_lately=bool(fresh),
        version=version,
        now=now,
        customer_id=customer_id,
        timezone=own_zone or None,
        segments=frozenset(json.loads(segments)) if segments else frozenset(),
        ledger=None if revision is None else Held(bytes(records), complete_from, revision, bytes(holds)),
        stranger=bool(stranger),
        asked=asked,
        totals=_rows(totals),
        stored_attributes=attributes,
    )


@lru_cache(maxsize=MOST_CALLERS)
def _tenant(pk: int, key: str, name: str, zone: str) -> Tenant:
    """The tenant these columns say; making a row takes longer than comparing them."""
    return Tenant(id=pk, key=key, name=name, timezone=zone)


def _rows(totals: str | None) -> tuple[budgets.Row, ...]:
    return tuple(tuple(row) for row in json.loads(totals)) if totals else ()


def _totals(tenant: Tenant, asked: Asked) -> tuple[budgets.Row, ...]:
    if not asked.pairs:
        return ()
    sql = f"SELECT {budgets.selection(asked)} FROM {Tenant._meta.db_table} t WHERE t.id = %s"
    return _rows(fetch(sql, [*budgets.parameters(asked), tenant.pk])[0][0])


_statements: dict[tuple[str, bool, bool, bool], str] = {}


def _statement(caller: Caller, asked: Asked) -> str:
    """The statement; written once per kind of caller and of totals."""
    kind = connection.vendor, bool(caller.digest), bool(asked.pairs), bool(asked.whole)
    if kind not in _statements:
        _statements[kind] = _written(asked, by_key=bool(caller.digest))
    return _statements[kind]


def _written(asked: Asked, *, by_key: bool) -> str:
    said, table = dialect(), _table
    segments = f"""(SELECT {said["list"].format("s.name")} FROM {table(SegmentMember)} m
        JOIN {table(Segment)} s ON s.id = m.segment_id
        WHERE m.customer_id = c.id AND s.status = '{Status.ACTIVE}' AND s.deleted_at IS NULL)"""
    totals = budgets.selection(asked) if asked.pairs else "NULL"
    history = f"SELECT 1 FROM {table(Interaction)} i WHERE i.tenant_id = t.id AND i.customer_id = a.customer_id"
    stranger = f"CASE WHEN l.revision IS NULL THEN NOT EXISTS ({history}) ELSE false END"
    joins = f"""CROSS JOIN (SELECT CAST(%s AS text) AS customer_id) a
        LEFT JOIN {table(Customer)} c ON c.tenant_id = t.id AND c.customer_id = a.customer_id
        LEFT JOIN {table(ContactLedger)} l ON l.tenant_id = t.id AND l.customer_id = a.customer_id"""
    return f"""
        SELECT {_asking(by_key)}, c.timezone, {said["text"].format("c.attributes")}, {segments},
            l.records, l.complete_from, l.revision, l.holds, {stranger}, {totals} {_asked(by_key, joins)}"""


ASKING = 9  # columns of `_asking`


def _asking(by_key: bool) -> str:
    """Who asks, as columns of a statement."""
    said = dialect()
    key = f"k.id, k.role, coalesce(k.last_used_at > {said['a_minute_ago']}, false)" if by_key else "NULL, NULL, true"
    return f"{key}, t.id, t.key, t.name, t.timezone, h.version, {said['now_ms']}"


def _asked(by_key: bool, joins: str) -> str:
    """What these columns come from, and the joins with it; its one parameter is a key's digest or the tenant."""
    said, table = dialect(), _table
    source = f"{table(ApiKey)} k JOIN {table(Tenant)} t ON t.id = k.tenant_id" if by_key else f"{table(Tenant)} t"
    living = f"k.digest = %s AND k.deleted_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > {said['now']})"
    return f"""FROM {source} JOIN {table(ConfigurationHead)} h ON h.tenant_id = t.id {joins}
        WHERE {living if by_key else "t.id = %s"}"""


def _table(model: type[Model]) -> str:
    return model._meta.db_table
