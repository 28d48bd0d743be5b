"""ZAP's traditional JSON report, and the alerts of its API."""

from collections.abc import Iterator
from html import escape
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw

from apps.scans.formats import zap_model
from apps.scans.formats.decode import Shape, document, read_all
from apps.scans.formats.masking import scrub_http
from apps.scans.formats.text import clean, moment, named
from apps.scans.formats.types import Format, Head, ParsedFinding, ParsedReport, ScanStatus


class _Site(msgspec.Struct):
    name: str | None = msgspec.field(name="@name", default=None)
    alerts: list[Raw] | None = None


class _Report(msgspec.Struct):
    version: str | None = msgspec.field(name="@version", default=None)
    generated: str | None = msgspec.field(name="@generated", default=None)
    created: str | None = None
    site: list[_Site] | _Site | None = None
    alerts: list[Raw] | None = None


class _ApiAlert(msgspec.Struct):
    """An alert at one place, as `/JSON/alert/view/alerts` lists it."""

    plugin_id: str | None = msgspec.field(name="pluginId", default=None)
    alert_ref: str | None = msgspec.field(name="alertRef", default=None)
    alert: str | None = None
    name: str | None = None
    risk: str | None = None
    confidence: str | None = None
    description: str | None = None
    solution: str | None = None
    other: str | None = None
    reference: str | None = None
    cweid: str | None = None
    wascid: str | None = None
    url: str | None = None
    method: str | None = None
    param: str | None = None
    tags: dict[str, str] | None = None


_REPORT = Shape(_Report)
_ALERT = Shape(zap_model.Alert)
_API_ALERT = Shape(_ApiAlert)


class ZapJson(Format):
    """The traditional JSON report, with or without requests and answers, and the API's alerts."""

    slug = "zap-json"
    name = "ZAP JSON"
    stages = ("test",)
    tool_name = zap_model.TOOL
    mapping = zap_model.MAPPING
    notes = (
        zap_model.NOTES
        + " The API lists an alert once for each place (`/JSON/alert/view/alerts`): "
        "those of one alert and site are one finding, as in a report."
    )

    def detect(self, head: Head) -> bool:
        if head.root == "{" and head.has("alerts.pluginId", "alerts.risk"):
            return True
        return head.root == "{" and "site" in head.keys and "vulnerabilities" not in head.keys and (
            head.has("site.alerts") or {"@version", "@generated"} <= head.keys
        )  # fmt: skip

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        report = document(data, _REPORT, warnings)
        if report.site is None and report.alerts is not None:
            findings = _of_api(report.alerts, warnings)
            return ParsedReport(findings, self.tool_name, warnings=warnings)
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


_RISKS = {"informational": "0", "low": "1", "medium": "2", "high": "3"}
_CONFIDENCES = {"false positive": "0", "low": "1", "medium": "2", "high": "3", "confirmed": "4"}


def _of_api(raws: list[Raw], warnings: list[str]) -> Iterator[ParsedFinding]:
    """One finding per alert of a site, as the report has them; all places are known at the end."""
    found: dict[tuple[str, str], tuple[zap_model.Alert, bytes]] = {}
    for item, record in read_all(raws, _API_ALERT, warnings, "/alerts"):
        site = _site(clean(item.url))
        rule = named(item.alert_ref, item.plugin_id, item.alert, item.name)
        alert, _ = found.setdefault((site, rule), (_alert(item), scrub_http(record)))
        place = zap_model.Instance(uri=item.url, method=item.method, param=item.param)
        alert.instances = [*(alert.instances or []), place][: zap_model.MAX_PLACES * 10]
    for (site, _rule), (alert, record) in found.items():
        yield zap_model.finding(alert, site, record)


def _alert(item: _ApiAlert) -> zap_model.Alert:
    risk, confidence = clean(item.risk), clean(item.confidence)
    return zap_model.Alert(
        pluginid=item.plugin_id,
        alert_ref=item.alert_ref,
        alert=item.alert,
        name=item.name,
        riskcode=_RISKS.get(risk.lower()),
        riskdesc=f"{risk} ({confidence})" if confidence else risk,
        confidence=_CONFIDENCES.get(confidence.lower(), confidence),
        desc=escape(clean(item.description)),  # the report's are HTML, these are not
        solution=escape(clean(item.solution)),
        otherinfo=escape(clean(item.other)),
        reference=escape(clean(item.reference)),
        cweid=item.cweid,
        wascid=item.wascid,
        tags=[zap_model.Tag(tag=name) for name in item.tags or {}],
    )


def _site(url: str) -> str:
    try:
        found = urlsplit(url)
    except ValueError:
        return url
    return f"{found.scheme}://{found.netloc}" if found.netloc else url
