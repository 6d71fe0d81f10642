"""A flow's config is read whole or refused with all its problems; what it leaves out is as in the built-in flow."""

import pytest

from decisioning.engine.flow import BUILT_IN, Flow, Inventory, unknown_keys
from policies.rule import ConfigError

pytestmark = pytest.mark.pure

WHOLE = {
    "stages": {
        "inventory": {"scope": "categories", "categoryIds": ["cat_b", "cat_a", "cat_b"]},
        "filter": {"contactPolicyIds": ["cp_x"]},
        "score": {"method": "propensity"},
        "allocate": {"method": "greedy"},
    }
}


def test_a_config_that_says_everything_is_read_as_it_says():
    inventory = Inventory("categories", category_ids=("cat_b", "cat_a"))
    assert Flow.parse(WHOLE) == Flow(inventory, ("cp_x",), "propensity", "greedy")


def test_the_built_in_flow_takes_everything_and_allocates_optimally_by_priority():
    assert Flow(Inventory("all", (), ()), None, "priority_weighted", "optimal") == BUILT_IN


NOTHING = {"inventory": None, "filter": {"contactPolicyIds": None}, "score": {"method": None}, "allocate": {}}


@pytest.mark.parametrize("config", [None, {}, {"stages": None}, {"stages": {}}, {"stages": NOTHING}, {"x": 1}])
def test_what_a_config_leaves_out_or_gives_as_null_is_as_in_the_built_in_flow(config):
    assert Flow.parse(config) == BUILT_IN


def test_no_policies_and_all_policies_are_told_apart():
    chosen = [Flow.parse({"stages": {"filter": {"contactPolicyIds": ids}}}).contact_policy_ids for ids in ([], None)]
    assert chosen == [(), None]


@pytest.mark.parametrize(
    ("config", "problems"),
    [
        ([], [("", "[] is not an object; send {...}.")]),
        ({"stages": 5}, [("stages", "5 is not an object; send {...}.")]),
        (
            {
                "stages": {
                    "inventory": {"scope": "some", "offerIds": "off_a", "categoryIds": [1]},
                    "filter": {"contactPolicyIds": [None]},
                    "score": {"method": ["propensity"]},
                    "allocate": "greedy",
                }
            },
            [
                ("stages.allocate", '"greedy" is not an object; send {...}.'),
                ("stages.inventory.scope", '"some" is none of: all, offers, categories.'),
                ("stages.inventory.offerIds", '"off_a" is not a list; send a list of ids.'),
                ("stages.inventory.categoryIds", "1 is not an id; send a list of texts."),
                ("stages.filter.contactPolicyIds", "null is not an id; send a list of texts."),
                ("stages.score.method", '["propensity"] is none of: priority_weighted, propensity.'),
            ],
        ),
        (
            {"stages": {"inventory": {"scope": "offers", "categoryIds": []}}},
            [("stages.inventory.offerIds", "is required by the scope offers; send a list of ids.")],
        ),
    ],
)
def test_all_problems_are_named_by_their_place(config, problems):
    with pytest.raises(ConfigError) as refused:
        Flow.parse(config)
    assert list(refused.value.problems) == problems


def test_keys_that_no_stage_knows_are_listed_and_do_no_harm():
    config = {"colour": 1, "stages": {"rank": {}, "score": {"speed": 5, "method": None}, "filter": None}}
    assert list(unknown_keys(config)) == ["colour", "stages.rank", "stages.score.speed"]
    assert Flow.parse(config) == BUILT_IN


@pytest.mark.parametrize("config", [None, [], {"stages": []}, {"stages": {"score": 5}}])
def test_listing_unknown_keys_takes_any_json(config):
    assert list(unknown_keys(config)) == []
