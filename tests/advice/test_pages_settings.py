"""The settings page: what each may see of it, what it says of how things stand, and what that costs."""

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.accounts.models import SecondFactor, SignInProvider, User
from apps.accounts.services.tokens import token_create_for_self
from apps.common.setting_lines import Group, lines_for
from apps.coverage.services.profiles import exception_set
from apps.notices.models import NoticeWish
from apps.outbound.models import Webhook
from apps.outbound.services.webhooks import webhook_create, webhook_delete
from apps.planning.models import SavedFilter
from apps.risks.models import OrdinalScale, Tolerance
from apps.risks.services.scales import IMPACT, LIKELIHOOD
from apps.scans.models import RawRetention
from apps.sources.models import Source
from apps.trackers.models import Mirror, Tracker
from apps.trust.services.rules import rule_create
from tests.conftest import People
from tests.factories import actor_of, make_credential, make_source, make_team
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")
OWN = {
    *("Language and time zone", "Appearance", "Second factor", "Sessions", "API tokens"),
    *("How to be told", "Saved filters", "Pictures", "Recently removed", "API"),
}
SECURITYS = {"Sources", "Credentials", "Expected evidence", "Rules of findings"}
MANAGERS = {
    *("Systems", "Roles on systems", "Tokens of pipelines", "Pipelines without a secret"),
    "Audit trail",
}
CHIEFS = {"Scale and currency", "Tolerance", "Days by severity", "Words that mean the same"}
ADMINS = {
    *("People", "Teams", "Sign-in providers", "Webhooks", "Issue trackers"),
    *("Raw copies of reports", "Who needs a second factor", "Key for secrets", "Mail"),
    *("Outgoing requests", "Trusted code hosts", "Language, clock and money of the organisation"),
}


def named(user: User) -> set[str]:
    """The names of the lines on a person's page, as they read them."""
    page = text_of(signed_in(user), "/settings/")
    found = re.findall(r'<h3 class="setting-name">(?:<a [^>]*>)?([^<]+)', page)
    assert len(found) == len(set(found))
    return {unescape(name) for name in found}


def stands(user: User, settings: Any = None) -> dict[str, tuple[str, str]]:
    """What it says of each line, and in which tone."""
    found = lines_for(actor_of(user))
    return {str(line.label): (stand.text, stand.tone) for line, stand in found}


def test_each_sees_what_is_theirs_to_set(people: People) -> None:
    assert named(people.nobody) == OWN
    assert named(people.viewer) == OWN
    assert named(people.architect) == OWN
    assert named(people.security) == OWN | SECURITYS
    assert named(people.system_admin) == OWN | SECURITYS | MANAGERS
    assert named(people.chief) == OWN | SECURITYS | CHIEFS
    assert named(people.admin) == OWN | SECURITYS | MANAGERS | CHIEFS | ADMINS


def test_whatever_the_menu_leads_to_is_on_it(people: People) -> None:
    page = text_of(signed_in(people.admin), "/settings/")
    menu = re.findall(r'class="menu-item" href="([^"]+)"', page)
    lines = {line.url for line, _stand in lines_for(actor_of(people.admin))}
    assert {path for path in menu if path not in {"/settings/", "/design/"}} <= lines
    assert len(menu) > 8


def test_every_line_leads_to_a_page_that_opens(people: People) -> None:
    client = signed_in(people.admin)
    for line, _stand in lines_for(actor_of(people.admin)):
        if line.url and not line.url.startswith("/admin/"):
            assert client.get(line.url.partition("#")[0]).status_code == 200, line.url
        assert bool(line.url) != bool(line.control or line.variable)


def test_how_it_stands_where_nothing_was_set(people: People, settings: Any) -> None:
    settings.SECOPS_MAIL_ON = True
    said = stands(people.admin)
    assert said["Sign-in providers"] == ("None: people sign in by password", "neutral")
    assert said["How to be told"] == ("Mail once a day", "neutral")
    assert said["Second factor"] == ("None yet", "warn")
    assert said["Webhooks"] == said["Issue trackers"] == ("None", "neutral")
    assert said["Sources"] == ("None: reports are posted", "neutral")
    assert said["Scale and currency"] == ("The portal's own levels, money in EUR", "neutral")
    assert said["Expected evidence"] == ("As the portal expects", "neutral")
    assert said["Raw copies of reports"] == ("Kept for ever", "neutral")
    assert said["Tolerance"] == ("No line is drawn", "neutral")
    assert said["Pipelines without a secret"] == ("No rule: pipelines use tokens", "neutral")
    assert said["Recently removed"] == ("Nothing", "neutral")


def test_how_it_stands_where_much_was_set(people: People, settings: Any) -> None:
    settings.SECOPS_MAIL_ON = True
    admin, now = people.admin, timezone.now()
    hooks = [
        webhook_create(
            actor=TESTS, name=name, url="https://b.example.org/", events=["report.failed"]
        ).webhook
        for name in ("a", "b", "c")
    ]
    Webhook.objects.filter(pk=hooks[0].pk).update(failing_since=now)
    webhook_delete(actor=TESTS, webhook=hooks[2])
    tracker = Tracker.objects.create(name="t", kind="github", sealed=b"x", is_paused=True)
    Mirror.objects.create(tracker=tracker, is_on=True)
    make_source(people.system)
    Source.objects.filter(pk=make_source(people.system).pk).update(failures=2, broken_since=now)
    make_credential(people.system)
    NoticeWish.objects.create(user=admin, mail_every="never", hidden=["question"])
    SignInProvider.objects.create(
        name="Harbour", key="h", issuer="https://id.example.org", client_id="x", sealed=b"",
        domains=[], is_on=True,
    )  # fmt: skip
    SecondFactor.objects.create(user=admin, kind="app", name="App", sealed=b"x")
    SecondFactor.objects.create(
        user=admin, kind="passkey", name="Key", credential_id=b"1", public_key=b"1"
    )
    token_create_for_self(actor=actor_of(admin), name="soon", days=3)
    SavedFilter.objects.create(user=admin, name="Mine", query="")
    SavedFilter.objects.create(user=people.chief, name="Not mine", query="")
    OrdinalScale.objects.create(likelihood=list(LIKELIHOOD), impact=list(IMPACT))
    Tolerance.objects.create(points=[{"loss": "1.00", "allowed": 0.1}])
    RawRetention.objects.create(days=90)
    exception_set(
        actor=TESTS, system=people.system, stage="test", kind="dynamic", max_age_days=None,
        reason="None.",
    )  # fmt: skip
    rule_create(
        actor=TESTS, system=people.system, name="Scans", issuer="https://gitlab.com",
        repository="alderhaven/payments",
    )  # fmt: skip
    make_team("Empty")
    said = stands(admin)
    assert said["Webhooks"] == ("2 webhooks, 1 failing", "bad")
    assert said["Issue trackers"] == ("1 tracker, 1 paused, 1 mirrored", "neutral")
    assert said["Sources"] == ("2 sources, 1 failing", "bad")
    assert said["Credentials"][0].startswith("1 kept, the oldest secret is of ")
    assert said["How to be told"] == ("No mail, 1 kind switched off", "neutral")
    assert said["Sign-in providers"] == ("1 on", "good")
    assert said["Second factor"] == ("1 app, 1 passkey", "good")
    ends = f"{now + dt.timedelta(days=3):%-d %b %Y}"
    assert said["API tokens"] == (f"1 valid, the next ends on {ends}", "warn")
    assert said["Saved filters"] == ("1 kept", "neutral")
    assert said["Tolerance"] == ("A line by 1 point", "neutral")
    assert said["Raw copies of reports"] == ("Kept for 90 days", "neutral")
    assert said["Expected evidence"] == ("As the portal expects, 1 exception", "neutral")
    assert said["Pipelines without a secret"] == ("1 rule, 1 never used", "neutral")
    assert said["Recently removed"] == ("1 can be put back", "neutral")
    assert said["Teams"] == ("1 team, 1 without people", "neutral")
    people_said, tone = said["People"]
    assert (
        people_said
        == f"{User.objects.count()} people, {User.objects.count() - 1} without a second factor"
    )
    assert tone == "neutral"  # nobody is asked for one here
    page = text_of(signed_in(admin), "/settings/")
    assert "Needs attention" in page
    assert page.count("2 webhooks, 1 failing") == 2  # on top, and on its line


def test_only_ones_own_systems_count(people: People) -> None:
    make_credential(people.other_system)
    make_source(people.other_system)
    said = stands(people.security)
    assert said["Credentials"] == ("None", "neutral")
    assert said["Sources"] == ("None: reports are posted", "neutral")
    assert stands(people.outsider)["Sources"][0] == "1 source"


def test_it_is_found_by_other_words(people: People) -> None:
    client = signed_in(people.admin)
    found = text_of(client, "/settings/?q=slack")
    assert re.findall(r'class="setting-name"><a [^>]*>([^<]+)', found) == ["Webhooks"]
    assert "No setting is called that" in text_of(client, "/settings/?q=aquarium")
    assert "SECOPS_SMTP_URL" in text_of(client, "/settings/?q=smtp")
    assert "&lt;b&gt;" in text_of(client, "/settings/?q=<b>")


def test_a_query_asks_for_all_facts(people: People) -> None:
    """And another for what somebody may do: roles on systems, and which of those are archived."""
    for user in (people.admin, people.system_admin):
        with CaptureQueriesContext(connection) as captured:
            lines_for(actor_of(user))
        assert len(captured) == 2


def test_groups_stand_in_their_order_and_once(people: People) -> None:
    page = text_of(signed_in(people.admin), "/settings/")
    ids = re.findall(r'<section class="section" id="(\w+)"', page)
    assert ids == [group.value for group in Group]


def test_in_german(people: People) -> None:
    people.admin.language = "de"
    people.admin.save()
    page = text_of(signed_in(people.admin), "/settings/")
    assert "Einstellungen" in page
    assert "Keiner: Anmeldung mit Passwort" in page


def test_a_path_that_leads_nowhere_stops_the_deployment(settings: Any) -> None:
    settings.SECOPS_SETTING_LINES = ["apps.nowhere.lines"]
    assert "common.E003" in {problem.id for problem in run_checks()}


def test_the_rail_leads_there(people: People) -> None:
    page = text_of(signed_in(people.nobody), "/notices/")
    assert page.count(f'href="{reverse("settings")}"') == 2  # in the rail, and in the menu
