"""Trying a write: the same validation and the same warnings, and nothing stored."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeVar

from rest_framework.exceptions import ValidationError

from kaireon.api.errors import details_of
from kaireon.api.serializers import ResourceSerializer
from kaireon.lifecycle import Lifecycle
from kaireon.tenancy import Actor
from kaireon.writing import LifecycleError, refuse_taken_name

L = TypeVar("L", bound=Lifecycle)

Fault = tuple[str, str]


class Trial:
    """Stands in for a `Writing`: its verbs refuse what those would refuse, and store nothing. It holds no lock."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.tenant = actor.tenant
        self.now = actor.now

    def create(self, row: L, **rest: Any) -> L:
        """The row as it would be created. Raises DuplicateName."""
        row.tenant = self.tenant
        refuse_taken_name(row)
        return row

    def change(self, row: L, *, values: Mapping[str, Any], **rest: Any) -> L:
        """A copy of the row as it would be. Raises DuplicateName."""
        changed = copy.copy(row)
        for name, value in values.items():
            setattr(changed, name, value)
        refuse_taken_name(changed)
        return changed


def try_resource(
    serializer: type[ResourceSerializer], actor: Actor, *, data: Mapping[str, Any], instance: Lifecycle | None = None
) -> tuple[list[Fault], list[str]]:
    """What `save_resource` would refuse, as (field, message), and what it would warn of, both at once."""
    bound = serializer(instance, data=data, partial=instance is not None, context={"unit": Trial(actor)})
    try:
        bound.is_valid(raise_exception=True)
        bound.save()
    except (ValidationError, LifecycleError) as error:
        faults = [(str(fault["field"]), str(fault["message"])) for fault in details_of(error)]
        return faults or [("", str(error))], bound.warnings
    return [], bound.warnings
