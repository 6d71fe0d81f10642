"""Pages of long lists: counted only as far as anybody turns pages."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.core.paginator import Paginator


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Ends after `most` rows and says that there are more; a search or a filter brings those up."""

    most: ClassVar[int] = 100_000

    template_name = "admin/lifecycle/pagination.html"

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.most)

    @property
    def more(self) -> bool:
        """Whether rows were left uncounted."""
        return self._counted > self.most

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        counted: int = rows.order_by()[: self.most + 1].count()
        return counted


def tell_when_narrowed(changelist: Any) -> None:
    """Lets the head of a list say how much was found where the list is not whole; the end of a list counts anyway."""
    narrowed = bool(changelist.query) or bool(changelist.get_filters_params().keys() - {"deleted"})
    if not narrowed:
        changelist.full_result_count = changelist.result_count
