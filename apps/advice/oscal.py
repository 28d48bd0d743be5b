"""The open risks as an OSCAL plan of action and milestones (POA&M), JSON.

Source: NIST OSCAL 1.1.3, "Plan of Action and Milestones Model" (JSON format reference); docs/registers.md
says what becomes what.
"""

import datetime as dt
import tempfile
import uuid
from collections.abc import Iterator
from typing import IO, Any

from django.conf import settings
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.models import User
from apps.advice.json_sections import Sections
from apps.advice.open_risks import OpenRisk, open_risks
from apps.advice.portfolio import Scope
from apps.common.errors import Missing
from apps.evidence.models import EvidenceLink
from apps.risks.models import Treatment
from apps.risks.text import credit_words

OSCAL = "1.1.3"
NIST = "http://csrc.nist.gov/ns/oscal"
_STATUS = {  # of a risk, by what the decision in force does about it
    Treatment.MITIGATE: "remediating",
    Treatment.TRANSFER: "remediating",
    Treatment.ACCEPT: "deviation-approved",
}
JSON = dict[str, Any]


def poam(viewer: Actor, scope: Scope) -> IO[bytes]:
    """An open temporary file, from its beginning. Raises: Missing where no risk is open.

    A plan without an item is none: the model asks for at least one.
    """
    plan = _Plan()
    with plan.sections:
        for risk in open_risks(viewer, scope):
            plan.add(risk)
        if "poam-items" not in plan.sections:
            raise Missing("No risk is open there that you may see: there is nothing to plan.")
        target = tempfile.TemporaryFile()  # noqa: SIM115  # whoever streams it closes it
        target.write(b'{"plan-of-action-and-milestones":')
        plan.sections.write(target, plan.head(scope), "observations", "risks", "poam-items")
        target.write(b"}\n")
    target.seek(0)
    return target


class _Plan:
    """The lists, and whom and what they refer to: parties (people) and components (systems, tools)."""

    def __init__(self) -> None:
        self.sections = Sections()
        self._parties: dict[str, JSON] = {}
        self._components: dict[str, JSON] = {}
        self._observed: set[int] = set()
        self._portal = self._component("software", "SecOps Portal", settings.BASE_URL)

    def head(self, scope: Scope) -> JSON:
        metadata: JSON = {
            "title": "Open risks" + (f" of {scope.system}" if scope.system else ""),
            "last-modified": _moment(timezone.now()),
            "version": f"{timezone.now():%Y%m%dT%H%M%SZ}",
            "oscal-version": OSCAL,
        }
        if self._parties:
            metadata["parties"] = list(self._parties.values())
        return {
            "uuid": str(uuid.uuid4()),  # another content is another document
            "metadata": metadata,
            "system-id": {
                "identifier-type": "http://ietf.org/rfc/rfc4122",
                "id": _id("system" if scope.system else "portal", scope.system),
            },
            "local-definitions": {"components": list(self._components.values())},
        }

    def add(self, risk: OpenRisk) -> None:
        seen = [{"observation-uuid": self._observation(link)} for link in risk.findings]
        told = self._risk(risk)
        item = {
            "uuid": _id("item", risk.statement.key),
            "title": told["title"],
            "description": told["statement"],
            "props": [_prop("poam-id", risk.statement.key, NIST)],
            "origins": told["origins"],
            "related-risks": [{"risk-uuid": told["uuid"]}],
        }
        if seen:
            told["related-observations"] = item["related-observations"] = seen
        self.sections.add("risks", told)
        self.sections.add("poam-items", item)

    def _risk(self, risk: OpenRisk) -> JSON:
        row, revision, choice = risk.statement, risk.revision, risk.choice
        told: JSON = {
            "uuid": _id("risk", row.key),
            "title": f"{row.key}: {revision.if_clause}",
            "description": revision.rationale.strip() or "Nobody has written down why.",
            "statement": revision.sentence,
            "props": list(_props(risk)),
            "links": [{"href": f"{settings.BASE_URL}/risks/{row.key}/", "rel": "reference"}],
            "status": _STATUS.get(Treatment(choice.treatment), "open") if choice else "open",
            "origins": [self._origin(revision.published_by)],
            "characterizations": [
                {"origin": self._origin(revision.published_by), "facets": _estimate(risk)},
                {"origin": self._origin(None), "facets": _value(risk)},
            ],
        }
        if revision.controls:
            told["mitigating-factors"] = [
                {
                    "uuid": _id("credit", row.key, each["control"]),
                    "description": credit_words(each),
                }
                for each in revision.controls
            ]
        if choice and choice.decision.valid_until:
            told["deadline"] = _end_of(choice.decision.valid_until)
        if responses := list(self._responses(risk)):
            told["remediations"] = responses
        told["risk-log"] = {"entries": list(_log(risk))}
        return told

    def _responses(self, risk: OpenRisk) -> Iterator[JSON]:
        """What security recommends, what the owner decided, and the controls that are planned."""
        if risk.recommendation:
            chosen = risk.recommendation.option
            yield {
                "uuid": _id("recommendation", risk.recommendation.pk, risk.statement.key),
                "lifecycle": "recommendation",
                "title": f"Recommended: {_line(chosen.title)}" if chosen else "Recommended",
                "description": risk.recommendation.reason.strip(),
                "origins": [self._origin(risk.recommendation.made_by)],
            }
        if risk.choice:
            yield self._decided(risk)
        for effect in risk.planned:
            yield {
                "uuid": _id("control", effect.control.key, risk.statement.key),
                "lifecycle": "planned",
                "title": f"{effect.control.key}: {_line(effect.control.name)}",
                "description": effect.control.description.strip() or _line(effect.control.name),
                "props": [_prop("type", "mitigate", NIST)],
            }

    def _decided(self, risk: OpenRisk) -> JSON:
        assert risk.choice is not None  # noqa: S101  # asked by the caller
        decision = risk.choice.decision
        told: JSON = {
            "uuid": _id("decision", decision.pk, risk.statement.key),
            "lifecycle": "planned",
            "title": f"{risk.choice.get_treatment_display()}: {_line(decision.option.title)}",
            "description": decision.reason.strip(),
            "props": [_prop("type", risk.choice.treatment, NIST)],
            "origins": [self._origin(decision.decided_by)],
        }
        if decision.valid_until:
            told["tasks"] = [
                {
                    "uuid": _id("milestone", decision.pk, risk.statement.key),
                    "type": "milestone",
                    "title": "The decision ends and is looked at again",
                    "timing": {"on-date": {"date": _end_of(decision.valid_until)}},
                }
            ]
        return told

    def _observation(self, link: EvidenceLink) -> str:
        """The UUID of a finding, which is written once whatever number of risks it bears on."""
        found = link.finding
        identity = _id("observation", found.pk)
        if found.pk in self._observed:
            return identity
        self._observed.add(found.pk)
        tool = self._component("software", found.series.tool, "A tool that reports findings.")
        system = self._component("system", found.system.name, found.system.key)
        self.sections.add(
            "observations",
            {
                "uuid": identity,
                "title": _line(found.title) or "A finding",
                "description": ": ".join(filter(None, map(_line, (found.title, found.place))))
                or "A finding",
                "props": [
                    _prop("severity", found.get_severity_display().lower()),
                    *([_prop("rule", _line(found.rule_id))] if _line(found.rule_id) else []),
                    *(_prop("weakness", f"CWE-{cwe}") for cwe in found.cwes),
                    *(_prop("vulnerability", _line(each)) for each in found.vulnerabilities),
                ],
                "methods": ["TEST"],
                "types": ["finding"],
                "origins": [{"actors": [{"type": "tool", "actor-uuid": tool}]}],
                "subjects": [{"subject-uuid": system, "type": "component"}],
                "relevant-evidence": [
                    {
                        "href": f"{settings.BASE_URL}/findings/{found.pk}/",
                        "description": "The finding with its history.",
                    }
                ],
                "collected": _moment(found.first_seen_at),
            },
        )
        return identity

    def _origin(self, person: User | None) -> JSON:
        """Who says so: a person, or else the portal."""
        if person is None:
            return {"actors": [{"type": "tool", "actor-uuid": self._portal}]}
        identity = _id("person", person.pk)
        self._parties.setdefault(
            identity, {"uuid": identity, "type": "person", "name": _line(str(person))}
        )
        return {"actors": [{"type": "party", "actor-uuid": identity}]}

    def _component(self, kind: str, title: str, description: str) -> str:
        identity = _id("component", kind, title)
        self._components.setdefault(
            identity,
            {
                "uuid": identity,
                "type": kind,
                "title": _line(title) or "Nameless",
                "description": description,
                "status": {"state": "operational"},
            },
        )
        return identity


def _props(risk: OpenRisk) -> Iterator[JSON]:
    row, revision = risk.statement, risk.revision
    yield _prop("system", row.system.key)
    yield _prop("planning-item", row.item.key)
    yield _prop("stage", row.item.stage)
    yield _prop("revision", str(revision.number))
    yield from (_prop("attribute", each) for each in revision.attributes)
    yield from (_prop("weakness", f"CWE-{cwe}") for cwe in revision.cwes)
    yield _prop("open-findings", str(risk.finding_count))


def _estimate(risk: OpenRisk) -> list[JSON]:
    """What people estimated: 90 % intervals, before the controls that are in place."""
    revision = risk.revision
    unit = {"frequency": "events/year", "magnitude": f"{revision.currency}/event"}
    return [
        _facet(f"{part}-{end}", getattr(revision, f"{part}_{end}"), unit[part], "initial")
        for part in ("frequency", "magnitude")
        for end in ("low", "high")
    ]


def _value(risk: OpenRisk) -> list[JSON]:
    """What the simulation makes of it, with the controls in place taken off."""
    valuation, unit = risk.revision.valuation, f"{risk.revision.currency}/year"
    state = "adjusted" if risk.revision.controls else "initial"
    return [
        _facet("expected-annual-loss", valuation.expected_annual_loss, unit, state),
        *(
            _facet(f"annual-loss-p{each}", valuation.percentiles[each], unit, state)
            for each in ("50", "90", "95")
        ),
        _facet("probability-of-loss", valuation.probability_of_loss, "1/year", state),
    ]


def _facet(name: str, value: object, unit: str, state: str) -> JSON:
    return {
        "name": name,
        "system": _own(),
        "value": str(value),
        "props": [_prop("state", state, NIST), _prop("unit", unit)],
    }


def _log(risk: OpenRisk) -> Iterator[JSON]:
    revision, choice = risk.revision, risk.choice
    yield {
        "uuid": _id("published", risk.statement.key, revision.number),
        "title": f"Revision {revision.number} published",
        "start": _moment(revision.published_at),
    }
    if choice:
        yield {
            "uuid": _id("decided", choice.decision_id, risk.statement.key),
            "title": f"Decided: {choice.get_treatment_display()}",
            "description": f"On revision {choice.revision.number}.",
            "start": _moment(choice.decision.decided_at),
            "related-responses": [
                {"response-uuid": _id("decision", choice.decision_id, risk.statement.key)}
            ],
        }


def _prop(name: str, value: str, ns: str = "") -> JSON:
    return {"name": name, "ns": ns or _own(), "value": value}


def _own() -> str:
    """The namespace of our own properties and facets: the organisation's, since it is its portal."""
    return f"{settings.BASE_URL}/ns/oscal"


def _id(*parts: object) -> str:
    """The same thing has the same UUID in every document of this portal."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(map(str, (settings.BASE_URL, *parts)))))


def _line(text: str) -> str:
    return " ".join(text.split())


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _end_of(day: dt.date) -> str:
    """The last second of a day where the organisation is."""
    return _moment(dt.datetime.combine(day, dt.time(23, 59, 59), timezone.get_current_timezone()))
