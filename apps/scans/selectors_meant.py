"""Which findings an act of triage would change."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from apps.accounts.actors import Actor
from apps.accounts.models import Team
from apps.accounts.policy import permitted
from apps.accounts.roles import Permission
from apps.scans.models import Finding, FindingState, OwnerSource
from apps.scans.selectors import FindingFilter, is_one_of
from apps.scans.selectors_pages import findings_found


def findings_to_triage(
    actor: Actor,
    verdict: str,
    *,
    findings: Sequence[int] | None = None,
    wanted: FindingFilter | None = None,
) -> QuerySet[Finding]:
    """Findings, named or found by a filter, that a verdict of the actor would change."""
    rows = _meant(actor, findings, wanted)
    return rows.exclude(state__in=[FindingState.FIXED, verdict])


def findings_to_own(
    actor: Actor,
    team: Team | None,
    *,
    findings: Sequence[int] | None = None,
    wanted: FindingFilter | None = None,
) -> QuerySet[Finding]:
    """Findings, named or found by a filter, whose owner the actor's word would change.

    team None: those that have an owner by hand, which would no longer count.
    """
    rows = _meant(actor, findings, wanted)
    by_hand = Q(owner__source=OwnerSource.PERSON)
    return rows.filter(by_hand) if team is None else rows.exclude(by_hand, owner__team=team)


def findings_of_filter(viewer: Actor, wanted: FindingFilter, most: int) -> list[Finding]:
    """What a filter finds, the worst first; of more than `most` only so many as show that it is more."""
    rows = (
        findings_found(viewer, wanted).filter(is_preview=False).select_related("system", "series")
    )
    return sorted(rows.order_by()[: most + 1], key=lambda one: (-one.severity, one.pk))


def _meant(
    actor: Actor, findings: Sequence[int] | None, wanted: FindingFilter | None
) -> QuerySet[Finding]:
    """Findings, named or found by a filter, of systems where the actor may triage."""
    rows: QuerySet[Finding]
    if wanted is None:
        rows = Finding.objects.filter(is_one_of(findings or []))
    else:
        rows = findings_found(actor, wanted).select_related(None).order_by()
    return permitted(rows, actor, Permission.FINDING_TRIAGE)
