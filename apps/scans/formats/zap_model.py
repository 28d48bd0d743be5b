"""An alert of ZAP, as its JSON and XML reports share it, and the finding it becomes."""

import msgspec

from apps.scans.formats import ids, severity
from apps.scans.formats.text import clean, first_line, from_html, links, links_in, named, tags
from apps.scans.formats.types import Kind, Location, ParsedFinding, Severity

TOOL = "ZAP"
MAX_PLACES = 50
RISKS = {"0": Severity.NONE, "1": Severity.LOW, "2": Severity.MEDIUM, "3": Severity.HIGH}
MAPPING = {
    "kind": "web",
    "rule_id": "pluginid (the scan rule); alertRef tells its variants apart in the fingerprint",
    "title": "alert, else name",
    "severity": "riskcode: 0 informational, 1 low, 2 medium, 3 high",
    "severity_source": "riskdesc",
    "location.url": "uri of the first instance in alphabetical order, else the site",
    "location.parameter": "param of that instance",
    "description": "desc, otherinfo, and the places: method, uri, parameter of up to 50 instances",
    "remediation": "solution",
    "cwes": "cweid",
    "references": "URLs in reference",
    "tags": "confidence, wascid, names of tags",
    "suppressed": "confidence 0, ZAP's false positive",
    "tool_version": "version of the report",
    "scanned_at": "created, else generated",
}
NOTES = (
    "One finding per alert of a site, as ZAP counts them; its identity is the rule and the site, "
    "so that "
    "an alert which moves to other pages of the site stays the same. Values of cookie and "
    "authorization headers "
    "in recorded requests are masked."
)


class Instance(msgspec.Struct):
    uri: str | None = None
    method: str | None = None
    param: str | None = None
    attack: str | None = None
    evidence: str | None = None


class Tag(msgspec.Struct):
    tag: str | None = None
    link: str | None = None


class Alert(msgspec.Struct):
    pluginid: str | None = None
    alert_ref: str | None = msgspec.field(name="alertRef", default=None)
    alert: str | None = None
    name: str | None = None
    riskcode: str | None = None
    riskdesc: str | None = None
    confidence: str | None = None
    desc: str | None = None
    solution: str | None = None
    otherinfo: str | None = None
    reference: str | None = None
    cweid: str | None = None
    wascid: str | None = None
    instances: list[Instance] | None = None
    tags: list[Tag] | None = None


def finding(alert: Alert, site: str, raw: bytes) -> ParsedFinding:
    """site: the site's name (scheme, host and port), as ZAP prints it."""
    places = sorted(alert.instances or [], key=lambda item: (item.uri or "", item.param or ""))
    first = places[0] if places else Instance()
    rule = named(alert.pluginid, alert.alert_ref, alert.alert, alert.name)
    wasc = clean(alert.wascid)
    return ParsedFinding(
        kind=Kind.WEB,
        rule_id=rule,
        title=named(alert.alert, alert.name, rule),
        severity=RISKS.get(clean(alert.riskcode), severity.from_word(_word(alert))),
        severity_source=first_line(alert.riskdesc, alert.riskcode),
        location=Location(url=clean(first.uri) or clean(site), parameter=clean(first.param)),
        description="\n\n".join(
            filter(None, [from_html(alert.desc), from_html(alert.otherinfo), _places(places)])
        ),
        remediation=from_html(alert.solution),
        cwes=ids.cwes(alert.cweid),
        references=links(links_in(from_html(alert.reference))),
        tags=tags(
            f"confidence:{_CONFIDENCE.get(clean(alert.confidence), clean(alert.confidence))}",
            f"WASC-{wasc}" if wasc.isdecimal() and wasc != "0" else "",
            [item.tag for item in alert.tags or []],
        ),
        tool_fingerprint=f"{clean(alert.alert_ref) or rule}@{clean(site)}",
        suppressed="false positive" if clean(alert.confidence) == "0" else "",
        raw=raw,
    )


_CONFIDENCE = {"0": "false positive", "1": "low", "2": "medium", "3": "high", "4": "confirmed"}


def _word(alert: Alert) -> str:
    return clean(alert.riskdesc).partition(" ")[0]


def _places(places: list[Instance]) -> str:
    lines = [_place(item) for item in places[:MAX_PLACES] if item.uri]
    if not lines:
        return ""
    more = len(places) - MAX_PLACES
    return "\n".join(["Seen at:", *lines, *([f"and {more} more places"] if more > 0 else [])])


def _place(item: Instance) -> str:
    parameter = f" ({clean(item.param)})" if clean(item.param) else ""
    return f"{clean(item.method)} {clean(item.uri)}{parameter}".strip()
