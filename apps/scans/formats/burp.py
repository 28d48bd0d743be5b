"""Burp Suite issues in XML."""

from collections.abc import Iterator

from lxml import etree

from apps.scans.formats import ids, severity, xml
from apps.scans.formats.masking import scrub_http
from apps.scans.formats.text import from_html, links, moment, named, tags
from apps.scans.formats.types import Format, Head, Kind, Location, ParsedFinding, ParsedReport

_ROOTS = ("issues",)
_TRAFFIC = ("requestresponse", "collaboratorEvent", "infiltratorEvent", "dynamicAnalysis")


class BurpXml(Format):
    """Report issues as XML, of Burp Suite Professional and Enterprise."""

    slug = "burp-xml"
    name = "Burp Suite XML"
    stages = ("test",)
    tool_name = "Burp Suite"
    mapping = {
        "kind": "web",
        "rule_id": "type",
        "title": "name",
        "severity": "severity",
        "location.url": "host and path",
        "location.parameter": "what location names in brackets",
        "description": "issueDetail, issueBackground",
        "remediation": "remediationDetail, remediationBackground",
        "cwes": "vulnerabilityClassifications",
        "references": "links in references and vulnerabilityClassifications",
        "tags": "confidence",
        "suppressed": "severity False positive",
        "tool_version": "burpVersion",
        "scanned_at": "exportTime",
    }
    notes = "Recorded requests and answers are not kept: they hold sessions and personal data."

    def detect(self, head: Head) -> bool:
        return head.xml_root == "issues" and b"burpVersion" in head.prefix

    def parse(self, data: memoryview) -> ParsedReport:
        attributes = xml.root_attributes(data)
        return ParsedReport(
            findings=_findings(data),
            tool_name=self.tool_name,
            tool_version=attributes.get("burpVersion", "")[:120],
            scanned_at=moment(attributes.get("exportTime")),
        )


def _findings(data: memoryview) -> Iterator[ParsedFinding]:
    for element in xml.records(data, "issue", roots=_ROOTS):
        for name in _TRAFFIC:
            for traffic in list(xml.children(element, name)):
                element.remove(traffic)
        yield _finding(element)


def _finding(element: xml.Element) -> ParsedFinding:
    item, raw = xml.scrubbed(element)
    name, word = named(xml.text(item, "name")), xml.text(item, "severity")
    kinds = xml.text(item, "vulnerabilityClassifications")
    detail, background = _html(item, "issueDetail"), _html(item, "issueBackground")
    fix, advice = _html(item, "remediationDetail"), _html(item, "remediationBackground")
    place = xml.text(item, "location")
    is_false = word.lower() == "false positive"
    return ParsedFinding(
        kind=Kind.WEB,
        rule_id=xml.text(item, "type") or name,
        rule_name=name,
        title=name,
        severity=severity.NONE if is_false else severity.from_word(word),
        severity_source=word,
        location=Location(
            url=xml.text(item, "host").rstrip("/") + xml.text(item, "path"),
            parameter=place.partition("[")[2].rpartition("]")[0],
        ),
        description="\n\n".join(filter(None, [detail, background])),
        remediation="\n\n".join(filter(None, [fix, advice])),
        cwes=ids.cwes_in(kinds),
        references=links(_hrefs(xml.text(item, "references")), _hrefs(kinds)),
        tags=tags(f"confidence:{xml.text(item, 'confidence').lower()}"),
        suppressed="false positive" if is_false else "",
        raw=scrub_http(raw),
    )


def _html(item: xml.Element, name: str) -> str:
    return from_html(xml.text(item, name))


def _hrefs(text: str) -> list[str]:
    """The addresses that a piece of HTML links to."""
    if "href" not in text:
        return []
    found = etree.HTML(text)
    anchors = found.iter("a") if found is not None else ()
    return [str(anchor.get("href", "")) for anchor in anchors]
