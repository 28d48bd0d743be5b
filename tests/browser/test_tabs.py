"""Two tabs, Back and Reload: nobody's words are written over or sent twice, and one is where one was."""

import re

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.planning.models import Option, PlanningItem
from tests.browser.conftest import Visits
from tests.browser.watching import barriers, screenshot
from tests.factories import make_finding, make_guidance, make_item, make_system, make_user
from tests.factories.people import PASSWORD


@pytest.fixture
def person(beside_playwright: None, transactional_db: None) -> User:
    return make_user("Tom Tabs", role=Role.SECURITY)


@pytest.fixture
def page(person: User, live_visit: Visits) -> Page:
    return live_visit.signed_in(person.email)


def save(page: Page) -> None:
    page.locator("main").get_by_role("button", name="Save", exact=True).click()


def test_two_tabs_that_edit_the_same_item_meet(page: Page, live_visit: Visits) -> None:
    live_visit.expect(409)
    item = make_item(make_system("payments", "Payments"), title="Where do tickets live?")
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(f"/planning/{item.key}/edit/")
    other.get_by_label("Title").fill("Where do tickets go?")
    other.get_by_role("textbox", name="Question").fill("Read by whom?")
    save(other)
    expect(other.get_by_role("heading", level=1)).to_have_text("Where do tickets go?")
    page.get_by_label("Title").fill("Where are tickets kept?")
    save(page)
    title = page.get_by_role("group", name="Title")
    expect(title).to_contain_text("Where do tickets go?")
    expect(title).to_contain_text("Where are tickets kept?")
    expect(page.get_by_role("alert")).to_contain_text(
        "Question"
    )  # changed there alone, and taken over
    assert barriers(page) == []
    screenshot(page, "tabs-merge")
    title.get_by_role("radio", name=re.compile("^Theirs")).check()
    save(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Where do tickets go?")
    item.refresh_from_db()
    assert (item.title, item.question) == ("Where do tickets go?", "Read by whom?")


def test_a_tab_goes_on_where_it_was_after_the_other_signed_out(page: Page, person: User) -> None:
    make_item(make_system("payments", "Payments"), title="Where do tickets live?")
    other = page.context.new_page()
    other.goto("/planning/?q=tickets")
    page.locator("form[action='/sign-out/'] button").evaluate("each => each.click()")
    page.wait_for_url("**/sign-in/")
    other.reload()
    other.get_by_label("E-mail").fill(person.email)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("link", name="Where do tickets live?")).to_be_visible()
    expect(other.get_by_role("searchbox", name="Text")).to_have_value("tickets")


def test_back_after_saving_sends_nothing_again(page: Page) -> None:
    item = make_item(make_system("payments", "Payments"), title="Where do tickets live?")
    page.goto(f"/planning/{item.key}/")
    page.get_by_role("link", name="Add an option").first.click()
    page.get_by_label("Option", exact=True).fill("Public bucket")
    save(page)
    expect(page.get_by_role("heading", name="Public bucket")).to_be_visible()
    page.reload()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("New option")
    page.go_back()
    # As it is now, and not as it was before the option: what a browser keeps of a page is asked for anew.
    expect(page.get_by_role("heading", level=1)).to_have_text("Where do tickets live?")
    assert Option.objects.count() == 1
    assert PlanningItem.objects.count() == 1


@pytest.mark.parametrize("path", ["/planning/", "/planning/?view=board", "/guidance/"])
def test_lists_are_where_they_were_after_reload_and_back(page: Page, path: str) -> None:
    """What was looked for stands in the address: it can be sent to somebody, reloaded and come back to."""
    system = make_system("payments", "Payments")
    for title in ("Where do tickets live?", "Who signs in?"):
        make_item(system, title=title)
        make_guidance(published=True, title=title)

    def narrowed() -> None:
        expect(page.get_by_role("link", name="Where do tickets live?")).to_be_visible()
        expect(page.get_by_role("link", name="Who signs in?")).to_have_count(0)
        expect(page.get_by_role("searchbox", name="Text")).to_have_value("tickets")

    page.goto(path)
    page.get_by_role("searchbox", name="Text").fill("tickets")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=tickets"))
    narrowed()
    page.reload()
    narrowed()
    page.get_by_role("link", name="Where do tickets live?").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Where do tickets live?")
    page.go_back()
    narrowed()


def test_back_leads_into_the_panel_beside_the_list(page: Page) -> None:
    system = make_system("payments", "Payments")
    for title in ("First weakness", "Second weakness"):
        make_finding(system, title=title)
    page.goto("/findings/?q=second")
    panel = page.get_by_role("region", name="The finding that is open")
    page.get_by_role("link", name="Second weakness").click()
    expect(panel.get_by_role("heading", level=2)).to_have_text("Second weakness")
    panel.get_by_role("link", name="The whole page").click()
    page.wait_for_url(re.compile(r"/findings/\d+/$"))
    page.go_back()
    expect(panel.get_by_role("heading", level=2)).to_have_text("Second weakness")
    expect(page.get_by_role("searchbox", name="Text")).to_have_value("second")
    page.reload()
    expect(panel.get_by_role("heading", level=2)).to_have_text("Second weakness")


def test_back_over_a_refused_form_asks_nobody_to_send_it_again(
    page: Page, live_visit: Visits
) -> None:
    """A refused form is the answer to a POST, which a browser would come back to by asking for it again."""
    live_visit.expect(422)
    item = make_item(make_system("payments", "Payments"), title="Where do tickets live?")
    page.goto(f"/planning/{item.key}/")
    page.get_by_role("link", name="Add an option").first.click()
    save(page)
    expect(page.get_by_label("Option", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Option", exact=True).fill("Public bucket")
    save(page)
    expect(page.get_by_role("heading", name="Public bucket")).to_be_visible()
    for _ in range(2):  # the form that was refused, and the form as it was opened
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_have_text("New option")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Where do tickets live?")
    assert Option.objects.count() == 1
