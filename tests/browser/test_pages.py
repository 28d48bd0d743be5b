"""Every main page as each kind of person sees it: wide and on a phone, in light and dark."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, ViewportSize

from apps.common.views.design import PARTS
from tests.browser.conftest import NewContext
from tests.browser.portal import Portal
from tests.browser.watching import (
    Watch,
    barriers,
    burdens,
    cut_tables,
    long_lines,
    screenshot,
    sideways,
    sign_in,
    watched,
)

PEOPLE = {
    "security": "amara.okafor@example.org",
    "admin": "yuki.tanaka@example.org",
    "architect": "maren.halvorsen@example.org",
    "viewer": "leila.haddad@example.org",
}
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 780}
SIZES = {"wide": WIDE, "phone": PHONE}
# A large screen, and the narrowest on which the rail stands beside the page.
HUGE: ViewportSize = {"width": 2560, "height": 1440}
NARROW: ViewportSize = {"width": 1024, "height": 768}
# A row's link on a list page leads to the page of one thing.
ROW = "main a.row-title"

Open = Callable[[Page], None]


def at(path: str) -> Open:
    return lambda page: _went(page, path)


def first_row(path: str) -> Open:
    """Open the first thing of a list, as a person would: by its link."""

    def follow(page: Page) -> None:
        _went(page, path)
        page.locator(ROW).first.click()
        page.wait_for_load_state("load")

    return follow


def a_finding(page: Page) -> None:
    """The page of the first finding; on a wide screen it opens beside the list first."""
    first_row("/findings/")(page)
    whole = page.locator("[data-whole]")
    if whole.is_visible():
        whole.click()
    page.wait_for_url(re.compile(r"/findings/\d+/$"))


def a_question(page: Page) -> None:
    """The page of a question on a system, asked here."""
    page.goto("/questions/new/?at=/systems/booking/")
    page.get_by_label("Your question").fill("Who is told when @amara.okafor is away?")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_role("link", name="See the question").click()
    page.wait_for_url(re.compile(r"/questions/\d+/$"))


def risk_of_the_item(page: Page) -> None:
    first_row("/planning/?q=ticket+PDFs")(page)
    page.get_by_role("link", name=re.compile(r"^RS-\d+$")).first.click()
    page.wait_for_load_state("load")


def new_risk_on_the_item(page: Page) -> None:
    first_row("/planning/?q=ticket+PDFs")(page)
    page.get_by_role("link", name="Add a risk to Public bucket").click()
    page.wait_for_load_state("load")


def comparables(page: Page) -> None:
    """What others like it were valued at, in the form of a risk, once somebody asks for it."""
    new_risk_on_the_item(page)
    page.get_by_role("link", name="What others like it were valued at").click()
    page.get_by_role("heading", name="Others like it").wait_for()


def alike_while_planning(page: Page) -> None:
    """Items, answers and guidance like an item, while its title is typed."""
    _went(page, "/planning/new/")
    page.get_by_label("Title").press_sequentially("Ticket PDFs in a public bucket")
    page.get_by_role("heading", name="Guidance that may help").wait_for()


def alike_while_asking(page: Page) -> None:
    """Answers and guidance that may answer a question, while it is typed."""
    _went(page, "/questions/new/")
    page.get_by_label("Your question").press_sequentially("May ticket PDFs lie in a public bucket?")
    page.get_by_role("heading", name="This may answer it").wait_for()


def unfolded(page: Page) -> None:
    """The page of an item with all that it folds."""
    first_row("/planning/?q=ticket+PDFs")(page)
    for each in page.locator("main details:not(.menu)").all():
        each.evaluate("each => { each.open = true; }")


def further(first: Open, rest: str) -> Open:
    """Open a page that hangs on the page of one thing, such as its form."""

    def follow(page: Page) -> None:
        first(page)
        _went(page, f"{urlsplit(page.url).path}{rest}")

    return follow


def nowhere(page: Page) -> None:
    _went(page, "/planning/PI-999999/", 404)


def _went(page: Page, path: str, status: int = 200) -> None:
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == status


EVERYBODYS: dict[str, Open] = {
    "home": at("/"),
    "planning": at("/planning/"),
    "board": at("/planning/?view=board"),
    "review wishes": at("/risks/reviews/"),
    "item": first_row("/planning/?q=ticket+PDFs"),
    "decided-item": first_row("/planning/?status=decided"),
    "item-history": further(first_row("/planning/?status=decided"), "history/"),
    "risk": risk_of_the_item,
    "guidance": at("/guidance/"),
    "article": first_row("/guidance/?q=sql"),
    "systems": at("/systems/"),
    "system": at("/systems/booking/"),
    "systems archived": at("/systems/?archived"),
    "findings": at("/findings/"),
    "finding": a_finding,
    "finding rules": at("/findings/rules/"),
    "vex": at("/findings/vex/"),
    "urgency": at("/findings/urgency/"),
    "owners": at("/findings/owners/payments/"),
    "reports": at("/reports/"),
    "report": first_row("/reports/"),
    "sources": at("/sources/"),
    "source": first_row("/sources/"),
    "automation": at("/automation/"),
    "automation-entry": first_row("/automation/"),
    "calibration": at("/calibration/"),
    "incidents": at("/incidents/"),
    "risks": at("/risks/"),
    "risks-accepted": at("/risks/?treatment=accept&order=until"),
    "mend-first": at("/risks/?evidence=open"),
    "controls": at("/controls/"),
    "control": first_row("/controls/"),
    "coverage": at("/coverage/"),
    "coverage-system": first_row("/coverage/"),
    "coverage-profile": at("/coverage/vital/"),
    "notices": at("/notices/"),
    "notice-settings": at("/settings/notices/"),
    "language and time zone": at("/settings/place/"),
    "search": at("/search/?q=bucket"),
    "ask": at("/questions/new/"),
    "ask-about": at("/questions/new/?at=/systems/booking/"),
    "questions": at("/questions/"),
    "question": a_question,
    "settings": at("/settings/"),
    "recently removed": at("/settings/removed/"),
    "tokens": at("/settings/tokens/"),
    "pictures": at("/settings/pictures/"),
    "sign-in-and-sessions": at("/settings/security/"),
}
WRITERS: dict[str, Open] = {
    "item-form": at("/planning/new/"),
    "picture-form": at("/attachments/new/?system=booking"),
    "guidance-form": at("/guidance/new/"),
    "risk-form": new_risk_on_the_item,
    "comparables": comparables,
    "alike-while-planning": alike_while_planning,
    "alike-while-asking": alike_while_asking,
    "item-unfolded": unfolded,
    "rule-form": at("/findings/rules/new/"),
    "rapid-choose": at("/risks/rapid-assessment/"),
    "upload": at("/reports/new/"),
    "raw-copies": at("/reports/raw-copies/"),
    "automation-form": at("/automation/new/?kind=experiment"),
    "control-form": at("/controls/new/"),
    "incident-form": at("/incidents/new/?system=booking"),
    "source-form": at("/sources/new/?connector=s3"),
    "credentials": at("/credentials/"),
    "portfolio": at("/portfolio/"),
    "item-edit": further(first_row("/planning/?q=ticket+PDFs"), "edit/"),
    "option-form": further(first_row("/planning/?q=ticket+PDFs"), "options/new/"),
    "risk-edit": further(risk_of_the_item, "edit/"),
    "risk-link": further(risk_of_the_item, "evidence/link/"),
    "guidance-edit": further(first_row("/guidance/?q=sql"), "edit/"),
    "guidance-versions": further(first_row("/guidance/?q=sql"), "versions/"),
    "second-factor-app": at("/settings/security/app/"),
    "nowhere": nowhere,
    "scale": at("/settings/scale/"),
    "words": at("/guidance/words/"),
}
STAFF: dict[str, Open] = {
    "design": at("/design/"),
    **{f"design-{part}": at(f"/design/{part}/") for part in PARTS if part != "figures"},
    "api-reference": at("/api/docs"),
    "api-operation": at("/api/docs/triage_rules_create"),
    "retention": at("/reports/retention/"),
    "webhooks": at("/webhooks/"),
    "trackers": at("/trackers/"),
    "sign-in-providers": at("/settings/sign-in/"),
    "sign-in-provider-form": at("/settings/sign-in/new/"),
    "backstage-import": at("/imports/backstage/"),
    "system-form": at("/systems/new/"),
    "audit": at("/audit/"),
    "person": first_row("/settings/people/"),
    "team": first_row("/settings/teams/"),
    "people": at("/settings/people/"),
    "person-form": at("/settings/people/new/"),
    "teams": at("/settings/teams/"),
    "system-edit": at("/systems/booking/edit/"),
    "system-archive": at("/systems/booking/archive/"),
    "system-roles": at("/systems/booking/roles/"),
}
PAGES = [
    *(("security", name) for name in (*EVERYBODYS, *WRITERS)),
    # What an admin sees beyond security stands on these; elsewhere the pages are the same.
    *(("admin", name) for name in ("home", "item", "system", "tokens", *STAFF)),
    *(("architect", name) for name in (*EVERYBODYS, "item-form")),
    *(("viewer", name) for name in EVERYBODYS),
]
OPENS = EVERYBODYS | WRITERS | STAFF


# axe takes most of the time. Whether a colour can be read depends on the scheme, whether a thing has a
# place and a name on the width: two looks cover both on every page. Architects and viewers are shown
# the same pages with less on them, or with what they may not: one look is enough there.
Looks = tuple[tuple[str, Literal["light", "dark"]], ...]
BOTH: Looks = (("wide", "light"), ("phone", "dark"))
CLOSELY: dict[str, Looks] = {
    "security": BOTH,
    "admin": BOTH,
    "architect": (("phone", "light"),),
    "viewer": (("wide", "dark"),),
}
PICTURED = frozenset({"security", "admin"})
# Four fifths of axe's time. The colours are those of the same stylesheet: two people's pages show them all.
CONTRAST = ("color-contrast",)
# The time of axe grows with what stands on a page. The rail is the same on all, and is looked at on the first;
# the first rows of a table stand for those below them, and the catalogue shows each part in each state.
ALIKE = ("#rail", "tbody tr:nth-child(n+9)")

# How much of the width beside the rail a page takes at least; a form alone is not made wider than it is read.
LEAST_USED = 0.6
USED_OF_MAIN = """
() => {
  const main = document.querySelector("main"), page = main.querySelector(".page:not(.page-narrow)");
  return page ? page.offsetWidth / main.clientWidth : 1;
}"""


@dataclass(frozen=True)
class Seat:
    """One person's window, kept for all of that person's pages."""

    page: Page
    watch: Watch


@pytest.fixture(scope="module")
def seats(new_context: NewContext, portal: Portal) -> dict[str, Seat]:
    made = {}
    for role, email in PEOPLE.items():
        context = new_context()
        watch = watched(context, portal.url)
        page = context.new_page()
        sign_in(page, email)
        made[role] = Seat(page, watch)
    return made


def cramped_or_lost(page: Page) -> list[str]:
    """Return what does not suit the place that there is, on a large and on a narrow screen."""
    found = []
    for size, viewport in (("huge", HUGE), ("narrow", NARROW)):
        page.set_viewport_size(viewport)
        found += [f"{size}: moves sideways by {by} px" for by in [sideways(page)] if by]
        found += [f"{size}: a line of {words}" for words in long_lines(page)]
        found += [f"{size}: a table of {words}" for words in cut_tables(page)]
        if size == "huge":
            part = page.evaluate(USED_OF_MAIN)
            found += [f"huge: {part:.0%} of the room is used" for _ in [1] if part < LEAST_USED]
    return found


GERMAN = ("home", "item", "risk", "finding", "coverage", "control-form")


def test_german_words_fit_a_telephone(new_context: NewContext) -> None:
    """They are longer than English ones; axe and colours do not depend on the language."""
    context = new_context(viewport=PHONE)
    page = context.new_page()
    sign_in(page, PEOPLE["security"])
    context.set_extra_http_headers({"Accept-Language": "de"})
    found = {}
    for name in GERMAN:
        OPENS[name](page)
        assert page.locator("html").get_attribute("lang") == "de"
        found[name] = sideways(page)
    assert found == dict.fromkeys(GERMAN, 0)


@pytest.mark.parametrize(("role", "name"), PAGES)
def test_page(seats: dict[str, Seat], role: str, name: str) -> None:
    page, watch = seats[role].page, seats[role].watch
    watch.complaints.clear()
    watch.expected = {404} if name == "nowhere" else set()
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)
    OPENS[name](page)
    found = burdens(page)
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        found += [f"{size}: moves sideways by {by} px" for by in [sideways(page)] if by]
        for scheme in [scheme for at, scheme in CLOSELY[role] if at == size]:
            page.emulate_media(color_scheme=scheme)
            seen = barriers(
                page,
                but=() if role in PICTURED else CONTRAST,
                beside=() if name == "home" else ALIKE,
            )
            found += [f"{size} {scheme}: {words}" for words in seen]
            if role in PICTURED:
                screenshot(page, f"{role}-{name}-{size}-{scheme}")
    if role in PICTURED:  # between them they see every page
        found += cramped_or_lost(page)
    assert found == []
    assert watch.complaints == []
