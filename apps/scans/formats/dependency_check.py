"""OWASP Dependency-Check reports in XML and JSON."""

from collections.abc import Iterator

import msgspec

from apps.scans.formats import packages, xml
from apps.scans.formats.decode import listing
from apps.scans.formats.head import read_head
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import moment, paragraphs, slash_path
from apps.scans.formats.types import Format, Head, ParsedFinding, ParsedReport

_ROOTS = ("analysis",)
_METRICS_2 = (("AV", "accessVector"), ("AC", "accessComplexity"), ("Au", "authenticationr"),
              ("C", "confidentialImpact"), ("I", "integrityImpact"), ("A", "availabilityImpact"))  # fmt: skip
_METRICS_3 = (("AV", "attackVector"), ("AC", "attackComplexity"), ("PR", "privilegesRequired"),
              ("UI", "userInteraction"), ("S", "scope"), ("C", "confidentialityImpact"),
              ("I", "integrityImpact"), ("A", "availabilityImpact"))  # fmt: skip
_JSON_2 = {"authenticationr": "authentication", "confidentialImpact": "confidentialityImpact"}


class DependencyCheck(Format):
    """XML of the versions 1.3 to 12, JSON of the versions 3 to 12."""

    slug = "dependency-check"
    name = "OWASP Dependency-Check"
    stages = ("build",)
    tool_name = "Dependency-Check"
    mapping = {
        "kind": "package",
        "rule_id": "the canonical id of vulnerability name",
        "title": "the vulnerability and the dependency",
        "severity": "severity, else the score of cvssV4, cvssV3 or cvssV2",
        "location.purl": "the first identifier (packages[].id) that is a package URL",
        "location.path": "filePath",
        "location.resource": "projectInfo name",
        "description": "description, notes",
        "cwes": "cwes",
        "cvss_vector": "vectorString of cvssV4, else built of the metrics of cvssV3 or cvssV2",
        "references": "references url",
        "tags": "source",
        "outcomes": "suppressed vulnerabilities, dependencies",
        "tool_version": "scanInfo engineVersion",
        "scanned_at": "projectInfo reportDate",
    }

    def detect(self, head: Head) -> bool:
        is_xml = head.xml_root == "analysis" and "dependency-check" in head.xml_namespace.lower()
        return is_xml or {"reportSchema", "scanInfo", "projectInfo"} <= head.keys

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), self.tool_name, outcomes={})
        if read_head(data).root != "<":
            report.findings = _listed(data, report)
        else:
            report.findings = _findings(data, report)
        return report


def _listed(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    """Of the JSON, which has what the XML has under nearly the same names."""
    raws, found = listing(data, "dependencies", null=True)
    top = header(found, "scanInfo", "projectInfo")
    report.tool_version = top.text("scanInfo", "engineVersion")[:120]
    report.scanned_at = moment(top.text("projectInfo", "reportDate"))
    suppressed = 0
    for dependency, _ in nodes(raws, report.warnings, "/dependencies"):
        suppressed += len(dependency.objects("suppressedVulnerabilities"))
        for item in dependency.objects("vulnerabilities"):
            yield _vulnerability(item, dependency, top.text("projectInfo", "name"))
    counts = {"dependencies": len(raws), "suppressed": suppressed}
    report.outcomes = {name: count for name, count in counts.items() if count}


def _vulnerability(item: Node, dependency: Node, project: str) -> ParsedFinding:
    identifiers = [one.text("id") for one in dependency.objects("packages")]
    purl = next((one for one in identifiers if one.startswith("pkg:")), "")
    v4, v3, v2 = item.at("cvssv4"), item.at("cvssv3"), item.at("cvssv2")
    return packages.finding(
        identifiers=[item.text("name")],
        name="" if purl else dependency.text("fileName"),
        purl=purl,
        target=project,
        path=slash_path(dependency.text("filePath")),
        word=item.text("severity"),
        score=v4.text("baseScore") or v3.text("baseScore") or v2.text("score"),
        vectors=[
            v4.text("vectorString"),
            _vector("CVSS:3.1", {name: v3.text(name) for _, name in _METRICS_3}, _METRICS_3),
            _vector(
                "", {name: v2.text(_JSON_2.get(name, name)) for _, name in _METRICS_2}, _METRICS_2
            ),
        ],
        description=paragraphs(item.text("description"), item.text("notes")),
        cwes=item.texts("cwes"),
        references=[one.text("url") for one in item.objects("references")],
        labels=[item.text("source")],
        raw=msgspec.json.encode(item.value),  # of a record that was scrubbed
    )


def _findings(data: memoryview, report: ParsedReport) -> Iterator[ParsedFinding]:
    project, counts = "", {"dependencies": 0, "suppressed": 0}
    for element in xml.records(data, "dependency", "scanInfo", "projectInfo", roots=_ROOTS):
        name = xml.local_name(element)
        if name == "scanInfo":
            report.tool_version = xml.text(element, "engineVersion")[:120]
        elif name == "projectInfo":
            project = xml.text(element, "name")
            report.scanned_at = moment(xml.text(element, "reportDate"))
        else:
            counts["dependencies"] += 1
            suppressed = xml.each(element, "vulnerabilities", "suppressedVulnerability")
            counts["suppressed"] += sum(1 for _ in suppressed)
            for item in xml.each(element, "vulnerabilities", "vulnerability"):
                yield _finding(item, element, project)
    report.outcomes = {name: count for name, count in counts.items() if count}


def _finding(element: xml.Element, dependency: xml.Element, project: str) -> ParsedFinding:
    item, raw = xml.scrubbed(element)
    identifiers = [
        xml.text(one, "id") or xml.text(one, "name")
        for one in dependency.iterfind("{*}identifiers/*")
    ]
    purl = next((one for one in identifiers if one.startswith("pkg:")), "")
    file = xml.text(dependency, "fileName")
    v4 = xml.child(item, "cvssV4")
    v3, v2 = xml.child(item, "cvssV3"), xml.child(item, "cvssV2")
    scores = (xml.text(v4, "baseScore"), xml.text(v3, "baseScore"), xml.text(v2, "score"))
    score = next(filter(None, scores), "") or xml.text(item, "cvssScore")
    return packages.finding(
        identifiers=[xml.text(item, "name")],
        name="" if purl else file,
        purl=purl,
        target=project,
        path=slash_path(xml.text(dependency, "filePath")),
        word=xml.text(item, "severity"),
        score=score,
        vectors=[
            xml.text(v4, "vectorString"),
            _vector("CVSS:3.1", {name: xml.text(v3, name) for _, name in _METRICS_3}, _METRICS_3),
            _vector("", {name: xml.text(v2, name) for _, name in _METRICS_2}, _METRICS_2),
        ],
        description=paragraphs(xml.text(item, "description"), xml.text(item, "notes")),
        cwes=[xml.texts(item, "cwes", "cwe"), xml.text(item, "cwe")],
        references=xml.texts_below(item, "references", "reference", "url"),
        labels=[xml.attribute(item, "source")],
        raw=raw,
    )


def _vector(version: str, rated: dict[str, str], metrics: tuple[tuple[str, str], ...]) -> str:
    """A vector of the metrics' full words ("NETWORK" is N); empty if one is missing."""
    parts = [(short, rated[name]) for short, name in metrics]
    if not all(value for _, value in parts):
        return ""
    shown = "/".join(f"{short}:{_letter(short, value)}" for short, value in parts)
    return f"{version}/{shown}" if version else shown


def _letter(metric: str, value: str) -> str:
    words = {"ADJACENT_NETWORK": "A", "ADJACENT": "A", "PHYSICAL": "P"}
    return words.get(value.upper(), value[:1].upper()) if metric != "Au" else value[:1].upper()
