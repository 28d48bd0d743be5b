"""What stands on paper: documents and lists as they are printed, from a dark screen too."""

import io
import math
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.conftest import NewContext, Visits
from tests.browser.portal import PASSWORD, Portal
from tests.browser.test_pages import OPENS, PEOPLE
from tests.browser.watching import barriers, cut_tables, screenshot, sideways

# A4 less the margins of the print stylesheet, 16 and 18 mm a side, in CSS pixels (96 an inch).
PAPER = {
    "width": math.floor((210 - 2 * 16) / 25.4 * 96),
    "height": math.floor((297 - 2 * 18) / 25.4 * 96),
}
DOCUMENTS = ("item", "decided-item", "risk", "article", "portfolio", "system", "report", "finding")
LISTS = ("home", "planning", "board", "findings", "incidents")
PRESSED = "button, .button, textarea, select, input:not([type=hidden]), .rail, .topbar, .tabs, .pagination"
# Paint that ink cannot put on white paper: letters that are nearly as light as the sheet.
PALE = """
() => {
  const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const light = (colour) => {
    brush.fillStyle = colour;
    brush.fillRect(0, 0, 1, 1);
    const [red, green, blue] = brush.getImageData(0, 0, 1, 1).data;
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
  };
  const pale = [...document.querySelectorAll("main :is(h1, h2, p, td, th, li, dd)")].filter(
    (each) => each.checkVisibility() && each.innerText.trim() && light(getComputedStyle(each).color) > 0.6);
  const sheet = light(getComputedStyle(document.body).backgroundColor);
  return [Math.round(100 * sheet), pale.map((each) => each.innerText.slice(0, 40))];
}"""


@pytest.fixture(scope="module")
def visits(new_context: NewContext, portal: Portal) -> Iterator[Visits]:
    visits = Visits(new_context, portal.url, PASSWORD)
    yield visits
    visits.check()


@pytest.fixture(scope="module")
def page(visits: Visits) -> Page:
    return visits.signed_in(PEOPLE["security"], color_scheme="dark")


def printed(page: Page, name: str) -> None:
    """Open a page as a person would, and look at it as the printer does."""
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 1440, "height": 900})
    OPENS[name](page)
    page.set_viewport_size({"width": PAPER["width"], "height": PAPER["height"]})
    page.emulate_media(media="print")


@pytest.mark.parametrize("name", [*DOCUMENTS, *LISTS])
def test_a_page_on_paper(page: Page, visits: Visits, name: str) -> None:
    printed(page, name)
    expect(page.locator(PRESSED).filter(visible=True)).to_have_count(0)
    sheet, pale = page.evaluate(PALE)
    assert (sheet, pale) == (100, [])
    assert (sideways(page), cut_tables(page)) == (0, [])
    if name in {
        "item",
        "risk",
    }:  # axe takes most of the time; the others are made of the same parts
        assert barriers(page) == []
    screenshot(page, f"security-{name}-print")
    high = page.evaluate("document.querySelector('main').offsetHeight")
    sheets = PdfReader(io.BytesIO(page.pdf(format="A4"))).pages
    # What may not be torn apart leaves some room at the foot of a sheet, never half of them.
    assert len(sheets) <= math.ceil(high / PAPER["height"] * 1.5)
    assert all(each.extract_text().strip() for each in sheets)
    visits.check()


def test_what_is_folded_or_linked_is_said_on_paper(page: Page) -> None:
    printed(page, "item")
    expect(page.get_by_role("table", name="How likely a year costs more")).to_be_visible()
    tracker = page.locator(".item-facts a[href^='http']")
    told = tracker.evaluate("each => getComputedStyle(each, '::after').content")
    assert (tracker.get_attribute("href") or "nowhere") in told
    printed(page, "portfolio")  # the days of a curve would fill four sheets
    expect(page.get_by_role("table", name="Expected loss a year, as it was")).to_be_hidden()
