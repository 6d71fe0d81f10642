"""Writing history: interactions and everything that is kept of them, in one transaction.

A line of a recommendation is at most one contact. Whoever writes about a customer holds that customer's ledger, so what
stands there and what was presented before is not a guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Model

from decisioning.contacts import budgets
from decisioning.contacts.happening import COLUMNS, Happening
from decisioning.contacts.ledgers import refill, without
from decisioning.contacts.outlines import Outline, tell
from decisioning.contacts.reservations import NOT_PRESENTED, PRESENTING, settlement_for
from decisioning.models import Interaction, Presentation, Reservation
from decisioning.models.ledgers import NOTHING
from kaireon.database.inserting import insert, insert_keyed
from kaireon.database.statements import dialect, fetch, listed, write
from kaireon.tenancy import Tenant

LineOf = tuple[int, int]  # a decision and a rank


@dataclass
class Recorded:
    """What became of an interaction: stored, or, being the contact that was reported before, only noticed."""

    happening: Happening
    duplicate: bool = False
    warnings: list[str] = field(default_factory=list)


def record(tenant: Tenant, ledgers: Mapping[str, Outline], happened: Sequence[Happening]) -> list[Recorded]:
    """Stores interactions, in their order, with ledgers and totals, inside a transaction that holds these ledgers.

    What becomes of an interaction that is already known as its line's contact is that contact.
    """
    lines, settlement = _Lines(tenant, happened), settlement_for(tenant, happened)
    recorded = [lines.judge(happening) for happening in happened]
    for each in recorded:
        if not each.duplicate:
            each.warnings += settlement.settle(each.happening)
    stored = [each.happening for each in recorded if not each.duplicate]
    insert_keyed(Interaction, stored)
    lines.store()
    settlement.store(tenant)
    counted = [happening for happening in stored if not happening.void]
    _tell(tenant, ledgers, counted, settlement.settled, anew={each.customer_id for each in lines.voided})
    budgets.count(tenant, counted)
    budgets.count(tenant, lines.voided, step=-1)
    return recorded


def _tell(
    tenant: Tenant,
    ledgers: Mapping[str, Outline],
    counted: Iterable[Happening],
    settled: Iterable[Reservation],
    *,
    anew: set[str],
) -> None:
    """Makes ledgers tell what happened by now.

    Those of the customers in `anew`, and those that hold nothing one may add to, are written from history.
    """
    happened: dict[str, list[Happening]] = defaultdict(list)
    for happening in counted:
        happened[happening.customer_id].append(happening)
    holds: dict[str, bytes] = {}
    for place in settled:
        held = holds.get(place.customer_id, ledgers[place.customer_id].holds)
        holds[place.customer_id] = without(held, [place])
    anew |= {customer_id for customer_id, ledger in ledgers.items() if ledger.complete_from == NOTHING}
    tell(tenant, {each: ledger for each, ledger in ledgers.items() if each not in anew}, happened, holds)
    if anew:
        refill(tenant, anew)


class _Lines:
    """The lines of recommendations that interactions are about, with what was presented of them."""

    def __init__(self, tenant: Tenant, happened: Iterable[Happening]) -> None:
        self._tenant = tenant
        self._known: dict[LineOf, Presentation] = _presentations(tenant, happened)
        self._stored = _contacts(tenant, self._known.values())
        self._contacts: dict[LineOf, Happening] = {}
        self._added: list[Presentation] = []
        self._changed: list[Presentation] = []
        self.voided: list[Happening] = []

    def judge(self, happening: Happening) -> Recorded:
        """What is to become of an interaction; a line's first impression is its contact unless it is void."""
        happening.void = False  # what an attempt that failed found out may no longer hold
        if happening.decision_key is None or happening.rank is None or happening.outcome not in PRESENTING:
            return Recorded(happening)
        line = happening.decision_key, happening.rank
        known = self._known.get(line)
        if known is None:
            self._add(line, happening)
            return Recorded(happening)
        if happening.outcome == NOT_PRESENTED:
            self._void(line, known)
            return Recorded(happening)
        if known.void:
            happening.void = True
            said = f"Rank {line[1]} was reported as not presented; the impression is recorded and counts nowhere."
            return Recorded(happening, warnings=[said])
        first = self._contacts.get(line) or self._stored.get(known.interaction_key or 0, happening)
        said = f"Rank {line[1]} was reported as presented before; it is one contact and was not recorded again."
        return Recorded(first, duplicate=True, warnings=[said])

    def store(self) -> None:
        """Stores what changed, once the interactions have keys."""
        for presentation in self._added:
            contact = self._contacts.get((presentation.decision_key, presentation.rank))
            presentation.interaction_key = None if contact is None else contact.id
        insert(Presentation, self._added)
        _void(Presentation, self._changed)
        _void(Interaction, self.voided)

    def _add(self, line: LineOf, happening: Happening) -> None:
        presentation = Presentation(
            tenant=self._tenant,
            customer_id=happening.customer_id,
            decision_key=line[0],
            rank=line[1],
            void=happening.outcome == NOT_PRESENTED,
        )
        self._known[line] = presentation
        self._added.append(presentation)
        if not presentation.void:
            self._contacts[line] = happening

    def _void(self, line: LineOf, known: Presentation) -> None:
        if known.void:
            return
        known.void = True
        if known.pk is not None:
            self._changed.append(known)
        if line in self._contacts:  # presented and taken back in one go
            self._contacts[line].void = True
        elif (contact := self._stored.get(known.interaction_key or 0)) is not None:
            contact.void = True
            self.voided.append(contact)


def _void(model: type[Model], rows: Sequence[Presentation | Happening]) -> None:
    if rows:
        sql = f"UPDATE {model._meta.db_table} SET void = true WHERE id {dialect()['keys']} RETURNING id"
        write(sql, [listed([row.id for row in rows])])


def _presentations(tenant: Tenant, happened: Iterable[Happening]) -> dict[LineOf, Presentation]:
    lines = {
        (happening.decision_key, happening.rank)
        for happening in happened
        if happening.decision_key is not None and happening.outcome in PRESENTING
    }
    if not lines:
        return {}
    columns = ("id", "customer_id", "decision_key", "rank", "interaction_key", "void")
    sql = f"""SELECT {", ".join(columns)} FROM {Presentation._meta.db_table}
        WHERE tenant_id = %s AND decision_key {dialect()["keys"]}"""
    found = fetch(sql, [tenant.pk, listed({decision for decision, _ in lines})])
    rows = [Presentation(tenant=tenant, **dict(zip(columns, row, strict=True))) for row in found]
    return {(row.decision_key, row.rank): row for row in rows if (row.decision_key, row.rank) in lines}


def _contacts(tenant: Tenant, presentations: Iterable[Presentation]) -> dict[int, Happening]:
    """The contacts that lines had before, by their keys."""
    keys = [each.interaction_key for each in presentations if each.interaction_key is not None]
    rows = Interaction.objects.of(tenant).filter(pk__in=keys).values("id", *COLUMNS) if keys else ()
    return {row["id"]: Happening(**row) for row in rows}
