"""The only readers of attachments."""

import datetime as dt
import uuid

from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.attachments.models import Attachment
from apps.common.errors import Missing

DAY = dt.timedelta(days=1)


def attachments_visible(viewer: Actor) -> QuerySet[Attachment]:
    rows: QuerySet[Attachment] = Attachment.objects.visible_to(viewer)
    return rows.select_related("system", "created_by")


def attachment_get(viewer: Actor, uid: uuid.UUID) -> Attachment:
    """Raises: Missing, also where it is and the viewer may not see its system."""
    row = attachments_visible(viewer).filter(uid=uid).first()
    if row is None:
        raise Missing("There is no such picture, or you may not see it.")
    return row


def taken_today(actor: Actor) -> tuple[int, int]:
    """(pictures, bytes) that a person has added within 24 hours."""
    since = timezone.now() - DAY
    told = Attachment.objects.filter(
        created_by=actor.user_id, created_by__isnull=False, created_at__gt=since
    ).aggregate(count=Count("pk"), size=Sum("size", default=0))
    return told["count"], told["size"]
