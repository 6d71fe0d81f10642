"""The same policy through the form and through the API leaves the same row, history and audit entries."""

from __future__ import annotations

from typing import Any

import pytest

from kaireon.tenancy import Role
from policies.models import ContactPolicy
from policies.rules import RULES
from tests.policies.test_admin import change, made, with_rows
from tests.visitors import address, audited, faults, filled, left, visit

EXAMPLES = [(rule, example) for rule in RULES for example in rule.examples]


def written(rule: Any, config: Any) -> dict[str, Any]:
    """A config as somebody fills it into the rule's fields."""
    sent = {}
    for option in rule.options():
        name, value = f"config__{option.key}", config.get(option.key, option.default)
        if isinstance(value, bool):
            sent |= {name: "on"} if value else {}
        elif option.kind.widget == "weekdays" and value:
            sent[name] = [str(day) for day in option.kind.parse(value)]
        elif option.kind.widget in {"offers", "channels", "segments", "outcomes"}:
            sent[name] = [value] if isinstance(value, str) else list(value or [])
        elif isinstance(value, list | tuple):
            sent[name] = "\r\n".join(value)
        elif option.key in config:
            sent[name] = str(value)
    return sent


def normal(rule: Any, config: Any) -> Any:
    """A config in the spelling the form gives it: lists where one would do, days by number."""
    spelt = {}
    for option in rule.options():
        if option.key in config:
            parsed = option.kind.parse(config[option.key])
            several = isinstance(parsed, tuple) and not option.kind.reference
            spelt[option.key] = list(parsed) if several else config[option.key]
    return spelt


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=lambda it: getattr(it, "slug", ""))
def test_a_policy_of_every_rule_type_is_the_same_through_both_doors(rule, example, person, admin, catalogue):
    config = normal(rule, with_rows(rule, dict(example), catalogue))
    scopes = [{"scope": "channel", "scopeId": catalogue.channel}, {"scope": "offer", "scopeId": catalogue.offer}]
    body = {"description": "Why not", "status": "paused", "priority": 33}
    by_api = made(admin, "By API", ruleType=rule.slug, config=config, scopes=scopes, **body)
    changed = {**config, "bypassable": not config.get("bypassable", True)}
    admin("PATCH", f"contact-policies/{by_api.public_id}", {"config": changed, "status": "active"})
    admin("PATCH", f"contact-policies/{by_api.public_id}", {"scopes": scopes[:1], "priority": 34})

    browser = visit(person(Role.ADMIN))
    rows = {"scopes-0-scope": "channel", "scopes-0-scopeId": catalogue.channel}
    rows |= {"scopes-1-scope": "offer", "scopes-1-scopeId": catalogue.offer}
    fields = {name: value for name, value in written(rule, config).items() if name != "config__bypassable"}
    bypass = {"config__bypassable": "on"} if config.get("bypassable", True) else {}
    response = add_exactly(browser, rule, name="By hand", **body, **fields, **bypass, **rows)
    assert response.status_code == 302, faults(response)
    by_hand = ContactPolicy.objects.get(name="By hand")
    switched = {} if bypass else {"config__bypassable": "on"}
    assert change_exactly(browser, by_hand, status="active", **switched).status_code == 302
    assert change(browser, by_hand, priority=34, **{"scopes-1-scope": ""}).status_code == 302

    assert left(by_hand) == left(by_api)
    assert audited(by_hand) == audited(by_api)


def add_exactly(browser: Any, rule: Any, **sent: Any) -> Any:
    """Adds with nothing in the switches but what is sent."""
    body = {name.replace("__", "."): value for name, value in sent.items()}
    return browser.post(address(ContactPolicy, "add"), {"rule_type": rule.slug, **body})


def change_exactly(browser: Any, policy: ContactPolicy, **sent: Any) -> Any:
    """Changes a policy, leaving its switch for bypassing as `sent` has it."""
    url = address(ContactPolicy, "change", policy.pk)
    body = filled(browser.get(url))
    body.pop("config.bypassable", None)
    return browser.post(url, body | {name.replace("__", "."): value for name, value in sent.items()})
