"""CycloneDX JSON: bills of materials with vulnerabilities, and VEX."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from apps.scans.formats import cyclonedx_model as model
from apps.scans.formats.decode import Shape, document, read_all
from apps.scans.formats.ids import purl_name
from apps.scans.formats.text import clean, moment
from apps.scans.formats.types import Format, Head, ParsedFinding, ParsedReport, ScanStatus


class _Metadata(msgspec.Struct):
    timestamp: str | None = None
    tools: Any = None
    component: model.Component | None = None


class _Bom(msgspec.Struct, rename="camel"):
    bom_format: str | None = None
    spec_version: str | None = None
    metadata: _Metadata | None = None
    components: list[model.Component] | None = None
    vulnerabilities: list[Raw] | None = None


_BOM = Shape(_Bom)
_VULNERABILITY = Shape(model.Vulnerability)


class CycloneDxJson(Format):
    """CycloneDX 1.2 to 1.7 in JSON."""

    slug = "cyclonedx-json"
    name = "CycloneDX JSON"
    stages = ("build", "release")
    mapping = model.MAPPING
    notes = model.NOTES

    def detect(self, head: Head) -> bool:
        return head.root == "{" and (
            head.values.get("bomFormat") == "CycloneDX"
            or "cyclonedx.org/schema/bom" in head.values.get("$schema", "")
        )

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        bom = document(data, _BOM, warnings)
        metadata = bom.metadata or _Metadata()
        name, version = tool_of(metadata.tools)
        components = model.by_ref(bom.components)
        subject = metadata.component
        if subject is not None:
            components.setdefault(subject.bom_ref or "", subject)
        inventory = bom.vulnerabilities is None
        return ParsedReport(
            findings=_findings(
                bom.vulnerabilities or [], components, subject_name(subject), warnings
            ),
            tool_name=name,
            tool_version=version,
            scanned_at=moment(metadata.timestamp),
            status=ScanStatus.UNKNOWN if inventory else ScanStatus.COMPLETE,
            status_reason="It has no list of vulnerabilities: an inventory only."
            if inventory
            else "",
            outcomes={"components": len(bom.components)} if bom.components else {},
            warnings=warnings,
        )


def _findings(
    raws: list[Raw], components: dict[str, model.Component], subject: str, warnings: list[str]
) -> Iterator[ParsedFinding]:
    for item, raw in read_all(raws, _VULNERABILITY, warnings, "/vulnerabilities"):
        yield model.finding(item, components, subject, raw)


def subject_name(component: model.Component | None) -> str:
    """What the document is of, without a version: part of identities."""
    if component is None:
        return ""
    return clean(component.name) or (purl_name(component.purl) if component.purl else "")


def tool_of(tools: Any) -> tuple[str, str]:
    """Name and version of the first tool: a list up to version 1.4, an object with components
    since."""
    listed = tools.get("components") or tools.get("services") if isinstance(tools, dict) else tools
    first = listed[0] if isinstance(listed, list) and listed else {}
    if not isinstance(first, dict):
        return "", ""
    name, version = first.get("name"), first.get("version")
    return (
        clean(name)[:120] if isinstance(name, str) else "",
        clean(version)[:120] if isinstance(version, str) else "",
    )
