"""Reading, finding, and the basic forms of each person work without JavaScript."""

import hashlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.catalog.models import System
from apps.planning.models import Decision
from apps.risks.models import RiskStatement
from apps.scans.models import Finding, Report
from apps.sources.models import Source
from tests.browser.conftest import Visits
from tests.browser.test_main_job import BEFORE
from tests.browser.watching import screenshot
from tests.factories import (
    make_finding,
    make_item,
    make_member,
    make_option,
    make_question,
    make_system,
    make_user,
)

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
    page.locator("#questions summary", has_text="Ask a question").click()
    page.get_by_label("Your question").fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text(question)).to_be_visible()
    screenshot(page, f"without-script-{width}")


@pytest.fixture
def security(beside_playwright: None, transactional_db: None) -> User:
    return make_user("Sam Script", role=Role.SECURITY)


def send(page: Page, button: str, within: str = "main") -> None:
    page.locator(within).get_by_role("button", name=button, exact=True).click()


def test_an_architect_files_weighs_and_decides(live_visit: Visits, security: User) -> None:
    """An item, its options and a decision; and a form that is refused keeps what was typed."""
    system = make_system("payments", "Payments")
    architect = make_member(system, Role.ARCHITECT, "Ari Tect")
    page = live_visit.signed_in(architect.email, java_script_enabled=False)
    live_visit.expect(422)
    page.goto("/planning/new/")
    page.get_by_role("textbox", name="Question").fill("Who may read them?")
    send(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("Title")
    expect(page.get_by_role("textbox", name="Question")).to_have_value("Who may read them?")
    page.get_by_label("Title").fill("Where do tickets live?")
    page.get_by_label("System").select_option("payments")
    send(page, "Save")
    for title in ("Public bucket", "Signed addresses"):
        page.get_by_role("link", name="Add an option").first.click()
        page.get_by_label("Option", exact=True).fill(title)
        send(page, "Save")
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    page.get_by_role("link", name="Decide", exact=True).first.click()  # leads to what it opens
    page.get_by_role("radio", name="Signed addresses").check()
    page.locator("#decide").get_by_label("Because").fill("They end by themselves.")
    send(page, "Record the decision")
    expect(page.locator("#decision")).to_contain_text("They end by themselves.")
    decision = Decision.objects.get()
    assert (decision.option.title, decision.decided_by) == ("Signed addresses", architect)


def test_security_answers_advises_values_and_triages(live_visit: Visits, security: User) -> None:
    item = make_item(make_system("payments", "Payments"), title="Where do tickets live?")
    make_option(item, title="Public bucket")
    make_question(item)
    finding = make_finding(item.system, title="An open bucket")
    page = live_visit.signed_in(security.email, java_script_enabled=False)
    page.goto(f"/planning/{item.key}/")
    page.get_by_label("Answer").fill("Everybody who has the address.")
    send(page, "Send the answer")
    expect(page.locator("#questions")).to_contain_text("Everybody who has the address.")
    page.get_by_role("link", name="Recommend an option").click()
    page.locator("#recommend").get_by_label("Because").fill("Nobody else reads it then.")
    send(page, "Recommend")
    expect(page.locator("#recommendation")).to_contain_text("Nobody else reads it then.")
    page.get_by_role("link", name="Add a risk to Public bucket").click()
    page.get_by_label("If you ...").fill("If the bucket is public")
    page.get_by_label("then ...").fill("then anybody reads every ticket")
    for end, often, much in (("low", "once in 10 years", "20k"), ("high", "2", "1.5M")):
        page.locator(f"[name=frequency_{end}]").fill(often)
        page.locator(f"[name=magnitude_{end}]").fill(much)
    send(page, "Save and publish")
    expect(page.get_by_text(re.compile(r"RS-\d+ is published"))).to_be_visible()
    assert RiskStatement.objects.get().published is not None
    page.goto("/guidance/new/")
    page.get_by_label("Title").fill("Sign each address")
    page.get_by_label("Advice").fill("For *one* object and ten minutes.")
    send(page, "Save")
    send(page, "Publish")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign each address")
    expect(page.locator(".prose em")).to_have_text("one")
    page.goto(f"/findings/{finding.pk}/")
    page.get_by_text("Triage it").click()
    page.locator("#triage [name=verdict]").select_option("false_positive")
    page.locator("#triage [name=reason]").fill("Nothing lies in it.")
    send(page, "Save", "#triage")
    expect(page.locator("#triage")).to_contain_text("Nothing lies in it.")
    assert Finding.objects.get().state == "false_positive"


def test_reports_and_settings_are_sent_by_form(
    live_visit: Visits, security: User, tmp_path: Path
) -> None:
    make_system("payments", "Payments")
    page = live_visit.signed_in(security.email, java_script_enabled=False)
    page.goto("/reports/new/")
    page.get_by_label("Report").set_input_files(BEFORE)
    page.get_by_label("System").select_option("payments")
    send(page, "Send")
    report = Report.objects.get()
    expect(page).to_have_url(re.compile(str(report.uid)))
    assert report.sha256 == hashlib.sha256(BEFORE.read_bytes()).hexdigest()
    page.goto("/settings/notices/")
    first = page.get_by_role("checkbox", name=re.compile(": By mail$")).first
    first.uncheck()
    send(page, "Save")
    expect(first).not_to_be_checked()
    page.goto("/settings/place/")
    page.get_by_label("Time zone").fill("Atlantic/Faroe")
    page.get_by_label("Language").select_option("de")
    send(page, "Save")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    security.refresh_from_db()
    assert security.time_zone == "Atlantic/Faroe"
    page.goto("/settings/tokens/")
    page.get_by_label("Name").fill("laptop")
    page.locator("main form button[type=submit]").click()
    expect(page.locator("#token-text")).to_contain_text("secops_")


def test_people_and_teams_by_form(live_visit: Visits, security: User) -> None:
    """A team, somebody new in it, changed and switched off; what is refused keeps what was typed."""
    admin = make_user("Ada Min", role=Role.ADMIN)
    page = live_visit.signed_in(admin.email, java_script_enabled=False)
    live_visit.expect(422)
    page.goto("/settings/teams/")
    page.get_by_label("Name").fill("Harbour")
    send(page, "Add")
    expect(page.get_by_role("link", name="Harbour")).to_be_visible()
    page.goto("/settings/people/new/")
    page.get_by_label("Name").fill("Nia New")
    page.get_by_label("E-mail").fill("nowhere")
    page.get_by_label("Role in the whole organisation").select_option(label="Viewer")
    page.get_by_role("checkbox", name="Harbour").check()
    send(page, "Add")
    expect(page.get_by_role("alert")).to_contain_text("E-mail")
    expect(page.get_by_label("Name")).to_have_value("Nia New")
    expect(page.get_by_role("checkbox", name="Harbour")).to_be_checked()
    page.get_by_label("E-mail").fill("nia.new@example.org")
    send(page, "Add")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nia New")
    person = User.objects.get(email="nia.new@example.org")
    assert (person.role, [team.name for team in person.teams.all()]) == ("viewer", ["Harbour"])
    page.get_by_label("Name").fill("Nia Newman")
    page.get_by_role("checkbox", name="May sign in").uncheck()
    send(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nia Newman")
    expect(page.get_by_role("checkbox", name="May sign in")).not_to_be_checked()
    person.refresh_from_db()
    assert not person.is_active
    page.goto("/settings/people/?q=newman")
    expect(page.get_by_role("row", name="Nia Newman")).to_contain_text("Switched off")


def test_a_system_and_who_may_what_on_it_by_form(live_visit: Visits, security: User) -> None:
    admin, friend = make_user("Ada Min", role=Role.ADMIN), make_user("Fria End")
    page = live_visit.signed_in(admin.email, java_script_enabled=False)
    live_visit.expect(422)
    page.goto("/systems/new/")
    page.get_by_label("Description").fill("Sells *tickets*.")
    send(page, "Add it")
    expect(page.get_by_role("alert")).to_contain_text("Name")
    expect(page.get_by_label("Description")).to_have_value("Sells *tickets*.")
    page.get_by_label("Name").fill("Ticket shop")
    page.get_by_label("Criticality").select_option(label="High")
    send(page, "Add it")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ticket shop")
    system = System.objects.get()
    page.goto(f"/systems/{system.key}/edit/")
    page.get_by_label("Name").fill("Shop of tickets")
    send(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_have_text("Shop of tickets")
    page.goto(f"/systems/{system.key}/roles/")
    page.locator("#give").get_by_label("Person").fill("nobody@example.org")
    send(page, "Give it", "#give")
    expect(page.get_by_role("alert")).to_contain_text("Nobody who may sign in has this address.")
    expect(page.locator("#give").get_by_label("Person")).to_have_value("nobody@example.org")
    page.locator("#give").get_by_label("Person").fill(friend.email)
    page.locator("#give").get_by_label("Role", exact=True).select_option(label="Viewer")
    send(page, "Give it", "#give")
    row = page.locator("#here").get_by_role("row", name="Fria End")
    row.get_by_label("Role of Fria End").select_option(label="Architect")
    row.get_by_role("button", name="Change").click()
    expect(row.get_by_label("Role of Fria End")).to_have_value("architect")
    assert friend.memberships.get().role == "architect"
    row.get_by_role("button", name="Take away").click()
    expect(row).to_have_count(0)
    assert not friend.memberships.exists()
    page.goto(f"/systems/{system.key}/#tokens")
    page.locator("#tokens summary").click()
    page.locator("#tokens").get_by_label("Name").fill("pipeline")
    send(page, "Make a token", "#tokens")
    expect(page.locator("#token-text")).to_contain_text("secops_")


def test_a_source_by_form(live_visit: Visits, security: User) -> None:
    """From the kind of place to pause, and away and back again."""
    make_system("payments", "Payments")
    page = live_visit.signed_in(security.email, java_script_enabled=False)
    live_visit.expect(422)
    page.goto("/sources/new/")
    page.get_by_role("link", name="Web address").click()
    page.get_by_label("Name").fill("Weekly image scan")
    page.get_by_label("System").select_option("payments")
    page.get_by_label("URL").fill("http://127.0.0.1/report.json")
    send(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text("http:// is not allowed here")
    expect(page.get_by_label("Name")).to_have_value("Weekly image scan")
    page.get_by_label("URL").fill("https://scans.example.org/report.json")
    page.get_by_label("Every ... minutes").fill("60")
    send(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_have_text("Weekly image scan")
    source = Source.objects.get()
    assert source.config["url"] == "https://scans.example.org/report.json"
    send(page, "Pause")
    expect(page.get_by_role("button", name="Let it go on")).to_be_visible()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Name").fill("Daily image scan")
    send(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_have_text("Daily image scan")
    send(page, "Take it away")
    assert not Source.objects.exists()
    send(page, "Undo")
    expect(page.get_by_role("heading", level=1)).to_have_text("Daily image scan")
    assert Source.objects.get().pk == source.pk
