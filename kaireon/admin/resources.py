"""Memberships and keys as resources: declared like those of the API, written by the same room, managed here only."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from rest_framework import serializers

from kaireon.access import ApiKey, Membership, issue_key
from kaireon.api.fields import ChoiceField, InstantField, NameField, TextField, shown
from kaireon.api.filters import ResourceFilterSet
from kaireon.api.serializers import ResourceSerializer
from kaireon.api.viewsets import CollectionViewSet
from kaireon.tenancy import ADMINS, Role


class MembershipSerializer(ResourceSerializer):
    """A person's role; the person is named once, when the membership begins."""

    model = Membership

    name = serializers.CharField(source="user.username", read_only=True)  # type: ignore[assignment]
    userId = serializers.CharField(source="user_id", read_only=True)  # noqa: N815  an API name
    username = TextField(write_only=True)
    role = ChoiceField(choices=Role.choices, required=False, default=Role.VIEWER)

    def check(self, values: dict[str, Any], data: Any, faulty: frozenset[str]) -> list[tuple[str, str]]:
        username = values.pop("username", None)
        if username is None or self.instance is not None:
            return []
        values["user"] = User.objects.filter(username=username, is_active=True).first()
        missing = f"There is no active account with the user name {shown(username)}; a superuser creates accounts."
        return [] if values["user"] else [("username", missing)]


class MembershipResource(CollectionViewSet):
    """Memberships."""

    serializer_class = MembershipSerializer
    filterset_class = ResourceFilterSet
    order = ("user__username", "id")
    readers = ADMINS
    writers = ADMINS
    embeds = ("user",)


class ApiKeySerializer(ResourceSerializer):
    """A key without the key itself, which only its maker sees: as `secret` of the row that was made."""

    model = ApiKey

    name = NameField()
    role = ChoiceField(choices=Role.choices, required=False, default=Role.VIEWER)
    start = TextField(read_only=True)
    expiresAt = InstantField(source="expires_at", required=False, allow_null=True, default=None)  # noqa: N815

    def create(self, validated_data: dict[str, Any]) -> ApiKey:
        key, secret = issue_key(self.unit, **validated_data)
        key.secret = secret  # type: ignore[attr-defined]
        return key


class ApiKeyResource(CollectionViewSet):
    """Keys."""

    serializer_class = ApiKeySerializer
    filterset_class = ResourceFilterSet
    order = ("name", "id")
    readers = ADMINS
    writers = ADMINS
