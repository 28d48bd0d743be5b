"""Who owns findings: a list in the manner of CODEOWNERS, for those that are there and that come."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.models import Team
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.catalog.models import System
from apps.common import events
from apps.common.errors import EditConflict, Invalid
from apps.scans.domain.owners import Line, read
from apps.scans.models import Finding, OwnersMap, Report, TriageRule
from apps.scans.selectors import is_one_of
from apps.scans.selectors_rules import findings_of_rule

LONGEST = 200_000

# The last line that fits says who; a line without a team says that nobody does. Many findings lie at
# one place, so that each place is looked at once.
_APPLY = """
WITH line AS (
    SELECT * FROM json_to_recordset(%(lines)s::json)
        AS line (number integer, pattern text, is_package boolean, team_id integer)
), subject AS (
    SELECT id, path, purl FROM scans_finding finding
    WHERE finding.system_id = %(system)s AND finding.state <> 'fixed' AND {scope}
), place AS (
    SELECT DISTINCT path, purl FROM subject
), decided AS (
    SELECT DISTINCT ON (place.path, place.purl) place.path, place.purl, line.team_id
    FROM place
    JOIN line ON CASE WHEN line.is_package THEN place.purl ELSE place.path END ~ line.pattern
    WHERE line.is_package OR place.path <> ''
    ORDER BY place.path, place.purl, line.number DESC
)
INSERT INTO scans_findingowner (finding_id, team_id, source)
SELECT subject.id, team_id, 2 FROM subject JOIN decided USING (path, purl)
WHERE team_id IS NOT NULL
ON CONFLICT (finding_id) DO NOTHING
"""
_OF_REPORT = """EXISTS (SELECT FROM scans_presence presence
    WHERE presence.finding_id = finding.id AND presence.since_id = %(report)s)"""
_OF_FINDINGS = "finding.id = ANY(%(findings)s)"
# The first rule that says so counts, and a person's word before it.
_BY_RULE = """
INSERT INTO scans_findingowner AS known (finding_id, team_id, source, rule_id)
SELECT found.id, %s, 1, %s FROM ({found}) found
ON CONFLICT (finding_id) DO UPDATE
SET team_id = excluded.team_id, source = excluded.source, rule_id = excluded.rule_id
WHERE known.source > excluded.source
"""
_FORGET = """
DELETE FROM scans_findingowner owner USING scans_finding finding
WHERE finding.id = owner.finding_id AND finding.system_id = %s AND owner.source = 2
"""


def owners_set(*, actor: Actor, system: System, text: str, version: int) -> OwnersMap:
    """Keep a system's list of owners; a worker then goes through its findings.

    version: of the list that was read, 0 where there was none. Raises: NotPermitted, Missing,
    Invalid (with the lines concerned), EditConflict.
    """
    require(actor, Permission.FINDING_TRIAGE, system)
    _check(text)
    with transaction.atomic():
        System.objects.select_for_update().get(pk=system.pk)
        known = OwnersMap.objects.filter(system=system).first()
        if (known.version if known else 0) != version:
            raise EditConflict(
                "Somebody else changed this since you read it. Read it again and repeat your change.",
                current_version=known.version if known else 0,
            )
        row = known or OwnersMap(system=system, version=0)
        before, row.text = row.text, text
        row.version += 1
        row.changed_by, row.changed_at = actor.label[:200], timezone.now()
        row.save(force_insert=known is None)
        record(
            actor=actor,
            action="owners.set",
            target=system,
            system_id=system.pk,
            changes={"lines": [len(before.splitlines()), len(text.splitlines())]},
        )
        events.append("owners.changed", {"system_id": system.pk})
    return row


@transaction.atomic
def owners_apply(*, system_id: int) -> int:
    """Go through all findings of a system anew. Returns how many the list gives an owner."""
    lines = _lines(system_id)
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [system_id])
        if not lines:
            return 0
        cursor.execute(_APPLY.format(scope="true"), {"lines": lines, "system": system_id})
        return int(cursor.rowcount)


def owners_apply_to_report(*, report_id: int) -> int:
    """Give an owner to what a report brought."""
    report = Report.objects.filter(pk=report_id).only("system_id").first()
    lines = _lines(report.system_id) if report else ""
    if report is None or not lines:
        return 0
    values = {"lines": lines, "system": report.system_id, "report": report_id}
    with connection.cursor() as cursor:
        cursor.execute(_APPLY.format(scope=_OF_REPORT), values)
        return int(cursor.rowcount)


def owners_apply_rule(*, rule: TriageRule, rows: QuerySet[Finding]) -> None:
    """Give the findings the owner that a rule says, as one statement."""
    if rule.team_id is None:
        return
    found, values = rows.order_by().values("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_BY_RULE.format(found=found), [rule.team_id, rule.pk, *values])


def owners_fall_back(*, system_id: int, findings: Sequence[int]) -> None:
    """Let rules, and then the list, say who owns findings of a system that have no owner."""
    rules = TriageRule.objects.filter(
        Q(system=None) | Q(system=system_id), is_on=True, team__isnull=False
    )
    for rule in rules.order_by("pk"):
        owners_apply_rule(rule=rule, rows=findings_of_rule(rule).filter(is_one_of(findings)))
    if lines := _lines(system_id):
        values: dict[str, Any] = {
            "lines": lines,
            "system": system_id,
            "findings": list(findings),
        }
        with connection.cursor() as cursor:
            cursor.execute(_APPLY.format(scope=_OF_FINDINGS), values)


def _lines(system_id: int) -> str:
    """The list as JSON with the teams' numbers; empty if there is none."""
    known = OwnersMap.objects.filter(system_id=system_id).first()
    lines = read(known.text)[0] if known else []
    teams = dict(
        Team.objects.filter(key__in={line.team for line in lines}).values_list("key", "pk")
    )
    return json.dumps([_told(line, teams) for line in lines]) if lines else ""


def _told(line: Line, teams: dict[str, int]) -> dict[str, object]:
    return {
        "number": line.number,
        "pattern": line.pattern,
        "is_package": line.is_package,
        "team_id": teams.get(line.team),
    }


def _check(text: str) -> None:
    """Raises: Invalid."""
    if len(text) > LONGEST:
        raise Invalid({"text": f"At most {LONGEST} characters."})
    lines, problems = read(text)
    known = set(Team.objects.values_list("key", flat=True))
    told = [f"Line {each.number}: {each.text}" for each in problems]
    told += [
        f"Line {line.number}: there is no team {line.team!r}."
        for line in lines
        if line.team and line.team not in known
    ]
    if told:
        raise Invalid({"text": told[:20]})
