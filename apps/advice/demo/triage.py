"""What the demo's people say of findings, once all reports are there: feeds, VEX, owners, rules."""

from pathlib import Path

from django.db import transaction

from apps.accounts.actors import Actor
from apps.accounts.models import Team, User
from apps.advice.demo.files import Record
from apps.catalog.models import System
from apps.evidence.services.triage_rules import triage_rule_create
from apps.risks.models import RiskStatement, StatementState
from apps.scans.models import TriageRule
from apps.scans.selectors import FindingFilter
from apps.scans.services.assign import owner_start
from apps.scans.services.exploits import feed_load
from apps.scans.services.owners import owners_apply, owners_set
from apps.scans.services.rules import RuleDraft
from apps.scans.services.vex import vex_take_in


@transaction.atomic
def triage_load(folder: Path, story: Record, told: Record) -> int:
    """Returns the number of rules that are on. All or nothing, and once: a second call changes nothing."""
    if TriageRule.objects.exists():
        return 0
    users = User.objects.in_bulk([each["email"] for each in story["people"]], field_name="email")
    actors = {each["key"]: Actor(user=users[each["email"]]) for each in story["people"]}
    for record in told["feeds"]:
        with (folder / record["file"]).open("rb") as chunks:
            feed_load(
                actor=actors[record["by"]],
                kind=record["kind"],
                chunks=chunks,
                origin=f"demo/{record['file']}",
            )
    for record in told["vex"]:
        path = folder / record["file"]
        with path.open("rb") as chunks:
            vex_take_in(
                actor=actors[record["by"]], system=_system(record), chunks=chunks, name=path.name
            )
    for record in told["owners"]:
        system = _system(record)
        owners_set(actor=actors[record["by"]], system=system, text=record["text"], version=0)
        owners_apply(system_id=system.pk)
    for record in told["rules"]:
        triage_rule_create(
            actor=actors[record["by"]], draft=_draft(record), statement=_statement(record)
        )
    for record in told["owned"]:
        wanted = FindingFilter(system=record["system"], **record["filter"])
        team = Team.objects.get(key=record["team"])
        owner_start(actor=actors[record["by"]], team=team, wanted=wanted)
    return len(told["rules"])


def _draft(record: Record) -> RuleDraft:
    return RuleDraft(
        name=record["name"],
        wanted=FindingFilter(**record["filter"]),
        system=_system(record),
        verdict=record.get("verdict", ""),
        reason=record.get("reason", ""),
        team=Team.objects.get(key=record["team"]) if "team" in record else None,
        tags=record.get("tags", []),
    )


def _statement(record: Record) -> RiskStatement | None:
    target = record.get("bears_on")
    if target is None:
        return None
    return RiskStatement.objects.get(
        item__title=target["item"], option__title=target["on"], state=StatementState.PUBLISHED
    )


def _system(record: Record) -> System:
    return System.objects.get(key=record["system"])
