"""Gives policies without scope assignments those that their history tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from kaireon.access import operator
from kaireon.batching import Backfill, by_key
from kaireon.writing import writing
from policies.backfills import restore_scopes
from policies.models import ContactPolicy


class Command(Backfill[ContactPolicy]):
    """`manage.py backfill_policy_scopes --tenant KEY`; only assignments are stored, the legacy pair mirrors them."""

    help = (
        "Assign live policies that have no scope assignment to what their newest version with a scope (or, in old "
        "versions, a legacy scope and scopeId) says. A policy of which nothing is known is named and left alone: it "
        "concerns nobody, and is never widened. What is assigned is not touched."
    )
    noun = "policies"
    batch_size = 100

    def prepare(self, options: dict[str, Any]) -> None:
        super().prepare(options)
        self._after = self.key_after(ContactPolicy.id_kind)

    def key_of(self, row: ContactPolicy) -> str:
        return row.public_id

    def rows(self) -> Iterator[ContactPolicy]:
        unassigned = ContactPolicy.objects.of(self.tenant).filter(assignments__isnull=True)
        return by_key(unassigned, size=self.batch_size, after=self._after)

    def carry_out(self, batch: Sequence[ContactPolicy]) -> Counter[str]:
        with writing(operator(self.tenant, "backfill_policy_scopes")) as unit:
            for policy in batch:
                restore_scopes(unit, policy)
        return Counter({"policies assigned": len(batch)})
