"""The rival: a recommendation as a good developer would write it with Django REST framework and the ORM.

Everything is read by the ORM for each request, with related rows joined or prefetched and wide columns left out until
they are needed. It does what the benchmark asks for and no more: one list, no placements, no rotation, no reservations.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from creatives.models import Creative, Placement
from creatives.rendering import render
from decisioning.models import Customer
from kaireon import clock
from kaireon.api.authentication import ApiKeyAuthentication
from kaireon.api.permissions import actor_of
from kaireon.tenancy import EDITORS, Actor, Role
from tests.benchmarks.e2e import rival_rows
from tests.benchmarks.e2e.models import Shown
from tests.benchmarks.e2e.rival_choice import Choice, Judged


class RivalRequest(serializers.Serializer):
    """What is asked of the rival."""

    customerId = serializers.CharField(max_length=255)
    limit = serializers.IntegerField(min_value=1, max_value=50, default=5)
    attributes = serializers.DictField(default=dict)


class RivalView(APIView):
    """`POST /rival`: the best creatives a customer may see now, stored and answered."""

    authentication_classes = [ApiKeyAuthentication]

    def roles_for(self, request: Request) -> frozenset[Role]:
        return EDITORS | {Role.DELIVERY}

    def post(self, request: Request) -> Response:
        actor = actor_of(request)
        asked = RivalRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        answer = recommended(actor, asked.validated_data)
        shown = Shown.objects.create(
            tenant=actor.tenant, customer_id=answer["customerId"], decided_at=actor.now, answer=answer
        )
        return Response({"recommendationId": f"shown_{shown.pk}", **answer})


def recommended(actor: Actor, asked: dict[str, Any]) -> dict[str, Any]:
    """The answer."""
    started, now = perf_counter(), clock.milliseconds(actor.now)
    customer = rival_rows.customer_of(actor.tenant, asked["customerId"])
    snapshot = rival_rows.snapshot_of(actor.tenant)
    facts = rival_rows.facts_of(customer, snapshot, now)
    on_sale = rival_rows.on_sale(actor.tenant)
    choice = Choice(snapshot, facts, on_sale, now)
    chosen = list(choice.best(asked["limit"]))
    return {
        "customerId": customer.customer_id,
        "count": len(chosen),
        "decisions": lines(chosen, customer, asked["attributes"]),
        "placements": {},
        "meta": {
            "candidates": len(on_sale),
            "afterContactPolicies": len(choice.allowed),
            "suppressed": len(on_sale) - len(choice.allowed),
            "decidedAt": clock.text(actor.now),
            "policyVersion": snapshot.version,
            "flowVersion": rival_rows.flow_version(actor.tenant),
            "freeAt": None,
            "durationMs": round((perf_counter() - started) * 1000, 3),
        },
    }


def lines(chosen: Sequence[Judged], customer: Customer, attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """The decisions in rank order; only their content is read, and rendered."""
    contents = Creative.objects.in_bulk([each.creative.pk for each in chosen])
    sources = {"customer": customer.attributes, "attributes": attributes, "personalization": {}}
    return [line(rank, contents[each.creative.pk], each, sources) for rank, each in enumerate(chosen, start=1)]


def line(rank: int, whole: Creative, each: Judged, sources: dict[str, Any]) -> dict[str, Any]:
    """One decision."""
    creative = each.creative
    offer, channel, placement = creative.offer, creative.channel, creative.placement_id
    return {
        "rank": rank,
        "offerId": offer.public_id,
        "offerName": offer.name,
        "categoryName": offer.category.name if offer.category else None,
        "creativeId": creative.public_id,
        "creativeName": creative.name,
        "channelId": channel.public_id,
        "channelName": channel.name,
        "placementId": None if placement is None else Placement.id_kind.encode(placement),
        "templateType": creative.template_type,
        "content": render(whole.content, whole.personalization, sources, template_type=whole.template_type),
        "abTestVariant": creative.ab_test_variant,
        "score": offer.priority / 100,
        "interactionId": None,
        "reservedUntil": None,
    }
