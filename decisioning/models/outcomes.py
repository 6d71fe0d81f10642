"""What can become of an offer that was shown: the tenant's outcome types."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models

from kaireon.lifecycle import Lifecycle, unique_live
from kaireon.publicid import Kind
from kaireon.tenancy import Tenant
from kaireon.writing import Writing

IMPRESSION = "impression"


class Classification(models.TextChoices):
    """How summaries count an outcome."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


class OutcomeType(Lifecycle):
    """One outcome a customer's history may hold. Those of the system cannot be changed or deleted."""

    id_kind = Kind("out", 18)
    SYSTEM: ClassVar = {
        IMPRESSION: Classification.NEUTRAL,
        "click": Classification.POSITIVE,
        "dismiss": Classification.NEGATIVE,
        "accept": Classification.POSITIVE,
        "convert": Classification.POSITIVE,
        "not_presented": Classification.NEUTRAL,
        "not_interested": Classification.NEGATIVE,
        "expired": Classification.NEUTRAL,
        "complaint": Classification.NEGATIVE,
        "unsubscribe": Classification.NEGATIVE,
        "hard_bounce": Classification.NEGATIVE,
        "spam_report": Classification.NEGATIVE,
    }

    key = models.CharField(
        max_length=63,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", "Write lower-case letters, digits and underscores.")],
    )
    name = models.CharField(max_length=255)
    classification = models.CharField(max_length=16, choices=Classification.choices, default=Classification.NEUTRAL)
    is_system = models.BooleanField(default=False, editable=False)

    class Meta:
        constraints = [
            unique_live(
                "tenant", "key", name="outcome_type_key_taken", message="An outcome type with that key already exists."
            )
        ]
        indexes = [models.Index(fields=["tenant", "key", "id"], name="outcome_type_page")]

    def frozen_because(self) -> str | None:
        return f'"{self.key}" is an outcome of the system; it cannot be changed or deleted.' if self.is_system else None


def create_system_outcomes(unit: Writing) -> None:
    """Gives a new tenant the outcomes every tenant starts with."""
    for key, classification in OutcomeType.SYSTEM.items():
        name = key.replace("_", " ").capitalize()
        outcome = OutcomeType(key=key, name=name, classification=classification, is_system=True)
        unit.create(outcome, surely_free=True)


def keys_in(tenant: Tenant) -> set[str]:
    """The keys of the tenant's live outcome types."""
    return set(OutcomeType.objects.of(tenant).values_list("key", flat=True))


def names_by_key(tenant: Tenant) -> dict[str, str]:
    """What people call the tenant's live outcome types."""
    return dict(OutcomeType.objects.of(tenant).values_list("key", "name"))
