"""The admin of access: people and their roles, keys, tenants."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from kaireon.access import ApiKey, Membership, audit_tenant, create_tenant
from kaireon.admin.columns import column
from kaireon.admin.entrance import acting_in, entered, role_of
from kaireon.admin.forms import LifecycleForm
from kaireon.admin.lifecycle import LifecycleAdmin
from kaireon.admin.resources import ApiKeyResource, MembershipResource
from kaireon.tenancy import ADMINS, Role, Tenant
from kaireon.writing import writing

admin.site.unregister(User)
admin.site.unregister(Group)

ROLE_COLOURS = {"admin": "danger", "editor": "info", "viewer": "success", "delivery": "warning"}


class MembershipForm(LifecycleForm):
    """A person is named by the account's user name: lists of people would cross the tenants."""

    username = forms.CharField(
        label="User name",
        widget=UnfoldAdminTextInputWidget,
        help_text="Of an existing account; a superuser creates accounts.",
    )


@admin.register(Membership)
class MembershipAdmin(LifecycleAdmin):
    """People and their roles in the tenant."""

    resource = MembershipResource
    icon = "group"
    form = MembershipForm
    list_display = ("user", "role_label", "updated_at")
    search_fields = ("user__username",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("role",) if obj else ("username", "role")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The person of a membership never changes."""
        if obj is not None:
            kwargs["form"] = LifecycleForm
        return super().get_form(request, obj, change, **kwargs)

    @column("Role", ordering="role", label=ROLE_COLOURS)
    def role_label(self, row: Membership) -> str:
        return row.role


@admin.register(ApiKey)
class ApiKeyAdmin(LifecycleAdmin):
    """Keys of systems; one is shown once, when it is made. Deleting a key revokes it at once."""

    resource = ApiKeyResource
    icon = "key"
    list_display = ("name", "role_label", "start", "expires_at", "last_used_at")
    search_fields = ("name", "start")
    fields = ("name", "role", "expires_at")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            text = f"The key is {obj.secret} . Copy it now: only its fingerprint was stored, it is never shown again."
            self.message_user(request, text, messages.WARNING)

    @column("Role", ordering="role", label=ROLE_COLOURS)
    def role_label(self, row: ApiKey) -> str:
        return row.role


@admin.register(Tenant)
class TenantAdmin(ModelAdmin):
    """Tenants: made by superusers, renamed by their admins too, never deleted."""

    icon = "apartment"
    list_display = ("name", "key", "timezone", "created_at")
    search_fields = ("name", "key")
    ordering = ("name",)
    fields = ("key", "name", "timezone")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _superuser(request) or role_of(request) in ADMINS

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        entrance = entered(request)
        return rows if _superuser(request) else rows.filter(pk=entrance.tenant.pk if entrance else None)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("key",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new tenant comes with all it needs; a change is audited in the tenant's own chain."""
        if not change:
            made = create_tenant(key=obj.key, name=obj.name, timezone=obj.timezone)
            obj.pk, obj._state.adding = made.pk, False
            return
        with writing(acting_in(request, obj, Role.ADMIN)) as unit:
            before = Tenant.objects.get(pk=obj.pk).state()
            obj.save()
            audit_tenant(unit, action="update", before=before)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    """Accounts; what a person may do is said by memberships, so accounts carry no permissions of their own."""

    icon = "person"
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "first_name", "last_name", "is_active", "is_superuser")
    list_filter = ("is_active", "is_superuser")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_superuser", "last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Audit and history name people; an account is switched off instead."""
        return False


def _superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser
