"""The engine and the oracle agree on random worlds: verdicts, reasons, their order and every freeAt."""

from hypothesis import HealthCheck, given, settings

from decisioning.engine.evaluate import evaluate
from tests.decisioning.engine import oracle
from tests.decisioning.engine.worlds import DAY, HOUR, candidates_of, facts_of, snapshot_of, worlds

modest = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def judged(world):
    return evaluate(
        snapshot_of(world), facts_of(world), candidates_of(world), now=world["now"], selected=world["selected"]
    )


def found(verdict):
    capped = {"frequency_cap", "cross_channel_cap", "customer_total_cap", "offer_category_cap"}
    return sorted(
        (
            (
                reason.source.policy_id,
                reason.source.scope,
                reason.source.scope_id,
                reason.evidence.get("actual") if reason.source.rule_type in capped else None,
                reason.lifted,
            )
            for reason in verdict.reasons
        ),
        key=repr,
    )


@modest
@given(worlds())
def test_every_reason_of_every_candidate_is_the_oracles(world):
    for verdict, candidate in zip(judged(world), world["candidates"], strict=True):
        assert found(verdict) == oracle.blocks(world, candidate, world["now"])
        assert verdict.allowed == oracle.allowed(world, candidate, world["now"])


@modest
@given(worlds())
def test_reasons_come_by_priority_then_newest_then_id(world):
    rank = {policy["id"]: (-policy["priority"], -policy["created"], n) for n, policy in enumerate(world["policies"])}
    for verdict in judged(world):
        ranks = [rank[reason.source.policy_id] for reason in verdict.reasons]
        assert ranks == sorted(ranks)


@modest
@given(worlds())
def test_a_candidate_is_free_at_its_free_at_and_at_no_moment_before(world):
    for verdict, candidate in zip(judged(world), world["candidates"], strict=True):
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


@modest
@given(worlds())
def test_each_reason_holds_until_just_before_its_own_free_at(world):
    for verdict in judged(world):
        for reason in verdict.reasons:
            if reason.free_at is not None:
                alone = {**world, "policies": [p for p in world["policies"] if p["id"] == reason.source.policy_id]}
                raw = next(c for c, v in zip(world["candidates"], judged(world), strict=True) if v == verdict)
                source = (reason.source.policy_id, reason.source.scope, reason.source.scope_id)
                before, then = (
                    sum(block[:3] == source for block in oracle.blocks(alone, raw, at))
                    for at in (reason.free_at - 1, reason.free_at)
                )
                assert before > then


def moments(world):
    """Instants at which something may change: contacts leaving a window, and a grid of half hours and quarter days."""
    now = world["now"]
    lengths = [HOUR // 2, HOUR, 24 * HOUR, 48 * HOUR, DAY // 2, 7 * DAY, 30 * DAY]
    leaving = {contact["at"] + length for contact in world["contacts"] for length in lengths}
    grid = now - now % (HOUR // 2)
    near = {grid + n * HOUR // 2 for n in range(1, 60)}
    far = {grid + n * DAY // 4 for n in range(1, 140)}
    return leaving | near | far
