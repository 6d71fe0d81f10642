"""A customer's history as the engine's facts: from the ledger as far as it reaches back, else from the interactions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from decisioning.contacts.ledgers import CONTACT_COLUMNS
from decisioning.contacts.totals import asked_by, totals_of
from decisioning.contacts.words import RecordReader
from decisioning.deciding.lookup import Known
from decisioning.engine import holds as held_places
from decisioning.engine import ledger as codec
from decisioning.engine.facts import Facts, Hold, Record
from decisioning.engine.snapshot import Snapshot
from decisioning.models import Interaction
from kaireon import clock
from kaireon.database.statements import dialect, fetch, moment
from kaireon.tenancy import Tenant

# What is known of an interaction besides its instant, in the order of a contact's fields.
TRACE = CONTACT_COLUMNS[1:]
# The first instant a datetime can name.
EARLIEST = -62_135_596_800_000


class Recalled(NamedTuple):
    """Facts, and the bytes of the ledger their records are; None when they were read from history.

    `holds` are the bytes of the open reservations that count.
    """

    facts: Facts
    ledger: bytes | None
    holds: bytes = b""


def recall(
    known: Known, snapshot: Snapshot, *, as_of: datetime | None = None, segments: Iterable[str] = ()
) -> Recalled:
    """What is known of a customer, and the totals the snapshot's budgets ask for.

    With `as_of`, interactions later than it do not exist; without, one dated later (by a machine whose clock is
    ahead) counts as now. The segments are the active ones the customer belongs to today, as nobody keeps former ones,
    and those the caller adds. The ledger is read where it reaches back far enough, history where it does not, and
    always with `as_of`.
    """
    now = known.now if as_of is None else clock.milliseconds(as_of)
    asked = asked_by(snapshot.budgets)
    past = None if as_of is None else Interaction.objects.of(known.tenant).filter(at__lte=as_of)
    rows = known.totals if asked == known.asked else ()
    about: dict[str, Any] = {
        "segments": frozenset(segments).union(_names(known.memberships, snapshot.segments)),
        "timezone": known.timezone,
        "totals": totals_of(known.tenant, snapshot, rows, now=now, existing=past),
    }
    since = snapshot.horizon(now, known.timezone)
    held = known.ledger if as_of is None else None
    holds = held.holds if held is not None else b""
    if held is not None and (ledger := held.since(since)) is not None:
        return Recalled(decoded(known.tenant, ledger, holds=holds, now=now, **about), ledger, holds)
    if as_of is None and held is None:  # whoever writes history keeps a ledger of it
        return Recalled(Facts(**about), b"")
    records = recorded(known.tenant, known.customer_id, since=since, until=now, live=as_of is None)
    return Recalled(told(known.tenant, records, holds=holds, now=now, **about), None, holds)


def _names(memberships: Iterable[int], names: Mapping[int, str]) -> list[str]:
    return [names[key] for key in memberships if key in names]


def decoded(tenant: Tenant, ledger: bytes, *, holds: bytes, now: int, **about: Any) -> Facts:
    """A ledger's records and holds as facts; a record dated later than `now` counts as now."""
    records = codec.decode(ledger)
    if records and records[0][0] > now:
        records = [(min(at, now), trace) for at, trace in records]
    places = [place.hold for place in held_places.decode(holds, now=now)]
    return Facts(records=records, holds=places, contact=RecordReader(tenant), **about)


def told(tenant: Tenant, records: Sequence[Record], *, holds: bytes, now: int, **about: Any) -> Facts:
    """Records out of history, and a ledger's holds, as facts."""
    read = RecordReader(tenant)
    places = held_places.decode(holds, now=now)
    return Facts(records=records, holds=[Hold(place.until, read(now, place.trace)[1:]) for place in places], **about)


def recorded(tenant: Tenant, customer_id: str, *, since: int, until: int, live: bool) -> list[Record]:
    """The customer's interactions from `since` to `until` (UTC ms), newest first; live, later ones count as `until`."""
    columns = f"{dialect()['ms'].format('at')}, {', '.join(TRACE)}"
    bounds = [moment(max(since, EARLIEST)), *([] if live else [moment(until)])]
    sql = f"""SELECT {columns} FROM {Interaction._meta.db_table}
        WHERE tenant_id = %s AND customer_id = %s AND NOT void AND at >= %s {"" if live else "AND at <= %s"}
        ORDER BY at DESC, id DESC"""
    rows = fetch(sql, [tenant.pk, customer_id, *map(connection.ops.adapt_datetimefield_value, bounds)])
    return [(min(row[0], until), row[1:]) for row in rows]
