"""Markdown that would take long is shown as it was typed, and what people write is not."""

import time

import pytest

from apps.common.markdown import MAX_LENGTH, render, tokens

SAID = "shown as it was typed"


@pytest.mark.parametrize("piece", ["![", "[", "[![", "> ", ">"])
def test_a_text_of_nothing_but_beginnings(piece: str) -> None:
    text = (
        (piece * MAX_LENGTH)[:MAX_LENGTH]
        if ">" not in piece
        else piece * 20 + "a\n" + "b\n" * 40_000
    )
    began = time.process_time()
    html = render(text)
    assert time.process_time() - began < 1
    assert SAID in html
    assert "<pre><code>" in html
    assert html.count("[") == text[:MAX_LENGTH].count("[")
    assert any(SAID in token.content for token in tokens(text))


@pytest.mark.parametrize(
    "text",
    [
        "* * * * * * * * * * * * * * * * * * * *",
        ">" * 10 + " quoted by many",
        "a\n".join(f"- [{n}](https://example.org/{n})" for n in range(2000)),
        "| a |\n| - |\n" + "| [ ] |\n" * 2000,
        "int a[3]; " * 500,
        "> a\n" * 1000,
    ],
)
def test_what_people_write(text: str) -> None:
    assert SAID not in render(text)


def test_cells_say_what_their_column_is_called() -> None:
    head = 'why "so" <b>'
    html = render(f"| | level | {head} |\n|-|-|-|\n| first | *second* |\n\n| other |\n|-|\n| x |")
    assert "<td>first</td>" in html  # a column without a name
    assert '<td data-label="level"><em>second</em></td>' in html
    assert '<td data-label="why &quot;so&quot; &lt;b&gt;"></td>' in html
    assert '<td data-label="other">x</td>' in html
    wide = render("| " + "w" * 5000 + " |\n|-|\n" + "| x |\n" * 1000)
    assert len(wide) < 1000 * 200
