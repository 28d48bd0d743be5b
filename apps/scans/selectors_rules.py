"""Reading rules, owners and tags."""

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.models import Team
from apps.accounts.roles import Permission
from apps.common.errors import Missing
from apps.scans.models import (
    Finding,
    FindingOwner,
    FindingState,
    FindingTag,
    OwnersMap,
    Presence,
    Report,
    Triage,
    TriageRule,
    TriageState,
)
from apps.scans.selectors import FindingFilter, findings_list


def rules_visible(viewer: Actor) -> QuerySet[TriageRule]:
    """Rules of systems that the viewer sees, and those of all systems; each with what it did."""
    sums = Triage.objects.filter(rule=OuterRef("pk")).order_by().values("rule")
    changed = sums.annotate(n=Sum("changed") - Sum("restored")).values("n")
    systems = viewer.systems_with(Permission.SYSTEM_VIEW)
    rows = TriageRule.objects.all()
    if systems is not None:
        everywhere = Q(system=None) if systems else Q(pk=None)
        rows = rows.filter(everywhere | Q(system__in=systems))
    found: QuerySet[TriageRule] = rows.select_related("system", "team")
    return found.annotate(
        finding_count=Coalesce(Subquery(changed, output_field=IntegerField()), 0),
        owner_count=_count_of(FindingOwner),
        tag_count=_count_of(FindingTag),
    ).order_by("-is_on", "-id")


def _count_of(said: type[FindingOwner | FindingTag]) -> Coalesce:
    """How many findings have what a rule says of them; a finding with two of its tags counts once."""
    rows = said.objects.filter(rule=OuterRef("pk")).order_by().values("rule")
    count = rows.annotate(n=Count("finding", distinct=True)).values("n")
    return Coalesce(Subquery(count, output_field=IntegerField()), 0)


def rule_get(viewer: Actor, pk: int) -> TriageRule:
    """Raises: Missing."""
    rule = rules_visible(viewer).filter(pk=pk).first()
    if rule is None:
        raise Missing("There is no such rule that you may see.")
    return rule


def findings_of_rule(rule: TriageRule) -> QuerySet[Finding]:
    """What a rule finds, whoever switched it on."""
    return findings_list(portal_actor("rules"), FindingFilter(**rule.filter))


def findings_brought(rule: TriageRule, report: Report) -> QuerySet[Finding]:
    """Of what a rule finds, what a report brought, new or back again."""
    brought = Presence.objects.filter(finding=OuterRef("pk"), since=report)
    return findings_of_rule(rule).filter(Exists(brought), series=report.series)


def rules_at_work() -> set[int]:
    """The rules whose acts of triage are under way."""
    unfinished = Triage.objects.filter(state__in=[TriageState.RUNNING, TriageState.UNDOING])
    return set(unfinished.exclude(rule=None).values_list("rule_id", flat=True))


def owners_map(viewer: Actor, system_id: int) -> OwnersMap:
    """A system's list; an unsaved empty one where there is none. Whoever sees the system may read it."""
    if not viewer.permissions_on(system_id) & {Permission.SYSTEM_VIEW}:
        raise Missing("There is nothing here, or you may not see it.")
    known = OwnersMap.objects.filter(system_id=system_id).first()
    return known or OwnersMap(system_id=system_id, version=0)


def owner_counts(viewer: Actor, system_id: int) -> list[tuple[Team, int]]:
    """(team, findings of a system that it owns and that are open), the most first."""
    owned = FindingOwner.objects.filter(
        finding__system_id=system_id, finding__state=FindingState.OPEN
    )
    systems = viewer.systems_with(Permission.SYSTEM_VIEW)
    if systems is not None and system_id not in systems:
        return []
    counts = dict(owned.order_by().values_list("team_id").annotate(n=Count("pk")))
    teams = Team.objects.in_bulk(list(counts))
    return sorted(((teams[pk], n) for pk, n in counts.items()), key=lambda pair: -pair[1])
