"""Golden decisions: small worlds written down with what SPEC says about them, one file per rule type or question.

In a file names stand for keys: the offer "Gold Card" has the id `off_gold_card`, and so on. Instants are ISO 8601 in
UTC, money is in whole units. A contact says what was recorded of it and nothing else; one without a label is one whose
label was never recorded. A hold says until when it holds, and else what a contact says. `flow` are the policies a
flow's filter stage names, and left out it names none in particular.
"""

import json
from collections import defaultdict
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest

from decisioning.engine.candidates import Candidate
from decisioning.engine.evaluate import evaluate
from decisioning.engine.explain import instant_to_wire, to_wire
from decisioning.engine.facts import Contact, Facts, Hold
from decisioning.engine.snapshot import Policy, Snapshot, compile_constraints, compile_policies
from policies.limits import MICRO, Total
from policies.rules import RULES
from policies.scope import DIMENSIONS, Assignment

FILES = sorted((Path(__file__).parent / "golden").glob("*.json"))
CASES = {f"{path.stem}: {case['title']}": case for path in FILES for case in json.loads(path.read_text())}
PREFIXES = {
    "offer": "off",
    "creative": "cre",
    "channel": "ch",
    "placement": "pl",
    "category": "cat",
    "sub_category": "sub",
}
ENTITIES = {"subCategory": "sub_category"} | {kind: kind for kind in PREFIXES if kind != "sub_category"}


@pytest.mark.parametrize("title", CASES)
def test_it_is_decided_as_written_down(title):
    assert Told(CASES[title]).verdicts() == CASES[title]["verdicts"]


def test_every_rule_type_has_its_file_and_every_case_says_why():
    assert {rule.slug for rule in RULES} <= {path.stem for path in FILES}
    assert sum(len(json.loads(path.read_text())) for path in FILES) == len(CASES)
    assert [title for title, case in CASES.items() if not case["because"].endswith(".")] == []


class Told:
    """A case as the engine takes it; names become keys in the order in which they turn up."""

    def __init__(self, case):
        self.case = case
        self.now = instant(case["now"])
        self.keys = defaultdict(count(1).__next__)
        self.names = {}

    def verdicts(self):
        candidates = [self.candidate(**raw) for raw in self.case["candidates"]]
        facts = self.facts(**self.case["facts"])
        snapshot = self.snapshot(self.case["facts"].get("tenantTimezone"))
        found = evaluate(snapshot, facts, candidates, now=self.now, selected=self.case.get("flow"))
        return [self.told(verdict) for verdict in found]

    def told(self, verdict):
        reasons = [to_wire(reason) for reason in verdict.reasons]
        return {
            "candidate": self.names["creative", verdict.candidate.creative],
            "allowed": verdict.allowed,
            "freeAt": instant_to_wire(verdict.free_at),
            "reasons": [{k: v for k, v in r.items() if k not in ("policyName", "policyVersion")} for r in reasons],
        }

    def snapshot(self, timezone):
        policies = [self.policy(key, **raw) for key, raw in enumerate(self.case["policies"])]
        own = [limit for raw in self.case["candidates"] for limit in self.constraints(**raw)]
        return Snapshot(
            version=1,
            limits=(*compile_policies(policies, lambda kind, public_id: self.keys[kind, public_id]), *own),
            tenant_timezone=timezone,
            names=self.names,
            public_ids={(kind, key): public_id for (kind, public_id), key in self.keys.items()},
        )

    def policy(self, key, *, id, ruleType, config, scopes, priority=50, createdAt="2024-01-01T00:00:00.000Z"):
        return Policy(
            public_id=id,
            name=id,
            version=1,
            rule_type=ruleType,
            config=config,
            assignments=tuple(self.assignment(**scope) for scope in scopes),
            priority=priority,
            created_at=instant(createdAt),
            key=key,
        )

    def assignment(self, *, scope, scopeId=None, deleted=False):
        if scopeId in (None, "*"):
            return Assignment(scope, each=scopeId == "*")
        return Assignment(scope, self.keys[DIMENSIONS[scope], scopeId], public_id=scopeId, dead=deleted)

    def constraints(self, *, creative, constraints=None, **_):
        return compile_constraints(
            creative=self.key("creative", creative),
            public_id=public_id("creative", creative),
            name=creative,
            version=1,
            constraints=constraints or {},
        )

    def candidate(self, *, label=None, cost=0, mandatoryUntil=None, constraints=None, **entities):
        until = mandatoryUntil and instant(mandatoryUntil)
        return Candidate(label=label, cost=round(cost * MICRO), mandatory_until=until, **self.entities(entities))

    def facts(self, *, contacts=(), holds=(), segments=(), timezone=None, totals=(), tenantTimezone=None):
        return Facts.of(
            contacts=[self.contact(**raw) for raw in contacts],
            holds=[self.hold(**raw) for raw in holds],
            segments=frozenset(segments),
            timezone=timezone,
            totals=dict(self.total(**raw) for raw in totals),
        )

    def contact(self, *, at, outcome="impression", label=None, campaign=None, **entities):
        return Contact(at=instant(at), outcome=outcome, label=label, campaign=campaign, **self.entities(entities))

    def hold(self, *, until, **known):
        return Hold(instant(until), self.contact(at=until, **known)[1:])

    def total(self, *, budgetField, spent, reserved=0, **entity):
        ((dimension, key),) = self.entities(entity).items() or [(None, None)]
        unit = MICRO if budgetField == "spend" else 1
        return (budgetField, dimension, key), Total(round(spent * unit), round(reserved * unit))

    def entities(self, named):
        return {ENTITIES[kind]: self.key(ENTITIES[kind], name) for kind, name in named.items()}

    def key(self, kind, name):
        key = self.keys[kind, public_id(kind, name)]
        self.names[kind, key] = name
        return key


def public_id(kind, name):
    return f"{PREFIXES[kind]}_{name.lower().replace(' ', '_')}"


def instant(text):
    moment = datetime.fromisoformat(text)
    return int(moment.replace(microsecond=0).timestamp()) * 1000 + moment.microsecond // 1000
