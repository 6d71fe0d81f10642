from decisioning.engine.snapshot import Policy
from policies.scope import Assignment
from tests.policies.rules.deciding import EVERYWHERE, decide, parsed, plain, problems, seen

SLUG = "allow_override"


def cap(**config):
    return Policy(
        public_id="cp_2",
        name="Cap",
        version=1,
        rule_type="frequency_cap",
        config={"maxTotal": 1, **config},
        assignments=(EVERYWHERE,),
        priority=100,
    )


def test_it_blocks_nothing_itself():
    assert decide(SLUG, {}).reasons == ()


def test_it_lifts_bypassable_blocks_whatever_the_priority():
    verdict = decide(SLUG, {"reason": "service"}, seen(1), also=[cap()])
    assert (verdict.allowed, [r.lifted for r in verdict.reasons]) == (True, [True])


def test_it_leaves_policies_alone_that_are_not_bypassable():
    verdict = decide(SLUG, {}, seen(1), also=[cap(bypassable=False)])
    assert (verdict.allowed, [r.lifted for r in verdict.reasons]) == (False, [False])


def test_it_does_nothing_where_it_is_not_assigned():
    elsewhere = Assignment("channel", 2, public_id="ch_2")
    assert not decide(SLUG, {}, seen(1), also=[cap()], assignments=[elsewhere]).allowed


def test_a_reason_must_be_a_string():
    assert list(problems(SLUG, {"reason": 5})) == ["reason"]
    assert problems(SLUG, {"reason": ""}) == {}


def test_it_reads_back_as_a_sentence():
    assert parsed(SLUG, {"reason": "law"}).sentence(plain) == "Bypasses every policy that allows it, because: law"
