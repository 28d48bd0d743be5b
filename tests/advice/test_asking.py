"""Asking from any page: what the question is about, who reads it, and where it is answered."""

import pytest

from apps.accounts.actors import Actor
from apps.accounts.models import User
from apps.advice.asking import subject_at, subject_named
from apps.audit.models import AuditEntry
from apps.common import events
from apps.common.errors import Invalid
from apps.controls.models import Control
from apps.notices.models import Notice
from apps.notices.words import words_of
from apps.planning.models import Question
from tests.conftest import People
from tests.factories import (
    make_finding,
    make_guidance,
    make_item,
    make_option,
    make_question,
    make_statement,
)
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
ASK = "/questions/new/"


def asked(
    user: User, about: str, body: str = "What if the courier is late?", **given: str
) -> Question:
    """Ask as the dialog does, and come back with the question."""
    client = signed_in(user)
    answer = client.post(
        ASK, {"about": about, "body": body, **given}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200, answer.content.decode()
    question = Question.objects.latest("pk")
    assert "data-asked" in answer.content.decode()
    return question


def make_control(people: People) -> Control:
    return Control.objects.create(system=people.system, name="Two people sign")


def test_a_question_is_about_the_page_on_which_it_is_asked(people: People) -> None:
    item = make_item(people.system)
    option, statement = make_option(item), make_statement(item=item, published=True)
    guidance, finding = make_guidance(published=True), make_finding(people.system)
    control = make_control(people)
    places = {
        f"/planning/{item.key}/": (item, None, None, ""),
        f"/planning/options/{option.pk}/edit/": (item, None, None, f"O-{option.pk}"),
        f"/risks/{statement.key}/": (item, None, None, statement.key),
        f"/guidance/{guidance.key}/": (None, guidance, None, ""),
        f"/findings/{finding.pk}/": (None, None, people.system, f"F-{finding.pk}"),
        f"/controls/{control.key}/": (None, None, people.system, control.key),
        "/systems/payments/": (None, None, people.system, ""),
        "": (None, None, None, ""),
    }
    for path, expected in places.items():
        part = signed_in(people.viewer).get(ASK, {"at": path}, headers={"HX-Request": "true"})
        assert ("chip-remove" in part.content.decode()) is bool(path), path
        question = asked(people.viewer, path)
        found = (question.item, question.guidance, question.system, question.about)
        assert found == expected, path
        assert AuditEntry.objects.filter(action="question.ask", object_id=str(question.pk)).exists()


def test_who_may_not_see_a_thing_does_not_ask_about_it(people: People) -> None:
    paths = [
        f"/planning/{make_item(people.system).key}/",
        f"/findings/{make_finding(people.system).pk}/",
        "/systems/payments/",
    ]
    stranger = signed_in(people.outsider)
    for path in paths:
        page = text_of(stranger, f"{ASK}?at={path}")
        assert "chip-remove" not in page
        assert "Payments" not in page
        refused = stranger.post(ASK, {"about": path, "body": "Why?"})
        assert refused.status_code == 422
        assert "no longer yours to see" in refused.content.decode()
        assert "Why?</textarea>" in refused.content.decode()  # nothing typed is lost
    assert not Question.objects.exists()
    foreign = stranger.post(ASK, {"system": "payments", "body": "Why?"})
    assert foreign.status_code == 422
    with pytest.raises(Invalid):
        subject_named(Actor(user=people.outsider), "payments")
    assert subject_at(Actor(user=people.outsider), "/planning/PI-999999/") is None


def test_the_chip_is_taken_off_and_what_was_typed_stays(people: People) -> None:
    client = signed_in(people.viewer)
    given = {"about": "/systems/payments/", "at": "/systems/payments/", "body": "Why?"}
    page = client.post(ASK, given | {"anything": "1"}).content.decode()
    assert "chip-remove" not in page
    assert "Why?</textarea>" in page
    assert not Question.objects.exists()
    assert client.post(ASK, {"body": "  ", "about": "/systems/payments/"}).status_code == 422


def test_without_script_one_comes_back_to_the_page_with_a_link_to_the_question(
    people: People,
) -> None:
    client = signed_in(people.viewer)
    at = "/systems/payments/"
    back = client.post(ASK, {"about": at, "at": at, "body": "Who is on call?"}, follow=True)
    question = Question.objects.get()
    assert back.redirect_chain == [(at, 302)]
    assert f'<a href="/questions/{question.pk}/">See the question</a>' in back.content.decode()
    for elsewhere in ("//evil.example.org/planning/", "https://evil.example.org/", "/nowhere/"):
        gone = client.post(ASK, {"at": elsewhere, "body": "And now?"})
        assert gone["Location"] == f"/questions/{Question.objects.latest('pk').pk}/"


def test_its_page_has_the_answers_and_is_for_those_who_may_read_it(people: People) -> None:
    on_system = asked(people.viewer, "/systems/payments/")
    to_all = asked(people.viewer, "", body="Where is the style guide?")
    page, general = f"/questions/{on_system.pk}/", f"/questions/{to_all.pk}/"
    assert signed_in(people.outsider).get(page).status_code == 404
    assert "style guide" in text_of(signed_in(people.outsider), general)
    assert 'id="answer"' not in text_of(signed_in(people.viewer), page)
    empty = signed_in(people.architect).post(f"{page}answers/", {})
    assert empty.status_code == 422
    answered = signed_in(people.architect).post(
        f"{page}answers/", {f"answer-{on_system.pk}-body": "Then the gate stays shut."}
    )
    assert answered["Location"] == page
    assert "Then the gate stays shut." in text_of(signed_in(people.viewer), page)
    # An answer to everybody is given by whoever answers everywhere.
    refused = signed_in(people.architect).post(
        f"{general}answers/", {f"answer-{to_all.pk}-body": "In the attic."}
    )
    assert refused.status_code == 403


def test_one_that_stands_on_an_item_is_read_there(people: People) -> None:
    question = make_question(make_item(people.system))
    there = signed_in(people.viewer).get(f"/questions/{question.pk}/")
    assert there["Location"] == f"/planning/{question.item.key}/#question-{question.pk}"  # type: ignore[union-attr]


def test_the_list_shows_what_the_reader_may_see(people: People) -> None:
    ours = asked(people.viewer, "/systems/payments/", body="How old are the keys?")
    finding = make_finding(people.system)
    about = asked(people.viewer, f"/findings/{finding.pk}/", body="Is it reachable?")
    theirs = make_question(make_item(people.other_system), body="A secret of strangers")
    client = signed_in(people.viewer)

    def listed(query: str = "") -> set[int]:
        return {row.pk for row, _path, _place in client.get(f"/questions/{query}").context["rows"]}

    assert listed() == {ours.pk, about.pk}
    assert theirs.pk not in listed("?q=secret")
    assert listed("?q=keys") == {ours.pk}
    assert listed(f"?about=F-{finding.pk}") == {about.pk}
    assert listed("?system=payments&show=waiting") == {ours.pk, about.pk}
    assert {each.pk for each in (ours, about)} == listed("?show=mine")
    assert listed("?about=%00&before=x&show=nonsense") == {ours.pk, about.pk}


def test_those_who_may_answer_are_told_and_led_there(people: People) -> None:
    question = asked(people.viewer, "/systems/payments/")
    general = asked(people.viewer, "", body="Where is the style guide?")
    events.deliver_due()
    told = {(each.user_id, each.path): words_of(each).title for each in Notice.objects.all()}
    name = str(people.viewer)
    page = f"/questions/{question.pk}/"
    assert told[people.architect.pk, page] == f"{name} asks on Payments"
    assert told[people.admin.pk, f"/questions/{general.pk}/"] == f"{name} asks everybody"
    assert (people.architect.pk, f"/questions/{general.pk}/") not in told
    home = text_of(signed_in(people.architect), "/")
    assert page in home
    assert f"/questions/{general.pk}/" not in home
