"""Webhooks over the API, for admins of the organisation."""

import uuid

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.api.views import PortalListView, PortalView
from apps.catalog.api.inputs import with_system
from apps.common.api.docs import operation
from apps.common.api.inputs import Nothing, read_body, read_query
from apps.common.api.views import expected_version, idempotent
from apps.outbound.api.serializers import (
    MadeWebhookOut,
    WebhookDeliveryOut,
    WebhookIn,
    WebhookOut,
    WebhookPauseIn,
)
from apps.outbound.selectors import deliveries_of, delivery_get, webhook_get, webhooks_list
from apps.outbound.services import webhooks

TAG = "Webhooks"
EXAMPLE = {
    "name": "Chat of the platform team",
    "url": "https://hooks.example.org/secops",
    "kind": "standard",
    "events": ["report.failed", "decision.recorded"],
    "system": None,
}


class Webhooks(PortalListView):
    serializer_class = WebhookOut
    shown_once = frozenset({"secret"})

    @operation("webhooks_list", "List webhooks", tag=TAG, gives=WebhookOut(many=True))
    def get(self, request: Request) -> Response:
        rows = webhooks_list(self.actor)
        read_query(Nothing, request)
        return self.page(WebhookOut, rows, "-id")

    @operation(
        "webhooks_create",
        "Tell an address of events",
        tag=TAG,
        takes=WebhookIn,
        gives=MadeWebhookOut,
        status=201,
        repeatable=True,
        description=(
            "Messages are signed after the Standard Webhooks specification with the key that the answer "
            "shows once. `kind` slack and teams send a sentence with a link in those products' shape."
        ),
        example=EXAMPLE,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        webhooks_list(self.actor)  # who may not read them learns nothing of what is wrong
        given = with_system(self.actor, read_body(WebhookIn, request))
        return self.one(MadeWebhookOut, webhooks.webhook_create(actor=self.actor, **given), 201)


class OneWebhook(PortalView):
    serializer_class = WebhookOut

    @operation("webhooks_read", "Read a webhook", tag=TAG, gives=WebhookOut, versioned=True)
    def get(self, request: Request, webhook: int) -> Response:
        return self.one(WebhookOut, webhook_get(self.actor, webhook))

    @operation(
        "webhooks_edit",
        "Change a webhook",
        tag=TAG,
        takes=WebhookIn,
        gives=WebhookOut,
        edits=True,
        example={"events": ["report.failed"]},
    )
    def patch(self, request: Request, webhook: int) -> Response:
        row = webhook_get(self.actor, webhook)
        version = expected_version(request)
        given = with_system(self.actor, read_body(WebhookIn, request, partial=True))
        known = {name: getattr(row, name) for name in ("name", "url", "kind", "events", "system")}
        webhooks.webhook_edit(actor=self.actor, webhook=row, version=version, **known | given)
        return self.one(WebhookOut, webhook_get(self.actor, webhook))

    @operation("webhooks_delete", "Take a webhook away, with its log", tag=TAG, status=204)
    def delete(self, request: Request, webhook: int) -> Response:
        webhooks.webhook_delete(actor=self.actor, webhook=webhook_get(self.actor, webhook))
        return Response(status=204)


class WebhookSecret(PortalView):
    serializer_class = MadeWebhookOut
    shown_once = frozenset({"secret"})

    @operation(
        "webhooks_rotate",
        "Make a new signing key",
        tag=TAG,
        gives=MadeWebhookOut,
        status=201,
        repeatable=True,
        description="The key before signs along for 24 hours, so that the receiver can change over.",
    )
    @idempotent
    def post(self, request: Request, webhook: int) -> Response:
        read_body(Nothing, request)
        row = webhook_get(self.actor, webhook)
        return self.one(MadeWebhookOut, webhooks.webhook_rotate(actor=self.actor, webhook=row), 201)


class WebhookTest(PortalView):
    serializer_class = WebhookDeliveryOut

    @operation(
        "webhooks_test",
        "Send a test message",
        tag=TAG,
        gives=WebhookDeliveryOut,
        status=202,
        repeatable=True,
    )
    @idempotent
    def post(self, request: Request, webhook: int) -> Response:
        read_body(Nothing, request)
        row = webhook_get(self.actor, webhook)
        made = webhooks.webhook_ping(actor=self.actor, webhook=row)
        return self.one(WebhookDeliveryOut, delivery_get(self.actor, row, made.uid), 202)


class WebhookPause(PortalView):
    serializer_class = WebhookOut

    @operation(
        "webhooks_pause",
        "Pause a webhook, or go on",
        tag=TAG,
        takes=WebhookPauseIn,
        gives=WebhookOut,
        repeatable=True,
        description="Going on also switches on what was disabled after long failure.",
        example={"paused": False},
    )
    @idempotent
    def post(self, request: Request, webhook: int) -> Response:
        row = webhook_get(self.actor, webhook)
        paused = read_body(WebhookPauseIn, request)["paused"]
        webhooks.webhook_pause(actor=self.actor, webhook=row, is_paused=paused)
        return self.one(WebhookOut, webhook_get(self.actor, webhook))


class WebhookDeliveries(PortalListView):
    serializer_class = WebhookDeliveryOut

    @operation(
        "webhook_deliveries_list",
        "List a webhook's messages, the newest first",
        tag=TAG,
        gives=WebhookDeliveryOut(many=True),
    )
    def get(self, request: Request, webhook: int) -> Response:
        row = webhook_get(self.actor, webhook)
        read_query(Nothing, request)
        return self.page(WebhookDeliveryOut, deliveries_of(self.actor, row), "-id")


class WebhookDeliveryAgain(PortalView):
    serializer_class = WebhookDeliveryOut

    @operation(
        "webhook_deliveries_again",
        "Send a message again",
        tag=TAG,
        gives=WebhookDeliveryOut,
        status=202,
        repeatable=True,
    )
    @idempotent
    def post(self, request: Request, webhook: int, delivery: uuid.UUID) -> Response:
        read_body(Nothing, request)
        row = webhook_get(self.actor, webhook)
        sent = delivery_get(self.actor, row, delivery)
        webhooks.delivery_again(actor=self.actor, delivery=sent)
        return self.one(WebhookDeliveryOut, delivery_get(self.actor, row, delivery), 202)
