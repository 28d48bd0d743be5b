"""Exchanging a job's proof for a token, and the rules that trust jobs."""

from typing import Any

from django.conf import settings
from rest_framework import authentication, serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.authentication import TokenPrincipal
from apps.accounts.api.views import PortalView
from apps.catalog.selectors import system_get
from apps.catalog.stages import Stage
from apps.common.api.docs import operation
from apps.common.api.inputs import Input, Nothing, read_body, read_query
from apps.common.api.outputs import PersonOut, SystemRefOut
from apps.common.api.views import idempotent
from apps.common.errors import NotAuthentic
from apps.common.rates import address_of, take
from apps.trust.api import schema  # noqa: F401  # drf-spectacular finds its classes when they are loaded
from apps.trust.selectors import rule_get, rules_of
from apps.trust.services.exchange import MINUTES, exchange
from apps.trust.services.rules import rule_create, rule_delete

TAG = "Tokens"


class ProofAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <ID token>`: taken as it is; the service checks it."""

    def authenticate(self, request: Request) -> tuple[Any, str] | None:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        return (TokenPrincipal(), text.strip()) if scheme.lower() == "bearer" and text else None

    def authenticate_header(self, request: Request) -> str:  # DRF's signature
        return 'Bearer realm="SecOps Portal"'


class ExchangeIn(Input):
    system = serializers.CharField(
        max_length=60,
        default="",
        allow_blank=True,
        help_text="Where several systems trust the job.",
    )


class JobTokenOut(serializers.Serializer[Any]):
    """An upload token for one job."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    system = SystemRefOut()
    stages = serializers.ListField(
        child=serializers.CharField(), help_text="That it may post to; none: all."
    )


class Exchange(PortalView):
    """SECURITY: nobody is known here but by the proof; it reads nothing of the portal."""

    serializer_class = JobTokenOut
    authentication_classes = (ProofAuthentication,)
    open_to_pipelines = True

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super(PortalView, self).initial(request, *args, **kwargs)
        if not isinstance(request.auth, str):
            raise NotAuthenticated

    def handle_exception(self, exc: Exception) -> Response:
        """A proof that was refused counts as a stranger's try."""
        if isinstance(exc, NotAuthentic):
            stranger = address_of(self.request._request)  # noqa: SLF001  # the plain request
            take(settings.SECOPS_RATE_STRANGERS, "stranger", stranger)
        return super().handle_exception(exc)

    @operation(
        "oidc_exchange",
        "Exchange a job's ID token for an upload token",
        tag=TAG,
        takes=ExchangeIn,
        gives=JobTokenOut,
        status=201,
        description=(
            "Send the OpenID Connect ID token that your code host made for this job as the bearer "
            "token; its audience is the portal's address. Where a trust rule of a system fits, the "
            f"answer holds an upload token of that system for {MINUTES} minutes, so that no secret "
            "lies in the pipeline's settings. Each ID token is good for one exchange."
        ),
        example={"system": "payments"},
    )
    def post(self, request: Request) -> Response:
        system = read_body(ExchangeIn, request)["system"]
        made, rule = exchange(text=str(request.auth), system=system)
        told = {
            "token": made.text,
            "expires_at": made.token.expires_at,
            "system": rule.system,
            "stages": rule.stages,
        }
        return Response(JobTokenOut(told).data, status=201)


class TrustRuleIn(Input):
    name = serializers.CharField(max_length=120)
    issuer = serializers.CharField(max_length=300, help_text="One that the operator lists.")
    repository = serializers.CharField(max_length=300, help_text="owner/name.")
    ref = serializers.CharField(
        max_length=300, default="", allow_blank=True, help_text="main, refs/tags/v*; empty: any."
    )
    environment = serializers.CharField(max_length=120, default="", allow_blank=True)
    workflow = serializers.CharField(
        max_length=300,
        default="",
        allow_blank=True,
        help_text="The file that defines the job, such as .github/workflows/scan.yml.",
    )
    stages = serializers.ListField(
        child=serializers.CharField(max_length=10),
        default=list,
        max_length=8,
        help_text=f"Any of: {', '.join(Stage.values)}; none: every stage.",
    )


class TrustRuleOut(serializers.Serializer[Any]):
    """Jobs of this repository get a short-lived upload token of the system."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    issuer = serializers.CharField()
    repository = serializers.CharField()
    repository_id = serializers.CharField(help_text="The host's number, from the first use on.")
    ref = serializers.CharField()
    environment = serializers.CharField()
    workflow = serializers.CharField()
    stages = serializers.ListField(child=serializers.CharField())
    created_by = PersonOut(allow_null=True)
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    last_subject = serializers.CharField()


class TrustRules(PortalView):
    serializer_class = TrustRuleOut

    @operation(
        "trust_rules_list",
        "List which jobs a system trusts",
        tag=TAG,
        gives=TrustRuleOut(many=True),
    )
    def get(self, request: Request, system: str) -> Response:
        read_query(Nothing, request)
        rows = rules_of(self.actor, system_get(self.actor, system))
        return Response(TrustRuleOut(rows, many=True).data)

    @operation(
        "trust_rules_create",
        "Trust jobs of a repository",
        tag=TAG,
        takes=TrustRuleIn,
        gives=TrustRuleOut,
        status=201,
        repeatable=True,
        example={
            "name": "Scans of the main branch",
            "issuer": "https://token.actions.githubusercontent.com",
            "repository": "alderhaven/payments",
            "ref": "main",
            "stages": ["code", "build"],
        },
    )
    @idempotent
    def post(self, request: Request, system: str) -> Response:
        given = read_body(TrustRuleIn, request)
        row = rule_create(actor=self.actor, system=system_get(self.actor, system), **given)
        return self.one(TrustRuleOut, row, 201)


class OneTrustRule(PortalView):
    serializer_class = TrustRuleOut

    @operation("trust_rules_delete", "Trust those jobs no longer", tag=TAG, status=204)
    def delete(self, request: Request, system: str, rule: int) -> Response:
        row = rule_get(self.actor, system_get(self.actor, system), rule)
        rule_delete(actor=self.actor, rule=row)
        return Response(status=204)
