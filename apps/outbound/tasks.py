from celery import shared_task

from apps.outbound.services.deliver import deliver_due, deliveries_forget


@shared_task(name="outbound.deliver")
def deliver() -> None:
    deliver_due()


@shared_task(name="outbound.forget")
def forget() -> None:
    deliveries_forget()
