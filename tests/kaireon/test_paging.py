"""Long lists are counted as far as anybody turns pages."""

from __future__ import annotations

import pytest

from creatives.models import Category
from kaireon.admin.paging import CappedPaginator


class ShortPaginator(CappedPaginator):
    most = 4


@pytest.mark.parametrize(("rows", "count", "pages", "more"), [(3, 3, 2, False), (4, 4, 2, False), (6, 4, 2, True)])
def test_a_list_ends_where_counting_ends_and_says_so(rows, count, pages, more, admin, django_assert_num_queries):
    for number in range(rows):
        admin.make("categories", name=f"Category {number}")
    with django_assert_num_queries(1) as asked:
        found = ShortPaginator(Category.objects.order_by("name"), 2)
        assert (found.count, found.num_pages, found.more) == (count, pages, more)
    assert "LIMIT 5" in asked[0]["sql"]
    assert [row.name for row in found.page(1)] == ["Category 0", "Category 1"]
