"""The audit log in the admin: read, searched, never written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin

from kaireon.admin.columns import column
from kaireon.admin.differences import State, Wording, differences, shown
from kaireon.admin.entrance import entered, role_of
from kaireon.admin.paging import CappedPaginator, tell_when_narrowed
from kaireon.api.views import AuditLogView
from kaireon.audit import AuditEntry, deed
from kaireon.lifecycle import kinds
from kaireon.tenancy import Role

ACTION_COLOURS = {"create": "success", "update": "info", "delete": "danger", "restore": "warning"}


class ReadOnlyAdmin(ModelAdmin):
    """Rows of the tenant that nobody changes here."""

    readers: ClassVar[frozenset[Role]]
    paginator = CappedPaginator
    show_full_result_count = False
    change_form_template = "admin/lifecycle/read_only.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return role_of(request) in self.readers

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        tell_when_narrowed(changelist)
        return changelist

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """What is never changed has no versions."""
        return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        entrance = entered(request)
        rows: Any = self.model._default_manager
        return rows.of(entrance.tenant) if entrance else rows.none()  # type: ignore[no-any-return]


class EntityFilter(SimpleListFilter):
    """Entries about one kind of row."""

    title = "Kind"
    parameter_name = "entity_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        named = [(name, str(model._meta.verbose_name)) for name, model in kinds().items()]
        return sorted([*named, ("tenant", "tenant")], key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(entity_type=self.value()) if self.value() else queryset


class ActionFilter(admin.AllValuesFieldListFilter):
    """Entries of one action, in plain words."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": deed(str(choice["display"])).capitalize()}


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what and when, in the tenant's unbroken chain."""

    readers = AuditLogView.readers
    icon = "receipt_long"
    list_display = ("when", "action_of", "kind_of", "name", "who", "entity_id_shown")
    list_filter = (EntityFilter, ("timestamp", admin.DateFieldListFilter), ("action", ActionFilter))
    search_fields = ("entity_name", "entity_id")
    search_help_text = "Name or id of what was changed"
    ordering = ("-sequence",)
    list_per_page = 50
    show_full_result_count = False
    change_form_template = "admin/lifecycle/audit_entry.html"
    fields = ("when", "action_of", "kind_of", "name", "entity_id_shown", "who")

    @column("When", ordering="timestamp")
    def when(self, entry: AuditEntry) -> str:
        return f"{timezone.localtime(entry.timestamp):%-d %b %Y, %H:%M:%S}"

    @column("Name", ordering="entity_name")
    def name(self, entry: AuditEntry) -> str:
        return entry.entity_name

    @column("Id")
    def entity_id_shown(self, entry: AuditEntry) -> str:
        return entry.entity_id

    @column("Action", ordering="action", label=ACTION_COLOURS)
    def action_of(self, entry: AuditEntry) -> str:
        return deed(entry.action)

    @column("Kind", ordering="entity_type")
    def kind_of(self, entry: AuditEntry) -> str:
        return entry.kind

    @column("Who")
    def who(self, entry: AuditEntry) -> str:
        return str(entry.content.get("actor", ""))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Adds the changes and the links of the chain."""
        entry = kwargs["obj"]
        before, after = entry.content.get("before"), entry.content.get("after")
        context["differences"] = differences(before, after, _wording(entry, [before, after]))
        context["body"] = shown(entry.content)
        return super().render_change_form(request, context, *args, **kwargs)


def _wording(entry: AuditEntry, states: list[State | None]) -> Wording:
    """The words of the kind of row an entry is about."""
    present = [state for state in states if state]
    keeper: Any = admin.site._registry.get(kinds().get(entry.entity_type))  # type: ignore[arg-type]
    wording: Any = getattr(keeper, "wording", Wording)
    return wording(present, entry.tenant)  # type: ignore[no-any-return]
