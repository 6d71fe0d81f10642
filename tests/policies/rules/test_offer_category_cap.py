from dataclasses import replace

from tests.policies.rules.deciding import DAY, GOLD, decide, parsed, plain, problems, said, seen

SLUG = "offer_category_cap"
CONFIG = {"targetCategory": "cards", "maxTotal": 1, "periodType": "weekly"}


def test_contacts_with_the_label_are_counted():
    assert said(decide(SLUG, CONFIG, seen(DAY, offer=2), seen(1, label="loans"))) == [(
        "1 of 1 contacts about cards offers in the last 7 days",
        {"period": "weekly", "max": 1, "actual": 1, "windowType": "rolling", "targetCategory": "cards"},
        6 * DAY,
    )]  # fmt: skip


def test_only_labels_never_recorded_count_conservatively():
    assert not decide(SLUG, CONFIG, seen(1, label=None)).allowed
    assert decide(SLUG, CONFIG, seen(1, label="")).allowed
    assert decide(SLUG, CONFIG, seen(1, label=None, offer=None)).allowed


def test_offers_with_another_label_are_not_concerned():
    for label in ("loans", "", None):
        assert decide(SLUG, CONFIG, seen(1), candidate=replace(GOLD, label=label)).allowed


def test_a_bad_config_is_refused():
    assert list(problems(SLUG, {"targetCategory": "", "maxTotal": "1"})) == ["targetCategory", "maxTotal"]


def test_it_reads_back_as_a_sentence():
    assert parsed(SLUG, CONFIG).sentence(plain) == "At most 1 contact a week about cards offers"
