"""A field for Markdown in a real browser, by keyboard: it calls people, and shows how its text will look."""

import re

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.planning.models import Question
from tests.browser.conftest import Visits
from tests.browser.watching import barriers
from tests.factories import make_item, make_system, make_user


@pytest.fixture
def person(beside_playwright: None, transactional_db: None) -> User:
    return make_user("Wyn Writer", role=Role.SECURITY)


@pytest.fixture
def page(person: User, live_visit: Visits) -> Page:
    return live_visit.signed_in(person.email)


def test_people_are_called_and_a_text_is_looked_at(page: Page) -> None:
    item = make_item(make_system("payments", "Payments"), title="Where do tickets live?")
    make_user("Abe Olu", role=Role.ARCHITECT)
    ada = make_user("Ada Olu", role=Role.ARCHITECT)
    name = ada.email.partition("@")[0]
    page.goto(f"/planning/{item.key}/#ask")
    area = page.get_by_label("Your question")
    area.focus()
    page.keyboard.type("Is **PI-1** yours, @olu")
    people = page.get_by_role("listbox", name="People")
    expect(people.get_by_role("option")).to_have_count(2)
    assert barriers(page) == []
    page.keyboard.press("ArrowDown")
    expect(people.get_by_role("option", name="Ada Olu")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(area).to_have_value(f"Is **PI-1** yours, @{name} ")
    expect(people).to_have_count(0)
    page.keyboard.type("or @o")
    expect(people).to_be_visible()
    page.keyboard.press("Escape")
    expect(people).to_have_count(0)
    expect(area).to_be_focused()
    preview = page.locator("#ask").get_by_role("button", name="Preview")
    preview.press("Enter")
    shown = page.locator("#ask").get_by_role("region", name="Preview")
    expect(shown.get_by_role("link", name="PI-1")).to_have_attribute("href", "/planning/PI-1/")
    expect(area).to_be_hidden()
    assert barriers(page) == []
    preview.press("Enter")
    expect(area).to_be_focused()
    page.get_by_role("button", name="Ask", exact=True).press("Enter")
    page.wait_for_url(re.compile("#question-"))
    expect(page.locator(".mention")).to_have_text(f"@{name}")
    assert Question.objects.get().names == [name]
