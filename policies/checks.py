"""A system check that lists policies whose stored config no longer parses; an active one blocks what it concerns."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.checks import Tags, Warning, register
from django.db import DatabaseError

from kaireon.lifecycle import Status
from policies.models import ContactPolicy
from policies.rule import ConfigError
from policies.rules import rule_for


@register(Tags.database)
def stored_configs_parse(
    app_configs: Sequence[Any] | None = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[Warning]:
    """Runs with `check --database default` and before migrations; silent while the table does not exist."""
    if not databases:
        return []
    try:
        return [_warning(policy, fault) for policy in ContactPolicy.objects.iterator() if (fault := fault_of(policy))]
    except DatabaseError:
        return []


def fault_of(policy: ContactPolicy) -> str | None:
    """Why the stored config does not parse; None when it does."""
    return fault_in({"ruleType": policy.rule_type, "config": policy.config, "status": policy.status})


def fault_in(state: Mapping[str, Any]) -> str | None:
    """Why the config of a policy's state does not parse; None when it does."""
    try:
        rule_for(state["ruleType"]).parse(state["config"], draft=state["status"] == Status.DRAFT)
    except LookupError:
        return f'there is no rule type "{state["ruleType"]}"'
    except ConfigError as error:
        return str(error)
    return None


def _warning(policy: ContactPolicy, fault: str) -> Warning:
    active = policy.status == Status.ACTIVE
    effect = "blocks everything it concerns" if active else f"is {policy.status} and cannot be activated"
    return Warning(
        f'The policy "{policy}" ({policy.public_id}) {effect}: {fault}.',
        hint="Correct its config in the admin, or pause it." if active else "Correct its config in the admin.",
        id="policies.W001",
    )
