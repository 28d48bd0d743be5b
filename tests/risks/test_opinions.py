"""Several people estimate one risk by themselves: blind first, then together."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from apps.audit.models import AuditEntry
from apps.common.errors import Conflict, EditConflict, Invalid, Missing, NotPermitted
from apps.risks.models import RiskStatement, StatementOpinion
from apps.risks.opinions import HOLDS, panel_of
from apps.risks.services.endings import statement_withdraw
from apps.risks.services.opinions import opinion_give, opinion_take_back, opinions_take_over
from tests.api.conftest import as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import actor_of, make_item, make_statement
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def statement(people: People) -> RiskStatement:
    return make_statement(make_item(people.system, status="open"), published=True)


def ends(*numbers: str) -> dict[str, Any]:
    names = ("frequency_low", "frequency_high", "magnitude_low", "magnitude_high")
    return dict(zip(names, map(Decimal, numbers), strict=True))


NARROW = ends("1", "4", "10000", "40000")
WIDE = ends("0.01", "1", "1000", "1000000")
# The ends of both averaged in ratio: sqrt(1 x 0.01), sqrt(4 x 1), and so on.
TOGETHER = ends("0.1", "2", "3160", "200000")


def give(user: Any, statement: RiskStatement, numbers: dict[str, Any]) -> StatementOpinion:
    return opinion_give(actor=actor_of(user), statement=statement, ends=numbers, reason="Seen it.")


def test_nobody_sees_a_number_before_giving_one(people: People, statement: RiskStatement) -> None:
    give(people.security, statement, NARROW)
    blind = panel_of(actor_of(people.architect), statement)
    assert (blind.number, blind.is_open, blind.opinions, blind.pooled) == (1, False, [], None)
    page = text_of(signed_in(people.architect), f"/risks/RS-{statement.pk}/")
    assert "1 person gave an estimate" in page
    assert "Seen it." not in page
    assert as_user(people.architect).get(f"/statements/{statement.key}/opinions").json() == {
        "number": 1,
        "is_open": False,
        "opinions": [],
        "pooled": None,
    }
    give(people.architect, statement, WIDE)
    seen = panel_of(actor_of(people.architect), statement)
    assert [each.row.made_by for each in seen.opinions] == [people.security, people.architect]
    assert seen.pooled is not None
    assert seen.pooled.ends == TOGETHER
    assert "Seen it." in text_of(signed_in(people.architect), f"/risks/RS-{statement.pk}/")
    assert not panel_of(actor_of(people.viewer), statement).is_open


def test_the_expected_loss_of_one_is_the_product_of_two_lognormal_means(
    people: People, statement: RiskStatement
) -> None:
    give(people.security, statement, NARROW)
    (only,) = panel_of(actor_of(people.security), statement).opinions
    # exp(mu + sigma^2 / 2) of both: ln(2) and ln(20 000) in the middle, sigma = ln(4) / 3.28971.
    assert float(only.ranges.expected_annual_loss) == pytest.approx(40_000 * 1.194323, rel=1e-4)
    assert panel_of(actor_of(people.security), statement).pooled is None


def test_a_newer_one_of_the_same_person_ends_the_older(
    people: People, statement: RiskStatement
) -> None:
    give(people.security, statement, WIDE)
    give(people.security, statement, NARROW)
    (only,) = panel_of(actor_of(people.security), statement).opinions
    assert only.row.frequency_low == 1
    assert StatementOpinion.objects.count() == 2
    opinion_take_back(actor=actor_of(people.security), statement=statement)
    assert panel_of(actor_of(people.security), statement).number == 0
    with pytest.raises(Missing):
        opinion_take_back(actor=actor_of(people.security), statement=statement)
    told = AuditEntry.objects.filter(action__startswith="opinion.").order_by("pk")
    assert [each.action for each in told] == ["opinion.give", "opinion.give", "opinion.take-back"]


def test_after_a_year_one_is_asked_again(people: People, statement: RiskStatement) -> None:
    old = give(people.security, statement, NARROW)
    StatementOpinion.objects.filter(pk=old.pk).update(made_at=timezone.now() - HOLDS)
    assert panel_of(actor_of(people.security), statement).number == 0
    give(people.security, statement, WIDE)
    assert panel_of(actor_of(people.security), statement).number == 1


def test_what_they_come_to_together_becomes_the_estimate(
    people: People, statement: RiskStatement
) -> None:
    give(people.security, statement, NARROW)
    security = actor_of(people.security)
    with pytest.raises(Conflict):
        opinions_take_over(actor=security, statement=statement, version=statement.version)
    give(people.architect, statement, WIDE)
    with pytest.raises(NotPermitted):
        opinions_take_over(
            actor=actor_of(people.architect), statement=statement, version=statement.version
        )
    with pytest.raises(EditConflict):
        opinions_take_over(actor=security, statement=statement, version=statement.version + 1)
    before = statement.published
    edited = opinions_take_over(actor=security, statement=statement, version=statement.version)
    assert {name: getattr(edited, name) for name in TOGETHER} == TOGETHER
    assert "Pooled from the estimates of 2 people" in edited.rationale
    assert edited.has_unpublished_changes
    assert edited.published == before


def test_who_may_give_one(people: People, statement: RiskStatement) -> None:
    for user in (people.viewer, people.outsider):
        with pytest.raises((NotPermitted, Missing)):
            give(user, statement, NARROW)
    with pytest.raises(Invalid) as refused:
        give(people.security, statement, ends("4", "1", "0", "5"))
    assert set(refused.value.fields) == {"frequency_high", "magnitude_low"}
    statement_withdraw(actor=actor_of(people.security), statement=statement, reason="Gone.")
    with pytest.raises(Conflict):
        give(people.security, statement, NARROW)
    assert not StatementOpinion.objects.exists()


def test_the_page(people: People, statement: RiskStatement) -> None:
    url = f"/risks/RS-{statement.pk}/"
    assert "Give your estimate" not in text_of(signed_in(people.viewer), url)
    client = signed_in(people.architect)
    typed = {
        "opinion-frequency_low": "once in 10 years",
        "opinion-frequency_high": "2 per year",
        "opinion-magnitude_low": "20k",
        "opinion-magnitude_high": "lots",
        "opinion-reason": "We run two of these.",
    }
    wrong = client.post(f"{url}opinions/", typed)
    assert wrong.status_code == 422
    assert b"once in 10 years" in wrong.content
    assert not StatementOpinion.objects.exists()
    right = client.post(f"{url}opinions/", typed | {"opinion-magnitude_high": "1.5 M"}, follow=True)
    assert b"We run two of these." in right.content
    give(people.security, statement, NARROW)
    client.post(f"{url}opinions/", {"take_back": "1"})
    assert panel_of(actor_of(people.security), statement).number == 1
    give(people.architect, statement, WIDE)
    assert client.post(f"{url}opinions/take-over/").status_code == 403
    signed_in(people.security).post(f"{url}opinions/take-over/")
    statement.refresh_from_db()
    assert statement.frequency_low == TOGETHER["frequency_low"]
    assert signed_in(people.outsider).post(f"{url}opinions/", typed).status_code == 404


def test_the_api(people: People, statement: RiskStatement) -> None:
    path = f"/statements/{statement.key}/opinions"
    body = {name: str(number) for name, number in NARROW.items()}
    architect, security = as_user(people.architect), as_user(people.security)
    made = architect.post(path, body | {"reason": "Seen it."})
    assert made.status_code == 201
    assert made.json()["opinions"][0]["made_by"]["name"] == people.architect.name
    assert problem_fields(architect.post(path, body | {"frequency_low": "9"})) == {"frequency_high"}
    assert as_user(people.viewer).post(path, body).status_code == 403
    assert as_user(people.outsider).get(path).status_code == 404
    assert as_pipeline(people.system).get(path).status_code in {403, 404}
    security.post(path, {name: str(number) for name, number in WIDE.items()})
    taken = security.post(f"{path}/take-over", {"version": statement.version})
    assert taken.json()["frequency_low"] == "0.100000"
    assert security.post(f"{path}/take-over", {"version": 1}).status_code == 412
    assert architect.delete(path).status_code == 204
    assert architect.delete(path).status_code == 404
