"""A risk statement reads as a sentence, however it was typed."""

import pytest
from django.utils import translation

from apps.common.ui.clauses import clauses

WHOLE = "If you keep uploads in a public bucket, then whoever learns a name reads them."


@pytest.mark.parametrize(
    ("condition", "consequence"),
    [
        ("keep uploads in a public bucket", "whoever learns a name reads them"),
        ("If you keep uploads in a public bucket,", "then whoever learns a name reads them."),
        (" if you keep uploads\nin a public bucket. ", "Then whoever learns a  name reads them"),
    ],
)
def test_the_sentence_is_the_same_whoever_typed_its_opening(
    condition: str, consequence: str
) -> None:
    said = clauses(condition, consequence)
    assert said.sentence == WHOLE
    assert said.if_clause == "If you keep uploads in a public bucket"
    assert said.then_clause == "then whoever learns a name reads them."


def test_a_condition_about_nobody_keeps_its_own_opening() -> None:
    said = clauses("If a script holds the key", "the key is in its log")
    assert said.sentence == "If a script holds the key, then the key is in its log."


def test_the_opening_is_in_the_language_of_the_statement() -> None:
    with translation.override("de"):
        assert clauses("keep the key in a script", "").if_clause.startswith("If you")
    with translation.override("en"):
        said = clauses(
            "den Schlüssel in einem Skript ablegen", "steht er im Protokoll und nicht mehr"
        )
    assert said.language == "de"
    assert said.if_clause.startswith("Wenn Sie")
