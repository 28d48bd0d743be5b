"""What findings mean for risk statements."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actors import Actor
from apps.accounts.api.views import PortalListView, PortalView
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import idempotent
from apps.common.errors import Invalid, Missing
from apps.evidence.api.serializers import FindingFullOut, LinkIn, LinkOut, RuleIn, RuleOut
from apps.evidence.selectors import (
    link_get,
    links_of_finding,
    links_of_statement,
    rule_get,
    rules_of_statement,
)
from apps.evidence.services.links import (
    link_create,
    link_dismiss,
    link_return,
    rule_create,
    rule_delete,
)
from apps.risks.selectors import statement_get
from apps.scans.models import Finding
from apps.scans.selectors import finding_get, presences_of

TAG = "Evidence"


class StatementEvidence(PortalListView):
    serializer_class = LinkOut

    @operation(
        "evidence_list",
        "List what bears on a statement, the worst first",
        tag=TAG,
        gives=LinkOut(many=True),
    )
    def get(self, request: Request, statement: int) -> Response:
        read_query(Nothing, request)
        row = statement_get(self.actor, statement)
        links = links_of_statement(self.actor, row.pk).select_related(
            "statement", "finding__series", "finding__system"
        )
        return self.page(LinkOut, links, "-finding__severity", "-id")

    @operation(
        "evidence_link",
        "Link a finding by hand",
        tag=TAG,
        takes=LinkIn,
        gives=LinkOut,
        status=201,
        repeatable=True,
        example={"finding": 4711},
    )
    @idempotent
    def post(self, request: Request, statement: int) -> Response:
        row = statement_get(self.actor, statement)
        finding = _finding_named(self.actor, read_body(LinkIn, request)["finding"])
        made = link_create(actor=self.actor, statement=row, finding=finding)
        return self.one(LinkOut, made, 201)


def _finding_named(viewer: Actor, pk: int) -> Finding:
    try:
        return finding_get(viewer, pk)
    except Missing as error:
        raise Invalid({"finding": error.message}) from error


class OneLink(PortalView):
    serializer_class = LinkOut

    @operation(
        "evidence_dismiss",
        "Say that a finding does not bear on the statement",
        tag=TAG,
        status=204,
        description="No rule will link the two again; linking by hand does, or taking this back.",
    )
    def delete(self, request: Request, link: int) -> Response:
        link_dismiss(actor=self.actor, link=link_get(self.actor, link))
        return Response(status=204)


class ReturnLink(PortalView):
    serializer_class = LinkOut

    @operation(
        "evidence_return",
        "Take back that a finding was dismissed as evidence",
        tag=TAG,
        gives=LinkOut,
        repeatable=True,
        description="What had linked the two stays said. 409 for what was not dismissed.",
    )
    @idempotent
    def post(self, request: Request, link: int) -> Response:
        read_body(Nothing, request)
        return self.one(LinkOut, link_return(actor=self.actor, link=link_get(self.actor, link)))


class StatementRules(PortalListView):
    serializer_class = RuleOut

    @operation("rules_list", "List a statement's evidence rules", tag=TAG, gives=RuleOut(many=True))
    def get(self, request: Request, statement: int) -> Response:
        read_query(Nothing, request)
        row = statement_get(self.actor, statement)
        rules = rules_of_statement(self.actor, row.pk).select_related("statement")
        return self.page(RuleOut, rules, "id")

    @operation(
        "rules_create",
        "Add an evidence rule; it is applied at once",
        tag=TAG,
        takes=RuleIn,
        gives=RuleOut,
        status=201,
        repeatable=True,
        example={"cwes": [89, 564], "path_prefix": "services/intake/"},
    )
    @idempotent
    def post(self, request: Request, statement: int) -> Response:
        row = statement_get(self.actor, statement)
        made = rule_create(actor=self.actor, statement=row, **read_body(RuleIn, request))
        return self.one(RuleOut, made, 201)


class OneRule(PortalView):
    serializer_class = RuleOut

    @operation(
        "rules_delete",
        "Take a rule away; the links that it made stay",
        tag=TAG,
        status=204,
    )
    def delete(self, request: Request, rule: int) -> Response:
        rule_delete(actor=self.actor, rule=rule_get(self.actor, rule))
        return Response(status=204)


class OneFinding(PortalView):
    serializer_class = FindingFullOut

    @operation(
        "findings_read",
        "Read a finding, when it was seen, and what it is evidence for",
        tag="Findings",
        gives=FindingFullOut,
    )
    def get(self, request: Request, finding: int) -> Response:
        row = finding_get(self.actor, finding)
        whole: dict[str, Any] = {
            **{name: getattr(row, name) for name in _FINDING_FIELDS},
            "detail": getattr(row, "detail", None),
            "presences": presences_of(row),
            "evidence": links_of_finding(self.actor, row.pk),
        }
        return self.one(FindingFullOut, whole)


_FINDING_FIELDS = tuple(
    {str(field.source) for field in FindingFullOut().fields.values()}
    - {"detail", "presences", "evidence"}
)
