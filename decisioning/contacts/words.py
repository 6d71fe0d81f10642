"""The words of ledgers (outcomes, labels, campaigns) and the numbers they stand there as."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Max

from decisioning.engine import ledger as codec
from decisioning.engine.facts import Contact
from decisioning.models import Word
from kaireon.tenancy import Tenant

MOST_ATTEMPTS = 10


@dataclass(frozen=True)
class Words:
    """A tenant's words and their numbers; words are only ever added, so what a process knows of them stays true."""

    numbers: Mapping[str, int]
    texts: Mapping[int, str]


_known: dict[int, Words] = {}


def forget_words() -> None:
    """Drops what was kept; for tests, which give a tenant's key to another tenant."""
    _known.clear()


class RecordReader:
    """Turns a ledger's records into contacts, one after the other."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._words: Words | None = None

    def __call__(self, at: int, trace: bytes) -> Contact:
        self._words = self._words or _words(self._tenant)
        try:
            return codec.contact_of(at, trace, self._words.texts)
        except KeyError:  # somebody has added words since
            self._words = _words(self._tenant, anew=True)
            return codec.contact_of(at, trace, self._words.texts)


def _words(tenant: Tenant, *, anew: bool = False) -> Words:
    """The tenant's words. What a transaction sees of itself may never come to be, so that is not kept."""
    found = None if anew else _known.get(tenant.pk)
    if found is None:
        pairs = list(Word.objects.of(tenant).values_list("text", "number"))
        found = Words(dict(pairs), {number: text for text, number in pairs})
        if not connection.in_atomic_block:
            _known[tenant.pk] = found
    return found


def learn(tenant: Tenant, words: Collection[str]) -> None:
    """Gives words their numbers, if they have none; before any transaction, for others may be waiting for the same."""
    known = _known.get(tenant.pk)
    used = {word for word in words if word}
    if known is None or not used <= known.numbers.keys():
        _numbers(tenant, used)
        _words(tenant, anew=True)


def numbers_of(tenant: Tenant, contacts: Sequence[Contact]) -> Mapping[str, int]:
    """The numbers of at least all words in these contacts; new words get the next ones."""
    used = {word for contact in contacts for word in (contact.outcome, contact.label, contact.campaign) if word}
    known = _known.get(tenant.pk)
    return known.numbers if known is not None and used <= known.numbers.keys() else _numbers(tenant, used)


def _numbers(tenant: Tenant, used: set[str]) -> dict[str, int]:
    for _ in range(MOST_ATTEMPTS):
        known = dict(Word.objects.of(tenant).filter(text__in=used).values_list("text", "number"))
        missing = sorted(used - known.keys())
        if not missing:
            return known
        last = Word.objects.of(tenant).aggregate(last=Max("number"))["last"] or 0
        # Somebody else may take the same numbers; what was not stored then is tried again.
        Word.objects.bulk_create(
            [Word(tenant=tenant, text=text, number=last + n) for n, text in enumerate(missing, start=1)],
            ignore_conflicts=True,
        )
    raise RuntimeError(f"{len(missing)} words could not be numbered in {MOST_ATTEMPTS} attempts")
