"""How well estimates were calibrated: by estimator, by team, and all together.

Scores are the engine's (apps/risks/quant/calibration.py): of ranges that should hold nine times in ten,
and of probabilities (Brier, logarithmic; lower is better).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.accounts.actors import Actor
from apps.accounts.models import User
from apps.accounts.roles import Permission
from apps.evidence.models import Outcome
from apps.risks.quant import HitRate, RangeOutcome, brier_score, hit_rate

MOST = 5000  # outcomes, the newest


@dataclass(frozen=True)
class Scores:
    """counts: of the ranges of how often; losses: of the ranges of one event, None without any.

    stated, happened: mean probability of some event, and in what share of the periods there was one.
    """

    name: str
    kind: str  # all, person or team
    number: int
    counts: HitRate
    losses: HitRate | None
    brier: float
    log_score: float
    stated: float
    happened: float


def calibration_of(viewer: Actor) -> list[Scores]:
    """All together first, then teams, then people; empty while nothing is known.

    Over the statements that the viewer sees. SECURITY: a person's scores are for that person and for those
    who write risk statements everywhere.
    """
    rows = list(
        Outcome.objects.visible_to(viewer)
        .select_related("estimator")
        .prefetch_related("estimator__teams")[:MOST]
    )
    if not rows:
        return []
    people: dict[User, list[Outcome]] = defaultdict(list)
    teams: dict[str, list[Outcome]] = defaultdict(list)
    for row in rows:
        if row.estimator is not None:
            people[row.estimator].append(row)
            for team in row.estimator.teams.all():
                teams[team.name].append(row)
    sees_all = Permission.STATEMENT_EDIT in viewer.organisation_grant
    shown = {user.name: found for user, found in people.items() if sees_all or user == viewer.user}
    return [
        _scores("", "all", rows),
        *(_scores(name, "team", found) for name, found in sorted(teams.items())),
        *(_scores(name, "person", found) for name, found in sorted(shown.items())),
    ]


def _scores(name: str, kind: str, rows: Sequence[Outcome]) -> Scores:
    forecasts = [(row.chance, row.happened) for row in rows]
    losses = [each for row in rows for each in _losses(row)]
    return Scores(
        name=name,
        kind=kind,
        number=len(rows),
        counts=hit_rate([_as_range(row.count_hit) for row in rows]),
        losses=hit_rate(losses) if losses else None,
        brier=brier_score(forecasts),
        log_score=sum(row.log_score for row in rows) / len(rows),
        stated=sum(chance for chance, _happened in forecasts) / len(rows),
        happened=sum(happened for _chance, happened in forecasts) / len(rows),
    )


def _losses(row: Outcome) -> Iterable[RangeOutcome]:
    for number in range(len(row.losses)):
        yield _as_range(number < row.loss_hits)


def _as_range(hit: bool) -> RangeOutcome:  # noqa: FBT001
    """What was compared when it was told: only whether it lay inside counts here."""
    return RangeOutcome(0.0, 1.0, 0.5 if hit else 2.0)
