"""The register of incidents as a table for other programs."""

import csv
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.common.tables import Echo, cell
from apps.evidence.incidents import IncidentFilter, incidents_list
from apps.evidence.models import Incident
from apps.evidence.services.incidents import incident_export_note

COLUMNS = (
    *("key", "kind", "began_on", "ended_on", "times", "system", "statements"),
    *("summary", "loss", "currency", "recorded_by", "recorded_at"),
)
CHUNK = 500


def incidents_answer(viewer: Actor, wanted: IncidentFilter) -> HttpResponseBase:
    """What a filter finds, as CSV, streamed; taking it is written down. Raises: NotPermitted."""
    incident_export_note(actor=viewer)
    name = f"incidents-{timezone.localdate():%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        _lines(viewer, wanted),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _lines(viewer: Actor, wanted: IncidentFilter) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for row in incidents_list(viewer, wanted).iterator(chunk_size=CHUNK):
        yield writer.writerow([cell(value) for value in _cells(row)])


def _cells(row: Incident) -> list[Any]:
    return [
        *(row.key, row.kind, row.began_on, row.ended_on, row.times, row.system.key),
        *(" ".join(row.statement_keys), row.summary, row.loss),
        settings.SECOPS_CURRENCY if row.loss is not None else "",
        *(str(row.recorded_by or ""), row.recorded_at.isoformat()),
    ]
