"""What callers report of a customer: read, found valid, and turned into what is about to be recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework.exceptions import ValidationError

from creatives.models import Creative
from decisioning.contacts.happening import Happening
from decisioning.deciding.decided import lines_of
from decisioning.deciding.recommendations import Frozen, Line, frozen_of
from decisioning.deciding.requests import EARLIEST, CustomerIdField
from decisioning.in_force.configuration import Configuration
from decisioning.models import Decision
from decisioning.models.outcomes import IMPRESSION
from decisioning.reporting.standing import Made
from kaireon import clock
from kaireon.api.errors import refuse
from kaireon.api.fields import InstantField, NumberField, ObjectField, TextField, WholeField, shown
from kaireon.api.requests import Body, BodyReader, RequestSerializer
from kaireon.batching import in_batches
from kaireon.database.statements import dialect, fetch, listed
from kaireon.tenancy import Tenant
from policies.limits import MICRO

CLOCK_SKEW = timedelta(minutes=5)  # what another machine's clock may be ahead
LARGEST_AMOUNT = 10**12
LONGEST_KEY = 255
LOOKED_UP = 400


@extend_schema_serializer(component_name="Respond")
class RespondRequest(RequestSerializer):
    """`POST /respond`: `recommendationId` and `rank`, or `creativeId`."""

    customerId = CustomerIdField()
    recommendationId = TextField(required=False)
    rank = WholeField(required=False, min_value=1, max_value=50)
    creativeId = TextField(required=False)
    outcome = TextField(max_length=63)
    idempotencyKey = TextField(required=False, max_length=LONGEST_KEY, trim_whitespace=False)
    timestamp = InstantField(required=False, help_text="Absent: now. Up to 5 minutes ahead counts as now.")
    conversionValue = NumberField(required=False, min_value=-LARGEST_AMOUNT, max_value=LARGEST_AMOUNT)
    cost = NumberField(required=False, min_value=0, max_value=LARGEST_AMOUNT)
    campaignId = TextField(required=False, max_length=255, trim_whitespace=False)
    direction = TextField(required=False, max_length=16)

    def get_fields(self) -> dict[str, Any]:
        # Not a class attribute, because a serializer's own `context` is something else.
        return super().get_fields() | {"context": ObjectField(required=False)}


RESPOND = BodyReader(RespondRequest)


Lines = tuple[tuple[Line, ...], str | None]  # what was decided, in rank order, and the campaign it was decided for


@dataclass(frozen=True, kw_only=True)
class Report:
    """One report, found valid: what happened, and what the answer says besides."""

    happening: Happening
    idempotency_key: str | None
    payload: Mapping[str, Any]
    classification: str
    warnings: tuple[str, ...]


class Surroundings:
    """What the reports of one call are read against: the configuration, and the decisions and creatives they name."""

    def __init__(
        self,
        tenant: Tenant,
        configuration: Configuration,
        bodies: Iterable[Body],
        *,
        now: datetime,
        made: Mapping[str, Made] | None = None,
    ) -> None:
        """`made` are the decisions by their ids, where somebody has read them already."""
        self.tenant = tenant
        self.configuration = configuration
        self.now = now
        wanted = [body.values for body in bodies]
        self._made = _decisions(tenant, [values.get("recommendationId") for values in wanted]) if made is None else made
        self._subjects = self._found({values["creativeId"] for values in wanted if "creativeId" in values})
        self._lines: dict[int, Lines] = {}

    def decision(self, public_id: str) -> tuple[int, str, Lines] | None:
        """A decision's key, whom it was made for, and what it decided, as long as it is kept."""
        if public_id not in self._made:
            return None
        key, customer_id, record = self._made[public_id]
        if key not in self._lines:
            self._lines[key] = lines_of(record)
        return key, customer_id, self._lines[key]

    def frozen(self, public_id: str) -> Frozen | None:
        """What a contact of a creative is a contact of by now; the creative may be deleted."""
        return self._subjects.get(public_id)

    def _found(self, public_ids: Iterable[str]) -> dict[str, Frozen]:
        """What contacts of these creatives are contacts of; those outside the configuration are looked up."""
        found: dict[str, Frozen] = {}
        outside: list[int] = []
        for public_id in public_ids:
            key = Creative.id_kind.decode(public_id)
            item = None if key is None else self.configuration.items.get(key)
            if item is not None:
                found[public_id] = frozen_of(item.candidate, item.candidate.placement)
            elif key is not None:
                outside.append(key)
        for some in in_batches(outside, LOOKED_UP):
            rows = Creative.everything.of(self.tenant).filter(pk__in=some).select_related("offer", "channel")
            found |= {row.public_id: _frozen(row) for row in rows}
        return found


def _decisions(tenant: Tenant, public_ids: Iterable[str | None]) -> dict[str, Made]:
    wanted = {each: Decision.id_kind.decode(each) for each in set(public_ids) if each is not None}
    keys = [key for key in wanted.values() if key is not None]
    if not keys:
        return {}
    sql = f"""SELECT id, customer_id, record FROM {Decision._meta.db_table}
        WHERE tenant_id = %s AND id {dialect()["keys"]}"""
    rows = {
        key: Made(key, customer_id, bytes(record)) for key, customer_id, record in fetch(sql, [tenant.pk, listed(keys)])
    }
    return {public_id: rows[key] for public_id, key in wanted.items() if key in rows}


def report_of(body: Body, payload: Mapping[str, Any], around: Surroundings, *, header_key: str | None = None) -> Report:
    """One report. Raises ValidationError with every fault."""
    values = body.resolved(
        outcome=lambda outcome: _outcome(outcome, around.configuration),
        timestamp=lambda instant: _instant(instant, around.now),
    )
    key = _key(values.get("idempotencyKey"), header_key)
    frozen, decision, campaign = _subject(values, around)
    usual = frozen.cost if values["outcome"] == IMPRESSION else 0
    happening = Happening(
        tenant_id=around.tenant.pk,
        customer_id=values["customerId"],
        at=values.get("timestamp", around.now),
        outcome=values["outcome"],
        offer_key=frozen.offer,
        creative_key=frozen.creative,
        channel_key=frozen.channel,
        placement_key=frozen.placement,
        category_key=frozen.category,
        sub_category_key=frozen.sub_category,
        label=frozen.label,
        campaign_id=values.get("campaignId", campaign),
        cost_micros=round(values["cost"] * MICRO) if "cost" in values else usual,
        value_micros=round(values.get("conversionValue", 0) * MICRO),
        recorded_at=around.now,
        decision_key=decision,
        rank=values.get("rank"),
        direction=values.get("direction", ""),
        context=values.get("context"),
    )
    return Report(
        happening=happening,
        idempotency_key=key,
        payload={name: value for name, value in payload.items() if name != "idempotencyKey"},
        classification=around.configuration.outcomes[values["outcome"]],
        warnings=body.warnings,
    )


def _subject(values: Mapping[str, Any], around: Surroundings) -> tuple[Frozen, int | None, str | None]:
    """What is reported about, the decision's key, and the campaign it was made for."""
    if "recommendationId" in values:
        return _line(values, around)
    if "rank" in values:
        raise refuse("rank", "A rank belongs to a recommendation; send recommendationId with it.")
    if "creativeId" not in values:
        raise refuse("creativeId", "Say what it is about: send recommendationId with rank, or creativeId.")
    frozen = around.frozen(values["creativeId"])
    if frozen is None:
        raise refuse("creativeId", f"There is no creative with the id {shown(values['creativeId'])}.")
    return frozen, None, None


def _line(values: Mapping[str, Any], around: Surroundings) -> tuple[Frozen, int | None, str | None]:
    public_id = values["recommendationId"]
    decision = around.decision(public_id)
    if decision is None:
        raise refuse("recommendationId", f"There is no recommendation {shown(public_id)}, or it is no longer kept.")
    key, customer_id, (lines, campaign) = decision
    if customer_id != values["customerId"]:
        raise refuse("recommendationId", f"The recommendation {shown(public_id)} was made for another customer.")
    if "rank" not in values:
        raise refuse("rank", "Say which of the recommendation's decisions it is about; send its rank.")
    if values["rank"] > len(lines):
        raise refuse("rank", f"The recommendation has {len(lines)} decisions; {values['rank']} is none of their ranks.")
    frozen = lines[values["rank"] - 1].frozen
    if "creativeId" in values and Creative.id_kind.encode(frozen.creative) != values["creativeId"]:
        raise refuse("creativeId", f"The decision of this rank is not {shown(values['creativeId'])}; leave it out.")
    return frozen, key, campaign


def _outcome(outcome: str, configuration: Configuration) -> str:
    if outcome not in configuration.outcomes:
        known = ", ".join(configuration.outcomes)
        raise ValidationError(f"{shown(outcome)} is no outcome; known are {known}.")
    return outcome


def _instant(instant: datetime, now: datetime) -> datetime:
    said = shown(clock.text(instant))
    if instant < EARLIEST:
        raise ValidationError(f"{said} is too early; send an instant from {clock.text(EARLIEST)} on.")
    if instant > now + CLOCK_SKEW:
        raise ValidationError(f"{said} lies in the future; it is {clock.text(now)} now.")
    return min(instant, now)


def is_key(text: str) -> bool:
    """Whether a text may be an idempotency key."""
    return 0 < len(text) <= LONGEST_KEY and "\0" not in text


def _key(in_body: str | None, in_header: str | None) -> str | None:
    if in_header is not None and not is_key(in_header):
        raise refuse("Idempotency-Key", f"The key has {len(in_header)} characters; send 1 to 255, in ASCII and no NUL.")
    if None not in {in_body, in_header} and in_body != in_header:
        raise refuse("idempotencyKey", "The header Idempotency-Key says otherwise; send one of the two.")
    return in_header if in_body is None else in_body


def _frozen(creative: Creative) -> Frozen:
    """What a contact of a deleted creative is a contact of, as its offer and channel are now."""
    offer = creative.offer
    return Frozen(
        creative=creative.pk,
        offer=offer.pk,
        channel=creative.channel_id,
        placement=creative.placement_id,
        category=offer.category_id,
        sub_category=offer.sub_category_id,
        label=offer.category_label or "",
        cost=int(creative.channel.cost_per_contact * MICRO),
    )
