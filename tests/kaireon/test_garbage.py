"""Garbage is looked for again whatever happened while it was not, and only if it was looked for before."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from kaireon.garbage import uncollected


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    collecting = gc.isenabled()
    yield
    (gc.enable if collecting else gc.disable)()


@pytest.mark.parametrize("collecting", [True, False])
def test_collecting_is_afterwards_as_it_was_before(collecting: bool) -> None:
    @uncollected()
    def made(*, broken: bool) -> bool:
        if broken:
            raise ValueError
        with uncollected():  # the inner one leaves it to the outer one
            pass
        return gc.isenabled()

    (gc.enable if collecting else gc.disable)()
    for _ in range(2):
        assert made(broken=False) is False
        assert gc.isenabled() is collecting
        with pytest.raises(ValueError):
            made(broken=True)
        assert gc.isenabled() is collecting
