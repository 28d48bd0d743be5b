"""Words that mean the same: understood in search and suggestions, and added to by those who write guidance."""

import time

import pytest
from django.db import connection

from apps.audit.models import AuditEntry
from apps.common.alike import Idea, Vocabulary, fits, terms_of
from apps.guidance.models import OwnVocabulary
from apps.guidance.selectors import guidance_suggested
from apps.guidance.vocabulary import lines_given, terms_on
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_guidance
from tests.pages import signed_in, unmarked

PAGE = "/guidance/words/"


# --- what a text says ----------------------------------------------------------------------------

KNOWN = Vocabulary(
    [
        ("CDN", "content delivery network", "edge cache"),
        ("S3", "bucket"),
        ("bucket", "object storage"),
        ("XSS", "cross site scripting", "CWE-79"),
        ("SSRF", "~from a link"),
        ("dependency", "library"),
    ]
)


@pytest.mark.parametrize(
    ("typed", "ideas"),
    [
        ("", []),
        ("the 42 of", []),
        ("harbour", [("harbour", ())]),
        ("a Content-Delivery Network", [("content delivery network", ("cdn", "edge cache"))]),
        ("S3 and s3", [("s3", ("bucket",))]),
        ("buckets", [("buckets", ("s3", "object storage"))]),  # of two lines
        ("CWE 79", [("cwe79", ("xss", "cross site scripting"))]),
        ("dependencies", [("dependencies", ("library",))]),
    ],
)
def test_a_text_is_read_as_ideas(typed: str, ideas: list[tuple[str, tuple[str, ...]]]) -> None:
    assert [(each.said, each.others) for each in KNOWN.ideas(typed)] == ideas


def test_a_term_with_a_tilde_is_understood_and_not_looked_for() -> None:
    (idea,) = KNOWN.ideas("from a link")
    assert (idea.terms, terms_of([idea])) == (("ssrf",), ["ssrf"])
    (idea,) = KNOWN.ideas("SSRF")
    assert idea.terms == ("ssrf",)


def test_a_term_of_hundreds_of_words_costs_no_time() -> None:
    """Each word of what is typed was tried with as many: five seconds for a long question."""
    known = Vocabulary([(" ".join(["w"] * 240), "x"), ("CDN", "edge cache")])
    began = time.process_time()
    assert [each.said for each in known.ideas("cdn " + "the " * 20_000)] == ["cdn"]
    assert time.process_time() - began < 1


def test_a_rare_idea_counts_more_than_a_common_one() -> None:
    """ln(1 + (100 - n + 0.5) / (n + 0.5)): 4.2097 of one text, 0.6931 of fifty; by hand."""
    ideas = [Idea("common"), Idea("rare")]
    hits = {pk: [0.6, 0.0] for pk in range(1, 50)} | {50: [0.6, 0.6], 51: [0.0, 0.0]}
    found = fits(hits, ideas, 100)
    assert 51 not in found
    assert found[1].score == pytest.approx(0.6 * 0.6931, rel=1e-3)
    assert found[50].score == pytest.approx(0.6 * (0.6931 + 4.2097), rel=1e-3)
    assert found[1].share == pytest.approx(0.6931 / (0.6931 + 4.2097), rel=1e-3)
    assert found[50].share == 1


# --- in the library ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_search_finds_what_is_said_in_other_words_and_marks_it(people: People) -> None:
    make_guidance(published=True, title="Keep pages near readers", summary="On the edge cache.")
    make_guidance(published=True, title="Another thing", technologies=["kafka"])
    make_guidance(published=True, title="Pages that run scripts", cwes=[79])
    client = signed_in(people.nobody)

    def found(address: str, typed: str) -> str:
        return unmarked(client.get(address, {"q": typed}).content)

    marked = client.get("/guidance/", {"q": "CDN"}).content.decode()
    assert "On the <mark>edge</mark> <mark>cache</mark>." in marked
    assert "Keep pages near readers" in found("/guidance/", "CDN")
    assert "Another thing" not in found("/guidance/", "CDN")
    assert "Keep pages near readers" in found("/search/", "cdn pages")
    assert "Keep pages" not in found("/guidance/", "cdn planets")
    assert "Keep pages" not in found("/guidance/", '"cdn"')  # exactly
    assert "Another thing" in found("/guidance/", "message broker")
    assert "that run scripts" in found("/guidance/", "XSS")


@pytest.mark.django_db
def test_no_term_that_is_looked_for_shrinks_to_one_common_word() -> None:
    """PostgreSQL leaves "on" out of "on call" and would look for every call."""
    terms = {term for line in lines_given() for term in terms_on(line) if " " in term}
    sought = sorted(term for term in terms if not term.startswith("~"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT term FROM unnest(%s) term WHERE numnode(phraseto_tsquery('english', term)) < 3",
            [sought],
        )
        assert [row[0] for row in cursor.fetchall()] == []
    assert len(sought) > 100


@pytest.mark.django_db
def test_the_organisation_adds_its_own_words(people: People) -> None:
    piece = make_guidance(published=True, title="Lock the reservation core")
    reader, client = actor_of(people.nobody), signed_in(people.chief)
    assert guidance_suggested(reader, "Replace Tern") == []
    assert client.get(PAGE).status_code == 200
    saved = client.post(
        PAGE, {"version": 1, "lines": " Tern,reservation core \n\nHawk, mail relay"}
    )
    assert saved.status_code == 302
    assert OwnVocabulary.objects.get().lines == ["Tern, reservation core", "Hawk, mail relay"]
    assert guidance_suggested(reader, "Replace Tern") == [piece]
    told = AuditEntry.objects.get(action="vocabulary.set")
    assert told.user == people.chief
    assert "Tern, reservation core" in client.get(PAGE).content.decode()


@pytest.mark.django_db
def test_what_cannot_be_saved_stays_in_its_field(people: People) -> None:
    client = signed_in(people.chief)
    for wrong in (
        "alone",
        "a, b\nalone,",
        "x" * 600,
        "c, a term of no fewer than nine words is long",
    ):
        answer = client.post(PAGE, {"version": 1, "lines": wrong})
        assert answer.status_code == 422
        assert wrong.splitlines()[-1] in answer.content.decode()
    assert client.post(PAGE, {"version": 1, "lines": "a, b"}).status_code == 302
    late = client.post(PAGE, {"version": 1, "lines": "c, d"})
    assert late.status_code == 409
    assert OwnVocabulary.objects.get().lines == ["a, b"]
    assert signed_in(people.security).get(PAGE).status_code == 403


# --- over the API --------------------------------------------------------------------------------


def test_own_lines_are_read_and_set_over_the_api(people: People) -> None:
    api = as_user(people.chief)
    read = api.get("/vocabulary")
    assert read.json()["lines"] == []
    assert list(lines_given()) == read.json()["brought"]
    lines = {"lines": ["booking engine , Tern"]}
    assert api.patch("/vocabulary", lines).status_code == 428
    kept = api.patch("/vocabulary", lines, if_match=read["ETag"])
    assert kept.json()["lines"] == ["booking engine, Tern"]
    assert api.patch("/vocabulary", lines, if_match=read["ETag"]).status_code == 412
    alone = api.patch("/vocabulary", {"lines": ["Tern"]}, if_match=kept["ETag"])
    assert alone.status_code == 400
    assert AuditEntry.objects.filter(action="vocabulary.set").count() == 1
    assert as_user(people.security).get("/vocabulary").status_code == 403
