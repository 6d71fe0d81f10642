import pytest

from decisioning.engine.score import Worth, priority_of, scores


def test_priority_weighted_is_a_hundredth_of_the_priority():
    candidates = [Worth("off_a", priority) for priority in (0, 1, 50, 100)]
    assert scores("priority_weighted", candidates, {"off_a": 0.9}) == [0.0, 0.01, 0.5, 1.0]


def test_propensity_weighs_the_priority_and_half_is_assumed_where_it_is_unknown():
    candidates = [Worth("off_a", 80), Worth("off_b", 80), Worth("off_c", 80)]
    assert scores("propensity", candidates, {"off_a": 0.25, "off_c": 0}) == [0.2, 0.4, 0.0]


@pytest.mark.parametrize("method", ["priority_weighted", "propensity"])
def test_a_mandatory_offer_scores_one_whatever_else_is_known(method):
    assert scores(method, [Worth("off_a", 3, mandatory=True), Worth("off_b", 0)], {"off_a": 0.1}) == [1.0, 0.0]


def test_a_creatives_own_priority_replaces_its_offers_even_with_nothing():
    assert [priority_of(50, override) for override in (None, 0, 100)] == [50, 0, 100]


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="there is no scoring method 'random'; choose one of priority_weighted, prop"):
        scores("random", [], {})
