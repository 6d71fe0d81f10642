"""Which policies may concern some candidates, found by their assignments without compiling any of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from creatives.models import Creative
from decisioning.engine.candidates import Candidate
from decisioning.in_force.naming import id_of
from kaireon.lifecycle import Status
from kaireon.tenancy import Tenant
from policies.models import SCOPED, ContactPolicy, PolicyScope
from policies.rules import RULES
from policies.scope import DIMENSIONS, value_of

ANY_ID = re.compile(r"\w+_\w+")  # an id counts in its one spelling only, so that its text is enough to find it


def concerning(tenant: Tenant, offers: Collection[int], candidates: Sequence[Candidate]) -> Q:
    """Policies assigned to everything, to each of a kind, or to what a candidate is; and those that name its offer.

    The candidates are the creatives of the offers. No policy in force that concerns one of them is left out, and few
    are in it that do not.
    """
    here = Q(scope__in=["global", *SCOPED], target__isnull=True)
    for scope, dimension in DIMENSIONS.items():
        keys: Any = {value_of(candidate, dimension) for candidate in candidates} - {None}
        if dimension == "creative":  # of which an offer may have thousands
            keys = Creative.everything.of(tenant).filter(offer__in=offers).values("pk")
        here |= Q(scope=scope, target__in=keys)
    assigned = PolicyScope.objects.filter(here, tenant=tenant)
    return Q(pk__in=assigned.values("policy")) | Q(pk__in=_reaching(tenant, offers))


def _reaching(tenant: Tenant, offers: Iterable[int]) -> list[int]:
    """The policies of rules that concern, besides what they are assigned to, offers that their config names."""
    ids = {id_of("offer", offer) for offer in offers}
    kinds = [rule.slug for rule in RULES if rule.reaches_named_offers]
    rows = ContactPolicy.objects.of(tenant).filter(status=Status.ACTIVE, rule_type__in=kinds)
    configs = rows.values_list("pk", Cast("config", TextField()))
    return [key for key, config in configs if not ids.isdisjoint(ANY_ID.findall(config))]
