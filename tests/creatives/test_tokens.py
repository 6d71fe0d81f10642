"""What is said about tokens: where they stand and what is suspicious."""

import pytest

from creatives.rendering import render
from creatives.tokens import example_values, places_of_tokens, token_warnings

CONTENT = {"subject": "Hi {first_name}", "body": "<p>{first_name}, {limit} {{literally}}</p>", "n": 1}
FIRST_NAME = {"variable": "first_name", "source": "customer.first_name", "fallback": "you"}
LIMIT = {"variable": "limit", "source": "personalization.limit", "fallback": "$5,000"}


def test_tokens_stand_in_the_fields_that_hold_them():
    nested = {"blocks": [{"text": "{limit}"}]}
    assert places_of_tokens(CONTENT | nested) == {"first_name": ["subject", "body"], "limit": ["body", "blocks"]}


@pytest.mark.parametrize(
    ("mappings", "warnings"),
    [
        ([FIRST_NAME, LIMIT], []),
        ([FIRST_NAME], ["The token {limit} has no mapping in personalization and will stay visible."]),
        (
            [FIRST_NAME, {"variable": "limit", "source": "personalization.limit"}],
            ["The token {limit} has no fallback; nothing will show where its source has no value."],
        ),
        ([FIRST_NAME, LIMIT | {"fallback": ""}], []),
        (
            [FIRST_NAME, LIMIT | {"source": "secret.limit"}],
            [
                "The source of {limit} starts with none of customer., attributes., personalization.; "
                "its fallback will show."
            ],
        ),
        (
            [FIRST_NAME, LIMIT, {"variable": "age", "fallback": "?"}],
            ["The mapping of {age} is not used: the content has no such token."],
        ),
        ([FIRST_NAME, LIMIT, LIMIT], ["The token {limit} has several mappings; the last one holds."]),
    ],
)
def test_what_is_suspicious_is_said(mappings, warnings):
    assert token_warnings(CONTENT, mappings) == warnings


def test_examples_are_made_of_the_paths_own_names():
    deep = {"variable": "city", "source": "customer.home.city"}
    odd = [{"variable": "x"}, {"variable": "y", "source": "customer"}, {"variable": "z", "source": "secrets.z"}]
    in_the_way = {"variable": "street", "source": "customer.first_name.street"}
    examples = example_values([FIRST_NAME, LIMIT, deep, *odd, in_the_way])
    assert examples == {
        "customer": {"first_name": "First name", "home": {"city": "City"}},
        "attributes": {},
        "personalization": {"limit": "Limit"},
    }
    assert render({"body": "{first_name}: {limit}"}, [FIRST_NAME, LIMIT], examples) == {"body": "First name: Limit"}


def test_the_api_answers_the_same_warnings(admin, catalogue):
    mappings = [{"variable": "limit", "source": "nowhere"}, {"variable": "age", "fallback": "?"}]
    _, changed = admin("PATCH", f"creatives/{catalogue.creative}", {"content": CONTENT, "personalization": mappings})
    assert changed["warnings"] == token_warnings(CONTENT, mappings)
    assert len(changed["warnings"]) == 4
