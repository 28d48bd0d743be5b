"""Prometheus Alertmanager: what a running system noticed."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats import severity
from apps.scans.formats.decode import Shape, document, listing, loose, read_all
from apps.scans.formats.text import clean, first_line, links, links_in, moment
from apps.scans.formats.types import (
    Format,
    FormatError,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
)

_MAPPING = {
    "kind": "alert",
    "rule_id": "labels.alertname",
    "title": "annotations.summary, title or message, else the alert's name",
    "severity": "labels.severity (critical, page, error, warning, info, none, ...), else medium",
    "severity_source": "labels.severity",
    "location.resource": "the labels but alertname and severity, sorted",
    "location.host": "labels.instance, host or node",
    "description": "annotations.description, else all annotations",
    "remediation": "annotations.runbook or remediation",
    "references": "generatorURL, annotations that are URLs",
    "tool_fingerprint": "fingerprint, Alertmanager's hash of the labels",
    "occurred_at": "startsAt",
    "resolved_at": "endsAt of a resolved alert",
}


class _Status(msgspec.Struct, rename="camel"):
    state: str | None = None
    silenced_by: list[str] | None = None
    inhibited_by: list[str] | None = None


class _Alert(msgspec.Struct, rename="camel"):
    status: str | _Status | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    generator_url: str | None = msgspec.field(name="generatorURL", default=None)
    fingerprint: str | None = None


class _Webhook(msgspec.Struct, rename="camel"):
    version: str | None = None
    status: str | None = None
    alerts: list[Raw] | None = None
    truncated_alerts: int | None = None


_ALERT = Shape(_Alert)
_WEBHOOK = Shape(_Webhook)


class AlertmanagerWebhook(Format):
    """The notification that Alertmanager posts to a webhook receiver."""

    slug = "alertmanager-webhook"
    name = "Alertmanager webhook (version 4)"
    stages = ("monitor",)
    tool_name = "Alertmanager"
    mapping = {**_MAPPING, "resolved_at": "endsAt of an alert whose status is resolved"}
    notes = (
        "A notification is about one group of alerts, so what it leaves out is not over: it is "
        "read as a "
        "partial report. An alert whose status is resolved closes its finding."
    )

    def detect(self, head: Head) -> bool:
        return head.root == "{" and {"alerts", "receiver", "groupKey"} <= head.keys

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        webhook = document(data, _WEBHOOK, warnings)
        if webhook.alerts is None:
            raise FormatError("wrong-type", "There is no array `alerts`.", "/alerts")
        if webhook.truncated_alerts:
            warnings.append(f"Alertmanager left out {webhook.truncated_alerts} alerts.")
        return ParsedReport(
            findings=_findings(webhook.alerts, warnings),
            tool_name=self.tool_name,
            warnings=warnings,
            partial=True,
        )


class AlertmanagerApi(Format):
    """What GET /api/v2/alerts (or v1) answers: all alerts of the moment."""

    slug = "alertmanager-api"
    name = "Alertmanager API"
    stages = ("monitor",)
    tool_name = "Alertmanager"
    empty_roots = ("[]",)
    mapping = {**_MAPPING, "suppressed": "silenced or inhibited, by status.state"}

    def detect(self, head: Head) -> bool:
        version2 = head.root == "[" and {"labels", "startsAt", "fingerprint"} <= head.keys
        version1 = head.root == "{" and head.has("data.labels", "data.startsAt")
        return version2 or version1

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        raws, members = listing(data, "data")
        if members and loose(members.get("status", Raw(b"null"))) == "error":
            text = clean(str(loose(members.get("error", Raw(b'""')))))
            raise FormatError("tool-failed", f"Alertmanager answered with an error: {text}.")
        return ParsedReport(
            findings=_findings(raws, warnings), tool_name=self.tool_name, warnings=warnings
        )


def _findings(raws: list[Raw], warnings: list[str]) -> Iterator[ParsedFinding]:
    for alert, record in read_all(raws, _ALERT, warnings, "/alerts"):
        yield _finding(alert, record)


def _finding(alert: _Alert, record: bytes) -> ParsedFinding:
    labels = {name: clean(value) for name, value in (alert.labels or {}).items()}
    notes = {name: clean(value) for name, value in (alert.annotations or {}).items()}
    name = labels.get("alertname") or "alert without a name"
    word = labels.get("severity", "")
    return ParsedFinding(
        kind=Kind.ALERT,
        rule_id=name,
        title=first_line(notes.get("summary"), notes.get("title"), notes.get("message"), name),
        severity=severity.from_word(word) if word else severity.MEDIUM,
        severity_source=word,
        location=_location(labels),
        description=notes.get("description") or _all(notes),
        remediation=notes.get("runbook") or notes.get("remediation") or "",
        references=links(alert.generator_url, *(links_in(text) for text in notes.values())),
        tool_fingerprint=clean(alert.fingerprint) or _all(labels),
        occurred_at=moment(alert.starts_at),
        resolved_at=moment(alert.ends_at) if alert.status == "resolved" else None,
        suppressed=_suppressed(alert.status),
        raw=record,
    )


def _location(labels: dict[str, str]) -> Location:
    host = labels.get("instance") or labels.get("host") or labels.get("node") or ""
    others = {k: v for k, v in labels.items() if k not in {"alertname", "severity"}}
    return Location(resource=", ".join(f"{k}={v}" for k, v in sorted(others.items())), host=host)


def _all(notes: dict[str, str]) -> str:
    return "\n".join(f"{name}: {text}" for name, text in sorted(notes.items()))


def _suppressed(status: str | _Status | None) -> str:
    if not isinstance(status, _Status) or status.state != "suppressed":
        return ""
    return "silenced" if status.silenced_by else "inhibited by another alert"
