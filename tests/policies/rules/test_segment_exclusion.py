from tests.policies.rules.deciding import decide, parsed, plain, problems, said

SLUG = "segment_exclusion"


def test_a_customer_in_any_of_the_segments_is_left_out():
    config = {"excludeSegments": ["minors", "vip", "staff"]}
    verdict = decide(SLUG, config, segments=frozenset({"staff", "vip", "readers"}))
    assert said(verdict) == [(
        "The customer is in the excluded segment vip, staff",
        {"matchedSegment": "vip", "matchedSegments": ["vip", "staff"]},
        None,
    )]  # fmt: skip
    assert verdict.free_at is None
    assert decide(SLUG, config, segments=frozenset({"readers"})).allowed


def test_segments_must_be_a_non_empty_array_of_names():
    for bad in ({}, {"excludeSegments": []}, {"excludeSegments": "vip"}, {"excludeSegments": [""]}):
        assert list(problems(SLUG, bad)) == ["excludeSegments"]


def test_it_mentions_its_segments_and_reads_back_as_a_sentence():
    rule = parsed(SLUG, {"excludeSegments": ["vip", "staff"]})
    assert list(rule.mentions()) == [("excludeSegments", "segment", "vip"), ("excludeSegments", "segment", "staff")]
    assert rule.sentence(plain) == "No contact with customers in vip or staff"
