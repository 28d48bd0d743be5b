"""What a threat model says, as drafts: a planning item, two options, and a statement a threat.

Reading only; apps/evidence/services/imports.py writes. The formats are those of reports.
"""

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import msgspec

from apps.common.errors import Invalid
from apps.risks.services.scales import Levels, current_scale
from apps.risks.services.statements import StatementInput
from apps.scans.formats.tm_bom import IMPACTS, LIKELIHOODS
from apps.scans.formats.types import Format, FormatError, Kind, ParsedFinding
from apps.scans.registry import registry

FORMATS = ("otm", "tm-bom", "threat-dragon", "threat-composer", "threagile-risks")
MOST = 100  # threats of one file: each statement is simulated when it is written
LONGEST = 2000  # characters of a text that is taken over
_NOT_RATED = {"", "tbd", "unset", "undefined", "unknown"}
# Threagile's words in the order of its own scales (types.go); 1 is left for "rarer than the tool says".
_LIKELIHOODS = {"unlikely": 2, "likely": 3, "very-likely": 4, "frequent": 5}
_IMPACTS = {"low": 2, "medium": 3, "high": 4, "very-high": 5}


@dataclass(frozen=True)
class DraftStatement:
    """A threat that is still open. `place`: the element of the model; `identity`: SHA-256, in hex."""

    title: str
    place: str
    mitigations: str
    identity: str
    content: StatementInput
    is_rated: bool


@dataclass(frozen=True)
class DraftModel:
    """`source`: SHA-256 that the same model has again; `settled`: threats that the model calls done."""

    title: str
    tool: str
    source: str
    statements: tuple[DraftStatement, ...]
    settled: int
    warnings: tuple[str, ...]

    @property
    def mitigations(self) -> list[str]:
        return list(dict.fromkeys(each.mitigations for each in self.statements if each.mitigations))


def read_model(data: bytes, wanted: str = "") -> DraftModel:
    """Understand a file. Raises: Invalid, saying what and where.

    data: the whole file; wanted: slug of a format, empty to find out from the content.
    """
    fmt = _format(data, wanted)
    try:
        parsed = fmt.parse(memoryview(data))
        found = [each for each in parsed.findings if each.kind == Kind.THREAT]
    except FormatError as error:
        where = f" ({error.location})" if error.location else ""
        raise Invalid({"document": f"{error.message}{where}"}) from error
    still = {_identity(each): each for each in found if not each.suppressed}
    if len(still) > MOST:
        text = f"It holds {len(still)} open threats; at most {MOST} are taken over at once."
        raise Invalid({"document": text})
    title, scale = _title(data), current_scale()
    return DraftModel(
        title=title or fmt.name,
        tool=fmt.name,
        source=_digest(fmt.slug, title),
        statements=tuple(_draft(each, key, fmt, scale) for key, each in still.items()),
        settled=sum(bool(each.suppressed) for each in found),
        warnings=tuple(parsed.warnings[:20]),
    )


def _format(data: bytes, wanted: str) -> Format:
    if wanted and wanted not in FORMATS:
        raise Invalid({"format": f"Say one of: {', '.join(FORMATS)}."})
    known = [registry().get(slug) for slug in FORMATS] if not wanted else [registry().get(wanted)]
    if wanted and known[0] is not None:
        return known[0]
    fitting = [each for each in registry().detect(data) if each in known]
    if len(fitting) != 1:
        raise Invalid({"document": f"It is none of these: {', '.join(FORMATS)}."})
    return fitting[0]


def _title(data: bytes) -> str:
    """The model's own name, where its format has one."""
    try:
        root: Any = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""  # the parser has said what is to be said of such a file
    for outer, inner in (
        ("project", "name"),
        ("scope", "title"),
        ("summary", "title"),
        ("applicationInfo", "name"),
    ):
        part = root.get(outer) if isinstance(root, dict) else None
        name = part.get(inner) if isinstance(part, dict) else None
        if isinstance(name, str) and name.strip():
            return _plain(name, 150)
    return ""


def _identity(finding: ParsedFinding) -> str:
    # The tool's own id where it has one: a threat that is worded anew stays the same threat.
    if finding.tool_fingerprint:
        return _digest(finding.tool_fingerprint)
    return _digest(finding.rule_id, finding.title, finding.location.resource)


def _digest(*parts: str) -> str:
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _plain(text: str, most: int = LONGEST) -> str:
    """One line that PostgreSQL can hold, cut to size."""
    line = " ".join(text.replace("\x00", "").split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _draft(finding: ParsedFinding, key: str, fmt: Format, scale: Levels) -> DraftStatement:
    place = _plain(finding.location.resource, 200)
    title = _plain(finding.title).rstrip(".")
    # A paragraph is a mitigation: its name, and on further lines what it is.
    asked = [each.strip().partition("\n") for each in finding.remediation.split("\n\n")]
    names = _plain("; ".join(filter(None, (_plain(name) for name, _line, _what in asked))))
    fixes = _plain(
        "; ".join(": ".join(filter(None, map(_plain, (name, what)))) for name, _line, what in asked)
    )
    where = place or "this system"
    condition = f"If you run {where} as it is modelled, and name no mitigation"
    if names:
        condition = f"If you run {where} without what the model asks for: {names.rstrip('.')}"
    estimate, words, is_rated = _estimate(finding, fmt, scale)
    told = [f"Imported from {fmt.name}: {_plain(finding.rule_id, 200)}.", words]
    told += [_plain(finding.description)] if finding.description else []
    return DraftStatement(
        title=title,
        place=place,
        mitigations=fixes,
        identity=key,
        is_rated=is_rated,
        content=StatementInput(
            condition=condition,
            consequence=title,
            asset=place,
            rationale="\n\n".join(told),
            cwes=list(finding.cwes),
            **estimate,
        ),
    )


def _estimate(
    finding: ParsedFinding, fmt: Format, scale: Levels
) -> tuple[dict[str, Any], str, bool]:
    """Fields of the estimate, the sentence that says where it is from, and whether the tool rated.

    What a tool does not rate gets the three middle levels as one wide range: not knowing is no number.
    """
    if levels := _levels(finding, fmt):
        likelihood, impact = levels
        text = f"The tool's rating as likelihood {likelihood} and impact {impact} of our own scale."
        level = {"kind": "level", "likelihood": likelihood, "impact": impact}
        return {"estimate": level}, text, True
    wide = {
        "frequency_low": scale.likelihood[1][0],
        "frequency_high": scale.likelihood[3][1],
        "magnitude_low": scale.impact[1][0],
        "magnitude_high": scale.impact[3][1],
    }
    word = _plain(finding.severity_source, 60)
    if word.lower() in _NOT_RATED:
        text = "The tool gives no rating: the ranges are wide until somebody estimates them."
        return wide, text, False
    low, high = scale.impact[int(finding.severity)]
    text = (
        f"The tool says {word}: the loss is that level's. It does not say how often; that is wide."
    )
    return wide | {"magnitude_low": low, "magnitude_high": high}, text, True


def _levels(finding: ParsedFinding, fmt: Format) -> tuple[int, int] | None:
    """Levels 1 to 5, where the tool rates both how often and how bad."""
    raw: Any = msgspec.json.decode(finding.raw) if finding.raw else {}
    if fmt.slug == "otm":
        risk = raw.get("risk")
        given = risk if isinstance(risk, dict) else {}
        rated = [given.get(name) for name in ("likelihood", "impact")]
        numbers = [each for each in rated if isinstance(each, int | float) and 0 <= each <= 100]
        fifths = [max(1, math.ceil(each / 20)) for each in numbers]
        return (fifths[0], fifths[1]) if len(fifths) == 2 else None
    if fmt.slug == "tm-bom":  # five words each, in the order of our own levels
        risk = raw.get("risk") or {}
        words = (risk.get("likelihood"), risk.get("impact"))
        if words[0] in LIKELIHOODS and words[1] in IMPACTS:
            return LIKELIHOODS.index(words[0]) + 1, IMPACTS.index(words[1]) + 1
        return None
    likelihood = _LIKELIHOODS.get(str(raw.get("exploitation_likelihood", "")).lower())
    impact = _IMPACTS.get(str(raw.get("exploitation_impact", "")).lower())
    return (likelihood, impact) if likelihood and impact else None
