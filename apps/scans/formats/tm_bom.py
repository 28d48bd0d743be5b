"""Threat models of OWASP's Threat Model Library, whose schema follows the TM-BOM of CycloneDX.

Source: OWASP Threat Model Library Schema 1.0.0 to 1.0.2, and its specification, "5x5 Risk Level Matrix".
"""

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
    Severity,
)

LIKELIHOODS = ("rare", "unlikely", "possible", "likely", "certain")
IMPACTS = ("negligible", "minor", "moderate", "major", "severe")
_LEVELS = {
    "very_low": severity.LOW,
    "low": severity.LOW,
    "medium": severity.MEDIUM,
    "high": severity.HIGH,
    "very_high": severity.CRITICAL,
    "critical": severity.CRITICAL,
}
# The specification's bands of scores: very low to critical.
_BANDS = (
    (13, severity.CRITICAL),
    (10, severity.HIGH),
    (5, severity.MEDIUM),
    (1, severity.LOW),
)
_REFUSED = {"retired", "wont_do"}
_PLACES = ("components", "data_stores", "data_sets", "data_flows", "actors")
Found = tuple[Node, bytes]


class ThreatModelBom(Format):
    """Threats, with the risks and the controls that name them."""

    slug = "tm-bom"
    name = "OWASP threat model (TM-BOM)"
    stages = ("plan",)
    tool_name = "OWASP threat model"
    mapping = {
        "kind": "threat",
        "rule_id": "symbolic_name",
        "title": "title",
        "severity": "level of the worst risk that names the threat, else its score; else medium",
        "severity_source": "level, likelihood and impact of that risk",
        "location.resource": "titles of components_affected",
        "description": "description, event, threat persona, impact_description of the worst risk",
        "remediation": "title and description of the controls that name it and are to come",
        "cwes": "weaknesses",
        "tags": "sources, attack_mechanisms",
        "tool_fingerprint": "symbolic_name",
        "suppressed": "if every control that names it is active",
        "tool_version": "version of the schema, from $schema",
    }
    notes = (
        "The raw record has the threat and its worst risk. A control that is retired or refused "
        "(wont_do) is none. The threats of a CycloneDX 2.0 draft are another format: not read."
    )

    def detect(self, head: Head) -> bool:
        return head.root == "{" and {"scope", "trust_zones", "trust_boundaries"} <= head.keys

    def parse(self, data: memoryview) -> ParsedReport:
        found = root_members(data)
        if not {"scope", "trust_zones", "threats"} & found.keys():
            raise FormatError("wrong-type", "There is no array `threats`.", "/threats")
        schema = header(found, "$schema").text("$schema")
        version = schema.partition("/blob/v")[2].partition("/")[0][:120]
        report = ParsedReport(iter(()), self.tool_name, version)
        named_here = _Model(found, report.warnings)
        report.findings = _findings(only_array(found, "threats"), named_here, report.warnings)
        return report


class _Model:
    """What the threats refer to, by symbolic name."""

    def __init__(self, found: dict[str, Raw], warnings: list[str]) -> None:
        self.titles: dict[str, str] = {}
        for part in _PLACES:
            for each, _ in nodes(array(found, part), warnings, f"/{part}"):
                name = each.text("symbolic_name")
                self.titles.setdefault(name, each.text("title") or name)
        self.personas = {
            each.text("symbolic_name"): each.text("title")
            for each, _ in nodes(array(found, "threat_personas"), warnings, "/threat_personas")
        }
        self.risks: dict[str, list[Found]] = {}
        for each, raw in nodes(array(found, "risks"), warnings, "/risks"):
            for name in each.texts("threats"):
                self.risks.setdefault(name, []).append((each, raw))
        self.controls: dict[str, list[Node]] = {}
        for each, _ in nodes(array(found, "controls"), warnings, "/controls"):
            for name in each.texts("threats"):
                self.controls.setdefault(name, []).append(each)

    def worst(self, threat: str) -> Found | None:
        return max(self.risks.get(threat, ()), key=lambda each: _rank(each[0]), default=None)


def _product(risk: Node) -> int:
    """Likelihood times impact, levels 1 to 5 each; 0 where either is not said."""
    likelihood, impact = risk.text("likelihood"), risk.text("impact")
    if likelihood not in LIKELIHOODS or impact not in IMPACTS:
        return 0
    return (LIKELIHOODS.index(likelihood) + 1) * (IMPACTS.index(impact) + 1)


def _severity(risk: Node) -> Severity:
    if level := _LEVELS.get(risk.text("level")):
        return level
    score = risk.number("score")
    said = _product(risk) if score is None else score
    return next((bad for least, bad in _BANDS if said >= least), severity.NONE)


def _rank(risk: Node) -> tuple[int, int]:
    return int(_severity(risk)), _product(risk)


def _findings(raws: list[Raw], model: _Model, warnings: list[str]) -> Iterator[ParsedFinding]:
    for threat, raw in nodes(raws, warnings, "/threats"):
        yield _finding(threat, model, raw)


def _finding(threat: Node, model: _Model, raw: bytes) -> ParsedFinding:
    name = threat.text("symbolic_name")
    risk, risk_raw = model.worst(name) or (Node({}), b"null")
    controls = [
        each for each in model.controls.get(name, ()) if each.text("status") not in _REFUSED
    ]
    active = [each for each in controls if each.text("status") == "active"]
    said = [risk.text(part) for part in ("level", "likelihood", "impact") if risk.text(part)]
    persona = model.personas.get(threat.text("threat_persona"), "")
    parts = [
        threat.text("description"),
        threat.text("event"),
        persona,
        risk.text("impact_description"),
    ]
    places = (model.titles.get(each, each) for each in threat.texts("components_affected"))
    weaknesses = [each.text("cwe_id") for each in threat.objects("weaknesses")]
    return ParsedFinding(
        kind=Kind.THREAT,
        rule_id=named(name, threat.text("title")),
        title=named(threat.text("title"), threat.text("description")),
        severity=_severity(risk) if risk else severity.MEDIUM,
        severity_source=", ".join(said),
        location=Location(resource=", ".join(dict.fromkeys(places))),
        description="\n\n".join(dict.fromkeys(filter(None, parts))),
        remediation="\n\n".join(_words(each) for each in controls if each not in active),
        cwes=ids.cwes(weaknesses),
        tags=tags(
            threat.texts("sources"),
            [
                f"CAPEC-{each.text('capec_id')}"
                for each in threat.objects("attack_mechanisms")
                if each.text("capec_id")
            ],
        ),
        tool_fingerprint=name,
        suppressed="active" if controls and len(active) == len(controls) else "",
        raw=b'{"threat":' + raw + b',"risk":' + risk_raw + b"}",
    )


def _words(control: Node) -> str:
    return "\n".join(filter(None, [control.text("title"), control.text("description")]))
