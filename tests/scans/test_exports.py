"""Findings as files: exactly what the filter finds, readable by other programs, in bounded memory."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Team
from apps.audit.models import AuditEntry
from apps.scans.exports import rows
from apps.scans.exports.words import finding_url
from apps.scans.formats.openvex import OpenVex
from apps.scans.formats.sarif import Sarif
from apps.scans.models import FindingOwner, FindingTag, OwnerSource
from apps.scans.services.triage import finding_triage
from tests.api.conftest import as_pipeline, as_user
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_series

pytestmark = pytest.mark.django_db
SCHEMAS = Path(__file__).parents[3] / "shared" / "schemas"
LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"


def body(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content).decode()


def export(people: People, kind: str, **query: Any) -> str:
    return body(as_user(people.security).get("/findings/export", format=kind, **query))


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def check_schema(name: str, value: Any) -> None:
    path = SCHEMAS / name
    if not path.exists():
        pytest.skip("the published schemas are not here")
    schema = json.loads(path.read_text())
    validators = pytest.importorskip("jsonschema.validators")
    kind = validators.validator_for(schema)
    kind(schema, registry=_neighbours(path)).validate(value)


def _neighbours(path: Path) -> Any:
    referencing = pytest.importorskip("referencing")
    found = [json.loads(each.read_text()) for each in path.parent.glob("*.json")]
    return referencing.Registry().with_resources(
        (each["$id"], referencing.Resource.from_contents(each)) for each in found if "$id" in each
    )


# --- CSV -----------------------------------------------------------------------------------------


def test_csv_has_what_the_filter_finds_and_no_more(people: People) -> None:
    low = make_finding(people.system, severity=1)
    worst = make_finding(people.system, severity=4, vulnerabilities=["CVE-2021-44228"], purl=LOG4J)
    make_finding(people.system, severity=4, state="fixed")
    make_finding(people.other_system, severity=4)
    found = table(export(people, "csv"))
    assert [int(row["id"]) for row in found] == [worst.pk, low.pk]
    assert found[0]["severity"] == "critical"
    assert found[0]["system"] == "payments"
    assert found[0]["package"] == LOG4J
    assert found[0]["vulnerabilities"] == "CVE-2021-44228"
    assert found[0]["weaknesses"] == "CWE-89"
    assert [row["id"] for row in table(export(people, "csv", severity="high"))] == [str(worst.pk)]
    assert len(table(export(people, "csv", state="any"))) == 3


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(people: People, begin: str) -> None:
    text = f'{begin}HYPERLINK("http://evil.example","x")'
    make_finding(people.system, title=text, rule_id=text, path=text, place=text)
    (row,) = table(export(people, "csv"))
    for name in ("title", "rule", "path", "place"):
        assert row[name].startswith("'"), name
    assert not [value for value in row.values() if value[:1] in set("=+-@\t\r")]


def test_what_a_person_said_and_why_go_along(people: People) -> None:
    finding = make_finding(people.system)
    finding_triage(
        actor=actor_of(people.security),
        finding=finding,
        verdict="accepted",
        reason="=cmd|' /C calc'!A0",
    )
    (row,) = table(export(people, "csv", state="accepted"))
    assert row["reason"] == "'=cmd|' /C calc'!A0"
    assert row["said_by"].startswith("Sec Urity")


def test_owner_and_tags_go_along(people: People) -> None:
    """As many statements for twenty findings as for one: owners and tags come a chunk at a time."""
    team = Team.objects.create(key="team-a", name="Team A")
    series = make_series(people.system)
    finding, bare = make_finding(series=series, severity=4), make_finding(series=series)
    FindingOwner.objects.create(finding=finding, team=team, source=OwnerSource.MAP)
    FindingTag.objects.bulk_create(FindingTag(finding=finding, tag=tag) for tag in ("b", "=a"))
    rows = table(export(people, "csv"))
    assert [(row["owner"], row["tags"]) for row in rows] == [("team-a", "'=a, b"), ("", "")]
    (run,) = json.loads(export(people, "sarif"))["runs"]
    told = {each["hostedViewerUri"]: each["properties"] for each in run["results"]}
    marked, plain = (told[finding_url(each)] for each in (finding, bare))
    assert (marked["owner"], marked["tags"]) == ("team-a", ["=a", "b"])
    assert {"owner", "tags"}.isdisjoint(plain)
    with CaptureQueriesContext(connection) as few:
        export(people, "csv")
    for number in range(20):
        more = make_finding(series=series)
        FindingOwner.objects.create(finding=more, team=team, source=OwnerSource.MAP)
        FindingTag.objects.create(finding=more, tag=str(number))
    with CaptureQueriesContext(connection) as many:
        export(people, "csv")
    assert len(many) == len(few)


def test_the_page_exports_its_filter_and_it_is_written_down(people: People) -> None:
    kept = make_finding(people.system, title="in a test")
    make_finding(people.system, title="elsewhere")
    client = Client()
    client.force_login(people.security)
    page = client.get("/findings/?q=in+a+test").content.decode()
    assert "/findings/export/?q=in+a+test&amp;format=csv" in page
    answer = client.get("/findings/export/?q=in+a+test&format=csv")
    assert answer["Content-Disposition"].startswith('attachment; filename="findings-')
    assert [row["id"] for row in table(body(answer))] == [str(kept.pk)]
    entry = AuditEntry.objects.get(action="findings.export")
    assert entry.changes == {"format": "csv", "filter": {"q": "in a test"}}
    assert client.get("/findings/export/?format=exe").status_code == 404


def test_who_may_not(people: People) -> None:
    make_finding(people.system)
    assert table(body(as_user(people.outsider).get("/findings/export", format="csv"))) == []
    assert as_pipeline(people.system).get("/findings/export", format="csv").status_code == 403
    assert as_user(people.security).get("/findings/export", format="pdf").status_code == 400
    assert as_user(people.security).get("/findings/export").status_code == 400


@pytest.mark.parametrize("kind", ["csv", "sarif", "openvex", "cyclonedx"])
def test_rows_come_in_chunks(people: People, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No export asks for all rows at once: what is read ahead is one chunk."""
    monkeypatch.setattr(rows, "CHUNK", 7)
    series = make_series(people.system)
    for number in range(20):
        make_finding(
            series=series,
            purl=f"pkg:npm/a{number}@1",
            vulnerabilities=[f"CVE-2024-{1000 + number}"],
        )
    text = export(people, kind)
    counted = {
        "csv": lambda: len(table(text)),
        "sarif": lambda: sum(len(run["results"]) for run in json.loads(text)["runs"]),
        "openvex": lambda: len(json.loads(text)["statements"]),
        "cyclonedx": lambda: len(json.loads(text)["vulnerabilities"]),
    }
    assert counted[kind]() == 20


# --- SARIF ---------------------------------------------------------------------------------------


def test_sarif_has_a_run_a_series_and_is_read_again(people: People) -> None:
    semgrep, bandit = (make_series(people.system, tool=name) for name in ("Semgrep", "Bandit"))
    for path in ("src/a b.py", "src/ü.py"):
        make_finding(series=semgrep, path=path, line=7, place=f"{path}:7")
    accepted = make_finding(series=bandit)
    make_finding(series=bandit, path="", line=None, place="host.example:443", state="fixed")
    finding_triage(
        actor=actor_of(people.security), finding=accepted, verdict="accepted", reason="A test."
    )
    text = export(people, "sarif", state="any")
    told = json.loads(text)
    assert [run["tool"]["driver"]["name"] for run in told["runs"]] == ["Semgrep", "Bandit"]
    assert [len(run["results"]) for run in told["runs"]] == [2, 2]
    first, gone = told["runs"][1]["results"]
    assert first["suppressions"][0]["justification"] == "Accepted: A test."
    assert gone["baselineState"] == "absent"
    assert told["runs"][0]["tool"]["driver"]["rules"][0]["properties"]["tags"] == [
        "security",
        "external/cwe/cwe-089",
    ]
    again = list(Sarif().parse(memoryview(text.encode())).findings)
    assert [each.location.path for each in again[:2]] == ["src/a b.py", "src/ü.py"]
    assert [each.location.line for each in again[:2]] == [7, 7]
    check_schema("sarif/sarif-schema-2.1.0.json", told)


def test_sarif_of_nothing_is_valid(people: People) -> None:
    told = json.loads(export(people, "sarif"))
    assert told["runs"] == []
    check_schema("sarif/sarif-schema-2.1.0.json", told)


# --- VEX -----------------------------------------------------------------------------------------


@pytest.fixture
def states(people: People) -> None:
    """One vulnerability in each state."""
    actor = actor_of(people.security)
    series = make_series(people.system, tool="Trivy", stage="build")
    for number, (verdict, justification) in enumerate(
        [
            ("open", ""),
            ("accepted", ""),
            ("not_affected", "vulnerable_code_not_in_execute_path"),
            ("false_positive", ""),
        ]
    ):
        finding = make_finding(
            series=series,
            kind="package",
            purl=f"pkg:npm/p{number}@1.0.0",
            vulnerabilities=[f"CVE-2024-{number}000", f"GHSA-aaaa-bbbb-000{number}"],
        )
        if verdict != "open":
            finding_triage(
                actor=actor,
                finding=finding,
                verdict=verdict,
                reason=f"Why {verdict}.",
                justification=justification,
            )
    make_finding(series=series, vulnerabilities=["CVE-2024-4000"], purl="", state="fixed")
    make_finding(series=series)  # no vulnerability: nothing that VEX speaks of


def test_openvex(people: People, states: None) -> None:
    text = export(people, "openvex", state="any")
    told = json.loads(text)
    by_id = {each["vulnerability"]["name"]: each for each in told["statements"]}
    assert {name: each["status"] for name, each in by_id.items()} == {
        "CVE-2024-0000": "under_investigation",
        "CVE-2024-1000": "affected",
        "CVE-2024-2000": "not_affected",
        "CVE-2024-3000": "not_affected",
        "CVE-2024-4000": "fixed",
    }
    assert by_id["CVE-2024-0000"]["vulnerability"]["aliases"] == ["GHSA-aaaa-bbbb-0000"]
    assert by_id["CVE-2024-0000"]["products"] == [
        {"@id": "pkg:generic/payments", "subcomponents": [{"@id": "pkg:npm/p0@1.0.0"}]}
    ]
    assert "Why accepted." in by_id["CVE-2024-1000"]["action_statement"]
    assert by_id["CVE-2024-2000"]["justification"] == "vulnerable_code_not_in_execute_path"
    assert by_id["CVE-2024-3000"]["impact_statement"] == "Why false_positive."
    assert len(list(OpenVex().parse(memoryview(text.encode())).findings)) == 5
    check_schema("openvex/openvex_json_schema.json", told)


def test_cyclonedx(people: People, states: None) -> None:
    told = json.loads(export(people, "cyclonedx", state="any"))
    by_id = {each["id"]: each for each in told["vulnerabilities"]}
    assert {name: each["analysis"]["state"] for name, each in by_id.items()} == {
        "CVE-2024-0000": "in_triage",
        "CVE-2024-1000": "exploitable",
        "CVE-2024-2000": "not_affected",
        "CVE-2024-3000": "false_positive",
        "CVE-2024-4000": "resolved",
    }
    assert by_id["CVE-2024-2000"]["analysis"]["justification"] == "code_not_reachable"
    refs = {each["bom-ref"] for each in told["components"]}
    assert len(refs) == len(told["components"]) == 5
    assert {part["ref"] for each in by_id.values() for part in each["affects"]} == refs
    check_schema("cyclonedx/bom-1.6.schema.json", told)


def test_the_most_careful_state_of_several_tools_counts(people: People) -> None:
    for tool, state in (("Trivy", "not_affected"), ("Grype", "open")):
        make_finding(
            series=make_series(people.system, tool=tool),
            purl=LOG4J,
            vulnerabilities=["CVE-2021-44228"],
            state=state,
        )
    (statement,) = json.loads(export(people, "openvex", state="any"))["statements"]
    assert statement["status"] == "under_investigation"


def test_a_csv_holds_what_the_list_shows(people: People) -> None:
    found = make_finding(people.system, severity=3, title="=1+1", purl=LOG4J)
    rows = table(export(people, "csv", columns="package,severity"))
    (row,) = rows
    always = ["id", "title", "rule", "place", "known_exploited", "epss", "url"]
    assert list(row) == [*always, "severity", "package"]
    assert (row["id"], row["title"]) == (str(found.pk), "'=1+1")
    assert (row["severity"], row["package"], row["epss"]) == ("high", LOG4J, "")
    client = Client()
    client.force_login(people.security)
    page = client.get("/findings/?columns=state&stage=code").content.decode()
    link = "/findings/export/?stage=code&amp;format=csv&amp;columns=state"
    assert link in page
    (shown,) = table(body(client.get(link.replace("&amp;", "&"))))
    assert list(shown) == [*always, "state"]
    refused = as_user(people.security).get("/findings/export", format="csv", columns="colour")
    assert refused.status_code == 400
