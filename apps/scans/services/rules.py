"""Rules: tried on the findings that are there, switched on, at work as findings arrive, switched off.

A rule speaks once of a finding, and sets the state only where it is open: what a person said stays.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from apps.accounts.actors import Actor
from apps.accounts.models import Team
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.catalog.models import System
from apps.common import events
from apps.common.errors import Conflict, Invalid
from apps.scans.models import (
    Finding,
    FindingOwner,
    FindingState,
    FindingTag,
    Justification,
    Report,
    Series,
    Triage,
    TriageChange,
    TriageRule,
    TriageState,
    Verdict,
)
from apps.scans.selectors import FindingFilter, findings_list
from apps.scans.selectors_rules import findings_brought, findings_of_rule
from apps.scans.selectors_trials import RuleAction, RuleTrial, actions_of, trial_of
from apps.scans.services.arrivals import Said, verdict_apply
from apps.scans.services.owners import owners_apply, owners_apply_rule
from apps.scans.services.triage import triage_carry_out, undo_begin

MOST_TAGS = 10
_TAG = """
INSERT INTO scans_findingtag (finding_id, tag, rule_id)
SELECT found.id, tag, %s FROM ({found}) found, unnest(%s::text[]) tag
ON CONFLICT (finding_id, tag) DO NOTHING
"""


@dataclass(frozen=True)
class RuleDraft:
    """What a rule asks for and says. system None: findings of all systems."""

    name: str
    wanted: FindingFilter
    system: System | None = None
    verdict: str = ""
    justification: str = ""
    reason: str = ""
    team: Team | None = None
    tags: Sequence[str] = ()
    more: Sequence[RuleAction] = ()  # what other apps do with what it finds

    @property
    def filter(self) -> FindingFilter:
        """Without moods of a day: a rule looks at all states, and never at previews or ages."""
        return replace(
            self.wanted,
            system=self.system.key if self.system else "",
            state="any",
            series=None,
            previews=False,
            overdue=False,
        )


def rule_try(*, actor: Actor, draft: RuleDraft) -> RuleTrial:
    """Change nothing, and say what the rule would do. Raises: NotPermitted, Missing, Invalid."""
    _check(actor, draft)
    rows = _present(findings_list(actor, draft.filter))
    return trial_of(rows, [*actions_of(draft.verdict, draft.team, draft.tags), *draft.more])


def rule_create(*, actor: Actor, draft: RuleDraft) -> TriageRule:
    """Switch a rule on: for the findings that are there, and for those that come.

    Raises: NotPermitted, Missing, Invalid.
    """
    _check(actor, draft)
    with transaction.atomic():
        rule = TriageRule.objects.create(
            system=draft.system,
            name=draft.name.strip(),
            filter=asdict(draft.filter),
            verdict=draft.verdict,
            justification=draft.justification,
            reason=draft.reason.strip(),
            team=draft.team,
            tags=sorted(set(draft.tags)),
            created_by=actor.user,
            actor_label=actor.label[:200],
        )
        rows = _present(findings_list(actor, draft.filter))
        _mark(rule, rows)
        triage = _act(actor, rule, rows)
        _write_down(actor, rule, "rule.create")
        for action in draft.more:
            if action.keep is not None:
                action.keep(rule, rows)
    if triage is not None:
        triage_carry_out(triage)
    return rule


def rule_switch_off(*, actor: Actor, rule: TriageRule) -> TriageRule:
    """Switch a rule off and take back what it did, but of findings that were changed since.

    Raises: NotPermitted, Conflict (it is off, or still at work).
    """
    require(actor, Permission.FINDING_TRIAGE, rule if rule.system_id else None)
    acts = Triage.objects.filter(rule=rule)
    with transaction.atomic():
        row: TriageRule = TriageRule.objects.select_for_update().get(pk=rule.pk)
        if not row.is_on:
            raise Conflict("It is switched off already.")
        if acts.filter(state=TriageState.RUNNING).exists():
            raise Conflict("Wait until it is done; then it can be switched off.")
        row.is_on = False
        row.save(update_fields=["is_on"])
        going = undo_begin(actor=actor, acts=acts)
        owned = FindingOwner.objects.filter(rule=row)
        systems = list(owned.values_list("finding__system_id", flat=True).order_by().distinct())
        owned.delete()
        FindingTag.objects.filter(rule=row).delete()
        for system_id in systems:
            owners_apply(system_id=system_id)
        _write_down(actor, row, "rule.switch-off")
        events.append("rule.switched-off", {"rule_id": row.pk})
    for triage in going:
        triage_carry_out(triage)
    return row


def rule_switch_on(*, actor: Actor, rule: TriageRule) -> TriageRule:
    """Undo that a rule was switched off: it says again what was taken back with it, and speaks of what comes.

    What people said meanwhile stays. Raises: NotPermitted, Conflict (it is on, or being taken back).
    """
    require(actor, Permission.FINDING_TRIAGE, rule if rule.system_id else None)
    with transaction.atomic():
        row: TriageRule = TriageRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
        if row.is_on:
            raise Conflict("It is switched on already.")
        if Triage.objects.filter(rule=row, state=TriageState.UNDOING).exists():
            raise Conflict(
                "Wait until what it did is taken back; then it can be switched on again."
            )
        row.is_on = True
        row.save(update_fields=["is_on"])
        rows = _present(findings_of_rule(row))
        _mark(row, rows)
        triage = _act(actor, row, rows)
        _write_down(actor, row, "rule.switch-on")
        events.append("rule.switched-on", {"rule_id": row.pk})
    if triage is not None:
        triage_carry_out(triage)
    return row


@transaction.atomic
def rules_apply_to_report(*, report_id: int) -> int:
    """Say of what a report brought what the rules say. Returns how many states changed. Idempotent."""
    report = Report.objects.filter(pk=report_id).first()
    if report is None or report.series_id is None:
        return 0
    every = TriageRule.objects.filter(is_on=True).select_related("team")
    rules = [rule for rule in every if rule.system_id in {None, report.system_id}]
    if not rules:
        return 0
    Series.objects.select_for_update().get(pk=report.series_id)
    return sum(_apply(rule, report) for rule in rules)


def _apply(rule: TriageRule, report: Report) -> int:
    rows = findings_brought(rule, report)
    _mark(rule, rows)
    if not rule.verdict:
        return 0
    numbers = list(_unsaid(rule, rows).order_by("pk").values_list("pk", flat=True))
    said = Said(rule.verdict, rule.justification, rule.reason, f"rule: {rule.name}", rule=rule)
    triage = verdict_apply(said=said, findings=numbers, series_id=report.series_id or 0)
    return triage.changed if triage else 0


def _act(actor: Actor, rule: TriageRule, rows: QuerySet[Finding]) -> Triage | None:
    """The act of triage about the findings that are there; None if there are none."""
    if not rule.verdict:
        return None
    numbers = list(_unsaid(rule, rows).order_by("pk").values_list("pk", flat=True))
    if not numbers:
        return None
    return Triage.objects.create(
        verdict=rule.verdict,
        justification=rule.justification,
        reason=rule.reason,
        findings=numbers,
        through_id=numbers[-1],
        total=len(numbers),
        rule=rule,
        user=actor.user,
        actor_label=f"rule: {rule.name} ({actor.label})"[:200],
    )


def _present(rows: QuerySet[Finding]) -> QuerySet[Finding]:
    return rows.exclude(state=FindingState.FIXED)


def _unsaid(rule: TriageRule, rows: QuerySet[Finding]) -> QuerySet[Finding]:
    said = TriageChange.objects.filter(finding=OuterRef("pk"), triage__rule=rule).exclude(
        is_undone=True, triage__is_withdrawn=True
    )
    return rows.filter(~Exists(said), state=FindingState.OPEN)


def _mark(rule: TriageRule, rows: QuerySet[Finding]) -> None:
    """Owner and tags, as one statement each, whatever their number."""
    owners_apply_rule(rule=rule, rows=rows)
    if rule.tags:
        found, values = rows.order_by().values("id").query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(_TAG.format(found=found), [rule.pk, *values, rule.tags])


def _write_down(actor: Actor, rule: TriageRule, action: str) -> None:
    """All that a rule asks for and says: it is read when nobody remembers the rule."""
    told = {name: getattr(rule, name) for name in ("name", "filter", "verdict", "justification")}
    told |= {
        "reason": rule.reason,
        "team": rule.team.key if rule.team else "",
        "tags": rule.tags,
    }
    record(actor=actor, action=action, target=rule, system_id=rule.system_id, changes=told)


def _check(actor: Actor, draft: RuleDraft) -> None:
    require(actor, Permission.FINDING_TRIAGE, draft.system)
    problems: dict[str, str] = {}
    if not 1 <= len(draft.name.strip()) <= 120:
        problems["name"] = "Give it a name of 1 to 120 characters."
    problems |= _verdict_problems(draft)
    if not (draft.verdict or draft.team or draft.tags or draft.more):
        problems["verdict"] = (
            "A rule sets a state, an owner or tags, or links to a risk: give one of them."
        )
    if len(draft.tags) > MOST_TAGS or any(not 1 <= len(tag) <= 40 for tag in draft.tags):
        problems["tags"] = f"At most {MOST_TAGS} tags of 1 to 40 characters."
    if draft.filter == FindingFilter(**_plain(draft)):
        problems["rule"] = "Say which findings: otherwise the rule would speak of all of them."
    if problems:
        raise Invalid(problems)


def _plain(draft: RuleDraft) -> dict[str, Any]:
    """The filter that asks for nothing."""
    return {"system": draft.filter.system, "state": "any"}


def _verdict_problems(draft: RuleDraft) -> dict[str, str]:
    if not draft.verdict:
        return {}
    if draft.verdict not in Verdict.values or draft.verdict == Verdict.OPEN:
        return {"verdict": "Say one of: false_positive, accepted, not_affected."}
    problems: dict[str, str] = {}
    if not 1 <= len(draft.reason.strip()) <= 500:
        problems["reason"] = "Say why, in 1 to 500 characters: whoever reads it later will ask."
    if draft.justification:
        if draft.justification not in Justification.values:
            problems["justification"] = f"Say one of: {', '.join(Justification.values)}."
        elif draft.verdict != Verdict.NOT_AFFECTED:
            problems["justification"] = "Only what is not affected has a justification."
    return problems
