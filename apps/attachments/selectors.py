"""The only readers of attachments."""

import datetime as dt
import uuid
from collections.abc import Collection

from django.apps import apps as installed
from django.conf import settings
from django.db import connection
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone
from psycopg2 import sql

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.attachments.models import Attachment
from apps.common.errors import Missing, NotPermitted

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


def pictures_own(viewer: Actor) -> QuerySet[Attachment]:
    """What a person has added and still sees, the newest first."""
    if viewer.user_id is None:
        return Attachment.objects.none()
    return attachments_visible(viewer).filter(created_by=viewer.user_id).order_by("-pk")


def manages_pictures(viewer: Actor) -> bool:
    """Whether there are others' pictures that the viewer may take away."""
    return viewer.systems_with(Permission.SYSTEM_MANAGE) != frozenset()


def pictures_managed(viewer: Actor) -> QuerySet[Attachment]:
    """Everybody's on the systems that the viewer manages; for admins of the organisation the library's,
    too. Raises: NotPermitted.
    """
    systems = viewer.systems_with(Permission.SYSTEM_MANAGE)
    if systems == frozenset():
        raise NotPermitted("Others' pictures are for those who manage a system.")
    rows = attachments_visible(viewer).order_by("-pk")
    return rows if systems is None else rows.filter(system_id__in=systems)


def uses_of(uids: Collection[uuid.UUID]) -> list[tuple[str, int, uuid.UUID]]:
    """(model as "app.Model", row, picture) of each text that names one of the pictures, once each.

    One statement over the columns of SECOPS_MARKDOWN_TEXTS. SECURITY: of texts that the reader may not
    see, too; the caller asks.
    """
    if not uids:
        return []
    parts, params = [], []
    for name in settings.SECOPS_MARKDOWN_TEXTS:
        label, _, field = name.rpartition(".")
        model = installed.get_model(label)
        table, column = model._meta.db_table, model._meta.get_field(field).column  # noqa: SLF001
        parts.append(
            sql.SQL(
                "SELECT %s AS label, t.id, found[1] AS uid FROM {table} t, "
                "regexp_matches(t.{column}, '/attachments/([0-9a-f-]{{36}})', 'g') AS found "
                "WHERE t.{column} LIKE '%%/attachments/%%'"
            ).format(table=sql.Identifier(table), column=sql.Identifier(column))
        )
        params.append(label)
    query = sql.SQL(
        "SELECT DISTINCT label, id, uid FROM ({texts}) AS u WHERE uid = ANY(%s) ORDER BY 1, 2"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            query.format(texts=sql.SQL(" UNION ALL ").join(parts)),
            [*params, [str(uid) for uid in uids]],
        )
        return [(label, row, uuid.UUID(uid)) for label, row, uid in cursor.fetchall()]


def taken_today(actor: Actor) -> tuple[int, int]:
    """(pictures, bytes) that a person has added within 24 hours."""
    since = timezone.now() - DAY
    told = Attachment.objects.filter(
        created_by=actor.user_id, created_by__isnull=False, created_at__gt=since
    ).aggregate(count=Count("pk"), size=Sum("size", default=0))
    return told["count"], told["size"]
