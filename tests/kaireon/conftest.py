"""What the tests of the admin begin with."""

from __future__ import annotations

import pytest

from creatives.models import Category, Channel


@pytest.fixture
def cards(admin):
    return Category.objects.get(pk=Category.id_kind.decode(admin.make("categories", name="Cards")["id"]))


@pytest.fixture
def furnished(admin):
    """A channel with two placements."""
    channel = admin.make("channels", name="Email")
    for name in ("Hero", "Footer"):
        admin.make("placements", name=name, channelId=channel["id"])
    return Channel.objects.get()
