"""Triage: saying what findings are, one by one or by a filter, and taking it back."""

import uuid
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.accounts.models import Team
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.outputs import PersonOut
from apps.common.api.views import idempotent
from apps.common.errors import Invalid
from apps.scans.api.findings import asked_for
from apps.scans.api.serializers import FindingQuery
from apps.scans.models import (
    Justification,
    OwnerSource,
    Triage,
    TriageAbout,
    TriageState,
    Verdict,
)
from apps.scans.selectors import (
    finding_get,
    triage_get,
    triages_visible,
    verdicts_of,
)
from apps.scans.selectors_meant import findings_to_own, findings_to_triage
from apps.scans.services.assign import finding_own, owner_start
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
    about = serializers.ChoiceField(
        choices=TriageAbout.choices, help_text="What it says: a state, an owner, or none by hand."
    )
    verdict = serializers.CharField(help_text="Empty where it is about the owner.")
    team = serializers.CharField(
        source="team.key", default=None, allow_null=True, help_text="The owner's key."
    )
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


class OwnerIn(Input):
    team = serializers.CharField(
        max_length=60,
        allow_null=True,
        help_text="The key; null: nobody by hand, so that rules and the list of owners say it again.",
    )


class OwnersOfIn(OwnerIn):
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


class OwnerOut(serializers.Serializer[Any]):
    """Who owns a finding; all null where nobody does."""

    team = serializers.CharField(allow_null=True, help_text="The key.")
    said_by = serializers.ChoiceField(
        choices=["person", "rule", "list"], allow_null=True, help_text="Who says so."
    )
    rule = serializers.IntegerField(allow_null=True, help_text="The rule that says so.")


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
        return self.page(ChangeOut, verdicts_of(finding_get(self.actor, finding)), "-id")

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
        also={200: PreviewOut},
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


class FindingOwners(PortalView):
    serializer_class = TriageOut

    @operation(
        "finding_owners_set",
        "Say who owns many findings",
        tag=TAG,
        takes=OwnersOfIn,
        gives=TriageOut,
        status=202,
        repeatable=True,
        description=(
            "An act of triage: followed and undone as any, at `Location`. No rule and no list of "
            "owners says otherwise of these findings afterwards. With `dry_run` the answer is 200 and "
            "only `total`."
        ),
        example={"team": "team-payments", "filter": {"system": "payments", "path": "src/"}},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(OwnersOfIn, request)
        asked = given.get("filter")
        meant: dict[str, Any] = {
            "findings": given.get("findings"),
            "wanted": None if asked is None else asked_for(asked),
        }
        team = _team(given["team"])
        if (meant["findings"] is None) == (meant["wanted"] is None):
            raise Invalid({"findings": "Name findings, or give a filter, one of them."})
        if given["dry_run"]:
            rows = findings_to_own(self.actor, team, **meant)
            return Response(PreviewOut({"total": rows.count()}).data)
        made = owner_start(actor=self.actor, team=team, **meant)
        return self.one(TriageOut, made, 202, location=url_of(made))


class FindingOwnerOf(PortalView):
    serializer_class = OwnerOut

    @operation("finding_owner_read", "Read who owns a finding", tag=TAG, gives=OwnerOut)
    def get(self, request: Request, finding: int) -> Response:
        read_query(Nothing, request)
        owner = getattr(finding_get(self.actor, finding), "owner", None)
        told = {
            "team": owner.team.key if owner else None,
            "said_by": _SOURCES[OwnerSource(owner.source)] if owner else None,
            "rule": owner.rule_id if owner else None,
        }
        return self.one(OwnerOut, told)

    @operation(
        "finding_owner_set",
        "Say who owns a finding",
        tag=TAG,
        takes=OwnerIn,
        gives=TriageOut,
        status=201,
        repeatable=True,
        description="No rule and no list of owners says otherwise afterwards, until it is null again.",
        example={"team": "team-payments"},
    )
    @idempotent
    def post(self, request: Request, finding: int) -> Response:
        row = finding_get(self.actor, finding)
        team = _team(read_body(OwnerIn, request)["team"])
        made = finding_own(actor=self.actor, finding=row, team=team)
        return self.one(TriageOut, made, 201, location=url_of(made))


_SOURCES = {OwnerSource.PERSON: "person", OwnerSource.RULE: "rule", OwnerSource.MAP: "list"}


def _team(key: str | None) -> Team | None:
    found = None if key is None else Team.objects.filter(key=key).first()
    if key is not None and found is None:
        raise Invalid({"team": f"There is no team {key!r}."})
    return found


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
