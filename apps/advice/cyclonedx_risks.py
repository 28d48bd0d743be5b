"""The open risks as CycloneDX 2.0 "risks". Experimental: the specification is a draft and may change.

Source: the working schema of CycloneDX 2.0 (model/cyclonedx-risk-2.0 and -control-2.0), read in 2026;
docs/registers.md says what becomes what.
"""

import tempfile
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, Any

from django.conf import settings
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.advice.json_sections import Sections, compact
from apps.advice.open_risks import OpenRisk, open_risks
from apps.advice.portfolio import Scope
from apps.controls.models import ControlEffect
from apps.risks.models import Treatment
from apps.risks.services.scales import Levels, current_scale

PREFIX = "secops-portal:"  # of our own properties
# Lower bounds of the levels of likelihood, as the schema words them; probabilities of a year.
_LIKELIHOODS = (
    (0.99, "certain"),
    (0.85, "very-high"),
    (0.60, "high"),
    (0.30, "medium"),
    (0.10, "low"),
)
_IMPACTS = ("negligible", "low", "moderate", "major", "catastrophic")
_STRATEGIES = {
    Treatment.MITIGATE: "reduce",
    Treatment.ACCEPT: "accept",
    Treatment.AVOID: "avoid",
    Treatment.TRANSFER: "transfer",
}
# A decision to mitigate or to transfer is no proof that it was done.
_STATUS = {Treatment.ACCEPT: "accepted"}
JSON = dict[str, Any]


def cyclonedx_risks(viewer: Actor, scope: Scope) -> IO[bytes]:
    """An open temporary file, from its beginning; a document without risks where none is open."""
    with Sections() as lists:
        controls: dict[str, JSON] = {}
        scale = current_scale()
        for risk in open_risks(viewer, scope):
            for effect in risk.planned:
                controls[effect.control.key] = _control(effect)
            lists.add("risks", _risk(risk, scale))
        target = tempfile.TemporaryFile()  # noqa: SIM115  # whoever streams it closes it
        head: JSON = {
            "specFormat": "CycloneDX",
            "specVersion": "2.0",
            "serialNumber": f"urn:uuid:{uuid.uuid4()}",
            "version": 1,
            "metadata": {"timestamp": timezone.now().isoformat(timespec="seconds")},
            "properties": [
                _property("generator", "SecOps Portal"),
                _property("experimental", "The schema of CycloneDX 2.0 is a draft."),
            ],
            "controls": list(controls.values()),
        }
        target.write(compact(head)[:-1] + b',\n"risks":')
        lists.write(target, {}, "risks")
        target.write(b"}\n")
    target.seek(0)
    return target


def _risk(risk: OpenRisk, scale: Levels) -> JSON:
    row, revision = risk.statement, risk.revision
    told: JSON = {
        "bom-ref": row.key,
        "name": f"{row.key}: {row.item.title}",
        "statement": revision.sentence,
        "domains": [{"type": "security"}],
        # With controls in place the simulated value is what they leave.
        "residualRisk" if revision.controls else "inherentRisk": _rating(risk, scale),
        "status": _STATUS.get(Treatment(risk.choice.treatment), "assessed")
        if risk.choice
        else "assessed",
        "properties": list(_properties(risk)),
    }
    if revision.rationale.strip():
        told["description"] = revision.rationale.strip()
    if responses := list(_responses(risk)):
        told["responses"] = responses
    return told


def _rating(risk: OpenRisk, scale: Levels) -> JSON:
    """Likelihood and impact with their levels; the ranges only where they are of the same risk.

    The ranges are people's, before controls; they are no ranges of what controls leave.
    """
    revision = risk.revision
    chance = revision.valuation.probability_of_loss
    likelihood: JSON = {
        "level": next((word for low, word in _LIKELIHOODS if chance >= low), "very-low"),
        "probability": chance,
        "timeframe": "P1Y",
    }
    quantified: JSON = {"currency": revision.currency}
    if not revision.controls:
        quantified["financialLossRange"] = _range(revision.magnitude_low, revision.magnitude_high)
    return {
        "likelihood": likelihood,
        "impact": {
            "level": _impact(scale, revision.magnitude_low, revision.magnitude_high),
            "categories": list(revision.attributes),
            "quantification": quantified,
        },
        "rationale": f"Simulated by {revision.valuation.engine}, {revision.valuation.trials} years.",
    }


def _impact(scale: Levels, low: Decimal, high: Decimal) -> str:
    """The level of the organisation's own scale that holds the middle of the range of a loss."""
    middle = (low * high).sqrt()  # of a lognormal the median
    above = sum(middle >= least for least, _most in scale.impact)
    return _IMPACTS[max(above - 1, 0)]


def _range(low: Decimal, high: Decimal) -> JSON:
    return {"minimum": float(low), "maximum": float(high)}


def _responses(risk: OpenRisk) -> Iterator[JSON]:
    if risk.choice:
        decision = risk.choice.decision
        told: JSON = {
            "bom-ref": f"{risk.statement.key}/decision/{decision.pk}",
            "strategy": _STRATEGIES[Treatment(risk.choice.treatment)],
            "description": decision.reason,
            "status": "approved",
        }
        if decision.valid_until:
            told["properties"] = [_property("valid-until", decision.valid_until.isoformat())]
        yield told
    if risk.planned:
        yield {
            "bom-ref": f"{risk.statement.key}/planned",
            "strategy": "reduce",
            "status": "planned",
            "controls": [each.control.key for each in risk.planned],
        }


def _control(effect: ControlEffect) -> JSON:
    control = effect.control
    told: JSON = {
        "bom-ref": control.key,
        "name": control.name,
        "status": "planned",
        "properties": [_property("system", control.system.key)],
    }
    return told | ({"description": control.description} if control.description.strip() else {})


def _properties(risk: OpenRisk) -> Iterator[JSON]:
    row, revision, valuation = risk.statement, risk.revision, risk.revision.valuation
    for name, value in (
        # Where a document keeps its components differs between the drafts: a system is a property.
        ("system", row.system.key),
        ("currency", revision.currency),
        ("expected-annual-loss", valuation.expected_annual_loss),
        *((f"annual-loss-p{each}", valuation.percentiles[each]) for each in ("50", "90", "95")),
        ("frequency-low", revision.frequency_low),
        ("frequency-high", revision.frequency_high),
        ("magnitude-low", revision.magnitude_low),
        ("magnitude-high", revision.magnitude_high),
        ("controls-in-place", ", ".join(each["control"] for each in revision.controls)),
        ("open-findings", risk.finding_count),
        ("planning-item", row.item.key),
        ("stage", row.item.stage),
        ("revision", revision.number),
        ("url", f"{settings.BASE_URL}/risks/{row.key}/"),
        *(("weakness", f"CWE-{cwe}") for cwe in revision.cwes),
    ):
        if str(value):
            yield _property(name, value)


def _property(name: str, value: object) -> JSON:
    return {"name": PREFIX + name, "value": str(value)}
