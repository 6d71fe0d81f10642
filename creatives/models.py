"""The catalogue: what can be said (offers, creatives), where (channels, placements), sorted into categories."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from kaireon.lifecycle import Lifecycle, Status, unique_live
from kaireon.publicid import Kind

PERCENT = [MinValueValidator(0), MaxValueValidator(100)]


def unique_name(*owner: str, name: str, what: str) -> models.UniqueConstraint:
    """Names are unique among an owner's live rows and free again after deletion."""
    return unique_live(*owner, "name", name=name, message=f"{what} with that name already exists.")


class Named(Lifecycle):
    """What every part of the catalogue has."""

    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)

    class Meta:
        abstract = True


class Category(Named):
    """A family of offers."""

    id_kind = Kind("cat", 6)

    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ACTIVE)
    ordinal = models.IntegerField(default=0, help_text="Categories are listed by it, smallest first.")
    color = models.CharField(max_length=64, blank=True, default="")
    icon = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        verbose_name_plural = "categories"
        constraints = [unique_name("tenant", name="category_name_taken", what="A category")]
        indexes = [models.Index(fields=["tenant", "ordinal", "id"], name="category_page")]


class SubCategory(Named):
    """A part of a category."""

    id_kind = Kind("sub", 7)
    owners = ("category",)

    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ACTIVE)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "sub-category"
        verbose_name_plural = "sub-categories"
        constraints = [unique_name("category", name="sub_category_name_taken", what="A sub-category of this category")]
        indexes = [models.Index(fields=["tenant", "-created_at", "-id"], name="sub_category_page")]


class Offer(Named):
    """Something a customer can be offered."""

    id_kind = Kind("off", 5)
    wire_names = {"category_label": "category"}

    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sub_category = models.ForeignKey(SubCategory, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    category_label = models.CharField(
        max_length=255, blank=True, default="", help_text="Free-form marketing label; offer category caps count by it."
    )
    priority = models.PositiveSmallIntegerField(default=50, validators=PERCENT)
    business_value = models.FloatField(default=0)
    mandatory = models.BooleanField(default=False)
    mandatory_reason = models.TextField(blank=True, default="")
    mandatory_expires_at = models.DateTimeField(null=True, blank=True)
    short_desc = models.TextField(blank=True, default="")
    tags = models.JSONField(default=list, blank=True)
    schedule = models.JSONField(default=dict, blank=True)
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [unique_name("tenant", name="offer_name_taken", what="An offer")]
        indexes = [models.Index(fields=["tenant", "-created_at", "-id"], name="offer_page")]


class DeliveryMode(models.TextChoices):
    """How content leaves the house."""

    API = "api"
    FILE = "file"
    INTEGRATION = "integration"
    MANUAL = "manual"


class ImpressionMode(models.TextChoices):
    """What counts as the contact: the client's report, or being recommended."""

    EXPLICIT = "explicit"
    IMPLICIT = "implicit"


class CouplingMode(models.TextChoices):
    """Whether a channel's placements may be filled in part."""

    PARTIAL = "partial"
    ATOMIC = "atomic"


class Channel(Named):
    """A way to reach customers."""

    id_kind = Kind("ch", 8)

    channel_type = models.CharField(
        max_length=255, default="email", help_text="email, push, sms, in_app, web, whatsapp, direct_mail, webhook, ..."
    )
    delivery_mode = models.CharField(max_length=16, choices=DeliveryMode.choices, default=DeliveryMode.API)
    impression_mode = models.CharField(max_length=16, choices=ImpressionMode.choices, default=ImpressionMode.EXPLICIT)
    coupling_mode = models.CharField(max_length=16, choices=CouplingMode.choices, default=CouplingMode.PARTIAL)
    cost_per_contact = models.DecimalField(
        max_digits=15, decimal_places=6, default=Decimal(0), validators=[MinValueValidator(0)]
    )

    class Meta:
        constraints = [unique_name("tenant", name="channel_name_taken", what="A channel")]
        indexes = [models.Index(fields=["tenant", "-created_at", "-id"], name="channel_page")]


class Placement(Named):
    """A place on a channel, with room for so many creatives."""

    id_kind = Kind("pl", 9)
    owners = ("channel",)

    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ACTIVE)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    slot_type = models.CharField(max_length=255, default="banner")
    max_slots = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    schema = models.JSONField(default=dict, blank=True)
    targeting = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [unique_name("channel", name="placement_name_taken", what="A placement on this channel")]
        indexes = [models.Index(fields=["tenant", "-created_at", "-id"], name="placement_page")]


class Creative(Named):
    """An offer's content for a channel, and for one placement on it or for all."""

    id_kind = Kind("cre", 4)
    owners = ("offer", "channel")

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+")
    placement = models.ForeignKey(Placement, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    template_type = models.CharField(max_length=255, default="email_html")
    content = models.JSONField(default=dict, blank=True)
    personalization = models.JSONField(default=list, blank=True)
    constraints = models.JSONField(default=dict, blank=True)
    ab_test_variant = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001  null and "" differ in the API
    weight = models.PositiveSmallIntegerField(default=100, validators=PERCENT)
    metrics = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [unique_name("tenant", name="creative_name_taken", what="A creative")]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="creative_page"),
            models.Index(fields=["tenant", "offer"], name="creative_of_offer"),
            models.Index(fields=["tenant", "status", "-created_at", "-id"], name="creative_by_status"),
            models.Index(fields=["tenant", "template_type", "-created_at", "-id"], name="creative_by_type"),
            models.Index(
                fields=["tenant", "-created_at", "-id"],
                name="creative_deleted",
                condition=models.Q(deleted_at__isnull=False),
            ),
        ]
