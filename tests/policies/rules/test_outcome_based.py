from tests.policies.rules.deciding import DAY, EMAIL, decide, parsed, plain, problems, said, seen

SLUG = "outcome_based"
MESSAGE = "outcome_based requires afterOutcome as a non-empty string or non-empty string array"


def test_any_of_the_outcomes_in_scope_starts_the_silence():
    config = {"afterOutcome": ["complaint", "dismiss"], "suppressForDays": 7}
    verdict = decide(SLUG, config, seen(DAY, outcome="dismiss"), seen(2 * DAY, outcome="complaint"))
    assert said(verdict) == [(
        "dismiss recorded 1 day ago; no contact for 7 days after it",
        {"daysSince": 1, "lastOutcome": "dismiss", "suppressForDays": 7},
        6 * DAY,
    )]  # fmt: skip
    assert decide(SLUG, config, seen(DAY), seen(7 * DAY, outcome="dismiss")).allowed
    assert decide(SLUG, config, seen(DAY, outcome="dismiss", channel=2), assignments=[EMAIL]).allowed


def test_zero_days_never_block():
    assert decide(SLUG, {"afterOutcome": "dismiss", "suppressForDays": 0}, seen(0, outcome="dismiss")).allowed


def test_missing_or_empty_outcomes_are_refused_in_the_contracts_words():
    for bad in ({}, {"afterOutcome": ""}, {"afterOutcome": []}, {"afterOutcome": ["a", ""]}, {"afterOutcome": 3}):
        assert problems(SLUG, {**bad, "suppressForDays": 1}) == {"afterOutcome": MESSAGE}
    assert problems(SLUG, {"afterOutcome": "", "suppressForDays": -1}) == {
        "afterOutcome": MESSAGE,
        "suppressForDays": "-1 is not a number >= 0; give 0 or more",
    }


def test_an_adverse_outcomes_policy_should_not_be_bypassable():
    config = {"afterOutcome": ["complaint", "dismiss"], "suppressForDays": 90}
    (warning,) = parsed(SLUG, config).warnings()
    assert "set bypassable to false" in warning
    assert list(parsed(SLUG, {**config, "bypassable": False}).warnings()) == []


def test_it_mentions_its_outcomes_and_reads_back_as_a_sentence():
    rule = parsed(SLUG, {"afterOutcome": ["complaint", "dismiss"], "suppressForDays": 90})
    assert list(rule.mentions()) == [("afterOutcome", "outcome", "complaint"), ("afterOutcome", "outcome", "dismiss")]
    assert rule.sentence(plain) == "No contact for 90 days after complaint or dismiss"
