"""Names as long as they may be, and names that run from right to left: no page is pulled apart or turned by them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from policies.models import ContactPolicy
from tests.browser.test_policy_list import LIST
from tests.policies.test_admin import made
from tests.visitors import address

LONG, TURNING = "X" * 255, "Turned \u202e round"
IN_ORDER = """line => {
  const [name, deed] = [...line.querySelectorAll("a")].map((it) => it.getBoundingClientRect());
  return name.right <= deed.left;
}"""
STICKS_OUT = "document.documentElement.scrollWidth - window.innerWidth"


@pytest.mark.parametrize("width", [1440, 400])
def test_a_name_as_long_as_it_may_be_fits_into_every_page(width, page: Page, admin, transactional_db):
    policy, hourly = made(admin, LONG), {"config": {"cooldownHours": 1}}
    made(admin, "Other", **hourly)
    admin("PATCH", f"contact-policies/{policy.public_id}", hourly)
    page.set_viewport_size({"width": width, "height": 900})
    views = [address(ContactPolicy, view, policy.pk) for view in ("change", "history", "delete")]
    for path in ("/admin/", LIST, *views, "/admin/why-not/?customer=ada", "/admin/kaireon/auditentry/"):
        page.goto(path)
        assert (path, page.evaluate(STICKS_OUT)) == (path, 0)
    page.goto(LIST)
    priority = page.get_by_label("Priority of Other").bounding_box()
    assert priority is not None and priority["x"] + priority["width"] < width


def test_what_stands_around_a_name_that_turns_its_direction_stays_as_it_is(page: Page, admin, transactional_db):
    made(admin, TURNING)
    page.goto("/admin/")
    change = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="create contact policy"))
    expect(change.first).to_contain_text("Turned")
    assert change.first.evaluate(IN_ORDER)
