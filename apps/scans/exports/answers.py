"""An export as an answer over HTTP: sent while it is read, kept nowhere."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.scans.exports.files import KINDS, csv_of_columns, pieces
from apps.scans.selectors import FindingFilter
from apps.scans.services.exports import findings_export_note


def export_answer(
    viewer: Actor,
    wanted: FindingFilter,
    kind: str,
    asked: Mapping[str, Any],
    columns: Sequence[str] = (),
) -> StreamingHttpResponse:
    """asked: the filter in words, for the audit trail; columns: of a CSV of what the list shows, else all.

    Raises: NotPermitted.
    """
    file = csv_of_columns(columns) if columns and kind == "csv" else KINDS[kind]
    findings_export_note(actor=viewer, kind=kind, asked=asked)
    name = f"findings-{timezone.now():%Y-%m-%d}.{file.ending}"
    return StreamingHttpResponse(
        pieces(file, viewer, wanted),
        content_type=file.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )
