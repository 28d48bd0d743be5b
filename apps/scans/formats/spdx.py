"""SPDX bills of materials: an inventory, and the advisories that packages refer to."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats import ids, packages
from apps.scans.formats.decode import listing
from apps.scans.formats.masking import scrub
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import moment
from apps.scans.formats.types import Format, Head, ParsedFinding, ParsedReport, ScanStatus

_ADVISORIES = {"advisory", "fix", "url", "cve", "securityAdvisory", "securityFix", "securityOther"}
_INVENTORY = "It is an inventory: it says nothing about what it does not mention."


class Spdx2(Format):
    """SPDX 2.2 and 2.3 in JSON."""

    slug = "spdx-2.3-json"
    name = "SPDX 2.3 JSON"
    stages = ("build", "release")
    mapping = {
        "kind": "package",
        "rule_id": "a vulnerability id in an external reference of the category SECURITY",
        "title": "the vulnerability and the package",
        "severity": "medium: SPDX has none",
        "location.purl": "the external reference of the type purl",
        "location.resource": "name of the document",
        "references": "referenceLocator",
        "outcomes": "packages",
        "tool_name": "creationInfo.creators: Tool",
        "scanned_at": "creationInfo.created",
        "status": "always unknown: an inventory closes nothing",
    }
    notes = (
        "A bill of materials is an inventory: its packages are counted, they are no findings. "
        "Only an advisory "
        "that a package refers to is one."
    )

    def detect(self, head: Head) -> bool:
        version = head.values.get("spdxVersion", "")
        return head.root == "{" and version.startswith("SPDX-2")

    def parse(self, data: memoryview) -> ParsedReport:
        raws, members = listing(data, "packages", "@graph", null=True)
        top = header(members, "name", "creationInfo")
        creation, warnings = top.at("creationInfo"), list[str]()
        tool = next((one for one in creation.texts("creators") if one.startswith("Tool:")), "")
        name, _, version = tool.removeprefix("Tool:").strip().rpartition("-")
        if "packages" not in members:
            raws = []
            warnings.append("There is no list `packages`.")
        return ParsedReport(
            findings=_findings(raws, top.text("name"), warnings),
            tool_name=(name or version)[:120],
            tool_version=(version if name else "")[:120],
            scanned_at=moment(creation.text("created")),
            status=ScanStatus.UNKNOWN,
            status_reason=_INVENTORY,
            outcomes={"packages": len(raws)} if raws else {},
            warnings=warnings,
        )


def _findings(raws: list[Raw], document: str, warnings: list[str]) -> Iterator[ParsedFinding]:
    for package, _ in nodes(raws, warnings, "/packages"):
        references = package.objects("externalRefs")
        purl = next((r.text("referenceLocator") for r in references
                     if r.text("referenceType") == "purl"), "")  # fmt: skip
        for reference in references:
            known = ids.vulnerabilities_in(reference.text("referenceLocator"))
            if reference.text("referenceType") in _ADVISORIES and known:
                yield packages.finding(
                    identifiers=known,
                    name=package.text("name"),
                    version=package.text("versionInfo"),
                    purl=purl,
                    target=document,
                    references=[reference.text("referenceLocator")],
                    labels=[reference.text("referenceType")],
                    raw=scrub(msgspec.json.encode({
                        "name": package.at("name").value, "reference": reference.value
                    })),
                )  # fmt: skip


class Spdx3(Format):
    """SPDX 3.0 in JSON-LD."""

    slug = "spdx-3.0-json"
    name = "SPDX 3.0 JSON-LD"
    stages = ("build", "release")
    mapping = {
        "kind": "package",
        "rule_id": "a security_Vulnerability that a VEX or CVSS relationship joins to a package",
        "title": "the vulnerability and the package",
        "severity": "medium: CVSS relationships are not read",
        "location.purl": "software_packageUrl of the package, else its identifier of that type",
        "vex_status": "the kind of VEX relationship",
        "outcomes": "packages",
        "status": "always unknown: an inventory closes nothing",
    }
    notes = Spdx2.notes

    def detect(self, head: Head) -> bool:
        return head.root == "{" and "@graph" in head.keys and (
            "spdx.org/rdf/3" in head.values.get("@context", "")
            or head.values.get("spdxVersion", "").startswith("SPDX-3")
        )  # fmt: skip

    def parse(self, data: memoryview) -> ParsedReport:
        raws, _ = listing(data, "@graph")
        report = ParsedReport(
            iter(()), status=ScanStatus.UNKNOWN, status_reason=_INVENTORY, outcomes={}
        )
        elements = [node for node, _ in nodes(raws, report.warnings, "/@graph")]
        count = sum(_type(element) == "software_Package" for element in elements)
        report.outcomes = {"packages": count} if count else {}
        report.findings = _vex(elements)
        return report


_VEX = {
    "security_VexAffectedVulnAssessmentRelationship": "affected",
    "security_VexFixedVulnAssessmentRelationship": "fixed",
    "security_VexNotAffectedVulnAssessmentRelationship": "not_affected",
    "security_VexUnderInvestigationVulnAssessmentRelationship": "under_investigation",
}


def _type(element: Node) -> str:
    return element.first("type", "@type")


def _id(element: Node) -> str:
    return element.first("spdxId", "@id")


def _vex(elements: list[Node]) -> Iterator[ParsedFinding]:
    known = {_id(element): element for element in elements}
    for relation in elements:
        status = _VEX.get(_type(relation))
        if status is None:
            continue
        vulnerability = known.get(relation.text("from"), Node({}))
        package = known.get(relation.text("to", 0) or relation.text("to"), Node({}))
        suppressed = status if status in {"fixed", "not_affected"} else ""
        yield packages.finding(
            identifiers=[vulnerability.text("name"), *_names(vulnerability)],
            name=package.text("name"),
            version=package.text("software_packageVersion"),
            purl=package.text("software_packageUrl"),
            description=vulnerability.first("description", "summary"),
            remediation=relation.text("security_actionStatement"),
            vex_status=status,
            suppressed=suppressed,
            raw=scrub(msgspec.json.encode(relation.value)),
        )


def _names(vulnerability: Node) -> list[str]:
    return [one.text("identifier") for one in vulnerability.objects("externalIdentifier")]
