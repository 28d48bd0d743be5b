"""From a received report to findings: once, whatever dies on the way.

A session lock of PostgreSQL keeps two workers off one report; the attempt is counted in a transaction of
its own; all work is one transaction, so that a killed worker leaves nothing half done. The set-up that
survived 300 kills is described in docs/decisions/0003-a-report-is-a-row.md.
"""

import contextlib
import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.audit.services import record
from apps.common import events
from apps.common.errors import ReportRejected
from apps.common.holds import REPORTS
from apps.common.logs import about
from apps.scans import storage
from apps.scans.constants import AMBIGUOUS_FORMAT, INTERNAL, QUARANTINED, UNKNOWN_FORMAT
from apps.scans.domain.fingerprints import tool_family
from apps.scans.domain.reconcile import Effect, effect, is_outdated
from apps.scans.excerpts import Place, place
from apps.scans.formats import masking, raw_copy
from apps.scans.formats.types import Format, FormatError, ParsedReport, ScanStatus
from apps.scans.models import Report, ReportState, Series
from apps.scans.progress import Phase, Teller, telling
from apps.scans.registry import registry
from apps.scans.selectors_raw import raw_copies_are_masked
from apps.scans.services.raw import raw_replace, raw_taken_back
from apps.scans.services.reconcile import Changes, reconcile
from apps.scans.services.staging import Staged, stage

logger = logging.getLogger(__name__)

MAX_WARNINGS = 100
MAX_WARNING = 1000  # characters of one
# What a later attempt may find mended: a restarting database, a full or absent disk.
PASSING = (OperationalError, InterfaceError, OSError, MemoryError)

# The back-off doubles from 2 s up to 5 minutes; the sweeper comes by at every lease anyway.
_BEGIN = """
UPDATE scans_report
SET state = 'processing', attempts = attempts + 1, started_at = now(),
    not_before = now() + make_interval(secs => least(300, 2 ^ least(attempts + 1, 9))),
    next_send_at = now() + make_interval(secs => %s)
WHERE id = %s AND state IN ('received', 'processing') AND not_before <= now() AND attempts < %s
"""


def report_ingest(report_id: int) -> None:
    """Process one report. Safe to call twice, at once, or after any crash."""
    with _only_here(report_id) as mine:
        if mine and _begin_attempt(report_id):
            report = Report.objects.select_related("system").get(pk=report_id)
            with about(report=report.uid):
                state = _attempt(report)
                logger.info("attempt %s ended: the report is %s", report.attempts, state)


@contextlib.contextmanager
def _only_here(report_id: int) -> Iterator[bool]:
    """Hold the report's session lock; yields False when another worker has it.

    It ends with the connection, so a dead worker holds nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [REPORTS + report_id])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            _unlock(report_id)


def _unlock(report_id: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [REPORTS + report_id])
    except DatabaseError:
        connection.close()  # the server drops the lock with the session


def _begin_attempt(report_id: int) -> bool:
    """Count the attempt, on its own commit, so that a death is counted, too."""
    limit = settings.SECOPS_INGEST_MAX_ATTEMPTS
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [settings.SECOPS_LEASE_SECONDS, report_id, limit])
        if cursor.rowcount:
            return True
    exhausted = Report.objects.filter(
        pk=report_id,
        state=ReportState.PROCESSING,
        attempts__gte=limit,
        not_before__lte=timezone.now(),
    ).first()
    if exhausted is not None:
        _quarantine(exhausted)
    return False


def _attempt(report: Report) -> ReportState:
    """Returns what the report is now, after the commit; still being processed if this is to be tried again."""
    try:
        with telling(report) as teller, transaction.atomic(), raw_taken_back(report):
            _ingest(report, teller)
    except FormatError as error:
        return _fail(report, error.reason, error.message, error.location)
    except ReportRejected as error:
        return _fail(report, error.code, error.message, error.location)
    except PASSING:
        logger.exception(
            "report %s: attempt %s failed and will be repeated", report.uid, report.attempts
        )
        return ReportState.PROCESSING
    except Exception:
        logger.exception("report %s: the portal failed to process it", report.uid)
        text = (
            "The portal itself failed on this report; its log says why. The report is kept and can be "
            "processed again after the portal is mended."
        )
        return _fail(report, INTERNAL, text)
    return ReportState.PROCESSED


def _ingest(report: Report, teller: Teller) -> None:
    with storage.opened(report.storage_name) as data, masking.noting() as secrets:
        fmt = _format_of(report, data)
        parsed = fmt.parse(data)
        staged = stage(parsed.findings, parsed.tool_name or fmt.slug, teller.result)
        if raw_copies_are_masked() and not report.raw_is_masked:
            masked = storage.store_written(lambda file: raw_copy.write(data, secrets, file))
            raw_replace(report, masked)
    teller.phase(Phase.MATCHING)
    # A notification is about some findings only, whatever the sender claims.
    report.is_full = report.is_full and not parsed.partial
    series = _lock_series(report, fmt, parsed)
    allowed = _effect(report, series, parsed)
    changes = None
    if allowed is not Effect.NONE:
        changes = reconcile(
            report=report, series=series, staged=staged, allowed=allowed, teller=teller
        )
        if allowed is not Effect.NEW:
            Series.objects.filter(pk=series.pk).update(newest_report=report)
    _tell(report, fmt, parsed, staged)
    report.is_outdated = allowed in {Effect.NONE, Effect.NEW}
    _finish(report, series, staged.count, changes)


def _effect(report: Report, series: Series, parsed: ParsedReport) -> Effect:
    """How much the report may do: one that looked at an older state than a full one changes nothing."""
    outdated = _is_behind(report, parsed, series.newest_report)
    return effect(
        status=parsed.status,
        is_full=report.is_full,
        outdated=outdated,
        outdated_by_full=outdated and _is_behind(report, parsed, _newest_full(series)),
    )


def _is_behind(report: Report, parsed: ParsedReport, newest: Report | None) -> bool:
    return is_outdated(
        scanned_at=_scanned_at(report, parsed),
        received_at=report.received_at,
        newest_scanned_at=newest.scanned_at if newest else None,
        newest_received_at=newest.received_at if newest else None,
    )


def _scanned_at(report: Report, parsed: ParsedReport) -> dt.datetime | None:
    """When the tool looked: as its report says, else as the sender said."""
    return parsed.scanned_at or report.scanned_at


def _newest_full(series: Series) -> Report | None:
    """The report that said last what is open; reports behind a newer one are none of these."""
    said: Report | None = (
        Report.objects.filter(
            series=series,
            state=ReportState.PROCESSED,
            is_full=True,
            is_outdated=False,
            scan_status=ScanStatus.COMPLETE.value,
        )
        .order_by("-finished_at", "-id")
        .first()
    )
    return said


def _format_of(report: Report, data: memoryview) -> Format:
    if report.format:
        named = registry().get(report.format)
        if named is None:
            raise FormatError(
                UNKNOWN_FORMAT, f"The format {report.format!r} is no longer read here."
            )
        return named
    candidates = registry().detect(data, report.filename)
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise FormatError(
            UNKNOWN_FORMAT,
            "No known format begins like this report. Say which it is with format=; docs/formats.md "
            "lists those that are read.",
        )
    names = ", ".join(sorted(candidate.slug for candidate in candidates))
    raise FormatError(AMBIGUOUS_FORMAT, f"This could be {names}. Say which with format=.")


def _lock_series(report: Report, fmt: Format, parsed: ParsedReport) -> Series:
    """The series the report belongs to, locked until the transaction ends."""
    system = report.system
    branch = "" if report.branch == system.default_branch else report.branch
    place = {
        "system": system,
        "stage": report.stage or fmt.stages[0],
        "category": report.category or _storable(parsed.category)[:120],
        "branch": branch,
        "environment": report.environment,
    }
    named = (_storable(parsed.tool_name) or fmt.tool_name or fmt.name)[:120]
    series, _ = Series.objects.get_or_create(
        **place,
        tool=report.tool or _known_as(place, named),
        defaults={"is_preview": bool(branch)},
    )
    # No join with the newest report: after a wait for the lock it would still be the one of before.
    locked: Series = Series.objects.select_for_update().get(pk=series.pk)
    return locked


def _known_as(place: dict[str, Any], named: str) -> str:
    """What the tool is called in the series that it goes on with, else what it calls itself.

    "Semgrep" became "Semgrep OSS", others have their version in their name: the findings are the same
    ones (domain/fingerprints.py), so the series is, or all would be open twice from then on.
    """
    known = Series.objects.filter(**place)
    if known.filter(tool=named).exists():
        return named
    # Where the sender gives the names, they are meant.
    own = known.filter(newest_report__tool="").order_by("-newest_report_id")
    family, names = tool_family(named), own.values_list("tool", flat=True)
    return next((name for name in names if tool_family(name) == family), named)


def _tell(report: Report, fmt: Format, parsed: ParsedReport, staged: Staged) -> None:
    """Put on the report what it says of itself, complete now that it has been read."""
    report.detected_format = fmt.slug
    report.tool_version = _storable(parsed.tool_version)[:120]
    report.scanned_at = _scanned_at(report, parsed)
    report.commit = report.commit or _storable(parsed.commit)[:64]
    report.scan_status = parsed.status.value
    report.outcomes = dict(parsed.outcomes)
    report.warnings = _warnings(report, fmt, parsed, staged)


def _finish(report: Report, series: Series, total: int, changes: Changes | None) -> None:
    """Mark the report processed, with its counts; changes None: a newer one left it nothing to say."""
    report.state = ReportState.PROCESSED
    report.series = series
    report.finished_at = timezone.now()
    report.total = total
    counted = changes or Changes()
    report.new, report.unchanged = counted.new, counted.unchanged
    report.fixed, report.reopened = counted.fixed, counted.reopened
    report.back, report.gone = counted.back, counted.gone
    report.severity_changed = counted.severity_changed
    report.save()
    told = {
        "total": report.total,
        "new": report.new,
        "unchanged": report.unchanged,
        "fixed": report.fixed,
        "reopened": report.reopened,
    }
    record(
        actor=portal_actor("ingest"),
        action="report.process",
        target=report,
        system_id=report.system_id,
        changes=told,
    )
    payload = {"report_id": report.pk, "system_id": report.system_id, "series_id": series.pk}
    events.append("report.processed", payload | told)


def _warnings(report: Report, fmt: Format, parsed: ParsedReport, staged: Staged) -> list[str]:
    warnings = list(parsed.warnings[:MAX_WARNINGS])
    if len(parsed.warnings) > MAX_WARNINGS:
        warnings.append(f"and {len(parsed.warnings) - MAX_WARNINGS} more like these")
    if report.stage and report.stage not in fmt.stages:
        usual = ", ".join(fmt.stages)
        warnings.append(
            f"{fmt.name} usually belongs to {usual}; it was filed under {report.stage}."
        )
    if staged.suppressed:
        warnings.append(
            f"{staged.suppressed} findings are suppressed in the report and count as accepted."
        )
    if parsed.status is not ScanStatus.COMPLETE:
        why = f" ({parsed.status_reason})" if parsed.status_reason else ""
        warnings.append(f"The scan did not complete{why}: nothing was closed.")
    return [_storable(warning)[:MAX_WARNING] for warning in warnings]


def _storable(text: str) -> str:
    """The text as PostgreSQL takes it: parsers quote what they read, also NUL and half surrogates."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _fail(report: Report, reason: str, message: str, location: str = "") -> ReportState:
    """Say what is wrong with a report; its bytes stay, so that it can be processed again."""
    message, location = _storable(message), _storable(location)
    where = _place(report, location) if location else None
    with transaction.atomic():
        row: Report = Report.objects.select_for_update(of=("self",)).get(pk=report.pk)
        row.state = ReportState.FAILED
        row.error_reason, row.error_message = reason[:40], message[:2000]
        row.error_location = location[:300]
        row.error_place = [where.offset, where.line, where.column] if where else None
        row.finished_at = timezone.now()
        row.save()
        actor = portal_actor("ingest")
        changes = {"reason": reason, "message": message[:500]}
        record(
            actor=actor, action="report.fail", target=row, system_id=row.system_id, changes=changes
        )
        events.append("report.failed", {"report_id": row.pk, "reason": reason})
    return ReportState.FAILED


def _place(report: Report, location: str) -> Place | None:
    """Where that is in the file. Found out here, once, and not by the page that shows it."""
    name = Report.objects.values_list("storage_name", flat=True).get(pk=report.pk)
    try:
        with storage.opened(name) as data:
            return place(data, location)
    except OSError:
        logger.exception("report %s: the place of its error cannot be looked up", report.uid)
        return None


def _quarantine(report: Report) -> None:
    """Set a report aside that ended its worker every time; visible, replayable, never dropped."""
    with transaction.atomic():
        told = {"state": [report.state, ReportState.QUARANTINED]}
        report.state = ReportState.QUARANTINED
        report.error_reason = QUARANTINED
        report.error_message = (
            f"The worker ended {report.attempts} times while it read this report. It is set aside, so that "
            "others go on, and can be processed again."
        )
        report.finished_at = timezone.now()
        report.save()
        actor = portal_actor("ingest")
        record(
            actor=actor,
            action="report.quarantine",
            target=report,
            system_id=report.system_id,
            changes=told,
        )
        events.append("report.failed", {"report_id": report.pk, "reason": QUARANTINED})
