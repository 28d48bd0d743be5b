"""Evidence moves values: by the textbook, once, as the analyst wants it, and back again."""

import math
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from scipy import special, stats

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, Invalid, Missing, NotPermitted
from apps.evidence.models import Mode, ValueUpdate
from apps.evidence.services.signals import signals_review
from apps.evidence.services.updates import (
    policy_set,
    update_apply,
    update_dismiss,
    update_record,
    update_undo,
)
from apps.risks.models import RiskStatement
from apps.scans.models import EpssScore, KevEntry
from tests.api.conftest import as_user, problem_fields
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_item, make_statement
from tests.risks.test_estimate_kinds import FAIR, NO_RANGES, lognormal_mean

pytestmark = pytest.mark.django_db
GAMMA: dict[str, Any] = {
    "kind": "fair",
    "frequency": {"kind": "gamma", "shape": "2", "rate": "4"},
    "magnitude": {"kind": "point", "value": "10000"},
}
THREE_QUIET_YEARS = {"events": 0, "years": 3.0, "relevance": 1.0}


def count(people: People, statement: RiskStatement, **data: Any) -> ValueUpdate:
    key = data.pop("key", "k")
    return update_record(
        actor=actor_of(people.security),
        statement=statement,
        kind=data.pop("kind", "events"),
        data={"relevance": 1.0} | data,
        key=key,
        source="The incident log",
    )


@pytest.fixture
def statement(people: People) -> RiskStatement:
    return make_statement(make_item(people.system), published=True, estimate=GAMMA, **NO_RANGES)


def loss_of(statement: RiskStatement) -> float:
    statement.refresh_from_db()
    return float(statement.valuation.expected_annual_loss)


def test_a_gamma_prior_and_counted_events(people: People, statement: RiskStatement) -> None:
    """Gelman et al., 2.6: Gamma(2, 4) and 3 events in 2 years make Gamma(5, 6)."""
    update = count(people, statement, events=3, years=2.0)
    assert (update.posterior["shape"], update.posterior["rate"]) == (5.0, 6.0)
    assert (update.loss_before, update.loss_after) == (Decimal("5000.00"), Decimal("8333.33"))
    assert update.state == "proposed"
    assert "3 events in 2 years, 1 expected" in update.sentence
    assert loss_of(statement) == 5000  # proposed: nothing has moved yet


def test_quiet_years_are_evidence_for_a_range_too(people: People) -> None:
    """The lognormal is read as the gamma with its mean and variance of the logarithm (scipy's functions)."""
    statement = make_statement(make_item(people.system))
    update = count(people, statement, events=0, years=3.0)
    sigma = math.log(10) / (2 * stats.norm.ppf(0.95))
    mu = math.log(0.1) / 2
    shape = next(
        x / 1e5 for x in range(10_000, 10_000_000) if special.polygamma(1, x / 1e5) <= sigma**2
    )
    rate = math.exp(special.digamma(shape) - mu)
    by_hand = shape / (rate + 3) * lognormal_mean(10_000, 500_000)
    assert float(update.loss_after) == pytest.approx(by_hand, rel=1e-3)
    assert update.loss_after < update.loss_before


def test_applying_publishes_what_readers_see_and_undoing_gives_it_back(
    people: People, statement: RiskStatement
) -> None:
    actor = actor_of(people.security)
    update = count(people, statement, events=3, years=2.0)
    update_apply(actor=actor, update=update)
    assert loss_of(statement) == pytest.approx(50_000 / 6, abs=0.006)
    assert statement.published is not None
    assert (statement.published.number, statement.has_unpublished_changes) == (2, False)
    assert statement.published.note.startswith("3 events in 2 years")
    update.refresh_from_db()
    undone = update_undo(actor=actor, update=update)
    assert undone.state == "undone"
    assert loss_of(statement) == 5000
    assert statement.estimate == GAMMA
    assert statement.published.number == 3  # read anew by loss_of
    assert statement.published.note.startswith("Undone: 3 events")


def test_a_draft_stays_a_draft(people: People) -> None:
    draft = make_statement(make_item(people.system), estimate=GAMMA, **NO_RANGES)
    update_apply(actor=actor_of(people.security), update=count(people, draft, events=3, years=2.0))
    draft.refresh_from_db()
    assert (draft.state, draft.published) == ("draft", None)


def test_the_same_evidence_moves_nothing_twice(people: People, statement: RiskStatement) -> None:
    policy_set(actor=actor_of(people.security), statement=statement, mode=Mode.APPLY)
    first = count(people, statement, events=3, years=2.0)
    again = count(people, statement, events=3, years=2.0)
    assert again.pk == first.pk
    assert loss_of(statement) == pytest.approx(50_000 / 6, abs=0.006)
    assert ValueUpdate.objects.count() == 1


def test_in_pieces_or_as_one_it_is_the_same(people: People, statement: RiskStatement) -> None:
    """Sequential updating: the posterior of one piece is the prior of the next."""
    policy_set(actor=actor_of(people.security), statement=statement, mode=Mode.APPLY)
    for number, events in enumerate((1, 0, 2)):
        count(people, statement, events=events, years=1.0, key=f"year {number}")
    assert loss_of(statement) == pytest.approx(10_000 * (2 + 3) / (4 + 3), abs=0.006)


def test_what_was_proposed_earlier_is_applied_on_the_estimate_of_now(
    people: People, statement: RiskStatement
) -> None:
    actor = actor_of(people.security)
    proposals = [count(people, statement, events=1, years=1.0, key=str(n)) for n in range(2)]
    for proposal in proposals:
        update_apply(actor=actor, update=proposal)
    assert loss_of(statement) == pytest.approx(10_000 * 4 / 6, abs=0.006)
    first, second = proposals
    with pytest.raises(Conflict):
        update_undo(actor=actor, update=first)
    second.refresh_from_db()
    update_undo(actor=actor, update=second)
    first.refresh_from_db()
    update_undo(actor=actor, update=first)
    assert loss_of(statement) == 5000


def test_only_flagged_and_dismissed(people: People, statement: RiskStatement) -> None:
    actor = actor_of(people.security)
    policy_set(actor=actor, statement=statement, mode=Mode.FLAG)
    update = count(people, statement, events=3, years=2.0)
    assert update.state == "flagged"
    assert update_dismiss(actor=actor, update=update).state == "dismissed"
    for service in (update_apply, update_dismiss, update_undo):
        with pytest.raises(Conflict):
            service(actor=actor, update=update)
    assert loss_of(statement) == 5000


def test_tests_move_the_vulnerability(people: People) -> None:
    """Gelman et al., 2.4: Beta(2, 8) and 1 of 10 make Beta(3, 17), of mean 0.15."""
    detail = FAIR | {
        "frequency": {
            "kind": "threat",
            "threat_events": {"kind": "point", "value": "10"},
            "vulnerability": {"kind": "beta", "a": "2", "b": "8"},
        },
        "magnitude": {"kind": "point", "value": "1000"},
    }
    statement = make_statement(make_item(people.system), estimate=detail, **NO_RANGES)
    update = count(people, statement, kind="tests", successes=1, attempts=10)
    assert (update.loss_before, update.loss_after) == (Decimal("2000.00"), Decimal("1500.00"))
    update_apply(actor=actor_of(people.security), update=update)
    assert loss_of(statement) == 1500


@pytest.mark.parametrize(
    ("detail", "data", "named"),
    [
        (GAMMA, {"kind": "tests", "successes": 1, "attempts": 10}, "kind"),
        (FAIR, {"kind": "events", "events": 1, "years": 1.0}, "kind"),
        (GAMMA, {"events": -1, "years": 1.0}, "events"),
        (GAMMA, {"events": 1, "years": 0.0}, "years"),
        (GAMMA, {"events": 1, "years": float("inf")}, "years"),
        (GAMMA, {"events": 1, "years": 1.0, "relevance": 2.0}, "relevance"),
        (FAIR, {"kind": "tests", "successes": 11, "attempts": 10}, "successes"),
        (
            GAMMA | {"frequency": {"kind": "point", "value": "1"}},
            {"events": 1, "years": 1.0},
            "kind",
        ),
    ],
)
def test_what_cannot_be_learnt(
    people: People, detail: dict[str, Any], data: dict[str, Any], named: str
) -> None:
    statement = make_statement(make_item(people.system), estimate=detail, **NO_RANGES)
    with pytest.raises(Invalid) as refused:
        count(people, statement, **data)
    assert set(refused.value.fields) == {named}
    assert ValueUpdate.objects.count() == 0


def test_who_may(people: People, statement: RiskStatement) -> None:
    for person, error in (
        (people.viewer, NotPermitted),
        (people.architect, NotPermitted),
        (people.outsider, Missing),
    ):
        with pytest.raises(error):
            update_record(
                actor=actor_of(person),
                statement=statement,
                kind="events",
                data=THREE_QUIET_YEARS,
                key="k",
            )
    update = count(people, statement, **THREE_QUIET_YEARS)
    for person, error in ((people.architect, NotPermitted), (people.outsider, Missing)):
        for service in (update_apply, update_dismiss, update_undo):
            with pytest.raises(error):
                service(actor=actor_of(person), update=update)


# --- signals -------------------------------------------------------------------------------------


@pytest.fixture
def exposed(people: People, statement: RiskStatement) -> RiskStatement:
    finding = make_finding(people.system, vulnerabilities=["CVE-2021-44228"], cwes=[])
    as_user(people.security).post(f"/statements/{statement.key}/evidence", {"finding": finding.pk})
    policy_set(actor=actor_of(people.security), statement=statement, is_exposed=True)
    return statement


def test_signals_by_the_documented_factors(people: People, exposed: RiskStatement) -> None:
    """docs/quant.md: 2 at an EPSS probability of 1, proportionally less below; 2 where exploited."""
    assert signals_review(exposed) is None
    EpssScore.objects.create(cve="CVE-2021-44228", score=0.5, percentile=0.9)
    update = signals_review(exposed)
    assert update is not None
    assert (update.kind, update.state) == ("signals", "proposed")
    told = AuditEntry.objects.get(action="value-update.record")
    assert (told.actor_kind, told.object_id) == ("portal", str(update.pk))
    assert update.loss_after == 7500
    assert "EPSS gives 50%" in update.sentence
    again = signals_review(exposed)
    assert again is not None
    assert again.pk == update.pk
    update_apply(actor=actor_of(people.security), update=update)
    assert loss_of(exposed) == 7500
    assert signals_review(exposed) is None  # as they were: nothing on top of it


def test_a_signal_that_changes_takes_the_place_of_the_old_one(
    people: People, exposed: RiskStatement
) -> None:
    policy_set(actor=actor_of(people.security), statement=exposed, mode=Mode.APPLY)
    score = EpssScore.objects.create(cve="CVE-2021-44228", score=0.5, percentile=0.9)
    signals_review(exposed)
    assert loss_of(exposed) == 7500
    score.score = 1.0
    score.save()
    signals_review(exposed)
    assert loss_of(exposed) == pytest.approx(10_000, abs=1)
    score.delete()
    update = signals_review(exposed)
    assert update is not None
    assert update.sentence == "The signals of before no longer hold."
    assert loss_of(exposed) == pytest.approx(5000, abs=1)


def test_signals_that_come_back_count_again(people: People, exposed: RiskStatement) -> None:
    policy_set(actor=actor_of(people.security), statement=exposed, mode=Mode.APPLY)
    for expected in (10_000, 5000, 10_000):
        if expected > 5000:
            EpssScore.objects.create(cve="CVE-2021-44228", score=1.0, percentile=1.0)
        else:
            EpssScore.objects.all().delete()
        signals_review(exposed)
        assert loss_of(exposed) == pytest.approx(expected, abs=1)


def test_signals_that_wait_make_place_for_those_of_today(
    people: People, exposed: RiskStatement
) -> None:
    """Factor 1.5 waits, then 2 does: applied is 2 and not 3; and none waits once the world is quiet."""
    score = EpssScore.objects.create(cve="CVE-2021-44228", score=0.5, percentile=0.9)
    old = signals_review(exposed)
    score.score = 1.0
    score.save()
    new = signals_review(exposed)
    assert old is not None
    assert new is not None
    old.refresh_from_db()
    assert (old.state, new.state, float(new.loss_after)) == ("dismissed", "proposed", 10_000)
    score.delete()
    assert signals_review(exposed) is None
    new.refresh_from_db()
    assert new.state == "dismissed"


def test_signals_that_made_place_are_proposed_again_when_they_are_those_of_today(
    people: People, exposed: RiskStatement
) -> None:
    """What a person dismissed stays dismissed; what only made place was never decided on."""
    EpssScore.objects.create(cve="CVE-2021-44228", score=0.5, percentile=0.9)
    first = signals_review(exposed)
    assert first is not None
    EpssScore.objects.all().delete()
    assert signals_review(exposed) is None
    EpssScore.objects.create(cve="CVE-2021-44228", score=0.5, percentile=0.9)
    again = signals_review(exposed)
    assert again is not None
    assert (again.state, float(again.loss_after)) == ("proposed", 7500)
    update_dismiss(actor=actor_of(people.security), update=again)
    still = signals_review(exposed)
    assert still is not None
    assert (still.pk, still.state) == (again.pk, "dismissed")


def test_applying_one_moves_the_ground_of_those_that_wait(
    people: People, exposed: RiskStatement
) -> None:
    """Gamma(2, 4) at 10 000 each; the signals double the frequency, and one event came in two years."""
    EpssScore.objects.create(cve="CVE-2021-44228", score=1.0, percentile=1.0)
    signals = signals_review(exposed)
    counted = count(people, exposed, events=1, years=2.0)
    assert signals is not None
    assert [float(signals.loss_before), float(signals.loss_after)] == [5000, 10_000]
    update_apply(actor=actor_of(people.security), update=signals)
    counted.refresh_from_db()
    # Doubled: Gamma(2, 2). With an event in two years Gamma(3, 4): 0.75 a year.
    assert [float(counted.loss_before), float(counted.loss_after)] == [10_000, 7500]
    update_undo(actor=actor_of(people.security), update=signals)
    counted.refresh_from_db()
    assert [float(counted.loss_before), float(counted.loss_after)] == [5000, 5000]  # Gamma(3, 6)


def test_what_is_not_exposed_or_switched_off_says_nothing(
    people: People, exposed: RiskStatement
) -> None:
    EpssScore.objects.create(cve="CVE-2021-44228", score=1.0, percentile=1.0)
    policy_set(actor=actor_of(people.security), statement=exposed, uses_epss=False)
    assert signals_review(exposed) is None
    policy_set(actor=actor_of(people.security), statement=exposed, uses_epss=True, is_exposed=False)
    assert signals_review(exposed) is None
    assert KevEntry.objects.count() == 0


# --- pages and API -------------------------------------------------------------------------------


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_what_is_proposed_waits_on_the_home_page(people: People, statement: RiskStatement) -> None:
    update = count(people, statement, events=3, years=2.0)
    told = b"Evidence that would move a value"
    assert told in browser(people.security).get("/").content
    for person in (people.viewer, people.architect, people.outsider):
        assert told not in browser(person).get("/").content
    update_dismiss(actor=actor_of(people.security), update=update)
    assert told not in browser(people.security).get("/").content


def test_counted_on_the_page(people: People, statement: RiskStatement) -> None:
    client, path = browser(people.security), f"/risks/{statement.key}/"
    assert b"Nothing was counted yet" in client.get(path).content
    typed = {"kind": "events", "count": "3", "base": "2", "relevance": "100 %", "source": "Log"}
    answer = client.post(f"{path}count/", typed, follow=True)
    assert b"3 events in 2 years" in answer.content
    update = ValueUpdate.objects.get()
    assert b"Apply" not in browser(people.viewer).get(path).content.split(b'id="learnt"')[1][:4000]
    client.post(f"/evidence/updates/{update.pk}/apply/")
    assert loss_of(statement) == pytest.approx(50_000 / 6, abs=0.006)
    client.post(f"/evidence/updates/{update.pk}/undo/")
    assert loss_of(statement) == 5000
    assert browser(people.viewer).get(f"{path}count/").status_code == 403
    assert browser(people.outsider).post(f"/evidence/updates/{update.pk}/apply/").status_code == 404


@pytest.mark.parametrize(
    ("language", "years", "share"), [("en", "1.5", "80 %"), ("de", "1,5", "0,8")]
)
def test_years_and_shares_are_read_as_people_write_them(
    people: People, statement: RiskStatement, language: str, years: str, share: str
) -> None:
    typed = {"kind": "events", "count": "3", "base": years, "relevance": share, "source": "Log"}
    path = f"/risks/{statement.key}/count/"
    browser(people.security).post(path, typed, headers={"Accept-Language": language})
    assert ValueUpdate.objects.get().data == {"events": 3, "years": 1.5, "relevance": 0.8}


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ({"count": "-1"}, "count"),
        ({"base": "0"}, "base"),
        ({"base": "nan"}, "base"),
        ({"relevance": "3"}, "relevance"),
        ({"source": ""}, "source"),
        ({"kind": "tests", "base": "1.5"}, "base"),
        ({"kind": "tests", "count": "5", "base": "3"}, "kind"),
    ],
)
def test_what_cannot_be_counted_is_marked(
    people: People, statement: RiskStatement, typed: dict[str, str], named: str
) -> None:
    good = {"kind": "events", "count": "3", "base": "2", "relevance": "1", "source": "Log"}
    answer = browser(people.security).post(f"/risks/{statement.key}/count/", good | typed)
    assert answer.status_code == 422
    assert named in answer.context["form"].errors
    assert ValueUpdate.objects.count() == 0


def test_the_policy_on_the_page(people: People, statement: RiskStatement) -> None:
    client = browser(people.security)
    said = {"mode": "apply", "is_exposed": "on", "uses_kev": "on"}
    page = client.post(f"/risks/{statement.key}/evidence-policy/", said, follow=True)
    assert b"Evidence is applied as it comes" in page.content
    policy = as_user(people.viewer).get(f"/statements/{statement.key}/evidence-policy").json()
    assert policy == {
        "mode": "apply",
        "is_exposed": True,
        "uses_epss": False,
        "uses_kev": True,
        "uses_cvss": False,
    }


def test_over_the_api(people: People, statement: RiskStatement) -> None:
    api, path = as_user(people.security), f"/statements/{statement.key}/updates"
    body = {"kind": "events", "events": 3, "years": 2, "source": "The incident log"}
    made = api.post(path, body)
    assert (made.status_code, made.json()["loss_after"]) == (201, "8333.33")
    assert api.post(path, body).json()["id"] == made.json()["id"]
    applied = api.post(f"/updates/{made.json()['id']}/apply")
    assert (applied.status_code, applied.json()["state"]) == (200, "applied")
    assert api.post(f"/updates/{made.json()['id']}/apply").status_code == 409
    undone = api.post(f"/updates/{made.json()['id']}/undo").json()
    assert undone["state"] == "undone"
    quiet = api.post(path, {"kind": "events", "events": 0, "years": 1, "source": "x"}).json()
    assert api.post(f"/updates/{quiet['id']}/dismiss").json()["state"] == "dismissed"
    assert api.post(f"/updates/{quiet['id']}/return").json()["state"] == "proposed"
    assert api.post(f"/updates/{quiet['id']}/return").status_code == 409
    (_quiet, listed) = as_user(people.viewer).get(path).json()["results"]
    assert listed["sentence"].startswith("3 events in 2 years")
    assert problem_fields(api.post(path, body | {"events": None, "kind": "tests"})) == {"events"}
    assert problem_fields(api.post(path, body | {"kind": "signals"})) == {"kind"}
    assert problem_fields(api.post(path, {"kind": "tests", "source": "x"})) == {
        "successes",
        "attempts",
    }
    assert as_user(people.viewer).post(path, body).status_code == 403
    assert as_user(people.outsider).post(path, body).status_code == 404
