"""Threagile: risks worked out from a model of the architecture."""

from collections.abc import Iterator

from msgspec import Raw

from apps.scans.formats import ids
from apps.scans.formats.decode import body, elements, first_char
from apps.scans.formats.node import Node, nodes
from apps.scans.formats.text import from_html, named, tags
from apps.scans.formats.types import (
    Format,
    FormatError,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
    Severity,
)

_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "elevated": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
}
_SETTLED = {"accepted", "mitigated", "false-positive"}
_ASSETS = (
    "most_relevant_technical_asset",
    "most_relevant_communication_link",
    "most_relevant_trust_boundary",
    "most_relevant_shared_runtime",
    "most_relevant_data_asset",
)


class Threagile(Format):
    """risks.json."""

    slug = "threagile-risks"
    name = "Threagile risks"
    stages = ("plan",)
    tool_name = "Threagile"
    empty_roots = ("[]", "null")
    mapping = {
        "kind": "threat",
        "rule_id": "category (category_id)",
        "title": "title, its light HTML removed",
        "severity": "severity: critical, high, elevated and medium, low",
        "location.resource": "the most relevant asset, link, boundary or runtime",
        "description": "likelihood, impact and probability of a data breach",
        "cwes": "cwe, where the category carries one",
        "tags": "risk_status, likelihood, impact",
        "tool_fingerprint": "synthetic_id",
        "suppressed": "risk_status accepted, mitigated or false-positive",
        "status": "unknown if the root is an empty object or null",
    }

    def detect(self, head: Head) -> bool:
        return head.root == "[" and {"synthetic_id", "severity"} <= head.keys

    def parse(self, data: memoryview) -> ParsedReport:
        view, warnings = body(data), list[str]()
        if first_char(view) == "[":
            return ParsedReport(
                _findings(elements(view), warnings), self.tool_name, warnings=warnings
            )
        if bytes(view[:64]).strip() not in {b"{}", b"null"}:
            raise FormatError("wrong-type", "The root is no array of risks.")
        return ParsedReport(
            iter(()),
            self.tool_name,
            status=ScanStatus.UNKNOWN,
            status_reason="There is no array of risks.",
        )


def _findings(raws: list[Raw], warnings: list[str]) -> Iterator[ParsedFinding]:
    for risk, raw in nodes(raws, warnings):
        yield _finding(risk, raw)


def _finding(risk: Node, raw: bytes) -> ParsedFinding:
    word, status = risk.text("severity"), risk.text("risk_status")
    rule = named(risk.first("category", "category_id"))
    rated = [
        (label, risk.text(name))
        for label, name in (
            ("Likelihood", "exploitation_likelihood"),
            ("Impact", "exploitation_impact"),
            ("Data breach", "data_breach_probability"),
        )
    ]
    return ParsedFinding(
        kind=Kind.THREAT,
        rule_id=rule,
        title=named(from_html(risk.text("title")), rule),
        severity=_SEVERITIES.get(word.lower(), Severity.MEDIUM),
        severity_source=word,
        location=Location(resource=risk.first(*_ASSETS)),
        description="\n".join(f"{label}: {text}" for label, text in rated if text),
        cwes=ids.cwes(risk.at("cwe").value),
        tags=tags(status, [f"{label.lower()}:{text}" for label, text in rated[:2] if text]),
        tool_fingerprint=risk.text("synthetic_id"),
        suppressed=status if status in _SETTLED else "",
        raw=raw,
    )
