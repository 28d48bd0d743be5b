"""Reading, finding and asking work without JavaScript."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visits
from tests.browser.watching import screenshot

ARCHITECT = "maren.halvorsen@example.org"


@pytest.mark.parametrize("width", [1440, 360])
def test_an_architect_finds_an_item_and_asks(visit: Visits, width: int) -> None:
    page = visit.signed_in(
        ARCHITECT, java_script_enabled=False, viewport={"width": width, "height": 800}
    )
    if width == 360:
        page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Planning").first.click()
    page.get_by_label("Text").fill("ticket PDFs")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("link", name="Where do ticket PDFs live").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Where do ticket PDFs live")
    expect(page.get_by_role("heading", name="Options side by side")).to_be_visible()
    question = f"Who may change the settings of the bucket? (asked at {width} px)"
    page.get_by_label("Your question").fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text(question)).to_be_visible()
    screenshot(page, f"without-script-{width}")
