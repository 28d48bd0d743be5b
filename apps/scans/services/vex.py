"""VEX documents: taken in, tried first, they set the state of open findings, now and as they arrive.

A document speaks once of a finding, and only where it is open: what a person said of it, or took
back, is left alone.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.catalog.models import System
from apps.common.errors import Conflict, ReportRejected
from apps.scans.domain import vex
from apps.scans.formats.types import FormatError
from apps.scans.models import Report, Series, Triage, TriageState, VexDocument, VexStatement
from apps.scans.services.arrivals import Said, verdict_apply
from apps.scans.services.triage import triage_carry_out, undo_begin

# The newest document and, within it, the latest statement is what holds of a finding.
_MATCH = """
SELECT DISTINCT ON (finding.id) statement.id, finding.id
FROM scans_vexstatement statement
JOIN scans_vexdocument document ON document.id = statement.document_id
JOIN scans_finding finding ON finding.system_id = document.system_id
     AND finding.vulnerabilities && statement.vulnerabilities
CROSS JOIN LATERAL (SELECT split_part(split_part(finding.purl, '?', 1), '#', 1) AS name) part
WHERE document.is_on AND finding.state = 'open' AND {scope}
  AND (statement.purls = '{{}}' OR EXISTS (
       SELECT FROM unnest(statement.purls) purl
       WHERE part.name = purl OR (strpos(purl, '@') = 0 AND starts_with(part.name, purl || '@'))))
  AND NOT EXISTS (
       SELECT FROM scans_triagechange change JOIN scans_triage triage ON triage.id = change.triage_id
       WHERE change.finding_id = finding.id AND triage.document_id = document.id
         AND NOT (change.is_undone AND triage.is_withdrawn))
ORDER BY finding.id, document.id DESC, statement.position DESC
"""
_OF_DOCUMENT = "document.id = %(document)s"
_OF_REPORT = """finding.series_id = %(series)s AND EXISTS (
    SELECT FROM scans_presence presence
    WHERE presence.finding_id = finding.id AND presence.since_id = %(report)s)"""


@dataclass(frozen=True)
class VexOutcome:
    """What a document does. document: None if it was only tried."""

    document: VexDocument | None
    vex: vex.Vex
    counts: dict[str, int]  # open findings by the verdict that they get
    sample: list[int]  # numbers of some of them

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def vex_take_in(
    *, actor: Actor, system: System, chunks: Iterable[bytes], name: str = "", dry_run: bool = False
) -> VexOutcome:
    """Take a document in; dry_run: only say what it would do.

    Raises: NotPermitted, Missing, ReportRejected (not readable, no VEX), Conflict (it is there).
    """
    require(actor, Permission.FINDING_TRIAGE, system)
    data = _whole(chunks)
    try:
        told = vex.read(data, system.key)
    except FormatError as error:
        raise ReportRejected(error.reason, error.message, location=error.location) from None
    with transaction.atomic():
        System.objects.select_for_update().get(pk=system.pk)  # one document after the other
        document = _keep(actor, system, data, told, name)
        matched = _matches(_OF_DOCUMENT, {"document": document.pk})
        outcome = _outcome(document, told, matched, dry_run=dry_run)
        if dry_run:
            transaction.set_rollback(True)
            return outcome
        triages = _acts(actor, document, matched)
        changes = {"statements": len(told.statements), "findings": outcome.total}
        record(
            actor=actor,
            action="vex.take-in",
            target=document,
            system_id=system.pk,
            changes=changes,
        )
    for triage in triages:
        triage_carry_out(triage)
    return outcome


def _whole(chunks: Iterable[bytes]) -> bytes:
    parts, size = [], 0
    for chunk in chunks:
        size += len(chunk)
        if size > settings.SECOPS_MAX_VEX_BYTES:
            limit = settings.SECOPS_MAX_VEX_BYTES // 1024 // 1024
            text = f"The document is larger than {limit} MB, the limit here."
            raise ReportRejected("too-large", text, status=413)
        parts.append(chunk)
    return b"".join(parts)


def _keep(actor: Actor, system: System, data: bytes, told: vex.Vex, name: str) -> VexDocument:
    """Raises: Conflict when the same bytes are there."""
    digest = hashlib.sha256(data).hexdigest()
    if VexDocument.objects.filter(system=system, sha256=digest, is_on=True).exists():
        raise Conflict("This document was taken in already.")
    document = VexDocument.objects.create(
        system=system,
        name=(name or told.author or told.format)[:200],
        format=told.format,
        author=told.author,
        sha256=digest,
        user=actor.user,
        actor_label=actor.label[:200],
    )
    VexStatement.objects.bulk_create(
        (
            VexStatement(
                document=document,
                position=number,
                vulnerabilities=list(each.vulnerabilities),
                purls=list(each.purls),
                verdict=each.verdict,
                justification=each.justification,
                reason=each.reason,
            )
            for number, each in enumerate(told.statements)
        ),
        batch_size=1000,
    )
    return document


_Matched = dict[VexStatement, list[int]]


def _matches(scope: str, values: dict[str, int]) -> _Matched:
    """{statement: the findings whose state it says}."""
    with connection.cursor() as cursor:
        cursor.execute(_MATCH.format(scope=scope), values)
        rows = cursor.fetchall()
    found: dict[int, list[int]] = defaultdict(list)
    for statement, finding in rows:
        found[statement].append(finding)
    statements = VexStatement.objects.select_related("document").in_bulk(list(found))
    return {statements[number]: findings for number, findings in found.items()}


def _outcome(
    document: VexDocument, told: vex.Vex, matched: _Matched, *, dry_run: bool
) -> VexOutcome:
    counts: dict[str, int] = defaultdict(int)
    for statement, findings in matched.items():
        counts[statement.verdict] += len(findings)
    sample = sorted(number for findings in matched.values() for number in findings[:2])[:8]
    return VexOutcome(None if dry_run else document, told, dict(counts), sample)


def _grouped(matched: _Matched) -> dict[Said, list[int]]:
    """Findings by what is said of them: one act of triage each, however many statements say it."""
    groups: dict[Said, list[int]] = defaultdict(list)
    for each, findings in matched.items():
        label = f"VEX: {each.document.name}"
        said = Said(each.verdict, each.justification, each.reason, label, each.document)
        groups[said] += findings
    return groups


def _acts(actor: Actor, document: VexDocument, matched: _Matched) -> list[Triage]:
    return [
        Triage.objects.create(
            state=TriageState.RUNNING,
            verdict=said.verdict,
            justification=said.justification,
            reason=said.reason,
            findings=sorted(findings),
            through_id=max(findings),
            total=len(findings),
            document=document,
            user=actor.user,
            actor_label=f"{said.label} ({actor.label})"[:200],
        )
        for said, findings in _grouped(matched).items()
    ]


@transaction.atomic
def vex_apply_to_report(*, report_id: int) -> int:
    """Say of what a report brought what the documents of its system say. Returns how many changed.

    Idempotent: a document speaks once of a finding.
    """
    report = Report.objects.filter(pk=report_id).first()
    if report is None or report.series_id is None:
        return 0
    if not VexDocument.objects.filter(system_id=report.system_id, is_on=True).exists():
        return 0
    Series.objects.select_for_update().get(pk=report.series_id)
    matched = _matches(_OF_REPORT, {"series": report.series_id, "report": report.pk})
    changed = 0
    for said, findings in _grouped(matched).items():
        triage = verdict_apply(said=said, findings=findings, series_id=report.series_id)
        changed += triage.changed if triage else 0
    return changed


def vex_withdraw(*, actor: Actor, document: VexDocument) -> VexDocument:
    """Take all back that a document said, but of findings that were changed since, and switch it off.

    Raises: NotPermitted, Conflict (it is off, or still at work).
    """
    require(actor, Permission.FINDING_TRIAGE, document)
    acts = Triage.objects.filter(document=document)
    with transaction.atomic():
        row: VexDocument = VexDocument.objects.select_for_update().get(pk=document.pk)
        if not row.is_on:
            raise Conflict("It was withdrawn already.")
        if acts.filter(state=TriageState.RUNNING).exists():
            raise Conflict("Wait until it is done; then it can be withdrawn.")
        row.is_on = False
        row.save(update_fields=["is_on"])
        going = undo_begin(actor=actor, acts=acts)
        record(
            actor=actor,
            action="vex.withdraw",
            target=row,
            system_id=row.system_id,
            changes={"is_on": [True, False]},
        )
    for triage in going:
        triage_carry_out(triage)
    return row


def vex_restore(*, actor: Actor, document: VexDocument) -> VexDocument:
    """Undo that a document was withdrawn: it says again what was taken back with it, and speaks of what comes.

    What people said meanwhile stays. Raises: NotPermitted, Conflict (it holds, it was taken in again, or
    what it said is still being taken back).
    """
    require(actor, Permission.FINDING_TRIAGE, document)
    with transaction.atomic():
        System.objects.select_for_update().get(pk=document.system_id)  # as it is taken in
        row: VexDocument = VexDocument.objects.select_for_update().get(pk=document.pk)
        if row.is_on:
            raise Conflict("It holds already.")
        same = VexDocument.objects.filter(system_id=row.system_id, sha256=row.sha256, is_on=True)
        if same.exists():
            raise Conflict("This document was taken in again meanwhile; that one holds.")
        if Triage.objects.filter(document=row, state=TriageState.UNDOING).exists():
            raise Conflict("Wait until what it said is taken back; then it can hold again.")
        row.is_on = True
        row.save(update_fields=["is_on"])
        triages = _acts(actor, row, _matches(_OF_DOCUMENT, {"document": row.pk}))
        record(
            actor=actor,
            action="vex.restore",
            target=row,
            system_id=row.system_id,
            changes={"is_on": [False, True]},
        )
    for triage in triages:
        triage_carry_out(triage)
    return row
