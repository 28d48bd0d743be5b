"""What a pipeline is told about a stage: for one system, new against a commit or a branch."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.evidence.services.links import link_create
from apps.scans.models import Finding, Report
from apps.scans.services.ingest import report_ingest
from apps.scans.services.triage import finding_triage
from tests.api.conftest import Api, as_pipeline, as_user, problem_fields
from tests.api.test_reports import sarif
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_finding,
    make_guidance,
    make_item,
    make_report,
    make_statement,
)

ingests = pytest.mark.django_db(transaction=True)
PATH = "/systems/payments/stages/code/advice"
TESTS = portal_actor("tests")


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.scans.dispatch.send", lambda *_: True)


def post(people: People, *lines: int, **claim: Any) -> Report:
    report = make_report(people.system, content=sarif(*lines), stage="code", **claim)
    report_ingest(report.pk)
    return report


def lines_of(told: dict[str, Any]) -> list[str]:
    return sorted(each["place"] for each in told["new"])


def places(*lines: int) -> list[str]:
    return sorted(f"app/view{line}.py:{line}" for line in lines)


@pytest.mark.django_db
def test_who_may_ask(people: People) -> None:
    pipeline = as_pipeline(people.system)
    assert pipeline.get(PATH).status_code == 200
    assert as_user(people.viewer).get(PATH).status_code == 200
    for stranger in (as_pipeline(people.other_system), as_user(people.outsider)):
        assert stranger.get(PATH).status_code == 404
    assert Api().get(PATH).status_code == 401
    # Nothing else of the system is opened by it.
    for closed in ("/systems/payments", "/findings", "/statements", "/guidance"):
        assert pipeline.get(closed).status_code == 403


@pytest.mark.django_db
def test_a_stage_without_evidence_is_a_gap_with_its_guidance(people: People) -> None:
    make_guidance(published=True, stages=["code"], title="Read what goes in")
    told = as_pipeline(people.system).get(PATH).json()
    (gap,) = told["advice"]
    assert gap["kind"] == "gap"
    # Guidance on something else in the same stage is no guidance on what is missing.
    wanted = "Code of Payments has no evidence yet; expected: static analysis and secret scan."
    assert gap["text"] == wanted
    # CWE-798, use of hard-coded credentials, is what a secret scan is about; the stage's own comes first.
    make_guidance(published=True, stages=["build"], title="Another stage's", cwes=[798])
    make_guidance(published=True, stages=["code"], title="Secrets out of code", cwes=[798, 259])
    told = as_pipeline(people.system).get(PATH).json()
    assert told["advice"][0]["text"].startswith(f"{wanted} The guidance is G-")
    assert "Secrets out of code" in told["advice"][0]["text"]
    assert (told["risks"], told["new"], told["expected_annual_loss"]) == ([], [], "0.00")
    assert "verdict" not in told


@ingests
def test_new_since_a_commit(people: People) -> None:
    api = as_pipeline(people.system)
    post(people, 1, 2, commit="aaaaaaa1111")
    post(people, 1, 2, 3, commit="bbbbbbb2222")
    post(people, 1, 2, 3, 4, commit="ccccccc3333")
    assert lines_of(api.get(PATH, since="aaaaaaa1111").json()) == places(3, 4)
    assert lines_of(api.get(PATH, since="bbbbbbb").json()) == places(4)
    assert lines_of(api.get(PATH, since="ccccccc3333").json()) == []
    # A commit that no report is of: everything is new to whoever asks.
    assert lines_of(api.get(PATH, since="ddddddd").json()) == places(1, 2, 3, 4)
    told = api.get(PATH, since="aaaaaaa1111").json()
    assert (told["new_count"], told["new_since"]) == (2, "since commit aaaaaaa1111")
    texts = [each["text"] for each in told["advice"]]
    assert "2 findings are new since commit aaaaaaa1111." in texts
    assert told["open"] == {"info": 0, "low": 0, "medium": 0, "high": 4, "critical": 0}
    (series,) = told["evidence"]
    assert (series["tool"], series["freshness"]) == ("Bandit", "fresh")
    post(people, 2, 3, 4)
    assert lines_of(api.get(PATH, since="aaaaaaa1111").json()) == places(3, 4)


@ingests
def test_new_without_a_commit_is_since_a_day_that_is_said(people: People) -> None:
    """Of two reports, one of ten days ago: its findings are old, unless that day is asked for."""
    api, today = as_pipeline(people.system), timezone.now().astimezone(dt.UTC).date()
    old = post(people, 1, 2)
    Report.objects.filter(pk=old.pk).update(received_at=timezone.now() - dt.timedelta(days=10))
    assert api.get(PATH).json()["new_count"] == 0
    assert "new" not in [each["kind"] for each in api.get(PATH).json()["advice"]]
    post(people, 1, 2, 3)
    told = api.get(PATH).json()
    week_ago = str(today - dt.timedelta(days=7))
    assert lines_of(told) == places(3)
    assert told["new_since"] == f"since {week_ago}"
    (news,) = [each for each in told["advice"] if each["kind"] == "new"]
    assert news["text"] == f"1 finding is new since {week_ago}."
    assert news["url"] == f"/findings/?system=payments&stage=code&since={week_ago}"
    before = str(today - dt.timedelta(days=11))
    assert lines_of(api.get(PATH, since=before).json()) == places(1, 2, 3)
    assert "**New findings since " in api.get(PATH, format="markdown").content.decode()
    for wrong in ("2026-02-30", "yesterday", "2026-1-1"):
        assert problem_fields(api.get(PATH, since=wrong)) == {"since"}


@ingests
def test_what_went_and_came_back_is_new_once(people: People) -> None:
    """A finding that was seen, gone and seen again since then is one finding and not two."""
    api = as_pipeline(people.system)
    post(people, 9, commit="aaaaaaa1111")
    for lines in ((9, 1), (9,), (9, 1)):
        post(people, *lines)
    for since in ({}, {"since": "aaaaaaa1111"}):
        told = api.get(PATH, **since).json()
        assert lines_of(told) == (places(1, 9) if not since else places(1))
        assert told["new_count"] == len(told["new"])


@ingests
def test_new_on_a_branch_is_what_the_default_branch_has_not(people: People) -> None:
    api = as_pipeline(people.system)
    post(people, 1, 2)
    known = Finding.objects.get(line=2)
    finding_triage(
        actor=actor_of(people.security), finding=known, verdict="accepted", reason="Known."
    )
    post(people, 1, 2, 9, branch="feature")
    told = api.get(PATH, branch="feature").json()
    assert lines_of(told) == places(9)
    assert told["new_since"] == "on feature against main"
    assert lines_of(api.get(PATH, branch="main").json()) == places(1)
    assert lines_of(api.get(PATH, branch="another").json()) == []


@ingests
def test_a_series_that_fell_silent(people: People) -> None:
    report = post(people, 1)
    Report.objects.filter(pk=report.pk).update(received_at=timezone.now() - dt.timedelta(days=50))
    kinds = {
        each["kind"]: each["text"] for each in as_pipeline(people.system).get(PATH).json()["advice"]
    }
    assert (
        "Code of Payments has had no static analysis for 50 days; every 30 are expected."
        in kinds["stale"]
    )


@pytest.mark.django_db
def test_risks_carried_with_their_value_and_evidence(people: People) -> None:
    item = make_item(people.system, stage="code", status="open")
    statement = make_statement(item, published=True)
    make_statement(make_item(people.system, stage="deploy", status="open"), published=True)
    make_statement(make_item(people.other_system, stage="code", status="open"), published=True)
    link_create(actor=TESTS, statement=statement, finding=make_finding(people.system))
    told = as_pipeline(people.system).get(PATH).json()
    (risk,) = told["risks"]
    assert (risk["key"], risk["open_evidence"]) == (statement.key, 1)
    assert risk["expected_annual_loss"] == str(statement.valuation.expected_annual_loss)
    assert Decimal(told["expected_annual_loss"]) == statement.valuation.expected_annual_loss
    texts = [each["text"] for each in told["advice"] if each["kind"] == "risk"]
    assert len(texts) == 1
    assert texts[0].startswith(f"1 open finding bears on {statement.key}, worth ")


@ingests
def test_markdown_holds_nothing_that_a_tool_could_smuggle_in(people: People) -> None:
    evil = b'{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"T"}},"results":[{"ruleId":"r",'
    evil += b'"message":{"text":"[x](javascript:1) <img src=x> `a` | b\\n# c"},"locations":[{'
    evil += (
        b'"physicalLocation":{"artifactLocation":{"uri":"a_b*.py"},"region":{"startLine":1}}}]}]}]}'
    )
    report_ingest(make_report(people.system, content=evil, stage="code").pk)
    answer = as_pipeline(people.system).get(PATH, format="markdown")
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    text = answer.content.decode()
    assert text.startswith("### Code of Payments: advice\n")
    assert r"[x \<img src=x\> \`a\` \| b](http" in text
    assert "<img" not in text.replace(r"\<img", "")
    assert r"a\_b\*.py:1" in text
    assert text.rstrip().endswith("decide._")


@ingests
def test_sarif_for_a_code_host_is_read_by_our_own_reader_too(people: People) -> None:
    post(people, 1, 2)
    answer = as_pipeline(people.system).get(PATH, format="sarif")
    assert answer["Content-Type"] == "application/sarif+json"
    (run,) = answer.json()["runs"]
    assert {each["level"] for each in run["results"]} == {"error"}
    (rule,) = run["tool"]["driver"]["rules"]
    assert (rule["id"], rule["properties"]["security-severity"]) == ("B608", "8.0")
    again = make_report(people.other_system, content=answer.content, stage="code")
    report_ingest(again.pk)
    again.refresh_from_db()
    assert (again.state, again.total) == ("processed", 2)


@pytest.mark.django_db
def test_refusals(people: People) -> None:
    api = as_pipeline(people.system)
    assert problem_fields(api.get(PATH, since="x'--")) == {"since"}
    assert problem_fields(api.get(PATH, format="xml")) == {"format"}
    assert problem_fields(api.get(PATH, other="1")) == {"other"}
    assert api.get("/systems/payments/stages/coding/advice").status_code == 404
    accepted = api.client.get(f"/api/v1{PATH}", headers={**api.headers, "Accept": "text/markdown"})
    assert accepted.status_code == 200
