"""The admin of contact policies: a form out of the rule's declaration, and every policy as a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kaireon.admin.columns import column
from kaireon.admin.entrance import actor_of
from kaireon.admin.filters import DeletedFilter
from kaireon.admin.lifecycle import LifecycleAdmin
from kaireon.tenancy import Tenant
from policies.forms import PREFIX, PolicyForm, policy_form
from policies.models import SCOPED, ContactPolicy
from policies.reading import NAMED, namer_for, read
from policies.rule import Rule
from policies.rules import RULES, rule_for
from policies.serializers import known_names
from policies.viewsets import ContactPolicyViewSet, ghost_references

RED = '<span class="font-semibold text-red-700 dark:text-red-400">{}</span>'


@admin.register(ContactPolicy)
class ContactPolicyAdmin(LifecycleAdmin):
    """Contact policies."""

    resource = ContactPolicyViewSet
    icon = "policy"
    form = PolicyForm
    list_display = ("name", "sentence", "rule_label", "state_of", "priority")
    list_filter = (DeletedFilter, "status", "rule_type")
    search_fields = ("name", "description")

    def prepare(self, request: HttpRequest, rows: Iterable[Any]) -> None:
        policies = list(rows)
        namer = namer_for(policies, tenant=actor_of(request).tenant)
        for policy in policies:
            policy.reading = read(policy, namer)

    # -- columns -------------------------------------------------------------------------------------------------

    @column("What it says")
    def sentence(self, policy: Any) -> SafeString | str:
        """In red when the stored config cannot be read."""
        text: str = policy.reading.text
        return format_html(RED, text) if policy.reading.fault else text

    @column("Rule", ordering="rule_type")
    def rule_label(self, policy: ContactPolicy) -> str:
        return policy.get_rule_type_display()

    # -- the form ------------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        general = ("name", "description", "status", "priority")
        if not self._may_write(request, obj):
            return [(None, {"fields": (*general, "rule_label", "sentence")})]
        rule = self._rule(request, obj)
        keys = [PREFIX + option.key for option in rule.options()] if rule is not None else []
        described = {"description": rule.summary} if rule is not None else {}
        return [
            (None, {"fields": general}),
            ("Rule", {"fields": ("rule_type", *keys, "other"), "classes": ["rule-fields"], **described}),
            ("Scope", {"fields": ("scopes",)}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return () if self._may_write(request, obj) else ("rule_label", "sentence")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        tenant = actor_of(request).tenant
        if self._may_write(request, obj):
            kwargs["form"] = policy_form(
                self._rule(request, obj),
                choices=lambda kind: _choices(tenant, kind),
                targets={scope: _named(tenant, model) for scope, model in SCOPED.items()},
            )
        else:
            kwargs["form"] = super().form.__mro__[1]
        return super().get_form(request, obj, change, **kwargs)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        policy = kwargs.get("obj")
        context["reading"] = policy.reading if policy is not None and policy.pk else None
        return super().render_change_form(request, context, *args, **kwargs)

    def deletion_warnings(self, row: Any) -> list[str]:
        return ghost_references(row)

    def _may_write(self, request: HttpRequest, obj: Any) -> bool:
        return self.has_change_permission(request, obj) if obj else self.has_add_permission(request)

    def _rule(self, request: HttpRequest, obj: Any) -> type[Rule] | None:
        """The rule whose fields are shown: the one being chosen, else the policy's, else the first."""
        slugs = [
            request.POST.get("rule_type"),
            request.GET.get("rule_type"),
            obj.rule_type if obj else RULES[0].slug,
        ]
        known = {rule.slug for rule in RULES}
        return next((rule_for(slug) for slug in slugs if slug in known), None)


def _choices(tenant: Tenant, kind: str) -> list[tuple[str, str]] | None:
    """What an option can name: rows by id, or the words a tenant knows; None for words nobody keeps."""
    if kind in NAMED:
        return _named(tenant, NAMED[kind])
    known = known_names.get(kind)
    return [(name, name) for name in sorted(known(tenant))] if known is not None else None


def _named(tenant: Tenant, model: Any) -> list[tuple[str, str]]:
    rows = model.everything.of(tenant).live().order_by("name").values_list("pk", "name")
    return [(model.id_kind.encode(pk), name) for pk, name in rows]
