"""DefectDojo: the active findings of one product, to move over or to live beside it.

Source: DefectDojo API v2, /api/v2/findings/ with limit and offset. Its key goes as
"Authorization: Token ..." (a credential of the kind header: name Authorization, secret "Token ...").
"""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.common.outgoing import OutgoingFailed, errors
from apps.sources.connectors import generic
from apps.sources.connectors.fields import Field
from apps.sources.connectors.generic import inner, listed, number, text
from apps.sources.connectors.paging import MAX_PAGES, address, expect_list, expect_objects
from apps.sources.connectors.types import Connector, Context, Found

PAGE = 200


class DefectDojoFindings(Connector):
    slug = "defectdojo"
    name = "DefectDojo"
    summary = "The active findings of one product, risk acceptances and false positives included."
    fields = (
        Field("url", "Server", "url", help="https://defectdojo.example.org"),
        Field("product", "Product", "number", default=1, low=1, high=10**9, help="Its number."),
        Field("engagement", "Only of engagement", "number", default=0, low=0, high=10**9,
              required=False, help="Its number; 0: all of them."),
    )  # fmt: skip
    credentials = frozenset({"header", "bearer", "basic"})
    needs_credential = True

    def pull(self, context: Context) -> Iterator[Found]:
        """One snapshot. The pages are counted by us: behind a proxy the server often writes addresses
        into `next` that lead nowhere."""
        findings: dict[str, dict[str, Any]] = {}
        for _ in range(MAX_PAGES):
            page = self._page(context, len(findings))
            found = expect_objects(inner(page, "results"), "findings")
            before = len(findings)
            findings |= {text(each, "id"): each for each in found}
            if not inner(page, "next") or not found:
                break
            if len(findings) == before:
                raise OutgoingFailed(errors.CONTENT, "Its pages do not end.")
        yield Found(
            chunks=generic.report("DefectDojo", map(_finding, findings.values())),
            cursor={},
            is_live=True,
            filename="defectdojo.json",
            format=generic.FORMAT,
            tool="DefectDojo",
        )

    def probe(self, context: Context) -> str:
        page = self._page(context, 0, limit=1)
        expect_list(inner(page, "results"), "findings")
        return f"The product answers: {number(page, 'count') or 0} active findings."

    def _page(self, context: Context, offset: int, limit: int = PAGE) -> Any:
        config = context.config
        url = address(
            str(config["url"]), "api", "v2", "findings", "",
            test__engagement__product=config["product"],
            test__engagement=config["engagement"] or None,
            active="true", duplicate="false", o="id", limit=limit, offset=offset,
        )  # fmt: skip
        data, _ = context.http.json(url)
        return data


def _finding(found: Mapping[str, Any]) -> dict[str, Any]:
    ids = [text(each, "vulnerability_id") for each in listed(inner(found, "vulnerability_ids"))]
    component, version = text(found, "component_name"), text(found, "component_version")
    cwe = number(found, "cwe")
    path = text(found, "file_path")
    return {
        "kind": "code" if path else "",
        "rule_id": text(found, "vuln_id_from_tool") or next(iter(ids), "") or text(found, "title"),
        "title": text(found, "title") or "Finding",
        "severity": text(found, "severity").lower(),
        "path": path,
        "line": number(found, "line"),
        "resource": " ".join(filter(None, [component, version])),
        "description": text(found, "description"),
        "remediation": text(found, "mitigation"),
        "cwes": [f"CWE-{cwe}"] if cwe else [],
        "vulnerabilities": [each for each in ids if each],
        "cvss_vector": text(found, "cvssv3"),
        "references": text(found, "references").split()[:20],
        "tags": [tag for tag in inner(found, "tags") or [] if isinstance(tag, str)],
        "fingerprint": f"defectdojo-{text(found, 'id')}",
        "occurred_at": text(found, "date"),
        "suppressed": _suppressed(found),
    }


def _suppressed(found: Mapping[str, Any]) -> str:
    reasons = {
        "false_p": "false positive",
        "risk_accepted": "risk accepted",
        "out_of_scope": "out of scope",
    }
    return next((words for name, words in reasons.items() if found.get(name) is True), "")
