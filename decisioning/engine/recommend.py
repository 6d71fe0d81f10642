"""Recommending: of what a customer may see now, the best for the places that were asked for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from decisioning.engine.admission import Admission
from decisioning.engine.allocate import Placed, allocated, listed
from decisioning.engine.assignment import Place
from decisioning.engine.evaluate import Outcome, decide
from decisioning.engine.facts import Facts
from decisioning.engine.stock import Stock


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was asked for; entities by their keys, excluded offers among them. Without places it is one list."""

    customer: str
    limit: int | None = 5
    channel: int | None = None
    channel_type: str | None = None
    places: tuple[Place, ...] = ()
    excluded_offers: frozenset[int] = frozenset()
    excluded_creatives: frozenset[int] = frozenset()
    propensities: Mapping[str, float] = field(default_factory=dict)
    campaign: str | None = None


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a flow says: which wares it has, which policies' global assignments apply, how to score and allocate."""

    inventory: int
    skipped: frozenset[int] | None = None
    score: str = "priority_weighted"
    allocate: str = "optimal"


class Recommended(NamedTuple):
    """What was placed, in rank order, with everybody's scores and how many candidates each stage left.

    `matched` are the wares the policies were asked about, as a mask; `outcome` knows why which of them are blocked.
    """

    placed: Sequence[Placed]
    scores: Sequence[float]
    matched: int
    outcome: Outcome
    counts: Mapping[str, int]


def recommend(
    stock: Stock, facts: Facts, wish: Wish, terms: Terms, *, now: int, atomic: Collection[int] = ()
) -> Recommended:
    """The best for a customer at an instant (UTC ms); `atomic` are the channels filled wholly or not at all."""
    inventory = terms.inventory & stock.on_sale(now)
    matched = inventory & matching(stock, wish)
    outcome = decide(stock.snapshot, stock.program, facts, now=now, skipped=terms.skipped)
    allowed = matched & outcome.allowed
    seen = stock.rotation.among(allowed, wish.customer)
    mandatory = stock.mandatory(now)
    scores = stock.scores(terms.score, mandatory, wish.propensities)
    order = (entry for entry in stock.ranked(terms.score, scores, mandatory) if seen >> entry.position & 1)
    admission = Admission(outcome, campaign=wish.campaign)
    if wish.places:
        placed = allocated(
            order,
            scores,
            wish.places,
            admission.afresh,
            mandatory=mandatory,
            method=terms.allocate,
            atomic=atomic,
            limit=wish.limit,
        )
    else:
        placed = listed(order, admission.admit, limit=wish.limit or 0)
    masks = {"inventory": inventory, "matched": matched, "afterContactPolicies": allowed, "rotation": seen}
    counts = {stage: mask.bit_count() for stage, mask in masks.items()} | {"placed": len(placed)}
    return Recommended(placed=placed, scores=scores, matched=matched, outcome=outcome, counts=counts)


def matching(stock: Stock, wish: Wish) -> int:
    """The wares that fit the channel, the placements and what was excluded."""
    index = stock.program.index
    mask = stock.everything
    if wish.channel is not None:
        mask &= index.having("channel", wish.channel)
    if wish.channel_type is not None:
        mask &= stock.of_type(wish.channel_type)
    if wish.places:
        fitting = 0
        for place in wish.places:
            fitting |= index.having("placement", place.placement)
            fitting |= index.having("channel", place.channel) & index.having("placement", None)
        mask &= fitting
    for offer in wish.excluded_offers:
        mask &= ~index.having("offer", offer)
    for creative in wish.excluded_creatives:
        mask &= ~index.having("creative", creative)
    return mask
