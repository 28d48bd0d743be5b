"""Triage: saying what findings are, one by one or by a filter, and taking it back."""

import uuid
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.outputs import PersonOut
from apps.common.api.views import idempotent
from apps.common.errors import Invalid
from apps.scans.api.findings import asked_for
from apps.scans.api.serializers import FindingQuery
from apps.scans.models import Justification, Triage, TriageState, Verdict
from apps.scans.selectors import (
    finding_get,
    findings_to_triage,
    triage_get,
    triages_visible,
    verdicts_of,
)
from apps.scans.services.triage import (
    MOST_NAMED,
    finding_triage,
    triage_start,
    triage_undo,
)

TAG = "Findings"
EXAMPLE = {
    "verdict": "not_affected",
    "reason": "The parser is built without the module.",
    "justification": "vulnerable_code_not_present",
}


class VerdictIn(Input):
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    reason = serializers.CharField(
        max_length=500, allow_blank=True, default="", help_text="Needed but for open."
    )
    justification = serializers.ChoiceField(
        choices=Justification.choices,
        allow_blank=True,
        default="",
        help_text="Of what is not affected, in OpenVEX's words.",
    )


class TriageIn(VerdictIn):
    findings = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=10**18),
        max_length=MOST_NAMED,
        required=False,
        help_text="Their numbers; or else give a filter.",
    )
    filter = FindingQuery(required=False)
    dry_run = serializers.BooleanField(
        default=False, help_text="true: only say how many it would change."
    )


class TriageOut(serializers.Serializer[Any]):
    """An act of triage. Ask again while `state` is running or undoing."""

    uid = serializers.UUIDField()
    state = serializers.ChoiceField(choices=TriageState.choices)
    verdict = serializers.CharField()
    reason = serializers.CharField()
    justification = serializers.CharField()
    total = serializers.IntegerField(help_text="Findings when it was asked for.")
    changed = serializers.IntegerField(help_text="Findings that say so by now.")
    restored = serializers.IntegerField(
        help_text="Findings given back by undoing; others were changed since."
    )
    by = serializers.CharField(source="actor_label")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    undone_by = PersonOut(allow_null=True)


class ChangeOut(serializers.Serializer[Any]):
    """What one act of triage said of a finding."""

    triage = serializers.UUIDField(source="triage.uid")
    before = serializers.CharField(help_text="The finding's state.")
    after = serializers.CharField()
    reason = serializers.CharField(source="triage.reason")
    justification = serializers.CharField(source="triage.justification")
    by = serializers.CharField(source="triage.actor_label")
    at = serializers.DateTimeField(source="triage.created_at")
    undone = serializers.BooleanField(source="is_undone")


class PreviewOut(serializers.Serializer[Any]):
    total = serializers.IntegerField()


class FindingTriage(PortalListView):
    serializer_class = ChangeOut

    @operation(
        "finding_triage_list",
        "List what people said of a finding, the newest first",
        tag=TAG,
        gives=ChangeOut(many=True),
    )
    def get(self, request: Request, finding: int) -> Response:
        read_query(Nothing, request)
        return self.page(ChangeOut, verdicts_of(self.actor, finding), "-id")

    @operation(
        "finding_triage",
        "Say what a finding is",
        tag=TAG,
        takes=VerdictIn,
        gives=TriageOut,
        status=201,
        repeatable=True,
        description="A fixed finding stays fixed until a report sees it again.",
        example=EXAMPLE,
    )
    @idempotent
    def post(self, request: Request, finding: int) -> Response:
        row = finding_get(self.actor, finding)
        made = finding_triage(actor=self.actor, finding=row, **read_body(VerdictIn, request))
        return self.one(TriageOut, made, 201, location=url_of(made))


class Triages(PortalListView):
    serializer_class = TriageOut

    @operation(
        "triage_list",
        "List acts of triage, the newest first",
        tag=TAG,
        gives=TriageOut(many=True),
        description="Your own; all of them for those who triage everywhere.",
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return self.page(TriageOut, triages_visible(self.actor), "-id")

    @operation(
        "triage_start",
        "Say what many findings are",
        tag=TAG,
        takes=TriageIn,
        gives=TriageOut,
        status=202,
        repeatable=True,
        description=(
            "Carried out by a worker when there are many: follow `Location`. With `dry_run` the "
            "answer is 200 and only `total`."
        ),
        example={
            "verdict": "accepted",
            "reason": "Test code.",
            "filter": {"system": "payments", "q": "tests/"},
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(TriageIn, request)
        dry = given.pop("dry_run")
        asked = given.pop("filter", None)
        wanted = None if asked is None else asked_for(asked)
        findings = given.pop("findings", None)
        if (findings is None) == (wanted is None):
            raise Invalid({"findings": "Name findings, or give a filter, one of them."})
        if dry:
            rows = findings_to_triage(
                self.actor, given["verdict"], findings=findings, wanted=wanted
            )
            return Response(PreviewOut({"total": rows.count()}).data)
        made = triage_start(actor=self.actor, findings=findings, wanted=wanted, **given)
        return self.one(TriageOut, made, 202, location=url_of(made))


class OneTriage(PortalView):
    serializer_class = TriageOut

    @operation("triage_read", "Read how far an act of triage is", tag=TAG, gives=TriageOut)
    def get(self, request: Request, triage: uuid.UUID) -> Response:
        read_query(Nothing, request)
        return self.one(TriageOut, triage_get(self.actor, triage))


class UndoTriage(PortalView):
    serializer_class = TriageOut

    @operation(
        "triage_undo",
        "Take an act of triage back",
        tag=TAG,
        gives=TriageOut,
        status=202,
        repeatable=True,
        description="Findings that were changed since stay as they are.",
    )
    @idempotent
    def post(self, request: Request, triage: uuid.UUID) -> Response:
        read_body(Nothing, request)
        row = triage_undo(actor=self.actor, triage=triage_get(self.actor, triage))
        return self.one(TriageOut, row, 202, location=url_of(row))


def url_of(triage: Triage) -> str:
    return f"/api/v1/triage/{triage.uid}"
