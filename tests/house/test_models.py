"""The tables of the house: whose they are, what they remember, how their ids are made."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models import ProtectedError

from decisioning.models import (
    AssemblyLine,
    BudgetTotal,
    CarriedSummary,
    CarriedTotal,
    ContactLedger,
    Customer,
    DailyTally,
    Decision,
    ErasedRow,
    FlowVersion,
    HistoryCut,
    IdempotencyKey,
    Interaction,
    InteractionSummary,
    LegalHold,
    Manifest,
    PolicyTally,
    Presentation,
    Reservation,
    SegmentMember,
    SummaryProgress,
    TallyProgress,
    Word,
)
from kaireon.access import ApiKey, Membership
from kaireon.audit import AuditEntry, ConfigurationHead
from kaireon.lifecycle import Lifecycle, kinds
from kaireon.publicid import Kind
from kaireon.tenancy import Tenant, TenantOwned
from policies.models import PolicyScope

OURS = ("kaireon", "creatives", "policies", "decisioning")

# Tables that belong to no tenant by a column `tenant` of their own, each with the reason.
WITHOUT_TENANT = {
    Tenant: "it is the tenant",
    ConfigurationHead: "its key is the tenant",
}
# Tables that are nobody's configuration: no versions, no soft deletion; each with the reason.
WITHOUT_LIFECYCLE = {
    Tenant: "changed by operators only, and audited by hand",
    ConfigurationHead: "one row a tenant, written by every change",
    AuditEntry: "append-only itself",
    PolicyScope: "a part of its policy, whose history holds it",
    Interaction: "append-only, and the truth",
    Presentation: "a gate in front of interactions",
    Reservation: "traffic, and settled within minutes",
    FlowVersion: "append-only, a part of its flow, whose history holds it",
    AssemblyLine: "an append-only log",
    Customer: "personal data, so nothing of it is kept twice",
    SegmentMember: "personal data, and audited with its customer",
    BudgetTotal: "a projection of interactions",
    CarriedTotal: "what is left of interactions that were deleted",
    CarriedSummary: "what is left of interactions that were deleted",
    ErasedRow: "what is left of interactions that were erased",
    HistoryCut: "how far history was deleted",
    ContactLedger: "a projection of interactions",
    InteractionSummary: "a projection of interactions",
    SummaryProgress: "how far that projection has come",
    DailyTally: "a projection of decisions",
    PolicyTally: "a projection of decisions",
    TallyProgress: "how far that projection has come",
    LegalHold: "placed and released by operators only, and audited by hand",
    Word: "append-only",
    Decision: "append-only, and kept for a while only",
    Manifest: "append-only",
    IdempotencyKey: "append-only, and kept for a while only",
}


def models() -> list[type]:
    """Every table of Kaireon that is not a history."""
    return [
        model
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        if not model.__name__.startswith("Historical")
    ]


def test_every_table_belongs_to_a_tenant_or_says_why_not() -> None:
    lost = [model for model in models() if not issubclass(model, TenantOwned) and model not in WITHOUT_TENANT]
    assert lost == []
    assert [model for model in WITHOUT_TENANT if issubclass(model, TenantOwned)] == []


def test_every_table_is_configured_through_the_lifecycle_or_says_why_not() -> None:
    without = [model for model in models() if not issubclass(model, Lifecycle) and model not in WITHOUT_LIFECYCLE]
    assert without == []
    assert [model for model in WITHOUT_LIFECYCLE if issubclass(model, Lifecycle)] == []


def test_every_configured_row_is_its_tenants_and_has_history() -> None:
    assert len(kinds()) >= 12
    for model in kinds().values():
        assert issubclass(model, TenantOwned)
        history = model.history.model
        tracked = {field.attname for field in history.tracked_fields}
        assert tracked == {field.attname for field in model._meta.concrete_fields if field.name not in model.unaudited}
        assert {"history_actor", "history_parts", "history_change_reason"} <= {
            f.name for f in history._meta.get_fields()
        }


def test_history_keeps_no_trace_of_a_key_or_of_its_use() -> None:
    kept = {field.name for field in ApiKey.history.model._meta.get_fields()}
    assert {"name", "role", "start"} <= kept
    assert not kept & {"digest", "last_used_at"}


def test_nobody_who_has_a_role_can_be_deleted(person: Callable[[str], User]) -> None:
    with pytest.raises(ProtectedError):
        person("viewer").delete()


def test_every_configured_row_can_be_restored_or_says_why_not() -> None:
    from kaireon.api.views import NOT_RESTORABLE, restorable

    assert set(kinds().values()) - set(restorable().values()) == {ApiKey, Membership}
    assert set(NOT_RESTORABLE) == {"api_key", "membership"}


def test_the_default_manager_of_a_configured_row_sees_the_deleted_too() -> None:
    for model in kinds().values():
        assert model._default_manager.name == "everything"


def id_kinds() -> list[Kind]:
    return [model.id_kind for model in models() if hasattr(model, "id_kind")]


def test_every_kind_of_id_has_a_prefix_and_a_number_of_its_own() -> None:
    found = id_kinds()
    assert len({kind.prefix for kind in found}) == len(found)
    assert len({kind.number for kind in found}) == len(found)


def test_prefixes_are_the_documented_ones() -> None:
    documented = {"cp", "cps", "cre", "off", "cat", "sub", "ch", "pl", "seg", "df", "ih", "run", "log", "t"}
    assert documented <= {kind.prefix for kind in id_kinds()}


def test_an_id_decodes_to_what_it_encodes_and_nothing_else_does() -> None:
    for kind in id_kinds():
        for key in (0, 1, 2, 1000, 2**31, 2**63 - 1):
            public_id = kind.encode(key)
            assert kind.decode(public_id) == key
            others = [other for other in id_kinds() if other != kind]
            assert [other.decode(public_id) for other in others] == [None] * len(others)
            bad = (public_id + "k", public_id[:-1], f" {public_id}", public_id.replace("_", "__"), f"{public_id}\n")
            assert [kind.decode(text) for text in bad] == [None] * len(bad)


def test_an_id_never_changes_its_spelling() -> None:
    assert {kind.prefix: kind.encode(1) for kind in id_kinds() if kind.number < 5} == {
        "t": "t_zAg8DBn0",
        "cp": "cp_tIdWbyXG",
        "cps": "cps_EW02Ojxe",
        "cre": "cre_bQ7dNCLc",
    }


def test_no_migration_is_missing(db: None) -> None:
    out = StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=out)
    assert out.getvalue() == "No changes detected\n"
