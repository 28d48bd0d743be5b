"""What people say of findings: one at a time, or a hundred thousand by a filter, with undo.

An act of triage is a row; a worker carries it out in steps, each a transaction under the lock of
one series, as ingestion is. A finding that is fixed stays fixed: only a report says that.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import require, require_somewhere
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Conflict, Invalid, NotPermitted
from apps.scans import dispatch
from apps.scans.models import (
    Finding,
    FindingState,
    Justification,
    Triage,
    TriageState,
    Verdict,
)
from apps.scans.selectors import FindingFilter
from apps.scans.selectors_meant import findings_to_triage
from apps.scans.services.triage_steps import findings_changed, findings_to_return, triage_step

MOST_NAMED = 1000  # findings that can be named one by one
AT_ONCE = 200  # so few are done before the answer, without a worker


def triage_start(
    *,
    actor: Actor,
    verdict: str,
    reason: str = "",
    justification: str = "",
    findings: Sequence[int] | None = None,
    wanted: FindingFilter | None = None,
) -> Triage:
    """Say of findings what they are; those that are named, or all that a filter finds.

    Touches only findings of systems where the actor may triage, that say something else so far and
    are not fixed. Raises: NotPermitted, Invalid.
    """
    _check(verdict, reason, justification, findings, wanted)
    if actor.systems_with(Permission.FINDING_TRIAGE) == frozenset():
        raise NotPermitted("Findings are triaged by security and admins of their system.")
    rows = findings_to_triage(actor, verdict, findings=findings, wanted=wanted)
    act = Triage(verdict=verdict, reason=reason.strip(), justification=justification)
    told = {"verdict": verdict, "reason": act.reason}
    return act_start(actor=actor, act=act, told=told, rows=rows, findings=findings, wanted=wanted)


def act_start(
    *,
    actor: Actor,
    act: Triage,
    told: dict[str, Any],
    rows: QuerySet[Finding],
    findings: Sequence[int] | None,
    wanted: FindingFilter | None,
) -> Triage:
    """Write an act of triage down and begin it. rows: what it changes; told: what the audit keeps."""
    act.findings = None if findings is None else sorted(set(findings))
    act.filter = asdict(wanted) if wanted else {}
    act.through_id = Finding.objects.aggregate(last=Max("id"))["last"] or 0
    act.user, act.actor_label, act.next_send_at = actor.user, actor.label[:200], _later()
    with transaction.atomic():
        act.total = rows.count()
        act.save(force_insert=True)
        record(actor=actor, action="triage.start", target=act, changes=told | {"total": act.total})
    return triage_carry_out(act)


def finding_triage(
    *, actor: Actor, finding: Finding, verdict: str, reason: str = "", justification: str = ""
) -> Triage:
    """Say of one finding what it is. Raises: NotPermitted, Missing, Invalid, Conflict (it is fixed)."""
    require(actor, Permission.FINDING_TRIAGE, finding)
    if finding.state == FindingState.FIXED:
        raise Conflict("A fixed finding stays fixed until a report sees it again.")
    return triage_start(
        actor=actor,
        verdict=verdict,
        reason=reason,
        justification=justification,
        findings=[finding.pk],
    )


def triage_undo(*, actor: Actor, triage: Triage) -> Triage:
    """Give every finding back what it said before, but those that were changed since.

    Raises: NotPermitted, Archived where the actor may triage none of them now; Conflict while it is under way, or
    when it was undone.
    """
    require_somewhere(actor, Permission.FINDING_TRIAGE)
    with transaction.atomic():
        row = Triage.objects.select_for_update().get(pk=triage.pk)
        if row.state != TriageState.DONE:
            raise Conflict(
                "It was undone already."
                if row.state in {TriageState.UNDOING, TriageState.UNDONE}
                else "Wait until it is done; then it can be undone."
            )
        _refuse_closed(actor, row)
        _begin_undo(actor, row)
    return triage_carry_out(row)


def undo_begin(*, actor: Actor, acts: QuerySet[Triage]) -> list[Triage]:
    """Begin to take back what a rule or a document did, in the transaction that switches it off; the caller carries
    each out after that (triage_carry_out), or the sweeper has it done. The caller has asked for the permission."""
    rows = list(acts.filter(state=TriageState.DONE, changed__gt=0).select_for_update(of=("self",)))
    for row in rows:
        row.is_withdrawn = True
        _begin_undo(actor, row)
    return rows


def _begin_undo(actor: Actor, row: Triage) -> None:
    row.state, row.finished_at = TriageState.UNDOING, None
    row.cursor_series = row.cursor_finding = 0
    row.undone_by, row.next_send_at = actor.user, _later()
    row.save()
    record(actor=actor, action="triage.undo", target=row, changes={"changed": row.changed})


def _refuse_closed(actor: Actor, triage: Triage) -> None:
    """Where nothing of it can be taken back, it stays to be taken back, and does not say that it was."""
    if findings_to_return(triage, actor).exists():
        return
    if finding := findings_changed(triage).first():
        require(actor, Permission.FINDING_TRIAGE, finding)


def triage_run(triage_id: int) -> None:
    """Take steps until there are none left. Two runs at once share them; one that dies loses none."""
    while triage_step(triage_id):
        pass


# One statement claims the rows, as the sweeper of reports does.
_CLAIM = """
UPDATE scans_triage SET next_send_at = now() + make_interval(secs => %s)
WHERE id = ANY(ARRAY(
    SELECT id FROM scans_triage
    WHERE state IN ('running', 'undoing') AND next_send_at <= now()
    ORDER BY next_send_at LIMIT 100
    FOR UPDATE SKIP LOCKED
))
RETURNING id
"""


def triages_send_due() -> int:
    """Send again what no worker took, or whose worker died; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [settings.SECOPS_LEASE_SECONDS])
        due = sorted(row[0] for row in cursor.fetchall())
    return sum(dispatch.triage(triage_id) for triage_id in due)


def triage_carry_out(triage: Triage) -> Triage:
    """Do it at once when it is small, else have a worker do it."""
    if triage.total <= AT_ONCE:
        triage_run(triage.pk)
    else:
        transaction.on_commit(lambda: dispatch.triage(triage.pk))
    triage.refresh_from_db()
    return triage


def _later() -> dt.datetime:
    return timezone.now() + dt.timedelta(seconds=settings.SECOPS_SWEEP_SECONDS)


def _check(
    verdict: str,
    reason: str,
    justification: str,
    findings: Sequence[int] | None,
    wanted: FindingFilter | None,
) -> None:
    problems: dict[str, str] = {}
    if verdict not in Verdict.values:
        problems["verdict"] = f"Say one of: {', '.join(Verdict.values)}."
    elif verdict != Verdict.OPEN and not reason.strip():
        problems["reason"] = "Say why: whoever reads it later will ask."
    if len(reason.strip()) > 500:
        problems["reason"] = "At most 500 characters."
    if justification and justification not in Justification.values:
        problems["justification"] = f"Say one of: {', '.join(Justification.values)}."
    elif justification and verdict != Verdict.NOT_AFFECTED:
        problems["justification"] = "Only what is not affected has a justification."
    problems |= which_problems(findings, wanted)
    if problems:
        raise Invalid(problems)


def which_problems(findings: Sequence[int] | None, wanted: FindingFilter | None) -> dict[str, str]:
    """What is wrong with how the findings of an act are named."""
    if (findings is None) == (wanted is None):
        return {"findings": "Name findings, or give a filter, one of them."}
    if findings is not None and not 0 < len(findings) <= MOST_NAMED:
        return {"findings": f"Name 1 to {MOST_NAMED} findings; a filter takes more."}
    return {}
