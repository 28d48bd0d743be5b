"""Names as long as they may be, and words as long as German has them, break no page."""

import pytest
from playwright.sync_api import Page

from apps.accounts.models import User
from apps.accounts.roles import Role
from tests.browser.conftest import Visits
from tests.browser.watching import cut_tables, sideways
from tests.factories import (
    make_automation,
    make_control,
    make_finding,
    make_guidance,
    make_item,
    make_option,
    make_question,
    make_report,
    make_series,
    make_statement,
    make_system,
    make_team,
    make_user,
)

WORD = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"  # 63 letters, once a law


def name(length: int, *, blanks: bool = True) -> str:
    """A name of that many letters; without blanks it is one word, as a careless import leaves it."""
    return ((" " if blanks else "").join([WORD] * 4))[:length]


@pytest.fixture
def person(beside_playwright: None, transactional_db: None) -> User:
    return make_user(name(120), role=Role.ADMIN)


@pytest.fixture
def page(person: User, live_visit: Visits) -> Page:
    return live_visit.signed_in(person.email)


def everything_named(person: User, *, blanks: bool) -> list[str]:
    """Make one of each thing with the longest names; return the pages where they stand."""

    def long(length: int) -> str:
        return name(length, blanks=blanks)

    team = make_team(long(120), person)
    system = make_system("payments", long(120), owner=team, description=long(200))
    item = make_item(system, title=long(200), question=long(240), tracker_key=long(40))
    option = make_option(item, title=long(200), description=long(240))
    statement = make_statement(
        option=option, published=True, condition=long(240), consequence=long(240)
    )
    guidance = make_guidance(published=True, title=long(200), summary=long(240), body=long(240))
    make_question(item, by=person, body=long(240))
    series = make_series(system, tool=long(60), category=long(60))
    finding = make_finding(
        system, series=series, title=long(240), rule_id=long(120), path=f"{long(120)}/main.py"
    )
    report = make_report(system)
    control = make_control(system, name=long(160))
    automation = make_automation(system, name=long(160))
    return [
        "/",
        "/planning/",
        "/planning/?view=board",
        f"/planning/{item.key}/",
        f"/planning/{item.key}/edit/",
        f"/risks/{statement.key}/",
        f"/guidance/{guidance.key}/",
        "/guidance/",
        "/systems/",
        "/systems/payments/",
        "/findings/",
        f"/findings/{finding.pk}/",
        "/reports/",
        f"/reports/{report.uid}/",
        "/controls/",
        f"/controls/{control.key}/",
        "/automation/",
        f"/automation/{automation.key}/",
        "/coverage/",
        "/portfolio/",
        "/settings/people/",
        f"/settings/teams/{team.key}/",
        f"/search/?q={WORD}",
    ]


@pytest.mark.parametrize("blanks", [True, False])
def test_long_names_fit(page: Page, person: User, blanks: bool) -> None:
    found = []
    for path in everything_named(person, blanks=blanks):
        page.set_viewport_size({"width": 1440, "height": 900})
        answer = page.goto(path)
        assert answer is not None
        assert (path, answer.status) == (path, 200)
        for width in (1440, 1024, 360):
            page.set_viewport_size({"width": width, "height": 900})
            moved, cut = sideways(page), cut_tables(page)
            found += [(path, width, moved, cut)] if moved or cut else []
    assert found == []
