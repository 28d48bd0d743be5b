"""Pages that show what comes from trackers in more ways than the demo has: width, contrast, names."""

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from apps.accounts.actors import portal_actor
from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.planning.services.decisions import decision_record
from apps.trackers.models import DecisionComment, Mirror, MirroredIssue, MirrorRoute, Tracker
from tests.browser.conftest import Visits
from tests.browser.watching import barriers, sideways
from tests.factories import (
    make_finding,
    make_item,
    make_option,
    make_series,
    make_system,
    make_user,
)

LONG = "word" * 40  # an issue's author need not put blanks
LOOKS = (({"width": 1440, "height": 900}, "light"), ({"width": 360, "height": 780}, "dark"))


@pytest.fixture
def admin(beside_playwright: None, transactional_db: None) -> User:
    return make_user("Ada Admin", role=Role.ADMIN)


@pytest.fixture
def page(admin: User, live_visit: Visits) -> Page:
    return live_visit.signed_in(admin.email)


def test_pages_of_what_comes_from_a_tracker(page: Page) -> None:
    system = make_system("payments", "Payments")
    item = make_item(system, title=f"Vault {LONG}", tracker_key="example/payments#1")
    option = make_option(item, title="One vault")
    decision = decision_record(
        actor=portal_actor("tests"), item=item, option=option, reason="It is the cheapest."
    )
    tracker = Tracker.objects.create(
        name="Team issues", kind="github", url="https://api.github.com", sealed=b"",
        project=f"example/{LONG}", last_error="HTTP 503", failing_since=timezone.now(),
    )  # fmt: skip
    mirror = Mirror.objects.create(
        tracker=tracker, is_on=True, rule="planning", system=system, last_error=f"Why {LONG}"
    )
    MirrorRoute.objects.create(mirror=mirror, label="crew", system=system)
    link = MirroredIssue.objects.create(
        tracker=tracker, item=item, external_id="1", key="1", url="https://example.org/1",
        title=f"Vault of cards {LONG}", text="Other words", is_closed=True,
        changed_at=timezone.now() - dt.timedelta(hours=2),
    )  # fmt: skip
    DecisionComment.objects.create(
        mirrored=link, decision=decision, what="recorded", body="x", state="failed", error="Why not"
    )
    for tool in ("trivy", "grype"):
        finding = make_finding(
            system, series=make_series(system, tool=tool), title=f"Log4Shell {LONG}",
            vulnerabilities=["CVE-2021-44228"], purl="pkg:maven/log4j/log4j-core@2.14.0",
        )  # fmt: skip
    paths = (
        f"/trackers/{tracker.pk}/",
        f"/trackers/{tracker.pk}/mirror/",
        f"/planning/{item.key}/",
        "/planning/?origin=tracker",
        f"/findings/{finding.pk}/ticket/",
        "/findings/groups/",
    )
    for size, scheme in LOOKS:
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for path in paths:
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 200
            assert (path, sideways(page)) == (path, 0)
            assert (path, barriers(page)) == (path, [])
