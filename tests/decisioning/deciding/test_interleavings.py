"""Whatever happens in whatever order: nothing beyond a limit, no place lost, nothing counted twice."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.decisioning.interleaved import Step, World, stories


@pytest.mark.django_db(transaction=True)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(story=stories)
def test_no_interleaving_passes_a_limit_or_loses_a_place(story: list[Step]) -> None:
    World().live(story)
