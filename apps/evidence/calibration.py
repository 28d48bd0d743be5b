"""How well estimates were calibrated: by estimator, by team, and all together.

All together are the estimates that risks carried. A person is scored by the estimate that the person gave
alone, where there is one, else by what the person published.

Scores are the engine's (apps/risks/quant/calibration.py): of ranges that should hold nine times in ten,
and of probabilities (Brier, logarithmic; lower is better).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from apps.accounts.actors import Actor
from apps.accounts.models import Team, User
from apps.accounts.roles import Permission
from apps.evidence.models import OpinionScore, Outcome
from apps.risks.quant import HitRate, RangeOutcome, brier_score, hit_rate

MOST = 5000  # outcomes, the newest
LEAST_PEOPLE = 3  # of a team, so that nobody knows one of them by its score and the own one
Scored = Outcome | OpinionScore


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
    who write risk statements everywhere; to others a team says nothing that has too few people for that.
    """
    rows = list(
        Outcome.objects.visible_to(viewer)
        .select_related("estimator")
        .prefetch_related(
            "estimator__teams", "opinion_scores__estimator__teams", "opinion_scores__outcome"
        )[:MOST]
    )
    if not rows:
        return []
    people: dict[User, list[Scored]] = defaultdict(list)
    teams: dict[Team, list[Scored]] = defaultdict(list)
    members: dict[Team, set[User]] = defaultdict(set)
    for person, scored in _by_person(rows):
        people[person].append(scored)
        for team in person.teams.all():
            teams[team].append(scored)
            members[team].add(person)
    sees_all = Permission.STATEMENT_EDIT in viewer.organisation_grant
    shown = [each for each in people.items() if sees_all or each[0] == viewer.user]
    large = [each for each in teams.items() if sees_all or len(members[each[0]]) >= LEAST_PEOPLE]
    return [
        _scores("", "all", rows),
        *(_scores(team.name, "team", found) for team, found in sorted(large, key=_name)),
        *(_scores(user.name, "person", found) for user, found in sorted(shown, key=_name)),
    ]


def _name(one: tuple[User | Team, list[Scored]]) -> tuple[str, int]:
    return one[0].name, one[0].pk


def _by_person(rows: Iterable[Outcome]) -> Iterator[tuple[User, Scored]]:
    for row in rows:
        alone = {score.estimator: score for score in row.opinion_scores.all() if score.estimator}
        yield from alone.items()
        if row.estimator is not None and row.estimator not in alone:
            yield row.estimator, row


def _scores(name: str, kind: str, rows: Sequence[Scored]) -> Scores:
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


def _losses(row: Scored) -> Iterable[RangeOutcome]:
    for number in range(len(row.losses)):
        yield _as_range(number < row.loss_hits)


def _as_range(hit: bool) -> RangeOutcome:  # noqa: FBT001
    """What was compared when it was told: only whether it lay inside counts here."""
    return RangeOutcome(0.0, 1.0, 0.5 if hit else 2.0)
