"""Tenants: the zones they may live in."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from kaireon import tenancy
from kaireon.access import create_tenant
from kaireon.tenancy import Tenant
from policies import windows


@pytest.mark.parametrize("zone", ["localtime", "Mars/Olympus", "europe/berlin", ""])
def test_a_tenant_lives_in_a_zone_of_the_iana_database(db: None, zone: str) -> None:
    with pytest.raises(ValidationError) as caught:
        create_tenant(key="acme", name="Acme", timezone=zone)
    assert list(caught.value.message_dict) == ["timezone"]
    assert not Tenant.objects.exists()


def test_tenants_and_policies_know_the_same_zones() -> None:
    assert tenancy.zone_names() == windows.zone_names()
    assert "localtime" not in tenancy.zone_names()
