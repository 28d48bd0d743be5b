from celery import shared_task

from apps.common import events, idempotency


@shared_task(name="common.deliver")
def deliver() -> None:
    events.deliver_due()


@shared_task(name="common.forget_idempotency_keys")
def forget_idempotency_keys() -> None:
    idempotency.forget_old()
