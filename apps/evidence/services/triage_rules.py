"""Rules of findings that link what they find to a risk statement.

What a rule finds, and when it is tried, on and off, scans know. Here is what they cannot know: the
statement. Links are made by one statement of SQL a rule, and once, whoever makes them again.
"""

from dataclasses import replace

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Conflict, Invalid
from apps.evidence.models import EvidenceLink, TriageRuleTarget
from apps.evidence.selectors import links_of_finding
from apps.evidence.services.links import links_make_for_statement
from apps.risks.models import ENDED, RiskStatement
from apps.scans.models import Finding, FindingState, Report, TriageRule
from apps.scans.selectors_rules import findings_brought, findings_of_rule
from apps.scans.selectors_trials import RuleAction, RuleTrial, Words
from apps.scans.services.rules import RuleDraft, rule_create, rule_switch_on, rule_try

# Whoever dismissed a link is not asked again: the row stays and ON CONFLICT leaves it alone.
_LINK = """
INSERT INTO evidence_evidencelink (statement_id, finding_id, triage_rule_id)
SELECT %s, found.id, %s FROM ({found}) found
ON CONFLICT (statement_id, finding_id) DO NOTHING
"""


def triage_rule_try(
    *, actor: Actor, draft: RuleDraft, statement: RiskStatement | None = None
) -> RuleTrial:
    """Change nothing, and say what the rule would do. Raises: NotPermitted, Missing, Invalid."""
    return rule_try(actor=actor, draft=_aimed(actor, draft, statement))


def triage_rule_create(
    *, actor: Actor, draft: RuleDraft, statement: RiskStatement | None = None
) -> TriageRule:
    """Switch a rule on that also links what it finds to a statement.

    Raises: NotPermitted, Missing, Invalid (also for a statement that ended or is of another system
    than the rule).
    """
    return rule_create(actor=actor, draft=_aimed(actor, draft, statement))


def triage_rule_switch_on(*, actor: Actor, rule: TriageRule) -> TriageRule:
    """Undo that a rule was switched off; it links what it finds again, too.

    Raises: NotPermitted, Conflict (as rules.rule_switch_on, or its risk counts no longer).
    """
    target = TriageRuleTarget.objects.select_related("statement").filter(rule=rule).first()
    if target is not None:
        require(actor, Permission.EVIDENCE_LINK, target.statement)
        if target.statement.is_ended:
            raise Conflict(
                f"{target.statement.key} counts no longer: make a rule for one that does."
            )
    return rule_switch_on(actor=actor, rule=rule)


@transaction.atomic
def triage_rules_link_report(*, report_id: int) -> int:
    """Link what a report brought to the statements of the rules that find it.

    Returns the number of links made. Idempotent.
    """
    report = Report.objects.filter(pk=report_id).first()
    if report is None or report.series_id is None:
        return 0
    # Locked, so that a rule that is being switched off has all its links before they are taken back.
    targets = (
        TriageRuleTarget.objects.filter(statement__system_id=report.system_id)
        .exclude(statement__state__in=ENDED)
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    on = TriageRule.objects.filter(is_on=True).in_bulk([target.pk for target in targets])
    return sum(
        _link(target, findings_brought(on[target.pk], report))
        for target in targets
        if target.pk in on
    )


@transaction.atomic
def triage_rule_unlink(*, rule_id: int) -> int:
    """Take back what a rule that is off had linked, but what a person said of it since.

    What other rules say of the statement holds again. Returns the number of links taken back; none
    of a rule that is on again by now.
    """
    off = TriageRuleTarget.objects.select_for_update(of=("self",))
    target = off.filter(rule_id=rule_id, rule__is_on=False).first()
    if target is None:
        return 0
    made = EvidenceLink.objects.filter(triage_rule_id=rule_id, dismissed_at=None)
    gone, _ = made.delete()
    links_make_for_statement(statement_id=target.statement_id)
    others = TriageRuleTarget.objects.filter(
        statement_id=target.statement_id, rule__is_on=True
    ).select_related("rule")
    for other in others.order_by("pk"):
        _link(other, _present(findings_of_rule(other.rule)))
    return int(gone)


@transaction.atomic
def triage_rule_link(*, rule_id: int) -> int:
    """Link what a rule that was switched on again finds. Returns the number of links made. Idempotent."""
    target = (
        TriageRuleTarget.objects.select_for_update(of=("self",))
        .filter(rule_id=rule_id, rule__is_on=True)
        .exclude(statement__state__in=ENDED)
        .first()
    )
    return _link(target, _present(findings_of_rule(target.rule))) if target else 0


def _aimed(actor: Actor, draft: RuleDraft, statement: RiskStatement | None) -> RuleDraft:
    """The draft with the link as one more thing that the rule does."""
    if statement is None:
        return draft
    require(actor, Permission.EVIDENCE_LINK, statement)
    if statement.is_ended:
        raise Invalid({"statement": f"{statement.key} counts no longer: choose one that does."})
    if draft.system is not None and draft.system.pk != statement.system_id:
        raise Invalid(
            {"statement": f"{statement.key} is of another system than the rule's findings."}
        )

    def told(finding: Finding) -> tuple[Words, Words]:
        links = links_of_finding(actor, finding.pk)
        before = tuple(sorted(link.statement.key for link in links))
        return before, (*before, statement.key)

    def keep(rule: TriageRule, rows: QuerySet[Finding]) -> None:
        target = TriageRuleTarget.objects.create(rule=rule, statement=statement)
        record(
            actor=actor,
            action="rule.link",
            target=rule,
            system_id=statement.system_id,
            changes={"statement": statement.key, "linked": _link(target, rows)},
        )

    known = EvidenceLink.objects.filter(finding=OuterRef("pk"), statement=statement)
    news = Q(~Exists(known), system_id=statement.system_id, is_preview=False)
    return replace(draft, more=[*draft.more, RuleAction("statement", news, told, keep)])


def _link(target: TriageRuleTarget, rows: QuerySet[Finding]) -> int:
    """Link findings of the statement's own system; previews are no evidence."""
    rows = rows.filter(system_id=target.statement.system_id, is_preview=False)
    found, values = rows.order_by().values("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_LINK.format(found=found), [target.statement_id, target.rule_id, *values])
        return int(cursor.rowcount)


def _present(rows: QuerySet[Finding]) -> QuerySet[Finding]:
    return rows.exclude(state=FindingState.FIXED)
