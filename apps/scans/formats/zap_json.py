"""ZAP's traditional JSON report."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats import zap_model
from apps.scans.formats.decode import Shape, document, read_all
from apps.scans.formats.masking import scrub_http
from apps.scans.formats.text import clean, moment
from apps.scans.formats.types import Format, Head, ParsedFinding, ParsedReport, ScanStatus


class _Site(msgspec.Struct):
    name: str | None = msgspec.field(name="@name", default=None)
    alerts: list[Raw] | None = None


class _Report(msgspec.Struct):
    version: str | None = msgspec.field(name="@version", default=None)
    generated: str | None = msgspec.field(name="@generated", default=None)
    created: str | None = None
    site: list[_Site] | _Site | None = None


_REPORT = Shape(_Report)
_ALERT = Shape(zap_model.Alert)


class ZapJson(Format):
    """The traditional JSON report, with or without requests and answers."""

    slug = "zap-json"
    name = "ZAP JSON"
    stages = ("test",)
    tool_name = zap_model.TOOL
    mapping = zap_model.MAPPING
    notes = zap_model.NOTES

    def detect(self, head: Head) -> bool:
        return head.root == "{" and "site" in head.keys and "vulnerabilities" not in head.keys and (
            head.has("site.alerts") or {"@version", "@generated"} <= head.keys
        )  # fmt: skip

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        report = document(data, _REPORT, warnings)
        sites = report.site if isinstance(report.site, list) else [report.site or _Site()]
        silent = report.site is None
        return ParsedReport(
            findings=_findings(sites, warnings),
            tool_name=self.tool_name,
            tool_version=clean(report.version)[:120],
            scanned_at=moment(report.created) or moment(report.generated),
            status=ScanStatus.UNKNOWN if silent else ScanStatus.COMPLETE,
            status_reason="No site was looked at." if silent else "",
            warnings=warnings,
        )


def _findings(sites: list[_Site], warnings: list[str]) -> Iterator[ParsedFinding]:
    for index, site in enumerate(sites):
        where = f"/site/{index}/alerts"
        for alert, record in read_all(site.alerts or [], _ALERT, warnings, where):
            yield zap_model.finding(alert, site.name or "", scrub_http(record))
