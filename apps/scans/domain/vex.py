"""VEX documents of strangers as statements that decide something: OpenVEX and CycloneDX.

Sources: OpenVEX 0.2.0 (and 0.0.1, whose products are plain ids); CycloneDX 1.4 to 1.6,
vulnerabilities[].analysis.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from apps.scans.formats import ids
from apps.scans.formats.decode import body, decode
from apps.scans.formats.types import FormatError

MAX_STATEMENTS = 20_000
MAX_REASON = 500
_JSON = msgspec.json.Decoder()

# CycloneDX's justification -> OpenVEX's, the nearest one.
_JUSTIFICATIONS = {
    "code_not_present": "vulnerable_code_not_present",
    "code_not_reachable": "vulnerable_code_not_in_execute_path",
    "requires_configuration": "vulnerable_code_cannot_be_controlled_by_adversary",
    "requires_dependency": "vulnerable_code_cannot_be_controlled_by_adversary",
    "requires_environment": "vulnerable_code_cannot_be_controlled_by_adversary",
    "protected_by_compiler": "inline_mitigations_already_exist",
    "protected_at_runtime": "inline_mitigations_already_exist",
    "protected_at_perimeter": "inline_mitigations_already_exist",
    "protected_by_mitigating_control": "inline_mitigations_already_exist",
}
_KNOWN = frozenset(_JUSTIFICATIONS.values()) | {"component_not_present"}
_FIXED = "vulnerable_code_not_present"


@dataclass(frozen=True)
class Statement:
    """verdict: not_affected, false_positive or accepted. purls: none: whatever has the vulnerability."""

    vulnerabilities: tuple[str, ...]
    purls: tuple[str, ...]
    verdict: str
    justification: str
    reason: str


@dataclass(frozen=True)
class Vex:
    format: str  # openvex or cyclonedx
    author: str
    statements: list[Statement]  # a later one is the newer word
    undecided: int  # statements that leave a finding as it is: affected, under investigation
    unclear: int  # statements about nothing that is known here: no package URL, no identifier


def read(data: bytes, system: str) -> Vex:
    """A document as it is about the system with this key. Raises: FormatError."""
    told = decode(body(data), _JSON)
    if not isinstance(told, dict):
        raise FormatError("unknown-format", "This is neither OpenVEX nor CycloneDX: no object.")
    if "openvex" in str(told.get("@context", "")) and isinstance(told.get("statements"), list):
        return _read(
            "openvex", _text(told.get("author")), _openvex(told, system), told["statements"]
        )
    if told.get("bomFormat") == "CycloneDX":
        rows = told.get("vulnerabilities")
        author = _text(_at(told, "metadata", "component", "name"))
        rows = rows if isinstance(rows, list) else []
        return _read("cyclonedx", author, _cyclonedx(told, rows, system), rows)
    text = "This is neither OpenVEX (@context, statements) nor CycloneDX (bomFormat)."
    raise FormatError("unknown-format", text)


_Read = tuple[str, "Statement | None"]  # decided, undecided or unclear


def _read(kind: str, author: str, found: Iterable[_Read], rows: list[Any]) -> Vex:
    if len(rows) > MAX_STATEMENTS:
        text = f"It holds {len(rows)} statements; {MAX_STATEMENTS} are taken at once."
        raise FormatError("too-large", text)
    words = list(found)
    counted = [word for word, _ in words]
    return Vex(
        format=kind,
        author=author[:200],
        statements=[each for _, each in words if each is not None],
        undecided=counted.count("undecided"),
        unclear=counted.count("unclear"),
    )


# --- OpenVEX -------------------------------------------------------------------------------------


def _openvex(told: dict[str, Any], system: str) -> Iterator[_Read]:
    """The newest statement about a vulnerability of a product is the one that holds."""
    rows = [row for row in told["statements"] if isinstance(row, dict)]
    rows.sort(key=lambda row: _moment(row.get("timestamp") or told.get("timestamp")))
    said: set[tuple[str, str]] = set()
    found: list[_Read] = []
    for row in reversed(rows):
        names, purls = _openvex_names(row), _openvex_purls(row, system)
        if not names or purls is None:
            found.append(("unclear", None))
            continue
        about = purls or ("",)
        left = tuple(purl for purl in about if not said & {(name, purl) for name in names})
        said |= {(name, purl) for name in names for purl in about}
        found.append(
            _openvex_one(row, names, left if purls else ()) if left else ("undecided", None)
        )
    return reversed(found)


def _openvex_names(row: dict[str, Any]) -> tuple[str, ...]:
    named = row.get("vulnerability")
    about = named if isinstance(named, dict) else {"name": named}
    name = about.get("name") or _text(about.get("@id")).rpartition("/")[2]
    return _names(name, about.get("aliases"))


def _openvex_purls(row: dict[str, Any], system: str) -> tuple[str, ...] | None:
    """What it is about: (): all of the system; None: nothing that is known here."""
    parts, products = _openvex_parts(row)
    if f"pkg:generic/{system}" in products and not parts:
        return ()
    return tuple(dict.fromkeys(parts or products)) or None


def _openvex_one(row: dict[str, Any], names: tuple[str, ...], purls: tuple[str, ...]) -> _Read:
    status = _text(row.get("status"))
    if status not in {"not_affected", "fixed"}:
        return "undecided", None
    justification = _text(row.get("justification"))
    reason = _text(row.get("impact_statement")) or _text(row.get("status_notes"))
    if status == "fixed":
        justification, reason = _FIXED, reason or "Fixed, says the document."
    reason = reason or justification.replace("_", " ") or "Not affected, says the document."
    known = justification if justification in _KNOWN else ""
    return "decided", Statement(names, purls, "not_affected", known, reason[:MAX_REASON])


def _openvex_parts(row: dict[str, Any]) -> tuple[list[str], list[str]]:
    """(package URLs of subcomponents, those of products), in all of which the statement holds."""
    products = _list(row.get("products"))
    inner = [sub for item in [*products, row] for sub in _list(_at(item, "subcomponents"))]
    return [p for p in map(_openvex_id, inner) if p], [p for p in map(_openvex_id, products) if p]


def _openvex_id(item: Any) -> str:
    if isinstance(item, str):
        return plain(item)
    return plain(_text(_at(item, "@id"))) or plain(_text(_at(item, "identifiers", "purl")))


# --- CycloneDX -----------------------------------------------------------------------------------


def _cyclonedx(told: dict[str, Any], rows: list[Any], system: str) -> Iterator[_Read]:
    purls = _purls_by_ref(told)
    subject = _text(_at(told, "metadata", "component", "bom-ref"))
    for row in rows:
        if isinstance(row, dict):
            yield _cyclonedx_one(row, purls, subject, system)


def _purls_by_ref(told: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting = _list(told.get("components"))
    while waiting:
        component = waiting.pop()
        if isinstance(component, dict):
            purl = plain(_text(component.get("purl")))
            found[_text(component.get("bom-ref")) or purl] = purl
            waiting.extend(_list(component.get("components")))
    return found


def _cyclonedx_one(row: dict[str, Any], purls: dict[str, str], subject: str, system: str) -> _Read:
    state = _text(_at(row, "analysis", "state"))
    response = _list(_at(row, "analysis", "response"))
    verdict = {
        "not_affected": "not_affected",
        "false_positive": "false_positive",
        "resolved": "not_affected",
        "resolved_with_pedigree": "not_affected",
        "exploitable": "accepted" if "will_not_fix" in response else "",
    }.get(state, "")
    if not verdict:
        return "undecided", None
    names = _names(row.get("id"), [_at(each, "id") for each in _list(row.get("references"))])
    refs = [_text(_at(each, "ref")) for each in _list(row.get("affects"))]
    known = [purl for ref in refs if (purl := _purl_of(ref, purls))]
    about = set(refs) & {subject, f"pkg:generic/{system}"} - {""}
    if not names or not (known or about):
        return "unclear", None
    given = _text(_at(row, "analysis", "justification"))
    reason = _text(_at(row, "analysis", "detail")) or given.replace("_", " ")
    justification = _JUSTIFICATIONS.get(given, "") if verdict == "not_affected" else ""
    if state.startswith("resolved"):
        justification, reason = _FIXED, reason or "Fixed, says the document."
    return "decided", Statement(
        names,
        () if about else tuple(dict.fromkeys(known)),
        verdict,
        justification,
        (reason or f"{state.replace('_', ' ').capitalize()}, says the document.")[:MAX_REASON],
    )


def _purl_of(ref: str, purls: dict[str, str]) -> str:
    """The package URL of a bom-ref or of a link into another document (urn:cdx:...#ref)."""
    if ref.startswith("urn:cdx:"):
        ref = ref.partition("#")[2]
    return purls.get(ref) or plain(ref)


# --- both ----------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """A package URL in its usual spelling without qualifiers and subpath; empty if it is none."""
    if not text.startswith("pkg:"):
        return ""
    return ids.purl(text).partition("?")[0].partition("#")[0][:500]


def _names(*values: Any) -> tuple[str, ...]:
    given: list[str] = []
    for value in values:
        given += [
            each
            for each in (value if isinstance(value, list) else [value])
            if isinstance(each, str)
        ]
    return ids.vulnerabilities(_storable(each)[:100] for each in given)


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _text(value: Any) -> str:
    return _storable(value).strip() if isinstance(value, str) else ""


def _storable(text: str) -> str:
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def _moment(value: Any) -> float:
    """Seconds since 1970; 0 for what is no time."""
    try:
        found = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return 0.0
    return found.replace(tzinfo=found.tzinfo or dt.UTC).timestamp()
