from dataclasses import replace

from policies.scope import Assignment
from tests.policies.rules.deciding import DAY, GOLD, decide, parsed, plain, problems, said, seen

SLUG = "category_suppression"
CARDS = {"categoryId": "cat_1", "suppressionDays": 14}


def test_any_contact_in_the_category_makes_all_of_it_rest():
    assert said(decide(SLUG, CARDS, seen(4 * DAY, offer=2, channel=2, sub_category=None))) == [(
        "An offer of Cards was shown 4 days ago; it rests for 14 days",
        {"categoryId": "cat_1", "suppressionDays": 14, "daysSince": 4},
        10 * DAY,
    )]  # fmt: skip
    assert decide(SLUG, CARDS, seen(1), candidate=replace(GOLD, category=2)).allowed
    assert decide(SLUG, CARDS, seen(1, category=2)).allowed


def test_with_both_given_both_must_match():
    both = {**CARDS, "subCategoryId": "sub_1"}
    assert decide(SLUG, both, seen(1, sub_category=2)).allowed
    assert decide(SLUG, both, seen(1), candidate=replace(GOLD, sub_category=2)).allowed
    assert not decide(SLUG, both, seen(1)).allowed


def test_the_scope_narrows_candidates_and_not_contacts():
    email = Assignment("channel", 1)
    assert not decide(SLUG, CARDS, seen(1, channel=2), assignments=[email]).allowed
    assert decide(SLUG, CARDS, seen(1), assignments=[email], candidate=replace(GOLD, channel=2)).allowed


def test_a_bad_config_is_refused():
    assert problems(SLUG, {"suppressionDays": 0}) == {
        "suppressionDays": "0 is not a number > 0; give a greater one",
        "categoryId": "is missing: give at least one of categoryId, subCategoryId",
    }


def test_it_refers_to_its_category_and_reads_back_as_a_sentence():
    rule = parsed(SLUG, CARDS)
    assert list(rule.references()) == [("categoryId", "category", "cat_1")]
    assert rule.sentence(plain) == "No offer of cat_1 for 14 days after any of them was shown"
