"""The audit trail for people, and as a file: every entry of a filter, streamed."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from apps.audit.models import AuditEntry
from apps.audit.seals import SEALED, canonical
from apps.common.tables import Echo, cell

CHUNK = 2000  # rows a round trip
PAIR = 2


@dataclass(frozen=True)
class Change:
    """One line of what an entry changed; `before` is empty where there was nothing."""

    name: str
    before: str
    after: str


def changes_of(entry: AuditEntry) -> list[Change]:
    """{field: [before, after]}, or whatever else an entry tells, as lines for people."""
    lines = []
    for name, value in entry.changes.items():
        before, after = value if isinstance(value, list) and len(value) == PAIR else ("", value)
        lines.append(Change(name.replace("_", " "), _words(before), _words(after)))
    return lines


def _words(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def json_lines(rows: QuerySet[AuditEntry]) -> Iterator[bytes]:
    """One entry a line, exactly the bytes that the seals are made of, but for the line's end."""
    for row in _values(rows):
        yield canonical(row) + b"\n"


def csv_lines(rows: QuerySet[AuditEntry]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow(SEALED)
    for row in _values(rows):
        told = row | {
            "at": row["at"].isoformat(),
            "changes": json.dumps(row["changes"], sort_keys=True, ensure_ascii=False),
        }
        yield writer.writerow([cell(told[name]) for name in SEALED])


def _values(rows: QuerySet[AuditEntry]) -> Iterator[dict[str, Any]]:
    yield from rows.values(*SEALED).iterator(chunk_size=CHUNK)
