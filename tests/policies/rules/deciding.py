"""One policy against one candidate: the smallest world in which a rule says something."""

from datetime import datetime

from decisioning.engine.candidates import Candidate
from decisioning.engine.evaluate import evaluate
from decisioning.engine.facts import Contact, Facts
from decisioning.engine.snapshot import Policy, Snapshot, compile_policies
from policies.rule import ConfigError
from policies.rules import rule_for
from policies.scope import Assignment

HOUR = 3_600_000
DAY = 24 * HOUR
EVERYWHERE = Assignment("global")
EMAIL = Assignment("channel", 1, public_id="ch_1")
GOLD = Candidate(creative=1, offer=1, channel=1, category=1, sub_category=1, label="cards")
NAMES = {
    ("offer", 1): "Gold",
    ("offer", 2): "Platinum",
    ("channel", 1): "Email",
    ("channel", 2): "Push",
    ("category", 1): "Cards",
    ("sub_category", 1): "Credit",
}
PUBLIC_IDS = {("offer", 1): "off_1", ("offer", 2): "off_2"}


def ms(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


NOW = ms("2024-06-12T12:00:00+00:00")  # a Wednesday


def seen(ago, **values):
    """A contact `ago` milliseconds before NOW, about GOLD unless said otherwise."""
    about = {"offer": 1, "creative": 1, "channel": 1, "category": 1, "sub_category": 1, "label": "cards"}
    return Contact(at=NOW - ago, **{**about, **values})


def decide(
    rule_type, config, *contacts, candidate=GOLD, assignments=(EVERYWHERE,), now=NOW, tenant=None, also=(), **facts
):
    policy = Policy(
        public_id="cp_1", name="P", version=1, rule_type=rule_type, config=config, assignments=tuple(assignments)
    )
    limits = compile_policies([policy, *also], lambda _kind, public_id: int(public_id.split("_")[1]))
    snapshot = Snapshot(version=1, limits=limits, tenant_timezone=tenant, names=NAMES, public_ids=PUBLIC_IDS)
    (verdict,) = evaluate(snapshot, Facts.of(contacts=contacts, **facts), [candidate], now=now)
    return verdict


def said(verdict):
    """What the reasons say: (sentence, evidence, freeAt relative to NOW)."""
    return [(r.reason, r.evidence, None if r.free_at is None else r.free_at - NOW) for r in verdict.reasons]


def problems(rule_type, config, *, draft=False):
    try:
        rule_for(rule_type).parse(config, draft=draft)
    except ConfigError as error:
        return dict(error.problems)
    return {}


def parsed(rule_type, config):
    return rule_for(rule_type).parse(config).rule


def plain(_kind, public_id):
    return public_id
