"""The audit log in the admin: in plain words, and the tenant's own only."""

from __future__ import annotations

import pytest
from django.test import Client

from creatives.models import Category
from kaireon.audit import AuditEntry
from kaireon.tenancy import Role
from tests.visitors import address, visit


@pytest.fixture
def browser(person) -> Client:
    return visit(person(Role.ADMIN))


@pytest.fixture
def told(admin) -> AuditEntry:
    """The newest entry after something was made, deleted and brought back."""
    made = admin.make("sub-categories", name="Premium", categoryId=admin.make("categories", name="Cards")["id"])
    admin("DELETE", f"sub-categories/{made['id']}")
    admin("POST", f"restore?entityType=subCategory&id={made['id']}")
    return AuditEntry.objects.latest("sequence")


def test_actions_and_kinds_are_said_in_plain_words(browser, told):
    page = browser.get(address(AuditEntry, "changelist")).content.decode()
    assert "soft_delete" not in page.replace("action=soft_delete", "") and "sub_category" not in page.split("<tbody")[1]
    one = browser.get(address(AuditEntry, "change", told.pk)).content.decode()
    assert "Restore sub category “Premium”" in one
    deleted = AuditEntry.objects.get(action="soft_delete")
    assert str(deleted) == "Delete sub category “Premium”"
    assert "soft_delete" not in browser.get(address(AuditEntry, "change", deleted.pk)).content.decode().split("<pre")[0]


def test_entries_of_one_action_are_found_by_its_word(browser, told):
    page = browser.get(address(AuditEntry, "changelist"), {"action": "soft_delete"})
    assert [entry.entity_name for entry in page.context["cl"].result_list] == ["Premium"]
    words = [
        choice["display"] for spec in page.context["cl"].filter_specs[2:] for choice in spec.choices(page.context["cl"])
    ]
    assert words[0] == "All" and {"Create", "Delete", "Restore"} <= set(words)


def test_the_history_of_a_row_says_the_same_words(browser, admin):
    made = admin.make("categories", name="Cards")
    admin("DELETE", f"categories/{made['id']}")
    versions = browser.get(address(Category, "history", Category.everything.get().pk)).context["versions"]
    assert [version["action"] for version in versions] == ["delete", "create"]
