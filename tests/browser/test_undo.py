"""Nobody is asked whether they are sure: what was taken away comes back by one key."""

import re

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.planning.models import Option
from apps.removals.models import Removal
from tests.browser.conftest import Visits
from tests.browser.watching import barriers
from tests.factories import make_item, make_option, make_system, make_user


@pytest.fixture
def person(beside_playwright: None, transactional_db: None) -> User:
    return make_user("Ari Architect", role=Role.ARCHITECT)


@pytest.fixture
def page(person: User, live_visit: Visits) -> Page:
    return live_visit.signed_in(person.email)


def test_an_option_is_back_by_a_key(page: Page) -> None:
    item = make_item(make_system("payments", "Payments"), title="Where do tickets live?")
    make_option(item)
    option = make_option(item, title="Signed links")
    page.goto(f"/planning/options/{option.pk}/edit/")
    page.get_by_role("button", name="Take this option away").press("Enter")
    said = page.locator("#messages")
    expect(said).to_contain_text('"Signed links" is gone.')
    assert not Option.objects.filter(pk=option.pk).exists()
    assert barriers(page) == []
    said.get_by_role("button", name="Undo").press("Enter")
    expect(said).to_contain_text("Undone: “Signed links” is back as it was.")
    expect(page).to_have_url(re.compile(rf"/planning/{item.key}/$"))
    assert Option.objects.get(pk=option.pk).title == "Signed links"


def test_it_stands_among_what_was_removed_and_is_forgotten_there(page: Page) -> None:
    item = make_item(make_system("payments", "Payments"))
    make_option(item)
    option = make_option(item, title="Signed links")
    page.goto(f"/planning/options/{option.pk}/edit/")
    page.get_by_role("button", name="Take this option away").press("Enter")
    expect(page.locator("#messages")).to_contain_text("is gone.")
    page.keyboard.press("Control+k")
    page.keyboard.type("trash")
    expect(page.get_by_role("option", name="Recently removed")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings/removed/")
    expect(page.get_by_text("Signed links")).to_be_visible()
    assert barriers(page) == []
    page.get_by_role("button", name="Forget now, for good: Signed links").press("Enter")
    expect(page.locator("#messages")).to_contain_text("is gone for good")
    assert not Removal.objects.exists()


def test_a_setting_is_found_while_its_name_is_typed(page: Page) -> None:
    page.goto("/settings/")
    assert barriers(page) == []
    page.get_by_role("searchbox", name="Find a setting").press_sequentially("digest")
    expect(page.locator(".setting")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?q=digest"))
    page.get_by_role("link", name="How to be told").press("Enter")
    page.wait_for_url("**/settings/notices/")
