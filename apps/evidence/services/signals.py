"""What the world says of the findings linked to a statement, as a proposal for its frequency."""

import hashlib
import json
from typing import Any

from apps.evidence.models import EvidencePolicy, UpdateKind, ValueUpdate
from apps.evidence.services.updates import (
    PORTAL,
    factor_of,
    signals_applied,
    signals_drop,
    update_record,
)
from apps.risks.models import RiskStatement
from apps.risks.quant import FindingFacts, Signal, SignalRules, read_signals
from apps.scans.models import Finding, FindingState, Report
from apps.scans.selectors_exploits import with_exploits

MOST = 1000  # linked findings that are looked at, the worst first


def signals_of(policy: EvidencePolicy) -> Signal:
    """The factor that open linked findings propose, by the signals that the policy uses."""
    rules = SignalRules(
        epss=2.0 if policy.uses_epss else 1.0,
        known_exploited=2.0 if policy.uses_kev else 1.0,
        cvss=2.0 if policy.uses_cvss else 1.0,
    )
    return read_signals(_facts(policy.statement_id), exposed=policy.is_exposed, rules=rules)


def signals_review(statement: RiskStatement, report: Report | None = None) -> ValueUpdate | None:
    """Record what the signals of today would change; None where that is nothing. report: that changed them.

    The same signals make the same update. One that was applied is not applied on top again: the
    factor of today takes its place.
    """
    policy = EvidencePolicy.objects.filter(statement=statement, is_exposed=True).first()
    if policy is None or statement.is_ended:
        return None
    signal = signals_of(policy)
    last = signals_applied(statement.pk)
    applied = factor_of(last)
    if abs(signal.factor - applied) < 0.005:  # half a percent is no news
        signals_drop(statement=statement, but=None)
        return None
    data: dict[str, Any] = {
        "factor": round(signal.factor, 4),
        "applied": applied,
        "reasons": list(signal.reasons),
    }
    # With the one that was applied last: signals that come back later are news again.
    text = json.dumps([data["factor"], last.pk if last else 0, data["reasons"]])
    update = update_record(
        actor=PORTAL,
        statement=statement,
        kind=UpdateKind.SIGNALS,
        data=data,
        key=f"signals:{hashlib.sha256(text.encode()).hexdigest()[:40]}",
        source="EPSS, KEV and CVSS of linked findings",
        report=report,
    )
    signals_drop(statement=statement, but=update)
    return update


def signals_review_all(report: Report | None = None) -> int:
    """Review every statement that says its findings are exposed; return how many have news.

    report: whose findings changed; then only those of its system.
    """
    exposed = RiskStatement.objects.filter(evidence_policy__is_exposed=True)
    rows = exposed.filter(system__archived_at=None)
    if report is not None:
        rows = rows.filter(system_id=report.system_id)
    return sum(signals_review(each, report) is not None for each in rows.iterator())


def _facts(statement_id: int) -> list[FindingFacts]:
    linked = Finding.objects.filter(
        evidence_links__statement_id=statement_id,
        evidence_links__dismissed_at=None,
        state=FindingState.OPEN,
        is_preview=False,
    ).select_related("detail")
    rows: Any = with_exploits(linked).order_by("-severity", "-id")[:MOST]
    return [
        FindingFacts(
            name=(each.vulnerabilities or [each.rule_id])[0],
            epss=each.epss,
            known_exploited=bool(each.kev),
            cvss=_score(each),
        )
        for each in rows
    ]


def _score(finding: Finding) -> float | None:
    detail = getattr(finding, "detail", None)
    score = detail.facts.get("cvss_score") if detail else None
    if isinstance(score, bool) or not isinstance(score, int | float):
        return None
    return float(score) if 0 <= score <= 10 else None  # CVSS's scale
