"""The sources of the house: what no module is called, and who alone writes configured rows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kaireon.lifecycle import kinds
from policies.rules import RULES

ROOT = Path(__file__).resolve().parents[2]
APPS = ("kaireon", "creatives", "policies", "decisioning")
BANNED = {"utils", "util", "helpers", "helper", "common", "core", "constants", "signals", "misc", "selectors"}

# Who may write past the verbs, each with the reason.
WRITERS = {
    ("kaireon/writing.py", "save"): "the verbs themselves",
    ("kaireon/access.py", "update"): "a key's last use is no change of configuration",
}
WRITING = {"save", "update", "delete", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}


def sources() -> list[Path]:
    """Every Python file of the product, migrations aside."""
    found = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    assert len(found) > 60
    return found


def test_no_module_is_called_by_what_it_is_not() -> None:
    assert [path for path in sources() if path.stem in BANNED or path.parent.name in BANNED] == []


@pytest.mark.parametrize("app", APPS)
def test_every_module_and_class_says_what_it_is(app: str) -> None:
    silent = []
    for path in (ROOT / app).rglob("*.py"):
        if "migrations" in path.parts or not path.read_text().strip():
            continue
        tree = ast.parse(path.read_text())
        named = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
        silent += [
            (str(path.relative_to(ROOT)), getattr(node, "name", "the module"))
            for node in named
            if not ast.get_docstring(node) and getattr(node, "name", "") not in {"Meta", "Media"}
        ]
    assert silent == []


def test_nobody_but_the_verbs_writes_a_configured_row() -> None:
    found = {
        (str(path.relative_to(ROOT)), call.func.attr)
        for path in sources()
        for call in calls(path)
        if isinstance(call.func, ast.Attribute) and writes_a_configured_row(call.func)
    }
    assert found - WRITERS.keys() == set()


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))


def writes_a_configured_row(function: ast.Attribute) -> bool:
    """`Offer.objects.filter(...).update`, `rows.everything...delete` or `row.save`; by words, as types are unknown."""
    if function.attr not in WRITING:
        return False
    text = ast.unparse(function.value)
    configured = "|".join(model.__name__ for model in kinds().values())
    return bool(re.search(rf"\b(?:{configured})\.(?:objects|everything)\b|\beverything\b|^row$|^current$", text))


def test_nothing_is_left_to_do() -> None:
    word = "TO" + "DO"
    assert [path for path in sources() if word in path.read_text() or "FIX" + "ME" in path.read_text()] == []


def test_every_rule_has_examples_that_parse_and_say_all_its_keys_are_known() -> None:
    for rule in RULES:
        assert rule.examples
        for example in rule.examples:
            parsed = rule.parse(example)
            assert parsed.rule is not None
            assert parsed.unknown == ()


def test_every_rule_of_the_contract_is_registered_in_its_order() -> None:
    assert [rule.slug for rule in RULES] == [
        "frequency_cap",
        "cooldown",
        "budget_exhausted",
        "outcome_based",
        "segment_exclusion",
        "time_window",
        "mutual_exclusion",
        "cross_channel_cap",
        "customer_total_cap",
        "offer_category_cap",
        "allow_override",
        "category_suppression",
    ]
