"""Accepting a report: bytes to storage first, then one row; from that commit on nothing may lose it."""

import datetime as dt
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common.errors import Conflict, Invalid, Missing, ReportRejected
from apps.common.logs import about
from apps.common.malware import malware_in
from apps.scans import dispatch, storage
from apps.scans.constants import MALWARE
from apps.scans.models import Report, ReportState
from apps.scans.registry import registry
from apps.scans.selectors_raw import raw_copies_are_masked

logger = logging.getLogger(__name__)

# As long as the columns of Report.
LONGEST = {
    "tool": 120,
    "category": 120,
    "branch": 200,
    "environment": 60,
    "commit": 64,
    "filename": 200,
}


@dataclass(frozen=True)
class Claim:
    """What the sender says of a report; every field may be empty.

    scanned_at: when the tool looked, for reports that do not say it themselves (what they say counts).
    """

    stage: str = ""
    tool: str = ""
    category: str = ""
    branch: str = ""
    environment: str = ""
    commit: str = ""
    format: str = ""
    filename: str = ""
    is_full: bool = True
    scanned_at: dt.datetime | None = None

    def check(self) -> None:
        """Raises: Invalid, with each field that cannot be."""
        problems: dict[str, str] = {}
        if self.stage and self.stage not in Stage.values:
            problems["stage"] = (
                f"{self.stage!r} is no stage. The stages are {', '.join(Stage.values)}."
            )
        known = sorted(registry().formats)
        if self.format and self.format not in known:
            problems["format"] = f"{self.format!r} is not read here. Known: {', '.join(known)}."
        for name, limit in LONGEST.items():
            value = getattr(self, name)
            if len(value) > limit:
                problems[name] = f"At most {limit} characters."
            elif not value.isprintable():
                problems[name] = "Only printable characters."
        if problems:
            raise Invalid(problems)


def report_receive(
    *,
    actor: Actor,
    system: System,
    claim: Claim,
    chunks: Iterable[bytes],
    gzipped: bool = False,
    idempotency_key: str = "",
) -> Report:
    """Take in one report and have it processed.

    The same idempotency key again gives the same report. Raises: NotPermitted, Missing, Invalid,
    ReportRejected (empty, too large, damaged compression, malware), Conflict (a key used for other bytes),
    Unavailable (no room, or no answer of the virus scanner).
    """
    require(actor, Permission.REPORT_UPLOAD, system, seen_by=Permission.REPORT_VIEW)
    claim.check()
    _check_stage(actor, claim)
    if len(idempotency_key) > 200 or not idempotency_key.isprintable():
        raise Invalid({"Idempotency-Key": "Use 1 to 200 printable characters."})
    stored = storage.store(storage.inflate(chunks) if gzipped else chunks)
    kept: list[int] = []  # filled on commit: from then on the bytes are the report's

    def send(report_id: int) -> None:
        kept.append(report_id)
        dispatch.ingest(report_id)

    try:
        _check_for_malware(actor, system, stored)
        report, is_new = _write(actor, system, claim, stored, key=idempotency_key, send=send)
    except BaseException:
        if (
            not kept
        ):  # a server that stops us while we send must not cost an accepted report its bytes
            storage.forget(stored.name)
        raise
    if not is_new:
        storage.forget(stored.name)
        if report.sha256 != stored.sha256:
            raise Conflict("This Idempotency-Key was used for another report.")
    return report


def _check_for_malware(actor: Actor, system: System, stored: storage.StoredBytes) -> None:
    found = malware_in(storage.pieces(stored.name))
    if not found:
        return
    record(
        actor=actor,
        action="report.refuse",
        target=system,
        system_id=system.pk,
        changes={"found": found, "sha256": stored.sha256, "size": stored.size},
    )
    text = f"The virus scanner found {found} in it. Nothing of it was kept."
    raise ReportRejected(MALWARE, text, status=422)


def _check_stage(actor: Actor, claim: Claim) -> None:
    """A token of some stages posts to those, and says so: a format alone would not be its promise."""
    stages = actor.token.stages if actor.token else []
    if stages and claim.stage not in stages:
        raise Invalid({"stage": f"This token posts to {', '.join(stages)}: name one of them."})


def _write(
    actor: Actor,
    system: System,
    claim: Claim,
    stored: storage.StoredBytes,
    *,
    key: str,
    send: Callable[[int], None],
) -> tuple[Report, bool]:
    try:
        with transaction.atomic():
            report = Report.objects.create(
                system=system,
                stage=claim.stage,
                tool=claim.tool,
                category=claim.category,
                branch=claim.branch,
                environment=claim.environment,
                commit=claim.commit,
                is_full=claim.is_full,
                format=claim.format,
                filename=claim.filename,
                scanned_at=claim.scanned_at,
                storage_name=stored.name,
                size=stored.size,
                sha256=stored.sha256,
                received_by=actor.label[:200],
                idempotency_key=key or None,
                # The commit hook below sends it; the sweeper only if that came to nothing.
                next_send_at=timezone.now() + dt.timedelta(seconds=settings.SECOPS_SWEEP_SECONDS),
            )
            record(
                actor=actor,
                action="report.receive",
                target=report,
                system_id=system.pk,
                changes={"sha256": stored.sha256, "size": stored.size},
            )
            transaction.on_commit(lambda: send(report.pk))
    except IntegrityError:
        known = Report.objects.filter(system=system, idempotency_key=key).first() if key else None
        if known is None:
            raise
        return known, False
    with about(report=report.uid):
        logger.info("a report of %d bytes is kept for system %s", stored.size, system.pk)
    return report, True


@transaction.atomic
def report_reprocess(*, actor: Actor, report: Report) -> Report:
    """Process the kept bytes again, after a parser was mended or a quarantine.

    Raises: Conflict while it is still under way, or for one that was processed well.
    """
    require(actor, Permission.REPORT_REPROCESS, report, seen_by=Permission.REPORT_VIEW)
    row: Report = Report.objects.select_for_update(of=("self",)).get(pk=report.pk)
    if row.state not in {ReportState.FAILED, ReportState.QUARANTINED}:
        raise Conflict("Only a failed or quarantined report can be processed again.")
    if not row.storage_name:
        raise Conflict(f"{_raw_copy(row)} Run the tool again and send its new report.")
    now = timezone.now()
    told = {"state": [row.state, ReportState.RECEIVED], "error_reason": [row.error_reason, ""]}
    row.state = ReportState.RECEIVED
    row.attempts = 0
    row.error_reason = row.error_message = row.error_location = ""
    row.error_place = None
    row.not_before = now
    row.next_send_at = now + dt.timedelta(seconds=settings.SECOPS_SWEEP_SECONDS)
    row.save()
    record(
        actor=actor, action="report.reprocess", target=row, system_id=row.system_id, changes=told
    )
    transaction.on_commit(lambda: dispatch.ingest(row.pk))
    return row


def report_download(*, actor: Actor, report: Report) -> str:
    """The storage name of the raw bytes, for those who may reprocess: raw reports may hold secrets.

    Raises: NotPermitted, Missing, Conflict (the organisation lets masked copies leave only).
    """
    require(actor, Permission.REPORT_REPROCESS, report, seen_by=Permission.REPORT_VIEW)
    if not report.storage_name:
        raise Missing(_raw_copy(report))
    if not report.raw_is_masked and raw_copies_are_masked():
        raise Conflict(
            "Only masked copies leave the portal here, and this one is as it was sent: the report came before "
            "that was decided, or was not read to its end."
        )
    record(actor=actor, action="report.download", target=report, system_id=report.system_id)
    return report.storage_name


def _raw_copy(report: Report) -> str:
    """What became of the raw copy that is gone: a sentence."""
    if report.raw_removed_at is None:
        return "The raw copy is no longer here."
    day = f"{report.raw_removed_at:%-d %B %Y}"
    if report.raw_is_archived:
        return f"The raw copy was moved to the operator's archive on {day} by the retention rule."
    return f"The raw copy was removed on {day} by the retention rule."
