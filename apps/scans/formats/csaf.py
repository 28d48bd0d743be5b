"""CSAF 2.0 (and 2.1): security advisories and VEX of producers."""

from collections.abc import Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats import ids, packages, severity
from apps.scans.formats.decode import array, root_members
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import first_line, moment
from apps.scans.formats.types import Format, FormatError, Head, ParsedFinding, ParsedReport

MAX_PRODUCTS = 100_000
MAX_LISTED = 50
# product_status -> OpenVEX's word; the first that a vulnerability has counts.
_STATUSES = {
    "known_affected": "affected",
    "first_affected": "affected",
    "last_affected": "affected",
    "under_investigation": "under_investigation",
    "known_not_affected": "not_affected",
    "fixed": "fixed",
    "first_fixed": "fixed",
}


class Csaf(Format):
    """Security advisory and VEX profiles."""

    slug = "csaf"
    name = "CSAF 2.0"
    stages = ("release", "build")
    mapping = {
        "kind": "package",
        "rule_id": "cve, else ids[].text, else title",
        "title": "the vulnerability and the first product concerned",
        "severity": (
            "scores[].cvss_v3.baseSeverity or the vector, threats of the category impact, "
            "document.aggregate_severity"
        ),
        "location.purl": "product_identification_helper.purl (purls) of the first product concerned",
        "location.resource": "document.tracking.id",
        "also_affects": "purls of the further products",
        "description": "title, notes, the products concerned",
        "remediation": "remediations[].details and url",
        "cwes": "cwe.id, cwes[].id",
        "vulnerabilities": "cve, ids[] that are vulnerability ids",
        "cvss_vector": "scores[] and metrics[].content: vectorString",
        "references": "references[].url",
        "vex_status": (
            "product_status: known_affected before under_investigation, known_not_affected, fixed"
        ),
        "suppressed": "not affected or fixed, with flags[].label",
        "tool_name": "document.publisher.name",
        "scanned_at": "document.tracking.current_release_date",
    }
    notes = "One finding per vulnerability of the document, at the first product concerned."

    def detect(self, head: Head) -> bool:
        return head.root == "{" and head.has("document.csaf_version")

    def parse(self, data: memoryview) -> ParsedReport:
        members = root_members(data)
        raws = array(members, "vulnerabilities")
        document = header(members, "document").at("document")
        if not document:
            raise FormatError("wrong-type", "There is no object `document`.", "/document")
        products = _products(header(members, "product_tree").at("product_tree"))
        tracking, warnings = document.at("tracking"), list[str]()
        version = document.text("csaf_version")
        if version and not version.startswith("2."):
            warnings.append(f"CSAF {version[:20]} is read as 2.0.")
        return ParsedReport(
            findings=_findings(raws, document, products, warnings),
            tool_name=document.text("publisher", "name")[:120],
            tool_version="",
            scanned_at=moment(tracking.text("current_release_date")),
            warnings=warnings,
        )


def _products(tree: Node) -> dict[str, Node]:
    """Products by their id, from branches, full names and relationships."""
    found: dict[str, Node] = {}
    waiting = [tree, *tree.objects("relationships")]
    while waiting and len(found) < MAX_PRODUCTS:
        branch = waiting.pop()
        products = [branch.at("product"), branch.at("full_product_name")]
        for product in [*products, *branch.objects("full_product_names")]:
            if name := product.text("product_id"):
                found.setdefault(name, product)
        waiting.extend(branch.objects("branches"))
    return found


def _findings(
    raws: list[Raw], document: Node, products: dict[str, Node], warnings: list[str]
) -> Iterator[ParsedFinding]:
    for item, raw in nodes(raws, warnings, "/vulnerabilities"):
        yield _finding(item, document, products, raw)


def _finding(item: Node, document: Node, products: dict[str, Node], raw: bytes) -> ParsedFinding:
    field = next((name for name in _STATUSES if item.texts("product_status", name)), "")
    concerned = item.texts("product_status", field) if field else []
    names = [products.get(one, Node({})).text("name") or one for one in concerned]
    status, scores = _STATUSES.get(field, ""), _scores(item)
    purls = sorted({url for one in concerned for url in _purls(one, products)})
    identifiers = [item.text("cve"), *(one.text("text") for one in item.objects("ids"))]
    known = [one for one in identifiers if one and not one.startswith("http")]
    finding = packages.finding(
        identifiers=[*known[:1], *ids.vulnerabilities_in(*known[1:])],
        name="" if purls else first_line(*names),
        purl=purls[0] if purls else "",
        target=document.text("tracking", "id"),
        also_affects=purls[1 : MAX_LISTED + 1],
        word=_word(item, document, scores),
        vectors=[score.text("vectorString") for score in scores],
        title=item.text("title"),
        description=_description(item, names),
        remediation=_remediation(item),
        cwes=[item.text("cwe", "id"), [cwe.text("id") for cwe in item.objects("cwes")]],
        references=[one.text("url") for one in item.objects("references")],
        vex_status=status,
        suppressed=_suppressed(item, status),
        raw=raw,
    )
    return msgspec.structs.replace(finding, rule_name=item.text("title")[:300])


def _purls(product: str, products: dict[str, Node]) -> list[str]:
    """Of CSAF 2.0 one, of 2.1 a list of them."""
    helper = products.get(product, Node({})).at("product_identification_helper")
    found = [helper.text("purl"), *helper.texts("purls")]
    return [url for text in found if (url := ids.purl(text))]


def _scores(item: Node) -> list[Node]:
    holders = [
        *item.objects("scores"),
        *(metric.at("content") for metric in item.objects("metrics")),
    ]
    found = [h.at(name) for h in holders for name in ("cvss_v4", "cvss_v3", "cvss_v2")]
    return [score for score in found if score]


def _word(item: Node, document: Node, scores: list[Node]) -> str:
    """How bad: of the best score, of the producer's words about the impact, of the document."""
    impact = [one.text("details") for one in item.objects("threats")
              if one.text("category") == "impact"]  # fmt: skip
    words = [scores[0].text("baseSeverity") if scores else "", *impact]
    words.append(document.text("aggregate_severity", "text"))
    if scores and not words[0]:
        return ""  # version 2 has no word: the vector decides
    return next((word for word in words if severity.is_word(word)), "")


def _description(item: Node, names: list[str]) -> str:
    notes = [note.text("text") for note in item.objects("notes")]
    shown = [f"Products: {', '.join(names[:MAX_LISTED])}"] if names else []
    if len(names) > MAX_LISTED:
        shown.append(f"and {len(names) - MAX_LISTED} more")
    return "\n\n".join(dict.fromkeys(filter(None, [*notes, " ".join(shown)])))


def _remediation(item: Node) -> str:
    given = [
        "\n".join(filter(None, [one.text("details"), one.text("url")]))
        for one in item.objects("remediations")
    ]
    return "\n\n".join(dict.fromkeys(filter(None, given)))


def _suppressed(item: Node, status: str) -> str:
    if status not in {"not_affected", "fixed"}:
        return ""
    labels = [flag.text("label") for flag in item.objects("flags")]
    return f"{status}: {first_line(*labels)}" if first_line(*labels) else status
