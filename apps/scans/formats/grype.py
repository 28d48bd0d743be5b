"""Grype: vulnerabilities of images, folders and bills of materials."""

from collections.abc import Iterator

from msgspec import Raw

from apps.scans.formats import packages
from apps.scans.formats.decode import listing
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import moment
from apps.scans.formats.types import Format, Head, ParsedFinding, ParsedReport

_OLD_SCORES = ("cvssV3", "cvssV2")  # before version 0.13


class Grype(Format):
    """`grype -o json`."""

    slug = "grype"
    name = "Grype JSON"
    stages = ("build", "release")
    tool_name = "Grype"
    mapping = {
        "kind": "package",
        "rule_id": "the canonical id of vulnerability.id and relatedVulnerabilities[].id",
        "title": "the vulnerability and the package",
        "severity": "vulnerability.severity; if unknown the best CVSS vector",
        "location.purl": "artifact.purl, else artifact type, name and version",
        "location.path": (
            "path of artifact.locations: of those that are the primary evidence, else of all, the "
            "first in alphabetical order"
        ),
        "location.resource": "source.target: userInput of an image, or the path",
        "description": "vulnerability.description, else that of a related one",
        "fixed_version": "vulnerability.fix.versions, once fixedInVersion",
        "vulnerabilities": "vulnerability.id, relatedVulnerabilities[].id",
        "cvss_vector": "vulnerability.cvss[].vector (once cvssV3, cvssV2), else of the related ones",
        "references": "dataSource, urls, links, advisories[].link",
        "tags": "fix.state, known exploited (KEV), EPSS percentile",
        "suppressed": "ignoredMatches are counted as outcomes, they are no findings",
        "tool_version": "descriptor.version",
        "scanned_at": "descriptor.timestamp",
        "category": "of an image its name without tag and digest, if the sender named none",
    }

    def detect(self, head: Head) -> bool:
        return head.root == "{" and "matches" in head.keys and (
            head.values.get("descriptor.name", "").lower() == "grype"
            or {"descriptor", "source"} <= head.keys
            or head.has("matches.vulnerability", "matches.artifact")
        )  # fmt: skip

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        raws, members = listing(data, "matches", null=True)
        top = header(members, "source", "descriptor")
        ignored = len(header(members, "ignoredMatches").items("ignoredMatches"))
        return ParsedReport(
            findings=_findings(raws, _target(top), warnings),
            tool_name=self.tool_name,
            tool_version=top.text("descriptor", "version")[:120],
            scanned_at=moment(top.text("descriptor", "timestamp")),
            category=_image(top),
            outcomes={"ignored": ignored} if ignored else {},
            warnings=warnings,
        )


def _image(top: Node) -> str:
    target = top.at("source", "target")
    if top.text("source", "type") != "image":
        return ""
    return packages.image_name(target.text("userInput"), target.texts("tags"))


def _target(top: Node) -> str:
    target = top.at("source", "target")
    return target.first("userInput", "path") or target.text()


def _findings(raws: list[Raw], target: str, warnings: list[str]) -> Iterator[ParsedFinding]:
    for match, raw in nodes(raws, warnings, "/matches"):
        yield _finding(match, target, raw)


def _finding(match: Node, target: str, raw: bytes) -> ParsedFinding:
    item, artifact = match.at("vulnerability"), match.at("artifact")
    related = match.objects("relatedVulnerabilities")
    both = [item, *related]
    return packages.finding(
        identifiers=[one.text("id") for one in both],
        name=artifact.text("name"),
        version=artifact.text("version"),
        ecosystem=artifact.text("type"),
        purl=artifact.text("purl"),
        target=target,
        path=_path(artifact),
        word=item.text("severity"),
        vectors=[
            score.text("vector")
            for one in both
            for name in ("cvss", *_OLD_SCORES)
            for score in one.objects(name)
        ],
        description=next((text for one in both if (text := one.text("description"))), ""),
        fixed=item.text("fix", "versions") or item.text("fixedInVersion"),
        cwes=[one.text("cwe") for one in item.objects("cwes")],
        references=[
            url
            for one in both
            for url in [
                one.text("dataSource"),
                *one.texts("urls"),
                *one.texts("links"),
                *_advisories(one),
            ]
        ],
        labels=[item.text("fix", "state"), *_labels(item)],
        raw=raw,
    )


def _path(artifact: Node) -> str:
    """Where the package is written down best, whatever the order in which the places are listed."""
    places = artifact.objects("locations")
    primary = [one for one in places if one.text("annotations", "evidence") == "primary"]
    return min((path for one in primary or places if (path := one.text("path"))), default="")


def _advisories(item: Node) -> list[str]:
    return [advisory.text("link") for advisory in item.objects("advisories")]


def _labels(item: Node) -> list[str]:
    percentile = item.number("epss", 0, "percentile")
    epss = f"EPSS percentile {percentile:.2f}" if percentile is not None else ""
    return ["known exploited" if item.at("knownExploited") else "", epss]
