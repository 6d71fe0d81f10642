"""What a decision binds: contacts of implicit channels and places it reserves, stored with it or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from decisioning.contacts import budgets
from decisioning.contacts.ledgers import Claim, Held, Overtaken, grown, lock, refill
from decisioning.contacts.totals import MOST, Pair
from decisioning.deciding import steps
from decisioning.deciding.decided import pack
from decisioning.deciding.histories import Recalled
from decisioning.deciding.lookup import Known
from decisioning.deciding.recommendations import Answer, Ask, Chosen
from decisioning.deciding.steps import Upkeep
from decisioning.engine.facts import Contact
from decisioning.models import Decision
from decisioning.models.ledgers import EVERYTHING, NOTHING
from decisioning.models.outcomes import IMPRESSION
from kaireon.database.keys import next_key
from kaireon.database.statements import instant, vendor

NEW = Held(b"", b"", EVERYTHING, EVERYTHING, revision=0)  # the ledger of somebody to whom nothing has happened

_totals_kept: set[int] = set()  # tenants for which totals were found that nothing asks for any more


class Taken(NamedTuple):
    """A line of an answer as what it is counted as; the names are those of columns."""

    rank: int
    creative_key: int
    offer_key: int
    channel_key: int | None
    placement_key: int | None
    category_key: int | None
    sub_category_key: int | None
    label: str
    cost_micros: int


class Due(NamedTuple):
    """What a decision binds once it is stored: the answer, its record, contacts, and places until an instant."""

    answer: Answer
    record: bytes
    contacts: Sequence[Taken]
    places: Sequence[Taken]
    until: int


def binds(chosen: Chosen, ask: Ask) -> bool:
    """Whether something is counted or reserved by telling the caller."""
    return bool(chosen.recommended.placed) and (ask.reserve is not None or bool(implicit(chosen)))


def implicit(chosen: Chosen) -> list[int]:
    """The lines of which being recommended is the contact."""
    wares, channels = chosen.configuration.stock.wares, chosen.configuration.implicit
    placed = enumerate(chosen.recommended.placed)
    return [number for number, place in placed if wares[place.position].candidate.channel in channels]


def stands_alone(known: Known) -> bool:
    """Whether what a decision binds is the ledger's affair only, so that one statement stores it without transaction.

    It is a guess where nothing asks for totals: that none are kept all the same is a condition of the statement.
    """
    nothing_else = not known.asked.pairs and known.tenant.pk not in _totals_kept
    return vendor() == "postgresql" and nothing_else and _upkeep(known) is not Upkeep.HELD


def due(chosen: Chosen, answer: Answer, recalled: Recalled, *, reserve: int | None) -> Due:
    """What a decision would bind that reserves places for so many ms; worked out before anybody has to wait for it."""
    counted, until = set(implicit(chosen)), chosen.at + (reserve or 0)
    taken = [Taken(rank, *line.frozen) for rank, line in enumerate(answer.lines, start=1)]
    contacts = [line for number, line in enumerate(taken) if number in counted]
    places = [] if reserve is None else [line for number, line in enumerate(taken) if number not in counted]
    reserved = {line.rank for line in places}
    answer = _answer(answer, lambda rank: {"reserved_until": until} if rank in reserved else {})
    return Due(answer, pack(answer, chosen, recalled), contacts, places, until)


def bind(
    known: Known, chosen: Chosen, due: Due, *, alone: bool = False, held: Collection[Pair] = ()
) -> tuple[int, Answer]:
    """Stores a decision with the contacts its implicit channels are and the places it reserves.

    It holds only if the ledger is as it was read, and no budget can be exceeded by others at the same moment; the
    totals in `held` are nobody else's until the commit. Unless the ledger is `alone` it is called inside a transaction,
    of which nothing may stay when it raises Overtaken.
    """
    key = next_key(Decision)
    keys = _stored(known, chosen, due, key=key, alone=alone)
    if not alone:
        _count(known, chosen, due, held)
    return key, _answer(due.answer, lambda rank: {"interaction": keys[rank]} if rank in keys else {})


def _stored(known: Known, chosen: Chosen, due: Due, *, key: int, alone: bool) -> Mapping[int, int]:
    """The contacts' keys by their ranks. Raises Overtaken."""
    tenant, customer_id, upkeep = known.tenant, known.customer_id, _upkeep(known)
    ledger = known.ledger or NEW
    if upkeep is Upkeep.HELD:
        [row] = lock(tenant, [customer_id]).values()
        if (row.pk, row.revision) != (ledger.key, ledger.revision):
            raise Overtaken
    else:
        claims = [Claim(key, line.rank, due.until, _contact(line, chosen)) for line in due.places]
        ledger = grown(tenant, ledger, [_contact(line, chosen) for line in due.contacts], claims, now=chosen.at)
    said = {
        "tenant_id": tenant.pk,
        "customer_id": customer_id,
        "ledger_key": ledger.key,
        "read_revision": ledger.revision,
        "records": ledger.records,
        "holds": ledger.holds,
        "older": ledger.older,
        "recent_from": ledger.recent_from,
        "complete_from": ledger.complete_from,
        "decision_key": key,
        "decided_at": instant(chosen.at),
        "expires_at": instant(due.until),
        "version": chosen.configuration.version,
        "flow_version": chosen.flow_version,
        "record": due.record,
        "campaign_id": chosen.wish.campaign,
        "contacts": [line._asdict() for line in due.contacts],
        "places": [line._asdict() for line in due.places],
    }
    keys = steps.stored(said, upkeep, alone=alone)
    if keys is None:
        raise Overtaken
    if upkeep is Upkeep.HELD:
        refill(tenant, [customer_id])
    return dict(keys)


def _count(known: Known, chosen: Chosen, due: Due, held: Collection[Pair]) -> None:
    """Adds to the totals that are kept. Raises Overtaken."""
    touched = budgets.take(known.tenant, due.contacts, due.places)
    if touched:
        _totals_kept.add(known.tenant.pk)
    shared = touched - set(held)
    if budgets.nearly_exhausted(known.tenant, chosen.configuration.stock.program, shared, most=MOST):
        raise Overtaken(shared)


def _upkeep(known: Known) -> Upkeep:
    """What is to be done to the customer's ledger; one that holds nothing to add to is held until it is refilled."""
    if known.ledger is None:
        return Upkeep.MADE
    return Upkeep.HELD if known.ledger.complete_from == NOTHING else Upkeep.CHANGED


def _contact(line: Taken, chosen: Chosen) -> Contact:
    return Contact(
        chosen.at,
        IMPRESSION,
        offer=line.offer_key,
        creative=line.creative_key,
        channel=line.channel_key,
        placement=line.placement_key,
        category=line.category_key,
        sub_category=line.sub_category_key,
        label=line.label,
        campaign=chosen.wish.campaign,
    )


def _answer(answer: Answer, said: Callable[[int], Mapping[str, Any]]) -> Answer:
    """The answer with what is said of the lines of these ranks."""
    return answer._replace(lines=tuple(line._replace(**said(rank)) for rank, line in enumerate(answer.lines, start=1)))
