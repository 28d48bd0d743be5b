"""The watch itself: a page that misbehaves must fail the test that opened it."""

import re

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visits
from tests.browser.watching import barriers, cut_tables, long_lines, sideways


@pytest.fixture
def page(visit: Visits) -> Page:
    page = visit.page()
    page.goto("/sign-in/")
    visit.check()
    return page


@pytest.mark.parametrize(
    ("misdeed", "complaint"),
    [
        ("console.error('it broke')", "console error: it broke"),
        ("setTimeout(() => { throw new Error('it threw') })", "script: .*it threw"),
        (
            "document.body.append(Object.assign(document.createElement('script'), {text: '1'}))",
            "CSP",
        ),
        ("document.body.setAttribute('style', 'color: red')", "CSP"),
        ("new Image().src = 'http://127.0.0.2:9/x.png'", "request to another host"),
        ("fetch('/not-there')", "404 for "),
    ],
)
def test_misdeeds_are_heard(visit: Visits, page: Page, misdeed: str, complaint: str) -> None:
    page.evaluate(f"() => {{ {misdeed} }}")
    page.wait_for_timeout(300)
    heard = " | ".join(visit.complaints)
    assert re.search(complaint, heard)
    with pytest.raises(AssertionError):
        visit.check()


def test_what_sticks_out_and_what_has_no_name_is_seen(page: Page) -> None:
    assert barriers(page) == []
    assert sideways(page) == 0
    page.evaluate("document.body.append(document.createElement('button'))")
    assert any(words.startswith("button-name") for words in barriers(page))
    page.evaluate("document.querySelector('main').style.width = '3000px'")
    assert sideways(page) > 500


def test_lines_that_are_too_long_and_tables_that_are_cut_are_seen(page: Page) -> None:
    assert (long_lines(page), cut_tables(page)) == ([], [])
    page.set_viewport_size({"width": 2560, "height": 900})
    page.evaluate(
        """() => {
          const wide = document.createElement("p"), table = document.createElement("table");
          wide.textContent = "Nobody finds the way back from here. ".repeat(9);
          wide.style.cssText = "inline-size: 110ch; max-inline-size: none";
          table.className = "table";
          table.append(table.createCaption(), table.insertRow());
          table.caption.textContent = "Cut";
          table.style.inlineSize = "1000px";
          document.querySelector("main").append(wide, table);
        }"""
    )
    assert [each.split(": ")[1][:6] for each in long_lines(page)] == ["Nobody"]
    assert [each.split(": ")[1] for each in cut_tables(page)] == ["Cut"]
