"""OpenVEX: what a producer says about vulnerabilities of its products."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats import ids, packages
from apps.scans.formats.decode import listing
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import moment
from apps.scans.formats.types import Format, Head, ParsedFinding, ParsedReport

_DECIDED = {"not_affected", "fixed"}
_STATUSES = _DECIDED | {"affected", "under_investigation"}


class OpenVex(Format):
    """Documents of the versions 0.0.1 and 0.2.0."""

    slug = "openvex"
    name = "OpenVEX"
    stages = ("release", "build")
    mapping = {
        "kind": "package",
        "rule_id": "the canonical id of vulnerability.name, @id and aliases",
        "title": "the vulnerability and the first product",
        "severity": "medium, informational for not_affected and fixed: OpenVEX has none",
        "severity_source": "status",
        "location.purl": "the first subcomponent, else the first product, that is a package URL",
        "also_affects": "the further ones",
        "location.resource": "products[].@id, without the version of package URLs",
        "description": "vulnerability.description, status_notes, impact_statement",
        "remediation": "action_statement",
        "vex_status": "status",
        "suppressed": "status not_affected or fixed, with its justification",
        "occurred_at": "timestamp of the statement, else of the document",
        "tool_name": "tooling, else author",
        "scanned_at": "timestamp",
    }
    notes = (
        "One finding per statement. It says what is known of a vulnerability; whether a finding of "
        "another tool is set to not affected by it is decided in triage."
    )

    def detect(self, head: Head) -> bool:
        context = head.values.get("@context", "")
        return "openvex" in context and "statements" in head.keys

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        raws, members = listing(data, "statements", null=True)
        top = header(members, "author", "tooling", "timestamp", "product")
        return ParsedReport(
            findings=_findings(raws, top, warnings),
            tool_name=(top.text("tooling") or top.text("author"))[:120],
            scanned_at=moment(top.text("timestamp")),
            warnings=warnings,
        )


def _findings(raws: list[Raw], top: Node, warnings: list[str]) -> Iterator[ParsedFinding]:
    for statement, raw in nodes(raws, warnings, "/statements"):
        yield _finding(statement, top, raw)


def _finding(statement: Node, top: Node, raw: bytes) -> ParsedFinding:
    vulnerability, status = statement.at("vulnerability"), statement.text("status")
    name = vulnerability.text() or vulnerability.first("name", "@id")
    # Sorted: a finding does not become another one because its document lists them otherwise.
    products = sorted(product for item in statement.items("products") if (product := _id(item)))
    parts = sorted(
        part
        for item in [*statement.objects("products"), statement]
        for sub in item.items("subcomponents")
        if (part := _id(sub))
    )
    purls = [text for text in map(ids.purl, [*parts, *products]) if text]
    finding = packages.finding(
        identifiers=[name.rpartition("/")[2], *vulnerability.texts("aliases")],
        name="" if purls else (products or [""])[0],
        purl=purls[0] if purls else "",
        target=", ".join(_unversioned(product) for product in products) if purls else "",
        also_affects=purls[1:],
        description="\n\n".join(
            filter(
                None,
                [
                    vulnerability.text("description"),
                    statement.text("status_notes"),
                    statement.text("impact_statement"),
                ],
            )
        ),
        word="none" if status in _DECIDED else "",
        remediation=statement.text("action_statement"),
        suppressed=_suppressed(statement, status),
        vex_status=status if status in _STATUSES else "",
        raw=raw,
    )
    return msgspec.structs.replace(
        finding,
        severity_source=status,
        occurred_at=moment(statement.text("timestamp") or top.text("timestamp")),
    )


def _id(item: Node) -> str:
    """A product or subcomponent: an object with @id, or, in version 0.0.1, its id alone."""
    return item.text() or item.text("@id") or item.text("identifiers", "purl")


def _unversioned(product: str) -> str:
    return product.partition("?")[0].rpartition("@")[0] or product


def _suppressed(statement: Node, status: str) -> str:
    if status not in _DECIDED:
        return ""
    reason = statement.text("justification") or statement.text("impact_statement")
    return f"{status}: {reason}" if reason else status
