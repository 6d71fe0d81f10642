"""Pages of long lists: counted only as far as anybody turns pages."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator

MOST_COUNTED = 100_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Ends after 100,000 rows and says that there are more; a search or a filter brings those up."""

    template_name = "admin/lifecycle/pagination.html"

    @cached_property
    def count(self) -> int:
        return min(self._counted, MOST_COUNTED)

    @property
    def more(self) -> bool:
        """Whether rows were left uncounted."""
        return self._counted > MOST_COUNTED

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        counted: int = rows.order_by()[: MOST_COUNTED + 1].count()
        return counted
