"""Raw copies of reports: masked where the organisation keeps no others."""

import contextlib
import logging
from collections.abc import Iterator

from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.holds import FILES
from apps.scans import storage
from apps.scans.models import RawCopies, RawLeftover, Report
from apps.scans.selectors_raw import raw_copies_are_masked

logger = logging.getLogger(__name__)


@transaction.atomic
def raw_copies_set(*, actor: Actor, masked: bool) -> None:
    """Say whether raw copies are masked from now on, when their report has been read. Raises: NotPermitted."""
    require(actor, Permission.REPORT_REPROCESS)
    before = raw_copies_are_masked()
    row, _ = RawCopies.objects.update_or_create(
        pk=1,
        defaults={
            "are_masked": masked,
            "changed_by": actor.label[:200],
            "changed_at": timezone.now(),
        },
    )
    if before != masked:
        record(
            actor=actor, action="raw-copies.set", target=row, changes={"masked": [before, masked]}
        )


def raw_replace(report: Report, masked_name: str) -> None:
    """Let a masked copy stand for the bytes of a report, inside the transaction that saves it.

    The bytes as sent are deleted once that is committed, by this process or by the sweeper.
    """
    RawLeftover.objects.create(storage_name=report.storage_name)
    report.storage_name, report.raw_is_masked = masked_name, True
    transaction.on_commit(raw_leftovers_delete)


@contextlib.contextmanager
def raw_taken_back(report: Report) -> Iterator[None]:
    """Forget the masked copy that was made inside if the body fails.

    Around the body of the transaction and not around its commit: of one that broke off nobody knows how it ended.
    """
    before = report.storage_name
    try:
        yield
    except BaseException:
        if report.storage_name != before:
            storage.forget(report.storage_name)
        raise


@transaction.atomic
def raw_leftovers_delete() -> None:
    """Delete what masked copies stand for; what cannot be deleted now is tried again.

    Gives way while a backup copies files, among which these may be.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [FILES])
        if not cursor.fetchone()[0]:
            return
    for row in RawLeftover.objects.all()[:100]:
        try:
            default_storage.delete(row.storage_name)
        except OSError:
            logger.exception("%s: a raw report that was masked cannot be deleted", row.storage_name)
        else:
            row.delete()
