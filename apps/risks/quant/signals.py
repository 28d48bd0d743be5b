"""What published facts about linked findings suggest for a threat's frequency. Each signal can be
switched off.

These are conventions, not statistics: EPSS speaks of exploitation anywhere in the next 30 days, KEV
of exploitation somewhere, CVSS of severity and not of likelihood at all. None of them knows whether
this system is exposed, so none moves a frequency unless someone said it is, and the result is a
proposal with its reasons.
Sources: Jacobs et al., "Exploit Prediction Scoring System", Digital Threats 2 (2021); CISA, Known
Exploited Vulnerabilities Catalog; FIRST, CVSS 3.1 User Guide, section 2.1 (CVSS measures severity,
not risk).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from apps.risks.quant.errors import between


@dataclass(frozen=True)
class FindingFacts:
    """What is published about one finding: EPSS probability (0 to 1), listed in KEV, CVSS base
    score (0 to 10).
    """

    name: str
    epss: float | None = None
    known_exploited: bool = False
    cvss: float | None = None

    def __post_init__(self) -> None:
        if self.epss is not None:
            between("epss", self.epss, 0.0, 1.0)
        if self.cvss is not None:
            between("cvss", self.cvss, 0.0, 10.0)


@dataclass(frozen=True)
class SignalRules:
    """How far each signal may raise a frequency; a factor of 1 switches it off. Raises
    EstimateError outside 1..10.

    `epss`: at a combined probability of 1, proportionally less below. `known_exploited`: where any
    finding is listed. `cvss`: where any score is at least 9; off by default, because severity
    belongs to the magnitude.
    """

    epss: float = 2.0
    known_exploited: float = 2.0
    cvss: float = 1.0

    def __post_init__(self) -> None:
        for name in ("epss", "known_exploited", "cvss"):
            between(name, getattr(self, name), 1.0, 10.0)


@dataclass(frozen=True)
class Signal:
    """A proposed factor on the threat event frequency (1 or more), with a sentence a reason."""

    factor: float
    reasons: tuple[str, ...]


def at_least_one(probabilities: Sequence[float]) -> float:
    """P(at least one of several independent events): 1 - product of (1 - p).

    Raises EstimateError outside 0..1. Source: FIRST, EPSS user guide.
    """
    none = math.prod(1.0 - between("probability", one, 0.0, 1.0) for one in probabilities)
    return 1.0 - none


def read_signals(
    findings: Sequence[FindingFacts], *, exposed: bool, rules: SignalRules | None = None
) -> Signal:
    """The proposal that the findings linked to one statement make together.

    `exposed` says that an attacker can reach them here; without it the factor is 1.
    """
    chosen = rules or SignalRules()
    if not findings:
        return Signal(1.0, ())
    if not exposed:
        return Signal(1.0, ("The findings are not known to be exposed, so the frequency stays.",))
    parts = [_epss(findings, chosen), _known_exploited(findings, chosen), _cvss(findings, chosen)]
    told = [(factor, reason) for factor, reason in parts if factor > 1]
    return Signal(math.prod(factor for factor, _ in told), tuple(reason for _, reason in told))


def _epss(findings: Sequence[FindingFacts], rules: SignalRules) -> tuple[float, str]:
    chance = at_least_one([one.epss for one in findings if one.epss is not None])
    factor = 1.0 + (rules.epss - 1.0) * chance
    text = f"EPSS gives {chance:.0%} that at least one finding is exploited somewhere in 30 days"
    return factor, f"{text}: frequency x {factor:.3g}."


def _known_exploited(findings: Sequence[FindingFacts], rules: SignalRules) -> tuple[float, str]:
    listed = [one.name for one in findings if one.known_exploited]
    names = ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")
    factor = rules.known_exploited if listed else 1.0
    return factor, f"Exploitation is known (KEV) for {names}: frequency x {factor:.3g}."


def _cvss(findings: Sequence[FindingFacts], rules: SignalRules) -> tuple[float, str]:
    worst = max((one.cvss for one in findings if one.cvss is not None), default=0.0)
    factor = rules.cvss if worst >= 9.0 else 1.0
    return factor, f"The highest CVSS score is {worst:g}: frequency x {factor:.3g}."
