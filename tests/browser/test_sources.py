"""Making a source in the browser: the credential, the form, the diagnosis, the broken one."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Visits
from tests.browser.portal import Portal
from tests.browser.watching import barriers, screenshot, sideways

SECURITY = "amara.okafor@example.org"


def test_a_source_from_the_empty_list_to_its_diagnosis(visit: Visits, portal: Portal) -> None:
    page = visit.signed_in(SECURITY)
    page.goto("/sources/")
    page.get_by_role("link", name="New source").first.click()
    expect(page.get_by_role("link", name="GitHub code scanning")).to_be_visible()
    screenshot(page, "security-source-choose-wide-light")
    page.get_by_role("link", name="Web address").click()
    page.get_by_label("Name").fill("Weekly image scan")
    page.get_by_label("System").select_option("booking")
    page.get_by_label("URL").fill("http://127.0.0.1/report.json")
    visit.expect(422)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("http:// is not allowed here").first).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Weekly image scan")
    screenshot(page, "security-source-form-wide-light")
    page.get_by_label("URL").fill("https://127.0.0.1/report.json")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Weekly image scan")).to_be_visible()
    page.get_by_role("button", name="Test connection").click()
    # The sweeper may have had it run already: then the page says so in more than one place.
    expect(page.get_by_text("is no address of the public Internet").first).to_be_visible()
    screenshot(page, "security-source-diagnosis-wide-light")
    assert barriers(page) == []
    page.goto(page.url.replace("/test/", "/"))
    # The sweeper has it run, the worker is refused by the guard, and the page follows by itself.
    expect(page.get_by_text("It is broken")).to_be_visible(timeout=60_000)
    address = page.url
    for name, size in (("wide", (1440, 900)), ("phone", (360, 780))):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            for path, what in (
                (address, "source"),
                ("/sources/new/", "source-choose"),
            ):  # the other pages of sources are in test_pages.py
                page.goto(path)
                assert sideways(page) == 0, (what, name)
                kept: Path = screenshot(page, f"security-{what}-{name}-{scheme}")
                assert kept.exists()
                if (name, scheme) in {("wide", "light"), ("phone", "dark")}:
                    assert barriers(page) == [], what
