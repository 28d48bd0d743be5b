"""OCSF findings (classes of category 2: security, compliance, vulnerability, detection), of any
product."""

import datetime as dt
from collections.abc import Iterator
from itertools import chain
from typing import ClassVar

from apps.scans.formats import packages, severity
from apps.scans.formats.decode import values
from apps.scans.formats.node import Node, value_nodes
from apps.scans.formats.text import links, moment, named, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    Severity,
)

SEVERITIES = {
    1: Severity.NONE,
    2: Severity.LOW,
    3: Severity.MEDIUM,
    4: Severity.HIGH,
    5: Severity.CRITICAL,
    6: Severity.CRITICAL,  # fatal
}
_STATUSES = {3: "suppressed", 4: "resolved", 5: "archived", 6: "deleted"}
_GONE = {"resolved", "archived", "deleted"}


class Ocsf(Format):
    """An array of findings, one finding, or JSON lines."""

    slug = "ocsf-detection"
    name = "OCSF findings"
    stages: ClassVar[tuple[str, ...]] = ("monitor", "operate")
    empty_roots = ("[]",)
    mapping = {
        "kind": "package (vulnerability findings), resource if there are resources, else alert",
        "rule_id": "metadata.event_code, finding_info.analytic.uid, finding_info.types, title",
        "title": "finding_info.title (finding.title before OCSF 1.1), else message",
        "severity": "severity_id, else severity",
        "location.resource": "resources[0].uid, else name",
        "location.host": "device.hostname or ip, src_endpoint.ip",
        "description": "status_detail or message, finding_info.desc, risk_details",
        "remediation": "remediation.desc",
        "cwes": "vulnerabilities[].cwe or related_cwes",
        "vulnerabilities": "vulnerabilities[].cve.uid",
        "also_affects": "the further packages of vulnerabilities[]",
        "cvss_vector": "vulnerabilities[].cve.cvss[].vector_string",
        "references": "remediation.references, finding_info.src_url",
        "tags": "cloud provider, region, resource type, unmapped.categories",
        "suppressed": "status (status_id) Suppressed, or MUTED",
        "occurred_at": "time, finding_info.created_time",
        "outcomes": "status_code PASS, MANUAL and other than FAIL; compliance.status PASSED; what is resolved",
        "tool_name": "metadata.product.name",
        "tool_version": "metadata.product.version",
    }

    def detect(self, head: Head) -> bool:
        is_finding = head.has("metadata.product") and (
            "finding_info" in head.keys or {"class_uid", "finding"} <= head.keys
        )
        return is_finding and not is_prowler(head)

    def parse(self, data: memoryview) -> ParsedReport:
        found = values(data)
        report = ParsedReport(findings=iter(()), tool_name=self.tool_name, outcomes={})
        records = value_nodes(found, report.warnings, ("finding_info", "finding", "metadata"))
        first = next(records, None)
        if first is not None:
            product = first[0].at("metadata", "product")
            report.tool_name = (product.text("name") or self.tool_name)[:120]
            report.tool_version = product.text("version")[:120]
            report.scanned_at = _time(first[0], _info(first[0]))
        report.findings = _findings(first, records, report)
        return report


def is_prowler(head: Head) -> bool:
    return head.values.get("metadata.product.name", "").lower() == "prowler"


def _findings(
    first: tuple[Node, bytes] | None, rest: Iterator[tuple[Node, bytes]], report: ParsedReport
) -> Iterator[ParsedFinding]:
    outcomes: dict[str, int] = {}
    report.outcomes = outcomes
    for record, raw in chain([first] if first else [], rest):
        yield from _one(record, raw, outcomes)


def _one(record: Node, raw: bytes, outcomes: dict[str, int]) -> Iterator[ParsedFinding]:
    code, status = record.text("status_code").upper(), _status(record)
    compliance = record.at("compliance")
    held = compliance.text("status").upper() in _HELD or compliance.number("status_id") == 1
    if code in {*_HELD, "MANUAL", "INFO"} or status in _GONE or held:
        name = "passed" if code in _HELD or held else (code or status).lower()
        outcomes[name] = outcomes.get(name, 0) + 1
    else:
        yield _vulnerability(record, raw) if record.at("vulnerabilities") else _finding(record, raw)


_HELD = {"PASS", "PASSED"}


def _status(record: Node) -> str:
    number = record.number("status_id")
    return record.text("status").lower() or _STATUSES.get(int(number or 0), "")


def _severity(record: Node) -> Severity:
    number = record.number("severity_id")
    known = SEVERITIES.get(int(number)) if number is not None else None
    return known if known is not None else severity.from_word(record.text("severity"))


def _info(record: Node) -> Node:
    return record.at("finding_info") if "finding_info" in record else record.at("finding")


def _finding(record: Node, raw: bytes) -> ParsedFinding:
    info = _info(record)
    resource = record.at("resources", 0) or record.at("resource")
    rule = named(
        record.text("metadata", "event_code"),
        info.text("analytic", "uid"),
        info.text("analytic", "name"),
        info.text("types"),
        info.text("title"),
        record.text("message"),
    )
    place = resource.first("uid", "name")
    return ParsedFinding(
        kind=Kind.RESOURCE if place else Kind.ALERT,
        rule_id=rule,
        title=named(info.text("title"), record.text("message"), rule),
        severity=_severity(record),
        severity_source=record.text("severity"),
        location=Location(resource=place, host=_host(record)),
        description=_description(record, info),
        remediation=_remediation(record),
        references=_references(record, info),
        tags=_tags(record, resource),
        tool_fingerprint="" if place else info.text("uid"),
        occurred_at=_time(record, info),
        suppressed=_suppressed(record),
        raw=raw,
    )


def _vulnerability(record: Node, raw: bytes) -> ParsedFinding:
    listed, info = record.objects("vulnerabilities"), _info(record)
    item = listed[0] if listed else Node({})
    found = [
        one
        for each in listed
        for name in ("affected_packages", "packages")
        for one in each.objects(name)
    ]
    package = found[0] if found else Node({})
    scores = [score for one in listed for score in one.objects("cve", "cvss")]
    resource = record.at("resources", 0) or record.at("resource")
    return packages.finding(
        identifiers=[name for one in listed for name in _identifiers(one)] or [info.text("title")],
        name=package.text("name"),
        version=package.text("version"),
        ecosystem=package.text("package_manager"),
        purl=package.text("purl"),
        target=resource.first("uid", "name") or _host(record),
        word=record.text("severity") or item.text("severity"),
        vectors=[score.text("vector_string") for score in scores],
        title=info.text("title") or item.text("title"),
        description=_description(record, info) or item.text("desc"),
        fixed=package.text("fixed_in_version"),
        remediation=_remediation(record) or item.text("remediation", "desc"),
        cwes=[
            [one.text("cwe", "uid"), *(c.text("uid") for c in one.objects("related_cwes"))]
            for one in listed
        ],
        references=[
            *_references(record, info),
            *(u for one in listed for u in one.texts("references")),
        ],
        also_affects=[one.text("purl") for one in found[1:]],
        labels=_tags(record, resource),
        suppressed=_suppressed(record),
        raw=raw,
    )


def _identifiers(item: Node) -> list[str]:
    given = [item.text("cve", "uid"), item.text("advisory", "uid")]
    return [name for name in given if name]


def _host(record: Node) -> str:
    device, source = record.at("device"), record.at("src_endpoint")
    return device.first("hostname", "ip", "uid") or source.first("hostname", "ip")


def _description(record: Node, info: Node) -> str:
    parts = [
        record.first("status_detail", "message"),
        info.text("desc"),
        record.text("risk_details"),
    ]
    return "\n\n".join(dict.fromkeys(filter(None, parts)))


def _remediation(record: Node) -> str:
    return record.text("remediation", "desc") or _info(record).text("remediation", "desc")


def _references(record: Node, info: Node) -> tuple[str, ...]:
    return links(
        record.at("remediation").texts("references"),
        info.text("src_url"),
        record.text("unmapped", "related_url"),
        record.at("unmapped").texts("additional_urls"),
    )


def _tags(record: Node, resource: Node) -> tuple[str, ...]:
    return tags(
        record.text("cloud", "provider"),
        record.text("cloud", "region") or resource.text("region"),
        resource.text("type"),
        record.at("unmapped").texts("categories"),
    )


def _time(record: Node, info: Node) -> dt.datetime | None:
    given = (record.at("time"), info.at("created_time"), record.at("event_time"))
    return next((time for value in given if (time := moment(value.value))), None)


def _suppressed(record: Node) -> str:
    status = f"{_status(record)} {record.text('status_code')}".lower()
    return "muted" if "muted" in status or "suppressed" in status else ""
