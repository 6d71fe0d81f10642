"""Within one response every admission counts against the next."""

from decisioning.engine.admission import Admission
from decisioning.engine.candidates import Candidate
from decisioning.engine.evaluate import decide
from decisioning.engine.facts import Contact, Facts, Hold
from decisioning.engine.program import Program
from decisioning.engine.snapshot import Policy, Snapshot, compile_policies
from policies.limits import Total
from policies.scope import Assignment
from policies.windows import HOUR

NOW = 1_760_000_000_000
EVERYTHING = Assignment("global")
EACH_OFFER = Assignment("offer", each=True)
# three offers; the first has two creatives, the last costs a unit of money
CANDIDATES = [
    Candidate(creative=1, offer=1, channel=1, category=1, label="upsell"),
    Candidate(creative=2, offer=1, channel=2, category=1, label="upsell"),
    Candidate(creative=3, offer=2, channel=1, category=1, label="upsell"),
    Candidate(creative=4, offer=3, channel=2, category=2, label="", cost=1_000_000),
]


def admission(*policies, contacts=(), holds=(), totals=None, campaign=None):
    stored = [
        Policy(public_id=f"cp_{n}", name="P", version=1, rule_type=rule, config=config, assignments=assignments, key=n)
        for n, (rule, config, *assignments) in enumerate(policies)
    ]
    limits = compile_policies(stored, lambda _kind, public_id: int(public_id.rpartition("_")[2]))
    snapshot = Snapshot(version=1, limits=limits)
    program = Program(limits, CANDIDATES)
    facts = Facts.of(contacts, holds=holds, totals=totals or {})
    return Admission(decide(snapshot, program, facts, now=NOW), campaign=campaign)


def admitted(admission, positions=range(4)):
    return [position for position in positions if admission.admit([position])]


def test_without_limits_everything_is_admitted():
    assert admitted(admission()) == [0, 1, 2, 3]


def test_a_customer_with_one_contact_left_gets_one():
    one_left = admission(
        ("customer_total_cap", {"maxTotal": 2}, EVERYTHING), contacts=[Contact(NOW - HOUR, offer=9, creative=9)]
    )
    assert admitted(one_left) == [0]


def test_a_held_place_is_not_given_away_again():
    total, held = ("customer_total_cap", {"maxTotal": 3}, EVERYTHING), Contact(0, offer=9, creative=9)[1:]
    before = [Contact(NOW - HOUR, offer=9, creative=9)]
    assert admitted(admission(total, contacts=before, holds=[Hold(NOW + 1, held)])) == [0]
    assert admitted(admission(total, contacts=before, holds=[Hold(NOW, held)])) == [0, 1]


def test_a_hold_for_an_offer_leaves_the_others_their_places():
    held = Hold(NOW + HOUR, Contact(0, offer=1, creative=1, channel=1, category=1)[1:])
    assert admitted(admission(("frequency_cap", {"maxPerDay": 2}, EACH_OFFER), holds=[held])) == [0, 2, 3]


def test_a_cap_per_offer_refuses_the_second_creative_of_an_offer_only():
    assert admitted(admission(("frequency_cap", {"maxPerDay": 1}, EACH_OFFER))) == [0, 2, 3]


def test_a_cooldown_does_not_start_against_siblings():
    assert admitted(admission(("cooldown", {"cooldownHours": 24}, EVERYTHING))) == [0, 1, 2, 3]


def test_members_of_an_exclusion_shut_each_other_out_even_without_lookback():
    for days in (0, 30):
        group = ("mutual_exclusion", {"excludeOfferIds": ["off_1", "off_3"], "lookbackDays": days}, EVERYTHING)
        assert admitted(admission(group)) == [0, 1, 2]
        assert admitted(admission(group), [3, 2, 1, 0]) == [3, 2]


def test_a_budget_is_used_up_by_what_is_admitted():
    shown = ("budget_exhausted", {"budgetField": "impressions", "threshold": 10}, EVERYTHING)
    assert admitted(admission(shown, totals={("impressions", None, None): Total(8)})) == [0, 1]
    spent = ("budget_exhausted", {"budgetField": "spend", "threshold": 1}, EVERYTHING)
    assert admitted(admission(spent), [3, 0]) == [3]


def test_a_category_rests_after_its_first_offer_in_the_response():
    resting = ("category_suppression", {"categoryId": "cat_1", "suppressionDays": 7}, EVERYTHING)
    assert admitted(admission(resting)) == [0, 3]


def test_an_override_lets_siblings_through():
    cap = ("customer_total_cap", {"maxTotal": 1}, EVERYTHING)
    lift = ("allow_override", {}, Assignment("offer", 3))
    assert admitted(admission(cap, lift)) == [0, 3]


def test_a_campaign_counts_only_where_its_contacts_would():
    cap = ("frequency_cap", {"maxPerDay": 1, "withinCampaignId": "spring"}, EVERYTHING)
    assert admitted(admission(cap, campaign="spring")) == [0]
    assert admitted(admission(cap, campaign="autumn")) == [0, 1, 2, 3]


def test_a_group_is_admitted_whole_or_not_at_all():
    group = admission(("customer_total_cap", {"maxTotal": 3}, EVERYTHING))
    assert group.admit([0, 2])
    assert not group.admit([1, 3])
    assert group.admit([3])
    assert not group.admit([1])
