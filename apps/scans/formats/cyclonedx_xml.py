"""CycloneDX XML, also with the vulnerability extension of the versions before 1.4."""

from collections.abc import Iterator

from apps.scans.formats import cyclonedx_model as model
from apps.scans.formats import ids, scores, xml
from apps.scans.formats.cyclonedx import subject_name
from apps.scans.formats.text import clean, moment
from apps.scans.formats.types import Format, Head, ParsedFinding, ParsedReport, ScanStatus

_ROOTS = ("bom",)


class CycloneDxXml(Format):
    """CycloneDX 1.0 to 1.7 in XML."""

    slug = "cyclonedx-xml"
    name = "CycloneDX XML"
    stages = ("build", "release")
    mapping = model.MAPPING
    notes = model.NOTES

    def detect(self, head: Head) -> bool:
        return head.xml_root == "bom" and "cyclonedx.org/schema/bom" in head.xml_namespace

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(findings=iter(()), outcomes={})
        _read_metadata(data, report)
        report.findings = _Reader(report).findings(data)
        return report


def _read_metadata(data: memoryview, report: ParsedReport) -> None:
    """Name, version and time, read at once: they stand in the first lines."""
    for element in xml.records(data, "tool", "timestamp", "metadata", "components", roots=_ROOTS):
        name = xml.local_name(element)
        if name == "timestamp":
            report.scanned_at = moment(xml.text(element))
        elif name == "tool" and not report.tool_name:
            report.tool_name = xml.text(element, "name")[:120]
            report.tool_version = xml.text(element, "version")[:120]
        elif name in {"metadata", "components"}:
            if not report.tool_name:
                tool = xml.inside(element, "tools", "components", "component")
                report.tool_name = xml.text(tool, "name")[:120]
                report.tool_version = xml.text(tool, "version")[:120]
            return


class _Reader:
    """Components come before the vulnerabilities that name them, so one pass is enough."""

    def __init__(self, report: ParsedReport) -> None:
        self._report = report
        self._components: dict[str, model.Component] = {}
        self._subject = ""
        self._count = 0

    def findings(self, data: memoryview) -> Iterator[ParsedFinding]:
        listed = False
        for element in xml.records(
            data, "component", "vulnerability", "vulnerabilities", roots=_ROOTS
        ):
            name = xml.local_name(element)
            if name == "component":
                self._component(element)
            elif name == "vulnerabilities":
                listed = True
            else:
                yield self._finding(element)
        if self._count:
            self._report.outcomes = {"components": self._count}
        if not listed:
            self._report.status = ScanStatus.UNKNOWN
            self._report.status_reason = "It has no list of vulnerabilities: an inventory only."

    def _component(self, element: xml.Element) -> None:
        parent = xml.local_name(element.getparent())
        component = _component(element)
        if parent == "metadata":
            self._subject = subject_name(component)
        elif parent == "components" and xml.local_name(element.getparent().getparent()) != "tools":
            self._count += xml.local_name(element.getparent().getparent()) == "bom"
        self._components.setdefault(component.bom_ref or component.purl or "", component)

    def _finding(self, element: xml.Element) -> ParsedFinding:
        holder = element.getparent().getparent()
        if xml.local_name(holder) == "component":  # the extension may stand inside its component
            component = _component(holder)
            self._components.setdefault(component.bom_ref or component.purl or "", component)
            inside = component.bom_ref or component.purl
        else:
            inside = None
        item, raw = xml.scrubbed(element)
        return model.finding(_vulnerability(item, inside), self._components, self._subject, raw)


def _component(element: xml.Element) -> model.Component:
    return model.Component(
        bom_ref=xml.attribute(element, "bom-ref") or None,
        group=xml.text(element, "group"),
        name=xml.text(element, "name"),
        version=xml.text(element, "version"),
        purl=xml.text(element, "purl"),
    )


def _vulnerability(item: xml.Element, inside: str | None) -> model.Vulnerability:
    targets = [xml.text(target, "ref") for target in xml.each(item, "affects", "target")]
    refs = targets or [xml.attribute(item, "ref") or inside or ""]
    recommendation = xml.text(item, "recommendation") or "\n".join(
        xml.texts(item, "recommendations", "recommendation")
    )
    return model.Vulnerability(
        id=xml.text(item, "id"),
        source=_source(xml.child(item, "source")),
        references=[
            model.Reference(xml.text(found, "id"), _source(xml.child(found, "source")))
            for found in xml.each(item, "references", "reference")
        ],
        ratings=[_rating(found) for found in xml.each(item, "ratings", "rating")],
        cwes=list(ids.cwes(xml.texts(item, "cwes", "cwe"))),
        description=xml.text(item, "description"),
        detail=xml.text(item, "detail"),
        recommendation=recommendation,
        workaround=xml.text(item, "workaround"),
        advisories=[
            model.Advisory(xml.text(found, "url") or xml.text(found))
            for found in xml.each(item, "advisories", "advisory")
        ],
        analysis=_analysis(xml.child(item, "analysis")),
        affects=[model.Affected(ref) for ref in refs if ref],
    )


def _source(element: xml.Element | None) -> model.Source | None:
    if element is None:
        return None
    return model.Source(
        xml.text(element, "name") or xml.attribute(element, "name"), xml.text(element, "url")
    )


def _rating(element: xml.Element) -> model.Rating:
    score = xml.text(element, "score", "base") or xml.text(element, "score")
    return model.Rating(
        score=scores.score(score),
        severity=xml.text(element, "severity"),
        method=xml.text(element, "method"),
        vector=xml.text(element, "vector"),
    )


def _analysis(element: xml.Element | None) -> model.Analysis | None:
    if element is None:
        return None
    return model.Analysis(
        clean(xml.text(element, "state")),
        xml.text(element, "justification"),
        xml.text(element, "detail"),
    )
