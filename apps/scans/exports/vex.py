"""What is known of vulnerabilities, as VEX: OpenVEX 0.2.0 and CycloneDX 1.6.

Sources: the OpenVEX specification 0.2.0, "Status Labels" and "Status Justifications"; CycloneDX 1.6,
vulnerabilities[].analysis. Where the two name justifications differently the nearest word is taken;
docs/api.md has the table.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from apps.scans.exports.rows import ExportRow
from apps.scans.exports.words import compact, finding_url, joined, product_of
from apps.scans.models import FindingState, Justification

AUTHOR = "SecOps Portal"
OPENVEX = "https://openvex.dev/ns/v0.2.0"
_NOBODY = "Nobody has said why; the report that brought it did."
_STATUS = {
    FindingState.OPEN: "under_investigation",
    FindingState.ACCEPTED: "affected",
    FindingState.NOT_AFFECTED: "not_affected",
    FindingState.FALSE_POSITIVE: "not_affected",
    FindingState.FIXED: "fixed",
}
_ANALYSIS = {
    FindingState.OPEN: "in_triage",
    FindingState.ACCEPTED: "exploitable",
    FindingState.NOT_AFFECTED: "not_affected",
    FindingState.FALSE_POSITIVE: "false_positive",
    FindingState.FIXED: "resolved",
}
CYCLONEDX_JUSTIFICATIONS = {
    Justification.NO_COMPONENT: "code_not_present",
    Justification.NO_CODE: "code_not_present",
    Justification.NOT_RUN: "code_not_reachable",
    Justification.NOT_CONTROLLED: "requires_environment",
    Justification.MITIGATED: "protected_by_mitigating_control",
}


def openvex_lines(rows: Iterable[ExportRow], *, now: dt.datetime, uid: uuid.UUID) -> Iterator[str]:
    head = {
        "@context": OPENVEX,
        "@id": f"urn:uuid:{uid}",
        "author": AUTHOR,
        "timestamp": now.isoformat(),
        "version": 1,
        "tooling": AUTHOR,
    }
    yield compact(head)[:-1] + ',"statements":[\n'
    yield from joined(compact(_statement(row, now)) for row in rows)
    yield "\n]}\n"


def _statement(row: ExportRow, now: dt.datetime) -> dict[str, Any]:
    found = row.finding
    name, *aliases = found.vulnerabilities
    vulnerability: dict[str, Any] = {"name": name}
    if aliases:
        vulnerability["aliases"] = list(dict.fromkeys(aliases))
    product: dict[str, Any] = {"@id": product_of(found)}
    if found.purl:
        product["subcomponents"] = [{"@id": found.purl}]
    said = row.said.triage if row.said else None
    statement: dict[str, Any] = {
        "vulnerability": vulnerability,
        "products": [product],
        "status": _STATUS[FindingState(found.state)],
        "timestamp": (said.created_at if said else now).isoformat(),
    }
    reason = said.reason if said else ""
    if statement["status"] == "affected":
        statement["action_statement"] = f"The risk is accepted: {reason or _NOBODY}"
        statement["action_statement_timestamp"] = statement["timestamp"]
    elif statement["status"] == "not_affected":
        if said and said.justification:
            statement["justification"] = said.justification
        if reason or not (said and said.justification):
            statement["impact_statement"] = reason or _NOBODY
    return statement


def cyclonedx_lines(
    rows: Iterable[ExportRow], components: Iterable[str], *, now: dt.datetime, uid: uuid.UUID
) -> Iterator[str]:
    """components: the package URLs that the rows name; they come last, since a row may name none."""
    head = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uid}",
        "version": 1,
        "metadata": {
            "timestamp": now.isoformat(),
            "tools": {"components": [{"type": "application", "name": AUTHOR}]},
        },
    }
    products: dict[str, str] = {}
    yield compact(head)[:-1] + ',"vulnerabilities":[\n'
    yield from joined(compact(_vulnerability(row, products)) for row in rows)
    yield '\n],"components":[\n'
    yield from joined(compact(each) for each in _components(products, components))
    yield "\n]}\n"


def _components(products: dict[str, str], purls: Iterable[str]) -> Iterator[dict[str, str]]:
    for ref, name in products.items():
        yield {"type": "application", "bom-ref": ref, "name": name, "purl": ref}
    for purl in purls:
        name, _, version = (
            purl.partition("?")[0].partition("#")[0].rpartition("/")[2].partition("@")
        )
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name or purl,
            **({"version": version} if version else {}),
            "purl": purl,
        }


def _vulnerability(row: ExportRow, products: dict[str, str]) -> dict[str, Any]:
    found, said = row.finding, row.said.triage if row.said else None
    ref = found.purl
    if not ref:
        ref = product_of(found)
        products[ref] = found.system.name
    state = FindingState(found.state)
    analysis: dict[str, Any] = {"state": _ANALYSIS[state]}
    if said and said.justification:
        analysis["justification"] = CYCLONEDX_JUSTIFICATIONS[Justification(said.justification)]
    if state == FindingState.ACCEPTED:
        analysis["response"] = ["will_not_fix"]
    if said and said.reason:
        analysis["detail"] = said.reason
    if said:
        analysis["lastUpdated"] = said.created_at.isoformat()
    vulnerability: dict[str, Any] = {
        # Two systems may have the same component with the same vulnerability.
        "bom-ref": f"finding-{found.pk}",
        "id": found.vulnerabilities[0],
        "source": {"url": finding_url(found), "name": found.system.name},
        "analysis": analysis,
        "affects": [{"ref": ref}],
    }
    if found.cwes:
        vulnerability["cwes"] = list(dict.fromkeys(found.cwes))
    if aliases := found.vulnerabilities[1:]:
        vulnerability["references"] = [
            {"id": alias, "source": {"name": alias.partition("-")[0]}} for alias in aliases
        ]
    return vulnerability
