"""The README says what is so."""

import re
from pathlib import Path

from django.core.management import get_commands

from policies.rules import RULES

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_rule_table_is_the_registry() -> None:
    table = re.findall(r"^\| `(\w+)` \| (.+) \|$", README, re.MULTILINE)
    assert table == [(rule.slug, rule.summary) for rule in RULES]


def test_every_command_named_exists() -> None:
    named = set(re.findall(r"manage\.py (\w+)", README))
    assert named
    assert named <= set(get_commands())


def test_it_fits_on_one_and_a_half_pages() -> None:
    assert len(README.splitlines()) <= 100
