"""The roll-up of interactions into summaries: what is due, who recounts it, and why every answer is exact.

**Nothing is incremented.** A customer's summaries are recounted from all of the customer's history (`recount`), so
counting twice, late events and impressions that became void afterwards cannot make them wrong.

**Who is due.** Keys of interactions rise, but a row may be committed after one with a larger key. The `position` of a
tenant's progress is a key up to which nothing can be added any more, and up to which everything is in the summaries. So
whoever has no interaction beyond it has right summaries, and whoever has one is due: recounted before being shown, or
counted from history (`counting.lines`). Being due too long is slow and never wrong. An impression becomes void in the
transaction that stores the interaction which says so, which makes the customer due by itself.

**What can be added no more.** On SQLite one transaction writes at a time, so the holder of the progress sees every key.
On PostgreSQL an insert locks the table before it takes a key, and lets go of it after it can be seen. Of the keys up to
the largest one seen, those that cannot be seen yet belong to transactions that hold this lock. Once those that held it
then have ended, all these keys can be seen or never will be (`_settled`). Nobody waits for anybody in this.

**What is deleted for its age** is added to what is left of it (`carry`), which is counted beside history, so that the
summaries of those days stay as they were.

**One at a time.** Who writes summaries holds the tenant's progress first and reads history in a later statement, so
nobody overwrites a newer count with an older one. Readers read everything in one view, whose instant is how far the
answer is complete: it counts exactly what was committed by then.

**How outcomes count.** When the classification of an outcome has changed, everything is due again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from time import sleep
from typing import NamedTuple, overload

from django.db import OperationalError, connection, transaction
from django.db.models import F

from decisioning.contacts import counting
from decisioning.contacts.counting import HISTORY, Classes, Line, Sums, lines, recount
from decisioning.models import CarriedSummary, Interaction, InteractionSummary, OutcomeType, SummaryProgress
from kaireon.database.reading import impatient, patience, reading
from kaireon.database.statements import fetch, present
from kaireon.tenancy import Tenant

MOST_AT_ONCE = 200  # interactions whose customers a reader recounts in passing
PATIENCE, PAUSE = 100, 0.1  # how often, and after how many seconds, a rebuild asks whether those who write have ended

NEWEST = f"SELECT COALESCE(MAX(id), 0) FROM {HISTORY}"
DUE = f"SELECT id, customer_id FROM {HISTORY} WHERE tenant_id = %s AND id > %s ORDER BY id LIMIT %s"
# The transactions of others that have written interactions and not ended, or are about to.
WRITING = f"""SELECT DISTINCT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = '{HISTORY}'::regclass AND mode = 'RowExclusiveLock' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()"""


class Mark(NamedTuple):
    """Where a rebuild began: what was there then is in the summaries once it is through, unless all is due again."""

    settled: int
    resets: int


def redo(tenant: Tenant, customer_ids: Collection[str]) -> int:
    """Counts the customers anew after their history was corrected or erased, in the transaction that did it.

    Whoever only adds interactions need not call it. The number of rows written.
    """
    with transaction.atomic():
        progress = _held(tenant)
        InteractionSummary.objects.of(tenant).filter(customer_id__in=customer_ids).delete()
        return recount(tenant, customer_ids, progress.classifications)


def carry(tenant: Tenant, interactions: Sequence[Interaction]) -> None:
    """Keeps what these add to summaries; called in the transaction that deletes them, and `refresh` after that."""
    counting.carry([interaction.pk for interaction in interactions], _classes(tenant))


def refresh(tenant: Tenant, customer_ids: Collection[str]) -> int:
    """Recounts customers; the number of rows that had to change."""
    with transaction.atomic():
        return recount(tenant, customer_ids, _held(tenant).classifications)


@contextmanager
def shown(tenant: Tenant, customer_id: str) -> Iterator[datetime]:
    """One view in which the customer's summaries say what history says, and its instant; recounts them if need be."""
    with reading():
        at, (position, _) = present(), _standing(tenant)
        if not Interaction.objects.of(tenant).filter(customer_id=customer_id, pk__gt=position).exists():
            yield at
            return
    with transaction.atomic():
        patience()
        progress, at = _held(tenant), present()
        recount(tenant, [customer_id], progress.classifications)
        yield at


def summed(tenant: Tenant, asked: Sums) -> tuple[list[Line], int, datetime]:
    """The lines asked for, how many there are in all, and the instant of the view they were counted in."""
    with reading():
        at, (position, classes) = present(), _standing(tenant)
        found, total = lines(tenant, asked, position=position, classes=classes)
    return found, total, at


def keep_up(tenant: Tenant) -> None:
    """Rolls up some of what is due, in passing: not when somebody else is at it or would have to be waited for."""
    if not fetch(DUE, [tenant.pk, _standing(tenant)[0], 1]):
        return
    with impatient(), suppress(OperationalError), transaction.atomic():
        patience()
        roll_up(tenant, most=MOST_AT_ONCE)


def roll_up(tenant: Tenant, *, most: int) -> None:
    """Recounts whom the first so many due interactions concern, inside a transaction; nobody if it is being done."""
    progress = _held(tenant, wait=False)
    if progress is None:
        return
    settled = _settled(progress) or progress.position
    due = fetch(DUE, [tenant.pk, progress.position, most])
    recount(tenant, {customer_id for _, customer_id in due}, progress.classifications)
    reached = due[-1][0] if len(due) == most else settled
    progress.position = max(progress.position, min(reached, settled))
    progress.save()


def customers_due(tenant: Tenant) -> list[str]:
    """The customers whose summaries may be behind history, in order."""
    rows = Interaction.objects.of(tenant).filter(pk__gt=_standing(tenant)[0])
    return list(rows.order_by("customer_id").values_list("customer_id", flat=True).distinct())


def customers(tenant: Tenant) -> list[str]:
    """The customers who have a history, summaries or what is left of a history, in order."""
    history, *rest = (
        model._default_manager.filter(tenant=tenant).values_list("customer_id", flat=True)
        for model in (Interaction, InteractionSummary, CarriedSummary)
    )
    return list(history.union(*rest).order_by("customer_id"))


def mark(tenant: Tenant) -> Mark:
    """Called before a rebuild. Waits for those who are writing, but not for long: then little is gained by it."""
    for _ in range(PATIENCE):
        with transaction.atomic():
            progress = _held(tenant)
            settled = _settled(progress)
            progress.save()
        if settled is not None:
            break
        sleep(PAUSE)
    return Mark(settled or 0, progress.resets)


def conclude(tenant: Tenant, begun: Mark) -> None:
    """Called when every customer who was due, or everybody, has been recounted since the mark."""
    with transaction.atomic():
        progress = _held(tenant)
        if progress.resets == begun.resets:
            progress.position = max(progress.position, begun.settled)
            progress.save()


@overload
def _held(tenant: Tenant) -> SummaryProgress: ...
@overload
def _held(tenant: Tenant, *, wait: bool) -> SummaryProgress | None: ...
def _held(tenant: Tenant, *, wait: bool = True) -> SummaryProgress | None:
    """The tenant's progress, locked; everything is due again if outcomes are classified otherwise than it counted."""
    rows = SummaryProgress.objects.of(tenant)
    if not rows.exists():
        rows.bulk_create([SummaryProgress(tenant=tenant)], ignore_conflicts=True)
    progress: SummaryProgress | None = rows.select_for_update(skip_locked=not wait).first()
    if progress is None:
        return None
    classes = _classes(tenant)
    if _outdated(progress.classifications, classes):
        progress.position, progress.resets = 0, progress.resets + 1
    if progress.classifications != classes:
        progress.classifications = classes
        progress.save()
    return progress


def _settled(progress: SummaryProgress) -> int | None:
    """A key up to which nothing can be added any more, so that later statements see everything up to it.

    None while that is not known; asked again, it will be, as soon as those who are writing now have ended.
    """
    newest: int = fetch(NEWEST, [])[0][0]
    writing = [row[0] for row in fetch(WRITING, [])] if connection.vendor == "postgresql" else []
    if not writing:
        return newest
    if progress.candidate <= progress.position:  # nothing is awaited, or what was has been made use of
        progress.candidate, progress.awaited = newest, writing
    elif not set(writing).intersection(progress.awaited):
        progress.awaited = []
        return progress.candidate
    return None


def _standing(tenant: Tenant) -> tuple[int, Classes]:
    """The position and the classifications that hold in this view."""
    progress, classes = SummaryProgress.objects.of(tenant).first(), _classes(tenant)
    if progress is None or _outdated(progress.classifications, classes):
        return 0, classes
    return progress.position, classes


def _outdated(counted: Classes, classes: Classes) -> bool:
    return any(classes.get(outcome) != classification for outcome, classification in counted.items())


def _classes(tenant: Tenant) -> dict[str, str]:
    """How the tenant's outcomes are classified; of deleted types the last one, as long as no live one has the key."""
    types = OutcomeType.everything.of(tenant).order_by(F("deleted_at").asc(nulls_last=True), "pk")
    return dict(types.values_list("key", "classification"))
