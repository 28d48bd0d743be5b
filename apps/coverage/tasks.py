from celery import shared_task

from apps.coverage.services import silence


@shared_task(name="coverage.sweep")
def sweep() -> None:
    silence.silences_sweep()
