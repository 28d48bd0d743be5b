"""The bytes of a picture, for pages and API alike."""

from django.http import FileResponse

from apps.attachments import storage
from apps.attachments.models import Attachment


def file_answer(row: Attachment) -> FileResponse:
    """Raises: Missing where the bytes are gone."""
    return FileResponse(
        storage.opened(row.storage_name),
        filename=row.filename,
        content_type=row.media_type,
        headers={
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "private, no-store",
        },
    )
