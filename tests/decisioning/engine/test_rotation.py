from collections import Counter

from decisioning.engine.candidates import Candidate
from decisioning.engine.rotation import Rotation, chosen

GROUP = (7, 3, None)
CUSTOMERS = [f"customer-{n}" for n in range(20_000)]


def seen(variants, customer, *, tenant=1, group=GROUP):
    return chosen(variants, tenant=tenant, group=group, customer=customer)


def test_customers_are_shared_out_by_weight():
    counts = Counter(seen([(1, 10), (2, 30), (3, 60)], customer) for customer in CUSTOMERS)
    # Five standard deviations of a share of 20,000.
    assert [abs(counts[n] / 20_000 - share) < 0.018 for n, share in ((1, 0.1), (2, 0.3), (3, 0.6))] == [True] * 3


def test_a_customer_always_sees_the_same_variant_in_whatever_order_they_come():
    variants = [(1, 50), (2, 50), (3, 50)]
    assert all(seen(variants, c) == seen(variants[::-1], c) for c in CUSTOMERS[:500])
    # A change of these would show many customers another variant.
    assert [seen(variants, f"c{n}") for n in range(12)] == [2, 2, 2, 1, 3, 1, 1, 1, 1, 3, 2, 1]


def test_removing_a_variant_moves_only_its_own_customers():
    three, two = [(1, 20), (2, 30), (3, 50)], [(1, 20), (3, 50)]
    before = {c: seen(three, c) for c in CUSTOMERS[:4000]}
    after = {c: seen(two, c) for c in CUSTOMERS[:4000]}
    assert {before[c] for c in before if before[c] != after[c]} == {2}
    counts = Counter(after[c] for c in before if before[c] == 2)
    assert abs(counts[1] / counts.total() - 2 / 7) < 0.07


def test_raising_a_weight_only_draws_customers_to_it():
    before = {c: seen([(1, 20), (2, 30)], c) for c in CUSTOMERS[:4000]}
    after = {c: seen([(1, 60), (2, 30)], c) for c in CUSTOMERS[:4000]}
    assert {(before[c], after[c]) for c in before} == {(1, 1), (2, 2), (2, 1)}


def test_weight_zero_is_never_chosen():
    assert {seen([(1, 0), (2, 1)], c) for c in CUSTOMERS[:200]} == {2}
    assert seen([(1, 0)], "c") is None
    assert seen([], "c") is None


def test_what_one_customer_sees_in_one_place_says_nothing_about_another_place_or_tenant():
    variants = [(1, 50), (2, 50)]
    here = [seen(variants, c) for c in CUSTOMERS[:4000]]
    for elsewhere in ({"group": (8, 3, None)}, {"group": (7, 4, None)}, {"group": (7, 3, 1)}, {"tenant": 2}):
        same = sum(a == seen(variants, c, **elsewhere) for a, c in zip(here, CUSTOMERS[:4000], strict=True))
        assert abs(same / 4000 - 0.5) < 0.04


def test_a_customers_own_string_cannot_be_mistaken_for_anything_else():
    assert seen([(1, 50), (2, 50)], "\ud800:1:é") in (1, 2)


CANDIDATES = [
    Candidate(creative=11, offer=1, channel=1),
    Candidate(creative=12, offer=1, channel=1),
    Candidate(creative=13, offer=1, channel=1, placement=5),
    Candidate(creative=14, offer=1, channel=2),
    Candidate(creative=15, offer=2, channel=1),
    Candidate(creative=16, offer=2, channel=1),
]


def test_variants_share_offer_channel_and_placement():
    rotation = Rotation(1, CANDIDATES, [50, 50, 50, 50, 0, 50])
    drawn = {rotation.among(0b111111, customer) for customer in CUSTOMERS[:200]}
    assert drawn == {0b101101, 0b101110}


def test_the_rotation_is_made_among_those_that_survived():
    rotation = Rotation(1, CANDIDATES, [50, 50, 50, 50, 50, 50])
    assert {rotation.among(0b010010, c) for c in CUSTOMERS[:50]} == {0b010010}
    assert {rotation.among(0, c) for c in CUSTOMERS[:5]} == {0}


def test_a_mask_of_candidates_chooses_as_their_creatives_do():
    rotation = Rotation(1, CANDIDATES[:2], [30, 70])
    for customer in CUSTOMERS[:300]:
        creative = seen([(11, 30), (12, 70)], customer, group=(1, 1, None))
        assert rotation.among(0b11, customer) == {11: 0b01, 12: 0b10}[creative]
