"""The advice on a stage as Markdown, for job summaries and comments, and as SARIF, for code hosts."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.advice.stage_advice import StageAdvice
from apps.common.ui.money import amount_told
from apps.scans.models import SEVERITIES, Finding

# SARIF 2.1.0 section 3.27.10; what is not yet judged is a warning at most to a code host's eye.
LEVELS = {0: "note", 1: "note", 2: "warning", 3: "error", 4: "error"}
# GitHub's "security-severity", a CVSS-like number as text, by severity 0 to 4.
SCORES = {0: "0.0", 1: "3.0", 2: "5.5", 3: "8.0", 4: "9.5"}
LISTED = 20
_SPECIAL = str.maketrans({each: f"\\{each}" for each in "\\`*_{}[]()#|<>~&"})


def markdown(told: StageAdvice) -> str:
    """GitHub-flavoured Markdown. SECURITY: what tools wrote is escaped; it makes no link and no tag."""
    lines = [f"### {_md(str(told.stage.label))} of {_md(told.system.name)}: advice", ""]
    lines += [f"- {_md(each.text)} [Read on]({_url(each.url)})" for each in told.advice]
    if not told.advice:
        lines.append("Nothing new, nothing missing.")
    lines += ["", *_risk_lines(told), *_finding_lines(told)]
    if told.guidance:
        links = [
            f"[{_md(each.current.title)}]({_url(reverse('guidance-detail', args=[each.pk]))})"
            for each in told.guidance
            if each.current
        ]
        lines += [f"Guidance: {', '.join(links)}", ""]
    lines.append("_This is advice. What follows from it, your pipeline and its owner decide._")
    return "\n".join(lines) + "\n"


def _risk_lines(told: StageAdvice) -> list[str]:
    if not told.risks:
        return []
    total = f"{amount_told(told.expected_annual_loss)} {settings.SECOPS_CURRENCY}"
    lines = [
        f"**Risks carried here: {_md(total)} a year on average**",
        "",
        f"| Risk | {settings.SECOPS_CURRENCY} a year | Open evidence |",
        "| --- | ---: | ---: |",
    ]
    for risk in told.risks[:LISTED]:
        shown = risk.statement.published
        assert shown is not None  # noqa: S101  # only published statements are carried
        words = _md(shown.sentence[:240])
        url = _url(reverse("statement-detail", args=[risk.statement.pk]))
        value = _md(amount_told(shown.valuation.expected_annual_loss))
        lines.append(f"| [{risk.statement.key}]({url}) {words} | {value} | {risk.open_evidence} |")
    return [*lines, ""]


def _finding_lines(told: StageAdvice) -> list[str]:
    if not told.new:
        return []
    names = dict(SEVERITIES)
    lines = [f"**New findings {_md(told.new_since)}: {told.new_count}**", ""]
    lines += [
        f"- {names[each.severity]}: [{_md(each.title)}]({_url(_finding_url(each))})"
        f"{' at ' + _md(each.place) if each.place else ''}"
        for each in told.new[:LISTED]
    ]
    if told.new_count > LISTED:
        lines.append(f"- and {told.new_count - LISTED} more")
    return [*lines, ""]


def sarif(told: StageAdvice) -> dict[str, Any]:
    """SARIF 2.1.0 with a result for each new finding, and the rules that they name."""
    rules = {each.rule_id: each for each in told.new}
    return {
        "version": "2.1.0",
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "SecOps Portal",
                        "informationUri": settings.BASE_URL,
                        "rules": [_rule(each) for each in rules.values()],
                    }
                },
                "automationDetails": {"id": f"secops-portal/{told.system.key}/{told.stage}/"},
                "results": [_result(each, list(rules)) for each in told.new],
            }
        ],
    }


def _rule(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.rule_id or "finding",
        "shortDescription": {"text": finding.title},
        "properties": {
            "security-severity": SCORES[finding.severity],
            "tags": ["security", *(f"external/cwe/cwe-{cwe:03}" for cwe in finding.cwes)],
        },
    }


def _result(finding: Finding, rules: list[str]) -> dict[str, Any]:
    url = _url(_finding_url(finding))
    result: dict[str, Any] = {
        "ruleId": finding.rule_id or "finding",
        "ruleIndex": rules.index(finding.rule_id),
        "level": LEVELS[finding.severity],
        "message": {"text": f"{finding.title} ({finding.series.tool}). {url}"},
        "partialFingerprints": {"secopsPortal/v1": bytes(finding.fingerprint).hex()},
        "hostedViewerUri": url,
    }
    if finding.path:
        place: dict[str, Any] = {"artifactLocation": {"uri": finding.path}}
        if finding.line:
            place["region"] = {"startLine": finding.line}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _finding_url(finding: Finding) -> str:
    return reverse("finding-detail", args=[finding.pk])


def _url(path: str) -> str:
    return f"{settings.BASE_URL}{path}"


def _md(text: str) -> str:
    return " ".join(text.split()).translate(_SPECIAL)
