from dataclasses import replace

from policies.scope import Assignment
from tests.policies.rules.deciding import DAY, EMAIL, GOLD, decide, parsed, plain, problems, said, seen

SLUG = "mutual_exclusion"
ON_GOLD = Assignment("offer", 1, public_id="off_1")
CONFIG = {"excludeOfferIds": ["off_2", "off_3"]}


def test_a_contact_about_one_member_on_any_channel_blocks_the_others():
    verdict = decide(SLUG, CONFIG, seen(3 * DAY, offer=2, channel=2), assignments=[ON_GOLD])
    assert said(verdict) == [(
        "Gold conflicts with Platinum, which the customer saw 3 days ago; they exclude each other for 30 days",
        {"conflictingOfferId": "off_2", "daysSince": 3, "lookbackDays": 30},
        27 * DAY,
    )]  # fmt: skip


def test_listed_members_are_blocked_too_and_named_after_the_first_assignment():
    verdict = decide(SLUG, CONFIG, seen(1), assignments=[ON_GOLD], candidate=replace(GOLD, offer=3))
    assert [(r.source.scope, r.source.scope_id) for r in verdict.reasons] == [("offer", "off_1")]


def test_a_members_own_contacts_and_strangers_do_not_block_it():
    assert decide(SLUG, CONFIG, seen(1), seen(1, offer=9), assignments=[ON_GOLD]).allowed
    assert decide(SLUG, CONFIG, seen(1, offer=2), assignments=[ON_GOLD], candidate=replace(GOLD, offer=9)).allowed


def test_other_scopes_narrow_which_members_are_held_back():
    on_push = replace(GOLD, channel=2)
    assert not decide(SLUG, CONFIG, seen(1, offer=2), assignments=[ON_GOLD, EMAIL]).allowed
    assert decide(SLUG, CONFIG, seen(1, offer=2), assignments=[ON_GOLD, EMAIL], candidate=on_push).allowed


def test_a_lookback_of_zero_looks_at_no_past_contact():
    assert decide(SLUG, {**CONFIG, "lookbackDays": 0}, seen(0, offer=2), assignments=[ON_GOLD]).allowed


def test_each_is_refused_as_a_scope():
    rule = parsed(SLUG, CONFIG)
    assert [key for key, _ in rule.refusals([Assignment("offer", each=True)])] == ["scopeId"]
    assert [key for key, _ in rule.refusals([ON_GOLD, Assignment("offer", each=True)])] == ["scopes[1].scopeId"]
    assert list(rule.refusals([ON_GOLD, EMAIL])) == []


def test_a_group_of_fewer_than_two_is_warned_of():
    alone = ["The group has fewer than two offers: the policy never blocks anything"]
    assert list(parsed(SLUG, {"excludeOfferIds": []}).warnings()) == alone
    assert list(parsed(SLUG, {"excludeOfferIds": ["off_1"]}).warnings([ON_GOLD])) == alone
    assert list(parsed(SLUG, {"excludeOfferIds": ["off_2"]}).warnings([ON_GOLD])) == []


def test_it_refers_to_its_offers_and_reads_back_as_a_sentence():
    rule = parsed(SLUG, CONFIG)
    assert list(rule.references()) == [("excludeOfferIds", "offer", "off_2"), ("excludeOfferIds", "offer", "off_3")]
    assert rule.sentence(plain) == "One contact about any of off_2, off_3 shuts out the others for 30 days"
    assert list(problems(SLUG, {"lookbackDays": -1})) == ["lookbackDays", "excludeOfferIds"]
