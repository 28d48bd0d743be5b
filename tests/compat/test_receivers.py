"""What monitoring posts by itself, with bodies as the two products document them."""

import base64
import json
from typing import Any

import pytest
import yaml
from django.conf import settings as portal

from apps.scans.models import Finding, FindingState, Report
from apps.scans.services.ingest import report_ingest
from tests.api.conftest import Api, as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import make_ci_token

ALERTMANAGER, FALCO = "/receivers/alertmanager", "/receivers/falcosidekick"
ingests = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.scans.dispatch.send", lambda *_: True)


def alert(name: str, *, resolved: bool = False) -> dict[str, Any]:
    return {
        "status": "resolved" if resolved else "firing",
        "labels": {"alertname": name, "severity": "critical", "instance": "web1:9100"},
        "annotations": {"summary": f"{name} since five minutes"},
        "startsAt": "2026-05-06T07:08:09.123Z",
        "endsAt": "2026-05-06T08:00:00Z" if resolved else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.org/graph?g0.expr=up",
        "fingerprint": f"5ac5a2a1b2c3d4{len(name):02d}",
    }


def notification(*alerts: dict[str, Any]) -> dict[str, Any]:
    """Prometheus docs, "Alerting", "Configuration", `<webhook_config>`."""
    return {
        "version": "4",
        "groupKey": '{}:{job="web"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "portal",
        "groupLabels": {"job": "web"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.org",
        "alerts": list(alerts),
    }


def event(uuid: str = "9b1c9f0e-4f5a-4b8e-8f0a-0d6c2f2b7a11") -> dict[str, Any]:
    """Falcosidekick's payload of an event (types.FalcoPayload)."""
    return {
        "uuid": uuid,
        "output": "10:11:12.5: Warning A shell was started (user=root k8s.ns=shop)",
        "priority": "Warning",
        "rule": "Terminal shell in container",
        "time": "2026-02-03T10:11:12.512345678Z",
        "output_fields": {"k8s.ns.name": "shop", "k8s.pod.name": "web-1", "proc.name": "sh"},
        "source": "syscall",
        "tags": ["mitre_execution", "shell"],
        "hostname": "node1",
    }


def work() -> None:
    for report in Report.objects.filter(state="received").order_by("id"):
        report_ingest(report.pk)


@ingests
def test_an_alert_opens_goes_on_and_is_over(people: People) -> None:
    api = as_pipeline(people.system)
    first = api.post(
        f"{ALERTMANAGER}?environment=production", notification(alert("Flood"), alert("Disk"))
    )
    assert first.status_code == 202, first.content
    assert first["Location"].endswith(first.json()["uid"])
    work()
    assert Finding.objects.filter(state=FindingState.OPEN).count() == 2

    again = api.post(
        f"{ALERTMANAGER}?environment=production", notification(alert("Flood"), alert("Disk"))
    )
    assert again.json()["uid"] == first.json()["uid"]

    api.post(f"{ALERTMANAGER}?environment=production", notification(alert("Flood", resolved=True)))
    work()
    assert {each.rule_id: each.state for each in Finding.objects.all()} == {
        "Flood": FindingState.FIXED,
        "Disk": FindingState.OPEN,  # a notification says nothing of what it leaves out
    }
    report = Report.objects.order_by("-id")[0]
    assert (report.stage, report.environment, report.fixed) == ("monitor", "production", 1)
    api.post(
        f"{ALERTMANAGER}?environment=production",
        notification({**alert("Flood"), "startsAt": "2026-05-07T00:00:00Z"}),
    )
    work()
    assert Finding.objects.filter(rule_id="Flood", state=FindingState.OPEN).count() == 1


@ingests
def test_an_event_of_falco(people: People) -> None:
    api = as_pipeline(people.system)
    answers = [api.post(f"{FALCO}?stage=operate", event()) for _ in range(2)]
    assert answers[0].status_code == 202, answers[0].content
    assert answers[0].json()["uid"] == answers[1].json()["uid"]
    api.post(FALCO, event("another"))
    work()
    assert {each.stage for each in Report.objects.all()} == {"operate", "monitor"}
    finding = Finding.objects.filter(stage="operate").get()
    assert (finding.rule_id, finding.severity, finding.kind) == (
        "Terminal shell in container",
        2,
        "alert",
    )


@pytest.mark.django_db
def test_the_token_may_be_basics_password(people: People) -> None:
    text = make_ci_token(people.system).text

    def basic(password: str) -> Any:
        said = base64.b64encode(f"anybody:{password}".encode()).decode()
        api = Api()
        api.headers = {"Authorization": f"Basic {said}"}
        return api.post(FALCO, event())

    assert basic(text).status_code == 202
    for wrong in ("", "x", text[:-1]):
        assert basic(wrong).json()["code"] == "token-not-valid"
    plain = Api()
    plain.headers = {"Authorization": "Basic ~~~"}
    assert plain.post(FALCO, event()).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (ALERTMANAGER, {"version": "4"}, "alerts"),
        (ALERTMANAGER, notification(), "alerts"),
        (ALERTMANAGER, {**notification(alert("A")), "version": "3"}, "version"),
        (ALERTMANAGER, notification({**alert("A"), "status": "maybe"}), "alerts.0.status"),
        (ALERTMANAGER, notification({"status": "firing"}), "alerts.0.labels"),
        (ALERTMANAGER, [alert("A")], "body"),
        (ALERTMANAGER, event(), "version"),
        (FALCO, {"rule": "x"}, "priority"),
        (FALCO, {**event(), "output_fields": "none"}, "output_fields"),
        (FALCO + "?stage=build", event(), "stage"),
        (FALCO + "?sytem=payments", event(), "sytem"),
    ],
)
def test_what_is_wrong_is_named(people: People, path: str, body: Any, field: str) -> None:
    answer = as_pipeline(people.system).post(path, body)
    assert answer.status_code == 400, answer.content
    assert field in problem_fields(answer)
    assert Report.objects.count() == 0


@pytest.mark.django_db
def test_who_may_post_where(people: People) -> None:
    assert problem_fields(as_user(people.chief).post(FALCO, event())) == {"system"}
    assert as_user(people.chief).post(f"{FALCO}?system=payroll", event()).status_code == 202
    assert as_pipeline(people.system).post(f"{FALCO}?system=payroll", event()).status_code == 404
    assert as_user(people.viewer).post(f"{FALCO}?system=payments", event()).status_code == 403
    assert as_user(people.outsider).post(f"{FALCO}?system=payments", event()).status_code == 404
    raw = as_pipeline(people.system).raw(FALCO, b"{", "application/json")
    assert raw.json()["code"] == "parse-error"
    assert as_pipeline(people.system).raw(FALCO, b"{}", "text/plain").status_code == 415
    assert Report.objects.count() == 1


def test_the_configuration_of_the_page_names_these_addresses() -> None:
    page = (portal.BASE_DIR / "docs" / "existing-pipelines.md").read_text()
    blocks = [yaml.safe_load(part.split("```")[0]) for part in page.split("```yaml\n")[1:]]
    (config,) = blocks[0]["receivers"][0]["webhook_configs"]
    assert f"/api/v1{ALERTMANAGER}?" in config["url"]
    assert config["http_config"]["authorization"]["type"] == "Bearer"
    assert f"/api/v1{FALCO}?" in blocks[1]["webhook"]["address"]
    assert json.dumps(blocks[1]["webhook"]["customHeaders"]).startswith(
        '{"Authorization": "Bearer secops_'
    )
