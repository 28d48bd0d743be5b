"""Writing and reading a risk statement through the pages."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.actors import portal_actor
from apps.common.ui.money import amount_told
from apps.evidence.services.links import link_create
from apps.planning.models import PlanningItem
from apps.risks.models import RiskStatement
from apps.risks.services.statements import statement_edit, statement_publish
from tests.api.conftest import as_user, problem_fields
from tests.conftest import People
from tests.factories import (
    make_finding,
    make_guidance,
    make_item,
    make_option,
    make_statement,
    statement_text,
)

TESTS = portal_actor("tests")
TYPED = {
    "condition": "keep uploads in a public bucket",
    "consequence": "strangers read documents of customers",
    "frequency_low": "once in 10 years",
    "frequency_high": "3 per year",
    "magnitude_low": "20k",
    "magnitude_high": "1.5 M",
    "attributes": ["confidentiality", "privacy"],
    "rationale": "Scans find open buckets within days.",
    "cwes": "CWE-200, 732",
}


@pytest.fixture
def item(people: People) -> PlanningItem:
    return make_item(people.system)


def _new(item: PlanningItem, more: str = "") -> str:
    return f"/risks/new/?item={item.pk}{more}"


def test_a_draft_is_written_on_an_option(
    client: Client, people: People, item: PlanningItem
) -> None:
    option = make_option(item, title="Public bucket")
    client.force_login(people.security)
    page = client.get(_new(item, f"&option={option.pk}")).content.decode()
    assert f'<option value="{option.pk}" selected>Public bucket' in page
    response = client.post(_new(item), TYPED | {"option": option.pk})
    statement = RiskStatement.objects.get()
    assert response["Location"] == f"/risks/RS-{statement.pk}/"
    assert (statement.option, statement.state) == (option, "draft")
    assert (statement.frequency_low, statement.frequency_high) == (Decimal("0.1"), Decimal(3))
    assert (statement.magnitude_low, statement.magnitude_high) == (
        Decimal(20_000),
        Decimal(1_500_000),
    )
    assert statement.cwes == [200, 732]
    assert statement.created_by == people.security


def test_save_and_publish_in_one_step(client: Client, people: People, item: PlanningItem) -> None:
    client.force_login(people.security)
    response = client.post(_new(item), TYPED | {"publish": "1"})
    statement = RiskStatement.objects.get()
    assert response["Location"] == f"/planning/PI-{item.pk}/"
    assert statement.state == "published"
    assert statement.option is None  # whatever is chosen


def test_what_guidance_left_to_fill_in_is_not_published(
    client: Client, people: People, item: PlanningItem
) -> None:
    client.force_login(people.security)
    blank = TYPED | {"condition": "If you join SQL with {input} and ${HOME}, {{ x }} or {input}"}
    refused = client.post(_new(item), blank | {"publish": "1"})
    assert refused.status_code == 422
    assert refused.context["form"].errors == {
        "condition": ["Fill in {input} before it is published."]
    }
    assert not RiskStatement.objects.exists()
    assert client.post(_new(item), blank).status_code == 302  # a draft may wait for it
    statement = RiskStatement.objects.get()
    page = f"/risks/RS-{statement.pk}/"
    assert '<mark class="blank">{input}</mark>' in client.get(page).content.decode()
    refused = client.post(f"{page}publish/")
    assert refused.status_code == 422
    assert "Fill in {input} before it is published." in refused.content.decode()
    assert f'href="{page}edit/#id_condition"' in refused.content.decode()
    api = as_user(people.security)
    assert problem_fields(api.post(f"/statements/RS-{statement.pk}/publish", {})) == {"condition"}
    statement.refresh_from_db()
    assert statement.state == "draft"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"condition": "  "}, "condition"),
        ({"frequency_low": "now and then"}, "frequency_low"),
        ({"frequency_high": "once in 20 years"}, "frequency_high"),  # below the low end
        ({"magnitude_low": "2 M"}, "magnitude_high"),
        ({"magnitude_high": "USD 5 M"}, "magnitude_high"),
        ({"cwes": "injection"}, "cwes"),
        ({"option": "999999"}, "option"),
        ({"attributes": ["fame"]}, "attributes"),
    ],
)
def test_a_refused_statement_keeps_what_was_typed(
    client: Client,
    people: People,
    item: PlanningItem,
    changes: dict[str, str],
    field: str,
) -> None:
    client.force_login(people.security)
    response = client.post(_new(item), TYPED | changes)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    page = response.content.decode()
    assert "Scans find open buckets within days." in page
    assert "strangers read documents of customers" in page
    assert not RiskStatement.objects.exists()


def test_the_preview_says_what_saving_would_say(
    client: Client, people: People, item: PlanningItem
) -> None:
    client.force_login(people.security)
    preview = client.post("/risks/preview/", TYPED).context["preview"]
    client.post(_new(item), TYPED)
    saved = RiskStatement.objects.get().valuation
    assert preview.expected == saved.expected_annual_loss
    assert preview.probability == pytest.approx(saved.probability_of_loss)


def test_an_incomplete_preview_asks_for_the_rest_and_stores_nothing(
    client: Client, people: People, item: PlanningItem
) -> None:
    client.force_login(people.security)
    page = client.post("/risks/preview/", {"frequency_low": "monthly"}).content.decode()
    assert "Fill in both ranges" in page
    assert client.get("/risks/preview/").status_code == 405
    client.force_login(people.viewer)
    assert client.post("/risks/preview/", TYPED).status_code == 403


def test_a_preview_says_what_cannot_be_read(client: Client, people: People) -> None:
    client.force_login(people.security)
    page = client.post("/risks/preview/", TYPED | {"magnitude_high": "much"})
    assert [words for _label, words in page.context["problems"]] != []
    assert "Fill in both ranges" not in page.content.decode()
    turned = TYPED | {"magnitude_low": "5 M", "magnitude_high": "20k"}
    assert client.post("/risks/preview/", turned).context["problems"] != []


def test_without_script_a_button_shows_the_value(
    client: Client, people: People, item: PlanningItem
) -> None:
    client.force_login(people.security)
    response = client.post(_new(item), TYPED | {"preview": "1"})
    assert response.status_code == 200
    assert response.context["preview"].expected > 0
    assert "keep uploads in a public bucket" in response.content.decode()
    assert not RiskStatement.objects.exists()


def test_guidance_fills_the_form_and_is_remembered(
    client: Client, people: People, item: PlanningItem
) -> None:
    guidance = make_guidance(
        published=True,
        title="Signed addresses",
        condition="hand out addresses that never end",
        consequence="whoever finds one reads on",
        frequency_low=Decimal("0.5"),
        frequency_high=Decimal(2),
        magnitude_low=Decimal(1000),
        magnitude_high=Decimal(20_000),
        rationale="Seen twice.",
        cwes=[639],
    )
    client.force_login(people.security)
    chosen = client.get(f"/risks/new/?guidance={guidance.key}")
    assert f"?item={item.pk}&amp;guidance={guidance.key}" in chosen.content.decode()
    form = client.get(_new(item, f"&guidance={guidance.key}"))
    page = form.content.decode()
    for words in ("hand out addresses that never end", "Seen twice.", 'value="20,000"', "639"):
        assert words in page
    assert form.context["preview"].expected > 0
    client.post(_new(item, f"&guidance={guidance.key}"), TYPED)
    assert RiskStatement.objects.get().origin == guidance.current


def test_an_item_is_found_for_a_new_statement(
    client: Client, people: People, item: PlanningItem
) -> None:
    hidden = make_item(people.other_system, title="Pay salaries")
    client.force_login(people.security)
    page = client.get("/risks/new/").content.decode()
    assert f"?item={item.pk}" in page
    assert f"?item={hidden.pk}" not in page
    for nothing in ("no+such+words", "%00"):
        assert client.get(f"/risks/new/?q={nothing}").status_code == 200
    client.force_login(people.viewer)
    assert client.get("/risks/new/").status_code == 403


@pytest.mark.parametrize(
    "address",
    [
        "/planning/PI-99999999999999999999/",
        "/planning/PI-0/",
        "/risks/RS-99999999999999999999/",
        "/planning/options/99999999999999999999/edit/",
        "/risks/new/?item=999999999999999999",
    ],
)
def test_what_is_not_there_is_missing(client: Client, people: People, address: str) -> None:
    client.force_login(people.chief)
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "more", ["&guidance=G-999999", "&guidance=%00", "&guidance=G-", "&option=x", "&item=PI-abc"]
)
def test_nonsense_in_the_address_is_no_server_error(
    client: Client, people: People, item: PlanningItem, more: str
) -> None:
    client.force_login(people.security)
    assert client.get(_new(item, more)).status_code in {200, 404}


@pytest.mark.parametrize(
    ("who", "status"), [("viewer", 403), ("architect", 403), ("outsider", 404), ("nobody", 404)]
)
def test_who_may_not_write(
    client: Client, people: People, item: PlanningItem, who: str, status: int
) -> None:
    statement = make_statement(item, published=True)
    client.force_login(getattr(people, who))
    key = f"/risks/RS-{statement.pk}/"
    assert client.get(_new(item)).status_code == status
    assert client.post(_new(item), TYPED).status_code == status
    assert client.get(f"{key}edit/").status_code == status
    assert client.post(f"{key}edit/", TYPED | {"version": 1}).status_code == status
    assert client.post(f"{key}publish/").status_code == status
    assert client.post(f"{key}withdraw/", {"withdraw-reason": "x"}).status_code == status
    assert client.get(key).status_code == (200 if status == 403 else 404)
    assert RiskStatement.objects.count() == 1


def test_an_edit_waits_until_it_is_published(
    client: Client, people: People, item: PlanningItem
) -> None:
    statement = make_statement(item, published=True, condition="the old words")
    client.force_login(people.security)
    key = f"/risks/RS-{statement.pk}/"
    edited = client.post(f"{key}edit/", TYPED | {"version": "1"})
    assert edited["Location"] == key
    page = client.get(key)
    assert page.context["shown"].condition == "the old words"
    assert "newer changes are not published" in page.content.decode()
    assert "keep uploads in a public bucket" in page.content.decode()  # in the comparison
    client.force_login(people.viewer)
    assert "newer changes are not published" not in client.get(key).content.decode()
    client.force_login(people.security)
    client.post(f"{key}publish/", {"publish-note": "Read the access log"})
    page = client.get(key)
    before, after = (
        f"EUR {amount_told(each.valuation.expected_annual_loss)}"
        for each in statement.revisions.order_by("number")
    )
    assert before != after
    said = page.content.decode()
    assert f"Expected loss a year: {before} before, {after} now." in said
    assert f'<a href="/planning/{item.key}/">On to {item.key}, {item.title}</a>' in said
    assert page.context["shown"].condition == "keep uploads in a public bucket"
    assert "Read the access log" in page.content.decode()
    assert [each.revision.number for each in page.context["revisions"]] == [2, 1]
    assert any(line.kind == "removed" for line in page.context["revisions"][0].changes)


def test_publishing_twice_says_so(client: Client, people: People, item: PlanningItem) -> None:
    statement = make_statement(item, published=True)
    client.force_login(people.security)
    page = client.post(f"/risks/RS-{statement.pk}/publish/", follow=True).content.decode()
    assert "nothing has changed since" in page
    assert statement.revisions.count() == 1


def test_an_edit_conflict_keeps_both_texts(
    client: Client, people: People, item: PlanningItem
) -> None:
    statement = make_statement(item)
    content = statement_text(condition="saved first by somebody else")
    statement_edit(actor=TESTS, statement=statement, version=1, content=content)
    client.force_login(people.security)
    response = client.post(f"/risks/RS-{statement.pk}/edit/", TYPED | {"version": "1"})
    page = response.content.decode()
    statement.refresh_from_db()
    assert response.status_code == 409
    assert statement.condition == "saved first by somebody else"
    assert "saved first by somebody else" in page
    assert "keep uploads in a public bucket" in page
    assert 'name="version" value="2"' in page


def test_withdrawing_needs_a_reason_and_ends_editing(
    client: Client, people: People, item: PlanningItem
) -> None:
    statement = make_statement(item, published=True)
    client.force_login(people.security)
    key = f"/risks/RS-{statement.pk}/"
    refused = client.post(f"{key}withdraw/", {"withdraw-reason": ""})
    assert refused.status_code == 422
    assert (
        client.post(f"{key}withdraw/", {"withdraw-reason": "The bucket is gone"})["Location"] == key
    )
    page = client.get(key).content.decode()
    assert "It no longer counts in any value" in page
    assert f"{key}edit/" not in page


def test_the_page_says_value_reasons_and_evidence(
    client: Client, people: People, item: PlanningItem
) -> None:
    statement = make_statement(
        item,
        published=True,
        condition="keep it open",
        rationale="Two incidents in ten years.",
        frequency_low=Decimal("0.1"),
        frequency_high=Decimal(3),
        cwes=[89],
    )
    finding = make_finding(people.system, title="Query built from input")
    link_create(actor=TESTS, statement=statement, finding=finding)
    client.force_login(people.viewer)
    page = client.get(f"/risks/RS-{statement.pk}/").content.decode()
    for words in (
        "keep it open",
        "Two incidents in ten years.",
        "once in 10 years",
        "3 per year",
        "Query built from input",
        "linked by hand",
        "simulated years",
    ):
        assert words in page
    assert "dismiss" not in page


def test_the_number_of_queries_does_not_grow(
    client: Client, people: People, item: PlanningItem
) -> None:
    statement = make_statement(item, published=True)
    client.force_login(people.security)

    def fill(number: int) -> None:
        for _ in range(number):
            link_create(actor=TESTS, statement=statement, finding=make_finding(people.system))
            statement.refresh_from_db()
            content = statement_text(condition=f"version {statement.version}")
            statement_edit(
                actor=TESTS, statement=statement, version=statement.version, content=content
            )
            statement_publish(actor=TESTS, statement=statement)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/risks/RS-{statement.pk}/").status_code == 200
        return len(captured)

    fill(1)
    few = queries()
    fill(5)
    assert queries() == few


def test_the_numbers_are_changed_on_the_page(client: Client, people: People) -> None:
    statement = make_statement(make_item(people.system), published=True, rationale="Once so.")
    client.force_login(people.security)
    address = f"/risks/RS-{statement.pk}/assumptions/"
    typed = {
        "version": statement.version,
        "kind": "ranges",
        "frequency_low": "once in 20 years",
        "frequency_high": "0.5",
        "magnitude_low": "10k",
        "magnitude_high": "500k",
        "rationale": "Three quiet years.",
    }
    refused = client.post(address, typed | {"frequency_high": "once in 100 years"})
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "must not be below the low end" in page
    assert 'value="once in 100 years"' in page
    before = statement.valuation.expected_annual_loss
    answer = client.post(address, typed | {"publish": "1"})
    assert answer["Location"] == f"/risks/RS-{statement.pk}/"
    statement.refresh_from_db()
    assert statement.published is not None
    assert statement.published.number == 2
    # Both ends of the frequency are half of what they were, so the expected loss is half, too.
    assert abs(statement.published.valuation.expected_annual_loss * 2 - before) < 1
    assert (statement.rationale, statement.cwes) == ("Three quiet years.", statement.cwes)
    late = client.post(address, typed | {"frequency_low": "0.2"})
    assert late.status_code == 409
    assert "Somebody else changed this" in late.content.decode()
    assert 'value="0.2"' in late.content.decode()


def test_what_is_typed_is_drawn_beside_what_readers_see(client: Client, people: People) -> None:
    statement = make_statement(make_item(people.system), published=True)
    client.force_login(people.security)
    typed = {"kind": "ranges", "frequency_low": "1", "frequency_high": "2"}
    address = f"/risks/preview/?statement=RS-{statement.pk}&beside=1"
    half = client.post(address, typed).content.decode()
    assert "As it is now" not in half
    whole = client.post(address, typed | {"magnitude_low": "1k", "magnitude_high": "2k"})
    assert "As it is now" in whole.content.decode()
    assert "With these numbers" in whole.content.decode()
    client.force_login(people.viewer)
    assert client.post(f"/risks/RS-{statement.pk}/assumptions/", typed).status_code == 403
