"""Decision flows: which stages a recommendation runs through, and with which settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.validators import RegexValidator
from django.db import models

from kaireon.lifecycle import Lifecycle, Status, unique_live
from kaireon.publicid import Kind
from kaireon.tenancy import TenantOwned
from policies.models import ContactPolicy


class DecisionFlow(Lifecycle):
    """One flow; `draft_config` is what is being edited."""

    id_kind = Kind("df", 11)

    key = models.CharField(
        max_length=63,
        validators=[
            RegexValidator(r"^[a-z0-9][a-z0-9_-]*$", "Write lower-case letters, digits, hyphens, underscores.")
        ],
    )
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    draft_config = models.JSONField(default=dict, blank=True)
    auto_assembly = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)

    class Meta:
        verbose_name = "decision flow"
        constraints = [
            unique_live(
                "tenant", "key", name="decision_flow_key_taken", message="A decision flow with that key already exists."
            ),
            unique_live(
                "tenant",
                "name",
                name="decision_flow_name_taken",
                message="A decision flow with that name already exists.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at", "-id"], name="decision_flow_page")]

    def parts(self) -> dict[str, Any]:
        """The newest published version, so that history and audit show what was in force."""
        newest = self.newest_version()
        if newest is None:
            return {"publishedVersion": None}
        shown = {"version": newest.version, "config": newest.config, "publishedBy": newest.published_by}
        return {"publishedVersion": shown}

    def write_parts(self, parts: Mapping[str, Any], *, now: datetime) -> None:
        """Adds the version that `publishedVersion` describes; versions are never changed or taken back."""
        published = parts["publishedVersion"]
        FlowVersion.objects.create(
            tenant_id=self.tenant_id,
            flow=self,
            version=published["version"],
            config=published["config"],
            published_at=now,
            published_by=published["publishedBy"],
        )

    def newest_version(self) -> FlowVersion | None:
        """What recommendations run while the flow is active; None before it is first published."""
        return FlowVersion.objects.filter(flow=self.pk).order_by("-version").first()

    def published(self) -> list[FlowVersion]:
        """Every published version, the newest first; costs nothing when `versions` was prefetched."""
        return sorted(self.versions.all(), key=lambda version: -version.version)

    def policy_ids(self) -> list[Any]:
        """The policies its filter stage names; client's JSON, so every level may be anything."""
        node: Any = self.draft_config
        for key in ("stages", "filter", "contactPolicyIds"):
            node = node.get(key) if isinstance(node, dict) else None
        return node if isinstance(node, list) else []


class FlowVersion(TenantOwned):
    """What a flow said when it was published; recommendations run the newest one."""

    flow = models.ForeignKey(DecisionFlow, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    config = models.JSONField()
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=255)

    class Meta:
        verbose_name = "flow version"
        constraints = [models.UniqueConstraint(fields=["flow", "version"], name="flow_version_once")]

    def __str__(self) -> str:
        return f"{self.flow} {self.version}"


class AssemblyLine(TenantOwned):
    """One line of a flow's assembly log: what it took up or dropped by itself, and after which change."""

    flow = models.ForeignKey(DecisionFlow, on_delete=models.PROTECT, related_name="assembly_log")
    at = models.DateTimeField()
    taken_up = models.JSONField(default=list)
    dropped = models.JSONField(default=list)
    cause = models.CharField(max_length=255)

    class Meta:
        verbose_name = "assembly log line"
        indexes = [models.Index(fields=["flow", "-id"], name="assembly_line_page")]

    def __str__(self) -> str:
        return f"{self.flow}: {self.cause}"


def mentions_of(policy: ContactPolicy) -> list[str]:
    """A warning for each flow whose filter stage names the policy."""
    flows = DecisionFlow.objects.filter(tenant=policy.tenant_id).order_by("pk")
    return [
        f'Referenced by decision flow "{flow.name}" — it will skip this policy.'  # the contract's wording
        for flow in flows.iterator()
        if policy.public_id in flow.policy_ids()
    ]
