"""From anywhere to anywhere, and through a list of findings, by keyboard alone."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.scans.models import Finding
from apps.scans.services.counts import counts_refresh
from tests.browser.conftest import Visits
from tests.browser.watching import barriers
from tests.factories import (
    make_finding,
    make_item,
    make_option,
    make_question,
    make_series,
    make_system,
    make_user,
)
from tests.factories.people import PASSWORD


@pytest.fixture
def person(beside_playwright: None, transactional_db: None) -> User:
    return make_user("Kay Board", role=Role.SECURITY)


def go(page: Page, words: str) -> None:
    """By the palette, typed faster than it answers."""
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Go to")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Go to")).to_be_hidden()


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the button of that name has the focus; what has it is always seen to."""
    for _press in range(40):
        page.keyboard.press("Tab")
        focus = page.locator(":focus")
        if focus.count():
            assert focus.evaluate("e => getComputedStyle(e).outlineStyle") != "none"
            if name in focus.inner_text():
                return
    raise AssertionError(f"no way by Tab to {name}")


def tab_to_field(page: Page, name: str) -> None:
    """Press Tab until the field whose name ends like that has the focus."""
    for _press in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name ?? ''").endswith(name):
            return
    raise AssertionError(f"no way by Tab to the field {name}")


@pytest.fixture
def page(person: User, live_server: LiveServer, live_visit: Visits) -> Page:
    page = live_visit.page()
    page.goto("/sign-in/")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(person.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/")
    return page


def test_the_palette(page: Page, live_server: LiveServer) -> None:
    item = make_item(title="Where do tickets live?")
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Go to")
    expect(field).to_be_focused()
    expect(page.get_by_role("option", name="New planning item")).to_be_visible()
    page.keyboard.type("tickets live")
    first = page.get_by_role("option", name="Where do tickets live?")
    expect(first).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", "palette-0")
    page.keyboard.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "false")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/planning/PI-{item.pk}/")
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox", name="Go to")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("ask a question on")
    page.keyboard.press("Enter")  # the page is open already: its form is what is meant
    expect(page.locator("#ask-dialog").get_by_label("Your question")).to_be_focused()
    page.goto("/planning/")
    page.keyboard.press("Control+k")
    recent = page.get_by_role("group", name="Where you were")
    expect(recent.get_by_role("option")).to_have_text(re.compile("Where do tickets live"))
    expect(recent.get_by_role("option")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/planning/PI-{item.pk}/")
    page.context.clear_cookies()
    page.goto("/sign-in/")  # who sits here next learns nothing
    assert page.evaluate("Object.keys(localStorage)") == []


def test_findings_are_triaged_by_keyboard(page: Page, live_server: LiveServer) -> None:
    system = make_system()
    for title in ("First weakness", "Second weakness", "Third weakness"):
        make_finding(system, title=title)
    page.goto("/findings/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    chosen = page.locator("tr:has(:focus)")
    title = chosen.locator(".row-title").inner_text()
    page.keyboard.press("x")
    expect(chosen.locator("input[type=checkbox]")).to_be_checked()
    page.keyboard.press("e")
    expect(page.locator("#triage-form select").first).to_be_focused()
    expect(page.get_by_text("1 finding is ticked")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#triage-form select").first.select_option("false_positive")
    page.locator("#triage-form [name=reason]").fill("Read by hand.")
    page.get_by_role("button", name="See what it changes").press("Enter")
    page.wait_for_url(re.compile("/triage"))
    assert Finding.objects.get(title=title).state == "open"  # it is shown first, and done then
    expect(page.get_by_text(re.compile("1 finding"))).to_be_visible()
    expect(page.get_by_role("button", name="Do it")).to_be_focused()


def test_triage_means_the_row_that_one_is_on_and_all_only_when_that_is_chosen(
    page: Page, live_server: LiveServer
) -> None:
    series = make_series()
    for title in ("First weakness", "Second weakness", "Third weakness"):
        make_finding(series=series, title=title)
    counts_refresh(series.pk)
    page.goto("/findings/")
    status = page.locator("#triage-form [role=status]")
    page.keyboard.press("e")  # nothing is ticked, open or walked to: that is asked first
    expect(page.get_by_label("Only those that I picked")).to_be_focused()
    expect(status).to_contain_text("None is ticked")
    page.get_by_label("All that the filter finds: 3 findings").check()
    expect(status).to_contain_text("All that the filter finds are meant")
    page.reload()
    page.keyboard.press("j")
    page.keyboard.press("j")
    title = page.locator(".row-title:focus").inner_text()
    page.keyboard.press("o")
    expect(page.locator("[data-beside] h2")).to_have_text(title)
    page.keyboard.press("e")  # it is open beside the list, and nothing is ticked
    expect(status).to_have_text(f"Only the finding that you are on is meant: {title}")
    expect(page.locator("#triage-form select").first).to_be_focused()
    page.locator("#triage-form select").first.select_option("false_positive")
    page.locator("#triage-form [name=reason]").fill("Read by hand.")
    with page.expect_navigation():
        page.get_by_role("button", name="See what it changes").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Triage 1 finding")
    page.get_by_role("button", name="Do it").press("Enter")
    page.wait_for_url(re.compile("/findings/triage/.+"))
    assert list(Finding.objects.exclude(state="open").values_list("title", flat=True)) == [title]


def test_choices_are_counted_anew_and_the_focus_stays(page: Page, live_server: LiveServer) -> None:
    for stage, severity in (("code", 3), ("code", 1), ("deploy", 3)):
        series = make_series(stage=stage)
        make_finding(series=series, severity=severity)
        counts_refresh(series.pk)
    page.goto("/findings/")
    high = page.locator("#id_severity option[value='3']")
    expect(high).to_have_text("High (2)")
    stage_choice = page.locator("#id_stage")
    stage_choice.focus()
    page.keyboard.press("C")  # Code (2)
    expect(high).to_have_text("High (1)")
    expect(stage_choice).to_be_focused()
    expect(stage_choice).to_have_value("code")


def test_an_architects_journey(page: Page, live_server: LiveServer) -> None:
    """From an idea to a recorded decision without a pointer; some seconds, as a whole way takes."""
    make_system("payments", "Payments")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    go(page, "new planning item")
    page.wait_for_url("**/planning/new/")
    page.get_by_label("Title").focus()  # where Tab leads from the content's beginning
    page.keyboard.type("Where do tickets live?")
    page.keyboard.press("Tab")
    page.keyboard.type("Pay")  # chooses the system of the list
    tab_to(page, "Save")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/planning/PI-\d+/$"))
    item = page.url
    for title in ("Public bucket", "Signed addresses"):
        go(page, "add an option")
        page.wait_for_url("**/options/new/")
        page.get_by_label("Option", exact=True).focus()
        page.keyboard.type(title)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/planning/PI-\d+/(#.*)?$"))
    go(page, "ask a question on")
    expect(page.locator("#ask-dialog").get_by_label("Your question")).to_be_focused()
    page.keyboard.type("Who reads them?")
    tab_to(page, "Ask")
    page.keyboard.press("Enter")
    expect(page.locator("#ask-dialog")).to_be_hidden()  # asked; the page stays, and says so
    expect(page.locator("#messages")).to_contain_text("Asked")
    go(page, "record a decision")
    expect(page.get_by_label("Public bucket")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Signed addresses")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("They expire.")
    tab_to(page, "Record the decision")
    page.keyboard.press("Enter")
    expect(page.locator("#decision")).to_contain_text("They expire.")
    assert page.url.startswith(item)


def test_a_security_engineers_journey(page: Page, live_server: LiveServer) -> None:
    """A question answered, and the risk of an option valued, without a pointer."""
    item = make_item(make_system("payments", "Payments"), title="Where do tickets live?")
    make_option(item, title="Public bucket")
    make_question(item)
    go(page, "Where do tickets live?")
    page.wait_for_url(f"**/planning/{item.key}/")
    tab_to(page, "Add a risk")
    page.keyboard.press("Enter")
    page.wait_for_url("**/risks/new/**")
    for name, text in {
        "condition": "If the bucket is public",
        "consequence": "then anybody reads every ticket",
        "frequency_low": "once in 10 years",
        "frequency_high": "2",
        "magnitude_low": "20k",
        "magnitude_high": "1.5M",
    }.items():
        tab_to_field(page, name)
        page.keyboard.type(text)
    tab_to(page, "Save and publish")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/(risks/RS|planning/PI)-\d+/"))
    go(page, "Where do tickets live?")
    page.wait_for_url(f"**/planning/{item.key}/")
    tab_to_field(page, "body")  # of the first answer, which is open
    page.keyboard.type("Everybody who has the address.")
    tab_to(page, "Send the answer")
    page.keyboard.press("Enter")
    expect(page.locator("#questions")).to_contain_text("Everybody who has the address.")
    go(page, "portfolio")
    page.wait_for_url("**/portfolio/")
    tab_to(page, "If the bucket is public")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/risks/RS-\d+/"))


def test_a_finding_opens_beside_the_list(page: Page, live_server: LiveServer) -> None:
    system = make_system()
    for title in ("First weakness", "Second weakness"):
        make_finding(system, title=title)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/findings/")
    panel = page.get_by_role("region", name="The finding that is open")
    rows = page.locator("[data-rows] .row-title")
    expect(panel).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", level=2)).to_have_text(rows.nth(0).inner_text())
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")  # the panel follows
    expect(panel.get_by_role("heading", level=2)).to_have_text(rows.nth(1).inner_text())
    assert barriers(page) == []
    second = page.url
    assert re.fullmatch(r".*/findings/#finding-\d+", second)
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", level=2)).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(rows.nth(1)).to_be_focused()
    expect(page).to_have_url(f"{live_server.url}/findings/")
    rows.nth(0).click()
    expect(panel).to_be_visible()
    page.go_back()
    expect(panel).to_be_hidden()
    page.goto("about:blank")
    page.goto(second)  # as it is sent to others
    expect(panel.get_by_role("heading", level=2)).to_have_text(rows.nth(1).inner_text())
    panel.get_by_role("link", name="The whole page").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/findings/")
    rows.nth(0).click()  # there is no room beside: the page opens
    page.wait_for_url(re.compile(r".*/findings/\d+/$"))
