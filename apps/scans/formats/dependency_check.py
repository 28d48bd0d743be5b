"""OWASP Dependency-Check reports in XML."""

from collections.abc import Iterator

from apps.scans.formats import packages, xml
from apps.scans.formats.text import moment, slash_path
from apps.scans.formats.types import Format, Head, ParsedFinding, ParsedReport

_ROOTS = ("analysis",)
_METRICS_2 = (("AV", "accessVector"), ("AC", "accessComplexity"), ("Au", "authenticationr"),
              ("C", "confidentialImpact"), ("I", "integrityImpact"), ("A", "availabilityImpact"))  # fmt: skip
_METRICS_3 = (("AV", "attackVector"), ("AC", "attackComplexity"), ("PR", "privilegesRequired"),
              ("UI", "userInteraction"), ("S", "scope"), ("C", "confidentialityImpact"),
              ("I", "integrityImpact"), ("A", "availabilityImpact"))  # fmt: skip


class DependencyCheck(Format):
    """XML of the versions 1.3 to 12."""

    slug = "dependency-check"
    name = "OWASP Dependency-Check XML"
    stages = ("build",)
    tool_name = "Dependency-Check"
    mapping = {
        "kind": "package",
        "rule_id": "the canonical id of vulnerability name",
        "title": "the vulnerability and the dependency",
        "severity": "severity, else cvssV3 or cvssV2 score",
        "location.purl": "the first identifier that is a package URL",
        "location.path": "filePath",
        "location.resource": "projectInfo name",
        "description": "description, notes",
        "cwes": "cwes",
        "cvss_vector": "built of the metrics of cvssV3, else cvssV2",
        "references": "references url",
        "tags": "source",
        "outcomes": "suppressed vulnerabilities, dependencies",
        "tool_version": "scanInfo engineVersion",
        "scanned_at": "projectInfo reportDate",
    }

    def detect(self, head: Head) -> bool:
        return head.xml_root == "analysis" and "dependency-check" in head.xml_namespace.lower()

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), self.tool_name, outcomes={})
        report.findings = _findings(data, report)
        return report


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
    v3, v2 = xml.child(item, "cvssV3"), xml.child(item, "cvssV2")
    score = xml.text(v3, "baseScore") or xml.text(v2, "score") or xml.text(item, "cvssScore")
    return packages.finding(
        identifiers=[xml.text(item, "name")],
        name="" if purl else file,
        purl=purl,
        target=project,
        path=slash_path(xml.text(dependency, "filePath")),
        word=xml.text(item, "severity"),
        score=score,
        vectors=[_vector("CVSS:3.1", v3, _METRICS_3), _vector("", v2, _METRICS_2)],
        description="\n\n".join(
            filter(None, [xml.text(item, "description"), xml.text(item, "notes")])
        ),
        cwes=[xml.texts(item, "cwes", "cwe"), xml.text(item, "cwe")],
        references=xml.texts_below(item, "references", "reference", "url"),
        labels=[xml.attribute(item, "source")],
        raw=raw,
    )


def _vector(version: str, rated: xml.Element | None, metrics: tuple[tuple[str, str], ...]) -> str:
    """A vector of the metrics' full words ("NETWORK" is N); empty if one is missing."""
    parts = [(short, xml.text(rated, name)) for short, name in metrics]
    if not all(value for _, value in parts):
        return ""
    shown = "/".join(f"{short}:{_letter(short, value)}" for short, value in parts)
    return f"{version}/{shown}" if version else shown


def _letter(metric: str, value: str) -> str:
    words = {"ADJACENT_NETWORK": "A", "ADJACENT": "A", "PHYSICAL": "P"}
    return words.get(value.upper(), value[:1].upper()) if metric != "Au" else value[:1].upper()
