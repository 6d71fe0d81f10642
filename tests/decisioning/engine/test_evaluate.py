from dataclasses import replace

from decisioning.engine.evaluate import evaluate
from decisioning.engine.explain import instant_to_wire, to_wire
from decisioning.engine.facts import Facts
from decisioning.engine.snapshot import Policy, Snapshot, compile_constraints, compile_policies, compile_policy
from policies.scope import Assignment
from tests.policies.rules.deciding import DAY, EMAIL, EVERYWHERE, GOLD, HOUR, NAMES, NOW, decide, seen


def policy(rule_type, config, *assignments, public_id="cp_9", **fields):
    return Policy(
        public_id=public_id,
        name="Other",
        version=4,
        rule_type=rule_type,
        config=config,
        assignments=assignments or (EVERYWHERE,),
        **fields,
    )


def test_a_reason_is_written_as_the_api_has_it():
    (reason,) = decide("frequency_cap", {"maxPerDay": 1}, seen(HOUR), assignments=[EMAIL]).reasons
    assert to_wire(reason) == {
        "policyId": "cp_1",
        "policyName": "P",
        "policyVersion": 1,
        "ruleType": "frequency_cap",
        "scope": "channel",
        "scopeId": "ch_1",
        "reason": "1 of 1 contacts on Email in the last 24 hours",
        "evidence": {"period": "daily", "max": 1, "actual": 1, "windowType": "rolling"},
        "freeAt": "2024-06-13T11:00:00.000Z",
        "lifted": False,
    }
    assert (instant_to_wire(None), instant_to_wire(1)) == (None, "1970-01-01T00:00:00.001Z")


def test_a_contact_later_than_now_does_not_exist():
    assert decide("frequency_cap", {"maxTotal": 1}, seen(-1)).allowed


def test_free_at_looks_past_a_window_that_is_open_now_but_closed_then():
    hours = policy("time_window", {"startHour": 9, "endHour": 18, "timezone": "UTC"})
    verdict = decide("cooldown", {"cooldownHours": 12}, seen(2 * HOUR), also=[hours])
    assert [reason.source.rule_type for reason in verdict.reasons] == ["cooldown"]
    assert verdict.free_at == NOW + 21 * HOUR  # the pause ends at 22:00, the window opens at 09:00


def test_free_at_ends_where_clocks_were_put_back_over_midnight():
    # Newfoundland's clocks went from 00:01 back to 23:01, so that a day came again that had been left before.
    turn = 1_289_097_060_000  # 2010-11-07T02:31Z
    day = policy("frequency_cap", {"maxPerDay": 1, "windowType": "calendar", "timezone": "America/St_Johns"})
    pause = policy("cooldown", {"cooldownHours": 3.5})  # until 20 minutes later, still in the day that came again
    limits = compile_policies([day, pause], lambda _k, _i: 0)
    facts = Facts.of([seen(0)._replace(at=turn - 3 * HOUR)])
    (verdict,) = evaluate(Snapshot(version=1, limits=limits), facts, [GOLD], now=turn + 10 * 60_000)
    assert (verdict.allowed, instant_to_wire(verdict.free_at)) == (False, "2010-11-08T03:30:00.000Z")


def test_a_mandatory_offer_that_expires_meanwhile_is_held_back_by_more():
    mandatory = replace(GOLD, mandatory_until=NOW + DAY)
    total = policy("customer_total_cap", {"maxTotal": 1, "periodType": "monthly"})
    verdict = decide("frequency_cap", {"maxPerDay": 1}, seen(0), also=[total], candidate=mandatory)
    assert [(r.source.rule_type, r.lifted) for r in verdict.reasons] == [
        ("frequency_cap", False),
        ("customer_total_cap", True),
    ]
    assert verdict.free_at == NOW + 30 * DAY


def test_a_mandatory_offer_ceases_to_be_one_at_its_expiry():
    config = {"maxTotal": 1, "periodType": "daily"}
    for until, allowed in ((NOW + 1, True), (NOW, False)):
        candidate = replace(GOLD, mandatory_until=until)
        assert decide("customer_total_cap", config, seen(0), candidate=candidate).allowed is allowed


def test_what_lifts_after_more_than_400_days_counts_as_never():
    for hours, free_at in ((400 * 24, NOW + 400 * DAY), (400 * 24 + 1, None)):
        assert decide("cooldown", {"cooldownHours": hours}, seen(0)).free_at == free_at


def test_a_flow_chooses_among_global_assignments_only():
    both = policy("frequency_cap", {"maxTotal": 0}, EVERYWHERE, EMAIL)
    snapshot = Snapshot(version=1, limits=tuple(compile_policy(both, lambda _k, _i: 0)), names=NAMES)
    scopes = [
        [reason.source.scope for reason in evaluate(snapshot, Facts(), [GOLD], now=NOW, selected=selected)[0].reasons]
        for selected in (None, (), {"cp_9"})
    ]
    assert scopes == [["global", "channel"], ["channel"], ["global", "channel"]]


def test_policies_are_named_by_priority_then_newest_then_key():
    given = [
        policy("frequency_cap", {"maxTotal": 0}, public_id=public_id, priority=priority, created_at=created, key=key)
        for public_id, priority, created, key in [
            ("older", 50, 1, 1), ("twin", 50, 2, 3), ("newer", 50, 2, 2), ("first", 80, 0, 9)
        ]
    ]  # fmt: skip
    limits = compile_policies(given, lambda _k, _i: 0)
    assert [limit.source.policy_id for limit in limits] == ["first", "newer", "twin", "older"]


def test_a_config_that_cannot_be_read_blocks_in_every_assignment_and_says_so():
    verdict = decide("cooldown", {"cooldownHours": "soon"}, assignments=[EVERYWHERE, EMAIL])
    assert (verdict.allowed, verdict.free_at, len(verdict.reasons)) == (False, None, 2)
    why = 'cooldownHours: "soon" is not a number >= 0; give 0 or more'
    assert {(r.reason, r.evidence["configError"]) for r in verdict.reasons} == {
        (f"The policy's config cannot be read, so it blocks until it is mended: {why}", why)
    }


def test_an_unknown_rule_type_or_a_config_that_is_no_object_blocks():
    assert not decide("no_such_rule", {}).allowed
    assert not decide("cooldown", None, also=[policy("allow_override", {})]).allowed


def test_a_creatives_constraints_act_like_policies_named_after_it():
    limits = compile_constraints(
        creative=1,
        public_id="cre_1",
        name="Banner",
        version=7,
        constraints={"frequencyCapPerDay": 1, "cooldownHours": 2, "priorityOverride": 90},
    )
    snapshot = Snapshot(version=1, limits=tuple(limits), names={("creative", 1): "Banner"})
    (verdict,) = evaluate(snapshot, Facts.of(contacts=[seen(HOUR), seen(1, creative=2)]), [GOLD], now=NOW)
    assert [(r.source.policy_id, r.source.policy_name, r.source.policy_version, r.reason) for r in verdict.reasons] == [
        ("cre_1", "Banner", 7, "1 of 1 contacts for creative Banner in the last 24 hours"),
        ("cre_1", "Banner", 7, "Last contact for creative Banner was 1 hour ago; the pause is 2 hours"),
    ]
    assert verdict.free_at == NOW + 23 * HOUR


def test_each_offer_has_its_own_count_in_one_evaluation():
    each = policy("frequency_cap", {"maxTotal": 1}, Assignment("offer", each=True))
    snapshot = Snapshot(version=1, limits=tuple(compile_policy(each, lambda _k, _i: 0)))
    candidates = [GOLD, replace(GOLD, offer=2), replace(GOLD, creative=5)]
    verdicts = evaluate(snapshot, Facts.of(contacts=[seen(1)]), candidates, now=NOW)
    assert [verdict.allowed for verdict in verdicts] == [False, True, False]
