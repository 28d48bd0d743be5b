"""AWS Security Finding Format: Security Hub, Inspector, GuardDuty and others."""

import datetime as dt
from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats import packages, severity
from apps.scans.formats.decode import (
    Source,
    body,
    first_char,
    listing,
    loose,
    members,
    root_elements,
    values,
)
from apps.scans.formats.head import read_head
from apps.scans.formats.node import Node, nodes
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

_NO_PROBLEM = {"PASSED": "passed", "INFOED": "informational", "NOT_AVAILABLE": "not available"}
_ALERTS = ("TTPs", "Effects", "Unusual Behaviors")


class Asff(Format):
    """An array, `{Findings}`, `{findings}`, or one finding."""

    slug = "asff"
    name = "AWS Security Finding Format"
    stages = ("operate", "monitor")
    empty_roots = ("[]",)
    mapping = {
        "kind": "package (Vulnerabilities[]), alert (Types TTPs, Effects, Unusual ...), resource",
        "rule_id": "Compliance.SecurityControlId, ProductFields ControlId or RuleId, GeneratorId",
        "title": "Title",
        "severity": "Severity.Label, else Severity.Normalized, else Severity.Product",
        "location.resource": "Resources[0].Id",
        "location.purl": "the first of Vulnerabilities[].VulnerablePackages by name",
        "description": "Description",
        "remediation": "Remediation.Recommendation.Text",
        "vulnerabilities": "Vulnerabilities[].Id, RelatedVulnerabilities",
        "cvss_vector": "Vulnerabilities[].Cvss[].BaseVector",
        "references": "Remediation.Recommendation.Url, SourceUrl, ReferenceUrls",
        "tags": "Types, Region, Resources[].Type",
        "occurred_at": "UpdatedAt, else LastObservedAt, CreatedAt",
        "resolved_at": "UpdatedAt of a finding whose RecordState is ARCHIVED or workflow RESOLVED",
        "suppressed": "Workflow.Status SUPPRESSED",
        "outcomes": "Compliance.Status PASSED, INFOED, NOT_AVAILABLE",
        "tool_name": "ProductName, else the product in ProductArn",
    }
    notes = (
        "A record whose Compliance.Status is PASSED says that there is no problem: it is counted."
    )

    def detect(self, head: Head) -> bool:
        shaped = {"SchemaVersion", "ProductArn", "GeneratorId"}
        holders = ("Findings", "findings", "detail.findings")
        wrapped = any(head.has(f"{name}.ProductArn", f"{name}.Severity") for name in holders)
        none = "Findings" in head.keys and head.keys <= {"Findings", "NextToken"}
        return shaped <= head.keys or {"AwsAccountId", "ProductArn"} <= head.keys or wrapped or none

    def parse(self, data: memoryview) -> ParsedReport:
        view = body(data)
        if first_char(view) != "{":
            raws = root_elements(view)
        elif read_head(view).many:
            raws = [one for _, raw in values(view) for one in _inside(raw)]
        else:
            raws = _inside(view)
        report = ParsedReport(findings=iter(()), outcomes={})
        if raws:
            report.tool_name = _product(raws[0])
        report.findings = _findings(raws, report)
        return report


def _inside(source: Source) -> list[Raw]:
    """The findings of one object: itself, what it lists, or what an event of EventBridge brings."""
    found = members(source)
    if "ProductArn" in found or "GeneratorId" in found or "Title" in found:
        return [Raw(bytes(memoryview(source)))]
    if "detail" in found and first_char(found["detail"]) == "{":
        source = found["detail"]
    return listing(memoryview(source), "Findings", "findings")[0]


def _product(raw: Raw) -> str:
    first = Node(loose(raw))
    product = first.text("ProductArn").rpartition("/")[2].replace("-", " ")
    return (first.text("ProductName") or product)[:120]


def _findings(raws: list[Raw], report: ParsedReport) -> Iterator[ParsedFinding]:
    outcomes: dict[str, int] = {}
    report.outcomes = outcomes
    for item, raw in nodes(raws, report.warnings, "/Findings"):
        name = _NO_PROBLEM.get(item.text("Compliance", "Status"))
        if name:
            outcomes[name] = outcomes.get(name, 0) + 1
        else:
            yield (
                _vulnerability(item, raw)
                if item.objects("Vulnerabilities")
                else _finding(item, raw)
            )


def _finding(item: Node, raw: bytes) -> ParsedFinding:
    rule = _rule(item)
    rated, source = _severity(item.at("Severity"))
    is_alert = any(kind.startswith(_ALERTS) for kind in item.texts("Types"))
    time = _time(item)
    return ParsedFinding(
        kind=Kind.ALERT if is_alert else Kind.RESOURCE,
        rule_id=rule,
        title=named(item.text("Title"), item.text("Description"), rule),
        severity=rated,
        severity_source=source,
        location=Location(resource=item.text("Resources", 0, "Id")),
        description=item.text("Description"),
        remediation=item.text("Remediation", "Recommendation", "Text"),
        references=_references(item),
        tags=_tags(item),
        tool_fingerprint=item.text("Id") if is_alert else "",
        occurred_at=time,
        resolved_at=time if _is_over(item) else None,
        suppressed="suppressed" if item.text("Workflow", "Status") == "SUPPRESSED" else "",
        raw=raw,
    )


def _vulnerability(item: Node, raw: bytes) -> ParsedFinding:
    listed = item.objects("Vulnerabilities")
    found = [one for each in listed for one in each.objects("VulnerablePackages")]
    package = min(found, key=lambda one: (one.text("Name"), one.text("Version")), default=Node({}))
    rated, source = _severity(item.at("Severity"))
    finding = packages.finding(
        identifiers=[
            name
            for one in listed
            for name in [one.text("Id"), *one.texts("RelatedVulnerabilities")]
        ],
        name=package.text("Name"),
        version=package.text("Version"),
        ecosystem=package.text("PackageManager"),
        target=item.text("Resources", 0, "Id"),
        word=rated.name,
        vectors=[score.text("BaseVector") for one in listed for score in one.objects("Cvss")],
        title=item.text("Title"),
        description=item.text("Description"),
        fixed=package.text("FixedInVersion"),
        remediation=item.text("Remediation", "Recommendation", "Text"),
        references=[*_references(item), *(u for one in listed for u in one.texts("ReferenceUrls"))],
        labels=_tags(item),
        suppressed="suppressed" if item.text("Workflow", "Status") == "SUPPRESSED" else "",
        raw=raw,
    )
    time = _time(item)
    return msgspec.structs.replace(
        finding,
        severity_source=source,
        occurred_at=time,
        resolved_at=time if _is_over(item) else None,
    )


def _rule(item: Node) -> str:
    fields = item.at("ProductFields")
    return named(
        item.text("Compliance", "SecurityControlId"),
        fields.first("ControlId", "RuleId", "aws/config/ConfigRuleName"),
        item.text("GeneratorId"),
        item.text("Title"),
    )


def _severity(rated: Node) -> tuple[Severity, str]:
    label = rated.text("Label")
    if severity.is_word(label):
        return severity.from_word(label), label
    number = rated.number("Normalized")
    if number is None and (number := rated.number("Product")) is not None:
        number *= 10
    if number is None:
        return Severity.MEDIUM, ""
    # Source: ASFF's table of Normalized: 0, 1-39, 40-69, 70-89, 90-100.
    limits = (
        (90, Severity.CRITICAL),
        (70, Severity.HIGH),
        (40, Severity.MEDIUM),
        (1, Severity.LOW),
    )
    found = next((name for limit, name in limits if number >= limit), Severity.NONE)
    return found, f"{number:g}"


def _time(item: Node) -> dt.datetime | None:
    return moment(item.first("UpdatedAt", "LastObservedAt", "CreatedAt"))


def _is_over(item: Node) -> bool:
    return item.text("RecordState") == "ARCHIVED" or item.text("Workflow", "Status") == "RESOLVED"


def _references(item: Node) -> tuple[str, ...]:
    return links(item.text("Remediation", "Recommendation", "Url"), item.text("SourceUrl"))


def _tags(item: Node) -> tuple[str, ...]:
    kinds = [resource.text("Type") for resource in item.objects("Resources")]
    return tags(item.texts("Types"), item.text("Region"), kinds)
