"""Making evidence links: set statements by rule, single ones by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.rows import made
from apps.audit.services import record
from apps.common.errors import Conflict, Invalid
from apps.evidence.models import EvidenceLink, EvidenceRule
from apps.removals.kinds import Kind
from apps.removals.models import Removal
from apps.removals.services import removal_make
from apps.risks.models import RiskStatement
from apps.scans.models import Finding

SHOWN_OF_TRIAL = 5
MOST_BY_HAND = 200  # findings at once

# A rule's criteria hold together; one that asks for nothing cannot exist (a CHECK sees to it).
# Whoever dismissed a link is not asked again: the row stays and ON CONFLICT leaves it alone.
_MATCH = """
INSERT INTO evidence_evidencelink (statement_id, finding_id, rule_id)
SELECT DISTINCT ON (rule.statement_id, finding.id) rule.statement_id, finding.id, rule.id
FROM evidence_evidencerule rule
JOIN risks_riskstatement statement ON statement.id = rule.statement_id
JOIN scans_finding finding ON finding.system_id = statement.system_id
WHERE NOT finding.is_preview
  AND statement.state <> 'withdrawn'
  AND (rule.stage = '' OR finding.stage = rule.stage)
  AND (rule.cwes = '{{}}' OR finding.cwes && rule.cwes)
  AND (rule.rule_pattern = '' OR finding.rule_id ILIKE
       replace(regexp_replace(rule.rule_pattern, '([\\\\%%_])', '\\\\\\1', 'g'), '*', '%%'))
  AND (rule.path_prefix = '' OR starts_with(finding.path, rule.path_prefix))
  AND (rule.component = '' OR finding.purl = rule.component
       OR starts_with(finding.purl, rule.component || '@'))
  AND {scope}
ORDER BY rule.statement_id, finding.id, rule.id
ON CONFLICT (statement_id, finding_id) DO NOTHING
"""
_OF_REPORT = """finding.id IN (SELECT presence.finding_id FROM scans_presence presence
                               WHERE presence.since_id = %s)"""


def links_make_for_report(*, report_id: int) -> int:
    """Link what a report brought, new or back again. Returns the number of links made."""
    with connection.cursor() as cursor:
        cursor.execute(_MATCH.format(scope=_OF_REPORT), [report_id])
        return int(cursor.rowcount)


def links_make_for_statement(*, statement_id: int) -> int:
    """Link the findings that are there already to a statement whose text or rules are new."""
    with connection.cursor() as cursor:
        cursor.execute(_MATCH.format(scope="rule.statement_id = %s"), [statement_id])
        return int(cursor.rowcount)


@transaction.atomic
def rule_create(
    *,
    actor: Actor,
    statement: RiskStatement,
    stage: str = "",
    cwes: list[int] | None = None,
    rule_pattern: str = "",
    path_prefix: str = "",
    component: str = "",
) -> EvidenceRule:
    """A rule for a statement, applied at once to the findings that are there.

    Raises: Invalid when it asks for nothing, since it would then claim every finding of the system.
    """
    require(actor, Permission.EVIDENCE_LINK, statement)
    narrow = rule_pattern.strip("*") or (
        stage and rule_pattern
    )  # "everything of this stage" is an answer
    if not (cwes or narrow or path_prefix or component):
        raise Invalid({"cwes": "Give a CWE, a rule, a path or a component: something to match by."})
    rule = EvidenceRule.objects.create(
        statement=statement,
        stage=stage,
        cwes=sorted(set(cwes or [])),
        rule_pattern=rule_pattern,
        path_prefix=path_prefix,
        component=component,
        created_by=actor.user,
    )
    record(
        actor=actor,
        action="evidence-rule.create",
        target=rule,
        system_id=statement.system_id,
        changes=made(rule),
    )
    links_make_for_statement(statement_id=statement.pk)
    return rule


@dataclass(frozen=True)
class RuleTrial:
    """What a rule would link that is not linked yet: how many findings, and the worst of them."""

    count: int
    worst: list[Finding]


@transaction.atomic
def rule_try(*, actor: Actor, statement: RiskStatement, **criteria: Any) -> RuleTrial:
    """Make a rule, look at what it links, and take all of it back. Criteria and errors: rule_create's."""
    with transaction.atomic():
        rule = rule_create(actor=actor, statement=statement, **criteria)
        links = EvidenceLink.objects.filter(rule=rule).select_related("finding")
        worst = list(links.order_by("-finding__severity", "-finding_id")[:SHOWN_OF_TRIAL])
        trial = RuleTrial(links.count(), [link.finding for link in worst])
        transaction.set_rollback(True)
    return trial


@transaction.atomic
def rule_delete(*, actor: Actor, rule: EvidenceRule) -> Removal:
    """Take a rule away; the links that it made stay, since people may have read and used them.

    It can be put back, and they are its own again.
    """
    require(actor, Permission.EVIDENCE_LINK, rule.statement)
    record(
        actor=actor,
        action="evidence-rule.delete",
        target=rule,
        system_id=rule.statement.system_id,
        changes={"rule": str(rule)},
    )
    return removal_make(
        actor=actor,
        kind=EVIDENCE_RULE.name,
        row=rule,
        label=f"{rule.statement.key}: {rule}",
        system_id=rule.statement.system_id,
    )


def link_create(*, actor: Actor, statement: RiskStatement, finding: Finding) -> EvidenceLink:
    """Link one finding by hand, as links_create does."""
    links_create(actor=actor, statement=statement, findings=[finding])
    return EvidenceLink.objects.get(statement=statement, finding=finding)


@transaction.atomic
def links_create(*, actor: Actor, statement: RiskStatement, findings: Sequence[Finding]) -> int:
    """Link findings by hand; a dismissed link comes back, and one of a rule is a person's from now on.

    Returns how many bear on the statement now that did not before.
    Raises: Invalid across systems, of a statement that ended, and for more than MOST_BY_HAND at once.
    """
    require(actor, Permission.EVIDENCE_LINK, statement)
    _check_linkable(statement, findings)
    before = set(
        EvidenceLink.objects.filter(
            statement=statement, finding__in=findings, dismissed_at=None
        ).values_list("finding_id", flat=True)
    )
    EvidenceLink.objects.bulk_create(
        [EvidenceLink(statement=statement, finding=each, made_by=actor.user) for each in findings],
        update_conflicts=True,
        unique_fields=["statement", "finding"],
        update_fields=["dismissed_at", "triage_rule", "made_by"],
    )
    news = [each.pk for each in findings if each.pk not in before]
    record(
        actor=actor,
        action="evidence.link",
        target=statement,
        system_id=statement.system_id,
        changes={"findings": [each.pk for each in findings], "new": len(news)},
    )
    return len(news)


@transaction.atomic
def statements_link(
    *, actor: Actor, statements: Sequence[RiskStatement], findings: Sequence[Finding]
) -> None:
    """Link the same findings to several statements, to all of them or to none, as links_create does."""
    for statement in statements:
        links_create(actor=actor, statement=statement, findings=findings)


def _check_linkable(statement: RiskStatement, findings: Sequence[Finding]) -> None:
    if statement.is_ended:
        raise Invalid({"statement": f"{statement.key} counts no longer: choose one that does."})
    if any(each.system_id != statement.system_id for each in findings):
        raise Invalid({"finding": "The finding belongs to another system than the statement."})
    if any(each.is_preview for each in findings):
        raise Invalid({"finding": "A preview of another branch is no evidence."})
    if len(findings) > MOST_BY_HAND:
        raise Invalid({"finding": f"At most {MOST_BY_HAND} findings at once; a rule links more."})


@transaction.atomic
def link_dismiss(*, actor: Actor, link: EvidenceLink) -> EvidenceLink:
    require(actor, Permission.EVIDENCE_LINK, link.statement)
    told = {"dismissed_at": [link.dismissed_at, timezone.now()]}
    link.dismissed_at = told["dismissed_at"][1]
    link.save(update_fields=["dismissed_at"])
    system_id = link.statement.system_id
    record(actor=actor, action="evidence.dismiss", target=link, system_id=system_id, changes=told)
    return link


@transaction.atomic
def link_return(*, actor: Actor, link: EvidenceLink) -> EvidenceLink:
    """Undo that it was dismissed; what had linked it stays said. Raises: Conflict."""
    require(actor, Permission.EVIDENCE_LINK, link.statement)
    row: EvidenceLink = EvidenceLink.objects.select_for_update(of=("self",)).get(pk=link.pk)
    if row.dismissed_at is None:
        raise Conflict("It counts as evidence; there is nothing to undo.")
    told = {"dismissed_at": [row.dismissed_at, None]}
    row.dismissed_at = None
    row.save(update_fields=["dismissed_at"])
    system_id = link.statement.system_id
    record(actor=actor, action="evidence.return", target=row, system_id=system_id, changes=told)
    return row


def _rule_returned(_actor: Actor, rule: EvidenceRule) -> None:
    """Of reports that came meanwhile, too."""
    links_make_for_statement(statement_id=rule.statement_id)


EVIDENCE_RULE = Kind(
    name="evidence_rule",
    label=_("Evidence rule"),
    icon="list-filter",
    permission=Permission.EVIDENCE_LINK,
    taken="There is such a rule again.",
    page=lambda rule: reverse("evidence-rules", args=[rule.statement_id]),
    returned=_rule_returned,
)
