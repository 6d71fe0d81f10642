"""Trying a write says what the write would say, and leaves nothing."""

from __future__ import annotations

from typing import Any

import pytest

from kaireon.api.serializers import save_resource
from kaireon.trial import try_resource
from kaireon.writing import writing
from policies.models import ContactPolicy
from policies.serializers import ContactPolicySerializer
from tests.witness import stored

COOLDOWN = {"name": "Pause", "ruleType": "cooldown", "config": {"cooldownHours": 0}, "scope": "global"}
WARNING = "cooldownHours is 0: the policy never blocks anything"


@pytest.fixture
def policy(actor) -> ContactPolicy:
    with writing(actor) as unit:
        return save_resource(ContactPolicySerializer, unit, data=COOLDOWN)[0]


@pytest.mark.parametrize(
    ("data", "faults", "warnings"),
    [
        ({**COOLDOWN, "name": "Other"}, [], [WARNING]),
        (COOLDOWN, ["name"], [WARNING]),
        ({**COOLDOWN, "name": "", "priority": 101}, ["name", "priority"], [WARNING]),
        ({**COOLDOWN, "name": "Other", "config": {}}, ["config.cooldownHours"], []),
    ],
)
def test_a_new_row_is_judged_without_being_made(data: Any, faults: Any, warnings: Any, policy, actor):
    before = stored()
    found, said = try_resource(ContactPolicySerializer, actor, data=data)
    assert ([field for field, _ in found], said, stored()) == (faults, warnings, before)


def test_a_change_is_judged_without_being_made(policy, actor):
    with writing(actor) as unit:
        save_resource(ContactPolicySerializer, unit, data={**COOLDOWN, "name": "Taken"})
    before = stored()
    for data, faults in (({"name": "Free"}, []), ({"name": "Taken"}, ["name"]), ({"priority": -1}, ["priority"])):
        found, _ = try_resource(ContactPolicySerializer, actor, data=data, instance=policy)
        assert [field for field, _ in found] == faults
    assert (policy.name, stored()) == ("Pause", before)
