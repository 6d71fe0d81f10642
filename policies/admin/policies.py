"""The admin of contact policies: a form out of the rule's declaration, and every policy as a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from creatives.models import Channel
from kaireon import history
from kaireon.admin.columns import column
from kaireon.admin.entrance import actor_of
from kaireon.admin.filters import DeletedFilter
from kaireon.admin.forms import LifecycleForm
from kaireon.admin.lifecycle import LifecycleAdmin
from kaireon.tenancy import Tenant
from policies.admin.cards import card_of
from policies.admin.filters import ScopeFilter
from policies.admin.forms import PREFIX, PolicyForm, policy_form
from policies.admin.live import LivePages
from policies.admin.wording import PolicyWording
from policies.directory import Directory
from policies.models import ContactPolicy
from policies.reading import State, namer_for, read
from policies.rule import Preset, Rule
from policies.rules import RULES, rule_for
from policies.viewsets import ContactPolicyViewSet, ghost_references

RED = '<span class="font-semibold text-red-700 dark:text-red-400">{}</span>'
PRESETS = {preset.key: (rule, preset) for rule in RULES for preset in rule.presets}


@admin.register(ContactPolicy)
class ContactPolicyAdmin(LivePages, LifecycleAdmin):
    """Contact policies."""

    resource = ContactPolicyViewSet
    icon = "policy"
    form = PolicyForm
    change_form_template = "admin/policies/change_form.html"
    list_display = ("name", "state_of", "says", "places", "priority", "changed")
    list_editable = ("priority",)
    list_filter = (DeletedFilter, "status", "rule_type", ScopeFilter)
    search_fields = ("name", "description")
    search_help_text = "Name, description or id"

    def prepare(self, request: HttpRequest, rows: Iterable[Any]) -> None:
        policies = list(rows)
        states = [policy.state() for policy in policies]
        namer = namer_for(states, tenant=actor_of(request).tenant)
        authors = history.authors_of(policies)
        for policy, state in zip(policies, states, strict=True):
            policy.reading, policy.author = read(state, namer), authors.get(policy.pk, "")

    # -- columns -------------------------------------------------------------------------------------------------

    @column("What it says", ordering="rule_type")
    def says(self, policy: Any) -> SafeString:
        """The rule's name over its sentence; in red when the stored config cannot be read."""
        words = format_html(RED, policy.reading.says) if policy.reading.fault else policy.reading.says
        end = "." if policy.reading.places else ""
        steadfast = " Nothing sets it aside." if policy.reading.steadfast else ""
        rule = policy.get_rule_type_display()
        return format_html('<span class="kicker">{}</span>{}{}{}', rule, words, end, steadfast)

    @column("Applies")
    def places(self, policy: Any) -> str:
        text: str = policy.reading.places
        return text

    @column("Last change", ordering="updated_at")
    def changed(self, policy: Any) -> SafeString:
        """When, and by whom."""
        when = date_format(timezone.localtime(policy.updated_at), "j M Y, H:i")
        return format_html('<span class="nowrap">{}</span><span class="by">{}</span>', when, policy.author)

    @column("Rule")
    def rule_label(self, policy: ContactPolicy) -> str:
        return policy.get_rule_type_display()

    # -- the form ------------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        general: tuple[Any, ...] = ("name", "description", "status", "priority")
        if not self.may_write(request, obj):
            return [(None, {"fields": (*general, "rule_label")})]
        rule = self._rule(request, obj)
        keys = [PREFIX + option.key for option in rule.options()] if rule is not None else []
        title = rule.label if rule is not None else "Settings"
        return [
            (None, {"fields": general}),
            (title, {"fields": keys, "classes": ["rule-fields"]}),
            ("For machines", {"fields": ("other",), "classes": ["rule-fields", "collapse"]}),
            ("Scope", {"fields": ("scopes",)}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return () if self.may_write(request, obj) else ("rule_label",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if self.may_write(request, obj):
            _, preset = self._preset(request) if obj is None else (None, None)
            directory = Directory(actor_of(request).tenant)
            kwargs["form"] = policy_form(self._rule(request, obj), directory, preset=preset)
        else:
            kwargs["form"] = LifecycleForm
        return super().get_form(request, obj, change, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What a preset fills in besides its config."""
        _, preset = self._preset(request)
        if preset is None:
            return {}
        return {"name": preset.label, "scopes": _places(preset, actor_of(request).tenant)}

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Adds what the policy says, and what a new one could begin with."""
        policy, form = kwargs.get("obj"), context["adminform"].form
        if isinstance(form, PolicyForm):
            context |= self.said_of(request, form) | {"faults": []}
            rule = self._rule(request, policy)
            context["rule"] = card_of(rule) if rule is not None else None
            context["previewed"] = [of.slug for of in RULES if of.preview]
            context["previewed_by_days"] = [of.slug for of in RULES if of.preview and of.preview.needs_days]
            context["presets"] = [(card_of(of), it) for of, it in PRESETS.values()] if policy is None else []
        elif policy is not None:
            context["reading"] = policy.reading
        return super().render_change_form(request, context, *args, **kwargs)

    def wording(self, states: Iterable[State], tenant: Tenant) -> PolicyWording:
        return PolicyWording(states, tenant)

    def deletion_warnings(self, row: Any) -> list[str]:
        return ghost_references(row)

    def may_write(self, request: HttpRequest, obj: Any) -> bool:
        """Whether the person gets a form, of this policy or a new one."""
        return self.has_change_permission(request, obj) if obj else self.has_add_permission(request)

    def _rule(self, request: HttpRequest, obj: Any) -> type[Rule] | None:
        """The rule whose fields are shown: the one being chosen, else the policy's, else the first."""
        chosen, _ = self._preset(request)
        slugs = [
            request.POST.get("rule_type"),
            request.GET.get("rule_type"),
            obj.rule_type if obj else (chosen or RULES[0]).slug,
        ]
        known = {rule.slug for rule in RULES}
        return next((rule_for(slug) for slug in slugs if slug in known), None)

    def _preset(self, request: HttpRequest) -> tuple[type[Rule] | None, Preset | None]:
        return PRESETS.get(request.GET.get("preset", ""), (None, None))


def _places(preset: Preset, tenant: Tenant) -> list[dict[str, str | None]]:
    """Where a preset applies; with no channel of its type, a row that asks for one."""
    if preset.channel_type is None:
        return [{"scope": "global", "scopeId": None}]
    channels = Channel.objects.of(tenant).filter(channel_type=preset.channel_type).order_by("pk")
    return [{"scope": "channel", "scopeId": it.public_id} for it in channels] or [{"scope": "channel", "scopeId": None}]
