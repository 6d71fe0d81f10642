"""What "Why not?" answers: about an offer, the whole inventory or, where that is large, some offers at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from creatives.models import Creative, Offer
from decisioning.admin.reasons import Teller, address_of
from decisioning.deciding.eligibility import Judged, items_of, judge
from decisioning.deciding.histories import recall
from decisioning.deciding.lookup import Known
from decisioning.engine.evaluate import Outcome, decide
from decisioning.engine.explain import instant_to_wire
from decisioning.engine.rotation import Rotation
from decisioning.in_force.configuration import Configuration
from kaireon import clock
from kaireon.admin.charts import Bar, Bars
from kaireon.lifecycle import Status
from kaireon.tenancy import Tenant

PER_PAGE = 25
MOST_LINES = 200  # about some offers; a few have thousands of creatives
LARGE = 5_000  # creatives; a larger inventory would take seconds to lay out, so it is looked at in parts


@dataclass(frozen=True, kw_only=True)
class Question:
    """Who is asked about, when, with which configuration, and which page of the answer is wanted."""

    known: Known
    configuration: Configuration
    as_of: datetime | None
    number: int
    teller: Teller

    def judged(self, offers: Sequence[int]) -> Judged:
        """The creatives of a few offers, in the order of these, held against every policy."""
        items = sorted(items_of(self.configuration, offers), key=lambda item: offers.index(item.candidate.offer))
        return judge(self.known, self.configuration, items, as_of=self.as_of)

    def funnel(self, first: str, judged: Judged) -> Bars:
        """What each stage leaves of what was judged."""
        allowed = judged.offered & judged.outcome.allowed
        candidates = [item.candidate for item in judged.items]
        rotation = Rotation(self.configuration.tenant, candidates, [item.weight for item in judged.items])
        seen = rotation.among(allowed, self.known.customer_id)
        return funnel(first, len(judged.items), judged.offered, allowed, seen)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a page shows, how far back looks what blocks, and whether there are more pages."""

    shown: dict[str, Any]
    reaches: list[tuple[Any, int]]
    more: bool


def some_offers(tenant: Tenant, number: int) -> tuple[list[int], bool] | None:
    """A page of the active offers, the newest first, and whether there are more; None if all can be looked at."""
    if not Creative.objects.of(tenant).order_by()[LARGE : LARGE + 1].exists():
        return None
    active = Offer.objects.of(tenant).filter(status=Status.ACTIVE).order_by("-pk")
    keys = list(active.values_list("pk", flat=True)[(number - 1) * PER_PAGE : number * PER_PAGE + 1])
    return keys[:PER_PAGE], len(keys) > PER_PAGE


def about_offer(question: Question, offer: Offer) -> Answer:
    """Every creative of one offer with everything that was asked of it."""
    judged, number = question.judged([offer.pk]), question.number
    positions = range(len(judged.items))[(number - 1) * PER_PAGE : number * PER_PAGE]
    return Answer(
        shown={
            "creatives": [question.teller.creative(judged, position) for position in positions],
            "funnel": question.funnel("Creatives of the offer", judged),
        },
        reaches=[reach for position in positions for reach in judged.outcome.windows(position)],
        more=len(judged.items) > number * PER_PAGE,
    )


def about_some(question: Question, offers: Sequence[int], wanted: str, *, more: bool) -> Answer:
    """One line for each creative in the inventory of some offers: of those that are blocked, or of the others."""
    judged = question.judged(offers)
    lines, reaches = _lines(question, judged.outcome, judged.offered, wanted, slice(MOST_LINES))
    return Answer(
        shown=lines
        | {
            "funnel": question.funnel("Creatives of these offers", judged),
            "some": len(offers),
            "left_out": lines["numbers"][wanted] - len(lines["lines"]),
        },
        reaches=reaches,
        more=more,
    )


def about_everything(question: Question, wanted: str) -> Answer:
    """One line for each creative of the inventory: of those that are blocked, or of the others."""
    configuration, number = question.configuration, question.number
    stock, at = configuration.stock, clock.milliseconds(question.teller.now)
    facts = recall(question.known, stock.snapshot, as_of=question.as_of).facts
    outcome = decide(stock.snapshot, stock.program, facts, now=at)
    inventory = stock.on_sale(at)
    allowed = inventory & outcome.allowed
    seen = stock.rotation.among(allowed, question.known.customer_id)
    lines, reaches = _lines(question, outcome, inventory, wanted, slice((number - 1) * PER_PAGE, number * PER_PAGE))
    return Answer(
        shown=lines | {"funnel": funnel("Live creatives", len(configuration.items), inventory, allowed, seen)},
        reaches=reaches,
        more=lines["numbers"][wanted] > number * PER_PAGE,
    )


def funnel(first: str, number: int, inventory: int, allowed: int, seen: int) -> Bars:
    """What each stage leaves: a number of creatives, and then masks of them."""
    stages = (("In the inventory", inventory), ("After contact policies", allowed), ("After rotation", seen))
    counts = [(first, number), *((label, mask.bit_count()) for label, mask in stages)]
    rows = [Bar(label=label, value=number) for label, number in counts]
    summary = ", ".join(f"{label}: {number}" for label, number in counts) + "."
    return Bars(key="funnel", title="What each stage leaves", summary=summary, rows=rows, width=320)


def _lines(
    question: Question, outcome: Outcome, inventory: int, wanted: str, shown: slice
) -> tuple[dict[str, Any], list[tuple[Any, int]]]:
    """Some of the lines, and how far back looks what blocks."""
    allowed = inventory & outcome.allowed
    blocked = inventory & ~allowed
    found = _positions(allowed if wanted == "allowed" else blocked)
    positions = list(islice(found, shown.start, shown.stop))
    told = {
        "lines": [_line(outcome, position, question) for position in positions],
        "wanted": wanted,
        "numbers": {"blocked": blocked.bit_count(), "allowed": allowed.bit_count()},
    }
    return told, [reach for position in positions for reach in outcome.windows(position)]


def _line(outcome: Outcome, position: int, question: Question) -> dict[str, Any]:
    verdict, configuration = outcome.verdict(position), question.configuration
    candidate = verdict.candidate
    standing = [reason for reason in verdict.reasons if not reason.lifted] or list(verdict.reasons)
    first = standing[0] if standing else None
    return {
        "creative": configuration.names["creative", candidate.creative],
        "creative_link": address_of(configuration.public_ids["creative", candidate.creative]),
        "offer": configuration.names["offer", candidate.offer],
        "offer_id": configuration.public_ids["offer", candidate.offer],
        "channel": configuration.names["channel", candidate.channel or 0],
        "policy": first and first.source.policy_name,
        "policy_link": first and address_of(first.source.policy_id),
        "reason": first and first.reason,
        "lifted": verdict.allowed and first is not None,
        "others": max(len(standing) - 1, 0),
        "free": question.teller.instant(instant_to_wire(verdict.free_at)),
        "allowed": verdict.allowed,
    }


def _positions(mask: int) -> Iterator[int]:
    """The set bits of a mask, which may be long: taking them off one by one would copy it every time."""
    bits = f"{mask:b}"[::-1]
    position = bits.find("1")
    while position >= 0:
        yield position
        position = bits.find("1", position + 1)
