"""Verdicts that were said beforehand, for findings that a report brings: an act of triage each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.scans.models import Triage, TriageRule, TriageState, VexDocument
from apps.scans.services.counts import counts_refresh
from apps.scans.services.triage_steps import APPLY


@dataclass(frozen=True)
class Said:
    """A verdict, why, and who or what says so."""

    verdict: str
    justification: str
    reason: str
    label: str
    document: VexDocument | None = None
    rule: TriageRule | None = None


def verdict_apply(*, said: Said, findings: Sequence[int], series_id: int) -> Triage | None:
    """Say it of findings of a series that the caller has locked, in the caller's transaction.

    None: it changed nothing. It can be undone as any triage.
    """
    if not findings:
        return None
    triage = Triage.objects.create(
        state=TriageState.DONE,
        verdict=said.verdict,
        justification=said.justification,
        reason=said.reason,
        findings=sorted(findings),
        through_id=max(findings),
        total=len(findings),
        document=said.document,
        rule=said.rule,
        actor_label=said.label[:200],
        finished_at=timezone.now(),
    )
    values: dict[str, Any] = {
        "triage": triage.pk,
        "findings": list(findings),
        "verdict": said.verdict,
    }
    with connection.cursor() as cursor:
        cursor.execute(APPLY, values)
        triage.changed = cursor.rowcount
    triage.save(update_fields=["changed"])
    counts_refresh(series_id)
    return triage
