"""Alert rules and the dashboard, against what /metrics really says: names, labels, units, and when rules fire."""

import datetime as dt
import json
import operator
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings as live
from django.test import Client
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from apps.common.events import append
from apps.common.models import OutboxDelivery
from apps.scans.models import Report
from apps.sources.models import Source
from tests.factories import make_report, make_source, make_system

pytestmark = pytest.mark.django_db
TOKEN = "a token of the monitoring"
DEPLOY = Path(live.BASE_DIR) / "deploy"
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
}
PANELS: list[dict[str, Any]] = json.loads((DEPLOY / "grafana/dashboard.json").read_text())["panels"]
# Prometheus documentation, "Configuration", <duration>.
DURATION = re.compile(r"(\d+(ms|[smhdwy]))+")
SELECTOR = re.compile(r"\b(secops_\w+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
BY = re.compile(r"\bby \(([^)]*)\)")


@pytest.fixture
def asked(settings: Any) -> Callable[[], list[Metric]]:
    settings.SECOPS_METRICS_TOKEN = TOKEN

    def ask() -> list[Metric]:
        answer = Client().get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        return list(text_string_to_metric_families(answer.content.decode()))

    return ask


def expressions() -> Iterator[tuple[str, str, str]]:
    """Whose it is, the expression, and the legend of what it draws."""
    for name, rule in RULES.items():
        yield name, rule["expr"], ""
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"], target.get("legendFormat", "")


def test_rules_say_what_to_do() -> None:
    assert len(RULES) >= 8
    for name, rule in RULES.items():
        assert re.fullmatch(r"SecopsPortal\w*|Secops\w+", name)
        assert rule["labels"]["severity"] in {"page", "ticket"}, name
        assert {"summary", "description"} <= set(rule["annotations"]), name
        assert DURATION.fullmatch(rule.get("for", "1m")), name


def test_labels_are_ones_that_the_metrics_have(asked: Callable[[], list[Metric]]) -> None:
    asked()  # itself a request, which is counted
    labels: dict[str, dict[str, set[str]]] = {"up": {"job": {"secops-portal"}}}
    for family in asked():
        for sample in family.samples:
            known = labels.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                known.setdefault(label, set()).add(value)
    for whose, expression, legend in expressions():
        grouped = {each.strip() for words in BY.findall(expression) for each in words.split(",")}
        shown = set(re.findall(r"\{\{(\w+)\}\}", legend))
        for name, matchers in SELECTOR.findall(expression):
            there = labels[name]
            assert grouped | shown <= set(there), (whose, name)
            assert not grouped or shown <= grouped, whose  # what is summed away cannot be shown
            for label, how, value in MATCHER.findall(matchers):
                assert label in there, (whose, label)
                if label == "state" and how == "=":
                    assert value in there["state"], (whose, value)


def test_counters_are_rated_and_gauges_are_not(asked: Callable[[], list[Metric]]) -> None:
    kinds = {sample.name: family.type for family in asked() for sample in family.samples}
    for whose, expression, _legend in expressions():
        rated = set(re.findall(r"\brate\((\w+)", expression))
        for name, _matchers in SELECTOR.findall(expression):
            counts = kinds.get(name) in {"counter", "histogram"}
            assert counts == (name in rated), (whose, name)
        for inner in re.findall(
            r"histogram_quantile\([\d.]+, sum by \(([^)]*)\) \(rate\((\w+)", expression
        ):
            assert "le" in inner[0], whose
            assert inner[1].endswith("_bucket"), whose


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: str(panel["title"]))
def test_panels_have_the_units_of_what_they_draw(panel: dict[str, Any]) -> None:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    for target in panel["targets"]:
        expression = target["expr"]
        if "histogram_quantile" in expression or "_seconds" in expression:
            wanted = "reqps" if "_count" in expression else "s"
        else:
            wanted = "bytes" if "_bytes" in expression else "short"
        assert unit == wanted, expression


# --- when rules fire -------------------------------------------------------------------------------


def holds(rule: str, families: list[Metric]) -> bool:
    """Whether the condition of a rule about gauges is true now: selectors, +, and a comparison with a number."""
    found = re.fullmatch(r"(.+) (>|==) ([\d.]+)", RULES[rule]["expr"])
    assert found
    total = 0.0
    for term in re.split(r" \+ on\(\) ", found[1]):
        match = SELECTOR.fullmatch(term)
        assert match, term
        wanted = {label: value for label, _how, value in MATCHER.findall(match[2] or "")}
        total += sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == match[1] and wanted.items() <= sample.labels.items()
        )
    compare = {">": operator.gt, "==": operator.eq}[found[2]]
    return bool(compare(total, float(found[3])))


def ago(**time: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(**time)


def report_waits(minutes: float) -> None:
    report = make_report(make_system())
    Report.objects.filter(pk=report.pk).update(state="received", received_at=ago(minutes=minutes))


def reports_fail(failed: int) -> None:
    """One of them is quarantined."""
    system = make_system()
    rows = [make_report(system).pk for _each in range(failed)]
    said = {"state": "failed", "error_reason": "unknown-format", "received_at": ago(minutes=5)}
    Report.objects.filter(pk__in=rows).update(**said)
    Report.objects.filter(pk=rows[0]).update(state="quarantined")


def outbox_waits(minutes: float, attempts: int = 0) -> None:
    append("statement.published", {"statement_id": 0, "revision_id": 0})
    late = ago(minutes=minutes)
    OutboxDelivery.objects.update(next_attempt_at=late, attempts=attempts, delivered_at=None)


def source_is(**said: Any) -> None:
    Source.objects.filter(pk=make_source(make_system()).pk).update(**said)


@pytest.mark.parametrize(
    ("rule", "calm", "alarming"),
    [
        ("SecopsReportsWait", lambda: report_waits(14), lambda: report_waits(16)),
        ("SecopsReportsFail", lambda: reports_fail(10), lambda: reports_fail(11)),
        ("SecopsOutboxLags", lambda: outbox_waits(9), lambda: outbox_waits(11)),
        ("SecopsOutboxStuck", lambda: outbox_waits(1, 4), lambda: outbox_waits(1, 5)),
        (
            "SecopsSourceBroken",
            lambda: source_is(failures=3),
            lambda: source_is(broken_since=timezone.now()),
        ),
        (
            "SecopsSourcesLate",
            lambda: source_is(next_run_at=ago(minutes=29)),
            lambda: source_is(next_run_at=ago(minutes=31)),
        ),
    ],
)
def test_a_rule_fires_when_it_should(
    asked: Callable[[], list[Metric]],
    rule: str,
    calm: Callable[[], None],
    alarming: Callable[[], None],
) -> None:
    assert not holds(rule, asked())  # nothing is there
    calm()
    assert not holds(rule, asked())
    alarming()
    assert holds(rule, asked())
