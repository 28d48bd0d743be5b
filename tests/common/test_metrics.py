"""What monitoring is told, to whom, and that rules and dashboard ask for nothing else."""

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings as live
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from apps.common.events import append
from apps.common.models import OutboxDelivery
from apps.scans.models import Report
from apps.sources.models import Source
from tests.factories import make_report, make_source, make_system

pytestmark = pytest.mark.django_db
TOKEN = "a token of the monitoring"
Samples = dict[tuple[str, str], float]


@pytest.fixture
def told(settings: Any) -> Any:
    settings.SECOPS_METRICS_TOKEN = TOKEN

    def ask() -> Samples:
        answer = Client().get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        families = text_string_to_metric_families(answer.content.decode())
        return {
            (sample.name, sample.labels.get("state", "")): sample.value
            for family in families
            for sample in family.samples
        }

    return ask


def test_strangers_find_nothing(settings: Any) -> None:
    right = {"authorization": f"Bearer {TOKEN}"}
    assert Client().get("/metrics", headers=right).status_code == 404  # no token is set
    settings.SECOPS_METRICS_TOKEN = TOKEN
    for given in ("", "Bearer", "Bearer x", f"bearer{TOKEN}", "Bearer \udcff"):
        headers = {"authorization": given.encode("utf-8", "replace").decode()}
        assert Client().get("/metrics", headers=headers).status_code == 404
    assert Client().get("/metrics", headers=right).status_code == 200


def test_reports_by_state_and_age(told: Any) -> None:
    system = make_system()
    for state, minutes in (("received", 20), ("processing", 5), ("quarantined", 90)):
        report = make_report(system)
        came = timezone.now() - dt.timedelta(minutes=minutes)
        Report.objects.filter(pk=report.pk).update(state=state, received_at=came)
    found = told()
    assert found["secops_reports_waiting", "received"] == 1
    assert found["secops_reports_waiting", "processing"] == 1
    assert 1200 <= found["secops_report_queue_age_seconds", ""] < 1260
    assert found["secops_reports_last_hour", "received"] == 1
    assert found["secops_reports_last_hour", "quarantined"] == 0  # came before


def test_the_outbox(told: Any) -> None:
    assert told()["secops_outbox_due", ""] == 0
    append("statement.published", {"statement_id": 0, "revision_id": 0})
    late = timezone.now() - dt.timedelta(minutes=10)
    due = OutboxDelivery.objects.update(next_attempt_at=late, attempts=6, delivered_at=None)
    found = told()
    assert found["secops_outbox_due", ""] == found["secops_outbox_stuck", ""] == due > 0
    assert 600 <= found["secops_outbox_lag_seconds", ""] < 660


def test_sources_by_how_they_stand(told: Any) -> None:
    system = make_system()
    for said in ({"failures": 2}, {"broken_since": timezone.now()}, {"is_paused": True}):
        Source.objects.filter(pk=make_source(system).pk).update(**said)
    late = timezone.now() - dt.timedelta(minutes=30)
    Source.objects.filter(pk=make_source(system).pk).update(next_run_at=late, failures=0)
    found = told()
    states = {state: found["secops_sources", state] for state in ("failing", "broken", "paused")}
    assert states == {"failing": 1, "broken": 1, "paused": 1}
    assert found["secops_source_lag_seconds", ""] >= 1800


def test_requests_are_counted_by_route_and_not_by_address(settings: Any) -> None:
    settings.SECOPS_METRICS_TOKEN = TOKEN
    Client().get("/planning/PI-424242/")
    answer = Client().get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    text = answer.content.decode()
    assert 'route="planning/PI-<int:pk>/"' in text
    assert "424242" not in text


def test_rules_and_dashboard_ask_for_what_is_told(told: Any) -> None:
    known = {name for name, _state in told()} | {"up"}
    deploy = Path(live.BASE_DIR) / "deploy"
    rules = yaml.safe_load((deploy / "prometheus/alerts.yaml").read_text())
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    dashboard = json.loads((deploy / "grafana/dashboard.json").read_text())
    asked += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) > 15
    for expression in asked:
        names = set(re.findall(r"\b(?:secops_\w+|up)\b", expression))
        assert names, expression
        assert names <= known, expression
    documented = (Path(live.BASE_DIR) / "docs/operations.md").read_text()
    families = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in known - {"up"}}
    assert all(f"`{name}`" in documented for name in families)
