"""The engine and the oracle agree on random worlds: verdicts, reasons, their order, numbers and every freeAt.

KAIREON_WORLDS says how many worlds each test draws; `python -m tests.decisioning.engine.long_run` draws thousands.
"""

import os

from hypothesis import HealthCheck, given, settings

from decisioning.engine.evaluate import evaluate
from tests.decisioning.engine import oracle
from tests.decisioning.engine.worlds import DAY, HOUR, candidates_of, facts_of, snapshot_of, worlds

drawn = settings(
    max_examples=int(os.environ.get("KAIREON_WORLDS", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

# The number each rule's evidence turns on.
NUMBERS = {
    "frequency_cap": "actual",
    "cross_channel_cap": "actual",
    "customer_total_cap": "actual",
    "offer_category_cap": "actual",
    "budget_exhausted": "actual",
    "cooldown": "hoursSinceLast",
    "outcome_based": "daysSince",
    "mutual_exclusion": "daysSince",
    "category_suppression": "daysSince",
    "segment_exclusion": "matchedSegments",
    "time_window": "localTime",
}


@drawn
@given(worlds())
def test_every_reason_of_every_candidate_is_the_oracles(world):
    reasons_are_the_oracles(world, judged(world))


@drawn
@given(worlds())
def test_reasons_come_by_priority_then_newest_then_id_and_creatives_own_last(world):
    reasons_are_in_order(world, judged(world))


@drawn
@given(worlds())
def test_a_candidate_is_free_at_its_free_at_and_at_no_moment_before(world):
    free_at_is_the_first_free_moment(world, judged(world))


@drawn
@given(worlds())
def test_each_reason_holds_until_just_before_its_own_free_at(world):
    reasons_hold_until_their_own_free_at(world, judged(world))


def judged(world):
    return evaluate(
        snapshot_of(world), facts_of(world), candidates_of(world), now=world["now"], selected=world["selected"]
    )


def reasons_are_the_oracles(world, verdicts):
    for verdict, candidate in zip(verdicts, world["candidates"], strict=True):
        assert found(verdict) == oracle.blocks(world, candidate, world["now"])
        assert verdict.allowed == oracle.allowed(world, candidate, world["now"])


def reasons_are_in_order(world, verdicts):
    rank = {policy["id"]: (-policy["priority"], -policy["created"], n) for n, policy in enumerate(world["policies"])}
    rank |= {f"id_{own['creative']}": (1, 0, n) for n, own in enumerate(world["constraints"])}
    for verdict in verdicts:
        ranks = [rank[reason.source.policy_id] for reason in verdict.reasons]
        assert ranks == sorted(ranks)


def free_at_is_the_first_free_moment(world, verdicts):
    for verdict, candidate in zip(verdicts, world["candidates"], strict=True):
        if verdict.allowed:
            assert verdict.free_at is None
            continue
        if verdict.free_at is not None:
            assert verdict.free_at > world["now"]
            assert oracle.allowed(world, candidate, verdict.free_at)
        end = verdict.free_at or world["now"] + 400 * DAY
        for moment in sorted({*moments(world), end - 1}):
            if world["now"] <= moment < end:
                assert not oracle.allowed(world, candidate, moment), moment


def reasons_hold_until_their_own_free_at(world, verdicts):
    for verdict, candidate in zip(verdicts, world["candidates"], strict=True):
        for reason in verdict.reasons:
            if reason.free_at is not None:
                source = (reason.source.policy_id, reason.source.scope, reason.source.scope_id)
                before, then = (
                    sum(block[:3] == source for block in oracle.blocks(world, candidate, at))
                    for at in (reason.free_at - 1, reason.free_at)
                )
                assert before > then


def found(verdict):
    return sorted(
        (
            (
                reason.source.policy_id,
                reason.source.scope,
                reason.source.scope_id,
                reason.evidence.get(NUMBERS.get(reason.source.rule_type, "")),
                reason.lifted,
            )
            for reason in verdict.reasons
        ),
        key=repr,
    )


def moments(world):
    """Instants at which something may change: contacts leaving, lapses, and a grid of half hours and quarter days."""
    now = world["now"]
    lengths = [HOUR // 2, HOUR, 5 * HOUR, 24 * HOUR, 48 * HOUR, DAY // 2, 7 * DAY, 30 * DAY]
    leaving = {contact["at"] + length for contact in world["contacts"] for length in lengths}
    lapsing = {hold["until"] for hold in world["holds"]}
    grid = now - now % (HOUR // 2)
    near = {grid + n * HOUR // 2 for n in range(1, 60)}
    far = {grid + n * DAY // 4 for n in range(1, 140)}
    return leaving | lapsing | near | far


def test_a_groups_offer_scopes_hold_where_the_flow_has_not_chosen_the_policys_global_one():
    contact = {"at": 1_728_136_799_999, "outcome": "impression", "offer": 1, "label": "", "campaign": None}
    nothing = dict.fromkeys(("creative", "channel", "category", "sub_category"))
    policy = {
        "id": "cp_0",
        "type": "mutual_exclusion",
        "config": {"excludeOfferIds": ["off_1", "off_3"]},
        "priority": 1,
        "created": 1,
        "scopes": [
            {"scope": "offer", "target": 1, "dead": False},
            {"scope": "global", "target": None, "dead": False},
        ],
    }
    world = {
        "now": 1_728_140_400_000,
        "tenant_zone": "UTC",
        "customer_zone": None,
        "segments": set(),
        "totals": {},
        "policies": [policy],
        "constraints": [],
        "contacts": [contact | nothing],
        "holds": [],
        "candidates": [{"offer": 3, "cost": 0, "label": None, "mandatory_until": None} | nothing | {"creative": 9}],
    }
    for selected, scope in ((set(), "offer"), ({"cp_0"}, "global"), (None, "global")):
        asked = world | {"selected": selected}
        verdicts = judged(asked)
        reasons_are_the_oracles(asked, verdicts)
        assert [reason.source.scope for reason in verdicts[0].reasons] == [scope]
