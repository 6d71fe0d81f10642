"""The form of a configured row: what was typed becomes the API's payload and goes through the API's serializer."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import FieldDoesNotExist
from django.urls import reverse
from django.utils.html import format_html
from rest_framework.exceptions import APIException, PermissionDenied, ValidationError
from unfold.widgets import UnfoldAdminTextInputWidget

from kaireon import clock
from kaireon.api.errors import details_of
from kaireon.api.serializers import ResourceSerializer, save_resource
from kaireon.lifecycle import Lifecycle
from kaireon.tenancy import Actor
from kaireon.trial import try_resource
from kaireon.writing import LifecycleError, StaleVersion, Writing, writing

PAGES = ("change", "history")
MOVED = "You switched to another tenant meanwhile, so nothing was saved. Switch back, or begin anew here."


class HalfValidError(Exception):
    """The serializer would take the rest, but a field of the form could not be read; nothing is written."""


class LifecycleForm(forms.ModelForm):  # type: ignore[type-arg]
    """Validates by writing: as in the API, whether a row is valid is known once the verbs have taken it.

    So a form that is valid has been stored, and one that is not has changed nothing; `save` has nothing left to do.
    A form whose class does not store is only judged: it has the same faults and warnings, and nothing is written.
    `actor`, `serializer` and `stores` are set on the class that the admin makes for each request.
    """

    actor: ClassVar[Actor]
    serializer: ClassVar[type[ResourceSerializer]]
    stores: ClassVar[bool] = True

    rowVersion = forms.IntegerField(required=False, widget=forms.HiddenInput)  # noqa: N815  the API's name
    openedIn = forms.CharField(required=False, widget=forms.HiddenInput)  # noqa: N815
    why = forms.CharField(
        required=False,
        max_length=1000,
        label="Why",
        help_text="Optional; stands in the history beside the change.",
        widget=UnfoldAdminTextInputWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.warnings: list[str] = []
        self.unread: set[str] = set()
        self.initial["rowVersion"] = self.instance.version if self.instance.pk else None
        self.initial["openedIn"] = self.actor.tenant.public_id

    # -- what is sent --------------------------------------------------------------------------------------------

    def payload(self) -> dict[str, Any]:
        """The API's payload: every field of a new row, else only those that were changed."""
        names = self.wire_names()
        sent = self.cleaned_data if self.instance.pk is None else self.changed_data
        return {
            names[name]: _wire_value(self.cleaned_data[name])
            for name in sent
            if name in names and name in self.cleaned_data
        }

    def wire_names(self) -> dict[str, str]:
        """The API's name of every form field that the serializer takes."""
        taken = api_names(self.serializer)
        found = {}
        for name in self.fields:
            source = self._source(name)
            if source in taken:
                found[name] = taken[source]
        return found

    def form_name(self, field: str) -> str | None:
        """The form field that shows the faults of a field of the API; None for one the form does not have."""
        head = re.split(r"[.\[]", field)[0]
        by_wire = {wire: name for name, wire in self.wire_names().items()}
        return next((name for name in (field, by_wire.get(head), head) if name in self.fields), None)

    def _source(self, name: str) -> str:
        try:
            model_field: Any = self._meta.model._meta.get_field(name)
        except FieldDoesNotExist:
            return name
        return str(model_field.attname)

    # -- writing -------------------------------------------------------------------------------------------------

    def _post_clean(self) -> None:
        """Instead of Django's model validation: the write itself, undone if anything is at fault."""
        if self.cleaned_data.get("openedIn") not in {"", None, self.actor.tenant.public_id}:
            self.add_error(None, MOVED)
            return
        self.unread = set(self.fields) - set(self.cleaned_data)
        if not self.stores:
            self.judge()
            return
        try:
            with writing(self.actor) as unit:
                row, warnings = self.write(unit)
                if self.errors:
                    raise HalfValidError
        except HalfValidError:
            return
        except (ValidationError, PermissionDenied, LifecycleError) as error:
            self.refuse(error)
        else:
            self.instance, self.warnings = row, warnings

    def judge(self) -> None:
        """Puts the faults a write would have on their fields, and keeps its warnings."""
        instance = self.instance if self.instance.pk is not None else None
        faults, self.warnings = try_resource(self.serializer, self.actor, data=self.judged(), instance=instance)
        for field, message in faults:
            self.refuse_field(field, message)

    def judged(self) -> dict[str, Any]:
        """The payload that is judged; a form whose unchanged parts matter too says them here."""
        return self.payload()

    def write(self, unit: Writing) -> tuple[Lifecycle, list[str]]:
        """Stores the payload; a form without a change writes nothing."""
        payload, reason = self.payload(), self.reason()
        if self.instance.pk is None:
            return save_resource(self.serializer, unit, data=payload, reason=reason)
        if not payload:
            return self.instance, []
        row = type(self.instance).everything.of(unit.tenant).get(pk=self.instance.pk)
        expected = self.cleaned_data.get("rowVersion")
        return save_resource(
            self.serializer, unit, data=payload, instance=row, expected_version=expected, reason=reason
        )

    def reason(self) -> str:
        """What the history says besides the change: what was done, and why somebody did it."""
        why = self.cleaned_data.get("why")
        return f"{'create' if self.instance.pk is None else 'update'}: {why}" if why else ""

    def refuse(self, error: Exception) -> None:
        """Puts each fault on its field, the rest above the form."""
        if isinstance(error, StaleVersion):
            self.add_error(None, self._overtaken(error.current))
            return
        faults = list(details_of(error))
        if not faults:
            self.add_error(None, str(error.detail) if isinstance(error, APIException) else str(error))
        for fault in faults:
            self.refuse_field(fault["field"], fault["message"])

    def _overtaken(self, current: int) -> str:
        """That a newer version was saved, and where to see it; what was typed stays on this page meanwhile."""
        meta, key = self._meta.model._meta, self.instance.pk
        change, history = (reverse(f"admin:{meta.app_label}_{meta.model_name}_{it}", args=[key]) for it in PAGES)
        return format_html(
            "Somebody else saved version {} meanwhile, so nothing was changed. "
            '<a class="underline" href="{}?left={}&amp;right={}" target="_blank">See what they changed</a>, then '
            '<a class="underline" href="{}" target="_blank">open the page again</a> and make your change there.',
            *(current, history, self.cleaned_data.get("rowVersion"), current, change),
        )

    def refuse_field(self, field: str, message: str) -> None:
        """One fault; a field whose text could not be read already says so."""
        name = self.form_name(field)
        if name is None:
            self.add_error(None, message if not field or field == "name" else f"{field}: {message}")
        elif name not in self.unread:
            self.add_error(name, message)

    def save(self, commit: bool = True) -> Any:
        """The row; validation has stored it."""
        self.save_m2m = lambda: None  # type: ignore[method-assign]
        return self.instance


def api_names(serializer: type[ResourceSerializer]) -> dict[str, str]:
    """The API's name of everything a serializer takes, by the attribute it stands for."""
    return {str(field.source or name): name for name, field in serializer().fields.items() if not field.read_only}


def _wire_value(value: Any) -> Any:
    if isinstance(value, Lifecycle):
        return value.public_id
    if isinstance(value, datetime):
        return clock.text(value)
    return float(value) if isinstance(value, Decimal) else value
