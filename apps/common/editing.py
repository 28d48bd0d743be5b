"""Optimistic locking: an edit names the version it was made on."""

from typing import TypeVar

from apps.common.errors import EditConflict, Missing
from apps.common.models import Edited

M = TypeVar("M", bound=Edited)


def lock_for_edit(model: type[M], pk: int, expected_version: int | None, *related: str) -> M:
    """Lock a row for an edit and check that it is still the one that the editor read.

    expected_version None means "whatever it is now", for callers that change one fact and no text.
    Raises: EditConflict, Missing when it was removed meanwhile.
    """
    rows = model._default_manager.select_for_update(of=("self",)).select_related(*related)  # noqa: SLF001
    row: M | None = rows.filter(pk=pk).first()
    if row is None:
        raise Missing("Somebody removed this since you read it.")
    if expected_version is not None and row.version != expected_version:
        raise EditConflict(
            "Somebody else changed this since you read it. Read it again and repeat your change.",
            current_version=row.version,
        )
    row.version += 1
    return row


def changed_fields(row: Edited, values: dict[str, object]) -> dict[str, list[object]]:
    """Set `values` on the row; return what changed as {field: [before, after]} for the audit row."""
    changes: dict[str, list[object]] = {}
    for name, after in values.items():
        before = getattr(row, name)
        if before != after:
            changes[name] = [before, after]
            setattr(row, name, after)
    return changes
