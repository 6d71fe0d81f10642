"""`POST /respond`: what became of an offer is recorded once, and counts in the next decision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from decisioning.contacts.ledgers import faults
from decisioning.models import IdempotencyKey, Interaction
from kaireon import clock
from kaireon.tenancy import Tenant
from tests.conftest import Catalogue, Door, catalogue_through
from tests.decisioning.conftest import COOLDOWN, asked
from tests.witness import rows_added, stored

pytestmark = pytest.mark.django_db


def recorded(door: Door, *, status: int = 201, **body: Any) -> Any:
    """The answer to a report that must be a good one."""
    answered, answer = door("POST", "respond", {"customerId": "ada", "outcome": "impression", **body})
    assert answered == status, answer
    return answer


def refused(door: Door, **body: Any) -> list[tuple[str, str]]:
    """The faults of a report that must be a bad one; nothing of it is stored."""
    before = stored()
    status, answer = door("POST", "respond", {"customerId": "ada", "outcome": "impression", **body})
    assert (status, answer["error"]["code"]) == (400, "VALIDATION_ERROR"), answer
    assert stored() == before
    return [(detail["field"], detail["message"]) for detail in answer["error"]["details"]]


def recommended(door: Door, customer: str = "ada") -> Any:
    status, answer = door("POST", "recommend", {"customerId": customer})
    assert status == 200, answer
    return answer


def test_the_answer_says_what_was_recorded(admin: Door, tenant: Tenant, catalogue: Catalogue) -> None:
    at = "2026-03-10T12:00:00.000Z"
    said = {
        "conversionValue": 12.5,
        "cost": 0.25,
        "campaignId": "spring",
        "direction": "inbound",
        "context": {"a": [1]},
    }
    answer = recorded(admin, creativeId=catalogue.creative, outcome="convert", timestamp=at, **said)
    assert answer == {
        "interactionId": Interaction.objects.get().public_id,
        "recommendationId": None,
        "customerId": "ada",
        "outcome": "convert",
        "classification": "positive",
        "rank": None,
        "offerId": catalogue.offer,
        "creativeId": catalogue.creative,
        "channelId": catalogue.channel,
        "status": "recorded",
        "timestamp": at,
        "warnings": [],
    }
    status, history = admin("GET", "interaction-history?customerId=ada")
    assert (status, len(history["data"])) == (200, 1)
    [row] = history["data"]
    assert {name: row[name] for name in ("id", "type", *said, "void", "placementId")} == {
        "id": answer["interactionId"],
        "type": "convert",
        **said,
        "void": False,
        "placementId": catalogue.placement,
    }
    assert list(faults(tenant, ["ada"])) == []


def test_an_impression_counts_in_the_next_decision(admin: Door, catalogue: Catalogue) -> None:
    admin.make("contact-policies", name="Rest", **COOLDOWN)
    assert asked(admin)["results"][0]["allowed"] is True
    recorded(admin, creativeId=catalogue.creative)
    assert asked(admin)["results"][0]["allowed"] is False
    assert asked(admin, customerId="bob")["results"][0]["allowed"] is True


def test_a_recommendations_line_is_one_contact(admin: Door, tenant: Tenant, catalogue: Catalogue) -> None:
    decided = recommended(admin)["recommendationId"]
    first = recorded(admin, recommendationId=decided, rank=1, idempotencyKey="a")
    assert (first["creativeId"], first["recommendationId"], first["rank"]) == (catalogue.creative, decided, 1)
    second = recorded(admin, status=200, recommendationId=decided, rank=1, idempotencyKey="b")
    assert (second["interactionId"], second["duplicate"]) == (first["interactionId"], True)
    assert second["warnings"] == [
        "Rank 1 was reported as presented before; it is one contact and was not recorded again."
    ]
    recorded(admin, recommendationId=decided, rank=1, outcome="click")
    assert sorted(Interaction.objects.values_list("outcome", flat=True)) == ["click", "impression"]
    assert list(faults(tenant, ["ada"])) == []


def test_what_was_not_presented_counts_nowhere(admin: Door, tenant: Tenant, catalogue: Catalogue) -> None:
    admin.make("contact-policies", name="Rest", **COOLDOWN)
    decided = recommended(admin)["recommendationId"]
    recorded(admin, recommendationId=decided, rank=1)
    assert asked(admin)["results"][0]["allowed"] is False
    recorded(admin, recommendationId=decided, rank=1, outcome="not_presented")
    assert asked(admin)["results"][0]["allowed"] is True
    later = recorded(admin, recommendationId=decided, rank=1)
    assert later["warnings"] == ["Rank 1 was reported as not presented; the impression is recorded and counts nowhere."]
    assert asked(admin)["results"][0]["allowed"] is True
    assert list(faults(tenant, ["ada"])) == []
    rows = Interaction.objects.order_by("pk").values_list("outcome", "void")
    assert list(rows) == [("impression", True), ("not_presented", False), ("impression", True)]


def test_a_retry_gets_the_first_answer_and_another_body_a_conflict(admin: Door, catalogue: Catalogue) -> None:
    report = {"creativeId": catalogue.creative, "outcome": "click"}
    first = recorded(admin, **report, idempotencyKey="k1")
    before = stored()
    assert recorded(admin, status=200, **report, idempotencyKey="k1") == first | {"duplicate": True}
    status, again = admin("POST", "respond", {"customerId": "ada", **report}, **{"Idempotency-Key": "k1"})
    assert (status, again) == (200, first | {"duplicate": True})
    status, answer = admin("POST", "respond", {"customerId": "bob", **report, "idempotencyKey": "k1"})
    assert (status, answer["error"]["code"]) == (409, "CONFLICT")
    assert stored() == before
    assert IdempotencyKey.objects.count() == 1


def test_a_retry_may_be_spelled_otherwise(admin: Door, catalogue: Catalogue) -> None:
    first = recorded(
        admin, creativeId=catalogue.creative, cost=2, context={"size": [1.0, 1e20, 0.5]}, idempotencyKey="k"
    )
    again = {"cost": 2.0, "context": {"size": [1, 10**20, 0.5]}, "creativeId": catalogue.creative}
    assert recorded(admin, status=200, **again, idempotencyKey="k") == first | {"duplicate": True}
    for size in ([1, 10**20, 0.25], [True, 10**20, 0.5], ["1.0", 10**20, 0.5]):
        report = {"customerId": "ada", "outcome": "impression", **again, "context": {"size": size}}
        assert admin("POST", "respond", {**report, "idempotencyKey": "k"})[0] == 409
    assert Interaction.objects.count() == 1


def test_a_late_event_counts_when_it_happened_and_one_slightly_ahead_counts_as_now(
    admin: Door, catalogue: Catalogue
) -> None:
    now = datetime.now(UTC)
    late = recorded(admin, creativeId=catalogue.creative, timestamp="2020-01-01T00:00:00+01:00")
    assert late["timestamp"] == "2019-12-31T23:00:00.000Z"
    ahead = recorded(admin, creativeId=catalogue.creative, timestamp=clock.text(now + timedelta(minutes=4)))
    assert clock.parse(ahead["timestamp"]) < now + timedelta(minutes=1)
    too_far = clock.text(now + timedelta(minutes=6))
    [(field, message)] = refused(admin, creativeId=catalogue.creative, timestamp=too_far)
    assert (field, message.partition(";")[0]) == ("timestamp", f'"{too_far}" lies in the future')


def test_a_creative_that_was_deleted_meanwhile_is_recorded(admin: Door, catalogue: Catalogue) -> None:
    decided = recommended(admin)["recommendationId"]
    assert admin("DELETE", f"offers/{catalogue.offer}")[0] == 200
    by_line = recorded(admin, recommendationId=decided, rank=1)
    by_creative = recorded(admin, creativeId=catalogue.creative, outcome="click")
    assert {by_line["offerId"], by_creative["offerId"]} == {catalogue.offer}


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown outcome": ({"outcome": "clicked"}, "outcome", '"clicked" is no outcome; known are impression, click,'),
    "nothing it is about": ({}, "creativeId", "Say what it is about"),
    "a rank alone": ({"rank": 1}, "rank", "A rank belongs to a recommendation"),
    "rank 0": ({"recommendationId": "rec_x", "rank": 0}, "rank", "0 is out of range; send a number from 1 to 50."),
    "a strange recommendation": ({"recommendationId": "rec_x", "rank": 1}, "recommendationId", "There is no recomm"),
    "a strange creative": ({"creativeId": "cre_x"}, "creativeId", 'There is no creative with the id "cre_x".'),
    "a value that is no number": ({"conversionValue": "12"}, "conversionValue", '"12" is not a number'),
    "a cost below zero": ({"cost": -1}, "cost", "-1.0 is out of range"),
    "an instant without a zone": ({"timestamp": "2026-01-01T00:00:00"}, "timestamp", '"2026-01-01T00:00:00" is not'),
    "a context that is no object": ({"context": []}, "context", "[] is not an object"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_bad_report_is_refused_by_name(admin: Door, case: str) -> None:
    body, field, message = FAULTS[case]
    [(named, said)] = refused(admin, **body)
    assert (named, said[: len(message)]) == (field, message)


def test_a_recommendation_is_its_customers_own(admin: Door, stranger: Door, catalogue: Catalogue) -> None:
    decided = recommended(admin, "bob")["recommendationId"]
    [(field, message)] = refused(admin, recommendationId=decided, rank=1)
    assert (field, message) == ("recommendationId", f'The recommendation "{decided}" was made for another customer.')
    [(field, message)] = refused(admin, customerId="bob", recommendationId=decided, rank=2)
    assert (field, message) == ("rank", "The recommendation has 1 decisions; 2 is none of their ranks.")
    [(field, _)] = refused(stranger, customerId="bob", recommendationId=decided, rank=1)
    assert field == "recommendationId"
    assert stranger("GET", "interaction-history")[1]["data"] == []


def test_of_many_reports_the_good_ones_are_recorded(admin: Door, tenant: Tenant, catalogue: Catalogue) -> None:
    decided = recommended(admin)["recommendationId"]
    good = {"customerId": "ada", "creativeId": catalogue.creative, "outcome": "click"}
    line = {"customerId": "ada", "recommendationId": decided, "rank": 1}
    before = stored()
    status, answer = admin(
        "POST",
        "respond/bulk",
        {
            "outcomes": [
                good,
                {**good, "outcome": "nothing"},
                {**good, "customerId": "bob", "idempotencyKey": "k"},
                {**good, "customerId": "bob", "idempotencyKey": "k"},
                {**good, "customerId": "eve", "idempotencyKey": "k"},
                "click",
                {**line, "outcome": "impression"},
                {**line, "outcome": "impression"},
                {**line, "outcome": "not_presented"},
            ]
        },
    )
    assert (status, answer["processed"], answer["succeeded"], answer["failed"]) == (200, 9, 6, 3)
    codes = [(error["index"], error["error"]["code"]) for error in answer["errors"]]
    assert codes == [(1, "VALIDATION_ERROR"), (4, "CONFLICT"), (5, "VALIDATION_ERROR")]
    added = rows_added(before)
    assert added == {
        "decisioning.Interaction": 4,
        "decisioning.IdempotencyKey": 1,
        "decisioning.ContactLedger": 2,
        "decisioning.Presentation": 1,
        "decisioning.Word": 3,
    }
    assert list(faults(tenant, ["ada", "bob"])) == []
    assert Interaction.objects.get(outcome="impression").void is True


def test_a_bulk_that_is_repeated_under_its_key_is_recorded_once(admin: Door, catalogue: Catalogue) -> None:
    click = {"customerId": "ada", "creativeId": catalogue.creative, "outcome": "click"}
    outcomes = [click, click, {**click, "outcome": "clicked"}, {**click, "idempotencyKey": "own"}]
    header = {"Idempotency-Key": "k"}
    status, first = admin("POST", "respond/bulk", {"outcomes": outcomes}, **header)
    assert (status, first["succeeded"], Interaction.objects.count()) == (200, 3, 3)
    before = stored()
    assert admin("POST", "respond/bulk", {"outcomes": outcomes}, **header) == (200, first)
    status, answer = admin("POST", "respond/bulk", {"outcomes": [{**click, "customerId": "bob"}]}, **header)
    assert (status, answer["errors"][0]["error"]["code"]) == (422, "CONFLICT")
    assert stored() == before
    outcomes[2] = {**click, "outcome": "accept"}  # mended, and sent under the same key
    status, answer = admin("POST", "respond/bulk", {"outcomes": outcomes}, **header)
    assert (status, answer["succeeded"], Interaction.objects.count()) == (200, 4, 4)
    assert set(IdempotencyKey.objects.values_list("key", flat=True)) == {"k#0", "k#1", "k#2", "own"}
    for key in ("", "x" * 251):
        status, answer = admin("POST", "respond/bulk", {"outcomes": outcomes}, **{"Idempotency-Key": key})
        assert (status, answer["error"]["details"][0]["field"]) == (400, "Idempotency-Key")


def test_a_bulk_of_nothing_good_is_unprocessable(admin: Door, catalogue: Catalogue) -> None:
    status, answer = admin("POST", "respond/bulk", {"outcomes": [{}]})
    assert (status, answer["failed"], answer["error"]["code"]) == (422, 1, "ALL_FAILED")
    for outcomes in ([], {}, None, [{}] * 1001):
        status, answer = admin("POST", "respond/bulk", {"outcomes": outcomes})
        assert (status, answer["error"]["details"][0]["field"]) == (400, "outcomes")


def test_history_is_read_newest_first_and_filtered(admin: Door, catalogue: Catalogue) -> None:
    for day, customer, outcome in ((1, "ada", "impression"), (2, "bob", "click"), (3, "ada", "click")):
        at = f"2026-03-0{day}T00:00:00Z"
        recorded(admin, customerId=customer, creativeId=catalogue.creative, outcome=outcome, timestamp=at)

    def days(query: str) -> list[int]:
        status, page = admin("GET", f"interaction-history?{query}")
        assert status == 200, page
        return [int(row["timestamp"][9]) for row in page["data"]]

    assert days("") == [3, 2, 1]
    assert days("customerId=ada") == [3, 1]
    assert days("type=click") == [3, 2]
    assert days(f"offerId={catalogue.offer}&from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z") == [2]
    assert days(f"creativeId={catalogue.creative}&limit=1") == [3]
    assert days("channelId=ch_x") == []
    assert admin("GET", "interaction-history?customer=ada")[0] == 400


@pytest.mark.parametrize("path", ["interaction-history", "interaction-summaries", "customers"])
def test_a_customer_who_is_asked_about_is_named_and_named_once(admin: Door, path: str) -> None:
    recorded(admin, creativeId=catalogue_through(admin).creative)
    for query, message in {
        "customerId=": "The id is empty; send 1 to 255 characters, or leave the parameter out.",
        "customerId=ada&customerId=bob": 'The parameter "customerId" is given twice; give it once.',
    }.items():
        status, answer = admin("GET", f"{path}?{query}")
        assert (status, answer["error"]["details"]) == (400, [{"field": "customerId", "message": message}])


def test_a_campaign_is_called_what_its_client_calls_it(admin: Door, catalogue: Catalogue) -> None:
    status, decided = admin("POST", "recommend", {"customerId": "ada", "campaignId": " spring "})
    assert status == 200
    recorded(admin, recommendationId=decided["recommendationId"], rank=1)
    [row] = admin("GET", "interaction-history?campaignId=%20spring%20")[1]["data"]
    assert row["campaignId"] == " spring "
