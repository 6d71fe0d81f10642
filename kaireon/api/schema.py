"""What drf-spectacular cannot see by itself: the verbs of a collection, the envelopes, and every error."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
NULLABLE_TEXT: Schema = {"type": "string", "nullable": True}
WHOLE: Schema = {"type": "integer"}
OBJECT: Schema = {"type": "object", "additionalProperties": {}}


def record(**properties: Schema) -> Schema:
    """An object with these properties, all of them always there."""
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def listed(items: Schema) -> Schema:
    """An array."""
    return {"type": "array", "items": items}


def named(component: str) -> Schema:
    """A reference to one of the shared shapes."""
    return {"$ref": f"#/components/schemas/{component}"}


SHAPES: dict[str, Schema] = {
    "Pagination": record(
        total=WHOLE, limit=WHOLE, hasMore={"type": "boolean"}, cursor=NULLABLE_TEXT, nextCursor=NULLABLE_TEXT
    ),
    "Error": record(
        error={
            **record(
                code=TEXT,
                message=TEXT,
                status=WHOLE,
                details={"type": "array", "items": record(field=TEXT, message=TEXT)},
                requestId=TEXT,
            ),
            "additionalProperties": {},
        }
    ),
    "AuditEntry": {
        **record(
            id=TEXT,
            sequence=WHOLE,
            action=TEXT,
            entityType=TEXT,
            entityId=TEXT,
            entityName=TEXT,
            timestamp=TEXT,
            prevHash=TEXT,
            integrityHash=TEXT,
            changes=OBJECT,
        ),
        "additionalProperties": {},
    },
    "Version": record(
        version=WHOLE,
        action=TEXT,
        changedBy=TEXT,
        changedAt=TEXT,
        changes={"type": "array", "items": OBJECT},
        state=OBJECT,
    ),
}
PAGINATION, ERROR = named("Pagination"), named("Error")
AUDIT_PAGE = record(data=listed(named("AuditEntry")), logs=listed(named("AuditEntry")), pagination=PAGINATION)
VERSION_PAGE = record(data=listed(named("Version")), pagination=PAGINATION)
VERIFICATION = {
    **record(intact={"type": "boolean"}, verified=WHOLE, total=WHOLE),
    "additionalProperties": NULLABLE_TEXT,
}
RESTORED = record(restored={"type": "boolean"}, entityType=TEXT, id=TEXT)
DELETED = {
    "type": "object",
    "properties": {
        "success": {"type": "boolean"},
        "deleted": {"type": "boolean"},
        "id": TEXT,
        "warnings": listed(TEXT),
    },
}

ERRORS = {
    "400": "Something in the request is not valid; `details` names every field.",
    "401": "No API key or session, or an invalid one.",
    "403": "The role does not allow this, or the tenant is another one.",
    "404": "There is nothing with this id.",
    "405": "The address does not take this method.",
    "406": "Only application/json is answered.",
    "409": "The name is taken, the version is stale, or the request contradicts the current state.",
    "413": "The body is larger than 2 MiB.",
    "415": "Content-Type is not application/json.",
    "429": "The key's rate limit is reached; see Retry-After.",
    "500": "Something went wrong here.",
    "503": "The database is not available; see Retry-After.",
}
VERBS = {
    "list": "list",
    "create": "create",
    "update_by_body": "update_by_body",
    "destroy_by_query": "delete_by_query",
    "retrieve": "read",
    "update": "update",
    "destroy": "delete",
    "list_history": "history",
    "revert": "revert",
}


class KaireonSchema(AutoSchema):
    """Describes a collection's actions; every operation lists every error it can answer."""

    def get_operation_id(self) -> str:
        action = getattr(self.view, "action", None)
        if action not in VERBS:
            return str(super().get_operation_id())
        return f"{VERBS[action]}{'_patch' if self.method == 'PATCH' else ''}_{self._resource()}"

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            for status in ERRORS:
                operation["responses"].setdefault(status, {"$ref": f"#/components/responses/Error{status}"})
        return operation

    def get_override_parameters(self) -> list[Any]:
        action = getattr(self.view, "action", None)
        parameters = []
        if action in {"list", "list_history"}:
            parameters += [
                OpenApiParameter("limit", {"type": "integer", "minimum": 1}, description="Default 25, at most 100."),
                OpenApiParameter("cursor", str, description="Where the page before ended."),
            ]
        if action in {"list", "retrieve"}:
            parameters.append(OpenApiParameter("includeDeleted", str, enum=["true", "false"]))
        if action == "destroy_by_query":
            parameters.append(OpenApiParameter("id", str, required=True))
        if action in {"update_by_body", "update", "destroy", "destroy_by_query", "revert"}:
            parameters.append(OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="rowVersion"))
        return parameters

    def get_request_serializer(self) -> Any:
        action = getattr(self.view, "action", None)
        if action == "revert":
            return {"application/json": record(version=WHOLE)}
        if action in {"update", "update_by_body"}:
            return self.get_response_serializer()(partial=True)  # PUT, too, changes only the fields given
        return super().get_request_serializer()

    def _get_request_body(self, *args: Any, **kwargs: Any) -> Any:
        if self.method != "DELETE" or not getattr(self.view, "deletes_by_body", False):
            return super()._get_request_body(*args, **kwargs)  # type: ignore[no-untyped-call]
        self.method = "POST"  # the only way to have spectacular describe what a DELETE carries
        try:
            return super()._get_request_body(*args, **kwargs)  # type: ignore[no-untyped-call]
        finally:
            self.method = "DELETE"

    def _get_request_for_media_type(self, serializer: Any, *args: Any, **kwargs: Any) -> Any:
        schema, required = super()._get_request_for_media_type(serializer, *args, **kwargs)  # type: ignore[no-untyped-call]
        action = getattr(self.view, "action", None)
        if action == "update_by_body" and schema is not None:
            schema = {"allOf": [schema, {"type": "object", "properties": {"id": TEXT}, "required": ["id"]}]}
        return schema, required

    def get_response_serializers(self) -> Any:
        action = getattr(self.view, "action", None)
        if action == "list_history":
            return {200: VERSION_PAGE}
        if action in {"destroy", "destroy_by_query"}:
            return {200: DELETED}
        if action in {"update", "update_by_body", "revert"}:
            return {200: self.get_response_serializer()}
        if action == "create":
            return {201: self.get_response_serializer()}
        return super().get_response_serializers()

    def get_response_serializer(self) -> Any:
        """The resource's own serializer."""
        return getattr(self.view, "serializer_class", None)

    def _is_list_view(self, serializer: Any = None) -> bool:
        return getattr(self.view, "action", None) == "list"

    def _get_paginator(self) -> Any:
        return _Envelope() if getattr(self.view, "action", None) == "list" else None

    def _resource(self) -> str:
        return self.path.removeprefix("/api/v1/").split("/")[0].replace("-", "_")


class _Envelope:
    """The list envelope, in the form drf-spectacular asks paginators for."""

    def get_paginated_response_schema(self, rows: Schema) -> Schema:
        return record(data=rows, pagination=PAGINATION)

    def get_schema_operation_parameters(self, view: Any) -> list[Any]:
        return []


def tidy(result: Schema, **kwargs: Any) -> Schema:
    """A postprocessing hook: addresses in their documented form, without a trailing slash, and the shared shapes."""
    result["paths"] = {path.rstrip("/"): operations for path, operations in result["paths"].items()}
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update(SHAPES)
    components["responses"] = {
        f"Error{status}": {"description": meaning, "content": {"application/json": {"schema": ERROR}}}
        for status, meaning in ERRORS.items()
    }
    return result


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Both headers an API key may come in."""

    target_class = "kaireon.api.authentication.ApiKeyAuthentication"
    name = ["apiKey", "bearer"]

    def get_security_definition(self, auto_schema: Any) -> list[Schema]:
        return [
            {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            {"type": "http", "scheme": "bearer"},
        ]


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A person's session."""

    target_class = "kaireon.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> Schema:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
