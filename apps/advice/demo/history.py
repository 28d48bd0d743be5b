"""What happened since the demo's risks were estimated: incidents, outcomes, endings, reviews, threat models.

Services say "now"; where a row may change, it is dated back afterwards.
"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone

from apps.accounts.models import Team
from apps.advice.demo.files import Record, days_ago
from apps.advice.demo.organisation import Organisation
from apps.evidence.forecasts import Forecast, forecasts_due
from apps.evidence.incidents import happened_during
from apps.evidence.models import Incident, Outcome
from apps.evidence.services.imports import import_threats
from apps.evidence.services.incidents import IncidentInput, incident_correct, incident_record
from apps.evidence.services.outcomes import outcome_tell
from apps.evidence.threat_models import read_model
from apps.risks.models import RiskStatement
from apps.risks.services.endings import statement_supersede, statement_withdraw
from apps.risks.services.reviews import review_give, review_wish_set

Statements = Mapping[str, RiskStatement]


def history_load(
    organisation: Organisation, statements: Statements, history: Record, folder: Path
) -> str:
    """All of it; a sentence that counts it. statements: by the `ref` of the items' files."""
    for record in history["incidents"]:
        _incident(organisation, statements, record)
    for record in history["corrections"]:
        _correct(organisation, record)
    for record in history["told"]:
        _tell(organisation, statements[record["statement"]], record)
    for record in history["ends"]:
        _end(organisation, statements, record)
    _review(organisation, statements, history["reviews"])
    for record in history["threat_models"]:
        model = read_model((folder / record["file"]).read_bytes(), "")
        system = organisation.systems[record["system"]]
        import_threats(actor=organisation.actor(record["by"]), system=system, model=model)
    return f"{len(history['incidents'])} incidents, {len(history['told'])} estimates scored"


def _incident(organisation: Organisation, statements: Statements, record: Record) -> None:
    first = timezone.localdate(days_ago(record))
    last = first + dt.timedelta(days=record["for_days"]) if "for_days" in record else None
    loss = record.get("loss")
    made = incident_record(
        actor=organisation.actor(record["by"]),
        system=organisation.systems[record["system"]],
        content=IncidentInput(
            kind=record.get("kind", "incident"),
            began_on=first,
            ended_on=last,
            times=record.get("times"),
            summary=record["summary"],
            detail=record.get("detail", ""),
            loss=None if loss is None else Decimal(loss),
            statements=[statements[ref] for ref in record.get("statements", [])],
        ),
    )
    at = days_ago({"days_ago": record["days_ago"] - record.get("for_days", 0) - 1})
    Incident.objects.filter(pk=made.pk).update(recorded_at=min(at, timezone.now()))


def _correct(organisation: Organisation, record: Record) -> None:
    row = Incident.objects.get(summary=record["summary"])
    said: dict[str, Any] = {
        name: getattr(row, name)
        for name in ("kind", "began_on", "ended_on", "times", "summary", "detail")
    }
    incident_correct(
        actor=organisation.actor(record["by"]),
        incident=row,
        content=IncidentInput(
            **said, loss=Decimal(record["loss"]), statements=list(row.statements.all())
        ),
        reason=record["reason"],
    )


def _tell(organisation: Organisation, statement: RiskStatement, record: Record) -> None:
    """As the calibration page does: how often, and what single events cost, is the register's."""
    actor = organisation.actor(record["by"])
    forecast = forecasts_due(actor, statement=statement)[0]
    known = happened_during(actor, [forecast]).get(forecast.revision.pk)
    told = outcome_tell(
        actor=actor,
        forecast=forecast,
        events=known.events if known else 0,
        losses=known.losses if known else (),
        note=record.get("note", ""),
    )
    Outcome.objects.filter(pk=told.pk).update(told_at=_soon_after(forecast))


def _soon_after(forecast: Forecast) -> dt.datetime:
    return min(forecast.ended + dt.timedelta(days=12), timezone.now())


def _end(organisation: Organisation, statements: Statements, record: Record) -> None:
    actor, statement = organisation.actor(record["by"]), statements[record["statement"]]
    if "successors" in record:
        successors = [statements[ref] for ref in record["successors"]]
        statement_supersede(
            actor=actor, statement=statement, successors=successors, reason=record["reason"]
        )
    else:
        statement_withdraw(actor=actor, statement=statement, reason=record["reason"])


def _review(organisation: Organisation, statements: Statements, record: Record) -> None:
    wished = record["wished"]
    for key in wished["teams"]:
        team = Team.objects.get(key=key)
        review_wish_set(actor=organisation.actor(wished["by"]), team=team, is_wished=True)
    for given in record["given"]:
        statement = RiskStatement.objects.get(pk=statements[given["statement"]].pk)
        review_give(
            actor=organisation.actor(given["by"]),
            statement=statement,
            version=statement.version,
            approves=given.get("approves", False),
            body=given.get("body", ""),
        )
