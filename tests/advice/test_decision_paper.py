"""A decision on paper: what the PDF says, read by another library than the one that made it."""

import io
from decimal import Decimal
from typing import Any

import pytest
from pypdf import PdfReader

from apps.planning.models import Decision
from apps.planning.services.decisions import decision_record, recommendation_make
from apps.risks.models import RiskStatement
from apps.risks.services.decisions import decision_record_with_treatments
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_item, make_option, make_statement
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


def read(answer: Any) -> tuple[PdfReader, str]:
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/pdf"
    reader = PdfReader(io.BytesIO(answer.content))
    return reader, " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def decided(people: People, **fields: str) -> Decision:
    item = make_item(people.system, title=fields.get("title", "Where do invoices live?"))
    item.question = fields.get("question", "Bucket or **database**?")
    item.save()
    bucket = make_option(item, title=fields.get("option", "Bucket"), cost_once="1200.00")
    other = make_option(item, title="Database")
    risk = make_statement(option=bucket, published=True)
    recommendation_make(
        actor=actor_of(people.security), item=item, option=other, reason="Fewer readers."
    )
    return decision_record_with_treatments(
        actor=actor_of(people.architect),
        item=item,
        option=bucket,
        reason=fields.get("reason", "It is cheap."),
        treatments={risk.pk: "accept"},
    )


def in_two_digits(amount: Decimal) -> str:
    """By the general format of Python, which knows significant digits."""
    return f"{float(f'{amount:.2g}'):,.0f}"


def test_unknown_cost_is_said_and_not_added(people: People) -> None:
    decision = decided(people)
    bare = make_option(decision.item, title="Queue")
    make_statement(option=bare, published=True)
    _reader, text = read(signed_in(people.viewer).get(address(decision)))
    worth = in_two_digits(RiskStatement.objects.get(option=bare).valuation.expected_annual_loss)
    assert f"{worth} + cost not said" in " ".join(text.split())
    assert "Cost a year none" in " ".join(text.split())  # one of the two alone is all


def address(decision: Decision) -> str:
    return f"/planning/{decision.item.key}/decisions/{decision.pk}.pdf"


def test_a_decision_on_paper(people: People) -> None:
    decision = decided(people)
    client = signed_in(people.viewer)
    answer = client.get(address(decision))
    name = f"{decision.item.key}-decision-{decision.pk}.pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    reader, text = read(answer)
    assert reader.metadata is not None
    assert reader.metadata.title == f"{decision.item.key} Where do invoices live?"
    assert reader.metadata.author == "Ari Architect"
    headings = (
        *("The question", "Options side by side", "Security recommends", "The owner decided"),
        *("What becomes of each risk", "The risks as they stand today"),
    )
    places = [text.index(each) for each in headings]
    assert places == sorted(places)
    (choice,) = decision.treatments.select_related("statement", "valuation")
    for said in (
        "Bucket or database?",  # Markdown, without its marks
        "Fewer readers.",
        "Both reasons are on record.",
        "It is cheap.",
        f"Ari Architect, {decision.decided_at:%Y-%m-%d}",
        f"Accept: {choice.statement.key}",
        f"{in_two_digits(choice.valuation.expected_annual_loss)} a year on average when it was decided",
        "1,200",
        "Page 1 of",
    ):
        assert said in text, said
    assert address(decision) in text_of(client, f"/planning/{decision.item.key}/")


def test_what_people_write_is_text_and_nothing_else(people: People) -> None:
    """A tag that reportlab would obey, were it let through, stands there as it was typed."""
    evil = '<img src="http://127.0.0.1:9/x.png"/> <font size=99>&nope; </para>'
    decision = decided(
        people,
        title=evil[:90],
        option=evil[:80],
        reason=f"{evil}\n\n```\n{evil}\n```\n\n[a]({'x' * 300}) ![b](http://127.0.0.1:9/y.png)",
        question="Grüße, Привет, Γειά, 你好 \N{CHART WITH UPWARDS TREND}",
    )
    _reader, text = read(signed_in(people.viewer).get(address(decision)))
    assert text.count('<img src="http://127.0.0.1:9/x.png"/>') >= 3
    assert "&nope; </para>" in text
    assert "Grüße, Привет, Γειά," in text


@pytest.mark.parametrize(
    "reason",
    [
        "W" * 20_000,
        "* a\n" + "".join(f"{'  ' * depth}* b\n" for depth in range(1, 60)),
        ">" * 90 + " quoted",
        "**a " * 300 + "b" + "**" * 300,
        "# heading\n" * 400,
        "```\n" + "x = 1\n" * 400 + "```",
        "| a | b |\n|---|---|\n" + "| c | `d|` |\n" * 50,
        "1. a\n\n   b\n\n   ***\n2. c\n\n<!-- d -->",
        "*a **b* c** ~~d *e~~ f*",
        "a\x0bb\x7f\u202e\ufeff\U000e0001",
    ],
)
def test_no_text_keeps_the_document_from_being_made(people: People, reason: str) -> None:
    decision = decided(people, reason=reason)
    reader, _text = read(signed_in(people.viewer).get(address(decision)))
    assert len(reader.pages) >= 1


def test_many_options_and_none_valued(people: People) -> None:
    item = make_item(people.system)
    options = [make_option(item, title=f"{number} {'W' * 190}") for number in range(8)]
    decision = decision_record(
        actor=actor_of(people.architect), item=item, option=options[0], reason="First."
    )
    _reader, text = read(as_user(people.viewer).get(_record(decision)))
    assert "Nothing was recommended." in text
    assert "not valued" in text


def _record(decision: Decision) -> str:
    return f"/items/{decision.item.key}/decisions/{decision.pk}/record.pdf"


def test_strangers_get_no_document(people: People) -> None:
    decision = decided(people)
    assert signed_in(people.outsider).get(address(decision)).status_code == 404
    assert as_user(people.outsider).get(_record(decision)).status_code == 404
    other = make_item(people.system)
    wrong = f"/planning/{other.key}/decisions/{decision.pk}.pdf"
    assert signed_in(people.viewer).get(wrong).status_code == 404


def test_the_document_says_which_characters_it_lacks(people: People) -> None:
    """By number and name, once each; what the typefaces have is not among them."""
    decision = decided(
        people, reason="Ärger, Ελλάδα, Привет: 漢字漢 ✅", title="Wo liegen Rechnungen 字?"
    )
    _reader, text = read(signed_in(people.viewer).get(address(decision)))
    note = " ".join(text[text.index("Characters that this document") :].split())
    assert "U+5B57 cjk unified ideograph-5b57, U+6F22" in note  # in the order of the text
    assert "U+2705 white heavy check mark" in note
    assert note.count("U+6F22") == 1
    assert "U+03B1" not in note
    _reader, plain = read(signed_in(people.viewer).get(address(decided(people, title="Zwei"))))
    assert "Characters that" not in plain
