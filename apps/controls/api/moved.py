"""What a control moved, over HTTP."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_query
from apps.common.api.outputs import money
from apps.controls.moved import Moved, moved_by
from apps.controls.selectors import control_get
from apps.controls.worth import cost_of, whole_of
from apps.risks.services import valuations

TAG = "Controls"
# Of a control that counts in no risk.
NOTHING: dict[str, Any] = {
    "currency": settings.SECOPS_CURRENCY,
    **dict.fromkeys(("before", "today", "taken"), Decimal(0)),
    **dict.fromkeys(("known", "unknown"), 0),
    **dict.fromkeys(("rosi", "since"), None),
    "risks": [],
}


class MoveOut(serializers.Serializer[Any]):
    """A risk in which the control counts; money is expected loss a year."""

    statement = serializers.CharField()
    before = money(
        allow_null=True, help_text="Null where it counted from the first publication on."
    )
    today = money()
    taken = money(allow_null=True, help_text="Null where something else changed with it.")
    since = serializers.DateTimeField()


class MovedOut(serializers.Serializer[Any]):
    """What was published before a control counted, and is published today; sums are of risks whose part is known."""

    currency = serializers.CharField()
    before = money()
    today = money()
    taken = money(help_text="By this control alone.")
    cost = money(help_text="Of the control, a year.")
    rosi = serializers.FloatField(
        allow_null=True, help_text="(taken - cost) / cost; null of what costs nothing."
    )
    known = serializers.IntegerField(help_text="Risks whose part is known.")
    unknown = serializers.IntegerField(
        help_text="Risks where it began to count with something else."
    )
    since = serializers.DateTimeField(allow_null=True)
    risks = MoveOut(many=True)


class MovedByControl(PortalView):
    serializer_class = MovedOut

    @operation(
        "control_moved_read",
        "Read what a control moved, risk by risk",
        tag=TAG,
        gives=MovedOut,
        description="From what was published before it counted and is published today; nothing is simulated. "
        "While it counts in no risk that you see, `risks` is empty and `since` null.",
    )
    def get(self, request: Request, control: int) -> Response:
        read_query(Nothing, request)
        row = control_get(self.actor, control)
        _whole, lines = whole_of(self.actor, row)
        covered = [line.effect.statement_id for line in lines]
        cost = valuations.money(cost_of(row).mean)
        moved = moved_by(row, cost, covered)
        return Response(MovedOut(NOTHING | {"cost": cost} | (_told(moved) if moved else {})).data)


def _told(moved: Moved) -> dict[str, Any]:
    sums = {name: getattr(moved, name) for name in ("known", "unknown", "rosi")}
    risks = [vars(move) | {"statement": f"RS-{pk}"} for pk, move in moved.moves.items()]
    return vars(moved) | sums | {"risks": risks}
