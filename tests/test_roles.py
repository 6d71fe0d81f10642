"""Who may do what: one table of every address, method and role with the status it answers, and every row is tried."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver

from kaireon.tenancy import Role
from tests.conftest import Catalogue, Door
from tests.witness import stored

ROLES = ("anonymous", "viewer", "editor", "admin", "delivery", "foreign")

# `foreign` is an admin of another tenant: the lists are that tenant's own, and no row of this one is ever found.
# A role that may not write at all learns that (403) before it learns that an address has no such method (405).
WRITTEN_BY_EDITORS = """
                      anonymous viewer editor admin delivery foreign
GET     /                 401     200    200   200    403     200
POST    /                 401     403    201   201    403     FOREIGN
PUT     /                 401     403    200   200    403     400
DELETE  /?id=ID           401     403    200   200    403     400
PATCH   /                 401     403    405   405    403     405
GET     /ID               401     200    200   200    403     404
PUT     /ID               401     403    200   200    403     404
PATCH   /ID               401     403    200   200    403     404
DELETE  /ID               401     403    200   200    403     404
POST    /ID               401     403    405   405    403     405
GET     /ID/history       401     200    200   200    403     404
POST    /ID/history       401     403    405   405    403     405
POST    /ID/revert        401     403    200   200    403     404
GET     /ID/revert        401     405    405   405    403     405
"""
WRITTEN_BY_ADMINS = """
                      anonymous viewer editor admin delivery foreign
GET     /                 401     200    200   200    403     200
POST    /                 401     403    403   201    403     FOREIGN
PUT     /                 401     403    403   200    403     400
DELETE  /?id=ID           401     403    403   200    403     400
PATCH   /                 401     403    403   405    403     405
GET     /ID               401     200    200   200    403     404
PUT     /ID               401     403    403   200    403     404
PATCH   /ID               401     403    403   200    403     404
DELETE  /ID               401     403    403   200    403     404
POST    /ID               401     403    403   405    403     405
GET     /ID/history       401     200    200   200    403     404
POST    /ID/history       401     403    403   405    403     405
POST    /ID/revert        401     403    403   200    403     404
GET     /ID/revert        401     405    405   405    403     405
"""
PUBLISHED_BY_ADMINS = """\
POST    /ID/publish       401     403    403   200    403     404
GET     /ID/publish       401     405    405   405    403     405
POST    /ID/rollback      401     403    403   200    403     404
GET     /ID/rollback      401     405    405   405    403     405
GET     /ID/versions      401     200    200   200    403     404
POST    /ID/versions      401     403    405   405    403     405
GET     /ID/assembly-log  401     200    200   200    403     404
POST    /ID/assembly-log  401     403    405   405    403     405
"""
OF_THE_HOUSE = """
                      anonymous viewer editor admin delivery foreign
POST    restore?GONE      401     403    403   200    403     400
GET     restore           401     403    403   405    403     405
GET     audit-logs        401     403    403   200    403     200
POST    audit-logs        401     403    403   405    403     405
PUT     audit-logs        401     403    403   405    403     405
DELETE  audit-logs        401     403    403   405    403     405
GET     audit-logs/verify 401     403    403   200    403     200
POST    audit-logs/verify 401     403    403   405    403     405
GET     schema            200     200    200   200    200     200
GET     docs              200     200    200   200    200     200
"""
DECIDING = """
                      anonymous viewer editor admin delivery foreign
POST    decisions/filter  401     200    200   200    200     200
GET     decisions/filter  401     405    405   405    405     405
POST    recommend         401     403    200   200    200     200
GET     recommend         401     403    405   405    405     405
POST    respond           401     403    201   201    201     400
GET     respond           401     403    405   405    405     405
POST    respond/bulk      401     403    200   200    200     422
GET     respond/bulk      401     403    405   405    405     405
GET     interaction-history 401   200    200   200    403     200
POST    interaction-history 401   405    405   405    403     405
GET     decisions/ID      401     404    404   404    403     404
POST    decisions/ID      401     405    405   405    403     405
"""
OF_CUSTOMERS = """
                              anonymous viewer editor admin delivery foreign
GET     customers                 401     200    200   200    403     200
PUT     customers                 401     403    201   201    403     201
DELETE  customers?customerId=EXTANT 401   403    200   200    403     400
POST    customers                 401     403    405   405    403     405
GET     customers/ID              401     200    200   200    403     404
PUT     customers/ID              401     403    200   200    403     201
PATCH   customers/ID              401     403    200   200    403     404
DELETE  customers/ID              401     403    200   200    403     404
POST    customers/ID              401     403    405   405    403     405
GET     customers/ID/eligibility  401     200    200   200    403     200
GET     customers/ID/why-not/ID   401     404    404   404    403     404
POST    customers/bulk            401     403    200   200    403     200
GET     customers/bulk            401     404    404   404    403     404
GET     segments/ID/members       401     200    200   200    403     404
POST    segments/ID/members       401     403    200   200    403     404
DELETE  segments/ID/members       401     403    200   200    403     404
PUT     segments/ID/members       401     403    405   405    403     405
"""
OF_SUMMARIES = """
                      anonymous viewer editor admin delivery foreign
GET     interaction-summaries?customerId=ID 401 200 200 200 403 200
POST    interaction-summaries 401     405    405   405    403     405
GET     interaction-summary   401     200    200   200    403     200
POST    interaction-summary   401     405    405   405    403     405
"""
OF_PREVIEWS = """
                      anonymous viewer editor admin delivery foreign
POST    contact-policies/impact-preview 401 200 200 200 403 200
GET     contact-policies/impact-preview 401 405 405 405 403 405
PUT     contact-policies/impact-preview 401 405 405 405 403 405
"""
# What a foreign admin's POST answers: 400 where the payload names a row of this tenant, else a row of the other.
COLLECTIONS = {
    "categories": (WRITTEN_BY_EDITORS, "201"),
    "sub-categories": (WRITTEN_BY_EDITORS, "400"),
    "offers": (WRITTEN_BY_EDITORS, "201"),
    "channels": (WRITTEN_BY_EDITORS, "201"),
    "placements": (WRITTEN_BY_EDITORS, "400"),
    "creatives": (WRITTEN_BY_EDITORS, "400"),
    "contact-policies": (WRITTEN_BY_ADMINS, "400"),
    "outcome-types": (WRITTEN_BY_EDITORS, "201"),
    "segments": (WRITTEN_BY_EDITORS, "201"),
    "campaign-runs": (WRITTEN_BY_EDITORS, "201"),
    "decision-flows": (WRITTEN_BY_EDITORS + PUBLISHED_BY_ADMINS, "201"),
}


@dataclass(frozen=True)
class Row:
    """One line of the table: `path` holds ID where a row's id goes."""

    method: str
    path: str
    statuses: dict[str, int]

    @property
    def route(self) -> str:
        return self.path.partition("?")[0]


def rows_of(table: str, collection: str = "", foreign: str = "") -> Iterator[Row]:
    for line in table.replace("FOREIGN", foreign).strip().splitlines()[1:]:
        method, path, *statuses = line.split()
        full = collection + (path.removeprefix("/") if path.startswith("/?") or path == "/" else path)
        yield Row(method, full, dict(zip(ROLES, map(int, statuses), strict=True)))


def whole_table() -> list[Row]:
    rows = [
        *rows_of(OF_THE_HOUSE),
        *rows_of(DECIDING),
        *rows_of(OF_CUSTOMERS),
        *rows_of(OF_SUMMARIES),
        *rows_of(OF_PREVIEWS),
    ]
    for collection, (table, foreign) in COLLECTIONS.items():
        rows += rows_of(table, collection, foreign)
    return rows


@pytest.fixture
def doors(as_role: Callable[[str], Door], anonymous: Door, stranger: Door) -> dict[str, Door]:
    return {"anonymous": anonymous, "foreign": stranger, **{role: as_role(role) for role in Role}}


def payload_for(collection: str, catalogue: Catalogue) -> dict[str, Any]:
    """What makes a new row of the collection."""
    own = {
        "sub-categories": {"categoryId": catalogue.category},
        "placements": {"channelId": catalogue.channel},
        "creatives": {"offerId": catalogue.offer, "channelId": catalogue.channel},
        "contact-policies": {"ruleType": "allow_override", "scopeId": catalogue.offer},
        "outcome-types": {"key": "returned"},
        "decision-flows": {"key": "returned"},
    }
    return {"name": "Returned", **own.get(collection, {})}


def tried(doors: dict[str, Door], row: Row, public_id: str, body: dict[str, Any]) -> dict[str, int]:
    """What the row answers to each role; what it may change is taken back, what a refusal changes would stay."""
    found = {}
    for role in ROLES:
        with transaction.atomic():
            sent = None if row.method == "GET" else body
            response = doors[role].raw(row.method, row.path.replace("ID", public_id), sent)
            found[role] = response.status_code
            transaction.set_rollback(response.status_code < 400)
    return found


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_every_role_gets_what_the_table_says(doors: dict[str, Door], catalogue: Catalogue, collection: str) -> None:
    payload = payload_for(collection, catalogue)
    extant = doors["admin"].make(
        collection, **payload | {"name": "Extant"} | ({"key": "extant"} if "key" in payload else {})
    )
    if collection == "decision-flows":
        doors["admin"]("POST", f"decision-flows/{extant['id']}/publish")
    table, foreign = COLLECTIONS[collection]
    before = stored()
    for row in rows_of(table, collection, foreign):
        body = payload if row.method == "POST" else {"name": "Renamed"}
        if row.method == "PUT" and row.path == collection:
            body = {"id": extant["id"], "name": "Renamed"}
        if row.path.endswith(("/revert", "/rollback")):
            body = {"version": 1}
        assert (row.method, row.path, tried(doors, row, extant["id"], body)) == (row.method, row.path, row.statuses)
    assert stored() == before


def test_every_role_gets_what_the_table_says_of_the_house_itself(doors: dict[str, Door], catalogue: Catalogue) -> None:
    doors["admin"]("DELETE", f"creatives/{catalogue.creative}")
    gone = f"entityType=creative&id={catalogue.creative}"
    before = stored()
    for row in rows_of(OF_THE_HOUSE):
        filled = Row(row.method, row.path.replace("GONE", gone), row.statuses)
        assert (row.method, row.path, tried(doors, filled, "", {})) == (row.method, row.path, row.statuses)
    assert stored() == before


def test_every_role_gets_what_the_table_says_of_decisions(doors: dict[str, Door], catalogue: Catalogue) -> None:
    before = stored()
    happened = {"customerId": "A000100", "creativeId": catalogue.creative, "outcome": "click"}
    for row in rows_of(DECIDING):
        body = {"customerId": "A000100", "dryRun": True}
        if row.path.startswith("respond"):
            body = {"outcomes": [happened], **happened}
        answered = tried(doors, row, "rec_gone", body)
        assert (row.method, row.path, answered) == (row.method, row.path, row.statuses)
    assert stored() == before


def test_every_role_gets_what_the_table_says_of_customers(doors: dict[str, Door]) -> None:
    assert doors["admin"]("PUT", "customers/EXTANT", {})[0] == 201
    segment = doors["admin"].make("segments", name="vip")["id"]
    before = stored()
    for row in rows_of(OF_CUSTOMERS):
        public_id = segment if row.path.startswith("segments") else "EXTANT"
        one = {"customerId": "A000100", "customerIds": ["EXTANT"], "attributes": {"a": 1}}
        answered = tried(doors, row, public_id, one | {"customers": [one]})
        assert (row.method, row.path, answered) == (row.method, row.path, row.statuses)
    assert stored() == before


def test_every_role_gets_what_the_table_says_of_summaries(doors: dict[str, Door]) -> None:
    before = stored()
    for row in rows_of(OF_SUMMARIES):
        answered = tried(doors, row, "A000100", {})
        assert (row.method, row.path, answered) == (row.method, row.path, row.statuses)
    assert stored() == before


def test_every_role_gets_what_the_table_says_of_previews(doors: dict[str, Door]) -> None:
    before = stored()
    body = {"policyType": "cooldown", "config": {"cooldownHours": 24, "periodDays": 30}}
    for row in rows_of(OF_PREVIEWS):
        answered = tried(doors, row, "", body)
        assert (row.method, row.path, answered) == (row.method, row.path, row.statuses)
    assert stored() == before


def test_every_address_of_the_api_is_in_the_table() -> None:
    tabled = {(row.route.replace("/ID", "/*"), row.method) for row in whole_table()}
    missing = [
        (route, method) for route, methods in addresses() for method in sorted(methods) if (route, method) not in tabled
    ]
    assert missing == []


def addresses() -> Iterator[tuple[str, set[str]]]:
    """Every address under /api/v1 with `*` for each part that varies, and the methods it takes."""
    for pattern, callback in patterns(get_resolver().url_patterns, ""):
        if pattern.startswith("api/v1/") and pattern != "api/v1/":
            route = re.sub(r"\(\?P<\w+>[^)]*\)|<[^>]*>", "*", pattern.removeprefix("api/v1/"))
            yield route.replace("/?$", "").replace("^", "").rstrip("$"), methods_of(callback)


def patterns(found: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in found:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern), pattern.callback


def methods_of(callback: Any) -> set[str]:
    """The methods an address answers, HEAD and OPTIONS aside."""
    actions = getattr(callback, "actions", None)
    if actions is None:
        view = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
        actions = [name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)]
    return {name.upper() for name in actions} - {"HEAD", "OPTIONS"}
