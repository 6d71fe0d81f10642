"""The configured parts of decisioning as resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Prefetch
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from decisioning.api.filters import CampaignRunFilterSet, DecisionFlowFilterSet, OutcomeTypeFilterSet
from decisioning.api.schema import ASSEMBLY_PAGE, PUBLISHED_PAGE
from decisioning.api.serializers import (
    CampaignRunSerializer,
    DecisionFlowSerializer,
    OutcomeTypeSerializer,
    PublicationSerializer,
    RollbackSerializer,
    SegmentSerializer,
    shown_line,
    shown_version,
)
from decisioning.flows.publishing import Published, publish, rollback
from decisioning.models import FlowVersion
from kaireon.api.filters import ResourceFilterSet
from kaireon.api.pagination import paginate
from kaireon.api.permissions import actor_of
from kaireon.api.requests import RequestSerializer, payload_of
from kaireon.api.viewsets import CollectionViewSet, expected_version, paged
from kaireon.tenancy import ADMINS, Role
from kaireon.writing import writing

PAGING = [OpenApiParameter("limit", int), OpenApiParameter("cursor", str)]
IF_MATCH = [OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="rowVersion")]


class OutcomeTypeViewSet(CollectionViewSet):
    """What can become of an offer that was shown."""

    serializer_class = OutcomeTypeSerializer
    filterset_class = OutcomeTypeFilterSet
    order = ("key", "id")


class SegmentViewSet(CollectionViewSet):
    """Named groups of customers."""

    serializer_class = SegmentSerializer
    filterset_class = ResourceFilterSet


class CampaignRunViewSet(CollectionViewSet):
    """Runs of campaigns."""

    serializer_class = CampaignRunSerializer
    filterset_class = CampaignRunFilterSet


class DecisionFlowViewSet(CollectionViewSet):
    """The stages a recommendation runs through, as they are edited and as they were published."""

    serializer_class = DecisionFlowSerializer
    filterset_class = DecisionFlowFilterSet
    prefetches = (Prefetch("versions", FlowVersion.objects.defer("config")),)
    publishers = ADMINS

    def roles_for(self, request: Request) -> frozenset[Role]:
        return self.publishers if self.action in {"publish", "rollback"} else super().roles_for(request)

    @extend_schema(
        operation_id="publish_decision_flow",
        request=PublicationSerializer,
        parameters=IF_MATCH,
        responses={200: DecisionFlowSerializer},
    )
    def publish(self, request: Request, public_id: str) -> Response:
        """Freezes the draft as the next version, which recommendations run while the flow is active."""
        return self._published(request, public_id, PublicationSerializer, publish)

    @extend_schema(
        operation_id="rollback_decision_flow",
        request=RollbackSerializer,
        parameters=IF_MATCH,
        responses={200: DecisionFlowSerializer},
    )
    def rollback(self, request: Request, public_id: str) -> Response:
        """Publishes an old version once more, as a new one; the draft becomes that version too."""
        return self._published(request, public_id, RollbackSerializer, rollback)

    @extend_schema(
        operation_id="versions_decision_flow",
        parameters=PAGING,
        responses={200: OpenApiResponse(PUBLISHED_PAGE, "One page, newest first")},
    )
    def list_versions(self, request: Request, public_id: str) -> Response:
        """The published versions with their configs, newest first."""
        flow = self._find(request, public_id, deleted=True)
        page = paginate(request, FlowVersion.objects.filter(flow=flow.pk), ("-version",))
        return paged(page, [{**shown_version(version), "config": version.config} for version in page.rows])

    @extend_schema(
        operation_id="assembly_log_decision_flow",
        parameters=PAGING,
        responses={200: OpenApiResponse(ASSEMBLY_PAGE, "One page, newest first")},
    )
    def list_assembly_log(self, request: Request, public_id: str) -> Response:
        """What the flow took up or dropped by itself, newest first; nothing of it was published."""
        flow: Any = self._find(request, public_id, deleted=True)
        page = paginate(request, flow.assembly_log.all(), ("-id",))
        return paged(page, [shown_line(line) for line in page.rows])

    def _published(
        self, request: Request, public_id: str, body: type[RequestSerializer], act: Callable[..., Published]
    ) -> Response:
        payload = _optional_payload(request)
        sent = body(data=payload)
        sent.is_valid(raise_exception=True)
        values = {name: value for name, value in sent.validated_data.items() if name != "rowVersion"}
        with transaction.atomic():
            with writing(actor_of(request)) as unit:
                flow = self._find(request, public_id, deleted=False)
                expected = expected_version(request, payload, flow.version)
                row, warnings = act(unit, flow, **values, expected_version=expected)
            answer = self._written(request, row, sent.warnings + warnings)
        return Response(answer)


def _optional_payload(request: Request) -> Mapping[str, Any]:
    """The body; a POST without one needs no Content-Type."""
    return (
        payload_of(request) if request.content_type or request.META.get("CONTENT_LENGTH") not in {None, "", "0"} else {}
    )
