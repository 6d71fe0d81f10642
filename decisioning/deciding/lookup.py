"""Everything a decision has to know besides the configuration, in one statement and so as of one instant.

Who asks, the version in force, the customer with zone, attributes and segments, the ledger, the totals budgets ask for:
nothing of it is ever stale, and a revoked key stops at once. The version says whether the configuration this process
keeps is still the one in force; if it is not, both are read again in one view.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Model
from django.http import HttpRequest

from decisioning.contacts.ledgers import Held
from decisioning.contacts.totals import Asked, Row, asked_by, parameters_of, selection_of
from decisioning.engine import ledger as codec
from decisioning.in_force.configuration import Configuration
from decisioning.in_force.loading import kept, loaded, part
from decisioning.models import ContactLedger, Customer, SegmentMember
from decisioning.models.ledgers import EVERYTHING, NOTHING
from kaireon import clock
from kaireon.access import ApiKey, digest_of
from kaireon.api.authentication import UnknownKey, presented_key
from kaireon.api.plain import session_actor
from kaireon.audit import ConfigurationHead
from kaireon.database.reading import reading
from kaireon.database.statements import dialect, fetch, moment, vendor
from kaireon.tenancy import Role, Tenant

MOST_CALLERS = 10_000


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request: a key by its digest, or somebody of a tenant whose session was checked."""

    digest: str = ""
    tenant: int = 0
    role: Role = Role.VIEWER


class Known(NamedTuple):
    """What was read. `now` is the database's clock in UTC ms, `asked` says which totals `totals` are the rows of.

    `memberships` are the keys of the customer's segments, which the configuration has names for. Whoever has no ledger
    may have a history all the same.
    """

    tenant: Tenant
    role: Role
    key: int | None
    used_lately: bool
    version: int
    now: int
    customer_id: str
    timezone: str | None
    memberships: tuple[int, ...]
    ledger: Held | None
    asked: Asked
    totals: tuple[Row, ...]
    stored_attributes: str | None = None

    @property
    def at(self) -> datetime:
        """The database's clock."""
        return moment(self.now)

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What is stored about the customer; read only when somebody looks."""
        attributes: Mapping[str, Any] = json.loads(self.stored_attributes) if self.stored_attributes else {}
        return attributes


# The tenant of every key that was seen, so that the first statement of a request can ask for the right totals. What is
# read with it is checked, so this is never more than a guess.
_tenants: dict[str, int] = {}
# Tenants as they were when their configuration was read last. Only their keys are looked at without reading it again.
_rows_of_tenants: dict[int, Tenant] = {}
A_DAY = 86_400_000  # by which this machine's clock may be off and no ledger is read in vain


def forget_tenants() -> None:
    """Drops what was kept; for tests, which give a tenant's key to another tenant."""
    _rows_of_tenants.clear()


def caller_of(request: HttpRequest) -> Caller:
    """Who is asking. Raises NotAuthenticated, PermissionDenied; whether a key is good shows when it is looked up."""
    secret = presented_key(request)
    if secret is not None:
        return Caller(digest=digest_of(secret))
    actor = session_actor(request)
    return Caller(tenant=actor.tenant.pk, role=actor.role)


def identify(caller: Caller) -> Known:
    """Who is asking, where nothing else matters. Raises UnknownKey."""
    return _looked_up(caller, "", Asked(), NOTHING)


def beside(caller: Caller, columns: str, joins: str, values: Sequence[Any]) -> tuple[Known, tuple[Any, ...]]:
    """Who is asking and, out of the same statement, what else a caller wants to know. Raises UnknownKey.

    The columns come from the joins, to which the tenant's key is `t.tenant_id`; `values` are the parameters of both.
    """
    sql = f"SELECT {_asking(bool(caller.digest))}, {columns} {_asked(bool(caller.digest), joins)}"
    rows = fetch(sql, [*values, caller.digest or caller.tenant])
    if not rows:
        raise UnknownKey
    asking, found = rows[0][:ASKING], rows[0][ASKING:]
    return _known((*asking, *[None] * 11), caller, "", Asked()), found


def inform(caller: Caller, customer_id: str, *, offers: Collection[int] | None = None) -> tuple[Known, Configuration]:
    """What is known for a decision, and the configuration it is made with. Raises UnknownKey.

    Where only some offers are asked about and the configuration is not at hand, only the part about them is read.
    """
    configuration = kept(caller.tenant or _tenants.get(caller.digest, 0))
    if configuration is not None:
        snapshot = configuration.snapshot()
        since = clock.milliseconds(clock.now()) - snapshot.reach - A_DAY
        known = _looked_up(caller, customer_id, asked_by(snapshot.budgets), since)
        if (configuration.tenant, configuration.version) == (known.tenant.pk, known.version):
            return known, configuration
    with reading() as committed:
        known = _looked_up(caller, customer_id, Asked(), EVERYTHING, anew=True)
        zone = known.tenant.timezone
        if offers is None:
            configuration = loaded(known.tenant, version=known.version, timezone=zone, committed=committed)
        else:
            configuration = part(known.tenant, version=known.version, timezone=zone, offers=offers)
        asked = asked_by(configuration.snapshot().budgets)
        return known._replace(asked=asked, totals=_totals(known.tenant, asked)), configuration


def in_force(caller: Caller, known: Known) -> Configuration:
    """The configuration of the version that is known to be in force, or a newer one."""
    configuration = kept(known.tenant.pk)
    if configuration is not None and configuration.version == known.version:
        return configuration
    return inform(caller, "")[1]


def _looked_up(caller: Caller, customer_id: str, asked: Asked, since: int, *, anew: bool = False) -> Known:
    """`since` is how far back (UTC ms) the ledger is wanted; its older part is left out if the recent one will do.

    `anew` reads the tenant's row again, too.
    """
    parameters = [since, *parameters_of(asked), customer_id, caller.digest or caller.tenant]
    rows = fetch(_statement(caller, asked), parameters)
    if not rows:
        raise UnknownKey
    return _known(rows[0], caller, customer_id, asked, anew=anew)


def _known(row: tuple[Any, ...], caller: Caller, customer_id: str, asked: Asked, *, anew: bool = False) -> Known:
    key, role, fresh, tenant_key, version, now, zone, attributes, segments, *ledger, totals = row
    ledger_key, records, older, recent_from, complete_from, revision, holds = ledger
    if caller.digest:
        if len(_tenants) >= MOST_CALLERS:
            _tenants.clear()
        _tenants[caller.digest] = tenant_key
    held = None
    if ledger_key is not None:
        older = None if older is None else bytes(older)
        held = Held(bytes(records), older, recent_from, complete_from, revision, bytes(holds), ledger_key)
    return Known(
        _tenant(tenant_key, anew=anew),
        caller.role if role is None else Role(role),
        key,
        bool(fresh),
        version,
        now,
        customer_id,
        zone or None,
        tuple(json.loads(segments)) if segments else (),
        held,
        asked,
        _rows(totals),
        attributes,
    )


def _tenant(key: int, *, anew: bool) -> Tenant:
    found = _rows_of_tenants.get(key)
    if found is None or anew:
        if len(_rows_of_tenants) >= MOST_CALLERS:
            _rows_of_tenants.clear()
        found = _rows_of_tenants[key] = Tenant.objects.get(pk=key)
    return found


def _rows(totals: str | None) -> tuple[Row, ...]:
    return tuple(tuple(row) for row in json.loads(totals)) if totals else ()


def _totals(tenant: Tenant, asked: Asked) -> tuple[Row, ...]:
    if not asked.pairs:
        return ()
    sql = f"SELECT {selection_of(asked)} FROM {_table(ConfigurationHead)} t WHERE t.tenant_id = %s"
    return _rows(fetch(sql, [*parameters_of(asked), tenant.pk])[0][0])


_statements: dict[tuple[str, bool, bool, bool], str] = {}


def _statement(caller: Caller, asked: Asked) -> str:
    """The statement; written once per kind of caller and of totals."""
    kind = vendor(), bool(caller.digest), bool(asked.pairs), bool(asked.whole)
    if kind not in _statements:
        _statements[kind] = _written(asked, by_key=bool(caller.digest))
    return _statements[kind]


def _written(asked: Asked, *, by_key: bool) -> str:
    """Each table and each selection inside it costs the database as much as finding a row, so there are few."""
    said, table = dialect(), _table
    keys = said["list"].format("m.segment_id")
    segments = f"(SELECT {keys} FROM {table(SegmentMember)} m WHERE m.customer_id = c.id)"
    totals = selection_of(asked) if asked.pairs else "NULL"
    joins = f"""CROSS JOIN (SELECT CAST(%s AS text) AS customer_id) a
        LEFT JOIN {table(Customer)} c ON c.tenant_id = t.tenant_id AND c.customer_id = a.customer_id
        LEFT JOIN {table(ContactLedger)} l ON l.tenant_id = t.tenant_id AND l.customer_id = a.customer_id"""
    wanted = f"l.recent_from > %s OR length(l.records) >= {codec.has_no_room()}"
    return f"""
        SELECT {_asking(by_key)}, c.timezone, {said["text"].format("c.attributes")}, {segments},
            l.id, l.records, CASE WHEN {wanted} THEN l.older END, l.recent_from, l.complete_from, l.revision, l.holds,
            {totals} {_asked(by_key, joins)}"""


ASKING = 6  # columns of `_asking`


def _asking(by_key: bool) -> str:
    """Who asks, as columns of a statement."""
    said = dialect()
    key = f"k.id, k.role, coalesce(k.last_used_at > {said['a_minute_ago']}, false)" if by_key else "NULL, NULL, true"
    return f"{key}, t.tenant_id, t.version, {said['now_ms']}"


def _asked(by_key: bool, joins: str) -> str:
    """What these columns come from, and the joins with it; its one parameter is a key's digest or the tenant."""
    said, table = dialect(), _table
    head = f"{table(ConfigurationHead)} t"
    source = f"{table(ApiKey)} k JOIN {head} ON t.tenant_id = k.tenant_id" if by_key else head
    living = f"k.digest = %s AND k.deleted_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > {said['now']})"
    return f"FROM {source} {joins} WHERE {living if by_key else 't.tenant_id = %s'}"


def _table(model: type[Model]) -> str:
    return model._meta.db_table
