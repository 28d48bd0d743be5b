"""ZAP's traditional XML report, also the "plus" one with requests and answers."""

from collections.abc import Iterator

import msgspec

from apps.scans.formats import xml, zap_model
from apps.scans.formats.masking import scrub_http
from apps.scans.formats.text import moment
from apps.scans.formats.types import Format, Head, ParsedFinding, ParsedReport

ROOT = "OWASPZAPReport"


class ZapXml(Format):
    """The traditional XML report."""

    slug = "zap-xml"
    name = "ZAP XML"
    stages = ("test",)
    tool_name = zap_model.TOOL
    mapping = zap_model.MAPPING
    notes = zap_model.NOTES

    def detect(self, head: Head) -> bool:
        return head.xml_root == ROOT

    def parse(self, data: memoryview) -> ParsedReport:
        attributes = xml.root_attributes(data)
        return ParsedReport(
            findings=_findings(data),
            tool_name=self.tool_name,
            tool_version=attributes.get("version", "")[:120],
            scanned_at=moment(attributes.get("created")) or moment(attributes.get("generated")),
        )


def _findings(data: memoryview) -> Iterator[ParsedFinding]:
    for element in xml.records(data, "alertitem", roots=(ROOT,)):
        site = next(element.iterancestors("site"), None)
        item, raw = xml.scrubbed(element)
        yield zap_model.finding(_alert(item), xml.attribute(site, "name"), scrub_http(raw))


def _alert(item: xml.Element) -> zap_model.Alert:
    names = {
        field.name: field.encode_name
        for field in msgspec.structs.fields(zap_model.Alert)
        if field.name not in {"instances", "tags"}
    }
    instances = list(xml.each(item, "instances", "instance")) or [item]
    return zap_model.Alert(
        **{name: xml.text(item, tag) for name, tag in names.items()},
        instances=[_instance(element) for element in instances],
        tags=[zap_model.Tag(tag=xml.text(tag, "tag")) for tag in xml.each(item, "tags", "tag")],
    )


def _instance(element: xml.Element) -> zap_model.Instance:
    return zap_model.Instance(
        uri=xml.text(element, "uri"),
        method=xml.text(element, "method"),
        param=xml.text(element, "param"),
        evidence=xml.text(element, "evidence"),
    )
