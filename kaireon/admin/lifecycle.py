"""LifecycleAdmin: the admin of configured rows, limited to tenant and role, writing through the API's room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.contrib import messages
from django.db import models
from django.db.models import Q, QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from kaireon.admin.bulk import BulkActions
from kaireon.admin.columns import column
from kaireon.admin.entrance import actor_of, entered, role_of
from kaireon.admin.fields import RowField, StrictJSONField
from kaireon.admin.filters import DeletedFilter
from kaireon.admin.forms import LifecycleForm
from kaireon.admin.inline import InlineEdits, ListForm
from kaireon.admin.paging import CappedPaginator, tell_when_narrowed
from kaireon.admin.rows import RowPages, reason_given
from kaireon.api.views import NOT_RESTORABLE, RestoreView
from kaireon.api.viewsets import CollectionViewSet
from kaireon.lifecycle import Lifecycle
from kaireon.writing import LifecycleError, owned_by, writing

STATUS_COLOURS = {"active": "success", "draft": "info", "paused": "warning", "deleted": "danger"}


class LifecycleAdmin(BulkActions, InlineEdits, RowPages, ModelAdmin):
    """One kind of configured row. `resource` is the API's declaration of it: serializer, roles, order, embeds."""

    resource: ClassVar[type[CollectionViewSet]]
    icon: ClassVar[str] = "circle"
    # label and help of fields that need better ones than their name
    words: ClassVar[Mapping[str, tuple[str, str]]] = {}
    form = LifecycleForm
    list_filter: Sequence[Any] = (DeletedFilter,)
    list_per_page = 50
    paginator = CappedPaginator
    list_before_template = "admin/lifecycle/living_or_deleted.html"
    show_full_result_count = False
    save_as = False
    warn_unsaved_form = True
    formfield_overrides = {models.TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 3})}}
    change_form_template = "admin/lifecycle/change_form.html"
    delete_confirmation_template = "admin/lifecycle/delete_confirmation.html"
    delete_selected_confirmation_template = "admin/lifecycle/delete_confirmation.html"
    object_history_template = "admin/lifecycle/history.html"

    class Media:
        js = (Script("kaireon/named_boxes.js", type="module"),)

    # -- who may -------------------------------------------------------------------------------------------------

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return role_of(request) in self.resource.readers

    def has_add_permission(self, request: HttpRequest) -> bool:
        return role_of(request) in self.resource.writers

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A deleted row, and one of the system, can only be looked at."""
        return self.has_add_permission(request) and (obj is None or _open(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_restore_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As in the API's restore."""
        return not self.irrevocable and role_of(request) in RestoreView.restorers & self.resource.readers

    @property
    def irrevocable(self) -> bool:
        """Whether rows of this kind cannot be restored once they are deleted."""
        return self.model.entity_type() in NOT_RESTORABLE

    # -- which rows ----------------------------------------------------------------------------------------------

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """What the row keeps to itself is not guessed at by filtering, either."""
        hidden = lookup.partition("__")[0] in self.model.unaudited
        return not hidden and super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        entrance = entered(request)
        if entrance is None:
            return self.model.everything.none()
        # What is named here keeps Django from adding `list_select_related` to the list by itself.
        named = dict.fromkeys((*self.resource.embeds, *(self.list_select_related or ())))
        rows = self.model.everything.of(entrance.tenant).beside(*named)
        return rows.prefetch_related(*self.resource.prefetches).order_by(*self.resource.order)

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        return self.resource.order

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """A public id finds its row."""
        key = self.model.id_kind.decode(search_term.strip())
        if key is not None:
            return queryset.filter(pk=key), False
        found: tuple[Any, bool] = super().get_search_results(request, queryset, search_term)
        return found

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            self.prepare(request, [row])
        return row

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        tell_when_narrowed(changelist)
        self.prepare(request, changelist.result_list)
        if all(row.deleted_at is not None for row in changelist.result_list):
            changelist.list_editable = ()  # there is nothing to save
        return changelist

    def prepare(self, request: HttpRequest, rows: Iterable[Any]) -> None:
        """Gives the rows of a page what their columns need, in a constant number of queries."""

    # -- the form ------------------------------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["labels"] = {name: label for name, (label, _) in self.words.items()}
        kwargs["help_texts"] = {name: text for name, (_, text) in self.words.items()}
        form = super().get_form(request, obj, change, **kwargs)
        form.actor, form.serializer = actor_of(request), self.resource.serializer_class
        return form

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The hidden fields stand outside the fieldsets, in the template."""
        return [name for name in super().get_fields(request, obj) if name not in {"rowVersion", "openedIn", "why"}]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if issubclass(db_field.related_model, Lifecycle):
            kwargs |= {"queryset": self._choices(db_field, request), "form_class": RowField}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.JSONField):
            label = kwargs.get("label") or db_field.verbose_name.capitalize()
            help_text = kwargs.get("help_text", db_field.help_text)
            return StrictJSONField(empty=db_field.get_default(), label=label, help_text=help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def _choices(self, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        """The tenant's live rows, and the one already chosen: an old reference may stay."""
        rows: QuerySet[Any] = db_field.related_model.everything.of(actor_of(request).tenant)
        chosen = Q()
        match = request.resolver_match
        if match is not None and "object_id" in match.kwargs and str(match.kwargs["object_id"]).isdecimal():
            own = self.get_queryset(request).filter(pk=match.kwargs["object_id"])
            chosen = Q(pk__in=own.order_by().values(db_field.attname))
        return rows.filter(Q(deleted_at__isnull=True) | chosen) if chosen else rows.live()  # type: ignore[attr-defined]

    # -- writing -------------------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The form has stored the row, and its warnings are passed on; what was edited in a list is stored here."""
        if isinstance(form, ListForm):
            self.save_inline(request, form)
            return
        for warning in form.warnings:
            self.message_user(request, warning, messages.WARNING)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: what lies in other tables was stored with the row."""

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with writing(actor_of(request)) as unit:
            unit.soft_delete(obj, reason=reason_given(request, "soft_delete"))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        with writing(actor_of(request)) as unit:
            for row in list(queryset.live()):
                unit.soft_delete(row, reason=reason_given(request, "soft_delete"))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """A refused deletion is said above the list."""
        extra_context = {"irrevocable": self.irrevocable, **(extra_context or {})}
        try:
            response: HttpResponse = super().delete_view(request, object_id, extra_context)
        except LifecycleError as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(reverse(f"admin:{self._name('changelist')}"))
        return response

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """What a deletion takes along, by the lifecycle's rules instead of the database's cascades."""
        named: list[Any] = []
        going: list[Lifecycle] = []
        for row in objs:
            children = list(owned_by(row))
            going += [row, *children]
            below = [f"{child._meta.verbose_name} {child}" for child in children] + self.deletion_warnings(row)
            named += [str(row), below] if below else [str(row)]
        counts = Counter(type(row) for row in going)
        return named, {_plural(model, number): number for model, number in counts.items()}, set(), []

    def deletion_warnings(self, row: Any) -> list[str]:
        """What somebody should know before deleting the row."""
        return []

    # Kaireon's audit log is the one log; Django's own would repeat it without tenant and chain.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return None

    # -- columns -------------------------------------------------------------------------------------------------

    @column("Status", ordering="status", label=STATUS_COLOURS)
    def state_of(self, row: Any) -> str:
        return "deleted" if row.deleted_at else getattr(row, "status", "live")

    def _name(self, view: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{view}"


def _plural(model: type[Lifecycle], number: int) -> str:
    return str(model._meta.verbose_name if number == 1 else model._meta.verbose_name_plural)


def _open(row: Lifecycle) -> bool:
    return row.deleted_at is None and row.frozen_because() is None
