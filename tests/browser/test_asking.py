"""A question from any page, by keyboard alone: about what the page shows, and the page stays."""

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.planning.models import Question
from tests.browser.conftest import Visits
from tests.browser.watching import barriers
from tests.factories import make_finding, make_guidance, make_system, make_user


@pytest.fixture
def person(beside_playwright: None, transactional_db: None) -> User:
    return make_user("Archie Asker", role=Role.VIEWER)


@pytest.fixture
def page(person: User, live_visit: Visits) -> Page:
    return live_visit.signed_in(person.email)


def test_a_question_about_a_finding_in_one_step(page: Page) -> None:
    make_guidance(published=True, title="Tickets that expire", summary="Signed links for tickets.")
    finding = make_finding(make_system("payments", "Payments"))
    page.goto(f"/findings/{finding.pk}/")
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog", name="Ask a question")
    area = dialog.get_by_label("Your question")
    expect(area).to_be_focused()
    expect(dialog.get_by_text("The people of Payments read it.")).to_be_visible()
    assert barriers(page) == []
    page.keyboard.type("Do tickets expire?")
    expect(dialog.get_by_role("link", name="Tickets that expire")).to_be_visible()
    # What was typed is kept: the dialog is closed, another page is opened, and the question goes on there.
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.goto("/planning/")
    page.keyboard.press("a")
    expect(area).to_have_value("Do tickets expire?")
    expect(dialog.get_by_label("Who should read it")).to_be_visible()
    page.goto(f"/findings/{finding.pk}/")
    page.keyboard.press("a")
    expect(area).to_have_value("Do tickets expire?")
    dialog.get_by_role("button", name="Ask", exact=True).press("Enter")
    expect(dialog).to_be_hidden()
    question = Question.objects.get()
    assert question.about == f"F-{finding.pk}"
    said = page.get_by_role("status").get_by_role("link", name="See the question")
    expect(said).to_have_attribute("href", f"/questions/{question.pk}/")
    assert page.url.endswith(f"/findings/{finding.pk}/")
    assert barriers(page) == []
    page.keyboard.press("a")
    expect(area).to_have_value("")


def test_the_chip_is_taken_off_and_a_refusal_keeps_the_words(
    page: Page, live_visit: Visits
) -> None:
    live_visit.expect(422)  # a question without a word
    make_system("payments", "Payments")
    page.goto("/systems/payments/")
    page.keyboard.press("Control+k")
    page.keyboard.type("ask payments")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Ask a question")
    area = dialog.get_by_label("Your question")
    expect(area).to_be_focused()
    dialog.get_by_role("button", name="Ask", exact=True).press("Enter")
    expect(dialog.get_by_text("This field is required.").first).to_be_visible()
    area.fill("Where is the style guide?")
    dialog.get_by_role("button", name="Not about Payments").press("Enter")
    expect(dialog.get_by_label("Who should read it")).to_be_visible()
    expect(area).to_have_value("Where is the style guide?")
    dialog.get_by_role("button", name="Ask", exact=True).press("Enter")
    expect(dialog).to_be_hidden()
    assert Question.objects.get().access_system_id is None
