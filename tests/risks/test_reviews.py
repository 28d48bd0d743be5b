"""Peer review is a wish: it is shown and recorded, and blocks nothing."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Team
from apps.accounts.roles import Role
from apps.advice.waiting import waiting_for
from apps.audit.models import AuditEntry
from apps.common.events import deliver_due
from apps.controls.services.controls import control_set_status
from apps.notices.models import Notice
from apps.notices.words import words_of
from apps.risks.models import RiskStatement
from apps.risks.services.reviews import review_wish_set
from apps.risks.services.statements import statement_create, statement_publish
from tests.api.conftest import as_user, problem_fields
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_control,
    make_effect,
    make_item,
    make_member,
    make_team,
    statement_text,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(people: People) -> Team:
    team = make_team()
    people.system.owner = team
    people.system.save()
    return team


@pytest.fixture
def second(people: People) -> Any:
    return make_member(people.system, Role.SECURITY, "Sam Second")


@pytest.fixture
def draft(people: People, team: Team) -> RiskStatement:
    return statement_create(
        actor=actor_of(people.security), item=make_item(people.system), content=statement_text()
    )


def wish(people: People, team: Team | None) -> None:
    review_wish_set(actor=actor_of(people.chief), team=team, is_wished=True)


def published(people: People, draft: RiskStatement) -> tuple[str, Any]:
    revision = statement_publish(actor=actor_of(people.security), statement=draft)
    return revision.review, revision.reviewed_by


def test_without_a_wish_nothing_is_said(people: People, draft: RiskStatement) -> None:
    assert waiting_for(actor_of(people.chief)).to_review == []
    assert published(people, draft) == ("", None)


@pytest.mark.parametrize("by_team", [True, False])
def test_a_second_person_approves(
    people: People, team: Team, draft: RiskStatement, second: Any, by_team: bool
) -> None:
    wish(people, team if by_team else None)
    assert waiting_for(actor_of(second)).to_review == [draft]
    assert waiting_for(actor_of(people.security)).to_review == []  # these are one's own words
    assert waiting_for(actor_of(people.viewer)).to_review == []
    path, given = f"/statements/{draft.key}/reviews", {"version": 1, "approves": True}
    assert as_user(people.security).post(path, given).status_code == 409
    assert as_user(people.viewer).post(path, given).status_code == 403
    assert as_user(people.outsider).post(path, given).status_code == 404
    api = as_user(second)
    assert problem_fields(api.post(path, given | {"approves": False})) == {"body"}
    said = api.post(path, given | {"approves": False, "body": "Too wide?"})
    assert said.status_code == 201
    assert waiting_for(actor_of(second)).to_review == [draft]  # a comment is no approval
    assert api.post(path, given).json()["made_by"]["name"] == "Sam Second"
    assert waiting_for(actor_of(second)).to_review == []
    assert published(people, draft) == ("reviewed", second)
    listed = as_user(people.viewer).get(path).json()["results"]
    assert [each["approves"] for each in listed] == [True, False]
    while deliver_due():
        pass
    titles = [words_of(each).title for each in Notice.objects.filter(user=people.security)]
    assert f"Sam Second approved your text of the risk {draft.key}" in titles


def test_other_words_wish_another_look(
    people: People, team: Team, draft: RiskStatement, second: Any
) -> None:
    wish(people, team)
    path, given = f"/statements/{draft.key}/reviews", {"version": 1, "approves": True}
    as_user(second).post(path, given)
    as_user(people.security).edit(f"/statements/{draft.key}", {"asset": "Invoices"})
    assert as_user(second).post(path, given).status_code == 412
    draft.refresh_from_db()
    assert published(people, draft) == ("without", None)
    shown = as_user(people.viewer).get(f"/statements/{draft.key}/revisions").json()["results"]
    assert (shown[0]["review"], shown[0]["reviewed_by"]) == ("without", None)
    entry = AuditEntry.objects.get(action="statement.publish")
    assert entry.changes["review"] == "without"


def test_a_control_that_changes_the_value_needs_no_review(
    people: People, team: Team, draft: RiskStatement
) -> None:
    wish(people, team)
    published(people, draft)
    control = make_control(people.system)
    make_effect(control, draft, frequency="0.5")
    control_set_status(actor=actor_of(people.security), control=control, status="in_place")
    draft.refresh_from_db()
    assert draft.published is not None
    assert (draft.published.number, draft.published.review) == (2, "")


def test_who_may_wish(people: People, team: Team) -> None:
    api, given = as_user(people.security), {"team": team.key, "wished": True}
    assert as_user(people.viewer).post("/review-wishes", given).status_code == 403
    assert as_user(people.outsider).post("/review-wishes", given).status_code == 400
    assert api.post("/review-wishes", {"team": None, "wished": True}).status_code == 403
    told = api.post("/review-wishes", given).json()
    assert {"team": team.key, "wished": True} in told
    assert {"team": None, "wished": False} in told
    # A team with a system on which one writes no risks is not one's own to speak for.
    people.other_system.owner = team
    people.other_system.save()
    assert api.post("/review-wishes", given | {"wished": False}).status_code == 403
    assert (
        as_user(people.chief).post("/review-wishes", given | {"wished": False}).status_code == 200
    )
    assert AuditEntry.objects.filter(action="review-wish.set").count() == 2


def test_on_the_pages(people: People, team: Team, draft: RiskStatement, second: Any) -> None:
    chief, writer, other = Client(), Client(), Client()
    chief.force_login(people.chief)
    writer.force_login(people.security)
    other.force_login(second)
    assert chief.post("/risks/reviews/", {"team": team.key, "wished": "1"}).status_code == 302
    assert chief.post("/risks/reviews/", {"team": "nobody", "wished": "1"}).status_code == 404
    path = f"/risks/{draft.key}/"
    shown = writer.get(path).content.decode()
    assert "Publish without review" in shown
    assert 'name="approves"' not in shown
    given = {"review-version": draft.version, "review-body": ""}
    assert other.post(f"{path}review/", given).status_code == 422
    assert other.post(f"{path}review/", given | {"approves": "1"}).status_code == 302
    shown = writer.get(path).content.decode()
    assert "Reviewed by Sam Second" in shown
    assert "Publish without review" not in shown
    writer.post(f"{path}publish/", {"publish-note": ""})
    assert "reviewed by Sam Second" in writer.get(path).content.decode()
