"""CollectionViewSet: the verbs every resource has; a resource is a short declaration on top of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db import transaction
from django.urls import URLPattern, re_path
from django_filters import FilterSet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from kaireon import history
from kaireon.api.errors import refuse
from kaireon.api.fields import shown
from kaireon.api.filters import PAGING, live_only, refuse_unknown_parameters, wants_deleted
from kaireon.api.pagination import Page, paginate
from kaireon.api.permissions import actor_of
from kaireon.api.requests import payload_of
from kaireon.api.reverting import UnknownVersion, revert
from kaireon.api.serializers import ResourceSerializer, save_resource
from kaireon.lifecycle import Lifecycle, LifecycleQuerySet
from kaireon.tenancy import EDITORS, READERS, Role
from kaireon.writing import writing

SAFE = {"GET", "HEAD", "OPTIONS"}
# The query parameters of each action; those of `list` are the filter set's affair.
PARAMETERS: dict[str, frozenset[str]] = {
    "create": frozenset(),
    "update_by_body": frozenset(),
    "destroy_by_query": frozenset({"id"}),
    "retrieve": frozenset({"includeDeleted"}),
    "update": frozenset(),
    "destroy": frozenset(),
    "list_history": frozenset(PAGING),
    "revert": frozenset(),
}


class CollectionViewSet(GenericViewSet[Any]):
    """One resource: `/things` with GET, POST, PUT, DELETE and `/things/{id}` with GET, PUT, PATCH, DELETE.

    On the collection an id that names nothing answers 400, on the item's own address 404.
    """

    serializer_class: type[ResourceSerializer]
    filterset_class: type[FilterSet]
    order: ClassVar[Sequence[str]] = ("-created_at", "-id")
    readers: ClassVar[frozenset[Role]] = READERS
    writers: ClassVar[frozenset[Role]] = EDITORS
    embeds: ClassVar[Sequence[str]] = ()  # foreign keys that the representation needs
    prefetches: ClassVar[Sequence[Any]] = ()  # and what lies in other tables
    switches: ClassVar[frozenset[str]] = frozenset({"includeDeleted"})  # what a list takes beside filters and paging
    lookup_value_regex = "[^/]+"

    @property
    def model(self) -> type[Lifecycle]:
        """The rows this resource shows."""
        return self.serializer_class.model

    def roles_for(self, request: Request) -> frozenset[Role]:
        """The roles that may do what the request asks for."""
        return self.readers if request.method in SAFE else self.writers

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action in PARAMETERS:
            refuse_unknown_parameters(request, PARAMETERS[self.action])

    # -- the collection ------------------------------------------------------------------------------------------

    def list(self, request: Request) -> Response:
        """One page of the tenant's rows."""
        rows: Any = self._rows(request)
        if not wants_deleted(request.query_params.get("includeDeleted")):
            rows = live_only(rows)
        page = paginate(request, self.filter_queryset(rows), self.order)
        return paged(page, [self._shown(row) for row in page.rows])

    def create(self, request: Request) -> Response:
        """Stores a new row."""
        payload = payload_of(request)
        with transaction.atomic():
            with writing(actor_of(request)) as unit:
                row, warnings = save_resource(self.serializer_class, unit, data=payload)
            body = self._written(request, row, warnings)
        return Response(body, status=201)

    def update_by_body(self, request: Request) -> Response:
        """Changes the row that the body's `id` names."""
        payload = payload_of(request)
        if not payload.get("id"):
            raise refuse("id", "Name the row to change: send its id in the body.")
        return self._update(request, payload["id"], payload, missing=_unknown_id)

    def destroy_by_query(self, request: Request) -> Response:
        """Soft-deletes the row that `?id=` names."""
        public_id = request.query_params.get("id")
        if not public_id:
            raise refuse("id", "Name the row to delete: add ?id=... to the address.")
        return self._destroy(request, public_id, missing=_unknown_id)

    # -- one row -------------------------------------------------------------------------------------------------

    def retrieve(self, request: Request, public_id: str) -> Response:
        """One row."""
        row = self._find(request, public_id, deleted=wants_deleted(request.query_params.get("includeDeleted")))
        return Response(self._shown(row))

    def update(self, request: Request, public_id: str) -> Response:
        """Changes one row; only the fields given."""
        return self._update(request, public_id, payload_of(request), missing=_nothing_here)

    def destroy(self, request: Request, public_id: str) -> Response:
        """Soft-deletes one row."""
        return self._destroy(request, public_id, missing=_nothing_here)

    def list_history(self, request: Request, public_id: str) -> Response:
        """The row's versions, newest first, each with what changed."""
        row = self._find(request, public_id, deleted=True)
        page = paginate(request, history.entries_of(row), history.ORDER)
        return paged(page, history.versions_of(row, page.rows))

    def revert(self, request: Request, public_id: str) -> Response:
        """Makes an old state the newest version, if it is still valid."""
        payload = payload_of(request)
        number = payload.get("version")
        if type(number) is not int:
            raise refuse("version", f"{shown(number)} is not a version number; send one of the row's history.")
        with transaction.atomic():
            with writing(actor_of(request)) as unit:
                row = self._find(request, public_id, deleted=False)
                expected = expected_version(request, {}, row.version)
                try:
                    row, warnings = revert(self.serializer_class, unit, row, number=number, expected_version=expected)
                except UnknownVersion as error:
                    raise refuse("version", str(error)) from error
            body = self._written(request, row, warnings)
        return Response(body)

    # -- what resources may say differently ----------------------------------------------------------------------

    def deleted_body(self, row: Lifecycle) -> dict[str, Any]:
        """The answer to a deletion."""
        return {"success": True, "id": row.public_id}

    # -- mechanism -----------------------------------------------------------------------------------------------

    def get_queryset(self) -> LifecycleQuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):  # the schema is drawn with nobody asking
            return self.model.everything.none()
        return self._rows(self.request)

    def _rows(self, request: Request) -> LifecycleQuerySet[Any]:
        rows: LifecycleQuerySet[Any] = self.model.everything.of(actor_of(request).tenant)
        return rows.beside(*self.embeds).prefetch_related(*self.prefetches)

    def _find(self, request: Request, public_id: Any, *, deleted: bool) -> Lifecycle:
        key = self.model.id_kind.decode(public_id)
        rows = self._rows(request) if deleted else self._rows(request).live()
        row: Lifecycle | None = rows.filter(pk=key).first() if key is not None else None
        if row is None:
            raise _nothing_here(self.model, public_id)
        return row

    def _written(self, request: Request, row: Lifecycle, warnings: Sequence[str]) -> dict[str, Any]:
        """The row as it was just written; read again before anybody else can change it."""
        return self._shown(self._rows(request).get(pk=row.pk), warnings=warnings)

    def _shown(self, row: Lifecycle, *, warnings: Sequence[str] | None = None) -> dict[str, Any]:
        shown_row: dict[str, Any] = dict(self.serializer_class(row, context={"request": self.request}).data)
        return shown_row if warnings is None else {**shown_row, "warnings": list(warnings)}

    def _update(self, request: Request, public_id: Any, payload: Mapping[str, Any], *, missing: Any) -> Response:
        with transaction.atomic():
            with writing(actor_of(request)) as unit:
                row = self._existing(request, public_id, missing)
                expected = expected_version(request, payload, row.version)
                row, warnings = save_resource(
                    self.serializer_class, unit, data=payload, instance=row, expected_version=expected
                )
            body = self._written(request, row, warnings)
        return Response(body)

    def _destroy(self, request: Request, public_id: str, *, missing: Any) -> Response:
        with writing(actor_of(request)) as unit:
            row = self._existing(request, public_id, missing)
            unit.soft_delete(row, expected_version=expected_version(request, {}, row.version))
            body = self.deleted_body(row)
        return Response(body)

    def _existing(self, request: Request, public_id: Any, missing: Any) -> Lifecycle:
        try:
            return self._find(request, public_id, deleted=False)
        except NotFound as error:
            raise missing(self.model, public_id) from error


def collection_urls(path: str, viewset: type[CollectionViewSet]) -> list[URLPattern]:
    """The resource's addresses, with and without a trailing slash."""
    collection: dict[str, Any] = {
        "get": "list",
        "post": "create",
        "put": "update_by_body",
        "delete": "destroy_by_query",
    }
    item: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "update", "delete": "destroy"}
    one = rf"^{path}/(?P<public_id>[^/]+)"
    return [
        re_path(rf"^{path}/?$", viewset.as_view(collection), name=path),
        re_path(rf"{one}/?$", viewset.as_view(item), name=f"{path}-item"),
        re_path(rf"{one}/history/?$", viewset.as_view({"get": "list_history"}), name=f"{path}-history"),
        re_path(rf"{one}/revert/?$", viewset.as_view({"post": "revert"}), name=f"{path}-revert"),
    ]


def paged(page: Page, rows: Sequence[Any]) -> Response:
    """The envelope of every list."""
    return Response({"data": rows, "pagination": page.pagination()})


def expected_version(request: Request, payload: Mapping[str, Any], current: int | None = None) -> int | None:
    """The version the caller edited, from `rowVersion` in the body or `If-Match`; None when neither said.

    When both did, the one that is not the `current` version, so that either being stale shows.
    """
    given, header = row_version(payload), request.headers.get("If-Match")
    said = [] if given is None else [given]
    if header is not None and header.strip() != "*":
        text = header.strip().removeprefix("W/").strip('"')
        if not text.isascii() or not text.isdecimal() or len(text) > 18:
            raise refuse("If-Match", f"{shown(header)} is not a version; send the row's rowVersion.")
        said.append(int(text))
    return next((version for version in said if version != current), said[0] if said else None)


def row_version(payload: Mapping[str, Any]) -> int | None:
    """The body's `rowVersion`."""
    given = payload.get("rowVersion")
    if given is not None and type(given) is not int:
        raise refuse("rowVersion", f"{shown(given)} is not a version number; send the row's rowVersion.")
    return given


def _nothing_here(model: type[Lifecycle], public_id: Any) -> NotFound:
    return NotFound(f"There is no {model._meta.verbose_name} with the id {shown(public_id)}.")


def _unknown_id(model: type[Lifecycle], public_id: Any) -> ValidationError:
    return refuse("id", f"There is no {model._meta.verbose_name} with the id {shown(public_id)}, or it is deleted.")
