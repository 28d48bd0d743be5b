"""Many risks as one: sums in closed form, digits as of each alone, and only what one may see."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.advice import simulation
from apps.advice.portfolio import Outcome, Portfolio, Scope, over_time, portfolio, snapshot
from apps.advice.tasks import simulate_portfolio
from apps.common.errors import Invalid, NotPermitted
from apps.risks.models import PortfolioSnapshot, RiskStatement, Tolerance
from apps.risks.services.decisions import decision_record_with_treatments
from apps.risks.services.tolerance import Point, current_tolerance, tolerance_set
from tests.api.conftest import as_pipeline, as_user, problem_fields
from tests.common.brokers import broker_at, closed_port
from tests.conftest import People
from tests.factories import actor_of, make_item, make_option, make_statement

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_cache(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


def carried(
    people: People, system: Any = None, stage: str = "code", **fields: Any
) -> RiskStatement:
    item = make_item(system or people.system, stage=stage, status="open")
    return make_statement(item, published=True, **fields)


def told_of(user: User, **scope: Any) -> tuple[Portfolio, Outcome]:
    """What the user is told of risks that are carried, simulated."""
    told = portfolio(actor_of(user), Scope(**scope))
    assert told is not None
    assert told.outcome is not None
    return told, told.outcome


def test_one_risk_alone_has_the_digits_of_its_own_page(people: People) -> None:
    statement = carried(people)
    told, outcome = told_of(people.viewer)
    valuation = statement.valuation
    assert told.trials == valuation.trials
    assert told.expected_annual_loss == valuation.expected_annual_loss
    assert {
        name: str(amount) for name, amount in outcome.percentiles.items()
    } == valuation.percentiles
    assert outcome.probability_of_loss == pytest.approx(valuation.probability_of_loss)


def test_expected_losses_add_and_percentiles_do_not(people: People) -> None:
    rows = [carried(people, frequency_high=Decimal(n)) for n in (1, 2, 3)]
    told, outcome = told_of(people.viewer)
    total = sum(row.valuation.expected_annual_loss for row in rows)
    assert told.expected_annual_loss == total
    tops = sum(Decimal(row.valuation.percentiles["95"]) for row in rows)
    assert outcome.percentiles["95"] < tops  # independent bad years seldom meet
    means = sum(each.expected_annual_loss for each in outcome.contributors)
    assert float(means) == pytest.approx(float(total), rel=0.05)  # simulated
    bad = sum(each.in_bad_years for each in outcome.contributors)
    assert float(bad) == pytest.approx(float(outcome.expected_shortfall), rel=1e-6)
    order = [each.expected_annual_loss for each in outcome.contributors]
    assert order == sorted(order, reverse=True)


def test_a_shared_cause_makes_bad_years_worse_and_leaves_the_mean(people: People) -> None:
    for _ in range(4):
        carried(people)
    (alone, apart), (together, joint) = (
        told_of(people.viewer, correlation=weight) for weight in (0.0, 0.8)
    )
    assert together.expected_annual_loss == alone.expected_annual_loss
    assert joint.expected_shortfall > apart.expected_shortfall


def test_by_system_and_stage_and_what_one_may_see(people: People) -> None:
    code = carried(people, stage="code")
    deploy = carried(people, stage="deploy")
    foreign = carried(people, people.other_system)
    make_statement(make_item(people.system, status="idea"), published=True)  # an idea is not run
    make_statement(make_item(people.system, status="open"))  # a draft does not count

    def seen(user: User, **scope: str) -> set[str]:
        if portfolio(actor_of(user), Scope(**scope)) is None:  # type: ignore[arg-type]
            return set()
        return {each.statement.key for each in told_of(user, **scope)[1].contributors}

    assert seen(people.viewer) == {code.key, deploy.key}
    assert seen(people.viewer, stage="deploy") == {deploy.key}
    assert seen(people.viewer, system="payroll") == set()
    assert seen(people.outsider) == {foreign.key}
    assert seen(people.chief) == {code.key, deploy.key, foreign.key}
    assert seen(people.nobody) == set()
    told = portfolio(actor_of(people.chief), Scope())
    assert told is not None
    by_stage = {each.key: each.statements for each in told.stages}
    assert by_stage == {"code": 2, "deploy": 1}
    assert {each.key: each.statements for each in told.systems} == {"payments": 2, "payroll": 1}


# --- many risks ----------------------------------------------------------------------------------


@pytest.fixture
def cached(settings: Any, no_cache: None, tmp_path: Path) -> None:
    backend = "django.core.cache.backends.filebased.FileBasedCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": str(tmp_path)}}


def test_a_worker_simulates_many_risks_to_the_same_digits(
    people: People, cached: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        carried(people)
    tolerance_set(actor=actor_of(people.chief), points=[Point(Decimal(1000), 0.5)])
    _, at_once = told_of(people.viewer)
    cache.clear()
    sent: list[str] = []

    def send(*message: Any) -> bool:
        sent.append(json.dumps(message))
        return True

    monkeypatch.setattr(simulation, "QUICK", 0)
    monkeypatch.setattr(simulation, "send", send)
    for _ in range(2):  # whoever comes second does not ask again
        told = portfolio(actor_of(people.viewer), Scope())
        assert told is not None
        assert told.outcome is None
        assert told.expected_annual_loss == sum(each.expected_annual_loss for each in told.systems)
    assert b"are being simulated" in browser(people.viewer).get("/portfolio/").content
    answer = as_user(people.viewer).get("/portfolio")
    assert answer.status_code == 202
    assert answer["Retry-After"] == "2"
    assert told is not None
    assert answer.json()["expected_annual_loss"] == str(told.expected_annual_loss)
    ((task, *args),) = map(json.loads, sent)
    assert task == simulate_portfolio.name
    simulate_portfolio(*args)
    assert told_of(people.viewer)[1] == at_once
    assert as_user(people.viewer).get("/portfolio").status_code == 200


def test_without_a_broker_few_years_are_better_than_none(
    people: People, cached: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried(people)
    monkeypatch.setattr(simulation, "QUICK", 0)
    with broker_at(f"redis://127.0.0.1:{closed_port()}/0"):
        told, outcome = told_of(people.viewer)
    assert outcome.trials == told.trials == simulation.HURRIED
    assert outcome.percentiles["95"] > 0


def test_risks_of_very_many_events_keep_a_page_waiting_no_longer(people: People) -> None:
    often: dict[str, Any] = {"frequency_low": Decimal(5000), "frequency_high": Decimal(9000)}
    statement = carried(people, **often)
    carried(people, **often)
    assert statement.valuation.trials < 5000
    told, outcome = told_of(people.viewer)
    assert told.trials < 5000
    assert outcome.standard_error < told.expected_annual_loss / 100


# --- tolerance -----------------------------------------------------------------------------------


def test_the_line_of_the_organisation(people: People) -> None:
    carried(people)
    with pytest.raises(NotPermitted):
        tolerance_set(actor=actor_of(people.security), points=[Point(Decimal(1000), 0.5)])
    points = [Point(Decimal(10**9), 0.01), Point(Decimal(1), 0.02)]
    with pytest.raises(Invalid):
        tolerance_set(actor=actor_of(people.chief), points=[*points, Point(Decimal(2), 0.9)])
    tolerance_set(actor=actor_of(people.chief), points=points)
    assert current_tolerance() == points[::-1]
    _, outcome = told_of(people.viewer)
    assert [each.is_within for each in outcome.tolerance] == [False, True]
    assert outcome.tolerance[0].actual == pytest.approx(outcome.probability_of_loss, abs=0.01)
    tolerance_set(actor=actor_of(people.chief), points=[])
    assert current_tolerance() == []


@pytest.mark.parametrize(
    "points",
    [
        [Point(Decimal(0), 0.1)],
        [Point(Decimal("NaN"), 0.1)],
        [Point(Decimal(10) ** 16, 0.1)],
        [Point(Decimal(1), 1.5)],
        [Point(Decimal(1), float("nan"))],
        [Point(Decimal(1), 0.1), Point(Decimal(1), 0.1)],
        [Point(Decimal(n + 1), 0.1) for n in range(11)],
    ],
)
def test_a_line_that_is_none(people: People, points: list[Point]) -> None:
    with pytest.raises(Invalid):
        tolerance_set(actor=actor_of(people.chief), points=points)
    assert Tolerance.objects.count() == 0


# --- over time -----------------------------------------------------------------------------------


def test_snapshots_by_day(people: People) -> None:
    first = carried(people)
    today = timezone.localdate()
    snapshot(today - dt.timedelta(days=1))
    second = carried(people)
    carried(people, people.other_system)
    assert snapshot(today) == 2
    snapshot(today)  # again on the same day: the same rows
    assert PortfolioSnapshot.objects.filter(day=today).count() == 2
    days = over_time(actor_of(people.viewer), Scope())
    both = first.valuation.expected_annual_loss + second.valuation.expected_annual_loss
    assert [(day.day, day.statements) for day in days] == [
        (today, 2),
        (today - dt.timedelta(days=1), 1),
    ]
    assert days[0].expected_annual_loss == pytest.approx(both, abs=Decimal("0.02"))
    assert over_time(actor_of(people.viewer), Scope(system="payroll")) == []
    assert over_time(actor_of(people.chief), Scope())[0].statements == 3


# --- pages and API -------------------------------------------------------------------------------


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_page(people: People) -> None:
    empty = browser(people.viewer).get("/portfolio/")
    assert b"No risk is carried here" in empty.content
    statement = carried(people)
    option = make_option(statement.item)
    decision_record_with_treatments(
        actor=actor_of(people.architect),
        item=statement.item,
        option=option,
        reason="It is cheap.",
        valid_until=timezone.localdate() + dt.timedelta(days=9),
        treatments={statement.pk: "accept"},
    )
    page = browser(people.viewer).get("/portfolio/").content.decode()
    assert statement.key in page
    assert "Acceptances that end soon" in page
    assert "Draw the line" not in page
    filtered = browser(people.viewer).get("/portfolio/?stage=deploy&together=0.5")
    assert b"No risk is carried here" in filtered.content
    foreign = browser(people.outsider).get("/portfolio/").content.decode()
    assert statement.key not in foreign


def test_drawing_the_line(people: People) -> None:
    carried(people)
    client = browser(people.chief)
    typed = {"loss_0": "1k", "allowed_0": "1 in 10", "loss_1": "5 M", "allowed_1": "1 %"}
    answer = client.post("/portfolio/?stage=code", typed, follow=True)
    assert answer.redirect_chain == [("/portfolio/?stage=code", 302)]
    assert [(point.loss, point.allowed) for point in current_tolerance()] == [
        (Decimal(1000), 0.1),
        (Decimal(5_000_000), 0.01),
    ]
    assert b"tolerated" in answer.content
    wrong = client.post("/portfolio/", typed | {"allowed_1": "50 %"})
    assert wrong.status_code == 422
    assert b"cannot be allowed to be more likely" in wrong.content
    assert b"5 M" in wrong.content
    assert browser(people.security).post("/portfolio/", typed).status_code == 403


@pytest.mark.parametrize("value", ["%00", "x" * 3000, "'--", "-1", "nan"])
def test_no_address_breaks_the_page(people: People, value: str) -> None:
    carried(people)
    for name in ("system", "stage", "together", "unknown"):
        assert browser(people.viewer).get(f"/portfolio/?{name}={value}").status_code == 200


def test_the_api_says_the_same(people: People) -> None:
    statement = carried(people)
    api = as_user(people.viewer)
    told = api.get("/portfolio").json()
    assert told["expected_annual_loss"] == str(statement.valuation.expected_annual_loss)
    assert told["contributors"][0]["statement"] == statement.key
    assert told["curve"][0]["loss"].count(".") == 1
    assert api.get("/portfolio", stage="deploy").status_code == 404
    assert api.get("/portfolio", system="payroll").status_code == 404
    assert problem_fields(api.get("/portfolio", correlation="1")) == {"correlation"}
    assert as_pipeline(people.system).get("/portfolio").status_code == 403
    body = {"points": [{"loss": "1000.00", "allowed": 0.1}]}
    assert as_user(people.security).post("/tolerance", body).status_code == 403
    assert as_user(people.chief).post("/tolerance", body).json() == body["points"]
    assert api.get("/tolerance").json() == body["points"]
    for wrong in ({}, {"points": 1}, {"points": [{"loss": "x"}]}, {"points": [{"loss": "1"}]}):
        assert as_user(people.chief).post("/tolerance", wrong).status_code == 400


def test_roles_matter_for_the_whole(people: People) -> None:
    """Somebody with a role on one system alone sees the portfolio of that system alone."""
    carried(people)
    carried(people, people.other_system)
    assert Role(people.chief.role) == Role.SECURITY
    mine, all_of_it = (portfolio(actor_of(user), Scope()) for user in (people.viewer, people.chief))
    assert mine is not None
    assert all_of_it is not None
    assert (mine.statements, all_of_it.statements) == (1, 2)
