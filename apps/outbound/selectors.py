"""Webhooks are the organisation's: only those who manage them read them."""

import uuid

from django.db.models import QuerySet

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.common.errors import Missing
from apps.outbound.models import Webhook, WebhookDelivery


def webhooks_list(viewer: Actor) -> QuerySet[Webhook]:
    """Raises: NotPermitted."""
    require(viewer, Permission.WEBHOOK_MANAGE)
    return Webhook.objects.select_related("system", "made_by")


def webhook_get(viewer: Actor, pk: int) -> Webhook:
    """Raises: NotPermitted, Missing."""
    row = webhooks_list(viewer).filter(pk=pk).first()
    if row is None:
        raise Missing("There is no such webhook.")
    return row


def deliveries_of(viewer: Actor, webhook: Webhook) -> QuerySet[WebhookDelivery]:
    """The newest first. Raises: NotPermitted."""
    require(viewer, Permission.WEBHOOK_MANAGE)
    return WebhookDelivery.objects.filter(webhook=webhook).order_by("-id")


def delivery_get(viewer: Actor, webhook: Webhook, uid: uuid.UUID) -> WebhookDelivery:
    """Raises: NotPermitted, Missing."""
    row = deliveries_of(viewer, webhook).filter(uid=uid).first()
    if row is None:
        raise Missing("There is no such delivery.")
    return row
