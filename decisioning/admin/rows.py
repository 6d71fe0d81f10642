"""The admin of what decisions are made with: segments, outcome types, flows, runs of campaigns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from unfold.decorators import action

from decisioning.api import viewsets
from decisioning.flows.publishing import Published, publish, rollback
from decisioning.models import CampaignRun, DecisionFlow, OutcomeType, Segment, SegmentMember
from kaireon.admin.bulk import REFUSALS, spoken
from kaireon.admin.columns import column
from kaireon.admin.entrance import actor_of, reason_in, role_of
from kaireon.admin.filters import DeletedFilter
from kaireon.admin.lifecycle import LifecycleAdmin
from kaireon.writing import Writing, writing

CUSTOMERS = "admin:decisioning_customer_changelist"


@admin.register(Segment)
class SegmentAdmin(LifecycleAdmin):
    """Named groups of customers."""

    resource = viewsets.SegmentViewSet
    icon = "groups"
    list_display = ("name", "description", "state_of", "updated_at")
    list_filter = (DeletedFilter, "status")
    search_fields = ("name", "description")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Members come and go by the API and by imports."""
        return ("members",) if obj else ()

    @column("Members")
    def members(self, row: Segment) -> str:
        number = SegmentMember.objects.filter(segment=row).count()
        return format_html('<a href="{}?segment={}">{}</a>', reverse(CUSTOMERS), row.pk, f"{number:,}")


@admin.register(OutcomeType)
class OutcomeTypeAdmin(LifecycleAdmin):
    """What can become of an offer that was shown."""

    resource = viewsets.OutcomeTypeViewSet
    icon = "ads_click"
    list_display = ("key", "name", "classification_label", "origin", "updated_at")
    words = {
        "key": ("Key", "Under which interactions are recorded; it never changes."),
        "classification": ("Counts as", "How summaries count it."),
    }
    list_filter = (DeletedFilter, "classification")
    search_fields = ("key", "name")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Interactions are recorded under the key, so it stays."""
        return ("key",) if obj else ()

    @column("Made by", ordering="is_system")
    def origin(self, row: OutcomeType) -> str:
        return "the system" if row.is_system else "you"

    @column(
        "Counts as",
        ordering="classification",
        label={"positive": "success", "neutral": "info", "negative": "danger"},
    )
    def classification_label(self, row: OutcomeType) -> str:
        return row.classification


@admin.register(DecisionFlow)
class DecisionFlowAdmin(LifecycleAdmin):
    """The stages a recommendation runs through; its page publishes the draft, or an older version once more."""

    resource = viewsets.DecisionFlowViewSet
    icon = "conversion_path"
    list_display = ("name", "key", "state_of", "default_label", "newest", "updated_at")
    words = {
        "key": ("Key", "What requests call it."),
        "is_default": ("Default", "Decides wherever a request names no flow; another one ceases to be the default."),
        "auto_assembly": (
            "Assembles itself",
            "Takes up new offers, channels and creatives and drops those that go; nothing is published by that.",
        ),
        "draft_config": ("Draft (JSON)", "The stages inventory, filter, score and allocate; publishing freezes them."),
    }
    list_filter = (DeletedFilter, "status")
    search_fields = ("name", "key")
    readonly_fields = ("published_versions",)
    actions_detail = ("publish_draft", "roll_back")
    fieldsets = (
        (None, {"fields": ("name", "key", "description", "status", "is_default", "auto_assembly")}),
        ("Stages", {"fields": ("draft_config", "published_versions")}),
    )

    def has_publish_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As in the API; `obj` may be the row's key."""
        return role_of(request) in self.resource.publishers

    @action(description="Publish", url_path="publish", permissions=["publish"], icon="publish")  # type: ignore[untyped-decorator]
    def publish_draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asks for a reason; a POST publishes the draft."""

        def act(unit: Writing, flow: DecisionFlow) -> Published:
            return publish(unit, flow, **_typed(request))

        return self._ask(request, object_id, act, question="Publish the draft of", versions=False)

    @action(description="Roll back", url_path="rollback", permissions=["publish"], icon="undo")  # type: ignore[untyped-decorator]
    def roll_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asks for the version; a POST publishes it once more."""

        def act(unit: Writing, flow: DecisionFlow) -> Published:
            return rollback(unit, flow, version=_number(request, "version") or 0, **_typed(request))

        return self._ask(request, object_id, act, question="Publish an older version of", versions=True)

    def deletion_warnings(self, row: DecisionFlow) -> list[str]:
        return ["It is the default; the oldest of the other flows becomes the default."] if row.is_default else []

    @column("Default", ordering="is_default", label={"default": "success"})
    def default_label(self, row: DecisionFlow) -> str | None:
        """A word on the one it is true of."""
        return "default" if row.is_default else None

    @column("Published")
    def newest(self, row: DecisionFlow) -> str:
        versions = row.published()
        return f"version {versions[0].version}" if versions else "-"

    @admin.display(description="Published versions")
    def published_versions(self, row: DecisionFlow) -> str:
        """One line for each, newest first."""
        versions = row.published() if row.pk else []
        at = [timezone.localtime(version.published_at) for version in versions]
        lines = (
            (it.version, f"{when:%-d %b %Y, %H:%M %Z}", it.published_by) for it, when in zip(versions, at, strict=True)
        )
        return format_html_join("", "<div>Version {}, {}, {}</div>", lines) or "None yet"

    def _ask(
        self,
        request: HttpRequest,
        object_id: str,
        act: Callable[[Writing, DecisionFlow], Published],
        *,
        question: str,
        versions: bool,
    ) -> HttpResponse:
        """Shows the question; a POST carries it out and returns to the flow's page."""
        flow: Any = self.row_of(request, object_id)
        if flow is None or flow.deleted_at is not None:
            return self.nothing_here(request, object_id)
        if request.method == "POST":
            self._carry_out(request, flow, act)
            return HttpResponseRedirect(self.address_of("change", flow))
        shown = flow.published() if versions else []
        context = self.context_of(request, flow, f"{question} {flow}")
        context |= {"question": question, "asks_version": versions, "versions": shown}
        return TemplateResponse(request, "admin/flows/publish.html", context)

    def _carry_out(
        self, request: HttpRequest, flow: DecisionFlow, act: Callable[[Writing, DecisionFlow], Published]
    ) -> None:
        try:
            with writing(actor_of(request)) as unit:
                current = DecisionFlow.everything.of(unit.tenant).get(pk=flow.pk)
                published, warnings = act(unit, current)
                newest = published.newest_version()
        except REFUSALS as error:
            self.message_user(request, f"Nothing was changed: {spoken(error)}", messages.ERROR)
            return
        number = newest.version if newest is not None else 0
        self.message_user(request, f'"{flow}" was published as version {number}.', messages.SUCCESS)
        for warning in warnings:
            self.message_user(request, warning, messages.WARNING)


@admin.register(CampaignRun)
class CampaignRunAdmin(LifecycleAdmin):
    """Runs of campaigns."""

    resource = viewsets.CampaignRunViewSet
    icon = "rocket_launch"
    list_display = ("name", "decision_flow", "segment", "state_of", "updated_at")
    list_filter = (DeletedFilter, "status")
    list_select_related = ("decision_flow", "segment")
    search_fields = ("name", "description")
    autocomplete_fields = ("decision_flow", "segment")
    fields = ("name", "description", "status", "decision_flow", "segment")


def _typed(request: HttpRequest) -> dict[str, Any]:
    """The reason, and the version of the flow that was on the screen."""
    return {"reason": reason_in(request, "reason"), "expected_version": _number(request, "rowVersion")}


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
