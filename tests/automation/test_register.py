"""The register: what is declared, by whom, and what cannot be."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from apps.accounts.actors import portal_actor
from apps.automation.models import Automation
from apps.automation.selectors import AutomationFilter, automations_list
from apps.automation.services.register import automation_retire
from apps.automation.services.runs import RunInput, run_tell
from apps.automation.words import drift_sentence
from tests.api.conftest import Api, as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_automation,
    make_guidance,
    make_item,
    make_statement,
    make_team,
)
from tests.pages import signed_in

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")
SHA = "9f2c1e7b" * 5
BODY: dict[str, Any] = {
    "system": "payments",
    "kind": "test",
    "name": "Ticket links are signed",
    "stage": "test",
    "repository": "https://git.example.org/payments",
    "path": "tests/security/test_links.py",
    "tool": "pytest",
}


def told_runs(automation: Automation, *runs: dict[str, Any]) -> None:
    for run in runs:
        run_tell(actor=TESTS, automation=automation, content=RunInput(**run))


def standing(people: People, automation: Automation) -> tuple[str, str]:
    wanted = AutomationFilter(drift="retired") if automation.is_retired else AutomationFilter()
    row = automations_list(actor_of(people.viewer), wanted).get(pk=automation.pk)
    return row.drift, drift_sentence(row)


def test_how_an_entry_stands(people: People) -> None:
    automation = make_automation(people.system, revision=SHA, interval_days=7)
    assert standing(people, automation)[0] == "never"
    ran_at = timezone.now() - dt.timedelta(days=9)
    told_runs(automation, {"outcome": "passed", "ran_at": ran_at, "revision": SHA[:8]})
    day = f"{timezone.localtime(ran_at):%-d %b %Y}"
    assert standing(people, automation) == (
        "overdue",
        f"It was due 2 days ago; it last ran on {day}.",
    )
    with translation.override("de"):  # days as German writes them, within the sentence
        sentence = standing(people, automation)[1]
    assert re.search(r"lief sie am \d{1,2}\. \w+\.? \d{4}\.$", sentence)
    told_runs(automation, {"outcome": "passed", "revision": "aaaaaaa1"})
    drift, sentence = standing(people, automation)
    assert drift == "revision"
    assert sentence.startswith("Declared is 9f2c1e7b9f2c; on ")
    told_runs(automation, {"outcome": "failed", "failed": 3, "revision": SHA})
    drift, sentence = standing(people, automation)
    assert drift == "failing"
    assert sentence.endswith("failed: 3 things did not hold.")
    told_runs(automation, {"outcome": "passed", "revision": SHA})
    assert standing(people, automation)[0] == "good"
    automation = automation_retire(actor=TESTS, automation=automation, is_retired=True)
    assert standing(people, automation)[0] == "retired"


def test_a_tag_is_not_compared_with_a_commit(people: People) -> None:
    automation = make_automation(people.system, revision="v2.4.0")
    told_runs(automation, {"outcome": "passed", "revision": SHA})
    assert standing(people, automation)[0] == "good"


def test_an_older_run_that_is_told_late_changes_nothing(people: People) -> None:
    automation = make_automation(people.system)
    told_runs(
        automation,
        {"outcome": "passed"},
        {"outcome": "failed", "ran_at": timezone.now() - dt.timedelta(days=2)},
    )
    assert standing(people, automation)[0] == "good"
    assert automation.runs.count() == 2


def test_a_scripted_change_comes_due_again(people: People) -> None:
    today = timezone.localdate()
    change = make_automation(
        people.system,
        kind="change",
        stage="operate",
        due_on=today - dt.timedelta(days=1),
        interval_days=90,
    )
    told_runs(change, {"outcome": "failed"})
    change.refresh_from_db()
    assert change.due_on == today - dt.timedelta(days=1)  # a failed one is still due
    told_runs(change, {"outcome": "passed", "note": "Certificate of the provider."})
    change.refresh_from_db()
    assert change.due_on == today + dt.timedelta(days=90)
    once = make_automation(people.system, kind="change", stage="operate", due_on=today)
    told_runs(once, {"outcome": "passed"})
    once.refresh_from_db()
    assert once.due_on is None


def test_home_shows_what_is_due_to_those_who_keep_it(people: People) -> None:
    for days, name in ((3, "Rotate the certificate"), (40, "Review of accounts")):
        make_automation(
            people.system,
            kind="change",
            stage="operate",
            name=name,
            due_on=timezone.localdate() + dt.timedelta(days=days),
        )
    for person, told in (
        (people.architect, True),
        (people.viewer, False),
        (people.outsider, False),
    ):
        client = Client()
        client.force_login(person)
        page = client.get("/").content.decode()
        assert ("Rotate the certificate" in page) == told
        assert "Review of accounts" not in page


# --- the API ---------------------------------------------------------------------------------------


def test_who_declares_and_who_reads(people: People) -> None:
    for person, status in (
        (people.architect, 201),
        (people.security, 201),
        (people.viewer, 403),
        (people.outsider, 400),  # for whom there is no such system
    ):
        assert as_user(person).post("/automations", BODY).status_code == status
    assert as_pipeline(people.system).post("/automations", BODY).status_code == 403
    assert Api().get("/automations").status_code == 401
    assert len(as_user(people.viewer).get("/automations").json()["results"]) == 2
    assert as_user(people.outsider).get("/automations").json()["results"] == []
    key = f"AU-{Automation.objects.latest('pk').pk}"
    assert as_user(people.outsider).get(f"/automations/{key}").status_code == 404
    assert as_user(people.viewer).post(f"/automations/{key}/retire", {}).status_code == 403


def test_everything_that_is_declared_comes_back(people: People) -> None:
    statement = make_statement(make_item(people.system), published=True)
    guidance = make_guidance(published=True)
    team = make_team("payments-team")
    said = BODY | {
        "owner": team.key,
        "revision": SHA,
        "pattern": "links*",
        "interval_days": 7,
        "statements": [statement.key],
        "guidance": [guidance.key],
        "moves_value": True,
    }
    api = as_user(people.architect)
    made = api.post("/automations", said)
    assert made.status_code == 201
    for name, value in said.items():
        if name != "system":
            assert made.json()[name] == value, name
    path = f"/automations/{made.json()['key']}"
    edited = api.edit(path, {"interval_days": None, "statements": []}).json()
    assert (edited["interval_days"], edited["statements"], edited["guidance"]) == (
        None,
        [],
        [guidance.key],
    )
    assert api.patch(path, {"name": "Late"}, if_match=made["ETag"]).status_code == 412
    assert api.post(f"{path}/retire", {}).json()["drift"] == "retired"
    assert api.get("/automations").json()["results"] == []
    assert api.post(f"{path}/runs", {"outcome": "passed"}).status_code == 409


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "prayer"}, "kind"),
        ({"stage": "moon"}, "stage"),
        ({"name": " "}, "name"),
        ({"kind": "experiment"}, "hypothesis"),
        ({"kind": "signal"}, "threshold"),
        ({"kind": "change"}, "due_on"),
        ({"kind": "policy", "moves_value": True}, "moves_value"),
        ({"tool": "", "pattern": "x*"}, "tool"),
        ({"repository": "javascript:alert(1)"}, "repository"),
        ({"repository": "https://u:p@git.example.org/x"}, "repository"),
        ({"path": "../../etc/passwd"}, "path"),
        ({"interval_days": 0}, "interval_days"),
        ({"owner": "nobody"}, "owner"),
        ({"statements": ["RS-999999"]}, "statements"),
        ({"guidance": ["G-999999"]}, "guidance"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_declared(people: People, change: dict[str, Any], field: str) -> None:
    answer = as_user(people.architect).post("/automations", BODY | change)
    assert answer.status_code == 400
    assert field in problem_fields(answer)
    assert not Automation.objects.exists()


def test_risks_of_another_system_are_not_guarded(people: People) -> None:
    foreign = make_statement(make_item(people.other_system), published=True)
    hidden = as_user(people.architect).post("/automations", BODY | {"statements": [foreign.key]})
    assert "There is no" in hidden.json()["errors"][0]["detail"]
    seen = as_user(people.chief).post("/automations", BODY | {"statements": [foreign.key]})
    assert "of another system" in seen.json()["errors"][0]["detail"]


def test_a_pipeline_tells_of_runs_of_its_own_system(people: People) -> None:
    automation = make_automation(people.system)
    path, run = f"/automations/{automation.key}/runs", {"outcome": "passed", "key": "job-1"}
    own = as_pipeline(people.system)
    first = own.post(path, run)
    assert (first.status_code, first.json()["told_by"]) == (201, automation.runs.get().told_by)
    assert own.post(path, run).json()["id"] == first.json()["id"]
    assert as_pipeline(people.other_system).post(path, run).status_code == 404
    assert as_user(people.viewer).post(path, run).status_code == 403
    assert own.get(path).status_code == 404  # it tells, and reads nothing
    tomorrow = (timezone.now() + dt.timedelta(days=1)).isoformat()
    for body, field in (
        ({"outcome": "great"}, "outcome"),
        ({"outcome": "passed", "ran_at": tomorrow}, "ran_at"),
        ({"outcome": "passed", "url": "javascript:alert(1)"}, "url"),
        ({"outcome": "passed", "failed": -1}, "failed"),
    ):
        answer = own.post(path, body)
        assert answer.status_code == 400
        assert problem_fields(answer) == {field}


# --- pages -----------------------------------------------------------------------------------------


def test_declaring_on_the_page(people: People) -> None:
    client = signed_in(people.architect)
    statement = make_statement(make_item(people.system), published=True)
    asked = client.get(f"/automation/new/?kind=experiment&statement={statement.key}")
    assert statement.key in asked.content.decode()
    form = {
        "system": "payments",
        "kind": "experiment",
        "name": "Lose the fare service",
        "stage": "operate",
        "statements": statement.key.lower(),
        "interval_days": "30",
    }
    refused = client.post("/automation/new/", form)
    assert refused.status_code == 422
    assert "what should stay true?" in refused.content.decode()
    assert 'value="Lose the fare service"' in refused.content.decode()
    wrong = client.post("/automation/new/", form | {"statements": "PI-7", "hypothesis": "x"})
    assert "PI-7 is no key" in wrong.content.decode()
    made = client.post("/automation/new/", form | {"hypothesis": "Nine in ten succeed."})
    row = Automation.objects.get()
    assert made["Location"] == f"/automation/{row.key}/"
    page = client.get(f"/automation/{row.key}/").content.decode()
    assert "Nine in ten succeed." in page
    assert "has never run" in page
    risk = client.get(f"/risks/{statement.key}/").content.decode()
    assert "Lose the fare service" in risk
    done = client.post(f"/automation/{row.key}/runs/", {"outcome": "passed", "note": "By hand."})
    assert done.status_code == 302
    assert "By hand." in client.get(f"/automation/{row.key}/").content.decode()


def test_editing_and_retiring_on_the_page(people: People) -> None:
    row = make_automation(people.system, name="Before")
    client, path = signed_in(people.architect), f"/automation/{row.key}/edit/"
    assert 'value="Before"' in client.get(path).content.decode()
    form = {"version": "1", "kind": "test", "stage": "test", "name": "After"}
    assert client.post(path, form).status_code == 302
    late = client.post(path, form | {"name": "Late"})
    assert late.status_code == 409
    assert "Somebody else changed this" in late.content.decode()
    for person, status in ((people.viewer, 403), (people.outsider, 404)):
        assert signed_in(person).get(path).status_code == status
        retire = signed_in(person).post(f"/automation/{row.key}/retire/")
        assert retire.status_code == status
        run = signed_in(person).post(f"/automation/{row.key}/runs/", {"outcome": "passed"})
        assert run.status_code == status
    assert signed_in(people.viewer).get("/automation/new/").status_code == 403
    client.post(f"/automation/{row.key}/retire/", {"retired": "1"})
    assert "After" not in client.get("/automation/").content.decode().partition("<table")[2]
    assert "After" in client.get("/automation/?drift=retired").content.decode()
    client.post(f"/automation/{row.key}/retire/", {"retired": "0"})
    assert "After" in client.get("/automation/").content.decode()


def test_filters(people: People) -> None:
    make_automation(people.system, name="Never ran")
    good = make_automation(people.system, name="Runs well", stage="deploy", kind="policy")
    told_runs(good, {"outcome": "passed"})
    client = signed_in(people.viewer)

    def shown(query: str) -> list[bool]:
        page = client.get(f"/automation/?{query}").content.decode().partition('id="results"')[2]
        return [f">{name}</a>" in page for name in ("Never ran", "Runs well")]

    assert shown("") == [True, True]
    assert shown("drift=trouble") == [True, False]
    assert shown("drift=good") == [False, True]
    assert shown("stage=deploy&kind=policy") == [False, True]
    assert shown("system=payroll") == [True, True]  # not one of the choices: asks for nothing
    assert shown("stage=moon") == [True, True]
