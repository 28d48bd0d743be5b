from celery import shared_task

from apps.planning.services.decisions import decisions_expire


@shared_task(name="planning.expire_decisions")
def expire_decisions() -> None:
    decisions_expire()
