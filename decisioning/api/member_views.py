"""The customers in a segment: listed, added, removed."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from decisioning.api.customer_views import PAGING, CustomerEndpoint
from decisioning.api.serializers import MembersRequest
from decisioning.customers import CREATED, UPDATED, change_members
from decisioning.models import Customer, Segment
from kaireon.api.fields import shown
from kaireon.api.pagination import paginate
from kaireon.api.permissions import actor_of
from kaireon.api.requests import payload_of
from kaireon.api.schema import PAGINATION, TEXT, WHOLE, listed, record
from kaireon.api.viewsets import paged
from kaireon.tenancy import Tenant
from kaireon.writing import writing

MEMBERS = record(data=listed(record(customerId=TEXT)), pagination=PAGINATION)
ADDED = record(segmentId=TEXT, processed=WHOLE, added=WHOLE, created=WHOLE, warnings=listed(TEXT))
REMOVED = record(segmentId=TEXT, processed=WHOLE, removed=WHOLE, warnings=listed(TEXT))


class SegmentMembersView(CustomerEndpoint):
    """Members of one live segment. Changing them raises the customers' versions, not the configuration's."""

    deletes_by_body: ClassVar[bool] = True

    @extend_schema(
        operation_id="list_segment_members",
        parameters=PAGING,
        responses={200: OpenApiResponse(MEMBERS, "One page")},
    )
    def get(self, request: Request, public_id: str) -> Response:
        """One page of the members' ids."""
        segment = _segment(actor_of(request).tenant, public_id)
        rows = Customer.objects.of(segment.tenant).filter(memberships__segment=segment)
        page = paginate(request, rows.only("customer_id"), ("id",))
        return paged(page, [{"customerId": row.customer_id} for row in page.rows])

    @extend_schema(
        operation_id="add_segment_members",
        request=MembersRequest,
        responses={200: OpenApiResponse(ADDED, "All of them are members now")},
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Adds 1 to 1,000 customers; those nobody knows are created."""
        return Response(_changed(request, public_id, join=True))

    @extend_schema(
        operation_id="remove_segment_members",
        request=MembersRequest,
        responses={200: OpenApiResponse(REMOVED, "None of them is a member any more")},
    )
    def delete(self, request: Request, public_id: str) -> Response:
        """Removes 1 to 1,000 customers from the segment; the customers stay."""
        return Response(_changed(request, public_id, join=False))


def _changed(request: Request, public_id: str, *, join: bool) -> dict[str, Any]:
    payload = payload_of(request)
    with writing(actor_of(request)) as unit:
        segment = _segment(unit.tenant, public_id)
        asked = MembersRequest(data=payload)
        asked.is_valid(raise_exception=True)
        ids = asked.validated_data["customerIds"]
        counts = change_members(unit, segment, ids, join=join).counts
    number = counts[CREATED] + counts[UPDATED]
    done = {"added": number, "created": counts[CREATED]} if join else {"removed": number}
    return {"segmentId": segment.public_id, "processed": len(ids), **done, "warnings": asked.warnings}


def _segment(tenant: Tenant, public_id: str) -> Segment:
    found = Segment.objects.select_related("tenant").of(tenant).filter(pk=Segment.id_kind.decode(public_id) or 0)
    segment: Segment | None = found.first()
    if segment is None:
        raise NotFound(f"There is no segment with the id {shown(public_id)}.")
    return segment
