"""How the rival judges and chooses: policies by what they are assigned to, each counter worked out once per request."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from creatives.models import Creative
from decisioning.engine.candidates import Candidate
from decisioning.engine.facts import Contact, Facts
from decisioning.engine.snapshot import PolicyLimit, Snapshot
from policies.limits import AtMost
from tests.benchmarks.memoising import Judge

DIMENSIONS = ("offer", "creative", "channel", "placement", "category", "sub_category")


class Judged(NamedTuple):
    """A creative with the limits that concern it."""

    creative: Creative
    candidate: Candidate
    concerning: list[PolicyLimit]


class Choice:
    """One customer's allowed creatives, and the best of them."""

    def __init__(
        self, snapshot: Snapshot, facts: Facts, on_sale: Sequence[tuple[Creative, Candidate]], now: int
    ) -> None:
        self._limits = snapshot.limits
        self._judge = Judge(snapshot, facts, now)
        concerned = concerning([candidate for _, candidate in on_sale], snapshot.limits)
        judged = [Judged(*pair, limits) for pair, limits in zip(on_sale, concerned, strict=True)]
        self.allowed = [each for each in judged if not self._judge.blocks(each.candidate, each.concerning)]

    def best(self, limit: int) -> Iterator[Judged]:
        """The highest priorities, each offer once; what was chosen counts in the limits of what follows."""
        offers: set[int] = set()
        for each in sorted(self.allowed, key=_rank):
            if len(offers) == limit:
                return
            if each.candidate.offer in offers or self._judge.blocks(each.candidate, each.concerning):
                continue
            offers.add(each.candidate.offer)
            self._count(each.candidate)
            yield each

    def _count(self, chosen: Candidate) -> None:
        """Counts a chosen creative as a contact. Budgets of offers need not know: no offer is chosen twice."""
        values = {name: getattr(chosen, name) for name in (*DIMENSIONS, "label")}
        contact = Contact(self._judge.now, **values)
        for placed in self._limits:
            test = placed.limit.test
            if isinstance(test, AtMost) and test.counts_siblings and test.contacts.include(contact):
                self._judge.counter(placed, test)[test.contacts.key(contact)].append(contact)
        self._judge.stands.clear()


def concerning(candidates: Sequence[Candidate], limits: Sequence[PolicyLimit]) -> list[list[PolicyLimit]]:
    """The limits that concern each candidate; only candidates with the key a limit names are looked at."""
    having: dict[tuple[str, int | None], list[int]] = defaultdict(list)
    for position, candidate in enumerate(candidates):
        for dimension in DIMENSIONS:
            having[dimension, getattr(candidate, dimension)].append(position)
    found: list[list[PolicyLimit]] = [[] for _ in candidates]
    for placed in limits:
        where = placed.limit.concerns.where
        named = (having[where[0][0], key] for key in where[0][1]) if where else [range(len(candidates))]
        for position in (position for positions in named for position in positions):
            if placed.concerns(candidates[position]):
                found[position].append(placed)
    return found


def _rank(each: Judged) -> tuple[int, int, int]:
    return -each.creative.offer.priority, each.candidate.offer, each.candidate.creative
