"""What evidence does to the value of a statement."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.outputs import PersonOut, money
from apps.common.api.views import idempotent
from apps.evidence.models import Mode
from apps.evidence.selectors import update_get, updates_of
from apps.evidence.services.updates import (
    counted,
    key_of,
    policy_of,
    policy_set,
    update_apply,
    update_dismiss,
    update_record,
    update_return,
    update_undo,
)
from apps.risks.selectors import statement_get

TAG = "Evidence"
MOST = 1_000_000


class UpdateIn(Input):
    """Counted events over years of watching, or attempts of tests and how many got through."""

    kind = serializers.CharField(max_length=8, help_text="events or tests.")
    events = serializers.IntegerField(min_value=0, max_value=MOST, required=False)
    years = serializers.FloatField(min_value=0.0001, max_value=10_000, required=False)
    successes = serializers.IntegerField(min_value=0, max_value=MOST, required=False)
    attempts = serializers.IntegerField(min_value=1, max_value=MOST, required=False)
    relevance = serializers.FloatField(
        min_value=0.01, max_value=1, default=1.0, help_text="Below 1: not quite the same event."
    )
    source = serializers.CharField(  # type: ignore[assignment]  # DRF takes fields out of the class
        max_length=300, help_text="Where the numbers come from."
    )
    key = serializers.CharField(
        max_length=100,
        required=False,
        help_text="Your own name of this evidence; sent again under it, it moves nothing.",
    )


class ValueUpdateOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    statement = serializers.CharField(source="statement.key")
    kind = serializers.CharField()
    state = serializers.CharField(help_text="proposed, flagged, applied, dismissed or undone.")
    sentence = serializers.CharField(help_text="What moves, and why.")
    surprising = serializers.BooleanField(
        source="is_surprising", help_text="The estimate gave such data a chance under 5 %."
    )
    data = serializers.DictField()  # type: ignore[assignment]  # as above
    prior = serializers.DictField()
    posterior = serializers.DictField()
    loss_before = money(help_text="Expected annual loss.")
    loss_after = money()
    source = serializers.CharField()  # type: ignore[assignment]  # as above
    made_by = serializers.CharField()
    made_at = serializers.DateTimeField()
    decided_by = PersonOut(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class PolicyIn(Input):
    mode = serializers.ChoiceField(choices=Mode.choices, required=False)
    is_exposed = serializers.BooleanField(required=False)
    uses_epss = serializers.BooleanField(required=False)
    uses_kev = serializers.BooleanField(required=False)
    uses_cvss = serializers.BooleanField(required=False)


class PolicyOut(serializers.Serializer[Any]):
    """How evidence may move a statement."""

    mode = serializers.CharField(help_text="apply, propose or flag.")
    is_exposed = serializers.BooleanField(
        help_text="Attackers can reach the linked findings here; else no signal counts."
    )
    uses_epss = serializers.BooleanField()
    uses_kev = serializers.BooleanField()
    uses_cvss = serializers.BooleanField()


class StatementUpdates(PortalListView):
    serializer_class = ValueUpdateOut

    @operation(
        "value_updates_list",
        "List what evidence did to a statement's value, the newest first",
        tag=TAG,
        gives=ValueUpdateOut(many=True),
    )
    def get(self, request: Request, statement: int) -> Response:
        read_query(Nothing, request)
        row = statement_get(self.actor, statement)
        return self.page(ValueUpdateOut, updates_of(self.actor, row.pk), "-id")

    @operation(
        "value_updates_record",
        "Record what was counted, so that it moves the value",
        tag=TAG,
        takes=UpdateIn,
        gives=ValueUpdateOut,
        status=201,
        repeatable=True,
        description="Applied, proposed or only flagged, as the statement's policy says.",
        example={"kind": "events", "events": 0, "years": 2, "source": "The incident log."},
    )
    @idempotent
    def post(self, request: Request, statement: int) -> Response:
        row = statement_get(self.actor, statement)
        given = read_body(UpdateIn, request)
        made = update_record(
            actor=self.actor,
            statement=row,
            kind=given["kind"],
            data=counted(given),
            key=given.get("key") or key_of(given),
            source=given["source"],
        )
        return self.one(ValueUpdateOut, update_get(self.actor, made.pk), 201)


class _OneUpdate(PortalView):
    serializer_class = ValueUpdateOut


class ApplyUpdate(_OneUpdate):
    @operation(
        "value_updates_apply",
        "Let it move the value",
        tag=TAG,
        gives=ValueUpdateOut,
        repeatable=True,
        description="On the estimate of now. What is published without changes is published again.",
    )
    @idempotent
    def post(self, request: Request, update: int) -> Response:
        read_body(Nothing, request)
        made = update_apply(actor=self.actor, update=update_get(self.actor, update))
        return self.one(ValueUpdateOut, made)


class DismissUpdate(_OneUpdate):
    @operation(
        "value_updates_dismiss",
        "Leave the value as it is",
        tag=TAG,
        gives=ValueUpdateOut,
        repeatable=True,
    )
    @idempotent
    def post(self, request: Request, update: int) -> Response:
        read_body(Nothing, request)
        made = update_dismiss(actor=self.actor, update=update_get(self.actor, update))
        return self.one(ValueUpdateOut, made)


class ReturnUpdate(_OneUpdate):
    @operation(
        "value_updates_return",
        "Take back that it was dismissed: it waits for a decision again",
        tag=TAG,
        gives=ValueUpdateOut,
        repeatable=True,
        description="It says what it would do to the estimate of now. 409 for what was not dismissed.",
    )
    @idempotent
    def post(self, request: Request, update: int) -> Response:
        read_body(Nothing, request)
        made = update_return(actor=self.actor, update=update_get(self.actor, update))
        return self.one(ValueUpdateOut, made)


class UndoUpdate(_OneUpdate):
    @operation(
        "value_updates_undo",
        "Give the statement back the estimate of before",
        tag=TAG,
        gives=ValueUpdateOut,
        repeatable=True,
    )
    @idempotent
    def post(self, request: Request, update: int) -> Response:
        read_body(Nothing, request)
        made = update_undo(actor=self.actor, update=update_get(self.actor, update))
        return self.one(ValueUpdateOut, made)


class StatementPolicy(PortalView):
    serializer_class = PolicyOut

    @operation(
        "evidence_policy_read",
        "Read how evidence may move a statement",
        tag=TAG,
        gives=PolicyOut,
    )
    def get(self, request: Request, statement: int) -> Response:
        read_query(Nothing, request)
        return self.one(PolicyOut, policy_of(statement_get(self.actor, statement)))

    @operation(
        "evidence_policy_set",
        "Say how evidence may move a statement",
        tag=TAG,
        takes=PolicyIn,
        gives=PolicyOut,
        repeatable=True,
        example={"mode": "apply", "is_exposed": True},
    )
    @idempotent
    def post(self, request: Request, statement: int) -> Response:
        row = statement_get(self.actor, statement)
        policy = policy_set(actor=self.actor, statement=row, **read_body(PolicyIn, request))
        return self.one(PolicyOut, policy)
