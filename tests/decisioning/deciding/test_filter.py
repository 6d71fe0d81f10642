"""What `POST /decisions/filter` decides: the verdicts, and what they rest on."""

from __future__ import annotations

import re
from typing import Any

from kaireon.tenancy import Tenant
from policies.models import ContactPolicy
from tests.conftest import Catalogue, Door
from tests.decisioning.conftest import COOLDOWN, NOON, Happened, asked, hours, verdicts
from tests.witness import executed, stored


def test_a_block_is_explained_with_its_numbers_and_its_end(
    admin: Door, delivery: Door, catalogue: Catalogue, happened: Happened
) -> None:
    policy = admin.make("contact-policies", name="Pause", **COOLDOWN | {"scope": "channel"}, scopeId=catalogue.channel)
    happened(NOON)
    before = stored()
    answer = asked(delivery, asOf="2026-03-10T18:00:00Z", candidates=[{"creativeId": catalogue.creative}])
    version = answer.pop("policyVersion")
    assert version > 0
    assert answer == {
        "customerId": "ada",
        "decidedAt": "2026-03-10T18:00:00.000Z",
        "results": [
            {
                "creativeId": catalogue.creative,
                "placementId": catalogue.placement,
                "allowed": False,
                "freeAt": "2026-03-11T12:00:00.000Z",
                "reasons": [
                    {
                        "policyId": policy["id"],
                        "policyName": "Pause",
                        "policyVersion": 1,
                        "ruleType": "cooldown",
                        "scope": "channel",
                        "scopeId": catalogue.channel,
                        "reason": "Last contact on Email was 6 hours ago; the pause is 24 hours",
                        "evidence": {"cooldownHours": 24, "hoursSinceLast": 6},
                        "freeAt": "2026-03-11T12:00:00.000Z",
                        "lifted": False,
                    }
                ],
            }
        ],
        "warnings": [],
    }
    assert stored() == before


def test_the_policy_version_rises_with_every_change_of_configuration(admin: Door, delivery: Door) -> None:
    first = asked(delivery)["policyVersion"]
    admin.make("channels", name="Push")
    assert asked(delivery)["policyVersion"] == first + 1


def test_a_stored_config_nobody_can_read_blocks_and_says_so(admin: Door, tenant: Tenant, catalogue: Catalogue) -> None:
    admin.make("contact-policies", name="Pause", **COOLDOWN)
    ContactPolicy.objects.of(tenant).update(config={"cooldownHours": "soon"})
    [result] = asked(admin)["results"]
    assert not result["allowed"]
    assert result["reasons"][0]["reason"].startswith("The policy's config cannot be read, so it blocks")


def test_a_scope_whose_row_is_deleted_concerns_nobody_and_is_a_warning(
    admin: Door, catalogue: Catalogue, happened: Happened
) -> None:
    push = admin.make("channels", name="Push", status="active")["id"]
    admin.make("contact-policies", name="Pause", **COOLDOWN | {"scope": "channel"}, scopeId=push)
    admin("DELETE", f"channels/{push}")
    happened(NOON)
    answer = asked(admin, asOf="2026-03-10T12:00:01Z")
    assert verdicts(answer) == [(catalogue.creative, True)]
    assert answer["warnings"] == [
        'The policy "Pause" is assigned to the deleted channel "Push"; that assignment concerns nobody any more.'
    ]


def test_as_of_later_contacts_do_not_exist_and_live_a_later_one_counts_as_now(
    admin: Door, catalogue: Catalogue, happened: Happened
) -> None:
    admin.make("contact-policies", name="Pause", **COOLDOWN)
    happened(NOON)
    for instant, allowed in (
        ("2026-03-10T11:59:59.999Z", True),
        ("2026-03-10T12:00:00.000Z", False),
        ("2026-03-11T11:59:59.999Z", False),
        ("2026-03-11T12:00:00.000Z", True),
    ):
        assert verdicts(asked(admin, asOf=instant)) == [(catalogue.creative, allowed)], instant
    happened(NOON.replace(year=2990))
    live = asked(admin)
    assert verdicts(live) == [(catalogue.creative, False)]
    assert live["results"][0]["reasons"][0]["evidence"] == {"cooldownHours": 24, "hoursSinceLast": 0}


def test_only_this_customer_of_this_tenant_counts(
    admin: Door, catalogue: Catalogue, happened: Happened, foreign_tenant: Tenant
) -> None:
    admin.make("contact-policies", name="Pause", **COOLDOWN)
    happened(NOON, customer="Ada")
    happened(NOON, customer=" ada")
    happened(NOON, tenant=foreign_tenant)
    happened(NOON, outcome="click")
    assert verdicts(asked(admin, asOf="2026-03-10T12:00:01Z")) == [(catalogue.creative, True)]


def test_an_override_and_a_mandatory_offer_lift_what_may_be_lifted(
    admin: Door, catalogue: Catalogue, happened: Happened
) -> None:
    happened(NOON)
    admin.make("contact-policies", name="Pause", **COOLDOWN)
    firm = {"cooldownHours": 1, "bypassable": False}
    admin.make("contact-policies", name="Firm", **COOLDOWN | {"config": firm})
    mandatory = {"mandatory": True, "mandatoryReason": "law", "mandatoryExpiresAt": "2999-01-01T00:00:00Z"}

    def reasons(at: str) -> Any:
        [result] = asked(admin, asOf=at)["results"]
        return result["allowed"], {reason["policyName"]: reason["lifted"] for reason in result["reasons"]}

    assert reasons("2026-03-10T12:30:00Z") == (False, {"Pause": False, "Firm": False})
    admin("PATCH", f"offers/{catalogue.offer}", mandatory)
    assert reasons("2026-03-10T12:30:00Z") == (False, {"Pause": True, "Firm": False})
    admin("PATCH", f"offers/{catalogue.offer}", {"mandatory": False})
    admin.make("contact-policies", name="Pass", ruleType="allow_override", scope="offer", scopeId=catalogue.offer)
    assert reasons("2026-03-10T12:30:00Z") == (False, {"Pause": True, "Firm": False})
    assert reasons("2026-03-10T13:00:00Z") == (True, {"Pause": True})


def test_a_creatives_own_constraints_act_and_are_named_after_it(
    admin: Door, catalogue: Catalogue, happened: Happened
) -> None:
    changed = {"constraints": {"frequencyCapPerDay": 1, "cooldownHours": 2}}
    _, creative = admin("PATCH", f"creatives/{catalogue.creative}", changed)
    happened(NOON)
    [result] = asked(admin, asOf="2026-03-10T13:00:00Z")["results"]
    shown = [(reason["ruleType"], reason["policyId"], reason["policyName"]) for reason in result["reasons"]]
    assert shown == [
        ("frequency_cap", catalogue.creative, "Email Hero"),
        ("cooldown", catalogue.creative, "Email Hero"),
    ]
    assert {reason["policyVersion"] for reason in result["reasons"]} == {creative["version"]}
    assert result["freeAt"] == "2026-03-11T12:00:00.000Z"


def test_a_budget_is_used_up_by_all_customers_together(admin: Door, catalogue: Catalogue, happened: Happened) -> None:
    admin("PATCH", f"channels/{catalogue.channel}", {"costPerContact": 0.5})
    config = {"budgetField": "spend", "threshold": 2}
    admin.make("contact-policies", name="Budget", ruleType="budget_exhausted", config=config, scopeId=catalogue.offer)
    for number in range(3):
        happened(NOON + hours(number), customer=f"customer {number}", cost_micros=500_000)
    happened(NOON + hours(3), customer="click", outcome="click", cost_micros=1)

    assert asked(admin, asOf="2026-03-10T14:00:00Z")["results"][0]["reasons"] == []
    [reason] = asked(admin, asOf="2026-03-10T15:00:00Z")["results"][0]["reasons"]
    assert reason["freeAt"] is None
    assert reason["evidence"] == {
        "budgetField": "spend",
        "threshold": 2,
        "actual": 1.500001,
        "spent": 1.500001,
        "reserved": 0,
    }


def test_the_requests_segments_count(admin: Door, catalogue: Catalogue) -> None:
    config = {"excludeSegments": ["minors", "churned"]}
    admin.make("contact-policies", name="Minors", ruleType="segment_exclusion", config=config, scope="global")
    assert verdicts(asked(admin, segments=["vip"])) == [(catalogue.creative, True)]
    [result] = asked(admin, segments=["vip", "minors"])["results"]
    assert result["reasons"][0]["evidence"]["matchedSegment"] == "minors"


def test_a_policy_that_names_an_unknown_outcome_or_segment_is_told_so(admin: Door) -> None:
    admin.make("segments", name="vip")
    made = admin.make(
        "contact-policies",
        name="Segments",
        ruleType="segment_exclusion",
        config={"excludeSegments": ["vip", "vips"]},
        scope="global",
    )
    assert made["warnings"] == ['config.excludeSegments names the segment "vips", which does not exist (yet).']
    config = {"afterOutcome": ["click", "clicks"], "suppressForDays": 1}
    made = admin.make("contact-policies", name="Out", ruleType="outcome_based", config=config, scope="global")
    assert made["warnings"] == ['config.afterOutcome names the outcome "clicks", which does not exist (yet).']


def table_of(sql: str) -> str:
    """What a statement reads: the key and all that comes with it, or a table."""
    if "kaireon_apikey" in sql:
        return "all that is known"
    return re.findall(r"\b(?:kaireon|creatives|policies|decisioning)_[a-z]+\b", sql.split(" WHERE ", maxsplit=1)[0])[-1]


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(
    admin: Door, catalogue: Catalogue, happened: Happened
) -> None:
    def queries() -> list[str]:
        with executed() as statements:
            asked(admin)
        return [
            table_of(sql) for sql in statements if not sql.startswith("RELEASE") and not sql.startswith("SAVEPOINT")
        ]

    config = {"budgetField": "impressions", "threshold": 100}
    admin.make("contact-policies", name="Budget 0", ruleType="budget_exhausted", config=config, scope="global")
    happened()
    few = queries()
    for number in range(1, 30):
        admin.make(
            "contact-policies", name=f"Budget {number}", ruleType="budget_exhausted", config=config, scope="global"
        )
        owners = {"offerId": catalogue.offer, "channelId": catalogue.channel}
        admin.make("creatives", name=f"Creative {number}", status="active", **owners)
        happened(NOON + hours(number))
    assert len(asked(admin)["results"]) == 30
    assert queries() == few
    assert few == [
        "all that is known",  # this process keeps no configuration of a transaction, so both are read in one view
        "kaireon_tenant",
        "creatives_creative",
        "creatives_offer",
        "creatives_placement",
        "creatives_channel",
        "creatives_subcategory",
        "creatives_category",
        "policies_policyscope",
        "policies_contactpolicy",
        "decisioning_segment",
        "decisioning_outcometype",
        "decisioning_flowversion",
        "decisioning_budgettotal",
        "decisioning_interaction",  # the total that is not kept yet
        "decisioning_carriedtotal",  # what was deleted of it
    ]
