"""Going back to an earlier version of a configured row; the same for API and admin."""

from __future__ import annotations

from kaireon import history
from kaireon.api.serializers import ResourceSerializer, save_resource
from kaireon.lifecycle import Lifecycle
from kaireon.writing import LifecycleError, Writing


class UnknownVersion(LifecycleError):
    """The row never had the version."""


def revert(
    serializer: type[ResourceSerializer],
    unit: Writing,
    row: Lifecycle,
    *,
    number: int,
    expected_version: int | None = None,
    why: str = "",
) -> tuple[Lifecycle, list[str]]:
    """Makes an old state the newest version, if it is still valid. Raises UnknownVersion and what writing raises."""
    old = history.entries_of(row).filter(version=number).first() if 0 < number < history.LARGEST else None
    if old is None:
        raise UnknownVersion(f"There is no version {number}; the history lists those there are.")
    return save_resource(
        serializer,
        unit,
        data=old.instance.state(old.history_parts),
        instance=row,
        expected_version=expected_version,
        action="revert",
        reason=f"revert to version {number}" + (f": {why}" if why else ""),
    )
