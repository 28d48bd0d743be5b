"""Open Threat Model (IriusRisk and others), as JSON."""

from collections.abc import Iterator

from msgspec import Raw

from apps.scans.formats import ids, severity
from apps.scans.formats.decode import array, only_array, root_members
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import named, tags
from apps.scans.formats.types import (
    Format,
    FormatError,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
)

_SETTLED = {"mitigated", "accepted", "not-applicable", "not_applicable", "hidden"}


class OpenThreatModel(Format):
    """OTM 0.1 and 0.2 in JSON."""

    slug = "otm"
    name = "Open Threat Model"
    stages = ("plan",)
    mapping = {
        "kind": "threat",
        "rule_id": "id",
        "title": "name",
        "severity": "risk.likelihood times risk.impact, 0 to 100 each, on the CVSS scale; else medium",
        "severity_source": "likelihood and impact",
        "location.resource": "names of the components and data flows that refer to the threat",
        "description": "description, risk comments",
        "remediation": "name and description of the mitigations that the references name",
        "cwes": "cwes, tags",
        "tags": "categories, tags, states",
        "tool_fingerprint": "id",
        "suppressed": "if every reference is mitigated, accepted or not applicable",
        "tool_version": "otmVersion",
    }
    notes = (
        "YAML is not read: convert it to JSON first. A threat that nothing refers to is a finding "
        "too."
    )

    def detect(self, head: Head) -> bool:
        return head.root == "{" and "otmVersion" in head.keys

    def parse(self, data: memoryview) -> ParsedReport:
        found = root_members(data)
        if "otmVersion" not in found and "threats" not in found:
            raise FormatError("wrong-type", "There is no `otmVersion`.", "/otmVersion")
        report = ParsedReport(
            iter(()), "Open Threat Model", header(found, "otmVersion").text("otmVersion")[:120]
        )
        uses: dict[str, list[tuple[str, Node]]] = {}
        for name in ("components", "dataflows", "trustZones"):
            for element, _ in nodes(array(found, name), report.warnings, f"/{name}"):
                for use in element.objects("threats"):
                    place = element.first("name", "id")
                    uses.setdefault(use.text("threat"), []).append((place, use))
        mitigations = {
            item.text("id"): item
            for item, _ in nodes(array(found, "mitigations"), report.warnings, "/mitigations")
        }
        report.findings = _findings(
            only_array(found, "threats"), uses, mitigations, report.warnings
        )
        return report


def _findings(
    raws: list[Raw],
    uses: dict[str, list[tuple[str, Node]]],
    mitigations: dict[str, Node],
    warnings: list[str],
) -> Iterator[ParsedFinding]:
    for threat, raw in nodes(raws, warnings, "/threats"):
        yield _finding(threat, uses.get(threat.text("id"), []), mitigations, raw)


def _finding(
    threat: Node, uses: list[tuple[str, Node]], mitigations: dict[str, Node], raw: bytes
) -> ParsedFinding:
    risk, name = threat.at("risk"), threat.text("name")
    likelihood, impact = risk.number("likelihood"), risk.number("impact")
    states = [use.text("state").lower() for _, use in uses]
    known = likelihood is not None and impact is not None
    places = dict.fromkeys(place for place, _ in uses)
    return ParsedFinding(
        kind=Kind.THREAT,
        rule_id=named(threat.text("id"), name),
        title=named(name, threat.text("description")),
        severity=severity.from_score((likelihood or 0) * (impact or 0) / 1000)
        if known
        else severity.MEDIUM,
        severity_source=f"likelihood {likelihood:g}, impact {impact:g}" if known else "",
        location=Location(resource=", ".join(places)),
        description="\n\n".join(
            filter(
                None,
                [
                    threat.text("description"),
                    risk.text("likelihoodComment"),
                    risk.text("impactComment"),
                ],
            )
        ),
        remediation="\n\n".join(dict.fromkeys(_mitigations(uses, mitigations))),
        cwes=ids.cwes(threat.texts("cwes"), ids.cwes_in(" ".join(threat.texts("tags")))),
        tags=tags(threat.texts("categories"), threat.texts("tags"), sorted(set(states))),
        tool_fingerprint=threat.text("id"),
        suppressed=", ".join(sorted(set(states))) if states and set(states) <= _SETTLED else "",
        raw=raw,
    )


def _mitigations(uses: list[tuple[str, Node]], known: dict[str, Node]) -> Iterator[str]:
    for _, use in uses:
        for reference in use.objects("mitigations"):
            item = known.get(reference.text("mitigation"), Node({}))
            if text := "\n".join(filter(None, [item.text("name"), item.text("description")])):
                yield text
