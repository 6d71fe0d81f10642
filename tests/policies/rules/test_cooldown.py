from tests.policies.rules.deciding import DAY, EMAIL, HOUR, decide, parsed, plain, problems, said, seen

SLUG = "cooldown"


def test_it_blocks_until_the_hours_after_the_last_contact_are_over():
    verdict = decide(SLUG, {"cooldownHours": 1.5}, seen(HOUR), seen(DAY), assignments=[EMAIL])
    assert said(verdict) == [(
        "Last contact on Email was 1 hour ago; the pause is 1.5 hours",
        {"cooldownHours": 1.5, "hoursSinceLast": 1},
        HOUR // 2,
    )]  # fmt: skip
    assert decide(SLUG, {"cooldownHours": 1}, seen(HOUR)).allowed


def test_zero_hours_never_block_and_are_warned_of():
    assert decide(SLUG, {"cooldownHours": 0}, seen(0)).allowed
    assert list(parsed(SLUG, {"cooldownHours": 0}).warnings()) == [
        "cooldownHours is 0: the policy never blocks anything"
    ]


def test_enormous_hours_block_for_ever_without_crashing():
    for hours in (10**400, 1e308):
        verdict = decide(SLUG, {"cooldownHours": hours}, seen(0))
        assert (verdict.allowed, verdict.free_at, verdict.reasons[0].free_at) == (False, None, None)


def test_what_is_no_number_of_hours_is_refused():
    for bad in (-1, True, "24", float("nan"), float("inf"), []):
        assert list(problems(SLUG, {"cooldownHours": bad})) == ["cooldownHours"]
    assert problems(SLUG, {}) == {"cooldownHours": "is required"}


def test_it_reads_back_as_a_sentence():
    assert parsed(SLUG, {"cooldownHours": 24.0}).sentence(plain) == "At least 24 hours between two contacts"
