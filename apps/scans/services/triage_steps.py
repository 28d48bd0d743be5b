"""One step of triage: some findings of one series, in one transaction under the series' lock."""

from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.models import User
from apps.accounts.policy import ScopedQuerySet
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.scans.models import (
    Finding,
    OwnerChange,
    Series,
    Triage,
    TriageAbout,
    TriageChange,
    TriageState,
)
from apps.scans.selectors import FindingFilter
from apps.scans.selectors_meant import findings_to_own, findings_to_triage
from apps.scans.services.counts import counts_refresh
from apps.scans.services.owner_steps import owners_say, owners_take_back

STEP = 10_000  # findings a transaction

# "Open" of what no report sees any more is "fixed".
_SAYS = "CASE WHEN {state} = 'open' AND NOT known.is_present THEN 'fixed' ELSE {state} END"
_UPDATE = """
UPDATE scans_finding known
SET state = {says}, fixed_at = CASE WHEN {says} = 'fixed' THEN coalesce(fixed_at, now()) ELSE NULL END
"""

APPLY = f"""
WITH target AS (SELECT id, state FROM scans_finding WHERE id = ANY(%(findings)s)),
changed AS (
    {_UPDATE.format(says=_SAYS.format(state="%(verdict)s"))}
    FROM target WHERE known.id = target.id
    RETURNING known.id, target.state AS before, known.state AS after
)
INSERT INTO scans_triagechange (triage_id, finding_id, before, after, is_undone)
SELECT %(triage)s, id, before, after, false FROM changed WHERE before <> after
"""  # noqa: S608  # text of this module, values as parameters

_RESTORE = f"""
WITH target AS (
    SELECT finding_id, before, after FROM scans_triagechange
    WHERE triage_id = %(triage)s AND finding_id = ANY(%(findings)s) AND NOT is_undone
), changed AS (
    {_UPDATE.format(says=_SAYS.format(state="target.before"))}
    FROM target WHERE known.id = target.finding_id AND known.state = target.after
    RETURNING known.id
)
UPDATE scans_triagechange done SET is_undone = true
FROM changed WHERE done.triage_id = %(triage)s AND done.finding_id = changed.id
"""  # noqa: S608  # as above


@transaction.atomic
def triage_step(triage_id: int) -> bool:
    """Do the next step; whether there may be another one. The row is locked meanwhile."""
    triage = (
        Triage.objects.select_for_update(of=("self",))
        .select_related("user", "undone_by", "team")
        .filter(pk=triage_id)
        .first()
    )
    if triage is None or triage.is_finished:
        return False
    rows = _behind(_rows_of(triage), triage)
    first = rows.values_list("series_id", flat=True).first()
    if first is None:
        _finish(triage)
        return False
    series = Series.objects.select_for_update().get(pk=first)
    found = list(rows.filter(series_id=first).values_list("pk", flat=True)[:STEP])
    if found:
        (_own if triage.is_of_owner else _do)(triage, found, series)
    triage.cursor_series = first
    triage.cursor_finding = found[-1] if found else triage.through_id
    triage.save(update_fields=["cursor_series", "cursor_finding", "changed", "restored"])
    return True


def _rows_of(triage: Triage) -> QuerySet[Finding]:
    """What is left to do, as the person may do it now: rights that ended meanwhile are gone."""
    if triage.state == TriageState.UNDOING:
        actor = Actor(user=triage.undone_by)
        return findings_to_return(triage, actor)
    return _meant(triage, Actor(user=triage.user)).filter(pk__lte=triage.through_id)


def findings_changed(triage: Triage) -> ScopedQuerySet:
    """What an act changed and nobody took back."""
    changes = OwnerChange.objects if triage.is_of_owner else TriageChange.objects
    left: QuerySet[Any] = changes.filter(triage=triage, is_undone=False)
    found: ScopedQuerySet = Finding.objects.filter(pk__in=left.values("finding_id"))
    return found


def findings_to_return(triage: Triage, actor: Actor) -> QuerySet[Finding]:
    """Those of them whose triage the actor may take back now.

    What a rule for all systems said goes with it on archived ones, too, as its owners and tags do: half a rule
    would stay.
    """
    rows = findings_changed(triage)
    if triage.rule_id is None:
        return rows.visible_to(actor, Permission.FINDING_TRIAGE)
    systems = actor.systems_granting(Permission.FINDING_TRIAGE)
    return rows if systems is None else rows.filter(system__in=systems)


def _meant(triage: Triage, actor: Actor) -> QuerySet[Finding]:
    findings = triage.findings
    wanted = FindingFilter(**triage.filter) if triage.filter else None
    if not triage.is_of_owner:
        return findings_to_triage(actor, triage.verdict, findings=findings, wanted=wanted)
    if triage.about == TriageAbout.OWNER and triage.team is None:  # the team is gone meanwhile
        return Finding.objects.none()
    return findings_to_own(actor, triage.team, findings=findings, wanted=wanted)


def _behind(rows: QuerySet[Finding], triage: Triage) -> QuerySet[Finding]:
    further = Q(series_id__gt=triage.cursor_series) | Q(
        series_id=triage.cursor_series, pk__gt=triage.cursor_finding
    )
    return rows.filter(further).order_by("series_id", "pk")


def _do(triage: Triage, findings: list[int], series: Series) -> None:
    values: dict[str, Any] = {
        "triage": triage.pk,
        "findings": findings,
        "verdict": triage.verdict,
    }
    undoing = triage.state == TriageState.UNDOING
    with connection.cursor() as cursor:
        cursor.execute(_RESTORE if undoing else APPLY, values)
        done = cursor.rowcount
    if undoing:
        triage.restored += done
    else:
        triage.changed += done
    counts_refresh(series.pk)


def _own(triage: Triage, findings: list[int], series: Series) -> None:
    values: dict[str, Any] = {
        "triage": triage,
        "findings": findings,
        "system_id": series.system_id,
    }
    if triage.state == TriageState.UNDOING:
        triage.restored += owners_take_back(**values)
    else:
        triage.changed += owners_say(**values)


def _finish(triage: Triage) -> None:
    undoing = triage.state == TriageState.UNDOING
    triage.state = TriageState.UNDONE if undoing else TriageState.DONE
    triage.finished_at = timezone.now()
    triage.save(update_fields=["state", "finished_at"])
    person: User | None = triage.undone_by if undoing else triage.user
    record(
        actor=Actor(user=person),
        action="triage.undone" if undoing else "triage.done",
        target=triage,
        changes={"restored": triage.restored} if undoing else {"changed": triage.changed},
    )
