"""Recommending, from what is known to the answer: decided once, stored once, and bound only if nobody was faster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from time import perf_counter
from typing import Any, NamedTuple

from django.db import transaction

from decisioning.contacts import budgets
from decisioning.contacts.ledgers import Overtaken, lock
from decisioning.contacts.totals import Pair
from decisioning.contacts.words import learn
from decisioning.deciding.binding import Due, bind, binds, due, stands_alone
from decisioning.deciding.decided import unpack
from decisioning.deciding.histories import Recalled, recall
from decisioning.deciding.lookup import Caller, Known, inform
from decisioning.deciding.recommendations import Answer, Ask, Chosen, answered, choose, trace, wire
from decisioning.deciding.storing import keep_manifest, store
from decisioning.in_force.configuration import Configuration
from decisioning.in_force.manifest import configuration_from
from decisioning.models import Decision, Manifest
from decisioning.models.outcomes import IMPRESSION
from kaireon import clock
from kaireon.database.reading import patience
from kaireon.tenancy import Tenant

# Reads the request against a configuration, at the instant of what is known.
Reader = Callable[[Known, Configuration], Ask]


class Draft(NamedTuple):
    """A decision nobody was told of yet."""

    known: Known
    ask: Ask
    recalled: Recalled
    chosen: Chosen
    answer: Answer


def draft(known: Known, configuration: Configuration, ask: Ask, *, started: float) -> Draft:
    """Decides; nothing is stored. `started` is when the work on the request began, by `perf_counter`."""
    at = known.now if ask.as_of is None else clock.milliseconds(ask.as_of)
    recalled = recall(known, configuration.snapshot(), as_of=ask.as_of, segments=ask.segments)
    chosen = choose(configuration, recalled.facts, ask.wish, flow=ask.flow, at=at)
    duration = round((perf_counter() - started) * 1000, 3)
    answer = answered(chosen, ask, known.attributes, duration=duration)
    return Draft(known=known, ask=ask, recalled=recalled, chosen=chosen, answer=answer)


def rehearse(drafted: Draft) -> dict[str, Any]:
    """The answer to a request that nothing is stored of."""
    return _body(drafted, drafted.answer, key=None)


def prepare(drafted: Draft) -> None:
    """Stores what the decision will rest on; before any transaction, for others may be waiting for the same rows."""
    keep_manifest(drafted.known, drafted.chosen.configuration)
    if binds(drafted.chosen, drafted.ask):
        budgets.keep_missing(drafted.known.tenant, drafted.known.asked, drafted.known.totals)
        labels = [line.frozen.label for line in drafted.answer.lines]
        learn(drafted.known.tenant, [IMPRESSION, drafted.chosen.wish.campaign or "", *labels])


def commit(drafted: Draft, caller: Caller, read: Reader, *, started: float) -> dict[str, Any]:
    """Stores the decision as it is answered, and answers.

    Where being recommended is the contact, or places are reserved, that is written on the condition that the
    customer's ledger is still the one the decision was made with. If somebody was faster, or a budget is nearly
    exhausted, it is decided once more while all of that is held, so whoever decides next counts it.
    """
    known, chosen = drafted.known, drafted.chosen
    if not binds(chosen, drafted.ask):
        key = store(known, chosen, drafted.answer, drafted.recalled)
        return _body(drafted, drafted.answer, key=key)
    alone, bound = stands_alone(known), _due(drafted)
    try:
        with nullcontext() if alone else _patiently():
            key, answer = bind(known, chosen, bound, alone=alone)
    except Overtaken as error:
        drafted, key, answer = _insisted(drafted, error, caller, read, started=started)
    return _body(drafted, answer, key=key)


def _insisted(
    drafted: Draft, overtaken: Overtaken, caller: Caller, read: Reader, *, started: float
) -> tuple[Draft, int, Answer]:
    """The decision made and stored while all it rests on is held."""
    held = set(overtaken.totals)
    while True:  # whoever is overtaken again holds more totals than before, and there are only so many
        try:
            with _patiently():
                again = _decided_alone(drafted, held, caller, read, started=started)
                if not binds(again.chosen, again.ask):
                    return again, store(again.known, again.chosen, again.answer, again.recalled), again.answer
                return again, *bind(again.known, again.chosen, _due(again), held=held)
        except Overtaken as error:
            held |= error.totals


def _decided_alone(drafted: Draft, held: Collection[Pair], caller: Caller, read: Reader, *, started: float) -> Draft:
    """The decision made again while the ledger and these totals are held; what is read after that stays true."""
    tenant, customer_id = drafted.known.tenant, drafted.known.customer_id
    lock(tenant, [customer_id])
    if held:
        budgets.lock(tenant, held)
    known, configuration = inform(caller, customer_id)
    keep_manifest(known, configuration)
    return draft(known, configuration, read(known, configuration), started=started)


def read_back(tenant: Tenant, decision: Decision) -> dict[str, Any]:
    """The answer as it was given, and the trace of what was decided, whatever has changed since."""
    manifest = Manifest.objects.of(tenant).get(version=decision.version)
    configuration = configuration_from(bytes(manifest.content))
    answer, chosen = unpack(bytes(decision.record), tenant, configuration)
    return wire(answer, configuration, key=decision.pk) | {"trace": trace(chosen)}


@contextmanager
def _patiently() -> Iterator[None]:
    """A transaction that waits for others only so long."""
    with transaction.atomic():
        patience()
        yield


def _due(drafted: Draft) -> Due:
    return due(drafted.chosen, drafted.answer, drafted.recalled, reserve=drafted.ask.reserve)


def _body(drafted: Draft, answer: Answer, *, key: int | None) -> dict[str, Any]:
    body = wire(answer, drafted.chosen.configuration, key=key)
    return body | {"trace": trace(drafted.chosen)} if drafted.ask.debug else body
