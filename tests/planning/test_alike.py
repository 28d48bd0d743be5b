"""What there is already while an item or a question is typed: like it, and seen by whoever types."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.actors import Actor
from apps.advice.alike import alike_to_plan, alike_to_question
from apps.planning.models import PlanningItem
from apps.planning.services.decisions import decision_record
from apps.planning.services.guidance import guidance_link
from apps.planning.services.questions import answer_accept, question_answer
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_guidance,
    make_item,
    make_option,
    make_question,
    make_statement,
)
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
PART = "/planning/guidance/"
TITLE = "Where do ticket PDFs live?"


@pytest.fixture
def decided(people: People) -> PlanningItem:
    item = make_item(people.system, title=TITLE, question="Mails carry a link to the ticket.")
    make_option(item, title="Public bucket")
    signed = make_option(item, title="Signed URLs")
    make_statement(option=signed, published=True)
    decision_record(actor=Actor(user=people.chief), item=item, option=signed, reason="Simple.")
    return item


@pytest.mark.parametrize(
    "typed",
    [
        "Where do ticket PDFs live",
        "Ticket PDFs: where to store them",
        "Wheer do tickte PDFs live",  # by its trigrams
        "Presigned links for ticket PDFs",  # of an option, in other words
        "Object storage for tickets",
    ],
)
def test_an_item_that_is_alike_is_found(people: People, decided: PlanningItem, typed: str) -> None:
    make_item(people.system, title="Replace the roster of the crew")
    found = alike_to_plan(actor_of(people.viewer), typed).items
    assert [each.item for each in found] == [decided]
    assert found[0].chosen == "Signed URLs"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "Tickets",  # one word is in many
        "Where do you live",
        "Tickets for the gala dinner of the crew",
        "\x00",
        "' | & ! :* <->",
        "漢字",
        "x" * 1000,
    ],
)
def test_nothing_alike_says_nothing(people: People, decided: PlanningItem, typed: str) -> None:
    assert alike_to_plan(actor_of(people.viewer), typed).items == []
    part = signed_in(people.viewer).post(PART, {"title": typed})
    assert (part.status_code, part.content.decode().strip()) == (200, "")


def test_only_what_the_reader_may_see_is_alike(people: People, decided: PlanningItem) -> None:
    make_item(people.other_system, title=TITLE)
    seen = alike_to_plan(actor_of(people.chief), TITLE).items
    assert {each.item.system for each in seen} == {people.system, people.other_system}
    for person in (people.viewer, people.architect):
        (only,) = alike_to_plan(actor_of(person), TITLE).items
        assert only.item == decided
    assert alike_to_plan(actor_of(people.nobody), TITLE).items == []


def test_it_is_told_while_the_item_is_typed(people: People, decided: PlanningItem) -> None:
    client = signed_in(people.architect)
    for typed in ({"title": TITLE}, {"text": f"PAY-7 {TITLE}"}):
        part = client.post(PART, typed).content.decode()
        assert f'href="/planning/PI-{decided.pk}/"' in part
        assert f"{decided.key} {TITLE}" in part
        assert "Decided: Signed URLs" in part
        assert "a year expected" in part
    assert "Looks alike" not in client.post(PART, {"title": "Replace the roster"}).content.decode()
    assert 'hx-include="#quick_text"' in text_of(client, "/planning/")


def test_once_written_its_page_says_it_too_without_script(
    people: People, decided: PlanningItem
) -> None:
    client = signed_in(people.architect)
    page = client.post("/planning/quick/", {"text": TITLE, "system": people.system.key})["Location"]
    assert "Looks alike" in text_of(client, page)
    assert "Looks alike" not in text_of(client, page)  # said once


def test_what_was_chosen_for_items_like_it_is_suggested(people: People) -> None:
    """No word of the piece is typed; it was linked with an item like this one."""
    piece = make_guidance(published=True, title="Keep the harbour office posted")
    make_guidance(published=True, title="Feed the gulls")
    before = make_item(people.system, title="Timetable for the winter season")
    viewer, title = actor_of(people.viewer), "Timetable of the summer season"
    assert alike_to_plan(viewer, title).guidance == []
    guidance_link(actor=Actor(user=people.architect), item=before, pieces=[piece])
    assert alike_to_plan(viewer, title).guidance == [piece]
    assert alike_to_plan(actor_of(people.nobody), title).guidance == []  # sees no such item
    item = make_item(people.system, title=title)
    told = as_user(people.viewer).get(f"/items/{item.key}/guidance/suggested").json()
    assert [each["key"] for each in told["guidance"]] == [piece.key]


def test_a_question_that_was_answered_is_offered_with_its_answer(people: People) -> None:
    item = make_item(people.system)
    asked = make_question(item, body="May partners read **invoices** in the bucket?")
    first = question_answer(actor=Actor(user=people.chief), question=asked, body="Ask Ari.")
    client, typed = signed_in(people.viewer), {"body": "Can a partner read the invoices?"}
    assert "An answer: Ask Ari." in client.post(PART, typed).content.decode()
    second = question_answer(
        actor=Actor(user=people.chief), question=asked, body="No, **never**.\n\nThey get a copy."
    )
    answer_accept(actor=Actor(user=people.chief), answer=second)
    part = client.post(PART, typed).content.decode()
    assert "Answered before" in part
    assert "The answer: No, never." in part
    assert f'href="/planning/PI-{item.pk}/#question-{asked.pk}"' in part
    assert first.body not in part
    assert "invoices" not in signed_in(people.outsider).post(PART, typed).content.decode()


def test_a_question_that_nobody_answered_is_not_offered(people: People) -> None:
    make_question(make_item(people.system), body="May partners read invoices?")
    viewer = actor_of(people.viewer)
    assert alike_to_question(viewer, "May partners read invoices?").is_empty


def test_as_many_queries_whatever_the_number(people: People, decided: PlanningItem) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            alike_to_plan(actor_of(people.chief), TITLE, "Who opens them?", "plan")
        return len(caught)

    few = queries()
    for number in range(8):
        item = make_item(people.system, title=f"{TITLE} {number}")
        make_option(item)
    assert queries() <= few  # those on top have no value to be read
    assert few <= 14


def test_the_indexes_answer_it(people: People, decided: PlanningItem) -> None:
    """A sequential scan would read every item at each pause of whoever types."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            """EXPLAIN SELECT id FROM planning_planningitem
            WHERE to_tsvector('english', coalesce(title, '') || ' ' || coalesce(question, ''))
                  @@ websearch_to_tsquery('english', '"ticket" or "pdfs"') OR title % 'ticket pdfs'"""
        )
        plan = " ".join(row[0] for row in cursor.fetchall())
    assert "item_words" in plan
    assert "item_title_trgm" in plan
