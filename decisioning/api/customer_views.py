"""Customers in the API: read, stored one by one or in bulk, removed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from decisioning import customers
from decisioning.api.addresses import customer_in
from decisioning.api.filters import CustomerFilterSet
from decisioning.api.serializers import CustomerChangeSerializer, CustomerSerializer
from decisioning.customers import CustomerBatch
from decisioning.models import Customer, SegmentMember
from decisioning.upkeep.erasing import erase
from decisioning.upkeep.legal_holds import UnderLegalHold
from kaireon.api.errors import Conflict, described, envelope, refuse
from kaireon.api.fields import shown
from kaireon.api.filters import StrictFilterBackend
from kaireon.api.pagination import paginate
from kaireon.api.permissions import actor_of, role_refusal
from kaireon.api.requests import payload_of
from kaireon.api.schema import DELETED, ERROR, OBJECT, PAGINATION, TEXT, WHOLE, listed, named, record
from kaireon.api.viewsets import SAFE, expected_version, paged, row_version
from kaireon.tenancy import ADMINS, EDITORS, READERS, Role, Tenant
from kaireon.writing import StaleVersion, writing

FILTERS = ("customerId", "segment", "timezone", "createdAfter", "createdBefore", "updatedAfter", "updatedBefore")
PAGING = [OpenApiParameter("cursor", str), OpenApiParameter("limit", {"type": "integer", "minimum": 1})]
IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="rowVersion")
ERASE = OpenApiParameter("erase", str, enum=["true", "false"])
NAMED = OpenApiParameter("customer_id", str, OpenApiParameter.PATH, description="Percent-encoded; may hold anything")
OUTCOME = {
    "processed": WHOLE,
    "succeeded": WHOLE,
    "failed": WHOLE,
    "errors": listed(record(index=WHOLE, error=OBJECT)),
    "warnings": listed(TEXT),
}
BULK = record(customers={**listed(named("CustomerRequest")), "minItems": 1, "maxItems": customers.MOST_AT_ONCE})


class CustomerEndpoint(APIView):
    """What the addresses of customers share: read by readers, written by editors."""

    def roles_for(self, request: Request) -> frozenset[Role]:
        return READERS if request.method in SAFE else EDITORS


class CustomersView(CustomerEndpoint):
    """All customers of the tenant."""

    filterset_class = CustomerFilterSet
    switches: ClassVar[frozenset[str]] = frozenset()

    @extend_schema(
        operation_id="list_customers",
        parameters=[*(OpenApiParameter(name, str) for name in FILTERS), *PAGING],
        responses={200: OpenApiResponse(record(data=listed(named("Customer")), pagination=PAGINATION), "One page")},
    )
    def get(self, request: Request) -> Response:
        """One page of customers, the latest first."""
        rows = StrictFilterBackend().filter_queryset(request, shown_rows(actor_of(request).tenant), self)
        page = paginate(request, rows, ("-id",))
        return paged(page, [CustomerSerializer(row).data for row in page.rows])

    @extend_schema(
        operation_id="store_customer_by_body",
        parameters=[IF_MATCH],
        request=CustomerSerializer,
        responses={200: CustomerSerializer, 201: CustomerSerializer},
    )
    def put(self, request: Request) -> Response:
        """Makes or changes the customer that the body names; only the fields given."""
        return _stored(request, payload_of(request))

    @extend_schema(
        operation_id="delete_customer_by_query",
        parameters=[OpenApiParameter("customerId", str, required=True), IF_MATCH, ERASE],
        responses={200: OpenApiResponse(DELETED, "Deleted")},
    )
    def delete(self, request: Request) -> Response:
        """Removes the customer that `?customerId=` names."""
        customer_id = request.query_params.get("customerId")
        if not customer_id:
            raise refuse("customerId", "Name the customer to delete: add ?customerId=... to the address.")
        try:
            return _deleted(request, customer_id)
        except NotFound as error:
            raise refuse("customerId", str(error.detail)) from error


@extend_schema(parameters=[NAMED])
class CustomerView(CustomerEndpoint):
    """One customer."""

    @extend_schema(operation_id="read_customer", responses={200: CustomerSerializer})
    def get(self, request: Request, customer_id: str) -> Response:
        """One customer."""
        return Response(CustomerSerializer(_found(request, customer_in(request, customer_id))).data)

    @extend_schema(
        operation_id="store_customer",
        parameters=[IF_MATCH],
        request=CustomerChangeSerializer,
        responses={200: CustomerSerializer, 201: CustomerSerializer},
    )
    def put(self, request: Request, customer_id: str) -> Response:
        """Makes or changes the customer; only the fields given."""
        return _stored(request, {**payload_of(request), "customerId": customer_in(request, customer_id)})

    @extend_schema(
        operation_id="change_customer",
        parameters=[IF_MATCH],
        request=CustomerChangeSerializer,
        responses={200: CustomerSerializer},
    )
    def patch(self, request: Request, customer_id: str) -> Response:
        """Changes a customer who exists; only the fields given."""
        named_here = customer_in(request, customer_id)
        return _stored(request, {**payload_of(request), "customerId": named_here}, must_exist=True)

    @extend_schema(
        operation_id="delete_customer",
        parameters=[IF_MATCH, ERASE],
        responses={200: OpenApiResponse(DELETED, "Deleted")},
    )
    def delete(self, request: Request, customer_id: str) -> Response:
        """Removes attributes, zone and membership; interactions stay. With `erase=true` everything goes (admin)."""
        return _deleted(request, customer_in(request, customer_id))


class CustomersBulkView(CustomerEndpoint):
    """Many customers at once."""

    @extend_schema(
        operation_id="store_customers_in_bulk",
        request={"application/json": BULK},
        responses={
            200: OpenApiResponse(record(**OUTCOME), "At least one was stored"),
            422: OpenApiResponse({"allOf": [record(**OUTCOME), ERROR]}, "None was stored"),
        },
    )
    def post(self, request: Request) -> Response:
        """Makes or changes 1 to 1,000 customers, each judged alone."""
        items = _items(payload_of(request))
        with writing(actor_of(request)) as unit:
            reader = _reader(unit.tenant)
            batch = CustomerBatch(unit, _ids_in(items))
            errors = []
            for index, item in enumerate(items):
                try:
                    _put(batch, reader.run_validation(item), expected=row_version(item))
                except (APIException, StaleVersion) as error:
                    errors.append({"index": index, "error": described(error)})
            batch.store()
            customers.audit_many(batch, action="bulk_upsert")
        return _bulk_answer(request, len(items), errors, warnings=reader.warnings)


def shown_rows(tenant: Tenant) -> QuerySet[Customer]:
    """The tenant's customers with what the representation needs: two queries, however many they are."""
    members = SegmentMember.objects.filter(segment__deleted_at__isnull=True).select_related("segment")
    return Customer.objects.of(tenant).prefetch_related(Prefetch("memberships", members))


def _found(request: Request, customer_id: str) -> Customer:
    rows = shown_rows(actor_of(request).tenant)
    row = rows.filter(customer_id=customer_id).first() if "\0" not in customer_id else None
    if row is None:
        raise NotFound(f"There is no customer with the id {shown(customer_id)}.")
    return row


def _reader(tenant: Tenant) -> CustomerSerializer:
    """Reads any number of customers; live segments are looked up once, and only when somebody names one."""
    return CustomerSerializer(context={"segments": cache(lambda: customers.segments_by_name(tenant))})


def _put(batch: CustomerBatch, values: Mapping[str, Any], *, expected: int | None) -> str:
    given = {name: values[name] for name in customers.FIELDS if name in values}
    if "timezone" in given:
        given["timezone"] = given["timezone"] or ""
    segments = values.get("memberships")
    return batch.put(values["customer_id"], values=given, segments=segments, expected_version=expected)


def _stored(request: Request, payload: Mapping[str, Any], *, must_exist: bool = False) -> Response:
    with writing(actor_of(request)) as unit:
        reader = _reader(unit.tenant)
        values = reader.run_validation(payload)
        customer_id: str = values["customer_id"]
        batch = CustomerBatch(unit, [customer_id])
        if must_exist and customer_id not in batch:
            raise NotFound(f"There is no customer with the id {shown(customer_id)}; PUT makes one.")
        result = _put(batch, values, expected=expected_version(request, payload))
        batch.store()
        customers.audit_one(batch, customer_id, result)
        row = CustomerSerializer(_found(request, customer_id)).data
    return Response({**row, "warnings": reader.warnings}, status=201 if result == customers.CREATED else 200)


def _deleted(request: Request, customer_id: str) -> Response:
    if _wants_erasing(request):
        return _erased(request, customer_id)
    with writing(actor_of(request)) as unit:
        row = _found(request, customer_id)
        customers.delete_customer(unit, row, expected_version=expected_version(request, {}))
    return Response({"success": True, "id": customer_id})


def _wants_erasing(request: Request) -> bool:
    wanted = request.query_params.get("erase", "false")
    if wanted not in {"true", "false"}:
        raise refuse("erase", f"{shown(wanted)} is neither true nor false.")
    return wanted == "true"


def _erased(request: Request, customer_id: str) -> Response:
    """Everything known of the customer goes, whether or not they were ever stored."""
    actor = actor_of(request)
    if actor.role not in ADMINS:
        raise PermissionDenied(role_refusal(actor.role, ADMINS))
    with writing(actor) as unit:
        try:
            gone = erase(unit, customer_id)
        except UnderLegalHold as error:
            raise Conflict(str(error)) from error
        if not any(gone.values()):
            raise NotFound(f"Nothing is known of a customer with the id {shown(customer_id)}.")
        customers.audit_erasure(unit, customer_id, gone)
    return Response({"success": True, "id": customer_id, "erased": gone})


def _items(payload: Mapping[str, Any]) -> list[Any]:
    items = payload.get("customers")
    if not isinstance(items, list) or not 1 <= len(items) <= customers.MOST_AT_ONCE:
        said = f"{len(items)} customers" if isinstance(items, list) else shown(items)
        raise refuse("customers", f"customers must be a list of 1 to {customers.MOST_AT_ONCE} customers, not {said}.")
    return items


def _ids_in(items: list[Any]) -> list[str]:
    """The ids that can be looked up; what is wrong with the others is said where they are read."""
    ids = [item.get("customerId") for item in items if isinstance(item, dict)]
    return [customer_id for customer_id in ids if isinstance(customer_id, str)]


def _bulk_answer(request: Request, processed: int, errors: list[Any], *, warnings: list[str]) -> Response:
    body: dict[str, Any] = {
        "processed": processed,
        "succeeded": processed - len(errors),
        "failed": len(errors),
        "errors": errors,
        "warnings": list(dict.fromkeys(warnings)),
    }
    if len(errors) < processed:
        return Response(body)
    said = f"None of the {processed} customers could be stored; errors says why."
    return Response(body | envelope(request, 422, "ALL_FAILED", message=said), status=422)
