from celery import shared_task

from apps.advice.portfolio import snapshot


@shared_task(name="advice.snapshot")
def take_snapshot() -> None:
    snapshot()
