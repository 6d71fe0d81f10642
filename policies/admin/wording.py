"""How the history of a policy is told: its sentence, the labels of its rule, names instead of ids."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from kaireon.admin.differences import State, Wording
from kaireon.tenancy import Tenant
from policies.models import rule_choices
from policies.options import RefusedError
from policies.reading import assignments_in, namer_for, read
from policies.rule import Option
from policies.rules import rule_for

FIELDS = {"ruleType": "Rule", "scopes": "Applies"}


class PolicyWording(Wording):
    """The words of contact policies."""

    def __init__(self, states: Iterable[State], tenant: Tenant) -> None:
        present = list(states)
        super().__init__((), tenant)
        self.namer = namer_for(present, tenant=tenant)

    def field(self, path: str, *states: State) -> str:
        options = (option for state in states if (option := option_at(path, state)) is not None)
        labels = (option.label for option in options)
        return next(labels, FIELDS.get(path) or super().field(path))

    def value(self, path: str, value: Any, state: State) -> str:
        if path == "scopes":
            phrases = (assignment.phrase(self.namer) for assignment in assignments_in({"scopes": value or []}))
            return "\n".join(phrases)
        if path == "ruleType":
            return str(dict(rule_choices()).get(value, value or ""))
        option = option_at(path, state)
        if option is None or value is None:
            return super().value(path, value, state)
        try:
            words = option.kind.words(option.kind.parse(value), self.namer)
            return f"{words} {option.unit.removesuffix('s') if words == '1' else option.unit}".strip()
        except RefusedError:
            return super().value(path, value, state)

    def sentence(self, state: State) -> str:
        return read(state, self.namer).text


def option_at(path: str, state: State) -> Option | None:
    """The option of the state's rule that a path such as `config.maxPerDay` names."""
    found = re.fullmatch(r"config\.(\w+)", path)
    try:
        options = rule_for(str(state.get("ruleType"))).options()
    except LookupError:
        return None
    return next((option for option in options if found is not None and option.key == found[1]), None)
