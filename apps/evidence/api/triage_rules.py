"""Rules that speak of findings as they arrive, and say which risk they bear on."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.actors import Actor
from apps.accounts.api.views import PortalListView, PortalView
from apps.accounts.models import Team
from apps.accounts.policy import in_use
from apps.catalog.selectors import system_get
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, KeyField, Nothing, read_body, read_query
from apps.common.api.outputs import SystemRefOut
from apps.common.api.views import idempotent
from apps.common.errors import Invalid, Missing
from apps.evidence.selectors import triage_rule_get, triage_rules_visible
from apps.evidence.services.triage_rules import (
    triage_rule_create,
    triage_rule_switch_on,
    triage_rule_try,
)
from apps.risks.models import RiskStatement
from apps.risks.selectors import statement_get
from apps.scans.api.findings import asked_for
from apps.scans.api.serializers import FindingOut, FindingQuery
from apps.scans.models import Justification, Verdict
from apps.scans.services.rules import RuleDraft, rule_switch_off

TAG = "Findings"


class TriageRuleIn(Input):
    name = serializers.CharField(max_length=120)
    filter = FindingQuery(
        help_text="Which findings. `system` empty: of all systems. States and ages do not count."
    )
    verdict = serializers.ChoiceField(
        choices=Verdict.choices, allow_blank=True, default="", help_text="Not open."
    )
    justification = serializers.ChoiceField(
        choices=Justification.choices, allow_blank=True, default=""
    )
    reason = serializers.CharField(
        max_length=500, allow_blank=True, default="", help_text="Needed with a verdict."
    )
    team = serializers.CharField(
        max_length=60, allow_blank=True, default="", help_text="The owner's key."
    )
    tags = serializers.ListField(child=serializers.CharField(max_length=40), default=list)
    statement = KeyField(
        "RS",
        allow_null=True,
        default=None,
        help_text="The risk that what it finds becomes evidence for; of the same system.",
    )
    dry_run = serializers.BooleanField(default=False, help_text="true: only say what it would do.")


class TriageRuleOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    system = SystemRefOut(allow_null=True)
    filter = serializers.DictField()
    verdict = serializers.CharField()
    justification = serializers.CharField()
    reason = serializers.CharField()
    team = serializers.CharField(source="team.key", default=None, allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    statement = serializers.SerializerMethodField(
        help_text="The risk that what it finds is evidence for."
    )
    linked = serializers.IntegerField(
        source="link_count", help_text="Findings that it linked to the statement."
    )
    is_on = serializers.BooleanField()
    findings = serializers.IntegerField(
        source="finding_count", help_text="That have the state by it."
    )
    owned = serializers.IntegerField(source="owner_count", help_text="Whose owner it says.")
    tagged = serializers.IntegerField(source="tag_count", help_text="That have its tags by it.")
    by = serializers.CharField(source="actor_label")
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_statement(self, rule: Any) -> str | None:
        return f"RS-{rule.target_id}" if rule.target_id else None


class TrialChangeOut(serializers.Serializer[Any]):
    """A finding with what it has and what it would have: none, one or several values."""

    finding = FindingOut()
    before = serializers.ListField(child=serializers.CharField())
    after = serializers.ListField(child=serializers.CharField())


class TrialEffectOut(serializers.Serializer[Any]):
    """What one action of a rule would change."""

    action = serializers.CharField(
        help_text="state, owner (teams by their keys), tags or statement; others may come."
    )
    count = serializers.IntegerField(help_text="Findings that it would change.")
    examples = TrialChangeOut(many=True, help_text="The worst few of them.")


class TrialOut(serializers.Serializer[Any]):
    """What a rule would do to the findings that are there."""

    matching = serializers.IntegerField(help_text="It finds so many that are not fixed.")
    changing = serializers.IntegerField(
        help_text="Of which it would change so many in any way: state, owner, tags, risk."
    )
    sample = FindingOut(many=True, help_text="Of those that change; of all if none does.")
    effects = TrialEffectOut(many=True, help_text="Each action of the rule by itself.")


class TriageRules(PortalListView):
    serializer_class = TriageRuleOut

    @operation(
        "triage_rules_list",
        "List rules that speak of findings as they arrive",
        tag=TAG,
        gives=TriageRuleOut(many=True),
    )
    def get(self, request: Request) -> Response:
        read_query(Nothing, request)
        rows = in_use(triage_rules_visible(self.actor), self.actor)
        return self.page(TriageRuleOut, rows, "-id")

    @operation(
        "triage_rules_create",
        "Try a rule, or switch one on",
        tag=TAG,
        takes=TriageRuleIn,
        gives=TriageRuleOut,
        status=201,
        also={200: TrialOut},
        repeatable=True,
        description=(
            "A rule sets the state of open findings, their owner and tags, and makes them evidence for a "
            "risk: those that are there and those that arrive. With `dry_run` the answer is 200 with "
            "what each of these would change, and nothing changes. A rule of all systems "
            "is for security and admins of the organisation."
        ),
        example={
            "name": "Test code",
            "filter": {"system": "payments", "path": "tests/"},
            "verdict": "accepted",
            "reason": "Never deployed.",
            "tags": ["test"],
            "dry_run": True,
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = read_body(TriageRuleIn, request)
        dry = given.pop("dry_run")
        statement = _statement_named(self.actor, given.pop("statement"))
        draft = self._draft(given)
        if dry:
            trial = triage_rule_try(actor=self.actor, draft=draft, statement=statement)
            return self.one(TrialOut, trial)
        rule = triage_rule_create(actor=self.actor, draft=draft, statement=statement)
        made = triage_rule_get(self.actor, rule.pk)
        return self.one(TriageRuleOut, made, 201, location=f"/api/v1/triage-rules/{made.pk}")

    def _draft(self, given: dict[str, Any]) -> RuleDraft:
        key, team = given["filter"].get("system", ""), given.pop("team")
        system = system_get(self.actor, key) if key else None
        owner = Team.objects.filter(key=team).first() if team else None
        if team and owner is None:
            raise Invalid({"team": f"There is no team {team!r}."})
        wanted = asked_for(given.pop("filter"))
        return RuleDraft(system=system, wanted=wanted, team=owner, **given)


def _statement_named(viewer: Actor, pk: int | None) -> RiskStatement | None:
    try:
        return None if pk is None else statement_get(viewer, pk)
    except Missing as error:
        raise Invalid({"statement": error.message}) from error


class OneTriageRule(PortalView):
    serializer_class = TriageRuleOut

    @operation("triage_rules_read", "Read a rule", tag=TAG, gives=TriageRuleOut)
    def get(self, request: Request, rule: int) -> Response:
        read_query(Nothing, request)
        return self.one(TriageRuleOut, triage_rule_get(self.actor, rule))


class TriageRuleOff(PortalView):
    serializer_class = TriageRuleOut

    @operation(
        "triage_rules_switch_off",
        "Switch a rule off and take back what it did",
        tag=TAG,
        gives=TriageRuleOut,
        status=202,
        repeatable=True,
        description="Findings that were changed since stay as they are.",
    )
    @idempotent
    def post(self, request: Request, rule: int) -> Response:
        read_body(Nothing, request)
        rule_switch_off(actor=self.actor, rule=triage_rule_get(self.actor, rule))
        return self.one(TriageRuleOut, triage_rule_get(self.actor, rule), 202)


class TriageRuleOn(PortalView):
    serializer_class = TriageRuleOut

    @operation(
        "triage_rules_switch_on",
        "Switch a rule on again",
        tag=TAG,
        gives=TriageRuleOut,
        status=202,
        repeatable=True,
        description="It says again what was taken back when it was switched off; what people said since stays.",
    )
    @idempotent
    def post(self, request: Request, rule: int) -> Response:
        read_body(Nothing, request)
        triage_rule_switch_on(actor=self.actor, rule=triage_rule_get(self.actor, rule))
        return self.one(TriageRuleOut, triage_rule_get(self.actor, rule), 202)
