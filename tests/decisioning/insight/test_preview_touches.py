"""Impact previews of random policies over the first days of a month of advertising equal the brute-force count."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from kaireon.tenancy import Tenant
from tests.conftest import Door
from tests.decisioning.preview_touches import RULES, compared

LINES = 4000
POLICIES = 4 * len(RULES)  # the whole file and more policies: python -m tests.decisioning.preview_touches


def test_previews_of_random_policies_equal_the_brute_force_count(
    admin: Door, tenant: Tenant, tmp_path: Path, month: Path
) -> None:
    part = tmp_path / "part.csv"
    with month.open() as whole:
        part.write_text("".join(islice(whole, LINES)))
    pairs = list(compared(admin, tenant, part, rejects=tmp_path / "rejects.csv", policies=POLICIES))
    for pair in pairs:
        assert pair.ours == pair.theirs, pair.asked
    # Every rule suppressed something somewhere, so that agreeing means something.
    assert {pair.asked["policyType"] for pair in pairs if pair.ours["customersAffected"]} == set(RULES)
