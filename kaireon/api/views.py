"""Endpoints of the mechanism itself: restore, the audit log, and whether the service is up."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kaireon import audit, clock
from kaireon.api.errors import envelope, refuse
from kaireon.api.fields import shown
from kaireon.api.filters import InstantFilter, StrictFilterBackend, refuse_unknown_parameters
from kaireon.api.pagination import paginate
from kaireon.api.permissions import actor_of
from kaireon.api.schema import AUDIT_PAGE, RESTORED, VERIFICATION
from kaireon.audit import AuditEntry
from kaireon.lifecycle import Lifecycle, kinds
from kaireon.tenancy import ADMINS, Role
from kaireon.writing import writing

NOT_RESTORABLE = {"api_key", "membership"}  # a revoked key or a lost role is given anew, never revived


class RestoreView(APIView):
    """Brings a soft-deleted row back, with everything that went with it."""

    restorers: ClassVar[frozenset[Role]] = ADMINS

    def roles_for(self, request: Request) -> frozenset[Role]:
        return self.restorers

    @extend_schema(
        operation_id="restore",
        request=None,
        parameters=[
            OpenApiParameter("entityType", str, required=True, description="camelCase or snake_case"),
            OpenApiParameter("id", str, required=True),
        ],
        responses={200: OpenApiResponse(RESTORED, "Restored")},
    )
    def post(self, request: Request) -> Response:
        """`POST /restore?entityType=contactPolicy&id=cp_...`"""
        refuse_unknown_parameters(request, {"entityType", "id"})
        name, public_id = request.query_params.get("entityType"), request.query_params.get("id")
        model = restorable().get(name or "")
        if model is None:
            known = ", ".join(sorted(word for word in restorable() if "_" not in word))
            raise refuse("entityType", f"{shown(name)} is no entity type; known are {known}.")
        actor = actor_of(request)
        with writing(actor) as unit:
            row = model.everything.of(actor.tenant).filter(pk=model.id_kind.decode(public_id) or 0).first()
            if row is None:
                raise refuse("id", f"There is no {model._meta.verbose_name} with the id {shown(public_id)}.")
            unit.restore(row)
        return Response({"restored": True, "entityType": name, "id": row.public_id})


# Built by a call, because `from` is a word a class body cannot assign. The range is half-open, so that two
# neighbouring ranges never share an entry.
AuditFilterSet = type(
    "AuditFilterSet",
    (django_filters.FilterSet,),
    {
        "entityType": django_filters.CharFilter(field_name="entity_type"),
        "entityId": django_filters.CharFilter(field_name="entity_id"),
        "action": django_filters.CharFilter(field_name="action"),
        "from": InstantFilter(field_name="timestamp", lookup_expr="gte"),
        "to": InstantFilter(field_name="timestamp", lookup_expr="lt"),
    },
)


class AuditLogView(APIView):
    """The audit log, newest first."""

    filterset_class = AuditFilterSet
    switches: ClassVar[frozenset[str]] = frozenset()
    readers: ClassVar[frozenset[Role]] = ADMINS

    def roles_for(self, request: Request) -> frozenset[Role]:
        return self.readers

    @extend_schema(
        operation_id="list_audit_logs",
        parameters=[
            OpenApiParameter(name, str) for name in ("entityType", "entityId", "action", "from", "to", "cursor")
        ]
        + [OpenApiParameter("limit", int)],
        responses={200: OpenApiResponse(AUDIT_PAGE, "One page")},
    )
    def get(self, request: Request) -> Response:
        """`data` and `logs` hold the same rows."""
        rows = AuditEntry.objects.of(actor_of(request).tenant)
        page = paginate(request, StrictFilterBackend().filter_queryset(request, rows, self), ("-sequence",))
        shown_rows = [_shown_entry(entry) for entry in page.rows]
        return Response({"data": shown_rows, "logs": shown_rows, "pagination": page.pagination()})


class AuditVerifyView(APIView):
    """Whether the tenant's audit chain still holds."""

    def roles_for(self, request: Request) -> frozenset[Role]:
        return ADMINS

    @extend_schema(operation_id="verify_audit_log", responses={200: OpenApiResponse(VERIFICATION, "The finding")})
    def get(self, request: Request) -> Response:
        """Walks the whole chain."""
        refuse_unknown_parameters(request)
        found = audit.verify(actor_of(request).tenant)
        body: dict[str, Any] = {"intact": found.intact, "verified": found.verified, "total": found.total}
        if not found.intact:
            body |= {"brokenAtId": found.broken_at, "brokenReason": found.broken_reason}
        return Response(body)


def restorable() -> dict[str, type[Lifecycle]]:
    """Entity types that can be restored, by both of their spellings."""
    found = {}
    for snake, model in kinds().items():
        if snake not in NOT_RESTORABLE:
            head, *rest = snake.split("_")
            found[snake] = found[head + "".join(word.title() for word in rest)] = model
    return found


def healthz(request: HttpRequest) -> JsonResponse:
    """The process is up."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers and every migration is applied."""
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        message = "The database cannot be reached; try again in a moment."
    else:
        if not pending:
            return JsonResponse({"status": "ready"})
        message = f"{len(pending)} migrations are not applied; run manage.py migrate."
    return JsonResponse(envelope(request, 503, "UNAVAILABLE", message=message), status=503)


def _shown_entry(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.public_id,
        **entry.content,
        "timestamp": clock.text(entry.timestamp),
        "prevHash": entry.prev_hash,
        "integrityHash": entry.integrity_hash,
    }
