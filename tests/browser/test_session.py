"""What was typed outlives the session that it was typed in; Back and Reload lead where one was."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.planning.models import Question
from tests.browser.conftest import Visits
from tests.browser.watching import barriers, sign_in
from tests.factories import make_finding, make_item, make_system, make_user
from tests.factories.people import PASSWORD


@pytest.fixture
def person(beside_playwright: None, transactional_db: None) -> User:
    return make_user("Sue Signed", role=Role.SECURITY)


def signs_in(page: Page, person: User) -> None:
    sign_in(page, person.email, PASSWORD)


def signs_out(page: Page) -> None:
    page.goto("/")
    page.locator("form[action='/sign-out/'] button").evaluate("each => each.click()")
    page.wait_for_url("**/sign-in/")


@pytest.fixture
def page(person: User, live_visit: Visits) -> Page:
    return live_visit.signed_in(person.email)


def test_what_was_typed_outlives_the_session(page: Page, person: User, live_visit: Visits) -> None:
    live_visit.expect(401, 403)
    item = make_item(make_system("payments", "Payments"), title="Where do tickets live?")
    page.goto(f"/planning/{item.key}/#ask")
    page.get_by_label("Your question").fill("Who reads them?")
    other = page.context.new_page()
    signs_out(other)
    page.bring_to_front()
    with page.expect_response("**/planning/guidance/"):  # of a part that looks for guidance
        page.get_by_label("Your question").press_sequentially(" And when?")
    said = page.get_by_role("dialog", name="Nothing was sent, nothing is lost")
    expect(said).to_be_hidden()  # who is typing keeps the keyboard
    ask = page.get_by_role("button", name="Ask", exact=True)
    ask.press("Enter")
    expect(said).to_contain_text("You are signed out.")
    assert barriers(page) == []
    stranger = make_user("Olu Other", role=Role.SECURITY)
    signs_in(other, stranger)
    page.bring_to_front()
    said.get_by_role("button", name="Send it now").press("Enter")
    expect(said).to_contain_text("Somebody else has signed in")
    signs_out(other)
    signs_in(other, person)
    page.bring_to_front()
    assert not Question.objects.exists()
    said.get_by_role("button", name="Send it now").press("Enter")
    page.wait_for_url(re.compile("#question-"))
    assert [(each.body, each.asked_by) for each in Question.objects.all()] == [
        ("Who reads them? And when?", person)
    ]
    page.reload()  # shows it again, and sends nothing again
    expect(page.get_by_text("Who reads them? And when?")).to_be_visible()
    assert Question.objects.count() == 1
    page.context.set_offline(True)
    page.locator("#questions summary", has_text="Ask a question").click()
    page.get_by_label("Your question").fill("And who writes them?")
    ask.press("Enter")
    expect(said).to_contain_text("cannot be reached")
    page.context.set_offline(False)
    said.get_by_role("button", name="Send it now").press("Enter")
    expect(page.get_by_text("And who writes them?")).to_be_visible()


def test_back_leads_to_the_list_as_it_was(page: Page, live_server: LiveServer) -> None:
    system = make_system("payments", "Payments")
    for title in ("Hidden weakness", "Open weakness"):
        make_finding(system, title=title)
    page.set_viewport_size({"width": 1100, "height": 800})  # no room for a panel beside the list
    page.goto("/findings/")
    page.get_by_role("searchbox", name="Text").fill("open weak")
    page.wait_for_url(re.compile(r"/findings/\?.*q=open"))
    expect(page.get_by_text("Hidden weakness")).to_have_count(0)
    page.get_by_role("link", name="Open weakness").click()
    page.wait_for_url(re.compile(r"/findings/\d+/|/findings/F"))
    page.go_back()
    expect(page.get_by_role("searchbox", name="Text")).to_have_value("open weak")
    expect(page.get_by_text("Hidden weakness")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("Hidden weakness")).to_have_count(0)
    page.go_back()  # typing into a filter makes no steps to go back through
    assert page.url == f"{live_server.url}/"
