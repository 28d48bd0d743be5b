from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BooleanField,
    Count,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Window,
)
from django.db.models.functions import Coalesce, JSONObject, RowNumber

from apps.accounts.actors import Actor
from apps.accounts.policy import in_use
from apps.common.errors import Missing
from apps.evidence.models import (
    EvidenceLink,
    EvidenceRule,
    Outcome,
    TriageRuleTarget,
    UpdateState,
    ValueUpdate,
)
from apps.risks.models import ENDED, RiskStatement
from apps.risks.selectors import statements_visible
from apps.scans.models import Finding, FindingState, Report, TriageRule
from apps.scans.selectors import FindingFilter
from apps.scans.selectors_pages import findings_found
from apps.scans.selectors_rules import rules_visible

_OPEN = ExpressionWrapper(Q(finding__state=FindingState.OPEN), output_field=BooleanField())
_OPEN_AND_WORST_FIRST = (_OPEN.desc(), "-finding__severity", "-id")


def links_of_statement(viewer: Actor, statement_id: int) -> QuerySet[EvidenceLink]:
    """What bears on a statement: open first, then by severity."""
    return (
        EvidenceLink.objects.visible_to(viewer)
        .filter(statement_id=statement_id, dismissed_at=None)
        .select_related("finding", "finding__series", "rule", "triage_rule")
        .order_by(*_OPEN_AND_WORST_FIRST)
    )


def links_of_item(viewer: Actor, item_id: int) -> QuerySet[EvidenceLink]:
    """What bears on any statement of an item."""
    return (
        EvidenceLink.objects.visible_to(viewer)
        .filter(statement__item_id=item_id, dismissed_at=None)
        .select_related("finding", "finding__series", "statement", "rule")
        .order_by(*_OPEN_AND_WORST_FIRST)
    )


def findings_to_link(viewer: Actor, statement: RiskStatement, text: str) -> QuerySet[Finding]:
    """Open findings of the statement's system that say a text and do not bear on it yet, the worst first.

    Without a text those about one of its weaknesses, where it names any.
    """
    wanted = FindingFilter(system=statement.system.key, state=FindingState.OPEN, text=text)
    found = findings_found(viewer, wanted)
    if not text and statement.cwes:
        found = found.filter(cwes__overlap=statement.cwes)
    known = EvidenceLink.objects.filter(
        statement=statement.pk, finding=OuterRef("pk"), dismissed_at=None
    )
    return found.filter(~Exists(known))


def statements_with_all(viewer: Actor, findings: Sequence[Finding]) -> set[int]:
    """Numbers of the statements that every one of these findings bears on already."""
    rows = EvidenceLink.objects.visible_to(viewer).filter(finding__in=findings, dismissed_at=None)
    counted = rows.order_by().values("statement").annotate(n=Count("pk")).filter(n=len(findings))
    return set(counted.values_list("statement", flat=True))


def links_dismissed(viewer: Actor, statement_id: int) -> QuerySet[EvidenceLink]:
    """What a person said does not bear on a statement, the last first."""
    return (
        EvidenceLink.objects.visible_to(viewer)
        .filter(statement_id=statement_id, dismissed_at__isnull=False)
        .select_related("finding", "finding__series")
        .order_by("-dismissed_at", "-id")
    )


def rules_of_statement(viewer: Actor, statement_id: int) -> QuerySet[EvidenceRule]:
    return EvidenceRule.objects.visible_to(viewer).filter(statement_id=statement_id)


def triage_rules_visible(viewer: Actor) -> QuerySet[TriageRule]:
    """Rules of findings, each with `target_id` and `link_count`: its statement and what it links to it.

    None of both where the viewer may not see the statement.
    """
    targets = TriageRuleTarget.objects.visible_to(viewer).filter(rule=OuterRef("pk"))
    links = EvidenceLink.objects.visible_to(viewer).filter(
        triage_rule=OuterRef("pk"), dismissed_at=None
    )
    counted = links.order_by().values("triage_rule").annotate(n=Count("pk")).values("n")
    return rules_visible(viewer).annotate(
        target_id=Subquery(targets.values("statement_id")),
        link_count=Coalesce(Subquery(counted), 0),
    )


def triage_rule_get(viewer: Actor, pk: int) -> TriageRule:
    """Raises: Missing."""
    rule = triage_rules_visible(viewer).filter(pk=pk).first()
    if rule is None:
        raise Missing("There is no such rule that you may see.")
    return rule


def triage_rules_of_statement(viewer: Actor, statement_id: int) -> QuerySet[TriageRule]:
    """Rules of findings that are on and link what they find to a statement, with `link_count`."""
    targets = TriageRuleTarget.objects.visible_to(viewer).filter(statement_id=statement_id)
    rules: QuerySet[TriageRule] = triage_rules_visible(viewer)
    return rules.filter(is_on=True, evidence_target__in=targets).order_by("pk")


@dataclass(frozen=True)
class Effect:
    """What one report did to one risk statement.

    came, gone: findings that bear on it and came (back) with the report, or are gone since. updates: values that
    the report moved, or would.
    """

    statement: RiskStatement
    came: int
    gone: int
    updates: list[ValueUpdate]


def effects_of_report(viewer: Actor, report: Report) -> list[Effect]:
    """Statements whose evidence or value a report moved, those whose value moved first."""
    links = EvidenceLink.objects.visible_to(viewer).filter(dismissed_at=None).order_by()
    came, gone = (
        dict(
            links.filter(**{f"finding__presences__{end}": report})
            .values_list("statement")
            .annotate(Count("finding", distinct=True))
        )
        for end in ("since", "until")
    )
    updates: dict[int, list[ValueUpdate]] = {}
    for each in ValueUpdate.objects.visible_to(viewer).filter(report=report):
        updates.setdefault(each.statement_id, []).append(each)
    rows = statements_visible(viewer).filter(pk__in={*came, *gone, *updates})
    found = [
        Effect(row, came.get(row.pk, 0), gone.get(row.pk, 0), updates.get(row.pk, []))
        for row in rows
    ]
    return sorted(found, key=lambda each: (not each.updates, -each.came - each.gone))


def links_bearing(viewer: Actor, statement_ids: list[int], *, most: int) -> QuerySet[EvidenceLink]:
    """The open findings that bear on these statements, at most `most` of each, the worst first."""
    nth = Window(
        RowNumber(), partition_by="statement_id", order_by=["-finding__severity", "-finding_id"]
    )
    rows: QuerySet[EvidenceLink] = EvidenceLink.objects.bearing().visible_to(viewer)
    return (
        rows.filter(statement_id__in=statement_ids)
        .annotate(nth=nth)
        .filter(nth__lte=most)
        .select_related("finding__series", "finding__system")
        .order_by("statement_id", "nth")
    )


def open_evidence_counts(viewer: Actor, statement_ids: list[int]) -> dict[int, int]:
    """{statement id: number of open findings that bear on it}."""
    rows = (
        EvidenceLink.objects.bearing()
        .visible_to(viewer)
        .filter(statement_id__in=statement_ids)
        .values_list("statement_id")
        .annotate(count=Count("id"))
    )
    return dict(rows)


def with_stages(
    viewer: Actor, item_id: int, links: QuerySet[EvidenceLink]
) -> QuerySet[Any]:  # of EvidenceLink; the stubs know no `stages`
    """With `stages` on every link: [{"stage": ..., "count": ...}] of the open findings that bear on the item.

    Each finding counts once, however many statements it bears on. Asked of the database once, not for each link.
    """
    counted = (
        EvidenceLink.objects.bearing()
        .visible_to(viewer)
        .filter(statement__item_id=item_id)
        .exclude(statement__state__in=ENDED)
        .order_by()
        .values("finding__stage")
        .annotate(said=JSONObject(stage="finding__stage", count=Count("finding", distinct=True)))
    )
    return links.annotate(stages=ArraySubquery(counted.values("said")))


def with_open_evidence(
    viewer: Actor, statements: QuerySet[RiskStatement]
) -> QuerySet[Any]:  # of RiskStatement; the stubs know no `open_evidence`
    """With `open_evidence`: how many open findings bear on each."""
    links = EvidenceLink.objects.bearing().visible_to(viewer).filter(statement=OuterRef("pk"))
    counted = links.order_by().values("statement").annotate(n=Count("pk")).values("n")
    return statements.annotate(open_evidence=Coalesce(Subquery(counted), 0))


def updates_of(viewer: Actor, statement_id: int) -> QuerySet[ValueUpdate]:
    """What evidence did, or would do, to the value of a statement; the newest first."""
    return (
        ValueUpdate.objects.visible_to(viewer)
        .filter(statement_id=statement_id)
        .select_related("statement", "decided_by")
        .order_by("-id")
    )


def update_get(viewer: Actor, pk: int) -> ValueUpdate:
    """Raises: Missing."""
    update = (
        ValueUpdate.objects.visible_to(viewer).select_related("statement").filter(pk=pk).first()
    )
    if not isinstance(update, ValueUpdate):
        raise Missing("There is no such evidence that you may see.")
    return update


def updates_proposed(viewer: Actor) -> QuerySet[ValueUpdate]:
    """What waits for somebody to apply or dismiss it, the newest first."""
    return (
        in_use(ValueUpdate.objects.visible_to(viewer), viewer)
        .filter(state__in=[UpdateState.PROPOSED, UpdateState.FLAGGED])
        .select_related("statement", "statement__system")
        .order_by("-id")
    )


def link_get(viewer: Actor, pk: int) -> EvidenceLink:
    """Raises: Missing."""
    links = EvidenceLink.objects.visible_to(viewer).select_related("statement", "finding")
    link = links.filter(pk=pk).first()
    if not isinstance(link, EvidenceLink):
        raise Missing("There is no such evidence that you may see.")
    return link


def rule_get(viewer: Actor, pk: int) -> EvidenceRule:
    """Raises: Missing."""
    rule = EvidenceRule.objects.visible_to(viewer).select_related("statement").filter(pk=pk).first()
    if not isinstance(rule, EvidenceRule):
        raise Missing("There is no such rule that you may see.")
    return rule


def links_of_finding(viewer: Actor, finding_id: int) -> QuerySet[EvidenceLink]:
    """The statements that a finding bears on."""
    return (
        EvidenceLink.objects.visible_to(viewer)
        .filter(finding_id=finding_id, dismissed_at=None)
        .select_related(
            "statement",
            "statement__item",
            "statement__published__valuation",
            "rule",
            "triage_rule",
            "made_by",
        )
        .order_by("-id")
    )


def outcomes_list(viewer: Actor) -> QuerySet[Outcome]:
    """What was said of estimates whose time is over, the newest first."""
    return (
        Outcome.objects.visible_to(viewer)
        .select_related("statement__system", "revision", "estimator", "told_by")
        .order_by("-told_at", "-id")
    )


def outcome_get(viewer: Actor, pk: int) -> Outcome:
    """Raises: Missing."""
    row = outcomes_list(viewer).filter(pk=pk).first()
    if not isinstance(row, Outcome):
        raise Missing("There is no such answer that you may see.")
    return row
