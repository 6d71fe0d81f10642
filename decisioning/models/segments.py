"""Segments: named groups of customers that policies can exclude."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models

from kaireon.lifecycle import Lifecycle, Status, unique_live
from kaireon.publicid import Kind
from kaireon.tenancy import Tenant

SLUG = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"


class Segment(Lifecycle):
    """One segment; its name is a slug, the word that policies and requests use."""

    id_kind = Kind("seg", 10)

    name = models.CharField(
        max_length=255, validators=[RegexValidator(SLUG, "Write letters, digits, hyphens and underscores.")]
    )
    description = models.TextField(blank=True, default="")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ACTIVE)

    class Meta:
        constraints = [
            unique_live("tenant", "name", name="segment_name_taken", message="A segment with that name already exists.")
        ]
        indexes = [models.Index(fields=["tenant", "-created_at", "-id"], name="segment_page")]


def names_in(tenant: Tenant) -> set[str]:
    """The names of the tenant's live segments."""
    return set(Segment.objects.of(tenant).values_list("name", flat=True))
