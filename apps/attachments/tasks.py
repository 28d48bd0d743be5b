from celery import shared_task

from apps.attachments.services.attachments import unused_sweep


@shared_task(name="attachments.sweep")
def sweep() -> None:
    unused_sweep()
