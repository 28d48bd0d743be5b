"""The only writers of attachments: what people paste, and the sweep of what no text shows any more."""

import datetime as dt
import hashlib
import logging
from collections.abc import Iterable, Sequence
from typing import IO

from django.apps import apps as installed
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from psycopg2 import sql

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.attachments import storage
from apps.attachments.models import Attachment
from apps.attachments.pictures import Picture, read_picture
from apps.attachments.selectors import taken_today
from apps.audit.services import record
from apps.catalog.models import System
from apps.common.errors import Conflict, Invalid, TooMany
from apps.common.holds import FILES, PICTURES
from apps.common.malware import malware_in

# Who may write any text there: asking a question needs the least.
_NEEDED = {
    False: Permission.QUESTION_ASK,
    True: Permission.GUIDANCE_DISCUSS,
}  # of the library: True
logger = logging.getLogger(__name__)
MB = 1024 * 1024
KEPT_UNUSED = dt.timedelta(days=30)  # a text that is still being written may name it
BATCH = 200  # a transaction


def attachment_add(*, actor: Actor, system: System | None, file: IO[bytes]) -> Attachment:
    """Keep a picture for texts of a system, or of the library where there is none.

    The same picture of the same person again is the one that is there.
    Raises: Missing, NotPermitted, Invalid (`file`), TooMany, Unavailable.
    """
    require(actor, _NEEDED[system is None], system)
    _within_quota(actor)  # before the work of reading it; what counts is the look under the lock
    picture = read_picture(_clean(_measured(file)))
    return _keep(actor, system, picture)


def _measured(file: IO[bytes]) -> IO[bytes]:
    """The file, which is no longer than may be. Raises: Invalid."""
    size = file.seek(0, 2)
    file.seek(0)
    if size == 0:
        raise Invalid({"file": "The file is empty."})
    if size > settings.SECOPS_MAX_IMAGE_BYTES:
        limit = settings.SECOPS_MAX_IMAGE_BYTES // MB
        raise Invalid({"file": f"The picture is larger than {limit} MB, the limit here."})
    return file


def _clean(file: IO[bytes]) -> IO[bytes]:
    """The file, in which the virus scanner found nothing, if there is one. Raises: Invalid, Unavailable."""
    if found := malware_in(iter(lambda: file.read(MB), b"")):
        raise Invalid({"file": f"The virus scanner found {found} in it. Nothing of it was kept."})
    file.seek(0)
    return file


def _within_quota(actor: Actor) -> None:
    count, size = taken_today(actor)
    if count >= settings.SECOPS_IMAGES_A_DAY or size >= settings.SECOPS_IMAGE_BYTES_A_DAY:
        raise TooMany(
            f"You have added {count} pictures within a day, which is all that there is room for. "
            "Go on tomorrow, or ask your operator for more."
        )


@transaction.atomic
def _keep(actor: Actor, system: System | None, picture: Picture) -> Attachment:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PICTURES])
    digest = hashlib.sha256(picture.data).hexdigest()
    same: Attachment | None = Attachment.objects.filter(
        sha256=digest, system=system, created_by=actor.user, media_type=picture.media_type
    ).first()
    if same is not None:
        Attachment.objects.filter(pk=same.pk).update(unused_since=None)
        return same
    _within_quota(actor)
    row = Attachment(
        system=system,
        sha256=digest,
        media_type=picture.media_type,
        size=len(picture.data),
        width=picture.width,
        height=picture.height,
        created_by=actor.user,
    )
    storage.store(row.storage_name, picture.data)
    row.save()
    told = {"sha256": digest, "bytes": row.size, "pixels": [row.width, row.height]}
    record(
        actor=actor,
        action="attachment.add",
        target=row,
        system_id=system.pk if system else None,
        changes=told,
    )
    return row


def unused_sweep() -> int:
    """Mark what no text names, unmark what one names again, and take away what was unused for 30 days.

    Texts are the columns of SECOPS_MARKDOWN_TEXTS; one statement reads them all. Returns how many went.
    """
    _mark()
    total = 0
    while removed := _remove():
        total += removed
    return total


def _mark() -> None:
    named = _named_in(settings.SECOPS_MARKDOWN_TEXTS)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "WITH named AS MATERIALIZED ({named}) "
                "UPDATE attachments_attachment a "
                "SET unused_since = CASE WHEN EXISTS (SELECT FROM named WHERE uid = a.uid::text) "
                "THEN NULL ELSE now() END "
                "WHERE (a.unused_since IS NULL) "
                "<> EXISTS (SELECT FROM named WHERE uid = a.uid::text)"
            ).format(named=named)
        )


def _named_in(columns: Iterable[str]) -> sql.Composable:
    """SELECT uid of every picture that a text names. columns: "app.Model.field" each."""
    return sql.SQL(" UNION ").join(
        sql.SQL(
            "SELECT (regexp_matches({column}, '/attachments/([0-9a-f-]{{36}})', 'g'))[1] AS uid "
            "FROM {table} WHERE {column} LIKE '%/attachments/%'"
        ).format(table=sql.Identifier(table), column=sql.Identifier(column))
        for table, column in map(_column, columns)
    )


def _column(name: str) -> tuple[str, str]:
    label, _, field = name.rpartition(".")
    model = installed.get_model(label)
    return model._meta.db_table, model._meta.get_field(field).column  # noqa: SLF001  # public in practice


@transaction.atomic
def attachment_remove(*, actor: Actor, attachment: Attachment) -> None:
    """Take a picture away at once, such as one that shows a secret; texts show its words instead.

    For who added it, and for those who manage its system. Raises: Missing, NotPermitted, Conflict.
    """
    if actor.user_id is None or attachment.created_by_id != actor.user_id:
        require(actor, Permission.SYSTEM_MANAGE, attachment)
    require(actor, _NEEDED[attachment.system_id is None], attachment)
    if not _alone_with_files():
        raise Conflict("A backup is being made, which needs every file. Try again when it is done.")
    _take_away([attachment], actor)


@transaction.atomic
def _remove() -> int:
    """One batch. Gives way while a backup copies files."""
    if not _alone_with_files():
        return 0
    due = Attachment.objects.filter(unused_since__lt=timezone.now() - KEPT_UNUSED)
    rows = list(due.order_by("pk")[:BATCH])
    _take_away(rows, portal_actor("attachments"))
    if rows:
        logger.info("%d pictures went that no text shows", len(rows))
    return len(rows)


def _alone_with_files() -> bool:
    """Until the transaction ends nobody else stores a picture or copies files; False: somebody copies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [FILES])
        if not cursor.fetchone()[0]:
            return False
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PICTURES])
    return True


def _take_away(rows: Sequence[Attachment], actor: Actor) -> None:
    """The files first, so that a death in between leaves rows that are due again."""
    for name in _alone(rows):
        storage.forget(name)
    for row in rows:
        told = {"sha256": row.sha256, "bytes": row.size}
        record(
            actor=actor,
            action="attachment.remove",
            target=row,
            system_id=row.system_id,
            changes=told,
        )
    Attachment.objects.filter(pk__in=[row.pk for row in rows]).delete()


def _alone(rows: Sequence[Attachment]) -> set[str]:
    """The files of rows that go, without those that a row needs which stays."""
    others = Attachment.objects.exclude(pk__in=[row.pk for row in rows])
    shared = set(
        others.filter(sha256__in=[row.sha256 for row in rows]).values_list("sha256", flat=True)
    )
    return {row.storage_name for row in rows if row.sha256 not in shared}
