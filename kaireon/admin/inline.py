"""Fields that are edited in the list itself: everything that was changed on a page, in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from kaireon.admin.bulk import RefusedRowError, carry_out
from kaireon.admin.entrance import actor_of
from kaireon.admin.forms import api_names
from kaireon.api.serializers import save_resource
from kaireon.lifecycle import Lifecycle
from kaireon.writing import Writing, writing


class ListForm(forms.ModelForm):  # type: ignore[type-arg]
    """One row of the list. What the person changed counts, compared with what the page showed, not with what is now."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True
            field.widget.attrs["aria-label"] = f"{field.label} of {self.instance}"
            field.disabled = self.instance.deleted_at is not None

    def clean(self) -> dict[str, Any]:
        """Refuses what somebody else changed since the page was shown."""
        cleaned: dict[str, Any] = super().clean() or {}
        for name in set(self.changed_data) & set(self.fields):
            current = getattr(self.instance, name, None)
            shown = self.fields[name].to_python(self.data.get(self.add_initial_prefix(name)))
            if name in cleaned and name != self.instance._meta.pk.name and shown != current:
                self.add_error(name, f"Somebody else set it to {current} meanwhile; open the list again.")
        return cleaned


class InlineEdits:
    """The editable lists of LifecycleAdmin."""

    model: type[Lifecycle]
    resource: ClassVar[Any]
    list_editable: Any
    has_change_permission: Callable[..., bool]
    message_user: Callable[..., None]

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_form(request, **{**kwargs, "form": ListForm})  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list; what was edited in it is written in one transaction, which the first refusal undoes."""
        saving = request.method == "POST" and "_save" in request.POST and bool(self.list_editable)
        if not saving or not self.has_change_permission(request):
            return super().changelist_view(request, extra_context)  # type: ignore[misc, no-any-return]
        try:
            with writing(actor_of(request)) as unit:
                request._unit = unit  # type: ignore[attr-defined]
                response: HttpResponse = super().changelist_view(request, extra_context)  # type: ignore[misc]
        except RefusedRowError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return response

    def save_inline(self, request: HttpRequest, form: ListForm) -> None:
        """One edited row, through the verbs."""
        names = api_names(self.resource.serializer_class)
        data = {names[name]: form.cleaned_data[name] for name in form.changed_data if name in names}

        def change(unit: Writing, row: Lifecycle) -> None:
            _, warnings = save_resource(self.resource.serializer_class, unit, data=data, instance=row)
            for warning in warnings:
                self.message_user(request, warning, messages.WARNING)

        unit: Writing = request._unit  # type: ignore[attr-defined]
        carry_out(change, unit, self.model.everything.of(unit.tenant).get(pk=form.instance.pk))
