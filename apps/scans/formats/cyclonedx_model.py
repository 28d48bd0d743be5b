"""A CycloneDX vulnerability and component, as JSON and XML share them, and the finding they
become."""

import msgspec

from apps.scans.formats import ids, packages, scores, severity
from apps.scans.formats.text import clean
from apps.scans.formats.types import ParsedFinding

MAPPING = {
    "kind": "package",
    "rule_id": "the canonical id of id and references[].id: a CVE before a GHSA before others",
    "title": "the vulnerability and the first component it affects",
    "severity": "severity of the rating with the best CVSS vector, else the worst of ratings",
    "location.purl": "purl of the component that affects[].ref names, or the ref itself",
    "also_affects": "purls of the further affects",
    "location.resource": "metadata.component: what the bill of materials is of",
    "description": "description, detail",
    "remediation": "recommendation, workaround",
    "cwes": "cwes",
    "vulnerabilities": "id, references[].id",
    "cvss_vector": "ratings[].vector of a CVSS method; a missing version prefix is added",
    "cvss_score": "ratings[].score of that rating",
    "references": "source.url, advisories[].url, references[].source.url",
    "vex_status": "analysis.state in OpenVEX's words",
    "suppressed": "analysis.state not_affected, false_positive or resolved, and its justification",
    "tool_name": "metadata.tools",
    "scanned_at": "metadata.timestamp",
    "outcomes": "components",
    "status": "unknown if there is no list of vulnerabilities: it is an inventory only",
}
NOTES = (
    "One finding per vulnerability of the document. A vulnerability that affects several "
    "components is "
    "one finding at the first of them (in alphabetical order) that names the others."
)
_VEX = {
    "exploitable": "affected",
    "in_triage": "under_investigation",
    "not_affected": "not_affected",
    "false_positive": "not_affected",
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
}


class Component(msgspec.Struct, rename="kebab"):
    bom_ref: str | None = None
    group: str | None = None
    name: str | None = None
    version: str | None = None
    purl: str | None = None
    components: list["Component"] | None = None


class Source(msgspec.Struct):
    name: str | None = None
    url: str | None = None


class Reference(msgspec.Struct):
    id: str | None = None
    source: Source | None = None


class Rating(msgspec.Struct):
    score: float | None = None
    severity: str | None = None
    method: str | None = None
    vector: str | None = None


class Advisory(msgspec.Struct):
    url: str | None = None


class Analysis(msgspec.Struct):
    state: str | None = None
    justification: str | None = None
    detail: str | None = None


class Affected(msgspec.Struct):
    ref: str | None = None


class Vulnerability(msgspec.Struct):
    id: str | None = None
    source: Source | None = None
    references: list[Reference] | None = None
    ratings: list[Rating] | None = None
    cwes: list[int] | None = None
    description: str | None = None
    detail: str | None = None
    recommendation: str | None = None
    workaround: str | None = None
    advisories: list[Advisory] | None = None
    analysis: Analysis | None = None
    affects: list[Affected] | None = None


def finding(
    item: Vulnerability, components: dict[str, Component], subject: str, raw: bytes
) -> ParsedFinding:
    """components: by bom-ref. subject: name of what the bill of materials is of."""
    affected = sorted(
        (_component(entry.ref or "", components) for entry in item.affects or []),
        key=lambda found: (ids.purl(found.purl or ""), found.name or ""),
    )
    first = affected[0] if affected else Component()
    rating = _best(item.ratings or [])
    sources = [item.source, *(reference.source for reference in item.references or [])]
    analysis = item.analysis or Analysis()
    return packages.finding(
        identifiers=[item.id, *(reference.id for reference in item.references or [])],
        name=_name(first),
        version=first.version,
        purl=first.purl,
        target=subject,
        word=rating.severity,
        score=rating.score if scores.with_prefix(rating.vector, rating.method) else None,
        vectors=[scores.with_prefix(rating.vector, rating.method)],
        description=_joined(item.description, item.detail),
        remediation=_joined(item.recommendation, item.workaround),
        cwes=item.cwes,
        references=[
            *(source.url for source in sources if source),
            *(advisory.url for advisory in item.advisories or []),
        ],
        also_affects=[found.purl or "" for found in affected[1:]],
        vex_status=_VEX.get(clean(analysis.state), ""),
        suppressed=_suppressed(analysis),
        raw=raw,
    )


def _component(ref: str, components: dict[str, Component]) -> Component:
    """The component of a bom-ref; of a link into another document, what its last part says."""
    found = components.get(ref)
    if found is None and ref.startswith("urn:cdx:"):
        ref = ref.partition("#")[2] or ref
        found = components.get(ref)
    if found is None:
        return Component(purl=_purl(ref)) if ref.startswith("pkg:") else Component(name=clean(ref))
    if not found.purl and ref.startswith("pkg:"):
        return msgspec.structs.replace(found, purl=_purl(ref))
    return found


def _purl(ref: str) -> str:
    """A bom-ref that is a package URL, without the id that Grype adds to make it unique."""
    before, _, _ = ref.partition("package-id=")
    return before.rstrip("?&")


def _name(component: Component) -> str:
    return "/".join(filter(None, [clean(component.group), clean(component.name)]))


def _best(ratings: list[Rating]) -> Rating:
    """The rating with the valid vector of the highest CVSS version, else the worst one."""
    vectors = [scores.with_prefix(rating.vector, rating.method) for rating in ratings]
    vector, _score = scores.best_vector(vectors)
    if vector:
        return ratings[[text.strip("()") for text in vectors].index(vector)]
    return max(
        ratings, key=lambda r: (severity.from_word(r.severity), r.score or 0), default=Rating()
    )


def _joined(*texts: str | None) -> str:
    distinct = list(dict.fromkeys(filter(None, map(clean, texts))))
    return "\n\n".join(distinct)


def _suppressed(analysis: Analysis) -> str:
    state = clean(analysis.state)
    if _VEX.get(state) not in {"not_affected", "fixed"}:
        return ""
    reason = " - ".join(filter(None, [clean(analysis.justification), clean(analysis.detail)]))
    return f"{state}: {reason}" if reason else state


def by_ref(components: list[Component] | None) -> dict[str, Component]:
    """All components, nested ones too, by bom-ref."""
    found: dict[str, Component] = {}
    waiting = list(components or [])
    while waiting:
        component = waiting.pop()
        found.setdefault(component.bom_ref or component.purl or "", component)
        waiting.extend(component.components or [])
    return found
