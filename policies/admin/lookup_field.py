"""A form field that names things by searching for them: one or several of a kind, out of the tenant's directory."""

from __future__ import annotations

from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.urls import reverse
from unfold.widgets import INPUT_CLASSES

from policies.directory import Directory

TYPED = ".typed"  # what was written into the search box of a field
MODULES = (
    forms.widgets.Script("policies/lookup.js", type="module"),
    forms.widgets.Script("policies/policy_form.js", type="module"),
)


class LookupWidget(forms.Widget):
    """A search box with what is chosen; without a script a name that is written out counts, and chosen ones untick."""

    template_name = "admin/policies/lookup.html"

    class Media:
        js = MODULES

    def __init__(self, directory: Directory, kind: str, *, many: bool) -> None:
        super().__init__()
        self.directory, self.kind, self.many = directory, kind, many

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        typed = (data.get(name + TYPED) or "").strip()
        if self.many:
            given = data.getlist(name) if hasattr(data, "getlist") else data.get(name) or []
            keys = [key for key in given if key]
            named = self.directory.exactly(self.kind, typed) if typed else None
            return keys if named is None or named in keys else [*keys, named]
        return chosen(self.directory, self.kind, data, name)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        keys = list(value or []) if self.many else [value] if value else []
        names = self.directory.names(self.kind, keys)
        return context | shown_lookup(name, self.kind, [(key, names[key]) for key in keys], many=self.many)

    def id_for_label(self, id_: str) -> str:
        return id_

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> Any:
        """From the project's templates, which Django's own form renderer does not look into."""
        return render_to_string(template_name, context)


class LookupField(forms.Field):
    """One key, or a list of keys; whether they are right is the rule's and the serializer's to say."""

    def __init__(self, directory: Directory, kind: str, *, many: bool) -> None:
        super().__init__(required=False, widget=LookupWidget(directory, kind, many=many))
        self.many = many

    def has_changed(self, initial: Any, data: Any) -> bool:
        nothing: Any = [] if self.many else None
        return bool((data or nothing) != (initial or nothing))


def chosen(directory: Directory, kind: str, data: Any, name: str) -> str | None:
    """The one key a search box says: what was chosen, unless another name was written over it."""
    key: str | None = data.get(name) or None
    typed = data.get(name + TYPED)
    if typed is None:
        return key
    if not typed.strip():
        return None
    if key is not None and directory.names(kind, [key])[key] == typed.strip():
        return key
    return directory.exactly(kind, typed.strip())


def shown_lookup(name: str, kind: str, picked: list[tuple[str, str]], *, many: bool) -> dict[str, Any]:
    """What the template of a search box needs."""
    return {
        "name": name,
        "kind": kind,
        "many": many,
        "picked": picked,
        "address": reverse("admin:policies_contactpolicy_lookup"),
        "input_classes": " ".join(INPUT_CLASSES),
    }
