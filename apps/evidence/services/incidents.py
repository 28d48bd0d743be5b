"""Keeping the register of incidents: an entry, its correction, and taking either back."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.catalog.models import System
from apps.common.errors import Conflict, Invalid, NotPermitted
from apps.evidence.models import Incident, IncidentEnd, IncidentKind
from apps.risks.models import LARGEST, RiskStatement

MOST_TIMES = 1_000_000
MOST_STATEMENTS = 50
OLDEST = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class IncidentInput:
    """What happened. loss: altogether, in the organisation's currency; None: nobody knows.

    statements: the risks that it is an event of, all of the entry's system.
    """

    kind: str
    began_on: dt.date
    summary: str
    ended_on: dt.date | None = None  # None: on the same day
    times: int | None = None  # None: once, or never where nothing happened
    loss: Decimal | None = None
    detail: str = ""
    statements: Sequence[RiskStatement] = ()


@transaction.atomic
def incident_record(*, actor: Actor, system: System, content: IncidentInput) -> Incident:
    """Write down what happened. Raises: NotPermitted, Missing, Invalid."""
    require(actor, Permission.EVIDENCE_LINK, system)
    row = _write(actor, system, content)
    record(
        actor=actor,
        action="incident.record",
        target=row,
        system_id=system.pk,
        changes=_told(row),
    )
    return row


@transaction.atomic
def incident_correct(
    *, actor: Actor, incident: Incident, content: IncidentInput, reason: str
) -> Incident:
    """Put another entry into the place of one that was wrong; the old one stays readable.

    Raises: NotPermitted, Missing, Invalid, Conflict where it counts no longer.
    """
    row = _locked(actor, incident)
    _check_reason(reason)
    made = _write(actor, row.system, content, corrects=row)
    _end(actor, row, IncidentEnd.CORRECTED, reason)
    record(
        actor=actor,
        action="incident.correct",
        target=made,
        system_id=row.system_id,
        changes={"corrects": row.key, "reason": reason, **_told(made)},
    )
    return made


@transaction.atomic
def incident_undo(*, actor: Actor, incident: Incident, reason: str) -> Incident | None:
    """Take an entry back: it counts no longer. What it had corrected counts again, and is given back.

    Raises: NotPermitted, Missing, Invalid, Conflict.
    """
    row = _locked(actor, incident)
    _check_reason(reason)
    earlier = row.corrects
    _end(actor, row, IncidentEnd.UNDONE, reason)
    if earlier is not None:
        earlier.ended_at, earlier.end, earlier.end_reason, earlier.ended_by = None, "", "", None
        earlier.save(update_fields=["ended_at", "end", "end_reason", "ended_by"])
    record(
        actor=actor,
        action="incident.undo",
        target=row,
        system_id=row.system_id,
        changes={"reason": reason, **({"counts again": earlier.key} if earlier else {})},
    )
    return earlier


def incident_export_note(*, actor: Actor) -> None:
    """That somebody takes the register away is written down. Raises: NotPermitted for no person."""
    if actor.user is None:
        raise NotPermitted("The register is exported by people.")
    record(actor=actor, action="incidents.export", target=actor.user)


def _locked(actor: Actor, incident: Incident) -> Incident:
    require(actor, Permission.EVIDENCE_LINK, incident)
    row: Incident = (
        Incident.objects.select_for_update(of=("self",))
        .select_related("system", "corrects")
        .get(pk=incident.pk)
    )
    if not row.counts:
        raise Conflict("This entry counts no longer: it was corrected or taken back.")
    return row


def _write(
    actor: Actor, system: System, content: IncidentInput, corrects: Incident | None = None
) -> Incident:
    problems = {
        **_wrong_times(content),
        **_wrong_days(content),
        **_wrong_loss(content),
        **_wrong_words(content),
        **_wrong_statements(system, content),
    }
    if problems:
        raise Invalid(problems)
    usual = 0 if content.kind == IncidentKind.QUIET else 1
    row = Incident.objects.create(
        system=system,
        kind=content.kind,
        began_on=content.began_on,
        ended_on=content.ended_on or content.began_on,
        times=usual if content.times is None else content.times,
        summary=content.summary.strip(),
        detail=content.detail,
        loss=content.loss,
        corrects=corrects,
        recorded_by=actor.user,
    )
    row.statements.set(content.statements)
    return row


def _wrong_times(content: IncidentInput) -> dict[str, str]:
    if content.kind not in IncidentKind.values:
        return {"kind": f"Say one of: {', '.join(IncidentKind.values)}."}
    if content.times is None:
        return {}
    if content.kind == IncidentKind.QUIET:
        return {} if content.times == 0 else {"times": "Nothing happened: that is 0 times."}
    if not 1 <= content.times <= MOST_TIMES:
        return {"times": f"Between 1 and {MOST_TIMES:,}."}
    return {}


def _wrong_days(content: IncidentInput) -> dict[str, str]:
    last = content.ended_on or content.began_on
    if content.began_on < OLDEST:
        return {"began_on": f"Not before {OLDEST.year}."}
    if last < content.began_on:
        return {"ended_on": "It cannot end before it begins."}
    if last > timezone.localdate():
        return {"ended_on" if content.ended_on else "began_on": "This day is still to come."}
    if content.kind == IncidentKind.QUIET and content.ended_on is None:
        return {"ended_on": "Until when did nothing happen?"}
    return {}


def _wrong_loss(content: IncidentInput) -> dict[str, str]:
    loss = content.loss
    if loss is None:
        return {}
    if content.kind in {IncidentKind.NEAR_MISS, IncidentKind.QUIET}:
        return {"loss": "Only an incident costs something; leave it empty."}
    if not (loss.is_finite() and 0 <= loss <= LARGEST):
        return {"loss": f"Between 0 and {LARGEST:,}."}
    return {}


def _wrong_words(content: IncidentInput) -> dict[str, str]:
    if not content.summary.strip():
        return {"summary": "Say in a sentence what happened."}
    return {}


def _wrong_statements(system: System, content: IncidentInput) -> dict[str, str]:
    if len(content.statements) > MOST_STATEMENTS:
        return {"statements": f"At most {MOST_STATEMENTS}."}
    if foreign := [each.key for each in content.statements if each.system_id != system.pk]:
        return {"statements": f"Of another system: {', '.join(foreign)}."}
    if content.kind == IncidentKind.QUIET and not content.statements:
        return {"statements": "Say which risks nothing happened of."}
    return {}


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid({"reason": "Say why."})
    if len(reason) > 500:  # as the column
        raise Invalid({"reason": "At most 500 characters."})


def _end(actor: Actor, row: Incident, end: IncidentEnd, reason: str) -> None:
    row.ended_at, row.end, row.end_reason = timezone.now(), end, reason.strip()
    row.ended_by = actor.user
    row.save(update_fields=["ended_at", "end", "end_reason", "ended_by"])


def _told(row: Incident) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "days": [row.began_on.isoformat(), row.ended_on.isoformat()],
        "times": row.times,
        "loss": None if row.loss is None else str(row.loss),
        "statements": row.statement_keys,
    }
