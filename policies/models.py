"""Contact policies as rows: a rule's configuration and the scopes it is assigned to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Coalesce

from creatives.models import Category, Channel, Creative, Offer, SubCategory
from kaireon.lifecycle import Lifecycle, Status, unique_live
from kaireon.publicid import Kind
from kaireon.tenancy import TenantOwned
from policies.rules import RULES
from policies.scope import EACH, Assignment

# The kinds of row a scope can name; global names none.
SCOPED: dict[str, type[Lifecycle]] = {
    "offer": Offer,
    "creative": Creative,
    "channel": Channel,
    "category": Category,
    "subcategory": SubCategory,
}
SCOPE_CHOICES = [("global", "everyone and everything"), *((name, name) for name in SCOPED)]

# Who can say where a policy is mentioned; an app that mentions policies adds a finder in its `ready()`.
ghost_reference_finders: list[Callable[[ContactPolicy], list[str]]] = []


def rule_choices() -> list[tuple[str, str]]:
    """A callable, so that a new rule needs no migration."""
    return [(rule.slug, rule.label) for rule in RULES]


class ContactPolicy(Lifecycle):
    """One contact policy of a tenant."""

    id_kind = Kind("cp", 2)

    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ACTIVE)
    rule_type = models.CharField(max_length=40, choices=rule_choices)
    config = models.JSONField(default=dict, blank=True)
    priority = models.PositiveSmallIntegerField(default=50, validators=[MinValueValidator(0), MaxValueValidator(100)])

    class Meta:
        verbose_name = "contact policy"
        verbose_name_plural = "contact policies"
        constraints = [
            unique_live(
                "tenant",
                "name",
                name="contact_policy_name_taken",
                message="A contact policy with that name already exists.",
            )
        ]
        indexes = [models.Index(fields=["tenant", "-priority", "-created_at", "-id"], name="contact_policy_page")]

    def parts(self) -> dict[str, Any]:
        """The scope assignments, in their order."""
        return {"scopes": [assignment.wire() for assignment in self.ordered_assignments()]}

    def ordered_assignments(self) -> list[PolicyScope]:
        """The scope assignments in the order they were given; the first one is what the legacy pair mirrors."""
        return sorted(self.assignments.all(), key=lambda assignment: assignment.position)

    def write_parts(self, parts: Mapping[str, Any], *, now: datetime) -> None:
        """Makes the assignments say `parts["scopes"]`; those that stay keep their id and creation time."""
        existing = {assignment.key: assignment for assignment in self.assignments.all()}
        wanted = [PolicyScope.read(scope) for scope in parts["scopes"]]
        keys = {scope.key for scope in wanted}
        PolicyScope.objects.filter(pk__in=[old.pk for key, old in existing.items() if key not in keys]).delete()
        added, moved = [], []
        for position, scope in enumerate(wanted):
            kept = existing.get(scope.key)
            if kept is None:
                scope.tenant, scope.policy, scope.position, scope.created_at = self.tenant, self, position, now
                added.append(scope)
            elif kept.position != position:
                kept.position = position
                moved.append(kept)
        PolicyScope.objects.bulk_create(added)
        PolicyScope.objects.bulk_update(moved, ["position"])
        vars(self).pop("_prefetched_objects_cache", None)  # what was prefetched before is no longer true


class PolicyScope(TenantOwned):
    """One scope assignment: a kind of thing, and which one, each of them, or (global) everything."""

    id_kind = Kind("cps", 3)

    policy = models.ForeignKey(ContactPolicy, on_delete=models.CASCADE, related_name="assignments")
    scope = models.CharField(max_length=16, choices=SCOPE_CHOICES)
    target = models.BigIntegerField(null=True, help_text="Key of the scoped row; null for global and for each.")
    each = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("policy", "scope", Coalesce("target", 0), name="policy_scope_once")]
        indexes = [models.Index(fields=["tenant", "scope", "target"], name="policy_scope_target")]

    def __str__(self) -> str:
        return f"{self.scope} {self.scope_id or ''}".strip()

    @classmethod
    def read(cls, wire: Mapping[str, Any]) -> PolicyScope:
        """An unsaved assignment from its wire form, which must be valid."""
        scope, scope_id = wire["scope"], wire["scopeId"]
        each = scope_id == EACH
        target = None if each or scope == "global" else SCOPED[scope].id_kind.decode(scope_id)
        return cls(scope=scope, each=each, target=target)

    @property
    def key(self) -> tuple[str, bool, int | None]:
        """What makes two assignments of a policy the same."""
        return self.scope, self.each, self.target

    @property
    def public_id(self) -> str:
        """`cps_...`"""
        return self.id_kind.encode(self.pk)

    @property
    def scope_id(self) -> str | None:
        """The scoped row's public id, "*" for each, None for global."""
        if self.each:
            return EACH
        return None if self.target is None else SCOPED[self.scope].id_kind.encode(self.target)

    def compiled(self, *, dead: bool = False) -> Assignment:
        """The assignment as the rules know it; `dead` when the row it names is deleted."""
        return Assignment(
            scope=self.scope,
            target=self.target,
            each=self.each,
            public_id=None if self.each else self.scope_id,
            dead=dead,
        )

    def wire(self) -> dict[str, str | None]:
        """`{scope, scopeId}`, as clients send it."""
        return {"scope": self.scope, "scopeId": self.scope_id}
