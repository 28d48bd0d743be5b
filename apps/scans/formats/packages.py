"""What all reports of vulnerable packages have in common, as one finding."""

import re
from collections.abc import Iterable
from typing import Any

from apps.scans.formats import ids, scores, severity
from apps.scans.formats.text import clean, first_line, links, named, tags
from apps.scans.formats.types import Kind, Location, ParsedFinding, Severity

_TAG = re.compile(r":[\w][\w.-]{0,127}$")
_NO_NAME = re.compile(
    r"[./]|.*\.(?:tar|tgz|gz)$|[a-z-]+:/|(?:sha256:)?[0-9a-f]{12,64}$", re.IGNORECASE
)


def image_name(given: str, tags: Iterable[str] = ()) -> str:
    """An image without tag and digest: which of a system's images a report is about.

    given: what the tool was told to look at; where that is a file or a bare digest, the image's own
    tags say its name. Empty if nothing does.

    >>> image_name("registry.example:5000/shop/web:1.4.2@sha256:00ff")
    'registry.example:5000/shop/web'
    """
    for text in (given, *tags):
        whole = clean(text).partition("@")[0]
        if whole and not _NO_NAME.match(whole):
            return _TAG.sub("", whole)
    return ""


def rated(
    word: str | None, score: Any = None, vectors: Iterable[str | None] = ()
) -> tuple[Severity, str, str, float | None]:
    """Severity, its source, CVSS vector and score, from whatever of them a tool gives.

    The tool's own word decides; without one (or with "unknown") the score it prints, then the
    vector.
    """
    vector, vector_score = scores.best_vector(vectors)
    number = scores.score(score)
    number = vector_score if number is None or (number == 0 and vector_score) else number
    text = clean(word)
    if severity.is_word(text):
        return severity.from_word(text), text, vector, number
    if number is not None:
        return severity.from_score(number), str(number), vector, number
    return severity.from_word(text) if text else Severity.MEDIUM, text, vector, None


def finding(
    *,
    identifiers: Iterable[str | None],
    raw: bytes,
    name: str | None = "",
    version: str | None = "",
    ecosystem: str | None = "",
    purl: str | None = "",
    target: str | None = "",
    path: str | None = "",
    word: str | None = "",
    score: Any = None,
    vectors: Iterable[str | None] = (),
    title: str | None = "",
    description: str | None = "",
    fixed: str | None = "",
    remediation: str | None = "",
    cwes: Any = (),
    references: Iterable[str | None] = (),
    labels: Iterable[Any] = (),
    also_affects: Iterable[str] = (),
    suppressed: str = "",
    vex_status: str = "",
) -> ParsedFinding:
    """A vulnerability of a package.

    identifiers: the tool's own first, then its aliases. ecosystem: as the tool calls it; used where
    there is no package URL. target: image, project or lock file that was looked at.
    """
    given = [clean(item) for item in identifiers if item]
    known = ids.vulnerabilities(given)
    url = ids.purl(purl) if purl else ids.make_purl(ecosystem or "", clean(name), clean(version))
    location = _location(url, clean(name), clean(target), clean(path))
    what = ids.purl_name(location.purl) if location.purl else location.resource or location.path
    shown = f"{clean(name)} {clean(version)}".strip() or what
    headline = first_line(title)
    rule = known[0] if known else named(headline, shown)
    rating, source, vector, number = rated(word, score, vectors)
    fix = clean(fixed)
    return ParsedFinding(
        kind=Kind.PACKAGE,
        rule_id=rule,
        rule_name=headline if headline != rule else "",
        title=first_line(f"{rule} in {shown}" if shown and shown != rule else rule),
        severity=rating,
        severity_source=source,
        location=location,
        description=_described(headline, clean(description)),
        remediation=clean(remediation)
        or (f"Upgrade {clean(name) or shown} to {fix}." if fix else ""),
        cwes=ids.cwes(cwes),
        vulnerabilities=known,
        cvss_vector=vector,
        cvss_score=number,
        fixed_version=fix,
        also_affects=tuple(dict.fromkeys(filter(None, map(ids.purl, also_affects)))),
        vex_status=vex_status,
        references=links(references),
        tags=tags(*labels),
        suppressed=suppressed,
        raw=raw,
    )


def _location(url: str, name: str, target: str, path: str) -> Location:
    """Without a package URL the name goes into the resource: it tells two packages apart."""
    resource = target if url or name == target else " ".join(filter(None, [target, name]))
    return Location(purl=url, resource=resource, path=path)


def _described(headline: str, description: str) -> str:
    if not headline or description.startswith(headline):
        return description
    return f"{headline}\n\n{description}" if description else headline
