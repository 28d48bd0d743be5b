"""An @ calls those who may read the text, and nobody else."""

import pytest

from apps.accounts.actors import portal_actor
from apps.accounts.mentions import names_in
from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.catalog.services import membership_set
from apps.common import events
from apps.notices.kinds import NoticeKind
from apps.notices.models import Notice
from apps.notices.words import words_of
from apps.planning.services.questions import (
    question_answer,
    question_ask,
    question_ask_of_guidance,
)
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_guidance,
    make_item,
    make_member,
    make_system,
    make_team,
    make_user,
)
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")


def called() -> set[User]:
    events.deliver_due()
    return {row.user for row in Notice.objects.filter(kind=NoticeKind.MENTION)}


def test_names_are_words_behind_an_at() -> None:
    text = "@Kim and (@lee.ray), @kim@example.org. `@code` a@b @kim\n\n    @block\n\n[@link](/x/) @"
    assert names_in(text) == ["kim", "lee.ray", "kim@example.org"]


def test_who_is_called_is_told_once(people: People) -> None:
    local = people.security.email.partition("@")[0]
    item = make_item(people.system)
    question = question_ask(
        actor=actor_of(people.viewer), item=item, body=f"@{local}, who reads it? @nobody"
    )
    assert question.names == [local]
    assert called() == {people.security}
    notice = Notice.objects.get(user=people.security)  # not told a second time of a question
    assert words_of(notice).title == f"{people.viewer} mentions you on {item.key}, {item.title}"
    assert notice.path == f"/planning/{item.key}/#question-{question.pk}"
    page = text_of(signed_in(people.viewer), f"/planning/{item.key}/")
    assert f'<span class="mention">@{local}</span>' in page
    assert "@nobody" in page
    Notice.objects.all().delete()
    answer = question_answer(
        actor=actor_of(people.security), question=question, body=f"Ask @{people.architect.email}."
    )
    assert answer.names == [people.architect.email]
    assert called() == {people.architect}
    assert Notice.objects.get(kind=NoticeKind.ANSWER).user == people.viewer


def test_only_who_may_read_it_is_called(people: People) -> None:
    """Membership, a team's membership, and a role everywhere; everybody in the library."""
    stranger, mate = make_user("Sam Far"), make_user("Tim Mate")
    member = make_member(people.system, Role.VIEWER)
    team = make_team("Ferries", mate)
    membership_set(actor=TESTS, system=people.system, role=Role.VIEWER, team=team)
    gone = make_user("Gus Gone", role=Role.ADMIN, is_active=False)
    everybody = [stranger, member, mate, gone, people.security]
    text = " ".join(f"@{each.email}" for each in everybody)
    question_ask(actor=actor_of(people.viewer), item=make_item(people.system), body=text)
    assert called() == {member, mate, people.security}
    Notice.objects.all().delete()
    question_ask_of_guidance(actor=actor_of(people.viewer), guidance=make_guidance(), body=text)
    assert called() == {stranger, member, mate, people.security}


def test_the_list_behind_an_at(people: People) -> None:
    one, other = make_user("Kim Ray", role=Role.VIEWER), make_user("Kim Roe", role=Role.VIEWER)
    User.objects.filter(pk=one.pk).update(email="kim@example.org")
    User.objects.filter(pk=other.pk).update(email="kim@example.com")
    path = f"/people/named/?q=ki&system={people.system.key}"
    offered = text_of(signed_in(people.viewer), path)
    assert 'data-name="kim@example.org"' in offered
    assert 'data-name="kim@example.com"' in offered
    User.objects.filter(pk=other.pk).update(is_active=False)
    offered = text_of(signed_in(people.viewer), path)
    assert 'data-name="kim"' in offered
    assert "Kim Roe" not in offered
    assert "Kim Ray" in text_of(signed_in(people.viewer), path.replace("q=ki", "q=ray"))


def test_the_list_tells_nobody_who_else_there_is(people: People) -> None:
    far = make_system("far", "Far")
    near = make_member(people.system, Role.VIEWER, "Mia Near")
    guest = signed_in(near)
    assert guest.get("/people/named/?q=&system=far").status_code == 404
    assert text_of(guest, "/people/named/?q=") == ""
    make_member(far, Role.VIEWER, "Fay Far")
    offered = text_of(guest, f"/people/named/?q=&system={people.system.key}")
    assert "Fay Far" not in offered
    assert "Mia Near" not in offered  # oneself
