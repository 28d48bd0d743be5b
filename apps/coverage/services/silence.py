"""The sweep that notices series which fell silent, and what people say of it."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.catalog.models import System
from apps.common import events
from apps.common.errors import Conflict, Invalid
from apps.coverage.models import Silence, SilenceAnswer
from apps.coverage.rhythm import limit_of
from apps.coverage.selectors import coverage_of

LOOKED_AT = 21  # reports whose gaps make the rhythm

# One row for each series that counts: when it last spoke, and the gaps between its last full reports.
# Alerts and other partial reports have no rhythm: that none comes may be good news.
_RHYTHMS = """
SELECT series.id, newest.received_at, count(gaps.gap),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY gaps.gap), max(gaps.gap)
FROM scans_series series
JOIN scans_report newest ON newest.id = series.newest_report_id
JOIN catalog_system system ON system.id = series.system_id AND system.archived_at IS NULL
LEFT JOIN LATERAL (
    SELECT received_at - lag(received_at) OVER (ORDER BY received_at) AS gap
    FROM (
        SELECT received_at FROM scans_report
        WHERE series_id = series.id AND state = 'processed' AND is_full
        ORDER BY id DESC LIMIT %s
    ) AS last
) AS gaps ON gaps.gap IS NOT NULL
WHERE NOT series.is_preview AND newest.state = 'processed'
GROUP BY series.id, newest.received_at
"""


@dataclass(frozen=True)
class Heard:
    """A series: when it last spoke, and from when on it counts as silent."""

    series_id: int
    newest_at: dt.datetime
    rhythm: dt.timedelta | None
    limit: dt.timedelta | None


def silences_sweep() -> int:
    """Notice who fell silent and who speaks again. Returns how many fell silent.

    One transaction, so that a silence and the event that tells of it are one; a second sweep at the
    same time finds the constraint and changes nothing.
    """
    with transaction.atomic():
        _end_those_that_spoke()
        now = timezone.now()
        return _begin(_overdue(now), now)


def _end_those_that_spoke() -> None:
    spoke = Silence.objects.filter(
        ended_at=None, series__newest_report__received_at__gt=F("since")
    ).select_for_update(of=("self",), skip_locked=True)
    for silence in spoke.select_related("series__newest_report"):
        silence.ended_at = silence.series.newest_report.received_at
        silence.save(update_fields=["ended_at"])
        _tell("series.spoke", silence)


def _overdue(now: dt.datetime) -> list[Heard]:
    expected = _expected_ages()
    with connection.cursor() as cursor:
        cursor.execute(_RHYTHMS, [LOOKED_AT])
        rows = cursor.fetchall()
    heard = [
        Heard(
            pk,
            at,
            usual if gaps else None,
            limit_of(gaps, usual, longest, expected.get(pk)),
        )
        for pk, at, gaps, usual, longest in rows
    ]
    return [each for each in heard if each.limit is not None and now - each.newest_at > each.limit]


def _expected_ages() -> dict[int, dt.timedelta]:
    """By series, where the profile of its system expects it."""
    found = {}
    for system in coverage_of(portal_actor("coverage"), System.objects.filter(archived_at=None)):
        for stage in system.stages:
            for wanted in stage.expected:
                age = dt.timedelta(days=wanted.line.max_age_days)
                found.update({each.series.pk: age for each in wanted.arrived})
    return found


def _begin(overdue: list[Heard], now: dt.datetime) -> int:
    known = set(Silence.objects.filter(ended_at=None).values_list("series_id", flat=True))
    Silence.objects.bulk_create(
        (
            Silence(
                series_id=each.series_id,
                since=each.newest_at,
                rhythm=each.rhythm,
                limit=each.limit,
                noticed_at=now,
            )
            for each in overdue
            if each.series_id not in known
        ),
        ignore_conflicts=True,
    )
    # Those that another sweep wrote at the same time are not told of twice.
    began = list(Silence.objects.filter(noticed_at=now).select_related("series"))
    for silence in began:
        _tell("series.silent", silence)
    return len(began)


@transaction.atomic
def silence_answer(*, actor: Actor, silence: Silence, answer: str) -> Silence:
    """Say that a series is not run any more: it then counts as no evidence. Its next report takes the
    word back. An empty answer takes it back by hand.

    Raises: Missing, NotPermitted, Invalid, Conflict where it has spoken meanwhile.
    """
    require(actor, Permission.COVERAGE_MANAGE, silence)
    if answer and answer not in SilenceAnswer.values:
        raise Invalid({"answer": f"Say one of: {', '.join(SilenceAnswer.values)}, or nothing."})
    row: Silence = (
        Silence.objects.select_for_update(of=("self",)).select_related("series").get(pk=silence.pk)
    )
    if row.ended_at is not None:
        raise Conflict("It has reported since: there is no silence any more.")
    row.answer = answer
    row.answered_by = actor.user if answer else None
    row.answered_at = timezone.now() if answer else None
    row.save()
    record(
        actor=actor,
        action="coverage.silence_answer",
        target=row,
        system_id=row.series.system_id,
        changes={"series": str(row.series), "answer": answer or "taken back"},
    )
    return row


def _tell(event: str, silence: Silence) -> None:
    series = silence.series
    payload = {
        "silence_id": silence.pk,
        "series_id": series.pk,
        "system_id": series.system_id,
        "tool": series.tool,
        "stage": series.stage,
        "since": silence.since.isoformat(),
    }
    events.append(event, payload)
