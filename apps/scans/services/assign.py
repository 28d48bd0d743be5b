"""Whose findings are, by a person's word: of one, or of a hundred thousand by a filter, with undo.

It is an act of triage: carried out by steps in a worker, as what findings are. No rule and no list of
owners says anything else of such a finding, until it is cleared.
"""

from collections.abc import Sequence

from apps.accounts.actors import Actor
from apps.accounts.models import Team
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.common.errors import Invalid, NotPermitted
from apps.scans.models import Finding, Triage, TriageAbout
from apps.scans.selectors import FindingFilter
from apps.scans.selectors_meant import findings_to_own
from apps.scans.services.triage import act_start, which_problems


def owner_start(
    *,
    actor: Actor,
    team: Team | None,
    findings: Sequence[int] | None = None,
    wanted: FindingFilter | None = None,
) -> Triage:
    """Say who owns findings; those that are named, or all that a filter finds.

    team None: nobody by hand any more, so that rules and the list of owners say it again. Touches only
    findings of systems where the actor may triage. Raises: NotPermitted, Invalid.
    """
    if problems := which_problems(findings, wanted):
        raise Invalid(problems)
    if actor.systems_with(Permission.FINDING_TRIAGE) == frozenset():
        raise NotPermitted("Findings are triaged by security and admins of their system.")
    rows = findings_to_own(actor, team, findings=findings, wanted=wanted)
    about = TriageAbout.OWNER if team else TriageAbout.NO_OWNER
    told = {"about": str(about), "team": team.key if team else ""}
    return act_start(
        actor=actor,
        act=Triage(about=about, team=team),
        told=told,
        rows=rows,
        findings=findings,
        wanted=wanted,
    )


def finding_own(*, actor: Actor, finding: Finding, team: Team | None) -> Triage:
    """Say who owns one finding. Raises: NotPermitted, Missing."""
    require(actor, Permission.FINDING_TRIAGE, finding)
    return owner_start(actor=actor, team=team, findings=[finding.pk])
