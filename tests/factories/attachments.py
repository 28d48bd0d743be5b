"""Pictures as people and strangers send them."""

from io import BytesIO
from typing import Any

from PIL import Image

from apps.accounts.actors import portal_actor
from apps.attachments.models import Attachment
from apps.attachments.services.attachments import attachment_add
from apps.catalog.models import System


def picture_bytes(
    kind: str = "PNG", size: tuple[int, int] = (40, 30), colour: Any = (20, 90, 100), **how: Any
) -> bytes:
    """One colour, as a file."""
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, kind, **how)
    return file.getvalue()


def make_attachment(system: System | None, **how: Any) -> Attachment:
    return attachment_add(
        actor=portal_actor("tests"), system=system, file=BytesIO(picture_bytes(**how))
    )
