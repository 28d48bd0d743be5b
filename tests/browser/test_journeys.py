"""What the people come for who neither plan nor advise: by pointer on a telephone, and by keyboard alone.

Architects and security engineers are walked with in test_main_job.py and test_keyboard.py.
"""

import re
import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visits
from tests.browser.hands import LOOKS, Hand
from tests.browser.portal import Portal
from tests.browser.test_main_job import BEFORE, posted, processed, readme_curl
from tests.browser.watching import barriers, screenshot

LEAD, OPERATOR = "leila.haddad@example.org", "yuki.tanaka@example.org"
PIPELINES, GUEST = "yuki.tanaka@example.org", "jonas.weber@example.org"


def open_rail(page: Page, hand: Hand) -> None:
    """It stands beside the page, but for a telephone, where a button shows it."""
    button = page.get_by_role("button", name="Menu")
    if button.is_visible():
        hand.press(button)


def by_menu(page: Page, hand: Hand, name: str) -> None:
    """Open a page of the menu behind one's own name."""
    open_rail(page, hand)
    hand.press(page.locator("[popovertarget=user-menu]"))
    hand.press(page.locator("#user-menu").get_by_role("link", name=name))
    expect(page.locator("#user-menu")).to_be_hidden()


def by_rail(page: Page, hand: Hand, name: str) -> None:
    open_rail(page, hand)
    hand.press(
        page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True)
    )
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


@pytest.mark.parametrize("way", LOOKS)
def test_a_team_lead_reads_what_is_at_stake(visit: Visits, way: type[Hand]) -> None:
    """Risk in money by system, who accepted what until when, and the assumptions one step away."""
    page = visit.signed_in(LEAD, **LOOKS[way])
    hand = way(page)
    by_rail(page, hand, "Portfolio")
    whole = page.locator(".stat-value").first
    expect(whole).to_contain_text("EUR")
    everything = whole.inner_text()
    hand.choose("System", "Payments")
    page.wait_for_url(re.compile("system=payments"))
    expect(whole).not_to_have_text(everything)
    hand.press(page.get_by_text("The numbers as a table").first)
    expect(
        page.get_by_role("table", name="How likely a year costs more than an amount")
    ).to_be_visible()
    screenshot(page, f"journey-lead-portfolio-{way.__name__}")
    due = page.get_by_role("link", name="Rights of the settlement job").last
    hand.press(due)
    decision = page.get_by_role("region", name="The decision")
    expect(decision).to_contain_text("Tomasz Zieliński")
    expect(decision).to_contain_text(re.compile(r"valid until\s+\d+ \w+ \d{4}\s+\(in \d+ days\)"))
    hand.press(decision.get_by_role("link", name=re.compile(r"^RS-\d+$")).first)
    expect(page.get_by_role("heading", name="What it stands on")).to_be_visible()
    hand.press(page.get_by_role("link", name="What it stands on", exact=True))
    expect(page.get_by_role("heading", name="What it stands on")).to_be_in_viewport()
    by_rail(page, hand, "Portfolio")
    hand.press(page.get_by_text("Take the register"))
    with page.expect_download() as register:
        hand.press(page.get_by_role("link", name="Table (CSV)"))
    assert "RS-" in Path(register.value.path()).read_text()


@pytest.mark.parametrize("way", LOOKS)
def test_a_ci_engineer_joins_a_pipeline(
    visit: Visits, portal: Portal, tmp_path: Path, way: type[Hand]
) -> None:
    """A token, a report that comes in, one that cannot be read and says why, and the token taken back."""
    page = visit.signed_in(PIPELINES, **LOOKS[way])
    hand = way(page)
    by_rail(page, hand, "Systems")
    hand.press(page.get_by_role("link", name="Crew portal"))
    name = f"pipeline {secrets.token_hex(3)}"
    hand.press(page.locator("#tokens summary").get_by_text("Make a token"))
    hand.write("Name", name)
    hand.press(page.get_by_role("button", name="Make a token"))
    token = page.locator("#token-text").inner_text().strip()
    screenshot(page, f"journey-ci-token-{way.__name__}")

    line = readme_curl("bandit-before").replace("system=booking", "system=crew-portal")
    whole = posted(line, portal.url, token, tmp_path)
    cut = tmp_path / f"{secrets.token_hex(3)}.sarif"
    cut.write_bytes(BEFORE.read_bytes()[:5000])
    broken = posted(
        line.replace("@demo/reports/booking/02-code-bandit-before.sarif", f"@{cut}"),
        portal.url, token, tmp_path,
    )  # fmt: skip
    assert processed(portal.url, token, whole)["state"] == "processed"
    assert processed(portal.url, token, broken)["state"] == "failed"

    by_rail(page, hand, "Reports")
    hand.choose("State", "Failed")
    page.wait_for_url(re.compile("state=failed"))
    hand.press(page.locator(f"a[href='/reports/{broken['uid']}/']"))
    expect(page.get_by_role("alert")).to_contain_text("The JSON ends in the middle of a value.")
    expect(page.get_by_role("alert")).to_contain_text("Where: byte 5000")
    screenshot(page, f"journey-ci-failed-{way.__name__}")
    page.goto("/systems/crew-portal/")
    hand.press(page.get_by_role("button", name=f"Revoke {name}"))
    expect(page.locator("tr", has_text=name)).to_contain_text("Revoked")


@pytest.mark.parametrize("way", LOOKS)
def test_an_operator_lets_somebody_in_and_looks_back(
    visit: Visits, portal: Portal, way: type[Hand]
) -> None:
    """A person with a role and a link for a password; the trail tells of it; then the person is out again."""
    page = visit.signed_in(OPERATOR, **LOOKS[way])
    hand = way(page)
    name = f"Nia {secrets.token_hex(3)}"
    by_menu(page, hand, "People and teams")
    hand.press(page.get_by_role("link", name="Add a person"))
    hand.write("Name", name)
    hand.write("E-mail", f"{name.lower().replace(' ', '.')}@example.org")
    hand.choose("Role in the whole organisation", "Viewer")
    hand.press(page.get_by_role("button", name="Add", exact=True))
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    person = page.url
    hand.press(page.get_by_role("button", name="Show the link"))
    expect(page.locator("#link")).to_contain_text(portal.url)
    screenshot(page, f"journey-operator-link-{way.__name__}")
    assert barriers(page) == []
    page.goto(person)
    hand.press(page.get_by_role("checkbox", name="May sign in"))
    with page.expect_navigation():
        hand.press(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_role("checkbox", name="May sign in")).not_to_be_checked()
    by_menu(page, hand, "People and teams")
    expect(page.locator("tr", has_text=name)).to_contain_text("Switched off")
    by_menu(page, hand, "Audit trail")
    told = page.locator("tr", has_text=name)
    expect(told.first).to_contain_text("Yuki Tanaka")
    screenshot(page, f"journey-operator-audit-{way.__name__}")


@pytest.mark.parametrize("way", LOOKS)
def test_a_guest_reads_one_system(visit: Visits, way: type[Hand]) -> None:
    """From the loop to the item that matters, by search too; nothing to write with, nothing of others."""
    page = visit.signed_in(GUEST, **LOOKS[way])
    hand = way(page)
    hand.press(page.locator(".loop").get_by_role("link", name=re.compile("^Deploy")))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    by_rail(page, hand, "Planning")
    expect(page.get_by_role("link", name="New item")).to_have_count(0)
    expect(page.get_by_role("cell", name="Payments")).to_have_count(0)
    hand.press(page.get_by_role("link", name="How does the crew sign in?"))
    expect(page.get_by_role("heading", name="Options side by side")).to_be_visible()
    expect(page.get_by_role("button", name="Record the decision")).to_have_count(0)
    screenshot(page, f"journey-guest-item-{way.__name__}")
    open_rail(page, hand)
    hand.write("Search everything", "leavers")
    page.keyboard.press("Enter")
    hand.press(page.get_by_role("link", name="Remove accounts of leavers by script").first)
    expect(page.get_by_role("region", name="The decision")).to_contain_text("Priya Raman")
