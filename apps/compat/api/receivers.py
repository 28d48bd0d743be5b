"""Receivers of what monitoring posts by itself: Prometheus Alertmanager and Falcosidekick.

Sources: Prometheus docs, "Alerting", "Configuration", `<webhook_config>` (version 4); Falcosidekick's
webhook output, whose body is one event of Falco with its `uuid`.
"""

import base64
import binascii
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, ClassVar

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.authentication import TokenAuthentication, TokenPrincipal
from apps.accounts.api.views import PortalView
from apps.accounts.models import ApiToken
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.accounts.services.tokens import token_authenticate
from apps.catalog.models import System
from apps.catalog.stages import Stage
from apps.common.api.docs import IDEMPOTENCY_KEY, operation
from apps.common.api.inputs import Input, read_query
from apps.common.api.parsers import StrictJSONParser
from apps.common.errors import Invalid
from apps.compat.api import schema  # noqa: F401  # drf-spectacular finds its classes when they are loaded
from apps.compat.selectors import system_of_receiver
from apps.compat.services.notifications import Notification, notification_receive
from apps.scans.api.serializers import ReportOut, report_url
from apps.scans.selectors import report_get
from apps.scans.services.receive import Claim

TAG = "Reports"
MAX_ALERTS = 10_000


class PasswordAuthentication(BaseAuthentication):
    """A token as the password of Basic, under any name: some senders can set nothing else."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            said = base64.b64decode(text.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            said = ""
        token = token_authenticate(said.partition(":")[2])
        if token is None:
            raise AuthenticationFailed(
                "The password must be a token of the system, neither expired nor revoked.",
                code="token-not-valid",
            )
        return (token.user or TokenPrincipal(), token)


@dataclass(frozen=True)
class Kept:
    """A body as it was sent, and what it says."""

    raw: bytes
    said: Any


class KeptParser(StrictJSONParser):
    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # DRF's signature
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw = stream.read((self.limit or settings.DATA_UPLOAD_MAX_MEMORY_SIZE) + 1)
        return Kept(raw, super().parse(io.BytesIO(raw), media_type, parser_context))


class ReceiverQuery(Input):
    system = serializers.CharField(
        max_length=60, default="", help_text="The system's key; with a system's token not needed."
    )
    stage = serializers.ChoiceField(
        choices=[Stage.MONITOR, Stage.OPERATE],
        default=Stage.MONITOR,
        help_text="monitor or operate.",
    )
    environment = serializers.CharField(max_length=60, default="", help_text="e.g. production.")
    category = serializers.CharField(
        max_length=120, default="", help_text="Tells several senders of one system apart."
    )


class AlertIn(serializers.Serializer[Any]):
    """An alert of a notification; other fields are kept, too."""

    status = serializers.RegexField(r"^(firing|resolved)\Z")
    labels = serializers.DictField(child=serializers.CharField(allow_blank=True))
    annotations = serializers.DictField(child=serializers.CharField(allow_blank=True), default=dict)
    startsAt = serializers.CharField(required=False)  # noqa: N815  # Alertmanager's name
    endsAt = serializers.CharField(required=False)  # noqa: N815
    fingerprint = serializers.CharField(required=False)


class AlertmanagerIn(serializers.Serializer[Any]):
    """What Alertmanager posts to a webhook; other fields are kept, too."""

    version = serializers.ChoiceField(choices=["4"])
    alerts = serializers.ListField(child=AlertIn(), allow_empty=False, max_length=MAX_ALERTS)


class FalcoEventIn(serializers.Serializer[Any]):
    """What Falcosidekick posts to a webhook; other fields are kept, too."""

    uuid = serializers.CharField(max_length=80, required=False, allow_blank=True)
    rule = serializers.CharField(max_length=2000)
    priority = serializers.CharField(max_length=40)
    output = serializers.CharField(max_length=100_000, allow_blank=True)
    output_fields = serializers.DictField(required=False, allow_null=True)
    time = serializers.CharField(required=False, max_length=60)


class Receiver(PortalView):
    """One sender's address. The body is checked, kept as it came, and read by a worker."""

    serializer_class = ReportOut
    authentication_classes = (TokenAuthentication, PasswordAuthentication)
    parser_classes = (KeptParser,)
    open_to_pipelines = True
    format_slug: ClassVar[str]
    expects: ClassVar[type[serializers.Serializer[Any]]]

    def receive(self, request: Request) -> Response:
        system, claim = self._claim(request)
        kept = request.data
        if not isinstance(kept, Kept) or not isinstance(kept.said, dict):
            raise Invalid({"body": "Send one JSON object, as the sender's webhook does."})
        given = self.expects(data=kept.said)
        given.is_valid(raise_exception=True)
        identity = str(given.validated_data.get("uuid", ""))
        report = notification_receive(
            actor=self.actor,
            system=system,
            notification=Notification(self.format_slug, kept.raw, identity),
            claim=claim,
            key=request.headers.get("Idempotency-Key", ""),
            today=timezone.now().date(),
        )
        shown = report_get(self.actor, report.uid)
        return Response(ReportOut(shown).data, status=202, headers={"Location": report_url(shown)})

    def _claim(self, request: Request) -> tuple[System, Claim]:
        """Permission first, so that nobody's body is read for nothing."""
        wanted = read_query(ReceiverQuery, request)
        system = system_of_receiver(self.actor, wanted.pop("system"))
        require(self.actor, Permission.REPORT_UPLOAD, system, seen_by=Permission.REPORT_VIEW)
        return system, Claim(format=self.format_slug, **wanted)


class Alertmanager(Receiver):
    format_slug = "alertmanager-webhook"
    expects = AlertmanagerIn

    @operation(
        "receivers_alertmanager",
        "Take a notification of Prometheus Alertmanager",
        tag=TAG,
        query=ReceiverQuery,
        parameters=(IDEMPOTENCY_KEY,),
        takes=AlertmanagerIn,
        gives=ReportOut,
        status=202,
        description=(
            "The address of a `webhook_config`. The token is the bearer token, or the password of Basic. "
            "A notification that is sent again gives the report that is there; an alert whose status is "
            "`resolved` closes its finding."
        ),
        example={
            "version": "4",
            "groupKey": '{}:{alertname="LoginFlood"}',
            "status": "firing",
            "receiver": "portal",
            "alerts": [
                {
                    "status": "firing",
                    "labels": {"alertname": "LoginFlood", "severity": "critical"},
                    "annotations": {"summary": "400 failed sign-ins a minute"},
                    "startsAt": "2026-05-06T07:08:09Z",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "fingerprint": "5ac5a2a1b2c3d4e5",
                }
            ],
        },
    )
    def post(self, request: Request) -> Response:
        return self.receive(request)


class Falcosidekick(Receiver):
    format_slug = "falco"
    expects = FalcoEventIn

    @operation(
        "receivers_falcosidekick",
        "Take an event of Falco from Falcosidekick",
        tag=TAG,
        query=ReceiverQuery,
        parameters=(IDEMPOTENCY_KEY,),
        takes=FalcoEventIn,
        gives=ReportOut,
        status=202,
        description=(
            "The address of Falcosidekick's webhook output. The token is the bearer token among its "
            "custom headers. An event that is sent again gives the report that is there."
        ),
        example={
            "uuid": "9b1c9f0e-4f5a-4b8e-8f0a-0d6c2f2b7a11",
            "output": "Warning A shell was started (user=root)",
            "priority": "Warning",
            "rule": "Terminal shell in container",
            "time": "2026-02-03T10:11:12.512345678Z",
            "output_fields": {"k8s.ns.name": "shop", "k8s.pod.name": "web-1"},
            "source": "syscall",
            "tags": ["shell"],
            "hostname": "node1",
        },
    )
    def post(self, request: Request) -> Response:
        return self.receive(request)
