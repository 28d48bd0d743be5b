"""A system is archived: out of what counts, closed to what is written, read as before, and back with one press."""

import datetime as dt
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from apps.accounts.actors import Actor, portal_actor
from apps.accounts.models import Membership
from apps.accounts.roles import Permission
from apps.advice.loop import loop_view, system_cards
from apps.advice.portfolio import Scope, portfolio, snapshot
from apps.advice.search import search
from apps.audit.models import AuditEntry
from apps.automation.services.overdue import overdue_tell
from apps.catalog.models import System
from apps.catalog.services import membership_remove, system_archive, system_restore
from apps.common.errors import Archived, Conflict, Invalid, NotPermitted
from apps.common.events import deliver_due
from apps.coverage.models import Silence
from apps.coverage.services.silence import silences_sweep
from apps.notices.models import Notice
from apps.planning.models import Decision
from apps.planning.selectors import ItemFilter, items_list
from apps.planning.services.decisions import decision_record, decisions_expire
from apps.planning.services.items import item_create, option_delete
from apps.risks.models import PortfolioSnapshot
from apps.scans.models import Report
from apps.scans.selectors import FindingFilter, findings_list
from apps.scans.selectors_counts import finding_counts
from apps.scans.services.rules import RuleDraft, rule_create
from apps.sources.models import Source, SourceRun
from apps.sources.services.sources import source_run_now
from apps.sources.services.sweep import runs_plan, sources_wake
from apps.trust.models import TrustRule
from apps.trust.proofs import Proof
from apps.trust.services import exchange as trade
from tests.api.conftest import as_pipeline, as_user
from tests.api.test_reports import sarif
from tests.compat.test_github import body
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_arrived,
    make_automation,
    make_control,
    make_finding,
    make_item,
    make_option,
    make_question,
    make_report,
    make_series,
    make_source,
    make_statement,
)
from tests.pages import unmarked

BECAUSE = "Switched off in May; the new shop does its work"


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.scans.dispatch.send", lambda *_: True)


def archive(people: People) -> System:
    return system_archive(actor=actor_of(people.admin), system=people.system, because=BECAUSE)


def restore(people: People) -> System:
    return system_restore(actor=actor_of(people.admin), system=people.system)


def signed_in(client: Client, user: Any) -> Client:
    client.force_login(user)
    return client


LISTS = {
    "/planning/": "Receive invoices",
    "/planning/?view=board": "Receive invoices",
    "/risks/": "open the bucket",
    "/findings/": "SQL query built",
    "/controls/": "Bucket is private",
    "/automation/": "Nightly restore",
    "/sources/": "Pulls of the shop",
    "/questions/": "Who may read",
    "/reports/": "shop.sarif",
    "/systems/": "Payments",
    "/coverage/": "Payments",
}


@pytest.fixture
def filled(people: People) -> People:
    """A system with one of each, and an offering of the other one."""
    item = make_item(people.system, title="Receive invoices", status="open", stage="code")
    make_statement(item, published=True)
    make_question(item)
    make_finding(people.system, title="SQL query built of user input")
    make_control(people.system, name="Bucket is private")
    make_automation(people.system, name="Nightly restore")
    make_source(people.system, name="Pulls of the shop", interval_minutes=60)
    make_report(people.system, filename="shop.sarif")
    return people


@pytest.mark.parametrize("path", LISTS)
def test_lists_leave_it_out_until_it_is_back(client: Client, filled: People, path: str) -> None:
    page, words = signed_in(client, filled.admin), LISTS[path]
    assert words in page.get(path).content.decode()
    archive(filled)
    assert words not in page.get(path).content.decode()
    restore(filled)
    assert words in page.get(path).content.decode()


@pytest.mark.parametrize(
    "path", ["/planning/", "/risks/", "/findings/", "/controls/", "/automation/", "/sources/"]
)
def test_a_list_that_is_asked_for_it_by_name_has_it(
    client: Client, filled: People, path: str
) -> None:
    archive(filled)
    told = signed_in(client, filled.viewer).get(f"{path}?system=payments").content.decode()
    assert LISTS[path] in told


def test_rules_and_vex_documents_of_it_are_not_listed(client: Client, people: People) -> None:
    api = as_user(people.security)
    draft = RuleDraft("Ours", FindingFilter(stage="code"), system=people.system, tags=("ours",))
    rule_create(actor=actor_of(people.security), draft=draft)
    assert [row["name"] for row in api.get("/triage-rules").json()["results"]] == ["Ours"]
    archive(people)
    assert api.get("/triage-rules").json()["results"] == []
    page = signed_in(client, people.viewer)
    assert "Ours" not in page.get("/findings/rules/").content.decode()
    assert page.get("/findings/vex/").status_code == 200
    assert api.get("/vex").json()["results"] == []


@pytest.mark.parametrize(
    "path", ["/items", "/statements", "/findings", "/reports", "/series", "/sources", "/controls"]
)
def test_lists_of_the_api_likewise(filled: People, path: str) -> None:
    make_series(filled.system)
    api = as_user(filled.security)
    assert api.get(path).json()["results"]
    archive(filled)
    assert api.get(path).json()["results"] == []
    assert api.get(f"{path}?system=payments").json()["results"]


def test_sums_are_without_it(filled: People) -> None:
    viewer = actor_of(filled.admin)
    assert len(system_cards(viewer)) == 2
    assert portfolio(viewer, Scope()) is not None
    archive(filled)
    viewer = actor_of(filled.admin)
    assert [card.system.key for card in system_cards(viewer)] == ["payroll"]
    assert portfolio(viewer, Scope()) is None
    assert portfolio(viewer, Scope(system="payments")) is not None
    assert sum(stage.statement_count + stage.series_count for stage in loop_view(viewer)) == 0
    counts = finding_counts(viewer, FindingFilter())
    assert counts is not None
    assert counts.found("") == 0
    assert not findings_list(viewer, FindingFilter()).exists()
    snapshot()
    assert set(PortfolioSnapshot.objects.values_list("system__key", flat=True)) == {"payroll"}


def test_its_pages_stay_to_be_read_and_say_so(client: Client, filled: People) -> None:
    item = filled.system.planningitems.get()
    statement = item.statements.get()
    finding = filled.system.findings.get()
    archive(filled)
    page = signed_in(client, filled.viewer)
    for path in (
        "/systems/payments/",
        f"/planning/PI-{item.pk}/",
        f"/risks/RS-{statement.pk}/",
        f"/findings/{finding.pk}/",
        "/systems/payments/coverage/",
    ):
        answer = page.get(path)
        assert answer.status_code == 200, path
        if "coverage" not in path:
            assert "Archived" in answer.content.decode(), path
    told = page.get("/systems/payments/").content.decode()
    assert BECAUSE in told
    assert "Ada Admin" in told
    assert "Bring it back" not in told  # a viewer does not manage it
    told = signed_in(client, filled.admin).get("/systems/payments/").content.decode()
    assert "Bring it back" in told
    for offered in ("Ask about it", "Make a token", "New item", "Send a report"):
        assert offered not in told


def test_search_finds_it_and_marks_it(client: Client, filled: People) -> None:
    archive(filled)
    found = search(actor_of(filled.viewer), "payments")
    assert found is not None
    assert [system.is_archived for system in found.systems] == [True]
    told = unmarked(signed_in(client, filled.viewer).get("/search/?q=invoices").content)
    assert "Receive invoices" in told
    assert "Archived system" in told


def test_nothing_is_written_to_it_by_whoever_could(filled: People) -> None:
    item = filled.system.planningitems.get()
    option = make_option(item)
    archive(filled)
    for who in (filled.architect, filled.security, filled.system_admin, filled.chief, filled.admin):
        with pytest.raises(Archived):
            item_create(actor=actor_of(who), system=filled.system, title="One more")
        with pytest.raises(Archived):
            decision_record(actor=actor_of(who), item=item, option=option, reason="So be it.")
        assert not System.objects.visible_to(actor_of(who), Permission.ITEM_EDIT).filter(
            pk=filled.system.pk
        )
    with pytest.raises(NotPermitted):  # who could not before is told that, and not the other thing
        item_create(actor=actor_of(filled.viewer), system=filled.system, title="One more")
    answer = as_user(filled.security).post("/items", {"system": "payments", "title": "One more"})
    assert (answer.status_code, answer.json()["code"]) in {
        (409, "system-archived"),
        (404, "not-found"),
    }


def test_who_gets_in_is_still_said(people: People) -> None:
    archive(people)
    membership_remove(actor=actor_of(people.admin), system=people.system, user=people.viewer)
    assert not Membership.objects.filter(user=people.viewer).exists()


def test_only_who_manages_it_archives_and_brings_back(client: Client, people: People) -> None:
    for who in (people.viewer, people.architect, people.security, people.chief):
        with pytest.raises(NotPermitted):
            system_archive(actor=actor_of(who), system=people.system, because=BECAUSE)
    page = signed_in(client, people.outsider)
    assert page.post("/systems/payments/archive/", {"because": "Mine"}).status_code == 404
    assert page.post("/systems/payments/restore/").status_code == 404
    page = signed_in(client, people.system_admin)
    assert page.post("/systems/payments/archive/", {"because": " "}).status_code == 422
    assert page.post("/systems/payments/archive/", {"because": BECAUSE}).status_code == 302
    people.system.refresh_from_db()
    assert people.system.is_archived
    assert people.system.archived_by == people.system_admin
    for who in (people.viewer, people.architect, people.security, people.chief):
        with pytest.raises(NotPermitted):
            system_restore(actor=actor_of(who), system=people.system)
    told = page.get("/systems/payments/").content.decode()
    assert "Bring it back" in told
    assert page.post("/systems/payments/restore/").status_code == 302
    people.system.refresh_from_db()
    assert not people.system.is_archived


def test_who_when_and_why_is_on_the_trail_and_once_only(people: People) -> None:
    archive(people)
    with pytest.raises(Archived):
        archive(people)
    restore(people)
    with pytest.raises(Conflict):
        restore(people)
    told = AuditEntry.objects.filter(action__in=["system.archive", "system.restore"]).order_by("pk")
    assert [(row.action, row.actor_label, row.changes["because"]) for row in told] == [
        ("system.archive", str(people.admin), ["", BECAUSE]),
        ("system.restore", str(people.admin), [BECAUSE, ""]),
    ]
    with pytest.raises(Invalid):
        system_archive(actor=actor_of(people.admin), system=people.system, because="x" * 501)


def test_people_who_write_there_are_told_both_times(people: People) -> None:
    archive(people)
    restore(people)
    while deliver_due():
        pass
    told = Notice.objects.filter(user=people.architect, kind="archived").order_by("pk")
    assert [row.facts["is_over"] for row in told] == ["", "1"]
    assert {row.facts["text"] for row in told} == {BECAUSE}
    assert not Notice.objects.filter(user=people.admin, kind="archived").exists()


def test_uploads_are_refused_with_the_reason(people: People) -> None:
    api = as_pipeline(people.system)
    archive(people)
    answer = api.raw("/reports?system=payments", sarif(1), "application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "system-archived")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "archived" in answer.json()["detail"]
    answer = as_user(people.security).raw("/reports?system=payments", sarif(1), "application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "system-archived")
    assert not Report.objects.exists()


def test_githubs_door_says_so_in_its_shape(people: People) -> None:
    people.system.repositories = ["https://github.com/acme/payments-api"]
    people.system.save()
    where = "/api/github/repos/acme/payments-api/code-scanning/sarifs"
    archive(people)
    for api in (as_pipeline(people.system), as_user(people.security), as_user(people.chief)):
        answer = api.post(where, body())
        # GitHub's REST reference: "Response if the repository is archived".
        assert (answer.status_code, answer.json()["status"]) == (403, "403")
        assert set(answer.json()) == {"message", "documentation_url", "status"}
        assert "archived" in answer.json()["message"]


def test_another_system_in_use_that_lists_the_repository_takes_it(people: People) -> None:
    for system in (people.system, people.other_system):
        system.repositories = ["https://github.com/acme/payments-api"]
        system.save()
    where = "/api/github/repos/acme/payments-api/code-scanning/sarifs"
    assert as_user(people.chief).post(where, body()).status_code == 409  # which of the two?
    archive(people)
    assert as_user(people.chief).post(where, body()).status_code == 202
    assert Report.objects.get().system == people.other_system


def test_dojos_door_says_so_in_its_shape(people: People) -> None:
    archive(people)
    for api in (as_pipeline(people.system), as_user(people.security), as_user(people.admin)):
        file = SimpleUploadedFile("bandit.sarif", sarif(1))
        form = {
            "file": file,
            "scan_type": "SARIF",
            "product_name": "Payments",
            "engagement_name": "main pipeline",
            "auto_create_context": "true",
        }
        answer = api.client.post("/api/v2/import-scan/", form, headers=api.headers)
        assert answer.status_code == 409, answer.content
        assert set(answer.json()) == {"detail"}
        assert "archived" in answer.json()["detail"]
    assert System.objects.count() == 2  # nothing was made in its place


def test_receivers_refuse_likewise(people: People) -> None:
    api = as_pipeline(people.system)
    archive(people)
    sent = {"version": "4", "groupKey": "x", "alerts": [], "receiver": "r", "status": "firing"}
    answer = api.post("/receivers/alertmanager", sent)
    assert answer.status_code == 409
    assert answer.json()["code"] == "system-archived"


def test_sources_are_pulled_no_more_and_are_due_when_it_is_back(people: People) -> None:
    source = make_source(people.system, interval_minutes=60)
    Source.objects.update(next_run_at=timezone.now())
    archive(people)
    sources_wake()
    assert runs_plan() == 0
    with pytest.raises(Archived):
        source_run_now(actor=actor_of(people.admin), source=source)
    restore(people)
    assert runs_plan() == 1
    assert SourceRun.objects.get().source == source


def test_an_acceptance_waits_and_runs_out_when_it_is_back(people: People) -> None:
    item = make_item(people.system, status="open")
    decision_record(
        actor=actor_of(people.architect),
        item=item,
        option=make_option(item),
        reason="For now.",
        valid_until=timezone.localdate() + dt.timedelta(days=1),
    )
    archive(people)
    later = timezone.localdate() + dt.timedelta(days=30)
    assert decisions_expire(later) == 0
    assert Decision.objects.get().ended_at is None  # a record, as it was
    restore(people)
    assert decisions_expire(later) == 1


def test_nobody_hears_of_silence_or_of_what_is_overdue(people: People) -> None:
    series = make_series(people.system)
    for ago in (44, 43, 42, 41, 40):  # daily, and then no more
        make_arrived(series, days_ago=ago)
    make_automation(people.system, due_on=timezone.localdate() - dt.timedelta(days=1))
    archive(people)
    assert (silences_sweep(), overdue_tell()) == (0, 0)
    restore(people)
    assert (silences_sweep(), overdue_tell()) == (1, 1)
    assert Silence.objects.get().series == series


def test_a_job_is_told_and_gets_no_token(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = TrustRule(system=people.system, name="main")
    monkeypatch.setattr(trade, "read_proof", lambda _text: Proof.__new__(Proof))
    monkeypatch.setattr(trade, "rules_fitting", lambda _proof: [rule])
    rule.system = archive(people)
    with pytest.raises(Archived):
        trade.exchange(text="a.b.c")


def test_over_rest(people: People) -> None:
    api = as_user(people.system_admin)
    answer = api.post("/systems/payments/archive", {"because": BECAUSE})
    assert answer.status_code == 200
    assert answer.json()["archived"]["because"] == BECAUSE
    assert answer.json()["archived"]["by"]["name"] == people.system_admin.name
    assert [row["key"] for row in api.get("/systems").json()["results"]] == []
    assert [row["key"] for row in api.get("/systems?archived=true").json()["results"]] == [
        "payments"
    ]
    assert api.get("/systems/payments").json()["archived"]["because"] == BECAUSE
    again = api.post("/systems/payments/archive", {"because": BECAUSE})
    assert (again.status_code, again.json()["code"]) == (409, "system-archived")
    answer = api.post("/systems/payments/restore", {})
    assert (answer.status_code, answer.json()["archived"]) == (200, None)
    assert api.post("/systems/payments/restore", {}).status_code == 409


def test_a_removal_of_it_is_not_put_back_meanwhile(client: Client, people: People) -> None:
    item = make_item(people.system)
    make_option(item)
    option = make_option(item)
    removal = option_delete(actor=actor_of(people.architect), option=option)
    archive(people)
    api = as_user(people.architect)
    answer = api.post(f"/removals/{removal.uid}/restore", {})
    assert answer.status_code in {404, 409}
    restore(people)
    assert api.post(f"/removals/{removal.uid}/restore", {}).status_code == 200


def test_who_sees_it_reads_in_the_archive(client: Client, people: People) -> None:
    archive(people)
    told = signed_in(client, people.viewer).get("/systems/?archived").content.decode()
    assert BECAUSE in told
    assert "Archived systems" in client.get("/systems/").content.decode()
    told = signed_in(client, people.outsider).get("/systems/?archived").content.decode()
    assert BECAUSE not in told
    assert "Archived systems" not in client.get("/systems/").content.decode()


def test_actors_of_the_portal_end_what_was_begun(people: People) -> None:
    report = make_report(people.system, content=sarif(1))
    archive(people)
    assert Permission.REPORT_UPLOAD in portal_actor("ingest").permissions_on(people.system.pk)
    assert report.system_id in portal_actor("x").archived_systems
    assert Actor().archived_systems == frozenset()


def test_a_list_of_items_for_choosing_has_none_of_it(people: People) -> None:
    make_item(people.system)
    viewer = actor_of(people.architect)
    assert items_list(viewer).count() == 1
    archive(people)
    viewer = actor_of(people.architect)
    assert items_list(viewer).count() == 0
    assert items_list(viewer, ItemFilter(archived=True)).count() == 1
