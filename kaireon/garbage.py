"""Making a great many objects that are to stay."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Looks for no garbage meanwhile: among what is just being made that takes longer than making it.

    It goes for the whole process; another thread only keeps its own garbage a little longer. What was made is looked
    at once or twice afterwards, instead of each time it has grown.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
