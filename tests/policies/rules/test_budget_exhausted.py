from dataclasses import replace

from policies.limits import Total
from policies.scope import Assignment
from tests.policies.rules.deciding import EMAIL, GOLD, decide, parsed, plain, problems, said

SLUG = "budget_exhausted"


def test_impressions_block_at_the_threshold_with_reserved_ones_counted():
    config = {"budgetField": "impressions", "threshold": 10}
    key = ("impressions", "channel", 1)
    assert decide(SLUG, config, assignments=[EMAIL], totals={key: Total(9)}).allowed
    verdict = decide(SLUG, config, assignments=[EMAIL], totals={key: Total(8, 2)})
    assert said(verdict) == [(
        "10 of 10 impressions on Email used over all customers",
        {"budgetField": "impressions", "threshold": 10, "actual": 10, "spent": 8, "reserved": 2},
        None,
    )]  # fmt: skip


def test_spend_blocks_a_candidate_that_would_pass_the_threshold():
    config = {"budgetField": "spend", "threshold": 2.5}
    totals = {("spend", None, None): Total(2_000_000)}
    assert decide(SLUG, config, candidate=replace(GOLD, cost=500_000), totals=totals).allowed
    verdict = decide(SLUG, config, candidate=replace(GOLD, cost=500_001), totals=totals)
    assert said(verdict) == [(
        "2 of 2.5 spend used over all customers",
        {"budgetField": "spend", "threshold": 2.5, "actual": 2, "spent": 2, "reserved": 0},
        None,
    )]  # fmt: skip


def test_a_budget_for_each_offer_takes_the_candidates_own_total():
    config, each = {"budgetField": "impressions", "threshold": 1}, Assignment("offer", each=True)
    totals = {("impressions", "offer", 2): Total(1)}
    assert decide(SLUG, config, assignments=[each], totals=totals).allowed
    assert not decide(SLUG, config, assignments=[each], totals=totals, candidate=replace(GOLD, offer=2)).allowed


def test_a_threshold_of_zero_blocks_even_what_costs_nothing():
    assert not decide(SLUG, {"budgetField": "spend", "threshold": 0}).allowed
    assert list(parsed(SLUG, {"budgetField": "spend", "threshold": 0}).warnings()) == [
        "threshold is 0: the policy blocks everything it concerns"
    ]


def test_an_enormous_threshold_is_no_limit():
    assert decide(SLUG, {"budgetField": "spend", "threshold": 1e308}, candidate=replace(GOLD, cost=10**12)).allowed


def test_a_bad_config_is_refused_with_all_its_problems():
    assert problems(SLUG, {"budgetField": "clicks", "threshold": -0.5}) == {
        "budgetField": '"clicks" is not a known value; give one of impressions, spend',
        "threshold": "-0.5 is not a number >= 0; give 0 or more",
    }


def test_it_reads_back_as_a_sentence():
    config = {"budgetField": "impressions", "threshold": 10}
    assert parsed(SLUG, config).sentence(plain) == "At most 10 impressions over all customers"
