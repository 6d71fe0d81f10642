"""Writes offers' category labels onto contacts that were recorded without."""

from collections import Counter
from collections.abc import Iterable, Sequence

from decisioning.models import Interaction
from decisioning.upkeep.backfills import customers_with, record_labels
from kaireon.batching import Backfill


class Command(Backfill[str]):
    """`manage.py backfill_offer_categories --tenant KEY`; the ledgers say the same afterwards."""

    help = (
        "Give interactions whose category label was never recorded the label their offer has now; none where it has "
        "none. Until then they count against every offer_category_cap. What has a label keeps it."
    )
    noun = "customers"
    batch_size = 500

    def rows(self) -> Iterable[str]:
        return customers_with(Interaction.objects.of(self.tenant).filter(label__isnull=True), after=self.after)

    def carry_out(self, batch: Sequence[str]) -> Counter[str]:
        return Counter({"interactions labelled": record_labels(self.tenant, batch)})
