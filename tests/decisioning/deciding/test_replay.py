"""The replay of a month of advertising, in short: it agrees with the brute force, would notice if not, and adds up."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaireon.tenancy import Tenant
from tests.conftest import Door
from tests.decisioning.replay import ANY, POLICIES, Replay, Tally

ROWS = 170
IMPRESSIONS = 150
BLOCKING = [policy["name"] for policy in POLICIES if policy["ruleType"] != "allow_override"]


@pytest.fixture
def replay(tenant: Tenant, admin: Door, month: Path, tmp_path: Path) -> Replay:
    """Of the file's first customers, for its rows stand customer by customer."""
    lines = month.read_text().splitlines(keepends=True)
    (tmp_path / "beginning.csv").write_text("".join(lines[: 1 + ROWS]))
    return Replay.of(tmp_path / "beginning.csv", tenant, admin, rejects=tmp_path / "rejects.csv")


@pytest.mark.django_db(transaction=True)
def test_replayed_impressions_are_suppressed_as_the_brute_force_reading_says(replay: Replay, delivery: Door) -> None:
    replay.run(delivery, limit=IMPRESSIONS)
    assert replay.differences == []
    assert replay.tally == replay.expected
    assert replay.tally.impressions.total() == IMPRESSIONS
    assert replay.tally.table(BLOCKING).splitlines()[2:] == counted_again(replay.expected)
    # Nearly every policy stood against something, so agreeing means something.
    assert len({policy for policy, _ in +replay.tally.suppressed} - {ANY}) > len(BLOCKING) * 0.8


def counted_again(tally: Tally) -> list[str]:
    """The table's rows below its head."""
    channels = sorted(tally.impressions)
    whole = [*(tally.impressions[channel] for channel in channels), IMPRESSIONS]
    rows = []
    for name in [*BLOCKING, ANY]:
        parts = [tally.suppressed[name, channel] for channel in channels]
        parts.append(sum(parts))
        shares = [f"{round(1000 * part / of) / 10:.1f} %" for part, of in zip(parts, whole, strict=True)]
        rows.append(f"| {name} | {' | '.join(shares)} | {parts[-1]} |")
    return [*rows, f"| Impressions | {' | '.join(map(str, whole))} |  |"]


@pytest.mark.django_db(transaction=True)
def test_a_block_that_the_brute_force_reading_does_not_know_is_a_difference(replay: Replay, admin: Door) -> None:
    admin.make("contact-policies", name="Nothing", ruleType="frequency_cap", config={"maxTotal": 0}, scope="global")
    replay.run(admin, limit=3)
    assert len(replay.differences) == 3
    assert "('Nothing', False, None)" in replay.differences[0]


def test_the_table_shows_what_was_counted() -> None:
    tally = Tally()
    for _ in range(999):
        tally.add("Email", (True, None, []))
    tally.add("Email", (False, None, [("Cap", False, None), ("Pause", True, None), ("Cap", False, None)]))
    tally.add("Push", (False, None, [("Cap", False, None), ("Pause", False, None)]))
    tally.add("Push", (True, None, [("Pause", True, None)]))
    tally.add("Push", (True, None, []))
    assert tally.table(["Pause", "Cap"]).splitlines() == [
        "| policy | Email | Push | all channels | suppressed |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| Pause | 0.0 % | 33.3 % | 0.1 % | 1 |",
        "| Cap | 0.1 % | 33.3 % | 0.2 % | 2 |",
        "| Any of them | 0.1 % | 33.3 % | 0.2 % | 2 |",
        "| Impressions | 1,000 | 3 | 1,003 |  |",
    ]
