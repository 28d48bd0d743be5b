"""Estimates are scored when their time is over: by the textbook, once, by those who keep the evidence."""

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, Invalid, Missing, NotPermitted
from apps.evidence.calibration import calibration_of
from apps.evidence.forecasts import Forecast, forecast_get, forecasts_due
from apps.evidence.incidents import Happened, happened_during
from apps.evidence.models import Mode, OpinionScore, Outcome, ValueUpdate
from apps.evidence.services.incidents import IncidentInput, incident_record
from apps.evidence.services.outcomes import outcome_tell, outcome_undo
from apps.evidence.services.updates import (
    policy_set,
    update_apply,
    update_record,
    update_undo,
)
from apps.risks.models import RiskStatement, StatementOpinion
from apps.risks.services.opinions import opinion_give
from apps.risks.services.statements import statement_edit, statement_publish
from tests.api.conftest import as_user, problem_fields
from tests.conftest import People
from tests.factories import actor_of, make_item, make_statement, make_team, statement_text
from tests.pages import signed_in, text_of
from tests.risks.test_estimate_kinds import NO_RANGES

pytestmark = pytest.mark.django_db
# Two events a year, known; each costs 10,000 to 500,000, nine times in ten.
TWICE: dict[str, Any] = {
    "kind": "fair",
    "frequency": {"kind": "point", "value": "2"},
    "magnitude": {"kind": "interval90", "low": "10000", "high": "500000"},
}


def published(
    people: People, days_ago: int, by: User | None = None, **fields: Any
) -> RiskStatement:
    statement = make_statement(
        make_item(people.system), **({"estimate": TWICE} | NO_RANGES | fields)
    )
    actor = actor_of(by or people.security)
    at = timezone.now() - dt.timedelta(days=days_ago)
    statement_publish(actor=actor, statement=statement, at=at)
    statement.refresh_from_db()
    return statement


def due(people: People) -> list[Forecast]:
    return forecasts_due(actor_of(people.security))


def tell(people: People, statement: RiskStatement, events: int, **said: Any) -> Outcome:
    forecast = next(each for each in due(people) if each.revision.statement == statement)
    return outcome_tell(actor=actor_of(people.security), forecast=forecast, events=events, **said)


def test_an_estimate_is_due_after_a_year_or_when_another_took_its_place(people: People) -> None:
    long, short, young = (published(people, days) for days in (400, 200, 80))
    assert [each.revision.statement for each in due(people)] == [long]
    assert due(people)[0].years == pytest.approx(1.0)
    # Another text is the same estimate; another estimate ends the first after 120 of its 200 days.
    content = statement_text(condition="If it is said otherwise", estimate=TWICE, **NO_RANGES)
    statement_edit(
        actor=portal_actor("tests"), statement=short, version=short.version, content=content
    )
    day = timezone.now() - dt.timedelta(days=150)
    statement_publish(actor=actor_of(people.security), statement=short, at=day)
    assert len(due(people)) == 1
    other = TWICE | {"frequency": {"kind": "point", "value": "3"}}
    short.refresh_from_db()
    content = statement_text(estimate=other, **NO_RANGES)
    statement_edit(
        actor=portal_actor("tests"), statement=short, version=short.version, content=content
    )
    day = timezone.now() - dt.timedelta(days=80)
    statement_publish(actor=actor_of(people.security), statement=short, at=day)
    found = {each.revision.statement: each for each in due(people)}
    assert set(found) == {long, short}
    assert found[short].revision.number == 1
    assert found[short].years == pytest.approx(120 / 365, abs=0.001)
    assert young not in found


def test_a_year_is_scored_by_the_textbook(people: People) -> None:
    """Poisson(2): P(0) = e^-2, P(1) = 2 e^-2; F(4) = 0.947 and F(5) = 0.983."""
    outcome = tell(people, published(people, 400), 1, losses=[Decimal(40_000)])
    assert outcome.chance == pytest.approx(1 - math.exp(-2))
    assert outcome.log_score == pytest.approx(-math.log(2 * math.exp(-2)))
    assert (outcome.count_low, outcome.count_high, outcome.count_hit) == (0, 5, True)
    assert outcome.loss_hits == 1
    assert outcome.estimator == people.security
    assert due(people) == []
    beyond = tell(people, published(people, 400), 6, losses=[Decimal(600_000), Decimal(9000)])
    assert (beyond.count_hit, beyond.loss_hits) == (False, 0)


def test_what_came_is_evidence_for_the_estimate_of_today(people: People) -> None:
    ranges: dict[str, Any] = {"frequency_low": Decimal("0.1"), "frequency_high": Decimal(1), "estimate": {},
              "magnitude_low": Decimal(10_000), "magnitude_high": Decimal(500_000)}  # fmt: skip
    statement = published(people, 400, **ranges)
    tell(people, statement, 0)
    update = ValueUpdate.objects.get(statement=statement)
    assert (update.state, update.data["events"]) == ("proposed", 0)
    assert update.data["years"] == pytest.approx(1.0)
    assert update.loss_after < update.loss_before  # a quiet year
    tell(
        people, published(people, 400), 0
    )  # a known number cannot learn, and is scored all the same
    assert ValueUpdate.objects.count() == 1


def test_what_was_counted_already_is_not_counted_again_by_itself(people: People) -> None:
    """Evidence is applied as it comes; an event of the same year, counted by hand, is in the value already."""
    ranges: dict[str, Any] = {"frequency_low": Decimal("0.1"), "frequency_high": Decimal(1), "estimate": {},
              "magnitude_low": Decimal(10_000), "magnitude_high": Decimal(500_000)}  # fmt: skip
    actor = actor_of(people.security)
    alone, counted = (published(people, 400, **ranges) for _each in range(2))
    for statement in (alone, counted):
        policy_set(actor=actor, statement=statement, mode=Mode.APPLY)
    data = {"events": 1, "years": 0.5, "relevance": 1.0}
    update_record(actor=actor, statement=counted, kind="events", data=data, key="by hand")
    for statement in (alone, counted):
        tell(people, statement, 1)
    told = {row.statement: row for row in ValueUpdate.objects.filter(key__startswith="outcome")}
    assert (told[alone].state, told[counted].state) == ("applied", "proposed")
    assert "only if none of them is among these" in told[counted].source
    assert "only if none" not in told[alone].source


def test_scores_of_all_teams_and_people(people: People) -> None:
    """Five ranges of which one held; Brier by hand."""
    team = make_team("Risk desk", people.security)
    for events in (1, 9, 9, 9, 9):
        tell(people, published(people, 400), events, losses=[Decimal(20_000)])
    everyone, desk, person = calibration_of(actor_of(people.chief))
    assert (everyone.kind, desk.name, person.name) == ("all", team.name, people.security.name)
    assert (everyone.counts.hits, everyone.counts.count) == (1, 5)
    assert everyone.counts.verdict == "overconfident"
    assert everyone.losses is not None
    assert (everyone.losses.hits, everyone.losses.verdict) == (5, "too few")
    assert everyone.brier == pytest.approx(
        math.exp(-2) ** 2
    )  # some event in each, e^-2 was given to none
    assert everyone.stated == pytest.approx(1 - math.exp(-2))
    assert everyone.happened == 1
    # A person's own scores are that person's, and of those who write statements everywhere.
    # A team says as much where it has only one or two who were scored.
    assert [each.kind for each in calibration_of(actor_of(people.viewer))] == ["all"]
    own = calibration_of(actor_of(people.security))
    assert [each.kind for each in own] == ["all", "person"]
    assert calibration_of(actor_of(people.outsider)) == []


def test_a_team_is_scored_for_others_from_three_people_on(people: People) -> None:
    make_team("Risk desk", people.security, people.chief, people.admin)
    for user in (people.security, people.chief):
        tell(people, published(people, 400, user), 1)
    seen = calibration_of(actor_of(people.viewer))
    assert [each.kind for each in seen] == ["all"]
    tell(people, published(people, 400, people.admin), 1)
    seen = calibration_of(actor_of(people.viewer))
    assert [(each.kind, each.number) for each in seen] == [("all", 3), ("team", 3)]


def test_two_people_of_one_name_are_two(people: People) -> None:
    User.objects.update(name="Ada")
    for user in (people.security, people.chief):
        tell(people, published(people, 400, user), 1)
    people.chief.refresh_from_db()
    people_shown = [
        each for each in calibration_of(actor_of(people.chief)) if each.kind == "person"
    ]
    assert [(each.name, each.number) for each in people_shown] == [("Ada", 1), ("Ada", 1)]


def give(user: User, statement: RiskStatement, low: str, high: str, days_ago: int) -> None:
    """An own estimate of how often; each time it costs 10,000 to 500,000."""
    said = {
        "frequency_low": Decimal(low),
        "frequency_high": Decimal(high),
        "magnitude_low": Decimal(10_000),
        "magnitude_high": Decimal(500_000),
    }
    row = opinion_give(actor=actor_of(user), statement=statement, ends=said)
    at = timezone.now() - dt.timedelta(days=days_ago)
    StatementOpinion.objects.filter(pk=row.pk).update(made_at=at)


def test_who_gave_an_estimate_alone_is_scored_by_it(people: People) -> None:
    """An end of 5 % is hit as often as the other: of 1 to 1 (known) nothing at all has e^-1."""
    statement = published(people, 400)
    give(people.security, statement, "1", "1", 420)
    give(people.architect, statement, "20", "40", 410)
    give(people.chief, statement, "1", "1", 390)  # may have known what came
    give(people.system_admin, statement, "1", "1", 800)  # held for a year, until long before
    outcome = tell(people, statement, 0, losses=[])
    scores = {row.estimator: row for row in outcome.opinion_scores.all()}
    assert set(scores) == {people.security, people.architect}
    assert scores[people.security].chance == pytest.approx(1 - math.exp(-1))
    assert scores[people.security].log_score == pytest.approx(1.0)
    assert (scores[people.security].count_hit, scores[people.architect].count_hit) == (True, False)
    found = {each.name: each for each in calibration_of(actor_of(people.chief))}
    assert set(found) == {"", people.security.name, people.architect.name}
    assert found[""].log_score == pytest.approx(2.0)  # what the risk carried: twice a year
    assert found[people.security.name].log_score == pytest.approx(1.0)
    assert found[people.security.name].brier == pytest.approx((1 - math.exp(-1)) ** 2)
    assert found[people.architect.name].counts.hits == 0
    outcome_undo(actor=actor_of(people.security), outcome=outcome, reason="Of another risk.")
    assert not OpinionScore.objects.exists()


def test_what_the_register_knows_is_filled_in(people: People) -> None:
    """Of the estimate's own time: an entry before or after it, and a near miss, are none of it."""
    statement = published(people, 400)  # stood until 35 days ago
    for days, times, loss in ((500, 1, 7), (300, 1, 20_000), (200, 3, 90_000), (10, 1, 5)):
        day = timezone.localdate() - dt.timedelta(days=days)
        said = IncidentInput(
            kind="incident", began_on=day, summary="It was public.", times=times,
            loss=Decimal(loss), statements=[statement],
        )  # fmt: skip
        incident_record(actor=actor_of(people.security), system=people.system, content=said)
    revision = statement.revisions.get().pk
    known = happened_during(actor_of(people.security), due(people))
    assert known == {revision: Happened(4, (Decimal(20_000),))}
    assert happened_during(actor_of(people.outsider), due(people)) == {}
    page = text_of(signed_in(people.security), "/calibration/")
    assert "knows 4 events of this time" in page
    assert 'value="20000"' in page


def test_who_may_say_and_what_cannot_be(people: People) -> None:
    statement = published(people, 400)
    forecast = due(people)[0]
    assert forecasts_due(actor_of(people.viewer)) == []
    with pytest.raises(NotPermitted):
        outcome_tell(actor=actor_of(people.viewer), forecast=forecast, events=0)
    with pytest.raises(Missing):
        forecast_get(Actor(user=people.outsider), forecast.revision.pk)
    for wrong, field in (
        ({"events": -1}, "events"),
        ({"events": 1, "losses": [Decimal(1), Decimal(2)]}, "losses"),
        ({"events": 1, "losses": [Decimal("NaN")]}, "losses"),
    ):
        said: dict[str, Any] = wrong
        with pytest.raises(Invalid) as refused:
            outcome_tell(actor=actor_of(people.security), forecast=forecast, **said)
        assert set(refused.value.fields) == {field}
    tell(people, statement, 0)
    with pytest.raises(Conflict):
        outcome_tell(actor=actor_of(people.security), forecast=forecast, events=0)


def test_an_answer_is_taken_back(people: People) -> None:
    """The estimate waits again, and the next answer is learnt from in its place."""
    ranges: dict[str, Any] = {"frequency_low": Decimal("0.1"), "frequency_high": Decimal(1), "estimate": {},
              "magnitude_low": Decimal(10_000), "magnitude_high": Decimal(500_000)}  # fmt: skip
    statement = published(people, 400, **ranges)
    outcome, actor = tell(people, statement, 3), actor_of(people.security)
    assert due(people) == []
    for user, error in ((people.viewer, NotPermitted), (people.outsider, Missing)):
        with pytest.raises(error):
            outcome_undo(actor=actor_of(user), outcome=outcome, reason="Why")
    with pytest.raises(Invalid):
        outcome_undo(actor=actor, outcome=outcome, reason=" ")
    outcome_undo(actor=actor, outcome=outcome, reason="Of another risk.")
    assert ValueUpdate.objects.get().state == "dismissed"
    assert AuditEntry.objects.get(action="outcome.undo").changes["events"] == 3
    assert calibration_of(actor) == []
    again = tell(people, statement, 0)
    newest = ValueUpdate.objects.first()
    assert newest is not None
    assert (newest.state, newest.data["events"]) == ("proposed", 0)
    update_apply(actor=actor, update=newest)
    with pytest.raises(Conflict):  # the value has learnt from it
        outcome_undo(actor=actor, outcome=again, reason="Of another risk.")
    client = signed_in(people.security)
    assert "What was said" in text_of(client, "/calibration/")
    path = f"/calibration/answers/{again.pk}/undo/"
    assert client.post(path, {"reason": ""}).status_code == 422
    assert signed_in(people.outsider).post(path, {"reason": "x"}).status_code == 404
    assert "Take it back" not in text_of(signed_in(people.viewer), "/calibration/")
    newest.refresh_from_db()
    update_undo(actor=actor, update=newest)
    assert client.post(path, {"reason": "x"}).status_code == 302
    assert not Outcome.objects.exists()


def test_the_page_and_the_api(people: People) -> None:
    client = signed_in(people.security)
    assert "Nothing to score yet" in text_of(client, "/calibration/")
    first, second = published(people, 400), published(people, 500)
    page = text_of(client, "/calibration/")
    assert "What came of these?" in page
    revision = first.revisions.get().pk
    refused = client.post(f"/calibration/{revision}/", {"events": "1", "losses": "20k; many"})
    assert refused.status_code == 422
    assert "20k; many" in refused.content.decode()
    client.post(f"/calibration/{revision}/", {"events": "2", "losses": "20k; 1.5 M"})
    assert Outcome.objects.get().losses == ["20000", "1500000"]
    assert "1 / 2" in text_of(client, "/calibration/").replace("\n", " ")
    api = as_user(people.security)
    (waiting,) = api.get("/calibration/forecasts").json()["results"]
    assert waiting["statement"] == second.key
    path = f"/calibration/forecasts/{waiting['revision']}/outcome"
    assert problem_fields(api.post(path, {"events": 0, "losses": ["5.00"]})) == {"losses"}
    assert as_user(people.viewer).post(path, {"events": 0}).status_code == 404
    told = api.post(path, {"events": 0})
    assert (told.status_code, told.json()["count_hit"]) == (201, True)
    assert api.get("/calibration/forecasts").json()["results"] == []
    assert api.get("/calibration").json()["results"][0]["number"] == 2
    assert api.post(path, {"events": 0}).status_code == 404
    newest, _older = api.get("/calibration/outcomes").json()["results"]
    assert (newest["statement"], newest["events"]) == (second.key, 0)
    undo = f"/calibration/outcomes/{newest['id']}/undo"
    assert as_user(people.viewer).post(undo, {"reason": "x"}).status_code == 403
    assert api.post(undo, {"reason": "x"}).status_code == 204
    assert api.post(undo, {"reason": "x"}).status_code == 404
    assert as_user(people.outsider).get("/calibration/outcomes").json()["results"] == []
