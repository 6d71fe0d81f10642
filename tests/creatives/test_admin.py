"""The offer's form, whose schedule is two instants; forms that begin with what their address says."""

from __future__ import annotations

import pytest

from creatives.models import Creative, Offer
from kaireon.tenancy import Role
from tests.visitors import address, faults, filled, visit


def test_a_schedule_is_two_instants_and_keeps_what_has_no_field(person, admin):
    schedule = {"startsAt": "2026-03-10T12:00:00.000Z", "endsAt": "2026-04-10T12:00:00.000Z", "note": "spring"}
    admin.make("offers", name="Gold", schedule=schedule, tags=["a", "b"])
    row, browser = Offer.objects.get(), visit(person(Role.EDITOR))
    url = address(Offer, "change", row.pk)
    assert browser.post(url, filled(browser.get(url), name="Renamed")).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.schedule, row.tags) == ("Renamed", schedule, ["a", "b"])
    moved = filled(browser.get(url), ends_at_0="2026-05-01", ends_at_1="08:30:00", tags="b\nc")
    assert browser.post(url, moved).status_code == 302
    row.refresh_from_db()
    assert row.schedule == schedule | {"endsAt": "2026-05-01T08:30:00.000Z"}
    assert (row.tags, row.version) == (["b", "c"], 3)
    response = browser.post(url, filled(browser.get(url), ends_at_0="2026-01-01", ends_at_1="08:30:00"))
    assert faults(response) == {"ends_at": ["endsAt is not after startsAt; swap or correct them."]}


@pytest.mark.parametrize("key", ["abc", "9" * 30, "-1", "１２"])
def test_what_is_no_row_is_shown_as_nothing_chosen(key, person):
    browser = visit(person(Role.EDITOR))
    for model, field in ((Creative, "offer"), (Offer, "category")):
        for page in (
            browser.get(address(model, "add"), {field: key}),
            browser.post(address(model, "add"), {field: key}),
        ):
            assert page.context["adminform"].form[field].value() is None
            assert f'name="{field}"' in page.content.decode()
    for sent in (key, "\0"):
        assert "category" in faults(browser.post(address(Offer, "add"), {"category": sent}))
