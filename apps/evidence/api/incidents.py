"""The register of incidents over HTTP."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actors import Actor
from apps.accounts.api.views import PortalListView, PortalView
from apps.catalog.api.inputs import system_named
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, KeyField, Nothing, read_body, read_query
from apps.common.api.outputs import PersonOut, SystemRefOut, money
from apps.common.api.views import idempotent
from apps.common.errors import Invalid
from apps.evidence.incidents import (
    IncidentFilter,
    incident_get,
    incidents_list,
    years_of,
)
from apps.evidence.models import IncidentKind
from apps.evidence.services.incidents import (
    MOST_STATEMENTS,
    MOST_TIMES,
    IncidentInput,
    incident_correct,
    incident_record,
    incident_undo,
)
from apps.risks.models import RiskStatement
from apps.risks.selectors import statements_visible

TAG = "Evidence"
ONE_OF = f"One of: {', '.join(IncidentKind.values)}."
EXAMPLE = {
    "system": "payments",
    "kind": "incident",
    "began_on": "2026-05-04",
    "ended_on": "2026-05-06",
    "summary": "Invoices of 40 customers were public for two days.",
    "loss": "42000.00",
    "statements": ["RS-7"],
}


class IncidentQuery(Input):
    system = serializers.CharField(max_length=60, required=False, help_text="A system's key.")
    statement = KeyField("RS", required=False, help_text="A risk that it is an event of.")
    kind = serializers.CharField(max_length=9, required=False, help_text=ONE_OF)
    since = serializers.DateField(required=False, help_text="Over on this day or later.")
    until = serializers.DateField(required=False, help_text="Begun on this day or earlier.")


class IncidentYearsQuery(Input):
    system = serializers.CharField(max_length=60, required=False, help_text="A system's key.")
    statement = KeyField("RS", required=False)


class IncidentSaid(Input):
    """What happened; all but the system."""

    kind = serializers.CharField(max_length=9, help_text=ONE_OF)
    began_on = serializers.DateField()
    ended_on = serializers.DateField(
        default=None,
        allow_null=True,
        help_text="Null: the same day. Needed where nothing happened.",
    )
    times = serializers.IntegerField(
        min_value=0, max_value=MOST_TIMES, default=None, allow_null=True, help_text="Null: once."
    )
    summary = serializers.CharField(max_length=300)
    detail = serializers.CharField(
        max_length=5000, default="", allow_blank=True, help_text="Markdown."
    )
    loss = money(
        default=None,
        allow_null=True,
        min_value=0,
        help_text="Altogether, in the organisation's currency; null: nobody knows.",
    )
    statements = serializers.ListField(
        child=KeyField("RS"),
        default=list,
        max_length=MOST_STATEMENTS,
        help_text="Risks of the same system that it is an event of; none had foreseen it: empty.",
    )


class IncidentEntryIn(IncidentSaid):
    system = serializers.CharField(max_length=60, help_text="A system's key.")


class IncidentCorrectIn(IncidentSaid):
    reason = serializers.CharField(max_length=500)


class IncidentUndoIn(Input):
    reason = serializers.CharField(max_length=500)


class IncidentEntryOut(serializers.Serializer[Any]):
    """An entry of the register."""

    key = serializers.CharField()
    system = SystemRefOut()
    kind = serializers.CharField(help_text=ONE_OF)
    began_on = serializers.DateField()
    ended_on = serializers.DateField()
    times = serializers.IntegerField()
    summary = serializers.CharField()
    detail = serializers.CharField()
    loss = money(allow_null=True)
    statements = serializers.ListField(child=serializers.CharField(), source="statement_keys")
    corrects = serializers.CharField(source="corrects.key", default=None, allow_null=True)
    recorded_by = PersonOut(allow_null=True)
    recorded_at = serializers.DateTimeField()
    end = serializers.CharField(help_text="Empty while it counts; corrected or undone.")
    end_reason = serializers.CharField()


class IncidentYearOut(serializers.Serializer[Any]):
    """A calendar year, UTC; this one until now."""

    year = serializers.IntegerField()
    incidents = serializers.IntegerField()
    near_misses = serializers.IntegerField()
    unknown = serializers.IntegerField(help_text="Incidents whose cost nobody knows.")
    loss = money()
    expected = money(
        help_text="Average loss of published estimates for the time that they stood and were carried."
    )


class IncidentYearsOut(serializers.Serializer[Any]):
    results = IncidentYearOut(many=True, help_text="The newest first, at most ten.")


def _named(actor: Actor, given: dict[str, Any]) -> IncidentInput:
    """Keys of risks as what they name. Raises: Invalid."""
    wanted = list(dict.fromkeys(given["statements"]))
    found: list[RiskStatement] = list(
        statements_visible(actor).filter(pk__in=wanted).order_by("pk")
    )
    if missing := sorted(set(wanted) - {each.pk for each in found}):
        keys = ", ".join(f"RS-{pk}" for pk in missing[:5])
        raise Invalid({"statements": f"There is no {keys} that you may see."})
    said = {name: value for name, value in given.items() if name not in {"system", "reason"}}
    return IncidentInput(**said | {"statements": found})


class Incidents(PortalListView):
    serializer_class = IncidentEntryOut

    @operation(
        "incidents_list",
        "List incidents, near misses and quiet times that count",
        tag=TAG,
        query=IncidentQuery,
        gives=IncidentEntryOut(many=True),
    )
    def get(self, request: Request) -> Response:
        wanted = IncidentFilter(**read_query(IncidentQuery, request))
        return self.page(IncidentEntryOut, incidents_list(self.actor, wanted), "-ended_on", "-id")

    @operation(
        "incidents_record",
        "Write down what happened",
        tag=TAG,
        takes=IncidentEntryIn,
        gives=IncidentEntryOut,
        status=201,
        repeatable=True,
        example=EXAMPLE,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(IncidentEntryIn, request)
        system = system_named(self.actor, given["system"])
        made = incident_record(actor=self.actor, system=system, content=_named(self.actor, given))
        return self.one(IncidentEntryOut, incident_get(self.actor, made.pk), 201)


class IncidentYears(PortalView):
    serializer_class = IncidentYearsOut

    @operation(
        "incident_years_read",
        "Read what years cost against what was expected",
        tag=TAG,
        query=IncidentYearsQuery,
        gives=IncidentYearsOut,
    )
    def get(self, request: Request) -> Response:
        wanted = IncidentFilter(**read_query(IncidentYearsQuery, request))
        return Response(IncidentYearsOut({"results": years_of(self.actor, wanted)}).data)


class OneIncident(PortalView):
    serializer_class = IncidentEntryOut

    @operation("incidents_read", "Read an entry", tag=TAG, gives=IncidentEntryOut)
    def get(self, request: Request, incident: int) -> Response:
        read_query(Nothing, request)
        return self.one(IncidentEntryOut, incident_get(self.actor, incident))


class CorrectIncident(PortalView):
    serializer_class = IncidentEntryOut

    @operation(
        "incidents_correct",
        "Put another entry into the place of one that was wrong",
        tag=TAG,
        takes=IncidentCorrectIn,
        gives=IncidentEntryOut,
        status=201,
        repeatable=True,
        description="The old one counts no longer and stays readable.",
        example={name: value for name, value in EXAMPLE.items() if name != "system"}
        | {"loss": "51000.00", "reason": "The bill of the forensic team came."},
    )
    @idempotent
    def post(self, request: Request, incident: int) -> Response:
        row = incident_get(self.actor, incident)
        given = read_body(IncidentCorrectIn, request)
        made = incident_correct(
            actor=self.actor,
            incident=row,
            content=_named(self.actor, given),
            reason=given["reason"],
        )
        return self.one(IncidentEntryOut, incident_get(self.actor, made.pk), 201)


class UndoIncident(PortalView):
    serializer_class = IncidentEntryOut

    @operation(
        "incidents_undo",
        "Take an entry back",
        tag=TAG,
        takes=IncidentUndoIn,
        gives=IncidentEntryOut,
        repeatable=True,
        description="It counts no longer and stays readable; what it had corrected counts again.",
        example={"reason": "It was another company's incident."},
    )
    @idempotent
    def post(self, request: Request, incident: int) -> Response:
        row = incident_get(self.actor, incident)
        given = read_body(IncidentUndoIn, request)
        incident_undo(actor=self.actor, incident=row, reason=given["reason"])
        return self.one(IncidentEntryOut, incident_get(self.actor, incident))
