import random
from dataclasses import dataclass, replace
from itertools import count

import pytest

from decisioning.engine import allocate
from decisioning.engine.allocate import Placed, ranked, tied
from decisioning.engine.assignment import Entry, Place
from decisioning.engine.attempt import Reached


@dataclass(frozen=True)
class Scored:
    """An entry with what one customer makes of it."""

    entry: Entry
    score: float
    mandatory: bool

    @property
    def position(self):
        return self.entry.position

    @property
    def offer(self):
        return self.entry.offer

    @property
    def rank(self):
        return (not self.mandatory, -self.score, -self.entry.priority, self.entry.age, self.position)

    def suits(self, place):
        return self.entry.channel == place.channel and self.entry.placement in (None, place.placement)


def entry(position, offer, score=0.5, *, on=1, placement=None, priority=50, age=0, mandatory=False):
    return Scored(Entry(position, offer, on, placement, priority, age), score, mandatory)


def in_rank_order(scored):
    scores = [0.0] * (1 + max((one.position for one in scored), default=0))
    for one in scored:
        scores[one.position] = one.score
    mandatory = sum(1 << one.position for one in scored if one.mandatory)
    return ranked(tied(one.entry for one in scored), scores, mandatory), scores, mandatory


def listed(scored, limits, *, limit):
    return allocate.listed(in_rank_order(scored)[0], limits.afresh().admit, limit=limit)


def allocated(scored, places, limits, **more):
    order, scores, mandatory = in_rank_order(scored)
    return allocate.allocated(order, scores, places, limits.afresh, mandatory=mandatory, **more)


class Limits:
    """Caps on sets of positions, and pairs of which only one may be shown; remembers what was asked, by attempt."""

    def __init__(self, *caps, apart=()):
        self.caps, self.apart, self.shown, self.attempts = caps, apart, set(), []
        self.everyone = set().union(*(group for group, _ in caps), *(group for pair in apart for group in pair))

    @property
    def asked(self):
        return self.attempts[0] if self.attempts else []

    def afresh(self):
        self.attempts.append([])
        self.shown = set()
        return self

    def admit(self, positions):
        self.attempts[-1].append(tuple(positions))
        if allowed := self.hold(self.shown | set(positions)):
            self.shown |= set(positions)
        return allowed

    @property
    def closed(self):
        return sum(1 << position for position in self.everyone if not self.hold(self.shown | {position}))

    def against(self, position):
        assert self.closed >> position & 1
        return Reached(self.closed, sum(1 << former for former in self.shown))

    def hold(self, shown):
        return all(len(shown & group) <= most for group, most in self.caps) and not any(
            shown & one and shown & other for one, other in self.apart
        )


NONE = Limits()


# --- one list ---------------------------------------------------------------------------------------------------------


def test_a_list_is_the_best_of_each_offer_in_rank_order_up_to_the_limit():
    entries = [entry(0, 1, 0.4), entry(1, 1, 0.9, placement=8), entry(2, 2, 0.5), entry(3, 3, 0.7)]
    assert listed(entries, NONE, limit=2) == [Placed(1, 8), Placed(3, None)]
    assert listed(entries, NONE, limit=9) == [Placed(1, 8), Placed(3, None), Placed(2, None)]
    assert listed(entries, NONE, limit=0) == listed([], NONE, limit=5) == []


def test_ties_go_to_the_mandatory_then_to_priority_then_to_the_older_offer_then_to_the_creative():
    entries = [
        entry(0, 1, 1.0, priority=100),
        entry(1, 2, 0.5, priority=60, age=2),
        entry(5, 3, 0.5, priority=60, age=1),
        entry(4, 3, 0.5, priority=60, age=1),
        entry(2, 4, 0.5, priority=70, age=9),
        entry(3, 5, 1.0, priority=10, mandatory=True),
    ]
    assert [p.position for p in listed(entries, NONE, limit=9)] == [3, 0, 2, 4, 1]


def test_a_list_looks_no_further_than_it_must():
    order = iter(in_rank_order([entry(n, n) for n in range(5)])[0])
    assert allocate.listed(order, NONE.afresh().admit, limit=2) == [Placed(0, None), Placed(1, None)]
    assert next(order).position == 2


def test_an_offer_whose_best_creative_is_refused_comes_with_its_next():
    limits = Limits(({0}, 0))
    assert listed([entry(0, 1, 0.9), entry(1, 1, 0.3), entry(2, 2, 0.5)], limits, limit=5) == [
        Placed(2, None),
        Placed(1, None),
    ]
    assert limits.asked == [(0,), (2,), (1,)]


def test_a_customer_with_one_contact_left_gets_the_best_one_offer():
    entries = [entry(n, n, n / 10) for n in range(6)]
    assert listed(entries, Limits((set(range(6)), 1)), limit=5) == [Placed(5, None)]
    places = [Place(10 + n, 1) for n in range(5)]
    assert [p.position for p in allocated(entries, places, Limits((set(range(6)), 1)))] == [5]


# --- named placements -------------------------------------------------------------------------------------------------


def test_optimal_finds_a_better_total_than_greedy():
    entries = [entry(0, 1, 0.9), entry(1, 2, 0.8, placement=10)]
    places = [Place(10, 1), Place(11, 1)]
    assert allocated(entries, places, NONE) == [Placed(0, 11), Placed(1, 10)]
    assert allocated(entries, places, NONE, method="greedy") == [Placed(0, 10)]


def test_a_creative_with_a_placement_stands_there_only_and_one_without_anywhere_on_its_channel():
    entries = [entry(0, 1, placement=99), entry(1, 2, on=2), entry(2, 3, on=None), entry(3, 4, placement=10)]
    assert allocated(entries, [Place(10, 1), Place(11, 1)], NONE) == [Placed(3, 10)]
    assert allocated(entries, [Place(20, 2, 5)], NONE) == [Placed(1, 20)]


@pytest.mark.parametrize("method", ["optimal", "greedy"])
def test_the_better_of_two_equals_for_place_stands_in_the_place_named_first(method):
    entries = [entry(n, n, 0.5, age=-n) for n in range(4)]
    assert allocated(entries, [Place(11, 1), Place(10, 1, 2)], NONE, method=method) == [
        Placed(3, 11),
        Placed(2, 10),
        Placed(1, 10),
    ]


@pytest.mark.parametrize("method", ["optimal", "greedy"])
def test_an_offer_appears_once_with_its_best_creative(method):
    entries = [entry(0, 1, 0.3, placement=10), entry(1, 1, 0.6, placement=11), entry(2, 1, 0.6)]
    assert allocated(entries, [Place(10, 1, 3), Place(11, 1, 3)], NONE, method=method) == [Placed(1, 11)]


@pytest.mark.parametrize("method", ["optimal", "greedy"])
def test_a_placement_takes_its_slots_and_a_response_its_limit(method):
    entries = [entry(n, n, n / 10) for n in range(1, 6)]
    places = [Place(10, 1, 3), Place(11, 1, 10**9)]
    assert [p.position for p in allocated(entries, places[:1], NONE, method=method)] == [5, 4, 3]
    assert [p.position for p in allocated(entries, places, NONE, method=method)] == [5, 4, 3, 2, 1]
    assert [p.position for p in allocated(entries, places, NONE, method=method, limit=2)] == [5, 4]


@pytest.mark.parametrize("method", ["optimal", "greedy"])
def test_a_mandatory_offer_comes_before_any_total(method):
    entries = [entry(0, 1, 1.0), entry(1, 2, 1.0, placement=11), entry(2, 3, 1.0, placement=10, mandatory=True)]
    places = [Place(10, 1), Place(11, 1)]
    assert allocated(entries, places, NONE, method=method)[0] == Placed(2, 10)


def test_an_offer_worth_nothing_still_fills_a_place():
    assert allocated([entry(0, 1, 0.0)], [Place(10, 1)], NONE) == [Placed(0, 10)]


def test_without_entries_or_places_there_is_nothing_to_ask():
    limits = Limits()
    assert allocated([], [Place(10, 1)], limits) == allocated([entry(0, 1)], [], limits) == []
    assert limits.asked == []


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="there is no allocation method 'best'; choose one of optimal, greedy"):
        allocated([], [], NONE, method="best")


def test_what_a_limit_refuses_makes_room_before_lower_ranks_are_asked():
    # The second is refused, so the third may stand in its place and leave its own to the fourth.
    entries = [entry(0, 1, 0.9, placement=10), entry(1, 2, 0.8, placement=11), entry(2, 3, 0.7), entry(3, 4, 0.6, on=2)]
    limits = Limits(({0, 1}, 1))
    places = [Place(10, 1), Place(11, 1), Place(20, 2)]
    assert allocated(entries, places, limits) == [Placed(0, 10), Placed(2, 11), Placed(3, 20)]
    assert limits.asked == [(0,), (1,), (2,), (3,)]


# --- atomic channels --------------------------------------------------------------------------------------------------

HERO_AND_FOOTER = [Place(10, 1), Place(11, 1)]


@pytest.mark.parametrize("method", ["optimal", "greedy"])
def test_an_atomic_channel_fills_all_its_placements_or_none(method):
    entries = [entry(0, 1, 0.9, placement=10), entry(1, 2, 0.8, placement=11), entry(2, 3, 0.7, on=2)]
    places = [*HERO_AND_FOOTER, Place(20, 2)]
    limits = Limits()
    assert allocated(entries, places, limits, method=method, atomic={1}) == [
        Placed(0, 10),
        Placed(1, 11),
        Placed(2, 20),
    ]
    assert limits.asked == [(0, 1), (2,)]
    assert allocated(entries[::2], places, NONE, method=method, atomic={1}) == [Placed(2, 20)]


def test_an_atomic_channel_gives_up_a_better_total_of_fewer_places_only_if_it_must():
    # The best total takes offer 1 on channel 2 and leaves the footer empty; filling both is worth more than neither.
    entries = [entry(0, 1, 0.5), entry(1, 1, 0.9, on=2), entry(2, 2, 0.8), entry(3, 3, 0.1, on=2)]
    places = [*HERO_AND_FOOTER, Place(20, 2)]
    assert sorted(allocated(entries, places, NONE)) == [Placed(1, 20), Placed(2, 10)]
    assert allocated(entries, places, NONE, atomic={1}) == [Placed(2, 10), Placed(0, 11), Placed(3, 20)]
    worthless = [entry(0, 1, 0.01), entries[1], entry(2, 2, 0.1), entries[3]]
    assert allocated(worthless, places, NONE, atomic={1}) == [Placed(1, 20)]


def test_a_refused_atomic_channel_is_out_and_the_rest_is_allocated_without_it():
    entries = [entry(0, 1, 0.9), entry(1, 2, 0.8), entry(2, 1, 0.5, on=2), entry(3, 3, 0.7, on=2)]
    limits = Limits(({0, 1}, 1))
    places = [*HERO_AND_FOOTER, Place(20, 2, 2)]
    assert allocated(entries, places, limits, atomic={1}) == [Placed(3, 20), Placed(2, 20)]
    assert limits.asked == [(0, 1), (3,), (2,)]


def test_an_atomic_channel_is_asked_for_where_its_best_offer_stands():
    entries = [entry(0, 1, 0.8), entry(1, 2, 0.1), entry(2, 3, 0.9, on=2), entry(3, 4, 0.5, on=2)]
    limits = Limits()
    allocated(entries, [*HERO_AND_FOOTER, Place(20, 2, 2)], limits, atomic={1})
    assert limits.asked == [(2,), (0, 1), (3,)]


def test_an_atomic_channel_within_a_limit_is_filled_where_its_total_is_the_best_possible():
    entries = [entry(0, 1, 0.9, on=2), entry(1, 2, 0.8), entry(2, 3, 0.7), entry(3, 4, 0.65, on=2)]
    places = [*HERO_AND_FOOTER, Place(20, 2, 2)]
    assert allocated(entries, places, NONE, atomic={1}, limit=2) == [Placed(0, 20), Placed(3, 20)]
    assert allocated(entries[:3], places, NONE, atomic={1}, limit=2) == [Placed(1, 10), Placed(2, 11)]
    # In rank order the channel exceeds what is left of the limit, and is out.
    assert allocated(entries[:3], places, NONE, atomic={1}, limit=2, method="greedy") == [Placed(0, 20)]


def test_the_total_within_a_limit_is_the_best_possible():
    # Together with offer 2, offer 1 stands in its worse place; alone it takes the better one.
    entries = [entry(0, 1, 0.9, placement=10), entry(1, 1, 0.85, placement=11), entry(2, 2, 0.8, placement=10)]
    places = [Place(10, 1), Place(11, 1)]
    assert allocated(entries, places, NONE) == [Placed(1, 11), Placed(2, 10)]
    assert allocated(entries, places, NONE, limit=1) == [Placed(0, 10)]


# --- random worlds ----------------------------------------------------------------------------------------------------


def world(rng):
    """A few creatives, offers, placements, caps and exclusions."""
    channels, n, offers = rng.randint(1, 2), rng.randint(3, 8), rng.randint(2, 6)
    keys = count(10)
    places = [Place(next(keys), c, rng.choice([1, 1, 2])) for c in range(channels) for _ in range(rng.randint(1, 2))]
    priorities = [rng.randint(1, 100) for _ in range(offers)]
    entries = []
    for position in range(n):
        offer, channel = rng.randrange(offers), rng.randrange(channels)
        placement = rng.choice([None, *(p.placement for p in places if p.channel == channel)])
        priority = priorities[offer] if rng.random() < 0.8 else rng.randint(0, 100)
        score = priority / 100 * rng.choice([0.5, 1, rng.random()])
        entries.append(entry(position, offer, score, on=channel, placement=placement, priority=priority, age=offer))
    groups = [{e.position for e in entries}, *({e.position for e in entries if e.offer % 2 == k} for k in (0, 1))]
    groups += [{e.position for e in entries if e.entry.channel == c} for c in range(channels)]
    caps = [(group, rng.randint(0, 3)) for group in groups if rng.random() < 0.4]
    members = [{e.position for e in entries if e.offer == k} for k in rng.sample(range(offers), 2)]
    return entries, places, caps, [members] if rng.random() < 0.4 else []


def best_total(entries, places, limits, atomic=()):
    """The highest total of all ways to place offers within the limits, by trying them all."""

    def torn(free):
        filled = [(place.channel, left < place.slots) for place, left in zip(places, free, strict=True)]
        return any((channel, True) in filled and (channel, False) in filled for channel in atomic)

    def best(offers, free, shown):
        if not offers:
            return float("-inf") if torn(free) else 0.0
        first, *others = offers
        totals = [best(others, free, shown)]
        for one in (e for e in entries if e.offer == first and limits.hold(shown | {e.position})):
            for number, place in enumerate(places):
                if free[number] and one.suits(place):
                    left = [slots - (n == number) for n, slots in enumerate(free)]
                    totals.append(one.score + best(others, left, shown | {one.position}))
        return max(totals)

    return best(sorted({e.offer for e in entries}), [p.slots for p in places], set())


def is_proper(placed, entries, places, limits, atomic=()):
    by_position, room = {e.position: e for e in entries}, {p.placement: p for p in places}
    shown = [by_position[p.position] for p in placed]
    own = {c: {p.placement for p in places if p.channel == c} for c in atomic}
    filled = {p.placement for p in placed}
    return (
        len({e.offer for e in shown}) == len(shown)
        and all(e.suits(room[p.placement]) for p, e in zip(placed, shown, strict=True))
        and all([p.placement for p in placed].count(p.placement) <= p.slots for p in places)
        and shown == sorted(shown, key=lambda e: e.rank)
        and limits.hold({p.position for p in placed})
        and all(len(asked) <= len(entries) for asked in limits.attempts)
        and all(not (places & filled) or places <= filled for places in own.values())
    )


def total(placed, entries):
    return sum(e.score for e in entries if e.position in {p.position for p in placed})


@pytest.mark.parametrize("atomic", [set(), {0}, {0, 1}])
def test_without_limits_the_total_is_the_best_possible(atomic):
    for seed in range(200):
        entries, places, _, _ = world(random.Random(seed))
        placed = allocated(entries, places, NONE, atomic=atomic)
        best = best_total(entries, places, Limits(), atomic)
        assert total(placed, entries) == pytest.approx(best, abs=1e-6), seed


def test_within_limits_the_total_is_the_best_possible():
    for seed in range(600):
        entries, places, caps, apart = world(random.Random(seed))
        placed = allocated(entries, places, limits := Limits(*caps, apart=apart))
        assert is_proper(placed, entries, places, limits), seed
        assert total(placed, entries) == pytest.approx(best_total(entries, places, limits), abs=1e-5), seed


@pytest.mark.parametrize("method", ["optimal", "greedy"])
def test_no_limit_is_broken_and_no_atomic_channel_filled_in_part_in_whatever_order_candidates_come(method):
    for seed in range(300):
        rng = random.Random(seed)
        entries, places, caps, apart = world(rng)
        entries = [replace(e, mandatory=e.offer == 0) for e in entries]
        atomic, limit = {0, 1} if seed % 2 else {0}, rng.choice([None, 1, 2, 3])
        shared = {"method": method, "atomic": atomic, "limit": limit}
        placed = allocated(entries, places, limits := Limits(*caps, apart=apart), **shared)
        assert is_proper(placed, entries, places, limits, atomic), seed
        assert len(placed) <= (limit or 99)
        shuffled = rng.sample(entries, len(entries))
        assert allocated(shuffled, places, Limits(*caps, apart=apart), **shared) == placed, seed
