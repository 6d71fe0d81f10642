"""The choice of a rule type: one card for each, with what it means in a line."""

from __future__ import annotations

from typing import Any

from django import forms
from django.template.loader import render_to_string

from policies.rule import Rule
from policies.rules import RULES


def card_of(rule: type[Rule]) -> dict[str, Any]:
    """What people see of a rule type; a template would try to call the class."""
    return {"slug": rule.slug, "label": rule.label, "summary": rule.summary, "icon": rule.icon}


class RuleCards(forms.RadioSelect):
    """A group of radio buttons that look like cards, so that a keyboard and a screen reader know what to do."""

    template_name = "admin/policies/rule_cards.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["cards"] = [card_of(rule) | {"checked": rule.slug == value} for rule in RULES]
        return context

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> Any:
        """From the project's templates, which Django's own form renderer does not look into."""
        return render_to_string(template_name, context)
