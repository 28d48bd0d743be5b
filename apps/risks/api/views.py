"""Risk statements, their values, and decisions with what they do about each risk."""

from dataclasses import fields

from django.conf import settings
from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actors import Actor
from apps.accounts.api.views import PortalListView, PortalView
from apps.accounts.policy import in_use
from apps.accounts.roles import Scope
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import expected_version, idempotent
from apps.common.errors import Invalid, Missing
from apps.guidance.models import GuidanceVersion
from apps.guidance.selectors import guidance_get
from apps.planning.api.options import option_named
from apps.planning.selectors import decision_get, decisions_of, item_get
from apps.risks.api.serializers import (
    ConfirmIn,
    DecisionChangeOut,
    DecisionIn,
    DecisionOut,
    FollowIn,
    GuidanceOfferOut,
    NewStatementIn,
    PublishStatementIn,
    RevisionOut,
    ScaleIn,
    ScaleOut,
    StatementIn,
    StatementOut,
    StatementQuery,
    SwingOut,
    ValuationIn,
    ValuationOut,
)
from apps.risks.changes import changes_since
from apps.risks.guidance_offers import Offer, offer_of
from apps.risks.models import RiskStatement
from apps.risks.quant import Valuation as Valued
from apps.risks.selectors import revisions_of, statement_get, statements_related
from apps.risks.sensitivity import swings_of
from apps.risks.services.decisions import decision_confirm, decision_record_with_treatments
from apps.risks.services.estimates import ENDS, read_estimate
from apps.risks.services.scales import current_scale, scale_set
from apps.risks.services.statements import (
    StatementInput,
    statement_create,
    statement_edit,
    statement_follow,
    statement_publish,
)
from apps.risks.services.valuations import money, simulated

TAG = "Risks"
EXAMPLE = {
    "condition": "If you open the bucket to everyone who has the link",
    "consequence": "then invoices are read by strangers",
    "attributes": ["confidentiality", "privacy"],
    "cwes": [284],
    "frequency_low": "0.1",
    "frequency_high": "1",
    "magnitude_low": "10000.00",
    "magnitude_high": "500000.00",
}


class Statements(PortalListView):
    serializer_class = StatementOut

    @operation(
        "statements_list",
        "List risk statements, the newest first",
        tag=TAG,
        query=StatementQuery,
        gives=StatementOut(many=True),
    )
    def get(self, request: Request) -> Response:
        wanted = read_query(StatementQuery, request)
        paths = {
            "system": "system__key",
            "item": "item_id",
            "state": "state",
            "stage": "item__stage",
        }
        found = Q(**{path: wanted[name] for name, path in paths.items() if name in wanted})
        named = "system" in wanted or "item" in wanted
        rows = in_use(statements_related(self.actor), self.actor, named=named)
        return self.page(StatementOut, rows.filter(found), "-id")


class ItemStatements(PortalListView):
    serializer_class = StatementOut

    @operation(
        "item_statements_list",
        "List an item's risk statements",
        tag=TAG,
        gives=StatementOut(many=True),
    )
    def get(self, request: Request, item: int) -> Response:
        read_query(Nothing, request)
        row = item_get(self.actor, item)
        return self.page(StatementOut, statements_related(self.actor).filter(item=row), "-id")

    @operation(
        "item_statements_create",
        "Write a risk statement on an item or option",
        tag=TAG,
        takes=NewStatementIn,
        gives=StatementOut,
        status=201,
        repeatable=True,
        versioned=True,
        example=EXAMPLE | {"option": 3},
    )
    @idempotent
    def post(self, request: Request, item: int) -> Response:
        row = item_get(self.actor, item)
        given = read_body(NewStatementIn, request)
        number, guidance = given.pop("option"), given.pop("guidance")
        made = statement_create(
            actor=self.actor,
            item=row,
            content=StatementInput(**given),
            option=option_named(self.actor, number) if number else None,
            origin=_origin(self.actor, guidance) if guidance else None,
        )
        return self.one(StatementOut, made, 201, location=f"/api/v1/statements/{made.key}")


def _origin(viewer: Actor, pk: int) -> GuidanceVersion | None:
    """The version that readers see. Raises: Invalid, naming the field."""
    try:
        return guidance_get(viewer, pk).current
    except Missing as error:
        raise Invalid({"guidance": error.message}) from error


class OneStatement(PortalView):
    serializer_class = StatementOut

    @operation("statements_read", "Read a statement", tag=TAG, gives=StatementOut, versioned=True)
    def get(self, request: Request, statement: int) -> Response:
        return self.one(StatementOut, statement_get(self.actor, statement))

    @operation(
        "statements_edit",
        "Change the working text",
        tag=TAG,
        takes=StatementIn,
        gives=StatementOut,
        edits=True,
        description="What is published stays as it is until it is published again.",
        example={
            "magnitude_high": "750000.00",
            "rationale": "The fine alone was 400 000 elsewhere.",
        },
    )
    def patch(self, request: Request, statement: int) -> Response:
        row = statement_get(self.actor, statement)
        version = expected_version(request)
        values = read_body(StatementIn, request, partial=True)
        content = _with_changes(row, values)
        statement_edit(actor=self.actor, statement=row, version=version, content=content)
        return self.one(StatementOut, statement_get(self.actor, statement))


def _with_changes(row: RiskStatement, values: dict[str, object]) -> StatementInput:
    """Raises: Invalid when ranges are given for an estimate that was entered in another way."""
    if row.estimate and "estimate" not in values and (given := set(values) & set(ENDS)):
        text = (
            f"This statement is estimated as {row.estimate['kind']}: send `estimate`, or {{}} for it "
            "together with all four ends."
        )
        raise Invalid(dict.fromkeys(sorted(given), text))
    kept = {each.name: getattr(row, each.name) for each in fields(StatementInput)}
    return StatementInput(**(kept | values))


class PublishStatement(PortalView):
    serializer_class = RevisionOut

    @operation(
        "statements_publish",
        "Publish the working text as the next revision",
        tag=TAG,
        takes=PublishStatementIn,
        gives=RevisionOut,
        status=201,
        repeatable=True,
        example={"note": "After the talk with operations."},
    )
    @idempotent
    def post(self, request: Request, statement: int) -> Response:
        row = statement_get(self.actor, statement)
        made = statement_publish(
            actor=self.actor, statement=row, **read_body(PublishStatementIn, request)
        )
        made.refresh_from_db()
        return Response(RevisionOut(made).data, status=201)


class Revisions(PortalListView):
    serializer_class = RevisionOut

    @operation(
        "revisions_list",
        "List what was published of a statement, the newest first",
        tag=TAG,
        gives=RevisionOut(many=True),
    )
    def get(self, request: Request, statement: int) -> Response:
        read_query(Nothing, request)
        return self.page(
            RevisionOut, revisions_of(statement_get(self.actor, statement)), "-number", "pk"
        )


class DecisionChanges(PortalView):
    serializer_class = DecisionChangeOut

    @operation(
        "decision_changes",
        "Read what changed since a decision was made",
        tag="Planning",
        gives=DecisionChangeOut(many=True),
        description="The values that it stood on, then and now; material changes first.",
    )
    def get(self, request: Request, decision: int) -> Response:
        read_query(Nothing, request)
        changes = changes_since(decision_get(self.actor, decision))
        return Response(DecisionChangeOut(changes, many=True).data)


class ConfirmDecision(PortalView):
    serializer_class = DecisionOut

    @operation(
        "decision_confirm",
        "Stand by a decision on what its risks are worth now",
        tag="Planning",
        takes=ConfirmIn,
        gives=DecisionOut,
        status=201,
        repeatable=True,
        description="A new decision with the same option and treatments takes its place.",
        example={"reason": "The price has doubled; the choice stays the same."},
    )
    @idempotent
    def post(self, request: Request, decision: int) -> Response:
        row = decision_get(self.actor, decision)
        made = decision_confirm(actor=self.actor, decision=row, **read_body(ConfirmIn, request))
        return self.one(DecisionOut, decisions_of(self.actor, row.item_id).get(pk=made.pk), 201)


class Sensitivity(PortalView):
    serializer_class = SwingOut

    @operation(
        "statement_sensitivity",
        "Read what moves a statement's value most",
        tag=TAG,
        gives=SwingOut(many=True),
        description="Of the working text, the widest swing first: what to learn next.",
    )
    def get(self, request: Request, statement: int) -> Response:
        read_query(Nothing, request)
        swings = swings_of(statement_get(self.actor, statement))
        return Response(SwingOut(swings, many=True).data)


class Valuations(PortalView):
    serializer_class = ValuationOut
    also_sent_by = frozenset({Scope.READ})  # it only computes

    @operation(
        "valuations_make",
        "Value an estimate without storing anything",
        tag=TAG,
        takes=ValuationIn,
        gives=ValuationOut,
        repeatable=True,
        example={
            "frequency_low": "0.1",
            "frequency_high": "1",
            "magnitude_low": "10000.00",
            "magnitude_high": "500000.00",
            "seed": 7,
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(ValuationIn, request)
        seed, detail = given.pop("seed"), given.pop("estimate", None)
        precision = given.pop("precision", None)
        valued = simulated(read_estimate(given, detail), seed=seed, precision=precision)
        return self.one(ValuationOut, valuation_told(valued))


def valuation_told(valued: Valued) -> dict[str, object]:
    points = zip(valued.curve_thresholds, valued.curve_probabilities, strict=True)
    return {
        "engine": valued.engine,
        "seed": valued.seed,
        "trials": valued.trials,
        "currency": settings.SECOPS_CURRENCY,
        "expected_annual_loss": money(valued.expected_annual_loss),
        "standard_error": money(valued.standard_error),
        "probability_of_loss": valued.probability_of_loss,
        "percentiles": {
            name.removeprefix("p"): money(amount) for name, amount in valued.percentiles.items()
        },
        "expected_shortfall": {
            name.removeprefix("p"): money(amount)
            for name, amount in valued.expected_shortfall.items()
        },
        "curve": [
            {"loss": money(loss), "probability": probability} for loss, probability in points
        ],
    }


class Scale(PortalView):
    serializer_class = ScaleOut

    @operation("scale_read", "Read what the levels of a 5x5 matrix mean", tag=TAG, gives=ScaleOut)
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        return self._shown()

    @operation(
        "scale_set",
        "Say what the levels of a 5x5 matrix mean",
        tag=TAG,
        takes=ScaleIn,
        gives=ScaleOut,
        repeatable=True,
        description="For security and admins of the organisation. What was written keeps its ranges.",
        example={
            "likelihood": ["0.01", "0.1", "0.5", "2", "12", "100"],
            "impact": [
                "1000.00",
                "10000.00",
                "100000.00",
                "1000000.00",
                "5000000.00",
                "50000000.00",
            ],
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        scale_set(actor=self.actor, **read_body(ScaleIn, request))
        return self._shown()

    def _shown(self) -> Response:
        levels = vars(current_scale())
        shown = {
            name: [{"low": low, "high": high} for low, high in ranges]
            for name, ranges in levels.items()
        }
        return self.one(ScaleOut, shown)


class ItemDecisions(PortalListView):
    serializer_class = DecisionOut

    @operation(
        "decisions_list",
        "List an item's decisions, the newest first",
        tag="Planning",
        gives=DecisionOut(many=True),
    )
    def get(self, request: Request, item: int) -> Response:
        read_query(Nothing, request)
        row = item_get(self.actor, item)
        return self.page(DecisionOut, decisions_of(self.actor, row.pk), "-id")

    @operation(
        "decisions_record",
        "Record what the owner chose and why",
        tag="Planning",
        takes=DecisionIn,
        gives=DecisionOut,
        status=201,
        repeatable=True,
        description="It replaces the decision in force. A decision against advice is a decision.",
        example={
            "option": 3,
            "reason": "A week of work for a tenth of the risk.",
            "valid_until": "2027-06-30",
            "treatments": {"RS-1": "mitigate"},
        },
    )
    @idempotent
    def post(self, request: Request, item: int) -> Response:
        row = item_get(self.actor, item)
        given = read_body(DecisionIn, request)
        option = option_named(self.actor, given.pop("option"))
        made = decision_record_with_treatments(actor=self.actor, item=row, option=option, **given)
        return self.one(DecisionOut, decisions_of(self.actor, row.pk).get(pk=made.pk), 201)


class StatementGuidance(PortalView):
    serializer_class = GuidanceOfferOut

    @operation(
        "statement_guidance_read",
        "Read what a newer version of a statement's guidance says otherwise",
        tag=TAG,
        gives=GuidanceOfferOut,
        description="404 where the statement comes from no guidance, or from its newest version.",
    )
    def get(self, request: Request, statement: int) -> Response:
        read_query(Nothing, request)
        return Response(GuidanceOfferOut(self._offer(statement)).data)

    @operation(
        "statement_guidance_follow",
        "Take a newer version of a statement's guidance over, or stay",
        tag=TAG,
        takes=FollowIn,
        gives=StatementOut,
        repeatable=True,
        description="Readers see what was taken over when the statement is published.",
        example={"take": True},
    )
    @idempotent
    def post(self, request: Request, statement: int) -> Response:
        takes, offer = read_body(FollowIn, request)["take"], self._offer(statement)
        row = statement_get(self.actor, statement)
        statement_follow(
            actor=self.actor,
            statement=row,
            version=None,
            newest=offer.newest,
            taken=offer.taken() if takes else {},
        )
        return self.one(StatementOut, statement_get(self.actor, statement))

    def _offer(self, statement: int) -> Offer:
        offer = offer_of(statement_get(self.actor, statement))
        if offer is None:
            raise Missing("There is no newer version of the guidance that it was made from.")
        return offer
