"""The contact ledgers: filled from history, appended to by those who write history, read by decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from django.db.models import QuerySet

from decisioning.contacts.happening import Happening
from decisioning.contacts.words import RecordReader, learn, numbers_of
from decisioning.engine import holds
from decisioning.engine import ledger as codec
from decisioning.engine.facts import Contact
from decisioning.models import ContactLedger, Interaction, Reservation
from decisioning.models.ledgers import EVERYTHING, NOTHING
from decisioning.models.outcomes import IMPRESSION
from kaireon import clock
from kaireon.database.statements import present
from kaireon.tenancy import Tenant

CONTACT_COLUMNS = (
    "at",
    "outcome",
    "offer_key",
    "creative_key",
    "channel_key",
    "placement_key",
    "category_key",
    "sub_category_key",
    "label",
    "campaign_id",
)
_told = attrgetter(*CONTACT_COLUMNS)
PARTS = ("records", "older", "recent_from", "complete_from")  # the columns of the parts, in their order


class Held(NamedTuple):
    """A customer's ledger as it was read; `older` is None when nobody asked for it, b"" also when there is none."""

    records: bytes
    older: bytes | None
    recent_from: int
    complete_from: int
    revision: int
    holds: bytes = b""
    key: int = 0  # of its row; a customer who was erased may have got another one, of the same revision

    def since(self, since: int) -> bytes | None:
        """The records from an instant on, and others; None if it was not read or does not hold them all."""
        since = max(since, EVERYTHING)
        if self.complete_from > since:
            return None
        if self.recent_from <= since:
            return self.records
        return None if self.older is None else codec.joined(self.records, self.older)


class Claim(NamedTuple):
    """A place that a line of a decision takes until an instant (UTC ms), and the contact it would be."""

    decision: int
    rank: int
    until: int
    contact: Contact


class Overtaken(Exception):
    """Somebody wrote to a ledger after it was read, or might be writing to these totals of budgets."""

    def __init__(self, totals: Collection[tuple[str, int]] = ()) -> None:
        super().__init__()
        self.totals = frozenset(totals)


def contact_of(row: Sequence[Any]) -> Contact:
    """A contact out of an interaction's `CONTACT_COLUMNS`."""
    return Contact(clock.milliseconds(row[0]), *row[1:])


def refill(tenant: Tenant, customer_ids: Collection[str]) -> None:
    """Makes the ledgers of these customers say what history says; called in the transaction that wrote history."""
    wanted = sorted(set(customer_ids))
    rows = lock(tenant, wanted)
    histories: dict[str, list[Contact]] = defaultdict(list)
    for customer_id, *row in _history(tenant, wanted):
        histories[customer_id].append(contact_of(row))
    places = _open_places(tenant, wanted)
    told = [contact for history in histories.values() for contact in history]
    numbers = numbers_of(tenant, [*told, *(contact_held(place) for group in places.values() for place in group)])
    for customer_id in wanted:
        row = rows[customer_id]
        row.ledger = _written(histories[customer_id], numbers)
        row.holds = holds.encode(_place(place, numbers) for place in places[customer_id])
    store(rows.values())


def grown(tenant: Tenant, held: Held, contacts: Sequence[Contact], claims: Sequence[Claim], *, now: int) -> Held:
    """A ledger that was read, and holds something one may add to, with contacts and places added; nothing is stored.

    One that gets too long while nobody has read its older part is tidied by the next who reads it.
    """
    numbers = numbers_of(tenant, [*contacts, *(claim.contact for claim in claims)])
    places = holds.decode(held.holds, now=now)
    places += [holds.Place(*claim[:3], codec.trace_of(claim.contact, numbers)) for claim in claims]
    more = held._replace(records=_appended(held.records, contacts, numbers), holds=holds.encode(places))
    if more.older is None and more.recent_from > EVERYTHING:
        return more
    parts = codec.tidied(codec.Ledger(more.records, more.older or b"", more.recent_from, more.complete_from))
    return Held(*parts, more.revision, more.holds, more.key)


def records_of(tenant: Tenant, happened: Sequence[Happening], *, first: bool) -> bytes:
    """The bytes that interactions add to a ledger, whose first ones they may be."""
    contacts = [contact_told(each) for each in happened]
    numbers = numbers_of(tenant, contacts)
    records = codec.encode((contact.at, codec.trace_of(contact, numbers)) for contact in contacts)
    return records if first else records[len(codec.FORMAT) :]


def regrown(tenant: Tenant, ledger: codec.Ledger, happened: Sequence[Happening]) -> codec.Ledger:
    """A ledger with interactions added, tidied."""
    contacts = [contact_told(each) for each in happened]
    return codec.tidied(ledger._replace(recent=_appended(ledger.recent, contacts, numbers_of(tenant, contacts))))


def learn_of(tenant: Tenant, happened: Iterable[Happening]) -> None:
    """Gives the words of interactions their numbers, as `learn`."""
    learn(tenant, {word for each in happened for word in (each.outcome, each.label, each.campaign_id) if word})


def _appended(records: bytes, contacts: Iterable[Contact], numbers: Mapping[str, int]) -> bytes:
    for contact in contacts:
        records = codec.append(records, (contact.at, codec.trace_of(contact, numbers)))
    return records


def store(rows: Iterable[ContactLedger]) -> None:
    """Stores ledgers whose rows are locked.

    As an insert that finds every row there, which takes a third of the time of `bulk_update`.
    """
    changed = list(rows)
    for row in changed:
        row.revision += 1
    columns = [*PARTS, "holds", "revision"]
    ContactLedger.objects.bulk_create(changed, update_conflicts=True, unique_fields=["id"], update_fields=columns)


def without(held: bytes, places: Iterable[Reservation]) -> bytes:
    """A ledger's holds without these places."""
    for place in places:
        held = holds.remove(held, decision=place.decision_key, rank=place.rank)
    return held


def contact_held(place: Reservation) -> Contact:
    """The contact a place would be."""
    return Contact(
        clock.milliseconds(place.reserved_at),
        IMPRESSION,
        offer=place.offer_key,
        creative=place.creative_key,
        channel=place.channel_key,
        placement=place.placement_key,
        category=place.category_key,
        sub_category=place.sub_category_key,
        label=place.label,
        campaign=place.campaign_id,
    )


def _place(place: Reservation, numbers: Mapping[str, int]) -> holds.Place:
    until = clock.milliseconds(place.expires_at)
    return holds.Place(place.decision_key, place.rank, until, codec.trace_of(contact_held(place), numbers))


def contact_told(interaction: Interaction | Happening) -> Contact:
    """The contact an interaction is."""
    return contact_of(_told(interaction))


def lock(tenant: Tenant, customer_ids: Collection[str]) -> dict[str, ContactLedger]:
    """The customers' rows, locked in the order of their ids so that two who lock many never wait for each other."""
    wanted = set(customer_ids)
    rows = ContactLedger.objects.of(tenant).filter(customer_id__in=wanted).select_for_update().order_by("customer_id")
    locked = {row.customer_id: row for row in rows}
    while missing := sorted(wanted - locked.keys()):  # again, if somebody erased a customer meanwhile
        make(tenant, missing)
        locked = {row.customer_id: row for row in rows.all()}
    return locked


def make(tenant: Tenant, customer_ids: Iterable[str]) -> None:
    """Gives customers ledgers that hold nothing one may rely on, unless they have some by now."""
    rows = [
        ContactLedger(tenant=tenant, customer_id=customer_id, complete_from=NOTHING) for customer_id in customer_ids
    ]
    ContactLedger.objects.bulk_create(rows, ignore_conflicts=True)


def faults(tenant: Tenant, customer_ids: Sequence[str]) -> Iterator[str]:
    """The customers among these whose ledger does not say what history says; one without a ledger has no history."""
    rows = {row.customer_id: row for row in ContactLedger.objects.of(tenant).filter(customer_id__in=customer_ids)}
    histories: dict[str, list[Contact]] = defaultdict(list)
    for customer_id, *row in _history(tenant, customer_ids):
        histories[customer_id].append(contact_of(row))
    yield from (customer_id for customer_id in histories if customer_id not in rows)
    read, places = RecordReader(tenant), _open_places(tenant, customer_ids)
    for customer_id, row in rows.items():
        if not (_parts_agree(row, histories[customer_id], read) and _holds_agree(row, places[customer_id], read)):
            yield customer_id


def _parts_agree(row: ContactLedger, history: Sequence[Contact], read: RecordReader) -> bool:
    """Whether both parts together, and the recent one alone, hold what they say they do."""
    ledger = row.ledger
    both = codec.joined(ledger.recent, ledger.older)
    recent_from = max(ledger.recent_from, ledger.complete_from)
    for records, since in ((both, ledger.complete_from), (ledger.recent, recent_from)):
        held = [contact for record in codec.decode(records) if (contact := read(*record)).at >= since]
        told = [contact for contact in history if contact.at >= since]
        if sorted(held, key=repr) != sorted(told, key=repr):
            return False
    return True


def _holds_agree(row: ContactLedger, places: Sequence[Reservation], read: RecordReader) -> bool:
    """Whether a ledger holds the customer's open places; one that has lapsed counts nowhere and may be gone."""
    now = clock.milliseconds(present())
    held = {
        (place.decision, place.rank, place.until, read(0, place.trace)[1:])
        for place in holds.decode(bytes(row.holds), now=now)
    }
    told = {
        (place.decision_key, place.rank, clock.milliseconds(place.expires_at), contact_held(place)[1:])
        for place in places
        if clock.milliseconds(place.expires_at) > now
    }
    return held == told


def _open_places(tenant: Tenant, customer_ids: Sequence[str]) -> dict[str, list[Reservation]]:
    found: dict[str, list[Reservation]] = defaultdict(list)
    rows = Reservation.objects.of(tenant).open().filter(customer_id__in=customer_ids)
    for place in rows.order_by("decision_key", "rank"):
        found[place.customer_id].append(place)
    return found


def _written(history: Sequence[Contact], numbers: Mapping[str, int]) -> codec.Ledger:
    """The ledger of a history."""
    records = codec.encode((contact.at, codec.trace_of(contact, numbers)) for contact in history)
    return codec.tidied(codec.Ledger(records, b"", EVERYTHING, EVERYTHING))


def _history(tenant: Tenant, customer_ids: Sequence[str]) -> QuerySet[Any, Any]:
    rows = Interaction.objects.of(tenant).filter(customer_id__in=customer_ids, void=False)
    return rows.order_by("customer_id", "-at", "-pk").values_list("customer_id", *CONTACT_COLUMNS)
