"""Sentences of the domain in the reader's language. Expected texts are written by hand."""

import ast

import pytest
from django.utils import translation

from apps.common.said import LONGEST, said
from bin._local.catalogue import sentences
from tests.conftest import People
from tests.pages import signed_in


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Your role does not allow this.", "Ihre Rolle erlaubt das nicht."),
        (
            "There is no planning item PI-7 that you may see.",
            "Es gibt kein Planungsthema PI-7, das Sie sehen dürfen.",
        ),
        (
            "Only what was applied can be undone. Your role does not allow this.",
            "Nur Übernommenes lässt sich rückgängig machen. Ihre Rolle erlaubt das nicht.",
        ),
        (
            (
                "0 of 1 attempt got through, 0.5 expected: the vulnerability moves from 0.5 (0.1 to 0.9) "
                "to 0.4 (0.08 to 0.8). The estimate gave this a chance of 1.5 %: review its assumptions."
            ),
            (
                "0 von 1 Versuch kam durch, erwartet 0,5: Die Verwundbarkeit geht von 0,5 (0,1 bis 0,9) "
                "auf 0,4 (0,08 bis 0,8). Die Schätzung gab dem eine Wahrscheinlichkeit von 1,5 %: "
                "Prüfen Sie ihre Annahmen."
            ),
        ),
        ("Not found", "Nicht gefunden"),
        ("What nobody has translated stays.", "What nobody has translated stays."),
        ("Schon deutsch.", "Schon deutsch."),
        ("x" * (LONGEST + 1), "x" * (LONGEST + 1)),
        ("", ""),
        ("{0} {broken", "{0} {broken"),
    ],
)
def test_a_sentence_is_said_in_the_readers_language(english: str, german: str) -> None:
    with translation.override("de"):
        assert said(english) == german
    assert said(english) == english


@pytest.mark.django_db
def test_a_refusal_is_german_on_a_page_and_english_over_the_api(people: People) -> None:
    people.viewer.language = "de"
    people.viewer.save()
    client = signed_in(people.viewer)
    page = client.get("/planning/PI-999999/")
    assert page.status_code == 404
    assert "Es gibt kein Planungsthema PI-999999, das Sie sehen dürfen." in page.content.decode()
    problem = client.get("/api/v1/items/PI-999999", headers={"accept-language": "de"}).json()
    assert problem["detail"] == "There is no planning item PI-999999 that you may see."


def test_sentences_are_found_where_they_are_written() -> None:
    code = '''
"""A docstring is none."""
def f(x):
    """Neither is this one."""
    problems = {"name": "Give it a name."}
    raise Missing(f"There is no {x.kind!r} number {x.pk} here.")
    _("This is marked by itself.")
    log("lower case is no sentence.")
    return "Short." if x else "key", f"{x} is {x}."
'''
    assert list(sentences(ast.parse(code))) == [
        "Give it a name.",
        "There is no {0} number {1} here.",
    ]
